/* What the person wrote is kept, what they did not is elided: promises on whole mails. */
#include "reply/reply.h"

#include <criterion/criterion.h>
#include <string.h>

#define WROTE "On Mon, Nov 17, 2025 at 9:12 AM Ada Example <ada@example.org> wrote:"

typedef struct {
    const char *mail, *reply; /* reply NULL: all of the mail */
} Case;

static void
check(const Case *cases, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_autoptr(MpReply) reply = mp_reply_extract(cases[i].mail, NULL);
        const char *expected = cases[i].reply != NULL ? cases[i].reply : cases[i].mail;

        cr_expect_str_eq(reply->reply, expected, "of \"%s\" was kept \"%s\"", cases[i].mail,
                         reply->reply);
    }
}

#define CHECK(cases) check(cases, G_N_ELEMENTS(cases))

Test(reply, text_without_quotes_is_kept_whole)
{
    static const Case cases[] = {
        {"", NULL},
        {"ok", NULL},
        {"First.\n\nSecond.", NULL},
        {"On Thursday:\n\nwe meet.", NULL},
        {"On the 2024 roadmap there are three items.", NULL},
        {"Someone wrote:\nthat it works.", NULL},
        {"On 3 May 2024 at 10:00 the build broke. Here is what Ada wrote:\n\nit fails", NULL},
        {"2024-01-15 14:30:25\n15.01.2024 14:30\nare times.", NULL},
        {"The log says\n2024-01-15 14:30:25 mail from <a@b.c>:\nrejected", NULL},
        {"To: which server?\nFrom: the tests.\n\nThanks", NULL},
        {"All mail is sent from my iPhone app to users.", NULL},
        {"Look: https://example.org/a--b\n-- first point\n-- second point", NULL},
        {"Name    Date\n------------\nfoo     2024\n\nEnd", NULL},
        {"He > she, and\n\na --> b", NULL},
    };
    CHECK(cases);
}

Test(reply, top_posts_lose_the_quote_below)
{
    static const Case cases[] = {
        {"Yes.\n\n" WROTE "\n\n> Is it?\n> Really?\n", "Yes."},
        {"Yes.\n" WROTE "\n> Is it?", "Yes."},
        {"Yes.\n\n" WROTE "\n\nIs it?\n\nReally?", "Yes."},
        {"Yes.\n\n> Is it?\n", "Yes."},
        {"Yes.\r\n\r\n" WROTE "\r\n\r\n> Is it?\r\n", "Yes."},
        {"Yes.\n\nOn Mon, Nov 17, 2025\nat 9:12 AM\nAda Example <ada@example.org>\nwrote:\n> Is "
         "it?",
         "Yes."},
        {"Yes.\n\nOn Mon, Nov 17, 2025 Ada Example\n\n<\nmailto:ada@example.org\n> wrote:\n\nIs "
         "it?",
         "Yes."},
        {"Yes.\n\nFrom: Ada <ada@example.org>\nSent: Monday\nTo: Bob\nSubject: x\n\nIs it?",
         "Yes."},
        {"Yes.\n________________________________\nFrom: Ada\nSent: Monday\nTo: Bob\nSubject: "
         "x\n\nIs it?",
         "Yes."},
        {"Yes.\n\n*From:* ada@example.org [mailto:\nada@example.org]\n*Sent:* Monday, November 17, "
         "2025\n\nIs it?",
         "Yes."},
        {"Yes.\n\n> Begin forwarded message:\n>\n> From: Ada\n\nBelow.", "Yes.\n\nBelow."},
        {"Yes.\n\n" WROTE "\n\n> a quote that a relay wrapped at the end of its line, which "
         "is\nfar too early\n> for it",
         "Yes."},
    };
    CHECK(cases);
}

/* Be it of another language than the attribution; but what a client ran into it is parted. */
Test(reply, an_answer_that_is_a_day_is_kept_in_one_line)
{
    static const Case cases[] = {
        {"Le ven. 18 déc. 2026\nOn Mon, Nov 23, 2026 at 3:24 PM Ada <ada@example.org> wrote:\n> Is "
         "it?",
         "Le ven. 18 déc. 2026"},
        {"Am Freitag, 18. Dez. 2026\nOn Mon, Nov 23, 2026 at 3:24 PM Ada "
         "Example\n<ada@example.org> wrote:\n> Is it?",
         "Am Freitag, 18. Dez. 2026"},
        {"El vie, 18 dic 2026\nAda Example <ada@example.org> schrieb am Mo., 23. Nov. 2026, "
         "15:24:\n> Is it?",
         "El vie, 18 dic 2026"},
        {"Em sex., 18 de dez. de 2026\npon., 23 lis 2026 o 15:24 Ada Example <ada@example.org> "
         "napisał(a):\n> Is it?",
         "Em sex., 18 de dez. de 2026"},
        {"Yes. On Mon, Nov 23,\n2026 at 3:24 PM Ada Example <ada@example.org> wrote:\n> Is it?",
         "Yes."},
    };
    CHECK(cases);
}

Test(reply, bottom_posts_lose_the_quote_above)
{
    static const Case cases[] = {
        {WROTE "\n\n> Is it?\n\nYes.", "Yes."},
        {WROTE "\n> Is it?\nYes.\n\n-- \nBob", "Yes."},
        {"Hello,\n\n" WROTE "\n> Is it?\n\nRegards, Bob", "Hello,\n\nRegards, Bob"},
        /* a quote that the person brought in is no second question */
        {WROTE "\n\n> Is it?\n\nThe manual says:\n\n> It is.\n\nSo yes.",
         "The manual says:\n\n> It is.\n\nSo yes."},
        {WROTE "\n\n> Is it?\n\nmanual\n> It is.\n\nSo yes.", "manual\n> It is.\n\nSo yes."},
    };
    CHECK(cases);
}

Test(reply, a_long_text_above_hides_no_quote_below)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < 5000; i++)
        g_string_append_printf(text, "line %u of a log\n", i);
    g_string_append(text, "That is all.");
    g_autofree char *expected = g_strdup(text->str);
    g_string_append(text,
                    "\n\nOn Mon, Nov 17, 2025 at 9:12 AM Ada <ada@example.org> wrote:\n\n> Log?\n");

    g_autoptr(MpReply) reply = mp_reply_extract(text->str, NULL);
    cr_assert_str_eq(reply->reply, expected);
}

Test(reply, inline_answers_keep_the_quotes_they_answer)
{
    static const Case cases[] = {
        {WROTE "\n\n> One?\n\nYes.\n\n> Two?\n\nNo.\n\n> Bye", "> One?\n\nYes.\n\n> Two?\n\nNo."},
        {"See below.\n\n" WROTE "\n> One?\n\nYes, that is how it works.",
         "See below.\n\n> One?\n\nYes, that is how it works."},
        {"The manual says:\n\n> Use -x.\n\nSo I did.", NULL},
        {"> Use -x.\n\nSo I did.", NULL},
        {WROTE "\n> One?\nYes.\n> Two?\nNo.", "> One?\nYes.\n> Two?\nNo."},
    };
    CHECK(cases);
}

Test(reply, code_and_lists_are_never_cut)
{
    static const Case cases[] = {
        {"Code:\n\n```\n-- \n> x\n" WROTE "\n--\n```\n\nEnd.", NULL},
        {"Code:\n\n```\nFrom: a@b.c\nSent: Monday\nTo: x\n```", NULL},
        {"- one\n- two\n\n* three\n\n1. four", NULL},
        {"Title\n-----\n\nText\n\n---\n\nA paragraph below a rule, longer than anyone's signature "
         "would ever be.",
         NULL},
        {"a | b\n--- | ---\n1 | 2", NULL},
    };
    CHECK(cases);
}

Test(reply, signatures_go)
{
    static const Case cases[] = {
        {"Yes.\n\n-- \nBob\nCEO", "Yes."},
        {"Yes.\n--\nBob", "Yes."},
        {"Yes.\n\n---\nBob", "Yes."},
        {"Yes.\n\n---\n\nBob", NULL},
        {"Yes.\n\n—\nBob", "Yes."},
        {"Yes.\n\n-- \nBob\n\n" WROTE "\n> Is it?", "Yes."},
        {"Yes.\n\nSent from my iPhone", "Yes."},
        {"Yes.\n\nSent from my iPhone\n\n" WROTE "\n> Is it?", "Yes."},
        {"Sent from my iPhone\n\nYes.", "Yes."},
        {"Yes.\n\nGet Outlook for iOS<https://aka.ms/x>", "Yes."},
        {"Yes.\n\nBob Builder\nTel: +1 555 123 4567\nbob@example.org\n\nThis message is "
         "confidential and intended for the recipient only.",
         "Yes."},
        {"Yes.\n\n_______________________________________________\nkernel-users mailing "
         "list\nkernel-users@example.org",
         "Yes."},
        {"Bob\nTel: +1 555 123 4567\nbob@example.org", NULL},
    };
    CHECK(cases);
}

Test(reply, a_mail_of_nothing_but_quote_and_signature_gives_nothing)
{
    static const char *const mails[] = {
        "> Is it?",
        WROTE "\n\n> Is it?\n",
        "\n\n" WROTE "\n> Is it?\n\n-- \nBob",
        "Sent from my iPhone\n\n" WROTE "\n> Is it?",
        "-- \nBob",
        "--\nBob Sample\nEngineer, Acme Ltd.\n+1 555 123 4567",
        "-- \nBob\n\nThis email and its attachments are confidential and intended for the "
        "addressee.",
        "Sent from my iPhone",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autoptr(MpReply) reply = mp_reply_extract(mails[i], NULL);
        cr_expect_str_empty(reply->reply, "of \"%s\" was kept \"%s\"", mails[i], reply->reply);
    }
}

Test(reply, in_doubt_text_is_kept)
{
    static const Case cases[] = {
        {WROTE "\n\nIs it all I have?", "Is it all I have?"},
        {"From: Ada <ada@example.org>\nSent: Monday\nTo: Bob\nSubject: x\n\nIs it?", "Is it?"},
        {"--\nPlease merge it before Friday: the release depends on it, and nobody else has the "
         "time.",
         NULL},
        {"IMPORTANT: the branch is confidential, and this message went to every recipient.", NULL},
        {"-----Original Message-----\nIs it?", "Is it?"},
    };
    CHECK(cases);
}

Test(reply, what_deceives_the_eye_is_removed_or_shown)
{
    g_autoptr(MpReply) reply = mp_reply_extract(
        "pass\u200bword \u202etxt.exe\u202c\x01\x07 caf\u00e9 \U0001F469\u200D\U0001F4BB", NULL);

    cr_expect_str_eq(reply->reply,
                     "password \\u{202E}txt.exe\\u{202C} caf\u00e9 \U0001F469\u200D\U0001F4BB");
}

Test(reply, bytes_that_are_no_utf8_do_no_harm)
{
    g_autoptr(MpReply) reply = mp_reply_extract("a\xff\xfe"
                                                "b\n> \xc3",
                                                NULL);

    cr_expect(g_utf8_validate(reply->reply, -1, NULL));
    cr_expect_eq(reply->lines->len, 2);
}

Test(reply, every_line_names_its_rule)
{
    g_autoptr(MpReply) reply = mp_reply_extract("Yes.\n\n-- \nBob\n\n" WROTE "\n> Is it?", NULL);
    static const struct {
        const char *text, *rule;
        bool kept;
    } lines[] = {
        {"Yes.", "kept", true},       {"", "kept", true},       {"-- ", "signature", false},
        {"Bob", "signature", false},  {"", "signature", false}, {WROTE, "attribution-en", false},
        {"> Is it?", "quote", false},
    };
    cr_assert_eq(reply->lines->len, G_N_ELEMENTS(lines));
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        const MpReplyLine *line = reply->lines->pdata[i];
        cr_expect_str_eq(line->text, lines[i].text);
        cr_expect_str_eq(line->rule, lines[i].rule, "%s: %s", lines[i].text, line->rule);
        cr_expect_eq(line->kept, lines[i].kept, "%s", lines[i].text);
    }
}

Test(reply, stubs_give_way_to_html)
{
    static const struct {
        const char *plain;
        bool stub;
    } cases[] = {
        {NULL, true},
        {"", true},
        {" \r\n\t\n", true},
        {"This message requires an HTML-capable mail client.", true},
        {"Please view this email in a client that supports HTML.", true},
        {"Your email client does not support HTML messages", true},
        {"Ihr E-Mail-Programm unterstützt kein HTML.", true},
        {"Votre messagerie ne peut pas afficher ce message HTML.", true},
        {"您的邮件客户端不支持 HTML。", true},
        {"ok", false},
        {"The html client is broken.\n\n> q", false},
        {"I wrote the html page for the reader.", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(mp_reply_part_is_stub(cases[i].plain), cases[i].stub, "%s", cases[i].plain);
}

Test(reply, flowed_text_is_joined_again)
{
    static const struct {
        const char *flowed;
        bool delsp;
        const char *text;
    } cases[] = {
        {"one \ntwo\nthree\n", false, "one two\nthree\n"},
        {"one \ntwo\n", true, "onetwo\n"},
        {"> a \n> b\nc", false, "> a b\nc"},
        {"> a \n>> b\n", false, "> a \n>> b\n"},
        {" From here\n  indented\n", false, "From here\n indented\n"},
        {"text \n-- \nBob\n", false, "text \n-- \nBob\n"},
        {"one \r\ntwo\r\n", false, "one two\n"},
        {"", false, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = mp_reply_unflow(cases[i].flowed, cases[i].delsp);
        cr_expect_str_eq(text, cases[i].text, "\"%s\" became \"%s\"", cases[i].flowed, text);
    }
}

/* Of several delimiters each looks down for the end of its signature: sixty lines, and no more,
 * whatever those above and below it found. */
Test(reply, delimiters_find_no_longer_signature_than_one_of_them_alone)
{
    for (guint names = 1; names <= 40; names++) {
        GString *mail = g_string_new("Yes.\n\n-- \nAda\n\n-- \nAda\n\n-- \nAda\n");
        for (guint i = 0; i < names; i++)
            g_string_append(mail, "\nBob\n");
        g_autofree char *text = g_strchomp(g_string_free(mail, FALSE));
        g_autoptr(MpReply) reply = mp_reply_extract(text, NULL);

        cr_expect_str_eq(reply->reply, names < 29 ? "Yes." : text, "%u names", names);
    }
}

Test(reply, a_separator_that_repeats_our_words_is_no_part_of_the_quote_above)
{
    static const char *const sent[] = {
        "Grace Sample <grace@example.org> wrote to Ada Example <ada@example.org>:\n"
        "-----Original Message-----\nIs it open?",
        NULL};
    g_autoptr(MpReply) reply =
        mp_reply_extract("Grace Sample <grace@example.org> wrote to Ada Example "
                         "<ada@example.org>\nThat says enough.\n> Older.\n"
                         "-----Original Message-----\nwhatever it is\nand more of it",
                         sent);

    cr_expect_null(strstr(reply->reply, "Original Message"), "%s", reply->reply);
}
