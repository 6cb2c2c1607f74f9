/* Scratch directories for tests; see scratch.h. */
#include "scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

ScratchPath *
scratch_make(void)
{
    char *path = g_build_filename(g_get_tmp_dir(), "metroplex-test-XXXXXX", NULL);

    /* what a group may write is no configuration, and Debian 13 gives people files of that kind */
    umask(022);
    cr_assert(g_mkdtemp(path) != NULL);
    return path;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void
scratch_remove(ScratchPath *path)
{
    if (path == NULL)
        return;
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    g_free(path);
}

char *
scratch_path(const ScratchPath *path, const char *name)
{
    return g_build_filename(path, name, NULL);
}

char *
scratch_run(const ScratchPath *path, const char *command)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    g_autoptr(GError) error = NULL;
    char *out = NULL;
    g_autofree char *err = NULL;
    int status = -1;

    cr_assert(g_spawn_sync(path, (char **)argv, NULL, 0, NULL, NULL, &out, &err, &status, &error),
              "%s", error != NULL ? error->message : "");
    cr_assert_eq(status, 0, "%s: status %d: %s", command, status, err);
    return out;
}
