/* Few packs of many; see upkeep.h. */
#include "instance/upkeep.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "instance/hook.h"

#define PACKS   50
#define SECONDS 3600 /* for one repository; then it is tried by the nightly upkeep alone */

static const char *const repositories[] = {"tracker.git", "accounts.git"};

static bool
has_many_packs(const MpConfig *config, const char *repository)
{
    g_autofree char *path = mp_config_path(config, repository);
    g_autofree char *packs = g_build_filename(path, "objects/pack", NULL);
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(packs, &why);
    guint n = 0;

    if (names == NULL)
        mp_warn("%s", why->message);
    for (guint i = 0; names != NULL && i < names->len; i++)
        n += g_str_has_suffix(names->pdata[i], ".pack");
    return n >= PACKS;
}

static bool
is_due(const MpConfig *config)
{
    for (gsize i = 0; i < G_N_ELEMENTS(repositories); i++)
        if (has_many_packs(config, repositories[i]))
            return true;
    return false;
}

static void
take_end(MpUpkeep *upkeep)
{
    int status = 0;

    if (upkeep->child == 0 || waitpid(upkeep->child, &status, WNOHANG) == 0)
        return;
    upkeep->child = 0;
    upkeep->is_failing = !WIFEXITED(status) || WEXITSTATUS(status) != EX_OK;
}

bool
mp_upkeep_step(MpUpkeep *upkeep, const MpConfig *config, const MpOptions *options, bool may_start)
{
    const char *argv[] = {"/proc/self/exe", "repack",     "--config", options->config_file,
                          "--data",         config->data, NULL};

    take_end(upkeep);
    if (upkeep->child > 0 || !may_start || upkeep->is_failing || !is_due(config))
        return upkeep->child > 0;
    upkeep->child = mp_hook_start(argv, -1, -1);
    if (upkeep->child < 0) {
        mp_warn("repack has to wait: cannot start a process: %s", g_strerror(errno));
        upkeep->child = 0;
        upkeep->is_failing = true;
    }
    return upkeep->child > 0;
}

void
mp_upkeep_stop(MpUpkeep *upkeep)
{
    if (upkeep->child == 0)
        return;
    kill(upkeep->child, SIGKILL); /* git dies with it */
    waitpid(upkeep->child, NULL, 0);
    upkeep->child = 0;
}

/* --- The child ------------------------------------------------------------------------------- */

static bool
repack(const MpConfig *config, const char *repository, GError **error)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                              NULL};
    g_autofree char *path = mp_config_path(config, repository);
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

bool
mp_upkeep_repack(const MpConfig *config, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(repositories); i++)
        if (has_many_packs(config, repositories[i]) && !repack(config, repositories[i], error))
            return false;
    return true;
}
