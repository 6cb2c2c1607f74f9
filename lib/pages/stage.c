/*
 * Files on their way into the directory of the pages; see internal.h. A file is written below
 * .new/, and is synced before it is renamed: so whatever stands under its name is whole, also after
 * a power cut.
 */
#include "pages/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"

#define ASIDE       ".new"
#define BUILT       ".built"
#define FLUSH_FILES 512
#define FLUSH_SIZE  (64 * 1024 * 1024)
#define ROOM        (32 * 1024 * 1024) /* octets that stay free on the disk: mail may need them */
#define FILE_LIMIT  (64 * 1024 * 1024) /* of one that is read again */

typedef struct {
    MpStageOrder order;
    guint number; /* below .new/ */
    char *path;
} Staged;

struct MpStage {
    int directory, aside;
    char *path;
    GPtrArray *staged;   /* Staged */
    GHashTable *by_path; /* char * of Staged to Staged */
    GHashTable *removed; /* char * */
    gsize octets;
    guint next;
    bool has_failed;
    MpPagesDone *done;
};

static void
staged_free(gpointer data)
{
    Staged *staged = data;

    g_free(staged->path);
    g_free(staged);
}

static bool
remove_aside(MpStage *stage, GError **error)
{
    g_autofree char *path = g_build_filename(stage->path, ASIDE, NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, error);

    for (guint i = 0; names != NULL && i < names->len; i++)
        if (unlinkat(stage->aside, g_ptr_array_index(names, i), 0) < 0 && errno != ENOENT)
            return mp_fail_errno(error, "cannot remove what is left in %s", path);
    return names != NULL;
}

/* What a link leads to is not ours, whether to read, to write or to remove. */
static bool
is_no_link(const MpStage *stage, const char *path, GError **error)
{
    struct stat st;

    if (fstatat(stage->directory, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == ENOTDIR ||
               mp_fail_errno(error, "cannot look at %s/%s", stage->path, path);
    return !S_ISLNK(st.st_mode) ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "%s/%s is a symbolic link, and leads out of the pages", stage->path, path);
}

/* Whether no directory above a file is a link. */
static bool
is_inside(const MpStage *stage, const char *path, GError **error)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        g_autofree char *parent = g_strndup(path, (gsize)(slash - path));

        if (!is_no_link(stage, parent, error))
            return false;
    }
    return true;
}

MpStage *
mp_stage_new(const char *directory, MpPagesDone *done, GError **error)
{
    g_autoptr(MpStage) stage = g_new0(MpStage, 1);
    g_autofree char *aside = g_build_filename(directory, ASIDE, NULL);

    stage->directory = stage->aside = -1;
    stage->path = g_strdup(directory);
    stage->staged = g_ptr_array_new_with_free_func(staged_free);
    stage->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    stage->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    stage->done = done;
    if (!mp_make_directories(directory, 0755, NULL, error) ||
        (stage->directory = mp_open_directory(directory, error)) < 0 ||
        !is_no_link(stage, ASIDE, error) || !mp_make_directories(aside, 0700, NULL, error) ||
        (stage->aside = mp_open_directory(aside, error)) < 0 || !remove_aside(stage, error))
        return NULL;
    return g_steal_pointer(&stage);
}

void
mp_stage_free(MpStage *stage)
{
    if (stage == NULL)
        return;
    if (stage->aside >= 0)
        (void)remove_aside(stage, NULL);
    mp_fd_clear(&stage->directory);
    mp_fd_clear(&stage->aside);
    g_free(stage->path);
    g_ptr_array_unref(stage->staged);
    g_hash_table_unref(stage->by_path);
    g_hash_table_unref(stage->removed);
    g_free(stage);
}

/* --- Reading ------------------------------------------------------------------------------------
 */

static void
name_aside(char name[16], guint number)
{
    g_snprintf(name, 16, "%u", number);
}

static bool
is_there(int directory, const char *name, bool *is, GError **error)
{
    *is = faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return *is || errno == ENOENT || errno == ENOTDIR ||
           mp_fail_errno(error, "cannot look at %s", name);
}

static bool
read_if_any(int directory, const char *name, char **text, gsize *length, GError **error)
{
    bool is;

    *text = NULL;
    return is_there(directory, name, &is, error) &&
           (!is || mp_read_file(directory, name, FILE_LIMIT, text, length, error));
}

static bool
read_bytes(MpStage *stage, const char *path, char **text, gsize *length, GError **error)
{
    const Staged *staged = g_hash_table_lookup(stage->by_path, path);
    char name[16];

    if (staged == NULL)
        return read_if_any(stage->directory, path, text, length, error);
    name_aside(name, staged->number);
    return read_if_any(stage->aside, name, text, length, error);
}

/* What cannot be read stops the update: it is no fault of a thread's. */
static bool
note(MpStage *stage, bool good)
{
    stage->has_failed |= !good;
    return good;
}

bool
mp_stage_read(MpStage *stage, const char *path, char **text, GError **error)
{
    gsize length;

    return note(stage, read_bytes(stage, path, text, &length, error));
}

bool
mp_stage_has(MpStage *stage, const char *path, bool *has, GError **error)
{
    *has = g_hash_table_contains(stage->by_path, path);
    return *has || g_hash_table_contains(stage->removed, path) ||
           note(stage, is_there(stage->directory, path, has, error));
}

GPtrArray *
mp_stage_list(MpStage *stage, const char *path, MpEntryFilter filter, gpointer user_data,
              GError **error)
{
    g_autofree char *whole = g_build_filename(stage->path, path, NULL);
    struct stat st;

    if (!note(stage, is_inside(stage, path, error)))
        return NULL;
    if (fstatat(stage->directory, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno == ENOENT
                                                                      : !S_ISDIR(st.st_mode))
        return g_ptr_array_new_with_free_func(g_free);
    GPtrArray *names = mp_list_directory(whole, filter, user_data, error);
    note(stage, names != NULL);
    return names;
}

bool
mp_stage_read_built(const MpStage *stage, char **text, GError **error)
{
    gsize length;

    return read_if_any(stage->directory, BUILT, text, &length, error);
}

bool
mp_stage_write_built(const MpStage *stage, const char *text, GError **error)
{
    if (mp_write_file(stage->directory, BUILT, text, strlen(text), 0600, true, error))
        return true;
    g_prefix_error(error, "%s: ", stage->path);
    return false;
}

/* --- Writing aside -------------------------------------------------------------------------------
 */

/* A file of this size has this content already. One that cannot be read is written anew. */
static bool
has_content(MpStage *stage, const char *path, const char *bytes, gsize length)
{
    g_autofree char *text = NULL;
    struct stat st;
    gsize found = 0;

    if (!g_hash_table_contains(stage->by_path, path) &&
        (fstatat(stage->directory, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
         (guint64)st.st_size != length))
        return false;
    return read_bytes(stage, path, &text, &found, NULL) && text != NULL && found == length &&
           memcmp(text, bytes, length) == 0;
}

/* Pages can be made again; a mail that finds the disk full has to wait. */
static bool
has_room(const MpStage *stage, gsize more, GError **error)
{
    struct statvfs fs;

    if (fstatvfs(stage->aside, &fs) < 0)
        return mp_fail_errno(error, "cannot look at the disk of %s", stage->path);
    return (guint64)fs.f_bavail * fs.f_frsize >= more + ROOM ||
           mp_fail(error, MP_ERROR_TEMPORARY,
                   "%s: too little room on the disk: %d MiB stay free for mail", stage->path,
                   ROOM / 1024 / 1024);
}

static void
add(MpStage *stage, MpStageOrder order, const char *path)
{
    Staged *staged = g_hash_table_lookup(stage->by_path, path);

    if (staged == NULL) {
        staged = g_new0(Staged, 1);
        staged->path = g_strdup(path);
        g_ptr_array_add(stage->staged, staged);
        g_hash_table_insert(stage->by_path, staged->path, staged);
    }
    staged->order = order;
    staged->number = stage->next++;
}

bool
mp_stage_put(MpStage *stage, MpStageOrder order, const char *path, const char *bytes, gsize length,
             GError **error)
{
    char name[16];

    g_hash_table_remove(stage->removed, path);
    if (!note(stage, is_inside(stage, path, error)))
        return false;
    if (has_content(stage, path, bytes, length))
        return true;
    name_aside(name, stage->next);
    if (!has_room(stage, length, error))
        return note(stage, false);
    if (!mp_create_file(stage->aside, name, bytes, length, 0644, error)) {
        g_prefix_error(error, "%s/%s: ", stage->path, ASIDE);
        return note(stage, false);
    }
    add(stage, order, path);
    stage->octets += length;
    stage->done->written++;
    stage->done->octets += length;
    return (stage->staged->len < FLUSH_FILES && stage->octets < FLUSH_SIZE) ||
           mp_stage_flush(stage, error);
}

bool
mp_stage_put_page(MpStage *stage, MpStageOrder order, const char *path, GString *page,
                  GError **error)
{
    bool good = mp_stage_put(stage, order, path, page->str, page->len, error);

    g_string_free(page, TRUE);
    return good;
}

void
mp_stage_remove(MpStage *stage, const char *path)
{
    g_hash_table_add(stage->removed, g_strdup(path));
}

/* --- Into place ----------------------------------------------------------------------------------
 */

static int
by_order(gconstpointer a, gconstpointer b)
{
    const Staged *x = *(Staged *const *)a, *y = *(Staged *const *)b;

    return x->order != y->order ? (int)x->order - (int)y->order
                                : (x->number > y->number) - (x->number < y->number);
}

static bool
sync_contents(const MpStage *stage, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < stage->staged->len; i++) {
        const Staged *staged = g_ptr_array_index(stage->staged, i);

        g_ptr_array_add(names, g_strdup_printf("%u", staged->number));
    }
    return mp_sync_files(stage->aside, names, error);
}

/* Directories that are missing are made; the file system is synced as a whole later. */
static bool
make_parents(const MpStage *stage, const char *path, GError **error)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        g_autofree char *parent = g_strndup(path, (gsize)(slash - path));

        if (mkdirat(stage->directory, parent, 0755) < 0 && errno != EEXIST)
            return mp_fail_errno(error, "cannot make the directory %s/%s", stage->path, parent);
    }
    return true;
}

static bool
put_into_place(const MpStage *stage, const Staged *staged, GError **error)
{
    char name[16];

    name_aside(name, staged->number);
    if (renameat(stage->aside, name, stage->directory, staged->path) == 0)
        return true;
    if (errno != ENOENT)
        return mp_fail_errno(error, "cannot rename to %s/%s", stage->path, staged->path);
    return make_parents(stage, staged->path, error) &&
           (renameat(stage->aside, name, stage->directory, staged->path) == 0 ||
            mp_fail_errno(error, "cannot rename to %s/%s", stage->path, staged->path));
}

static bool
remove_all(MpStage *stage, const char *path, GError **error)
{
    g_autofree char *whole = g_build_filename(stage->path, path, NULL);
    g_autoptr(GPtrArray) names = NULL;

    if (unlinkat(stage->directory, path, 0) == 0) {
        stage->done->removed++;
        return true;
    }
    if (errno == ENOENT || errno == ENOTDIR)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return mp_fail_errno(error, "cannot remove %s", whole);
    names = mp_list_directory(whole, NULL, NULL, error);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *below = g_build_filename(path, g_ptr_array_index(names, i), NULL);

        if (!remove_all(stage, below, error))
            return false;
    }
    if (names == NULL)
        return false;
    /* what is hidden is not ours, and stays */
    return unlinkat(stage->directory, path, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY ||
           mp_fail_errno(error, "cannot remove the directory %s", whole);
}

static bool
remove_what_is_gone(MpStage *stage, GError **error)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, stage->removed);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        if (!is_inside(stage, path, error) || !remove_all(stage, path, error))
            return false;
    g_hash_table_remove_all(stage->removed);
    return true;
}

static bool
flush(MpStage *stage, GError **error)
{
    if (stage->staged->len == 0 && g_hash_table_size(stage->removed) == 0)
        return true;
    if (!sync_contents(stage, error))
        return false;
    g_ptr_array_sort(stage->staged, by_order);
    for (guint i = 0; i < stage->staged->len; i++)
        if (!put_into_place(stage, g_ptr_array_index(stage->staged, i), error))
            return false;
    g_hash_table_remove_all(stage->by_path);
    g_ptr_array_set_size(stage->staged, 0);
    stage->octets = 0;
    if (!remove_what_is_gone(stage, error))
        return false;
    return syncfs(stage->directory) == 0 || mp_fail_errno(error, "cannot sync %s", stage->path);
}

bool
mp_stage_flush(MpStage *stage, GError **error)
{
    return note(stage, flush(stage, error));
}

bool
mp_stage_has_failed(const MpStage *stage)
{
    return stage->has_failed;
}
