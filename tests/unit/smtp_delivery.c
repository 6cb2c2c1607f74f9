/* A message arrives as it was given, at the address it was given, and the log shows how. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "smtp_fixture.h"

#define PLAIN "tls = none\nreply-timeout = 5\nend-timeout = 5\n"

static void
send_to(MpSmtp *smtp, const char *from, const char *to, MpSendResult expected)
{
    g_autofree char *reply = NULL;
    MpSendResult result = mp_smtp_send(smtp, from, to, "A: b\r\n\r\nc\r\n", 11, &reply, NULL);

    cr_expect_eq(result, expected, "%s -> %s: %s, %s", from, to, smtp_result_name(result), reply);
}

/* --- Addresses ------------------------------------------------------------------------------ */

static const char *const unfit[] = {
    "a@example.org\r\nRCPT TO:<b@example.org>",
    "a@example.org\nDATA",
    "a\r@example.org",
    "a@example.org\r\n.\r\nMAIL FROM:<x@example.org>",
    "<a@example.org>",
    "a@example.org>",
    "a@example.org> SIZE=1",
    "a b@example.org",
    "a@example.org ",
    "a\t@example.org",
    "a\001@example.org",
    "a\177@example.org",
    "a\302\205@example.org",     /* U+0085, next line */
    "a\302\240b@example.org",    /* no-break space */
    "a\342\200\256@example.org", /* right-to-left override */
    "a\342\200\250@example.org", /* line separator */
    "a\377@example.org",
    "a\303@example.org",
    "example.org",
    "@example.org",
    "a@",
    "a@\303\244\n.org",
    "a@xn--\303\244",
    "0123456789012345678901234567890123456789012345678901234567890123x@example.org",
};

Test(smtp, an_address_cannot_say_more_than_an_address, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, "VRFY close");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(unfit); i++) {
        send_to(smtp, "a@example.org", unfit[i], MP_REFUSED);
        send_to(smtp, unfit[i], "a@example.org", MP_REFUSED);
    }
    send_to(smtp, "a@example.org", "", MP_REFUSED);
    cr_expect_eq(smtp_server_connections(server), 0, "something was said to the server");
}

static const struct {
    const char *offer, *from, *to;
    MpSendResult result;
    const char *wire_from, *wire_to; /* as the server saw them */
} envelopes[] = {
    {"", "b@git.example.org", "tim@example.org", MP_SENT, "from=<b@git.example.org>\n",
     "to=<tim@example.org>\n"},
    {"", "", "tim@example.org", MP_SENT, "from=<>\n", "to=<tim@example.org>\n"},
    {"", "", "\"tim@home\"@example.org", MP_SENT, "from=<>\n", "to=<\"tim@home\"@example.org>\n"},
    {"", "", "tim+x=y%z@[192.0.2.1]", MP_SENT, "from=<>\n", "to=<tim+x=y%z@[192.0.2.1]>\n"},
    {"", "", "tim@b\303\274cher.example", MP_SENT, "from=<>\n", "to=<tim@xn--bcher-kva.example>\n"},
    {"", "", "j\303\266rg@example.org", MP_REFUSED, NULL, NULL},
    {"", "j\303\266rg@example.org", "tim@example.org", MP_REFUSED, NULL, NULL},
    {"SMTPUTF8", "", "j\303\266rg@b\303\274cher.example", MP_SENT, "from=<> SMTPUTF8\n",
     "to=<j\303\266rg@xn--bcher-kva.example>\n"},
    {"8BITMIME,SMTPUTF8", "j\303\266rg@example.org", "tim@example.org", MP_SENT,
     "from=<j\303\266rg@example.org> SMTPUTF8\n", "to=<tim@example.org>\n"},
};

Test(smtp, an_envelope_arrives_as_given, .timeout = 30)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(envelopes); i++) {
        const char *options[] = {"--offer", envelopes[i].offer, NULL};
        g_autoptr(SmtpServer) server = smtp_server_start(scratch, NULL, options);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);

        send_to(smtp, envelopes[i].from, envelopes[i].to, envelopes[i].result);
        if (envelopes[i].result == MP_REFUSED) { /* and the session is fit for the next one */
            send_to(smtp, "", "next@example.org", MP_SENT);
            cr_expect_eq(smtp_server_messages(server), 1, "%s", envelopes[i].to);
            continue;
        }
        g_autofree char *envelope = smtp_server_file(server, "001.envelope", NULL);
        cr_assert_not_null(envelope, "%s", envelopes[i].to);
        cr_expect_not_null(strstr(envelope, envelopes[i].wire_from), "%s", envelope);
        cr_expect_not_null(strstr(envelope, envelopes[i].wire_to), "%s", envelope);
        cr_expect_not_null(strstr(envelope, "helo=git.example.org\n"), "%s", envelope);
    }
}

/* --- Bodies --------------------------------------------------------------------------------- */

#define BODY(text) text, sizeof(text) - 1
#define SAME       NULL, 0

static const struct {
    const char *sent;
    gsize sent_length;
    const char *arrived; /* SAME: as sent */
    gsize arrived_length;
} bodies[] = {
    {BODY("A: b\r\n\r\nhello\r\n"), SAME},
    {BODY("A: b\r\n\r\n.\r\n"), SAME},
    {BODY(".\r\n"), SAME},
    {BODY(".\r\n.\r\n..\r\n...\r\n.x\r\n"), SAME},
    {BODY("A: b\r\n\r\n.\r\nMAIL FROM:<x@example.org>\r\n.\r\nQUIT\r\n"), SAME},
    {BODY("A: b\r\n\r\n\r\n\r\n"), SAME},
    {BODY("A: b\r\n\r\nGr\303\274\303\237e \377\200\r\n"), SAME},
    {BODY("A: b\r\n\r\nnul \0 in it\r\n"), SAME},
    {BODY("A: b\r\n\r\nno end"), BODY("A: b\r\n\r\nno end\r\n")},
    {BODY("A: b\n\n.\nhello\n"), BODY("A: b\r\n\r\n.\r\nhello\r\n")},
    {BODY("A: b\r\n\r\nx\n.\nMAIL FROM:<x@example.org>\n"),
     BODY("A: b\r\n\r\nx\r\n.\r\nMAIL FROM:<x@example.org>\r\n")},
    {BODY("A: b\r\n\r\nx\r.\r\ny\r\r\n"), BODY("A: b\r\n\r\nx\r\n.\r\ny\r\n\r\n")},
};

static void
expect_arrival(MpSmtp *smtp, const SmtpServer *server, guint number, const char *sent,
               gsize sent_length, const char *expected, gsize expected_length)
{
    g_autofree char *reply = NULL, *name = g_strdup_printf("%03u.eml", number);
    gsize length = 0;

    cr_expect_eq(mp_smtp_send(smtp, "", "a@example.org", sent, sent_length, &reply, NULL), MP_SENT,
                 "%u: %s", number, reply);
    g_autofree char *arrived = smtp_server_file(server, name, &length);
    cr_expect(length == expected_length && memcmp(arrived, expected, length) == 0,
              "%u: %zu octets arrived, not the %zu of: %s", number, length, expected_length, sent);
}

Test(smtp, a_body_arrives_byte_for_byte, .timeout = 30)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, "VRFY close");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        bool same = bodies[i].arrived == NULL;

        expect_arrival(smtp, server, (guint)i + 1, bodies[i].sent, bodies[i].sent_length,
                       same ? bodies[i].sent : bodies[i].arrived,
                       same ? bodies[i].sent_length : bodies[i].arrived_length);
    }
    cr_expect_eq(smtp_server_connections(server), 1);
}

/* Dots and line ends in every place against the edges of the library's buffers (16, 32, 64 KiB). */
static GString *
random_dots(GRand *random, gsize length)
{
    static const char *const pieces[] = {".", "\r\n", "\r\n.", "x", "\r\n.\r\n", ".."};
    GString *body = g_string_new("A: b\r\n\r\n");

    while (body->len < length)
        g_string_append(body, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
    g_string_append(body, "\r\n");
    return body;
}

Test(smtp, dots_at_the_edges_of_buffers_arrive, .timeout = 60)
{
    static const gsize edges[] = {16384, 32768, 65536, 131072, 1000000};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, "VRFY close");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    guint number = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(edges); i++) {
        for (gsize around = 0; around < 12; around++) {
            g_autoptr(GString) body = random_dots(random, edges[i] - 10 + around);

            expect_arrival(smtp, server, ++number, body->str, body->len, body->str, body->len);
        }
    }
}

/* --- The connection and its log ------------------------------------------------------------- */

Test(smtp, one_connection_carries_a_hundred_messages, .timeout = 30)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(
        scratch, "good", (const char *const[]){"--tls", "starttls", "--auth", "LOGIN", NULL});
    g_autofree char *ca = scratch_path(scratch, "certificates/ca.pem");
    g_autofree char *lines = g_strdup_printf("authentication = login\nca-file = %s\n", ca);
    g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);

    for (int i = 0; i < 100; i++)
        send_to(smtp, "", "a@example.org", MP_SENT);
    cr_expect_eq(smtp_server_messages(server), 100);
    cr_expect_eq(smtp_server_connections(server), 1);
}

/* Without the port, which is another each time. */
static char *
without_port(const char *conversation)
{
    g_autoptr(GRegex) port = g_regex_new("localhost:[0-9]+", 0, 0, NULL);

    return g_regex_replace_literal(port, conversation, -1, 0, "localhost:PORT", 0, NULL);
}

static const char golden[] = "Connection opened: localhost:PORT\n"
                             "-> \"220 mail.example.org ESMTP\\r\\n\"\n"
                             "<- \"EHLO git.example.org\\r\\n\"\n"
                             "-> \"250-mail.example.org\\r\\n\"\n"
                             "-> \"250-SIZE 1000\\r\\n\"\n"
                             "-> \"250 STARTTLS\\r\\n\"\n"
                             "<- \"STARTTLS\\r\\n\"\n"
                             "-> \"220 2.0.0 Ready to start TLS\\r\\n\"\n"
                             "TLS connection started\n"
                             "<- \"EHLO git.example.org\\r\\n\"\n"
                             "-> \"250-mail.example.org\\r\\n\"\n"
                             "-> \"250-SIZE 1000\\r\\n\"\n"
                             "-> \"250 AUTH LOGIN\\r\\n\"\n"
                             "<- \"AUTH LOGIN\\r\\n\"\n"
                             "-> \"334 VXNlcm5hbWU6\\r\\n\"\n"
                             "<- \"[redacted]\\r\\n\"\n"
                             "-> \"334 UGFzc3dvcmQ6\\r\\n\"\n"
                             "<- \"[redacted]\\r\\n\"\n"
                             "-> \"235 2.7.0 Accepted\\r\\n\"\n"
                             "<- \"MAIL FROM:<bounce+i-1-***-5@git.example.org> SIZE=11\\r\\n\"\n"
                             "-> \"250 2.1.0 Sender ok\\r\\n\"\n"
                             "<- \"RCPT TO:<a@example.org>\\r\\n\"\n"
                             "-> \"250 2.1.5 <a@example.org> is \\\"ok\\\"\\r\\n\"\n"
                             "<- \"DATA\\r\\n\"\n"
                             "-> \"354 End data with <CR><LF>.<CR><LF>\\r\\n\"\n"
                             "<- [11 octets of message]\n"
                             "-> \"250 2.0.0 Ok: queued as 1\\r\\n\"\n"
                             "<- \"QUIT\\r\\n\"\n"
                             "-> \"221 2.0.0 Bye\\r\\n\"\n";

Test(smtp, the_conversation_has_its_exact_form, .timeout = 20)
{
    const char *options[] = {"--tls",   "starttls",
                             "--auth",  "LOGIN",
                             "--name",  "mail.example.org",
                             "--offer", "SIZE 1000",
                             "--rule",  "RCPT 250 2.1.5 <a@example.org> is \"ok\"",
                             NULL};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(scratch, "good", options);
    g_autofree char *ca = scratch_path(scratch, "certificates/ca.pem");
    g_autofree char *lines = g_strdup_printf("authentication = login\nca-file = %s\n", ca);
    g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
    g_autoptr(GString) conversation = g_string_new(NULL);
    MpSmtp *smtp = smtp_session(config, conversation);

    cr_assert(mp_log_open(scratch, "log", MP_LOG_DEBUG, NULL));
    send_to(smtp, "bounce+i-1-1801beb4df676a79250d1e61e54ab763822c207d-5@git.example.org",
            "a@example.org", MP_SENT);
    mp_smtp_close(smtp);

    g_autofree char *told = without_port(conversation->str);
    cr_expect_str_eq(told, golden);
    g_autofree char *log = scratch_run(scratch, "sed 's/^[^#]* DEBUG ([0-9]*) #] 1 //' log");
    g_autofree char *logged = without_port(log);
    cr_expect_str_eq(logged, golden);
}

/* --- How large it is ------------------------------------------------------------------------ */

/* 23 octets as RFC 1870 counts them: with CR and LF, without the dot that is doubled. */
#define LETTER "A: b\n\n.hello\nworld"

static const struct {
    const char *offer, *said; /* what follows the sender */
    MpSendResult result;
} sizes[] = {
    {"", "", MP_SENT},
    {"8BITMIME", "", MP_SENT},
    {"SIZE", " SIZE=23", MP_SENT},
    {"SIZE 0", " SIZE=23", MP_SENT},
    {"SIZE 23", " SIZE=23", MP_SENT},
    {"8BITMIME,size 26214400", " SIZE=23", MP_SENT},
    {"SIZE 18446744073709551616", " SIZE=23", MP_SENT},
    {"SIZE many", " SIZE=23", MP_SENT},
    {"SIZE -1", " SIZE=23", MP_SENT},
    {"SIZES 22", "", MP_SENT},
    {"XSIZE 22", "", MP_SENT},
    {"SIZE 22", NULL, MP_REFUSED},
    {"SIZE 1", NULL, MP_REFUSED},
    {"PIPELINING,SIZE 22", NULL, MP_REFUSED},
};

/* What the server said of it in its last EHLO counts; what is too large is not begun. */
Test(smtp, a_size_is_told_where_that_is_offered, .timeout = 60)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *ca = scratch_path(scratch, "certificates/ca.pem");
    g_autofree char *lines = g_strdup_printf("tls = starttls\nca-file = %s\n", ca);

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const char *first = sizes[i].said != NULL && sizes[i].said[0] != '\0'
                                ? "EHLO#1 250 x\\nSTARTTLS"
                                : "EHLO#1 250 x\\nSIZE 9\\nSTARTTLS";
        const char *options[] = {"--tls",  "starttls", "--offer", sizes[i].offer,
                                 "--rule", first,      NULL};
        g_autoptr(SmtpServer) server = smtp_server_start(scratch, "good", options);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *reply = NULL, *wanted = NULL;
        MpSendResult result = mp_smtp_send(smtp, "b@git.example.org", "r@example.org", LETTER,
                                           strlen(LETTER), &reply, NULL);
        g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);

        cr_expect_eq(result, sizes[i].result, "%s: %s", sizes[i].offer, reply);
        cr_expect_eq(mp_smtp_cause(smtp), result == MP_SENT ? MP_CAUSE_NONE : MP_CAUSE_SIZE);
        wanted = g_strdup_printf("<- MAIL FROM:<b@git.example.org>%s\n",
                                 sizes[i].said != NULL ? sizes[i].said : "");
        cr_expect_eq(strstr(transcript, "<- MAIL") != NULL, sizes[i].said != NULL, "%s",
                     transcript);
        cr_expect_eq(strstr(transcript, wanted) != NULL, sizes[i].said != NULL, "%s: %s",
                     sizes[i].offer, transcript);
    }
}

static MpSendResult
send_text(MpSmtp *smtp, const char *text, const char *next)
{
    if (next != NULL)
        mp_smtp_expect(smtp, "b@git.example.org", "r@example.org", next, strlen(next));
    return mp_smtp_send(smtp, "b@git.example.org", "r@example.org", text, strlen(text), NULL, NULL);
}

/* The envelope that goes ahead says the size of its own message, and one that is too large has
 * none: nobody else's is refused for it, over the same connection. */
Test(smtp, a_message_too_large_stops_none_behind_it, .timeout = 20)
{
    static const char large[] = "A: b\n\nhello, hello, hello\n";
    const char *options[] = {"--offer", "PIPELINING,SIZE 23", NULL};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(scratch, NULL, options);
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);

    cr_expect_eq(send_text(smtp, LETTER, large), MP_SENT);
    cr_expect_eq(send_text(smtp, large, "A: b\n\nhi\n"), MP_REFUSED);
    cr_expect_eq(send_text(smtp, "A: b\n\nhi\n", LETTER), MP_SENT);
    cr_expect_eq(send_text(smtp, LETTER, NULL), MP_SENT);
    cr_expect_eq(smtp_server_messages(server), 3);
    cr_expect_eq(smtp_server_connections(server), 1);
    g_autofree char *last = smtp_server_file(server, "003.envelope", NULL);
    cr_expect_not_null(strstr(last, "from=<b@git.example.org> SIZE=23\n"), "%s", last);
}

/* --- The maildir transport ------------------------------------------------------------------ */

static MpConfig *
maildir_config(const ScratchPath *scratch, const char *name)
{
    g_autofree char *path = scratch_path(scratch, name);
    g_autofree char *lines = g_strdup_printf("transport = maildir\nmaildir = %s\n", path);

    return smtp_config(scratch, NULL, lines);
}

Test(smtp, a_maildir_takes_what_a_server_would)
{
    static const char message[] = "A: b\r\n\r\n.\r\nhello";
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpConfig) config = maildir_config(scratch, "sent/box");
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *reply = NULL;
    int code = -1;

    for (int i = 0; i < 20; i++)
        send_to(smtp, "", "other@example.org", MP_SENT);
    send_to(smtp, "", "a@example.org\nb", MP_REFUSED);
    cr_expect_eq(mp_smtp_send(smtp, "s@example.org", "to@example.org", message, strlen(message),
                              &reply, &code),
                 MP_SENT);
    cr_expect_eq(code, 0);
    cr_expect(g_str_has_prefix(reply, "stored as "), "%s", reply);

    g_autofree char *counts = scratch_run(
        scratch,
        "echo $(ls sent/box) $(ls sent/box/new | wc -l) $(ls sent/box/tmp sent/box/cur | wc -w)");
    cr_expect_str_eq(counts, "cur new tmp 21 2\n");
    g_autofree char *cat = g_strdup_printf("cat 'sent/box/new/%s'", reply + strlen("stored as "));
    g_autofree char *stored = scratch_run(scratch, cat);
    cr_expect_str_eq(stored, "Return-Path: <s@example.org>\nDelivered-To: to@example.org\n"
                             "A: b\n\n.\nhello\n");
}

Test(smtp, a_maildir_that_fails_leaves_nothing_behind)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpConfig) config = maildir_config(scratch, "box");
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autoptr(GError) error = NULL;

    g_free(scratch_run(scratch, "rmdir box/new && echo x >file"));
    send_to(smtp, "", "a@example.org", MP_UNAVAILABLE);
    g_autofree char *left = scratch_run(scratch, "ls box/tmp");
    cr_expect_str_eq(left, "");

    g_autoptr(MpConfig) in_the_way = maildir_config(scratch, "file");
    cr_expect_null(mp_smtp_open(in_the_way, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION), "%s", error->message);
}
