/* Logs and their older parts; see log_files.h. */
#include "report/log_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"

#define BUFFER    (128 * 1024)
#define FILES_MAX 100 /* the newest of them */
#define IS_CUT    " [a longer line, cut here]"

typedef struct {
    int fd;
    gint64 modified; /* seconds */
    guint64 size;
} LogFile;

struct MpLogFiles {
    GArray *files; /* LogFile */
};

static void
clear_file(gpointer file)
{
    close(((LogFile *)file)->fd);
}

static int
older_first(gconstpointer a, gconstpointer b)
{
    gint64 x = ((const LogFile *)a)->modified, y = ((const LogFile *)b)->modified;

    return (x > y) - (x < y);
}

static bool
add_file(GArray *files, MpFd *fd, const char *shown, gint64 since, GError **error)
{
    struct stat st;

    if (*fd < 0 || fstat(*fd, &st) < 0)
        return mp_fail_errno(error, "cannot read %s", shown);
    if (!S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is not a regular file", shown);
    if (st.st_mtime < since)
        return true;
    g_array_append_vals(files,
                        &(LogFile){.fd = g_steal_fd(fd),
                                   .modified = (gint64)st.st_mtime,
                                   .size = (guint64)st.st_size},
                        1);
    return true;
}

/* Never waits at a FIFO. What is no regular file is none of a log's. */
static bool
open_file(GArray *files, const char *path, gint64 since, GError **error)
{
    g_auto(MpFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *shown = mp_escape(path);

    return add_file(files, &fd, shown, since, error);
}

/* ".1", ".12.gz", "-20260131", "-20260131.gz": what logrotate puts behind a log's name. */
static bool
is_older_part(const char *suffix)
{
    gsize digits = *suffix == '.' || *suffix == '-' ? strspn(suffix + 1, "0123456789-") : 0;

    return digits > 0 && (suffix[1 + digits] == '\0' || strcmp(suffix + 1 + digits, ".gz") == 0);
}

static void
drop_oldest(GArray *files)
{
    guint oldest = 0;

    for (guint i = 1; i < files->len; i++)
        if (older_first(&g_array_index(files, LogFile, i), &g_array_index(files, LogFile, oldest)) <
            0)
            oldest = i;
    g_array_remove_index(files, oldest);
}

static MpLogFiles *
new_files(void)
{
    MpLogFiles *files = g_new0(MpLogFiles, 1);

    files->files = g_array_new(FALSE, FALSE, sizeof(LogFile));
    g_array_set_clear_func(files->files, clear_file);
    return files;
}

MpLogFiles *
mp_log_files_of(int fd, GError **error)
{
    g_auto(MpFd) owned = fd;
    g_autoptr(MpLogFiles) files = new_files();

    return add_file(files->files, &owned, "a log", 0, error) ? g_steal_pointer(&files) : NULL;
}

MpLogFiles *
mp_log_files_open(const char *path, gint64 since, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path), *base = g_path_get_basename(path);
    g_autoptr(MpLogFiles) files = new_files();
    g_autoptr(GPtrArray) names = NULL;

    if (!open_file(files->files, path, 0, error))
        return NULL;
    names = mp_list_directory(directory, NULL, NULL, NULL);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *part = g_build_filename(directory, name, NULL);

        if (g_str_has_prefix(name, base) && is_older_part(name + strlen(base)))
            (void)open_file(files->files, part, since, NULL);
        if (files->files->len > FILES_MAX)
            drop_oldest(files->files);
    }
    g_array_sort(files->files, older_first);
    return g_steal_pointer(&files);
}

void
mp_log_files_free(MpLogFiles *files)
{
    if (files == NULL)
        return;
    g_array_unref(files->files);
    g_free(files);
}

guint64
mp_log_files_size(const MpLogFiles *files)
{
    guint64 size = 0;

    for (guint i = 0; i < files->files->len; i++)
        size += g_array_index(files->files, LogFile, i).size;
    return size;
}

/* --- Lines ------------------------------------------------------------------------------------ */

typedef struct {
    GString *begun; /* of a line, from the buffer before */
    bool is_cut;
    gint64 modified;
    MpLogTell tell;
    gpointer user_data;
} Lines;

static void
keep_beginning(Lines *lines, const char *p, gsize length)
{
    gsize room = MP_LOG_LINE_MAX - lines->begun->len;

    if (lines->is_cut)
        return;
    g_string_append_len(lines->begun, p, (gssize)MIN(room, length));
    lines->is_cut = length > room;
    if (lines->is_cut)
        g_string_append(lines->begun, IS_CUT);
}

static void
end_line(Lines *lines)
{
    lines->tell(lines->begun->str, lines->begun->len, lines->modified, lines->user_data);
    g_string_truncate(lines->begun, 0);
    lines->is_cut = false;
}

static void
take_buffer(Lines *lines, char *p, gsize length)
{
    char *end = p + length, *newline;

    for (; (newline = memchr(p, '\n', (gsize)(end - p))) != NULL; p = newline + 1) {
        *newline = '\0';
        if (lines->begun->len == 0 && newline - p <= MP_LOG_LINE_MAX) {
            lines->tell(p, (gsize)(newline - p), lines->modified, lines->user_data);
            continue;
        }
        keep_beginning(lines, p, (gsize)(newline - p));
        end_line(lines);
    }
    keep_beginning(lines, p, (gsize)(end - p));
}

bool
mp_log_read_lines(int fd, gint64 modified, MpLogTell tell, gpointer user_data, GError **error)
{
    g_autofree char *buffer = g_malloc(BUFFER + 1);
    g_autoptr(GString) begun = g_string_new(NULL);
    Lines lines = {.begun = begun, .modified = modified, .tell = tell, .user_data = user_data};
    int copy = dup(fd), n;
    gzFile file = copy >= 0 ? gzdopen(copy, "rb") : NULL; /* reads what is not packed as well */

    if (file == NULL) {
        if (copy >= 0)
            close(copy);
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot read a log: no memory");
    }
    while ((n = gzread(file, buffer, BUFFER)) > 0) {
        buffer[n] = '\0';
        take_buffer(&lines, buffer, (gsize)n);
    }
    if (begun->len > 0)
        end_line(&lines);
    gzclose(file);
    return true;
}

bool
mp_log_files_read(MpLogFiles *files, MpLogTell tell, gpointer user_data, GError **error)
{
    for (guint i = 0; i < files->files->len; i++) {
        const LogFile *file = &g_array_index(files->files, LogFile, i);

        if (lseek(file->fd, 0, SEEK_SET) < 0)
            return mp_fail_errno(error, "cannot read a log");
        if (!mp_log_read_lines(file->fd, file->modified, tell, user_data, error))
            return false;
    }
    return true;
}

gint64
mp_log_time(const char *line, const char **message)
{
    int year, month, day, hour, minute, second, milliseconds, end = 0;

    if (sscanf(line, "[%4d-%2d-%2dT%2d:%2d:%2d.%3d %*[A-Z] (%*d) #] %n", &year, &month, &day, &hour,
               &minute, &second, &milliseconds, &end) < 7 ||
        end == 0)
        return 0;
    g_autoptr(GDateTime) time = g_date_time_new_local(year, month, day, hour, minute, second);
    if (message != NULL)
        *message = line + end;
    return time != NULL ? g_date_time_to_unix(time) * G_USEC_PER_SEC + milliseconds * 1000 : 0;
}
