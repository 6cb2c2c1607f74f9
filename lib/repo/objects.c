/*
 * The objects of a watched repository.
 *
 * The database is put together here, and not by git_odb_open(), which would follow
 * objects/info/alternates wherever they lead. Directories are opened once, looked at, and named to
 * libgit2 by their descriptors: what is looked at is what is read.
 */
#include "repo/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "git/loose.h"
#include "git/memory.h"

#define BORROWED_MAX   8 /* databases that objects come from */
#define ALTERNATES_MAX 16384

/* What may be taken to make one object of what it is packed as: of each step, and of all. */
#define STEP_MAX ((gsize)64 * 1024 * 1024)
#define MADE_MAX ((gsize)512 * 1024 * 1024)

#define LITTLE (64 * 1024) /* octets that are read whatever time it is */
/* A history of a hundred thousand commits takes half a second. */
#define LATE (10 * G_USEC_PER_SEC)

static char *
descriptor_path(int fd)
{
    return g_strdup_printf("/proc/self/fd/%d", fd);
}

static bool
is_link(const struct dirent *entry, gpointer user_data)
{
    struct stat status;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_LNK;
    return fstatat(GPOINTER_TO_INT(user_data), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(status.st_mode);
}

/* Directories of loose objects, and packs: a link there could lead to somebody else's. */
static bool
has_no_link(int parent, const char *name, MpRepoState *state, GError **error)
{
    g_auto(MpFd) fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool has = false;

    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return mp_repo_judge_errno(state, error, name) && false;
    g_autofree char *path = descriptor_path(fd);
    if (!mp_directory_has(path, is_link, GINT_TO_POINTER(fd), &has, error))
        return false;
    if (has)
        *state = MP_REPO_AWAY;
    return !has;
}

static bool
add_backend(MpRepo *repo, int code, git_odb_backend *backend, int priority, GError **error)
{
    if (code < 0 || git_odb_add_backend(repo->odb, backend, priority) < 0)
        return mp_git_fail(error, "cannot open the objects of %s", repo->path);
    return true;
}

/* Adds objects/ of this or another repository; the descriptor is the repository's from now on. */
static bool
add_objects(MpRepo *repo, int fd, MpRepoState *state, GError **error)
{
    g_autofree char *path = descriptor_path(fd);
    git_odb_backend *packed = NULL, *loose = NULL;

    g_array_append_val(repo->objects, fd);
    if (!has_no_link(fd, ".", state, error) || !has_no_link(fd, "pack", state, error))
        return false;
    int code = git_odb_backend_pack(&packed, path);
    if (!add_backend(repo, code, packed, 2, error))
        return false;
    code = git_odb_backend_loose(&loose, path, -1, 0, 0, 0);
    return add_backend(repo, code, loose, 1, error) &&
           (mp_loose_add(repo->odb, fd) ||
            mp_git_fail(error, "cannot open the objects of %s", repo->path));
}

static char *
path_of(int fd)
{
    g_autofree char *link = descriptor_path(fd);

    return g_file_read_link(link, NULL);
}

/* Below the root, and of the same owner (or of root, who may show whatever they like). */
static bool
may_borrow(const MpRepo *repo, const char *root, int fd)
{
    g_autofree char *path = path_of(fd);
    g_autofree char *resolved = realpath(root, NULL);
    struct stat status;

    if (path == NULL || resolved == NULL || fstat(fd, &status) < 0)
        return false;
    gsize length = strlen(resolved);
    return (status.st_uid == repo->owner || status.st_uid == 0) &&
           strncmp(path, resolved, length) == 0 && (path[length] == '/' || length == 1);
}

static bool
borrow(MpRepo *repo, const char *root, int from, const char *line, MpRepoState *state,
       GError **error)
{
    int fd = openat(from, line, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return mp_repo_judge_errno(state, error, line) && false;
    if (repo->objects->len < BORROWED_MAX && may_borrow(repo, root, fd))
        return add_objects(repo, fd, state, error);
    close(fd);
    *state = MP_REPO_AWAY;
    return false;
}

/* gitrepository-layout(5): a path a line, relative to objects/; comments begin with "#". */
static bool
add_alternates(MpRepo *repo, const char *root, int objects, MpRepoState *state, GError **error)
{
    g_autofree char *text = NULL;

    if (faccessat(objects, "info/alternates", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return true;
    g_auto(MpFd) info = openat(objects, "info", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (info < 0 || !mp_read_file(info, "alternates", ALTERNATES_MAX, &text, NULL, NULL)) {
        *state = MP_REPO_AWAY;
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        if (*lines[i] != '\0' && *lines[i] != '#' &&
            !borrow(repo, root, objects, lines[i], state, error))
            return false;
    return true;
}

bool
mp_repo_open_objects(MpRepo *repo, const char *root, MpRepoState *state, GError **error)
{
    int fd = mp_repo_open_directory(repo->directory, "objects", state, error);

    if (fd < 0) {
        if (*state == MP_REPO_MISSING)
            *state = MP_REPO_DAMAGED;
        return false;
    }
    if (git_odb_new(&repo->odb) < 0) {
        close(fd);
        return mp_git_fail(error, "cannot open the objects of %s", repo->path);
    }
    if (!add_objects(repo, fd, state, error))
        return false;
    /* What is borrowed from may borrow itself: the list grows while it is gone through. */
    for (guint i = 0; i < repo->objects->len; i++)
        if (!add_alternates(repo, root, g_array_index(repo->objects, MpFd, i), state, error))
            return false;
    return true;
}

bool
mp_repo_fail(GError **error, const MpRepo *repo, const git_oid *id)
{
    g_autoptr(GError) why = NULL;

    mp_git_fail(&why, "%s: object %s", repo->path, git_oid_tostr_s(id));
    return mp_fail(error, mp_error_is_temporary(why) ? MP_ERROR_TEMPORARY : MP_ERROR_INPUT, "%s",
                   why->message);
}

/* Of this thread, so that a machine that is busy makes no difference. */
static gint64
processor_time(void)
{
    struct timespec time;

    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0
               ? (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000
               : 0;
}

void
mp_repo_start_clock(MpRepo *repo)
{
    repo->opened = processor_time();
}

bool
mp_repo_is_late(const MpRepo *repo)
{
    return processor_time() - repo->opened > LATE;
}

bool
mp_repo_object_header(MpRepo *repo, const git_oid *id, gsize *size, git_object_t *type,
                      GError **error)
{
    bool was_refused;

    mp_git_limit_memory(STEP_MAX, MADE_MAX);
    int code = git_odb_read_header(size, type, repo->odb, id);
    /* libgit2 says so as well where a file could not be read: asked once more, it mostly can. */
    if (code == GIT_ENOTFOUND && git_odb_refresh(repo->odb) == 0)
        code = git_odb_read_header(size, type, repo->odb, id);
    mp_git_unlimit_memory(&was_refused);
    if (code == GIT_ENOTFOUND)
        *type = GIT_OBJECT_INVALID;
    if (code != 0 && was_refused)
        return mp_fail(error, MP_ERROR_INPUT, "%s: object %s is too large", repo->path,
                       git_oid_tostr_s(id));
    return code == 0 || code == GIT_ENOTFOUND || mp_repo_fail(error, repo, id);
}

bool
mp_repo_has(MpRepo *repo, const git_oid *id, bool *has, GError **error)
{
    git_object_t type = GIT_OBJECT_INVALID;
    gsize size;

    bool good = mp_repo_object_header(repo, id, &size, &type, error);

    *has = good && type != GIT_OBJECT_INVALID;
    return good;
}

static bool
fail_object(GError **error, const MpRepo *repo, const git_oid *id, const char *why)
{
    return mp_fail(error, MP_ERROR_INPUT, "%s: object %s is %s", repo->path, git_oid_tostr_s(id),
                   why);
}

/* The header first: it says how much memory the object takes. What it is made of says nobody. */
bool
mp_repo_object(MpRepo *repo, const git_oid *id, git_object_t type, gsize max, bool *is_large,
               git_odb_object **object, GError **error)
{
    git_object_t found;
    gsize size = 0;
    bool was_refused = false;

    *object = NULL;
    if (!mp_repo_object_header(repo, id, &size, &found, error))
        return false;
    if (found == GIT_OBJECT_INVALID)
        return true;
    if (found != type)
        return fail_object(error, repo, id, "of another type");
    if (size <= max && (size <= LITTLE || is_large == NULL || !mp_repo_is_late(repo))) {
        mp_git_limit_memory(STEP_MAX, MADE_MAX);
        int code = git_odb_read(object, repo->odb, id);
        repo->made += mp_git_unlimit_memory(&was_refused);
        if (code == 0 || !was_refused)
            return code == 0 || mp_repo_fail(error, repo, id);
    }
    if (is_large == NULL)
        return fail_object(error, repo, id, "too large");
    *is_large = true;
    return true;
}
