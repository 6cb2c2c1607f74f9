/* Records as key files; see record_file.h. */
#include "tracker/record_file.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"

/* --- Reading --------------------------------------------------------------------------------- */

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
    const char *why;
    guint line;

    *r = (MpRecordReader){mp_key_file_parse(text, &line, &why), path, group, NULL};
    if (r->file == NULL)
        fail_at(r, line, why);
}

bool
mp_record_end(MpRecordReader *r, GError **error)
{
    mp_key_file_free(r->file);
    if (r->fault == NULL)
        return true;
    g_propagate_error(error, r->fault);
    return false;
}

/* NULL behind a fault, too. */
static const MpKeyEntry *
find(const MpRecordReader *r, const char *key)
{
    return r->fault == NULL ? mp_key_file_find(r->file, r->group, key) : NULL;
}

/* The line is that of the key, or else that of its group. */
void
mp_record_blame(MpRecordReader *r, const char *key, const char *why)
{
    const MpKeyEntry *entry = find(r, key);
    g_autofree char *what = g_strdup_printf("[%s] %s: %s", r->group, key, why);

    if (r->fault == NULL)
        fail_at(r, entry != NULL ? entry->line : mp_key_file_group(r->file, r->group), what);
}

char *
mp_record_optional(MpRecordReader *r, const char *key)
{
    const MpKeyEntry *entry = find(r, key);
    char *value = entry != NULL ? mp_key_entry_string(entry) : NULL;

    if (entry != NULL && value == NULL)
        mp_record_blame(r, key, "not UTF-8");
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
    return find(r, key) != NULL;
}

bool
mp_record_has_group(const MpRecordReader *r, const char *group)
{
    return r->fault == NULL && mp_key_file_group(r->file, group) > 0;
}

GStrv
mp_record_keys(const MpRecordReader *r)
{
    return r->fault == NULL ? mp_key_file_keys(r->file, r->group) : g_new0(char *, 1);
}

GStrv
mp_record_list(MpRecordReader *r, const char *key)
{
    const MpKeyEntry *entry = find(r, key);
    GStrv list = entry != NULL ? mp_key_entry_list(entry) : NULL;

    if (entry != NULL && list == NULL)
        mp_record_blame(r, key, "not UTF-8");
    return list;
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
    g_auto(GStrv) texts = mp_record_list(r, key);

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

struct MpRecordWriter {
    GString *text;
    const char *group; /* the one that is being written */
};

MpRecordWriter *
mp_record_writer_new(void)
{
    MpRecordWriter *w = g_new0(MpRecordWriter, 1);

    w->text = g_string_sized_new(512);
    return w;
}

void
mp_record_writer_free(MpRecordWriter *w)
{
    g_string_free(w->text, TRUE);
    g_free(w);
}

char *
mp_record_writer_text(const MpRecordWriter *w)
{
    return g_strndup(w->text->str, w->text->len);
}

static void
begin_key(MpRecordWriter *w, const char *group, const char *key)
{
    if (w->group == NULL || strcmp(w->group, group) != 0) {
        g_string_append(w->text, w->group != NULL ? "\n[" : "[");
        g_string_append(w->text, group);
        g_string_append(w->text, "]\n");
        w->group = group;
    }
    g_string_append(w->text, key);
    g_string_append_c(w->text, '=');
}

void
mp_record_set_string(MpRecordWriter *w, const char *group, const char *key, const char *value)
{
    begin_key(w, group, key);
    mp_key_append_escaped(w->text, value, false);
    g_string_append_c(w->text, '\n');
}

void
mp_record_set_optional(MpRecordWriter *w, const char *group, const char *key, const char *value)
{
    if (value != NULL)
        mp_record_set_string(w, group, key, value);
}

void
mp_record_set_number(MpRecordWriter *w, const char *group, const char *key, guint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    mp_record_set_string(w, group, key, text);
}

void
mp_record_set_date(MpRecordWriter *w, const char *group, const char *key, gint64 value)
{
    g_autofree char *text = mp_time_format(value);

    mp_record_set_string(w, group, key, text);
}

void
mp_record_set_list(MpRecordWriter *w, const char *group, const char *key, const char *const *list,
                   gsize n)
{
    begin_key(w, group, key);
    for (gsize i = 0; i < n; i++) {
        mp_key_append_escaped(w->text, list[i], true);
        g_string_append_c(w->text, ';');
    }
    g_string_append_c(w->text, '\n');
}

void
mp_record_set_numbers(MpRecordWriter *w, const char *group, const char *key, const GArray *array)
{
    if (array == NULL || array->len == 0)
        return;
    begin_key(w, group, key);
    for (guint i = 0; i < array->len; i++)
        g_string_append_printf(w->text, "%" G_GUINT64_FORMAT ";", g_array_index(array, guint64, i));
    g_string_append_c(w->text, '\n');
}
