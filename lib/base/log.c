/* The log; see log.h. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define PREFIX_ROOM 64 /* octets of the time, the level and the process, about */

static struct {
    int fd;
    MpLogLevel level;
    MpLogLevel stderr_level;
} the_log = {.fd = -1, .level = MP_LOG_DEBUG, .stderr_level = MP_LOG_WARN};

bool
mp_log_open(const char *directory, const char *file_name, MpLogLevel level, GError **error)
{
    g_autofree char *path = g_build_filename(directory, file_name, NULL);
    g_auto(MpFd) fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    struct stat st;

    if (fd < 0)
        return mp_fail_errno(error, "cannot open the log %s", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INSTALLATION, "the log %s is not a regular file", path);
    mp_fd_clear(&the_log.fd);
    the_log.fd = g_steal_fd(&fd);
    the_log.level = level;
    the_log.stderr_level = MP_LOG_ERROR;
    return true;
}

void
mp_log_to_stderr(MpLogLevel level)
{
    the_log.stderr_level = level;
}

static void
append_message(GString *line, const char *message)
{
    const char *begin = message;

    for (const char *p = message; *p != '\0'; p++) {
        if ((unsigned char)*p >= 0x20 && *p != 0x7f)
            continue;
        g_string_append_len(line, begin, p - begin);
        g_string_append_printf(line, "\\x%02X", (unsigned char)*p);
        begin = p + 1;
    }
    g_string_append(line, begin);
    g_string_append_c(line, '\n');
}

static void
write_whole(int fd, const GString *line)
{
    /* A log that cannot be written must not stop the mail; nothing else can be told about it. */
    while (write(fd, line->str, line->len) < 0 && errno == EINTR)
        continue;
}

/* "[2014-10-30T00:47:23.306 INFO (5284) #] ", by the C library, which reads the zone once; the
 * lines of one second begin alike. */
static void
append_prefix(GString *line, const char *level)
{
    static _Thread_local time_t last = -1;
    static _Thread_local char second[32];
    struct timespec now;
    struct tm local;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != last) {
        localtime_r(&now.tv_sec, &local);
        strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &local);
        last = now.tv_sec;
    }
    g_string_append_printf(line, "[%s.%03d %s (%d) #] ", second, (int)(now.tv_nsec / 1000000),
                           level, (int)getpid());
}

/* Whose message it is, once: some lines of the log begin with it. */
static void
name_program(GString *line)
{
    g_autofree char *name =
        g_strconcat(g_get_prgname() != NULL ? g_get_prgname() : "metroplex", ": ", NULL);

    if (!g_str_has_prefix(line->str, name))
        g_string_prepend(line, name);
}

bool
mp_log_has(MpLogLevel level)
{
    return (the_log.fd >= 0 && level >= the_log.level) || level >= the_log.stderr_level;
}

void
mp_log(MpLogLevel level, const char *format, ...)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    bool to_file = the_log.fd >= 0 && level >= the_log.level;
    bool to_stderr = level >= the_log.stderr_level;
    va_list args;

    if (!to_file && !to_stderr)
        return;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);

    g_autoptr(GString) line = g_string_sized_new(PREFIX_ROOM + strlen(message));
    append_prefix(line, names[level]);
    gsize prefix = line->len;
    append_message(line, message);
    if (to_file)
        write_whole(the_log.fd, line);
    if (to_stderr) {
        g_string_erase(line, 0, (gssize)prefix);
        name_program(line);
        write_whole(STDERR_FILENO, line);
    }
}
