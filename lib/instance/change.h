/*
 * A change of a thread, whoever makes it: by mail, by command.
 */
#pragma once

#include "instance/instance.h"
#include "tracker/thread_event.h"

/* What announces the change. */
MpEventKind mp_event_kind_of_change(MpThreadChange change);

/*
 * Puts the change into the batch, as mp_batch_change(), and what announces it into `events`.
 * *has_changed is false, and there is neither, where it is so already. Who is assigned is told of
 * the thread from now on.
 */
bool
mp_change_thread(const MpInstance *instance, MpBatch *batch, GPtrArray *events, guint64 thread,
                 MpThreadEvent *event, const MpActor *actor, bool *has_changed, GError **error);
