/*
 * The way to a remote: whether we can go it ourselves, as exchange.h does, or leave it to the git
 * program. Inside of lib/git.
 *
 * We do what is plain: git:// and ssh, with names that need no quoting, where Git's configuration
 * has nothing to say about it; and http and https by what git itself starts for them
 * (gitremote-helpers(7)), which knows of certificates, proxies and passwords. All else is the
 * program's, which knows what all of that means.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { MP_BY_GIT, MP_BY_TCP, MP_BY_SSH, MP_BY_HELPER } MpWayKind;

typedef struct {
    MpWayKind kind;
    char *helper; /* of git, with "remote-" before it; NULL but for MP_BY_HELPER */
    char *url;    /* likewise */
    char *host;   /* of ssh with "USER@", if it has that; this and what follows of the other two */
    char *port;   /* or NULL: the usual one */
    char *path;   /* as the server is to be told it */
} MpWay;

/* "ssh://…", or "user@host:path": a colon before any slash. */
bool mp_way_is_ssh(const char *url);

/* Reads an address as git does. */
void mp_way_read(MpWay *way, const char *url);
void mp_way_copy(MpWay *copy, const MpWay *way);
void mp_way_clear(MpWay *way);

/*
 * Whether Git's configuration, for the repository at `path` and a user with this home, says nothing
 * of connections or pushes by these ways. False as well where we cannot tell, as of conditions that
 * we do not judge, or of files that we cannot read.
 */
bool mp_way_is_plain(const char *path, const char *home);
