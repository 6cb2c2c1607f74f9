/* What is masked of a line, and what is not; see lib/report/redact.h. */
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

#include "report/redact.h"
#include "scratch.h"

TestSuite(redact, .timeout = 60);

#define MAC    "1801beb4df676a79250d1e61e54ab763822c207d"
#define SECRET "c4n4ry-w1th-m0re"

static MpConfig *
config_with_secret(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "password", NULL);
    g_autofree char *text =
        g_strdup_printf("[instance]\nhostname = git.example.org\n[address]\nkeys = %s/none\n"
                        "[smtp]\npassword-file = %s\n",
                        directory, path);

    cr_assert(g_file_set_contents(path, SECRET "\n", -1, NULL));
    return mp_config_parse("test", text, strlen(text), NULL, NULL);
}

/* The lines one after the other; of addresses ADDRESS stands for any pseudonym. */
static char *
redacted(const char *text, bool masks)
{
    g_autoptr(ScratchPath) directory = scratch_make();
    g_autoptr(MpConfig) config = config_with_secret(directory);
    g_autoptr(MpRedaction) redaction = mp_redaction_new(config, masks, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        mp_redact(redaction, *line, strlen(*line), out);
        g_string_append(out, line[1] != NULL ? "\n" : "");
    }
    g_autoptr(GRegex) pseudonym = g_regex_new("[0-9a-f]{10}@\\*\\*\\*", 0, 0, NULL);
    return g_regex_replace_literal(pseudonym, out->str, -1, 0, "ADDRESS", 0, NULL);
}

static const struct {
    const char *text, *expected, *unmasked; /* NULL: the text itself; of unmasked, as expected */
} cases[] = {
    /* Addresses. */
    {"from=<kate@example.org>, size=5", "from=<ADDRESS>, size=5",
     "from=<kate@example.org>, size=5"},
    {"to=kate@example.org, x", "to=ADDRESS, x", "to=kate@example.org, x"},
    {"<bounce+kate=example.org@list.example>", "<ADDRESS>",
     "<bounce+kate=example.org@list.example>"},
    {"k\xC3\xA9t\xC3\xA9@b\xC3\xBC"
     "cher.example!",
     "ADDRESS!",
     "k\xC3\xA9t\xC3\xA9@b\xC3\xBC"
     "cher.example!"},
    {"\"kate bush\"@example.org", "ADDRESS", "\"kate bush\"@example.org"},
    {"kate@[192.0.2.1] kate%40example.org", "ADDRESS ADDRESS",
     "kate@[192.0.2.1] kate%40example.org"},
    {"root@localhost and @tim, 3 @ 4, a@", "ADDRESS and @tim, 3 @ 4, a@",
     "root@localhost and @tim, 3 @ 4, a@"},
    {"mail to noreply@git.example.org", NULL, NULL},
    {"<acme/rocket/issues/1-96e0faf6/1-59ab1d3b@git.example.org> is ours", NULL, NULL},
    {"someone@git.example.org", "ADDRESS", "someone@git.example.org"},
    /* Ours. */
    {"to reply+i-17-" MAC "-5@reply.git.example.org", "to reply+i-17-***-5@reply.git.example.org",
     NULL},
    {"REPLY=2Bi=2D17=2D" MAC "=2D5", "REPLY=2Bi=2D17=***=2D5", NULL},
    {"is it " MAC "?", "is it ***?", NULL},
    {"Event 59ab1d3be09234d8aeaa72d3c686e4c7 is done", NULL, NULL},
    /* Known secrets. */
    {"pass " SECRET "!", "pass ***!", NULL},
    {"0 Yzpk YzRuNHJ5LXcxdGgtbTByZQ== x", "0 Yzpk ***== x", NULL},
    /* Logins. */
    {"-> \"AUTH PLAIN AGthdGUAczNjcjN0\\r\\n\"\n<- \"235 2.7.0 Authentication successful\\r\\n\"",
     "-> \"AUTH PLAIN ***\n<- \"235 2.7.0 Authentication successful\\r\\n\"", NULL},
    {"AUTH SCRAM-SHA-256-PLUS biwsbj1rYXRl", "AUTH SCRAM-SHA-256-PLUS ***", NULL},
    {"auth login  a2F0ZQ==\nx\nx\nx\nx\nx\nx\nAUTH PLAINPASSWORDa2F0ZQ==",
     "auth login  ***\nx\nx\nx\nx\nx\nx\nAUTH PLAIN***", NULL},
    {"AUTH SCRAM-PASSWORDa2F0ZQ==", "AUTH SCRAM***", NULL},
    {"AUTH GSSAPI a2F0ZQ==\\r\\n\"", "AUTH GSSAPI ***", NULL},
    {"<- \"AUTH CRAM-MD5\\r\\n\"", NULL, NULL},
    {"AUTH LOGIN\n334 VXNlcm5hbWU6\na2F0ZQ==\n334 UGFzc3dvcmQ6\nczNjcjN0\n235 ok",
     "AUTH LOGIN\n334 ***\n***\n334 ***\n***\n235 ok", NULL},
    {"<- \"250-AUTH PLAIN LOGIN\\r\\n\"\n<- \"250 done\\r\\n\"", NULL, NULL},
    {"x AGthdGUAczNjcjN0cGFzcw== y", "x ***== y", NULL},
    {"x dXNlcj1rYXRlAWF1dGg9QmVhcmVyIHlhMjkueAEB y", "x *** y", NULL},
    {"x a2F0ZSAwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg== y", "x ***== y", NULL},
    /* What names itself. */
    {"remote = https://tim:pw@git.example/x.git", "remote = https://***@git.example/x.git", NULL},
    {"fetch ssh://git@host/x", "fetch ssh://***@host/x", NULL},
    {"password = correct horse", "password = ***", NULL},
    {"{\"password\":\"correct horse\",\"port\":587}", "{\"password\":\"***\",\"port\":587}", NULL},
    {"GET /?access_token=abc&x=1", "GET /?access_token=***&x=1", NULL},
    {"Authorization: Bearer abc.def", "Authorization: ***", NULL},
    {"sent Bearer abc.def now", "sent Bearer *** now", NULL},
    {"smtp_sasl_password_maps = static:tim:pw", "smtp_sasl_password_maps = ***", NULL},
    {"token-command = /usr/bin/token --for tim 4f0e1c", "token-command = ***", NULL},
    {"password-file = /etc/metroplex/smtp-password", NULL, NULL},
    {"the key ghp_abcdefghijklmnop1234 leaked", "the key *** leaked", NULL},
    {"AKIAIOSFODNN7EXAMPLE", "***", NULL},
    {"-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\nmore", "***\n***\n***\nmore",
     NULL},
    /* Nothing of that. */
    {"[2014-10-30T00:47:23.306 INFO (5284) #] Posted /data/user/mail/reply/new/1.V1I2M3.mx: thread "
     "1",
     NULL, NULL},
    {"Subject: =?utf-8?Q?Hello?= 100% sure & =40", NULL, NULL},
    {"", NULL, NULL},
};

Test(redact, what_lets_somebody_in_is_never_shown_and_addresses_if_asked_for)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *expected = cases[i].expected != NULL ? cases[i].expected : cases[i].text;
        g_autofree char *masked = redacted(cases[i].text, true);
        g_autofree char *unmasked = redacted(cases[i].text, false);

        cr_expect_str_eq(masked, expected, "%s: %s", cases[i].text, masked);
        expected = cases[i].unmasked != NULL ? cases[i].unmasked : expected;
        cr_expect_str_eq(unmasked, expected, "unmasked %s: %s", cases[i].text, unmasked);
    }
}

Test(redact, one_address_has_one_pseudonym_in_a_report_and_another_in_the_next)
{
    g_autoptr(ScratchPath) directory = scratch_make();
    g_autoptr(MpConfig) config = config_with_secret(directory);
    g_autoptr(MpRedaction) one = mp_redaction_new(config, true, NULL);
    g_autoptr(MpRedaction) other = mp_redaction_new(config, true, NULL);
    g_autofree char *a = mp_redacted(one, "kate@example.org");
    g_autofree char *b = mp_redacted(one, "Kate@EXAMPLE.org");
    g_autofree char *c = mp_redacted(one, "tim@example.org");
    g_autofree char *d = mp_redacted(other, "kate@example.org");

    cr_assert_str_eq(a, b);
    cr_assert_str_neq(a, c);
    cr_assert_str_neq(a, d);
    mp_redaction_show(one, "<kate@example.org>");
    g_autofree char *shown = mp_redacted(one, "id=<Kate@example.org>");
    cr_assert_str_eq(shown, "id=<Kate@example.org>");
}

Test(redact, hostile_lines_take_linear_time)
{
    static const char *const parts[] = {"@",
                                        "a@",
                                        "a/",
                                        "://",
                                        "eyJ",
                                        "AUTH PLAIN ",
                                        "a=",
                                        "\"@a",
                                        "password=",
                                        "token='",
                                        "0123456789abcdef",
                                        "=40"};

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        while (text->len < 65536)
            g_string_append(text, parts[i]);
        g_autofree char *masked = redacted(text->str, true);
        cr_assert(masked != NULL);
    }
}
