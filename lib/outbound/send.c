/* One message to one recipient: rendered, and its outcome recorded. carry.c sends it. */
#include "outbound/internal.h"

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/time.h"

#define SHORTEST_WAIT 60 /* seconds */
#define LONGEST_WAIT  7200

/* The reason why this recipient gets nothing, found since the expansion; or NULL. */
static const char *
why_dropped(const MpAnnouncement *announcement, const MpUser *user)
{
    bool is_response = announcement->muted == NULL; /* a suspended account hears that it is */

    if (announcement->notice != NULL && mp_notice_is_redacted(announcement->notice))
        return "it was redacted";
    if (user == NULL)
        return "the account is gone";
    if (!user->is_active && !is_response)
        return "the account is not active";
    if (!is_response && g_hash_table_contains(announcement->muted, GSIZE_TO_POINTER(user->id)))
        return "muted the thread";
    if (!is_response && mp_user_ignores(user, announcement->repository))
        return "ignores the repository";
    if (user->emails->len == 0)
        return "the account has no address";
    return mp_user_address(user) == NULL ? "the address is suppressed: it bounced" : NULL;
}

static MpOutgoingMail *
compose_to_operator(const MpAnnouncement *announcement, GError **error)
{
    const MpInstance *instance = announcement->outbound->instance;
    const MpEvent *event = mp_event_file_event(announcement->file);
    const MpTestMailFacts facts = {instance->config, instance->keys, event->key, event->created};

    if (event->kind == MP_EVENT_MENDED)
        return mp_mended_mail_render(&facts, event, error);
    return mp_test_mail_render(&facts, event->address, error);
}

static MpOutgoingMail *
compose(MpAnnouncement *announcement, const MpUser *user, const MpEventRecipient *recipient,
        const char *address, GError **error)
{
    const MpEvent *event = mp_event_file_event(announcement->file);

    if (mp_event_is_to_operator(event->kind))
        return compose_to_operator(announcement, error);
    if (event->digest != NULL)
        return mp_digest_render(announcement->held, event->digest->due, user, address,
                                recipient->reason, error);
    if (announcement->notice != NULL)
        return mp_notification_render(announcement->notice->notification, user, address,
                                      recipient->reason, error);
    return mp_response_render(&(MpResponseFacts){.config = announcement->outbound->instance->config,
                                                 .ring = announcement->outbound->instance->keys,
                                                 .response = event->response,
                                                 .user = user,
                                                 .thread = announcement->thread,
                                                 .link = announcement->link,
                                                 .key = event->key,
                                                 .date = event->created},
                              address, error);
}

char *
mp_announcement_address(const MpAnnouncement *announcement, const MpUser *user,
                        const char **dropped)
{
    const MpEvent *event = mp_event_file_event(announcement->file);

    if (mp_event_is_to_address(event))
        return g_strdup(event->address);
    *dropped = why_dropped(announcement, user);
    return *dropped == NULL ? g_strdup(mp_user_address(user)) : NULL;
}

bool
mp_announcement_puts_off(const MpAnnouncement *announcement, const MpEventRecipient *recipient,
                         const MpUser *user)
{
    const MpNotice *notice = announcement->notice;

    return notice != NULL && user != NULL && user->batch > 0 && recipient->attempts == 0 &&
           (notice->called == NULL ||
            !g_hash_table_contains(notice->called, GSIZE_TO_POINTER(user->id)));
}

static bool
is_put_off(MpDispatch *m, const MpUser *user)
{
    const MpEvent *event = mp_event_file_event(m->announcement->file);

    if (!mp_announcement_puts_off(m->announcement, m->recipient, user))
        return false;
    m->attempt.outcome = MP_RECIPIENT_LATER;
    m->attempt.due =
        mp_outbound_window(m->announcement->outbound, event->thread, event->created, user);
    return true;
}

static void
render(MpDispatch *m)
{
    MpAnnouncement *announcement = m->announcement;
    g_autoptr(GError) error = NULL;
    const MpUser *user = NULL;
    const char *dropped = NULL;

    if (mp_accounts_look_up(announcement->outbound->instance->accounts, m->recipient->user, &user,
                            &error))
        m->address = mp_announcement_address(announcement, user, &dropped);
    m->is_to_guest = user != NULL && user->is_guest;
    if (m->address != NULL && is_put_off(m, user))
        return;
    if (m->address != NULL)
        m->mail = compose(announcement, user, m->recipient, m->address, &error);
    if (m->mail != NULL)
        return;
    m->reply = dropped != NULL ? g_strdup(dropped) : mp_escape(error->message);
    m->attempt.outcome = dropped != NULL                                    ? MP_RECIPIENT_DROPPED
                         : g_error_matches(error, MP_ERROR, MP_ERROR_INPUT) ? MP_RECIPIENT_FAILED
                                                                            : MP_RECIPIENT_DEFERRED;
}

static void
log_attempt(const MpDispatch *m)
{
    const MpAttempt *attempt = &m->attempt;
    g_autofree char *id = mp_escape(m->mail != NULL ? m->mail->message_id : NULL);
    g_autofree char *address = mp_escape(attempt->address);

    if (attempt->outcome == MP_RECIPIENT_DROPPED)
        mp_info("Event %s: account %" G_GUINT64_FORMAT " is not told: %s",
                mp_event_file_event(m->announcement->file)->key, m->recipient->user,
                attempt->reply);
    else
        mp_log(attempt->outcome == MP_RECIPIENT_SENT ? MP_LOG_INFO : MP_LOG_WARN,
               "notifier: %s %s to %s: %s", mp_event_recipient_state_name(attempt->outcome), id,
               address, attempt->reply != NULL ? attempt->reply : "-");
}

/* A suspected message waits, the longer the older it is, and the attempt does not count. */
static bool
suspicion_due(gint64 first, gint64 now, gint64 give_up, gint64 *due)
{
    *due = now + mp_time_spread(CLAMP((now - first) / 4, SHORTEST_WAIT, LONGEST_WAIT));
    return now - first < give_up;
}

/* When to try again; its time does not run while the server is away. */
static bool
find_due(const MpAnnouncement *announcement, const MpEventRecipient *recipient, MpAttempt *attempt)
{
    const MpOutbound *outbound = announcement->outbound;
    gint64 now = attempt->now, first = recipient->first != 0 ? recipient->first : now;
    gint64 give_up =
        outbound->instance->config->smtp_give_up + mp_server_away(outbound->server, first, now);

    if (attempt->is_uncounted)
        return suspicion_due(first, now, give_up, &attempt->due);
    return mp_retry_due(recipient->attempts + 1, first, now, give_up, &attempt->due);
}

/* For the ledger: the attempt, and of a comment how long it took to leave. */
static void
count(const MpAnnouncement *announcement, const MpAttempt *attempt)
{
    const MpEvent *event = mp_event_file_event(announcement->file);
    MpLedger *ledger = announcement->outbound->ledger;

    mp_outbound_count(announcement->outbound, attempt->outcome);
    mp_ledger_count(ledger, "message", mp_event_recipient_state_name(attempt->outcome), 1);
    if (attempt->outcome == MP_RECIPIENT_SENT && mp_event_has_comment(event->kind))
        mp_ledger_time(ledger, "sending", (double)(attempt->now - event->created));
}

bool
mp_dispatch_is_wanted(const MpDispatch *m)
{
    const MpAnnouncement *announcement = m->announcement;
    const char *key = mp_event_file_event(announcement->file)->key;

    return !mp_outbound_is_over(announcement->outbound) &&
           mp_outbox_requested(announcement->outbound->instance->outbox, key, m->recipient->user) ==
               MP_REQUESTED_NOTHING;
}

bool
mp_dispatch_prepare(MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;
    GError *error = NULL;

    if (!mp_dispatch_is_wanted(m) || !mp_outbound_spend(outbound))
        return false;
    if (!mp_event_file_reserve(m->announcement->file, &error)) {
        mp_outbound_fail(outbound, error);
        return false;
    }
    m->is_reserved = true;
    g_mutex_lock(&outbound->reading);
    render(m);
    g_mutex_unlock(&outbound->reading);
    if (m->mail == NULL)
        mp_outbound_give_back(outbound);
    return true;
}

void
mp_dispatch_judge(MpDispatch *m, MpSendResult result)
{
    static const MpEventRecipientState outcomes[] = {
        [MP_SENT] = MP_RECIPIENT_SENT,
        [MP_DEFERRED] = MP_RECIPIENT_DEFERRED,
        [MP_REFUSED] = MP_RECIPIENT_FAILED,
        [MP_SUSPECTED] = MP_RECIPIENT_DEFERRED,
        [MP_SUSPECTED_AT_END] = MP_RECIPIENT_DEFERRED,
    };

    m->attempt.outcome = outcomes[result];
    m->attempt.is_uncounted = result == MP_SUSPECTED || result == MP_SUSPECTED_AT_END;
}

/* What a guest writes within a minute of it may be a program's answer. */
static void
note_told(const MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;
    g_autoptr(GError) why = NULL;

    if (!m->is_to_guest || m->attempt.outcome != MP_RECIPIENT_SENT)
        return;
    g_mutex_lock(&outbound->mutex);
    bool good =
        mp_outbox_note_told(outbound->instance->outbox, m->recipient->user, m->attempt.now, &why);
    g_mutex_unlock(&outbound->mutex);
    if (!good)
        mp_warn("An answer at once will not count: %s", why->message);
}

static bool
record_put_off(MpDispatch *m, GError **error)
{
    mp_info("Event %s: account %" G_GUINT64_FORMAT " is told in a digest",
            mp_event_file_event(m->announcement->file)->key, m->recipient->user);
    return mp_event_file_put_off(m->announcement->file, m->recipient->user, mp_time_now(),
                                 m->attempt.due, error);
}

static bool
record_attempt(MpDispatch *m, GError **error)
{
    MpAttempt *attempt = &m->attempt;

    attempt->now = mp_time_now();
    attempt->address = m->address;
    attempt->reply = m->reply;
    if (attempt->outcome == MP_RECIPIENT_DEFERRED &&
        !find_due(m->announcement, m->recipient, attempt))
        attempt->outcome = MP_RECIPIENT_FAILED; /* its time is up */
    log_attempt(m);
    note_told(m);
    count(m->announcement, attempt);
    return mp_event_file_record(m->announcement->file, m->recipient->user, attempt, error);
}

void
mp_dispatch_record(MpDispatch *m)
{
    GError *error = NULL;

    if (!(m->attempt.outcome == MP_RECIPIENT_LATER ? record_put_off : record_attempt)(m, &error))
        mp_outbound_fail(m->announcement->outbound, error);
}

void
mp_dispatch_empty(MpDispatch *m)
{
    if (m->is_reserved)
        mp_event_file_release(m->announcement->file);
    m->is_reserved = false;
    g_clear_pointer(&m->mail, mp_outgoing_mail_free);
    g_clear_pointer(&m->address, g_free);
    g_clear_pointer(&m->reply, g_free);
    m->attempt = (MpAttempt){0};
}

void
mp_dispatch_free(MpDispatch *m)
{
    if (m == NULL)
        return;
    mp_destination_leave(m);
    mp_turn_end(m);
    mp_dispatch_empty(m);
    mp_announcement_release(m->announcement);
    g_free(m);
}
