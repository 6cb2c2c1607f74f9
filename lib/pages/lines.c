/*
 * A page as the memory of its lines; see internal.h. Each line of a list is written by us and by
 * nobody else, on one line, its key and order at its beginning: so the next update reads it again,
 * and need not ask the tracker for the ninety-nine threads that did not change.
 */
#include "pages/internal.h"

#include <string.h>

#define ORDER_CHARACTERS "0123456789TZ:-"

typedef struct {
    char *line, *key, *order;
} Line;

struct MpLines {
    const MpLinesForm *form;
    char *text;         /* not looked into yet, or NULL: every line is in by_key */
    GHashTable *by_key; /* char * of the Line to Line */
    bool was_full, is_changed, has_gone_down;
    char *floor; /* the order of the last line that was not cut off */
};

/* A row of threads is the same in all three lists. */
#define ROW "<tr id=\"t", "\" data-at=\""

const MpLinesForm mp_lines_active = {ROW, MP_LINES_BY_ORDER, MP_PAGES_LISTED};
const MpLinesForm mp_lines_opened = {ROW, MP_LINES_BY_KEY_DOWN, MP_PAGES_LISTED};
const MpLinesForm mp_lines_range = {ROW, MP_LINES_BY_KEY, 0};
const MpLinesForm mp_lines_archive = {"<li id=\"ids-", NULL, MP_LINES_BY_KEY, 0};
const MpLinesForm mp_lines_titles = {"[", NULL, MP_LINES_BY_KEY_DOWN, MP_PAGES_TITLES};
const MpLinesForm mp_lines_feed = {"<entry xml:id=\"e", "\"><updated>", MP_LINES_BY_ORDER,
                                   MP_PAGES_ENTRIES};

static void
line_free(gpointer data)
{
    Line *line = data;

    g_free(line->line);
    g_free(line->key);
    g_free(line->order);
    g_free(line);
}

char *
mp_lines_key(const MpLinesForm *form, const char *line)
{
    const char *key = line + strlen(form->before);
    gsize length;

    if (!g_str_has_prefix(line, form->before))
        return NULL;
    length = strspn(key, "0123456789-");
    return length > 0 ? g_strndup(key, length) : NULL;
}

static char *
order_of(const MpLinesForm *form, const char *line, const char *key)
{
    const char *p = line + strlen(form->before) + strlen(key);

    if (form->between == NULL || !g_str_has_prefix(p, form->between))
        return g_strdup("");
    p += strlen(form->between);
    return g_strndup(p, strspn(p, ORDER_CHARACTERS));
}

/* NULL for a line of another kind: head and foot of the page. */
static Line *
line_new(const MpLinesForm *form, char *text)
{
    char *key = mp_lines_key(form, text);

    if (key == NULL) {
        g_free(text);
        return NULL;
    }
    Line *line = g_new0(Line, 1);
    line->line = text;
    line->key = key;
    line->order = order_of(form, text, key);
    return line;
}

MpLines *
mp_lines_new(const MpLinesForm *form, const char *text)
{
    MpLines *lines = g_new0(MpLines, 1);

    lines->form = form;
    lines->text = g_strdup(text);
    lines->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, line_free);
    return lines;
}

/* A long page of which nothing changes, such as the archive, is not taken apart for a comment. */
static void
parse(MpLines *lines)
{
    const MpLinesForm *form = lines->form;
    g_autofree char *text = g_steal_pointer(&lines->text);

    if (text == NULL)
        return;
    for (const char *p = text; *p != '\0';) {
        const char *end = strchrnul(p, '\n');
        Line *line = line_new(form, g_strndup(p, (gsize)(end - p)));

        if (line != NULL)
            g_hash_table_replace(lines->by_key, line->key, line);
        p = *end == '\n' ? end + 1 : end;
    }
    lines->was_full = form->most > 0 && g_hash_table_size(lines->by_key) >= form->most;
}

/* Whether the page was not taken apart, and has this very line. */
static bool
has_line(const MpLines *lines, const char *line)
{
    const char *p = lines->text != NULL ? strstr(lines->text, line) : NULL;

    return p != NULL && (p == lines->text || p[-1] == '\n') &&
           (p[strlen(line)] == '\n' || p[strlen(line)] == '\0');
}

void
mp_lines_free(MpLines *lines)
{
    if (lines == NULL)
        return;
    g_hash_table_unref(lines->by_key);
    g_free(lines->text);
    g_free(lines->floor);
    g_free(lines);
}

static int
compare(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Line *x = *(Line *const *)a, *y = *(Line *const *)b;
    MpLinesSort sort = *(const MpLinesSort *)user_data;
    int by_order = sort == MP_LINES_BY_ORDER ? strcmp(y->order, x->order) : 0;
    int by_key = strverscmp(x->key, y->key);

    return by_order != 0 ? by_order : sort == MP_LINES_BY_KEY ? by_key : -by_key;
}

static GPtrArray *
sorted(MpLines *lines)
{
    GPtrArray *all = g_ptr_array_new();
    GHashTableIter iter;
    gpointer line;
    MpLinesSort sort = lines->form->sort;

    parse(lines);
    g_hash_table_iter_init(&iter, lines->by_key);
    while (g_hash_table_iter_next(&iter, NULL, &line))
        g_ptr_array_add(all, line);
    g_ptr_array_sort_with_data(all, compare, &sort);
    return all;
}

/* What a long update brings would otherwise be all in memory. */
static void
cut(MpLines *lines)
{
    g_autoptr(GPtrArray) all = sorted(lines);

    for (guint i = lines->form->most; i < all->len; i++)
        g_hash_table_remove(lines->by_key, ((Line *)g_ptr_array_index(all, i))->key);
    lines->was_full = true;
    g_free(lines->floor);
    lines->floor = g_strdup(((Line *)g_ptr_array_index(all, lines->form->most - 1))->order);
}

bool
mp_lines_takes(const MpLines *lines, const char *order)
{
    return lines->floor == NULL || strcmp(order, lines->floor) >= 0;
}

void
mp_lines_set(MpLines *lines, char *text)
{
    if (has_line(lines, text)) {
        g_free(text);
        return;
    }
    parse(lines);
    Line *line = line_new(lines->form, text);
    const Line *old = line != NULL ? g_hash_table_lookup(lines->by_key, line->key) : NULL;

    if (line == NULL)
        return;
    if (old != NULL && strcmp(old->line, line->line) == 0) {
        line_free(line);
        return;
    }
    lines->is_changed = true;
    lines->has_gone_down |= old != NULL && strcmp(line->order, old->order) < 0 &&
                            lines->form->sort == MP_LINES_BY_ORDER;
    g_hash_table_replace(lines->by_key, line->key, line);
    if (lines->form->most > 0 && g_hash_table_size(lines->by_key) >= 2 * lines->form->most)
        cut(lines);
}

void
mp_lines_remove(MpLines *lines, const char *key)
{
    parse(lines);
    if (!g_hash_table_remove(lines->by_key, key))
        return;
    lines->is_changed = lines->has_gone_down = true;
}

bool
mp_lines_has(MpLines *lines, const char *key)
{
    parse(lines);
    return g_hash_table_contains(lines->by_key, key);
}

bool
mp_lines_is_empty(const MpLines *lines)
{
    return lines->text != NULL ? strstr(lines->text, lines->form->before) == NULL
                               : g_hash_table_size(lines->by_key) == 0;
}

bool
mp_lines_is_changed(const MpLines *lines)
{
    return lines->is_changed;
}

bool
mp_lines_is_short(const MpLines *lines)
{
    return lines->was_full && lines->has_gone_down;
}

GPtrArray *
mp_lines_sorted(MpLines *lines)
{
    GPtrArray *all = sorted(lines);

    if (lines->form->most > 0 && all->len > lines->form->most)
        g_ptr_array_set_size(all, (int)lines->form->most);
    for (guint i = 0; i < all->len; i++)
        all->pdata[i] = ((Line *)all->pdata[i])->line;
    return all;
}
