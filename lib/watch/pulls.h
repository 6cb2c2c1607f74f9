/*
 * Pull requests and their branches: what is new since it was last told (tracker/pulls.h).
 *
 * Nothing is an event but a difference: pushed to, merged (the head came into the base), closed
 * (the head is gone). So it does not matter when, or how often, it is looked.
 */
#pragma once

#include "instance/instance.h"
#include "tracker/pulls.h"

/*
 * Looks up what a pull request that is to be opened would change. MP_ERROR_INPUT where its
 * repository does not have the branches, or the head has nothing that the base has not. *changes
 * (the caller's) and *told stay empty where there is no such repository: it is looked for later.
 */
bool mp_pull_look(const MpInstance *instance, const MpThread *facts, MpPullTold *told,
                  MpChanges **changes, GError **error);
void mp_pull_told_clear(MpPullTold *told);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpPullTold, mp_pull_told_clear)

/*
 * Tells what became of pull requests, in one transaction a repository, of bounded work; *is_left
 * says whether there is more. Takes the data directory's lock only where something is to be told.
 * What cannot be read now is left for the next time, with a warning when that begins (*states, as
 * that of mp_watch_note_state()). `bells`: by the name of a repository, its MpBell (GPtrArray).
 */
bool mp_pulls_pass(MpInstance *instance, GHashTable *bells, GHashTable **states, bool *is_left,
                   GError **error);
