/* What a run has done, and how much more it may do. */
#include "outbound/internal.h"

void
mp_outbound_watch(MpOutbound *outbound, MpOutboundWatch watch, gpointer user_data)
{
    outbound->watch = watch;
    outbound->watch_data = user_data;
}

void
mp_outbound_limit(MpOutbound *outbound, guint messages)
{
    outbound->is_limited = true;
    outbound->left = messages;
}

MpOutboundCounts
mp_outbound_counts(MpOutbound *outbound)
{
    MpOutboundCounts counts;

    g_mutex_lock(&outbound->mutex);
    counts = outbound->counts;
    g_mutex_unlock(&outbound->mutex);
    return counts;
}

bool
mp_outbound_is_spent(MpOutbound *outbound)
{
    bool is_spent;

    g_mutex_lock(&outbound->mutex);
    is_spent = outbound->is_limited && outbound->left == 0;
    g_mutex_unlock(&outbound->mutex);
    return is_spent;
}

bool
mp_outbound_spend(MpOutbound *outbound)
{
    bool may;

    g_mutex_lock(&outbound->mutex);
    may = !outbound->is_limited || outbound->left > 0;
    if (may && outbound->is_limited)
        outbound->left--;
    g_mutex_unlock(&outbound->mutex);
    return may;
}

void
mp_outbound_give_back(MpOutbound *outbound)
{
    g_mutex_lock(&outbound->mutex);
    outbound->left += outbound->is_limited;
    g_mutex_unlock(&outbound->mutex);
}

void
mp_outbound_count_due(MpOutbound *outbound, guint messages)
{
    g_mutex_lock(&outbound->mutex);
    outbound->counts.due += messages;
    g_mutex_unlock(&outbound->mutex);
}

void
mp_outbound_count(MpOutbound *outbound, MpEventRecipientState outcome)
{
    MpOutboundCounts *counts = &outbound->counts;

    g_mutex_lock(&outbound->mutex);
    counts->done++;
    counts->sent += outcome == MP_RECIPIENT_SENT;
    counts->deferred += outcome == MP_RECIPIENT_DEFERRED;
    counts->failed += outcome == MP_RECIPIENT_FAILED;
    counts->dropped += outcome == MP_RECIPIENT_DROPPED;
    if (outbound->watch != NULL)
        outbound->watch(counts, outbound->watch_data);
    g_mutex_unlock(&outbound->mutex);
}
