/* Who may change the configuration, and who may read its secret; see config.h. */
#include "base/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"

static bool
check_owner(const char *path, GError **error)
{
    g_autofree char *shown = mp_escape(path);
    struct stat st;

    if (stat(path, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", shown);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s belongs to user %u, who could have any program run by changing the "
                       "configuration (chown root)",
                       shown, (unsigned)st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s has mode %04o: others could have any program run by changing the "
                       "configuration (chmod go-w)",
                       shown, (unsigned)st.st_mode & 07777);
    return true;
}

bool
mp_config_check_owner(const char *path, GError **error)
{
    char *target = realpath(path, NULL); /* where it lies, if a link leads there */
    g_autofree char *directory = g_path_get_dirname(path);

    if (target == NULL) {
        g_autofree char *shown = mp_escape(path);
        return mp_fail_errno(error, "cannot look at %s", shown);
    }
    g_autofree char *below = g_path_get_dirname(target);
    bool good =
        check_owner(target, error) && check_owner(directory, error) && check_owner(below, error);
    free(target);
    return good;
}

char *
mp_config_password_fault(const char *path, bool translated)
{
    struct stat st;

    if (stat(path, &st) < 0 || (st.st_mode & 077) == 0)
        return NULL;
    return g_strdup_printf(translated ? _("is a secret but has mode %04o: others can read or write "
                                          "it (chmod 0600)")
                                      : "is a secret but has mode %04o: others can read or write "
                                        "it (chmod 0600)",
                           (unsigned)st.st_mode & 07777);
}
