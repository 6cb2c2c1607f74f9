/*
 * Lines of ours in a file of the administrator's, between two marks; see internal.h.
 *
 * The first mark carries a checksum of the whole file, so that a file tells by itself whether it is
 * what we wrote, however the program that wrote it ended. What was there before follows from the
 * file alone too: it is all but the lines between the marks, with "#metroplex# " taken from the
 * beginning of lines.
 */
#include <string.h>

#include "postfix/internal.h"

#define BEGIN      "# BEGIN metroplex "
#define END        "# END metroplex\n"
#define NO_NEWLINE " (there was no end of line before this)"
#define ADVICE                                                                                     \
    "# Written by `metroplex configure`, and taken out by `metroplex configure --revert`.\n"
#define OUT_OF_USE "#metroplex# "
#define SUM_LENGTH 64

void
mp_marked_clear(MpMarked *marked)
{
    g_free(marked->before);
    g_free(marked->lines);
    g_free(marked->after);
    *marked = (MpMarked){.is_as_written = false};
}

/* --- The checksum: of the text with zeros in its place ------------------------------------------
 */

/* Where a line that begins so begins, from `from` on, which lies in `text`; or NULL. */
static const char *
find_line(const char *text, const char *from, const char *start)
{
    for (const char *p = from; (p = strstr(p, start)) != NULL; p++)
        if (p == text || p[-1] == '\n')
            return p;
    return NULL;
}

/* The mark at which our lines begin, or NULL. */
static const char *
find_begin(const char *text)
{
    for (const char *p = text; (p = find_line(text, p, BEGIN)) != NULL; p++)
        if (strspn(p + strlen(BEGIN), "0123456789abcdef") == SUM_LENGTH)
            return p;
    return NULL;
}

static char *
without_sum(const char *text, char *sum)
{
    char *copy = g_strdup(text);
    char *at = (char *)find_begin(copy);

    if (at == NULL)
        return copy;
    if (sum != NULL)
        memcpy(sum, at + strlen(BEGIN), SUM_LENGTH);
    memset(at + strlen(BEGIN), '0', SUM_LENGTH);
    return copy;
}

static char *
with_sum(const char *text)
{
    char *copy = without_sum(text, NULL);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, copy, -1);

    memcpy((char *)find_begin(copy) + strlen(BEGIN), sum, SUM_LENGTH);
    return copy;
}

static bool
sum_is_right(const char *text)
{
    char said[SUM_LENGTH + 1] = "";
    g_autofree char *bare = without_sum(text, said);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, bare, -1);

    return strcmp(sum, said) == 0;
}

bool
mp_marked_differ(const char *a, const char *b)
{
    g_autofree char *bare_a = without_sum(a, NULL), *bare_b = without_sum(b, NULL);

    return strcmp(bare_a, bare_b) != 0;
}

/* --- Apart and together ------------------------------------------------------------------------
 */

void
mp_marked_parse(const char *text, MpMarked *marked)
{
    const char *begin = find_begin(text);
    const char *end = begin != NULL ? find_line(text, begin, END) : NULL;

    *marked = (MpMarked){.lines = NULL};
    if (end == NULL) {
        marked->before = g_strdup(text);
        marked->after = g_strdup("");
        return;
    }
    const char *lines = strchr(begin, '\n') + 1;
    g_autofree char *mark = g_strndup(begin, (gsize)(lines - begin));
    if (g_str_has_prefix(lines, ADVICE))
        lines += strlen(ADVICE);
    marked->lacked_newline = begin > text && strstr(mark, NO_NEWLINE) != NULL;
    marked->before = g_strndup(text, (gsize)(begin - text) - (marked->lacked_newline ? 1 : 0));
    marked->lines = g_strndup(lines, (gsize)(end - lines));
    marked->after = g_strdup(end + strlen(END));
    marked->is_as_written = sum_is_right(text);
}

/* Lines of the text with `from` at their beginning replaced by `to`. */
static void
append_in_use(GString *into, const char *text)
{
    for (const char *line = text; *line != '\0';) {
        gsize length = strcspn(line, "\n");

        length += line[length] == '\n';
        gsize skip = g_str_has_prefix(line, OUT_OF_USE) ? strlen(OUT_OF_USE) : 0;
        g_string_append_len(into, line + skip, (gssize)(length - skip));
        line += length;
    }
}

char *
mp_marked_base(const MpMarked *marked)
{
    GString *base = g_string_new(NULL);

    append_in_use(base, marked->before);
    if (marked->lacked_newline && *marked->after != '\0')
        g_string_append_c(base, '\n');
    append_in_use(base, marked->after);
    return g_string_free(base, FALSE);
}

/* Whether a line sets one of these parameters. */
static bool
sets_any(const char *line, const GPtrArray *names)
{
    gsize length = strcspn(line, " \t=\n");

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);

        if (strlen(name) == length && strncmp(line, name, length) == 0)
            return true;
    }
    return false;
}

static void
append_with_some_out_of_use(GString *into, const char *text, const GPtrArray *replaced)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    bool is_out = false;

    append_in_use(plain, text);
    for (const char *line = plain->str; *line != '\0';) {
        gsize length = strcspn(line, "\n");
        bool goes_on = *line == ' ' || *line == '\t', is_no_line = *line == '#' || *line == '\n';

        length += line[length] == '\n';
        if (!goes_on && !is_no_line) /* comments and empty lines may stand within a value */
            is_out = sets_any(line, replaced);
        if (is_out && !is_no_line)
            g_string_append(into, OUT_OF_USE);
        g_string_append_len(into, line, (gssize)length);
        line += length;
    }
}

char *
mp_marked_render(const char *text, const char *lines, const GPtrArray *replaced)
{
    g_auto(MpMarked) marked = {.lines = NULL};
    g_autoptr(GString) whole = g_string_new(NULL);

    mp_marked_parse(text, &marked);
    append_with_some_out_of_use(whole, marked.before, replaced);
    bool lacks_newline = whole->len > 0 && whole->str[whole->len - 1] != '\n';
    if (lacks_newline)
        g_string_append_c(whole, '\n');
    g_string_append_printf(whole, BEGIN "%0*d%s\n" ADVICE "%s" END, SUM_LENGTH, 0,
                           lacks_newline ? NO_NEWLINE : "", lines);
    append_with_some_out_of_use(whole, marked.after, replaced);
    return with_sum(whole->str);
}

/* --- main.cf's own syntax (postconf(5)) --------------------------------------------------------
 */

/* The end of the logical line that begins here, appended to `joined` without its comments. */
static const char *
take_logical_line(const char *line, GString *joined)
{
    do {
        gsize length = strcspn(line, "\n"), blank = strspn(line, " \t\r");

        if (blank < length && line[blank] != '#') {
            if (joined->len > 0)
                g_string_append_c(joined, ' ');
            g_string_append_len(joined, line + blank, (gssize)(length - blank));
        }
        line += length + (line[length] == '\n');
    } while (*line == ' ' || *line == '\t' || *line == '#' || *line == '\n');
    return line;
}

char *
mp_main_value(const char *text, const char *name)
{
    char *value = NULL;
    gsize length = strlen(name);

    while (*text != '\0') {
        g_autoptr(GString) line = g_string_new(NULL);

        text = take_logical_line(text, line);
        const char *rest = line->str + length;
        if (strncmp(line->str, name, length) != 0)
            continue;
        rest += strspn(rest, " \t");
        if (*rest != '=')
            continue;
        g_free(value);
        value = g_strstrip(g_strdup(rest + 1));
    }
    return value;
}

GPtrArray *
mp_main_list(const char *value)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

    for (const char *p = value; *p != '\0';) {
        int depth = 0;

        p += strspn(p, ", \t\r\n");
        const char *start = p;
        for (; *p != '\0' && (depth > 0 || strchr(", \t\r\n", *p) == NULL); p++)
            depth += *p == '{' ? 1 : *p == '}' ? -1 : 0;
        if (p > start)
            g_ptr_array_add(list, g_strndup(start, (gsize)(p - start)));
    }
    return list;
}
