/*
 * What is left over after everything was written anew; see internal.h. A large tracker has millions
 * of files: of each thread only its last page is remembered, and of a directory only what has to
 * go.
 */
#include "pages/internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const files_of_repository[] = {"index.html", "opened.html", "archive.html",
                                                  "titles.js",  "atom.xml",    "a"};

static bool
is_of_repository(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(files_of_repository); i++)
        if (strcmp(name, files_of_repository[i]) == 0)
            return true;
    return false;
}

/* --- A thread
 * ------------------------------------------------------------------------------------- */

typedef struct {
    const MpPagesUpdate *update;
    const MpPagesRepository *repository;
    const char *directory;
} Sweep;

static bool
is_left_attached(const struct dirent *entry, gpointer user_data)
{
    const Sweep *sweep = user_data;
    g_autofree char *path = g_build_filename(sweep->directory, entry->d_name, NULL);

    return entry->d_name[0] != '.' && !g_hash_table_contains(sweep->update->attached, path);
}

/* Removes what a filter wants of a directory. */
static bool
sweep_directory(MpPagesUpdate *update, const Sweep *sweep, MpEntryFilter filter, GError **error)
{
    g_autoptr(GPtrArray) names =
        mp_stage_list(update->stage, sweep->directory, filter, (gpointer)sweep, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path =
            g_build_filename(sweep->directory, g_ptr_array_index(names, i), NULL);

        mp_stage_remove(update->stage, path);
    }
    return names != NULL;
}

bool
mp_pages_sweep_thread(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 id,
                      guint64 last, GError **error)
{
    const MpPagesWritten written = {(guint32)id, (guint32)mp_pages_first_comment(last)};
    g_autofree char *directory =
        g_strdup_printf("%s/a/%" G_GUINT64_FORMAT, repository->directory, id);
    const Sweep sweep = {update, repository, directory};
    bool has;

    g_array_append_val(repository->written, written);
    return mp_stage_has(update->stage, directory, &has, error) &&
           (!has || sweep_directory(update, &sweep, is_left_attached, error));
}

/* --- A repository
 * --------------------------------------------------------------------------------- */

static int
by_id(gconstpointer a, gconstpointer b)
{
    const MpPagesWritten *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static const MpPagesWritten *
find_written(const MpPagesRepository *repository, guint64 id)
{
    const MpPagesWritten key = {(guint32)id, 0};

    if (repository->written->len == 0 || id > G_MAXUINT32)
        return NULL;
    return bsearch(&key, repository->written->data, repository->written->len, sizeof key, by_id);
}

/* "17.html", "17-100.html" of a thread that has so many, "ids-101.html" of a range with threads. */
static bool
is_page_of(const MpPagesRepository *repository, const char *name)
{
    bool is_range = g_str_has_prefix(name, "ids-");
    char *end;
    guint64 number = g_ascii_strtoull(is_range ? name + strlen("ids-") : name, &end, 10);
    guint64 first = !is_range && *end == '-' ? g_ascii_strtoull(end + 1, NULL, 10) : 0;
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    g_autofree char *page = mp_thread_page(number, first);
    g_autofree char *ours =
        g_strconcat(is_range ? "ids-" : "", is_range ? key : page, ".html", NULL);

    if (strcmp(name, ours) != 0)
        return false;
    if (is_range)
        return mp_lines_has(repository->archive, key);
    const MpPagesWritten *written = find_written(repository, number);
    return written != NULL && first <= written->latest;
}

static bool
is_left_page(const struct dirent *entry, gpointer user_data)
{
    const Sweep *sweep = user_data;

    return entry->d_name[0] != '.' && !is_of_repository(entry->d_name) &&
           !is_page_of(sweep->repository, entry->d_name);
}

/* What was attached to a thread that is not here any more. */
static bool
is_left_thread(const struct dirent *entry, gpointer user_data)
{
    const Sweep *sweep = user_data;
    guint64 id;

    return entry->d_name[0] != '.' &&
           (!g_ascii_string_to_unsigned(entry->d_name, 10, 1, G_MAXUINT32, &id, NULL) ||
            find_written(sweep->repository, id) == NULL);
}

/* Each by itself: a link in its place leads elsewhere, and stays. */
static bool
sweep_threads(MpPagesUpdate *update, const MpPagesRepository *repository, GError **error)
{
    g_autofree char *attached = g_strconcat(repository->directory, "/a", NULL);
    const Sweep all = {update, repository, attached};
    g_autoptr(GPtrArray) threads =
        mp_stage_list(update->stage, attached, is_left_thread, (gpointer)&all, error);

    for (guint i = 0; threads != NULL && i < threads->len; i++) {
        g_autofree char *thread = g_build_filename(attached, g_ptr_array_index(threads, i), NULL);
        const Sweep one = {update, repository, thread};

        if (!sweep_directory(update, &one, NULL, error))
            return false;
    }
    return threads != NULL;
}

static bool
sweep_repository(MpPagesUpdate *update, const char *name, GError **error)
{
    const MpPagesRepository *repository = g_hash_table_lookup(update->repositories, name);
    g_autofree char *directory = g_strconcat("r/", name, NULL);
    const Sweep pages = {update, repository, directory};

    if (repository == NULL || !repository->is_published) {
        mp_stage_remove(update->stage, directory);
        return true;
    }
    return sweep_directory(update, &pages, is_left_page, error) &&
           sweep_threads(update, repository, error);
}

bool
mp_pages_sweep(MpPagesUpdate *update, GError **error)
{
    g_autoptr(GPtrArray) owners = mp_stage_list(update->stage, "r", NULL, NULL, error);

    for (guint i = 0; owners != NULL && i < owners->len; i++) {
        const char *owner = g_ptr_array_index(owners, i);
        g_autofree char *directory = g_strconcat("r/", owner, NULL);
        g_autoptr(GPtrArray) names = mp_stage_list(update->stage, directory, NULL, NULL, error);

        if (names == NULL)
            return false;
        for (guint j = 0; j < names->len; j++) {
            g_autofree char *name = g_strconcat(owner, "/", g_ptr_array_index(names, j), NULL);

            if (!sweep_repository(update, name, error))
                return false;
        }
    }
    return owners != NULL;
}
