/* What files of lines say of a mail; see trace_internal.h. */
#include "report/trace_internal.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/time.h"
#include "report/mail_log.h"

#define MAILS_MAX 10 /* of an address: the latest */

void
mp_trace_cannot_see(MpTracer *tracer, const char *place, const char *why)
{
    mp_trace_tell(tracer, tracer->trace->unseen, 0, place, "%s", why);
}

/* Reads a log whole, or says why it cannot. */
static void
read_log(MpTracer *tracer, const char *place, const char *path, MpLogTell tell, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpLogFiles) files = mp_log_files_open(path, 0, &error);

    if (files == NULL || !mp_log_files_read(files, tell, user_data, &error))
        mp_trace_cannot_see(tracer, place, error->message);
}

static bool
has_any(const char *line, const GPtrArray *words)
{
    for (guint i = 0; i < words->len; i++)
        if (strstr(line, words->pdata[i]) != NULL)
            return true;
    return false;
}

/* --- Postfix's log ---------------------------------------------------------------------------- */

static bool
is_value(const char *text, const char *key, const char *address)
{
    g_autofree char *value = mp_mail_log_value(text, key);

    return value != NULL && g_ascii_strcasecmp(value, address) == 0;
}

static bool
is_about_address(const MpMailLogLine *line, gpointer user_data)
{
    const MpTracer *tracer = user_data;

    return is_value(line->text, "from", tracer->address) ||
           is_value(line->text, "to", tracer->address) ||
           is_value(line->text, "orig_to", tracer->address);
}

static bool
is_about_ids(const MpMailLogLine *line, gpointer user_data)
{
    const MpTracer *tracer = user_data;
    g_autofree char *value = NULL;

    if (strcmp(line->text, "removed") == 0)
        return false;
    /* Refused before it had a Message-ID: only who asks for the address hears of it. */
    if (tracer->address != NULL &&
        strncmp(line->queue_id, MP_MAIL_LOG_NOQUEUE, line->queue_id_length) == 0)
        return is_about_address(line, user_data);
    value = mp_mail_log_value(line->text, "message-id");
    if (value == NULL)
        value = mp_mail_log_value(line->text, "resent-message-id");
    for (guint i = 0; value != NULL && i < tracer->ids->len; i++) {
        const char *id = tracer->ids->pdata[i];
        gsize length = strlen(id);

        if (length > 2 && strlen(value) == length - 2 && strncmp(id + 1, value, length - 2) == 0)
            return true;
    }
    return false;
}

static void
tell_record(const MpMailLogRecord *record, gpointer user_data)
{
    MpTracer *tracer = user_data;

    for (guint i = 0; i < record->lines->len; i++) {
        MpMailLogLine line;

        if (mp_mail_log_parse(record->lines->pdata[i], &line))
            mp_trace_tell(tracer, tracer->trace->facts, g_array_index(record->times, gint64, i),
                          "mail.log", "%s %.*s: %s", record->queue_id, (int)line.program_length,
                          line.program, line.text);
    }
    if (record->left_out > 0)
        mp_trace_tell(tracer, tracer->trace->facts,
                      g_array_index(record->times, gint64, record->times->len - 1), "mail.log",
                      "%s: %u more %s", record->queue_id, record->left_out,
                      mp_plural(record->left_out, "line", "lines"));
}

/* Only counted: there may be a hundred thousand of them. */
static void
leave_out(MpTracer *tracer, const char *id)
{
    MpTrace *trace = tracer->trace;

    trace->n_others++;
    g_free(trace->last_other);
    trace->last_other = g_strdup(id);
}

/* The latest mails of an address, by their Message-IDs. */
static void
note_mail(const MpMailLogRecord *record, gpointer user_data)
{
    MpTracer *tracer = user_data;

    for (guint i = 0; i < record->lines->len; i++) {
        MpMailLogLine line;

        if (!mp_mail_log_parse(record->lines->pdata[i], &line))
            continue;
        g_autofree char *value = mp_mail_log_value(line.text, "message-id");
        g_autofree char *id = value != NULL ? g_strdup_printf("<%s>", value) : NULL;
        if (!mp_trace_add(tracer->ids, id) || tracer->ids->len <= MAILS_MAX + 1)
            continue;
        /* The first one is what was asked for, which may be a Message-ID itself. */
        leave_out(tracer, tracer->ids->pdata[1]);
        g_ptr_array_remove_index(tracer->ids, 1);
    }
}

static void
add_to_mail_log(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    (void)length;
    mp_mail_log_add(user_data, line, modified);
}

static void
read_mail_log(MpTracer *tracer, MpMailLogWants wants, MpMailLogTell tell)
{
    MpMailLog *log = mp_mail_log_new(wants, tell, tracer);
    g_autoptr(GError) error = NULL;

    if (!mp_log_files_read(tracer->wishes->mail_log, add_to_mail_log, log, &error))
        mp_trace_cannot_see(tracer, "mail.log", error->message);
    mp_mail_log_finish(log);
}

void
mp_trace_find_mails(MpTracer *tracer)
{
    if (tracer->wishes->mail_log != NULL)
        read_mail_log(tracer, is_about_address, note_mail);
}

/* --- Our logs --------------------------------------------------------------------------------- */

typedef struct {
    MpTracer *tracer;
    const char *place;
} OurLog;

/* Whole, and behind its directory, as our logs have it: any word may be the name of a file. */
static bool
has_file(const char *line, const char *name)
{
    gsize length = strlen(name);

    for (const char *p = line; (p = strstr(p, name)) != NULL; p++) {
        const char *after = p + length + (p[length] == '.'); /* at the end of a sentence */

        if (p > line && p[-1] == '/' && strcspn(after, " :,;)'\"") == 0)
            return true;
    }
    return false;
}

static bool
has_any_file(const char *line, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++)
        if (has_file(line, names->pdata[i]))
            return true;
    return false;
}

/* KEYs and Message-IDs are unmistakable; an address counts where it ends there. */
static bool
is_our_line(const MpTracer *tracer, const char *line)
{
    if (has_any(line, tracer->ids) || has_any(line, tracer->keys) ||
        has_any_file(line, tracer->files))
        return true;
    if (tracer->address == NULL || tracer->user != 0)
        return false;
    for (const char *p = line; (p = strcasestr(p, tracer->address)) != NULL; p++) {
        char after = p[strlen(tracer->address)];
        bool begins = p == line || strchr(" <:,", p[-1]) != NULL;

        if (begins && !g_ascii_isalnum(after) && after != '-')
            return true;
    }
    return false;
}

/* "Digest KEY holds …" of a line that is ours: what is said of that digest from then on is, too. */
static void
learn_digest(MpTracer *tracer, const char *message)
{
    g_auto(GStrv) words = g_strsplit(message, " ", 4);

    if (g_strv_length(words) == 4 && strcmp(words[0], "Digest") == 0 &&
        strcmp(words[2], "holds") == 0)
        mp_trace_add(tracer->keys, words[1]);
}

static void
take_our_line(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    const OurLog *log = user_data;
    const char *message = line;

    (void)length, (void)modified;
    if (!is_our_line(log->tracer, line))
        return;
    gint64 time = mp_log_time(line, &message);
    mp_trace_tell(log->tracer, log->tracer->trace->facts, time, log->place, "%s", message);
    learn_digest(log->tracer, message);
}

void
mp_trace_logs(MpTracer *tracer)
{
    static const char *const names[] = {"metroplex.log", "notifier.log"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path =
            g_build_filename(tracer->instance->config->log_directory, names[i], NULL);
        OurLog log = {tracer, names[i]};

        read_log(tracer, names[i], path, take_our_line, &log);
    }
    if (tracer->wishes->mail_log != NULL)
        read_mail_log(tracer, is_about_ids, tell_record);
    else
        mp_trace_cannot_see(tracer, "mail.log", tracer->wishes->mail_log_why);
}
