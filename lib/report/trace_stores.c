/* What the tracker, the Maildir and the outbox know of a mail; see trace_internal.h. */
#include "report/trace_internal.h"

#include <string.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"

#define COMMENTS_MAX 200   /* of a thread: the latest that are looked at */
#define MAILS_MAX    10    /* of them, those that are told */
#define WAITING_MAX  1000  /* mails in new/ whose header is read */
#define ANSWERS_MAX  10000 /* that are looked at */

/* --- The tracker ------------------------------------------------------------------------------ */

bool
mp_trace_has_tracker(MpTracer *tracer)
{
    g_autoptr(GError) error = NULL;

    if (tracer->instance->tracker != NULL || mp_instance_open_tracker(tracer->instance, &error))
        return true;
    for (guint i = 0; i < tracer->trace->unseen->len; i++)
        if (strcmp(g_array_index(tracer->trace->unseen, MpTraceFact, i).place, "tracker") == 0)
            return false;
    mp_trace_tell(tracer, tracer->trace->unseen, 0, "tracker", "%s", error->message);
    return false;
}

static void
tell_comment(MpTracer *tracer, const MpThread *thread, const MpComment *comment)
{
    g_autoptr(GString) how = g_string_new(NULL);

    if (comment->recipient != NULL)
        g_string_append_printf(how, ", to %s", comment->recipient);
    if (comment->part != NULL)
        g_string_append_printf(how, ", of the %s part", comment->part);
    if (comment->host != NULL)
        g_string_append_printf(how, ", on %s", comment->host);
    mp_trace_tell(tracer, tracer->trace->facts, comment->date * G_USEC_PER_SEC, "tracker",
                  "comment %" G_GUINT64_FORMAT " of %s#%" G_GUINT64_FORMAT
                  ", by %s, by %s%s, KEY %s",
                  comment->number, thread->repository, thread->id, comment->author_login,
                  comment->via, how->str, comment->key != NULL ? comment->key : "-");
}

/* Also the Message-ID that our notification of it has. */
static bool
take_comment(MpTracer *tracer, MpTracePlace *place, GError **error)
{
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpComment) comment = NULL;

    if (!mp_tracker_thread(tracer->instance->tracker, place->thread, &thread, error))
        return false;
    if (thread == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "there is no thread %" G_GUINT64_FORMAT,
                       place->thread);
    if (!mp_tracker_comment(tracer->instance->tracker, place->thread, place->comment, &comment,
                            error))
        return false;
    if (comment == NULL)
        return mp_fail(error, MP_ERROR_INPUT,
                       "thread %" G_GUINT64_FORMAT " has no comment %" G_GUINT64_FORMAT,
                       place->thread, place->comment);
    place->date = comment->date;
    if (comment->key != NULL && mp_trace_add(tracer->keys, comment->key))
        tell_comment(tracer, thread, comment);
    mp_trace_add(tracer->ids, comment->message_id);
    g_autofree char *id = mp_thread_message_id(thread, place->comment, comment->key,
                                               tracer->instance->config->hostname);
    mp_trace_add(tracer->ids, id);
    return true;
}

void
mp_trace_comments(MpTracer *tracer)
{
    if (tracer->comments->len == 0 || !mp_trace_has_tracker(tracer))
        return;
    for (guint i = 0; i < tracer->comments->len; i++) {
        g_autoptr(GError) error = NULL;
        guint told = tracer->trace->unseen->len;

        if (take_comment(tracer, &g_array_index(tracer->comments, MpTracePlace, i), &error))
            continue;
        if (told == 0 || strcmp(g_array_index(tracer->trace->unseen, MpTraceFact, told - 1).text,
                                error->message) != 0)
            mp_trace_tell(tracer, tracer->trace->unseen, 0, "tracker", "%s", error->message);
    }
}

void
mp_trace_mails_of_user(MpTracer *tracer)
{
    guint64 last = 0;
    guint found = 0;

    if (!mp_trace_has_tracker(tracer) ||
        !mp_tracker_last_comment(tracer->instance->tracker, tracer->user_thread, &last, NULL))
        return;
    for (guint64 n = last; n > 0 && last - n < COMMENTS_MAX && found < MAILS_MAX; n--) {
        g_autoptr(MpComment) comment = NULL;

        if (!mp_tracker_comment(tracer->instance->tracker, tracer->user_thread, n, &comment,
                                NULL) ||
            comment == NULL || comment->author != tracer->user || comment->message_id == NULL)
            continue;
        mp_trace_add_place(tracer, tracer->user_thread, n);
        found++;
    }
}

/* --- The mail's file -------------------------------------------------------------------------- */

static char *
hash_of(const char *path)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *text = NULL;
    g_autofree char *directory = g_path_get_dirname(path), *name = g_path_get_basename(path);
    g_auto(MpFd) fd = mp_open_directory(directory, NULL);
    gsize length;

    if (fd < 0 || !mp_read_file(fd, name, G_MAXINT32, &text, &length, NULL))
        return NULL;
    g_checksum_update(sum, (const guchar *)text, (gssize)length);
    return g_strdup(g_checksum_get_string(sum));
}

/* The answer that was given to the mail with this hash has left a record,
 * DAY.ACCOUNT.REASON.THREAD, from which its event's KEY follows. */
static void
look_for_answer(MpTracer *tracer, const char *hash)
{
    g_autofree char *path = mp_config_path(tracer->instance->config, "outbox/answered");
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(path, NULL);
    g_auto(MpFd) fd = mp_open_directory(path, NULL);

    for (guint i = 0; fd >= 0 && names != NULL && i < MIN(names->len, ANSWERS_MAX); i++) {
        const char *name = names->pdata[i];
        g_autofree char *text = NULL;
        gsize length;

        if (!mp_read_file(fd, name, 4096, &text, &length, NULL) || !g_str_has_prefix(text, hash))
            continue;
        g_autofree char *source = g_strdup_printf("%s %s", hash, name);
        g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, source, -1);
        g_autofree char *key = g_strdup_printf("answer-%.32s", sum);
        mp_trace_add(tracer->keys, key);
    }
}

static void
look_at_file(MpTracer *tracer, const char *directory, const char *name)
{
    g_autofree char *below = g_build_filename(directory, name, NULL);
    g_autofree char *path = mp_config_path(tracer->instance->config, below);
    struct stat st;

    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    mp_trace_tell(tracer, tracer->trace->now, 0, "mail", "%s, %" G_GINT64_FORMAT " octets", below,
                  (gint64)st.st_size);
    g_autofree char *hash = hash_of(path);
    if (hash != NULL)
        look_for_answer(tracer, hash);
}

/* A mail that waits has left nothing but its file. */
static void
look_for_waiting(MpTracer *tracer)
{
    g_autofree char *path = mp_config_path(tracer->instance->config, "mail/reply/new");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, &error);

    if (names == NULL)
        mp_trace_tell(tracer, tracer->trace->unseen, 0, "mail", "%s", error->message);
    for (guint i = 0; names != NULL && i < MIN(names->len, WAITING_MAX); i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
        g_autofree char *id = mp_trace_read_message_id(file);

        if (id != NULL && g_ptr_array_find_with_equal_func(tracer->ids, id, g_str_equal, NULL))
            mp_trace_add(tracer->files, names->pdata[i]);
    }
}

void
mp_trace_mail_files(MpTracer *tracer)
{
    static const char *const places[] = {"mail/reply/new", "incoming-mail/success",
                                         "incoming-mail/failure", "incoming-mail/held"};
    guint before = tracer->trace->now->len;

    look_for_waiting(tracer);
    for (guint i = 0; i < tracer->files->len; i++)
        for (gsize k = 0; k < G_N_ELEMENTS(places); k++)
            if (mp_is_plain_name(tracer->files->pdata[i]))
                look_at_file(tracer, places[k], tracer->files->pdata[i]);
    if (tracer->files->len > 0 && tracer->trace->now->len == before && tracer->keys->len > 0)
        mp_trace_tell(tracer, tracer->trace->now, 0, "mail", "its file is kept no more");
}

/* --- The queue -------------------------------------------------------------------------------- */

static MpUser *
account_of(const MpTracer *tracer, guint64 id)
{
    MpUser *user = NULL;

    if (tracer->instance->accounts != NULL)
        (void)mp_accounts_user(tracer->instance->accounts, id, &user, NULL);
    return user;
}

static void
tell_recipient(MpTracer *tracer, const MpEvent *event, const MpEventRecipient *r)
{
    g_autoptr(MpUser) user = account_of(tracer, r->user);
    g_autofree char *who = user != NULL ? g_strdup(user->login)
                                        : g_strdup_printf("account %" G_GUINT64_FORMAT, r->user);
    g_autofree char *address = mp_escape(
        mp_event_recipient_address(r, event, user != NULL ? mp_user_address(user) : NULL));
    g_autofree char *due = r->due > 0 ? mp_time_format(r->due) : NULL;
    g_autoptr(GString) how = g_string_new(NULL);

    if (r->attempts > 0)
        g_string_append_printf(how, ", %u %s", r->attempts,
                               mp_plural(r->attempts, "attempt", "attempts"));
    if (r->state == MP_RECIPIENT_DEFERRED && due != NULL)
        g_string_append_printf(how, ", next at %s", due);
    if (r->state == MP_RECIPIENT_LATER && due != NULL)
        g_string_append_printf(how, ", in a digest at %s", due);
    if (r->reply != NULL)
        g_string_append_printf(how, ": %s", r->reply);
    mp_trace_tell(tracer, tracer->trace->now, 0, "recipient", "%s: %s <%s>, %s%s", event->key, who,
                  address, mp_event_recipient_state_name(r->state), how->str);
}

static void
tell_event(MpTracer *tracer, const MpQueued *queued, const MpEventFile *file)
{
    const MpEvent *event = mp_event_file_event(file);
    const MpAudience *audience = mp_event_file_audience(file);

    mp_trace_tell(tracer, tracer->trace->facts, event->created * G_USEC_PER_SEC, "queue",
                  "event %s of thread %" G_GUINT64_FORMAT " announced%s", event->key, event->thread,
                  event->response != NULL ? ", to answer the mail" : "");
    mp_trace_tell(tracer, tracer->trace->now, 0, "queue", "%s/%s, %s", mp_queue_name(queued->queue),
                  queued->name,
                  mp_event_file_is_expanded(file) ? "its recipients:" : "not tried yet");
    for (guint i = 0; i < audience->recipients->len; i++)
        tell_recipient(tracer, event, audience->recipients->pdata[i]);
    for (guint i = 0; i < audience->skipped->len; i++)
        tell_recipient(tracer, event, audience->skipped->pdata[i]);
    if (audience->n_skipped > audience->skipped->len)
        mp_trace_tell(tracer, tracer->trace->now, 0, "recipient", "%s: %u more %s skipped",
                      event->key, audience->n_skipped - audience->skipped->len,
                      mp_plural(audience->n_skipped - audience->skipped->len, "was", "were"));
}

/* Whether a digest tells what is looked for; its own events are gone. */
static bool
holds_wanted(const MpTracer *tracer, const MpDigest *digest)
{
    for (guint i = 0; digest != NULL && i < digest->events->len; i++) {
        const MpDigestEvent *held = g_ptr_array_index(digest->events, i);

        if (g_ptr_array_find_with_equal_func(tracer->keys, held->key, g_str_equal, NULL))
            return true;
    }
    return false;
}

static bool
is_wanted(const MpTracer *tracer, const MpQueued *queued, const MpEventFile *file)
{
    const MpResponse *response = mp_event_file_event(file)->response;

    return g_ptr_array_find_with_equal_func(tracer->keys, queued->key, g_str_equal, NULL) ||
           holds_wanted(tracer, mp_event_file_event(file)->digest) ||
           (response != NULL && response->message_id != NULL &&
            g_ptr_array_find_with_equal_func(tracer->ids, response->message_id, g_str_equal, NULL));
}

/* Events by their KEY; answers by the Message-ID of the mail as well, digests by what they hold. */
static void
look_at_queue(MpTracer *tracer, MpQueue queue)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) events = mp_outbox_list(tracer->instance->outbox, queue, &error);

    if (events == NULL)
        mp_trace_tell(tracer, tracer->trace->unseen, 0, "queue", "%s", error->message);
    for (guint i = 0, others = 0; events != NULL && i < events->len; i++) {
        const MpQueued *queued = events->pdata[i];
        bool is_other = (g_str_has_prefix(queued->key, "answer-") ||
                         g_str_has_prefix(queued->key, "digest-")) &&
                        others++ < ANSWERS_MAX;

        if (!is_other &&
            !g_ptr_array_find_with_equal_func(tracer->keys, queued->key, g_str_equal, NULL))
            continue;
        g_autoptr(MpEventFile) file =
            mp_event_file_open(tracer->instance->outbox, queued, MP_EVENT_READ, NULL);
        if (file == NULL || !is_wanted(tracer, queued, file))
            continue;
        mp_trace_add(tracer->keys, queued->key);
        tell_event(tracer, queued, file);
    }
}

void
mp_trace_queue(MpTracer *tracer)
{
    g_autoptr(GError) error = NULL;
    guint before = tracer->trace->now->len;

    if (!mp_instance_open_outbox(tracer->instance, &error)) {
        mp_trace_tell(tracer, tracer->trace->unseen, 0, "queue", "%s", error->message);
        return;
    }
    (void)mp_trace_has_tracker(tracer); /* the logins */
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++)
        look_at_queue(tracer, queue);
    if (tracer->keys->len > 0 && tracer->trace->now->len == before)
        mp_trace_tell(tracer, tracer->trace->now, 0, "queue",
                      "nothing of it waits: what was announced is done");
}
