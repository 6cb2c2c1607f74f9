/*
 * metroplex thread export: a thread, whole, for other programs and for `thread import`. JSON has
 * everything; mbox (mboxrd) is for mail programs, and leaves out what a mail cannot say.
 */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/time.h"
#include "cli/json.h"
#include "thread_file.h"

typedef struct {
    MpInstance *instance;
    MpThread *thread;
    guint64 last; /* number of a comment */
} Export;

/* The comments 0 to `last`; a number without a comment (fsck tells) is left out. */
static bool
foreach_comment(Export *export, bool (*visit)(Export *, const MpComment *, gpointer, GError **),
                gpointer user_data, GError **error)
{
    for (guint64 number = 0; number <= export->last; number++) {
        g_autoptr(MpComment) comment = NULL;

        if (!mp_tracker_comment(export->instance->tracker, export->thread->id, number, &comment,
                                error))
            return false;
        if (comment != NULL && !visit(export, comment, user_data, error))
            return false;
    }
    return true;
}

/* --- JSON ----------------------------------------------------------------------------------- */

static bool
add_attachment(Export *export, const MpComment *comment, const MpAttachmentRecord *fact,
               JsonArray *array, GError **error)
{
    g_autoptr(GBytes) bytes = mp_tracker_attachment(export->instance->tracker, export->thread->id,
                                                    comment->number, fact->file, error);
    JsonObject *object;

    if (bytes == NULL)
        return false;
    g_autofree char *data = g_base64_encode(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    object = json_object_new();
    mp_json_text(object, "file", fact->file);
    mp_json_text(object, "name", fact->name);
    mp_json_text(object, "type", fact->type);
    mp_json_text(object, "data", data);
    json_array_add_object_element(array, object);
    return true;
}

static bool
add_comment(Export *export, const MpComment *comment, gpointer user_data, GError **error)
{
    JsonObject *object = json_object_new();
    g_autofree char *id = mp_thread_message_id(export->thread, comment->number, comment->key,
                                               export->instance->config->hostname);
    JsonArray *attachments;

    json_array_add_object_element(user_data, object);
    mp_json_text(object, "id", id);
    mp_json_number(object, "number", comment->number);
    mp_json_text(object, "author", comment->author_login);
    mp_json_text(object, "author_name", comment->author_name);
    mp_json_date(object, "date", comment->date);
    mp_json_text(object, "via", comment->via);
    mp_json_text(object, "host", comment->host);
    if (comment->redacted != 0)
        mp_json_date(object, "redacted", comment->redacted);
    mp_json_text(object, "key", comment->redacted != 0 ? NULL : comment->key);
    thread_json_place(object, comment);
    mp_json_text(object, "body", comment->body);
    mp_json_text(object, "elided", comment->elided);
    mp_json_text(object, "message_id", comment->message_id);
    mp_json_text(object, "recipient", comment->recipient);
    mp_json_text(object, "part", comment->part);
    attachments = mp_json_array(object, "attachments");
    for (guint i = 0; i < comment->attachments->len; i++)
        if (!add_attachment(export, comment, g_ptr_array_index(comment->attachments, i),
                            attachments, error))
            return false;
    return true;
}

static bool
add_subscribers(Export *export, JsonArray *array, GError **error)
{
    g_autoptr(GPtrArray) subscribers =
        mp_tracker_subscribers(export->instance->tracker, export->thread->id, error);

    for (guint i = 0; subscribers != NULL && i < subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(subscribers, i);
        g_autoptr(MpUser) user = NULL;
        JsonObject *object;

        if (!mp_accounts_user(export->instance->accounts, s->user, &user, error))
            return false;
        if (user == NULL) /* nobody to be told; fsck names it */
            continue;
        object = json_object_new();
        mp_json_text(object, "login", user->login);
        mp_json_text(object, "reason", s->reason);
        json_array_add_object_element(array, object);
    }
    return subscribers != NULL;
}

static bool
export_json(Export *export, GError **error)
{
    const MpThread *thread = export->thread;
    g_autoptr(JsonObject) object = json_object_new();

    mp_json_text(object, "format", MP_THREAD_FORMAT);
    mp_json_number(object, "id", thread->id);
    mp_json_text(object, "kind", mp_thread_kind_name(thread->kind));
    mp_json_text(object, "repository", thread->repository);
    mp_json_text(object, "title", thread->title);
    mp_json_text(object, "state", thread->is_open ? "open" : "closed");
    mp_json_flag(object, "locked", thread->is_locked);
    if (thread->is_unlisted)
        mp_json_flag(object, "unlisted", true);
    mp_json_text(object, "object", thread->object);
    if (thread->base != NULL) {
        mp_json_text(object, "base", thread->base);
        mp_json_flag(object, "merged", thread->is_merged);
    }
    mp_json_date(object, "created", thread->created);
    mp_json_texts(object, "labels", thread->labels);
    thread_json_assignees(object, thread->assignees);
    g_autoptr(GPtrArray) events = thread_read_events(export->instance, thread->id, error);
    if (events == NULL)
        return false;
    thread_json_events(object, events);
    if (!add_subscribers(export, mp_json_array(object, "subscribers"), error) ||
        !foreach_comment(export, add_comment, mp_json_array(object, "comments"), error))
        return false;
    mp_json_print(g_steal_pointer(&object));
    return true;
}

/* --- mbox ----------------------------------------------------------------------------------- */

/* Header text: as it is where it is ASCII, else in encoded words (RFC 2047) of at most 75 octets.
 */
static char *
header_text(const char *text)
{
    g_autofree char *line = mp_one_line(text);
    g_autoptr(GString) out = g_string_new(NULL);

    if (g_str_is_ascii(line) && strstr(line, "=?") == NULL && strlen(line) < 900)
        return g_steal_pointer(&line);
    for (const char *p = line; *p != '\0';) {
        const char *end = p;

        while (*end != '\0' && g_utf8_next_char(end) - p <= 42)
            end = g_utf8_next_char(end);
        g_autofree char *word = g_base64_encode((const guchar *)p, (gsize)(end - p));
        g_string_append_printf(out, "%s=?UTF-8?B?%s?=", p == line ? "" : "\n ", word);
        p = end;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void
print_header(const char *name, const char *value)
{
    g_autofree char *text = value != NULL ? header_text(value) : NULL;

    if (text != NULL)
        printf("%s: %s\n", name, text);
}

/* Dates have English names, whatever the locale. */
static void
print_dates(const MpComment *comment, const char *address)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t when = (time_t)comment->date;
    struct tm t;

    gmtime_r(&when, &t);
    printf("From %s %.3s %.3s %2d %02d:%02d:%02d %d\n", address, days + 3 * t.tm_wday,
           months + 3 * t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, t.tm_year + 1900);
    printf("Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\n", days + 3 * t.tm_wday, t.tm_mday,
           months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static void
print_identity(Export *export, const MpComment *comment)
{
    const char *hostname = export->instance->config->hostname;
    g_autofree char *id =
        mp_thread_message_id(export->thread, comment->number, comment->key, hostname);
    g_autofree char *opening = mp_thread_message_id(export->thread, 0, NULL, hostname);

    printf("Message-ID: %s\n", id);
    if (comment->number > 0)
        printf("In-Reply-To: %s\nReferences: %s\n", opening, opening);
}

static void
print_subject(const Export *export, const MpComment *comment)
{
    static const char *const kinds[] = {"Issue", "PR", "Commit"};
    const MpThread *thread = export->thread;
    g_autofree char *subject =
        g_strdup_printf("%s[%s] %s (%s #%" G_GUINT64_FORMAT ")", comment->number > 0 ? "Re: " : "",
                        thread->repository, thread->title, kinds[thread->kind], thread->id);

    print_header("Subject", subject);
}

/* The facts that import needs and no field of a mail has. */
static void
print_facts(const Export *export, const MpComment *comment)
{
    const MpThread *thread = export->thread;

    print_header("X-Metroplex-Format", MP_THREAD_FORMAT);
    if (comment->redacted != 0) {
        g_autofree char *date = mp_time_format(comment->redacted);
        print_header("X-Metroplex-Redacted", date);
    } else {
        print_header("X-Metroplex-Key", comment->key);
    }
    print_header("X-Metroplex-Via", comment->via);
    print_header("X-Metroplex-Message-ID", comment->message_id);
    print_header("X-Metroplex-Path", comment->path);
    g_autofree char *line =
        comment->line != 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, comment->line) : NULL;
    print_header("X-Metroplex-Line", line);
    if (comment->number > 0)
        return;
    print_header("X-Metroplex-Repository", thread->repository);
    print_header("X-Metroplex-Kind", mp_thread_kind_name(thread->kind));
    print_header("X-Metroplex-Object", thread->object);
    print_header("X-Metroplex-Base", thread->base);
    print_header("X-Metroplex-Merged", thread->is_merged ? "true" : NULL);
    print_header("X-Metroplex-Title", thread->title);
    print_header("X-Metroplex-State", thread->is_open ? "open" : "closed");
    print_header("X-Metroplex-Locked", thread->is_locked ? "true" : "false");
    g_autofree char *labels = mp_labels_text(thread->labels, "; ");
    g_autofree char *assignees = mp_assignees_text(thread->assignees, "; ");
    print_header("X-Metroplex-Labels", *labels != '\0' ? labels : NULL);
    print_header("X-Metroplex-Assignees", *assignees != '\0' ? assignees : NULL);
}

/* mboxrd: a line of '>'s and "From " gets one '>' more, so that reading can take it off again. */
static void
print_body(const char *body)
{
    while (*body != '\0') {
        gsize length = strcspn(body, "\n");

        if (g_str_has_prefix(body + strspn(body, ">"), "From "))
            putchar('>');
        fwrite(body, 1, length, stdout);
        putchar('\n');
        body += length + (body[length] == '\n');
    }
    putchar('\n');
}

static bool
print_message(Export *export, const MpComment *comment, gpointer user_data, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    (void)mp_accounts_user(export->instance->accounts, comment->author, &user,
                           NULL); /* a name is there anyway */
    const char *login = user != NULL ? user->login : comment->author_login;
    g_autofree char *name = header_text(user != NULL ? user->name : mp_comment_author(comment));
    g_autofree char *address =
        g_strdup_printf("%s@users.noreply.%s", login, export->instance->config->hostname);

    (void)user_data;
    (void)error;
    g_strdelimit(name, "\"\\", '\'');
    print_dates(comment, address);
    if (strstr(name, "=?") != NULL)
        printf("From: %s <%s>\n", name, address);
    else
        printf("From: \"%s\" <%s>\n", name, address);
    print_subject(export, comment);
    print_identity(export, comment);
    print_facts(export, comment);
    printf("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
           "8bit\n\n");
    print_body(comment->body);
    return true;
}

/* --- The command ---------------------------------------------------------------------------- */

int
thread_export(int argc, char **argv)
{
    g_autofree char *format = NULL;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format, "json (the default) has all there is",
         "json|mbox"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(GError) error = NULL;
    Export export = {.instance = &instance};
    guint64 id;

    mp_options_parse(&options, entries, "ID [--format json|mbox]",
                     "Prints a thread for other programs and for thread import.", 1, 1, &argc,
                     &argv);
    if (!mp_parse_id(argv[1], "thread", &id, &error) ||
        !mp_instance_read(&instance, &options, false, &error))
        return mp_report(error);
    export.thread = thread = mp_instance_thread(&instance, id, &error);
    if (thread == NULL || !mp_tracker_last_comment(instance.tracker, id, &export.last, &error))
        return mp_report(error);
    bool is_mbox = format != NULL && strcmp(format, "mbox") == 0;
    if (!(is_mbox ? foreach_comment(&export, print_message, NULL, &error)
                  : export_json(&export, &error)))
        return mp_report(error);
    return EX_OK;
}
