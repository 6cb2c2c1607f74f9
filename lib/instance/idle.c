/* Whether there is anything to do; see idle.h. */
#include "instance/idle.h"

#include <unistd.h>

#include "base/directory.h"
#include "instance/hook.h"
#include "instance/purge.h"
#include "instance/upkeep.h"

static bool
holds_any(const MpConfig *config, const char *directory)
{
    g_autofree char *path = mp_config_path(config, directory);
    bool has_one;

    return !mp_directory_has(path, NULL, NULL, &has_one, NULL) || has_one;
}

/* What is missing is told by who opens it. */
static bool
is_whole(const MpConfig *config)
{
    static const char *const needed[] = {"mail/reply/new", "incoming-mail/success",
                                         "incoming-mail/failure", "incoming-mail/held",
                                         "outbox/tmp"};

    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        g_autofree char *path = mp_config_path(config, needed[i]);

        if (access(path, W_OK | X_OK) < 0)
            return false;
    }
    return true;
}

static bool
needs_clean_up(const MpConfig *config, const char *repository)
{
    g_autofree char *path = mp_config_path(config, repository);

    return mp_tracker_needs_clean_up(path);
}

bool
mp_is_work_left(const MpConfig *config)
{
    return *config->remote != '\0' || *config->accounts_remote != '\0' ||
           mp_purge_is_begun(config) || needs_clean_up(config, "tracker.git") ||
           needs_clean_up(config, "accounts.git") || holds_any(config, "outbox/tmp") ||
           (*config->on_comment != '\0' && holds_any(config, "hook/tmp"));
}

bool
mp_is_idle(const MpConfig *config)
{
    return config->enabled && *config->repositories_root == '\0' && is_whole(config) &&
           !mp_is_work_left(config) && !holds_any(config, "mail/reply/new") &&
           !holds_any(config, "incoming-mail/held") && !mp_hook_is_due(config) &&
           !mp_upkeep_is_due(config);
}
