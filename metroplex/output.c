/* What the commands print; see output.h. */
#include "output.h"

#include <stdio.h>

#include "base/escape.h"
#include "base/time.h"

void
mp_json_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value != NULL)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

void
mp_json_number(JsonBuilder *builder, const char *name, guint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)value);
}

void
mp_json_date(JsonBuilder *builder, const char *name, gint64 seconds)
{
    g_autofree char *text = mp_time_format(seconds);

    mp_json_string(builder, name, text);
}

void
mp_json_print(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *line = json_to_string(root, FALSE);

    puts(line);
    fflush(stdout); /* one request, one answer, for those who wait for it */
}

void
mp_print_field(const char *label, const char *value)
{
    g_autofree char *shown = mp_escape(value);

    printf("%s: %s\n", label, shown);
}

void
mp_print_text(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *shown = mp_escape(*line);

        if (line[1] != NULL || **line != '\0')
            printf("    %s\n", shown);
    }
}
