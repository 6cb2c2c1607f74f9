/*
 * Inside of lib/tracker: listed/, what is listed of each thread, by state and repository, in pages
 * of at most a hundred lines; made of the threads' records alone.
 *
 *   listed/of                    the tree of threads/ that it was made of, and those of the lists
 *   listed/open/acme/rocket      a line for each open thread of a repository, and of others whose
 *                                names differ from its by case only; of over a hundred
 *   listed/open/acme/rocket/4/1  a page of those whose ids have four digits and begin with 1
 *   listed/closed/acme/rocket
 *   listed/unreadable/ids        the ids of those whose record does not parse
 *
 * A page is there if it has lines, and one is split if it has too many: so the lines alone say what
 * pages there are, and a list of few is read at once, however far their ids are apart.
 *
 * The last commit of a batch that changes what is listed has it; and now and then a batch that
 * changes no line writes a new `of`, if neither a record nor a list was edited by hand, so that
 * little is to be compared however much was said. Who reads compares the tree of threads/ that `of`
 * names with the one that is there, and takes a thread whose record is another by now from that: so
 * what somebody edited by hand is listed as it is, and the next batch that changes a line writes
 * that as well. The lists, too, are read as `of` names them: what somebody put beside or into them
 * says nothing. Where there is no `of`, or what it names is gone (a purge), all threads are read
 * from their records.
 */
#pragma once

#include "tracker/internal.h"

#define MP_LISTED       "listed"
#define MP_LISTED_OF    MP_LISTED "/of"
#define MP_LISTED_LINES 100 /* of a page */

typedef enum { MP_LISTED_OPEN, MP_LISTED_CLOSED, MP_LISTED_UNREADABLE, MP_N_LISTED } MpListed;

const char *mp_listed_name(MpListed list);
bool mp_listed_parse(const char *name, MpListed *list);

/* --- Lines ------------------------------------------------------------------------------------ */

/* A line without its newline, and below which path of listed/ it belongs, "open/acme/rocket"; both
 * are NULL where it is listed nowhere. */
typedef struct {
    char *line, *at;
    char *was_at; /* of a change: where the thread had its line before; or NULL */
} MpListedLine;

void mp_listed_line_free(MpListedLine *line);

/* The `at` of a thread's line; the caller's. */
char *mp_listed_place(const MpThread *thread);

/* That of a thread; with `thread` NULL, of one whose record does not parse. */
MpListedLine *mp_listed_line_of(guint64 id, const MpThread *thread);

/* The thread that a line is about, without its `author` and `nonce`; NULL where it is no line of
 * that list. */
MpThread *mp_listed_line_parse(const char *line, MpListed list);

/* The id that a line begins with, 0 where it begins with none. */
guint64 mp_listed_line_id(const char *line);

/* --- Pages ------------------------------------------------------------------------------------ */

#define MP_LISTED_KEY 10 /* octets */

/* "44321" of thread 4321: how many digits, and these; each is a step on the way to its page, and
 * they are in the order of ids. */
void mp_listed_key(guint64 id, char key[MP_LISTED_KEY]);

/* Whether it is such a step; others are nobody's, and fsck tells of them. */
bool mp_listed_is_step(const char *name);

/*
 * The first page below `base` that stands behind the one whose steps `steps` has ("" for none so
 * far, of a base that is no page itself); *text (the caller's) is NULL where there is none. `steps`
 * becomes its own.
 */
bool
mp_listed_next_page(MpTree *tree, const char *base, GString *steps, char **text, GError **error);

/* A line of a page, or what is to become of one: with `line` NULL it goes, and has to be there. */
typedef struct {
    char key[MP_LISTED_KEY];
    const char *line;
} MpListedEdit;

/*
 * Brings the pages below `base` ("listed/open/acme/rocket") up to date; `edits` ascending, one an
 * id. *is_sound becomes false where what is there is no page, or lacks a line that is to go: then
 * they say nothing any more.
 */
bool mp_listed_edit(MpTree *tree, const char *base, const MpListedEdit *edits, guint n,
                    bool *is_sound, GError **error);

/* --- What it was made of ---------------------------------------------------------------------- */

typedef struct {
    bool is_there, is_edited; /* the latter: lists are there that are others than these */
    git_oid threads, lists[MP_N_LISTED]; /* of these, zero for one that is empty */
} MpListedOf;

/* `is_there` is false where no tree is named, or none of the lists that are there. */
bool mp_listed_of(MpTree *tree, MpListedOf *of, GError **error);

/* The text of listed/of for the lists that `tree` has, which were written; NULL for errors only. */
char *mp_listed_of_text(MpTree *tree, const git_oid *threads, GError **error);

/* The ids (guint64) of threads whose record is another at the tip than in listed/of, ascending;
 * *is_whole if there is nothing to compare with, or no lists are what it names, and these are all.
 */
bool
mp_listed_fresh(MpStore *store, const MpListedOf *of, GArray *ids, bool *is_whole, GError **error);

/* --- Writing ---------------------------------------------------------------------------------- */

/* Notes in `changes`, which has the id (GUINT_TO_POINTER) to its MpListedLine, what is listed of a
 * thread from here on: NULL, if its record does not parse. `tree` still has its old record, or one
 * of the same state and repository. */
void mp_listed_note(GHashTable *changes, MpTree *tree, guint64 id, const MpThread *thread);

/* Brings it up to date with the last commit of the chain, to which what changes is to be added.
 * `changes` has what the chain's commits wrote. With `is_current` nothing else differs, which is
 * known. */
bool mp_listed_write(MpChain *chain, GHashTable *changes, bool is_current, GError **error);
