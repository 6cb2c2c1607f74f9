/* Repositories: their policies, and the addresses that open a thread in them. */
#pragma once

#include "tracker/tracker.h"

/* The public address of a first mail: the short one, else OWNER/NAME; NULL where no thread is
 * opened by mail, or the name is longer than a local part may be. The caller's. */
char *mp_repository_address(const MpRepository *repository, const char *hostname);

/* The repository that has this local part (address/opening.h) for its address, short or OWNER/NAME
 * in any case; *repository stays NULL where nobody has set such a one. False for errors only. */
bool mp_tracker_repository_at(MpTracker *tracker, const char *local, MpRepository **repository,
                              GError **error);

/* Calls `visit` for each repository that somebody has set, by name, until it returns false. */
typedef bool (*MpRepositoryVisit)(const MpRepository *repository, gpointer user_data);
bool mp_tracker_foreach_repository(MpTracker *tracker, MpRepositoryVisit visit, gpointer user_data,
                                   GError **error);

/* Writes a repository's record anew. MP_ERROR_INPUT for a name or an address that is taken for
 * another's. */
bool mp_batch_set_repository(MpBatch *batch, const MpRepository *repository, const char *what,
                             const MpActor *actor, GError **error);
