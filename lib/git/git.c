/* libgit2 started, and its errors as ours; see git.h. */
#include "git/git.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "git/memory.h"

#define LITTLE     (16 * 1024 * 1024) /* octets of a pack, mapped at once */
#define RECORD_MAX 4096 /* octets: of a blob that is kept, since it may be read again */
#define KEPT_MAX   (8 * 1024 * 1024) /* octets of objects that are kept, of all databases together \
                                      */
#define OPEN_PACKS 8 /* at a time: the large one of the last repack, and the newest */

/*
 * libgit2, as Debian builds it, has mbed TLS read all certificates of the machine when it starts:
 * two thirds of the instructions of a run with one mail. No TLS of ours goes through it, since
 * remotes are asked by git itself (remote.c); so what it would call finds nothing to trust.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int
mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
    (void)chain;
    (void)path;
    return -1;
}

static bool
start(void)
{
    mp_git_count_memory();
    if (git_libgit2_init() < 0)
        return false;
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    /* We make every object ourselves, and a check of existence can rescan the pack directory. */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
    /* git fsck hashes every object; reading need not. */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    /* Open packs count as our memory where they are mapped, and each takes a descriptor. */
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, (size_t)OPEN_PACKS);
    /* The record of an account, a repository or a thread is read for each of its mails. */
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB, (size_t)RECORD_MAX);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)KEPT_MAX);
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    return true;
}

/* The limit of the cache counts the octets of objects, but a tree in it takes twenty times that. */
void
mp_git_keep_little(void)
{
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)LITTLE);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)4 * LITTLE);
}

bool
mp_git_start(GError **error)
{
    enum { NEW, STARTED, FAILED };
    static gsize state = NEW;

    if (g_once_init_enter(&state))
        g_once_init_leave(&state, start() ? STARTED : FAILED);
    return state == STARTED || mp_fail(error, MP_ERROR_TEMPORARY, "libgit2 cannot start");
}

/* libgit2 cleans up before it returns, which changes errno; its message keeps what errno meant. */
static bool
is_temporary(const git_error *e, int code)
{
    static const int codes[] = {ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EROFS, EINTR, EAGAIN};

    if (e != NULL && (e->klass == GIT_ERROR_NOMEMORY || e->klass == GIT_ERROR_NET))
        return true;
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        if (e != NULL ? g_str_has_suffix(e->message, strerror(codes[i])) : code == codes[i])
            return true;
    return false;
}

bool
mp_git_fail(GError **error, const char *format, ...)
{
    int code = errno;
    const git_error *e = git_error_last();
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    return mp_fail(error, is_temporary(e, code) ? MP_ERROR_TEMPORARY : MP_ERROR_INSTALLATION,
                   "%s: %s", what, e != NULL ? e->message : "unknown error of libgit2");
}
