/* Finding and opening a repository, with what it may borrow; see repo.h. */
#include "repo/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/names.h"

static const char *const state_names[] = {"readable", "missing",  "closed", "away",
                                          "sha256",   "reftable", "large",  "damaged"};

const char *
mp_repo_state_name(MpRepoState state)
{
    return state_names[state];
}

bool
mp_repo_judge_errno(MpRepoState *state, GError **error, const char *path)
{
    switch (errno) {
    case ENOENT:
        *state = MP_REPO_MISSING;
        return true;
    case EACCES:
    case EPERM:
        *state = MP_REPO_CLOSED;
        return true;
    case ENOTDIR:
    case ELOOP:
        *state = MP_REPO_DAMAGED;
        return true;
    default:
        return mp_fail_errno(error, "cannot open %s", path);
    }
}

/* Who made a link is who its owner is. */
static bool
is_trusted_link(const struct stat *link)
{
    return link->st_uid == 0 || link->st_uid == geteuid();
}

/* The target is opened as it stands: another link at its end is not followed. */
static int
open_link(int parent, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(parent, name, target, sizeof(target) - 1);

    if (length < 0)
        return -1;
    target[length] = '\0';
    return openat(parent, target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
mp_repo_open_directory(int parent, const char *name, MpRepoState *state, GError **error)
{
    struct stat status;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP) &&
        fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)) {
        if (!is_trusted_link(&status)) {
            *state = MP_REPO_AWAY;
            return -1;
        }
        fd = open_link(parent, name);
    }
    if (fd < 0)
        mp_repo_judge_errno(state, error, name);
    return fd;
}

/* "acme/rocket" as two names of which neither leads anywhere else. */
static bool
split_name(const char *name, char **owner, char **directory)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", 3);

    if (g_strv_length(parts) != 2 || !mp_is_plain_name(parts[0]) || !mp_is_plain_name(parts[1]))
        return false;
    *owner = g_strdup(parts[0]);
    *directory = g_strconcat(parts[1], ".git", NULL);
    return true;
}

static int
find(const char *root, const char *name, MpRepoState *state, GError **error)
{
    g_autofree char *owner = NULL, *directory = NULL;
    g_auto(MpFd) fd_root = -1;
    g_auto(MpFd) fd_owner = -1;

    *state = MP_REPO_READABLE; /* what may pass is an error, and says nothing of the repository */
    if (!split_name(name, &owner, &directory)) {
        *state = MP_REPO_MISSING;
        return -1;
    }
    fd_root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_root < 0) {
        mp_repo_judge_errno(state, error, root);
        return -1;
    }
    fd_owner = mp_repo_open_directory(fd_root, owner, state, error);
    return fd_owner < 0 ? -1 : mp_repo_open_directory(fd_owner, directory, state, error);
}

static bool
open_parts(MpRepo *repo, const char *root, MpRepoState *state, GError **error)
{
    struct stat status;

    if (fstat(repo->directory, &status) < 0)
        return mp_fail_errno(error, "cannot look at %s", repo->path);
    repo->owner = status.st_uid;
    mp_repo_start_clock(repo);
    /* Refs first: what they name is in the database by then. */
    return mp_repo_read_refs(repo, state, error) && mp_repo_open_objects(repo, root, state, error);
}

MpRepo *
mp_repo_open(const char *root, const char *name, MpRepoState *state, GError **error)
{
    g_autoptr(MpRepo) repo = g_new0(MpRepo, 1);

    repo->path = g_strdup_printf("%s/%s.git", root, name);
    repo->objects = g_array_new(FALSE, FALSE, sizeof(MpFd));
    g_array_set_clear_func(repo->objects, (GDestroyNotify)mp_fd_clear);
    repo->directory = -1;
    if (!mp_git_start(error))
        return NULL;
    repo->directory = find(root, name, state, error);
    if (repo->directory < 0)
        return NULL;
    *state = MP_REPO_READABLE;
    return open_parts(repo, root, state, error) ? g_steal_pointer(&repo) : NULL;
}

void
mp_repo_free(MpRepo *repo)
{
    if (repo == NULL)
        return;
    g_clear_pointer(&repo->odb, git_odb_free); /* before what it reads is closed */
    g_clear_pointer(&repo->refs, g_ptr_array_unref);
    g_array_unref(repo->objects);
    mp_fd_clear(&repo->directory);
    g_free(repo->head);
    g_free(repo->path);
    g_free(repo);
}

uid_t
mp_repo_owner(const MpRepo *repo)
{
    return repo->owner;
}
