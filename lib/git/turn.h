/*
 * Turns of hosts that outrun each other.
 *
 * Who builds on the tip that it knows, and does not look first, is always faster than who has just
 * been outrun: one host with much mail would keep all others out. So who was outrun takes the
 * turn: a ref of the remote (refs/metroplex/turn) that says who has it. Every push wants it to be
 * nobody's or the pusher's, in the same push as the branch, so that this costs nothing while nobody
 * wants it; what was begun to be built before somebody took it may still come. With the batch that
 * was waited for, or without one, it is given back; and whoever gave
 * it back leaves others the time to take it, before it wants it again.
 *
 * It is a courtesy and no lock: what may be pushed is decided by the branch alone. Whoever dies
 * with the turn is passed over after some seconds.
 */
#pragma once

#include "git/store.h"

#define MP_TURN "refs/metroplex/turn"

/* Makes the ref at the remote, and ours, which says that it is there; where the remote takes no
 * such ref, there are no turns. */
bool mp_turn_join(MpStore *store, GError **error);

/* What a push adds to its moves where there are turns; how many, one at most. */
guint mp_turn_moves(MpStore *store, MpMove *moves);

/* After such a push, with what was added to it or NULL. */
void mp_turn_note_push(MpStore *store, const MpMove *turn);

/* Whether the next push is to keep it for another, where there is more to come: what others pushed
 * was fetched for the first one. Without that push it is given back as ever. */
void mp_store_keep_turn(MpStore *store, bool whether);
bool mp_store_has_turn(const MpStore *store);

/*
 * Lets others go first, once they were faster `attempt` times: until the turn is ours, a minute and
 * a half at most, and not where the run is to end; a random while where there are no turns. What
 * they push meanwhile is followed. What is known of the branch is old afterwards, for the next
 * mp_store_fetch() to mend, which may find that all of it is here.
 */
bool mp_store_make_way(MpStore *store, guint attempt, GError **error);

/* Gives it back, if it is ours and not kept. A turn that is not given back costs the others some
 * seconds. */
void mp_store_leave_turn(MpStore *store);
