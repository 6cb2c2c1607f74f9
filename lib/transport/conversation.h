/*
 * The conversation over one connection, as the log has it, in memory: kept as a file if it fails.
 * Nothing secret comes here (transcript.c).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "transport/cause.h"

typedef struct {
    guint number;   /* of the connection, in this process: the first is 1 */
    GString *text;  /* lines */
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

void mp_conversation_add(MpConversation *conversation, const char *line);

/*
 * Writes it, whole, to DIRECTORY/SERVER_PORT.CAUSE, in place of the last one that failed there for
 * the same cause; of all others the latest 31 stay. Not synced: it is for reading. A failure is
 * logged, and stops nothing.
 */
void mp_conversation_keep(const MpConversation *conversation, const char *directory,
                          const MpConfig *config, MpCause cause);
