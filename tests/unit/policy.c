/* Who may say what: verdicts on the sender, identity, and mail that no person wrote. */
#include "base/domain.h"
#include "policy/automatic.h"
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* --- Authentication-Results ----------------------------------------------------------------------
 */

static MpVerdicts
verdicts(const char *const *fields, const char *from)
{
    g_autoptr(GPtrArray) array = g_ptr_array_new();

    for (; *fields != NULL; fields++)
        g_ptr_array_add(array, (gpointer)(gsize)*fields);
    return mp_verdicts_read(array, array->len, "mx.example.org, other.example.org", from);
}

#define GOOD MP_SENDER_AUTHENTIC
#define BAD  MP_SENDER_UNAUTHENTICATED
#define NONE MP_SENDER_UNCHECKED

Test(policy, authentication_results_are_read_as_rfc_8601_writes_them)
{
    static const struct {
        const char *field;
        MpSenderCheck check;
        const char *said;
    } cases[] = {
        {"mx.example.org; dmarc=pass header.from=example.org", GOOD, "dmarc=pass"},
        {"MX.Example.ORG ; DMARC=PASS", GOOD, "dmarc=pass"},
        {"other.example.org; dmarc=pass", GOOD, "dmarc=pass"},
        {"mx.example.org 1; dmarc=pass", GOOD, "dmarc=pass"},
        {"mx.example.org 1 (first); dmarc/1=pass (p=none dis=none) header.from=example.org", GOOD,
         "dmarc=pass"},
        {"\"mx.example.org\"; dmarc=pass", GOOD, "dmarc=pass"},
        {"(hello (there) \\) still) mx.example.org (it) ; (so) dmarc (x) = (y) pass (z)", GOOD,
         "dmarc=pass"},
        {"mx.example.org; dmarc=pass reason=\"a; dmarc=fail\" header.from=example.org", GOOD,
         "dmarc=pass"},
        {"mx.example.org; dkim=fail reason=\"bad; signature\" header.d=example.org; dmarc=pass",
         GOOD, "dmarc=pass, dkim=fail"},
        {"mx.example.org; dmarc=fail (p=reject) header.from=example.org", BAD, "dmarc=fail"},
        {"mx.example.org; dkim=pass header.d=example.org; dmarc=fail header.from=example.org", BAD,
         "dmarc=fail, dkim=pass"},
        {"mx.example.org; dmarc=pass; dmarc=fail", BAD, "dmarc=fail"},
        {"mx.example.org; dmarc=pass header.from=evil.example", BAD, "dmarc=fail"},
        {"mx.example.org; dmarc=none; dkim=pass header.d=example.org", GOOD,
         "dmarc=none, dkim=pass"},
        {"mx.example.org; dmarc=temperror; spf=pass smtp.mailfrom=kate@example.org", NONE,
         "dmarc=temperror, spf=pass"},
        {"mx.example.org; dmarc=none; dkim=none; spf=none", NONE,
         "dmarc=none, dkim=none, spf=none"},
        {"mx.example.org; dmarc=nonsense; spf=softfail smtp.mailfrom=example.org", BAD,
         "dmarc=none, spf=softfail"},
        {"mx.example.org; dkim=pass header.d=example.org", GOOD, "dkim=pass"},
        {"mx.example.org; dkim=pass header . d = example.org", GOOD, "dkim=pass"},
        {"mx.example.org; dkim=pass header.i=@example.org header.b=\"abc=\"", GOOD, "dkim=pass"},
        {"mx.example.org; dkim=pass header.b=ab/c+= header.d=mail.example.org", BAD,
         "dkim=unaligned"},
        {"mx.example.org; dkim=pass header.d=evil.example", BAD, "dkim=unaligned"},
        {"mx.example.org; dkim=pass header.d=evil.example; dkim=pass header.d=example.org", GOOD,
         "dkim=pass"},
        {"mx.example.org; dkim=pass header.d=notexample.org", BAD, "dkim=unaligned"},
        {"mx.example.org; dkim=pass header.d=org", BAD, "dkim=unaligned"},
        {"mx.example.org; dkim=pass", BAD, "dkim=unaligned"},
        {"mx.example.org; spf=pass smtp.mailfrom=kate@mail.example.org", NONE, "spf=pass"},
        {"mx.example.org; spf=pass smtp.mailfrom=\"a; dmarc=pass\"@evil.example", BAD,
         "spf=unaligned"},
        {"mx.example.org; spf=pass smtp.helo=example.org", BAD, "spf=unaligned"},
        {"mx.example.org; spf=pass smtp.mailfrom=example.org; dkim=fail", BAD,
         "dkim=fail, spf=pass"},
        {"mx.example.org; spf=fail smtp.mailfrom=example.org; dkim=fail", BAD,
         "dkim=fail, spf=fail"},
        {"mx.example.org; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org;dmarc=pass "
         "action=none "
         "header.from=example.org;compauth=pass reason=100",
         GOOD, "dmarc=pass, spf=pass"},
        {"mx.example.org; none", NONE, NULL},
        {"mx.example.org", NONE, NULL},
        {"mx.example.org;", NONE, NULL},
        {"mx.example.org; auth=pass smtp.auth=kate", NONE, NULL},
        {"mx.example.org 2; dmarc=pass", BAD, NULL},
        {"mx.example.org; dmarc=pass (never closed", BAD, NULL},
        {"mx.example.org; spf=pass (\") smtp.mailfrom=x; dmarc=pass reason=\"never closed", BAD,
         NULL},
        {"mx.example.org.evil.example; dmarc=pass", NONE, NULL},
        {"evil.example; dmarc=fail", NONE, NULL},
        {"evil.example (mx.example.org; dmarc=fail", NONE, NULL},
        {"=?utf-8?q?mx.example.org;_dmarc=3Dfail?=", NONE, NULL},
        {"", NONE, NULL},
        {";;;===(((\"\\", NONE, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const fields[] = {cases[i].field, NULL};
        MpVerdicts v = verdicts(fields, "kate@example.org");
        g_autofree char *said = mp_verdicts_describe(&v);

        cr_expect_eq(v.check, cases[i].check, "%s: %d", cases[i].field, v.check);
        cr_expect(g_strcmp0(said, cases[i].said) == 0, "%s: %s", cases[i].field, said);
    }
}

Test(policy, the_fields_of_trusted_ids_are_read_together)
{
    static const struct {
        const char *fields[5];
        MpSenderCheck check;
    } cases[] = {
        {{"mx.example.org; dmarc=fail", "mx.example.org; dmarc=pass", NULL}, BAD},
        {{"mx.example.org; dmarc=pass", "mx.example.org; dmarc=fail", NULL}, BAD},
        {{"mx.example.org; dkim=pass header.d=example.org", "other.example.org; dmarc=fail", NULL},
         BAD},
        {{"mx.example.org; dmarc=none", "mx.example.org; dkim=pass header.d=example.org", NULL},
         GOOD},
        {{"evil.example; dmarc=fail", "mx.example.org; none", "mx.example.org; dmarc=pass", NULL},
         GOOD},
        {{"mx.example.org; spf=softfail smtp.mailfrom=example.org", "mx.example.org; dmarc=pass",
          NULL},
         GOOD},
        {{"mx.example.org; dmarc=pass", "mx.example.org; (never closed", NULL}, BAD},
        {{"mx.example.org; none", "mx.example.org; arc=pass", NULL}, NONE},
        {{NULL}, NONE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(verdicts(cases[i].fields, "kate@example.org").check, cases[i].check,
                     "case %zu", i);
}

Test(policy, nothing_passes_for_an_author_who_is_not_known)
{
    static const char *const fields[] = {
        "mx.example.org; dmarc=pass; dkim=pass header.d=example.org; spf=pass "
        "smtp.mailfrom=example.org",
        NULL};

    cr_expect_eq(verdicts(fields, NULL).check, BAD);
}

/* Above: what no client can have written. */
Test(policy, where_our_server_writes_on_top_what_a_client_wrote_is_believed_only_if_bad)
{
    static const struct {
        const char *above, *below;
        MpSenderCheck check;
        const char *said;
    } cases[] = {
        {"mx.example.org; dkim=none", "mx.example.org; dmarc=pass", NONE, "dkim=none"},
        {"mx.example.org; dkim=pass header.d=evil.example", "mx.example.org; dmarc=pass", BAD,
         "dkim=unaligned"},
        {"mx.example.org; none", "mx.example.org; dkim=pass header.d=example.org", NONE, NULL},
        {"mx.example.org; dkim=fail header.d=example.org",
         "mx.example.org; dkim=pass header.d=example.org", BAD, "dkim=fail"},
        {"mx.example.org; dkim=pass header.d=example.org",
         "mx.example.org; dkim=fail header.d=example.org", GOOD, "dkim=pass"},
        {"mx.example.org; dkim=pass header.d=example.org", "mx.example.org; dmarc=fail", BAD,
         "dmarc=fail, dkim=pass"},
        {"mx.example.org; dkim=none", "mx.example.org; spf=fail smtp.mailfrom=example.org", BAD,
         "dkim=none, spf=fail"},
        {"mx.example.org; dkim=pass header.d=example.org", "mx.example.org; (", BAD, NULL},
        /* nobody who is trusted wrote on top */
        {"evil.example; none", "mx.example.org; dmarc=pass", GOOD, "dmarc=pass"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) fields = g_ptr_array_new();

        g_ptr_array_add(fields, (gpointer)(gsize)cases[i].above);
        g_ptr_array_add(fields, (gpointer)(gsize)cases[i].below);
        MpVerdicts v = mp_verdicts_read(fields, 1, "mx.example.org", "kate@example.org");
        g_autofree char *said = mp_verdicts_describe(&v);
        cr_expect_eq(v.check, cases[i].check, "%s above %s", cases[i].above, cases[i].below);
        cr_expect_eq(g_strcmp0(said, cases[i].said), 0, "%s: %s", cases[i].below, said);
    }
}

Test(policy, without_a_trusted_id_nothing_is_believed)
{
    g_autoptr(GPtrArray) fields = g_ptr_array_new();

    g_ptr_array_add(fields, (gpointer)(gsize) "mx.example.org; dmarc=fail");
    g_ptr_array_add(fields, (gpointer)(gsize) "; dmarc=fail");
    cr_expect_eq(mp_verdicts_read(fields, fields->len, "", "kate@example.org").check, NONE);
}

/* --- Identity ------------------------------------------------------------------------------------
 */

Test(policy, an_address_is_the_accounts_or_another)
{
    static const struct {
        const char *verified, *from;
        bool is_same;
    } cases[] = {
        {"kate@example.org", "kate@example.org", true},
        {"kate@example.org", "kate@EXAMPLE.Org", true},
        {"kate@example.org", "Kate@example.org", true},
        {"Kate.Bush@example.org", "kATE.bUSH@EXAMPLE.org", true},
        {"kate@example.org", "\u212aate@example.org", false}, /* the sign of Kelvin */
        {"kit@example.org", "kİt@example.org", false},        /* a Turkish capital */
        {"kıt@example.org", "kit@example.org", false},
        {"ſam@example.org", "sam@example.org", false},
        {"kate@example.org", "kate+git@example.org", false},
        {"kate+git@example.org", "kate@example.org", false},
        {"kate@example.org", "kate@example.org.evil.example", false},
        {"kate@example.org", "kate@example.orgx", false},
        {"kate@example.org", "xkate@example.org", false},
        {"kate@example.org", "kate@mail.example.org", false},
        {"kate@example.org", "kate", false},
        {"kate@example.org", "", false},
        {"kate@example.org", "kаte@example.org", false}, /* Cyrillic */
        {"kate@example.org", "kate@exаmple.org", false},
        {"kate@example.org", "kate@ｅxample.org", false}, /* wide */
        {"kate@example.org", "kate@example。org", false},
        {"kate@example.org", "kate@exam\xc2\xadple.org", false}, /* soft hyphen */
        {"kate@strasse.example", "kate@straße.example", false},
        {"kate@straße.example", "kate@straße.example", true},
        {"kate@straße.example", "kate@strasse.example", false},
        {"kate@bücher.example", "kate@xn--bcher-kva.example", true},
        {"kate@xn--bcher-kva.example", "kate@bücher.example", true},
        {"kate@xn--bcher-kva.example", "kate@BÜCHER.example", true},
        {"kate@bücher.example",
         "kate@bu\xcc\x88"
         "cher.example",
         true}, /* the same, decomposed */
        {"kate@bücher.example", "kate@bucher.example", false},
        {"jürgen@bücher.example", "jürgen@XN--BCHER-KVA.example", true},
        {"jürgen@example.org", "ju\xcc\x88rgen@example.org", false}, /* octets differ */
        {"jürgen@example.org", "JÜRGEN@example.org", true},
        {"straße@example.org", "STRASSE@example.org", false},
        {"\xff@example.org", "\xfe@example.org", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) emails = g_ptr_array_new();
        MpUser user = {.emails = emails};

        g_ptr_array_add(emails, (gpointer)(gsize) "first@example.net");
        g_ptr_array_add(emails, (gpointer)(gsize)cases[i].verified);
        cr_expect_eq(mp_user_has_address(&user, cases[i].from, false), cases[i].is_same, "%s is %s",
                     cases[i].from, cases[i].verified);
    }
}

Test(policy, by_the_letter_case_tells_local_parts_apart_and_no_domains)
{
    cr_expect(!mp_same_address("kate@example.org", "Kate@example.org", true));
    cr_expect(mp_same_address("kate@example.org", "kate@EXAMPLE.org", true));
    cr_expect(mp_same_address("kate@bücher.example", "kate@XN--BCHER-KVA.example", true));
    cr_expect(!mp_same_address("kate", "kate", false));
}

Test(policy, from_names_every_author_that_anybody_may_read_in_it)
{
    static const struct {
        const char *header;
        const char *authors; /* joined by " " */
    } cases[] = {
        {"From: kate@example.org", "kate@example.org"},
        {"From: Kate <kate@example.org>", "kate@example.org"},
        {"From: kate@example.org (Kate (of Example))", "kate@example.org"},
        {"From: (a@b.example) Kate <kate@example.org>", "kate@example.org"},
        {"From: \"tim@example.org\" <kate@example.org>", "kate@example.org"},
        {"From: <@relay.example:kate@example.org>", "kate@example.org"},
        {"From: kate@example.org\nFrom: tim@example.org", "kate@example.org tim@example.org"},
        {"From: kate@example.org, tim@example.org", "kate@example.org tim@example.org"},
        {"From: tim@example.org <kate@example.org>", "kate@example.org tim@example.org"},
        {"From: Friends: kate@example.org;", "Friends:; kate@example.org"},
        {"From: Nobody:;", "Nobody:;"},
        {"From: =?utf-8?q?kate=40example.org?= <eve@evil.example>", "eve@evil.example"},
        {"Sender: kate@example.org\nFrom: eve@evil.example", "eve@evil.example"},
        {"From: jürgen@bücher.example", "jürgen@bücher.example"},
        {"From: jürgen@xn--bcher-kva.example", "jürgen@xn--bcher-kva.example"},
        {"From: kate@XN--BCHER-KVA.example", "kate@XN--BCHER-KVA.example"},
        {"From: kate@xn--strae-oqa.example", "kate@xn--strae-oqa.example"},
        {"From: kate@straße.example", "kate@straße.example"},
        {"From: kate@strasse.example (kate@straße.example)", "kate@strasse.example"},
        {"From:", ""},
        {"Sender: kate@example.org", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *mail = g_strconcat(cases[i].header, "\n\nHello.\n", NULL);
        g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
        cr_assert_not_null(message);
        g_ptr_array_add(message->from, NULL);
        g_autofree char *authors = g_strjoinv(" ", (char **)message->from->pdata);
        g_ptr_array_set_size(message->from, (int)message->from->len - 1);

        cr_expect_str_eq(authors, cases[i].authors, "%s: %s", cases[i].header, authors);
    }
}

Test(policy, an_encoded_word_is_never_the_owners_address)
{
    static const char *const fields[] = {
        "From: =?utf-8?q?kate=40example.org?=",
        "From: <=?utf-8?q?kate=40example.org?=>",
        "From: =?utf-8?q?kate?=@example.org",
        "From: <=?utf-8?q?kate?=@example.org>",
        "From: kate@=?utf-8?q?example.org?=",
        "From: =?utf-8?q?=22kate=40example.org=22_=3Ckate=40example.org=3E?=",
    };
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    MpUser kate = {.emails = emails};

    g_ptr_array_add(emails, (gpointer)(gsize) "kate@example.org");
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *mail = g_strconcat(fields[i], "\n\nHello.\n", NULL);
        g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
        bool owns_all = message->from->len > 0;

        for (guint k = 0; k < message->from->len; k++)
            owns_all =
                owns_all && mp_user_has_address(&kate, g_ptr_array_index(message->from, k), false);
        cr_expect(!owns_all, "%s", fields[i]);
    }
}

/* --- Mail that no person wrote -------------------------------------------------------------------
 */

static bool
is_automatic(const char *header)
{
    g_autofree char *mail = g_strconcat(header, "\n\nHello.\n", NULL);
    g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
    g_autofree char *why = NULL;
    MpGateInput delivery = {.message = message};

    cr_assert_not_null(message, "%s", header);
    return mp_policy_is_automatic(&delivery, &why);
}

#define HUMAN                                                                                      \
    "Return-Path: <kate@example.org>\nFrom: kate@example.org\nIn-Reply-To: "                       \
    "<acme/rocket/issues/1@git.example.org>\nSubject: Re: Rocket\n"

Test(policy, every_mark_refuses_its_example_and_not_a_persons_mail)
{
    gsize n, n_weak;
    const MpMark *marks = mp_policy_marks(&n), *weak = mp_policy_weak_marks(&n_weak);

    cr_expect(!is_automatic(HUMAN "X-Mailer: mutt"));
    for (gsize i = 0; i < n; i++) {
        g_autofree char *automatic =
            g_strdup_printf(HUMAN "%s: %s", marks[i].field, marks[i].automatic);
        g_autofree char *human = g_strdup_printf(HUMAN "%s: %s", marks[i].field, marks[i].human);

        cr_expect(is_automatic(automatic), "%s", automatic);
        cr_expect(!is_automatic(human), "%s", human);
    }
    /* a weak mark alone loses nobody's mail; with the subject of an automatic answer it tells */
    for (gsize i = 0; i < n_weak; i++) {
        g_autofree char *field = g_strdup_printf("%s: %s", weak[i].field, weak[i].automatic);
        g_autofree char *other = g_strdup_printf("%s: %s", weak[i].field, weak[i].human);
        g_autofree char *alone = g_strconcat(HUMAN, field, NULL);
        g_autofree char *both =
            g_strconcat("In-Reply-To: <a@b>\nSubject: Out of office: Rocket\n", field, NULL);
        g_autofree char *neither =
            g_strconcat("In-Reply-To: <a@b>\nSubject: Out of office: Rocket\n", other, NULL);

        cr_expect(!is_automatic(alone), "%s", alone);
        cr_expect(is_automatic(both), "%s", both);
        cr_expect(!is_automatic(neither), "%s", neither);
    }
}

Test(policy, vacation_subjects_are_known_in_twelve_languages_and_more)
{
    gsize n;
    const MpVacation *vacations = mp_policy_vacations(&n);
    g_autoptr(GHashTable) languages = g_hash_table_new(g_str_hash, g_str_equal);

    for (gsize i = 0; i < n; i++) {
        g_autofree char *answer = g_strdup_printf(
            "From: kate@example.org\nSubject: %s: [acme/rocket] It", vacations[i].beginning);
        g_autofree char *answered = g_strconcat(answer, "\nIn-Reply-To: <a@b>", NULL);
        g_autofree char *reply =
            g_strdup_printf("From: kate@example.org\nSubject: Re: %s: it", vacations[i].beginning);
        g_autofree char *sentence = g_strdup_printf("%s und mehr", vacations[i].beginning);

        g_hash_table_add(languages, (gpointer)(gsize)vacations[i].language);
        cr_expect(is_automatic(answer), "%s", answer);
        cr_expect(!is_automatic(answered), "%s", answered);
        cr_expect(!is_automatic(reply), "%s", reply);
        cr_expect(mp_policy_is_vacation(vacations[i].beginning));
        cr_expect(!mp_policy_is_vacation(sentence), "%s", sentence);
    }
    printf("# %zu subjects in %u languages\n", n, g_hash_table_size(languages));
    cr_expect_geq(g_hash_table_size(languages), 12);
}

Test(policy, people_write_about_absence_too)
{
    static const char *const subjects[] = {
        "Re: Out of office policy",
        "Out of office policy",
        "Vacation days are wrong",
        "AW: Abwesenheitsnotiz",
        "Re: Automatic reply: Rocket",
        "Automatic replies",
        "Vacationing",
        "Afwezigen",
        "Antwort: Automatische Antwort",
        "Autoreplying",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++) {
        g_autofree char *mail = g_strdup_printf("From: kate@example.org\nSubject: %s", subjects[i]);
        cr_expect(!is_automatic(mail), "%s", subjects[i]);
    }
}

Test(policy, who_asks_for_no_answer_gets_none)
{
    static const struct {
        const char *field;
        bool is_answered;
    } cases[] = {
        {"X-Mailer: mutt", true},
        {"X-Auto-Response-Suppress: DR, RN, NRN", true},
        {"X-Auto-Response-Suppress: All", false},
        {"X-Auto-Response-Suppress: OOF, AutoReply", false},
        {"Subject: Out of office: Rocket", false},
        {"Auto-Submitted: auto-replied", false},
        {"Auto-Submitted: no", true},
        {"X-Loop: somebody", false},
    };
    MpConfig config = {.hostname = (char *)(gsize) "git.example.org",
                       .noreply_address = (char *)(gsize) "noreply@git.example.org"};
    const MpGate gate = {.reason = "suspended", .respond_to = MP_RESPOND_TO_ACCOUNT};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *mail = g_strconcat("From: kate@example.org\nIn-Reply-To: <a@b>\n",
                                            cases[i].field, "\n\nHello.\n", NULL);
        g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
        MpIdentity identity = {0};
        MpGateInput delivery = {.message = message, .config = &config, .identity = &identity};
        MpRespondTo hears = mp_policy_respond_to(&gate, &delivery);

        cr_expect_eq(hears == MP_RESPOND_TO_ACCOUNT, cases[i].is_answered, "%s", cases[i].field);
        identity.unproved = (char *)(gsize) "not signed";
        cr_expect_eq(mp_policy_respond_to(&gate, &delivery), MP_RESPOND_TO_NOBODY);
    }
}

Test(policy, a_null_envelope_sender_is_no_person)
{
    cr_expect(is_automatic("Return-Path: <>\nFrom: kate@example.org"));
    cr_expect(!is_automatic("Return-Path: <kate@example.org>\nFrom: kate@example.org"));
}

Test(policy, a_mail_that_went_in_circles_is_a_loop)
{
    MpConfig config = {.hostname = (char *)(gsize) "git.example.org",
                       .noreply_address = (char *)(gsize) "noreply@git.example.org"};

    for (guint relays = 49; relays <= 52; relays++) {
        g_autoptr(GString) mail = g_string_new("From: kate@example.org\n");
        g_autofree char *why = NULL;

        for (guint i = 0; i < relays; i++)
            g_string_append(mail, "Received: by mx\n");
        g_string_append(mail, "\nHello.\n");
        g_autoptr(MpMessage) message = mp_message_parse(mail->str, mail->len, NULL, NULL);
        MpGateInput delivery = {.message = message, .config = &config};
        cr_expect_eq(mp_policy_is_loop(&delivery, &why), relays > 50, "%u", relays);
    }
}

/* --- The table -----------------------------------------------------------------------------------
 */

/* The order of the manual; rows that it does not name may stand between. */
Test(policy, the_gates_stand_in_their_order)
{
    static const char *const order[] = {
        "too-large",      "malformed", "unparsable",     "no-reply-address", "no-address",
        "bad-address",    "bounce",    "server-refused", "unsubscribed",     "loop",
        "auto-reply",     "duplicate", "closed",         "suspended",        "sender-mismatch",
        "unknown-sender", "no-thread", "locked",         "not-permitted",    "held",
        "rate-limited",   "encrypted", "empty",          "too-long",         "opened",
        "posted",
    };
    gsize n, at = 0;
    const MpGate *gates = mp_policy_gates(&n);

    for (gsize i = 0; i < n && at < G_N_ELEMENTS(order); i++)
        at += strcmp(gates[i].reason, order[at]) == 0;
    cr_expect_eq(at, G_N_ELEMENTS(order), "%s is missing, or out of order",
                 at < G_N_ELEMENTS(order) ? order[at] : "");
    cr_expect_str_eq(gates[n - 1].reason, "posted");
    for (gsize i = 0; i < n; i++)
        cr_expect(!gates[i].needs_reply || i + 1 == n || gates[i + 1].needs_reply,
                  "behind %s a gate needs less", gates[i].reason);
}
