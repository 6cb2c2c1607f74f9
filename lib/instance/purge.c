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
#include "instance/purge_files.h"
#include "tracker/difference.h"

#define RECORD "purge"
#define LIMIT  (256 * 1024 * 1024)
#define FORMAT "metroplex-purge-1"
#define TRIES  5 /* to find an event where it moves to */

/* --- The record ------------------------------------------------------------------------------- */

MpPurgeRecord *
mp_purge_record_new(const char *old_tip, const char *new_tip)
{
    MpPurgeRecord *record = g_new0(MpPurgeRecord, 1);

    record->old_tip = g_strdup(old_tip);
    record->new_tip = g_strdup(new_tip);
    record->firsts = g_ptr_array_new_with_free_func(g_free);
    record->events = g_ptr_array_new_with_free_func(g_free);
    record->files = g_ptr_array_new_with_free_func(g_free);
    return record;
}

void
mp_purge_record_add(MpPurgeRecord *record, const MpPurge *purge)
{
    g_ptr_array_add(record->firsts, g_strdup(purge->first));
    if (purge->key != NULL)
        g_ptr_array_add(record->events, g_strdup(purge->key));
}

void
mp_purge_record_free(MpPurgeRecord *record)
{
    if (record == NULL)
        return;
    g_free(record->old_tip);
    g_free(record->new_tip);
    g_ptr_array_unref(record->firsts);
    g_ptr_array_unref(record->events);
    g_ptr_array_unref(record->files);
    g_free(record);
}

static void
add_lines(GString *text, const char *word, const GPtrArray *values)
{
    for (guint i = 0; i < values->len; i++) {
        g_autofree char *value = g_strescape(values->pdata[i], NULL);
        g_string_append_printf(text, "%s %s\n", word, value);
    }
}

bool
mp_purge_record_write(const MpPurgeRecord *record, const char *data, GError **error)
{
    g_autoptr(GString) text = g_string_new(FORMAT "\n");
    g_auto(MpFd) directory = mp_open_directory(data, error);

    g_string_append_printf(text, "tracker %s %s\n", record->old_tip, record->new_tip);
    add_lines(text, "first", record->firsts);
    add_lines(text, "event", record->events);
    add_lines(text, "file", record->files);
    return directory >= 0 &&
           mp_write_file(directory, RECORD, text->str, text->len, 0600, true, error);
}

bool
mp_purge_is_begun(const MpConfig *config)
{
    g_autofree char *path = mp_config_path(config, RECORD);

    return access(path, F_OK) == 0;
}

static bool
parse_line(MpPurgeRecord *record, const char *line)
{
    const struct {
        const char *word;
        GPtrArray *values;
    } lists[] = {{"first ", record->firsts}, {"event ", record->events}, {"file ", record->files}};
    g_auto(GStrv) words = g_strsplit(line, " ", 3);

    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        if (g_str_has_prefix(line, lists[i].word)) {
            g_ptr_array_add(lists[i].values, g_strcompress(line + strlen(lists[i].word)));
            return true;
        }
    if (g_strv_length(words) != 3 || strcmp(words[0], "tracker") != 0)
        return *line == '\0';
    record->old_tip = g_strdup(words[1]);
    record->new_tip = g_strdup(words[2]);
    return true;
}

static MpPurgeRecord *
read_record(const MpConfig *config, GError **error)
{
    g_autoptr(MpPurgeRecord) record = mp_purge_record_new(NULL, NULL);
    g_auto(MpFd) data = mp_open_directory(config->data, error);
    g_autofree char *text = NULL;
    bool good = true;

    if (data < 0 || !mp_read_file(data, RECORD, LIMIT, &text, NULL, error))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    good = lines[0] != NULL && strcmp(lines[0], FORMAT) == 0;
    for (guint i = 1; good && lines[i] != NULL; i++)
        good = parse_line(record, lines[i]);
    if (good && record->new_tip != NULL)
        return g_steal_pointer(&record);
    return mp_fail_null(error, MP_ERROR_INSTALLATION,
                        "%s/" RECORD ": not the record of a purge: move it away, and give the "
                        "command again",
                        config->data);
}

static bool
remove_record(const MpConfig *config, GError **error)
{
    g_auto(MpFd) data = mp_open_directory(config->data, error);

    if (data < 0)
        return false;
    if (unlinkat(data, RECORD, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s/" RECORD, config->data);
    return mp_sync_directory(data, config->data, error);
}

/* --- Its steps -------------------------------------------------------------------------------- */

/* Nothing was changed, and nothing will be. */
static bool
give_up(MpInstance *instance, const MpPurgeRecord *record, GError **error)
{
    g_autofree char *tip = mp_tracker_tip(instance->tracker);

    if (!remove_record(instance->config, error))
        return false;
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
    if (mp_error_is_refused(why) && !remove_record(instance->config, error))
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
    const char *argv[] = {"/proc/self/exe", "pages",      "--config", config->file,
                          "--data",         config->data, NULL};
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
    g_autoptr(MpPurgeRecord) record = read_record(config, error);
    if (record == NULL || !move_branch(instance, record, error) ||
        !delete_files(config, record->files, error) ||
        !drop_events(instance, record->events, error))
        return false;
    update_pages(config); /* by the difference from a commit that is there for the last time */
    if (!mp_tracker_collect(instance->tracker, record->firsts, others != NULL ? others : refs,
                            error))
        return false;
    warn_of_keepers(refs);
    return remove_record(config, error);
}

/* --- Another host's ----------------------------------------------------------------------------
 */

static bool
follow_one(MpInstance *instance, const char *old, GError **error)
{
    g_autofree char *tip = mp_tracker_tip(instance->tracker);
    g_autoptr(MpPurgeRecord) record = mp_purge_record_new(old, tip);
    g_autoptr(GPtrArray) purges = mp_tracker_purges(instance->tracker, old, error);
    g_autoptr(GPtrArray) logs = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; purges != NULL && i < purges->len; i++) {
        const MpPurge *purge = purges->pdata[i];

        mp_purge_record_add(record, purge);
        if (purge->key == NULL)
            continue;
        mp_info("Purging comment %" G_GUINT64_FORMAT " of %s, as another host did", purge->comment,
                purge->name);
        if (!mp_purge_find_files(instance, purge, record, logs, error))
            return false;
    }
    for (guint i = 0; i < logs->len; i++) {
        g_autofree char *shown = mp_escape(logs->pdata[i]);
        mp_warn("%s repeats what was purged: remove the lines", shown);
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
