/* Files that a killed run leaves in a repository, and their removal.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Removes from the bare repository at `path`, only for a caller that holds our own lock:
 * half-written packs of ours (pack-*.tmp in objects/pack), locks in objects/pack, of branches
 * (main.lock in refs/heads), of HEAD and config, where they have stood for a while; half-written
 * packs of git fetch (tmp_pack_* and its company) after a day. Each is logged.
 */
bool mp_stale_files_remove(const char *path, GError **error);

/* Whether that would find any, or fail; needs no lock. */
bool mp_stale_files_are_there(const char *path);

/* Only the branches' locks; for when one is met. */
void mp_stale_files_remove_ref_locks(const char *path);
