/* No credential and no message leaves for a server that has not proved who it is. */
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "smtp_fixture.h"

static char *
with_ca(const ScratchPath *scratch, const char *lines)
{
    g_autofree char *ca = scratch_path(scratch, "certificates/ca.pem");

    return g_strdup_printf("ca-file = %s\nreply-timeout = 3\n%s", ca, lines);
}

static const struct {
    const char *name, *certificate, *server_tls, *config;
    const char *outcome, *words;
} servers[] = {
    {"STARTTLS", "good", "starttls", "tls = starttls\n", "sent 250", ""},
    {"implicit TLS", "good", "implicit", "tls = implicit\n", "sent 250", ""},
    {"by address", "good", "starttls", "tls = starttls\naddress = 127.0.0.1\n", "sent 250", ""},
    {"wrong name", "wrong-name", "starttls", "tls = starttls\n", "stopped 0", "localhost"},
    {"expired", "expired", "starttls", "tls = starttls\n", "stopped 0", "expired"},
    {"self-signed", "self-signed", "starttls", "tls = starttls\n", "stopped 0", "self"},
    {"implicit, wrong name", "wrong-name", "implicit", "tls = implicit\n", "stopped 0", ""},
    {"implicit, expired", "expired", "implicit", "tls = implicit\n", "stopped 0", "expired"},
    {"implicit, self-signed", "self-signed", "implicit", "tls = implicit\n", "stopped 0", ""},
    {"unknown authority", "good", "starttls", "tls = starttls\nca-file =\n", "stopped 0", ""},
    {"no STARTTLS offered", "good", "none", "tls = starttls\n", "unavailable 0", "STARTTLS"},
    {"clear text where TLS is due", "good", "none", "tls = implicit\n", "unavailable 0", ""},
};

static void
expect_nothing_left(const SmtpServer *server, const char *name)
{
    g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);

    cr_expect_eq(smtp_server_messages(server), 0, "%s: a message was taken", name);
    cr_expect_null(strstr(transcript, "MAIL"), "%s: MAIL was said", name);
    cr_expect_null(strstr(transcript, "<- AUTH"), "%s: AUTH was said", name);
}

Test(smtp, only_a_verified_server_gets_mail, .timeout = 60)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(servers); i++) {
        const char *options[] = {"--tls", servers[i].server_tls, "--auth", "PLAIN", NULL};
        g_autoptr(SmtpServer) server = smtp_server_start(scratch, servers[i].certificate, options);
        g_autofree char *lines = with_ca(scratch, "authentication = plain\n");
        g_autofree char *all = g_strconcat(lines, servers[i].config, NULL);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, all);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, servers[i].outcome), "%s: %s", servers[i].name,
                  outcome);
        cr_expect_not_null(strstr(outcome, servers[i].words), "%s: %s", servers[i].name, outcome);
        if (servers[i].outcome[0] != 's')
            expect_nothing_left(server, servers[i].name);
    }
}

/* A server that does not greet us under TLS as it should; what it says in the clear counts for
 * nothing. */
static const char *const tls_faults[] = {
    "EHLO#1 421 4.3.2 bye",
    "EHLO#1 550 5.5.1 no",
    "EHLO#1 close",
    "EHLO#2 close",
    "STARTTLS 454 4.7.0 no TLS now",
    "STARTTLS 501 5.5.2 what",
    "STARTTLS close",
    "STARTTLS raw 220 2.0.0 go\\r\\n250 injected\\r\\n",
    "STARTTLS drop-after-220",
    "EHLO#1 250 localhost\\nAUTH PLAIN LOGIN\\nSIZE 1000",
};

Test(smtp, a_fault_before_mail_is_nobodys_and_nothing_leaves, .timeout = 60)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(tls_faults); i++) {
        const char *options[] = {"--tls",  "starttls",    "--auth", "PLAIN",
                                 "--rule", tls_faults[i], NULL};
        g_autoptr(SmtpServer) server = smtp_server_start(scratch, "good", options);
        g_autofree char *lines = with_ca(scratch, "authentication = plain\n");
        g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
        g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, "unavailable "), "%s: %s", tls_faults[i], outcome);
        expect_nothing_left(server, tls_faults[i]);
    }
}

static const struct {
    const char *name, *mechanism, *offered, *rule;
    const char *outcome;
} logins[] = {
    {"PLAIN", "plain", "PLAIN LOGIN CRAM-MD5 XOAUTH2", "VRFY close", "sent 250"},
    {"LOGIN", "login", "PLAIN LOGIN CRAM-MD5 XOAUTH2", "VRFY close", "sent 250"},
    {"CRAM-MD5", "cram-md5", "PLAIN LOGIN CRAM-MD5 XOAUTH2", "VRFY close", "sent 250"},
    {"XOAUTH2", "xoauth2", "PLAIN LOGIN CRAM-MD5 XOAUTH2", "VRFY close", "sent 250"},
    {"OAUTHBEARER", "oauthbearer", "PLAIN XOAUTH2 OAUTHBEARER", "VRFY close", "sent 250"},
    {"nothing offered", "plain", "", "VRFY close", "stopped 0"},
    {"another offered", "plain", "CRAM-MD5", "VRFY close", "unavailable 0"},
    {"refused", "login", "LOGIN", "AUTH 535 5.7.8 no", "stopped 535 535 5.7.8 no"},
    {"later", "login", "LOGIN", "AUTH 454 4.7.0 later", "unavailable 454 454 4.7.0 later"},
    {"lost", "login", "LOGIN", "AUTH close", "unavailable 0"},
    {"EHLO refused under TLS", "login", "LOGIN", "EHLO#2 550 5.5.1 no", "stopped 0"},
    {"RCPT refused for it", "login", "", "RCPT 550 5.7.1 relaying denied", "stopped 0"},
    {"password quoted", "plain", "PLAIN", "AUTH 535 5.7.8 " SMTP_PASSWORD " is wrong",
     "stopped 535 535 5.7.8 [redacted] is wrong"},
    {"base64 quoted", "login", "LOGIN", "AUTH 535 5.7.8 Y29ycmVjdC1ob3JzZSs3 is wrong",
     "stopped 535 535 5.7.8 [redacted] is wrong"},
};

static void
expect_no_secret(const char *name, const char *where, const char *text)
{
    /* The password; its base64; base64 of "\0postmaster\0…" and of "user=postmaster\1auth=…". */
    static const char *const secrets[] = {SMTP_PASSWORD, "Y29ycmVjdC1ob3JzZSs3", "AHBvc3RtYXN0ZX",
                                          "dXNlcj1wb3N0bWFzdGVy"};

    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
        cr_expect_null(strstr(text, secrets[i]), "%s: %s is in %s", name, secrets[i], where);
}

Test(smtp, every_login_works_and_none_is_told, .timeout = 60)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *log_path = scratch_path(scratch, "log");

    cr_assert(mp_log_open(scratch, "log", MP_LOG_DEBUG, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(logins); i++) {
        const char *options[] = {"--tls",  "starttls",     "--auth",          logins[i].offered,
                                 "--rule", logins[i].rule, "--auth-optional", NULL};
        g_autoptr(SmtpServer) server = smtp_server_start(scratch, "good", options);
        g_autofree char *auth = g_strdup_printf("authentication = %s\n", logins[i].mechanism);
        g_autofree char *lines = with_ca(scratch, auth);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
        g_autoptr(GString) conversation = g_string_new(NULL);
        g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);
        g_autofree char *outcome = smtp_try(smtp);
        g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);

        cr_expect(g_str_has_prefix(outcome, logins[i].outcome), "%s: %s", logins[i].name, outcome);
        expect_no_secret(logins[i].name, "the conversation", conversation->str);
        expect_no_secret(logins[i].name, "the outcome", outcome);
        cr_expect_eq(smtp_server_messages(server), g_str_has_prefix(logins[i].outcome, "sent"));
    }
    g_autofree char *log = NULL;
    cr_assert(g_file_get_contents(log_path, &log, NULL, NULL));
    cr_expect_not_null(strstr(log, "<- \"[redacted]\\r\\n\""));
    expect_no_secret("all", "the log", log);
}

/* The server's own password is another: each mechanism fails, and says nothing of ours. */
Test(smtp, a_wrong_password_stops_the_run_not_the_message, .timeout = 60)
{
    static const char *const mechanisms[] = {"plain", "login", "cram-md5", "xoauth2",
                                             "oauthbearer"};
    const char *options[] = {
        "--tls",      "starttls", "--auth",  "PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER",
        "--password", "another",  "--token", "another",
        NULL};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(scratch, "good", options);

    for (gsize i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        g_autofree char *auth = g_strdup_printf("authentication = %s\n", mechanisms[i]);
        g_autofree char *lines = with_ca(scratch, auth);
        g_autoptr(MpConfig) config = smtp_config(scratch, server, lines);
        g_autoptr(GString) conversation = g_string_new(NULL);
        g_autoptr(MpSmtp) smtp = smtp_session(config, conversation);
        g_autofree char *outcome = smtp_try(smtp);

        cr_expect(g_str_has_prefix(outcome, "stopped "), "%s: %s", mechanisms[i], outcome);
        expect_no_secret(mechanisms[i], "the conversation", conversation->str);
    }
    cr_expect_eq(smtp_server_messages(server), 0);
}

Test(smtp, clear_text_login_only_where_configured_and_with_a_warning, .timeout = 20)
{
    const char *options[] = {"--auth", "PLAIN", NULL};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(SmtpServer) server = smtp_server_start(scratch, NULL, options);
    g_autoptr(MpConfig) config =
        smtp_config(scratch, server, "tls = none\nauthentication = plain\n");

    cr_assert(mp_log_open(scratch, "log", MP_LOG_WARN, NULL));
    g_autoptr(MpSmtp) smtp = smtp_session(config, NULL);
    g_autofree char *outcome = smtp_try(smtp);
    cr_expect(g_str_has_prefix(outcome, "sent"), "%s", outcome);

    g_autofree char *log = scratch_run(scratch, "cat log");
    cr_expect_not_null(strstr(log, "WARN"), "%s", log);
    cr_expect_not_null(strstr(log, "clear text"), "%s", log);
}

static const struct {
    const char *name, *password;
    mode_t mode;
    bool opens;
} password_files[] = {
    {"one line", "secret\n", 0600, true},
    {"no newline", "secret", 0400, true},
    {"empty", "", 0600, false},
    {"only a newline", "\n", 0600, false},
    {"two lines", "secret\nmore\n", 0600, false},
    {"readable by others", "secret\n", 0644, false},
    {"missing", NULL, 0, false},
};

Test(smtp, a_password_file_is_one_private_line)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "password");
    g_autoptr(MpConfig) config = smtp_config(scratch, NULL, "authentication = plain\n");

    for (gsize i = 0; i < G_N_ELEMENTS(password_files); i++) {
        g_autoptr(GError) error = NULL;

        g_remove(path);
        if (password_files[i].password != NULL) {
            g_file_set_contents(path, password_files[i].password, -1, NULL);
            chmod(path, password_files[i].mode);
        }
        g_autoptr(MpSmtp) smtp = mp_smtp_open(config, &error);
        cr_expect_eq(smtp != NULL, password_files[i].opens, "%s", password_files[i].name);
        if (smtp == NULL)
            cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION), "%s: %s",
                      password_files[i].name, error->message);
    }
}

Test(smtp, a_missing_authority_is_told_before_anything_is_sent)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpConfig) config = smtp_config(scratch, NULL, "ca-file = /nowhere/ca.pem\n");
    g_autoptr(GError) error = NULL;

    cr_expect_null(mp_smtp_open(config, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION));
}
