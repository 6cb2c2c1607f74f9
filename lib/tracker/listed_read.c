/* The threads that are listed, in ascending order of their ids, in bounded memory; see listed.h. */
#include "base/error.h"
#include "git/git.h"
#include "tracker/listed.h"

typedef struct {
    MpTree *tree;     /* the tip's, of which only listed/ is read */
    MpTree *records;  /* the same for records, for as long as a page: it would hold all of them */
    guint wanted;     /* a bit for each list */
    guint read;       /* those of them whose lines are true */
    GArray *fresh;    /* guint64, ascending: threads that are read from their records */
    guint next_fresh; /* of these, the first that was not come to */
    MpThreadVisit visit;
    gpointer user_data;
    bool goes_on;
} Reading;

static bool
visit_record(Reading *reading, guint64 id, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (!mp_read_thread(reading->records, id, &thread, error))
        return false;
    if (thread != NULL && !thread->is_unlisted &&
        (reading->wanted & 1u << (thread->is_open ? MP_LISTED_OPEN : MP_LISTED_CLOSED)) != 0)
        reading->goes_on = reading->visit(thread, reading->user_data);
    return true;
}

static bool
visit_line(Reading *reading, guint64 id, const char *line, MpListed list, GError **error)
{
    g_autoptr(MpThread) thread = mp_listed_line_parse(line, list);

    if (thread == NULL) /* one whose record did not parse, or a line that somebody edited */
        return visit_record(reading, id, error);
    reading->goes_on = reading->visit(thread, reading->user_data);
    return true;
}

static bool
is_fresh(Reading *reading, guint64 id)
{
    bool is = reading->next_fresh < reading->fresh->len &&
              g_array_index(reading->fresh, guint64, reading->next_fresh) == id;

    reading->next_fresh += is;
    return is;
}

/* A page with a line that is none of it says nothing, as far as it is read: of two lists that both
 * have a thread, one alone looks whole. fsck tells of that. */
static bool
visit_page(Reading *reading, guint64 number, GError **error)
{
    g_auto(MpListedPage) page = {0};

    if (!mp_listed_page_read(&page, reading->tree, number, reading->read, error))
        return false;
    for (guint i = 0; i < MP_LISTED_PAGE && reading->goes_on; i++) {
        guint64 id = number * MP_LISTED_PAGE + i;
        const char *line = page.threads[i].line;

        if (is_fresh(reading, id) || page.fault != NULL /* the former goes on in any case */
                ? !visit_record(reading, id, error)
                : line != NULL && !visit_line(reading, id, line, page.threads[i].list, error))
            return false;
    }
    return true;
}

/* The pages of which a line is wanted, or that have a thread which is read from its record. */
static bool
find_pages(const Reading *reading, GArray *numbers, GError **error)
{
    for (MpListed list = 0; list < MP_N_LISTED; list++)
        if ((reading->read & 1u << list) != 0 &&
            !mp_listed_pages(reading->tree, list, numbers, error))
            return false;
    for (guint i = 0; i < reading->fresh->len; i++) {
        guint64 number = g_array_index(reading->fresh, guint64, i) / MP_LISTED_PAGE;

        if (numbers->len == 0 || g_array_index(numbers, guint64, numbers->len - 1) != number)
            g_array_append_val(numbers, number);
    }
    mp_listed_sort(numbers);
    return true;
}

static bool
visit_all(Reading *reading, MpStore *store, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));

    if (!find_pages(reading, numbers, error))
        return false;
    for (guint i = 0; i < numbers->len && reading->goes_on; i++) {
        g_autoptr(MpTree) records = mp_tree_new(store->odb, NULL, &store->root);

        reading->records = records;
        if (!visit_page(reading, g_array_index(numbers, guint64, i), error))
            return false;
    }
    return true;
}

bool
mp_tracker_foreach_listed(MpTracker *tracker, bool open, bool closed, MpThreadVisit visit,
                          gpointer user_data, GError **error)
{
    MpStore *store = &tracker->store;
    g_autoptr(MpTree) tree = mp_tree_new(store->odb, NULL, &store->root);
    g_autoptr(GArray) fresh = g_array_new(FALSE, FALSE, sizeof(guint64));
    Reading reading = {.tree = tree,
                       .wanted = (open ? 1u << MP_LISTED_OPEN : 0) |
                                 (closed ? 1u << MP_LISTED_CLOSED : 0) | 1u << MP_LISTED_UNREADABLE,
                       .fresh = fresh,
                       .visit = visit,
                       .user_data = user_data,
                       .goes_on = true};
    bool is_whole;

    mp_git_keep_little();
    if (!mp_listed_fresh(store, fresh, &is_whole, error))
        return false;
    reading.read = is_whole ? 0 : reading.wanted;
    return visit_all(&reading, store, error);
}
