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
#include "base/program.h"
#include "instance/hook.h"

#define PACKS 50

const char *const mp_upkeep_repositories[MP_UPKEEP_REPOSITORIES] = {"tracker.git", "accounts.git"};

static bool
is_the_last_of_many(const struct dirent *entry, gpointer user_data)
{
    guint *n = user_data;

    *n += g_str_has_suffix(entry->d_name, ".pack");
    return *n >= PACKS;
}

bool
mp_upkeep_look(const MpConfig *config, gsize i, bool *has_many, GError **error)
{
    g_autofree char *path = mp_config_path(config, mp_upkeep_repositories[i]);
    g_autofree char *packs = g_build_filename(path, "objects/pack", NULL);
    guint n = 0;

    return mp_directory_has(packs, is_the_last_of_many, &n, has_many, error);
}

/* What stands in the way is told once, and again after it was gone: we look every few seconds. */
static bool
has_many_packs(MpUpkeep *upkeep, const MpConfig *config, gsize i)
{
    g_autoptr(GError) why = NULL;
    bool found, good = mp_upkeep_look(config, i, &found, &why);

    if (!good)
        mp_log(upkeep->is_blind[i] ? MP_LOG_DEBUG : MP_LOG_WARN, "%s", why->message);
    upkeep->is_blind[i] = !good;
    return good && found;
}

bool
mp_upkeep_is_due(const MpConfig *config)
{
    for (gsize i = 0; i < MP_UPKEEP_REPOSITORIES; i++) {
        bool has_many;

        if (!mp_upkeep_look(config, i, &has_many, NULL) || has_many)
            return true;
    }
    return false;
}

static bool
is_due(MpUpkeep *upkeep, const MpConfig *config)
{
    for (gsize i = 0; i < MP_UPKEEP_REPOSITORIES; i++)
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
