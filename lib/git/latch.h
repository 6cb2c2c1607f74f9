/*
 * A latch on a push: git connects and reads what the server has, which takes most of its time where
 * that is far away, and sends nothing before the latch is lifted. Where it is not, since we died or
 * want nothing sent any more, git ends and nothing was sent.
 *
 * It is the hook pre-push (githooks(5)), which waits for a word on its descriptor 3; the one of the
 * repository, if it has any, is not run then. Inside of lib/git.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/file.h"

typedef struct {
    MpFd theirs; /* descriptor 3 of git */
    MpFd ours;
    char *option; /* that git is started with, after -c */
} MpLatch;

/* Whether the hook is there and can be executed: git passes over one that is not. */
bool mp_latch_is_there(void);

bool mp_latch_make(MpLatch *latch, GError **error);
void mp_latch_lift(const MpLatch *latch);
void mp_latch_clear(MpLatch *latch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpLatch, mp_latch_clear)
