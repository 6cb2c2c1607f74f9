#include "corpus.h"

#include <criterion/criterion.h>
#include <string.h>

static char *
with_line_breaks(const char *text, gsize length)
{
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "⏎", -1);

    return g_strjoinv("\n", lines);
}

/* From the back, since what is tried may hold tabs. */
static GStrv
fields_of(const char *line, guint n_fields)
{
    GStrv fields = g_new0(char *, n_fields + 1);
    gsize length = strlen(line);

    for (guint i = n_fields; i-- > 0;) {
        const char *tab = i > 0 ? g_strrstr_len(line, (gssize)length, "\t") : NULL;

        cr_assert(i == 0 || tab != NULL, "%s", line);
        const char *begin = tab != NULL ? tab + 1 : line;
        fields[i] = with_line_breaks(begin, length - (gsize)(begin - line));
        length = tab != NULL ? (gsize)(tab - line) : 0;
    }
    return fields;
}

guint
corpus_each(const char *path, guint n_fields, CorpusFunc func, gpointer data)
{
    g_autofree char *text = NULL;
    guint n = 0;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL), "%s", path);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (**line == '\0' || (g_str_has_prefix(*line, "# ") && strchr(*line, '\t') == NULL))
            continue;
        g_auto(GStrv) fields = fields_of(*line, n_fields);
        func(fields, data);
        n++;
    }
    return n;
}
