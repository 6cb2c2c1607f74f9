/*
 * Turns: the messages to one person go out one after the other, in the order in which they were
 * handed out, whatever connections there are. One whose turn comes before the one before it is done
 * with waits aside, and is the pool's first task then: nobody else waits for it, and one that is
 * deferred holds up none.
 */
#include "outbound/internal.h"

/* Those to an operator, who is no account, are on their own. */
static gpointer
person(const MpDispatch *m)
{
    return GSIZE_TO_POINTER(m->recipient->user);
}

void
mp_turn_take(MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;
    MpDispatch *last;

    if (person(m) == NULL)
        return;
    g_mutex_lock(&outbound->mutex);
    last = g_hash_table_lookup(outbound->turns, person(m));
    if (last != NULL)
        last->behind = m;
    m->is_behind = last != NULL;
    g_hash_table_insert(outbound->turns, person(m), m);
    g_mutex_unlock(&outbound->mutex);
}

bool
mp_turn_has_come(MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;
    bool has_come;

    g_mutex_lock(&outbound->mutex);
    has_come = !m->is_behind;
    m->is_waiting = m->is_behind;
    g_mutex_unlock(&outbound->mutex);
    return has_come;
}

void
mp_turn_end(MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;
    MpDispatch *waiting = NULL;

    g_mutex_lock(&outbound->mutex);
    if (g_hash_table_lookup(outbound->turns, person(m)) == m)
        g_hash_table_remove(outbound->turns, person(m));
    if (m->behind != NULL) {
        waiting = m->behind->is_waiting ? m->behind : NULL;
        m->behind->is_behind = m->behind->is_waiting = false;
    }
    g_mutex_unlock(&outbound->mutex);
    if (waiting != NULL)
        mp_pool_return(outbound->pool, waiting);
}
