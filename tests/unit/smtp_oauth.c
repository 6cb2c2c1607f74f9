/* Tokens, which expire: from a file or a command, asked for again, and never told. */
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/log.h"
#include "smtp_fixture.h"

#define PLAIN "tls = none\nreply-timeout = 5\n"

typedef struct {
    ScratchPath *scratch;
    SmtpServer *server;
    char *right; /* where the server's token stands */
} Site;

static void
site_clear(Site *site)
{
    smtp_server_stop(site->server);
    scratch_remove(site->scratch);
    g_free(site->right);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Site, site_clear)

static void
site_open_with_rules(Site *site, const char *error, const char *first, const char *second)
{
    site->scratch = scratch_make();
    site->right = scratch_path(site->scratch, "right");
    g_file_set_contents(site->right, "token-1", -1, NULL);
    site->server = smtp_server_start(
        site->scratch, NULL,
        (const char *const[]){"--auth", "XOAUTH2 OAUTHBEARER", "--token-file", site->right,
                              "--token-error", error, "--rule", first, "--rule", second, NULL});
}

static void
site_open(Site *site, const char *error)
{
    site_open_with_rules(site, error, "VRFY close", "VRFY close");
}

/* A configuration whose command is a script of these lines; each call leaves a line in `calls`. */
static MpConfig *
site_config(const Site *site, const char *mechanism, const char *script)
{
    g_autofree char *path = scratch_path(site->scratch, "give-token");
    g_autofree char *calls = scratch_path(site->scratch, "calls");
    g_autofree char *text = g_strdup_printf("#!/bin/sh\necho \"$#\" >>'%s'\n%s\n", calls, script);
    g_autofree char *lines = g_strdup_printf(
        PLAIN "authentication = %s\ntoken-command = %s 'for me' \"$HOME;\"\n", mechanism, path);

    g_file_set_contents(path, text, -1, NULL);
    g_chmod(path, 0700);
    g_unlink(calls);
    return smtp_config(site->scratch, site->server, lines);
}

static guint
n_calls(const Site *site)
{
    g_autofree char *calls = scratch_run(site->scratch, "cat calls");
    g_auto(GStrv) lines = g_strsplit(calls, "\n", -1);

    for (char **line = lines; **line != '\0'; line++)
        cr_expect_str_eq(*line, "2", "no shell looks at the arguments");
    return g_strv_length(lines) - 1;
}

static guint
n_logins(const Site *site)
{
    g_autofree char *transcript = smtp_server_file(site->server, "transcript", NULL);
    g_auto(GStrv) parts = g_strsplit(transcript, "<- AUTH ", -1);

    return g_strv_length(parts) - 1;
}

Test(smtp, a_command_gives_the_token_of_each_login, .timeout = 30)
{
    static const char *const mechanisms[] = {"xoauth2", "oauthbearer"};
    g_auto(Site) site = {0};

    site_open(&site, "{}");
    for (gsize i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        g_autofree char *script = g_strdup_printf("cat '%s'; echo", site.right);
        g_autoptr(MpConfig) config = site_config(&site, mechanisms[i], script);
        g_autoptr(MpSmtp) first = smtp_session(config, NULL), second = smtp_session(config, NULL);
        g_autofree char *one = smtp_try(first), *same = smtp_try(first);
        g_file_set_contents(site.right, "token-2", -1, NULL); /* the first one has expired */
        g_autofree char *other = smtp_try(second);

        cr_expect(g_str_has_prefix(one, "sent 250"), "%s: %s", mechanisms[i], one);
        cr_expect(g_str_has_prefix(same, "sent 250"), "%s: %s", mechanisms[i], same);
        cr_expect(g_str_has_prefix(other, "sent 250"), "%s: %s", mechanisms[i], other);
        cr_expect_eq(n_calls(&site), 2, "%s: %u calls", mechanisms[i], n_calls(&site));
    }
}

/* It may have expired between being given and being looked at. */
Test(smtp, a_token_that_is_refused_is_asked_for_once_more, .timeout = 30)
{
    g_auto(Site) site = {0};

    site_open(&site, "{\"status\":\"invalid_token\"}");
    g_autoptr(MpConfig) config = site_config(
        &site, "oauthbearer", "[ $(wc -l <\"${0%/*}/calls\") = 1 ] && echo old || echo token-1");
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *outcome = smtp_try(smtp);

    cr_expect(g_str_has_prefix(outcome, "sent 250"), "%s", outcome);
    cr_expect_eq(n_calls(&site), 2);
    cr_expect_eq(n_logins(&site), 2);
}

/* The other one was not looked at, and may be right: the server is away, and turns nobody away. */
Test(smtp, a_server_that_goes_before_the_second_token_has_not_refused_it, .timeout = 30)
{
    g_auto(Site) site = {0};

    site_open_with_rules(&site, "{}", "AUTH#1 535 5.7.8 expired", "CONNECT#2 close");
    g_autoptr(MpConfig) config = site_config(
        &site, "xoauth2", "[ $(wc -l <\"${0%/*}/calls\") = 1 ] && echo token-1 || echo token-2");
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *outcome = smtp_try(smtp);

    cr_expect(g_str_has_prefix(outcome, "unavailable 0 "), "%s", outcome);
    cr_expect_eq(mp_smtp_cause(smtp), MP_CAUSE_CUT);
}

/* The same token once more would be a second login with what was refused. */
Test(smtp, a_refused_token_is_told_with_what_the_server_says_of_it, .timeout = 30)
{
    static const char *const mechanisms[] = {"xoauth2", "oauthbearer"};
    g_auto(Site) site = {0};

    site_open(&site, "{\"status\":\"invalid_token\",\"scope\":\"mail\033[2J old-token\"}");
    for (guint i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        g_autoptr(MpConfig) config = site_config(&site, mechanisms[i], "echo old-token");
        g_autoptr(GString) conversation = g_string_new(NULL);
        g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, "stopped "), "%s", outcome);
        cr_expect_not_null(
            strstr(outcome, "\173\"status\":\"invalid_token\",\"scope\":\"mail\\e[2J"), "%s",
            outcome);
        cr_expect_null(strstr(outcome, "old-token"), "%s", outcome);
        cr_expect_null(strstr(conversation->str, "old-token"), "%s", conversation->str);
        cr_expect_eq(mp_smtp_cause(smtp), MP_CAUSE_TOKEN);
        cr_expect_eq(n_calls(&site), 2);
        cr_expect_eq(n_logins(&site), i + 1, "%u logins", n_logins(&site));
    }
}

/* Nothing is said to the server then, and nobody's mail is at fault. */
Test(smtp, a_command_that_gives_no_token_makes_everything_wait, .timeout = 30)
{
    static const struct {
        const char *script, *why;
    } commands[] = {
        {"echo token-1; exit 3", "ended with 3"},
        {"exit 0", "something else than one token"},
        {"echo two words", "something else than one token"},
        {"echo token-1; echo token-2", "something else than one token"},
        {"printf 'a\\001auth=x'", "something else than one token"},
        {"kill -9 $$", "ended with -1"},
    };
    g_auto(Site) site = {0};

    site_open(&site, "{}");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(MpConfig) config = site_config(&site, "xoauth2", commands[i].script);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, "unavailable 0 "), "%s: %s", commands[i].script,
                  outcome);
        cr_expect_not_null(strstr(outcome, commands[i].why), "%s: %s", commands[i].script, outcome);
        cr_expect_null(strstr(outcome, "token-1"), "%s", outcome);
        cr_expect_eq(mp_smtp_cause(smtp), MP_CAUSE_TOKEN);
    }
    cr_expect_eq(smtp_server_connections(site.server), 0);
}

/* It is ended, and nothing that it began goes on. */
Test(smtp, a_command_that_takes_too_long_makes_everything_wait, .timeout = 30)
{
    g_auto(Site) site = {0};

    site_open(&site, "{}");
    g_autoptr(MpConfig) config =
        site_config(&site, "xoauth2", "sleep 600 & echo $! >\"${0%/*}/sleeping\"; wait");
    config->reply_timeout = 1;
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *outcome = smtp_try(smtp);
    g_autofree char *still = scratch_run(
        site.scratch, "for n in $(seq 100); do grep -qs 'State:[^Z]*$' "
                      "/proc/$(cat sleeping)/status || exit 0; sleep .1; done; echo it sleeps");

    cr_expect(g_str_has_prefix(outcome, "unavailable 0 "), "%s", outcome);
    cr_expect_not_null(strstr(outcome, "give-token gave nothing in 1 s"), "%s", outcome);
    cr_expect_eq(mp_smtp_cause(smtp), MP_CAUSE_TOKEN);
    cr_expect_str_empty(still);
    cr_expect_eq(smtp_server_connections(site.server), 0);
}

/* A server and a name that are addresses, and a recipient at one. */
Test(smtp, an_ipv6_address_is_a_server_a_name_and_a_domain, .timeout = 30)
{
    static const struct {
        const char *address, *domain;
    } names[] = {{"::1", "[IPv6:::1]"}, {"[::1]", "[127.0.0.1]"}, {"::1", "git.example.org"}};
    static const char to[] = "tim@[IPv6:2001:db8::1]";
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(SmtpServer) server =
            smtp_server_start(scratch, NULL, (const char *const[]){"--listen", "::1", NULL});
        g_autofree char *lines =
            g_strdup_printf(PLAIN "address = %s\ndomain = %s\n", names[i].address, names[i].domain);
        g_autofree char *helo = g_strdup_printf("helo=%s\n", names[i].domain), *reply = NULL;
        g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
        g_autoptr(GString) conversation = g_string_new(NULL);
        g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);

        cr_assert_eq(mp_smtp_send(smtp, "", to, "A: b\r\n\r\nc\r\n", 11, &reply, NULL), MP_SENT,
                     "%s, %s: %s", names[i].address, names[i].domain, reply);
        g_autofree char *envelope = smtp_server_file(server, "001.envelope", NULL);
        cr_expect_not_null(strstr(envelope, helo), "%s", envelope);
        cr_expect_not_null(strstr(envelope, "to=<tim@[IPv6:2001:db8::1]>\n"), "%s", envelope);
        cr_expect(g_str_has_prefix(conversation->str, "Connection opened: [::1]:"), "%s",
                  conversation->str);
    }
}
