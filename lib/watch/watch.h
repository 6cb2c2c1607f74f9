/*
 * What happens in Git, told once: branches and tags of watched repositories, compared with what the
 * tracker says was told of them last.
 *
 * A repository is watched where `metroplex repository set` has made a policy for it, or a thread
 * was opened in it by command, and it lies below [repositories] root. The first look only remembers
 * what is there. From then on each difference becomes events, in one transaction with what was
 * told: so that it is the same whether a hook rang twice, never or at the wrong time, and whatever
 * a run died of.
 */
#pragma once

#include "instance/instance.h"

typedef struct MpWatch MpWatch;

MpWatch *mp_watch_new(MpInstance *instance);
void mp_watch_free(MpWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpWatch, mp_watch_free)

/* From here on all watched repositories are to be looked at: once a run. */
bool mp_watch_look_at_all(MpWatch *watch, GError **error);

/* Takes the doorbells that hooks have rung (bell.h): their repositories are looked at next. */
void mp_watch_listen(MpWatch *watch);

/* With the thread that is opened in the batch, or the policy that is set, its repository is watched
 * from here on; one that is not there yet, from the first look. */
bool mp_watch_begin(const MpInstance *instance, MpBatch *batch, const char *name, GError **error);

/*
 * Looks at repositories until it has told something, in one batch, which takes the lock of the data
 * directory; or until all were looked at. *is_more says whether there is more to do: mail has its
 * turn in between.
 */
bool mp_watch_step(MpWatch *watch, bool *is_more, GError **error);
