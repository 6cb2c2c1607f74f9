/*
 * Who is told of a thread: a file of at most a hundred lines, and where there are more, a directory
 * of such pages, each named by the last digits of the ids that it holds (tracker(5)). So it costs
 * the same in any thread to find one account, and to add one rewrites one page.
 */
#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/records.h"
#include "tracker/subscribers.h"

/* The page that holds, or would hold, an account. */
typedef struct {
    MpTreeNode *directory;
    char name[MP_SUBSCRIBERS_NAME];
} Page;

void
mp_subscribers_page_name(char name[MP_SUBSCRIBERS_NAME], guint64 user, guint depth)
{
    guint64 all = 1;

    for (guint i = 0; i < depth; i++)
        all *= 10;
    if (depth == 0)
        g_strlcpy(name, MP_SUBSCRIBERS, MP_SUBSCRIBERS_NAME);
    else
        g_snprintf(name, MP_SUBSCRIBERS_NAME, "%0*" G_GUINT64_FORMAT, (int)depth, user % all);
}

bool
mp_subscribers_is_page_name(const char *name, const char *above)
{
    gsize length = strlen(name), digits = g_ascii_isdigit(*above) ? strlen(above) : 0;

    return length == digits + 1 && length <= MP_SUBSCRIBERS_DIGITS && g_ascii_isdigit(*name) &&
           (digits == 0 || strcmp(name + 1, above) == 0);
}

static char *
path_of(guint64 thread)
{
    g_autofree char *directory = mp_path_of_thread(thread);

    return g_strconcat(directory, "/" MP_SUBSCRIBERS, NULL);
}

/* *directory stays NULL where there is no such thread. */
static bool
find_thread(MpTree *tree, guint64 thread, MpTreeNode **directory, GError **error)
{
    g_autofree char *path = mp_path_of_thread(thread);

    return mp_tree_directory(tree, NULL, path, directory, error);
}

/* --- Finding one ------------------------------------------------------------------------------ */

static bool
find_page(MpTree *tree, MpTreeNode *thread, guint64 user, Page *page, GError **error)
{
    MpTreeNode *below = thread;

    for (guint depth = 0; below != NULL && depth <= MP_SUBSCRIBERS_DIGITS; depth++) {
        page->directory = below;
        mp_subscribers_page_name(page->name, user, depth);
        if (!mp_tree_directory(tree, page->directory, page->name, &below, error))
            return false;
    }
    return true;
}

/* The line of one among many, found without reading the others. */
static const char *
line_of(const char *text, guint64 user)
{
    char begins[32];

    g_snprintf(begins, sizeof begins, "\n%" G_GUINT64_FORMAT " ", user);
    if (g_str_has_prefix(text, begins + 1))
        return text;
    const char *found = strstr(text, begins);
    return found != NULL ? found + 1 : NULL;
}

/* *line (the caller's) is NULL where the account has none. */
static bool
find_line(MpTree *tree, guint64 thread, guint64 user, char **line, GError **error)
{
    g_autofree char *text = NULL;
    MpTreeNode *directory;
    Page page;

    *line = NULL;
    if (!find_thread(tree, thread, &directory, error))
        return false;
    if (directory == NULL)
        return true;
    if (!find_page(tree, directory, user, &page, error) ||
        !mp_tree_read(tree, page.directory, page.name, &text, NULL, error))
        return false;
    const char *found = text != NULL ? line_of(text, user) : NULL;
    if (found != NULL)
        *line = g_strndup(found, strcspn(found, "\n"));
    return true;
}

static bool
is_one(MpTree *tree, guint64 thread, guint64 user, bool *is, GError **error)
{
    g_autofree char *line = NULL;

    if (!find_line(tree, thread, user, &line, error))
        return false;
    *is = line != NULL;
    return true;
}

bool
mp_read_all_subscribe(MpTree *tree, guint64 thread, guint64 user, const GArray *others, bool *all,
                      GError **error)
{
    if (!is_one(tree, thread, user, all, error))
        return false;
    for (guint i = 0; *all && others != NULL && i < others->len; i++)
        if (!is_one(tree, thread, g_array_index(others, guint64, i), all, error))
            return false;
    return true;
}

bool
mp_tracker_subscription(MpTracker *tracker, guint64 thread, guint64 user, char **reason,
                        GError **error)
{
    g_autofree char *line = NULL;

    *reason = NULL;
    if (!find_line(mp_store_view(&tracker->store), thread, user, &line, error))
        return false;
    if (line != NULL)
        *reason = g_strdup(strchr(line, ' ') + 1);
    return true;
}

/* --- Reading all ------------------------------------------------------------------------------ */

static bool
gather_file(MpTree *tree, MpTreeNode *directory, const char *name, const char *path,
            GPtrArray *into, GError **error)
{
    g_autofree char *text = NULL;

    if (!mp_tree_read(tree, directory, name, &text, NULL, error))
        return false;
    GPtrArray *lines = mp_record_parse_subscribers(text != NULL ? text : "", path, error);
    if (lines == NULL)
        return false;
    g_ptr_array_extend_and_steal(into, lines);
    return true;
}

/* Adds the lines of a page and of all below it, until there are more than `most`. */
static bool
gather(MpTree *tree, MpTreeNode *directory, const char *name, const char *path, guint most,
       GPtrArray *into, GError **error)
{
    MpTreeNode *below;

    if (!mp_tree_directory(tree, directory, name, &below, error))
        return false;
    if (below == NULL)
        return gather_file(tree, directory, name, path, into, error);
    for (guint i = 0; i < mp_tree_count(below) && into->len <= most; i++) {
        const char *page = mp_tree_name(below, i);
        g_autofree char *page_path = g_strconcat(path, "/", page, NULL);

        if (mp_subscribers_is_page_name(page, name) && /* else somebody else's */
            !gather(tree, below, page, page_path, most, into, error))
            return false;
    }
    return true;
}

static int
by_id(gconstpointer a, gconstpointer b)
{
    guint64 x = (*(MpSubscriber *const *)a)->user, y = (*(MpSubscriber *const *)b)->user;

    return (x > y) - (x < y);
}

GPtrArray *
mp_read_subscribers(MpTree *tree, guint64 thread, GError **error)
{
    g_autoptr(GPtrArray) all = mp_record_subscribers_new();
    g_autofree char *path = path_of(thread);
    MpTreeNode *directory;

    if (!find_thread(tree, thread, &directory, error) ||
        (directory != NULL &&
         !gather(tree, directory, MP_SUBSCRIBERS, path, G_MAXUINT - 1, all, error)))
        return NULL;
    g_ptr_array_sort(all, by_id);
    return g_steal_pointer(&all);
}

GPtrArray *
mp_tracker_subscribers(MpTracker *tracker, guint64 thread, GError **error)
{
    return mp_read_subscribers(mp_store_view(&tracker->store), thread, error);
}

/* --- Changing some ---------------------------------------------------------------------------- */

typedef struct {
    MpTree *tree;
    bool replaces;
    bool changed;  /* something */
    bool is_fewer; /* somebody was removed */
} Change;

/* The digit by which the pages below one of this depth differ. */
static guint
digit_of(guint64 user, guint depth)
{
    while (depth-- > 0)
        user /= 10;
    return (guint)(user % 10);
}

static bool write_page(MpTree *tree, MpTreeNode *directory, const char *name, guint depth,
                       GPtrArray *lines, GError **error);

static bool
split(MpTree *tree, MpTreeNode *directory, const char *name, guint depth, const GPtrArray *lines,
      GError **error)
{
    MpTreeNode *below = mp_tree_make_directory(tree, directory, name, error);

    for (guint digit = 0; below != NULL && digit < 10; digit++) {
        g_autoptr(GPtrArray) part = g_ptr_array_new(); /* the lines are still those of `lines` */
        char page[MP_SUBSCRIBERS_NAME];

        for (guint i = 0; i < lines->len; i++)
            if (digit_of(((MpSubscriber *)lines->pdata[i])->user, depth) == digit)
                g_ptr_array_add(part, lines->pdata[i]);
        if (part->len == 0)
            continue;
        mp_subscribers_page_name(page, ((MpSubscriber *)part->pdata[0])->user, depth + 1);
        if (!write_page(tree, below, page, depth + 1, part, error))
            return false;
    }
    return below != NULL;
}

/* Its shape follows from who stands there alone, whatever order they came in. */
static bool
write_page(MpTree *tree, MpTreeNode *directory, const char *name, guint depth, GPtrArray *lines,
           GError **error)
{
    if (lines->len == 0) {
        mp_tree_remove(directory, name);
        return true;
    }
    if (lines->len > MP_SUBSCRIBERS_PAGE && depth < MP_SUBSCRIBERS_DIGITS)
        return split(tree, directory, name, depth, lines, error);
    g_ptr_array_sort(lines, by_id);
    g_autofree char *text = mp_record_subscribers(lines);
    return mp_tree_set(tree, directory, name, text, strlen(text), error);
}

/* Changes the list in memory; true if it is another list now. */
static bool
change_line(Change *change, GPtrArray *lines, const MpSubscription *wanted)
{
    guint i = 0;

    while (i < lines->len && ((MpSubscriber *)lines->pdata[i])->user != wanted->user)
        i++;
    MpSubscriber *there = i < lines->len ? lines->pdata[i] : NULL;
    if (there != NULL ? !change->replaces || g_strcmp0(there->reason, wanted->reason) == 0
                      : wanted->reason == NULL)
        return false;
    if (wanted->reason == NULL) {
        for (guint n = lines->len; n-- > i;) /* somebody may have written two */
            if (((MpSubscriber *)lines->pdata[n])->user == wanted->user)
                g_ptr_array_remove_index(lines, n);
        change->is_fewer = true;
    } else if (there == NULL) {
        mp_record_add_subscriber(lines, wanted->user, wanted->reason);
    } else {
        g_ref_string_release(there->reason);
        there->reason = g_ref_string_new(wanted->reason);
    }
    return true;
}

static bool
change_file(Change *change, MpTreeNode *directory, const char *name, const char *path, guint depth,
            const GArray *wanted, GError **error)
{
    g_autoptr(GPtrArray) lines = mp_record_subscribers_new();
    bool changed = false;

    if (!gather_file(change->tree, directory, name, path, lines, error))
        return false;
    for (guint i = 0; i < wanted->len; i++)
        changed |= change_line(change, lines, &g_array_index(wanted, MpSubscription, i));
    change->changed |= changed;
    return !changed || write_page(change->tree, directory, name, depth, lines, error);
}

/* Makes one page of a directory of pages, if one would hold who is left. */
static bool
join(MpTree *tree, MpTreeNode *directory, const char *name, const char *path, guint depth,
     GError **error)
{
    g_autoptr(GPtrArray) left = mp_record_subscribers_new();

    return gather(tree, directory, name, path, MP_SUBSCRIBERS_PAGE, left, error) &&
           (left->len > MP_SUBSCRIBERS_PAGE ||
            write_page(tree, directory, name, depth, left, error));
}

static bool
change_page(Change *change, MpTreeNode *directory, const char *name, const char *path, guint depth,
            const GArray *wanted, GError **error)
{
    MpTreeNode *below;

    if (!mp_tree_directory(change->tree, directory, name, &below, error))
        return false;
    if (below == NULL || depth == MP_SUBSCRIBERS_DIGITS)
        return change_file(change, directory, name, path, depth, wanted, error);
    for (guint digit = 0; digit < 10; digit++) {
        g_autoptr(GArray) part = g_array_new(FALSE, FALSE, sizeof(MpSubscription));
        char page[MP_SUBSCRIBERS_NAME];

        for (guint i = 0; i < wanted->len; i++) {
            const MpSubscription *one = &g_array_index(wanted, MpSubscription, i);

            if (digit_of(one->user, depth) == digit)
                g_array_append_vals(part, one, 1);
        }
        if (part->len == 0)
            continue;
        mp_subscribers_page_name(page, g_array_index(part, MpSubscription, 0).user, depth + 1);
        g_autofree char *page_path = g_strconcat(path, "/", page, NULL);
        if (!change_page(change, below, page, page_path, depth + 1, part, error))
            return false;
    }
    return !change->is_fewer || join(change->tree, directory, name, path, depth, error);
}

bool
mp_subscribers_change(MpTree *tree, guint64 thread, const GArray *wanted, bool replaces,
                      bool *changed, GError **error)
{
    g_autofree char *path = path_of(thread);
    Change change = {.tree = tree, .replaces = replaces};
    MpTreeNode *directory;

    *changed = false;
    if (!find_thread(tree, thread, &directory, error))
        return false;
    if (directory == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT, thread);
    if (!change_page(&change, directory, MP_SUBSCRIBERS, path, 0, wanted, error))
        return false;
    *changed = change.changed;
    return true;
}
