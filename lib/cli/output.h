/* Output: JSON for programs, and text that a terminal can trust. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* Members of a JSON object; NULL becomes null. */
void mp_json_text(JsonObject *object, const char *name, const char *text);
void mp_json_number(JsonObject *object, const char *name, guint64 number);
void mp_json_date(JsonObject *object, const char *name, gint64 seconds);
void mp_json_flag(JsonObject *object, const char *name, bool flag);

/* An array member of strings (char *; NULL for none), and one to be filled; it is the object's. */
void mp_json_texts(JsonObject *object, const char *name, const GPtrArray *texts);
JsonArray *mp_json_array(JsonObject *object, const char *name);

/* The object as one line without its end, which is the caller's; and printed, where what is
 * invisible or turns text around is said by number. Both free it. */
char *mp_json_line(JsonObject *object);
void mp_json_print(JsonObject *object);

/*
 * Prints a text of many lines as it is, or, where standard output is a terminal, each line escaped,
 * so that no comment moves the cursor or changes what was printed above it.
 */
void mp_print_text(const char *text);

/* From now on, however the program ends: output that could not be written is told on standard error
 * and is no success, but ends in EX_IOERR. */
void mp_output_check_at_exit(void);
