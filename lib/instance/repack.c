/* Few packs of many: the work of the child; see upkeep.h. It is not in upkeep.c, which the program
 * that looks whether there is anything to do has too: that one loads nothing of Git. */
#include "base/lock.h"
#include "git/packs.h"
#include "instance/upkeep.h"

#define SECONDS 3600 /* for one repository; then it is tried by the nightly upkeep alone */

static bool
repack(const MpConfig *config, const char *repository, GError **error)
{
    g_autofree char *path = mp_config_path(config, repository);
    g_autofree char *packs = g_build_filename(path, "objects/pack", NULL);
    g_autoptr(MpLock) lock = mp_lock_take_directory(packs, MP_LOCK_WAIT, error); /* as a purge */

    return lock != NULL && mp_packs_join(path, SECONDS, error);
}

bool
mp_upkeep_repack(const MpConfig *config, GError **error)
{
    for (gsize i = 0; i < MP_UPKEEP_REPOSITORIES; i++) {
        bool has_many;

        if (!mp_upkeep_look(config, i, &has_many, error) ||
            (has_many && !repack(config, mp_upkeep_repositories[i], error)))
            return false;
    }
    return true;
}
