/* A purge, from its record to its end; see purge.h. */
#include "instance/purge.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/program.h"
#include "instance/purge_files.h"
#include "tracker/difference.h"
#include "tracker/share.h"

#define TRIES 5 /* to find an event where it moves to */

/* --- Its steps -------------------------------------------------------------------------------- */

/* Nothing was changed, and nothing will be. */
static bool
give_up(MpInstance *instance, const MpPurgeRecord *record, GError **error)
{
    if (!mp_tracker_fetch(instance->tracker, error) ||
        !mp_purge_record_remove(instance->config, error))
        return false;
    g_autofree char *tip = mp_tracker_tip(instance->tracker);
    if (strcmp(tip, record->old_tip) == 0)
        return mp_fail(error, MP_ERROR_INPUT,
                       "the remote lets nobody replace its history: allow it there (git config "
                       "receive.denyNonFastForwards false), give the command again, and forbid it");
    return mp_fail(error, MP_ERROR_TEMPORARY,
                   "the tracker moved while it was written anew: give the command again");
}

/* What the branch has now tells how far it is. */
static bool
move_branch(MpInstance *instance, const MpPurgeRecord *record, GError **error)
{
    MpTracker *tracker = instance->tracker;
    g_autoptr(GError) why = NULL;

    if (!mp_tracker_fetch(tracker, error))
        return false;
    if (mp_tracker_contains(tracker, record->new_tip))
        return mp_tracker_sync(tracker, error);
    MpCommitResult result = mp_tracker_replace(tracker, record->old_tip, record->new_tip, &why);
    if (result == MP_COMMITTED)
        return true;
    if (result == MP_CONFLICT)
        return give_up(instance, record, error);
    if (why == NULL) /* nothing was sent */
        return mp_fail(error, MP_ERROR_TEMPORARY, "the accounts changed meanwhile");
    if (mp_error_is_refused(why) && !mp_purge_record_remove(instance->config, error))
        return false;
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

/* Each is there or gone; the directories are synced all at once. */
static bool
delete_files(const MpConfig *config, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *path = mp_config_path(config, files->pdata[i]);
        g_autofree char *shown = mp_escape(path);

        if (unlink(path) < 0 && errno != ENOENT)
            return mp_fail_errno(error, "cannot remove %s", shown);
        mp_info("Purged %s", shown);
    }
    return files->len == 0 || mp_sync_file_system(config->data, error);
}

bool
mp_purge_drop_event(MpOutbox *outbox, const char *key, GError **error)
{
    bool is_there = false;

    for (int i = 0; i < TRIES && !is_there; i++) {
        GError *why = NULL;
        g_autoptr(MpQueued) queued = mp_outbox_find(outbox, key, &why);

        if (queued == NULL && why != NULL)
            g_propagate_error(error, why);
        if (queued == NULL)
            return why == NULL;
        if (!mp_outbox_change(outbox, queued, MP_CHANGE_DROP, NULL, &is_there, error))
            return false;
    }
    return true;
}

/* Where there are pages they follow now, in a process of their own: what they show is public. */
static void
update_pages(const MpConfig *config)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                              NULL};
    g_autofree char *program = mp_inner_program_path("metroplex-commands");
    const char *argv[] = {program, "pages", "--config", config->file, "--data", config->data, NULL};
    g_autofree char *built = g_build_filename(config->pages_directory, ".built", NULL);
    g_auto(MpProcess) pages = {0};
    g_autoptr(GError) why = NULL;

    if (access(built, F_OK) < 0)
        return;
    if (!mp_process_run(&pages, argv, environment, 0, &why))
        mp_warn("metroplex pages has to be run: %s", why->message);
    else if (pages.status != 0)
        mp_warn("metroplex pages has to be run: %s", g_strstrip(pages.err));
}

static bool
drop_events(MpInstance *instance, const GPtrArray *events, GError **error)
{
    for (guint i = 0; i < events->len; i++)
        if (!mp_purge_drop_event(instance->outbox, events->pdata[i], error) ||
            (instance->hooks != NULL &&
             !mp_purge_drop_event(instance->hooks, events->pdata[i], error)))
            return false;
    return true;
}

MpLock *
mp_purge_lock_outbox(const MpInstance *instance, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpLock *lock = mp_instance_lock_outbox(instance, MP_LOCK_TRY, &why);

    if (lock == NULL && why == NULL)
        mp_fail(error, MP_ERROR_TEMPORARY,
                "a notifier is at work: wait for its end, or stop it, and try again");
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return lock;
}

static void
warn_of_keepers(const GPtrArray *others)
{
    for (guint i = 0; i < others->len; i++) {
        g_autofree char *shown = mp_escape(others->pdata[i]);
        mp_warn("%s of tracker.git keeps what was purged: delete it, and purge again", shown);
    }
}

bool
mp_purge_finish(MpInstance *instance, GPtrArray *others, GError **error)
{
    const MpConfig *config = instance->config;
    g_autoptr(GPtrArray) refs = g_ptr_array_new_with_free_func(g_free);

    if (!mp_purge_is_begun(config))
        return true;
    g_autoptr(MpPurgeRecord) record = mp_purge_record_read(config, error);
    if (record == NULL || !move_branch(instance, record, error) ||
        !delete_files(config, record->files, error) ||
        !drop_events(instance, record->events, error))
        return false;
    update_pages(config); /* by the difference from a commit that is there for the last time */
    if (!mp_tracker_collect(instance->tracker, record->firsts, others != NULL ? others : refs,
                            error))
        return false;
    warn_of_keepers(refs);
    return mp_purge_record_remove(config, error);
}

/* --- Another host's ----------------------------------------------------------------------------
 */

static bool
follow_one(MpInstance *instance, const char *old, GError **error)
{
    g_autofree char *tip = mp_tracker_tip(instance->tracker);
    g_autoptr(MpPurgeRecord) record = mp_purge_record_new(old, tip);
    g_autoptr(GPtrArray) purges = mp_tracker_purges(instance->tracker, old, error);
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; purges != NULL && i < purges->len; i++) {
        const MpPurge *purge = purges->pdata[i];

        mp_purge_record_add(record, purge);
        if (purge->key == NULL)
            continue;
        mp_info("Purging comment %" G_GUINT64_FORMAT " of %s, as another host did", purge->comment,
                purge->name);
        if (!mp_purge_find_files(instance, purge, record, left, error))
            return false;
    }
    for (guint i = 0; i < left->len; i++) {
        g_autofree char *shown = mp_escape(left->pdata[i]);
        mp_warn("It repeats what was purged, %s", shown);
    }
    return purges != NULL && mp_purge_record_write(record, instance->config->data, error) &&
           mp_purge_finish(instance, NULL, error);
}

bool
mp_purge_follow(MpInstance *instance, GError **error)
{
    g_autoptr(GPtrArray) tips = mp_tracker_rewritten(instance->tracker, error);

    for (guint i = 0; tips != NULL && i < tips->len; i++)
        if (!follow_one(instance, tips->pdata[i], error))
            return false;
    return tips != NULL;
}
