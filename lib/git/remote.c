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
#include "git/latch.h"
#include "git/remote_said.h"

#define HASH_LENGTH     40 /* of ssh's %C */
#define SUFFIX_LENGTH   17
#define BACK_OFF_MS     25 /* up to this at first */
#define BACK_OFF_MAX_MS 2000
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

static void
add(GPtrArray *argv, const char *const *words)
{
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, g_strdup(*words));
}

/* "ssh://…", or "user@host:path": a colon before any slash. */
static bool
is_ssh(const char *url)
{
    return g_str_has_prefix(url, "ssh://") ||
           (strstr(url, "://") == NULL && url[strcspn(url, ":/")] == ':');
}

/* The variable outranks the setting, so it must not be set where there is one. */
static bool
has_ssh_command(const char *path, GStrv variables)
{
    static const char *const words[] = {"config", "--get", "core.sshCommand", NULL};
    g_autoptr(GPtrArray) argv = command(path);
    g_auto(MpProcess) git = {0};

    add(argv, words);
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

/* What ssh is told where nobody else says it, or "": asked for once in a run. */
static const char *
our_ssh(MpRemote *remote, const char *path, GStrv variables)
{
    if (remote->ssh == NULL && is_ssh(remote->url) &&
        g_environ_getenv(variables, "GIT_SSH_COMMAND") == NULL &&
        !has_ssh_command(path, variables)) {
        g_autofree char *kept = keeping(path);
        remote->ssh = g_strconcat(SSH, kept, NULL);
    }
    if (remote->ssh == NULL)
        remote->ssh = g_strdup("");
    return remote->ssh;
}

static MpRunning *
start(MpRemote *remote, const char *path, const char *const *words, int also, GError **error)
{
    g_autoptr(GPtrArray) argv = command(path);
    g_auto(GStrv) variables = environment();

    add(argv, words);
    g_ptr_array_add(argv, NULL);
    const char *ssh = our_ssh(remote, path, variables);
    if (*ssh != '\0')
        variables = g_environ_setenv(variables, "GIT_SSH_COMMAND", ssh, TRUE);
    return mp_process_begin((const char *const *)argv->pdata, (const char *const *)variables, also,
                            error);
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

    return start(remote, path, words, -1, error);
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

/* --- Push ------------------------------------------------------------------------------------- */
/* "--force-with-lease=REF:ID", no ID for one that is not there. */
static char *
lease_of(const MpMove *move)
{
    return g_strdup_printf("--force-with-lease=%s:%s", move->ref,
                           git_oid_is_zero(&move->from) ? "" : git_oid_tostr_s(&move->from));
}

/* Of git: the words before the refs. One that is latched runs a hook. */
static void
add_push(GPtrArray *words, const MpRemote *remote, const MpLatch *latch, bool is_atomic)
{
    static const char *const as_it_is[] = {"-c", "pack.window=0", NULL};
    static const char *const first[] = {"push",        "--quiet",
                                        "--porcelain", "--no-follow-tags",
                                        "--no-signed", "--recurse-submodules=no",
                                        NULL};
    const char *const hooks[] = {"-c", latch->option, NULL};

    if (!remote->is_brief)
        add(words, as_it_is);
    if (latch->option != NULL)
        add(words, hooks);
    add(words, first);
    if (latch->option == NULL)
        g_ptr_array_add(words, g_strdup("--no-verify"));
    if (is_atomic)
        g_ptr_array_add(words, g_strdup("--atomic"));
}

static MpRunning *
start_push(MpRemote *remote, const char *path, const MpMove *moves, guint n, const MpLatch *latch,
           GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    /* no turns where pushes are not atomic */
    bool is_atomic = n > 1 || strcmp(moves[0].ref, MP_BRANCH) != 0;

    add_push(words, remote, latch, is_atomic);
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(words, lease_of(&moves[i]));
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, g_strdup(remote->url));
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(words, g_strconcat(git_oid_tostr_s(&moves[i].to), ":", moves[i].ref, NULL));
    g_ptr_array_add(words, NULL);
    return start(remote, path, (const char *const *)words->pdata, latch->theirs, error);
}

/* Asked while git connects. *waited: so many seconds of its time were not the server's. */
static bool
is_to_be_sent(const MpCondition *condition, MpLatch *latch, int *waited, GError **error)
{
    gint64 begun = g_get_monotonic_time();

    *waited = 0;
    if (condition == NULL)
        return true;
    bool holds = condition->holds(condition->data, error);
    if (holds)
        mp_latch_lift(latch);
    mp_latch_clear(latch);
    *waited = (int)((g_get_monotonic_time() - begun) / G_USEC_PER_SEC) + 1;
    return holds;
}

/* Of which so much is over. Git that sends nothing is not waited for, wherever it is by now. */
static int
time_for_push(const MpRemote *remote, bool is_sent, int waited)
{
    if (!is_sent)
        return waited;
    return remote->seconds > 0 ? remote->seconds + waited : 0;
}

static MpPush
judge_push(const MpRemote *remote, const MpProcess *git, GError **error)
{
    MpPush push = mp_remote_meaning(git);

    mp_remote_complain(remote, "push", git,
                       push == MP_REFUSED ? MP_ERROR_REFUSED : MP_ERROR_TEMPORARY, error);
    return push;
}

bool
mp_beside(const MpBeside *beside)
{
    return beside != NULL && beside->work != NULL && beside->work(beside->data);
}

MpPush
mp_remote_push(MpRemote *remote, const char *path, const MpMove *moves, guint n,
               const MpCondition *condition, GError **error)
{
    g_auto(MpLatch) latch = {-1, -1, NULL};
    g_auto(MpProcess) git = {0};
    g_autoptr(GError) why = NULL;
    int waited;

    if (condition != NULL && !mp_latch_make(&latch, error))
        return MP_KEPT_BACK;
    g_autoptr(MpRunning) running = start_push(remote, path, moves, n, &latch, error);
    if (running == NULL)
        return MP_UNKNOWN;
    bool is_sent = is_to_be_sent(condition, &latch, &waited, &why);
    while (is_sent && !mp_running_is_over(running) && mp_beside(remote->beside))
        continue;
    mp_process_end(running, &git, time_for_push(remote, is_sent, waited));
    if (git.status == 0 && !is_sent)
        mp_error("git push ran no hook pre-push, and sent what was decided on accounts that may be "
                 "old");
    if (git.status == 0)
        return MP_PUSHED;
    if (is_sent)
        return judge_push(remote, &git, error);
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return MP_KEPT_BACK;
}

/* --- List ------------------------------------------------------------------------------------- */

/* Lines "ID TAB REF". */
static void
read_listed(const char *text, const char *const *refs, git_oid *at, guint n)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    memset(at, 0, n * sizeof *at);
    for (char **line = lines; *line != NULL; line++)
        for (guint i = 0; i < n; i++)
            if (strlen(*line) > GIT_OID_HEXSZ && (*line)[GIT_OID_HEXSZ] == '\t' &&
                strcmp(*line + GIT_OID_HEXSZ + 1, refs[i]) == 0)
                (void)git_oid_fromstrn(&at[i], *line, GIT_OID_HEXSZ);
}

MpRunning *
mp_remote_list_begin(MpRemote *remote, const char *path, const char *const *refs, guint n,
                     GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    g_ptr_array_add(words, (gpointer) "ls-remote");
    g_ptr_array_add(words, (gpointer) "--quiet");
    g_ptr_array_add(words, (gpointer) "--");
    g_ptr_array_add(words, remote->url);
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(words, (gpointer)refs[i]);
    g_ptr_array_add(words, NULL);
    return start(remote, path, (const char *const *)words->pdata, -1, error);
}

bool
mp_remote_list_end(const MpRemote *remote, MpRunning *running, const char *const *refs, git_oid *at,
                   guint n, GError **error)
{
    g_auto(MpProcess) git = {0};

    mp_process_end(running, &git, remote->seconds);
    if (git.status != 0)
        return mp_remote_complain(remote, "ls-remote", &git, MP_ERROR_TEMPORARY, error);
    read_listed(git.out, refs, at, n);
    return true;
}

bool
mp_remote_list(MpRemote *remote, const char *path, const char *const *refs, git_oid *at, guint n,
               GError **error)
{
    g_autoptr(MpRunning) running = mp_remote_list_begin(remote, path, refs, n, error);

    return running != NULL && mp_remote_list_end(remote, running, refs, at, n, error);
}
