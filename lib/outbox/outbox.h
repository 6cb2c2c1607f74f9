/*
 * The outbox: what is still to be told to whom, one file an event (the format is in notifier(8)).
 *
 *   outbox/tmp/KEY         written before the tracker's branch moves; not yet true
 *   outbox/new/KEY         true; not yet tried, or being tried
 *   outbox/retry/DUE.KEY   every recipient left is deferred; DUE is seconds since the epoch
 *   outbox/hold/KEY        held by an administrator
 *   outbox/failed/KEY      nobody left to try, at least one recipient failed for good
 *
 * A file is text, one fact a line, tab-separated, appended to and never rewritten; a last line
 * without newline is a torn write and does not count. Deterministic names and idempotent moves make
 * every step of section 6 of the design repeatable. What is sent and done is deleted.
 *
 * Inbound programs stage and publish (under the data directory's lock); the notifier does the rest
 * (under the outbox's own lock, outbox/lock).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpOutbox MpOutbox;

typedef enum { MP_EVENT_OPENED, MP_EVENT_COMMENT, MP_EVENT_CLOSED, MP_EVENT_REOPENED } MpEventKind;

typedef struct {
    char *key; /* the KEY of what is announced: the file's name */
    MpEventKind kind;
    guint64 thread;
    guint64 actor; /* the user who is not told */
    gint64 created;
    char *host; /* that posted it */
} MpEvent;

void mp_event_free(MpEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpEvent, mp_event_free)

/* Makes the directories below DATA/outbox where they are missing. */
bool mp_outbox_init(const char *path, GError **error);

MpOutbox *mp_outbox_open(const char *path, GError **error);
void mp_outbox_free(MpOutbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpOutbox, mp_outbox_free)

/* --- For those who announce ---------------------------------------------------------------- */

/* Writes and syncs outbox/tmp/KEY; the directory is synced by mp_outbox_sync_staged, once a batch. */
bool mp_outbox_stage(MpOutbox *outbox, const MpEvent *event, GError **error);
bool mp_outbox_sync_staged(MpOutbox *outbox, GError **error);

/* Renames tmp/KEY to new/KEY; no error if it is gone from tmp (it was published before). */
bool mp_outbox_publish(MpOutbox *outbox, const char *key, GError **error);
bool mp_outbox_sync_published(MpOutbox *outbox, GError **error);

/* Removes tmp/KEY; no error if it is not there. */
bool mp_outbox_discard(MpOutbox *outbox, const char *key, GError **error);

/* The events left in tmp/ by a run that died, readable ones only; unreadable ones (torn before
 * their sync) are deleted and logged. GPtrArray of MpEvent, the caller's. */
GPtrArray *mp_outbox_staged(MpOutbox *outbox, GError **error);
