/*
 * Inside of lib/tracker: a record as a key file, read and written key by key. Reading keeps the
 * first fault, with path and line; everything after it reads as empty.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    GKeyFile *file;
    const char *text, *path, *group;
    GError *fault;
} MpRecordReader;

/* `group` is that of the keys asked for from here on. */
void mp_record_begin(MpRecordReader *r, const char *text, const char *path, const char *group);

/* Frees the reader; true if all was well, else *error is set. */
bool mp_record_end(MpRecordReader *r, GError **error);

/* Tells what is wrong with a key's value: "PATH:LINE: [GROUP] KEY: WHY". */
void mp_record_blame(MpRecordReader *r, const char *key, const char *why);

/* Strings and arrays are the caller's. An optional string may be NULL, a boolean that is not there
 * is false; all else is required, a list but for its being empty. */
char *mp_record_string(MpRecordReader *r, const char *key);
char *mp_record_optional(MpRecordReader *r, const char *key);
bool mp_record_has(const MpRecordReader *r, const char *key);
guint64 mp_record_number(MpRecordReader *r, const char *key, guint64 least, guint64 most);
gint64 mp_record_date(MpRecordReader *r, const char *key);
bool mp_record_boolean(MpRecordReader *r, const char *key);
GArray *
mp_record_numbers(MpRecordReader *r, const char *key, guint64 least, guint64 most); /* of guint64 */

void mp_record_set_number(GKeyFile *file, const char *group, const char *key, guint64 value);
void mp_record_set_date(GKeyFile *file, const char *group, const char *key, gint64 value);
void mp_record_set_optional(GKeyFile *file, const char *group, const char *key, const char *value);
void mp_record_set_numbers(GKeyFile *file, const char *group, const char *key, const GArray *array);
