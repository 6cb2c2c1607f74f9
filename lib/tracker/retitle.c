/* Taking the titles that a thread had out of its records: its own, and those of its events. */
#include <string.h>

#include "tracker/internal.h"
#include "tracker/key_file.h"

/* Whether a line sets one of the keys that hold a title; *length is that of the key. */
static bool
names_title(const char *line, gsize *length)
{
    static const char *const keys[] = {"title", "was"};

    *length = strcspn(line, "= \t");
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (*length == strlen(keys[i]) && strncmp(line, keys[i], *length) == 0)
            return true;
    return false;
}

static void
append_title(GString *text, const char *key, gsize length, const char *title)
{
    g_string_append_len(text, key, (gssize)length);
    g_string_append_c(text, '=');
    mp_key_append_escaped(text, title, false);
}

/* By lines: somebody may have edited a record so that it does not parse. */
static bool
retitle_file(MpTree *tree, MpTreeNode *directory, const char *name, const char *title,
             GError **error)
{
    g_autoptr(GString) after = g_string_new(NULL);
    g_autofree char *text = NULL;

    if (!mp_tree_read(tree, directory, name, &text, NULL, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        gsize length;

        if (names_title(*line, &length))
            append_title(after, *line, length, title);
        else
            g_string_append(after, *line);
        if (line[1] != NULL)
            g_string_append_c(after, '\n');
    }
    return text == NULL || strcmp(after->str, text) == 0 ||
           mp_tree_set(tree, directory, name, after->str, after->len, error);
}

/* Events lie in pages, as comments do. */
static bool
retitle_events(MpTree *tree, MpTreeNode *events, const char *title, GError **error)
{
    for (guint i = 0; events != NULL && i < mp_tree_count(events); i++) {
        const char *name = mp_tree_name(events, i);
        MpTreeNode *below;

        if (!mp_tree_is_directory(events, i)) {
            if (!retitle_file(tree, events, name, title, error))
                return false;
            continue;
        }
        if (!mp_tree_directory(tree, events, name, &below, error) ||
            !retitle_events(tree, below, title, error))
            return false;
    }
    return true;
}

bool
mp_retitle_in_tree(MpTree *tree, MpTreeNode *thread, const char *title, GError **error)
{
    MpTreeNode *events;

    return title == NULL || (retitle_file(tree, thread, "thread", title, error) &&
                             mp_tree_directory(tree, thread, "events", &events, error) &&
                             retitle_events(tree, events, title, error));
}
