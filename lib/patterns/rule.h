/*
 * The table of patterns by which a line is recognised, and the matcher that walks it.
 *
 * One row is one client or language. `cuts` is what the row is for and `keeps` is what it must
 * leave alone; the test of this room walks the table and holds each row to both. Adding a language
 * is adding a row.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    MP_RULE_ATTRIBUTION, /* "On … X wrote:", in one to five lines */
    MP_RULE_HEADER,      /* one field of a header block: groups from, date, to, subject */
    MP_RULE_SEPARATOR,   /* "-----Original Message-----" */
    MP_RULE_FORWARD,     /* "Begin forwarded message:" */
    MP_RULE_MARKER,      /* "Reply above this line" */

    MP_RULE_MOBILE,     /* "Sent from my phone": a signature the device wrote */
    MP_RULE_DISCLAIMER, /* opens a legal paragraph */
    MP_RULE_FOOTER,     /* a mailing list's or a notification's footer paragraph */
    MP_RULE_CLOSING,    /* "Regards,": kept, but no answer to the quote above it */
    /* asked for by themselves, not of every line: */
    MP_RULE_COMPANY,  /* "Example Ltd., Springfield": kept, but no answer either */
    MP_RULE_REACTION, /* "Ada reacted to your message": what a program sent for a click */
    MP_RULE_KINDS,
} MpRuleKind;

/* What stands before and behind a key. */
#define MP_RULE_KEY_ENDS   "(?!\\p{L})"
#define MP_RULE_KEY_BEGINS "(?<![a-z])(?<=[\\s>)\"'”»\\]])"

/* What stands in the links that rows are told by. */
#define MP_RULE_LINK "aka.ms/"

/* Instead of a key: some letter of a script other than Latin must be in the text. */
#define MP_RULE_SCRIPT ""

typedef struct {
    const char *name;
    MpRuleKind kind;
    const char *client;  /* the client or language it is for */
    const char *pattern; /* PCRE2, UTF and caseless, anchored at both ends */
    const char *key; /* a word, of a single line a link, that must be found before the pattern is
                    worth trying; NULL: none */
    const char *cuts;
    const char *keeps;
} MpRule;

extern const MpRule mp_rules[];
extern const gsize mp_n_rules;

/* A matcher holds the scratch memory of one extraction; the patterns are compiled once and shared.
 */
typedef struct MpMatcher MpMatcher;
MpMatcher *mp_matcher_new(void);
void mp_matcher_free(MpMatcher *matcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpMatcher, mp_matcher_free)

/* Translates all patterns to machine code: see mp_reply_prepare(). */
void mp_matcher_prepare(void);

/* The row of this kind that matches the whole of `text` (valid UTF-8), or NULL. A text over 1,000
 * bytes matches nothing, and so does one that costs more than the match limit. */
const MpRule *mp_matcher_rule(MpMatcher *matcher, MpRuleKind kind, const char *text);

/* The same for any single-line kind from MP_RULE_SEPARATOR to MP_RULE_CLOSING, but for rows with a
 * link. */
const MpRule *mp_matcher_line(MpMatcher *matcher, const char *text);

/* The row of any single-line kind that is told by its link, which is in the text, or NULL. */
const MpRule *mp_matcher_link(MpMatcher *matcher, const char *text);

/* Where the first verb of an attribution's rows stands in the text, or NULL. */
const char *mp_matcher_verb(MpMatcher *matcher, const char *text);

/* True if capture group `group` (1 …) took part in the last match. */
bool mp_matcher_group(const MpMatcher *matcher, guint group);

/* True if the text holds a day, a time, or either of them, that a client would write. */
bool mp_matcher_has_day(MpMatcher *matcher, const char *text);
bool mp_matcher_has_time(MpMatcher *matcher, const char *text);
bool mp_matcher_has_date(MpMatcher *matcher, const char *text);
