/* Talking to a Git server ourselves: to servers of all kinds, which are a thread of the test. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "git/exchange.h"
#include "git/pkt_line.h"

#define ID_1 "1111111111111111111111111111111111111111"
#define ID_2 "2222222222222222222222222222222222222222"

#define PACK "PACK and so on, the end"

/* A thread that is a server once. */
typedef struct {
    GString *refs;   /* what it says first, the server's */
    GString *answer; /* once a pack came, likewise; NULL: it closes */
    bool stays;      /* until we go */
    bool has_said;   /* all of its answer */
    int listening;
    guint port;
    GString *request, *pushed; /* what it was told; NULs are '|' */
    GThread *thread;
} Server;

static void
read_until(int fd, GString *into, const char *end)
{
    char octet;

    while ((end == NULL || !g_str_has_suffix(into->str, end)) && read(fd, &octet, 1) == 1)
        g_string_append_c(into, octet != '\0' ? octet : '|');
}

static bool
say(int fd, const GString *text)
{
    for (gsize at = 0; at < text->len;) {
        gssize n = send(fd, text->str + at, text->len - at, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += (gsize)n;
    }
    return true;
}

static gpointer
serve(gpointer data)
{
    Server *server = data;
    g_auto(MpFd) fd = accept(server->listening, NULL, NULL);

    read_until(fd, server->request, "|");
    read_until(fd, server->request, "|host=");
    read_until(fd, server->request, "|");
    say(fd, server->refs);
    if (server->answer != NULL) {
        read_until(fd, server->pushed, PACK);
        server->has_said = say(fd, server->answer);
    }
    if (server->stays)
        read_until(fd, server->pushed, NULL);
    return NULL;
}

static void
start(Server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    server->request = g_string_new(NULL);
    server->pushed = g_string_new(NULL);
    server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(server->listening, (struct sockaddr *)&address, length) == 0 &&
              listen(server->listening, 1) == 0 &&
              getsockname(server->listening, (struct sockaddr *)&address, &length) == 0);
    server->port = ntohs(address.sin_port);
    server->thread = g_thread_new("server", serve, server);
}

static void
end(Server *server)
{
    if (server->thread != NULL)
        g_thread_join(g_steal_pointer(&server->thread));
    close(server->listening);
    g_string_free(server->request, TRUE);
    g_string_free(server->pushed, TRUE);
    if (server->refs != NULL)
        g_string_free(server->refs, TRUE);
    if (server->answer != NULL)
        g_string_free(server->answer, TRUE);
}

static MpExchange *
go_to(const Server *server, MpService service, int seconds)
{
    g_autofree char *url = g_strdup_printf("git://127.0.0.1:%u/t.git", server->port);
    MpWay way;

    mp_way_read(&way, url);
    MpExchange *exchange = mp_exchange_begin(&way, service, NULL, NULL, seconds);
    mp_way_clear(&way);
    cr_assert_not_null(exchange);
    return exchange;
}

/* One that starts, and whose refs are there. */
static MpExchange *
meet(Server *server, MpService service, int seconds)
{
    bool too_slow;

    start(server);
    MpExchange *exchange = go_to(server, service, seconds);
    cr_assert(mp_exchange_has_refs(exchange, &too_slow));
    return exchange;
}

/* Lines, each a pkt-line, the last one a flush-pkt; '|' is a NUL. */
static GString *
packets(const char *lines)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) all = g_strsplit(lines, "\n", -1);

    for (char **line = all; *line != NULL && **line != '\0'; line++)
        mp_pkt_append(text, *line, strlen(*line));
    g_string_append(text, MP_PKT_FLUSH);
    for (gsize i = 0; i < text->len; i++)
        if (text->str[i] == '|')
            text->str[i] = '\0';
    return text;
}

#define ABLE                                                                                       \
    "|report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 "          \
    "agent=git/2.39.5"

static GString *
greeting(void)
{
    return packets(ID_1 " refs/heads/main" ABLE "\n" ID_2 " refs/metroplex/turn\n");
}

/* A report in side band 1, `piece` octets of it at once, after what a hook says in band 2. */
static GString *
answer(const char *lines, const char *said, gsize piece)
{
    g_autoptr(GString) report = packets(lines);
    GString *text = g_string_new(NULL);

    if (said != NULL) {
        g_autofree char *line = g_strconcat("\2", said, NULL);
        mp_pkt_append(text, line, strlen(line));
    }
    for (gsize at = 0; at < report->len; at += piece) {
        g_autoptr(GString) band = g_string_new("\1");
        g_string_append_len(band, report->str + at, (gssize)MIN(piece, report->len - at));
        mp_pkt_append(text, band->str, band->len);
    }
    g_string_append(text, MP_PKT_FLUSH);
    return text;
}

static void
send_one(MpExchange *exchange)
{
    MpRefCommand command = {.ref = "refs/heads/main"};
    MpTalkPush *push = mp_talk_push_new();

    git_oid_fromstrn(&command.from, ID_1, GIT_OID_HEXSZ);
    git_oid_fromstrn(&command.to, ID_2, GIT_OID_HEXSZ);
    g_array_append_val(push->commands, command);
    push->pack = g_byte_array_new();
    g_byte_array_append(push->pack, (const guint8 *)PACK, strlen(PACK));
    mp_exchange_send(exchange, push);
}

Test(exchange, what_the_server_has_is_known_and_nothing_is_asked_of_it)
{
    Server server = {.refs = greeting(), .stays = true};

    MpExchange *exchange = meet(&server, MP_UPLOAD_PACK, 20);
    cr_expect(mp_exchange_is_heard(exchange) && mp_exchange_is_open(exchange));
    git_oid at = mp_exchange_ref(exchange, "refs/metroplex/turn");
    cr_expect_str_eq(git_oid_tostr_s(&at), ID_2);
    at = mp_exchange_ref(exchange, "refs/heads/main");
    cr_expect_str_eq(git_oid_tostr_s(&at), ID_1);
    at = mp_exchange_ref(exchange, "refs/heads/other");
    cr_expect(git_oid_is_zero(&at));
    mp_exchange_free(exchange);
    g_thread_join(g_steal_pointer(&server.thread));
    g_autofree char *service =
        g_strdup_printf("git-upload-pack /t.git|host=127.0.0.1:%u|", server.port);
    g_autofree char *request = g_strdup_printf("%04zx%s", strlen(service) + 4, service);
    cr_expect_str_eq(server.request->str, request);
    cr_expect_str_eq(server.pushed->str, "0000");
    end(&server);
}

Test(exchange, a_server_that_says_something_else_is_left_to_git)
{
    static const char *const greetings[] = {
        "",
        "0000",
        "0038ERR access denied or repository not exported: /t.git",
        "000eversion 1\n0000",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "0035" ID_1 " refs/hea",
        "0041" ID_1 "|refs/heads/main|version 1\n0000",
        "0034shallow " ID_1 "\n0000",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(greetings); i++) {
        Server server = {.refs = g_string_new(greetings[i])};
        bool too_slow;

        start(&server);
        MpExchange *exchange = go_to(&server, MP_RECEIVE_PACK, 20);
        cr_expect(!mp_exchange_has_refs(exchange, &too_slow) && !too_slow, "%s", greetings[i]);
        mp_exchange_free(exchange);
        end(&server);
    }
}

Test(exchange, a_server_that_has_more_refs_than_anybody_reads_is_left_to_git)
{
    Server server = {.refs = g_string_new(NULL)};
    bool too_slow;

    for (guint i = 0; i < 20000; i++) {
        g_autofree char *line = g_strdup_printf(ID_1 " refs/heads/a-branch-of-many-%05u", i);
        mp_pkt_append(server.refs, line, strlen(line));
    }
    g_string_append(server.refs, MP_PKT_FLUSH);
    start(&server);
    MpExchange *exchange = go_to(&server, MP_UPLOAD_PACK, 20);
    cr_expect(!mp_exchange_has_refs(exchange, &too_slow) && !too_slow);
    mp_exchange_free(exchange);
    end(&server);
}

Test(exchange, a_server_that_says_nothing_is_given_up_in_its_time)
{
    Server server = {.refs = g_string_new(NULL), .stays = true};
    bool too_slow;

    start(&server);
    MpExchange *exchange = go_to(&server, MP_UPLOAD_PACK, 1);
    cr_expect(!mp_exchange_has_refs(exchange, &too_slow) && too_slow);
    mp_exchange_free(exchange);
    end(&server);
}

Test(exchange, what_is_not_waited_for_any_more_ends_at_once, .timeout = 60)
{
    Server server = {.refs = g_string_new(NULL), .stays = true};

    start(&server);
    mp_exchange_free(go_to(&server, MP_RECEIVE_PACK, 0)); /* as long as it takes */
    end(&server);
}

Test(exchange, a_server_that_cannot_do_it_gets_no_push_of_ours)
{
    static const struct {
        const char *able;
        bool takes_one, takes_more; /* moves, as a whole */
    } cases[] = {
        {"report-status side-band-64k ofs-delta atomic", true, true},
        {"report-status side-band-64k ofs-delta object-format=sha1 agent=x", true, false},
        {"side-band-64k ofs-delta atomic", false, false},
        {"report-status-v2 side-band-64k ofs-delta atomic", false, false},
        {"report-status ofs-delta atomic", false, false},
        {"report-status side-band-64k atomic", false, false},
        {"report-status side-band-64k ofs-delta atomic object-format=sha256", false, false},
        {"", false, false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = g_strconcat(ID_1 " refs/heads/main|", cases[i].able, "\n", NULL);
        Server server = {.refs = packets(line), .stays = true};

        MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 20);
        cr_expect_eq(mp_exchange_takes_pushes(exchange, false), cases[i].takes_one, "%s", line);
        cr_expect_eq(mp_exchange_takes_pushes(exchange, true), cases[i].takes_more, "%s", line);
        mp_exchange_free(exchange);
        end(&server);
    }
}

Test(exchange, a_push_counts_where_the_server_says_so_and_nowhere_else)
{
    static const struct {
        const char *report, *hook;
        int status;
        const char *out, *err;
    } cases[] = {
        {"unpack ok\nok refs/heads/main\n", NULL, 0, "", ""},
        {"unpack ok\nok refs/heads/main\n", "Welcome.\n", 0, "", "remote: Welcome.\n"},
        {"unpack ok\nng refs/heads/main hook declined\n", "No such thing.\n", 1,
         "!\t:refs/heads/main\t[remote rejected] (hook declined)\n", "remote: No such thing.\n"},
        {"unpack ok\nng refs/heads/main failed to update ref\n", NULL, 1,
         "!\t:refs/heads/main\t[remote rejected] (failed to update ref)\n", ""},
        {"unpack index-pack abnormal exit\nng refs/heads/main unpacker error\n", NULL, 1,
         "!\t:refs/heads/main\t[remote rejected] (unpacker error)\n",
         "remote: error: remote unpack index-pack abnormal exit\n"},
        {"unpack index-pack abnormal exit\nok refs/heads/main\n", NULL, 1, "",
         "remote: error: remote unpack index-pack abnormal exit\n"},
        {"ok refs/heads/main\n", NULL, 1, "", ""},
        {"unpack ok\nok refs/heads/other\n", NULL, 1, "", ""},
        {"unpack ok\nok\n", NULL, 1, "", ""},
        {"unpack ok\n", NULL, 1, "", ""},
        {"", NULL, 1, "", ""},
        {"unpack ok\nok refs/heads/main\nng refs/heads/main but no\n", NULL, 1,
         "!\t:refs/heads/main\t[remote rejected] (but no)\n", ""},
    };
    static const gsize pieces[] = {1, 7, 4096};

    for (gsize i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(pieces); i++) {
        gsize n = i / G_N_ELEMENTS(pieces);
        Server server = {
            .refs = greeting(),
            .answer = answer(cases[n].report, cases[n].hook, pieces[i % G_N_ELEMENTS(pieces)])};
        g_auto(MpProcess) said = {0};

        MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 20);
        send_one(exchange);
        mp_exchange_answer(exchange, &said);
        cr_expect(mp_exchange_is_answered(exchange));
        cr_expect_eq(said.status, cases[n].status, "%s", cases[n].report);
        cr_expect_str_eq(said.out, cases[n].out);
        cr_expect_str_eq(said.err, cases[n].err);
        mp_exchange_free(exchange);
        end(&server);
    }
}

Test(exchange, commands_are_sent_as_the_protocol_has_them)
{
    Server server = {.refs = greeting(),
                     .answer = answer("unpack ok\nok refs/heads/main\n", NULL, 99)};
    g_auto(MpProcess) said = {0};

    MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 20);
    send_one(exchange);
    mp_exchange_answer(exchange, &said);
    mp_exchange_free(exchange);
    g_thread_join(g_steal_pointer(&server.thread));
    g_autofree char *command = g_strconcat(
        ID_1 " " ID_2 " refs/heads/main| report-status side-band-64k quiet agent=metroplex/",
        MP_VERSION, NULL);
    g_autofree char *all = g_strdup_printf("%04zx%s0000" PACK, strlen(command) + 4, command);
    cr_expect_str_eq(server.pushed->str, all);
    end(&server);
}

/* Nobody knows whether it came true, and nobody says that it did. */
Test(exchange, an_answer_that_breaks_off_is_none)
{
    g_autoptr(GString) whole = answer("unpack ok\nok refs/heads/main\n", NULL, 4096);

    for (gsize length = 0; length < whole->len - strlen(MP_PKT_FLUSH); length += 3) {
        Server server = {.refs = greeting(),
                         .answer = g_string_new_len(whole->str, (gssize)length)};
        g_auto(MpProcess) said = {0};

        MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 20);
        send_one(exchange);
        mp_exchange_answer(exchange, &said);
        cr_expect_eq(said.status, 1, "after %zu octets", length);
        cr_expect_str_eq(said.out, "");
        cr_expect(g_str_has_suffix(said.err, "fatal: the remote end hung up unexpectedly\n"), "%s",
                  said.err);
        mp_exchange_free(exchange);
        end(&server);
    }
}

Test(exchange, a_push_that_is_not_answered_is_given_up_in_its_time)
{
    Server server = {.refs = greeting(), .answer = g_string_new(NULL), .stays = true};
    g_auto(MpProcess) said = {0};

    MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 3);
    send_one(exchange);
    mp_exchange_answer(exchange, &said);
    cr_expect(said.status != 0 && said.is_too_slow);
    mp_exchange_free(exchange);
    end(&server);
}

/* A server that cannot tell us of its hooks any more ends them. */
Test(exchange, who_was_answered_stays_until_the_server_closes)
{
    Server server = {.refs = greeting(),
                     .answer = answer("unpack ok\nok refs/heads/main\n", NULL, 4096)};
    g_auto(MpProcess) said = {0};

    g_string_truncate(server.answer, server.answer->len - strlen(MP_PKT_FLUSH));
    for (int i = 0; i < 200; i++) { /* more than a socket holds, of what a hook says */
        g_autofree char *line = g_strnfill(60000, '\2');
        mp_pkt_append(server.answer, line, strlen(line));
    }
    g_string_append(server.answer, MP_PKT_FLUSH);
    MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 20);
    send_one(exchange);
    mp_exchange_answer(exchange, &said);
    cr_expect_eq(said.status, 0);
    mp_exchange_free(exchange);
    g_thread_join(g_steal_pointer(&server.thread));
    cr_expect(server.has_said);
    end(&server);
}

Test(exchange, a_server_that_gave_us_up_is_seen)
{
    Server server = {.refs = greeting()};

    MpExchange *exchange = meet(&server, MP_RECEIVE_PACK, 20);
    g_thread_join(g_steal_pointer(&server.thread));
    for (int i = 0; i < 1000 && mp_exchange_is_open(exchange); i++)
        g_usleep(10000); /* the end has to come as far as here */
    cr_expect(!mp_exchange_is_open(exchange));
    mp_exchange_free(exchange);
    end(&server);
}

/* As one that was found to be of no use just now. */
Test(exchange, a_push_to_a_server_that_was_not_understood_is_not_sent)
{
    Server server = {.refs = g_string_new("HTTP/1.1 400 Bad Request\r\n\r\n")};
    g_auto(MpProcess) said = {0};

    start(&server);
    MpExchange *exchange = go_to(&server, MP_RECEIVE_PACK, 20);
    send_one(exchange);
    cr_expect(!mp_exchange_answer(exchange, &said));
    mp_exchange_free(exchange);
    end(&server);
}
