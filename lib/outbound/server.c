/*
 * The server, as a pass knows it. The server's state is kept apart from the
 * messages': while it is away nothing is tried, counted or given up, and one connection looks for
 * it now and then. What it says of one recipient stops nobody, unless it says so to all.
 */
#include "outbound/internal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"

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

/* An outcome that cannot be written ends the run, so this does as well. */
void
mp_outbound_save_server(MpOutbound *outbound)
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
    MpLogLevel level = server->state >= state ? MP_LOG_DEBUG : MP_LOG_WARN;

    if (state == MP_SERVER_DOWN)
        mp_log(level, "The server cannot be reached, everything waits: %s", reply);
    else
        mp_log(level, "The server turns us away, everything waits until that is mended: %s", reply);
}

void
mp_outbound_note_failure(MpOutbound *outbound, MpServerState state, int code, const char *reply)
{
    if (outbound->is_down)
        return; /* another connection found it out already */
    outbound->is_down = true;
    tell(outbound->server, state, reply);
    mp_server_failed(outbound->server, state, code, reply, outbound->settings, mp_time_now());
    mp_outbound_save_server(outbound);
}

void
mp_outbound_server_failed(MpOutbound *outbound, MpSendResult result, int code, const char *reply)
{
    g_mutex_lock(&outbound->mutex);
    mp_outbound_note_failure(outbound, result == MP_STOPPED ? MP_SERVER_STOPPED : MP_SERVER_DOWN,
                             code, reply);
    g_mutex_unlock(&outbound->mutex);
}

/* Once for each stop, whatever dies between this and the record's next state: the KEY is the
 * stop's.
 */
static bool
announce_end(MpOutbound *outbound, GError **error)
{
    const MpInstance *instance = outbound->instance;
    const MpServer *server = outbound->server;
    g_autofree char *key = g_strdup_printf("mended-%" G_GINT64_FORMAT, server->since);
    const MpEvent event = {.key = key,
                           .kind = MP_EVENT_MENDED,
                           .created = mp_time_now(),
                           .host = instance->host,
                           .address = instance->config->administrator,
                           .stopped = server->since,
                           .why = server->reply != NULL ? server->reply : (char *)"-"};
    g_auto(MpFd) fd = -1;

    if (server->state != MP_SERVER_STOPPED || event.address[0] == '\0')
        return true;
    g_autoptr(MpQueued) told = mp_outbox_find(instance->outbox, key, error);
    return told != NULL ||
           (*error == NULL && mp_outbox_submit(instance->outbox, &event, &fd, error));
}

void
mp_outbound_note_success(MpOutbound *outbound)
{
    MpServer *server = outbound->server;
    g_autoptr(GError) error = NULL;

    if (outbound->trial != MP_NO_TRIAL)
        g_cond_broadcast(&outbound->changed); /* all others may go */
    outbound->trial = MP_NO_TRIAL;
    if (server->state == MP_SERVER_UP || outbound->is_down) /* found so after this was begun */
        return;
    if (!announce_end(outbound, &error))
        mp_warn("The administrator is not told: %s", error->message);
    mp_info("The server is back after %" G_GINT64_FORMAT " s", mp_time_now() - server->since);
    mp_server_works(server, mp_time_now(), outbound->instance->config->smtp_give_up);
    mp_outbound_save_server(outbound);
}

/* --- At the start of a pass ------------------------------------------------------------------- */

/* Up to the login, and where it refused what we want to send, whether it takes it now. */
static MpSendResult
look(MpOutbound *outbound, MpSmtp *smtp, char **reply, int *code)
{
    MpSendResult result = mp_smtp_probe(smtp, NULL, NULL, reply, code);

    if (result != MP_SENT || outbound->server->sender == NULL)
        return result;
    g_clear_pointer(reply, g_free);
    return mp_outbound_ask_again(outbound, smtp, reply, code);
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
    if (outbound->trial == MP_NO_TRIAL)
        mp_outbound_note_success(outbound);
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
