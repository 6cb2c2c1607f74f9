/*
 * The record of the SMTP server, apart from any message: one small file, outbox/server, kept
 * from run to run under the outbox's lock (the format is in notifier(8)). While the server is away,
 * messages wait without an attempt being counted, and their age stands still.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "outbox/outbox.h"

typedef enum {
    MP_SERVER_UP,
    MP_SERVER_DOWN,    /* cannot be reached */
    MP_SERVER_STOPPED, /* turns us away: login, certificate, relaying; somebody must mend it */
} MpServerState;

typedef struct {
    MpServerState state;
    gint64 since;   /* when the state began; 0: not known */
    gint64 probe;   /* not up: when to look again */
    guint failures; /* not up: how often it was found so */
    int code;       /* not up: what it said, 0 for nothing */
    char *reply;
    char *settings;      /* mp_server_settings() when it was found so */
    char *sender;        /* stopped: whose messages it refuses, though it lets us in; or NULL */
    bool is_at_end;      /* and only after their end, so that no question shows it */
    GPtrArray *accepted; /* char *: addresses, each of another domain, of messages that it took */
    GPtrArray *suspects; /* char *: domains that refused in words that may be about us, since the
                            last message that was taken */
    GArray *refusals;    /* MpRefusal: the same, said after the end of a message */
    GArray *outages;     /* of MpOutage, oldest first */
    GArray *stalls;      /* MpStall */
} MpServer;

/* A recipient domain about which the server was silent until the time was up. */
typedef struct {
    char *domain;
    gint64 until;   /* nothing is sent there before */
    guint failures; /* in a row */
} MpStall;

/* No two have a domain or a thread in common. */
typedef struct {
    char *domain;
    guint64 thread;
} MpRefusal;

typedef struct {
    gint64 since, until;
} MpOutage;

/* No file is a server that is up, and so is one that cannot be understood, with a warning. */
MpServer *mp_server_load(MpOutbox *outbox, GError **error);
void mp_server_free(MpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpServer, mp_server_free)

bool mp_server_save(const MpServer *server, MpOutbox *outbox, GError **error);

/* Something that changes with each of these files (NULL and "" for none). The caller's. */
char *mp_server_settings(const char *const *files);

/* True if it is up, or it is time to look again: by the clock, or since the settings changed. */
bool mp_server_is_due(const MpServer *server, const char *settings, gint64 now);

/* It was found away. The next look is after 1, 2, 4, 8, 16, then 25 minutes, each up to a fifth
 * longer, by chance: clients of a server that comes back must not all come at once. One that is
 * away while it is stopped is stopped. */
void mp_server_failed(MpServer *server, MpServerState state, int code, const char *reply,
                      const char *settings, gint64 now);

/* It was found up; an outage ends, and is remembered for `keep` seconds. */
void mp_server_works(MpServer *server, gint64 now, gint64 keep);

/* A message to `address` was taken: nothing before it was about us. True if it is worth saving at
 * once, and not only with the next change. */
bool mp_server_accept(MpServer *server, const char *address);

/* An administrator may have mended it: the next pass looks for it, and does not wait. The caller
 * has the outbox's lock. */
bool mp_server_look_soon(MpOutbox *outbox, GError **error);

/* The one that was taken last of those whose domain is none of the suspects; or NULL. */
const char *mp_server_whom_to_ask(const MpServer *server);

/* Notes a suspicion, and returns how many domains there are now. */
guint mp_server_suspect(MpServer *server, const char *address);

/* The same after the end of a message of that thread. Only what has both a domain and a thread that
 * are new counts: two people of a domain that blocks us, and a thread that looks like spam
 * everywhere, are no reason to stop. */
guint mp_server_suspect_at_end(MpServer *server, const char *address, guint64 thread);

/* Whether the address is of a domain that is noted so. */
bool mp_server_is_suspect(const MpServer *server, const char *address);

void mp_server_forget_suspects(MpServer *server);

/* A message to `address` timed out: its domain waits as mp_server_failed says of the server. False
 * if it waits already. */
bool mp_server_stalled(MpServer *server, const char *address, gint64 now);

/* There was an answer in time; true if that is news. */
bool mp_server_answered(MpServer *server, const char *address);

/* Whether its domain stalled, and has not answered since; and whether it waits for that now. */
bool mp_server_has_stalled(const MpServer *server, const char *address);
bool mp_server_lets_wait(const MpServer *server, const char *address, gint64 now);

/* How many seconds between `from` and `to` it was away. */
gint64 mp_server_away(const MpServer *server, gint64 from, gint64 to);
