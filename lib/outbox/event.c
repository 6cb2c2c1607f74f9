/* Events and their recipients; see outbox.h. */
#include "outbox/outbox.h"

#include <string.h>

#include "base/names.h"
#include "outbox/internal.h"

static const char *const kind_names[] = {
    [MP_EVENT_OPENED] = "opened",
    [MP_EVENT_COMMENT] = "comment",
    [MP_EVENT_CLOSED] = "closed",
    [MP_EVENT_REOPENED] = "reopened",
    [MP_EVENT_LOCKED] = "locked",
    [MP_EVENT_UNLOCKED] = "unlocked",
    [MP_EVENT_RENAMED] = "renamed",
    [MP_EVENT_LABELED] = "labeled",
    [MP_EVENT_UNLABELED] = "unlabeled",
    [MP_EVENT_ASSIGNED] = "assigned",
    [MP_EVENT_UNASSIGNED] = "unassigned",
    [MP_EVENT_PUSHED] = "pushed",
    [MP_EVENT_HEAD_PUSHED] = "head-pushed",
    [MP_EVENT_MERGED] = "merged",
    [MP_EVENT_HEAD_DELETED] = "head-deleted",
    [MP_EVENT_REFERENCED] = "referenced",
    [MP_EVENT_RESPONSE] = "answer",
    [MP_EVENT_TEST] = "test",
    [MP_EVENT_MENDED] = "mended",
    [MP_EVENT_DIGEST] = "digest",
};

MP_DEFINE_NAMES(mp_event_kind, MpEventKind, kind_names)

static const char *const state_names[] = {
    [MP_RECIPIENT_PENDING] = "pending",   [MP_RECIPIENT_SENT] = "sent",
    [MP_RECIPIENT_DEFERRED] = "deferred", [MP_RECIPIENT_FAILED] = "failed",
    [MP_RECIPIENT_DROPPED] = "dropped",   [MP_RECIPIENT_SKIPPED] = "skipped",
    [MP_RECIPIENT_LATER] = "later",       [MP_RECIPIENT_GATHERED] = "gathered",
};

MP_DEFINE_NAMES(mp_event_recipient_state, MpEventRecipientState, state_names)

bool
mp_event_has_comment(MpEventKind kind)
{
    switch (kind) {
    case MP_EVENT_OPENED:
    case MP_EVENT_COMMENT:
        return true;
    case MP_EVENT_CLOSED:
    case MP_EVENT_REOPENED:
    case MP_EVENT_LOCKED:
    case MP_EVENT_UNLOCKED:
    case MP_EVENT_RENAMED:
    case MP_EVENT_LABELED:
    case MP_EVENT_UNLABELED:
    case MP_EVENT_ASSIGNED:
    case MP_EVENT_UNASSIGNED:
    case MP_EVENT_PUSHED:
    case MP_EVENT_HEAD_PUSHED:
    case MP_EVENT_MERGED:
    case MP_EVENT_HEAD_DELETED:
    case MP_EVENT_REFERENCED:
    case MP_EVENT_RESPONSE:
    case MP_EVENT_TEST:
    case MP_EVENT_MENDED:
    case MP_EVENT_DIGEST:
        return false;
    }
    return false;
}

bool
mp_event_is_to_operator(MpEventKind kind)
{
    return kind == MP_EVENT_TEST || kind == MP_EVENT_MENDED;
}

bool
mp_event_is_to_address(const MpEvent *event)
{
    return mp_event_is_to_operator(event->kind) ||
           (event->response != NULL && event->response->user == 0);
}

const char *
mp_event_missing_fact(const MpEvent *event, const char *key)
{
    if (event->key == NULL || strcmp(event->key, key) != 0)
        return "its KEY is not that of its name";
    if ((int)event->kind < 0)
        return "no kind";
    if ((event->kind == MP_EVENT_RESPONSE) != (event->response != NULL))
        return "an answer without its facts, or facts of an answer without one";
    if (mp_event_is_to_address(event) != (event->address != NULL))
        return "a mail to no account without its address, or an address of another";
    if ((event->kind == MP_EVENT_MENDED) != (event->why != NULL))
        return "a notice without its facts, or facts of a notice without one";
    if (event->host == NULL)
        return "no host";
    return event->created == MP_NO_TIME ? "no time of creation" : NULL;
}

void
mp_event_free(MpEvent *event)
{
    if (event == NULL)
        return;
    g_free(event->key);
    g_free(event->host);
    mp_response_unref(event->response);
    g_free(event->address);
    g_free(event->why);
    mp_digest_free(event->digest);
    g_free(event);
}

const char *
mp_event_recipient_address(const MpEventRecipient *recipient, const MpEvent *event,
                           const char *current)
{
    const char *next = event->address != NULL ? event->address : current;

    return recipient->address != NULL && (recipient->state != MP_RECIPIENT_PENDING || next == NULL)
               ? recipient->address
               : next;
}

bool
mp_event_recipient_is_due(const MpEventRecipient *recipient, gint64 now)
{
    return recipient->state == MP_RECIPIENT_PENDING ||
           (recipient->state == MP_RECIPIENT_DEFERRED && recipient->due <= now);
}
