/* Whatever a server does, the message is sent once, or told apart: later, never, nobody now. */
#include <criterion/criterion.h>
#include <string.h>

#include "smtp_fixture.h"

#define PLAIN                                                                                      \
    "tls = none\nconnect-timeout = 1\nreply-timeout = 1\ndata-timeout = 1\nblock-timeout = 1\n"    \
    "end-timeout = 1\n"

typedef struct {
    const char *rule;
    const char *outcome; /* "result code", and what the reply begins with if that matters */
    guint stored;        /* messages that the server has then */
    const char *why;     /* in the reply, or NULL */
} Fault;

static void
expect(const Fault *fault, const char *outcome, const SmtpServer *server)
{
    cr_expect(g_str_has_prefix(outcome, fault->outcome), "%s: %s, not %s", fault->rule, outcome,
              fault->outcome);
    cr_expect(fault->why == NULL || strstr(outcome, fault->why) != NULL, "%s: %s does not say: %s",
              fault->rule, outcome, fault->why);
    cr_expect_eq(smtp_server_messages(server), fault->stored, "%s: %u messages stored", fault->rule,
                 smtp_server_messages(server));
}

/* The first message of a connection meets the fault. */
static const Fault at_first[] = {
    {"CONNECT 421 4.3.2 shutting down", "unavailable 421 421 4.3.2 shutting down", 0},
    {"CONNECT 554 5.7.1 no mail from you", "unavailable 554 554 5.7.1 no mail", 0},
    {"CONNECT close", "unavailable 0 localhost:", 0},
    {"CONNECT reset", "unavailable 0 localhost:", 0},
    {"CONNECT half", "unavailable 0 localhost:", 0},
    {"CONNECT stall", "unavailable 0 localhost:", 0},
    {"CONNECT raw \\x00\\xff\\r\\n", "unavailable 0 localhost:", 0},
    {"CONNECT flood", "unavailable 0 localhost:", 0, "has no end"},
    {"EHLO 500 what", "sent 250", 1}, /* RFC 5321, section 3.2: HELO then */
    {"EHLO close", "unavailable 0 localhost:", 0},
    {"EHLO half", "unavailable 0 localhost:", 0},
    {"EHLO stall", "unavailable 0 localhost:", 0},
    {"EHLO flood", "unavailable 0 localhost:", 0}, /* libcurl may find it too long before we do */
    {"MAIL 421 4.7.0 slow down", "deferred 421 421 4.7.0 slow down", 0},
    {"MAIL 450 4.7.1 later", "deferred 450 450 4.7.1 later", 0},
    {"MAIL 530 5.7.0 who are you", "suspected 530", 0},
    {"MAIL 550 5.7.1 not this sender\\nreally", "suspected 550 550 5.7.1 not this sender really",
     0},
    {"MAIL 552 5.3.4 too big", "refused 552", 0},
    {"MAIL close", "deferred 0", 0},
    {"MAIL reset", "deferred 0", 0},
    {"MAIL half", "deferred 0", 0},
    {"MAIL stall", "deferred 0", 0},
    {"RCPT 421 4.3.2 bye", "deferred 421", 0},
    {"RCPT 450 4.2.1 greylisted", "deferred 450 450 4.2.1 greylisted", 0},
    {"RCPT 550 5.1.1 unknown", "refused 550 550 5.1.1 unknown", 0},
    {"RCPT 530 5.7.0 who are you", "suspected 530", 0},
    {"RCPT 535 who are you", "suspected 535", 0},
    {"RCPT 538 encrypt first", "suspected 538", 0},
    {"RCPT 550 5.7.1 blocked", "suspected 550", 0},
    {"RCPT 554 5.7.26 unauthenticated", "suspected 554", 0},
    {"RCPT 550 5.7.2 not for you", "refused 550", 0},
    {"RCPT 454 4.7.1 Relay access denied", "suspected 454", 0},
    {"RCPT 553 Sender rejected", "suspected 553", 0},
    {"RCPT 550 5.1.1 no such user, dear sender", "refused 550", 0},
    {"RCPT close", "deferred 0 localhost:", 0},
    {"RCPT half", "deferred 0 localhost:", 0},
    {"RCPT drop-after-250", "deferred 0 localhost:", 0},
    {"RCPT flood", "deferred 0 localhost:", 0, "has no end"},
    {"DATA 421 4.3.2 bye", "deferred 421", 0},
    {"DATA 451 4.3.0 later", "deferred 451", 0},
    {"DATA 554 5.5.1 no", "refused 554", 0},
    {"DATA 250 2.0.0 what", "deferred 0", 0},
    {"DATA close", "deferred 0", 0},
    {"DATA stall", "deferred 0", 0},
    {"BODY close", "deferred 0", 0},
    {"BODY reset", "deferred 0", 0},
    {"BODY 552 5.3.4 too big", "refused 552", 0},
    {"EOD 421 4.3.2 bye", "deferred 421", 0},
    {"EOD 452 4.3.1 disk full", "deferred 452 452 4.3.1 disk full", 0},
    {"EOD 550 5.7.1 spam", "suspected 550", 0},
    {"EOD 554 5.6.0 spam\\nsee there", "refused 554 554 5.6.0 spam see there", 0},
    {"EOD 251 2.0.0 taken", "sent 251", 1},
    {"EOD close", "deferred 0 localhost:", 1}, /* taken, but who knows: it will come twice */
    {"EOD reset", "deferred 0 localhost:", 1},
    {"EOD half", "deferred 0 localhost:", 1},
    {"EOD stall", "deferred 0 localhost:", 1},
    {"EOD raw 250x\\r\\n", "deferred 0 localhost:", 1},
    {"EOD drop-after-250", "sent 250", 1},
    {"QUIT close", "sent 250", 1},
};

static SmtpServer *
server_that_offers(const ScratchPath *scratch, const char *offer, const char *rule)
{
    return smtp_server_start(scratch, NULL,
                             (const char *const[]){"--offer", offer, "--rule", rule, NULL});
}

/* A connection that is cut is tried again, one command at a time, where they went out together. */
static void
judge_all(const char *offer, guint most_connections)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(at_first); i++) {
        g_autoptr(SmtpServer) server = server_that_offers(scratch, offer, at_first[i].rule);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *outcome = smtp_try(smtp);

        expect(&at_first[i], outcome, server);
        cr_expect_leq(smtp_server_connections(server), most_connections, "%s: tried again",
                      at_first[i].rule);
    }
}

Test(smtp, a_fault_is_judged_by_what_it_answers, .timeout = 120)
{
    judge_all("SIZE 1000", 1);
}

Test(smtp, a_fault_is_judged_so_where_commands_go_together, .timeout = 120)
{
    judge_all("PIPELINING", 2);
}

/* Nor is its time waited for, which is the usual half a minute here. */
Test(smtp, an_answer_that_is_too_long_is_not_heard_to_its_end, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, "CONNECT flood-80000");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, "tls = none\n");
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *outcome = smtp_try(smtp);

    cr_expect_not_null(strstr(outcome, "has no end"), "%s", outcome);
}

/* The second message of a connection meets it: an idle connection may have died unseen. */
static const Fault at_second[] = {
    {"EOD#1 drop-after-250", "sent 250", 2}, /* closed after the first */
    {"MAIL#2 421 4.4.2 idle too long", "sent 250", 2},
    {"MAIL#2 close", "sent 250", 2},
    {"MAIL#2 reset", "sent 250", 2},
    {"MAIL#2 450 4.7.1 later", "deferred 450", 1},
    {"RCPT#2 close", "sent 250", 2},
    {"RCPT#2 421 4.3.2 bye", "sent 250", 2},
    {"RCPT#2 550 5.1.1 unknown", "refused 550", 1},
    {"DATA#2 close", "sent 250", 2},
    {"BODY#2 close", "deferred 0", 1},
    {"EOD#2 close", "deferred 0", 2}, /* not a third: that would be the same message twice */
    {"EOD#2 reset", "deferred 0", 2},
    {"EOD#2 421 4.3.2 bye", "deferred 421", 1},
};

/* Each message is told of the next one, or none is. */
static void
send_three(const char *offer, bool with_next)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(at_second); i++) {
        g_autoptr(SmtpServer) server = server_that_offers(scratch, offer, at_second[i].rule);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *first = with_next ? smtp_try_with_next(smtp) : smtp_try(smtp);
        g_autofree char *second = with_next ? smtp_try_with_next(smtp) : smtp_try(smtp);

        cr_expect(g_str_has_prefix(first, "sent 250"), "%s: %s", at_second[i].rule, first);
        expect(&at_second[i], second, server);
        g_autofree char *third = smtp_try(smtp);
        cr_expect(g_str_has_prefix(third, "sent 250"), "%s, then: %s", at_second[i].rule, third);
    }
}

Test(smtp, a_connection_that_died_idle_is_reopened_but_nothing_goes_twice, .timeout = 60)
{
    send_three("SIZE 1000", true);
}

Test(smtp, the_same_where_commands_go_together, .timeout = 60)
{
    send_three("PIPELINING", false);
}

Test(smtp, the_same_where_the_next_envelope_goes_with_the_end, .timeout = 60)
{
    send_three("PIPELINING", true);
}

/* A reopened connection that fails as well is the end of it. */
Test(smtp, a_connection_is_reopened_once, .timeout = 20)
{
    static const char *const rules[] = {"--rule", "MAIL#2 close", "--rule", "MAIL#2 close", NULL};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(scratch, NULL, rules);
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *first = smtp_try(smtp), *second = smtp_try(smtp);

    cr_expect(g_str_has_prefix(first, "sent"), "%s", first);
    cr_expect(g_str_has_prefix(second, "deferred 0"), "%s", second);
    cr_expect_eq(smtp_server_connections(server), 2);
}

static char *
try_to(MpSmtp *smtp, const char *to, const GString *message)
{
    g_autofree char *reply = NULL;
    int code;
    MpSendResult result = mp_smtp_send(smtp, "", to, message->str, message->len, &reply, &code);

    return g_strdup_printf("%s %d %s", smtp_result_name(result), code, reply);
}

/* A refusal is no reason to log in again: RSET, and the next message goes over the same wire. */
Test(smtp, a_refusal_costs_no_connection, .timeout = 60)
{
    static const char *const refusals[] = {"MAIL#1 450 4.7.1 later", "RCPT#1 550 5.1.1 unknown",
                                           "RCPT#1 530 5.7.0 who", "DATA#1 451 4.3.0 later",
                                           "EOD#1 554 5.6.0 spam"};
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, refusals[i]);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *first = smtp_try(smtp), *second = smtp_try(smtp);

        cr_expect(!g_str_has_prefix(first, "sent"), "%s: %s", refusals[i], first);
        cr_expect(g_str_has_prefix(second, "sent 250"), "%s: %s", refusals[i], second);
        cr_expect_eq(smtp_server_connections(server), 1, "%s: reconnected", refusals[i]);
    }
}

/* One that refuses at the first line of a large message, and reads no more of it. */
Test(smtp, a_refusal_in_the_midst_of_a_message_is_heard, .timeout = 60)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    const char *options[] = {"--offer", "SIZE", "--rule", "BODY#1 552 5.3.4 too big", NULL};
    g_autoptr(SmtpServer) server = smtp_server_start(scratch, NULL, options);
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autoptr(GString) message = g_string_new("Subject: x\r\n\r\n");

    while (message->len < 32 * 1024 * 1024)
        g_string_append(message, "a line of a very large message, one of a great many\r\n");
    g_autofree char *first = try_to(smtp, "a@example.org", message);
    g_autofree char *second = smtp_try(smtp);
    cr_expect(g_str_has_prefix(first, "refused 552") || g_str_has_prefix(first, "deferred 0"), "%s",
              first); /* the answer may be lost with the connection */
    cr_expect(g_str_has_prefix(second, "sent 250"), "%s", second);
}

/* Before the last octets go out. */
static void
wait_for_early_answer(const char *line, gpointer server)
{
    bool is_there = strstr(line, "octets of message]") == NULL;

    while (!is_there) {
        g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);

        is_there = strstr(transcript, "-- early\n") != NULL;
        g_usleep(1000);
    }
}

/* An answer too many to DATA, say: whoever says yes to half of a message has not got it. */
Test(smtp, a_yes_before_the_end_of_a_message_is_none, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, "BODY#1 250 2.0.0 queued");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autoptr(GString) message = g_string_new("Subject: x\r\n\r\n");

    while (message->len < 40 * 1024) /* more than go out at once */
        g_string_append(message, "a line of a message\r\n");
    mp_smtp_watch(smtp, wait_for_early_answer, server);
    g_autofree char *first = try_to(smtp, "a@example.org", message);
    g_autofree char *second = try_to(smtp, "a@example.org", message);
    cr_expect(g_str_has_prefix(first, "deferred 0"), "%s", first);
    cr_expect(g_str_has_prefix(second, "sent 250"), "%s", second);
    cr_expect_eq(smtp_server_messages(server), 1);
}

/* Each stage has its own time: that of the final answer is the longest (RFC 5321, 4.5.3.2). */
Test(smtp, every_stage_has_its_own_time, .timeout = 60)
{
    static const struct {
        const char *rule, *times, *outcome;
    } stages[] = {
        {"CONNECT late-2", "connect-timeout = 1\nreply-timeout = 9\n", "sent"},
        {"CONNECT late-2", "connect-timeout = 9\nreply-timeout = 1\n", "unavailable"},
        {"RCPT late-2", "data-timeout = 1\nend-timeout = 1\nreply-timeout = 9\n", "sent"},
        {"RCPT late-2", "reply-timeout = 1\n", "deferred"},
        {"DATA late-2", "reply-timeout = 1\nend-timeout = 1\n", "sent"},
        {"DATA late-2", "data-timeout = 1\n", "deferred"},
        {"EOD late-2", "reply-timeout = 1\ndata-timeout = 1\nblock-timeout = 1\n", "sent"},
        {"EOD late-2", "end-timeout = 1\n", "deferred"},
    };
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(stages); i++) {
        g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, stages[i].rule);
        g_autofree char *lines = g_strconcat("tls = none\n", stages[i].times, NULL);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, stages[i].outcome), "%s, %s: %s", stages[i].rule,
                  stages[i].times, outcome);
    }
}

Test(smtp, only_what_says_that_there_is_no_mailbox_is_a_hard_bounce)
{
    static const struct {
        const char *reply;
        bool is_hard;
    } replies[] = {
        {"550 5.1.1 unknown", true},
        {"550 5.1.10 null MX", true},
        {"553 5.1.3 what", true},
        {"550 5.2.1 disabled", true},
        {"5.1.6", true},
        {"550 5.7.1 spam", false},
        {"550 5.1.11 no", false},
        {"550 no", false},
        {"452 4.2.2 full", false},
        {"550 15.1.1 no", false},
        {"", false},
        {"554 5.1.8 sender", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(replies); i++)
        cr_expect_eq(mp_is_hard_bounce(replies[i].reply), replies[i].is_hard, "%s",
                     replies[i].reply);
}

/* An answer that comes after we gave up must not be taken for the answer to the next message. */
Test(smtp, a_late_answer_is_nobody_elses, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_with_rule(scratch, "EOD#1 late-2 550 5.6.0 spam");
    g_autoptr(MpConfig) config = smtp_config(scratch, server, PLAIN);
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *first = smtp_try(smtp);
    g_usleep(1500 * 1000);
    g_autofree char *second = smtp_try(smtp);

    cr_expect(g_str_has_prefix(first, "deferred 0"), "%s", first);
    cr_expect(g_str_has_prefix(second, "sent 250"), "%s", second);
}

Test(smtp, a_server_that_is_not_there_is_unavailable, .timeout = 20)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpConfig) config = smtp_config(scratch, NULL, PLAIN);
    g_autoptr(GString) conversation = g_string_new(NULL);
    g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);
    g_autofree char *outcome = smtp_try(smtp);

    cr_expect(g_str_has_prefix(outcome, "unavailable 0 localhost:1: "), "%s", outcome);
    cr_expect(g_str_has_prefix(conversation->str, "Connection failed: localhost:1: "), "%s",
              conversation->str);
}
