/* What the commands print: JSON with json-glib, and lines fit for a terminal. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* A member with a string, or null. */
void mp_json_string(JsonBuilder *builder, const char *name, const char *value);
void mp_json_number(JsonBuilder *builder, const char *name, guint64 value);
void mp_json_date(JsonBuilder *builder, const char *name, gint64 seconds);

/* Prints what was built as one line. */
void mp_json_print(JsonBuilder *builder);

/* "label: value", the value escaped; "-" for NULL. */
void mp_print_field(const char *label, const char *value);

/* A text of several lines, indented, each line escaped. */
void mp_print_text(const char *text);
