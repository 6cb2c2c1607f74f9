/* What of a repository a comment is about: a commit, and lines of a file of it. */
#pragma once

#include "instance/instance.h"

/*
 * The lines around `line` of the file at `path`, with their numbers, that one marked: the caller's.
 * *quoted stays NULL where `line` is 0, or the repository is not there to be read. MP_ERROR_INPUT
 * where the commit, the file or the line is not there, or the file is no text.
 */
bool mp_place_quote(const MpInstance *instance, const char *repository, const char *revision,
                    const char *path, guint64 line, char **quoted, GError **error);

/* The whole id of a commit that people call by a short one, a branch or a tag; the caller's.
 * MP_ERROR_INPUT, about `option` ("--commit"), where there is none of that name; *id stays NULL
 * where the repository is not there to be read. */
bool mp_place_find_commit(const MpInstance *instance, const char *repository, const char *option,
                          const char *revision, char **id, GError **error);

/* Why a repository that would be watched is not there to be read, so that nobody looked whether
 * there is what was named; the caller's. *why stays NULL where somebody did, or none is watched. */
bool
mp_place_is_unseen(const MpInstance *instance, const char *repository, char **why, GError **error);
