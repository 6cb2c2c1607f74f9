/*
 * The pages of listed/: which there are is said by their lines alone, so that it does not matter in
 * what order these came; see listed.h.
 */
#include <string.h>

#include "base/error.h"
#include "tracker/listed.h"

void
mp_listed_key(guint64 id, char key[MP_LISTED_KEY])
{
    char digits[21];

    g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, id);
    g_snprintf(key, MP_LISTED_KEY, "%zu%s", strlen(digits), digits);
}

bool
mp_listed_is_step(const char *name)
{
    return g_ascii_isdigit(name[0]) && name[1] == '\0';
}

/* --- Reading ------------------------------------------------------------------------------------
 */

static bool
find_page(MpTree *tree, GString *path, GString *steps, const char *behind, char **text,
          GError **error)
{
    MpTreeNode *directory;

    if (!mp_tree_directory(tree, NULL, path->str, &directory, error))
        return false;
    if (directory == NULL) /* of the page that we are behind, nothing is left */
        return behind != NULL || mp_tree_read(tree, NULL, path->str, text, NULL, error);
    for (guint i = 0; i < mp_tree_count(directory) && *text == NULL; i++) {
        const char *name = mp_tree_name(directory, i);
        gsize length = path->len, n = steps->len;

        if (!mp_listed_is_step(name) || n + 1 == MP_LISTED_KEY ||
            (behind != NULL && *name < *behind))
            continue;
        g_string_append_printf(path, "/%c", *name);
        g_string_append_c(steps, *name);
        if (!find_page(tree, path, steps, behind != NULL && *name == *behind ? behind + 1 : NULL,
                       text, error))
            return false;
        if (*text == NULL)
            g_string_truncate(steps, n);
        g_string_truncate(path, length);
    }
    return true;
}

bool
mp_listed_next_page(MpTree *tree, const char *base, GString *steps, char **text, GError **error)
{
    g_autofree char *behind = g_strdup(steps->str);
    g_autoptr(GString) path = g_string_new(base);

    *text = NULL;
    g_string_truncate(steps, 0);
    return find_page(tree, path, steps, *behind != '\0' ? behind : NULL, text, error);
}

/* --- Writing ------------------------------------------------------------------------------------
 */

typedef struct {
    MpTree *tree;
    GString *path; /* of what is being worked on */
    bool is_sound;
} Editing;

/* What is done at a path below a directory, with the lines or edits that belong there. */
typedef bool (*Below)(Editing *editing, guint depth, const MpListedEdit *some, guint n,
                      GError **error);

static bool write_lines(Editing *editing, guint depth, const MpListedEdit *lines, guint n,
                        GError **error);
static bool edit(Editing *editing, guint depth, const MpListedEdit *edits, guint n, GError **error);

/* Those whose keys take the same step from here, together. */
static bool
at_each_step(Editing *editing, guint depth, const MpListedEdit *all, guint n, Below below,
             GError **error)
{
    gsize length = editing->path->len;

    for (guint i = 0, some; i < n; i += some) {
        char step = all[i].key[depth];

        for (some = 1; i + some < n && all[i + some].key[depth] == step;)
            some++;
        g_string_append_printf(editing->path, "/%c", step);
        if (!below(editing, depth + 1, all + i, some, error))
            return false;
        g_string_truncate(editing->path, length);
    }
    return true;
}

static bool
split(Editing *editing, guint depth, const MpListedEdit *lines, guint n, GError **error)
{
    return mp_tree_remove_at(editing->tree, editing->path->str, error) &&
           at_each_step(editing, depth, lines, n, write_lines, error);
}

static bool
write_lines(Editing *editing, guint depth, const MpListedEdit *lines, guint n, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (n > MP_LISTED_LINES)
        return split(editing, depth, lines, n, error);
    for (guint i = 0; i < n; i++) {
        g_string_append(text, lines[i].line);
        g_string_append_c(text, '\n');
    }
    return n > 0 ? mp_tree_set_at(editing->tree, editing->path->str, text->str, text->len, error)
                 : mp_tree_remove_at(editing->tree, editing->path->str, error);
}

/* The lines of a page's text, which becomes theirs. */
static GArray *
read_lines(Editing *editing, char *text)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(MpListedEdit));
    guint64 last = 0;

    for (char *rest = text, *line; rest != NULL && *rest != '\0';) {
        line = strsep(&rest, "\n");
        MpListedEdit read = {.line = line};
        guint64 id = mp_listed_line_id(line);

        if (id <= last) {
            editing->is_sound = false;
            continue;
        }
        mp_listed_key(id, read.key);
        g_array_append_val(lines, read);
        last = id;
    }
    return lines;
}

static void
take_edit(Editing *editing, GArray *merged, const MpListedEdit *one, bool is_there)
{
    if (one->line == NULL)
        editing->is_sound = editing->is_sound && is_there;
    else
        g_array_append_vals(merged, one, 1);
}

static bool
edit_page(Editing *editing, guint depth, const MpListedEdit *edits, guint n, GError **error)
{
    g_autofree char *text = NULL;

    if (!mp_tree_read(editing->tree, NULL, editing->path->str, &text, NULL, error))
        return false;
    g_autoptr(GArray) lines = read_lines(editing, text);
    g_autoptr(GArray) merged = g_array_new(FALSE, FALSE, sizeof(MpListedEdit));
    guint i = 0;
    for (guint j = 0; j < lines->len; j++) {
        const MpListedEdit *line = &g_array_index(lines, MpListedEdit, j);
        int order = 1;

        while (i < n && (order = strcmp(edits[i].key, line->key)) <= 0) {
            take_edit(editing, merged, &edits[i++], order == 0);
            if (order == 0)
                break;
        }
        if (order != 0)
            g_array_append_val(merged, *line);
    }
    while (i < n)
        take_edit(editing, merged, &edits[i++], false);
    return write_lines(editing, depth, (const MpListedEdit *)merged->data, merged->len, error);
}

/* The texts below a directory whose lines fit into one page; NULL where they do not. */
static bool
gather(Editing *editing, MpTreeNode *directory, GString **all, GError **error)
{
    g_autoptr(GString) gathered = g_string_new(NULL);
    guint n = 0;

    *all = NULL;
    for (guint i = 0; i < mp_tree_count(directory); i++)
        if (mp_tree_is_directory(directory, i)) /* which has more than one page could */
            return true;
    for (guint i = 0; i < mp_tree_count(directory); i++) {
        g_autofree char *text = NULL;

        if (!mp_tree_read(editing->tree, directory, mp_tree_name(directory, i), &text, NULL, error))
            return false;
        for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
            n++;
        if (n > MP_LISTED_LINES)
            return true;
        g_string_append(gathered, text);
    }
    *all = g_steal_pointer(&gathered);
    return true;
}

/* A directory from which lines went becomes a page again, if they are few enough. */
static bool
join(Editing *editing, GError **error)
{
    const char *path = editing->path->str;
    MpTreeNode *directory;
    g_autoptr(GString) text = NULL;

    if (!mp_tree_directory(editing->tree, NULL, path, &directory, error) ||
        !gather(editing, directory, &text, error))
        return false;
    return text == NULL ||
           (mp_tree_remove_at(editing->tree, path, error) &&
            (text->len == 0 || mp_tree_set_at(editing->tree, path, text->str, text->len, error)));
}

static bool
edit_directory(Editing *editing, guint depth, const MpListedEdit *edits, guint n, GError **error)
{
    bool has_fewer = false;

    for (guint i = 0; i < n; i++)
        has_fewer |= edits[i].line == NULL;
    if (!at_each_step(editing, depth, edits, n, edit, error))
        return false;
    return !has_fewer || join(editing, error);
}

static bool
edit(Editing *editing, guint depth, const MpListedEdit *edits, guint n, GError **error)
{
    MpTreeNode *directory;

    if (!mp_tree_directory(editing->tree, NULL, editing->path->str, &directory, error))
        return false;
    if (directory != NULL && depth >= strlen(edits->key)) { /* whose keys are all of that length */
        editing->is_sound = false;
        return true;
    }
    return (directory != NULL ? edit_directory : edit_page)(editing, depth, edits, n, error);
}

/* Directories that are empty without what was below them. */
static bool
remove_empty(MpTree *tree, const char *base, GError **error)
{
    g_autofree char *gone = g_strdup(base);
    char *slash;

    while ((slash = strrchr(gone, '/')) != NULL) {
        MpTreeNode *parent;

        *slash = '\0';
        if (!mp_tree_directory(tree, NULL, gone, &parent, error))
            return false;
        if (parent != NULL && mp_tree_count(parent) > 0)
            return true;
        if (parent != NULL && !mp_tree_remove_at(tree, gone, error))
            return false;
    }
    return true;
}

bool
mp_listed_edit(MpTree *tree, const char *base, const MpListedEdit *edits, guint n, bool *is_sound,
               GError **error)
{
    g_autoptr(GString) path = g_string_new(base);
    Editing editing = {tree, path, true};

    if (!edit(&editing, 0, edits, n, error) || !remove_empty(tree, base, error))
        return false;
    *is_sound = *is_sound && editing.is_sound;
    return true;
}
