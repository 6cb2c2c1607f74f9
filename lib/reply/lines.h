/*
 * The lines of a mail as the rules see them. Internal to the room.
 */
#pragma once

#include "patterns/rule.h"

typedef enum {
    LINE_BLANK,
    LINE_TEXT,
    LINE_QUOTE,       /* begins with > */
    LINE_DELIMITER,   /* nothing but dashes, underscores, stars, … */
    LINE_SIGNATURE,   /* "-- " and its like */
    LINE_RULE,        /* a single-line row of the table matches */
    LINE_ATTRIBUTION, /* part of an attribution */
    LINE_HEADERS,     /* part of a header block */
} LineKind;

/* Which field of a header block a line is; the order is that of the capture groups. */
typedef enum { FIELD_NONE, FIELD_FROM, FIELD_DATE, FIELD_TO, FIELD_SUBJECT } HeaderField;

/* Small: a mail may be nothing but line ends. */
typedef struct {
    const char *text; /* cleaned, as it is shown */
    const char *core; /* for matching: trimmed, one space between words, entities decoded, cut to
                         1,000 bytes */
    const MpRule *rule, *own_rule;
    const char *why; /* static */
    guint index;     /* in the mail */
    guint block;     /* of ATTRIBUTION, HEADERS, and a QUOTE that begins with one: index of the line
                        after the block; of SIGNATURE: of the line after it, once asked for */
    guint words;     /* words in the line, and how many of them repeat what we sent */
    guint words_sent;
    guint run; /* of the runs of repeated words that touch the line, the longest */
    guint sent_first, sent_last;  /* where in the texts sent its repeated words stand; 0: none do */
    guint sent_above, sent_below; /* sent_last of the nearest line above that has some, sent_first
                                    of the nearest below */
    guint tail;                   /* words behind the last repeated one */
    LineKind kind : 8, own_kind : 8; /* as it is in its place; as it is by itself */
    HeaderField field : 8;
    bool fenced : 1; /* inside a closed code fence */
    bool pasted : 1; /* our words, but above our quoted message, and all there is */
    bool has_digit : 1, has_at : 1;
    bool repeat : 1;   /* mostly what we sent */
    bool answered : 1; /* a line of ours, and words of the person's behind its end */
    bool begins_ours : 1, ends_ours : 1; /* with where a line of the sent text begins, ends */
    bool kept : 1;
    bool read : 1; /* by prose.c: whether the line is a sentence, an item, or code */
    bool is_sentence : 1, is_item : 1, is_statement : 1, is_indented : 1;
    bool names_known : 1;  /* by headers_unknown.c: */
    HeaderField names : 3; /* which field the line names, without a colon */
} Line;

/* `text` (valid UTF-8) without deceptive characters and carriage returns. The result is the
 * caller's. */
char *lines_clean(const char *text);

/* Writes the core of `text` to `out`, which has room for as many bytes; returns the end of it. */
char *line_write_core(char *out, const char *text);

/* Splits what lines_clean() made, in place, and classifies each line by itself. The lines point
 * into `texts` and into `cores`, which has as many bytes; both must outlive them. */
GArray *lines_split(char *texts, char *cores, MpMatcher *matcher);

/* Classifies a line whose text and core were changed, by itself. */
void lines_classify(Line *line, MpMatcher *matcher);

/* The kept lines of a decided mail, as a mail of their own that nobody has looked at yet. */
GArray *lines_kept(const GArray *lines);

/* Makes such a mail of the list itself. */
void lines_drop_elided(GArray *lines);
guint lines_count_kept(const GArray *lines);

#define LINE(lines, i) (&g_array_index((lines), Line, (i)))

/* Index of the next line at or after `i` that is not blank; lines->len if there is none. */
static inline guint
lines_skip_blank(const GArray *lines, guint i)
{
    while (i < lines->len && LINE(lines, i)->kind == LINE_BLANK)
        i++;
    return i;
}

/* Index of the next line at or above `i` that is not blank; -1 if there is none. */
gint lines_skip_blank_above(const GArray *lines, gint i);

/* Nothing but blank lines stands above line `i`. Asked upwards, so that a mail that begins with
 * thousands of them is not walked down for every line below. */
bool lines_is_first(const GArray *lines, guint i);

/* Which field of a header block the text is, and the row that says so. */
HeaderField line_field(const char *core, MpMatcher *matcher, const MpRule **rule);

/* A thumb, a heart, a tick: no word, but as good as one. */
bool line_is_symbol(const char *core);

/* "Ada wrote:", in any script. */
bool line_ends_in_colon(const char *core);

/* "https://…" and nothing else. */
bool line_is_link(const char *core);

/* The text of a quote line without its > marks and blanks. */
const char *line_unquoted(const char *core);

/* How many > marks the line begins with. */
guint line_quote_depth(const char *core);

/* Whether there may be links, or one's opening bracket. */
bool line_may_hold_links(const char *core);

/* A copy without what an HTML-to-text converter leaves of links: <https://…>, [x](https://…). */
char *line_without_links(const char *core);
