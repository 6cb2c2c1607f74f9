/*
 * Files and directories that survive a power cut.
 *
 * "Synced" means that after the function returned true a power cut does not undo it. On ext4, XFS
 * and btrfs that takes an fsync of the file for its content and an fsync of the directory for its
 * name; both are done here and nowhere else.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* A descriptor that closes itself: g_auto(MpFd) fd = open(…). -1 is none. */
typedef int MpFd;
void mp_fd_clear(MpFd *fd);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpFd, mp_fd_clear)

/* Opens a directory for the *at() calls; -1 with *error set. The caller closes it. */
int mp_open_directory(const char *path, GError **error);

/* As mp_open_directory, of one that `metroplex init` makes: says so where it is missing. */
int mp_open_made_directory(const char *path, GError **error);

/* Makes `path` and its missing parents with `mode`, and syncs each directory that got an entry.
 * *made (may be NULL) says whether anything was missing. */
bool mp_make_directories(const char *path, mode_t mode, bool *made, GError **error);

/*
 * Writes a whole file `name` below `directory` under a temporary name, syncs it, and renames it
 * into place (replacing what was there). The directory itself is synced only if `sync_directory`: a
 * caller with many files syncs once with mp_sync_directory.
 */
bool mp_write_file(int directory, const char *name, const void *bytes, gsize length, mode_t mode,
                   bool sync_directory, GError **error);

/* Of whom a file is, and who may do what with it, exactly and whatever the umask. */
typedef struct {
    mode_t mode;
    uid_t uid; /* (uid_t)-1: of whoever makes it */
    gid_t gid;
} MpFileAccess;

/*
 * The first half of that, for a caller who has to look at something before the rename: a synced
 * file `name` with this access, which replaces one that a run that died has left. Nothing stays of
 * it after an error.
 */
bool mp_write_new_file(int directory, const char *name, const void *bytes, gsize length,
                       const MpFileAccess *access, GError **error);

bool mp_sync_directory(int directory, const char *path_for_messages, GError **error);

/* Syncs a directory that was there already and the one that it lies in, since the process that made
 * it may have died before it did so. */
bool mp_sync_found_directory(const char *path, GError **error);

/* Syncs the whole file system that a directory lies in: for many files and directories at once. */
bool mp_sync_file_system(const char *path, GError **error);

/* Whether a name that somebody gave may be replaced: it is a regular file, or not there. A device,
 * or a link to one, would be gone for all; a directory takes no file. Else MP_ERROR_INPUT. */
bool mp_may_replace(int directory, const char *name, GError **error);

/*
 * For many small files of one batch: mp_create_file() writes `name` below `directory` in place and
 * syncs nothing; mp_sync_files() then makes the content of all `names` (char *) durable. Few files
 * are synced one by one, many with one syncfs(2), which costs one commit of the file system's
 * journal instead of one each.
 */
bool mp_create_file(int directory, const char *name, const void *bytes, gsize length, mode_t mode,
                    GError **error);
bool mp_sync_files(int directory, const GPtrArray *names, GError **error);

/*
 * Renames, and never over what is there: returns 0, or -1 with errno, EEXIST if the name is taken.
 * By RENAME_NOREPLACE; where the file system or the kernel has none, by a link and the removal of
 * the old name, so that a death in between leaves the file under both names, which callers find by
 * comparing the two; where it has no links either, by looking first, which the lock that every
 * caller holds makes safe.
 */
int mp_rename_new(int from, const char *name, int to, const char *new_name);

/* Reads a whole regular file; anything else, or more than `limit` bytes, is an error. Never blocks
 * on a FIFO, never follows a symbolic link at the end of the path. Messages show the name escaped.
 */
bool mp_read_file(int directory, const char *name, gsize limit, char **text, gsize *length,
                  GError **error);

/* As mp_read_file, for a file that the administrator names by its path: a symbolic link is
 * followed, and what is wrong with it is MP_ERROR_INSTALLATION. Messages show the path escaped. */
bool mp_read_path(const char *path, gsize limit, char **text, gsize *length, GError **error);

/* As mp_read_path, for a secret: refused unless it is ours (or root's) and closed to group and
 * others. Messages name the file, us, and what chmod or chown would mend it. */
bool mp_read_secret(const char *path, char **text, gsize *length, GError **error);

/* The name of a user, or the number of one without a name: for messages, in any thread; the
 * caller's. */
char *mp_user_name(uid_t uid);

/* A file in memory that holds these bytes, at its beginning; the caller closes it. -1 with *error
 * set, which is temporary, if there can be none. */
int mp_memory_file(const void *bytes, gsize length, GError **error);

/* Overwrites memory that held a secret, in a way that the compiler keeps. */
void mp_wipe(void *memory, gsize length);

/* write(2) until all is written. */
bool mp_write_all(int fd, const void *bytes, gsize length, GError **error);

/* True for a name that is one path component and does not start with a dot. */
bool mp_is_plain_name(const char *name);
