/* What is left over after everything was written anew; see internal.h. */
#include "pages/internal.h"

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

static bool
sweep_attached(MpPagesUpdate *update, const char *directory, GError **error)
{
    g_autofree char *below = g_strconcat(directory, "/a", NULL);
    g_autoptr(GPtrArray) threads = mp_stage_list(update->stage, below, error);

    for (guint i = 0; threads != NULL && i < threads->len; i++) {
        g_autofree char *thread = g_build_filename(below, g_ptr_array_index(threads, i), NULL);
        g_autoptr(GPtrArray) files = mp_stage_list(update->stage, thread, error);

        if (files == NULL)
            return false;
        for (guint j = 0; j < files->len; j++) {
            g_autofree char *path = g_build_filename(thread, g_ptr_array_index(files, j), NULL);

            if (!g_hash_table_contains(update->known, path))
                mp_stage_remove(update->stage, path);
        }
    }
    return threads != NULL;
}

static bool
sweep_repository(MpPagesUpdate *update, const char *name, GError **error)
{
    const MpPagesRepository *repository = g_hash_table_lookup(update->repositories, name);
    g_autofree char *directory = g_strconcat("r/", name, NULL);
    g_autoptr(GPtrArray) files = NULL;

    if (repository == NULL || !repository->is_published) {
        mp_stage_remove(update->stage, directory);
        return true;
    }
    files = mp_stage_list(update->stage, directory, error);
    for (guint i = 0; files != NULL && i < files->len; i++) {
        const char *file = g_ptr_array_index(files, i);
        g_autofree char *path = g_strconcat(directory, "/", file, NULL);

        if (!is_of_repository(file) && !g_hash_table_contains(update->known, path))
            mp_stage_remove(update->stage, path);
    }
    return files != NULL && sweep_attached(update, directory, error);
}

bool
mp_pages_sweep(MpPagesUpdate *update, GError **error)
{
    g_autoptr(GPtrArray) owners = mp_stage_list(update->stage, "r", error);

    for (guint i = 0; owners != NULL && i < owners->len; i++) {
        const char *owner = g_ptr_array_index(owners, i);
        g_autofree char *directory = g_strconcat("r/", owner, NULL);
        g_autoptr(GPtrArray) names = mp_stage_list(update->stage, directory, error);

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
