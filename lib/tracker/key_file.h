/*
 * Inside of lib/tracker: the text of a record as groups of keys, after the Desktop Entry
 * Specification as GLib's GKeyFile has it: "[GROUP]", "KEY=VALUE", "#" for remarks, the escapes
 * \s \n \t \r \\, and \; within lists. A mail reads a dozen of these, so nothing is copied before
 * it is asked for.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *at; /* in the text of the file */
    gsize length;
} MpPiece;

typedef struct {
    MpPiece group, key, value;
    guint line; /* from 1 on */
} MpKeyEntry;

typedef struct MpKeyFile MpKeyFile;

/* NULL where that is no key file: *line and *why then say where and why not. `text` is used as long
 * as what this returns. */
MpKeyFile *mp_key_file_parse(const char *text, guint *line, const char **why);
void mp_key_file_free(MpKeyFile *file);

/* What a key was given, the last where several are of that name; NULL for nothing. */
const MpKeyEntry *mp_key_file_find(const MpKeyFile *file, const char *group, const char *key);

/* The line where a group begins first; 0 for none. */
guint mp_key_file_group(const MpKeyFile *file, const char *group);

/* The names of a group's keys in their order, each once; never NULL. */
GStrv mp_key_file_keys(const MpKeyFile *file, const char *group);

/* A value without its escapes; NULL where it is not UTF-8. A list's elements end with a semicolon
 * each, which the last may lack. */
char *mp_key_entry_string(const MpKeyEntry *entry);
GStrv mp_key_entry_list(const MpKeyEntry *entry);

/* The other way: a value, or an element of a list without its semicolon. */
void mp_key_append_escaped(GString *text, const char *value, bool is_element);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpKeyFile, mp_key_file_free)
