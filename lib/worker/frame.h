/*
 * What the worker and its parent send each other: numbers, texts and octets, one behind the other.
 * Nothing in it tells what comes next: both ends are the same version of the program, so who reads
 * asks for what was written, in the order in which it was.
 *
 * Who reads believes nothing of it. From the first thing that cannot be, all that is asked for is
 * 0, "" or NULL, so that it is enough to look once, at the end, whether mp_frame_is_read(). Texts
 * and octets are not copied, and live as long as the bytes that are read.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* ---- writing ---- */

void mp_frame_add_number(GByteArray *frame, guint64 number);
void mp_frame_add_flag(GByteArray *frame, bool flag);
void mp_frame_add_text(GByteArray *frame, const char *text); /* NULL: none */
void mp_frame_add_octets(GByteArray *frame, const void *octets, gsize length);

/* ---- reading ---- */

typedef struct {
    GBytes *bytes; /* somebody else's */
    const guint8 *at, *end;
    bool is_broken;
} MpFrameReader;

MpFrameReader mp_frame_read(GBytes *bytes);

guint64 mp_frame_number(MpFrameReader *reader);
bool mp_frame_flag(MpFrameReader *reader); /* nothing but 0 and 1 is one */

/* How many of something follow: no more than `most`, nor than there are octets left. */
guint mp_frame_count(MpFrameReader *reader, guint most);

/* UTF-8 without NUL; a line has no control character of ASCII either. NULL, for which nothing was
 * written, is broken but for those that may be it. */
const char *mp_frame_text(MpFrameReader *reader);
const char *mp_frame_line(MpFrameReader *reader);
const char *mp_frame_text_or_null(MpFrameReader *reader);
const char *mp_frame_line_or_null(MpFrameReader *reader);

/* The octets, which hold on to the bytes that are read: the caller's. NULL where it is broken. */
GBytes *mp_frame_octets(MpFrameReader *reader);

/* True if all that was asked for was there, and nothing else is. */
bool mp_frame_is_read(const MpFrameReader *reader);
