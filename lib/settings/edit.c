/* A key file, changed in one line; see edit.h. What a line is follows GLib's GKeyFile. */
#include "settings/edit.h"

#include <string.h>

typedef struct {
    gsize start, end, next; /* of the line: without its end, and where the one behind it begins */
    bool has_key;           /* it gives the key a value, which begins at `value` */
    bool is_example;        /* it is a comment that would, without its # */
    gsize value;
} Line;

typedef struct {
    const GString *text;
    const char *group, *key;
    bool is_inside; /* the group whose lines are walked is ours */
} Walk;

static bool
is_blank(const char *at, const char *end)
{
    while (at < end && g_ascii_isspace(*at))
        at++;
    return at == end;
}

/* "key = ", and the place of what stands behind it. */
static bool
begins_with_key(const char *at, const char *end, const char *key, const char **value)
{
    gsize length = strlen(key);

    if ((gsize)(end - at) <= length || memcmp(at, key, length) != 0)
        return false;
    at += length;
    while (at < end && g_ascii_isspace(*at))
        at++;
    if (at == end || *at != '=')
        return false;
    at++;
    while (at < end && g_ascii_isspace(*at))
        at++;
    *value = at;
    return true;
}

/* "[group]" changes where we are. */
static void
enter_group(Walk *walk, const char *at, const char *end)
{
    const char *close = memchr(at, ']', (gsize)(end - at));
    gsize length = strlen(walk->group);

    if (close != NULL)
        walk->is_inside =
            (gsize)(close - at - 1) == length && memcmp(at + 1, walk->group, length) == 0;
}

static void
look_at_line(Walk *walk, Line *line)
{
    const char *end = walk->text->str + line->end, *at = walk->text->str + line->start, *value;

    while (at < end && g_ascii_isspace(*at))
        at++;
    if (at < end && *at == '[') {
        enter_group(walk, at, end);
        return;
    }
    line->is_example = at < end && *at == '#';
    while (at < end && (*at == '#' || (line->is_example && g_ascii_isspace(*at))))
        at++;
    line->has_key = walk->is_inside && begins_with_key(at, end, walk->key, &value);
    if (line->has_key)
        line->value = (gsize)(value - walk->text->str);
    line->is_example = line->is_example && line->has_key;
    line->has_key = line->has_key && !line->is_example;
}

/* The line at `start`; false at the end of the text. */
static bool
read_line(Walk *walk, gsize start, Line *line)
{
    const GString *text = walk->text;
    const char *newline;

    if (start >= text->len)
        return false;
    newline = memchr(text->str + start, '\n', text->len - start);
    line->start = start;
    line->end = newline != NULL ? (gsize)(newline - text->str) : text->len;
    line->next = newline != NULL ? line->end + 1 : text->len;
    if (line->end > start && text->str[line->end - 1] == '\r')
        line->end--;
    line->has_key = line->is_example = false;
    look_at_line(walk, line);
    return true;
}

/* The places that mp_edit_set() chooses from; G_MAXSIZE for none. */
typedef struct {
    Line key;      /* the last line that gives the key a value */
    gsize example; /* behind the last example */
    gsize group;   /* behind the last line of the group that is not blank */
} Places;

static Places
find_places(Walk *walk)
{
    Places places = {.key.start = G_MAXSIZE, .example = G_MAXSIZE, .group = G_MAXSIZE};
    Line line;

    for (gsize at = 0; read_line(walk, at, &line); at = line.next) {
        if (line.has_key)
            places.key = line;
        if (line.is_example)
            places.example = line.next;
        if (walk->is_inside && !is_blank(walk->text->str + line.start, walk->text->str + line.end))
            places.group = line.next;
    }
    return places;
}

/* As the lines of the file end. */
static const char *
line_end(const GString *text)
{
    const char *newline = memchr(text->str, '\n', text->len);

    return newline != NULL && newline > text->str && newline[-1] == '\r' ? "\r\n" : "\n";
}

/* A line of its own at this place, which is the beginning of a line or the end of the text. */
static void
insert_line(GString *text, gsize at, const char *line)
{
    const char *end = line_end(text);
    bool is_open = at > 0 && text->str[at - 1] != '\n'; /* the last line has no end */
    g_autofree char *whole = g_strconcat(is_open ? end : "", line, end, NULL);

    g_string_insert(text, (gssize)at, whole);
}

static void
append_group(GString *text, const char *group, const char *line)
{
    g_autofree char *head = g_strdup_printf("[%s]", group);

    if (text->len > 0)
        insert_line(text, text->len, "");
    insert_line(text, text->len, head);
    insert_line(text, text->len, line);
}

/* GLib reads a backslash as the beginning of an escape. */
static char *
escape(const char *value)
{
    GString *escaped = g_string_new(value);

    g_string_replace(escaped, "\\", "\\\\", 0);
    return g_string_free(escaped, FALSE);
}

void
mp_edit_set(GString *text, const char *group, const char *key, const char *value)
{
    Walk walk = {text, group, key, false};
    Places places = find_places(&walk);
    g_autofree char *escaped = escape(value);
    g_autofree char *line = g_strdup_printf("%s = %s", key, escaped);

    if (places.key.start != G_MAXSIZE) {
        g_string_erase(text, (gssize)places.key.value, (gssize)(places.key.end - places.key.value));
        g_string_insert(text, (gssize)places.key.value, escaped);
    } else if (places.example != G_MAXSIZE) {
        insert_line(text, places.example, line);
    } else if (places.group != G_MAXSIZE) {
        insert_line(text, places.group, line);
    } else {
        append_group(text, group, line);
    }
}

bool
mp_edit_unset(GString *text, const char *group, const char *key)
{
    Walk walk = {text, group, key, false};
    bool was_there = false;
    Line line;

    for (gsize at = 0; read_line(&walk, at, &line);) {
        if (line.has_key)
            g_string_erase(text, (gssize)line.start, (gssize)(line.next - line.start));
        else
            at = line.next;
        was_there |= line.has_key;
    }
    return was_there;
}
