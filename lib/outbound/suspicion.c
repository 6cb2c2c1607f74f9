/*
 * Refusals that may be about us: said of one recipient they stop nobody, said to people of several
 * domains they make us ask, and where there is nobody to ask about, one message at a time shows it.
 */
#include "outbound/internal.h"

#define QUESTIONS          3
#define SUSPICIOUS_DOMAINS 3 /* that refuse alike, and nothing taken between: perhaps it is us */

/* A message was taken: nothing before it was about us. */
static void
note_taken(MpOutbound *outbound, const char *to)
{
    g_mutex_lock(&outbound->mutex);
    mp_outbound_note_success(outbound);
    if (mp_server_accept(outbound->server, to))
        mp_outbound_save_server(outbound);
    g_mutex_unlock(&outbound->mutex);
}

/* --- Questions ------------------------------------------------------------------------------ */

/* The administrator, or somebody whose mail was taken before; none of the suspects. */
static const char *
whom_to_ask(const MpOutbound *outbound)
{
    const char *administrator = outbound->instance->config->administrator;

    if (administrator[0] != '\0' && !mp_server_is_suspect(outbound->server, administrator))
        return administrator;
    return mp_server_whom_to_ask(outbound->server);
}

/* The same MAIL, and RCPT of somebody else, who is a suspect if the server refuses alike.
 * MP_SUSPECTED where there is nobody to ask about. */
static MpSendResult
ask_about(MpOutbound *outbound, MpSmtp *smtp, const char *sender, char **reply, int *code)
{
    g_autofree char *to = g_strdup(whom_to_ask(outbound));
    MpSendResult result = MP_SUSPECTED;

    if (to != NULL)
        result = mp_smtp_probe(smtp, sender, to, reply, code);
    if (to != NULL && result == MP_SUSPECTED)
        mp_server_suspect(outbound->server, to);
    return result;
}

/* One message at a time, until one is taken. */
static MpSendResult
begin_trial(MpOutbound *outbound)
{
    outbound->trial = MP_TRIAL_OPEN;
    return MP_SENT;
}

MpSendResult
mp_outbound_ask_again(MpOutbound *outbound, MpSmtp *smtp, char **reply, int *code)
{
    const MpServer *server = outbound->server;
    MpSendResult result;

    if (server->is_at_end || whom_to_ask(outbound) == NULL)
        return begin_trial(outbound);
    result = ask_about(outbound, smtp, server->sender, reply, code);
    if (result == MP_SUSPECTED)
        return MP_STOPPED;
    return *code != 0 ? MP_SENT : result; /* that person's mailbox has its own faults */
}

/* --- Several refuse alike -------------------------------------------------------------------- */

/* The mutex is held. The message waits with all others. */
static MpSendResult
stop(MpOutbound *outbound, const MpAttempted *attempted)
{
    MpServer *server = outbound->server;

    g_free(server->sender);
    server->sender = g_strdup(attempted->mail->sender);
    server->is_at_end = attempted->result == MP_SUSPECTED_AT_END;
    mp_outbound_note_failure(outbound, MP_SERVER_STOPPED, attempted->code, attempted->reply);
    return MP_STOPPED;
}

/* The server takes others. Who speaks of relaying speaks of us, and a server relays to its own
 * people whatever it thinks of us: such a message waits, and costs nobody anything. */
static MpSendResult
of_the_recipient(const MpAttempted *attempted)
{
    if (mp_smtp_speaks_of_relaying(attempted->reply))
        return MP_SUSPECTED;
    return attempted->code / 100 == 5 ? MP_REFUSED : MP_DEFERRED;
}

/* The mutex is held. Several domains refuse alike. Where there is nobody to ask about, it counts as
 * stopped, and the messages themselves try it. */
static MpSendResult
ask_about_us(MpOutbound *outbound, MpSmtp *smtp, const MpAttempted *attempted)
{
    MpSendResult result = MP_SUSPECTED;
    int said = 0;

    for (int i = 0; i < QUESTIONS && result == MP_SUSPECTED; i++)
        result = ask_about(outbound, smtp, attempted->mail->sender, NULL, &said);
    if (result == MP_SUSPECTED)
        return stop(outbound, attempted);
    if (said == 0) /* no answer, and so nothing is known */
        return MP_SUSPECTED;
    mp_server_forget_suspects(outbound->server);
    outbound->is_cleared = true;
    mp_outbound_save_server(outbound);
    return of_the_recipient(attempted);
}

/* The mutex is held. */
static MpSendResult
judge_suspicion(MpOutbound *outbound, MpSmtp *smtp, const MpAttempted *attempted)
{
    MpServer *server = outbound->server;
    const char *to = attempted->mail->recipient;
    bool is_at_end = attempted->result == MP_SUSPECTED_AT_END;
    guint domains;

    if (outbound->is_down)
        return MP_STOPPED;
    domains = is_at_end ? mp_server_suspect_at_end(server, to, attempted->thread)
                        : mp_server_suspect(server, to);
    if (outbound->trial != MP_NO_TRIAL || (is_at_end && domains >= SUSPICIOUS_DOMAINS))
        return stop(outbound, attempted);
    if (!is_at_end && domains >= SUSPICIOUS_DOMAINS)
        return ask_about_us(outbound, smtp, attempted);
    if (!is_at_end && outbound->is_cleared)
        return of_the_recipient(attempted);
    mp_outbound_save_server(outbound);
    return attempted->result;
}

MpSendResult
mp_outbound_judge(MpOutbound *outbound, MpSmtp *smtp, const MpAttempted *attempted)
{
    MpSendResult result = attempted->result;

    if (result == MP_SENT)
        note_taken(outbound, attempted->mail->recipient);
    if (result != MP_SUSPECTED && result != MP_SUSPECTED_AT_END)
        return result;
    g_mutex_lock(&outbound->mutex);
    result = judge_suspicion(outbound, smtp, attempted);
    g_mutex_unlock(&outbound->mutex);
    return result;
}

/* --- One message at a time ------------------------------------------------------------------- */

/* The mutex is held. The domains that refused us are left out, as long as there are others. */
static bool
join_trial(MpOutbound *outbound, const char *to)
{
    if (mp_server_is_suspect(outbound->server, to)) {
        outbound->is_left_out = true;
        return false;
    }
    outbound->trial = MP_TRIAL_RUNS;
    return true;
}

bool
mp_outbound_may_send(MpOutbound *outbound, const char *to)
{
    bool may_send = true;

    g_mutex_lock(&outbound->mutex);
    while (outbound->trial == MP_TRIAL_RUNS && !outbound->is_down)
        g_cond_wait(&outbound->changed, &outbound->mutex);
    if (outbound->is_down)
        may_send = false;
    else if (outbound->trial == MP_TRIAL_OPEN)
        may_send = join_trial(outbound, to);
    g_mutex_unlock(&outbound->mutex);
    return may_send;
}

void
mp_outbound_was_tried(MpOutbound *outbound)
{
    g_mutex_lock(&outbound->mutex);
    if (outbound->trial == MP_TRIAL_RUNS) { /* it was about that message: the next one */
        outbound->trial = MP_TRIAL_OPEN;
        g_cond_broadcast(&outbound->changed);
    }
    g_mutex_unlock(&outbound->mutex);
}

bool
mp_outbound_is_on_trial(MpOutbound *outbound)
{
    bool is_on_trial;

    g_mutex_lock(&outbound->mutex);
    is_on_trial = outbound->trial != MP_NO_TRIAL;
    g_mutex_unlock(&outbound->mutex);
    return is_on_trial;
}

bool
mp_outbound_has_left_out(MpOutbound *outbound)
{
    bool has_left_out = outbound->is_left_out && !outbound->is_down;

    outbound->is_left_out = false;
    if (has_left_out && outbound->trial != MP_NO_TRIAL) /* there are no others */
        mp_server_forget_suspects(outbound->server);
    return has_left_out;
}
