/*
 * Files that a killed run leaves in a repository. A lock may also be that of a live `git push` or
 * `git gc`: those hold one for milliseconds, so only locks that have stood for a while are taken
 * for dead.
 */
#include "git/stale_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"

#define SURELY_DEAD_S 2     /* far longer than any program holds a ref's lock */
#define LONG_DEAD_S   86400 /* git repack and git fetch write such files, and may take hours */

static const struct {
    const char *directory, *prefix, *suffix;
    bool is_ref_lock;
    int age;            /* seconds */
    const char *unless; /* where a file that ends so instead is there, it is no leftover; or NULL */
} patterns[] = {
    {"refs/heads", "", ".lock", true, SURELY_DEAD_S, NULL},
    {"refs/metroplex", "", ".lock", true, SURELY_DEAD_S, NULL},
    {"refs/metroplex/lost", "", ".lock", true, SURELY_DEAD_S, NULL},
    {"refs/metroplex/rewritten", "", ".lock", true, SURELY_DEAD_S, NULL},
    {"", "", ".lock", false, SURELY_DEAD_S, NULL}, /* of HEAD and of the configuration */
    {"objects", "tmp_object_git2_", "", false, SURELY_DEAD_S, NULL}, /* what a turn says */
    {"objects/pack", "pack-", ".tmp", false, SURELY_DEAD_S, NULL},
    {"objects/pack", "", ".lock", false, SURELY_DEAD_S, NULL},
    {"objects/pack", "tmp_pack_", "", false, LONG_DEAD_S, NULL},
    {"objects/pack", "tmp_idx_", "", false, LONG_DEAD_S, NULL},
    {"objects/pack", "tmp_rev_", "", false, LONG_DEAD_S, NULL},
    /* of a pack that was being removed, which begins with its index: no other program knows them */
    {"objects/pack", "pack-", ".pack", false, LONG_DEAD_S, ".idx"},
    {"objects/pack", "pack-", ".rev", false, LONG_DEAD_S, ".idx"},
    {"objects/pack", "pack-", ".bitmap", false, LONG_DEAD_S, ".idx"},
};

static bool
is_dead(const struct stat *st, int age)
{
    struct timespec now;

    /* Under our own lock no other run of ours is alive; what is young may be another program's. */
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - st->st_mtim.tv_sec >= age;
}

/* The names in a pattern's directory, which patterns below one another share. */
typedef struct {
    const char *directory;
    char *path;
    GPtrArray *names;
} Listing;

static void
listing_clear(Listing *listing)
{
    g_clear_pointer(&listing->path, g_free);
    g_clear_pointer(&listing->names, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Listing, listing_clear)

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
list(Listing *listing, const char *repository, const char *directory, GError **error)
{
    if (listing->names != NULL && strcmp(listing->directory, directory) == 0)
        return true;
    listing_clear(listing);
    listing->directory = directory;
    listing->path = g_build_filename(repository, directory, NULL);
    listing->names = mp_list_directory_if_any(listing->path, error);
    if (listing->names != NULL)
        g_ptr_array_sort(listing->names, by_name);
    return listing->names != NULL;
}

/* The name of what a pattern asks for besides, or NULL. */
static char *
other_name(const char *name, gsize i)
{
    if (patterns[i].unless == NULL)
        return NULL;
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen(patterns[i].suffix));
    return g_strconcat(stem, patterns[i].unless, NULL);
}

/* Whether that was there when the directory was read: asked of each pack at each run, so that it
 * makes no system call. */
static bool
was_needed(const Listing *listing, const char *name, gsize i)
{
    g_autofree char *other = other_name(name, i);

    return other != NULL && bsearch(&other, listing->names->pdata, listing->names->len,
                                    sizeof(gpointer), by_name) != NULL;
}

/* It may have come since then: somebody who restores a copy brings a pack before its index. */
static bool
is_needed(const Listing *listing, const char *name, gsize i)
{
    g_autofree char *other = other_name(name, i);
    g_autofree char *path = other != NULL ? g_build_filename(listing->path, other, NULL) : NULL;

    return path != NULL && (access(path, F_OK) == 0 || errno != ENOENT);
}

/* Calls `visit` for each dead file of one pattern; *is_any if there is one. */
static bool
for_matching(Listing *listing, const char *repository, gsize i, void (*visit)(const char *file),
             bool *is_any, GError **error)
{
    if (!list(listing, repository, patterns[i].directory, error))
        return false;
    for (guint n = 0; n < listing->names->len; n++) {
        const char *name = listing->names->pdata[n];
        g_autofree char *file = NULL;
        struct stat st;

        if (!g_str_has_prefix(name, patterns[i].prefix) ||
            !g_str_has_suffix(name, patterns[i].suffix) || was_needed(listing, name, i))
            continue;
        file = g_build_filename(listing->path, name, NULL);
        if (lstat(file, &st) < 0 || !S_ISREG(st.st_mode) || !is_dead(&st, patterns[i].age) ||
            is_needed(listing, name, i))
            continue;
        *is_any = true;
        visit(file);
    }
    return true;
}

static void
remove_file(const char *file)
{
    if (unlink(file) == 0) {
        g_autofree char *shown = mp_escape(file);
        mp_info("Removed %s, left by a run that was killed", shown);
    }
}

static void
leave_file(const char *file)
{
    (void)file;
}

bool
mp_stale_files_remove(const char *path, GError **error)
{
    g_auto(Listing) listing = {0};
    struct stat st;
    bool is_any;

    if (stat(path, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", path);
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++)
        if (!for_matching(&listing, path, i, remove_file, &is_any, error))
            return false;
    return true;
}

bool
mp_stale_files_are_there(const char *path)
{
    g_auto(Listing) listing = {0};
    bool is_any = false;

    for (gsize i = 0; i < G_N_ELEMENTS(patterns) && !is_any; i++)
        if (!for_matching(&listing, path, i, leave_file, &is_any, NULL))
            return true;
    return is_any;
}

void
mp_stale_files_remove_ref_locks(const char *path)
{
    g_auto(Listing) listing = {0};
    bool is_any;

    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(GError) why = NULL;

        if (patterns[i].is_ref_lock && !for_matching(&listing, path, i, remove_file, &is_any, &why))
            mp_warn("%s", why->message);
    }
}
