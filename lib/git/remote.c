/* The Git server that several hosts share; see remote.h. */
#include "git/remote.h"

#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/process.h"
#include "git/internal.h"
#include "git/remote_inside.h"

#define HASH_LENGTH     40 /* of ssh's %C */
#define SUFFIX_LENGTH   17
#define BACK_OFF_MS     25 /* up to this at first */
#define BACK_OFF_MAX_MS 2000
#define LEFT_S          60 /* as an administrator may mend it meanwhile */
/* glibc's malloc(3), if it is that, keeps so much for its next use. Servers send objects as deltas
 * of what we have, and git-index-pack takes and gives back some hundred KiB for each of them: that
 * took longer than all else of fetching a large batch. */
#define KEPT_OCTETS "67108864"
/* Unless GIT_SSH_COMMAND or core.sshCommand says otherwise. */
#define SSH                                                                                        \
    "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"

MpRemote *
mp_remote_new(const char *url, int seconds)
{
    MpRemote *remote = g_new0(MpRemote, 1);

    remote->url = g_strdup(url);
    remote->seconds = seconds;
    return remote;
}

void
mp_remote_free(MpRemote *remote)
{
    if (remote == NULL)
        return;
    mp_exchange_free(remote->ahead);
    mp_exchange_free(remote->last);
    mp_way_clear(&remote->way);
    g_free(remote->url);
    g_free(remote->ssh);
    g_free(remote);
}

void
mp_remote_back_off(int attempt)
{
    int limit = BACK_OFF_MS << MIN(attempt - 1, 10);

    g_usleep((gulong)g_random_int_range(0, MIN(limit, BACK_OFF_MAX_MS)) * 1000);
}

/* --- The program ------------------------------------------------------------------------------ */

/* The home of who we are: root that became the data directory's owner has root's in HOME. */
static char *
home(void)
{
    const char *named = g_getenv("HOME");
    const struct passwd *entry;
    struct stat st;

    if (named != NULL && stat(named, &st) == 0 && st.st_uid == geteuid())
        return g_strdup(named);
    entry = getpwuid(geteuid());
    return g_strdup(entry != NULL ? entry->pw_dir : "/nonexistent");
}

static GStrv
environment(void)
{
    static const char *const passed[] = {
        "SSH_AUTH_SOCK",     "GIT_SSH_COMMAND", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM", "http_proxy",      "https_proxy",     "HTTPS_PROXY",
        "all_proxy",         "ALL_PROXY",       "no_proxy",        "NO_PROXY",
    };
    g_autofree char *own_home = home();
    const char *path = g_getenv("PATH");
    GStrv variables = g_environ_setenv(NULL, "HOME", own_home, TRUE);

    variables = g_environ_setenv(variables, "PATH", path != NULL ? path : "/usr/bin:/bin", TRUE);
    variables = g_environ_setenv(variables, "LC_ALL", "C", TRUE); /* we read what it says */
    variables = g_environ_setenv(variables, "GIT_TERMINAL_PROMPT", "0", TRUE);
    variables = g_environ_setenv(variables, "MALLOC_TRIM_THRESHOLD_", KEPT_OCTETS, TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(passed); i++)
        if (g_getenv(passed[i]) != NULL)
            variables = g_environ_setenv(variables, passed[i], g_getenv(passed[i]), TRUE);
    return variables;
}

/* Options of every call: packs stay packs, which are synced as a whole; nothing is collected; the
 * server names its branches at once, of which a tracker has few: version 2 asks for that first. */
static GPtrArray *
command(const char *path)
{
    static const char *const common[] = {
        "-c", "transfer.unpackLimit=1", "-c", "fetch.unpackLimit=1", "-c", "gc.auto=0",
        "-c", "maintenance.auto=false", "-c", "protocol.version=0",
    };
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(argv, g_strdup("git"));
    g_ptr_array_add(argv, g_strconcat("--git-dir=", path, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(common); i++)
        g_ptr_array_add(argv, g_strdup(common[i]));
    return argv;
}

void
mp_remote_add_words(GPtrArray *argv, const char *const *words)
{
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, g_strdup(*words));
}

/* The variable outranks the setting, so it must not be set where there is one. */
static bool
has_ssh_command(const char *path, GStrv variables)
{
    static const char *const words[] = {"config", "--get", "core.sshCommand", NULL};
    g_autoptr(GPtrArray) argv = command(path);
    g_auto(MpProcess) git = {0};

    mp_remote_add_words(argv, words);
    g_ptr_array_add(argv, NULL);
    return mp_process_run(&git, (const char *const *)argv->pdata, (const char *const *)variables, 0,
                          NULL) &&
           git.status == 0;
}

/*
 * Connecting by ssh takes far longer than a push, so the connection of the first exchange stays
 * open for those that follow within a minute, also of the next run. The socket for that lies beside
 * the repository, where its path says no more to ssh, or to the shell, than letters do, and is
 * short enough: ssh adds seventeen characters to it for a moment, and the kernel takes 107.
 * Each repository has its own: two names of one server may stand for two keys.
 */
static char *
keeping(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *socket = g_strdup_printf("%s/ssh-%c-%%C", directory, *name);
    gsize length = strlen(socket) - strlen("%C") + HASH_LENGTH + SUFFIX_LENGTH;

    if (directory[strspn(directory, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/._-")] != '\0' ||
        length >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return g_strdup("");
    return g_strconcat(" -o ControlMaster=auto -o ControlPersist=60 -o ControlPath=", socket, NULL);
}

/* By whom we go, and what ssh is told where nobody else says it: "" if it is no ssh. Both are found
 * out once in a run; a path needs nothing of Git's configuration. */
static void
choose_way(MpRemote *remote, const char *path)
{
    bool is_ssh = mp_way_is_ssh(remote->url), is_told, is_plain;

    if (remote->ssh != NULL)
        return;
    remote->ssh = g_strdup("");
    mp_way_read(&remote->way, remote->url);
    if (remote->way.kind == MP_BY_GIT && !is_ssh)
        return;
    g_auto(GStrv) variables = environment();
    is_told = is_ssh && g_environ_getenv(variables, "GIT_SSH_COMMAND") != NULL;
    is_plain = mp_way_is_plain(path, g_environ_getenv(variables, "HOME"));
    if (!is_plain || is_told)
        mp_way_clear(&remote->way);
    if (is_ssh && !is_told && (is_plain || !has_ssh_command(path, variables))) {
        g_autofree char *kept = keeping(path);
        g_free(remote->ssh);
        remote->ssh = g_strconcat(SSH, kept, NULL);
    }
}

MpRunning *
mp_remote_start(MpRemote *remote, const char *path, const char *const *words, int also,
                GError **error)
{
    g_autoptr(GPtrArray) argv = command(path);
    g_auto(GStrv) variables = environment();

    mp_remote_add_words(argv, words);
    g_ptr_array_add(argv, NULL);
    choose_way(remote, path);
    if (*remote->ssh != '\0')
        variables = g_environ_setenv(variables, "GIT_SSH_COMMAND", remote->ssh, TRUE);
    return mp_process_begin((const char *const *)argv->pdata, (const char *const *)variables, also,
                            error);
}

bool
mp_remote_goes_itself(MpRemote *remote, const char *path)
{
    choose_way(remote, path);
    return remote->way.kind != MP_BY_GIT && g_get_monotonic_time() >= remote->left_to_git;
}

void
mp_remote_leave_to_git(MpRemote *remote)
{
    remote->left_to_git = g_get_monotonic_time() + (gint64)LEFT_S * G_USEC_PER_SEC;
}

/* Of ssh, or of git for its helper. */
static GStrv
first_words(const MpRemote *remote, const char *path)
{
    static const char *const as_it_is[] = {"-c", "pack.window=0", NULL};

    if (remote->way.kind != MP_BY_HELPER)
        return g_strsplit(remote->ssh, " ", -1);
    GPtrArray *words = command(path);
    mp_remote_add_words(words, as_it_is);
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

/* A helper is not faster than the program where nothing is pushed. */
MpExchange *
mp_remote_exchange(MpRemote *remote, const char *path, MpService service)
{
    if (!mp_remote_goes_itself(remote, path) ||
        (remote->way.kind == MP_BY_HELPER && service != MP_RECEIVE_PACK))
        return NULL;
    g_auto(GStrv) variables = environment();
    g_auto(GStrv) words = first_words(remote, path);
    return mp_exchange_begin(&remote->way, service, (const char *const *)words,
                             (const char *const *)variables, remote->seconds);
}

/* --- Fetch ------------------------------------------------------------------------------------ */

/* FETCH_HEAD has one line, since one branch was asked for: "ID TAB TAB branch 'main' of URL". */
static bool
read_fetched(const char *path, git_oid *tip, GError **error)
{
    g_autofree char *file = g_build_filename(path, "FETCH_HEAD", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;

    if (!g_file_get_contents(file, &text, NULL, &why))
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot read what git fetched: %s", why->message);
    if (strlen(text) < GIT_OID_HEXSZ || git_oid_fromstrn(tip, text, GIT_OID_HEXSZ) < 0)
        return mp_fail(error, MP_ERROR_TEMPORARY, "%s: no commit in it", file);
    return true;
}

static bool
tell_empty(const MpRemote *remote, bool *is_empty, GError **error)
{
    g_autofree char *url = mp_escape(remote->url);

    if (is_empty == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s has no branch main: metroplex init makes it from what is here", url);
    *is_empty = true;
    return true;
}

MpRunning *
mp_remote_fetch_begin(MpRemote *remote, const char *path, GError **error)
{
    const char *const words[] = {"fetch",
                                 "--quiet",
                                 "--no-tags",
                                 "--no-recurse-submodules",
                                 "--no-auto-maintenance",
                                 "--",
                                 remote->url,
                                 MP_BRANCH,
                                 NULL};

    return mp_remote_start(remote, path, words, -1, error);
}

bool
mp_remote_fetch_end(const MpRemote *remote, MpRunning *running, const char *path, git_oid *tip,
                    bool *is_empty, GError **error)
{
    g_auto(MpProcess) git = {0};

    mp_process_end(running, &git, remote->seconds);
    if (is_empty != NULL)
        *is_empty = false;
    if (git.status == 0)
        return read_fetched(path, tip, error);
    if (strstr(git.err, "couldn't find remote ref") != NULL)
        return tell_empty(remote, is_empty, error);
    return mp_remote_complain(remote, "fetch", &git, MP_ERROR_TEMPORARY, error);
}

bool
mp_remote_fetch(MpRemote *remote, const char *path, git_oid *tip, bool *is_empty, GError **error)
{
    g_autoptr(MpRunning) running = mp_remote_fetch_begin(remote, path, error);

    return running != NULL && mp_remote_fetch_end(remote, running, path, tip, is_empty, error);
}
