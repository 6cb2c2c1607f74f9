/* What git said of a fetch or push. Inside of lib/git. */
#pragma once

#include "base/error.h"
#include "base/process.h"
#include "git/remote.h"

/* Fails with what it said, a limited part of it on one line. */
bool mp_remote_complain(const MpRemote *remote, const char *verb, const MpProcess *git,
                        MpErrorKind kind, GError **error);

/* What a push that failed came to. */
MpPush mp_remote_meaning(const MpProcess *git);
