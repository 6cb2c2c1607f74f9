/* What hooks leave in the spool, read as from strangers; see bell.h. */
#include "watch/bell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"

#define BELLS_MAX   10000 /* files of one scan */
#define BELL_OCTETS 4096
#define NAME_MAX_   100   /* characters of a pusher's name */
#define YOUNG_S     60    /* a hook is at work on a file with a longer name */
#define OLD_S       86400 /* what was pushed could not be told since */
#define NOBODY      65534 /* whoever has no name in a user namespace: that may be anybody */
#define ZEROS       "0000000000000000000000000000000000000000"

void
mp_bell_free(MpBell *bell)
{
    if (bell == NULL)
        return;
    g_free(bell->repository);
    g_free(bell->file);
    g_free(bell->pusher);
    g_ptr_array_unref(bell->refs);
    g_free(bell);
}

static bool
is_number(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* "acme/rocket" of "acme,rocket,1000", or of that with a number behind it: one that was heard. NULL
 * where it is no such name. The caller's. */
static char *
repository_of(const char *name, bool *is_heard)
{
    g_auto(GStrv) parts = g_strsplit(name, ",", 5);
    guint n = g_strv_length(parts);

    *is_heard = n == 4;
    if (n < 3 || n > 4 || !is_number(parts[2]) || !is_number(parts[n - 1]))
        return NULL;
    g_autofree char *repository = g_strconcat(parts[0], "/", parts[1], NULL);
    return mp_is_repository_name(repository) ? g_steal_pointer(&repository) : NULL;
}

/* "acme,rocket,1000.x7Gh2k", as mktemp(1) in the hook has it. */
static bool
is_in_the_making(const char *name, const struct stat *status)
{
    const char *dot = strrchr(name, '.');

    if (dot == NULL || !S_ISREG(status->st_mode) || time(NULL) - status->st_mtime > YOUNG_S ||
        status->st_mtime - time(NULL) > YOUNG_S) /* some clock was wrong */
        return false;
    bool is_heard;
    g_autofree char *whole = g_strndup(name, (gsize)(dot - name));
    g_autofree char *repository = repository_of(whole, &is_heard);
    return repository != NULL;
}

static void
read_line(MpBell *bell, const char *line)
{
    if (g_str_has_prefix(line, "pusher ")) {
        g_autofree char *name = mp_one_line(line + strlen("pusher "));

        g_free(bell->pusher);
        bell->pusher =
            *name != '\0' && g_utf8_strlen(name, -1) <= NAME_MAX_ ? g_steal_pointer(&name) : NULL;
    } else if (strlen(line) > 2 * (GIT_OID_HEXSZ + 1) && line[GIT_OID_HEXSZ] == ' ')
        g_ptr_array_add(bell->refs, mp_escape(line + GIT_OID_HEXSZ + 1));
}

/* A line that was cut is not there. */
static void
read_text(MpBell *bell, char *text)
{
    char *end;

    for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        read_line(bell, line);
    }
}

/* Only a plain file of one name says anything, and only that is kept; the bell has rung in any
 * case. */
static bool
read_bell(int directory, const char *name, MpBell *bell)
{
    char text[BELL_OCTETS + 1];
    struct stat status;
    g_auto(MpFd) fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1)
        return false;
    bell->owner = status.st_uid;
    ssize_t length = read(fd, text, BELL_OCTETS);
    if (length <= 0)
        return true;
    text[length] = '\0';
    read_text(bell, text);
    return true;
}

/* A hook may replace the file at any time: what is read must be what is deleted when it was told.
 * Under a name that no hook uses, unless somebody has put a directory there. The caller's. */
static char *
put_aside(int directory, const char *name, const struct stat *status)
{
    g_autofree char *aside =
        g_strdup_printf("%s,%" G_GUINT64_FORMAT, name, (guint64)status->st_ino);

    return renameat(directory, name, directory, aside) == 0 ? g_steal_pointer(&aside)
                                                            : g_strdup(name);
}

static bool
take_away(int directory, const char *name, const struct stat *status)
{
    if (unlinkat(directory, name, S_ISDIR(status->st_mode) ? AT_REMOVEDIR : 0) == 0 ||
        errno == ENOENT)
        return true;
    if (errno != ENOTEMPTY && errno != EEXIST) {
        g_autofree char *shown = mp_escape(name);

        mp_warn("cannot take the doorbell %s away: %s", shown, g_strerror(errno));
    }
    return false;
}

static void
hear(int directory, const char *name, GHashTable *heard, GPtrArray *bells)
{
    bool is_heard;
    g_autofree char *repository = repository_of(name, &is_heard);
    struct stat status;

    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        is_in_the_making(name, &status) || g_hash_table_contains(heard, name))
        return;
    bool is_old = is_heard && time(NULL) - status.st_mtime > OLD_S;
    if (repository == NULL || is_old) {
        take_away(directory, name, &status);
        return;
    }
    MpBell *bell = g_new0(MpBell, 1);
    bell->repository = g_steal_pointer(&repository);
    bell->owner = NOBODY;
    bell->refs = g_ptr_array_new_with_free_func(g_free);
    bell->file = is_heard ? g_strdup(name) : put_aside(directory, name, &status);
    if (!read_bell(directory, bell->file, bell)) {
        if (!take_away(directory, bell->file, &status)) { /* it would ring for ever */
            mp_bell_free(bell);
            return;
        }
        g_clear_pointer(&bell->file, g_free);
    }
    g_ptr_array_add(bells, bell);
}

GPtrArray *
mp_bells_hear(const char *path, GHashTable *heard)
{
    GPtrArray *bells = g_ptr_array_new_with_free_func((GDestroyNotify)mp_bell_free);
    DIR *directory = opendir(path);
    const struct dirent *entry;

    for (guint i = 0; directory != NULL && i < BELLS_MAX && (entry = readdir(directory)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            hear(dirfd(directory), entry->d_name, heard, bells);
            i++;
        }
    if (directory != NULL)
        closedir(directory);
    return bells;
}

void
mp_bell_end(const char *path, const MpBell *bell)
{
    g_auto(MpFd) directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct stat regular = {.st_mode = S_IFREG};

    if (directory >= 0 && bell->file != NULL)
        take_away(directory, bell->file, &regular);
}

void
mp_bells_end(const char *path, GPtrArray *bells, guint first, GHashTable *heard)
{
    for (guint i = first; i < bells->len; i++) {
        const MpBell *bell = bells->pdata[i];

        mp_bell_end(path, bell);
        if (bell->file != NULL)
            g_hash_table_remove(heard, bell->file);
    }
    g_ptr_array_set_size(bells, (int)MIN(bells->len, first));
}

/* --- Who pushed ----------------------------------------------------------------------------- */

static bool
is_believed(const MpBell *bell, const MpConfig *config, uid_t owner)
{
    g_auto(GStrv) uids = g_strsplit_set(config->pusher_uids, " ,", -1);

    if (bell->owner == NOBODY || bell->pusher == NULL)
        return false;
    for (char **uid = uids; *uid != NULL; uid++)
        if (**uid != '\0' && g_ascii_strtoull(*uid, NULL, 10) == bell->owner)
            return true;
    return bell->owner == owner;
}

static bool
names_change(const MpBell *bell, const char *line)
{
    for (guint i = 0; i < bell->refs->len; i++)
        if (strcmp(bell->refs->pdata[i], line) == 0)
            return true;
    return false;
}

const char *
mp_bells_pusher(const GPtrArray *bells, const MpConfig *config, uid_t owner, const char *ref,
                const char *after)
{
    g_autofree char *line = g_strdup_printf("%s %s", after != NULL ? after : ZEROS, ref);
    const char *pusher = NULL;

    for (guint i = 0; bells != NULL && i < bells->len; i++) {
        const MpBell *bell = g_ptr_array_index(bells, i);

        if (!is_believed(bell, config, owner) || !names_change(bell, line))
            continue;
        if (pusher != NULL && strcmp(pusher, bell->pusher) != 0)
            return NULL;
        pusher = bell->pusher;
    }
    return pusher;
}
