/* What `metroplex init` makes; see init.h. */
#include "init.h"

#include <sys/stat.h>

const InitDirectory init_directories[] = {
    {"mail", 0750},
    {"mail/reply", 0700},
    {"mail/reply/tmp", 0700},
    {"mail/reply/new", 0700},
    {"mail/reply/cur", 0700},
    {"incoming-mail", 0750},
    {"incoming-mail/success", 0700},
    {"incoming-mail/failure", 0700},
    {"incoming-mail/held", 0700},
};

const gsize init_n_directories = G_N_ELEMENTS(init_directories);

static bool
is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

bool
init_is_complete(const MpConfig *config)
{
    static const char *const repositories[] = {"tracker.git", "accounts.git", "outbox"};
    bool good = is_there(config->keys) && is_there(config->log_directory);

    for (gsize i = 0; i < init_n_directories && good; i++) {
        g_autofree char *path = mp_config_path(config, init_directories[i].name);

        good = is_there(path);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(repositories) && good; i++) {
        g_autofree char *path = mp_config_path(config, repositories[i]);

        good = is_there(path);
    }
    return good && (config->transport != MP_TRANSPORT_MAILDIR || is_there(config->maildir));
}
