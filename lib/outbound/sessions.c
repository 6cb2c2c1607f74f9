/* The connections of a notifier: as many as are configured, kept open while there is work. */
#include "outbound/internal.h"

#define RETIRED_FOR (60 * G_USEC_PER_SEC)

bool
mp_outbound_open_sessions(MpOutbound *outbound, GError **error)
{
    const MpConfig *config = outbound->instance->config;
    g_autofree char *kept = mp_config_path(config, "outbox/" MP_OUTBOX_CONVERSATIONS);

    if (g_get_monotonic_time() >= outbound->retired_until)
        g_ptr_array_set_size(outbound->retired, 0);
    while ((int)(outbound->live + outbound->retired->len) < config->smtp_connections) {
        MpSmtp *smtp = mp_smtp_open(config, error);

        if (smtp == NULL)
            return false;
        mp_smtp_keep(smtp, kept);
        g_async_queue_push(outbound->sessions, smtp);
        outbound->live++;
    }
    return true;
}

void
mp_outbound_close_sessions(MpOutbound *outbound)
{
    MpSmtp *smtp;

    while ((smtp = g_async_queue_try_pop(outbound->sessions)) != NULL)
        mp_smtp_close(smtp);
    g_ptr_array_set_size(outbound->retired, 0);
    outbound->live = 0;
}

bool
mp_outbound_retire(MpOutbound *outbound, MpSmtp *smtp, MpSendResult result, int code,
                   const char *reply)
{
    bool is_last;

    g_mutex_lock(&outbound->mutex);
    is_last = outbound->live <= 1 || result == MP_STOPPED;
    if (!is_last) {
        outbound->live--;
        outbound->retired_until = g_get_monotonic_time() + RETIRED_FOR;
        g_ptr_array_add(outbound->retired, smtp);
    }
    g_mutex_unlock(&outbound->mutex);
    if (is_last) { /* a login that was refused is not tried with the next connection */
        mp_outbound_server_failed(outbound, result, code, reply);
        g_async_queue_push(outbound->sessions, smtp);
    }
    return !is_last;
}
