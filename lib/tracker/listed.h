/*
 * Inside of lib/tracker: listed/, what is listed of each thread, by state, in pages of a hundred
 * ids; made of the threads' records alone.
 *
 *   listed/of                   the tree of threads/ that it was made of
 *   listed/open/00/00/01        a line for each open thread from 100 to 199
 *   listed/closed/00/00/01
 *   listed/unreadable/00/00/01  the ids of those whose record does not parse
 *
 * The last commit of a batch that changes what is listed has it. Who reads compares `of` with the
 * tree that is there, and takes a thread whose record is another by now from that: so what somebody
 * edited by hand is listed as it is, and the next batch that writes here writes that as well. Where
 * there is no `of`, or its tree is gone (a purge), that is so of all threads.
 */
#pragma once

#include "tracker/internal.h"

#define MP_LISTED      "listed"
#define MP_LISTED_OF   MP_LISTED "/of"
#define MP_LISTED_PAGE 100 /* ids */

typedef enum { MP_LISTED_OPEN, MP_LISTED_CLOSED, MP_LISTED_UNREADABLE, MP_N_LISTED } MpListed;

#define MP_LISTED_ALL ((1u << MP_N_LISTED) - 1) /* a bit for each list */

const char *mp_listed_name(MpListed list);
bool mp_listed_parse(const char *name, MpListed *list);

/* Whether it is a name on the way to a page, two digits; others are nobody's, and fsck tells of
 * them. */
bool mp_listed_is_part(const char *name);

/* "listed/open/00/00/01" of page 1; the caller's. */
char *mp_listed_path(MpListed list, guint64 page);

/* A line without its newline, and where it belongs; with `line` NULL it is listed nowhere. */
typedef struct {
    char *line;
    MpListed list;
} MpListedLine;

void mp_listed_line_free(MpListedLine *line);

/* That of a thread; with `thread` NULL, of one whose record does not parse. */
MpListedLine *mp_listed_line_of(guint64 id, const MpThread *thread);

/* The thread that a line is about, without its `author` and `nonce`; NULL where it is no line of
 * that list. */
MpThread *mp_listed_line_parse(const char *line, MpListed list);

typedef struct {
    guint64 number;
    struct {
        const char *line; /* NULL: not listed */
        MpListed list;
    } threads[MP_LISTED_PAGE];
    char *texts[MP_N_LISTED]; /* that the lines are in */
    char *fault; /* "PATH:LINE" of the first that is not of this page, or stands there twice */
} MpListedPage;

/* Reads page `number` of those lists for which `wanted` has a bit. */
bool
mp_listed_page_read(MpListedPage *page, MpTree *tree, guint64 number, guint wanted, GError **error);
void mp_listed_page_clear(MpListedPage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpListedPage, mp_listed_page_clear)

/* The numbers (guint64) of the pages that a list has are put to those that are there already. */
bool mp_listed_pages(MpTree *tree, MpListed list, GArray *numbers, GError **error);

/* Ascending, each once. */
void mp_listed_sort(GArray *numbers);

/* The tree that it was made of; *is_there is false where none is named. */
bool mp_listed_of(MpTree *tree, git_oid *of, bool *is_there, GError **error);

/* The ids (guint64) of threads whose record is another at the tip than in listed/of, ascending;
 * *is_whole if there is nothing to compare with, and these are all. */
bool mp_listed_fresh(MpStore *store, GArray *ids, bool *is_whole, GError **error);

/*
 * Brings it up to date with the last commit of the chain, to which what changes is to be added.
 * `changes` has what the chain's commits wrote: the id (GUINT_TO_POINTER) to its MpListedLine. With
 * `is_current` nothing else differs, which is known. With `must` (after a purge, which leaves no
 * tree as it was) `of` is written in any case.
 */
bool
mp_listed_write(MpChain *chain, GHashTable *changes, bool is_current, bool must, GError **error);
