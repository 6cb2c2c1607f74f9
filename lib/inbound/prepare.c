/*
 * Preparing: what a mail says, and what of it a person wrote, does not hang on who is faster. So it
 * is found on the tracker and the accounts that are known, while something else is waited for: a
 * push, or our turn. What is decided is decided after that, and nothing that was found before
 * counts if it would be found otherwise then: see forget_stale() in extract.c.
 */
#include "inbound/internal.h"
#include "tracker/share.h"

#define PIECE 8 /* mails, between two looks at what is waited for */

static GPtrArray *
next_piece(const GPtrArray *deliveries)
{
    GPtrArray *piece = g_ptr_array_sized_new(PIECE);

    for (guint i = 0; i < deliveries->len && piece->len < PIECE; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_prepared)
            g_ptr_array_add(piece, delivery);
        delivery->is_prepared = true;
    }
    return piece;
}

/* What goes wrong with a mail here is told when it is decided, if it does then. */
static bool
look(MpInbound *inbound, const GPtrArray *deliveries, bool *is_in_doubt, GError **error)
{
    inbound->is_in_doubt = false;
    inbound->is_unsure = true;
    bool good = mp_inbound_look(inbound, deliveries, error);
    *is_in_doubt = inbound->is_in_doubt;
    inbound->is_unsure = inbound->is_in_doubt = false;
    return good;
}

static bool
prepare_piece(MpInbound *inbound, const GPtrArray *deliveries, bool *is_done, GError **error)
{
    g_autoptr(GPtrArray) piece = next_piece(deliveries);
    bool is_in_doubt;

    *is_done = piece->len == 0;
    return *is_done ||
           (mp_inbound_parse(inbound, piece, error) && look(inbound, piece, &is_in_doubt, error));
}

/* Parses and looks at those that were not yet; what is found is old once they are judged. */
static bool
prepare_all(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    bool is_done = false;

    while (!is_done)
        if (!prepare_piece(inbound, deliveries, &is_done, error))
            return false;
    return true;
}

bool
mp_inbound_look_meanwhile(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    bool is_in_doubt;

    inbound->is_looked_at = false;
    if (inbound->tell != NULL || !mp_tracker_is_shared(inbound->instance->tracker))
        return true;
    if (inbound->instance->is_turn_due)
        return prepare_all(inbound, deliveries, error);
    mp_rate_begin(inbound->instance->rate);
    if (!look(inbound, deliveries, &is_in_doubt, error))
        return false;
    inbound->is_looked_at = !is_in_doubt;
    return true;
}

/* While a push is on its way. */
static bool
prepare_ahead(gpointer data)
{
    MpInbound *inbound = data;
    bool is_done = true;

    return inbound->ahead != NULL && inbound->why_ahead == NULL &&
           prepare_piece(inbound, inbound->ahead, &is_done, &inbound->why_ahead) && !is_done;
}

void
mp_inbound_prepare_beside(MpInbound *inbound, bool whether)
{
    mp_tracker_work_beside(inbound->instance->tracker, whether ? prepare_ahead : NULL, inbound);
}
