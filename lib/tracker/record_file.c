/* Records as key files; see record_file.h. */
#include "tracker/record_file.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"

/* --- Reading --------------------------------------------------------------------------------- */

/* The first line that no key file may have; 0 if there is none. */
static guint
odd_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool has_group = false;

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);

        if (*line == '\0' || *line == '#')
            continue;
        has_group |= *line == '[';
        if (!has_group ||
            (*line == '[' ? !g_str_has_suffix(line, "]") : strchr(line + 1, '=') == NULL))
            return i + 1;
    }
    return 0;
}

/* Where a key stands, the last of several; else its group; 0 if neither is there. */
static guint
line_of(const char *text, const char *group, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *header = g_strdup_printf("[%s]", group);
    guint found = 0;
    bool inside = false;

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);
        gsize length = strlen(key);

        if (*line == '[')
            inside = strcmp(line, header) == 0;
        if (inside && (*line == '[' ? found == 0
                                    : strncmp(line, key, length) == 0 &&
                                          line[length + strspn(line + length, " \t")] == '='))
            found = i + 1;
    }
    return found;
}

/* "PATH:LINE: WHY", as compilers have it. */
static void
fail_at(MpRecordReader *r, guint line, const char *why)
{
    g_autofree char *number = line > 0 ? g_strdup_printf("%u:", line) : g_strdup("");

    if (r->fault == NULL)
        mp_fail(&r->fault, MP_ERROR_INSTALLATION, "%s:%s %s", r->path, number, why);
}

void
mp_record_begin(MpRecordReader *r, const char *text, const char *path, const char *group)
{
    g_autoptr(GError) why = NULL;

    *r = (MpRecordReader){g_key_file_new(), text, path, group, NULL};
    if (!g_key_file_load_from_data(r->file, text, strlen(text), G_KEY_FILE_NONE, &why))
        fail_at(r, odd_line(text), why->message);
}

bool
mp_record_end(MpRecordReader *r, GError **error)
{
    g_key_file_free(r->file);
    if (r->fault == NULL)
        return true;
    g_propagate_error(error, r->fault);
    return false;
}

void
mp_record_blame(MpRecordReader *r, const char *key, const char *why)
{
    g_autofree char *what = g_strdup_printf("[%s] %s: %s", r->group, key, why);

    fail_at(r, line_of(r->text, r->group, key), what);
}

char *
mp_record_optional(MpRecordReader *r, const char *key)
{
    char *value = r->fault == NULL ? g_key_file_get_string(r->file, r->group, key, NULL) : NULL;

    return value;
}

char *
mp_record_string(MpRecordReader *r, const char *key)
{
    char *value = mp_record_optional(r, key);

    if (value == NULL)
        mp_record_blame(r, key, "missing");
    return value;
}

bool
mp_record_has(const MpRecordReader *r, const char *key)
{
    return r->fault == NULL && g_key_file_has_key(r->file, r->group, key, NULL);
}

guint64
mp_record_number(MpRecordReader *r, const char *key, guint64 least, guint64 most)
{
    g_autofree char *text = mp_record_string(r, key);
    guint64 value = least;

    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL))
        mp_record_blame(r, key, "not a number of the right range");
    return value;
}

gint64
mp_record_date(MpRecordReader *r, const char *key)
{
    g_autofree char *text = mp_record_string(r, key);
    gint64 value = 0;

    if (text != NULL && !mp_time_parse(text, &value))
        mp_record_blame(r, key, "not a date like 2026-01-31T12:00:00Z");
    return value;
}

bool
mp_record_boolean(MpRecordReader *r, const char *key)
{
    g_autofree char *text = mp_record_optional(r, key);

    if (text == NULL || strcmp(text, "false") == 0)
        return false;
    if (strcmp(text, "true") != 0)
        mp_record_blame(r, key, "neither true nor false");
    return true;
}

GArray *
mp_record_numbers(MpRecordReader *r, const char *key, guint64 least, guint64 most)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_auto(GStrv) texts = g_key_file_get_string_list(r->file, r->group, key, NULL, NULL);

    for (char **text = texts; text != NULL && *text != NULL; text++) {
        guint64 id;

        if (g_ascii_string_to_unsigned(*text, 10, least, most, &id, NULL))
            g_array_append_val(array, id);
        else
            mp_record_blame(r, key, "not a list of numbers of the right range");
    }
    return array;
}

/* --- Writing -------------------------------------------------------------------------------- */

void
mp_record_set_number(GKeyFile *file, const char *group, const char *key, guint64 value)
{
    g_key_file_set_uint64(file, group, key, value);
}

void
mp_record_set_date(GKeyFile *file, const char *group, const char *key, gint64 value)
{
    g_autofree char *text = mp_time_format(value);

    g_key_file_set_string(file, group, key, text);
}

void
mp_record_set_optional(GKeyFile *file, const char *group, const char *key, const char *value)
{
    if (value != NULL)
        g_key_file_set_string(file, group, key, value);
}

void
mp_record_set_numbers(GKeyFile *file, const char *group, const char *key, const GArray *array)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; array != NULL && i < array->len; i++)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT ";", g_array_index(array, guint64, i));
    if (text->len > 0)
        g_key_file_set_value(file, group, key, text->str);
}
