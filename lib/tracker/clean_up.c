/*
 * What a killed run left in a repository; see tracker.h. By itself, so that who only looks is not
 * linked with all that reads objects.
 */
#include "git/stale_files.h"
#include "tracker/tracker.h"

bool
mp_tracker_clean_up(const char *path, GError **error)
{
    return mp_stale_files_remove(path, error);
}

bool
mp_tracker_needs_clean_up(const char *path)
{
    return mp_stale_files_are_there(path);
}
