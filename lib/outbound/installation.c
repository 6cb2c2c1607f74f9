/* Opening what an installation consists of, each command as much as it needs. */
#include "outbound/outbound.h"

#include "base/error.h"
#include "base/log.h"

void
installation_clear(Installation *i)
{
    g_clear_pointer(&i->lock, mp_lock_release);
    g_clear_pointer(&i->server, mp_server_free);
    g_clear_pointer(&i->ring, mp_key_ring_free);
    g_clear_pointer(&i->accounts, mp_accounts_free);
    g_clear_pointer(&i->tracker, mp_tracker_free);
    g_clear_pointer(&i->outbox, mp_outbox_free);
    g_clear_pointer(&i->config, mp_config_free);
}

bool
installation_load(Installation *i, const MpOptions *options, GError **error)
{
    i->config = mp_config_load(options->config_file, options->data, error);
    return i->config != NULL && mp_become_owner(i->config->data, error);
}

bool
installation_open_log(Installation *i, GError **error)
{
    return mp_log_open(i->config->log_directory, "notifier.log", (MpLogLevel)i->config->log_level,
                       error);
}

bool
installation_open_outbox(Installation *i, GError **error)
{
    g_autofree char *path = mp_config_path(i->config, "outbox");

    i->outbox = mp_outbox_open(path, error);
    return i->outbox != NULL;
}

bool
installation_open_tracker(Installation *i, GError **error)
{
    g_autofree char *tracker = mp_config_path(i->config, "tracker.git");
    g_autofree char *accounts = mp_config_path(i->config, "accounts.git");

    i->tracker = mp_tracker_open(tracker, i->config->hostname, error);
    if (i->tracker == NULL)
        return false;
    i->accounts = mp_accounts_open(accounts, i->config->hostname, error);
    return i->accounts != NULL;
}

bool
installation_open_keys(Installation *i, GError **error)
{
    i->ring = mp_key_ring_load(i->config->keys, error);
    return i->ring != NULL;
}

bool
installation_lock(Installation *i, MpLockMode mode, GError **error)
{
    g_autofree char *path = mp_config_path(i->config, "outbox/lock");

    i->lock = mp_lock_take(path, mode, error);
    return i->lock != NULL;
}

gint64
now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}
