/* Moves of the remote's refs; see remote.h. */
#include "git/remote_inside.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "git/latch.h"
#include "git/pack.h"

#define AHEAD_US (30 * G_USEC_PER_SEC)

bool
mp_beside(const MpBeside *beside)
{
    return beside != NULL && beside->work != NULL && beside->work(beside->data);
}

static MpPush
judge_push(const MpRemote *remote, const MpProcess *git, GError **error)
{
    MpPush push = mp_remote_meaning(git);

    mp_remote_complain(remote, "push", git,
                       push == MP_REFUSED ? MP_ERROR_REFUSED : MP_ERROR_TEMPORARY, error);
    return push;
}

/* No turns where pushes are not atomic. */
static bool
is_atomic(const MpMove *moves, guint n)
{
    return n > 1 || moves[0].blob != NULL;
}

/* --- By us ------------------------------------------------------------------------------------ */

static bool
is_to_be_sent(const MpMove *move)
{
    return !git_oid_equal(&move->from, &move->to);
}

/* All that the server may lack, or *pack stays NULL for a helper, which looks for it. False: only
 * git knows. */
static bool
knows_pack(const MpRemote *remote, const MpMove *moves, guint n, GByteArray **pack)
{
    g_autoptr(MpPack) blobs = mp_pack_new();
    const MpPack *written = NULL;

    if (remote->way.kind == MP_BY_HELPER)
        return true;
    for (guint i = 0; i < n; i++) {
        const char *blob = moves[i].blob;
        git_oid id;

        if (!is_to_be_sent(&moves[i]))
            continue;
        if (blob == NULL && (written = remote->pack) == NULL)
            return false;
        if (blob != NULL && !mp_pack_add(blobs, GIT_OBJECT_BLOB, blob, strlen(blob), &id, NULL))
            return false;
    }
    *pack = mp_pack_join(written, blobs);
    return *pack != NULL;
}

/* A server, or what is between, may have given up one that is older; and what it said is old. */
static bool
is_too_old(const MpExchange *exchange)
{
    return mp_exchange_age(exchange) > (gint64)AHEAD_US;
}

void
mp_remote_go_ahead(MpRemote *remote, const char *path)
{
    if (remote->ahead != NULL && is_too_old(remote->ahead))
        g_clear_pointer(&remote->ahead, mp_exchange_free);
    if (remote->ahead == NULL)
        remote->ahead = mp_remote_exchange(remote, path, MP_RECEIVE_PACK);
}

void
mp_remote_come_back(MpRemote *remote)
{
    g_clear_pointer(&remote->ahead, mp_exchange_free);
    if (remote->last != NULL && mp_exchange_is_over(remote->last))
        g_clear_pointer(&remote->last, mp_exchange_free);
}

/* In the words of git push. */
static MpPush
say_outrun(const MpRemote *remote, const MpMove *move, GError **error)
{
    g_autofree char *out = g_strdup_printf("!\t:%s\t[rejected] (stale info)\n", move->ref);
    char none[] = "";
    const MpProcess said = {.status = 1, .out = out, .err = none};

    return judge_push(remote, &said, error);
}

/* The first that is not where it is moved from; NULL: none. */
static const MpMove *
find_outrun(const MpExchange *exchange, const MpMove *moves, guint n)
{
    for (guint i = 0; i < n; i++) {
        git_oid at = mp_exchange_ref(exchange, moves[i].ref);

        if (!git_oid_equal(&at, &moves[i].from))
            return &moves[i];
    }
    return NULL;
}

/* One that was opened ahead, if it is of use still; where it was not understood, or too slow,
 * another would not be any better. */
static MpExchange *
take_ahead(MpRemote *remote, const MpMove *moves, guint n, bool *is_for_git, bool *too_slow)
{
    g_autoptr(MpExchange) exchange = g_steal_pointer(&remote->ahead);

    *is_for_git = *too_slow = false;
    if (exchange == NULL || is_too_old(exchange))
        return NULL;
    *is_for_git = !mp_exchange_has_refs(exchange, too_slow);
    return !*is_for_git && mp_exchange_is_open(exchange) && find_outrun(exchange, moves, n) == NULL
               ? g_steal_pointer(&exchange)
               : NULL;
}

/* With what the server has; NULL: it is for git, or *too_slow. */
static MpExchange *
open_exchange(MpRemote *remote, const char *path, const MpMove *moves, guint n, bool *too_slow)
{
    bool is_for_git;
    g_autoptr(MpExchange) exchange = take_ahead(remote, moves, n, &is_for_git, too_slow);

    if (exchange == NULL && !is_for_git) {
        exchange = mp_remote_exchange(remote, path, MP_RECEIVE_PACK);
        is_for_git = exchange == NULL || !mp_exchange_has_refs(exchange, too_slow);
    }
    if (!is_for_git && mp_exchange_takes_pushes(exchange, is_atomic(moves, n)))
        return g_steal_pointer(&exchange);
    if (!*too_slow)
        mp_remote_leave_to_git(remote);
    return NULL;
}

static MpTalkPush *
push_of(const MpMove *moves, guint n, GByteArray *pack)
{
    MpTalkPush *push = mp_talk_push_new();

    for (guint i = 0; i < n; i++) {
        const MpRefCommand command = {moves[i].ref, moves[i].from, moves[i].to};

        if (is_to_be_sent(&moves[i]))
            g_array_append_val(push->commands, command);
    }
    push->is_atomic = is_atomic(moves, n);
    push->pack = pack != NULL ? g_byte_array_ref(pack) : NULL;
    return push;
}

/* Once the server has answered, its hooks are waited for later. False: nothing was sent. */
static bool
send_and_hear(MpRemote *remote, MpExchange *opened, MpTalkPush *push, MpPush *result,
              GError **error)
{
    g_autoptr(MpExchange) exchange = opened;
    g_auto(MpProcess) said = {0};

    mp_exchange_send(exchange, push);
    while (!mp_exchange_is_answered(exchange) && mp_beside(remote->beside))
        continue;
    if (!mp_exchange_answer(exchange, &said))
        return false;
    *result = said.status == 0 ? MP_PUSHED : judge_push(remote, &said, error);
    if (*result == MP_PUSHED && !mp_exchange_is_over(exchange))
        remote->last = g_steal_pointer(&exchange);
    return true;
}

/* False: it is for git, and nothing was sent. */
static bool
push_by_us(MpRemote *remote, const char *path, const MpMove *moves, guint n,
           const MpCondition *condition, MpPush *push, GError **error)
{
    char none[] = "";
    const MpProcess late = {.is_too_slow = true, .out = none, .err = none};
    g_autoptr(GByteArray) pack = NULL;
    bool too_slow;

    *push = MP_KEPT_BACK;
    if (!mp_remote_goes_itself(remote, path) || !knows_pack(remote, moves, n, &pack))
        return false;
    if (condition != NULL && !condition->holds(condition->data, error))
        return true;
    /* the hooks of the last push are done before the next, as with git; only then we look whether
     * the server still waits for us */
    g_clear_pointer(&remote->last, mp_exchange_free);
    g_autoptr(MpExchange) exchange = open_exchange(remote, path, moves, n, &too_slow);
    if (exchange == NULL) {
        if (too_slow)
            *push = judge_push(remote, &late, error);
        return too_slow;
    }
    const MpMove *outrun = find_outrun(exchange, moves, n);
    g_autoptr(MpTalkPush) order = push_of(moves, n, pack);
    if (outrun == NULL && order->commands->len > 0)
        return send_and_hear(remote, g_steal_pointer(&exchange), g_steal_pointer(&order), push,
                             error);
    *push = outrun != NULL ? say_outrun(remote, outrun, error) : MP_PUSHED;
    return true;
}

/* --- By git ----------------------------------------------------------------------------------- */

/* "--force-with-lease=REF:ID", no ID for one that is not there. */
static char *
lease_of(const MpMove *move)
{
    return g_strdup_printf("--force-with-lease=%s:%s", move->ref,
                           git_oid_is_zero(&move->from) ? "" : git_oid_tostr_s(&move->from));
}

/* Of git: the words before the refs. One that is latched runs a hook. */
static void
add_push(GPtrArray *words, const MpRemote *remote, const MpLatch *latch, bool as_a_whole)
{
    static const char *const as_it_is[] = {"-c", "pack.window=0", NULL};
    static const char *const first[] = {"push",        "--quiet",
                                        "--porcelain", "--no-follow-tags",
                                        "--no-signed", "--recurse-submodules=no",
                                        NULL};
    const char *const hooks[] = {"-c", latch->option, NULL};

    if (!remote->is_brief)
        mp_remote_add_words(words, as_it_is);
    if (latch->option != NULL)
        mp_remote_add_words(words, hooks);
    mp_remote_add_words(words, first);
    if (latch->option == NULL)
        g_ptr_array_add(words, g_strdup("--no-verify"));
    if (as_a_whole)
        g_ptr_array_add(words, g_strdup("--atomic"));
}

static MpRunning *
start_push(MpRemote *remote, const char *path, const MpMove *moves, guint n, const MpLatch *latch,
           GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    add_push(words, remote, latch, is_atomic(moves, n));
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(words, lease_of(&moves[i]));
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, g_strdup(remote->url));
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(words, g_strconcat(git_oid_tostr_s(&moves[i].to), ":", moves[i].ref, NULL));
    g_ptr_array_add(words, NULL);
    return mp_remote_start(remote, path, (const char *const *)words->pdata, latch->theirs, error);
}

/* Asked while git connects. *waited: so many seconds of its time were not the server's. */
static bool
may_be_sent(const MpCondition *condition, MpLatch *latch, int *waited, GError **error)
{
    gint64 begun = g_get_monotonic_time();

    *waited = 0;
    if (condition == NULL)
        return true;
    bool holds = condition->holds(condition->data, error);
    if (holds)
        mp_latch_lift(latch);
    mp_latch_clear(latch);
    *waited = (int)((g_get_monotonic_time() - begun) / G_USEC_PER_SEC) + 1;
    return holds;
}

/* Of which so much is over. Git that sends nothing is not waited for, wherever it is by now. */
static int
time_for_push(const MpRemote *remote, bool is_sent, int waited)
{
    if (!is_sent)
        return waited;
    return remote->seconds > 0 ? remote->seconds + waited : 0;
}

static MpPush
push_by_git(MpRemote *remote, const char *path, const MpMove *moves, guint n,
            const MpCondition *condition, GError **error)
{
    g_auto(MpLatch) latch = {-1, -1, NULL};
    g_auto(MpProcess) git = {0};
    g_autoptr(GError) why = NULL;
    int waited;

    if (condition != NULL && !mp_latch_make(&latch, error))
        return MP_KEPT_BACK;
    g_autoptr(MpRunning) running = start_push(remote, path, moves, n, &latch, error);
    if (running == NULL)
        return MP_UNKNOWN;
    bool is_sent = may_be_sent(condition, &latch, &waited, &why);
    while (is_sent && !mp_running_is_over(running) && mp_beside(remote->beside))
        continue;
    mp_process_end(running, &git, time_for_push(remote, is_sent, waited));
    if (git.status == 0 && !is_sent)
        mp_error("git push ran no hook pre-push, and sent what was decided on accounts that may be "
                 "old");
    if (git.status == 0)
        return MP_PUSHED;
    if (is_sent)
        return judge_push(remote, &git, error);
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return MP_KEPT_BACK;
}

MpPush
mp_remote_push(MpRemote *remote, const char *path, const MpMove *moves, guint n,
               const MpCondition *condition, GError **error)
{
    MpPush push;

    if (push_by_us(remote, path, moves, n, condition, &push, error))
        return push;
    mp_remote_come_back(remote);
    g_clear_pointer(&remote->last, mp_exchange_free);
    return push_by_git(remote, path, moves, n, condition, error);
}
