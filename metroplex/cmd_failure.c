/*
 * metroplex failure list, metroplex failure show: the mails that were refused, why, and what to do
 * with them; the same of those that are held. A mail is read by the sandboxed worker, and shown
 * escaped.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "cli/json.h"
#include "commands.h"
#include "inbound/extraction.h"
#include "instance/instance.h"
#include "kept_mails.h"
#include "maildir/kept.h"

#include <fcntl.h>

#define DAY 86400 /* for clocks that are set */

enum { TIME, OUTCOME, REASON, MESSAGE_ID, NAME }; /* fields of an outcome */

typedef struct {
    MpInstance instance;
    MpLimits limits;
    MpOutcome place;
    GHashTable *reasons; /* escaped file name to reason, the last one of each */
    GHashTable *unknown; /* names of which it is still looked for */
    MpWorker *worker;
    bool json;
} Quarantine;

static void
quarantine_clear(Quarantine *quarantine)
{
    g_clear_pointer(&quarantine->worker, mp_worker_free);
    g_clear_pointer(&quarantine->reasons, g_hash_table_unref);
    g_clear_pointer(&quarantine->unknown, g_hash_table_unref);
    mp_instance_close(&quarantine->instance);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Quarantine, quarantine_clear)

/* --- Reading --------------------------------------------------------------------------------- */

static void
take_reason(const char *const *fields, gpointer user_data)
{
    const Quarantine *quarantine = user_data;
    const char *place = mp_outcome_name(quarantine->place);

    if (strcmp(fields[OUTCOME], place) == 0 &&
        g_hash_table_contains(quarantine->unknown, fields[NAME]))
        g_hash_table_insert(quarantine->reasons, g_strdup(fields[NAME]), g_strdup(fields[REASON]));
}

static gboolean
is_known(gpointer name, gpointer value, gpointer reasons)
{
    (void)value;
    return g_hash_table_contains(reasons, name);
}

/* Of each the last one: the newest month first, and none of before all of them came. Where one
 * cannot be read, the reasons that are not known yet stay so, as older lines may be out of date. */
static void
find_reasons(Quarantine *quarantine, gint64 since)
{
    const char *data = quarantine->instance.config->data;
    g_autofree char *word = g_strdup_printf("\t%s\t", mp_outcome_name(quarantine->place));
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) names = mp_outcomes_files(data, since - DAY, &why);

    g_ptr_array_add(words, word);
    for (guint i = names != NULL ? names->len : 0;
         i > 0 && why == NULL && g_hash_table_size(quarantine->unknown) > 0; i--) {
        (void)mp_outcomes_read(data, names->pdata[i - 1], words, take_reason, quarantine, &why);
        g_hash_table_foreach_remove(quarantine->unknown, is_known, quarantine->reasons);
    }
    if (why != NULL)
        mp_warn("reasons are missing: %s", why->message);
}

/* Why these mails are there. */
static void
learn_reasons(Quarantine *quarantine, const MpKeptMail *mails, guint n)
{
    gint64 since = mp_time_now(); /* a clock may have been ahead when they came */

    quarantine->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    quarantine->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < n; i++) {
        g_hash_table_add(quarantine->unknown, mp_escape(mails[i].name));
        since = MIN(since, mails[i].received);
        gint64 named =
            mp_maildir_name_time(mails[i].name); /* a copy of the file has another time */
        if (named >= 0)
            since = MIN(since, named / G_USEC_PER_SEC);
    }
    find_reasons(quarantine, since);
}

static bool
open_quarantine(Quarantine *quarantine, const MpOptions *options, GError **error)
{
    if (!mp_instance_load(&quarantine->instance, options, error))
        return false;
    quarantine->limits = mp_instance_limits(&quarantine->instance);
    return true;
}

/* Why it is there; NULL where outcomes do not know it (any more). */
static const char *
reason_of(const Quarantine *quarantine, const char *name)
{
    g_autofree char *escaped = mp_escape(name);

    return g_hash_table_lookup(quarantine->reasons, escaped);
}

static char *
path_of(const Quarantine *quarantine, const char *name)
{
    return g_build_filename(quarantine->instance.config->data, "incoming-mail",
                            mp_outcome_name(quarantine->place), name, NULL);
}

/* The mail, decoded; NULL with *error set where it cannot be read, which may be why it is there. */
static MpMessage *
read_mail(Quarantine *quarantine, const char *name, GError **error)
{
    g_autofree char *path = path_of(quarantine, name);
    g_auto(MpFd) fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    MpMessageFault fault;

    if (fd < 0)
        return mp_fail_errno_null(error, "cannot open it");
    if (quarantine->worker == NULL)
        quarantine->worker = mp_extraction_worker(1);
    return mp_worker_parse(quarantine->worker, fd, &quarantine->limits, &fault, error);
}

static const char *
sender_of(const MpMessage *message)
{
    return message != NULL && message->from->len > 0 ? g_ptr_array_index(message->from, 0) : NULL;
}

/* --- list ------------------------------------------------------------------------------------ */

static JsonObject *
json_of(const Quarantine *quarantine, const MpKeptMail *mail, const MpMessage *message)
{
    JsonObject *object = json_object_new();
    g_autofree char *name = g_utf8_make_valid(mail->name, -1);

    mp_json_text(object, "file", name);
    mp_json_date(object, "date", mail->received);
    mp_json_text(object, "reason", reason_of(quarantine, mail->name));
    mp_json_text(object, "from", sender_of(message));
    mp_json_text(object, "subject", message != NULL ? message->subject : NULL);
    return object;
}

static void
print_line(Quarantine *quarantine, const MpKeptMail *mail)
{
    g_autoptr(MpMessage) message = read_mail(quarantine, mail->name, NULL);
    const char *reason = reason_of(quarantine, mail->name);

    if (quarantine->json) {
        mp_json_print(json_of(quarantine, mail, message));
        return;
    }
    g_autofree char *date = mp_time_format(mail->received);
    g_autofree char *name = mp_escape(mail->name);
    g_autofree char *sender = mp_escape(sender_of(message));
    g_autofree char *subject = mp_escape(message != NULL ? message->subject : NULL);
    printf("%s %-16s %s %s %s\n", date, reason != NULL ? reason : "-", name, sender, subject);
}

int
kept_mails_list(MpOutcome place, const char *summary, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object a line", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(Quarantine) quarantine = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "[--json]", summary, 0, 0, &argc, &argv);
    quarantine.json = json;
    quarantine.place = place;
    if (!open_quarantine(&quarantine, &options, &error))
        return mp_report(error);
    g_autoptr(GArray) mails = mp_kept_list(quarantine.instance.config->data, place, &error);
    if (mails == NULL)
        return mp_report(error);
    learn_reasons(&quarantine, (const MpKeptMail *)mails->data, mails->len);
    quarantine.worker = mp_extraction_worker(mails->len);
    for (guint i = 0; i < mails->len; i++)
        print_line(&quarantine, &g_array_index(mails, MpKeptMail, i));
    return EX_OK;
}

/* --- show ------------------------------------------------------------------------------------ */

const MpKeptMail *
kept_mails_find(const GArray *mails, MpOutcome place, const char *file, GError **error)
{
    g_autofree char *name = g_path_get_basename(file), *shown = mp_escape_word(file);

    for (guint i = 0; i < mails->len; i++)
        if (strcmp(g_array_index(mails, MpKeptMail, i).name, name) == 0)
            return &g_array_index(mails, MpKeptMail, i);
    mp_fail(error, MP_ERROR_INPUT, "no such file in %s/: %s", mp_outcome_name(place), shown);
    return NULL;
}

static void
print_field(const char *label, const char *value)
{
    g_autofree char *shown = mp_escape(value);

    printf("%-10s %s\n", label, shown);
}

/* Each line escaped, wherever it goes: no mail moves the cursor, and none is mistaken for ours. */
static void
print_escaped_text(const char *text)
{
    g_autofree char *trimmed = g_strchomp(g_strdup(text));
    g_auto(GStrv) lines = g_strsplit(trimmed, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *shown = mp_escape(*line);

        printf("|%s%s\n", **line != '\0' ? " " : "", shown);
    }
}

/* A command on the file, as a shell takes it. */
static char *
command_of(const MpOptions *options, const char *word, const char *path)
{
    bool is_default = strcmp(options->config_file, MP_DEFAULT_CONFIG) == 0;
    g_autofree char *config = g_shell_quote(options->config_file), *file = g_shell_quote(path);

    return is_default ? g_strdup_printf("metroplex %s %s", word, file)
                      : g_strdup_printf("metroplex %s --config %s %s", word, config, file);
}

static void
print_mail(const Quarantine *quarantine, const MpKeptMail *mail, const MpMessage *message,
           const char *fault, const char *explain, const char *again)
{
    g_autofree char *date = mp_time_format(mail->received), *path = path_of(quarantine, mail->name);
    g_autofree char *first = mp_escape(explain), *second = mp_escape(again);
    const char *text = message == NULL          ? NULL
                       : message->plain != NULL ? message->plain
                                                : message->html;

    print_field("File", path);
    print_field("Delivered", date);
    print_field("Reason", reason_of(quarantine, mail->name));
    if (message != NULL) {
        print_field("From", sender_of(message));
        print_field("Subject", message->subject);
        print_field("Message-ID", message->message_id);
    } else {
        print_field("Unreadable", fault);
    }
    if (text != NULL && *text != '\0') {
        printf("\n");
        print_escaped_text(text);
    }
    printf(
        "\nWhy, gate by gate:  %s\n%s  %s\n", first,
        quarantine->place == MP_OUTCOME_HELD ? "Accept it:        " : "Try it again:     ", second);
}

static void
print_mail_json(const Quarantine *quarantine, const MpKeptMail *mail, const MpMessage *message,
                const char *fault, const char *explain, const char *again)
{
    JsonObject *object = json_of(quarantine, mail, message);
    g_autofree char *path = path_of(quarantine, mail->name), *valid = g_utf8_make_valid(path, -1);
    g_autofree char *one = g_utf8_make_valid(explain, -1), *other = g_utf8_make_valid(again, -1);
    const char *text = message == NULL          ? NULL
                       : message->plain != NULL ? message->plain
                                                : message->html;

    mp_json_text(object, "path", valid);
    mp_json_text(object, "message-id", message != NULL ? message->message_id : NULL);
    mp_json_text(object, "fault", fault);
    mp_json_text(object, "text", text);
    mp_json_text(object, "explain", one);
    mp_json_text(object, "again", other);
    mp_json_print(object);
}

int
kept_mails_show(MpOutcome place, const char *summary, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(Quarantine) quarantine = {0};
    g_autoptr(GError) error = NULL, fault = NULL;

    mp_options_parse(&options, entries, "[--json] FILE", summary, 1, 1, &argc, &argv);
    quarantine.place = place;
    if (!open_quarantine(&quarantine, &options, &error))
        return mp_report(error);
    g_autoptr(GArray) mails = mp_kept_list(quarantine.instance.config->data, place, &error);
    const MpKeptMail *mail = mails != NULL ? kept_mails_find(mails, place, argv[1], &error) : NULL;
    if (mail == NULL)
        return mp_report(error);
    learn_reasons(&quarantine, mail, 1);
    g_autoptr(MpMessage) message = read_mail(&quarantine, mail->name, &fault);
    g_autofree char *path = path_of(&quarantine, mail->name);
    g_autofree char *command =
        command_of(&options, place == MP_OUTCOME_HELD ? "held accept" : "--once", path);
    g_autofree char *explain = command_of(&options, "explain", path);
    (json ? print_mail_json : print_mail)(&quarantine, mail, message,
                                          fault != NULL ? fault->message : NULL, explain, command);
    return EX_OK;
}

static int
cmd_failure_list(int argc, char **argv)
{
    return kept_mails_list(
        MP_OUTCOME_FAILURE,
        "Lists the mails that were refused, the oldest first: date, reason, file,\n"
        "sender and subject. For example: metroplex failure list",
        argc, argv);
}

static int
cmd_failure_show(int argc, char **argv)
{
    return kept_mails_show(
        MP_OUTCOME_FAILURE,
        "Shows one mail that was refused, why, and what tries it again. FILE is a name\n"
        "as metroplex failure list prints it.",
        argc, argv);
}

static const MpCommand subcommands[] = {
    {"list", cmd_failure_list, "[--json]: the mails that were refused, and why"},
    {"show", cmd_failure_show, "FILE: one of them"},
};

int
cmd_failure(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
