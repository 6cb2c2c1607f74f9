/* Several commands at once (RFC 2920): each answer is its own command's and its own message's. */
#include <criterion/criterion.h>
#include <string.h>

#include "smtp_fixture.h"

#define PLAIN                                                                                      \
    "tls = none\nconnect-timeout = 1\nreply-timeout = 1\ndata-timeout = 1\nblock-timeout = 1\n"    \
    "end-timeout = 1\n"
#define MOST_MESSAGES 4

static SmtpServer *
start(const ScratchPath *scratch, const char *rule)
{
    const char *options[] = {"--offer", "PIPELINING,SMTPUTF8", "--rule", rule, NULL};

    return smtp_server_start(scratch, NULL, options);
}

/* Number n to rn@example.org, whose text has the same number. `next` follows, 0 for none. */
static char *
send_number(MpSmtp *smtp, guint n, guint next)
{
    g_autofree char *to = g_strdup_printf("r%u@example.org", n);
    g_autofree char *next_to = g_strdup_printf("r%u@example.org", next);
    g_autofree char *text = g_strdup_printf("Subject: %u\r\n\r\nhello r%u@example.org\r\n", n, n);
    g_autofree char *reply = NULL;
    int code;

    if (next != 0)
        mp_smtp_expect(smtp, "b@git.example.org", next_to, "", 0);
    MpSendResult result =
        mp_smtp_send(smtp, "b@git.example.org", to, text, strlen(text), &reply, &code);
    return g_strdup_printf("%s %d %s", smtp_result_name(result), code, reply);
}

/* How often the server has message n, each to its own recipient and with its own text. */
static guint
copies(const SmtpServer *server, guint n)
{
    g_autofree char *to = g_strdup_printf("to=<r%u@example.org>", n);
    g_autofree char *hello = g_strdup_printf("hello r%u@example.org", n);
    guint found = 0;

    for (guint i = 1; i <= smtp_server_messages(server); i++) {
        g_autofree char *envelope_name = g_strdup_printf("%03u.envelope", i);
        g_autofree char *text_name = g_strdup_printf("%03u.eml", i);
        g_autofree char *envelope = smtp_server_file(server, envelope_name, NULL);
        g_autofree char *text = smtp_server_file(server, text_name, NULL);
        bool is_to = strstr(envelope, to) != NULL;

        cr_expect_eq(is_to, strstr(text, hello) != NULL, "%s got: %s", envelope, text);
        found += is_to;
    }
    return found;
}

typedef struct {
    const char *rule;
    const char *outcomes[MOST_MESSAGES]; /* what each begins with */
    guint copies[MOST_MESSAGES];
    guint most_connections;
} Run;

/* Four messages, each with the next one's envelope behind it. */
static const Run runs[] = {
    {"VRFY close", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 1},
    /* What is refused is its own message's fault, and the others go on over the same wire. */
    {"MAIL#2 450 4.7.1 later", {"sent", "deferred 450", "sent", "sent"}, {1, 0, 1, 1}, 1},
    {"RCPT#2 550 5.1.1 no", {"sent", "refused 550 550 5.1.1 no", "sent", "sent"}, {1, 0, 1, 1}, 1},
    {"RCPT#1 550 5.1.1 no", {"refused 550", "sent", "sent", "sent"}, {0, 1, 1, 1}, 1},
    {"DATA#2 451 4.3.0 later", {"sent", "deferred 451", "sent", "sent"}, {1, 0, 1, 1}, 1},
    {"EOD#2 554 5.6.0 spam", {"sent", "refused 554", "sent", "sent"}, {1, 0, 1, 1}, 1},
    {"EOD#2 452 4.3.1 full", {"sent", "deferred 452", "sent", "sent"}, {1, 0, 1, 1}, 1},
    /* What is lost is lost for one message; the one whose envelope was out goes another way. */
    {"EOD#2 421 4.3.2 bye", {"sent", "deferred 421", "sent", "sent"}, {1, 0, 1, 1}, 2},
    {"EOD#2 close", {"sent", "deferred 0", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"EOD#2 reset", {"sent", "deferred 0", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"EOD#2 half", {"sent", "deferred 0", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"EOD#2 stall", {"sent", "deferred 0", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"EOD#2 drop-after-250", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"BODY#2 close", {"sent", "deferred 0", "sent", "sent"}, {1, 0, 1, 1}, 2},
    {"MAIL#2 421 4.3.2 bye", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"MAIL#2 close", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"MAIL#2 stall", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"RCPT#2 reset", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"RCPT#2 half", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"DATA#2 close", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"DATA#2 stall", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"MAIL#1 close", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"RCPT#1 stall", {"deferred 0", "sent", "sent", "sent"}, {0, 1, 1, 1}, 2},
    /* An answer too many, or none: whose the others are is not guessed. */
    {"EOD#2 raw 250 2.0.0 Ok\\r\\n250 2.0.0 Ok\\r\\n",
     {"sent", "sent", "sent", "sent"},
     {1, 1, 1, 1},
     2},
    {"EOD#2 raw 250 2.0.0 Ok\\r\\n550 5.1.1 no\\r\\n",
     {"sent", "sent", "sent", "sent"},
     {1, 1, 1, 1},
     2},
    {"EOD#2 raw 250 2.0.0 Ok\\r\\n421 4.3.2 bye\\r\\n",
     {"sent", "sent", "sent", "sent"},
     {1, 1, 1, 1},
     2},
    {"MAIL#2 raw 250 2.1.0 Ok\\r\\n550 5.1.1 no\\r\\n",
     {"sent", "sent", "sent", "sent"},
     {1, 1, 1, 1},
     2},
    {"RCPT#2 raw 250 2.1.0 Ok\\r\\n550 5.1.1 no\\r\\n",
     {"sent", "sent", "sent", "sent"},
     {1, 1, 1, 1},
     2},
    {"DATA#2 raw 354 go on\\r\\n250 2.0.0 Ok\\r\\n",
     {"sent", "sent", "sent", "sent"},
     {1, 1, 1, 1},
     2},
    {"MAIL#2 raw ", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"RCPT#2 raw ", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"DATA#2 raw ", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"RCPT#2 354 what", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
    {"DATA#2 250 what", {"sent", "sent", "sent", "sent"}, {1, 1, 1, 1}, 2},
};

Test(smtp, an_answer_is_the_message_s_that_it_belongs_to, .timeout = 120)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_autoptr(SmtpServer) server = start(scratch, runs[i].rule);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);

        for (guint n = 1; n <= MOST_MESSAGES; n++) {
            g_autofree char *outcome = send_number(smtp, n, n < MOST_MESSAGES ? n + 1 : 0);

            cr_expect(g_str_has_prefix(outcome, runs[i].outcomes[n - 1]), "%s, message %u: %s",
                      runs[i].rule, n, outcome);
        }
        for (guint n = 1; n <= MOST_MESSAGES; n++)
            cr_expect_eq(copies(server, n), runs[i].copies[n - 1], "%s: %u copies of message %u",
                         runs[i].rule, copies(server, n), n);
        cr_expect_leq(smtp_server_connections(server), runs[i].most_connections,
                      "%s: %u connections", runs[i].rule, smtp_server_connections(server));
    }
}

/* The server's view, without what it said. */
static char *
commands_of(const SmtpServer *server)
{
    g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);
    g_auto(GStrv) lines = g_strsplit(transcript, "\n", -1);
    GString *said = g_string_new(NULL);

    for (char **line = lines; *line != NULL; line++) {
        const char *command = strstr(*line, "<- ");
        if (command != NULL)
            g_string_append_printf(said, "%.6s|", command + 3);
    }
    return g_string_free(said, FALSE);
}

/* And nothing but a dot, or it would be somebody's mail. */
Test(smtp, data_asked_for_in_spite_of_a_refusal_are_none, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(
        scratch, NULL,
        (const char *const[]){"--offer", "PIPELINING", "--rule", "RCPT r1@ 550 5.1.1 no", "--rule",
                              "DATA#1 354 go on", "--rule", "EOD#1 554 5.5.1 no recipients", NULL});
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    MpSmtp *smtp = smtp_session(config, NULL);
    g_autofree char *first = send_number(smtp, 1, 2), *second = send_number(smtp, 2, 0);

    mp_smtp_close(smtp);
    cr_expect(g_str_has_prefix(first, "refused 550 550 5.1.1"), "%s", first);
    cr_expect(g_str_has_prefix(second, "sent"), "%s", second);
    cr_expect_eq(smtp_server_messages(server), 1);
    g_autofree char *said = commands_of(server);
    cr_expect_str_eq(said, "EHLO g|MAIL F|RCPT T|DATA|[0 oct|RSET|MAIL F|RCPT T|DATA|[36 oc|QUIT|");
}

/* Only the last EHLO counts, and it is asked for by name. */
Test(smtp, commands_go_together_only_where_that_is_offered, .timeout = 20)
{
    static const struct {
        const char *offer;
        bool is_together;
    } offers[] = {{"PIPELINING", true},  {"pipelining", true},   {"PIPELINING x", true},
                  {"SIZE 1000", false},  {"PIPELININGX", false}, {"X PIPELINING", false},
                  {"XPIPELINING", false}};
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(offers); i++) {
        g_autoptr(SmtpServer) server = smtp_server_start(
            scratch, NULL, (const char *const[]){"--offer", offers[i].offer, NULL});
        g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
        g_autoptr(GString) conversation = g_string_new(NULL);
        g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, "sent"), "%s: %s", offers[i].offer, outcome);
        cr_expect_eq(strstr(conversation->str, "example.org>\\r\\n\"\n<- \"RCPT") != NULL,
                     offers[i].is_together, "%s: %s", offers[i].offer, conversation->str);
    }
}

/* Whose envelope is out does not leave before its own turn; taken back, it costs the connection. */
Test(smtp, an_envelope_that_was_said_brings_no_message, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = start(scratch, "VRFY close");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    MpSmtp *smtp = smtp_session(config, NULL);
    g_autofree char *first = send_number(smtp, 1, 2);

    mp_smtp_retract(smtp);
    g_autofree char *third = send_number(smtp, 3, 4);
    g_autofree char *fifth = send_number(smtp, 5, 6); /* another than was expected */
    g_autofree char *reply = NULL;
    cr_expect_eq(mp_smtp_probe(smtp, "b@git.example.org", "r7@example.org", &reply, NULL), MP_SENT,
                 "%s", reply); /* nor is a question taken for it */
    g_autofree char *eighth = send_number(smtp, 8, 9);
    mp_smtp_close(smtp);
    cr_expect(g_str_has_prefix(first, "sent") && g_str_has_prefix(third, "sent") &&
              g_str_has_prefix(fifth, "sent") && g_str_has_prefix(eighth, "sent"));
    cr_expect_eq(smtp_server_messages(server), 4);
    cr_expect_eq(copies(server, 1) + copies(server, 3) + copies(server, 5) + copies(server, 8), 4);
    g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);
    cr_expect_null(strstr(transcript, "QUIT"), "%s", transcript);
}

static const char golden[] = "<- \"MAIL FROM:<b@git.example.org>\\r\\n\"\n"
                             "<- \"RCPT TO:<r1@example.org>\\r\\n\"\n"
                             "<- \"DATA\\r\\n\"\n"
                             "-> \"250 2.1.0 Sender ok\\r\\n\"\n"
                             "-> \"250 2.1.5 Recipient ok\\r\\n\"\n"
                             "-> \"354 End data with <CR><LF>.<CR><LF>\\r\\n\"\n"
                             "<- [36 octets of message]\n"
                             "<- \"MAIL FROM:<b@git.example.org>\\r\\n\"\n"
                             "<- \"RCPT TO:<r2@example.org>\\r\\n\"\n"
                             "<- \"DATA\\r\\n\"\n"
                             "-> \"250 2.0.0 Ok: queued as 1\\r\\n\"\n"
                             "-> \"250 2.1.0 Sender ok\\r\\n\"\n"
                             "-> \"550 5.1.1 no\\r\\n\"\n"
                             "-> \"503 5.5.1 Need RCPT\\r\\n\"\n"
                             "<- \"RSET\\r\\n\"\n"
                             "-> \"250 2.0.0 Reset\\r\\n\"\n";

/* As it went over the wire; and of what is kept, the part that belongs to the message. */
Test(smtp, a_conversation_has_the_order_of_the_wire, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = start(scratch, "RCPT r2@ 550 5.1.1 no");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(GString) conversation = g_string_new(NULL);
    g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);
    g_autofree char *directory = scratch_path(scratch, "kept");
    MpCause cause = MP_CAUSE_NONE;

    mp_smtp_keep(smtp, directory);
    g_autofree char *first = send_number(smtp, 1, 2), *second = send_number(smtp, 2, 3);
    cr_expect(g_str_has_prefix(second, "refused 550"), "%s", second);
    const char *told = strstr(conversation->str, "<- \"MAIL");
    cr_assert_not_null(told);
    cr_expect_str_eq(told, golden);

    g_autofree char *kept = mp_smtp_last_kept(directory, 0, "r2@example.org", &cause);
    cr_assert_not_null(kept);
    cr_expect_eq(cause, MP_CAUSE_RECIPIENT);
    cr_expect_not_null(strstr(kept, "[1 message before this one]\n<- \"MAIL FROM"), "%s", kept);
    cr_expect_not_null(strstr(kept, strstr(golden, "-> \"250 2.0.0 Ok: queued")), "%s", kept);
    cr_expect_null(strstr(kept, "r1@"), "%s", kept);
    g_autofree char *none = mp_smtp_last_kept(directory, 0, "r3@example.org", &cause);
    cr_expect_null(none, "%s", none);
}
