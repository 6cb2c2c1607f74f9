/* The names in a directory; see directory.h. */
#include "base/directory.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

typedef DIR MpDirectory;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpDirectory, closedir)

static bool
is_visible(const struct dirent *entry, gpointer user_data)
{
    (void)user_data;
    return entry->d_name[0] != '.';
}

/* NULL with errno 0 at the end. */
static const struct dirent *
next_wanted(DIR *directory, MpEntryFilter filter, gpointer user_data)
{
    const struct dirent *entry;

    /* the filter may change errno, which readdir(3) leaves alone at the end */
    while (errno = 0, (entry = readdir(directory)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            filter(entry, user_data))
            return entry;
    return NULL;
}

static GPtrArray *
read_names(DIR *directory, const char *path, MpEntryFilter filter, gpointer user_data,
           GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const struct dirent *entry;

    while ((entry = next_wanted(directory, filter, user_data)) != NULL)
        g_ptr_array_add(names, g_strdup(entry->d_name));
    if (errno != 0)
        return mp_fail_errno_null(error, "cannot list %s", path);
    return g_steal_pointer(&names);
}

GPtrArray *
mp_list_directory(const char *path, MpEntryFilter filter, gpointer user_data, GError **error)
{
    g_autoptr(MpDirectory) directory = opendir(path);

    if (directory == NULL)
        return mp_fail_errno_null(error, "cannot list %s", path);
    return read_names(directory, path, filter != NULL ? filter : is_visible, user_data, error);
}

GPtrArray *
mp_list_directory_if_any(const char *path, GError **error)
{
    g_autoptr(MpDirectory) directory = opendir(path);

    if (directory == NULL && errno == ENOENT)
        return g_ptr_array_new_with_free_func(g_free);
    if (directory == NULL)
        return mp_fail_errno_null(error, "cannot list %s", path);
    return read_names(directory, path, is_visible, NULL, error);
}

bool
mp_directory_has(const char *path, MpEntryFilter filter, gpointer user_data, bool *has,
                 GError **error)
{
    g_autoptr(MpDirectory) directory = opendir(path);

    *has = false;
    if (directory == NULL && errno == ENOENT)
        return true;
    if (directory != NULL)
        *has = next_wanted(directory, filter != NULL ? filter : is_visible, user_data) != NULL;
    return *has || errno == 0 || mp_fail_errno(error, "cannot list %s", path);
}
