/* One exchange with a Git server; see exchange.h. */
#include "git/exchange.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* From the thread: it is so far. A queue takes no NULL. */
#define DONE GINT_TO_POINTER(1)

/* How often it was so far: the refs are there, or never will be; likewise the report; the server
 * has closed, or will not be waited for. */
enum { HEARD = 1, ANSWERED, OVER };

#define ERRORS_MAX 65536          /* octets of what a program says to people */
#define SLACK_US   G_USEC_PER_SEC /* after its time, in which the thread says that that is over */

struct MpExchange {
    gatomicrefcount n_users; /* who began it, and the thread */
    gint64 limit;            /* us for the refs, and again for a push; 0: none */
    gint64 begun;
    pid_t program; /* by which we go, ssh or a helper; 0 or less: none */
    MpFd give_up;
    GThread *thread;
    GAsyncQueue *orders;  /* to it: a MpTalkPush *; without commands: there is none */
    GAsyncQueue *answers; /* from it: DONE */
    guint n_done;
    bool is_asked;
    MpTalk talk;   /* the thread's until it says that it is so far */
    bool has_refs; /* likewise */
    bool is_done;  /* likewise: all was moved that was to be */
};

static void
unref(MpExchange *exchange)
{
    if (!g_atomic_ref_count_dec(&exchange->n_users))
        return;
    mp_talk_clear(&exchange->talk);
    mp_fd_clear(&exchange->give_up);
    g_async_queue_unref(exchange->orders);
    g_async_queue_unref(exchange->answers);
    g_free(exchange);
}

/* --- The thread ---------------------------------------------------------------------------------
 */

/* The pack is let go of before the server's hooks are waited for. */
static void
carry_out(MpExchange *exchange, MpTalkPush *push)
{
    MpTalk *talk = &exchange->talk;

    mp_talk_limit(talk, exchange->limit);
    mp_talk_push(talk, push);
    exchange->is_done = mp_talk_is_done(talk, push);
    bool is_to_end = talk->is_whole;
    mp_talk_push_free(push);
    g_async_queue_push(exchange->answers, DONE);
    if (is_to_end)
        mp_talk_wait_for_end(talk);
}

static gpointer
run(gpointer data)
{
    MpExchange *exchange = data;

    mp_talk_limit(&exchange->talk, exchange->limit);
    exchange->has_refs = mp_talk_open(&exchange->talk);
    g_async_queue_push(exchange->answers, DONE);
    MpTalkPush *push = g_async_queue_pop(exchange->orders);
    if (push->commands->len > 0 && exchange->has_refs) {
        carry_out(exchange, push);
    } else {
        if (exchange->has_refs)
            mp_talk_leave(&exchange->talk);
        mp_talk_push_free(push);
        g_async_queue_push(exchange->answers, DONE);
    }
    g_async_queue_push(exchange->answers, DONE);
    unref(exchange);
    return NULL;
}

/* --- Its beginning and end ----------------------------------------------------------------------
 */

/* "ssh WORDS HOST SERVICE" */
static void
add_service(GPtrArray *argv, const MpTalk *talk)
{
    const MpWay *way = &talk->way;

    if (way->port != NULL) {
        g_ptr_array_add(argv, g_strdup("-p"));
        g_ptr_array_add(argv, g_strdup(way->port));
    }
    g_ptr_array_add(argv, g_strdup(way->host));
    g_ptr_array_add(argv, g_strdup_printf("%s '%s'", mp_talk_service(talk->service), way->path));
}

/* "git WORDS remote-HELPER NAME URL": a remote that is not configured is called what its URL is. */
static void
add_helper(GPtrArray *argv, const MpWay *way)
{
    g_ptr_array_add(argv, g_strconcat("remote-", way->helper, NULL));
    g_ptr_array_add(argv, g_strdup(way->url));
    g_ptr_array_add(argv, g_strdup(way->url));
}

/* A file that does not grow: who writes more than it has room for fails, and goes on. */
static int
open_errors(void)
{
    g_auto(MpFd) fd = memfd_create("said", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int errors = fd;

    if (fd < 0 || ftruncate(fd, ERRORS_MAX) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return -1;
    fd = -1;
    return errors;
}

/* Not in the thread: what a thread started is killed when that ends. */
static bool
start_program(MpExchange *exchange, const char *const *words, const char *const *environment)
{
    MpTalk *talk = &exchange->talk;
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = g_find_program_in_path(words[0]);
    int ends[2];

    for (; *words != NULL; words++)
        g_ptr_array_add(argv, g_strdup(*words));
    if (talk->way.kind == MP_BY_SSH)
        add_service(argv, talk);
    else
        add_helper(argv, &talk->way);
    talk->errors = open_errors();
    g_ptr_array_add(argv, NULL);
    if (path == NULL || talk->errors < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    g_auto(MpFd) theirs = ends[1];
    talk->stream.fd = ends[0];
    const MpProcessStart start = {path,        (const char *const *)argv->pdata,
                                  environment, {theirs, theirs, talk->errors},
                                  3,           MP_SESSION_OF_ITS_OWN};
    exchange->program = mp_process_start(&start);
    return exchange->program > 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

/* What a signal asks of us it asks of the main thread. */
static bool
start_thread(MpExchange *exchange)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    g_atomic_ref_count_inc(&exchange->n_users);
    exchange->thread = g_thread_try_new("exchange", run, exchange, NULL);
    if (exchange->thread == NULL)
        (void)g_atomic_ref_count_dec(&exchange->n_users);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return exchange->thread != NULL;
}

MpExchange *
mp_exchange_begin(const MpWay *way, MpService service, const char *const *words,
                  const char *const *environment, int seconds)
{
    g_autoptr(MpExchange) exchange = g_new0(MpExchange, 1);

    g_atomic_ref_count_init(&exchange->n_users);
    exchange->limit = (gint64)seconds * G_USEC_PER_SEC;
    exchange->begun = g_get_monotonic_time();
    exchange->give_up = eventfd(0, EFD_CLOEXEC);
    exchange->orders = g_async_queue_new_full((GDestroyNotify)mp_talk_push_free);
    exchange->answers = g_async_queue_new();
    mp_talk_init(&exchange->talk, way, service, exchange->give_up);
    if (exchange->give_up < 0 ||
        (way->kind != MP_BY_TCP && !start_program(exchange, words, environment)) ||
        !start_thread(exchange))
        return NULL;
    return g_steal_pointer(&exchange);
}

static bool
is_so_far(MpExchange *exchange, guint n)
{
    while (exchange->n_done < n && g_async_queue_try_pop(exchange->answers) != NULL)
        exchange->n_done++;
    return exchange->n_done >= n;
}

/* False: not in its time, which only a search for the server's address can outlast: nobody can end
 * that. */
static bool
wait_until(MpExchange *exchange, guint n)
{
    GAsyncQueue *answers = exchange->answers;

    while (exchange->n_done < n) {
        if (exchange->limit == 0)
            (void)g_async_queue_pop(answers);
        else if (g_async_queue_timeout_pop(answers, (guint64)exchange->limit + SLACK_US) == NULL)
            return false;
        exchange->n_done++;
    }
    return true;
}

/* Who has not heard of the server yet may look for its address for long, and is left to itself with
 * its share of the exchange. */
static void
end_thread(MpExchange *exchange)
{
    bool is_heard = is_so_far(exchange, HEARD);

    if (!is_so_far(exchange, exchange->is_asked ? ANSWERED : HEARD))
        (void)eventfd_write(exchange->give_up, 1);
    if (!exchange->is_asked)
        g_async_queue_push(exchange->orders, mp_talk_push_new());
    if (is_heard)
        g_thread_join(exchange->thread);
    else
        g_thread_unref(exchange->thread);
}

void
mp_exchange_free(MpExchange *exchange)
{
    if (exchange == NULL)
        return;
    if (exchange->thread != NULL)
        end_thread(exchange);
    if (exchange->program > 0)
        (void)mp_process_kill(exchange->program);
    unref(exchange);
}

/* --- What was heard -----------------------------------------------------------------------------
 */

bool
mp_exchange_is_heard(MpExchange *exchange)
{
    return is_so_far(exchange, HEARD);
}

bool
mp_exchange_has_refs(MpExchange *exchange, bool *too_slow)
{
    *too_slow = !wait_until(exchange, HEARD) || exchange->talk.is_late;
    return !*too_slow && exchange->has_refs;
}

gint64
mp_exchange_age(const MpExchange *exchange)
{
    return g_get_monotonic_time() - exchange->begun;
}

bool
mp_exchange_is_open(const MpExchange *exchange)
{
    struct pollfd polled = {.fd = exchange->talk.stream.fd, .events = POLLIN};

    return poll(&polled, 1, 0) == 0;
}

git_oid
mp_exchange_ref(const MpExchange *exchange, const char *ref)
{
    static const git_oid none = {{0}};
    const git_oid *id = g_hash_table_lookup(exchange->talk.refs, ref);

    return id != NULL ? *id : none;
}

/* --- A push -------------------------------------------------------------------------------------
 */

bool
mp_exchange_takes_pushes(const MpExchange *exchange, bool is_atomic)
{
    return mp_talk_takes_pushes(&exchange->talk, is_atomic);
}

void
mp_exchange_send(MpExchange *exchange, MpTalkPush *push)
{
    exchange->is_asked = true;
    g_async_queue_push(exchange->orders, push);
}

bool
mp_exchange_is_answered(MpExchange *exchange)
{
    return is_so_far(exchange, ANSWERED);
}

bool
mp_exchange_is_over(MpExchange *exchange)
{
    return is_so_far(exchange, OVER);
}

bool
mp_exchange_answer(MpExchange *exchange, MpProcess *said)
{
    const MpTalk *talk = &exchange->talk;

    while (!wait_until(exchange, ANSWERED))
        continue;
    *said = (MpProcess){.status = exchange->is_done ? 0 : 1,
                        .is_too_slow = talk->is_late && !talk->is_whole,
                        .out = g_strdup(talk->rejected->str),
                        .err = g_strdup(talk->said->str)};
    return talk->has_sent;
}
