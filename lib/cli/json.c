/* JSON for programs; see json.h. */
#include "cli/json.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/time.h"

void
mp_json_text(JsonObject *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_string_member(object, name, text);
    else
        json_object_set_null_member(object, name);
}

void
mp_json_number(JsonObject *object, const char *name, guint64 number)
{
    json_object_set_int_member(object, name, (gint64)number);
}

void
mp_json_date(JsonObject *object, const char *name, gint64 seconds)
{
    g_autofree char *text = mp_time_format(seconds);

    json_object_set_string_member(object, name, text);
}

void
mp_json_flag(JsonObject *object, const char *name, bool flag)
{
    json_object_set_boolean_member(object, name, flag);
}

void
mp_json_texts(JsonObject *object, const char *name, const GPtrArray *texts)
{
    JsonArray *array = mp_json_array(object, name);

    for (guint i = 0; texts != NULL && i < texts->len; i++)
        json_array_add_string_element(array, g_ptr_array_index(texts, i));
}

JsonArray *
mp_json_array(JsonObject *object, const char *name)
{
    JsonArray *array = json_array_new();

    json_object_set_array_member(object, name, array);
    return array;
}

char *
mp_json_line(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

    json_node_take_object(node, object);
    return json_to_string(node, FALSE);
}

/* As JSON says a code point by number: beyond 16 bits, by two. */
static void
append_by_number(GString *line, gunichar c)
{
    if (c <= 0xffff) {
        g_string_append_printf(line, "\\u%04x", c);
        return;
    }
    c -= 0x10000;
    g_string_append_printf(line, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

/* JSON may hold as it is what moves a terminal's cursor (U+009B) or turns text around: a terminal
 * is where it is printed to as well. Outside of strings it is ASCII. */
static char *
made_visible(const char *json)
{
    g_autoptr(GString) line = g_string_new(NULL);

    if (g_str_is_ascii(json) || !g_utf8_validate(json, -1, NULL))
        return g_strdup(json);
    for (const char *p = json; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c >= 0x80 && mp_is_deceptive(c))
            append_by_number(line, c);
        else
            g_string_append_unichar(line, c);
    }
    return g_string_free(g_steal_pointer(&line), FALSE);
}

void
mp_json_print(JsonObject *object)
{
    g_autofree char *line = mp_json_line(object);
    g_autofree char *shown = made_visible(line);

    printf("%s\n", shown);
}
