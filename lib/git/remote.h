/*
 * The Git server that several hosts share, spoken to by the git program.
 *
 * The program, not libgit2's transports: it has all of them (ssh with the user's own keys and
 * known_hosts, https with credential helpers, git, a path), and its push compares at all of them,
 * while libgit2's push to a path neither compares nor runs hooks. It costs some ten milliseconds a
 * batch. It runs without a shell and with a small environment, never asks anything, is given up
 * after a time, and dies with us.
 *
 * It uses the keys and credentials of the user we run as (~/.ssh, ~/.gitconfig), or what
 * core.sshCommand says. From our environment it gets SSH_AUTH_SOCK, GIT_SSH_COMMAND, the proxies'
 * variables and where Git's configuration is.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *url;
    int seconds; /* for one fetch or push; 0: as long as it takes */
} MpRemote;

MpRemote *mp_remote_new(const char *url, int seconds);
void mp_remote_free(MpRemote *remote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRemote, mp_remote_free)

/*
 * Brings the remote's main into the repository at `path`, as objects only: no ref is touched. *tip
 * is its commit; *is_empty (may be NULL: then that is an error, of the installation) says that it
 * has no such branch. What else goes wrong is temporary: a server may come back, a key be mended.
 */
bool mp_remote_fetch(const MpRemote *remote, const char *path, git_oid *tip, bool *is_empty,
                     GError **error);

typedef enum {
    MP_PUSHED,  /* the remote has it */
    MP_STALE,   /* the remote says that its branch is not, or is just being moved from, `from` */
    MP_REFUSED, /* a hook declined it, or a check of its objects or size: MP_ERROR_REFUSED */
    MP_UNKNOWN, /* refused otherwise or lost, *error says how: look what the remote has */
} MpPush;

/* Moves the remote's main from `from` to `to` if it still is there; `from` zero: if it is not there
 * at all. The server decides, by its own compare and swap. */
MpPush mp_remote_push(const MpRemote *remote, const char *path, const git_oid *from,
                      const git_oid *to, GError **error);

/* Sleeps a random while before try `attempt` (from 1), longer for later ones, two seconds at most:
 * so that hosts that met do not meet again. */
void mp_remote_back_off(int attempt);
