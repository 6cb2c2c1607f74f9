/* Inside of lib/tracker: where things are in the tree, and the two structures that grow in pages.
 */
#pragma once

#include "tracker/tracker.h"
#include "git/tree.h"

/*
 * "000/0/0/0/1/7": six levels hold every id up to MP_MAX_ID, the first by three digits, since there
 * are few where it is long, the others by one: each change writes its whole way anew, and what else
 * is in those directories with it. The result is the caller's.
 */
char *mp_path_of_id(guint64 id);
#define MP_ID_LEVELS 6

/* "threads/000/0/0/0/1/7". */
char *mp_path_of_thread(guint64 id);

/* Adds the digits that name an entry at a level (from 0) to those above; false, and *id as it is,
 * where that is no name of such an entry. */
bool mp_paths_add_digits(guint level, const char *name, guint64 *id);

/* The repositories that have a file OWNER/NAME below a directory, which need not be there (char *,
 * the caller's). NULL for errors only. */
GPtrArray *mp_paths_repositories(MpTree *tree, const char *directory, GError **error);

/* The largest id below a directory of ids; 0 where there is none. */
bool mp_paths_last_id(MpTree *tree, MpTreeNode *directory, guint64 *id, GError **error);

/*
 * Comments below comments/: number 7 is "7", number 123 is "100-199/123", number 12345 is
 * "10000-19999/12300-12399/12345": no directory has more than a few hundred entries, and the way
 * down is as long as the number.
 */
char *mp_path_of_comment(guint64 number);

/* The largest number below comments/; 0 where there is none but the opening post. */
bool mp_paths_last_comment(MpTree *tree, MpTreeNode *comments, guint64 *number, GError **error);

/*
 * The KEYs of a thread, below received/: each a file KEY.NUMBER, empty unless a host is to be told.
 * A directory that would hold more than sixteen is split by the next digit: received/4/4f/4f3c….7.
 * Its shape follows from the set of KEYs alone, whatever order they came in.
 */
bool mp_keys_find(MpTree *tree, MpTreeNode *received, const char *key, bool *found, guint64 *number,
                  GError **error);
bool mp_keys_add(MpTree *tree, MpTreeNode *received, const char *key, guint64 number,
                 const char *host, GError **error);

/* Takes it away; without it, pages that hold few become one again. No error if it is not there. */
bool mp_keys_remove(MpTree *tree, MpTreeNode *received, const char *key, GError **error);

/* The same of an event of the thread: its file is KEY.eNUMBER, and mp_keys_find() has 0 for it.
 * *number stays 0 where the KEY is none's. */
bool mp_keys_find_event(MpTree *tree, MpTreeNode *received, const char *key, guint64 *number,
                        GError **error);
bool mp_keys_add_event(MpTree *tree, MpTreeNode *received, const char *key, guint64 number,
                       const char *host, GError **error);

/* The host that a KEY which is there came from; *host (the caller's) is NULL where none is told. */
bool
mp_keys_read_host(MpTree *tree, MpTreeNode *received, const char *key, char **host, GError **error);
