/* JSON: output for programs. */
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
