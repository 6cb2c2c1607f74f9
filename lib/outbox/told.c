/* When guests were told something; see outbox.h. */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "outbox/internal.h"

#define TOLD_MAX 65536 /* octets; then the older half goes */

static char *
read_all(const char *path, GError **error)
{
    char *text = NULL;

    if (access(path, F_OK) < 0 && errno == ENOENT)
        return g_strdup("");
    return mp_read_file(AT_FDCWD, path, 2 * TOLD_MAX, &text, NULL, error) ? text : NULL;
}

/* The later half, from the beginning of a line on. */
static bool
halve(const MpOutbox *outbox, const char *path, GError **error)
{
    g_autofree char *text = read_all(path, error);

    if (text == NULL)
        return false;
    gsize length = strlen(text);
    const char *end = strchr(text + length / 2, '\n');
    const char *kept = end != NULL ? end + 1 : "";
    g_auto(MpFd) directory = mp_open_directory(outbox->path, error);

    return directory >= 0 &&
           mp_write_file(directory, MP_TOLD_FILE, kept, strlen(kept), 0640, false, error);
}

bool
mp_outbox_note_told(const MpOutbox *outbox, guint64 user, gint64 when, GError **error)
{
    g_autofree char *path = g_build_filename(outbox->path, MP_TOLD_FILE, NULL);
    g_autofree char *line =
        g_strdup_printf("%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT "\n", when, user);
    struct stat st;

    if (lstat(path, &st) == 0 && st.st_size > TOLD_MAX && !halve(outbox, path, error))
        return false;
    g_auto(MpFd) fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (fd < 0)
        return mp_fail_errno(error, "cannot open %s", path);
    return mp_write_all(fd, line, strlen(line), error);
}

bool
mp_outbox_told_within(const MpOutbox *outbox, guint64 user, gint64 from, gint64 to, bool *was_told,
                      GError **error)
{
    g_autofree char *path = g_build_filename(outbox->path, MP_TOLD_FILE, NULL);
    g_autofree char *text = read_all(path, error);
    const char *line = text, *end;

    *was_told = false;
    for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char *rest; /* sscanf() would look for the end of all of it at each line */
        gint64 when = g_ascii_strtoll(line, &rest, 10);
        guint64 who = *rest == ' ' ? g_ascii_strtoull(rest + 1, NULL, 10) : 0;

        if (who == user && when >= from && when <= to)
            *was_told = true;
    }
    return text != NULL;
}
