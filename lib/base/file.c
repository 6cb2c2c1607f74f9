/* Files and directories that survive a power cut; see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"

#define SECRET_LIMIT   (64 * 1024)
#define FEW_FILES      4           /* that are cheaper to sync one by one */
#define LONGEST_PASSWD (16 * 1024) /* octets of the words of one entry */

void
mp_fd_clear(MpFd *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int
open_directory(const char *path, const char *made_by, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        mp_fail_errno(error, "cannot open the directory %s%s", path,
                      errno == ENOENT ? made_by : "");
    return fd;
}

int
mp_open_directory(const char *path, GError **error)
{
    return open_directory(path, "", error);
}

int
mp_open_made_directory(const char *path, GError **error)
{
    return open_directory(path, " (made by: metroplex init)", error);
}

bool
mp_sync_directory(int directory, const char *path_for_messages, GError **error)
{
    if (fsync(directory) < 0)
        return mp_fail_errno(error, "cannot sync the directory %s", path_for_messages);
    return true;
}

bool
mp_sync_file_system(const char *path, GError **error)
{
    g_auto(MpFd) fd = mp_open_directory(path, error);

    return fd >= 0 && (syncfs(fd) == 0 || mp_fail_errno(error, "cannot sync %s", path));
}

static bool
sync_directory_at(const char *path, GError **error)
{
    g_auto(MpFd) fd = mp_open_directory(path, error);

    return fd >= 0 && mp_sync_directory(fd, path, error);
}

bool
mp_sync_found_directory(const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);

    return sync_directory_at(path, error) && sync_directory_at(parent, error);
}

bool
mp_make_directories(const char *path, mode_t mode, bool *made, GError **error)
{
    struct stat st;

    if (made != NULL)
        *made = false;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return true;
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is in the way: not a directory", path);
    }
    if (errno != ENOENT && errno != ENOTDIR) /* its parent would tell no more, and so on */
        return mp_fail_errno(error, "cannot look at %s", path);
    g_autofree char *parent = g_path_get_dirname(path);
    if (!mp_make_directories(parent, mode, NULL, error))
        return false;
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return mp_fail_errno(error, "cannot make the directory %s", path);
    if (made != NULL)
        *made = true;
    return sync_directory_at(parent, error);
}

bool
mp_write_all(int fd, const void *bytes, gsize length, GError **error)
{
    const char *p = bytes;

    while (length > 0) {
        ssize_t n = write(fd, p, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mp_fail_errno(error, "cannot write");
        p += n;
        length -= (gsize)n;
    }
    return true;
}

static bool
write_and_sync(int fd, const void *bytes, gsize length, GError **error)
{
    if (!mp_write_all(fd, bytes, length, error))
        return false;
    if (fdatasync(fd) < 0)
        return mp_fail_errno(error, "cannot sync");
    return true;
}

/* A run that died may have left a file of that name, perhaps read-only. */
static int
create_anew(int directory, const char *name, mode_t mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = openat(directory, name, flags, mode);

    if (fd < 0 && errno == EEXIST && unlinkat(directory, name, 0) == 0)
        fd = openat(directory, name, flags, mode);
    return fd;
}

static bool
set_access(int fd, const MpFileAccess *access, GError **error)
{
    if (access->uid != (uid_t)-1 && fchown(fd, access->uid, access->gid) < 0)
        return mp_fail_errno(error, "cannot give it to user %u", (unsigned)access->uid);
    return fchmod(fd, access->mode) == 0 ||
           mp_fail_errno(error, "cannot give it mode %04o", (unsigned)access->mode);
}

bool
mp_write_new_file(int directory, const char *name, const void *bytes, gsize length,
                  const MpFileAccess *access, GError **error)
{
    g_auto(MpFd) fd = create_anew(directory, name, 0600);

    if (fd < 0)
        return mp_fail_errno(error, "cannot create %s", name);
    if (set_access(fd, access, error) && write_and_sync(fd, bytes, length, error))
        return true;
    g_prefix_error(error, "%s: ", name);
    unlinkat(directory, name, 0);
    return false;
}

bool
mp_write_file(int directory, const char *name, const void *bytes, gsize length, mode_t mode,
              bool sync_directory, GError **error)
{
    g_autofree char *temporary = g_strconcat(name, ".tmp", NULL);
    g_auto(MpFd) fd = create_anew(directory, temporary, mode);

    if (fd < 0)
        return mp_fail_errno(error, "cannot create %s", temporary);
    if (!write_and_sync(fd, bytes, length, error)) {
        g_prefix_error(error, "%s: ", temporary);
        unlinkat(directory, temporary, 0);
        return false;
    }
    if (renameat(directory, temporary, directory, name) < 0) {
        mp_fail_errno(error, "cannot rename %s to %s", temporary, name);
        unlinkat(directory, temporary, 0);
        return false;
    }
    return !sync_directory || mp_sync_directory(directory, name, error);
}

bool
mp_may_replace(int directory, const char *name, GError **error)
{
    g_autofree char *shown = mp_escape(name);
    struct stat st;

    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INPUT, "%s is not a regular file", shown);
    return true;
}

/* The codes by which link(2) and rename(2) say that the file system has no such operation. */
static bool
is_unsupported(int code)
{
    return code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EPERM;
}

static int
rename_by_link(int from, const char *name, int to, const char *new_name)
{
    if (linkat(from, name, to, new_name, 0) == 0)
        return unlinkat(from, name, 0);
    if (!is_unsupported(errno))
        return -1;
    if (faccessat(to, new_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? renameat(from, name, to, new_name) : -1;
}

int
mp_rename_new(int from, const char *name, int to, const char *new_name)
{
    int rc = renameat2(from, name, to, new_name, RENAME_NOREPLACE);

    return rc == 0 || !is_unsupported(errno) ? rc : rename_by_link(from, name, to, new_name);
}

bool
mp_create_file(int directory, const char *name, const void *bytes, gsize length, mode_t mode,
               GError **error)
{
    g_auto(MpFd) fd =
        openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

    if (fd < 0)
        return mp_fail_errno(error, "cannot create %s", name);
    if (mp_write_all(fd, bytes, length, error))
        return true;
    g_prefix_error(error, "%s: ", name);
    unlinkat(directory, name, 0);
    return false;
}

static bool
sync_file(int directory, const char *name, GError **error)
{
    g_auto(MpFd) fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return mp_fail_errno(error, "cannot open %s", name);
    return fdatasync(fd) == 0 || mp_fail_errno(error, "cannot sync %s", name);
}

bool
mp_sync_files(int directory, const GPtrArray *names, GError **error)
{
    if (names->len > FEW_FILES)
        return syncfs(directory) == 0 || mp_fail_errno(error, "cannot sync %u files", names->len);
    for (guint i = 0; i < names->len; i++)
        if (!sync_file(directory, g_ptr_array_index(names, i), error))
            return false;
    return true;
}

static bool
read_all(int fd, gsize limit, GString *into, GError **error)
{
    char buffer[65536];

    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mp_fail_errno(error, "cannot read");
        if (n == 0)
            return true;
        if (into->len + (gsize)n > limit)
            return mp_fail(error, MP_ERROR_INPUT, "larger than %" G_GSIZE_FORMAT " bytes", limit);
        g_string_append_len(into, buffer, n);
    }
}

static bool
read_regular(int fd, gsize limit, char **text, gsize *length, GError **error)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return mp_fail_errno(error, "cannot look at it");
    if (!S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INPUT, "not a regular file");
    g_autoptr(GString) content = g_string_sized_new((gsize)MIN(st.st_size, 1 << 20) + 1);
    if (!read_all(fd, limit, content, error))
        return false;
    if (length != NULL)
        *length = content->len;
    *text = g_string_free(g_steal_pointer(&content), FALSE);
    return true;
}

bool
mp_read_file(int directory, const char *name, gsize limit, char **text, gsize *length,
             GError **error)
{
    g_auto(MpFd) fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    g_autofree char *shown = mp_escape(name);

    if (fd < 0)
        return mp_fail_errno(error, "cannot open %s", shown);
    if (!read_regular(fd, limit, text, length, error)) {
        g_prefix_error(error, "%s: ", shown);
        return false;
    }
    return true;
}

int
mp_memory_file(const void *bytes, gsize length, GError **error)
{
    g_auto(MpFd) fd = memfd_create("input", MFD_CLOEXEC);
    g_autoptr(GError) why = NULL;

    if (fd >= 0 && mp_write_all(fd, bytes, length, &why) && lseek(fd, 0, SEEK_SET) == 0)
        return g_steal_fd(&fd);
    mp_fail(error, MP_ERROR_TEMPORARY, "cannot hold a file in memory: %s",
            why != NULL ? why->message : g_strerror(errno));
    return -1;
}

/* Whoever sets up a machine has to mend it: nothing here is the fault of a mail. */
static bool
read_installed(int fd, const char *shown, gsize limit, char **text, gsize *length, GError **error)
{
    g_autoptr(GError) why = NULL;

    return read_regular(fd, limit, text, length, &why) ||
           mp_fail(error, mp_error_is_temporary(why) ? MP_ERROR_TEMPORARY : MP_ERROR_INSTALLATION,
                   "%s: %s", shown, why->message);
}

bool
mp_read_path(const char *path, gsize limit, char **text, gsize *length, GError **error)
{
    g_auto(MpFd) fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *shown = mp_escape(path);

    if (fd < 0)
        return mp_fail_errno(error, "cannot open %s", shown);
    return read_installed(fd, shown, limit, text, length, error);
}

static bool
is_private(int fd, const char *path, GError **error)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", path);
    if (geteuid() != 0 && st.st_uid != geteuid() && st.st_uid != 0)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is a secret but belongs to user %u", path,
                       (unsigned)st.st_uid);
    if ((st.st_mode & 077) != 0)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s is a secret but its mode is %04o: others can read it (chmod 0600)", path,
                       (unsigned)st.st_mode & 07777);
    return true;
}

char *
mp_user_name(uid_t uid)
{
    struct passwd space, *entry = NULL;
    char words[LONGEST_PASSWD];

    (void)getpwuid_r(uid, &space, words, sizeof words, &entry);
    return entry != NULL ? g_strdup(entry->pw_name) : g_strdup_printf("%u", (unsigned)uid);
}

/* Root, who made the file, sees nothing wrong with it: who cannot read it must be told. */
static bool
refuse_unreadable(const char *shown, GError **error)
{
    g_autofree char *us = mp_user_name(geteuid());

    return mp_fail(error, MP_ERROR_INSTALLATION,
                   "cannot open the secret %s as user %s: Permission denied (chown %s, mode 0600; "
                   "the directories above it must let that user through)",
                   shown, us, us);
}

bool
mp_read_secret(const char *path, char **text, gsize *length, GError **error)
{
    g_auto(MpFd) fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *shown = mp_escape(path);

    if (fd < 0 && errno == EACCES)
        return refuse_unreadable(shown, error);
    if (fd < 0)
        return mp_fail_errno(error, "cannot open the secret %s", shown);
    return is_private(fd, shown, error) &&
           read_installed(fd, shown, SECRET_LIMIT, text, length, error);
}

void
mp_wipe(void *memory, gsize length)
{
    if (memory != NULL)
        explicit_bzero(memory, length);
}

bool
mp_is_plain_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}
