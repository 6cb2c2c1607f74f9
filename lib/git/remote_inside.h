/* Inside of lib/git: the git program for a remote, and what it says. */
#pragma once

#include "base/error.h"
#include "base/process.h"
#include "git/exchange.h"
#include "git/remote.h"

/* Starts git with these words, in the repository at `path`; `also` as in mp_process_begin(). */
MpRunning *mp_remote_start(MpRemote *remote, const char *path, const char *const *words, int also,
                           GError **error);
void mp_remote_add_words(GPtrArray *argv, const char *const *words);

/* Whether the way is ours. */
bool mp_remote_goes_itself(MpRemote *remote, const char *path);

/* The server said something that we did not understand, or cannot do what we ask: for a while it is
 * the program's. */
void mp_remote_leave_to_git(MpRemote *remote);

/* Begins an exchange, or NULL: it is for the program. */
MpExchange *mp_remote_exchange(MpRemote *remote, const char *path, MpService service);

/* Fails with what it said, a limited part of it on one line. */
bool mp_remote_complain(const MpRemote *remote, const char *verb, const MpProcess *git,
                        MpErrorKind kind, GError **error);

/* What a push that failed came to. */
MpPush mp_remote_meaning(const MpProcess *git);
