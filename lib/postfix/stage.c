/*
 * A Postfix of its own with the configuration that is to be, for a trial before it is installed.
 *
 * smtpd(8) asks others, which read the configuration too: trivial-rewrite(8) says of which class a
 * domain is. So the trial has a master(8) with all of them, in a queue of its own. It listens on
 * UNIX-domain sockets that only root can reach, and has nothing that delivers. Under master(8),
 * smtpd(8) runs as mail_owner, as it does in service: as root it would check nothing, and as
 * mail_owner from the beginning (smtpd -S under setpriv(1)) could not read root's TLS key. What is
 * the administrator's below the queue directory, such as sockets of policy services, is linked to.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "postfix/internal.h"

#define SECONDS "120" /* after which the trial's master ends by itself */

/* Those of the queue that postfix(1) would make. */
static const char *const queue_directories[] = {
    "incoming", "active", "deferred", "defer",    "bounce",  "hold",  "corrupt",
    "flush",    "saved",  "trace",    "maildrop", "private", "public"};

/* --- Its directories ---------------------------------------------------------------------------
 */

static bool
make_directory(const char *parent, const char *name, mode_t mode, uid_t owner, GError **error)
{
    g_autofree char *path = g_build_filename(parent, name, NULL);

    if (mkdir(path, mode) < 0 || lchown(path, owner, (gid_t)-1) < 0 || chmod(path, mode) < 0)
        return mp_fail_errno(error, "cannot make %s", path);
    return true;
}

/* The services of the trial have these names in private/ and public/. */
static bool
is_ours(const char *name)
{
    static const char *const ours[] = {
        "cleanup", "rewrite", "proxymap",         "anvil",  "tlsmgr", "verify", "probe",
        "plain",   "postlog", "metroplex-policy", "bounce", "defer",  "trace"};

    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
        if (strcmp(ours[i], name) == 0)
            return true;
    return false;
}

/* What is in `from` and not in `to` is linked to, but for those. */
static bool
link_rest(const char *from, const char *to, GError **error)
{
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(from, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *target = g_build_filename(from, name, NULL);
        g_autofree char *path = g_build_filename(to, name, NULL);

        if (!is_ours(name) && symlink(target, path) < 0 && errno != EEXIST)
            return mp_fail_errno(error, "cannot make %s", path);
    }
    return names != NULL;
}

static bool
make_queue(const MpPostfix *postfix, const char *queue, uid_t owner, GError **error)
{
    if (!make_directory(queue, "pid", 0755, 0, error))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(queue_directories); i++)
        if (!make_directory(queue, queue_directories[i], 0700, owner, error))
            return false;
    for (gsize i = G_N_ELEMENTS(queue_directories) - 2; i < G_N_ELEMENTS(queue_directories); i++) {
        g_autofree char *from = g_build_filename(postfix->queue, queue_directories[i], NULL);
        g_autofree char *to = g_build_filename(queue, queue_directories[i], NULL);

        if (!link_rest(from, to, error))
            return false;
    }
    return link_rest(postfix->queue, queue, error);
}

static bool
make_directories(const MpPostfix *postfix, const char *path, GError **error)
{
    g_autofree char *queue = g_build_filename(path, "queue", NULL);
    const struct passwd *entry = getpwnam(postfix->owner);

    if (entry == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION, "mail_owner = %s: no such user",
                       postfix->owner);
    return make_directory(path, "data", 0700, entry->pw_uid, error) &&
           make_directory(path, "queue", 0755, 0, error) &&
           make_queue(postfix, queue, entry->pw_uid, error);
}

/* --- Its configuration -------------------------------------------------------------------------
 */

static bool
write_file(const char *path, const char *name, const char *text, GError **error)
{
    g_auto(MpFd) directory = mp_open_directory(path, error);
    g_autofree char *file = g_build_filename(path, name, NULL);
    struct timespec old[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};

    if (directory < 0 || !mp_write_file(directory, name, text, strlen(text), 0644, false, error))
        return false;
    return utimensat(AT_FDCWD, file, old, 0) == 0 ||
           mp_fail_errno(error, "cannot set the time of %s", file);
}

static bool
write_tables(const MpPostfix *postfix, const char *path, GError **error)
{
    for (guint i = 0; i < postfix->files->len; i++) {
        const MpTable *table = g_ptr_array_index(postfix->files, i);

        if (!write_file(path, table->name, table->text, error))
            return false;
    }
    return true;
}

static char *
main_of(const MpPostfix *postfix, const char *path)
{
    g_autofree char *named = g_strdup_printf(":%s/", postfix->tables);
    g_autofree char *here = g_strdup_printf(":%s/", path);
    g_auto(GStrv) parts = g_strsplit(postfix->new_main, named, -1);

    return g_strjoinv(here, parts);
}

/* What a program complains of, but for what will go with a later Postfix; without the path. */
static bool
judge_complaints(const char *path, const char *said, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(said, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        const char *complaint = strstr(*line, path);

        if (**line == '\0' || strstr(*line, "will be removed") != NULL ||
            strstr(*line, "deprecated") != NULL || strstr(*line, "dynamicmaps.cf") != NULL)
            continue;
        g_autofree char *shown =
            mp_escape(complaint != NULL ? complaint + strlen(path) + 1 : *line);
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "nothing was installed, since main.cf is not right: %s", shown);
    }
    return true;
}

/* postconf(1) knows parameters that nothing uses or that stand twice; any other program, values
 * that none of them would start with. */
static bool
check_main(const char *path, GError **error)
{
    g_auto(GStrv) environment = mp_postfix_environment();
    g_autofree char *postconf = mp_postfix_program("postconf", error);
    g_autofree char *postmap = postconf != NULL ? mp_postfix_program("postmap", error) : NULL;
    const char *const looks[][7] = {{postconf, "-c", path, "-n", NULL},
                                    {postmap, "-c", path, "-q", "x", "static:y", NULL}};

    for (gsize i = 0; i < G_N_ELEMENTS(looks); i++) {
        g_auto(MpProcess) process = {0};

        if (postmap == NULL ||
            !mp_process_run(&process, looks[i], (const char *const *)environment, 20, error))
            return false;
        bool is_judged = looks[i][0] == postconf || process.status != 0;
        if (is_judged && !judge_complaints(path, process.err, error))
            return false;
        if (process.status != 0)
            return mp_fail(error, MP_ERROR_INSTALLATION, "%s did not like main.cf", looks[i][0]);
    }
    return true;
}

static bool
set_apart(const char *path, GError **error)
{
    g_autofree char *queue = g_strdup_printf("queue_directory=%s/queue", path);
    g_autofree char *data = g_strdup_printf("data_directory=%s/data", path);
    g_autofree char *prefixes = g_strdup_printf("maillog_file_prefixes=%s", path);
    g_autofree char *log = g_strdup_printf("maillog_file=%s/log", path);
    const char *const argv[] = {"postconf",
                                "-c",
                                path,
                                "-e",
                                queue,
                                data,
                                prefixes,
                                log,
                                "smtpd_authorized_xclient_hosts=static:all",
                                "service_throttle_time=1s",
                                "in_flow_delay=0s",
                                "soft_bounce=no",
                                NULL};
    struct timespec old[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};
    g_autofree char *file = g_build_filename(path, "main.cf", NULL);

    return mp_postfix_run(argv, 20, NULL, error) &&
           (utimensat(AT_FDCWD, file, old, 0) == 0 ||
            mp_fail_errno(error, "cannot set the time of %s", file));
}

/* The options that master.cf gives the smtpd(8) that others talk to, but for those of proxies. */
static char *
options_of_smtpd(const MpPostfix *postfix, const char *path, GError **error)
{
    const char *const argv[] = {"postconf", "-c", path, "-P", NULL};
    g_autofree char *out = NULL;
    GString *options = g_string_new(NULL);

    if (!mp_postfix_run(argv, 20, &out, error))
        return g_string_free(options, TRUE), NULL;
    bool has_postscreen = strstr(postfix->new_master, "\nsmtpd ") != NULL;
    const char *service = has_postscreen ? "smtpd/pass/" : "smtp/inet/";
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        const char *name = *line + strlen(service);
        const char *equals = strstr(*line, " = ");

        if (!g_str_has_prefix(*line, service) || equals == NULL ||
            g_str_has_prefix(name, "smtpd_upstream_proxy") ||
            g_str_has_prefix(name, "smtpd_proxy") || g_str_has_prefix(name, "syslog_"))
            continue;
        g_string_append_printf(options, "  -o { %.*s = %s }\n", (int)(equals - name), name,
                               equals + 3);
    }
    return g_string_free(options, FALSE);
}

static bool
write_master(const MpPostfix *postfix, MpStage *stage, GError **error)
{
    g_auto(MpMarked) marked = {.lines = NULL};
    g_autofree char *options = options_of_smtpd(postfix, stage->path, error);

    if (options == NULL)
        return false;
    mp_marked_parse(postfix->new_master, &marked);
    stage->has_plain = postfix->config->enforce_tls;
    g_autofree char *text =
        g_strdup_printf("cleanup unix n - n - 0 cleanup\n"
                        "rewrite unix - - n - - trivial-rewrite\n"
                        "proxymap unix - - n - - proxymap\n"
                        "anvil unix - - n - 1 anvil\n"
                        "tlsmgr unix - - n 1000? 1 tlsmgr\n"
                        "verify unix - - n - 1 verify\n"
                        "bounce unix - - n - 0 bounce\n"
                        "defer unix - - n - 0 bounce\n"
                        "trace unix - - n - 0 bounce\n"
                        "postlog unix-dgram n - n - 1 postlogd\n"
                        "probe unix - n n - - smtpd\n%s"
                        "plain unix - n n - - smtpd\n%s  -o smtpd_tls_security_level=may\n"
                        "%s",
                        options, options, marked.lines);
    return write_file(stage->path, "master.cf", text, error);
}

/* --- Started and stopped ------------------------------------------------------------------------
 */

static bool
start_master(const MpPostfix *postfix, MpStage *stage, GError **error)
{
    g_autofree char *program = g_build_filename(postfix->daemons, "master", NULL);
    const char *const argv[] = {program, "-c", stage->path, "-e", SECONDS, NULL};
    g_auto(GStrv) environment =
        g_environ_setenv(mp_postfix_environment(), "MAIL_CONFIG", stage->path, TRUE);
    const MpProcessStart start = {program,      argv, (const char *const *)environment,
                                  {-1, -1, -1}, 3,    MP_SESSION_OF_ITS_OWN};

    stage->master = mp_process_start(&start);
    return stage->master > 0 || mp_fail_errno(error, "cannot start %s", program);
}

/* It makes its sockets as it starts, or ends. */
static bool
wait_for_sockets(MpStage *stage, GError **error)
{
    g_autofree char *socket = g_build_filename(stage->path, "queue/private/plain", NULL);

    for (int i = 0; i < 400 && access(socket, F_OK) != 0 && stage->master > 0; i++) {
        g_usleep(25000);
        if (waitpid(stage->master, NULL, WNOHANG) == stage->master)
            stage->master = 0;
    }
    if (access(socket, F_OK) == 0)
        return true;
    g_autofree char *complaints = mp_stage_complaints(stage);
    return mp_fail(error, MP_ERROR_INSTALLATION,
                   "nothing was installed, since Postfix does not start with the new "
                   "configuration%s",
                   complaints);
}

/* Killed early, it still names the queue of the machine's own Postfix, which goes on. */
void
mp_stage_end_left(const char *tables)
{
    g_autofree char *path = g_build_filename(tables, MP_TRIAL, NULL);
    g_autofree char *ours = g_build_filename(path, "queue", NULL);
    g_autofree char *queue =
        access(ours, F_OK) == 0 ? mp_postfix_value(path, "queue_directory", NULL) : NULL;
    const char *const argv[] = {"postfix", "-c", path, "abort", NULL};

    if (g_strcmp0(queue, ours) == 0)
        mp_postfix_run(argv, 30, NULL, NULL);
}

bool
mp_stage_start(const MpPostfix *postfix, MpStage *stage, GError **error)
{
    *stage = (MpStage){.path = g_build_filename(postfix->tables, MP_TRIAL, NULL)};
    g_autofree char *text = main_of(postfix, stage->path);

    mp_stage_end_left(postfix->tables);
    if (!mp_postfix_remove(stage->path, error) ||
        !mp_make_directories(stage->path, 0755, NULL, error) ||
        !make_directories(postfix, stage->path, error) ||
        !write_tables(postfix, stage->path, error) ||
        !write_file(stage->path, "main.cf", text, error) ||
        !write_file(stage->path, "master.cf", postfix->new_master, error) ||
        !check_main(stage->path, error) || !write_master(postfix, stage, error) ||
        !set_apart(stage->path, error) || !start_master(postfix, stage, error))
        return false;
    return wait_for_sockets(stage, error);
}

void
mp_stage_stop(MpStage *stage)
{
    if (stage->master > 0) {
        kill(stage->master, SIGTERM);
        while (waitpid(stage->master, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (stage->path != NULL)
        mp_postfix_remove(stage->path, NULL);
    g_free(stage->path);
    *stage = (MpStage){.path = NULL};
}

bool
mp_stage_is_dying(const MpStage *stage)
{
    g_autofree char *log = g_build_filename(stage->path, "log", NULL);
    g_autofree char *logged = NULL;
    siginfo_t end = {.si_pid = 0};

    if (waitid(P_PID, (id_t)stage->master, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        end.si_pid != 0)
        return true;
    return g_file_get_contents(log, &logged, NULL, NULL) &&
           g_regex_match_simple("smtpd\\[[0-9]+\\]: fatal: ", logged, 0, 0);
}

/* The worst, and of its kind the last; postlogd(8) may still be about to write it. */
static const char *
worst_of(char *const *lines)
{
    static const char *const kinds[] = {": fatal: ", ": warning: ", ": error: "};
    const char *worst = NULL;

    for (gsize kind = 0; kind < G_N_ELEMENTS(kinds) && worst == NULL; kind++)
        for (char *const *line = lines; *line != NULL; line++) {
            const char *fault = strstr(*line, kinds[kind]);

            if (fault != NULL && strstr(fault, "TLS library problem") == NULL)
                worst = fault + 2;
        }
    return worst;
}

char *
mp_stage_complaints(const MpStage *stage)
{
    g_autofree char *log = g_build_filename(stage->path, "log", NULL);
    g_autofree char *logged = NULL;

    g_usleep(200000);
    g_file_get_contents(log, &logged, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(logged != NULL ? logged : "", "\n", -1);
    const char *worst = worst_of(lines);
    g_autofree char *shown = mp_escape(worst);
    return worst != NULL ? g_strdup_printf(" (Postfix: %s)", shown) : g_strdup("");
}
