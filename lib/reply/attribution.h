/*
 * Whether lines that were put together are an attribution. Internal to the room.
 */
#pragma once

#include "reply/lines.h"

typedef struct {
    const MpRule *rule; /* NULL: it is none */
    bool opened;        /* begins with the opening word of its language */
    bool complete;      /* says the day, and is opened, begins with it or says the address: there is
                           nothing to look for above */
} Attribution;

/* Whether the lines from `start` to `end`, whose cores `text` is, are an attribution: a row must
 * match, and there must be evidence. */
Attribution attribution_judge(const GArray *lines, guint start, guint end, const char *text,
                              MpMatcher *matcher);

/* "Ada Example wrote:", "Example, A. wrote:": nothing but a name stands before a verb. "As Knuth
 * wrote in 1974:", "The manual wrote:" are the person's own words. */
bool attribution_names_writer(const char *text, MpMatcher *matcher);

/* "Ada Example <ada@example.org> …", from its first word on. */
bool attribution_begins_with_person(const char *text);

/* Whether an attribution's row fits a date, a name and an address in any language. */
bool attribution_is_neutral(const MpRule *rule);

/* "ada@example.org" within the text. */
bool attribution_holds_address(const char *text);

/* Whether a quote stands below line `end`, blank lines between or not. */
bool attribution_is_above_quote(const GArray *lines, guint end);

/* "> wrote:" and ">:" are the end of an attribution whose address was wrapped before the bracket;
 * below a quote line they are a part of the quote. */
bool attribution_is_broken_end(const GArray *lines, guint i);
