/* Where Postfix's log is; see mail_log.h. */
#include "report/mail_log.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "postfix/postfix.h"

#define PATIENCE  "60"      /* seconds for journalctl */
#define LINES_MAX "1000000" /* the newest of them */

/* What journalctl(1) prints goes into `fd`; only whether there is something then is told. */
static bool
ask_journal(int fd, gint64 since)
{
    g_autofree char *begin = g_strdup_printf("--since=@%" G_GINT64_FORMAT, MAX(since, 0));
    g_autofree char *program = g_find_program_in_path("timeout");
    g_autofree char *path = g_strdup_printf("PATH=%s", g_getenv("PATH"));
    const char *const argv[] = {"timeout",
                                PATIENCE,
                                "journalctl",
                                "--quiet",
                                "--no-pager",
                                "--output=short-iso-precise",
                                "--facility=mail",
                                "--lines=" LINES_MAX,
                                begin,
                                NULL};
    const char *const environment[] = {path, "LC_ALL=C.UTF-8", NULL};
    MpProcessStart start = {.path = program,
                            .argv = argv,
                            .environment = environment,
                            .fds = {-1, fd, -1},
                            .n_fds = 3,
                            .group = MP_SESSION_OF_ITS_OWN};
    pid_t pid = program != NULL ? mp_process_start(&start) : -1;

    if (pid > 0)
        (void)TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
    return pid > 0 && lseek(fd, 0, SEEK_END) > 0;
}

/* Copied, since it is read more than once, and later than the rights to do so may last. */
static MpLogFiles *
open_journal(gint64 since, GError **error)
{
    g_autofree char *path = NULL;
    g_auto(MpFd) fd = g_file_open_tmp("metroplex-journal-XXXXXX", &path, error);

    if (fd < 0)
        return NULL;
    (void)unlink(path);
    if (!ask_journal(fd, since))
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "Postfix logs into no file (maillog_file is empty, and there is no "
                            "/var/log/mail.log), and journalctl has nothing of it");
    return mp_log_files_of(g_steal_fd(&fd), error);
}

MpLogFiles *
mp_mail_log_open(gint64 since, GError **error)
{
    g_autofree char *path = mp_postfix_log_file(error);

    if (path == NULL)
        return NULL;
    return *path != '\0' ? mp_log_files_open(path, since, error) : open_journal(since, error);
}
