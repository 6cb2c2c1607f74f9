/* The lines of listed/, and what they were made of; see listed.h. */
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
    g_free(line->at);
    g_free(line->was_at);
    g_free(line);
}

char *
mp_listed_place(const MpThread *thread)
{
    if (thread == NULL)
        return g_strconcat(mp_listed_name(MP_LISTED_UNREADABLE), "/ids", NULL);
    if (thread->is_unlisted)
        return NULL;
    g_autofree char *path = g_ascii_strdown(thread->repository, -1);
    return g_strconcat(mp_listed_name(thread->is_open ? MP_LISTED_OPEN : MP_LISTED_CLOSED), "/",
                       path, NULL);
}

MpListedLine *
mp_listed_line_of(guint64 id, const MpThread *thread)
{
    MpListedLine *line = g_new0(MpListedLine, 1);

    line->at = mp_listed_place(thread);
    if (thread == NULL)
        line->line = g_strdup_printf("%" G_GUINT64_FORMAT, id);
    else if (line->at != NULL)
        line->line = line_of(thread);
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

guint64
mp_listed_line_id(const char *line)
{
    guint64 id = 0;
    const char *p = line;

    for (; g_ascii_isdigit(*p) && id <= MP_MAX_ID; p++)
        id = id * 10 + (guint64)(*p - '0');
    return *line != '0' && (*p == '\t' || *p == '\0') && id <= MP_MAX_ID ? id : 0;
}

static const char *const list_names[] = {
    [MP_LISTED_OPEN] = "open",
    [MP_LISTED_CLOSED] = "closed",
    [MP_LISTED_UNREADABLE] = "unreadable",
};

MP_DEFINE_NAMES(mp_listed, MpListed, list_names)

/* --- What it was made of ------------------------------------------------------------------------
 */

/* "TREE", and below it a line "NAME TREE" for each list. */
static bool
read_of(char **lines, MpListedOf *of)
{
    if (!mp_is_object_id(lines[0]) || git_oid_fromstr(&of->threads, lines[0]) < 0)
        return false;
    for (char **line = lines + 1; *line != NULL && **line != '\0'; line++) {
        char *space = strchr(*line, ' ');
        MpListed list;

        if (space == NULL)
            return false;
        *space = '\0';
        if (!mp_listed_parse(*line, &list) || !mp_is_object_id(space + 1) ||
            git_oid_fromstr(&of->lists[list], space + 1) < 0)
            return false;
    }
    return true;
}

/* Whether the lists in listed/ are others than it names; if it names none of some, it is not whole.
 */
static void
compare_lists(MpTreeNode *directory, MpListedOf *of)
{
    git_oid there[MP_N_LISTED] = {0};
    bool has_any = false, names_any = false;

    for (guint i = 0; directory != NULL && i < mp_tree_count(directory); i++) {
        MpListed list;

        if (mp_listed_parse(mp_tree_name(directory, i), &list))
            git_oid_cpy(&there[list], mp_tree_id(directory, i));
    }
    for (MpListed list = 0; list < MP_N_LISTED; list++) {
        has_any |= !git_oid_is_zero(&there[list]);
        names_any |= !git_oid_is_zero(&of->lists[list]);
        of->is_edited |= !git_oid_equal(&there[list], &of->lists[list]);
    }
    of->is_there &= names_any || !has_any;
}

bool
mp_listed_of(MpTree *tree, MpListedOf *of, GError **error)
{
    g_autofree char *text = NULL;
    MpTreeNode *directory;

    *of = (MpListedOf){0};
    if (!mp_tree_directory(tree, NULL, MP_LISTED, &directory, error) ||
        !mp_tree_read(tree, NULL, MP_LISTED_OF, &text, NULL, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    of->is_there = lines[0] != NULL && read_of(lines, of);
    compare_lists(directory, of);
    return true;
}

char *
mp_listed_of_text(MpTree *tree, const git_oid *threads, GError **error)
{
    GString *text = g_string_new(git_oid_tostr_s(threads));
    MpTreeNode *directory;

    g_string_append_c(text, '\n');
    if (!mp_tree_directory(tree, NULL, MP_LISTED, &directory, error)) {
        g_string_free(text, TRUE);
        return NULL;
    }
    for (guint i = 0; directory != NULL && i < mp_tree_count(directory); i++) {
        const char *name = mp_tree_name(directory, i);
        MpListed list;

        if (mp_listed_parse(name, &list))
            g_string_append_printf(text, "%s %s\n", name,
                                   git_oid_tostr_s(mp_tree_id(directory, i)));
    }
    return g_string_free(text, FALSE);
}

static bool
has_lists(const MpStore *store, const MpListedOf *of)
{
    for (MpListed list = 0; list < MP_N_LISTED; list++)
        if (!git_oid_is_zero(&of->lists[list]) && !git_odb_exists(store->odb, &of->lists[list]))
            return false;
    return true;
}

bool
mp_listed_fresh(MpStore *store, const MpListedOf *of, GArray *ids, bool *is_whole, GError **error)
{
    g_autoptr(GError) why = NULL;
    bool has = of->is_there && has_lists(store, of);

    if (has && mp_records_since(store, &of->threads, ids, is_whole, &why))
        return true;
    if (has && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    g_array_set_size(ids, 0); /* what it was made of is damaged, which the tip need not be */
    return mp_records_since(store, NULL, ids, is_whole, error);
}
