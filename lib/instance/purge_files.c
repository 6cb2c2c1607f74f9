/* Finding what of a comment lies in files; see purge_files.h. */
#include "instance/purge_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "maildir/kept.h"
#include "message/parse.h"

#define TEXT_MAX (1024 * 1024)

typedef struct {
    MpInstance *instance;
    const MpPurge *purge;
    MpPurgeRecord *record;
    MpWorker *worker;
    GHashTable *of_others; /* char *, names of mails that belong to other threads */
    GHashTable *of_thread; /* likewise, to the comment's */
    GHashTable *its_own;   /* char *, names of those that became the comment */
} Find;

/* Few words that anybody writes are no proof that a mail repeats them. */
typedef enum { REPEATS_NOTHING, MAY_REPEAT, REPEATS } Verdict;

static void
take(Find *find, const char *directory, const char *name)
{
    g_ptr_array_add(find->record->files, g_strconcat(directory, "/", name, NULL));
}

/* --- Mails ------------------------------------------------------------------------------------ */

static void
note_outcome(const char *const *fields, gpointer user_data)
{
    Find *find = user_data;
    guint64 thread = g_ascii_strtoull(fields[5], NULL, 10);
    guint64 comment = g_ascii_strtoull(fields[6], NULL, 10);
    bool is_comment = g_ascii_isdigit(*fields[6]) && thread == find->purge->thread &&
                      comment == find->purge->comment;

    if (is_comment)
        g_hash_table_add(find->its_own, g_strdup(fields[4]));
    else if (thread != 0 && thread == find->purge->thread)
        g_hash_table_add(find->of_thread, g_strdup(fields[4]));
    else if (thread != 0 && thread != find->purge->thread)
        g_hash_table_add(find->of_others, g_strdup(fields[4]));
}

static Verdict
judge_text(const Find *find, const char *text, bool is_html)
{
    g_autofree char *plain = is_html ? g_strdup(text) : NULL;

    if (text == NULL)
        return REPEATS_NOTHING;
    if (is_html)
        g_strdelimit(plain, "<>&;", ' ');
    const char *shown = is_html ? plain : text;
    return mp_repeats_are_surely_in(find->purge->words, shown) ? REPEATS
           : mp_repeats_are_in(find->purge->words, shown)      ? MAY_REPEAT
                                                               : REPEATS_NOTHING;
}

static Verdict
judge_message(const Find *find, const MpMessage *message)
{
    Verdict subject = judge_text(find, message->subject, false);
    Verdict plain = judge_text(find, message->plain, false);
    Verdict html = judge_text(find, message->html, true);
    bool is_it = find->purge->message_id != NULL &&
                 g_strcmp0(message->message_id, find->purge->message_id) == 0;

    return is_it ? REPEATS : MAX(subject, MAX(plain, html));
}

/* What cannot be read was never published, and is left to its owner. */
static Verdict
judge_mail(Find *find, const char *directory, const char *name)
{
    MpLimits limits = mp_instance_limits(find->instance);
    g_autofree char *path = g_build_filename(find->instance->config->data, directory, name, NULL);
    g_auto(MpFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    g_autoptr(GError) why = NULL;
    MpMessageFault fault;
    g_autoptr(MpMessage) message =
        fd >= 0 ? mp_worker_parse(find->worker, fd, &limits, &fault, &why) : NULL;
    g_autofree char *shown = mp_escape(path);

    if (message == NULL)
        mp_warn("Left as it is, since it cannot be read: %s", shown);
    return message != NULL ? judge_message(find, message) : REPEATS_NOTHING;
}

/* A mail of the thread is about it. */
static void
look_at_mail(Find *find, const char *directory, const char *name, GPtrArray *left)
{
    Verdict verdict = g_hash_table_contains(find->its_own, name) ? REPEATS
                      : g_hash_table_contains(find->of_others, name)
                          ? REPEATS_NOTHING
                          : judge_mail(find, directory, name);

    if (verdict == REPEATS ||
        (verdict == MAY_REPEAT && g_hash_table_contains(find->of_thread, name)))
        take(find, directory, name);
    else if (verdict == MAY_REPEAT)
        g_ptr_array_add(left, g_strdup_printf("in words that anybody writes, delete it if it does: "
                                              "%s/%s/%s",
                                              find->instance->config->data, directory, name));
}

static bool
find_in_maildir(Find *find, const char *directory, GPtrArray *left, GError **error)
{
    g_autofree char *path = mp_config_path(find->instance->config, directory);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(path, error);

    for (guint i = 0; names != NULL && i < names->len; i++)
        look_at_mail(find, directory, names->pdata[i], left);
    return names != NULL;
}

/* What waits is somebody's who was not heard yet: it is only named. */
static bool
find_held(Find *find, GPtrArray *left, GError **error)
{
    const char *directory = "incoming-mail/held";
    g_autofree char *path = mp_config_path(find->instance->config, directory);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(path, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = names->pdata[i];

        if (judge_mail(find, directory, name) != REPEATS_NOTHING)
            g_ptr_array_add(left,
                            g_strdup_printf("reject it, and delete its file: %s/%s", path, name));
    }
    return names != NULL;
}

static bool
find_mails(Find *find, GPtrArray *left, GError **error)
{
    static const char *const maildirs[] = {"incoming-mail/success", "incoming-mail/failure",
                                           "sent/new", "sent/cur"};

    if (!mp_outcomes_foreach(find->instance->config->data, note_outcome, find, error))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(maildirs); i++)
        if (!find_in_maildir(find, maildirs[i], left, error))
            return false;
    return true;
}

/* --- Answers, conversations, logs ------------------------------------------------------------- */

static bool
find_answers(Find *find, MpQueue queue, GError **error)
{
    MpOutbox *outbox = find->instance->outbox;
    g_autoptr(GPtrArray) all = mp_outbox_list(outbox, queue, error);

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const MpQueued *queued = all->pdata[i];
        g_autoptr(MpEvent) event = mp_outbox_peek(outbox, queued, NULL);
        const MpResponse *response = event != NULL ? event->response : NULL;

        if (response != NULL && (judge_text(find, response->quote, false) == REPEATS ||
                                 judge_text(find, response->subject, false) == REPEATS))
            g_ptr_array_add(find->record->events, g_strdup(queued->key));
    }
    return all != NULL;
}

static bool
find_conversations(Find *find, GError **error)
{
    const char *directory = "outbox/" MP_OUTBOX_CONVERSATIONS;
    g_autofree char *path = mp_config_path(find->instance->config, directory);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(path, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
        g_autofree char *text = NULL;

        if (mp_read_path(file, TEXT_MAX, &text, NULL, NULL) &&
            judge_text(find, text, false) == REPEATS)
            take(find, directory, names->pdata[i]);
    }
    return names != NULL;
}

/* By lines: however long it is, and with the zeros that a power cut leaves. */
static bool
log_repeats(const Find *find, FILE *log)
{
    bool repeats = false;
    char *line = NULL;
    gsize size = 0;
    gssize length;

    while (!repeats && (length = getline(&line, &size, log)) >= 0) {
        for (gssize i = 0; i < length; i++)
            if (line[i] == '\0')
                line[i] = ' ';
        repeats = judge_text(find, line, false) == REPEATS;
    }
    free(line);
    return repeats;
}

static bool
look_into_log(const Find *find, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *log = fd >= 0 ? fdopen(fd, "r") : NULL;
    bool repeats = log != NULL && log_repeats(find, log);

    if (log == NULL || ferror(log)) {
        g_autofree char *shown = mp_escape(path);
        mp_warn("It may repeat what is purged, but cannot be read: %s", shown);
    }
    if (log != NULL)
        fclose(log);
    return repeats;
}

static bool
find_logs(const Find *find, GPtrArray *left, GError **error)
{
    const char *directory = find->instance->config->log_directory;
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(directory, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *file = g_build_filename(directory, names->pdata[i], NULL);

        if (look_into_log(find, file))
            g_ptr_array_add(left, g_strconcat("remove the lines: ", file, NULL));
    }
    return names != NULL;
}

/* --- All of it -------------------------------------------------------------------------------- */

bool
mp_purge_find_files(MpInstance *instance, const MpPurge *purge, MpPurgeRecord *record,
                    GPtrArray *left, GError **error)
{
    g_autoptr(GHashTable) others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(MpWorker) worker = mp_message_worker(NULL);
    g_autoptr(GHashTable) thread = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Find find = {instance, purge, record, worker, others, thread, own};

    if (!find_mails(&find, left, error) || !find_held(&find, left, error))
        return false;
    for (MpQueue queue = MP_QUEUE_NEW; queue < MP_N_QUEUES; queue++)
        if (!find_answers(&find, queue, error))
            return false;
    return find_conversations(&find, error) && find_logs(&find, left, error);
}
