/*
 * The domains that messages go to. Each has a bounded number of connections at a time, half of them
 * at first, so that one that stalls leaves the others theirs: more when it takes what it is sent,
 * fewer when it is slow. One that lets a message time out gets nothing for a while, and then one
 * message at a time until it takes one. What is too much at the moment is set aside, in order, and
 * goes back to the pool with the next that is done.
 */
#include "outbound/internal.h"

#include <string.h>

#include "base/escape.h"
#include "base/time.h"

#define SLOW_US (10 * G_USEC_PER_SEC) /* a message that took longer is none that makes us trust */

struct MpDestination {
    guint limit, in_flight;
    guint on_the_way; /* given back to the pool, and not begun again */
    GQueue waiting;   /* MpDispatch */
};

static const char *
domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at != NULL ? at + 1 : address;
}

static guint
most_connections(const MpOutbound *outbound)
{
    const MpConfig *config = outbound->instance->config;
    int most = config->domain_connections > 0 ? config->domain_connections : G_MAXINT;

    return (guint)MIN(config->smtp_connections, most);
}

static guint
first_limit(const MpOutbound *outbound, const char *address)
{
    guint half = MAX(1, (guint)outbound->instance->config->smtp_connections / 2);

    return mp_server_has_stalled(outbound->server, address) ? 1
                                                            : MIN(half, most_connections(outbound));
}

/* The mutex is held. */
static MpDestination *
find(MpOutbound *outbound, const char *address)
{
    g_autofree char *domain = g_ascii_strdown(domain_of(address), -1);
    MpDestination *destination;

    destination = g_hash_table_lookup(outbound->destinations, domain);
    if (destination == NULL) {
        destination = g_new0(MpDestination, 1);
        destination->limit = first_limit(outbound, address);
        g_queue_init(&destination->waiting);
        g_hash_table_insert(outbound->destinations, g_steal_pointer(&domain), destination);
    }
    return destination;
}

/* The mutex is held. It is rendered again when its turn comes. */
static MpAdmission
set_aside(MpDispatch *m)
{
    mp_dispatch_empty(m);
    g_queue_push_tail(&m->destination->waiting, m);
    return MP_SET_ASIDE;
}

/* The mutex is held. True if the domain stalls: the attempt says so. */
static bool
put_off(MpDispatch *m)
{
    const MpServer *server = m->announcement->outbound->server;

    if (!mp_server_lets_wait(server, m->mail->recipient, mp_time_now()))
        return false;
    g_autofree char *shown = mp_escape(domain_of(m->mail->recipient));
    m->attempt.outcome = MP_RECIPIENT_DEFERRED;
    m->attempt.is_uncounted = true;
    m->reply = g_strdup_printf("not tried: no answer in time to the last message to %s", shown);
    return true;
}

/* The mutex is held. Whether one may take over the connection of another of this domain. */
static bool
keeps_its_connection(const MpDestination *destination)
{
    return destination->in_flight + destination->on_the_way <= destination->limit;
}

/* The mutex is held. What is new stands behind those that wait. */
static MpPlace
find_place(const MpDestination *destination, const MpDispatch *current, bool is_new)
{
    if (is_new && destination->waiting.length > 0)
        return MP_PLACE_ASIDE;
    if (current != NULL && current->destination == destination && keeps_its_connection(destination))
        return MP_PLACE_NEXT;
    return destination->in_flight + destination->on_the_way < destination->limit
               ? MP_PLACE_IN_FLIGHT
               : MP_PLACE_ASIDE;
}

/* The mutex is held. */
static MpAdmission
admit(MpDispatch *m, const MpDispatch *current)
{
    bool is_new = m->destination == NULL;

    if (is_new)
        m->destination = find(m->announcement->outbound, m->mail->recipient);
    m->destination->on_the_way -= m->place == MP_PLACE_RETURNED;
    if (m->place != MP_PLACE_NEXT)
        m->place = MP_PLACE_NONE;
    if (put_off(m))
        return MP_PUT_OFF;
    if (m->place == MP_PLACE_NONE)
        m->place = find_place(m->destination, current, is_new);
    if (m->place == MP_PLACE_ASIDE)
        return set_aside(m);
    m->destination->in_flight += m->place == MP_PLACE_IN_FLIGHT;
    return MP_ADMITTED;
}

MpAdmission
mp_destination_admit(MpDispatch *m, const MpDispatch *current)
{
    MpOutbound *outbound = m->announcement->outbound;
    MpAdmission admission;

    if (m->mail == NULL || outbound->instance->config->transport != MP_TRANSPORT_SMTP)
        return MP_ADMITTED;
    g_mutex_lock(&outbound->mutex);
    admission = admit(m, current);
    g_mutex_unlock(&outbound->mutex);
    return admission;
}

MpDispatch *
mp_destination_next(const MpDispatch *current)
{
    MpOutbound *outbound = current->announcement->outbound;
    MpDestination *destination = current->destination;
    MpDispatch *next = NULL;

    if (destination == NULL)
        return NULL;
    g_mutex_lock(&outbound->mutex);
    if (keeps_its_connection(destination))
        next = g_queue_pop_head(&destination->waiting);
    if (next != NULL)
        next->place = MP_PLACE_NEXT;
    g_mutex_unlock(&outbound->mutex);
    return next;
}

bool
mp_destination_is_put_off(MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;
    bool is_put_off;

    if (m->destination == NULL)
        return false;
    g_mutex_lock(&outbound->mutex);
    is_put_off = put_off(m);
    g_mutex_unlock(&outbound->mutex);
    return is_put_off;
}

void
mp_destination_hand_over(MpDispatch *from, MpDispatch *to)
{
    MpOutbound *outbound = from->announcement->outbound;

    if (to == NULL || to->place != MP_PLACE_NEXT)
        return;
    g_mutex_lock(&outbound->mutex);
    to->destination->in_flight += from->place != MP_PLACE_IN_FLIGHT;
    from->place = MP_PLACE_NONE;
    to->place = MP_PLACE_IN_FLIGHT;
    g_mutex_unlock(&outbound->mutex);
}

/* --- What came of it -------------------------------------------------------------------------- */

/* The mutex is held. */
static void
note(MpOutbound *outbound, const MpDispatch *m, MpSendResult result, bool was_silent)
{
    MpDestination *destination = m->destination;
    const char *to = m->mail->recipient;
    bool is_slow = g_get_monotonic_time() - m->begun > SLOW_US, is_news = false;

    if (was_silent) {
        is_news = mp_server_stalled(outbound->server, to, mp_time_now());
        destination->limit = 1;
    } else if (m->attempt.code != 0) {
        is_news = mp_server_answered(outbound->server, to);
    }
    if (result == MP_SENT)
        destination->limit = is_slow ? MAX(1, destination->limit / 2)
                                     : MIN(destination->limit + 1, most_connections(outbound));
    if (is_news)
        mp_outbound_save_server(outbound);
}

void
mp_destination_note(const MpDispatch *m, MpSendResult result, bool was_silent)
{
    MpOutbound *outbound = m->announcement->outbound;

    if (m->destination == NULL)
        return;
    g_mutex_lock(&outbound->mutex);
    note(outbound, m, result, was_silent);
    g_mutex_unlock(&outbound->mutex);
}

/* The mutex is held. Those that waited longest become the pool's first tasks. */
static void
go_on(MpOutbound *outbound, MpDestination *destination)
{
    guint taken = destination->in_flight + destination->on_the_way;
    guint n = taken < destination->limit
                  ? MIN(destination->limit - taken, destination->waiting.length)
                  : 0;

    destination->on_the_way += n;
    for (; n > 0; n--) {
        MpDispatch *m = g_queue_pop_nth(&destination->waiting, n - 1);

        m->place = MP_PLACE_RETURNED;
        mp_pool_return(outbound->pool, m);
    }
}

void
mp_destination_leave(MpDispatch *m)
{
    MpOutbound *outbound = m->announcement->outbound;

    if (m->destination == NULL)
        return;
    g_mutex_lock(&outbound->mutex);
    m->destination->in_flight -= m->place == MP_PLACE_IN_FLIGHT;
    m->destination->on_the_way -= m->place == MP_PLACE_RETURNED;
    go_on(outbound, m->destination);
    g_mutex_unlock(&outbound->mutex);
}
