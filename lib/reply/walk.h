/*
 * The state of the walk that decides, and its helpers: quotes.c, signature.c, footer.c, reaction.c
 * and look_back.c. Internal to the room.
 */
#pragma once

#include "reply/sent.h"

/* Where the walk is: in the person's text, in a signature, below a signature a device wrote, or in
 * the message answered, quoted without marks. */
typedef enum { IN_TEXT, IN_SIGNATURE, IN_AFTERMATH, IN_QUOTED } Zone;

/* A run of > lines among the person's text, judged in the look back. */
typedef struct {
    guint start, end;
    bool attributed, forwarded; /* an attribution or a forward mark stands above it */
    bool text_above;
    bool introduced; /* by a line of the person's that leads on to it */
    bool whole;      /* all of a message of ours, or its footer */
} Quote;

/* Paragraphs through which the search for a signature's end went: from a first one to before that
 * at `start`; `end` is the line after the last of them. */
typedef struct {
    guint first, start, end;
} Clear;

typedef struct {
    GArray *lines;
    GArray *quotes;   /* of Quote */
    const Sent *sent; /* NULL: not known */
    MpMatcher *matcher;
    Zone zone;
    const char *why;     /* the rule that began the zone */
    guint signature_end; /* in IN_SIGNATURE: the line after it */
    guint quoted_end; /* in IN_QUOTED: the line after it, if that can be told; else a great one */
    bool text_above;  /* the person wrote something above this line */
    guint texts, first_text; /* how many such lines, and the first of them */
    bool boundary_above;     /* some boundary was seen, though it may have had nothing above it */
    const char *reaction;    /* the row of a reaction that was seen */
    bool unmarked;           /* our message stands in the mail without marks */
    bool ended;              /* so much of it that its footer stood above */
    bool repeat_above;       /* a paragraph of ours stood among the person's text */
    guint first_boundary;    /* the line where it began */
    guint first_ours, last_ours; /* in IN_QUOTED: the lines of this message that repeat what we
                                    sent are from there to there; none: first > last */
    const char *quote_rule;      /* of the attribution just above, while nothing else came */
    bool quote_forwarded;
    Clear clear;
} Walk;

/* "Regards, Bob": so many lines are a closing, no answer to the quote above them. */
enum { CLOSING_LINES = 3 };

void walk_set(Walk *walk, guint i, bool kept, const char *why);

/* ---- questions about lines ---- */

static inline bool
line_is_rule(const Line *line, MpRuleKind kind)
{
    return line->kind == LINE_RULE && line->rule->kind == kind;
}

/* Part of an attribution or a header block, or a separator, forward mark or reply marker. */
static inline bool
line_is_boundary(const Line *line)
{
    return line->kind == LINE_ATTRIBUTION || line->kind == LINE_HEADERS ||
           (line->kind == LINE_RULE &&
            (line->rule->kind == MP_RULE_SEPARATOR || line->rule->kind == MP_RULE_FORWARD ||
             line->rule->kind == MP_RULE_MARKER));
}

/* ---- quotes.c ---- */

/* Notes the run of quote lines that begins at `i`; returns the line after it. */
guint walk_take_quote(Walk *walk, guint i);

/* The look back: which of the quotes noted stay, now that it is known what stands below them. */
void walk_judge_quotes(Walk *walk);

/* ---- signature.c ---- */

/* The line after the signature whose delimiter is line `i`; `i` if it is none. */
guint walk_signature_end(Walk *walk, guint i);
bool walk_is_mobile_signature(const Walk *walk, guint i);

/* Elides and returns the line after. */
guint walk_take_mobile(Walk *walk, guint i);

/* ---- footer.c ---- */

/* What would be elided is what the person's text speaks of, or an example set as code. */
bool walk_is_evidence(const Walk *walk, guint i);
bool walk_begins_footer(const Walk *walk, guint i);

/* Elides a disclaimer or a footer and returns the line after. */
guint walk_take_paragraph(Walk *walk, guint i);

/* ---- notice.c ---- */

/* The line after what a gateway put above the text, or a paragraph of law that was wrapped, which
 * begins at line `i`, one of text; `i` if it is neither. */
guint walk_notice_end(const Walk *walk, guint i);

/* Whether the paragraph, below a quote of the whole message, is what a server or a list wrote. */
bool walk_is_server_notice(const Walk *walk, guint start, guint end);

/* ---- reaction.c ---- */

/* "Ada reacted to your message": a program sent the mail for a click. Returns the line after; `i`
 * if it is none. */
guint walk_take_reaction(Walk *walk, guint i);

/* With a reaction goes the picture that stands for it, where there is nothing else. */
void walk_judge_reaction(Walk *walk);

/* The line after the footer of the notification that is quoted, without marks, from line `i` on, if
 * text stands below it; else lines->len. */
guint walk_ends_notification(const Walk *walk, guint i);

/* ---- look_back.c: in this order ---- */

void walk_elide_introduction(Walk *walk); /* the line above the first one of ours */
void walk_elide_between(Walk *walk);      /* what stands between a boundary and that line */
void walk_trim_edges(Walk *walk);         /* delimiters and blank lines */
void walk_keep_pasted_reply(Walk *walk);
void walk_keep_all_there_is(Walk *walk);
