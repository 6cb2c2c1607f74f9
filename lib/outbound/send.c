/* One message to one recipient: render, send, record. Runs in the threads of the pool. */
#include "outbound/internal.h"

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/time.h"

#define SHORTEST_WAIT 60 /* seconds */
#define LONGEST_WAIT  7200
#define RETIRED_FOR   (60 * G_USEC_PER_SEC)

/* What a person or the tracker did since the expansion, or NULL. */
static const char *
why_dropped(const Work *work, const MpUser *user, const MpEventRecipient *recipient)
{
    bool is_response = work->notice == NULL;
    bool case_matters = work->pass->instance->config->address_case == MP_ADDRESS_CASE_SENSITIVE;

    if (user == NULL)
        return "the account is gone";
    if (mp_user_is_suppressed(user, recipient->address))
        return "the address is suppressed: it bounced";
    if (is_response) /* a suspended account hears that it is */
        return mp_user_has_address(user, recipient->address, case_matters)
                   ? NULL
                   : "not the account's address any more";
    if (!user->is_active)
        return "the account is not active";
    return g_hash_table_contains(work->muted, &recipient->user) ? MP_MUTED : NULL;
}

static MpLetter *
make_letter(Work *work, const MpUser *user, const MpEventRecipient *recipient, GError **error)
{
    const MpEvent *event = mp_event_file_event(work->file);

    if (work->notice != NULL)
        return mp_notification_render(work->notice->notification, user, recipient->address,
                                      recipient->reason, error);
    return mp_response_render(&(MpResponseFacts){.config = work->pass->instance->config,
                                                 .response = event->response,
                                                 .user = user,
                                                 .thread = work->thread,
                                                 .link = work->link,
                                                 .key = event->key,
                                                 .date = event->created},
                              recipient->address, error);
}

/* NULL: nothing to send, and *attempt says why. */
static MpLetter *
render(Work *work, const MpEventRecipient *recipient, MpAttempt *attempt, char **why)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpUser) user = NULL;
    const char *dropped =
        mp_accounts_user(work->pass->instance->accounts, recipient->user, &user, &error)
            ? why_dropped(work, user, recipient)
            : NULL;
    MpLetter *message = NULL;

    if (error == NULL && dropped == NULL)
        message = make_letter(work, user, recipient, &error);
    if (message != NULL)
        return message;
    *why = dropped != NULL ? g_strdup(dropped) : mp_escape(error->message);
    attempt->outcome = dropped != NULL                                    ? MP_RECIPIENT_DROPPED
                       : g_error_matches(error, MP_ERROR, MP_ERROR_INPUT) ? MP_RECIPIENT_FAILED
                                                                          : MP_RECIPIENT_DEFERRED;
    return NULL;
}
/* This connection got no answer. While others work, it retires (a server may limit connections) and
 * the message takes another; if it was the last, the server is away. */
static bool
retire(Pass *pass, MpSmtp *smtp, MpSendResult result, int code, const char *reply)
{
    bool is_last;

    g_mutex_lock(&pass->mutex);
    is_last = pass->live <= 1;
    if (!is_last) {
        pass->live--;
        pass->retired_until = g_get_monotonic_time() + RETIRED_FOR;
        g_ptr_array_add(pass->retired, smtp);
    }
    g_mutex_unlock(&pass->mutex);
    if (is_last) {
        server_failed(pass, result, code, reply);
        g_async_queue_push(pass->sessions, smtp);
    }
    return !is_last;
}

static MpSendResult
deliver(Pass *pass, const MpLetter *message, char **reply, int *code)
{
    for (;;) {
        MpSmtp *smtp = g_async_queue_pop(pass->sessions);
        MpSendResult result;

        if (pass_is_over(pass)) {
            g_async_queue_push_front(pass->sessions, smtp);
            return MP_UNAVAILABLE;
        }
        g_clear_pointer(reply, g_free);
        result = mp_smtp_send(smtp, message->sender, message->recipient, message->text,
                              message->length, reply, code);
        if (result < MP_UNAVAILABLE) {
            result = server_judge(pass, smtp, message, result, *code, *reply);
            g_async_queue_push_front(pass->sessions, smtp); /* the last used is used next */
            return result;
        }
        if (!retire(pass, smtp, result, *code, *reply))
            return result;
    }
}

static void
log_attempt(const MpEventRecipient *recipient, const MpLetter *message, const MpAttempt *attempt)
{
    g_autofree char *id = mp_escape(message != NULL ? message->message_id : NULL);
    bool is_good =
        attempt->outcome == MP_RECIPIENT_SENT || attempt->outcome == MP_RECIPIENT_DROPPED;

    mp_log(is_good ? MP_LOG_INFO : MP_LOG_WARN, "notifier: %s %s to %s: %s",
           mp_event_recipient_state_name(attempt->outcome), id, recipient->address,
           attempt->reply != NULL ? attempt->reply : "-");
}

/* What is suspected waits, the longer the older it is, and the attempt does not count. */
static bool
suspicion_due(gint64 first, gint64 now, gint64 give_up, gint64 *due)
{
    *due = now + CLAMP((now - first) / 4, SHORTEST_WAIT, LONGEST_WAIT);
    return now - first < give_up;
}

/* When to try again; its time does not run while the server is away. */
static bool
find_due(const Work *work, const MpEventRecipient *recipient, MpAttempt *attempt)
{
    const Pass *pass = work->pass;
    gint64 now = attempt->now, first = recipient->first != 0 ? recipient->first : now;
    gint64 give_up =
        pass->instance->config->smtp_give_up + mp_server_away(pass->server, first, now);

    if (attempt->is_uncounted)
        return suspicion_due(first, now, give_up, &attempt->due);
    return mp_retry_due(recipient->attempts + 1, first, now, give_up, &attempt->due);
}

static void
record(Work *work, const MpEventRecipient *recipient, const MpLetter *message, MpAttempt *attempt)
{
    GError *error = NULL;

    attempt->now = mp_time_now();
    if (attempt->outcome == MP_RECIPIENT_DEFERRED && !find_due(work, recipient, attempt))
        attempt->outcome = MP_RECIPIENT_FAILED; /* its time is up */
    log_attempt(recipient, message, attempt);
    if (!mp_event_file_record(work->file, recipient->user, attempt, &error))
        pass_fail(work->pass, error);
}

/* False: nothing was decided, the message waits with all others. */
static bool
try_message(Work *work, const MpLetter *message, MpAttempt *attempt, char **reply)
{
    static const MpEventRecipientState outcomes[] = {
        [MP_SENT] = MP_RECIPIENT_SENT,
        [MP_DEFERRED] = MP_RECIPIENT_DEFERRED,
        [MP_REFUSED] = MP_RECIPIENT_FAILED,
        [MP_SUSPECTED] = MP_RECIPIENT_DEFERRED,
        [MP_SUSPECTED_AT_END] = MP_RECIPIENT_DEFERRED,
    };
    MpSendResult result = deliver(work->pass, message, reply, &attempt->code);

    if (result >= MP_UNAVAILABLE)
        return false;
    attempt->outcome = outcomes[result];
    attempt->is_uncounted = result == MP_SUSPECTED || result == MP_SUSPECTED_AT_END;
    return true;
}

static void
send_and_record(Work *work, const MpEventRecipient *recipient)
{
    g_autoptr(MpLetter) message = NULL;
    g_autofree char *reply = NULL;
    MpAttempt attempt = {0};

    g_mutex_lock(&work->pass->reading);
    message = render(work, recipient, &attempt, &reply);
    g_mutex_unlock(&work->pass->reading);
    if (message != NULL && !try_message(work, message, &attempt, &reply))
        return;
    attempt.reply = reply;
    record(work, recipient, message, &attempt);
}

void
send_one(Work *work, const MpEventRecipient *recipient)
{
    GError *error = NULL;

    if (pass_is_over(work->pass))
        return;
    if (!mp_event_file_reserve(work->file, &error)) {
        pass_fail(work->pass, error);
        return;
    }
    send_and_record(work, recipient);
    mp_event_file_release(work->file);
}
