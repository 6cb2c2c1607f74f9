/* Opening what a pass needs; and whether it goes on. */
#include "outbound/internal.h"

MpOutbound *
mp_outbound_new(const MpInstance *instance, bool (*is_stopped)(void), GError **error)
{
    MpServer *server = mp_server_load(instance->outbox, error);

    if (server == NULL)
        return NULL;
    MpOutbound *outbound = g_new0(MpOutbound, 1);
    outbound->instance = instance;
    outbound->is_stopped = is_stopped;
    outbound->server = server;
    outbound->configured = mp_server_settings((const char *const[]){instance->config->file, NULL});
    outbound->ledger = mp_ledger_new(instance->config->data);
    outbound->skipped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    outbound->sessions = g_async_queue_new_full((GDestroyNotify)mp_smtp_close);
    outbound->destinations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    outbound->turns = g_hash_table_new(NULL, NULL);
    outbound->retired = g_ptr_array_new_with_free_func((GDestroyNotify)mp_smtp_close);
    outbound->held = mp_digests_held();
    outbound->windows = mp_outbound_windows();
    outbound->noted = mp_digests_new();
    g_mutex_init(&outbound->reading);
    g_mutex_init(&outbound->mutex);
    g_cond_init(&outbound->changed);
    return outbound;
}

void
mp_outbound_free(MpOutbound *outbound)
{
    if (outbound == NULL)
        return;
    mp_pool_free(outbound->pool);
    g_ptr_array_unref(outbound->retired);
    g_hash_table_unref(outbound->destinations);
    g_hash_table_unref(outbound->turns);
    g_async_queue_unref(outbound->sessions);
    g_hash_table_unref(outbound->skipped);
    g_clear_pointer(&outbound->bounces, g_ptr_array_unref);
    g_hash_table_unref(outbound->held);
    g_hash_table_unref(outbound->windows);
    g_ptr_array_unref(outbound->noted);
    g_clear_error(&outbound->fatal);
    mp_server_free(outbound->server);
    g_free(outbound->configured);
    g_free(outbound->settings);
    mp_ledger_free(outbound->ledger);
    g_mutex_clear(&outbound->reading);
    g_mutex_clear(&outbound->mutex);
    g_cond_clear(&outbound->changed);
    g_free(outbound);
}

bool
mp_outbound_is_over(MpOutbound *outbound)
{
    bool is_over;

    g_mutex_lock(&outbound->mutex);
    is_over = outbound->is_down || outbound->fatal != NULL;
    g_mutex_unlock(&outbound->mutex);
    return is_over || outbound->is_stopped() || mp_outbox_is_halted(outbound->instance->outbox);
}

void
mp_outbound_fail(MpOutbound *outbound, GError *error)
{
    g_mutex_lock(&outbound->mutex);
    if (outbound->fatal == NULL)
        outbound->fatal = g_steal_pointer(&error);
    g_mutex_unlock(&outbound->mutex);
    g_clear_error(&error);
}
