/*
 * The Git server that several hosts share, spoken to by the git program, but where the way is plain
 * and what is to be sent is known: then by us (exchange.h).
 *
 * The program, not libgit2's transports: it has all of them (ssh with the user's own keys and
 * known_hosts, https with credential helpers, git, a path), and its push compares at all of them,
 * while libgit2's push to a path neither compares nor runs hooks. It runs without a shell and with
 * a small environment, never asks anything, is given up after a time, and dies with us.
 *
 * It uses the keys and credentials of the user we run as (~/.ssh, ~/.gitconfig), or what
 * core.sshCommand says; without either the connection is kept open for a minute.
 * From our environment it gets SSH_AUTH_SOCK, GIT_SSH_COMMAND, the proxies'
 * variables and where Git's configuration is.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "base/process.h"
#include "git/exchange.h"
#include "git/pack.h"

/* Other work, done bit by bit while something is waited for. */
typedef struct {
    bool (*work)(gpointer data); /* a bit of it; false: there is no more. Or NULL */
    gpointer data;
} MpBeside;

/* Does a bit; false: there is no more, or never was any. `beside` may be NULL. */
bool mp_beside(const MpBeside *beside);

typedef struct {
    char *url;
    int seconds;            /* for one fetch or push; 0: as long as it takes */
    bool is_brief;          /* what is pushed now: so git looks for deltas of what the server has,
                             * which are fewer octets on a long way. Of a large batch that takes the
                             * server longer than all else. For git push only */
    const MpPack *pack;     /* what is pushed now, all that the server lacks; NULL: git finds it */
    MpWay way;              /* to it, if we go ourselves */
    char *ssh;              /* the command, "" for Git's own, or NULL while nobody asked for both */
    gint64 left_to_git;     /* until then; of g_get_monotonic_time() */
    MpExchange *ahead;      /* with git-receive-pack, before it is known what to push; or NULL */
    MpExchange *last;       /* of the last push: the server may still run its hooks; or NULL */
    const MpBeside *beside; /* done while a push is on its way; or NULL */
} MpRemote;

MpRemote *mp_remote_new(const char *url, int seconds);
void mp_remote_free(MpRemote *remote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRemote, mp_remote_free)

/*
 * Brings the remote's main into the repository at `path`, as objects only: no ref is touched. *tip
 * is its commit; *is_empty (may be NULL: then that is an error, of the installation) says that it
 * has no such branch. What else goes wrong is temporary: a server may come back, a key be mended.
 */
bool
mp_remote_fetch(MpRemote *remote, const char *path, git_oid *tip, bool *is_empty, GError **error);

/* The same in two steps, for who has something else to do meanwhile. */
MpRunning *mp_remote_fetch_begin(MpRemote *remote, const char *path, GError **error);
bool mp_remote_fetch_end(const MpRemote *remote, MpRunning *running, const char *path, git_oid *tip,
                         bool *is_empty, GError **error);

typedef enum {
    MP_PUSHED,    /* the remote has it */
    MP_OUTRUN,    /* nothing was sent: the remote's branch, or turn, is not where it was to be */
    MP_KEPT_BACK, /* nor was anything: its condition does not hold, or *error says why nobody knows
                   */
    MP_STALE,     /* the remote says that its branch is not, or is just being moved from, `from` */
    MP_REFUSED,   /* a hook declined it, or a check of its objects or size: MP_ERROR_REFUSED */
    MP_UNKNOWN,   /* refused otherwise or lost, *error says how: look what the remote has */
} MpPush;

typedef struct {
    const char *ref;
    git_oid from, to; /* `from` zero: it is not there; both equal: it only is to be so */
    const char *blob; /* that it is moved to; NULL: it is a commit */
} MpMove;

/* What is to be waited for before anything is sent, and may say that nothing is to be. */
typedef struct {
    bool (*holds)(gpointer data, GError **error); /* false without an error: it does not */
    gpointer data;
} MpCondition;

/*
 * Moves refs of the remote, those that still are where they are moved `from`: all `n` of them (four
 * at most) or none. The server decides, by its own compare and swap; a ref that only is to be so is
 * looked at before, on a way that was opened ahead when that was. The condition (NULL: none) is
 * asked while git connects, or after we have; the former takes a mp_latch_is_there().
 */
MpPush mp_remote_push(MpRemote *remote, const char *path, const MpMove *moves, guint n,
                      const MpCondition *condition, GError **error);

/* Opens the way to the server for a push to come, beside other work; what is not used is closed
 * without a word. Where the way is git's it does nothing. */
void mp_remote_go_ahead(MpRemote *remote, const char *path);
void mp_remote_come_back(MpRemote *remote);

/* Where the remote has `n` refs; zero: nowhere. */
bool mp_remote_list(MpRemote *remote, const char *path, const char *const *refs, git_oid *at,
                    guint n, GError **error);

/* The same in two steps, of which the second waits, unless it is over; or the server was not
 * understood, and is asked by git then. The remote is needed for both. */
typedef struct MpRefList MpRefList;

MpRefList *mp_remote_list_begin(MpRemote *remote, const char *path, const char *const *refs,
                                guint n, GError **error);
bool mp_ref_list_is_over(const MpRefList *list);
bool mp_remote_list_end(MpRefList *list, git_oid *at, GError **error);
void mp_ref_list_free(MpRefList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRefList, mp_ref_list_free)

/* Sleeps a random while before try `attempt` (from 1), longer for later ones, two seconds at most:
 * so that hosts that met do not meet again. */
void mp_remote_back_off(int attempt);
