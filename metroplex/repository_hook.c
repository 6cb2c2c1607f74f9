/*
 * metroplex repository hook: the doorbell, as a post-receive hook of a watched repository.
 *
 * Three lines of shell, which do nothing but put a small file into the spool: the hook runs as
 * whoever pushes, and a push must neither wait for us nor fail because of us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "commands.h"
#include "repo/repo.h"
#include "repository.h"

#define HOOK      "post-receive"
#define SHELL     "#!/bin/sh\n"
#define HOOK_MAX  65536
#define HOOK_MODE 0755

/* In the background, so that nobody waits. mktemp(1) makes a file that nobody else can have put
 * there, such as a FIFO; mv(1) replaces our own. A full or missing spool makes one of them fail,
 * which nobody hears. */
static char *
lines_of(const MpConfig *config, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", 2);
    g_autofree char *base = g_strdup_printf("%s/%s,%s,", config->pushes, parts[0], parts[1]);
    g_autofree char *quoted = g_shell_quote(base);

    return g_strdup_printf(
        "# metroplex: rings that %s was pushed to; the push goes on whatever becomes of this\n"
        "exec 3<&0; { s=%s$(id -u); t=$(mktemp \"$s.XXXXXX\") && { { echo \"pusher "
        "${GL_USER-}\"; head -c 4000; } >\"$t\"; chmod 644 \"$t\"; mv -fT \"$t\" \"$s\"; }; } <&3 "
        ">/dev/null 2>&1 3<&- &\n"
        "exit 0\n",
        name, quoted);
}

/* --- Into the repository -------------------------------------------------------------------- */

static bool
check_owner(const MpRepo *repo, const char *name, GError **error)
{
    uid_t owner = mp_repo_owner(repo);
    g_autofree char *who = mp_user_name(owner);

    return owner == geteuid() ||
           mp_fail(error, MP_ERROR_INPUT,
                   "--install is for the repository's owner: sudo -u %s metroplex repository hook "
                   "%s --install",
                   who, name);
}

static int
open_hooks(const char *repository, GError **error)
{
    g_autofree char *path = g_build_filename(repository, "hooks", NULL);

    if (mkdir(path, HOOK_MODE) < 0 && errno != EEXIST)
        return mp_fail_errno(error, "cannot make %s", path) - 1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        mp_fail_errno(error, "cannot open %s", path);
    return fd;
}

/* What somebody else put there stays; they are told the lines. */
static bool
put(int hooks, const char *lines, bool *is_there, GError **error)
{
    g_autofree char *before = NULL;
    g_autofree char *text = g_strconcat(SHELL, lines, NULL);

    *is_there = false;
    if (faccessat(hooks, HOOK, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return mp_write_file(hooks, HOOK, text, strlen(text), HOOK_MODE, true, error);
    if (!mp_read_file(hooks, HOOK, HOOK_MAX, &before, NULL, error))
        return false;
    *is_there = strstr(before, lines) != NULL;
    if (*is_there)
        return true;
    printf("%s", lines);
    return mp_fail(error, MP_ERROR_INPUT,
                   "there is a hooks/" HOOK " already: put these lines at its end");
}

static bool
install(const MpConfig *config, const char *name, const char *lines, GError **error)
{
    MpRepoState state;
    bool is_there;
    g_autofree char *path = g_strdup_printf("%s/%s.git", config->repositories_root, name);
    g_autoptr(GError) why = NULL;
    g_autoptr(MpRepo) repo = mp_repo_open(config->repositories_root, name, &state, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (repo == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "%s is %s", path, mp_repo_state_name(state));
    if (!check_owner(repo, name, error))
        return false;
    g_auto(MpFd) hooks = open_hooks(path, error);
    if (hooks < 0 || !put(hooks, lines, &is_there, error))
        return false;
    printf("%s/hooks/" HOOK ": %s\n", path, is_there ? "is there already" : "installed");
    return true;
}

int
repository_hook(int argc, char **argv)
{
    gboolean wants_install = FALSE;
    const GOptionEntry entries[] = {
        {"install", 0, 0, G_OPTION_ARG_NONE, &wants_install,
         "put them into the repository, whose owner runs this", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "OWNER/NAME [--install]",
                     "Prints the lines of a post-receive hook that has a push told at once. "
                     "Example:\n"
                     "    metroplex repository hook acme/rocket --install",
                     1, 1, &argc, &argv);
    if (!mp_instance_configure(&instance, options.config_file, options.data, &error) ||
        !repository_check_name(argv[1], &error))
        return mp_report(error);
    if (*instance.config->repositories_root == '\0') {
        mp_fail(&error, MP_ERROR_INPUT, "[repositories] root in %s names no directory",
                instance.config->file);
        return mp_report(error);
    }
    g_autofree char *lines = lines_of(instance.config, argv[1]);
    if (!wants_install)
        printf("%s", lines);
    else if (!install(instance.config, argv[1], lines, &error))
        return mp_report(error);
    return EX_OK;
}
