/* One exchange with a Git server; see exchange.h. */
#include "git/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* From the thread: it is so far. A queue takes no NULL. */
#define DONE GINT_TO_POINTER(1)

/* How often it was so far: the refs are there, or never will be; likewise the report. */
enum { HEARD = 1, ANSWERED };

struct MpExchange {
    gint64 limit; /* us for each of the two */
    pid_t ssh;    /* 0 or less: none */
    MpFd give_up;
    GThread *thread;
    GAsyncQueue *orders;  /* to it: a GString *, to be sent; an empty one: nothing is */
    GAsyncQueue *answers; /* from it: DONE */
    guint n_done, n_commands;
    MpTalk talk;   /* the thread's until it says that it is so far */
    bool has_refs; /* likewise */
};

/* --- The thread ---------------------------------------------------------------------------------
 */

static void
free_order(gpointer order)
{
    g_string_free(order, TRUE);
}

static void
carry_out(MpExchange *exchange, const GString *order)
{
    MpTalk *talk = &exchange->talk;

    mp_talk_limit(talk, exchange->limit);
    mp_talk_push(talk, order);
    bool is_to_end = talk->is_whole;
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
    g_autoptr(GString) order = g_async_queue_pop(exchange->orders);
    if (order->len > 0)
        carry_out(exchange, order);
    else if (exchange->has_refs)
        mp_talk_leave(&exchange->talk);
    return NULL;
}

/* --- Its beginning and end ----------------------------------------------------------------------
 */

/* Not in the thread: what a thread started is killed when that ends. */
static bool
start_ssh(MpExchange *exchange, const char *const *ssh, const char *const *environment)
{
    const MpWay *way = &exchange->talk.way;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *path = g_find_program_in_path(ssh[0]);
    g_autofree char *service =
        g_strdup_printf("%s '%s'", mp_talk_service(exchange->talk.service), way->path);
    const char *const port[] = {"-p", way->port};
    int ends[2];

    if (path == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    g_auto(MpFd) theirs = ends[1];
    exchange->talk.stream.fd = ends[0];
    for (; *ssh != NULL; ssh++)
        g_ptr_array_add(argv, (gpointer)*ssh);
    for (gsize i = 0; way->port != NULL && i < G_N_ELEMENTS(port); i++)
        g_ptr_array_add(argv, (gpointer)port[i]);
    g_ptr_array_add(argv, way->host);
    g_ptr_array_add(argv, service);
    g_ptr_array_add(argv, NULL);
    const MpProcessStart start = {path,        (const char *const *)argv->pdata,
                                  environment, {theirs, theirs, -1},
                                  3,           MP_SESSION_OF_ITS_OWN};
    exchange->ssh = mp_process_start(&start);
    return exchange->ssh > 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

/* What a signal asks of us it asks of the main thread. */
static bool
start_thread(MpExchange *exchange)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    exchange->thread = g_thread_try_new("exchange", run, exchange, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return exchange->thread != NULL;
}

MpExchange *
mp_exchange_begin(const MpWay *way, MpService service, const char *const *ssh,
                  const char *const *environment, int seconds)
{
    g_autoptr(MpExchange) exchange = g_new0(MpExchange, 1);

    exchange->limit = (gint64)seconds * G_USEC_PER_SEC;
    exchange->give_up = eventfd(0, EFD_CLOEXEC);
    exchange->orders = g_async_queue_new_full(free_order);
    exchange->answers = g_async_queue_new();
    mp_talk_init(&exchange->talk, way, service, exchange->give_up);
    if (exchange->give_up < 0 || (way->is_ssh && !start_ssh(exchange, ssh, environment)) ||
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

static void
wait_until(MpExchange *exchange, guint n)
{
    for (; exchange->n_done < n; exchange->n_done++)
        (void)g_async_queue_pop(exchange->answers);
}

static void
end_thread(MpExchange *exchange)
{
    bool is_asked = exchange->n_commands > 0;

    if (!is_so_far(exchange, is_asked ? ANSWERED : HEARD))
        (void)eventfd_write(exchange->give_up, 1);
    if (!is_asked)
        g_async_queue_push(exchange->orders, g_string_new(NULL));
    g_thread_join(exchange->thread);
}

static void
end_ssh(pid_t ssh)
{
    kill(-ssh, SIGKILL);
    kill(ssh, SIGKILL); /* it may not have come to make its session yet */
    while (waitpid(ssh, NULL, 0) < 0 && errno == EINTR)
        continue;
}

void
mp_exchange_free(MpExchange *exchange)
{
    if (exchange == NULL)
        return;
    if (exchange->thread != NULL)
        end_thread(exchange);
    mp_talk_clear(&exchange->talk);
    if (exchange->ssh > 0)
        end_ssh(exchange->ssh);
    mp_fd_clear(&exchange->give_up);
    g_async_queue_unref(exchange->orders);
    g_async_queue_unref(exchange->answers);
    g_free(exchange);
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
    wait_until(exchange, HEARD);
    *too_slow = exchange->talk.is_late;
    return exchange->has_refs;
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

static bool
can(const MpExchange *exchange, const char *capability)
{
    g_auto(GStrv) all = g_strsplit_set(exchange->talk.capabilities, " \n", -1);

    return g_strv_contains((const char *const *)all, capability);
}

/* --- A push -------------------------------------------------------------------------------------
 */

/* Our packs have differences to what stands before them. One of another hash names itself. */
bool
mp_exchange_takes_pushes(const MpExchange *exchange, bool is_atomic)
{
    return can(exchange, "report-status") && can(exchange, "side-band-64k") &&
           can(exchange, "ofs-delta") && (!is_atomic || can(exchange, "atomic")) &&
           (strstr(exchange->talk.capabilities, "object-format=") == NULL ||
            can(exchange, "object-format=sha1"));
}

void
mp_exchange_send(MpExchange *exchange, const char *const *commands, guint n, bool is_atomic,
                 const GByteArray *pack)
{
    GString *order = g_string_sized_new(pack->len + 1024);
    g_autofree char *wanted =
        g_strconcat(" report-status side-band-64k", is_atomic ? " atomic" : "",
                    can(exchange, "quiet") ? " quiet" : "", " agent=metroplex/", MP_VERSION, NULL);

    for (guint i = 0; i < n; i++) {
        g_autoptr(GString) line = g_string_new(commands[i]);

        if (i == 0) {
            g_string_append_c(line, '\0');
            g_string_append(line, wanted);
        }
        mp_pkt_append(order, line->str, line->len);
    }
    g_string_append(order, MP_PKT_FLUSH);
    g_string_append_len(order, (const char *)pack->data, pack->len);
    exchange->n_commands = n;
    g_async_queue_push(exchange->orders, order);
}

bool
mp_exchange_is_answered(MpExchange *exchange)
{
    return is_so_far(exchange, ANSWERED);
}

/* As git does with what comes from there. */
static void
append_marked(GString *into, const char *text)
{
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);

    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0')
            g_string_append_printf(into, "remote: %s\n", *line);
}

void
mp_exchange_answer(MpExchange *exchange, MpProcess *said)
{
    const MpTalk *talk = &exchange->talk;

    wait_until(exchange, ANSWERED);
    bool is_done = talk->is_whole && talk->has_unpacked && talk->rejected->len == 0 &&
                   talk->n_moved == exchange->n_commands;
    GString *text = g_string_new(NULL);
    append_marked(text, talk->said->str);
    if (!talk->is_whole)
        g_string_append(text, "fatal: the remote end hung up unexpectedly\n");
    *said = (MpProcess){.status = is_done ? 0 : 1,
                        .is_too_slow = talk->is_late,
                        .out = g_strdup(talk->rejected->str),
                        .err = g_string_free(text, FALSE)};
}
