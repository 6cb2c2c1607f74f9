/*
 * The threads that are listed, in ascending order of their ids: the pages of a repository are
 * ascending, and those of many are merged, so that a page of each is in memory. See listed.h.
 */
#include <string.h>

#include "base/error.h"
#include "git/git.h"
#include "tracker/listed.h"

#define NONE G_MAXUINT64

/* The lines of a repository in one list, from first to last. */
typedef struct {
    MpListed list;
    char *path;       /* of a repository, in lower case; or "ids" */
    GString *steps;   /* of the page that is read */
    guint64 from, to; /* which ids it may have, and the next ones must be above */
    char *text, *rest;
    const char *line; /* that is next */
    guint64 id;       /* of it; NONE: there is no more */
} Stream;

typedef struct {
    MpStore *store;
    MpTree *lists[MP_N_LISTED]; /* as listed/of names them; NULL: not wanted, or empty */
    MpTree *records;            /* the tip's, for a hundred ids: it would hold all of them */
    guint64 records_of;
    bool open, closed;
    const char *repository; /* or NULL: any */
    GArray *fresh;          /* guint64, ascending: threads that are read from their records */
    guint next_fresh;       /* of these, the first that was not come to */
    GPtrArray *streams;     /* Stream, a heap: the one with the lowest id first */
    guint64 last;           /* thread that was come to */
    bool is_faulty;         /* the lists say nothing any more */
    MpThreadVisit visit;
    gpointer user_data;
    bool goes_on;
} Reading;

static void
stream_free(Stream *stream)
{
    g_free(stream->path);
    g_string_free(stream->steps, TRUE);
    g_free(stream->text);
    g_free(stream);
}

static void
reading_clear(Reading *reading)
{
    for (MpListed list = 0; list < MP_N_LISTED; list++)
        g_clear_pointer(&reading->lists[list], mp_tree_free);
    g_clear_pointer(&reading->records, mp_tree_free);
    g_clear_pointer(&reading->fresh, g_array_unref);
    g_clear_pointer(&reading->streams, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

/* --- From records -------------------------------------------------------------------------------
 */

static bool
visit_record(Reading *reading, guint64 id, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (reading->records == NULL || reading->records_of != id / MP_LISTED_LINES) {
        g_clear_pointer(&reading->records, mp_tree_free);
        reading->records = mp_tree_new(reading->store->odb, NULL, &reading->store->root);
        reading->records_of = id / MP_LISTED_LINES;
    }
    if (!mp_read_thread(reading->records, id, &thread, error))
        return false;
    if (thread != NULL && !thread->is_unlisted &&
        (thread->is_open ? reading->open : reading->closed) &&
        (reading->repository == NULL || strcmp(reading->repository, thread->repository) == 0))
        reading->goes_on = reading->visit(thread, reading->user_data);
    return true;
}

static guint64
next_fresh(const Reading *reading)
{
    return reading->next_fresh < reading->fresh->len
               ? g_array_index(reading->fresh, guint64, reading->next_fresh)
               : NONE;
}

/* All that we have not come to, where what is listed is wrong. fsck tells of that. */
static bool
visit_rest(Reading *reading, GError **error)
{
    bool is_whole;

    g_array_set_size(reading->fresh, 0);
    reading->next_fresh = 0;
    if (!mp_records_since(reading->store, NULL, reading->fresh, &is_whole, error))
        return false;
    for (guint64 id; reading->goes_on && (id = next_fresh(reading)) != NONE; reading->next_fresh++)
        if (id > reading->last && !visit_record(reading, id, error))
            return false;
    return true;
}

/* --- From pages ---------------------------------------------------------------------------------
 */

/* The first id that has these steps, and the first behind them: 4300 and 4400 of "443". */
static void
set_range(Stream *stream)
{
    const char *steps = stream->steps->str;
    guint digits = *steps != '\0' ? (guint)(*steps - '0') : 0, n = (guint)stream->steps->len;
    guint64 first = n > 1 ? g_ascii_strtoull(steps + 1, NULL, 10) : 1, behind = first + 1;

    for (guint i = MAX(n, 2); i < digits + 1; i++) {
        first *= 10;
        behind *= 10;
    }
    stream->from = MAX(stream->from, n > 0 ? first : 1);
    stream->to = n == 0 ? MP_MAX_ID + 1 : n == 1 ? first * 10 : behind;
}

/* To the next line. */
static bool
go_on(Reading *reading, Stream *stream, GError **error)
{
    MpTree *tree = reading->lists[stream->list];

    stream->id = NONE;
    while (stream->rest == NULL || *stream->rest == '\0') {
        if (stream->text != NULL && stream->steps->len == 0)
            return true;
        g_clear_pointer(&stream->text, g_free);
        mp_tree_bound(tree);
        if (!mp_listed_next_page(tree, stream->path, stream->steps, &stream->text, error))
            return false;
        if (stream->text == NULL)
            return true;
        stream->rest = stream->text;
        set_range(stream);
    }
    stream->line = strsep(&stream->rest, "\n");
    stream->id = mp_listed_line_id(stream->line);
    if (stream->id < stream->from || stream->id >= stream->to)
        reading->is_faulty = true;
    stream->from = stream->id + 1;
    return true;
}

/* The first of the heap has another id now. */
static void
sift(GPtrArray *streams)
{
    Stream **heap = (Stream **)streams->pdata;
    guint at = 0, child;

    while ((child = 2 * at + 1) < streams->len) {
        child += child + 1 < streams->len && heap[child + 1]->id < heap[child]->id;
        if (heap[at]->id <= heap[child]->id)
            break;
        Stream *up = heap[child];
        heap[child] = heap[at];
        heap[at] = up;
        at = child;
    }
}

static bool
go_on_first(Reading *reading, GError **error)
{
    if (!go_on(reading, reading->streams->pdata[0], error))
        return false;
    sift(reading->streams);
    return true;
}

static bool
visit_line(Reading *reading, const Stream *stream, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (stream->list == MP_LISTED_UNREADABLE)
        return visit_record(reading, stream->id, error);
    thread = mp_listed_line_parse(stream->line, stream->list);
    if (thread == NULL || g_ascii_strcasecmp(thread->repository, stream->path) != 0) {
        reading->is_faulty = true;
        return true;
    }
    if (reading->repository == NULL || strcmp(reading->repository, thread->repository) == 0)
        reading->goes_on = reading->visit(thread, reading->user_data);
    return true;
}

/* The next thread. A thread that stands in two lists is none that a list can tell. */
static bool
visit_next(Reading *reading, guint64 fresh, const Stream *first, GError **error)
{
    guint64 line = first != NULL ? first->id : NONE, id = MIN(fresh, line);

    if (line <= reading->last) {
        reading->is_faulty = true;
        return true;
    }
    if (!(fresh <= line ? visit_record(reading, id, error) : visit_line(reading, first, error)))
        return false;
    if (reading->is_faulty)
        return true;
    reading->next_fresh += fresh == id;
    if (line == id && !go_on_first(reading, error))
        return false;
    reading->last = id;
    return true;
}

static bool
visit_all(Reading *reading, GError **error)
{
    while (reading->goes_on && !reading->is_faulty) {
        guint64 fresh = next_fresh(reading);
        const Stream *first = reading->streams->len > 0 ? reading->streams->pdata[0] : NULL;

        if (fresh == NONE && (first == NULL || first->id == NONE))
            return true;
        if (!visit_next(reading, fresh, first, error))
            return false;
    }
    return !reading->goes_on || visit_rest(reading, error);
}

/* --- Which ------------------------------------------------------------------------------------ */

static bool
add_stream(Reading *reading, MpListed list, const char *path, GError **error)
{
    Stream *stream = g_new0(Stream, 1);

    stream->list = list;
    stream->path = g_ascii_strdown(path, -1);
    stream->steps = g_string_new(NULL);
    g_ptr_array_add(reading->streams, stream);
    return go_on(reading, stream, error);
}

static bool
add_repositories(Reading *reading, MpListed list, GError **error)
{
    MpTree *tree = reading->lists[list];
    MpTreeNode *owners, *names;

    if (!mp_tree_directory(tree, NULL, "", &owners, error))
        return false;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < mp_tree_count(owners); i++) {
        const char *owner = mp_tree_name(owners, i);

        if (!mp_tree_directory(tree, NULL, owner, &names, error))
            return false;
        for (guint j = 0; names != NULL && j < mp_tree_count(names); j++)
            g_ptr_array_add(found, g_strconcat(owner, "/", mp_tree_name(names, j), NULL));
    }
    for (guint i = 0; i < found->len; i++) /* which may forget the directories */
        if (!add_stream(reading, list, found->pdata[i], error))
            return false;
    return true;
}

static int
by_id(gconstpointer a, gconstpointer b)
{
    guint64 x = (*(Stream *const *)a)->id, y = (*(Stream *const *)b)->id;

    return (x > y) - (x < y);
}

static bool
open_lists(Reading *reading, const MpListedOf *of, GError **error)
{
    const bool wanted[] = {reading->open, reading->closed, true};

    for (MpListed list = 0; list < MP_N_LISTED; list++) {
        if (!wanted[list] || git_oid_is_zero(&of->lists[list]))
            continue;
        reading->lists[list] = mp_tree_new(reading->store->odb, NULL, &of->lists[list]);
        if (list == MP_LISTED_UNREADABLE  ? !add_stream(reading, list, "ids", error)
            : reading->repository != NULL ? !add_stream(reading, list, reading->repository, error)
                                          : !add_repositories(reading, list, error))
            return false;
    }
    g_ptr_array_sort(reading->streams, by_id); /* which makes it a heap */
    return true;
}

bool
mp_tracker_foreach_listed(MpTracker *tracker, bool open, bool closed, const char *repository,
                          MpThreadVisit visit, gpointer user_data, GError **error)
{
    MpStore *store = &tracker->store;
    g_auto(Reading)
        reading = {.store = store,
                   .open = open,
                   .closed = closed,
                   .repository = repository,
                   .fresh = g_array_new(FALSE, FALSE, sizeof(guint64)),
                   .streams = g_ptr_array_new_with_free_func((GDestroyNotify)stream_free),
                   .visit = visit,
                   .user_data = user_data,
                   .goes_on = true};
    MpListedOf of;
    bool is_whole;

    mp_git_keep_little();
    return mp_listed_of(mp_store_view(store), &of, error) &&
           mp_listed_fresh(store, &of, reading.fresh, &is_whole, error) &&
           (is_whole || open_lists(&reading, &of, error)) && visit_all(&reading, error);
}
