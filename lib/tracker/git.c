/* libgit2 started, and its errors as ours; see git.h. */
#include "tracker/git.h"

#include <errno.h>
#include <stdarg.h>

#include "base/error.h"

void
mp_git_start(void)
{
    static gsize started = 0;

    if (!g_once_init_enter(&started))
        return;
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    /* We make every object ourselves, and a check of existence can rescan the pack directory. */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
    /* Our own pack stream is hashed by us and hashed again by the indexer; reading need not. */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    g_once_init_leave(&started, 1);
}

static bool
is_temporary(const git_error *e, int code)
{
    if (e != NULL && (e->klass == GIT_ERROR_NOMEMORY || e->klass == GIT_ERROR_NET))
        return true;
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EROFS:
        return e == NULL || e->klass == GIT_ERROR_OS || e->klass == GIT_ERROR_INDEXER;
    default:
        return false;
    }
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
