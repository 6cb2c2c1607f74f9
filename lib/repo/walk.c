/*
 * Which commits are reachable from here and not from there.
 *
 * From the newest to the oldest, as git rev-list does: what is reached from either side is marked,
 * and the walk is over when all that is still to be looked at is reached from the other side, and
 * older than what was found. Unlike libgit2's it is bounded.
 */
#include "repo/history.h"

#include "base/error.h"
#include "repo/internal.h"

#define SLOP 256 /* git has 5 */

typedef enum {
    WANTED = 1,  /* reachable from one of `from` */
    OTHER = 2,   /* from one of `but` */
    WAITING = 4, /* in the queue */
    LISTED = 8,  /* found, unless the other side turns out to reach it */
    STALE = 16,  /* reachable from a commit that both sides reach */
} Mark;

typedef struct {
    git_oid id;
    GArray *parents; /* git_oid */
    gint64 time;
    guint marks;
    bool is_there, is_partial;
} Visit;

typedef struct {
    MpRepo *repo;
    GHashTable *visits; /* git_oid to Visit */
    GSequence *queue;   /* Visit, the newest first */
    GPtrArray *found;   /* Visit, in the order of the walk */
    guint n_open;       /* in the queue, and wanted only */
    gint64 oldest;      /* of what was found */
    guint n_read, limit;
    bool is_unsure;  /* not all parents of a commit are known */
    bool is_damaged; /* something of the other side cannot be read */
    guint slop;      /* steps beyond what the times ask for */
} Walk;

static guint
hash_id(gconstpointer id)
{
    guint hash;

    memcpy(&hash, ((const git_oid *)id)->id, sizeof(hash));
    return hash;
}

static gboolean
is_same_id(gconstpointer a, gconstpointer b)
{
    return git_oid_equal(a, b);
}

static void
free_visit(gpointer data)
{
    Visit *visit = data;

    g_clear_pointer(&visit->parents, g_array_unref);
    g_free(visit);
}

static void
walk_begin(Walk *walk, MpRepo *repo, guint limit)
{
    *walk = (Walk){
        .repo = repo,
        .limit = limit,
        .visits = g_hash_table_new_full(hash_id, is_same_id, NULL, free_visit),
        .queue = g_sequence_new(NULL),
        .found = g_ptr_array_new(),
        .oldest = G_MAXINT64,
    };
}

static void
walk_clear(Walk *walk)
{
    g_clear_pointer(&walk->queue, g_sequence_free);
    g_clear_pointer(&walk->found, g_ptr_array_unref);
    g_clear_pointer(&walk->visits, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

static gint
by_time(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Visit *one = a, *other = b;

    (void)user_data;
    return one->time > other->time ? -1 : one->time < other->time;
}

static bool
is_open(const Visit *visit)
{
    return (visit->marks & (WANTED | OTHER)) == WANTED;
}

static void
enqueue(Walk *walk, Visit *visit)
{
    visit->marks |= WAITING;
    walk->n_open += is_open(visit);
    g_sequence_insert_sorted(walk->queue, visit, by_time, NULL);
}

static Visit *
dequeue(Walk *walk)
{
    GSequenceIter *first = g_sequence_get_begin_iter(walk->queue);
    Visit *visit = g_sequence_get(first);

    g_sequence_remove(first);
    visit->marks &= ~(guint)WAITING;
    walk->n_open -= is_open(visit);
    return visit;
}

static Visit *
look_up(Walk *walk, const git_oid *id, GError **error)
{
    Visit *visit = g_hash_table_lookup(walk->visits, id);
    MpRepoNode node;
    bool found;

    if (visit != NULL)
        return visit;
    if (!mp_repo_node(walk->repo, id, &node, &found, error))
        return NULL;
    walk->n_read++;
    visit = g_new0(Visit, 1);
    visit->id = *id;
    visit->is_there = found;
    visit->is_partial = node.is_partial;
    visit->time = node.time;
    visit->parents = g_steal_pointer(&node.parents);
    g_hash_table_insert(walk->visits, &visit->id, visit);
    return visit;
}

/* Marks a commit, and has it looked at (again) if that is news. */
static bool
mark(Walk *walk, const git_oid *id, guint marks, GError **error)
{
    Visit *visit = look_up(walk, id, error);

    if (visit == NULL)
        return false;
    bool was_open = is_open(visit), is_new = (visit->marks & marks) != marks;
    visit->marks |= marks;
    if (!visit->is_there || !is_new)
        return true;
    if (visit->marks & WAITING)
        walk->n_open -= was_open && !is_open(visit);
    else
        enqueue(walk, visit);
    return true;
}

static bool
mark_all(Walk *walk, const GArray *ids, guint marks, GError **error)
{
    for (guint i = 0; ids != NULL && i < ids->len; i++)
        if (!mark(walk, &g_array_index(ids, git_oid, i), marks, error))
            return false;
    return true;
}

/* Of the other side, or of both. It only says what is not found: one damaged branch must not keep
 * all others from being told. */
static bool
mark_others(Walk *walk, const GArray *ids, guint marks, GError **error)
{
    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        g_autoptr(GError) why = NULL;

        if (mark(walk, &g_array_index(ids, git_oid, i), marks, &why))
            continue;
        if (!g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        walk->is_damaged = true;
    }
    return true;
}

/* Something is open; or what was found may still turn out to be the other side's, since it is no
 * older, or some clock was wrong. */
static bool
goes_on(Walk *walk)
{
    if (g_sequence_is_empty(walk->queue))
        return false;
    const Visit *next = g_sequence_get(g_sequence_get_begin_iter(walk->queue));
    if (walk->n_open > 0 || next->time >= walk->oldest)
        walk->slop = SLOP;
    else if (walk->found->len > 0 && walk->slop > 0)
        walk->slop--;
    else
        return false;
    return true;
}

static bool
has_enough(const Walk *walk)
{
    return walk->n_read > walk->limit || mp_repo_is_late(walk->repo);
}

static bool
step(Walk *walk, GError **error)
{
    Visit *visit = dequeue(walk);

    if (is_open(visit) && !(visit->marks & LISTED)) {
        visit->marks |= LISTED;
        g_ptr_array_add(walk->found, visit);
        walk->oldest = MIN(walk->oldest, visit->time);
    }
    walk->is_unsure |= is_open(visit) && visit->is_partial;
    guint marks = visit->marks & (WANTED | OTHER);
    return marks & OTHER ? mark_others(walk, visit->parents, marks, error)
                         : mark_all(walk, visit->parents, marks, error);
}

void
mp_repo_range_clear(MpRepoRange *range)
{
    g_clear_pointer(&range->commits, g_array_unref);
}

bool
mp_repo_range(MpRepo *repo, const git_oid *from, const GArray *but, guint limit, MpRepoRange *range,
              GError **error)
{
    g_auto(Walk) walk = {0};

    walk_begin(&walk, repo, limit);
    *range = (MpRepoRange){.commits = g_array_new(FALSE, FALSE, sizeof(git_oid))};
    if (!mark_others(&walk, but, OTHER, error) || !mark(&walk, from, WANTED, error))
        return false;
    bool is_over = false;
    while (goes_on(&walk) && !(is_over = has_enough(&walk)))
        if (!step(&walk, error))
            return false;
    range->is_damaged = walk.is_damaged;
    range->is_unsure = is_over || walk.is_unsure || walk.is_damaged;
    for (guint i = 0; i < walk.found->len; i++) {
        const Visit *visit = g_ptr_array_index(walk.found, i);

        if (is_open(visit))
            g_array_append_val(range->commits, visit->id);
    }
    return true;
}

bool
mp_repo_range_of_two(MpRepo *repo, const git_oid *from, const git_oid *but, guint limit,
                     MpRepoRange *range, GError **error)
{
    g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(git_oid));

    g_array_append_vals(other, but, 1);
    return mp_repo_range(repo, from, other, limit, range, error);
}

/* From the newest on, what is reached from both is found, and what that one reaches is stale, which
 * may show only once all of the same second was looked at. */
static bool
find_shared(Walk *walk, GError **error)
{
    while (!g_sequence_is_empty(walk->queue) && !has_enough(walk)) {
        const Visit *next = g_sequence_get(g_sequence_get_begin_iter(walk->queue));

        if (walk->found->len > 0 && next->time < walk->oldest)
            break;
        Visit *visit = dequeue(walk);
        guint marks = visit->marks & (WANTED | OTHER | STALE);
        bool is_shared = (marks & (WANTED | OTHER)) == (WANTED | OTHER);

        if (is_shared && !(visit->marks & LISTED)) {
            visit->marks |= LISTED;
            g_ptr_array_add(walk->found, visit);
            walk->oldest = MIN(walk->oldest, visit->time);
        }
        if (!mark_all(walk, visit->parents, marks | (is_shared ? STALE : 0), error))
            return false;
    }
    return true;
}

bool
mp_repo_merge_base(MpRepo *repo, const git_oid *one, const git_oid *other, guint limit,
                   git_oid *base, bool *found, GError **error)
{
    g_auto(Walk) walk = {0};

    walk_begin(&walk, repo, limit);
    *found = false;
    if (!mark(&walk, one, WANTED, error) || !mark(&walk, other, OTHER, error))
        return false;
    if (!find_shared(&walk, error))
        return false;
    for (guint i = 0; i < walk.found->len && !*found; i++) {
        const Visit *visit = g_ptr_array_index(walk.found, i);

        *found = !(visit->marks & STALE);
        if (*found)
            *base = visit->id;
    }
    return true;
}
