/*
 * The part of metroplex fsck that looks at what waits to be told: DATA/outbox, and DATA/hook, which
 * is an outbox of its own for [inbound] on-comment.
 */
#pragma once

#include "instance/instance.h"
#include "tracker/fsck/fsck.h"

/* Tells each fault; *events is how many events were looked at. False only for what has to be tried
 * again, or for an outbox that cannot be listed. */
bool
mp_fsck_outboxes(MpInstance *instance, const MpFsckHooks *hooks, guint64 *events, GError **error);
