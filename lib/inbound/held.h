/*
 * Held mail: first mails that nobody has proved to be their author's yet. They lie in held/, and
 * each run decides them anew from what is known by then. Nobody else includes it.
 */
#pragma once

#include "inbound/inbound.h"

#define MP_HELD_DAYS   14
#define MP_HELD_MAILS  1000
#define MP_HELD_OCTETS (100 * 1024 * 1024)
#define MP_HELD_DOMAIN 20 /* of one registered domain of From (base/domain.h) */

/* How many are held, by domain; counted when one more is to be held, and kept up to date. */
typedef struct MpHeldStock MpHeldStock;

void mp_held_stock_free(MpHeldStock *stock);

/* Refuses what is one too many, the mails before it in the batch counted. */
bool mp_inbound_limit_held(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* Finds whether a mail to a public address answers one that is held: it waits with it. */
bool mp_inbound_find_held_answered(MpInbound *inbound, MpDelivery *delivery, GError **error);

/* Notes that a mail was moved to held/ or away from there. */
void mp_inbound_note_held(MpInbound *inbound, const MpDelivery *delivery);
