/* Turns of hosts that outrun each other; see turn.h. */
#include "git/turn.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/signal.h"
#include "git/git.h"
#include "git/internal.h"

#define WAIT_S       90    /* at most; then by luck, as without turns */
#define DEAD_S       15    /* without a sign of who has it: far longer than a batch takes */
#define POLL_MIN_US  60000 /* a poll costs the server a process or two */
#define POLL_MAX_US  240000
#define KEPT_MIN     1 /* pushes after which it is kept, or for so long: others wait as long */
#define KEPT_US      G_USEC_PER_SEC
#define OTHERS_TAKE  2 /* times what we need to take it, others need to look and to take it */
#define NOBODY       "The turn is nobody's.\n"
#define HURRY        2 /* others may be done in this part of the time that we need with the turn */
#define HURRY_MAX_US 600000

static bool
write_mark(MpStore *store, const char *text, git_oid *mark, GError **error)
{
    return git_blob_create_from_buffer(mark, store->repository, text, strlen(text)) == 0 ||
           mp_git_fail(error, "%s: cannot write", store->path);
}

static bool
write_marks(MpStore *store, GError **error)
{
    if (store->turn.own_text == NULL)
        store->turn.own_text = g_strdup_printf("The turn is host %s's.\n", store->host);
    return write_mark(store, NOBODY, &store->turn.nobody, error) &&
           write_mark(store, store->turn.own_text, &store->turn.own, error);
}

bool
mp_turn_join(MpStore *store, GError **error)
{
    g_autoptr(git_reference) reference = NULL;
    g_autoptr(GError) why = NULL;

    if (!write_mark(store, NOBODY, &store->turn.nobody, error))
        return false;
    MpMove make = {MP_TURN, {{0}}, store->turn.nobody, NOBODY};
    MpPush push = mp_remote_push(store->remote, store->path, &make, 1, NULL, &why);
    if (push != MP_PUSHED && push != MP_STALE && push != MP_OUTRUN) {
        mp_warn("The remote has no turns, so a busy host may keep others waiting: %s",
                why->message);
        return true;
    }
    return git_reference_create(&reference, store->repository, MP_TURN, &store->turn.nobody, 1,
                                NULL) == 0 ||
           mp_git_fail(error, "%s: cannot write %s", store->path, MP_TURN);
}

/* Whether there are turns is asked once; the marks are written where somebody collected them. */
static bool
has_turns(MpStore *store)
{
    git_oid known;

    if (!store->turn.is_known) {
        store->turn.is_known = true;
        store->turn.is_there = git_reference_name_to_id(&known, store->repository, MP_TURN) == 0 &&
                               write_marks(store, NULL);
    }
    return store->turn.is_there;
}

/* What it costs to hand it over, and to follow what others made of the branch, is shared by what is
 * pushed in it. */
static bool
is_to_be_kept(const MpStore *store)
{
    return store->turn.n_kept < KEPT_MIN ||
           g_get_monotonic_time() - store->turn.begun < (gint64)KEPT_US;
}

guint
mp_turn_moves(MpStore *store, MpMove *moves)
{
    if (store->turn.is_left_out || !has_turns(store))
        return 0;
    bool keeps = store->turn.is_ours && store->turn.is_wanted && is_to_be_kept(store);
    *moves = (MpMove){MP_TURN, store->turn.is_ours ? store->turn.own : store->turn.nobody,
                      keeps ? store->turn.own : store->turn.nobody,
                      keeps ? store->turn.own_text : NOBODY};
    return 1;
}

/* What the remote had when it was asked, and since when it has had that. */
typedef struct {
    git_oid at[2]; /* the turn, and the branch */
    gint64 since;
    gint64 followed;  /* when that was last fetched, or is */
    bool is_new;      /* it was not so when it was asked before */
    bool is_turn_new; /* the turn was not */
} Seen;

static bool
look(MpStore *store, Seen *seen, GError **error)
{
    static const char *const refs[] = {MP_TURN, MP_BRANCH};
    git_oid at[G_N_ELEMENTS(refs)];

    if (!mp_remote_list(store->remote, store->path, refs, at, G_N_ELEMENTS(refs), error))
        return false;
    seen->is_turn_new = seen->since == 0 || !git_oid_equal(&at[0], &seen->at[0]);
    seen->is_new = seen->is_turn_new || !git_oid_equal(&at[1], &seen->at[1]);
    if (seen->is_new)
        seen->since = g_get_monotonic_time();
    memcpy(seen->at, at, sizeof at);
    return true;
}

/* Nobody's, lost by an administrator, our own of a run that died, or somebody's who died. */
static bool
may_be_taken(const MpStore *store, const Seen *seen)
{
    const git_oid *holder = &seen->at[0];

    return git_oid_is_zero(holder) || git_oid_equal(holder, &store->turn.nobody) ||
           git_oid_equal(holder, &store->turn.own) ||
           g_get_monotonic_time() - seen->since > (gint64)DEAD_S * G_USEC_PER_SEC;
}

static bool
take(MpStore *store, const Seen *seen, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!write_marks(store, error)) /* a purge may have collected them */
        return false;
    const MpMove move = {MP_TURN, seen->at[0], store->turn.own, store->turn.own_text};
    gint64 asked = g_get_monotonic_time();
    MpPush push = mp_remote_push(store->remote, store->path, &move, 1, NULL, &why);
    store->turn.is_ours = push == MP_PUSHED;
    store->turn.begun = g_get_monotonic_time();
    store->turn.to_take = store->turn.begun - asked;
    store->turn.n_kept = 0;
    if (push == MP_REFUSED || push == MP_UNKNOWN) {
        mp_debug("No turn: %s", why->message);
        store->turn.is_there = false; /* for this run: what the branch takes is another question */
    }
    return true;
}

/* Fetches what others push, beside the waiting: so only the last of it is to come once it is our
 * turn. Not at once: whoever has the turn needs the same, and first. Nor each push by itself: to
 * fetch a few at once takes them not much longer than one, and the server as well. */
static bool
keep_up(MpStore *store, Seen *seen, GError **error)
{
    gint64 now = g_get_monotonic_time();

    if (store->fetch != NULL && mp_running_is_over(store->fetch) &&
        !mp_store_fetch_end(store, error))
        return false;
    if (store->fetch != NULL || seen->is_new || now - seen->followed < (gint64)KEPT_US ||
        git_oid_equal(&seen->at[1], &store->tip))
        return true;
    seen->followed = now;
    return mp_store_fetch_begin(store, error);
}

/* Whoever has begun needs about as long as we do. */
static void
pause_between(const MpStore *store, const Seen *seen)
{
    gint64 pause = g_random_int_range(POLL_MIN_US, POLL_MAX_US);

    if (seen->is_turn_new && !may_be_taken(store, seen))
        pause += MIN(store->turn.usual / HURRY, HURRY_MAX_US);
    g_usleep((gulong)pause);
}

/* Whoever gave the turn back knows that before all others, and would have it again each time before
 * they look: it waits until they have looked, and taken it. */
static void
let_others_look(const MpStore *store)
{
    gint64 others = POLL_MAX_US + OTHERS_TAKE * store->turn.to_take;
    gint64 end = store->turn.given_back + MIN(others, G_USEC_PER_SEC);

    if (store->turn.given_back != 0 && store->turn.is_there && !store->turn.is_ours &&
        !mp_is_stopped())
        g_usleep((gulong)MAX(end - g_get_monotonic_time(), 0));
}

static bool
wait_for_turn(MpStore *store, Seen *seen, GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)WAIT_S * G_USEC_PER_SEC;

    let_others_look(store);
    while (store->turn.is_there && !store->turn.is_ours && g_get_monotonic_time() < end &&
           !mp_is_stopped()) {
        if (!look(store, seen, error) || (may_be_taken(store, seen) && !take(store, seen, error)))
            return false;
        if (store->turn.is_ours || !store->turn.is_there)
            break;
        store->turn.was_anothers = true;
        if (!keep_up(store, seen, error))
            return false;
        pause_between(store, seen);
    }
    return true;
}

static bool
take_turn(MpStore *store, GError **error)
{
    Seen seen = {0};

    bool good = wait_for_turn(store, &seen, error) && mp_store_fetch_end(store, error) &&
                (!store->turn.is_ours || git_oid_equal(&seen.at[1], &store->tip) ||
                 mp_store_fetch(store, error));
    g_clear_pointer(&store->fetch, mp_running_free);
    store->turn.has_followed = good && store->turn.is_ours;
    return good;
}

static void
note_given_back(MpStore *store)
{
    store->turn.given_back = g_get_monotonic_time();
    store->turn.usual = store->turn.given_back - store->turn.begun;
}

void
mp_turn_note_push(MpStore *store, const MpMove *turn)
{
    store->turn.is_kept = turn != NULL && git_oid_equal(&turn->to, &store->turn.own);
    if (store->turn.is_kept)
        store->turn.n_kept++;
    else if (store->turn.is_ours)
        note_given_back(store);
    store->turn.is_ours = store->turn.is_kept;
}

void
mp_store_keep_turn(MpStore *store, bool whether)
{
    store->turn.is_wanted = whether;
    store->turn.is_kept = false;
}

bool
mp_store_has_turn(const MpStore *store)
{
    return store->turn.is_ours;
}

bool
mp_store_make_way(MpStore *store, guint attempt, GError **error)
{
    store->turn.was_anothers = false;
    if (store->remote == NULL)
        return true;
    if (has_turns(store))
        return take_turn(store, error);
    mp_remote_back_off((int)attempt);
    return true;
}

void
mp_store_leave_turn(MpStore *store)
{
    const MpMove move = {MP_TURN, store->turn.own, store->turn.nobody, NOBODY};
    g_autoptr(GError) why = NULL;

    store->turn.has_followed = false;
    if (!store->turn.is_ours || store->turn.is_kept)
        return;
    store->turn.is_ours = false;
    if (mp_remote_push(store->remote, store->path, &move, 1, NULL, &why) == MP_PUSHED)
        note_given_back(store);
    else
        mp_debug("The turn was not given back: %s", why->message);
}
