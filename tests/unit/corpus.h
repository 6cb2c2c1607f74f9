/* Lines of tests/fixtures whose fields are parted by tabs: a comment begins with #, a line break is
 * written as ⏎. */
#pragma once

#include <glib.h>

typedef void (*CorpusFunc)(char **fields, gpointer data);

/* Calls func for each line of the file with its fields, NULL-terminated; the first may hold tabs.
 * Gives the number of lines. */
guint corpus_each(const char *path, guint n_fields, CorpusFunc func, gpointer data);
