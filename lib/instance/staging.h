/*
 * The events of a transaction, staged while it is being built: making a file takes longer than
 * saying what is in it, so that a thread does it, and the commit need not wait for all of them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "outbox/outbox.h"

typedef struct MpStaging MpStaging;

/* `hooks` may be NULL; it gets the events that mp_staging_is_for_hook(). */
MpStaging *mp_staging_new(MpOutbox *outbox, MpOutbox *hooks);

bool mp_staging_is_for_hook(const MpEvent *event);

/* Has the first events->len events staged, which are not touched from here on until the end. Those
 * that an earlier call named are known. What goes wrong is said at the end. */
void mp_staging_go_on(MpStaging *staging, const GPtrArray *events);

/* There are no more: what is left is staged, and all is synced, while the caller goes on. Until
 * then there is something to wait for. */
void mp_staging_close(MpStaging *staging, const GPtrArray *events);
bool mp_staging_is_busy(const MpStaging *staging);

/* All of them are staged, and synced. */
bool mp_staging_end(MpStaging *staging, const GPtrArray *events, GError **error);

/* They came true, or may yet: without this what nobody had staged before is taken away again when
 * the staging is freed. What was staged before belongs to a push whose answer was lost. */
void mp_staging_keep(MpStaging *staging);

void mp_staging_free(MpStaging *staging);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpStaging, mp_staging_free)
