/*
 * Inside of lib/watch: the doorbells that hooks ring, and what they say of who pushed.
 *
 *   SPOOL/acme,rocket,1000    "pusher kate", then lines of "OLD NEW REF" as a post-receive hook has
 *                             them; the user 1000 pushed to acme/rocket
 *   SPOOL/acme,rocket,1000,7  one that a run has heard, and not told yet: if that dies, or what was
 *                             pushed could not be read, the next run hears it, for a day at most
 *
 * Anybody in the spool's group can leave anything there. A bell says that a look is worth it, and
 * nothing else but to whom it belongs; who pushed is taken from it only where the file's owner owns
 * the repository, or may say so by [repositories] pusher-uids.
 */
#pragma once

#include "watch/internal.h"

typedef struct {
    char *repository;
    char *file;      /* its name in the spool, or NULL: it is not there any more */
    uid_t owner;     /* of the file */
    char *pusher;    /* one line, or NULL */
    GPtrArray *refs; /* char *, "NEW REF", by mp_escape() */
} MpBell;

void mp_bell_free(MpBell *bell);

/*
 * What has rung in the spool, at most 10,000 files at a time: MpBell, the caller's. `heard` has the
 * names of those that were heard before. Each is kept there, under a name that no hook uses, until
 * what it says was told. Whatever else lies there is deleted. A spool that is not there, or cannot
 * be read, has no bells.
 */
GPtrArray *mp_bells_hear(const char *directory, GHashTable *heard);

/* It was told: its file is deleted. */
void mp_bell_end(const char *directory, const MpBell *bell);

/* So were those (MpBell) from `first` on: they are no more, here and in `heard`. */
void mp_bells_end(const char *directory, GPtrArray *bells, guint first, GHashTable *heard);

/* Who moved the ref to `after` (NULL: deleted it) by what bells (MpBell, or NULL) say, where all
 * that may be believed say the same; else NULL. Points into them. */
const char *mp_bells_pusher(const GPtrArray *bells, const MpConfig *config, uid_t owner,
                            const char *ref, const char *after);
