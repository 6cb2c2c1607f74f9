/* The text of a record as groups of keys; see key_file.h. */
#include "tracker/key_file.h"

#include <string.h>

#define FEW 32 /* keys that are searched one after the other; of more there is a table */

struct MpKeyFile {
    GArray *entries;   /* MpKeyEntry: the keys; and, without a key, each line that begins a group */
    GHashTable *table; /* MpKeyEntry * of itself, where there are more than a few */
};

/* --- Pieces --------------------------------------------------------------------------------- */

static bool
is_same(const MpPiece *a, const MpPiece *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->at, b->at, a->length) == 0);
}

static MpPiece
piece(const char *text)
{
    return (MpPiece){text, strlen(text)};
}

/* FNV-1a. Whoever can write records can make all of them meet, and gains a slow fsck by it. */
static guint
hash_of(gconstpointer data)
{
    const MpKeyEntry *entry = data;
    guint hash = 2166136261u;

    for (gsize i = 0; i < entry->group.length; i++)
        hash = (hash ^ (guchar)entry->group.at[i]) * 16777619u;
    for (gsize i = 0; i < entry->key.length; i++)
        hash = (hash ^ (guchar)entry->key.at[i]) * 16777619u;
    return hash;
}

static gboolean
is_of_same_name(gconstpointer a, gconstpointer b)
{
    const MpKeyEntry *one = a, *other = b;

    return is_same(&one->group, &other->group) && is_same(&one->key, &other->key);
}

/* --- Lines ---------------------------------------------------------------------------------- */

/* "[NAME]", and blanks behind it. */
static const char *
read_group(const char *line, const char *end, MpPiece *group)
{
    const char *close = memchr(line, ']', (gsize)(end - line));

    if (close == NULL)
        return "a group without its ]";
    for (const char *p = line + 1; p < close; p++)
        if (*p == '[' || g_ascii_iscntrl(*p))
            return "not the name of a group";
    for (const char *p = close + 1; p < end; p++)
        if (*p != ' ' && *p != '\t')
            return "more than a group";
    *group = (MpPiece){line + 1, (gsize)(close - line - 1)};
    return group->length > 0 ? NULL : "a group without a name";
}

static const char *
read_key(const char *line, const char *end, MpKeyEntry *entry)
{
    const char *equals = memchr(line, '=', (gsize)(end - line)), *behind = equals;

    if (equals == NULL || equals == line)
        return "neither a key with its value nor a group nor a remark";
    if (entry->group.at == NULL)
        return "a key before the first group";
    while (g_ascii_isspace(behind[-1]))
        behind--;
    entry->key = (MpPiece){line, (gsize)(behind - line)};
    if (memchr(line, '[', entry->key.length) != NULL ||
        memchr(line, ']', entry->key.length) != NULL)
        return "not the name of a key";
    for (equals++; equals < end && g_ascii_isspace(*equals); equals++)
        ;
    entry->value = (MpPiece){equals, (gsize)(end - equals)};
    return NULL;
}

/* `entry` keeps the group from line to line. */
static const char *
read_line(const char *line, const char *end, MpKeyEntry *entry)
{
    while (line < end && g_ascii_isspace(*line))
        line++;
    if (end > line && end[-1] == '\r')
        end--;
    entry->key = (MpPiece){NULL, 0};
    if (line == end || *line == '#')
        return NULL;
    entry->value = (MpPiece){line, 0};
    return *line == '[' ? read_group(line, end, &entry->group) : read_key(line, end, entry);
}

MpKeyFile *
mp_key_file_parse(const char *text, guint *line, const char **why)
{
    g_autoptr(MpKeyFile) file = g_new0(MpKeyFile, 1);
    MpKeyEntry entry = {.line = 1};

    file->entries = g_array_sized_new(FALSE, FALSE, sizeof entry, FEW);
    for (const char *at = text, *end; *at != '\0';
         at = *end == '\n' ? end + 1 : end, entry.line++) {
        end = strchrnul(at, '\n');
        entry.value.at = NULL;
        *why = read_line(at, end, &entry);
        *line = entry.line;
        if (*why != NULL)
            return NULL;
        if (entry.value.at != NULL)
            g_array_append_val(file->entries, entry);
    }
    if (file->entries->len <= FEW)
        return g_steal_pointer(&file);
    file->table = g_hash_table_new(hash_of, is_of_same_name);
    for (guint i = 0; i < file->entries->len; i++)
        g_hash_table_add(file->table, &g_array_index(file->entries, MpKeyEntry, i));
    return g_steal_pointer(&file);
}

void
mp_key_file_free(MpKeyFile *file)
{
    if (file == NULL)
        return;
    g_clear_pointer(&file->table, g_hash_table_unref);
    g_array_unref(file->entries);
    g_free(file);
}

/* --- What is asked for ---------------------------------------------------------------------- */

const MpKeyEntry *
mp_key_file_find(const MpKeyFile *file, const char *group, const char *key)
{
    const MpKeyEntry wanted = {.group = piece(group), .key = piece(key)};

    if (file->table != NULL)
        return g_hash_table_lookup(file->table, &wanted);
    for (guint i = file->entries->len; i > 0; i--) {
        const MpKeyEntry *entry = &g_array_index(file->entries, MpKeyEntry, i - 1);

        if (is_of_same_name(entry, &wanted))
            return entry;
    }
    return NULL;
}

guint
mp_key_file_group(const MpKeyFile *file, const char *group)
{
    const MpPiece wanted = piece(group);

    for (guint i = 0; i < file->entries->len; i++) {
        const MpKeyEntry *entry = &g_array_index(file->entries, MpKeyEntry, i);

        if (is_same(&entry->group, &wanted))
            return entry->line;
    }
    return 0;
}

GStrv
mp_key_file_keys(const MpKeyFile *file, const char *group)
{
    g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
    const MpPiece wanted = piece(group);

    for (guint i = 0; i < file->entries->len; i++) {
        const MpKeyEntry *entry = &g_array_index(file->entries, MpKeyEntry, i);
        g_autofree char *key = NULL;

        if (entry->key.length == 0 || !is_same(&entry->group, &wanted))
            continue;
        key = g_strndup(entry->key.at, entry->key.length);
        if (mp_key_file_find(file, group, key) == entry)
            g_strv_builder_add(keys, key);
    }
    return g_strv_builder_end(keys);
}

/* --- Values --------------------------------------------------------------------------------- */

/* The octet that stands behind a backslash for another one; 0 if it stands for none. */
static char
unescaped(char c, bool is_list)
{
    switch (c) {
    case 's':
        return ' ';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case '\\':
        return '\\';
    default:
        return is_list && c == ';' ? ';' : '\0';
    }
}

/* Appends up to `end`, or up to the semicolon of a list's element, which it returns. Who writes a
 * title by hand does not think of escapes: a backslash before anything else is one. */
static const char *
unescape(GString *into, const char *at, const char *end, bool is_list)
{
    for (; at < end && !(is_list && *at == ';'); at++) {
        char c = *at == '\\' && at + 1 < end ? unescaped(at[1], is_list) : '\0';

        g_string_append_c(into, c != '\0' ? c : *at);
        at += c != '\0';
    }
    return at;
}

static bool
is_text(const MpPiece *value)
{
    return g_utf8_validate(value->at, (gssize)value->length, NULL);
}

char *
mp_key_entry_string(const MpKeyEntry *entry)
{
    const MpPiece *value = &entry->value;

    if (!is_text(value))
        return NULL;
    if (memchr(value->at, '\\', value->length) == NULL)
        return g_strndup(value->at, value->length);
    g_autoptr(GString) text = g_string_sized_new(value->length);
    (void)unescape(text, value->at, value->at + value->length, false);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

GStrv
mp_key_entry_list(const MpKeyEntry *entry)
{
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    g_autoptr(GString) text = g_string_new(NULL);
    const char *end = entry->value.at + entry->value.length;

    if (!is_text(&entry->value))
        return NULL;
    for (const char *at = entry->value.at; at < end; at++) {
        g_string_truncate(text, 0);
        at = unescape(text, at, end, true);
        g_strv_builder_add(list, text->str);
    }
    return g_strv_builder_end(list);
}

/* How what must not stand as it is is written; NULL if it may. */
static const char *
escape_of(char c, bool is_element)
{
    switch (c) {
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\\':
        return "\\\\";
    default:
        return is_element && c == ';' ? "\\;" : NULL;
    }
}

/* Blanks are only lost at the beginning, where readers skip them. */
void
mp_key_append_escaped(GString *text, const char *value, bool is_element)
{
    for (; *value == ' ' || *value == '\t'; value++)
        g_string_append(text, *value == ' ' ? "\\s" : "\\t");
    while (*value != '\0') {
        gsize plain = strcspn(value, is_element ? "\n\r\\;" : "\n\r\\");

        g_string_append_len(text, value, (gssize)plain);
        value += plain;
        if (*value != '\0')
            g_string_append(text, escape_of(*value++, is_element));
    }
}
