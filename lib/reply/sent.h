/*
 * Comparing a mail with the texts we sent. Internal to the room.
 */
#pragma once

#include "reply/lines.h"

/* The texts sent, ready to be compared with. */
typedef struct Sent Sent;

/* NULL if there are none. The caller owns the result. */
Sent *sent_new(const char *const *texts);
void sent_free(Sent *sent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sent, sent_free)

/*
 * Counts in each line its words, and marks which of them are ours: those in runs of at least four
 * that also stand in one of the texts sent, and what comes right before or behind such a run there.
 * Marks of quoting, punctuation, Markdown and URLs are no words, so a quote that was wrapped anew
 * or lost its > still matches. Linear in both sizes.
 */
void sent_mark(const Sent *sent, GArray *lines);

/* Whether the lines from `start` to before `end` hold all of a text sent but its footer, or
 * something of its footer. */
bool sent_is_whole(const Sent *sent, const GArray *lines, guint start, guint end);

/* Whether the word at a position (Line.sent_last) is the last of a text sent, or stands in its
 * footer.
 */
bool sent_is_end(const Sent *sent, guint position);

/* Whether the word at a position stands in a footer, where nobody types an answer. */
bool sent_is_footer(const Sent *sent, guint position);

/* Whether it is known from whom we sent: else sent_is_named() says nothing. */
bool sent_has_sender(const Sent *sent);

/* Whether a text begins with the sender's name, as far as it is known. */
bool sent_begins_with_name(const Sent *sent, const char *text);

/* Whether a line has the sender's name or address in it, or the subject. */
bool sent_is_named(const Sent *sent, const char *core);
