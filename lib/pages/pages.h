/*
 * Pages: what a tracker says as HTML files that any web server can give out, and that can be read
 * from a disk as well. metroplex(8) describes the command, metroplex.conf(5) the group [pages].
 *
 * Everything comes from tracker.git, which is fit to be published; accounts.git is never opened.
 * In the directory stand
 *
 *   index.html, style.css, search.js     the repositories, and what all pages share
 *   r/OWNER/NAME/index.html, opened.html the 100 threads that were last active, last opened
 *   r/OWNER/NAME/archive.html            the ranges of ids
 *   r/OWNER/NAME/ids-101.html            the threads 101 to 200
 *   r/OWNER/NAME/17.html, 17-100.html    comments 0 to 99 of thread 17, 100 to 199
 *   r/OWNER/NAME/a/17/3-1.png            the first attachment of its comment 3
 *   r/OWNER/NAME/atom.xml, titles.js     the last comments as a feed, titles for the search
 *   .built, .lock, .new/                 how far it is, who is at work, what is being written
 *
 * No name that a stranger gives is among them. A file appears by rename, whole and synced; attached
 * files come first, then threads, lists, feeds, then what is gone is removed; then all is synced,
 * and .built says which commit of the tracker the pages show. Who dies before that leaves whole
 * pages, some older than others, and the next run does the same again. A line of a list is kept
 * where it stands: the next update reads it from the page, so that one comment costs the same in a
 * tracker of any size.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "tracker/tracker.h"

typedef struct {
    const MpConfig *config;
    MpTracker *tracker;
    const char *directory;
    /* How far it is, in ids of threads; may be NULL. */
    void (*progress)(guint64 done, guint64 last, gpointer user_data);
    gpointer user_data;
} MpPages;

typedef struct {
    bool is_busy; /* another process is at work there, and nothing was done */
    bool is_all;  /* everything was written, and not only what changed */
    guint64 threads;
    guint64 written, removed; /* files */
    guint64 octets;           /* of those written */
} MpPagesDone;

/*
 * Brings the pages to what the tracker says now; `all` writes everything anew, as it is done by
 * itself where settings or this program have changed, or the commit of last time is gone. The
 * directory is made if it is missing. MP_ERROR_INSTALLATION for one that lies in the data
 * directory, has files of others in it, or has a symbolic link where a directory of ours belongs,
 * MP_ERROR_TEMPORARY where the disk is full.
 */
bool mp_pages_update(const MpPages *pages, bool all, MpPagesDone *done, GError **error);

/* Whether there are pages in a directory, and which commit of the tracker they show (the caller's;
 * NULL where they are being written, or the run died). */
bool mp_pages_shown(const char *directory, bool *are_there, char **commit, GError **error);

typedef struct {
    guint64 files, links, notifications;
    guint64 elsewhere; /* links of notifications that lead to other pages than these */
    guint64 faults;
} MpPagesCounts;

/*
 * Looks whether every link of every page leads somewhere (but for those that people wrote in
 * comments), those to the last hundred comments as notifications have them too, and whether every
 * file is one of ours. Tells each fault: the file, and what is wrong. False only for what cannot be
 * read.
 */
typedef void (*MpPagesFault)(const char *file, const char *what, gpointer user_data);
bool mp_pages_check(const MpPages *pages, MpPagesFault found, gpointer user_data,
                    MpPagesCounts *counts, GError **error);
