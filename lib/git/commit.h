/* The author of a commit, and the result of moving the branch. */
#pragma once

#include <glib.h>

/* The author of a commit of the batch. */
typedef struct {
    guint64 user;
    const char *login, *name;
    gint64 date;     /* author date */
    gint64 received; /* committer date */
} MpActor;

/* The program itself, now: for what is nobody's deed. */
MpActor mp_program_actor(void);

typedef enum {
    MP_COMMITTED, /* durable and visible; also when the batch holds nothing */
    MP_CONFLICT,  /* somebody moved the branch: nothing changed; refresh, rebuild, try again */
    MP_UNFOUNDED, /* what it was decided on is not so any more, or *error says why nobody knows:
                     nothing changed; decide and build it again */
    MP_FAILED,    /* *error says why; nothing changed. MP_ERROR_REFUSED: the remote's hook or checks
                     refuse what is in it */
} MpCommitResult;
