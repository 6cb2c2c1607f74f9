/* Starting libgit2, its errors as ours, and automatic clean-up. */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb, git_odb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_odb_object, git_odb_object_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference, git_reference_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_config, git_config_free)

/* Once a process: initialises the library, syncs what it writes, reads no configuration but the
 * repository's own. Fails, temporarily, where the library does: it is of no use then. */
bool mp_git_start(GError **error);

/* For the rest of the process: keeps little of what was read, where everything is read, and once.
 */
void mp_git_keep_little(void);

/* Sets *error from libgit2's last error, and returns false. What space or time can cure is
 * temporary; what else libgit2 has to say is the installation's. */
bool mp_git_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
