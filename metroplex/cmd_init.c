/*
 * metroplex init: makes what is missing of an installation, changes nothing that exists, and says
 * what it made.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "commands.h"
#include "site.h"

#define DEFAULT_DATA "/data/user"
#define DEFAULT_LOG  "/var/log/mail-replies"

/* Made for every installation, below the data directory. */
static const struct {
    const char *path;
    mode_t mode;
} directories[] = {
    {"mail", 0750},
    {"mail/reply", 0750},
    {"mail/reply/tmp", 0700},
    {"mail/reply/new", 0700},
    {"mail/reply/cur", 0700},
    {"incoming-mail", 0750},
    {"incoming-mail/success", 0700},
    {"incoming-mail/failure", 0700},
};

typedef struct {
    const struct passwd *owner; /* NULL: whoever runs this */
    guint n_made;
} Init;

static void
say_made(Init *init, const char *what)
{
    g_autofree char *shown = mp_escape(what);

    printf("made %s\n", shown);
    init->n_made++;
}

static bool
give(const Init *init, const char *path, GError **error)
{
    if (init->owner == NULL || lchown(path, init->owner->pw_uid, init->owner->pw_gid) == 0)
        return true;
    return mp_fail_errno(error, "cannot give %s to %s", path, init->owner->pw_name);
}

static bool
make_directory(Init *init, const char *path, mode_t mode, GError **error)
{
    bool made;

    if (!mp_make_directories(path, mode, &made, error))
        return false;
    if (!made)
        return true;
    say_made(init, path);
    return give(init, path, error);
}

/* --- The configuration ----------------------------------------------------------------------- */

static const char template[] =
    "# Metroplex; every key is described in metroplex.conf(5).\n"
    "\n"
    "[instance]\n"
    "hostname = %s\n"
    "# The base of links in notifications:\n"
    "url = https://%s\n"
    "data = %s\n"
    "log-directory = %s\n"
    "log-level = debug\n"
    "\n"
    "[address]\n"
    "# One key a line; the first signs, all verify. Keep it secret.\n"
    "keys = %s\n"
    "# strict: the sender must own the address; token: the address alone decides\n"
    "identity = strict\n"
    "\n"
    "[smtp]\n"
    "# While no server is known, notifications are written into a Maildir. For a server:\n"
    "#   transport = smtp\n"
    "transport = maildir\n"
    "maildir = %s/sent\n"
    "# address = smtp.example.org\n"
    "# port = 587\n"
    "# tls = starttls\n"
    "# authentication = login\n"
    "# username = postmaster\n"
    "# password-file = /etc/metroplex/smtp-password\n"
    "noreply-address = noreply@%s\n"
    "discard-to-noreply-address = true\n";

static bool
write_new(const Init *init, const char *path, const char *text, mode_t mode, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int fd = mp_open_directory(directory, error);
    bool good = fd >= 0 && mp_write_file(fd, name, text, strlen(text), mode, true, error);

    if (fd >= 0)
        close(fd);
    return good && give(init, path, error);
}

static bool
make_config(Init *init, const char *path, const char *hostname, const char *data, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *keys = g_build_filename(directory, "address-keys", NULL);
    g_autofree char *log = strcmp(data, DEFAULT_DATA) == 0 ? g_strdup(DEFAULT_LOG)
                                                           : g_build_filename(data, "log", NULL);
    g_autofree char *text = g_strdup_printf(template, hostname, hostname, data, log, keys, data, hostname);

    if (!make_directory(init, directory, 0755, error) || !write_new(init, path, text, 0644, error))
        return false;
    say_made(init, path);
    return true;
}

static bool
make_keys(Init *init, const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    char *key;

    if (access(path, F_OK) == 0)
        return true;
    key = mp_key_generate(error);
    if (key == NULL)
        return false;
    g_autofree char *line = g_strconcat(key, "\n", NULL);
    bool good = make_directory(init, directory, 0755, error) && write_new(init, path, line, 0600, error);
    mp_wipe(line, strlen(line));
    mp_wipe(key, strlen(key));
    g_free(key);
    if (good)
        say_made(init, path);
    return good;
}

/* --- The data directory ----------------------------------------------------------------------- */

static bool
make_directories(Init *init, const MpConfig *config, GError **error)
{
    if (!make_directory(init, config->data, 0750, error))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = mp_config_path(config, directories[i].path);

        if (!make_directory(init, path, directories[i].mode, error))
            return false;
    }
    return make_directory(init, config->log_directory, 0750, error) &&
           (config->maildir[0] == '\0' || make_directory(init, config->maildir, 0700, error));
}

static const struct passwd *owner_of_tree; /* nftw(3) hands on no data of ours */

static int
give_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return lchown(path, owner_of_tree->pw_uid, owner_of_tree->pw_gid);
}

static bool
give_tree(const Init *init, const char *path, GError **error)
{
    if (init->owner == NULL)
        return true;
    owner_of_tree = init->owner;
    if (nftw(path, give_one, 16, FTW_PHYS) != 0)
        return mp_fail_errno(error, "cannot give %s to %s", path, init->owner->pw_name);
    return true;
}

static bool
make_repository(Init *init, const MpConfig *config, const char *name,
                bool (*make)(const char *, const char *, bool *, GError **), GError **error)
{
    g_autofree char *path = mp_config_path(config, name);
    bool made;

    if (!make(path, config->hostname, &made, error))
        return false;
    if (!made)
        return true;
    say_made(init, path);
    return give_tree(init, path, error);
}

static bool
make_outbox(Init *init, const MpConfig *config, GError **error)
{
    g_autofree char *path = mp_config_path(config, "outbox");
    bool is_there = access(path, F_OK) == 0;

    if (!mp_outbox_init(path, error))
        return false;
    if (is_there)
        return true;
    say_made(init, path);
    return give_tree(init, path, error);
}

/* --- The command ----------------------------------------------------------------------------- */

static bool
check_agreement(const MpConfig *config, const char *hostname, const char *data, GError **error)
{
    if (hostname != NULL && strcmp(hostname, config->hostname) != 0)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is there already, and its hostname is %s, not %s",
                       config->file, config->hostname, hostname);
    if (data != NULL && strcmp(data, config->data) != 0)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is there already, and its data is %s, not %s",
                       config->file, config->data, data);
    return true;
}

static bool
init_all(Init *init, const char *config_path, const char *hostname, const char *data, GError **error)
{
    g_autoptr(MpConfig) config = NULL;

    if (access(config_path, F_OK) != 0) {
        if (hostname == NULL || !mp_is_hostname(hostname))
            return mp_fail(error, MP_ERROR_INPUT, "--hostname NAME is needed to make %s: a host name such as git.example.org",
                           config_path);
        if (!make_config(init, config_path, hostname, data != NULL ? data : DEFAULT_DATA, error))
            return false;
    }
    config = mp_config_load(config_path, NULL, error);
    return config != NULL && check_agreement(config, hostname, data, error) &&
           make_keys(init, config->keys, error) && make_directories(init, config, error) &&
           make_repository(init, config, "tracker.git", mp_tracker_init, error) &&
           make_repository(init, config, "accounts.git", mp_accounts_init, error) &&
           make_outbox(init, config, error);
}

int
cmd_init(int argc, char **argv)
{
    g_autofree char *hostname = NULL, *owner = NULL;
    const GOptionEntry entries[] = {
        {"hostname", 0, 0, G_OPTION_ARG_STRING, &hostname, "the Git server's name; mail comes to reply.NAME", "NAME"},
        {"owner", 0, 0, G_OPTION_ARG_STRING, &owner, "give what is made to USER (as root only)", "USER"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_autoptr(GError) error = NULL;
    Init init = {0};

    mp_options_parse(&options, entries, "init", "", "Makes what is missing of an installation; changes nothing that exists.",
                     0, 0, &argc, &argv);
    if (owner != NULL && (init.owner = getpwnam(owner)) == NULL)
        return mp_usage_error("no such user: %s", owner);
    g_autofree char *config = g_canonicalize_filename(options.config_file, NULL);
    g_autofree char *data = options.data != NULL ? g_canonicalize_filename(options.data, NULL) : NULL;
    if (!init_all(&init, config, hostname, data, &error))
        return mp_report(error);
    if (init.n_made == 0)
        puts("nothing to make: all is there");
    return EX_OK;
}
