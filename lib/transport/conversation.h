/*
 * The conversation over one connection, in memory: kept as a file, as the log has it, if it fails.
 * Most do not, so that its lines are made only then. Nothing secret comes here (transcript.c).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "transport/cause.h"

typedef struct {
    guint number;   /* of the connection, in this process: the first is 1 */
    GString *said;  /* what was told, one after the other; see conversation.c */
    gsize opening;  /* how much of it comes before the first message; 0 while that is not over */
    gsize mark;     /* where the next message begins, or 0 */
    guint left_out; /* messages between the opening and the one that is under way */
} MpConversation;

MpConversation *mp_conversation_new(void);
void mp_conversation_free(MpConversation *conversation);

/* A new connection, with a number of its own. */
void mp_conversation_begin(MpConversation *conversation);
/* The server let us in. */
void mp_conversation_is_open(MpConversation *conversation);
/* The next message over the same connection: the one before went well, or was kept. What was said
 * since the mark is its beginning: an envelope that went out with the end of the one before. */
void mp_conversation_next(MpConversation *conversation);
void mp_conversation_mark(MpConversation *conversation);

typedef enum { MP_SPEAKER_NOBODY, MP_SPEAKER_WE, MP_SPEAKER_SERVER } MpSpeaker;

/* What somebody said; nobody's are our own words about it. */
void mp_conversation_add(MpConversation *conversation, MpSpeaker speaker, const char *bytes,
                         gsize length);

/* The line that tells it: quoted behind an arrow, MACs of addresses masked. The caller's. */
char *mp_conversation_line(MpSpeaker speaker, const char *bytes, gsize length);

/*
 * Writes it, whole, to DIRECTORY/SERVER_PORT.CAUSE, in place of the last one that failed there for
 * the same cause; of all others the latest 31 stay. Not synced: it is for reading. A failure is
 * logged, and stops nothing.
 */
void mp_conversation_keep(const MpConversation *conversation, const char *directory,
                          const MpConfig *config, MpCause cause);
