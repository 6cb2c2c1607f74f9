/* What happened to threads, and to whom that was told: by a commit, or by the Message-ID of a
 * notification of an event; see trace_internal.h. */
#include "report/trace_internal.h"

#include <string.h>

#include "base/escape.h"
#include "tracker/thread_event.h"

#define EVENT      "/event/"
#define KEY_LENGTH 32
#define DIGITS_MIN 7 /* of a commit's id */
#define DIGITS_MAX 40

bool
mp_trace_is_commit(const char *what)
{
    gsize length = strspn(what, "0123456789abcdef");

    return what[length] == '\0' && length >= DIGITS_MIN && length <= DIGITS_MAX;
}

static bool
is_named(const MpTracer *tracer, const char *id)
{
    return id != NULL && g_str_has_prefix(id, tracer->commit);
}

static bool
is_among(const MpTracer *tracer, const GPtrArray *commits)
{
    for (guint i = 0; commits != NULL && i < commits->len; i++)
        if (is_named(tracer, ((const MpPushCommit *)commits->pdata[i])->id))
            return true;
    return false;
}

static bool
is_among_changed(const MpTracer *tracer, const GPtrArray *commits)
{
    for (guint i = 0; commits != NULL && i < commits->len; i++)
        if (is_named(tracer, ((const MpChangedCommit *)commits->pdata[i])->id))
            return true;
    return false;
}

static bool
names_commit(const MpTracer *tracer, const MpThreadEvent *event)
{
    const MpRefPush *push = event->push;

    return is_named(tracer, event->from) || is_named(tracer, event->to) ||
           is_among_changed(tracer, event->commits) ||
           (push != NULL && (is_named(tracer, push->before) || is_named(tracer, push->after) ||
                             is_among(tracer, push->added) || is_among(tracer, push->removed)));
}

/* Its KEY finds it in the queue and the log, its Message-ID in the mail server's. */
static void
tell_event(MpTracer *tracer, const MpThread *thread, const MpThreadEvent *event)
{
    g_autofree char *said = mp_thread_event_text(event);
    g_autofree char *opening =
        mp_thread_message_id(thread, 0, NULL, tracer->instance->config->hostname);
    const char *at = strrchr(opening, '@');
    g_autofree char *id =
        g_strdup_printf("%.*s" EVENT "%s%s", (int)(at - opening), opening, event->key, at);

    mp_trace_add(tracer->keys, event->key);
    mp_trace_add(tracer->ids, id);
    mp_trace_tell(tracer, tracer->trace->facts, event->date * G_USEC_PER_SEC, "tracker",
                  "event %" G_GUINT64_FORMAT " of %s#%" G_GUINT64_FORMAT
                  ", by %s, by %s: %s, KEY %s",
                  event->number, thread->repository, thread->id, event->author_login, event->via,
                  said, event->key);
}

/* Those of a thread that name the commit, or the one with the KEY. */
static bool
look_at_events(MpTracer *tracer, const MpThread *thread, const char *key, GError **error)
{
    guint64 last;

    if (!mp_tracker_last_event(tracer->instance->tracker, thread->id, &last, error))
        return false;
    for (guint64 number = 1; number <= last; number++) {
        g_autoptr(MpThreadEvent) event = NULL;

        if (!mp_tracker_event(tracer->instance->tracker, thread->id, number, &event, error))
            return false;
        if (event != NULL &&
            (key != NULL ? g_strcmp0(event->key, key) == 0 : names_commit(tracer, event)))
            tell_event(tracer, thread, event);
    }
    return true;
}

/* --- By a commit ------------------------------------------------------------------------------ */

static bool
look_at_thread(const MpThread *thread, gpointer user_data)
{
    MpTracer *tracer = user_data;
    g_autoptr(GError) error = NULL;

    if (thread->kind == MP_COMMIT && is_named(tracer, thread->object)) {
        mp_redaction_show(tracer->wishes->redaction, thread->object);
        mp_trace_add_place(tracer, thread->id, 0);
    }
    if (!look_at_events(tracer, thread, NULL, &error))
        mp_trace_tell(tracer, tracer->trace->unseen, 0, "tracker", "%s", error->message);
    return true;
}

/* --- By a Message-ID -------------------------------------------------------------------------- */

static bool
look_for_id(MpTracer *tracer, const char *id, GError **error)
{
    const char *begin = strstr(id, EVENT);
    g_autofree char *key = begin != NULL ? g_strndup(begin + strlen(EVENT), KEY_LENGTH) : NULL;
    g_autoptr(MpThread) thread = NULL;
    guint64 number;

    if (key == NULL)
        return true;
    if (!mp_tracker_find_own_id(tracer->instance->tracker, id, &number, error) ||
        (number != 0 && !mp_tracker_thread(tracer->instance->tracker, number, &thread, error)))
        return false;
    return thread == NULL || look_at_events(tracer, thread, key, error);
}

void
mp_trace_events(MpTracer *tracer)
{
    g_autoptr(GError) error = NULL;
    bool good = true;

    if (!mp_trace_has_tracker(tracer))
        return;
    for (guint i = 0, n = tracer->ids->len; good && i < n; i++)
        good = look_for_id(tracer, tracer->ids->pdata[i], &error);
    if (good && tracer->commit != NULL)
        good = mp_tracker_foreach_thread(tracer->instance->tracker, look_at_thread, tracer, &error);
    if (!good)
        mp_trace_tell(tracer, tracer->trace->unseen, 0, "tracker", "%s", error->message);
}
