/* Few packs of many; see upkeep.h. */
#include "instance/upkeep.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/program.h"
#include "instance/hook.h"

#define PACKS   50
#define SECONDS 3600 /* for one repository; then it is tried by the nightly upkeep alone */

static const char *const repositories[MP_UPKEEP_REPOSITORIES] = {"tracker.git", "accounts.git"};

static bool
is_the_last_of_many(const struct dirent *entry, gpointer user_data)
{
    guint *n = user_data;

    *n += g_str_has_suffix(entry->d_name, ".pack");
    return *n >= PACKS;
}

static bool
look(const MpConfig *config, const char *repository, bool *has_many, GError **error)
{
    g_autofree char *path = mp_config_path(config, repository);
    g_autofree char *packs = g_build_filename(path, "objects/pack", NULL);
    guint n = 0;

    return mp_directory_has(packs, is_the_last_of_many, &n, has_many, error);
}

/* What stands in the way is told once, and again after it was gone: we look every few seconds. */
static bool
has_many_packs(MpUpkeep *upkeep, const MpConfig *config, gsize i)
{
    g_autoptr(GError) why = NULL;
    bool found, good = look(config, repositories[i], &found, &why);

    if (!good)
        mp_log(upkeep->is_blind[i] ? MP_LOG_DEBUG : MP_LOG_WARN, "%s", why->message);
    upkeep->is_blind[i] = !good;
    return good && found;
}

bool
mp_upkeep_is_due(const MpConfig *config)
{
    for (gsize i = 0; i < G_N_ELEMENTS(repositories); i++) {
        bool has_many;

        if (!look(config, repositories[i], &has_many, NULL) || has_many)
            return true;
    }
    return false;
}

static bool
is_due(MpUpkeep *upkeep, const MpConfig *config)
{
    for (gsize i = 0; i < G_N_ELEMENTS(repositories); i++)
        if (has_many_packs(upkeep, config, i))
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
    g_autofree char *program = mp_inner_program_path("metroplex-commands");
    const char *argv[] = {program,  "repack",     "--config", options->config_file,
                          "--data", config->data, NULL};

    take_end(upkeep);
    if (upkeep->child > 0 || !may_start || upkeep->is_failing || !is_due(upkeep, config))
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
    g_autofree char *packs = g_build_filename(path, "objects/pack", NULL);
    const char *argv[] = {"git", "-C", path, "repack", "--quiet", "--geometric=2", "-d", NULL};
    g_autoptr(MpLock) lock = mp_lock_take_directory(packs, MP_LOCK_WAIT, error); /* as a purge */
    g_auto(MpProcess) git = {0};

    if (lock == NULL || !mp_process_run(&git, argv, environment, SECONDS, error))
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
    for (gsize i = 0; i < G_N_ELEMENTS(repositories); i++) {
        bool has_many;

        if (!look(config, repositories[i], &has_many, error) ||
            (has_many && !repack(config, repositories[i], error)))
            return false;
    }
    return true;
}
