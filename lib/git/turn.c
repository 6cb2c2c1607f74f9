/* Turns of hosts that outrun each other; see turn.h. */
#include "git/turn.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/signal.h"
#include "git/git.h"
#include "git/internal.h"

#define WAIT_S      90 /* at most; then by luck, as without turns */
#define DEAD_S      15 /* without a sign of who has it: far longer than a batch takes */
#define POLL_MIN_US 20000
#define POLL_MAX_US 80000

static bool
write_mark(MpStore *store, const char *who, git_oid *mark, GError **error)
{
    g_autofree char *text = g_strconcat("The turn is ", who, "'s.\n", NULL);

    return git_blob_create_from_buffer(mark, store->repository, text, strlen(text)) == 0 ||
           mp_git_fail(error, "%s: cannot write", store->path);
}

static bool
write_marks(MpStore *store, GError **error)
{
    g_autofree char *own = g_strconcat("host ", store->host, NULL);

    return write_mark(store, "nobody", &store->turn.nobody, error) &&
           write_mark(store, own, &store->turn.own, error);
}

bool
mp_turn_join(MpStore *store, GError **error)
{
    g_autoptr(git_reference) reference = NULL;
    g_autoptr(GError) why = NULL;

    if (!write_mark(store, "nobody", &store->turn.nobody, error))
        return false;
    MpMove make = {MP_TURN, {{0}}, store->turn.nobody};
    MpPush push = mp_remote_push(store->remote, store->path, &make, 1, &why);
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

guint
mp_turn_moves(MpStore *store, MpMove *moves)
{
    if (store->turn.is_left_out || !has_turns(store))
        return 0;
    *moves = (MpMove){MP_TURN, store->turn.is_ours ? store->turn.own : store->turn.nobody,
                      store->turn.nobody};
    return 1;
}

/* What the remote had when it was asked, and since when it has had that. */
typedef struct {
    git_oid at[2]; /* the turn, and the branch */
    gint64 since;
} Seen;

static bool
look(MpStore *store, Seen *seen, GError **error)
{
    static const char *const refs[] = {MP_TURN, MP_BRANCH};
    git_oid at[G_N_ELEMENTS(refs)];

    if (!mp_remote_list(store->remote, store->path, refs, at, G_N_ELEMENTS(refs), error))
        return false;
    if (seen->since == 0 || memcmp(at, seen->at, sizeof at) != 0)
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
    const MpMove move = {MP_TURN, seen->at[0], store->turn.own};
    MpPush push = mp_remote_push(store->remote, store->path, &move, 1, &why);
    store->turn.is_ours = push == MP_PUSHED;
    if (push == MP_REFUSED || push == MP_UNKNOWN) {
        mp_debug("No turn: %s", why->message);
        store->turn.is_there = false; /* for this run: what the branch takes is another question */
    }
    return true;
}

static bool
take_turn(MpStore *store, GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)WAIT_S * G_USEC_PER_SEC;
    Seen seen = {0};

    while (store->turn.is_there && !store->turn.is_ours && g_get_monotonic_time() < end &&
           !mp_is_stopped()) {
        if (!look(store, &seen, error) ||
            (may_be_taken(store, &seen) && !take(store, &seen, error)))
            return false;
        if (store->turn.is_ours || !store->turn.is_there)
            break;
        store->turn.was_anothers = true;
        g_usleep((gulong)g_random_int_range(POLL_MIN_US, POLL_MAX_US));
    }
    return true;
}

bool
mp_store_make_way(MpStore *store, guint attempt, GError **error)
{
    store->turn.was_anothers = false;
    if (store->remote == NULL)
        return true;
    if (attempt >= MP_TAKE_TURN && has_turns(store))
        return take_turn(store, error);
    mp_remote_back_off((int)attempt);
    return true;
}

void
mp_store_leave_turn(MpStore *store)
{
    const MpMove move = {MP_TURN, store->turn.own, store->turn.nobody};
    g_autoptr(GError) why = NULL;

    if (!store->turn.is_ours)
        return;
    store->turn.is_ours = false;
    if (mp_remote_push(store->remote, store->path, &move, 1, &why) != MP_PUSHED)
        mp_debug("The turn was not given back: %s", why->message);
}
