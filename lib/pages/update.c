/* One update of the pages: what changed since .built, in the order that pages.h tells. */
#include "pages/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "pages/internal.h"
#include "tracker/difference.h"
#include "tracker/repositories.h"

#define FORMAT  "metroplex pages 1" /* of the directory: another one is written anew */
#define NOTHING "-"

/* --- How far it is
 * --------------------------------------------------------------------------------- */

/* What pages depend on beside the tracker. */
static char *
settings_of(const MpConfig *config)
{
    g_autofree char *all = g_strdup_printf("%s\n%s\n%s\n%s\n%s\n%s\n%s%s", FORMAT, MP_VERSION,
                                           config->hostname, config->pages_url, config->url,
                                           mp_language_name((MpLanguage)config->language),
                                           mp_pages_style, mp_pages_script);

    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
}

static bool
write_built(const MpPagesUpdate *update, const char *tip, GError **error)
{
    g_autofree char *settings = settings_of(update->config);
    g_autofree char *text = g_strdup_printf("%s\n%s\n%s\n", FORMAT, settings, tip);

    return mp_stage_write_built(update->stage, text, error);
}

/* The commit that the pages show; NULL if all has to be written: nothing was, or by other settings,
 * or the tracker was set back and the commit is gone, or somebody removed the pages, but not what
 * is hidden. */
static bool
read_built(const MpPagesUpdate *update, char **tip, GError **error)
{
    g_autofree char *settings = settings_of(update->config);
    g_autofree char *text = NULL;

    *tip = NULL;
    if (!mp_stage_read_built(update->stage, &text, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    if (update->root != NULL && g_strv_length(lines) == 4 && strcmp(lines[0], FORMAT) == 0 &&
        strcmp(lines[1], settings) == 0 && mp_tracker_has_commit(update->tracker, lines[2]))
        *tip = g_strdup(lines[2]);
    return true;
}

bool
mp_pages_shown(const char *directory, bool *are_there, char **commit, GError **error)
{
    g_autofree char *path = g_build_filename(directory, ".built", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;

    *commit = NULL;
    *are_there = g_file_get_contents(path, &text, NULL, &why);
    if (!*are_there && !g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return mp_fail(error, MP_ERROR_INSTALLATION, "cannot read %s: %s", path, why->message);
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    if (g_strv_length(lines) == 4 && strcmp(lines[2], NOTHING) != 0)
        *commit = g_strdup(lines[2]);
    return true;
}

/* --- Threads
 * --------------------------------------------------------------------------------------- */

/* Attachments and feed of the comments that changed. */
static bool
update_comments(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
                const GArray *numbers, GError **error)
{
    for (guint i = 0; i < numbers->len; i++) {
        guint64 number = g_array_index(numbers, guint64, i);
        g_autoptr(MpComment) comment = NULL;

        if (!mp_tracker_comment(update->tracker, thread->id, number, &comment, error) ||
            !mp_pages_write_attached(update, repository, thread->id, number, comment, error))
            return false;
        if (comment != NULL && !thread->is_unlisted)
            mp_pages_feed_comment(update, repository, thread, comment);
        else
            mp_pages_unfeed(repository, thread->id, &number);
    }
    return true;
}

/* When it was last active: the date of its last comment. */
static bool
read_activity(MpPagesUpdate *update, const MpThread *thread, guint64 last, gint64 *active,
              GError **error)
{
    g_autoptr(MpComment) comment = NULL;

    if (!mp_tracker_comment(update->tracker, thread->id, last, &comment, error))
        return false;
    *active = comment != NULL ? comment->date : thread->created;
    return true;
}

static bool
write_thread(MpPagesUpdate *update, MpPagesRepository *repository, const MpThread *thread,
             const MpThreadDifference *difference, bool is_new_here, GError **error)
{
    bool all = difference->is_new_record || is_new_here;
    g_autoptr(GArray) numbers = g_array_copy((GArray *)difference->comments);
    guint64 last;
    gint64 active;

    update->done->threads++;
    repository->has_unlisted |= thread->is_unlisted;
    g_hash_table_remove_all(update->attached);
    if (!mp_tracker_last_comment(update->tracker, thread->id, &last, error))
        return false;
    if (is_new_here)
        g_array_set_size(numbers, 0);
    for (guint64 number = 0; is_new_here && number <= last; number++)
        g_array_append_val(numbers, number);
    return read_activity(update, thread, last, &active, error) &&
           update_comments(update, repository, thread, numbers, error) &&
           (!all || update->is_fresh || thread->is_unlisted ||
            mp_pages_feed_again(update, repository, thread, error)) &&
           (!all || thread->is_unlisted ||
            mp_pages_feed_events(update, repository, thread, error)) &&
           mp_pages_write_thread(update, repository, thread, last, numbers, all, error) &&
           (!update->is_fresh ||
            mp_pages_sweep_thread(update, repository, thread->id, last, error)) &&
           (thread->is_unlisted ||
            mp_pages_list_thread(update, repository, thread, last, active, error));
}

static bool
remove_thread(MpPagesUpdate *update, const char *name, guint64 id, GError **error)
{
    MpPagesRepository *repository = mp_pages_repository(update, name, error);

    if (repository == NULL)
        return false;
    if (!repository->is_published)
        return true;
    mp_pages_unfeed(repository, id, NULL);
    return mp_pages_remove_thread(update, repository, id, error) &&
           mp_pages_unlist_thread(update, repository, id, error);
}

static bool
update_thread(MpPagesUpdate *update, const MpThreadDifference *difference, GError **error)
{
    const MpThread *before = difference->before;
    MpPagesRepository *repository;
    g_autoptr(MpThread) thread = NULL;

    if (!mp_tracker_thread(update->tracker, difference->thread, &thread, error))
        return false;
    bool has_moved =
        before != NULL && (thread == NULL || strcmp(before->repository, thread->repository) != 0);
    if (has_moved && !update->is_fresh &&
        !remove_thread(update, before->repository, difference->thread, error))
        return false;
    if (thread == NULL)
        return true;
    repository = mp_pages_repository(update, thread->repository, error);
    return repository != NULL &&
           (!repository->is_published ||
            write_thread(update, repository, thread, difference, has_moved, error));
}

/* A thread whose files somebody damaged keeps the pages that it has, and stops no other. */
static bool
visit_thread(const MpThreadDifference *difference, gpointer user_data, GError **error)
{
    MpPagesUpdate *update = user_data;
    g_autoptr(GError) why = NULL;

    if (update->pages->progress != NULL)
        update->pages->progress(difference->thread, update->last, update->pages->user_data);
    if (update_thread(update, difference, &why))
        return true;
    if (!g_error_matches(why, MP_ERROR, MP_ERROR_INSTALLATION) ||
        mp_stage_has_failed(update->stage)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_warn("thread %" G_GUINT64_FORMAT " has no new page: %s", difference->thread, why->message);
    return true;
}

/* --- Repositories
 * ----------------------------------------------------------------------------------- */

/* Every page of a repository says where a first mail goes. */
static bool
has_same_address(const MpPagesUpdate *update, const MpRepository *before, const MpRepository *now)
{
    g_autofree char *then = mp_repository_address(before, update->config->hostname);
    g_autofree char *here = mp_repository_address(now, update->config->hostname);

    return g_strcmp0(then, here) == 0;
}

/* One that is published only now has pages nowhere, to one that is no more comments elsewhere may
 * have links; one that is shown elsewhere now has other links to commits, one with another address
 * names it on each: then all is written. Of one whose policy could not be read before, nobody knows
 * what there is. */
static bool
visit_repository(const MpRepository *before, const MpRepository *now, gpointer user_data,
                 GError **error)
{
    MpPagesUpdate *update = user_data;
    MpPagesRepository *repository;

    if (before != NULL && before->has_no_pages == now->has_no_pages &&
        (now->has_no_pages ||
         (g_strcmp0(before->link, now->link) == 0 && has_same_address(update, before, now))))
        return true;
    update->is_fresh = true;
    repository = mp_pages_repository(update, now->name, error);
    if (repository != NULL && now->has_no_pages)
        mp_pages_remove_repository(update, repository);
    return repository != NULL;
}

/* --- The whole
 * ------------------------------------------------------------------------------------- */

static bool
write_all(MpPagesUpdate *update, const char *since, GError **error)
{
    if (since != NULL &&
        !mp_tracker_repository_difference(update->tracker, since, visit_repository, update, error))
        return false;
    if (update->is_fresh) {
        g_hash_table_remove_all(update->repositories);
        if (!write_built(update, NOTHING, error))
            return false;
    }
    return mp_tracker_last_thread(update->tracker, &update->last, error) &&
           mp_pages_write_shared(update, error) &&
           mp_tracker_difference(update->tracker, update->is_fresh ? NULL : since, visit_thread,
                                 update, error) &&
           mp_pages_write_lists(update, error) && mp_stage_flush(update->stage, error) &&
           (!update->is_fresh || mp_pages_sweep(update, error)) &&
           mp_stage_flush(update->stage, error) && mp_pages_write_root(update, error) &&
           mp_stage_flush(update->stage, error);
}

/* Somebody removed a list, and with it what it remembered. */
static bool
write_anew(MpPagesUpdate *update, GError **error)
{
    mp_warn("%s: lists are missing: all pages are written anew", update->pages->directory);
    update->is_fresh = true;
    return write_all(update, NULL, error);
}

static bool
run(MpPagesUpdate *update, bool all, GError **error)
{
    g_autofree char *tip = mp_tracker_tip(update->tracker);
    g_autofree char *since = NULL;

    if (!mp_stage_read(update->stage, "index.html", &update->root, error) ||
        !read_built(update, &since, error))
        return false;
    if (!all && since != NULL && strcmp(since, tip) == 0)
        return true;
    if (all)
        g_clear_pointer(&since, g_free);
    update->is_fresh = since == NULL;
    if (!write_all(update, since, error) ||
        (update->is_torn && !update->is_fresh && !write_anew(update, error)))
        return false;
    update->done->is_all = update->is_fresh;
    return write_built(update, tip, error);
}

/* --- The directory
 * ---------------------------------------------------------------------------------- */

static bool
is_within(const char *path, const char *directory)
{
    gsize length = strlen(directory);

    return strncmp(path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Where a path leads: links are resolved as far as it is there. */
static char *
resolved(const char *path)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    g_autofree char *real = realpath(whole, NULL);

    if (real != NULL || strcmp(whole, "/") == 0)
        return g_strdup(real != NULL ? real : whole);
    g_autofree char *parent = g_path_get_dirname(whole);
    g_autofree char *name = g_path_get_basename(whole);
    g_autofree char *above = resolved(parent);
    return g_build_filename(above, name, NULL);
}

/* Where something else lies, nothing may be swept away. */
static bool
may_be_ours(const char *directory, GError **error)
{
    g_autofree char *built = g_build_filename(directory, ".built", NULL);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(directory, error);

    if (names == NULL)
        return false;
    return names->len == 0 || g_file_test(built, G_FILE_TEST_EXISTS) ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "%s has files that are no pages of ours: pages need a directory of their own",
                   directory);
}

static bool
check_directory(const MpPages *pages, GError **error)
{
    g_autofree char *directory = resolved(pages->directory);
    g_autofree char *data = resolved(pages->config->data);

    if (is_within(directory, data) || is_within(data, directory))
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s: pages are published and must lie outside of the data directory %s",
                       directory, data);
    return may_be_ours(directory, error);
}

bool
mp_pages_update(const MpPages *pages, bool all, MpPagesDone *done, GError **error)
{
    g_autoptr(GHashTable) repositories =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, mp_pages_repository_free);
    g_autoptr(GHashTable) attached = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    MpPagesUpdate update = {.pages = pages,
                            .config = pages->config,
                            .texts = mp_pages_texts((MpLanguage)pages->config->language),
                            .tracker = pages->tracker,
                            .repositories = repositories,
                            .attached = attached,
                            .done = done};
    g_autofree char *path = g_build_filename(pages->directory, ".lock", NULL);
    g_autoptr(MpLock) lock = NULL;
    g_autoptr(GError) why = NULL;

    *done = (MpPagesDone){0};
    if (!check_directory(pages, error) || !mp_make_directories(pages->directory, 0755, NULL, error))
        return false;
    lock = mp_lock_take(path, MP_LOCK_TRY, &why);
    if (lock == NULL) {
        done->is_busy = why == NULL;
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        return done->is_busy;
    }
    update.stage = mp_stage_new(pages->directory, done, error);
    bool good = update.stage != NULL && run(&update, all, error);
    g_free(update.root);
    mp_stage_free(update.stage);
    return good;
}
