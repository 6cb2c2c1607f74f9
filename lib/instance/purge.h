/*
 * What is to be purged, in a record that outlives a kill: DATA/purge, from before the first change
 * until all of it is done. Whoever changes anything finishes it first (mp_transaction_recover).
 */
#pragma once

#include "instance/instance.h"
#include "tracker/purge.h"

typedef struct {
    char *old_tip, *new_tip; /* of tracker.git: mp_tracker_rewrite() */
    GPtrArray *firsts;       /* char *, the oldest commits that changed */
    GPtrArray *events;       /* char *, KEYs of what is not to be sent */
    GPtrArray *files;        /* char *, to be deleted, relative to the data directory */
} MpPurgeRecord;

MpPurgeRecord *mp_purge_record_new(const char *old_tip, const char *new_tip);
void mp_purge_record_add(MpPurgeRecord *record, const MpPurge *purge);
void mp_purge_record_free(MpPurgeRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPurgeRecord, mp_purge_record_free)

/* Replaces DATA/purge, synced: from here on it will be done. */
bool mp_purge_record_write(const MpPurgeRecord *record, const char *data, GError **error);

/* Reads it: MP_ERROR_INSTALLATION if it is not one. Removes it, synced: all of it is done. */
MpPurgeRecord *mp_purge_record_read(const MpConfig *config, GError **error);
bool mp_purge_record_remove(const MpConfig *config, GError **error);

/* Drops the event of a KEY, in whatever queue it is; no error if it is in none. By a notifier that
 * has it in its hands it is sent to nobody any more. */
bool mp_purge_drop_event(MpOutbox *outbox, const char *key, GError **error);

/* The outbox's lock, for a purge that begins: not waited for, since who has it may wait for us.
 * NULL and MP_ERROR_TEMPORARY where a notifier is at work. */
MpLock *mp_purge_lock_outbox(const MpInstance *instance, GError **error);

/* Whether there is one. */
bool mp_purge_is_begun(const MpConfig *config);

/*
 * Does what the record says, if there is one, and removes it. Under the lock of the data directory;
 * a notifier at work is in nobody's way. A tracker that moved meanwhile ends it before anything was
 * changed: MP_ERROR_TEMPORARY, and the record is gone. `others` (char *) gets what keeps what was
 * purged, by mp_tracker_collect(); where it is NULL, the log says it.
 */
bool mp_purge_finish(MpInstance *instance, GPtrArray *others, GError **error);

/* Does here what another host purged, once a fetch has followed it: files, events, objects. */
bool mp_purge_follow(MpInstance *instance, GError **error);
