/* A watched repository, which whoever owns it may have written by hand. The first byte chooses. */
#include "repo/changes.h"

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "git/loose.h"
#include "repo/history.h"
#include "repo/internal.h"
#include "repo/tree.h"

#include "fuzz.h"

#define DIFF_MAX 4096

/* --- A repository of objects in memory, and of files in a directory of its own ---------------- */

static char path_of_ours[] = "/dev/shm/fuzz-repo-XXXXXX";

static void
remove_ours(void)
{
    const char *argv[] = {"rm", "-rf", path_of_ours, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
}

static int
directory_of_ours(void)
{
    static int fd = -1;

    if (fd >= 0)
        return fd;
    fuzz_claim(mkdtemp(path_of_ours) != NULL && atexit(remove_ours) == 0);
    fd = open(path_of_ours, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *const *name =
             (const char *const[]){"refs", "refs/heads", "refs/tags", "objects", "objects/info",
                                   "objects/pack", "objects/12", NULL};
         *name != NULL; name++)
        fuzz_claim(mkdirat(fd, *name, 0700) == 0);
    return fd;
}

static void
put(const char *name, const void *bytes, gsize length)
{
    g_auto(MpFd) fd = openat(directory_of_ours(), name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    fuzz_claim(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
}

static MpRepo *
repo_new(void)
{
    MpRepo *repo = g_new0(MpRepo, 1);
    git_odb_backend *backend = NULL;

    fuzz_claim(mp_git_start(NULL));
    repo->path = g_strdup("repo");
    repo->objects = g_array_new(FALSE, FALSE, sizeof(MpFd));
    g_array_set_clear_func(repo->objects, (GDestroyNotify)mp_fd_clear);
    repo->owner = getuid();
    repo->directory = fcntl(directory_of_ours(), F_DUPFD_CLOEXEC, 0);
    fuzz_claim(git_odb_new(&repo->odb) == 0 && git_mempack_new(&backend) == 0 &&
               git_odb_add_backend(repo->odb, backend, 1) == 0);
    mp_repo_start_clock(repo);
    return repo;
}

static git_oid
add(MpRepo *repo, const void *bytes, gsize length, git_object_t type)
{
    git_oid id;

    fuzz_claim(git_odb_write(&id, repo->odb, bytes, length, type) == 0);
    return id;
}

static git_oid
add_commit(MpRepo *repo, const git_oid *tree)
{
    g_autofree char *text = g_strdup_printf("tree %s\n\nx", git_oid_tostr_s(tree));

    return add(repo, text, strlen(text), GIT_OBJECT_COMMIT);
}

/* --- What must hold --------------------------------------------------------------------------- */

static void
claim_text(const char *text, glong max)
{
    fuzz_claim(g_utf8_validate(text, -1, NULL));
    fuzz_claim(max == 0 || g_utf8_strlen(text, -1) <= max);
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        fuzz_claim(max == 0 && (c == '\n' || c == '\t') ? true : !mp_is_deceptive(c));
    }
}

static void
claim_person(const MpRepoPerson *person)
{
    claim_text(person->name, MP_REPO_NAME_MAX);
    claim_text(person->email, 254);
    fuzz_claim(person->time >= 0);
}

static void
claim_changes(MpRepo *repo, const git_oid *before, const git_oid *after)
{
    gsize budget = 1 << 20;
    const MpRepoChangeLimits limits = {.files = 20, .diff = DIFF_MAX, .budget = &budget};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepoChanges) changes = mp_repo_changes(repo, before, after, &limits, &error);

    fuzz_claim((changes == NULL) == (error != NULL));
    if (changes == NULL)
        return;
    fuzz_claim(changes->files->len <= 20 && changes->diff->len <= DIFF_MAX);
    claim_text(changes->diff->str, 0);
    for (guint i = 0; i < changes->files->len; i++) {
        const MpRepoChange *file = g_ptr_array_index(changes->files, i);

        fuzz_claim(file->path != NULL);
        claim_text(file->path, G_MAXLONG);
    }
}

/* --- What is read ----------------------------------------------------------------------------- */

static void
read_refs(const char *name, const unsigned char *data, size_t size)
{
    MpRepo *repo = repo_new();
    g_autoptr(GError) error = NULL;
    MpRepoState state = MP_REPO_READABLE;

    put("packed-refs", "", 0);
    put("refs/heads/main", "", 0);
    put("HEAD", "ref: refs/heads/main\n", 21);
    put(name, data, size);
    bool good = mp_repo_read_refs(repo, &state, &error);
    fuzz_claim(good == (error == NULL && state == MP_REPO_READABLE));
    for (guint i = 0; good && i < mp_repo_refs(repo)->len; i++) {
        const MpRepoRef *ref = g_ptr_array_index(mp_repo_refs(repo), i);

        claim_text(ref->name, G_MAXLONG);
        fuzz_claim(mp_repo_ref(repo, ref->name) != NULL);
    }
    if (good && repo->head != NULL)
        claim_text(repo->head, G_MAXLONG);
    mp_repo_free(repo);
}

/* Whatever it is called, and whatever links lead there. */
static void
claim_below_ours(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *path = g_file_read_link(link, NULL);

    fuzz_claim(path != NULL && g_str_has_prefix(path, path_of_ours) &&
               path[strlen(path_of_ours)] == '/');
}

static void
read_alternates(const unsigned char *data, size_t size)
{
    MpRepo *repo = repo_new();
    g_autoptr(GError) error = NULL;
    MpRepoState state = MP_REPO_READABLE;

    put("objects/info/alternates", data, size);
    g_clear_pointer(&repo->odb, git_odb_free);
    bool good = mp_repo_open_objects(repo, path_of_ours, &state, &error);
    fuzz_claim(good == (error == NULL && state == MP_REPO_READABLE));
    for (guint i = 0; i < repo->objects->len; i++)
        claim_below_ours(g_array_index(repo->objects, MpFd, i));
    mp_repo_free(repo);
}

static void
read_commit(const unsigned char *data, size_t size)
{
    MpRepo *repo = repo_new();
    git_oid id = add(repo, data, size, GIT_OBJECT_COMMIT);
    g_autoptr(MpRepoCommit) commit = NULL;
    g_auto(MpRepoRange) range = {0};

    fuzz_claim(mp_repo_commit(repo, &id, &commit, NULL) && commit != NULL);
    claim_text(commit->subject, MP_REPO_SUBJECT_MAX);
    claim_text(commit->message, 0);
    claim_person(&commit->author);
    claim_person(&commit->committer);
    fuzz_claim(mp_repo_range_of_two(repo, &id, &id, 100, &range, NULL));
    mp_repo_free(repo);
}

static void
read_tag(const unsigned char *data, size_t size)
{
    MpRepo *repo = repo_new();
    git_oid id = add(repo, data, size, GIT_OBJECT_TAG), commit;
    g_autoptr(MpRepoTag) tag = NULL;
    bool found;

    fuzz_claim(mp_repo_tag(repo, &id, &tag, NULL) && tag != NULL);
    claim_text(tag->message, 0);
    claim_person(&tag->tagger);
    fuzz_claim(mp_repo_peel(repo, &id, &commit, &found, NULL));
    mp_repo_free(repo);
}

/* A tree and one that was made of it: half of it is another's. */
static void
read_trees(const unsigned char *data, size_t size)
{
    MpRepo *repo = repo_new();
    git_oid before = add(repo, data, size / 2, GIT_OBJECT_TREE);
    git_oid after = add(repo, data + size / 2, size - size / 2, GIT_OBJECT_TREE);

    before = add_commit(repo, &before);
    after = add_commit(repo, &after);
    claim_changes(repo, &before, &after);
    claim_changes(repo, NULL, &after);
    mp_repo_free(repo);
}

static git_oid
commit_with(MpRepo *repo, const unsigned char *data, size_t size)
{
    git_oid blob = add(repo, data, size, GIT_OBJECT_BLOB);
    g_autoptr(GByteArray) tree = g_byte_array_new();

    g_byte_array_append(tree, (const guint8 *)"100644 f", 9);
    g_byte_array_append(tree, blob.id, GIT_OID_RAWSZ);
    git_oid id = add(repo, tree->data, tree->len, GIT_OBJECT_TREE);
    return add_commit(repo, &id);
}

static void
read_files(const unsigned char *data, size_t size)
{
    MpRepo *repo = repo_new();
    size_t half = size > 0 ? data[0] * size / 255 : 0;
    git_oid before = commit_with(repo, data, half);
    git_oid after = commit_with(repo, data + half, size - half);

    claim_changes(repo, &before, &after);
    mp_repo_free(repo);
}

/* The file of an object: as it lies there, or deflated first. */
static void
read_loose(const unsigned char *data, size_t size, bool deflates)
{
    MpRepo *repo = repo_new();
    uLongf length = compressBound(size);
    g_autofree Bytef *deflated = g_malloc(length);
    g_auto(MpFd) objects =
        openat(directory_of_ours(), "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepoCommit) commit = NULL;
    git_oid id;

    fuzz_claim(compress2(deflated, &length, data, size, 0) == Z_OK);
    put("objects/12/34567890123456789012345678901234567890", deflates ? deflated : data,
        deflates ? length : size);
    git_oid_fromstr(&id, "1234567890123456789012345678901234567890");
    fuzz_claim(mp_loose_add(repo->odb, objects));
    bool good = mp_repo_commit(repo, &id, &commit, &error);
    fuzz_claim(good == (error == NULL));
    mp_repo_free(repo);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 10) {
    case 0:
        read_refs("packed-refs", data + 1, size - 1);
        break;
    case 1:
        read_refs("HEAD", data + 1, size - 1);
        break;
    case 2:
        read_refs("refs/heads/main", data + 1, size - 1);
        break;
    case 3:
        read_alternates(data + 1, size - 1);
        break;
    case 4:
        read_commit(data + 1, size - 1);
        break;
    case 5:
        read_tag(data + 1, size - 1);
        break;
    case 6:
        read_trees(data + 1, size - 1);
        break;
    case 7:
        read_files(data + 1, size - 1);
        break;
    default:
        read_loose(data + 1, size - 1, data[0] % 10 == 8);
        break;
    }
    return 0;
}
