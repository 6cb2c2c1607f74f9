/* A directory of its own for a test, removed with all that is in it when the test ends. */
#pragma once

#include <glib.h>

typedef char ScratchPath;

ScratchPath *scratch_make(void);
void scratch_remove(ScratchPath *path);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScratchPath, scratch_remove)

/* PATH/NAME; the caller's to free. */
char *scratch_path(const ScratchPath *path, const char *name);

/* Runs a shell command in the directory; its standard output, the caller's. The test fails if it
 * does. */
char *scratch_run(const ScratchPath *path, const char *command);
