/* Few packs of many: the work of the child; see upkeep.h. It is not in upkeep.c, which the program
 * that looks whether there is anything to do has too: that one loads nothing of Git. */
#include "instance/upkeep.h"

#include "base/error.h"
#include "base/lock.h"
#include "base/process.h"
#include "git/packs.h"

#define SECONDS 3600 /* for one repository; then it is tried by the nightly upkeep alone */

/* What the small packs alone do not settle: where there is no large one, it is soon done. */
static bool
repack_by_git(const char *path, GError **error)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                              NULL};
    const char *argv[] = {"git", "-C", path, "repack", "--quiet", "--geometric=2", "-d", NULL};
    g_auto(MpProcess) git = {0};

    if (!mp_process_run(&git, argv, environment, SECONDS, error))
        return false;
    if (git.status == 0)
        return true;
    g_strdelimit(git.err, "\n", ' ');
    return mp_fail(error, MP_ERROR_TEMPORARY, "git repack of %s: %s", path,
                   git.is_too_slow ? "took too long" : g_strstrip(git.err));
}

static bool
repack(const MpConfig *config, const char *repository, GError **error)
{
    g_autofree char *path = mp_config_path(config, repository);
    g_autofree char *packs = g_build_filename(path, "objects/pack", NULL);
    g_autoptr(MpLock) lock = mp_lock_take_directory(packs, MP_LOCK_WAIT, error); /* as a purge */
    bool joined;

    return lock != NULL && mp_packs_join(path, SECONDS, &joined, error) &&
           (joined || repack_by_git(path, error));
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
