/*
 * The server, as a pass knows it. The server's state is kept apart from the
 * messages': while it is away nothing is tried, counted or given up, and one connection looks for
 * it now and then. What it says of one recipient stops nobody, unless it says so to all.
 */
#include "outbound/internal.h"

#include "base/log.h"
#include "base/time.h"

#define QUESTIONS          3
#define SUSPICIOUS_DOMAINS 3 /* that refuse alike, and nothing taken between: perhaps it is us */

/* The configuration as this run has read it, and the files as they are now: what changes under a
 * run is not what it found the server away with, and the next one looks at once. */
static char *
settings_of(const MpOutbound *outbound)
{
    const MpConfig *config = outbound->instance->config;
    bool has_password = config->authentication != MP_AUTH_NONE;
    const char *const files[] = {has_password ? config->password_file : "", config->ca_file, NULL};
    g_autofree char *of_files = mp_server_settings(files);

    return g_strconcat(outbound->configured, " ", of_files, NULL);
}

/* A Maildir on our own disk needs no sparing: every run tries it. */
static bool
is_remembered(const MpOutbound *outbound)
{
    return outbound->instance->config->transport == MP_TRANSPORT_SMTP;
}

/* The mutex is held. An outcome that cannot be written ends the run, so this does as well. */
static void
save(MpOutbound *outbound)
{
    GError *error = NULL;

    if (!is_remembered(outbound) ||
        mp_server_save(outbound->server, outbound->instance->outbox, &error))
        return;
    if (outbound->fatal == NULL)
        outbound->fatal = g_steal_pointer(&error);
    g_clear_error(&error);
}

/* Told once for each outage: cron would tell an administrator every minute. */
static void
tell(const MpServer *server, MpServerState state, const char *reply)
{
    MpLogLevel level = server->state == state ? MP_LOG_DEBUG : MP_LOG_WARN;

    if (state == MP_SERVER_DOWN)
        mp_log(level, "The server cannot be reached, everything waits: %s", reply);
    else
        mp_log(level, "The server turns us away, everything waits until that is mended: %s", reply);
}

/* The mutex is held. */
static void
note_failure(MpOutbound *outbound, MpServerState state, int code, const char *reply)
{
    if (outbound->is_down)
        return; /* another connection found it out already */
    outbound->is_down = true;
    tell(outbound->server, state, reply);
    mp_server_failed(outbound->server, state, code, reply, outbound->settings, mp_time_now());
    save(outbound);
}

void
mp_outbound_server_failed(MpOutbound *outbound, MpSendResult result, int code, const char *reply)
{
    g_mutex_lock(&outbound->mutex);
    note_failure(outbound, result == MP_STOPPED ? MP_SERVER_STOPPED : MP_SERVER_DOWN, code, reply);
    g_mutex_unlock(&outbound->mutex);
}

/* The mutex is held. */
static void
note_success(MpOutbound *outbound)
{
    MpServer *server = outbound->server;

    outbound->is_on_trial = false;
    if (server->state == MP_SERVER_UP || outbound->is_down) /* found so after this was begun */
        return;
    mp_info("The server is back after %" G_GINT64_FORMAT " s", mp_time_now() - server->since);
    mp_server_works(server, mp_time_now(), outbound->instance->config->smtp_give_up);
    save(outbound);
}

/* A message was taken: nothing before it was about us. */
static void
note_taken(MpOutbound *outbound, const char *to)
{
    MpServer *server = outbound->server;

    g_mutex_lock(&outbound->mutex);
    note_success(outbound);
    if (mp_server_accept(server, to))
        save(outbound);
    g_mutex_unlock(&outbound->mutex);
}

/* --- Suspicions ----------------------------------------------------------------------------- */

static MpSendResult
of_the_recipient(int code)
{
    return code / 100 == 5 ? MP_REFUSED : MP_DEFERRED;
}

/* Asks about somebody whose mail was taken before, and whose domain is none of the suspects: it is
 * one if it refuses as well. MP_SUSPECTED where there is nobody to ask about. */
static MpSendResult
ask_about(MpOutbound *outbound, MpSmtp *smtp, const char *sender, char **reply, int *code)
{
    g_autofree char *to = g_strdup(mp_server_whom_to_ask(outbound->server));
    MpSendResult result = MP_SUSPECTED;

    if (to != NULL)
        result = mp_smtp_probe(smtp, sender, to, reply, code);
    if (to != NULL && result == MP_SUSPECTED)
        mp_server_suspect(outbound->server, to);
    return result;
}

/* The mutex is held. Several domains refuse alike. Where there is nobody to ask about, it counts as
 * stopped, and the messages themselves try it. */
static MpSendResult
ask_about_us(MpOutbound *outbound, MpSmtp *smtp, const char *sender, int code, const char *reply)
{
    MpServer *server = outbound->server;
    MpSendResult result = MP_SUSPECTED;
    int said = 0;

    for (int i = 0; i < QUESTIONS && result == MP_SUSPECTED; i++)
        result = ask_about(outbound, smtp, sender, NULL, &said);
    if (result == MP_SUSPECTED) {
        g_free(server->sender);
        server->sender = g_strdup(sender);
        note_failure(outbound, MP_SERVER_STOPPED, code, reply);
        return MP_STOPPED;
    }
    if (said == 0) /* no answer, and so nothing is known */
        return MP_SUSPECTED;
    g_ptr_array_set_size(server->suspects, 0);
    outbound->is_cleared = true;
    save(outbound);
    return of_the_recipient(code);
}

static MpSendResult
judge_suspicion(MpOutbound *outbound, MpSmtp *smtp, const MpOutgoingMail *mail, int code,
                const char *reply)
{
    MpSendResult result = MP_SUSPECTED;

    g_mutex_lock(&outbound->mutex);
    if (outbound->is_cleared)
        result = of_the_recipient(code);
    else if (outbound->is_down)
        result = MP_STOPPED;
    else if (mp_server_suspect(outbound->server, mail->recipient) >= SUSPICIOUS_DOMAINS)
        result = ask_about_us(outbound, smtp, mail->sender, code, reply);
    else
        save(outbound);
    g_mutex_unlock(&outbound->mutex);
    return result;
}

MpSendResult
mp_outbound_judge(MpOutbound *outbound, MpSmtp *smtp, const MpOutgoingMail *mail,
                  MpSendResult result, int code, const char *reply)
{
    if (result == MP_SENT)
        note_taken(outbound, mail->recipient);
    return result == MP_SUSPECTED ? judge_suspicion(outbound, smtp, mail, code, reply) : result;
}

/* --- At the start of a pass ------------------------------------------------------------------- */

/* Up to the login, and where it refused what we want to send, whether it takes it now. */
static MpSendResult
look(MpOutbound *outbound, MpSmtp *smtp, char **reply, int *code)
{
    MpServer *server = outbound->server;
    MpSendResult result = mp_smtp_probe(smtp, NULL, NULL, reply, code);

    if (result != MP_SENT || server->sender == NULL)
        return result;
    if (mp_server_whom_to_ask(server) == NULL) { /* the first message that is taken ends the stop */
        outbound->is_on_trial = true;
        g_ptr_array_set_size(server->suspects, 0);
        return MP_SENT;
    }
    g_clear_pointer(reply, g_free);
    result = ask_about(outbound, smtp, server->sender, reply, code);
    if (result == MP_SUSPECTED)
        return MP_STOPPED;
    return *code != 0 ? MP_SENT : result; /* that person's mailbox has its own faults */
}

bool
mp_outbound_server_answers(MpOutbound *outbound)
{
    g_autofree char *reply = NULL;
    MpSmtp *smtp = g_async_queue_pop(outbound->sessions);
    int code = 0;
    MpSendResult result = look(outbound, smtp, &reply, &code);

    g_async_queue_push_front(outbound->sessions, smtp);
    if (result != MP_SENT) {
        mp_outbound_server_failed(outbound, result, code, reply);
        return false;
    }
    g_mutex_lock(&outbound->mutex);
    if (!outbound->is_on_trial)
        note_success(outbound);
    g_mutex_unlock(&outbound->mutex);
    return true;
}

bool
mp_outbound_server_is_due(MpOutbound *outbound)
{
    const MpServer *server = outbound->server;
    g_autofree char *settings = settings_of(outbound);

    if (is_remembered(outbound) && !mp_server_is_due(server, settings, mp_time_now()))
        return false;
    if (server->state != MP_SERVER_UP || g_strcmp0(outbound->settings, settings) != 0)
        mp_outbound_close_sessions(outbound);
    g_free(outbound->settings);
    outbound->settings = g_steal_pointer(&settings);
    return true;
}
