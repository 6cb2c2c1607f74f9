/*
 * Branches and tags, read as files: loose ones below refs/, and packed-refs.
 *
 * Loose ones first. Who packs refs writes packed-refs and then deletes the loose file; who deletes
 * a ref takes it out of packed-refs first. So a ref that is there all the time is found in one of
 * the two.
 */
#include "repo/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"

#define REFS_MAX   20000
#define FILES_MAX  100000 /* that are looked at, be they refs or not */
#define PACKED_MAX (16 * 1024 * 1024)
#define LOOSE_MAX  1024 /* octets of a file that holds one id */
#define DEPTH_MAX  32   /* of names between slashes */
#define SHA256_HEX 64
#define SYMBOLIC   "ref: "

typedef struct {
    MpRepo *repo;
    GHashTable *seen; /* raw name to its MpRepoRef */
    MpRepoState *state;
    guint n_files;
} Reading;

static void
free_ref(gpointer data)
{
    MpRepoRef *ref = data;

    g_free(ref->name);
    g_free(ref);
}

static gsize
count_hex(const char *text)
{
    gsize n = 0;

    while (g_ascii_isxdigit(text[n]))
        n++;
    return n;
}

/* Keeps a ref; the first of a name counts. False with the state set where there are too many. */
static bool
keep(Reading *reading, const char *name, const char *id)
{
    if (g_hash_table_contains(reading->seen, name))
        return true;
    if (count_hex(id) == SHA256_HEX)
        *reading->state = MP_REPO_SHA256;
    else if (reading->repo->refs->len >= REFS_MAX)
        *reading->state = MP_REPO_LARGE;
    if (*reading->state != MP_REPO_READABLE)
        return false;
    MpRepoRef *ref = g_new0(MpRepoRef, 1);
    ref->name = mp_escape(name);
    ref->is_broken = count_hex(id) != GIT_OID_HEXSZ || git_oid_fromstr(&ref->id, id) < 0 ||
                     git_oid_is_zero(&ref->id);
    g_ptr_array_add(reading->repo->refs, ref);
    g_hash_table_add(reading->seen, g_strdup(name));
    return true;
}

static bool
is_watched(const char *name)
{
    int is_valid = 0;

    return (g_str_has_prefix(name, MP_REPO_BRANCHES) || g_str_has_prefix(name, MP_REPO_TAGS)) &&
           git_reference_name_is_valid(&is_valid, name) == 0 && is_valid;
}

/* A file that is gone again is no ref any more; one that can never be read is a broken one. What
 * may pass says neither: the ref would be told as deleted, and then as new. */
static bool
read_loose(Reading *reading, int directory, const char *file, const char *name, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;

    if (!is_watched(name))
        return true;
    if (!mp_read_file(directory, file, LOOSE_MAX, &text, NULL, &why)) {
        if (mp_error_is_temporary(why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (faccessat(directory, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
            return true;
        return keep(reading, name, "");
    }
    if (g_str_has_prefix(text, SYMBOLIC)) {
        g_hash_table_add(reading->seen, g_strdup(name));
        return true;
    }
    return keep(reading, name, text);
}

static bool read_directory(Reading *reading, int parent, const char *file, const char *name,
                           guint depth, GError **error);

static bool
read_entry(Reading *reading, int fd, const char *file, const char *name, guint depth,
           GError **error)
{
    struct stat status;

    if (++reading->n_files > FILES_MAX) {
        *reading->state = MP_REPO_LARGE;
        return false;
    }
    if (fstatat(fd, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || (mp_repo_judge_errno(reading->state, error, name) && false);
    if (S_ISDIR(status.st_mode))
        return depth == 0 || read_directory(reading, fd, file, name, depth - 1, error);
    return read_loose(reading, fd, file, name, error);
}

/* False with the state or *error set. */
static bool
read_directory(Reading *reading, int parent, const char *file, const char *name, guint depth,
               GError **error)
{
    g_auto(MpFd) fd = openat(parent, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return mp_repo_judge_errno(reading->state, error, name) && false;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(GPtrArray) entries = mp_list_directory(path, NULL, NULL, error);
    for (guint i = 0; entries != NULL && i < entries->len; i++) {
        const char *entry = g_ptr_array_index(entries, i);
        g_autofree char *below = g_strdup_printf("%s/%s", name, entry);

        if (!read_entry(reading, fd, entry, below, depth, error))
            return false;
    }
    return entries != NULL;
}

/* "ID SP NAME"; "#" begins a header, "^" what an annotated tag means. */
static bool
read_packed_line(Reading *reading, const char *line)
{
    gsize digits = count_hex(line);

    if (*line == '\0' || *line == '#' || *line == '^')
        return true;
    if (digits == 0 || line[digits] != ' ') {
        *reading->state = MP_REPO_DAMAGED;
        return false;
    }
    return !is_watched(line + digits + 1) || keep(reading, line + digits + 1, line);
}

/* A file at the top of the repository; *text stays NULL where there is none. */
static bool
read_top(const MpRepo *repo, const char *name, gsize max, char **text, MpRepoState *state,
         GError **error)
{
    g_autoptr(GError) why = NULL;
    struct stat status;

    if (fstatat(repo->directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || (mp_repo_judge_errno(state, error, name) && false);
    if (mp_read_file(repo->directory, name, max, text, NULL, &why))
        return true;
    if (mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    *state = (gsize)status.st_size > max                              ? MP_REPO_LARGE
             : faccessat(repo->directory, name, R_OK, AT_EACCESS) < 0 ? MP_REPO_CLOSED
                                                                      : MP_REPO_DAMAGED;
    return false;
}

static bool
read_packed(Reading *reading, GError **error)
{
    g_autofree char *text = NULL;

    if (!read_top(reading->repo, "packed-refs", PACKED_MAX, &text, reading->state, error))
        return false;
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (!read_packed_line(reading, line))
            return false;
    }
    return true;
}

/* Every repository has a HEAD; gitrepository-layout(5) makes it what git knows one by. */
static bool
read_head(MpRepo *repo, MpRepoState *state, GError **error)
{
    g_autofree char *text = NULL;

    if (!read_top(repo, "HEAD", LOOSE_MAX, &text, state, error))
        return false;
    if (text == NULL)
        *state = MP_REPO_DAMAGED;
    else if (count_hex(text) == SHA256_HEX)
        *state = MP_REPO_SHA256;
    else if (faccessat(repo->directory, "reftable", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        *state = MP_REPO_REFTABLE;
    else if (g_str_has_prefix(text, SYMBOLIC)) {
        const char *name = g_strstrip(text + strlen(SYMBOLIC));

        repo->head =
            is_watched(name) && g_str_has_prefix(name, MP_REPO_BRANCHES) ? mp_escape(name) : NULL;
    }
    return *state == MP_REPO_READABLE;
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
    const MpRepoRef *one = *(MpRepoRef *const *)a, *other = *(MpRepoRef *const *)b;

    return strcmp(one->name, other->name);
}

bool
mp_repo_read_refs(MpRepo *repo, MpRepoState *state, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Reading reading = {repo, seen, state, 0};

    repo->refs = g_ptr_array_new_with_free_func(free_ref);
    if (!read_head(repo, state, error))
        return false;
    g_auto(MpFd) refs = mp_repo_open_directory(repo->directory, "refs", state, error);
    if (refs < 0) {
        if (*state == MP_REPO_MISSING)
            *state = MP_REPO_DAMAGED;
        return false;
    }
    if (!read_directory(&reading, refs, "heads", "refs/heads", DEPTH_MAX, error) ||
        !read_directory(&reading, refs, "tags", "refs/tags", DEPTH_MAX, error) ||
        !read_packed(&reading, error))
        return false;
    g_ptr_array_sort(repo->refs, by_name);
    return true;
}

const GPtrArray *
mp_repo_refs(const MpRepo *repo)
{
    return repo->refs;
}

const MpRepoRef *
mp_repo_ref(const MpRepo *repo, const char *name)
{
    guint low = 0, high = repo->refs->len;

    while (low < high) {
        guint middle = (low + high) / 2;
        const MpRepoRef *ref = g_ptr_array_index(repo->refs, middle);
        int order = strcmp(ref->name, name);

        if (order == 0)
            return ref;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *
mp_repo_default_branch(const MpRepo *repo)
{
    return repo->head;
}

const char *
mp_repo_short_name(const char *name)
{
    if (g_str_has_prefix(name, MP_REPO_BRANCHES))
        return name + strlen(MP_REPO_BRANCHES);
    return g_str_has_prefix(name, MP_REPO_TAGS) ? name + strlen(MP_REPO_TAGS) : name;
}

char *
mp_repo_short_id(const git_oid *id)
{
    char *text = g_malloc(13);

    return git_oid_tostr(text, 13, id);
}
