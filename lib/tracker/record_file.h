/*
 * Inside of lib/tracker: a record as a key file, read and written key by key. Reading keeps the
 * first fault, with path and line; everything after it reads as empty.
 */
#pragma once

#include "tracker/key_file.h"

/* --- Reading --- */

typedef struct {
    MpKeyFile *file;
    const char *path, *group;
    GError *fault;
} MpRecordReader;

/* `group` is that of the keys asked for from here on; `text` is used up to the end. */
void mp_record_begin(MpRecordReader *r, const char *text, const char *path, const char *group);

/* Frees the reader; true if all was well, else *error is set. */
bool mp_record_end(MpRecordReader *r, GError **error);

/* Tells what is wrong with a key's value: "PATH:LINE: [GROUP] KEY: WHY". */
void mp_record_blame(MpRecordReader *r, const char *key, const char *why);

/* Strings, lists and arrays are the caller's. An optional string and a list may be NULL, a boolean
 * that is not there is false, numbers that are not there are none; all else is required. */
char *mp_record_string(MpRecordReader *r, const char *key);
char *mp_record_optional(MpRecordReader *r, const char *key);
GStrv mp_record_list(MpRecordReader *r, const char *key);
bool mp_record_has(const MpRecordReader *r, const char *key);
bool mp_record_has_group(const MpRecordReader *r, const char *group);
guint64 mp_record_number(MpRecordReader *r, const char *key, guint64 least, guint64 most);
gint64 mp_record_date(MpRecordReader *r, const char *key);
bool mp_record_boolean(MpRecordReader *r, const char *key);
GArray *
mp_record_numbers(MpRecordReader *r, const char *key, guint64 least, guint64 most); /* of guint64 */

/* The keys of the group in their order; never NULL. */
GStrv mp_record_keys(const MpRecordReader *r);

/* --- Writing: each group as a whole, one after the other, each key once --- */

typedef struct MpRecordWriter MpRecordWriter;

MpRecordWriter *mp_record_writer_new(void);
void mp_record_writer_free(MpRecordWriter *w);
char *mp_record_writer_text(const MpRecordWriter *w);

void mp_record_set_string(MpRecordWriter *w, const char *group, const char *key, const char *value);
void
mp_record_set_optional(MpRecordWriter *w, const char *group, const char *key, const char *value);
void mp_record_set_number(MpRecordWriter *w, const char *group, const char *key, guint64 value);
void mp_record_set_date(MpRecordWriter *w, const char *group, const char *key, gint64 value);
void mp_record_set_list(MpRecordWriter *w, const char *group, const char *key,
                        const char *const *list, gsize n);
void
mp_record_set_numbers(MpRecordWriter *w, const char *group, const char *key, const GArray *array);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRecordWriter, mp_record_writer_free)
