/*
 * Talking to a service of a Git server (gitprotocol-pack(5), version 0), step by step, each of
 * which waits for the server. Inside of lib/git: exchange.h does it beside other work.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "git/pkt_line.h"
#include "git/remote_way.h"

typedef enum { MP_UPLOAD_PACK, MP_RECEIVE_PACK } MpService;

typedef struct {
    MpWay way;
    MpService service;
    MpPktStream stream; /* of ssh it is open from the beginning */
    bool is_late;       /* the last step was given up, since the time for it was over */
    /* What the server has. */
    GHashTable *refs; /* char * → git_oid * */
    char *capabilities;
    /* What came of a push. */
    GString *report; /* of receive-pack: pkt-lines */
    gsize n_read;    /* of it */
    bool is_whole, has_unpacked;
    guint n_moved;
    GString *rejected; /* lines as of git push --porcelain: refs that were not moved, and why */
    GString *said;     /* what its programs and hooks said */
} MpTalk;

/* `give_up` as in pkt_line.h. */
void mp_talk_init(MpTalk *talk, const MpWay *way, MpService service, int give_up);
void mp_talk_clear(MpTalk *talk);

/* What it is called, on a command line as well. */
const char *mp_talk_service(MpService service);

/* From here on a step takes so long at most; 0: as long as it takes. */
void mp_talk_limit(MpTalk *talk, gint64 us);

/* Connects, and reads what refs there are; false: nothing that we understand. */
bool mp_talk_open(MpTalk *talk);

/* Sends commands and a pack, and reads what came of them. */
void mp_talk_push(MpTalk *talk, const GString *order);

/* After a push: until the server closes, which it does once its hooks are done; one that cannot
 * tell us of them might end them. Without one: says that there is nothing to do. */
void mp_talk_wait_for_end(MpTalk *talk);
void mp_talk_leave(MpTalk *talk);
