/*
 * What is to be purged, in a record that outlives a kill: DATA/purge, from before the first change
 * until all of it is done. Whoever changes anything finishes it first (mp_transaction_recover).
 */
#pragma once

#include "instance/instance.h"
#include "tracker/purge.h"

typedef struct {
    char *old_tip, *new_tip, *first; /* of tracker.git: mp_tracker_rewrite() */
    char *key;                       /* of the comment, whose events go */
    GPtrArray *files;                /* char *, to be deleted, relative to the data directory */
} MpPurgeRecord;

MpPurgeRecord *mp_purge_record_new(const MpPurge *purge);
void mp_purge_record_free(MpPurgeRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPurgeRecord, mp_purge_record_free)

/* Replaces DATA/purge, synced: from here on it will be done. */
bool mp_purge_record_write(const MpPurgeRecord *record, const char *data, GError **error);

/* Drops the event of a KEY, in whatever queue it is; no error if it is in none. By a notifier that
 * has it in its hands it is sent to nobody any more. */
bool mp_purge_drop_event(MpOutbox *outbox, const char *key, GError **error);

/* Whether a purge could be done now: MP_ERROR_TEMPORARY where a notifier is at work. */
bool mp_purge_is_possible(const MpInstance *instance, GError **error);

/* Whether there is one. */
bool mp_purge_is_begun(const MpConfig *config);

/*
 * Does what the record says, if there is one, and removes it; *is_done (may be NULL) says that
 * there was. Under the lock of the data directory; takes that of the outbox, and is
 * MP_ERROR_TEMPORARY where a notifier has it. A tracker that moved meanwhile ends it before
 * anything was changed: MP_ERROR_TEMPORARY as well, and the record is gone.
 *
 * `others` (char *, may be NULL) gets the refs that keep what was purged.
 */
bool mp_purge_finish(MpInstance *instance, bool *is_done, GPtrArray *others, GError **error);
