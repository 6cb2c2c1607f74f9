/*
 * metroplex init: makes what an installation needs and is not there yet, and says what it made.
 * Nothing that exists is changed, so a second run makes nothing. What the configuration file says
 * at first is init_config.c's.
 *
 * Started as root, what root must own stays root's (the configuration), the rest belongs to the
 * account that the service runs as: --owner, or whoever owns the data directory already.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "commands.h"
#include "init.h"
#include "init_config.h"
#include "instance/instance.h"
#include "tracker/share.h"

typedef struct {
    MpInstance instance; /* its configuration, once there is one; then its lock and keys */
    uid_t uid;           /* (uid_t)-1: nothing is handed over */
    gid_t gid;
    guint n_made;
} Init;

static void
say_made(Init *init, const char *path)
{
    g_autofree char *shown = mp_escape(path);

    printf("made %s\n", shown);
    init->n_made++;
}

static bool
hand_over(const Init *init, const char *path, GError **error)
{
    if (init->uid != (uid_t)-1 && lchown(path, init->uid, init->gid) < 0)
        return mp_fail_errno(error, "cannot give %s to user %u", path, (unsigned)init->uid);
    return true;
}

/* Parents are made for all to pass through; the directory itself has `mode` and its owner. */
static bool
make_directory(Init *init, const char *path, mode_t mode, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    bool made;

    if (!mp_make_directories(parent, 0755, NULL, error) ||
        !mp_make_directories(path, mode, &made, error))
        return false;
    if (!made)
        return true;
    say_made(init, path);
    return hand_over(init, path, error);
}

/* --- Files: made whole or not at all, and never over another -----------------------------------
 */

static bool
place_file(Init *init, int directory, const char *path, const char *text, mode_t mode,
           bool to_owner, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *fresh = g_strdup_printf("%s.%d", name, (int)getpid());
    uid_t uid = to_owner ? init->uid : (uid_t)-1;

    if (!mp_write_file(directory, fresh, text, strlen(text), mode, false, error))
        return false;
    if (uid != (uid_t)-1 && fchownat(directory, fresh, uid, init->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return mp_fail_errno(error, "cannot give %s to user %u", path, (unsigned)uid);
    if (mp_rename_new(directory, fresh, directory, name) < 0) {
        int code = errno;

        unlinkat(directory, fresh, 0);
        errno = code;
        return code == EEXIST ? true : mp_fail_errno(error, "cannot make %s", path);
    }
    say_made(init, path);
    return mp_sync_directory(directory, path, error);
}

static bool
make_file(Init *init, const char *path, const char *text, mode_t mode, bool to_owner,
          GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);

    if (!mp_make_directories(parent, 0755, NULL, error))
        return false;
    g_auto(MpFd) directory = mp_open_directory(parent, error);
    bool good = directory >= 0 && place_file(init, directory, path, text, mode, to_owner, error);
    if (!good)
        g_prefix_error(error, "%s: ", path);
    return good;
}

static bool
is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static bool
make_keys(Init *init, GError **error)
{
    const char *path = init->instance.config->keys;
    g_autofree char *tracker = mp_config_path(init->instance.config, "tracker.git");
    char *key;

    if (is_there(path))
        return true;
    if (is_there(tracker))
        fprintf(stderr,
                "metroplex: %s was missing: a new key is made, and no address that was sent before "
                "verifies any more\n",
                path);
    key = mp_key_generate(error);
    if (key == NULL)
        return false;
    char *line = g_strconcat(key, "\n", NULL);
    bool good = make_file(init, path, line, 0600, true, error);
    mp_wipe(line, strlen(line));
    mp_wipe(key, strlen(key));
    g_free(line);
    g_free(key);
    return good;
}

/* --- Below the data directory ------------------------------------------------------------------
 */

static bool
make_data(Init *init, GError **error)
{
    for (gsize i = 0; i < init_n_directories; i++) {
        g_autofree char *path = mp_config_path(init->instance.config, init_directories[i].name);

        if (!make_directory(init, path, init_directories[i].mode, error))
            return false;
    }
    return true;
}

static bool
make_outbox(Init *init, GError **error)
{
    g_autofree char *path = mp_config_path(init->instance.config, "outbox");
    g_autofree char *conversations =
        mp_config_path(init->instance.config, "outbox/" MP_OUTBOX_CONVERSATIONS);
    g_autoptr(GPtrArray) before = mp_list_directory_if_any(path, error);

    if (before == NULL || !mp_outbox_init(path, error) ||
        !mp_make_directories(conversations, 0750, NULL, error))
        return false;
    g_autoptr(GPtrArray) after = mp_list_directory(path, NULL, NULL, error);
    if (after != NULL && after->len > before->len)
        say_made(init, path);
    return after != NULL;
}

typedef bool (*MakeRepository)(const char *path, const char *hostname, bool *made, GError **error);

static bool
make_repository(Init *init, const char *name, MakeRepository make, GError **error)
{
    g_autofree char *path = mp_config_path(init->instance.config, name);
    bool made;

    if (!make(path, init->instance.config->hostname, &made, error))
        return false;
    if (made)
        say_made(init, path);
    return true;
}

/* --- Remotes: what other hosts share with us ----------------------------------------------------
 */

typedef bool (*Join)(const char *path, const char *hostname, const char *url, char **did,
                     GError **error);

static bool
join(Init *init, const char *name, const char *url, Join join_one, GError **error)
{
    g_autofree char *path = mp_config_path(init->instance.config, name);
    g_autofree char *shown = mp_escape(path), *shown_url = mp_escape(url);
    g_autofree char *did = NULL;

    if (*url == '\0')
        return true;
    if (!join_one(path, init->instance.config->hostname, url, &did, error))
        return false;
    if (did == NULL)
        return true;
    printf("%s %s %s %s\n", did, shown, strcmp(did, "pushed") == 0 ? "to" : "from", shown_url);
    init->n_made++;
    return true;
}

/* Under the lock, since our branch moves. */
static bool
join_remotes(Init *init, GError **error)
{
    const MpConfig *config = init->instance.config;

    return join(init, "tracker.git", config->remote, mp_tracker_join, error) &&
           join(init, "accounts.git", config->accounts_remote, mp_accounts_join, error);
}

/* The Maildir that messages go into while no server is known. */
static bool
make_sent(Init *init, GError **error)
{
    static const char *const names[] = {"", "tmp", "new", "cur"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(init->instance.config->maildir, names[i], NULL);

        if (!make_directory(init, path, 0700, error))
            return false;
    }
    return true;
}

static bool
is_below(const char *path, const char *directory)
{
    gsize length = strlen(directory);

    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* Logs and sent mail: where they are in the data directory, root keeps its hands off them. */
static bool
make_elsewhere(Init *init, bool inside, GError **error)
{
    const MpConfig *config = init->instance.config;

    if (is_below(config->log_directory, config->data) == inside &&
        !make_directory(init, config->log_directory, 0750, error))
        return false;
    return config->transport != MP_TRANSPORT_MAILDIR ||
           is_below(config->maildir, config->data) != inside || make_sent(init, error);
}

/* --- Owners ---------------------------------------------------------------------------------- */

static bool
look_up_owner(Init *init, const char *owner, GError **error)
{
    g_autofree char *shown = mp_escape_word(owner);
    const struct passwd *entry;

    if (geteuid() != 0)
        return mp_fail(error, MP_ERROR_INPUT, "--owner is for root only");
    errno = 0;
    entry = getpwnam(owner);
    if (entry == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--owner: no such user on this machine: %s", shown);
    init->uid = entry->pw_uid;
    init->gid = entry->pw_gid;
    return true;
}

/* A data directory that is there has its owner, who must be the one that was asked for. */
static bool
agree_on_owner(Init *init, const char *owner, GError **error)
{
    const char *data = init->instance.config->data;
    struct stat st;

    if (geteuid() != 0 || stat(data, &st) < 0)
        return true;
    if (owner != NULL && st.st_uid != init->uid)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s belongs to user %u, not to %s: chown it, or leave --owner out", data,
                       (unsigned)st.st_uid, owner);
    if (st.st_uid != 0) {
        init->uid = st.st_uid;
        init->gid = st.st_gid;
    }
    return true;
}

/* --- The command ------------------------------------------------------------------------------ */

/* An option that contradicts the file is refused: nobody could tell which of the two holds. */
static bool
agree(const MpConfig *config, const char *key, const char *given, const char *said, GError **error)
{
    if (given == NULL || strcmp(given, said) == 0)
        return true;
    g_autofree char *shown = mp_escape(given), *file = mp_escape(config->file);
    return mp_fail(error, MP_ERROR_INPUT,
                   "%s says %s = %s, not %s: change the file, or leave --%s out", file, key, said,
                   shown, key);
}

static bool
make_config(Init *init, const char *file, const char *hostname, const char *data, GError **error)
{
    g_autofree char *text = NULL;

    if (!is_there(file)) {
        text = mp_init_config(file, hostname, data, error);
        if (text == NULL || !make_file(init, file, text, 0644, false, error))
            return false;
    }
    if (!mp_instance_configure(&init->instance, file, NULL, error))
        return false;
    g_autofree char *said = g_canonicalize_filename(init->instance.config->data, NULL);
    g_autofree char *lower = hostname != NULL ? g_ascii_strdown(hostname, -1) : NULL;
    g_autofree char *lower_said = g_ascii_strdown(init->instance.config->hostname, -1);
    return agree(init->instance.config, "hostname", lower, lower_said, error) &&
           agree(init->instance.config, "data", data, said, error);
}

/* Also of what was found: an init that died may have made it and not synced it. */
static bool
sync_parent(const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);

    return mp_sync_file_system(parent, error);
}

/* The part that only root may make, in a directory of root's, before the rest is made as the owner.
 */
static bool
make_outside(Init *init, const char *owner, GError **error)
{
    return agree_on_owner(init, owner, error) && make_keys(init, error) &&
           make_directory(init, init->instance.config->data, 0750, error) &&
           make_elsewhere(init, false, error) && sync_parent(init->instance.config->file, error) &&
           sync_parent(init->instance.config->keys, error);
}

/* As the owner, under the lock. */
static bool
make_inside(Init *init, GError **error)
{
    const MpConfig *config = init->instance.config;

    return mp_instance_open_keys(&init->instance, error) && make_elsewhere(init, true, error) &&
           make_data(init, error) && make_outbox(init, error) &&
           make_repository(init, "tracker.git", mp_tracker_init, error) &&
           make_repository(init, "accounts.git", mp_accounts_init, error) &&
           join_remotes(init, error) && mp_sync_file_system(config->data, error) &&
           mp_sync_file_system(config->log_directory, error) &&
           (config->transport != MP_TRANSPORT_MAILDIR ||
            mp_sync_file_system(config->maildir, error));
}

static bool
make_inside_locked(Init *init, GError **error)
{
    if (!mp_become_owner(init->instance.config->data, error))
        return false;
    init->uid = (uid_t)-1; /* what is made from here on is the owner's anyway */
    bool good = mp_instance_take_lock(&init->instance, error) && make_inside(init, error);
    g_clear_pointer(&init->instance.lock, mp_lock_release);
    return good;
}

/* A name that another host has is refused now, and not with the first mail. */
static bool
meet_others(const Init *init, const MpOptions *options, GError **error)
{
    g_auto(MpInstance) instance = {0};

    return *init->instance.config->remote == '\0' ||
           (mp_instance_open(&instance, options, error) && mp_instance_lock(&instance, error));
}

static bool
run(Init *init, const MpOptions *options, const char *file, const char *hostname, const char *owner,
    GError **error)
{
    umask(022);
    return (owner == NULL || look_up_owner(init, owner, error)) &&
           make_config(init, file, hostname, options->data, error) &&
           make_outside(init, owner, error) && make_inside_locked(init, error) &&
           meet_others(init, options, error);
}

int
cmd_init(int argc, char **argv)
{
    g_autofree char *hostname = NULL, *owner = NULL;
    const GOptionEntry entries[] = {
        {"hostname", 0, 0, G_OPTION_ARG_FILENAME, &hostname,
         "the host that addresses end in: reply.HOST, noreply.HOST", "HOST"},
        {"owner", 0, 0, G_OPTION_ARG_FILENAME, &owner,
         "as root: everything but the configuration is made for USER", "USER"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_autoptr(GError) error = NULL;
    Init init = {.uid = (uid_t)-1, .gid = (gid_t)-1};

    mp_options_parse(
        &options, entries, "--hostname HOST [--owner USER]",
        "Makes the configuration, the keys, the data directory and its repositories where they\n"
        "are missing, changes nothing that exists, and says what it made. --hostname and --data\n"
        "may be left out once there is a configuration.",
        0, 0, &argc, &argv);
    g_autofree char *file = g_canonicalize_filename(options.config_file, NULL);
    g_autofree char *shown = mp_escape(file);
    if (hostname == NULL && !is_there(file))
        return mp_usage_error(argv[0], "--hostname is needed, since there is no %s yet", shown);
    bool good = run(&init, &options, file, hostname, owner, &error);
    if (good && init.n_made == 0)
        printf("nothing to make: %s and %s are complete\n", shown, init.instance.config->data);
    mp_instance_close(&init.instance);
    return good ? EX_OK : mp_report(error);
}
