/* Inside of lib/tracker: the index of open pull requests, as the tree has it. */
#pragma once

#include "git/tree.h"
#include "tracker/pulls.h"

/* The lines of the file at `path` (MpPullTold); the caller's. */
GPtrArray *mp_pulls_parse(const char *text, const char *path, GError **error);

/* Whether a thread has a line there: an open pull request with both its branches. */
bool mp_pull_is_watched(const MpThread *thread);

/* Makes its line, where nothing is known yet, or takes it away: whenever its record is written. */
bool mp_pulls_follow(MpTree *tree, const MpThread *thread, GError **error);

/* What would be changed, beside the thread's record. */
bool mp_changes_write(MpTree *tree, guint64 thread, const MpChanges *changes, GError **error);
