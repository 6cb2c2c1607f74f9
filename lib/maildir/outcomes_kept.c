/* outcomes.tsv, read and cut; see kept.h. It is written by outcomes.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "maildir/kept.h"

#define NAME      "outcomes.tsv"
#define TEMPORARY NAME ".tmp"

/* The file, or NULL without an error if there is none yet. */
static FILE *
open_outcomes(int directory, GError **error)
{
    int fd = openat(directory, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (file == NULL && errno != ENOENT)
        mp_fail_errno(error, "cannot open " NAME);
    return file;
}

static int
open_incoming(const char *data, GError **error)
{
    g_autofree char *path = g_build_filename(data, "incoming-mail", NULL);

    return mp_open_directory(path, error);
}

bool
mp_outcomes_foreach(const char *data, MpOutcomesTell tell, gpointer user_data, GError **error)
{
    g_auto(MpFd) directory = open_incoming(data, error);
    g_autoptr(GError) why = NULL;
    FILE *file = directory >= 0 ? open_outcomes(directory, &why) : NULL;
    g_autofree char *line = NULL;
    size_t size = 0;

    if (file == NULL) {
        bool is_missing = directory >= 0 && why == NULL;

        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        return is_missing;
    }
    while (getline(&line, &size, file) > 0) {
        g_auto(GStrv) fields = g_strsplit(g_strchomp(line), "\t", -1);

        if (g_strv_length(fields) == MP_OUTCOMES_FIELDS)
            tell((const char *const *)fields, user_data);
    }
    bool good = !ferror(file) || mp_fail_errno(error, "cannot read " NAME);
    fclose(file);
    return good;
}

/* --- Cutting --------------------------------------------------------------------------------- */

/* Reads over the lines of before `when`, as dates compare as text. *n is how many; returns where
 * the first later one begins. A last line without its end stays. */
static off_t
skip_lines(FILE *file, const char *when, guint64 *n)
{
    g_autofree char *line = NULL;
    size_t size = 0;
    ssize_t length;
    off_t start = 0;

    *n = 0;
    while ((length = getline(&line, &size, file)) > 0 && line[length - 1] == '\n') {
        if (strncmp(line, when, strlen(when)) >= 0 && g_ascii_isdigit(line[0]))
            break;
        start += length;
        ++*n;
    }
    return start;
}

static bool
copy_rest(int from, off_t start, int to, GError **error)
{
    char buffer[65536];
    ssize_t n;

    while ((n = pread(from, buffer, sizeof buffer, start)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mp_fail_errno(error, "cannot read " NAME);
        if (!mp_write_all(to, buffer, (gsize)n, error))
            return false;
        start += n;
    }
    return fsync(to) == 0 || mp_fail_errno(error, "cannot sync " TEMPORARY);
}

/* The file from there on takes its place, whole or not at all. */
static bool
replace(int directory, int from, off_t start, GError **error)
{
    g_auto(MpFd) to =
        openat(directory, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (to < 0)
        return mp_fail_errno(error, "cannot make " TEMPORARY);
    if (!copy_rest(from, start, to, error)) {
        unlinkat(directory, TEMPORARY, 0); /* the disk may be full */
        return false;
    }
    if (renameat(directory, TEMPORARY, directory, NAME) < 0)
        return mp_fail_errno(error, "cannot rename " TEMPORARY);
    return mp_sync_directory(directory, "incoming-mail", error);
}

bool
mp_outcomes_cut(const char *data, gint64 before, bool is_dry_run, guint64 *n, GError **error)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(before);
    g_autofree char *when = date != NULL ? g_date_time_format(date, "%Y-%m-%dT%H:%M:%S") : NULL;
    g_auto(MpFd) directory = open_incoming(data, error);
    g_autoptr(GError) why = NULL;
    FILE *file = directory >= 0 && when != NULL ? open_outcomes(directory, &why) : NULL;

    *n = 0;
    if (file == NULL) {
        bool is_missing = directory >= 0 && why == NULL;

        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        return is_missing;
    }
    off_t start = skip_lines(file, when, n);
    bool good = (!ferror(file) || mp_fail_errno(error, "cannot read " NAME)) &&
                (*n == 0 || is_dry_run || replace(directory, fileno(file), start, error));
    fclose(file);
    return good;
}
