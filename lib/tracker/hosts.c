/* hosts/NAME: which installation posts under the name of a host; see tracker.h. */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "tracker/internal.h"
#include "git/tree_name.h"
#include "tracker/share.h"

char *
mp_path_of_host(const char *name)
{
    return g_strconcat("hosts/", name, NULL);
}

static bool
check_name(const char *name, GError **error)
{
    g_autofree char *shown = mp_escape(name);

    return (mp_is_plain_name(name) && mp_tree_name_fault(name, strlen(name)) == NULL) ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "%s cannot be the name of a host among several: set [instance] host-id", shown);
}

bool
mp_tracker_check_host(MpTracker *tracker, const char *name, const char *installation,
                      bool *is_known, GError **error)
{
    g_autofree char *path = mp_path_of_host(name), *text = NULL;

    if (!check_name(name, error) ||
        !mp_tree_read(mp_store_view(&tracker->store), NULL, path, &text, NULL, error))
        return false;
    *is_known = text != NULL;
    return !*is_known || strcmp(g_strchomp(text), installation) == 0 ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "%s of the shared tracker is another installation: no two hosts may have one "
                   "name, so set [instance] host-id here, or if this one replaces the other, see "
                   "SEVERAL HOSTS in metroplex(8)",
                   path);
}
