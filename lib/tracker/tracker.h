/*
 * The tracker: threads, comments and subscriptions in a bare Git repository; accounts in another.
 *
 * The format is the manual's (tracker(5)); this header is the only door to it. A tracker is opened,
 * read at a tip, and changed in batches: mp_batch_begin(), changes in memory, mp_batch_commit(),
 * which writes one pack, syncs it, and moves the branch from the tip the batch was built on to the
 * new one (compare and swap). Nothing is visible, nor durable, before that last step.
 *
 * A writer must hold the lock of the data directory (base/lock.h). Reading needs none.
 *
 * Strings and arrays belong to the structure they are in. Ids are decimal and start at 1; thread 0
 * is the self-test. Times are seconds since the epoch, UTC.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "git/commit.h"
#include "tracker/user.h"

/* Ids have at most eight digits: six levels (tracker(5)). */
#define MP_MAX_ID G_GUINT64_CONSTANT(99999999)

typedef struct MpTracker MpTracker;   /* tracker.git */
typedef struct MpAccounts MpAccounts; /* accounts.git */

/* --- Records --------------------------------------------------------------------------------- */

typedef enum { MP_ISSUE, MP_PULL, MP_COMMIT } MpThreadKind;

typedef struct {
    guint64 id;
    MpThreadKind kind;
    char *repository; /* "acme/rocket" */
    char *title;
    bool is_open, is_locked;
    bool is_unlisted; /* of a commit that was pushed, until somebody writes in it */
    bool is_merged;   /* a pull request that was: it is closed */
    char *object;     /* what it is about: a commit, the branch of a pull request; or NULL */
    char *base;       /* of a pull request: the branch that it is to be merged into, or NULL */
    guint64 author;   /* 0: nobody's account, of a commit */
    char *author_login;
    char *author_name; /* of a guest, as it was then: "Kate (guest)"; else NULL */
    gint64 created;
    char *nonce; /* 16 random hexadecimal digits: tells it from a thread that had its id before */
    GPtrArray *labels, *assignees; /* thread_event.h: char *, MpAssignee; NULL for none */
} MpThread;

#define MP_TITLE_MAX 256 /* characters */

/* Whether a thread may be called so: one line of which a reader sees all, and not too long. */
bool mp_is_title(const char *title);

/* Whether it is about what one of its kind may be about, and merged only if it can be. */
bool mp_thread_is_fitting(const MpThread *thread);

void mp_thread_free(MpThread *thread);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpThread, mp_thread_free)

const char *mp_thread_kind_name(MpThreadKind kind); /* "issue", "pull", "commit" */
bool mp_thread_kind_parse(const char *name, MpThreadKind *kind);
char mp_thread_address_kind(MpThreadKind kind); /* 'i' or 'c', as addresses have it */

#define MP_NONCE_OCTETS 8

/* Whether a text may be a thread's nonce. */
bool mp_is_nonce(const char *text);

/*
 * GitHub's, with the first 8 digits of the thread's nonce and of the comment's KEY behind the
 * numbers, which may come again: <owner/repo/issues/17-NONCE@host>, …/17-NONCE/3-KEY@host,
 * …/pull/18-NONCE/c3-KEY@host, …/commit/SHA-NONCE/4-KEY@host. Comment 0 is the opening post, which
 * needs no key. The result is the caller's.
 */
char *mp_thread_message_id(const MpThread *thread, guint64 comment, const char *key,
                           const char *hostname);

/* The comment that a Message-ID of this thread names, also one without the marks, as people and
 * other programs write it; false if it names none. */
bool mp_thread_comment_of_id(const MpThread *thread, const char *id, const char *hostname,
                             guint64 *comment);

/* What the page is called that holds a comment, of a hundred: "17" for 0 to 99, "17-100" for 100 to
 * 199. The result is the caller's. */
char *mp_thread_page(guint64 thread, guint64 comment);

#define MP_MUTED "muted" /* the reason of a subscriber who wants to hear nothing */

typedef struct {
    guint64 user;
    char *reason; /* author, comment, mention, manual, …, or MP_MUTED; a GRefString */
} MpSubscriber;

typedef struct {
    char *file; /* below attachments/: mp_attachment_file() */
    char *name; /* as it was sent, for people */
    char *type; /* "image/png" */
    guint64 size;
} MpAttachmentRecord;

/* "3.png": what the third attachment of a comment is called in the tree, with the extension of its
 * name or type if that is one of a few harmless ones. The result is the caller's. */
char *mp_attachment_file(guint number, const char *name, const char *type);

/* Whether mp_attachment_file() may have made it. */
bool mp_is_attachment_file(const char *file);

typedef struct {
    guint64 number; /* 0: the opening post */
    guint64 author;
    char *author_login;
    char *author_name; /* as MpThread */
    gint64 date;
    char *via;              /* "mail", "command" or "import" */
    char *host;             /* that posted it, or NULL */
    char *recipient;        /* the address the mail came to, masked, or NULL */
    char *part;             /* the part that was read, or NULL */
    char *path;             /* the file of the commit that it is about, or NULL */
    guint64 line;           /* of that file, from 1, or 0 */
    char *quoted;           /* the lines around it, with their numbers, or NULL */
    char *body;             /* Markdown */
    char *elided;           /* what was cut, or NULL */
    char *message_id;       /* of the mail it came from, or NULL */
    gint64 redacted;        /* when its words were taken away, or 0 */
    char *key;              /* its KEY; of one that was redacted the first MP_MARK_DIGITS */
    GPtrArray *attachments; /* MpAttachmentRecord */
} MpComment;

#define MP_REDACTED_TEXT "*redacted*\n" /* the body of one that was redacted */
#define MP_MARK_DIGITS   8              /* of a KEY, in the Message-IDs of what we send */

void mp_comment_free(MpComment *comment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpComment, mp_comment_free)

/* Who wrote it, as people are told: the login, or the name of a guest. The strings are theirs. */
const char *mp_thread_author(const MpThread *thread);
const char *mp_comment_author(const MpComment *comment);

typedef enum { MP_REPLY_ON, MP_REPLY_MEMBERS, MP_REPLY_OFF } MpReplyPolicy;

/* Whose first mail opens a thread. */
typedef enum { MP_OPEN_OFF, MP_OPEN_MEMBERS, MP_OPEN_KNOWN, MP_OPEN_ANYONE } MpOpenPolicy;

/* What is told of pushes: nothing, a mail each, and one for each commit besides. */
typedef enum { MP_PUSH_MAIL_OFF, MP_PUSH_MAIL_SUMMARY, MP_PUSH_MAIL_COMMITS } MpPushMail;

#define MP_PUSH_COMMITS     20 /* commits of a push that have a mail of their own, by default */
#define MP_PUSH_COMMITS_MAX 100
#define MP_PUSH_DIFF        32768 /* octets of a diff in it, by default */
#define MP_PUSH_DIFF_MAX    40960

typedef struct {
    char *name; /* "acme/rocket" */
    MpReplyPolicy reply;
    GArray *watchers; /* guint64 user ids */
    GArray *members;
    char *link;        /* template, or NULL for the instance's */
    bool is_recorded;  /* somebody has set it; else all is as it is for one that nobody did */
    bool has_no_pages; /* it is left out of what `metroplex pages` makes */
    char *address;     /* "rocket": the local part that opens a thread here, or NULL */
    MpOpenPolicy open;
    MpPushMail push_mail;
    char *push_refs;                 /* patterns of refs that are told, or NULL: all */
    guint64 push_commits, push_diff; /* see MP_PUSH_COMMITS, MP_PUSH_DIFF */
} MpRepository;

void mp_repository_free(MpRepository *repository);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRepository, mp_repository_free)

const char *mp_reply_policy_name(MpReplyPolicy policy); /* "on", "members", "off" */
bool mp_reply_policy_parse(const char *name, MpReplyPolicy *policy);
const char *mp_open_policy_name(MpOpenPolicy policy); /* "off", "members", "known", "anyone" */
bool mp_open_policy_parse(const char *name, MpOpenPolicy *policy);
const char *mp_push_mail_name(MpPushMail mail); /* "off", "summary", "commits" */
bool mp_push_mail_parse(const char *name, MpPushMail *mail);

/* Patterns between spaces, with * for any text: "refs/heads/main refs/tags/v*". */
bool mp_is_ref_patterns(const char *text);

/* Whether the repository tells of a ref. */
bool mp_repository_tells_ref(const MpRepository *repository, const char *ref);

/* "owner/name" of letters, digits, '.', '_' and '-', neither part starting with '.' or '-', ending
 * in '.', ".git" or ".lock", or being a device on Windows ("con", "aux.c"). */
bool mp_is_repository_name(const char *name);

/* Whether an object may be called so: a commit id, a branch, a range; safe in a Message-ID and a
 * link. */
bool mp_is_revision(const char *revision);

/* Whether a branch may be called so: a revision that is no range and stays below refs/heads/. */
bool mp_is_branch(const char *name);

/* Whether a comment may be about a file of that name: as Git has it, of one line that is seen. */
bool mp_is_commented_path(const char *path);

#define MP_LINE_MAX 99999999 /* of a file, that a comment may be about */

/* Whether the id is among them (guint64). */
bool mp_has_id(const GArray *ids, guint64 id);

/* Puts it among them, or takes it out; whether that changed anything. */
bool mp_set_id(GArray *ids, guint64 id, bool is_in);

/* --- Open and read ------------------------------------------------------------------------- */

/* Opens an existing repository. MP_ERROR_INSTALLATION if it is missing or no tracker. */
MpTracker *mp_tracker_open(const char *path, const char *hostname, GError **error);
void mp_tracker_free(MpTracker *tracker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpTracker, mp_tracker_free)

/* Makes an empty tracker or accounts repository where there is none; *made says if it did. */
bool mp_tracker_init(const char *path, const char *hostname, bool *made, GError **error);
bool mp_accounts_init(const char *path, const char *hostname, bool *made, GError **error);

MpAccounts *mp_accounts_open(const char *path, const char *hostname, GError **error);
/* From here on addresses whose local parts differ in case are two, and may be two accounts'. */
void mp_accounts_distinguish_case(MpAccounts *accounts);
void mp_accounts_free(MpAccounts *accounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpAccounts, mp_accounts_free)

/* Looks at the branch again: from here on reads see the tip of now. */
bool mp_tracker_refresh(MpTracker *tracker, GError **error);
bool mp_accounts_refresh(MpAccounts *accounts, GError **error);

/* What is read is as it was while these are the same. */
guint64 mp_tracker_seen(const MpTracker *tracker);
guint64 mp_accounts_seen(const MpAccounts *accounts);

/* Makes durable what reads see: before anything else is done because of it. A run that died may
 * have moved the branch without syncing that (ext4 and XFS keep the order, btrfs need not). */
bool mp_tracker_sync(const MpTracker *tracker, GError **error);
bool mp_accounts_sync(const MpAccounts *accounts, GError **error);

/*
 * The readers are false for errors only; where there is none they are true, and what was asked for
 * is NULL. Readers that return a pointer return NULL for errors only. A malformed record is
 * MP_ERROR_INSTALLATION and names path and fault.
 */
bool mp_tracker_thread(MpTracker *tracker, guint64 id, MpThread **thread, GError **error);
GPtrArray *
mp_tracker_subscribers(MpTracker *tracker, guint64 thread, GError **error); /* MpSubscriber */

/* Why one account is told of the thread; the caller's. NULL where it is no subscriber. */
bool mp_tracker_subscription(MpTracker *tracker, guint64 thread, guint64 user, char **reason,
                             GError **error);
bool mp_tracker_comment(MpTracker *tracker, guint64 thread, guint64 number, MpComment **comment,
                        GError **error);

/* The content of a file that was attached to a comment. */
GBytes *mp_tracker_attachment(MpTracker *tracker, guint64 thread, guint64 number, const char *file,
                              GError **error);

#define MP_OPENED_BY_MAIL "opening:" /* and the KEY of a first mail: its name there */

/* The thread that was imported with an opening post of this Message-ID, or is known by another name
 * of tracker(5), imports/; 0 where there is none. */
bool
mp_tracker_find_import(MpTracker *tracker, const char *message_id, guint64 *thread, GError **error);

/* The thread that a mail of this Message-ID, with its brackets, was the first to go to; 0 where
 * none did. What anybody wrote once: it says where an answer belongs, not who may give it. */
bool mp_tracker_find_message_id(MpTracker *tracker, const char *message_id, guint64 *thread,
                                GError **error);

/* The thread that a message of ours with this Message-ID was about, as it was sent, with its marks;
 * 0 where it is none of ours. */
bool
mp_tracker_find_own_id(MpTracker *tracker, const char *message_id, guint64 *thread, GError **error);

/* The highest comment number of a thread; 0 where there is only the opening post. */
bool mp_tracker_last_comment(MpTracker *tracker, guint64 thread, guint64 *number, GError **error);

/* Whether KEY is in the thread, and the comment that came of it (0 for the opening post and for
 * changes that are no comment); the cost does not depend on the number of comments. */
bool mp_tracker_find_key(MpTracker *tracker, guint64 thread, const char *key, bool *found,
                         guint64 *comment, GError **error);

/* The host that brought this KEY into the thread, with mp_tracker_find_key's *found; *host (the
 * caller's) stays NULL where none is recorded, as without a remote. False for errors only. */
bool mp_tracker_host_of_key(MpTracker *tracker, guint64 thread, const char *key, bool *found,
                            char **host, GError **error);

/* A repository nobody has set is one with the defaults. */
MpRepository *mp_tracker_repository(MpTracker *tracker, const char *name, GError **error);

/* Calls `visit` for each thread in ascending order until it returns false. */
typedef bool (*MpThreadVisit)(const MpThread *thread, gpointer user_data);
bool mp_tracker_foreach_thread(MpTracker *tracker, MpThreadVisit visit, gpointer user_data,
                               GError **error);

/*
 * The same for those threads that are listed, if they are open or closed as one asks, and of the
 * repository (NULL: of any): by an index, so that those of the other state, and of others, cost
 * nothing. Of those that were written in since the last opening or change, only whether their
 * record is the same is looked at. Each has all facts but `author` and `nonce`.
 */
bool mp_tracker_foreach_listed(MpTracker *tracker, bool open, bool closed, const char *repository,
                               MpThreadVisit visit, gpointer user_data, GError **error);

bool mp_accounts_user(MpAccounts *accounts, guint64 id, MpUser **user, GError **error);

/* Whether the id was given to somebody, who may have been removed since: then there is no user. */
bool mp_accounts_gave(MpAccounts *accounts, guint64 id);

/* The same for who asks for the same accounts again and again: read once for each tip. *user is the
 * accounts', until the next call of this or the next refresh. */
bool mp_accounts_look_up(MpAccounts *accounts, guint64 id, const MpUser **user, GError **error);

bool
mp_accounts_user_by_login(MpAccounts *accounts, const char *login, MpUser **user, GError **error);
bool mp_accounts_user_by_address(MpAccounts *accounts, const char *address, MpUser **user,
                                 GError **error);
typedef bool (*MpUserVisit)(const MpUser *user, gpointer user_data);
bool mp_accounts_foreach_user(MpAccounts *accounts, MpUserVisit visit, gpointer user_data,
                              GError **error);

/* --- Change -------------------------------------------------------------------------------- */

typedef struct MpBatch MpBatch;

/* KEY: 32 hexadecimal digits of SHA-256 over account, thread, source and words (tracker(5)). */
char *mp_tracker_key(guint64 user, guint64 thread, const char *source, const char *words);

/* A batch of changes on the tip that the tracker was last opened or refreshed at. */
MpBatch *mp_batch_begin(MpTracker *tracker);
void mp_batch_free(MpBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpBatch, mp_batch_free)

typedef struct {
    const char *file; /* mp_attachment_file(), unique within the comment */
    const char *name; /* as it was sent */
    const char *type; /* "image/png" */
    GBytes *data;
} MpNewAttachment;

/* Of one whose texts and data are its own. */
void mp_new_attachment_free(MpNewAttachment *attachment);

typedef struct {
    guint64 thread;
    const char *key;
    const char *via; /* "mail", "command", "import" */
    const char *body;
    const char *elided;             /* or NULL */
    const char *message_id;         /* or NULL */
    const char *recipient;          /* the address it was found by, MAC already masked, or NULL */
    const char *host;               /* the posting host; of an import, maybe another than this */
    const char *part;               /* which part was read: "plain", "html", or NULL */
    const char *path;               /* the file of the commit that it is about, or NULL */
    guint64 line;                   /* of that file, or 0 */
    const char *quoted;             /* the lines around it, with their numbers, or NULL */
    const char *commands;           /* "/close /mute": applied, and cut from the body; or NULL */
    const char *dmarc, *dkim, *spf; /* what the receiving server found of the sender, or NULL */
    const GArray *mentions;         /* guint64 ids to subscribe with reason `mention`, or NULL */
    const GArray *copied;           /* guint64 ids to subscribe with reason `cc`, or NULL */
    bool subscribes_nobody;         /* neither these nor the author */
    const GPtrArray *attachments;   /* MpNewAttachment, or NULL */
    gint64 redacted;                /* of an import: it was redacted where it comes from, then */
    const char *known_as; /* of an opening post: what mp_tracker_find_import() finds its thread by,
                             or NULL */
} MpNewComment;

/*
 * Adds a comment, its author's subscription and its KEY: one commit. *number is its number if this
 * batch wins. A KEY that is there already changes nothing: *duplicate is set, *number is its
 * comment's.
 */
bool mp_batch_comment(MpBatch *batch, const MpNewComment *comment, const MpActor *actor,
                      guint64 *number, bool *duplicate, GError **error);

/* Opens a thread with its opening post; *id is its number if this batch wins. `thread->id` and
 * `thread->nonce` are not read. A commit has one thread in its repository: a second is
 * MP_ERROR_INPUT. */
bool mp_batch_open_thread(MpBatch *batch, const MpThread *thread, const MpNewComment *post,
                          const MpActor *actor, guint64 *id, GError **error);

/* Writes the thread's record anew (state, lock, title); `what` is the first line of the commit.
 * With `key` (or NULL) the change leaves its KEY, so that an event that announces it can be proved.
 */
bool mp_batch_set_thread(MpBatch *batch, const MpThread *thread, const char *key, const char *what,
                         const MpActor *actor, GError **error);

/* Sets or replaces one subscription; reason NULL removes it. No commit if nothing changes. */
bool mp_batch_subscribe(MpBatch *batch, guint64 thread, guint64 user, const char *reason,
                        const char *what, const MpActor *actor, GError **error);

/* Remembers what a thread that is there was made of: see mp_tracker_find_import. */
bool mp_batch_set_import(MpBatch *batch, const char *message_id, guint64 thread, const char *what,
                         const MpActor *actor, GError **error);

/* Takes an account out of what the thread, or the repository, tells people, with one commit for
 * all, the first of the batch; *n counts the places. */
bool mp_batch_forget_user(MpBatch *batch, guint64 user, guint *n, GError **error);

/* See mp_tracker_check_host(). */
bool mp_batch_set_host(MpBatch *batch, const char *name, const char *installation, GError **error);

/* Reads within the batch see its own changes. */
bool mp_batch_thread(MpBatch *batch, guint64 id, MpThread **thread, GError **error);

MpCommitResult mp_batch_commit(MpBatch *batch, GError **error);

/* Begins with it, in whose place it may be done before: nothing can be put into the batch any more,
 * and until it is committed, or freed, reads see what it is to make of the tracker. Busy: there is
 * something to wait for. */
bool mp_batch_commit_begin(MpBatch *batch, GError **error);
bool mp_batch_is_busy(const MpBatch *batch);

/* Whether nothing was put into it, so that nothing is committed. */
bool mp_batch_is_empty(const MpBatch *batch);

/*
 * One change of one account: creates it where user->id is 0 (and sets that and its epoch), else
 * replaces its record. Refuses (MP_ERROR_INPUT) a login, or an address that is new to it, that is
 * another account's. Retries after a conflict; but if the account itself was changed since
 * `accounts` was last opened, refreshed or fetched, that is MP_ERROR_TEMPORARY: `user` would undo
 * what somebody else did.
 */
bool mp_accounts_write(MpAccounts *accounts, MpUser *user, const char *what, GError **error);

/* Removes what a killed run left in the repositories: stale locks and half-written packs of known
 * names, older than this process. Only for a caller that holds the data directory's lock. */
bool mp_tracker_clean_up(const char *path, GError **error);

/* Whether that would find anything. Cheap, and needs no lock: for a run that has no other work. */
bool mp_tracker_needs_clean_up(const char *path);
