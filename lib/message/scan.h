/*
 * A look at a mail, in the worker, before any parser sees it: one pass over the bytes that counts
 * what can be made to explode. What it accepts, GMime reads in bounded time and memory; it errs
 * towards counting too much. Whether the mail makes sense is left to message.h.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    gsize mail_bytes;    /* the whole file */
    guint header_fields; /* in one header; in the headers of all parts together, ten times this */
    gsize header_field_bytes; /* one field with its continuation lines */
    gsize header_bytes; /* the mail's own header; those of all parts together, ten times this */
    guint nesting;      /* multiparts and messages within each other */
    guint parts;        /* and distinct boundaries */
    guint addresses;    /* in one field */
    guint groups;       /* address groups within each other; 1: a group holds no group */
    gsize text_bytes;   /* one text or HTML part, in its own charset; all together, twice this */
    gsize attachment_bytes; /* a larger one is named, not kept */
    guint attachments;      /* those beyond are named, not kept */
} MpLimits;

/* Where a function takes limits, NULL stands for these. */
extern const MpLimits mp_limits_default;

/*
 * True if the mail is within the limits. Else MP_ERROR_INPUT with "too-large: " and what there is
 * too much of. Linear in length, and needs memory for at most `parts` boundaries.
 */
bool mp_scan(const void *bytes, gsize length, const MpLimits *limits, GError **error);

/* A header field as it stands in the mail: value with its folding and its last line's end. */
typedef struct {
    const char *name, *value;
    gsize name_length, value_length;
} MpRawField;

/*
 * Takes the field that begins at `at` (RFC 5322, section 2.2; white space before the colon is
 * borne) and returns where the next begins, or NULL if no field begins there: the header's end.
 */
const char *mp_scan_field(const char *at, const char *end, MpRawField *field);

bool mp_field_is(const MpRawField *field, const char *name);

/* True for the fields whose value is a list of addresses (From, To, Delivered-To, …). */
bool mp_field_has_addresses(const MpRawField *field);
