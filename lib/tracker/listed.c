/* The lines and pages of listed/; see listed.h. */
#include "tracker/listed.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/names.h"

/* --- A line -------------------------------------------------------------------------------------
 */

/* Between tabs; each text as mp_escape() shows it, and "-" where there is none. */
enum {
    ID,
    KIND,
    MARKS, /* "l" locked, "m" merged */
    REPOSITORY,
    CREATED, /* seconds since the epoch */
    LOGIN,
    NAME,
    OBJECT,
    BASE,
    LABELS,    /* between spaces, which none has */
    ASSIGNEES, /* "5:kate 6:tim" */
    TITLE,
    N_FIELDS,
};

#define NONE   "-"
#define A_DASH "\\x2d"

static char *
written(const char *text)
{
    return g_strcmp0(text, NONE) == 0 ? g_strdup(A_DASH) : mp_escape(text);
}

static char *
read_text(const char *field)
{
    if (strcmp(field, NONE) == 0)
        return NULL;
    return strchr(field, '\\') != NULL ? mp_unescape(field) : g_strdup(field);
}

static void
append(GString *line, const char *text)
{
    g_autofree char *field = written(text);

    g_string_append_printf(line, "\t%s", field);
}

static void
append_assignees(GString *line, const GPtrArray *assignees)
{
    g_string_append(line, assignees == NULL || assignees->len == 0 ? "\t" NONE : "\t");
    for (guint i = 0; assignees != NULL && i < assignees->len; i++) {
        const MpAssignee *assignee = assignees->pdata[i];

        g_string_append_printf(line, "%s%" G_GUINT64_FORMAT ":%s", i > 0 ? " " : "", assignee->id,
                               assignee->login);
    }
}

static char *
line_of(const MpThread *thread)
{
    GString *line = g_string_new(NULL);
    g_autofree char *labels = mp_labels_text(thread->labels, " ");
    const char *marks =
        thread->is_merged ? (thread->is_locked ? "lm" : "m") : (thread->is_locked ? "l" : NONE);

    g_string_append_printf(line, "%" G_GUINT64_FORMAT "\t%s\t%s", thread->id,
                           mp_thread_kind_name(thread->kind), marks);
    append(line, thread->repository);
    g_string_append_printf(line, "\t%" G_GINT64_FORMAT, thread->created);
    append(line, thread->author_login);
    append(line, thread->author_name);
    append(line, thread->object);
    append(line, thread->base);
    append(line, *labels != '\0' ? labels : NULL);
    append_assignees(line, thread->assignees);
    append(line, thread->title);
    return g_string_free(line, FALSE);
}

void
mp_listed_line_free(MpListedLine *line)
{
    g_free(line->line);
    g_free(line);
}

MpListedLine *
mp_listed_line_of(guint64 id, const MpThread *thread)
{
    MpListedLine *line = g_new0(MpListedLine, 1);

    if (thread == NULL) {
        line->line = g_strdup_printf("%" G_GUINT64_FORMAT, id);
        line->list = MP_LISTED_UNREADABLE;
    } else if (!thread->is_unlisted) {
        line->line = line_of(thread);
        line->list = thread->is_open ? MP_LISTED_OPEN : MP_LISTED_CLOSED;
    }
    return line;
}

static GPtrArray *
read_labels(const char *field)
{
    g_autofree char *text = read_text(field);
    g_auto(GStrv) labels = g_strsplit(text != NULL ? text : "", " ", -1);
    GPtrArray *read = text != NULL ? g_ptr_array_new_with_free_func(g_free) : NULL;

    for (char **label = labels; text != NULL && *label != NULL; label++)
        g_ptr_array_add(read, g_strdup(*label));
    return read;
}

static bool
read_assignees(const char *field, GPtrArray **assignees)
{
    g_auto(GStrv) each = g_strsplit(field, " ", -1);

    *assignees = strcmp(field, NONE) != 0 ? mp_assignees_new() : NULL;
    for (char **one = each; *assignees != NULL && *one != NULL; one++) {
        char *colon = strchr(*one, ':');
        guint64 id;

        if (colon == NULL)
            return false;
        *colon = '\0';
        if (!g_ascii_string_to_unsigned(*one, 10, 1, MP_MAX_ID, &id, NULL) ||
            !mp_is_login(colon + 1))
            return false;
        mp_assignees_add(*assignees, id, colon + 1);
    }
    return true;
}

static bool
read_facts(char *const *fields, MpThread *thread)
{
    thread->is_locked = *fields[MARKS] == 'l';
    thread->is_merged = fields[MARKS][thread->is_locked] == 'm';
    thread->repository = read_text(fields[REPOSITORY]);
    thread->author_login = read_text(fields[LOGIN]);
    thread->author_name = read_text(fields[NAME]);
    thread->object = read_text(fields[OBJECT]);
    thread->base = read_text(fields[BASE]);
    thread->labels = read_labels(fields[LABELS]);
    thread->title = read_text(fields[TITLE]);
    return mp_thread_kind_parse(fields[KIND], &thread->kind) &&
           g_ascii_string_to_signed(fields[CREATED], 10, G_MININT64, G_MAXINT64, &thread->created,
                                    NULL) &&
           read_assignees(fields[ASSIGNEES], &thread->assignees) && thread->repository != NULL &&
           thread->author_login != NULL && thread->title != NULL;
}

MpThread *
mp_listed_line_parse(const char *line, MpListed list)
{
    g_autoptr(MpThread) thread = g_new0(MpThread, 1);
    g_autofree char *copy = g_strdup(line);
    char *fields[N_FIELDS + 1], *rest = copy;
    guint n = 0;

    while (rest != NULL && n <= N_FIELDS)
        fields[n++] = strsep(&rest, "\t");
    thread->is_open = list == MP_LISTED_OPEN;
    return n == N_FIELDS && list != MP_LISTED_UNREADABLE &&
                   g_ascii_string_to_unsigned(fields[ID], 10, 1, MP_MAX_ID, &thread->id, NULL) &&
                   read_facts(fields, thread)
               ? g_steal_pointer(&thread)
               : NULL;
}

/* --- A page -------------------------------------------------------------------------------------
 */

static const char *const list_names[] = {
    [MP_LISTED_OPEN] = "open",
    [MP_LISTED_CLOSED] = "closed",
    [MP_LISTED_UNREADABLE] = "unreadable",
};

MP_DEFINE_NAMES(mp_listed, MpListed, list_names)

char *
mp_listed_path(MpListed list, guint64 page)
{
    return g_strdup_printf(MP_LISTED "/%s/%02u/%02u/%02u", mp_listed_name(list),
                           (unsigned)(page / 10000 % 100), (unsigned)(page / 100 % 100),
                           (unsigned)(page % 100));
}

static void
take_line(MpListedPage *page, MpListed list, const char *line, const char *path, guint n)
{
    guint64 id = g_ascii_strtoull(line, NULL, 10);
    guint i = (guint)(id % MP_LISTED_PAGE);

    if (g_ascii_isdigit(*line) && *line != '0' && id / MP_LISTED_PAGE == page->number &&
        page->threads[i].line == NULL) {
        page->threads[i].line = line;
        page->threads[i].list = list;
    } else if (page->fault == NULL) {
        page->fault = g_strdup_printf("%s:%u", path, n);
    }
}

bool
mp_listed_page_read(MpListedPage *page, MpTree *tree, guint64 number, guint wanted, GError **error)
{
    *page = (MpListedPage){.number = number};
    for (MpListed list = 0; list < MP_N_LISTED; list++) {
        g_autofree char *path = mp_listed_path(list, number);
        guint n = 1;

        if ((wanted & 1u << list) == 0)
            continue;
        if (!mp_tree_read(tree, NULL, path, &page->texts[list], NULL, error))
            return false;
        for (char *rest = page->texts[list], *line; rest != NULL && *rest != '\0'; n++) {
            line = strsep(&rest, "\n");
            take_line(page, list, line, path, n);
        }
    }
    return true;
}

void
mp_listed_page_clear(MpListedPage *page)
{
    for (MpListed list = 0; list < MP_N_LISTED; list++)
        g_clear_pointer(&page->texts[list], g_free);
    g_clear_pointer(&page->fault, g_free);
}

bool
mp_listed_is_part(const char *name)
{
    return g_ascii_isdigit(name[0]) && g_ascii_isdigit(name[1]) && name[2] == '\0';
}

static bool
add_pages(MpTree *tree, MpTreeNode *directory, int level, guint64 prefix, GArray *numbers,
          GError **error)
{
    for (guint i = 0; directory != NULL && i < mp_tree_count(directory); i++) {
        const char *name = mp_tree_name(directory, i);
        guint64 number = prefix * 100 + g_ascii_strtoull(name, NULL, 10);
        MpTreeNode *below;

        if (!mp_listed_is_part(name) || mp_tree_is_directory(directory, i) != (level < 2))
            continue;
        if (level == 2)
            g_array_append_val(numbers, number);
        else if (!mp_tree_directory(tree, directory, name, &below, error) ||
                 !add_pages(tree, below, level + 1, number, numbers, error))
            return false;
    }
    return true;
}

bool
mp_listed_pages(MpTree *tree, MpListed list, GArray *numbers, GError **error)
{
    g_autofree char *path = g_strconcat(MP_LISTED "/", mp_listed_name(list), NULL);
    MpTreeNode *directory;

    return mp_tree_directory(tree, NULL, path, &directory, error) &&
           add_pages(tree, directory, 0, 0, numbers, error);
}

void
mp_listed_sort(GArray *numbers)
{
    guint n = 0;

    g_array_sort(numbers, mp_by_number);
    for (guint i = 0; i < numbers->len; i++)
        if (i == 0 || g_array_index(numbers, guint64, i) != g_array_index(numbers, guint64, n - 1))
            g_array_index(numbers, guint64, n++) = g_array_index(numbers, guint64, i);
    g_array_set_size(numbers, n);
}

/* --- What it was made of ------------------------------------------------------------------------
 */

bool
mp_listed_of(MpTree *tree, git_oid *of, bool *is_there, GError **error)
{
    g_autofree char *text = NULL;

    *is_there = false;
    if (!mp_tree_read(tree, NULL, MP_LISTED_OF, &text, NULL, error))
        return false;
    *is_there = text != NULL && mp_is_object_id(g_strchomp(text)) && git_oid_fromstr(of, text) == 0;
    return true;
}

bool
mp_listed_fresh(MpStore *store, GArray *ids, bool *is_whole, GError **error)
{
    g_autoptr(GError) why = NULL;
    git_oid of;
    bool is_there;

    if (!mp_listed_of(mp_store_view(store), &of, &is_there, error))
        return false;
    if (is_there && mp_records_since(store, &of, ids, is_whole, &why))
        return true;
    if (is_there && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    g_array_set_size(ids, 0); /* what it was made of is damaged, which the tip need not be */
    return mp_records_since(store, NULL, ids, is_whole, error);
}
