/* Events and their recipients; see outbox.h. */
#include "outbox/outbox.h"

#include "base/names.h"
#include "outbox/internal.h"

static const char *const kind_names[] = {
    [MP_EVENT_OPENED] = "opened",     [MP_EVENT_COMMENT] = "comment", [MP_EVENT_CLOSED] = "closed",
    [MP_EVENT_REOPENED] = "reopened", [MP_EVENT_RESPONSE] = "answer", [MP_EVENT_TEST] = "test",
};

MP_DEFINE_NAMES(mp_event_kind, MpEventKind, kind_names)

static const char *const state_names[] = {
    [MP_RECIPIENT_PENDING] = "pending",   [MP_RECIPIENT_SENT] = "sent",
    [MP_RECIPIENT_DEFERRED] = "deferred", [MP_RECIPIENT_FAILED] = "failed",
    [MP_RECIPIENT_DROPPED] = "dropped",
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
    case MP_EVENT_RESPONSE:
    case MP_EVENT_TEST:
        return false;
    }
    return false;
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
    g_free(event);
}

MpEventRecipient *
mp_event_recipient_new(guint64 user, const char *address, const char *reason)
{
    MpEventRecipient *recipient = g_new0(MpEventRecipient, 1);

    recipient->user = user;
    recipient->address = g_strdup(address);
    recipient->reason = g_strdup(reason);
    return recipient;
}

void
mp_event_recipient_free(MpEventRecipient *recipient)
{
    if (recipient == NULL)
        return;
    g_free(recipient->address);
    g_free(recipient->reason);
    g_free(recipient->reply);
    g_free(recipient);
}

bool
mp_event_recipient_is_due(const MpEventRecipient *recipient, gint64 now)
{
    return recipient->state == MP_RECIPIENT_PENDING ||
           (recipient->state == MP_RECIPIENT_DEFERRED && recipient->due <= now);
}
