/*
 * Talking to a service of a Git server, step by step, each of which waits for the server: in its
 * own protocol (gitprotocol-pack(5), version 0), or by a helper of git's (gitremote-helpers(7)).
 * Inside of lib/git: exchange.h does it beside other work.
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
    MpPktStream stream; /* with a program it is open from the beginning */
    MpFd errors;        /* a file, of what a program says to people; or -1 */
    bool is_late;       /* the last step was given up, since the time for it was over */
    /* What the server has. */
    GHashTable *refs; /* char * → git_oid * */
    gsize n_octets;   /* of them */
    char *capabilities;
    /* What came of a push. */
    GString *report; /* of receive-pack: pkt-lines */
    gsize n_read;    /* of it */
    bool has_sent;   /* commands; else nothing came of it, and nothing will */
    bool is_whole, has_unpacked;
    guint moved;       /* bits of the commands that were carried out */
    GString *rejected; /* lines as of git push --porcelain: refs that were not moved, and why */
    GString *said;     /* what its programs and hooks said, as git push says it */
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

/* A ref to be moved, if it is where it is moved `from`. */
typedef struct {
    const char *ref;
    git_oid from, to;
} MpRefCommand;

typedef struct {
    GArray
        *commands;  /* MpRefCommand; their names are who asks for it's, who waits for the answer */
    bool is_atomic; /* all of them or none */
    GByteArray *pack; /* of what the server lacks; NULL of a helper, which looks for it */
} MpTalkPush;

MpTalkPush *mp_talk_push_new(void);
void mp_talk_push_free(MpTalkPush *push);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpTalkPush, mp_talk_push_free)

/* Whether a ref is among those to be moved. */
bool mp_talk_has_command(const MpTalkPush *push, const char *ref);

/* Whether all was moved that was to be. */
bool mp_talk_is_done(const MpTalk *talk, const MpTalkPush *push);

/* For helper.c: a line "ID REF", in the service's first one with a NUL and capabilities; false
 * where it is none, or there are too many. */
bool mp_talk_note_ref(MpTalk *talk, const GString *line);

/* For helper.c: that a ref was moved; of git push --porcelain, the line of one that was not; and
 * what the program says. */
void mp_talk_note_moved(MpTalk *talk, const MpTalkPush *push, const char *ref);
void mp_talk_note_rejected(MpTalk *talk, const char *ref, bool is_remote, const char *why);
void mp_talk_read_errors(MpTalk *talk);

/* Whether the server, git-receive-pack, can do what mp_talk_push() asks of it. Then sends all, and
 * reads what came of it. */
bool mp_talk_takes_pushes(const MpTalk *talk, bool is_atomic);
void mp_talk_push(MpTalk *talk, const MpTalkPush *push);

/* After a push: until the server says its last, which it does once its hooks are done; one that
 * cannot tell us of them might end them. Without one: says that there is nothing to do. */
void mp_talk_wait_for_end(MpTalk *talk);
void mp_talk_leave(MpTalk *talk);
