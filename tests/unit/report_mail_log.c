/* Postfix's log, line by line and record by record; see lib/report/mail_log.h. */
#include <criterion/criterion.h>
#include <string.h>

#include "report/mail_log.h"

TestSuite(mail_log, .timeout = 60);

static const struct {
    const char *line, *program, *queue_id, *text; /* NULL: none */
} lines[] = {
    {"Oct 30 00:47:18 mx postfix/smtpd[5284]: 4B2F1A0C3: client=mail.me.com[17.0.0.1]",
     "postfix/smtpd", "4B2F1A0C3", "client=mail.me.com[17.0.0.1]"},
    {"Oct  3 00:47:18 mx postfix/submission/smtpd[1]: 3Yk2Lx0Wk1z9vNb: client=x[::1]",
     "postfix/submission/smtpd", "3Yk2Lx0Wk1z9vNb", "client=x[::1]"},
    {"2014-10-30T00:47:18.123456+01:00 mx postfix-in/qmgr[7]: 4B2F1A0C3: removed",
     "postfix-in/qmgr", "4B2F1A0C3", "removed"},
    {"2014-10-30T00:47:18Z mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[1.2.3.4]: 550",
     "postfix/smtpd", "NOQUEUE", "reject: RCPT from x[1.2.3.4]: 550"},
    {"Oct 30 00:47:18 mx postfix/qmgr[7]: DEFACEBABE: removed", "postfix/qmgr", "DEFACEBABE",
     "removed"},
    {"Oct 30 00:47:18 mx postfix/smtpd[7]: fatal: odd", "postfix/smtpd", NULL, "fatal: odd"},
    {"Oct 30 00:47:18 mx opendkim[7]: 4B2F1A0C3: DKIM verification successful", "opendkim",
     "4B2F1A0C3", "DKIM verification successful"},
    {"Oct 30 00:47:18 mx postfix/smtpd[5284]: connect from mail.me.com[17.0.0.1]", "postfix/smtpd",
     NULL, "connect from mail.me.com[17.0.0.1]"},
    {"Oct 30 00:47:18 mx postfix/smtpd[5284]: warning: 4B2F1A0C3: odd", "postfix/smtpd", NULL,
     "warning: 4B2F1A0C3: odd"},
    {"Oct 30 00:47:18 mx sshd[5284]: 4B2F1A0C3: no", NULL, NULL, NULL},
    {"Oct 30 00:47:18 mx postfix/smtpd: 4B2F1A0C3: no", NULL, NULL, NULL},
    {"Oct 30 00:47:18", NULL, NULL, NULL},
    {"2014-10-30T00:47:18", NULL, NULL, NULL},
    {"", NULL, NULL, NULL},
};

static void
is_part(const char *found, gsize length, const char *expected, const char *line)
{
    cr_assert_eq(found == NULL, expected == NULL, "%s", line);
    if (found != NULL)
        cr_assert(strlen(expected) == length && strncmp(found, expected, length) == 0, "%s", line);
}

Test(mail_log, both_time_stamps_and_every_service_are_read)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        MpMailLogLine parsed;

        cr_assert_eq(mp_mail_log_parse(lines[i].line, &parsed), lines[i].program != NULL, "%s",
                     lines[i].line);
        if (lines[i].program == NULL)
            continue;
        is_part(parsed.program, parsed.program_length, lines[i].program, lines[i].line);
        is_part(parsed.queue_id, parsed.queue_id_length, lines[i].queue_id, lines[i].line);
        cr_assert_str_eq(parsed.text, lines[i].text);
    }
}

Test(mail_log, a_time_without_a_year_is_of_the_last_one_that_fits)
{
    static const struct {
        const char *stamp, *file, *expected;
    } cases[] = {
        {"Oct 30 00:47:18 x y", "2014-10-30T00:47:20", "2014-10-30T00:47:18"},
        {"Dec 31 23:59:59 x y", "2015-01-02T00:00:00", "2014-12-31T23:59:59"},
        {"Jan  1 00:00:01 x y", "2014-12-31T23:59:59", "2015-01-01T00:00:01"}, /* clocks differ */
        {"Feb 29 12:00:00 x y", "2015-02-20T00:00:00", "2012-02-29T12:00:00"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_local();
        g_autoptr(GDateTime) file = g_date_time_new_from_iso8601(cases[i].file, zone);
        g_autoptr(GDateTime) expected = g_date_time_new_from_iso8601(cases[i].expected, zone);

        cr_assert_eq(mp_mail_log_time(cases[i].stamp, g_date_time_to_unix(file)),
                     g_date_time_to_unix(expected) * G_USEC_PER_SEC, "%s", cases[i].stamp);
    }
    cr_assert_eq(mp_mail_log_time("2014-10-30T00:47:18.250+01:00 x y", 0), 1414626438250000);
    cr_assert_eq(mp_mail_log_time("Foo 30 00:47:18 x y", 1414626438), 0);
}

Test(mail_log, values_are_found_by_their_whole_name)
{
    static const struct {
        const char *text, *key, *value;
    } cases[] = {
        {"to=<a@b>, orig_to=<c@d>, relay=virtual, delay=0.1", "to", "a@b"},
        {"to=<a@b>, orig_to=<c@d>, relay=virtual, delay=0.1", "orig_to", "c@d"},
        {"to=<a@b>, orig_to=<c@d>, relay=virtual, delay=0.1", "relay", "virtual"},
        {"resent-message-id=<x@y>", "message-id", NULL},
        {"message-id=<to=<a@b>, x@y>", "message-id", "to=<a@b"},
        {"from=<>, size=1", "from", ""},
        {"removed", "to", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *value = mp_mail_log_value(cases[i].text, cases[i].key);

        cr_assert(g_strcmp0(value, cases[i].value) == 0, "%s: %s", cases[i].text, cases[i].key);
    }
}

/* --- Records ---------------------------------------------------------------------------------- */

static bool
is_ours(const MpMailLogLine *line, gpointer unused)
{
    (void)unused;
    return strstr(line->text, "@ours") != NULL;
}

static void
note(const MpMailLogRecord *record, gpointer user_data)
{
    g_string_append_printf(user_data, "%s:%u+%u ", record->queue_id, record->lines->len,
                           record->left_out);
}

static void
add(MpMailLog *log, const char *id, const char *text)
{
    g_autofree char *line = g_strdup_printf("Oct 30 00:47:18 mx postfix/any[1]: %s: %s", id, text);

    mp_mail_log_add(log, line, 1414626438);
}

Test(mail_log, a_record_ends_when_it_is_removed_or_its_id_is_used_again)
{
    g_autoptr(GString) told = g_string_new(NULL);
    MpMailLog *log = mp_mail_log_new(is_ours, note, told);

    add(log, "A1B2C3", "client=x");
    add(log, "D4E5F6", "client=x");
    add(log, "A1B2C3", "to=<a@ours>");
    add(log, "D4E5F6", "to=<a@theirs>");
    add(log, "A1B2C3", "removed");
    cr_assert_str_eq(told->str, "A1B2C3:3+0 ");
    add(log, "A1B2C3", "client=y"); /* another mail */
    add(log, "A1B2C3", "to=<a@theirs>");
    add(log, "A1B2C3", "removed");
    add(log, "D4E5F6", "client=y"); /* without an end before */
    add(log, "D4E5F6", "to=<a@ours>");
    add(log, "NOQUEUE", "reject: to=<a@ours>");
    add(log, "NOQUEUE", "reject: to=<a@theirs>");
    cr_assert_str_eq(told->str, "A1B2C3:3+0 NOQUEUE:1+0 ");
    mp_mail_log_finish(log);
    cr_assert_str_eq(told->str, "A1B2C3:3+0 NOQUEUE:1+0 D4E5F6:2+0 ");
}

Test(mail_log, neither_a_long_record_nor_many_without_an_end_take_memory_without_bound)
{
    g_autoptr(GString) told = g_string_new(NULL);
    MpMailLog *log = mp_mail_log_new(is_ours, note, told);
    char id[16];

    add(log, "AAAAA1", "to=<a@ours>");
    for (int i = 0; i < 1000; i++)
        add(log, "AAAAA1", "to=<a@theirs>");
    for (int i = 0; i < 50000; i++) {
        g_snprintf(id, sizeof id, "B%06d", i);
        add(log, id, "client=x");
    }
    add(log, "AAAAA1", "removed");
    cr_assert_str_eq(told->str, "AAAAA1:200+802 ");
    mp_mail_log_finish(log);
}
