/* Inside of lib/pages: shared by its files. */
#pragma once

#include "base/directory.h"
#include "markup/markdown.h"
#include "pages/pages.h"
#include "tracker/thread_event.h"

#define MP_PAGES_COMMENTS 100 /* comments of a page of a thread, ids of a range */
#define MP_PAGES_LISTED   100 /* threads last active, last opened */
#define MP_PAGES_TITLES   2000
#define MP_PAGES_ENTRIES  50  /* of a feed */
#define MP_PAGES_EVENTS   500 /* of a page of a thread: the last; how many were before is said */

/* --- writer.c: the only way into a page ------------------------------------------------------- */

/*
 * Appends markup, in which
 *   %s  is text, escaped: never markup, in an element or in an attribute in double quotes
 *   %d  is a guint64
 *   %t  is a gint64, seconds: a <time> to the minute
 *   %D  is the same, to the day
 * Text loses what reorders or hides it, and the octets that are not UTF-8.
 */
void mp_page_add(GString *page, const char *markup, ...);

/* How a link begins that stands in a comment, and in nothing of ours. */
#define MP_PAGES_THEIR_LINK "<a rel=\"nofollow ugc noopener noreferrer\""

/* Appends the HTML of Markdown. */
void mp_page_add_markdown(GString *page, const char *markdown);

/* The same as it stands on a page. `host` is asked for pictures, and for what has a page. */
void mp_page_add_body(GString *page, const char *markdown, const MpMarkdownHost *host);

/* What a link says: the text, or, if nothing of it can be seen, something else. The caller's. */
char *mp_page_label(const char *text, const char *otherwise);

/* Appends text as mp_page_add() does for %s; for XML as well. */
void mp_page_add_text(GString *page, const char *text);

/* Appends a string literal of JavaScript, fit for a file of its own and for an element. */
void mp_page_add_script_text(GString *page, const char *text);

/* --- texts.c ---------------------------------------------------------------------------------- */

typedef struct {
    const char *lang, *skip, *repositories, *no_repositories, *site, *breadcrumb;
    const char *open, *closed, *locked;
    const char *kinds[3]; /* by MpThreadKind */
    const char *opened_by, *comment, *comments, *opening, *permalink;
    const char *cut, *redacted, *attachments;
    const char *units[3]; /* of 1, 1,000 and 1,000,000 octets */
    char decimal;
    const char *how, *how_reply, *how_locked, *how_open;
    const char *first, *older, *newer, *latest, *pages;
    const char *active, *opened, *archive, *threads, *lists, *feed;
    const char *title, *state, *activity;
    const char *search, *nothing_found;
    const char *on; /* "Re: on" of a feed's entry */
    const char *labels, *assigned_to;
    const char *changes[MP_N_THREAD_CHANGES]; /* behind who did it, before what it is about */
    const char *pushes[2][4];                 /* the same of a branch and of a tag, by MpPushDeed */
    const char *branch, *tag;                 /* before their names */
    const char *earlier;                      /* behind a number */
    const char *closed_by;                    /* in the place of "closed this" */
    const char *taken_back;                   /* before a number of commits */
    const char *commits, *files, *diff;       /* headings */
    const char *diff_cut, *more, *merged, *line;
} MpPagesTexts;

const MpPagesTexts *mp_pages_texts(MpLanguage language);

/* Says where a first mail opens a thread, if there is such an address. */
void mp_page_add_address(GString *page, const MpPagesTexts *texts, const char *address);

/* --- stage.c: files on their way -------------------------------------------------------------- */

typedef enum { MP_STAGE_ATTACHMENT, MP_STAGE_THREAD, MP_STAGE_LIST, MP_STAGE_FEED } MpStageOrder;

typedef struct MpStage MpStage;

/* `directory` is the pages'; what a run that died has left on the way is removed. Where a directory
 * in it is a symbolic link, nothing is written or removed: MP_ERROR_INSTALLATION. */
MpStage *mp_stage_new(const char *directory, MpPagesDone *done, GError **error);
void mp_stage_free(MpStage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpStage, mp_stage_free)

/* A file that shall have this content: written aside, unless it has it already. */
bool mp_stage_put(MpStage *stage, MpStageOrder order, const char *path, const char *bytes,
                  gsize length, GError **error);

/* The same of a page, which is freed. */
bool mp_stage_put_page(MpStage *stage, MpStageOrder order, const char *path, GString *page,
                       GError **error);

/* What the file has or, if it is on its way, shall have; NULL where there is none. */
bool mp_stage_read(MpStage *stage, const char *path, char **text, GError **error);

/* A file, or a directory with all in it but what is hidden, that shall be gone. */
void mp_stage_remove(MpStage *stage, const char *path);

bool mp_stage_has(MpStage *stage, const char *path, bool *has, GError **error);

/* The names in a directory (char *) that `filter` wants, which may be NULL as in base/directory.h;
 * none where it is not there, or is a symbolic link. */
GPtrArray *mp_stage_list(MpStage *stage, const char *path, MpEntryFilter filter, gpointer user_data,
                         GError **error);

/* Everything is put into place and synced, in its order. Many files are flushed on the way. */
bool mp_stage_flush(MpStage *stage, GError **error);

/* Whether a file could not be written or looked at: then the update cannot go on. */
bool mp_stage_has_failed(const MpStage *stage);

/* .built: read into *text (NULL: there is none), and replaced, synced. */
bool mp_stage_read_built(const MpStage *stage, char **text, GError **error);
bool mp_stage_write_built(const MpStage *stage, const char *text, GError **error);

/* --- lines.c: a page as the memory of its lines ------------------------------------------------
 */

typedef struct MpLines MpLines;

typedef enum { MP_LINES_BY_ORDER, MP_LINES_BY_KEY, MP_LINES_BY_KEY_DOWN } MpLinesSort;

/*
 * Of which lines a page consists: each begins with `before`, then a key of digits and hyphens, and,
 * if `between` is not NULL, that and by what they are sorted.
 */
typedef struct {
    const char *before, *between;
    MpLinesSort sort;
    guint most; /* 0: any number */
} MpLinesForm;

extern const MpLinesForm mp_lines_active, mp_lines_opened, mp_lines_range, mp_lines_archive,
    mp_lines_titles, mp_lines_feed;

/* The lines that stand in `text`, which may be NULL. */
MpLines *mp_lines_new(const MpLinesForm *form, const char *text);
void mp_lines_free(MpLines *lines);

/* Takes the line, which has the form's beginning, in the place of one with the same key. */
void mp_lines_set(MpLines *lines, char *line);
void mp_lines_remove(MpLines *lines, const char *key);

/* False if a line of this order would be cut off: it need not be made. */
bool mp_lines_takes(const MpLines *lines, const char *order);

bool mp_lines_has(MpLines *lines, const char *key);
bool mp_lines_is_empty(const MpLines *lines);
bool mp_lines_is_changed(const MpLines *lines);

/* Lines that were cut off earlier may belong here now: one went away or down. */
bool mp_lines_is_short(const MpLines *lines);

/* The lines in their order, as many as there may be (const char *). */
GPtrArray *mp_lines_sorted(MpLines *lines);

/* The key of a line; the caller's. */
char *mp_lines_key(const MpLinesForm *form, const char *line);

/* --- what one update knows ---------------------------------------------------------------------
 */

typedef struct {
    const MpPages *pages;
    const MpConfig *config;
    const MpPagesTexts *texts;
    MpTracker *tracker;
    MpStage *stage;
    bool is_fresh;            /* nothing that is there counts */
    bool is_torn;             /* a list is missing, whose lines nobody knows then */
    char *root;               /* index.html as it was found; NULL: there is none */
    GHashTable *repositories; /* char * to MpPagesRepository */
    GHashTable *attached;     /* is_fresh: char *, the files of the thread that is written */
    guint64 last;             /* the highest id of a thread */
    MpPagesDone *done;
} MpPagesUpdate;

typedef struct {
    char *name, *directory; /* "acme/rocket", "r/acme/rocket" */
    char *links;            /* the template of links of mails to it */
    char *address;          /* of first mails, or NULL */
    bool is_published;
    bool has_unlisted; /* a thread was written that stands in no list */
    MpLines *active, *opened, *titles, *archive, *feed;
    MpLines *range;
    guint64 range_first; /* of the range that is being changed; 0: none */
    GArray *written;     /* MpPagesWritten, by ids: all, if everything is written anew */
    guint n_missing;     /* lists that are not there: all, or none of them */
} MpPagesRepository;

/* Of a thread that was written: where its last page begins. There may be a million. */
typedef struct {
    guint32 id, latest;
} MpPagesWritten;

/* The first number of the page or range that a number stands on. */
guint64 mp_pages_first_comment(guint64 number);
guint64 mp_pages_first_id(guint64 id);

/* --- layout.c -----------------------------------------------------------------------------------
 */

typedef struct {
    const char *title;                   /* of the window */
    const char *root;                    /* the way up: "../../../" */
    const MpPagesRepository *repository; /* or NULL */
    bool has_script;
} MpPagesHead;

GString *mp_pages_begin(const MpPagesUpdate *update, const MpPagesHead *head);
void mp_pages_end(GString *page);

/* Whether index.html, as it was found, names the repository. */
bool mp_pages_is_named(const MpPagesUpdate *update, const MpPagesRepository *repository);

/* index.html of all, if what was touched came or went, and the files that all share. */
bool mp_pages_write_root(MpPagesUpdate *update, GError **error);
bool mp_pages_write_shared(MpPagesUpdate *update, GError **error);

/* --- style.c ------------------------------------------------------------------------------------
 */

extern const char mp_pages_style[], mp_pages_script[];

/* --- thread_page.c -------------------------------------------------------------------------------
 */

/* Writes the pages of a thread that hold the comments which have changed, or all; removes those
 * behind the last. */
bool mp_pages_write_thread(MpPagesUpdate *update, const MpPagesRepository *repository,
                           const MpThread *thread, guint64 last, const GArray *changed, bool all,
                           GError **error);

/* --- events.c -----------------------------------------------------------------------------------
 */

/* The events that stand between the comments of a page. */
typedef struct {
    guint64 next, end;    /* the next to be written; the first of another page */
    MpThreadEvent *event; /* the next, if it was read; NULL: there is none, or not yet */
} MpPagesEvents;

bool mp_pages_events_begin(MpPagesUpdate *update, guint64 thread, guint64 first, guint64 last,
                           GString *page, MpPagesEvents *events, GError **error);
void mp_pages_events_clear(MpPagesEvents *events);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpPagesEvents, mp_pages_events_clear)

/* Those that stand behind this comment. */
bool mp_pages_add_events(MpPagesUpdate *update, const MpThread *thread, guint64 comment,
                         GString *page, MpPagesEvents *events, GError **error);

/* --- changes.c ---------------------------------------------------------------------------------
 */

/* What a pull request would change; nothing where that is not known. */
bool
mp_pages_add_changes(MpPagesUpdate *update, const MpThread *thread, GString *page, GError **error);

/* Commits as a list, of `all` that there are; and of which lines a comment is. */
void mp_pages_add_commits(GString *page, const MpPagesTexts *texts, const GPtrArray *commits,
                          guint64 all);
void mp_pages_add_place(const MpPagesTexts *texts, const MpComment *comment, GString *page);

/* Who did what, as HTML within a line. */
void mp_pages_add_change(const MpPagesUpdate *update, const MpThread *thread,
                         const MpThreadEvent *event, GString *page);

/* A thread's labels, as words of a line; nothing where it has none. */
void mp_pages_add_labels(GString *page, const GPtrArray *labels);

/* Every file of a thread goes. */
bool mp_pages_remove_thread(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 id,
                            GError **error);

/* --- references.c
 * ---------------------------------------------------------------------------------
 */

/* A comment in which something is named. */
typedef struct {
    const MpPagesUpdate *update;
    const MpPagesRepository *repository;
    const MpThread *thread;
    gint64 date;
    guint *lookups; /* so far, for the whole page */
} MpPagesNaming;

/* As MpMarkdownHost asks for the page of what was written. */
char *mp_pages_named(MpPagesNaming *naming, MpReferenceKind kind, const char *written);

/* --- attached.c ----------------------------------------------------------------------------------
 */

/* Writes a comment's attachments, and removes those that it has no more. `comment` may be NULL: it
 * is gone. */
bool
mp_pages_write_attached(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 thread,
                        guint64 number, const MpComment *comment, GError **error);

/* "a/17/3-1.png": where an attachment is, as seen from the thread's page; *file (the caller's) is
 * NULL where it is nowhere. */
bool mp_pages_attached_file(MpPagesUpdate *update, const MpPagesRepository *repository,
                            guint64 thread, guint64 number, const MpAttachmentRecord *attachment,
                            char **file, GError **error);

bool mp_pages_is_picture(const char *file);

/* The text without the lines below it that name attachments: the page lists them by itself. The
 * caller's. */
char *mp_pages_own_text(const MpComment *comment);

/* --- lists.c
 * -------------------------------------------------------------------------------------- */

MpPagesRepository *mp_pages_repository(MpPagesUpdate *update, const char *name, GError **error);
void mp_pages_repository_free(gpointer repository);

/* Notes a thread in the lists of its repository, or takes it out of them. */
bool mp_pages_list_thread(MpPagesUpdate *update, MpPagesRepository *repository,
                          const MpThread *thread, guint64 last, gint64 active, GError **error);
bool mp_pages_unlist_thread(MpPagesUpdate *update, MpPagesRepository *repository, guint64 id,
                            GError **error);

/* Writes the lists of all repositories that have changed. */
bool mp_pages_write_lists(MpPagesUpdate *update, GError **error);

/* All pages of a repository go. */
void mp_pages_remove_repository(MpPagesUpdate *update, MpPagesRepository *repository);

/* --- feed.c
 * --------------------------------------------------------------------------------------- */

void mp_pages_feed_comment(MpPagesUpdate *update, MpPagesRepository *repository,
                           const MpThread *thread, const MpComment *comment);
/* Takes one comment's entry away; `number` NULL: all of the thread's. */
void mp_pages_unfeed(MpPagesRepository *repository, guint64 thread, const guint64 *number);

/* Entries for what became of a thread, as far as the feed does not have them. */
bool mp_pages_feed_events(MpPagesUpdate *update, MpPagesRepository *repository,
                          const MpThread *thread, GError **error);

/* The entries of a thread whose title is another now. */
bool mp_pages_feed_again(MpPagesUpdate *update, MpPagesRepository *repository,
                         const MpThread *thread, GError **error);
bool mp_pages_write_feed(MpPagesUpdate *update, MpPagesRepository *repository, GError **error);

/* --- sweep.c
 * -------------------------------------------------------------------------------------- */

/* After a thread was written anew: notes its pages, and what was attached earlier goes. */
bool mp_pages_sweep_thread(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 id,
                           guint64 last, GError **error);

/* After everything was written anew: what else there is goes. */
bool mp_pages_sweep(MpPagesUpdate *update, GError **error);
