/* Mails as people, programs and broken programs write them; what is read of each. */
#include "message/message.h"

#include "base/error.h"

#include <criterion/criterion.h>
#include <string.h>

#define FIXTURES "tests/fixtures/mails/"

static GBytes *
frame_of(const MpMessage *message)
{
    GByteArray *frame = g_byte_array_new();

    mp_message_to_frame(message, frame);
    return g_byte_array_free_to_bytes(frame);
}

static MpMessage *
parse(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpMessage) message = mp_message_parse(text, length, NULL, &error);

    cr_assert_not_null(message, "%s\n%s", text, error == NULL ? "" : error->message);

    /* every mail goes through what a worker's answer goes through */
    g_autoptr(GBytes) frame = frame_of(message);
    MpMessage *back = mp_message_from_frame(frame, &error);
    cr_assert_not_null(back, "%s\n%s", text, error == NULL ? "" : error->message);
    return back;
}

static MpMessage *
parse_file(const char *name)
{
    g_autofree char *path = g_strconcat(FIXTURES, name, NULL), *text = NULL;
    gsize length;

    cr_assert(g_file_get_contents(path, &text, &length, NULL), "run from the top of the source: %s",
              path);
    return parse(text, length);
}

static char *
joined(const GPtrArray *strings)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < strings->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "|" : "",
                               (char *)g_ptr_array_index(strings, i));
    return g_strdup(text->str);
}

#define assert_same(value, expected, what)                                                         \
    cr_assert(g_strcmp0(value, expected) == 0, "%s: [%s], expected [%s]", what, value, expected)

/* ---- parts ---- */

#define PLAIN "Content-Type: text/plain; charset=utf-8\n\n"
#define HTML  "Content-Type: text/html; charset=utf-8\n\n"

static const struct {
    const char *name, *mail, *plain, *html, *attachments; /* name:type, joined by | */
} parts[] = {
    {"no MIME at all", "Subject: x\n\nHello\n", "Hello\n", NULL, ""},
    {"an empty body", "Subject: x\n\n", "", NULL, ""},
    {"HTML only", "A: b\n" HTML "<p>Hi</p>\n", NULL, "<p>Hi</p>\n", ""},
    {"alternative",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\n" PLAIN "text\n--b\n" HTML
     "<p>html\n--b--\n",
     "text", "<p>html", ""},
    {"alternative, HTML first",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\n" HTML "<p>html\n--b\n" PLAIN
     "text\n--b--\n",
     "text", "<p>html", ""},
    {"alternative, the first text empty",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\n" PLAIN " \n--b\n" PLAIN
     "text\n--b--\n",
     "text", NULL, ""},
    {"mixed, texts are joined",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n" PLAIN "one\n--b\n" PLAIN "two\n--b--\n",
     "one\ntwo", NULL, ""},
    {"mixed, HTML and a plain footer: nothing of the HTML is lost",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n" HTML "<p>said</p>\n--b\n" PLAIN
     "a < b\n--b--\n",
     NULL, "<p>said</p>\n<pre class=\"text-plain\">a &lt; b</pre>\n", ""},
    {"mixed, the HTML says the same and quotes: once is enough",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n" PLAIN "Squashed, look.\n--b\n" HTML
     "<p>Squashed, look.</p><blockquote>Can you?</blockquote>\n--b--\n",
     "Squashed, look.", "<p>Squashed, look.</p><blockquote>Can you?</blockquote>", ""},
    {"mixed, a text file is a file",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n" PLAIN
     "one\n--b\nContent-Type: text/plain\n"
     "Content-Disposition: inline; filename=notes.txt\n\ntwo\n--b--\n",
     "one", NULL, "notes.txt:text/plain"},
    {"related, the picture hangs on it",
     "Content-Type: multipart/related; boundary=b\n\n--b\n" HTML
     "<img>x\n--b\nContent-Type: image/gif\nContent-ID: <1@x>\n\nGIF\n--b--\n",
     NULL, "<img>x", "(null):image/gif"},
    {"related, the root is named",
     "Content-Type: multipart/related; boundary=b; start=\"<2@x>\"\n\n--b\nContent-Type: "
     "image/gif\n\nGIF\n--b\n"
     "Content-ID: <2@x>\n" HTML "root\n--b--\n",
     NULL, "root", "(null):image/gif"},
    {"a forwarded message is no reply",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n" PLAIN
     "see\n--b\nContent-Type: message/rfc822\n\n"
     "Subject: Old/news\n\nold text\n--b--\n",
     "see", NULL, "Old_news.eml:message/rfc822"},
    {"only a forwarded message", "Content-Type: message/rfc822\n\nSubject: Old\n\nold text\n", NULL,
     NULL, "Old.eml:message/rfc822"},
    {"a digest",
     "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: One\n\n1\n--b\n\nSubject: "
     "Two\n\n2\n--b--\n",
     NULL, NULL, "One.eml:message/rfc822|Two.eml:message/rfc822"},
    {"a calendar",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\n" PLAIN "come\n--b\n"
     "Content-Type: text/calendar; name=i.ics\n\nBEGIN\n--b--\n",
     "come", NULL, "i.ics:text/calendar"},
    {"a name with directories", "Content-Type: image/png; name=\"../../etc/x.png\"\n\nPNG\n", NULL,
     NULL, "x.png:image/png"},
    {"a name in RFC 2231", "Content-Type: image/png; name*=utf-8''gr%C3%BC%C3%9F%0A.png\n\nPNG\n",
     NULL, NULL, "grüß_.png:image/png"},
    {"enriched text",
     "Content-Type: text/enriched\n\n<color><param>red</param>Yes</color>, <bold>1 << 2</bold>\n"
     "is 4.\n\n\nNow.\n<nofill>a\nb\n</nofill><excerpt>old\n</excerpt>",
     "Yes, 1 < 2 is 4.\n\nNow. a\nb\n> old ", NULL, ""},
    {"enriched text, cut short", "Content-Type: text/enriched\n\nA<b", "A", NULL, ""},
    {"enriched text besides plain text",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\n" PLAIN
     "text\n--b\nContent-Type: text/enriched\n\n<bold>text</bold>\n--b--\n",
     "text", NULL, ""},
    {"nonsense type", "Content-Type: text\n\nstill read\n", "still read\n", NULL, ""},
    {"no boundary", "Content-Type: multipart/mixed\n\nstill read\n", "still read\n", NULL, ""},
    {"boundary never seen", "Content-Type: multipart/mixed; boundary=b\n\nstill read\n",
     "still read\n", NULL, ""},
    {"never closed", "Content-Type: multipart/mixed; boundary=b\n\n--b\n" PLAIN "still read\n",
     "still read\n", NULL, ""},
    {"unknown multipart",
     "Content-Type: multipart/x-odd; boundary=b\n\n--b\n" PLAIN "read\n--b--\n", "read", NULL, ""},
    {"base64 of nothing", "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n====\n",
     "", NULL, ""},
    {"base64", "Content-Type: text/plain\nContent-Transfer-Encoding: BASE64\n\nSGVsbG8N\nCg==\n",
     "Hello\n", NULL, ""},
    {"quoted-printable",
     "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nso=\nft =C3=BC "
     "=ZZ\n",
     "soft ü =ZZ\n", NULL, ""},
};

Test(message_parse, the_part_a_person_wrote_is_found)
{
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(MpMessage) message = parse(parts[i].mail, strlen(parts[i].mail));
        g_autoptr(GString) names = g_string_new(NULL);

        for (guint k = 0; k < message->attachments->len; k++) {
            const MpAttachment *a = g_ptr_array_index(message->attachments, k);
            g_string_append_printf(names, "%s%s:%s", k > 0 ? "|" : "",
                                   a->name == NULL ? "(null)" : a->name, a->type);
        }
        assert_same(message->plain, parts[i].plain, parts[i].name);
        assert_same(message->html, parts[i].html, parts[i].name);
        assert_same(names->str, parts[i].attachments, parts[i].name);
    }
}

Test(message_parse, mails_of_well_known_programs)
{
    g_autoptr(MpMessage) apple = parse_file("apple-mixed.eml");
    assert_same(apple->plain, "Before the picture …\n\nafter it.\n", "apple");
    cr_assert_not_null(strstr(apple->html, "after it."));
    cr_assert_eq(apple->attachments->len, 1);
    const MpAttachment *picture = g_ptr_array_index(apple->attachments, 0);
    assert_same(picture->name, "pic one.png", "apple");
    cr_assert_eq(g_bytes_get_size(picture->data), 8);
    cr_assert_eq(apple->date, 1393923600);

    g_autoptr(MpMessage) outlook = parse_file("outlook-tnef.eml");
    assert_same(outlook->subject, "RE: [acme/rocket] Grüße – Fuel", "outlook");
    assert_same(outlook->plain, "Grüße – it’s fine.", "outlook");
    assert_same(outlook->from_name, "Tim, of Example", "outlook");
    const MpAttachment *tnef = g_ptr_array_index(outlook->attachments, 0);
    cr_assert(tnef->data == NULL && strstr(tnef->refused, "TNEF") != NULL && tnef->size == 6);

    g_autoptr(MpMessage) list = parse_file("signed-list.eml");
    assert_same(list->plain, "Signed words.\n____\nlist@example.org\n", "list");
    cr_assert(list->flowed && list->delsp && !list->encrypted && list->attachments->len == 0);

    g_autoptr(MpMessage) bounce = parse_file("bounce.eml");
    cr_assert(bounce->report && bounce->attachments->len == 2);
    cr_assert_eq(bounce->deliveries->len, 1);
    const MpDeliveryStatus *failure = g_ptr_array_index(bounce->deliveries, 0);
    assert_same(failure->action, "failed", "bounce");
    assert_same(failure->status, "5.1.1", "bounce");
    assert_same(failure->recipient, "gone@example.net", "bounce");
    assert_same(failure->original, "", "bounce");
    assert_same(bounce->return_path, "", "bounce");
    cr_assert_null(strstr(bounce->plain, "nobody wrote"));
}

Test(message_parse, semicolons_part_addresses_but_end_groups)
{
    static const struct {
        const char *to, *last;
        guint n;
    } cases[] = {
        {"a@b.org; c@d.org", "c@d.org", 2},
        {"\"x; y\" <a@b.org>; (z; z) c@d.org;", "c@d.org", 2},
        {"Group: a@b.org, e@f.org;, c@d.org; g@h.org", "g@h.org", 4},
        {"a@b.org, c@d.org", "c@d.org", 2},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *mail = g_strdup_printf("To: %s\n\n", cases[i].to);
        g_autoptr(MpMessage) message = parse(mail, strlen(mail));

        cr_assert_eq(message->recipients->len, cases[i].n, "%s: %u", cases[i].to,
                     message->recipients->len);
        const MpAddressee *last = g_ptr_array_index(message->recipients, cases[i].n - 1);
        cr_expect_str_eq(last->address, cases[i].last);
    }
}

Test(message_parse, form_feeds_and_vertical_tabs_end_lines)
{
    static const char mail[] = PLAIN "one\ftwo\vthree\n";
    g_autoptr(MpMessage) message = parse(mail, sizeof mail - 1);

    cr_expect_str_eq(message->plain, "one\ntwo\nthree\n");
}

/* What a part is comes before how it is disposed. */
Test(message_parse, the_kind_of_a_part_counts_whatever_its_disposition)
{
    static const struct {
        const char *part;
        bool is_encrypted, is_report;
        guint n_deliveries, n_attachments;
    } cases[] = {
#define FILE_NAMED(name) "\nContent-Disposition: attachment; filename=\"" name "\"\n\n"
        {"application/pkcs7-mime; smime-type=enveloped-data" FILE_NAMED("smime.p7m") "MIAG\n", true,
         false, 0, 1},
        {"application/octet-stream" FILE_NAMED("smime.p7m") "MIAG\n", true, false, 0, 1},
        {"application/x-pkcs7-mime; smime-type=certs-only" FILE_NAMED("smime.p7c") "MIAG\n", false,
         false, 0, 0},
        {"application/pgp-encrypted" FILE_NAMED("version.asc") "Version: 1\n", true, false, 0, 0},
        {"application/octet-stream" FILE_NAMED("encrypted.asc") "-----BEGIN\n", true, false, 0, 0},
        {"application/pgp-keys" FILE_NAMED("key.asc") "-----BEGIN\n", false, false, 0, 0},
        {"application/pgp-signature" FILE_NAMED("signature.asc") "-----BEGIN\n", false, false, 0,
         0},
        {"application/pkcs7-signature" FILE_NAMED("smime.p7s") "MIAG\n", false, false, 0, 0},
        {"application/octet-stream" FILE_NAMED("signature.asc") "-----BEGIN\n", false, false, 0, 0},
        {"message/delivery-status" FILE_NAMED(
             "status.txt") "Reporting-MTA: dns; x\n\n"
                           "Final-Recipient: rfc822; a@b.org\nAction: failed\nStatus: 5.1.1\n",
         false, true, 1, 1},
        {"message/disposition-notification" FILE_NAMED("mdn.txt") "Disposition: x\n", false, true,
         0, 1},
        {"text/plain" FILE_NAMED("a.txt") "x\n", false, false, 0, 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *mail = g_strdup_printf(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\n--b\nContent-Type: %s--b--\n",
            cases[i].part);
        g_autoptr(MpMessage) message = parse(mail, strlen(mail));

        cr_expect_eq(message->encrypted, cases[i].is_encrypted, "%s", cases[i].part);
        cr_expect_eq(message->report, cases[i].is_report, "%s", cases[i].part);
        cr_expect_eq(message->deliveries->len, cases[i].n_deliveries, "%s", cases[i].part);
        cr_expect_eq(message->attachments->len, cases[i].n_attachments, "%s", cases[i].part);
    }
}

Test(message_parse, what_cannot_be_read_is_called_encrypted)
{
    static const struct {
        const char *mail;
        bool encrypted;
    } cases[] = {
        {"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; "
         "boundary=b\n\n--b\n"
         "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: "
         "application/octet-stream\n\nxx\n--b--\n",
         true},
        {"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; "
         "name=smime.p7m\n\nMIAG\n",
         true},
        {"A: b\n\n\n-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----\n", true},
        {"A: b\n\nI saw -----BEGIN PGP MESSAGE-----\n", false},
        {"Content-Type: multipart/mixed; boundary=a\n\n--a\n" PLAIN
         "readable\n--a\nContent-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n--a--\n",
         false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpMessage) message = parse(cases[i].mail, strlen(cases[i].mail));
        cr_assert_eq(message->encrypted, cases[i].encrypted, "%s", cases[i].mail);
    }
}

Test(message_parse, attachments_beyond_the_limits_are_named_with_size_and_reason)
{
    g_autoptr(GString) mail = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
    MpLimits limits = mp_limits_default;

    limits.attachment_bytes = 10;
    limits.attachments = 2;
    for (guint i = 0; i < 4; i++)
        g_string_append_printf(mail, "--b\nContent-Type: image/png; name=%u.png\n\n%s\n", i,
                               i == 0 ? "eleven byte" : "ten bytes!");
    g_autoptr(MpMessage) message = mp_message_parse(mail->str, mail->len, &limits, NULL);
    static const struct {
        gsize size;
        const char *refused;
    } expected[] = {
        {11, "larger than 10 bytes"}, {10, NULL}, {10, NULL}, {11, "more than 2 attachments"}};

    cr_assert_eq(message->attachments->len, 4);
    for (guint i = 0; i < 4; i++) {
        const MpAttachment *a = g_ptr_array_index(message->attachments, i);
        cr_assert_eq(a->size, expected[i].size, "%u: %zu", i, a->size);
        assert_same(a->refused, expected[i].refused, "refused");
        cr_assert_eq(a->data == NULL, expected[i].refused != NULL);
    }
}

/* ---- charsets ---- */

static const struct {
    const char *charset, *bytes, *text, *repair;
} charsets[] = {
    {"utf-8", "gr\xC3\xBC\xC3\x9F", "grüß", ""},
    {"utf-8", "\xEF\xBB\xBFmark", "mark", ""},
    {"UTF8", "\xC3\xBC", "ü", ""},
    {"us-ascii", "plain", "plain", ""},
    {"us-ascii", "\xC3\xBC", "ü", "charset us-ascii read as utf-8"},
    {"us-ascii", "gr\xFC\xDF \x80", "grüß €", "charset us-ascii read as windows-1252"},
    {"iso-8859-1", "\x93x\x94", "“x”", ""},
    {"iso-8859-1", "\x81", "\xEF\xBF\xBD", ""},
    {"x-nonsense", "\xC3\xBC", "ü", "charset x-nonsense read as utf-8"},
    {"x-nonsense", "\xFC", "ü", "charset x-nonsense read as windows-1252"},
    {"utf-8", "gr\xFC\xDF", "grüß", "charset utf-8 read as windows-1252"},
    {"utf-8", "ääääääääää\xE4", "ääääääääää\xEF\xBF\xBD", "1 byte that is not utf-8"},
    {"euc-jp", "\xA4\xB3\xA4\xF3\xA4\xB3\xA4\xF3\xA4\xB3\xFF", "こんこんこ\xEF\xBF\xBD",
     "1 byte that is not euc-jp"},
    {"gb2312", "\xC3\xBC \xFF \xC3\xBC", "眉 \xEF\xBF\xBD 眉", "1 byte that is not gb2312"},
    {"koi8-r", "\xC3\xBC", "ц╪", ""},
    {"us-\001ascii", "\xC3\xBC", "ü", "charset us- ascii read as utf-8"},
};

Test(message_parse, text_of_any_charset_becomes_utf8)
{
    for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++) {
        g_autofree char *mail = g_strdup_printf("Content-Type: text/plain; charset=\"%s\"\n\n%s",
                                                charsets[i].charset, charsets[i].bytes);
        g_autoptr(MpMessage) message = parse(mail, strlen(mail));
        g_autofree char *repairs = joined(message->repairs);

        assert_same(repairs, charsets[i].repair, charsets[i].charset);
        assert_same(message->plain, charsets[i].text, charsets[i].charset);
        cr_assert(g_utf8_validate(message->plain, -1, NULL));
    }
}

Test(message_parse, html_may_declare_its_charset_itself)
{
    static const char mail[] = "Content-Type: text/html\n\n<meta charset=\"koi8-r\"><p>\xF0\xD2\n";
    g_autoptr(MpMessage) message = parse(mail, sizeof mail - 1);

    cr_assert_not_null(strstr(message->html, "Пр"));
}

Test(message_parse, nul_and_utf16_are_borne)
{
    static const char nul[] = "Sub\0ject: x\n\na\0b\n";
    static const char wide[] =
        "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: "
        "base64\n\nSABpAA0ACgA=\n";
    static const char high[] = "Subject: x\n\na\0b\xE9\n";
    g_autoptr(MpMessage) a = parse(nul, sizeof nul - 1), b = parse(wide, sizeof wide - 1);
    g_autoptr(MpMessage) c = parse(high, sizeof high - 1);

    assert_same(a->subject, "x", "NUL in the header");
    assert_same(a->plain, "ab\n", "NUL in the text");
    assert_same(b->plain, "Hi\n", "UTF-16");
    assert_same(c->plain, "ab\xC3\xA9\n", "NUL before a high octet");
}

/* ---- headers ---- */

static const struct {
    const char *name, *mail, *subject, *from, *plain;
} broken[] = {
    {"LF", "Subject: x\nFrom: a@b\n\none\ntwo\n", "x", "a@b", "one\ntwo\n"},
    {"CRLF", "Subject: x\r\nFrom: a@b\r\n\r\none\r\ntwo\r\n", "x", "a@b", "one\ntwo\n"},
    {"bare CR", "Subject: x\rFrom: a@b\r\rone\rtwo\r", "x", "a@b", "one\ntwo\n"},
    {"an mbox line", "From a@b Sat Jan  1 00:00:00 2000\nSubject: x\n\none\n", "x", "", "one\n"},
    {"a quoted mbox line", ">From a@b Sat Jan  1 00:00:00 2000\nSubject: x\n\none\n", "x", "",
     "one\n"},
    {"blank lines first", "\r\n\nSubject: x\n\none\n", "x", "", "one\n"},
    {"a byte order mark first", "\xEF\xBB\xBFSubject: x\n\none\n", "x", "", "one\n"},
    {"no blank line", "Subject: x\nand then the text\nFrom: a@b\n", "x", "",
     "and then the text\nFrom: a@b\n"},
    {"no body", "Subject: x", "x", "", ""},
    {"no From", "Subject: x\n\n", "x", "", ""},
    {"8-bit, UTF-8", "Subject: gr\xC3\xBC\xC3\x9F\n\n", "grüß", "", ""},
    {"8-bit, windows-1252", "Subject: gr\xFC\xDF \x80\n\n", "grüß €", "", ""},
    {"encoded words, folded", "Subject: =?utf-8?q?gr=C3=BC?=\n =?iso-8859-1?q?=DF_e?= z\n\n",
     "grüß e z", "", ""},
    {"a cut encoded word", "Subject: =?utf-8?b?R3LDvM?=\n\n", "GrÃ", "", ""},
    {"an encoded line break", "Subject: a=?utf-8?q?=0AFrom:_b@c?= x\n\n", "a From: b@c x", "", ""},
    {"white space before the colon", "Subject : x\nFrom\t: a@b\n\n", "x", "a@b", ""},
    {"two From fields", "From: a@b\nfrom: c@d\n\n", NULL, "a@b|c@d", ""},
    {"two in one From", "From: a@b, C <c@d>\n\n", NULL, "a@b|c@d", ""},
    {"a group", "From: Us: a@b, c@d;\n\n", NULL, "Us:;|a@b|c@d", ""},
    {"comments", "From: (x) tim (a@b) @ (y) example.org (z)\n\n", NULL, "tim@example.org", ""},
    {"needless quotes", "From: \"tim\"@example.org\n\n", NULL, "tim@example.org", ""},
    {"needed quotes", "From: \"a@b\"@example.org\n\n", NULL, "\"a@b\"@example.org", ""},
    {"an address as name", "From: tim@example.org <TIM@example.org>\n\n", NULL, "TIM@example.org",
     ""},
    {"another address as name", "From: boss@example.org <tim@example.org>\n\n", NULL,
     "tim@example.org|boss@example.org", ""},
    {"another address as quoted name", "From: \"boss@example.org\" <tim@example.org>\n\n", NULL,
     "tim@example.org", ""},
    {"two at signs", "From: boss@example.org@evil.example\n\n", NULL,
     "boss@example.org|boss@example.org@evil.example", ""},
    {"an encoded name that looks like an address",
     "From: =?utf-8?q?boss=40example.org?= <tim@example.org>\n\n", NULL, "tim@example.org", ""},
};

Test(message_parse, broken_mails_are_read_as_far_as_they_go)
{
    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(MpMessage) message = parse(broken[i].mail, strlen(broken[i].mail));
        g_autofree char *from = joined(message->from);

        assert_same(message->subject, broken[i].subject, broken[i].name);
        assert_same(from, broken[i].from, broken[i].name);
        assert_same(message->plain, broken[i].plain, broken[i].name);
    }
}

Test(message_parse, what_is_no_mail_is_malformed)
{
    static const char *const cases[] = {"",
                                        "\n",
                                        "\r\n\r\n",
                                        "hello\n",
                                        " leading: space\n",
                                        ": no name\n",
                                        "From a@b Sat Jan 1\n",
                                        "\x7F"
                                        "ELF\x02: x",
                                        "[1, 2]\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        cr_assert_null(mp_message_parse(cases[i], strlen(cases[i]), NULL, &error), "%s", cases[i]);
        cr_assert_eq(mp_message_fault(error), MP_FAULT_MALFORMED, "%s", error->message);
        cr_assert(g_str_has_prefix(error->message, "malformed: "));
    }
}

Test(message_parse, recipients_are_in_the_order_in_which_tokens_are_looked_for)
{
    static const char mail[] = "Cc: cc@x\nTo: \"A, B\" <to1@x>, G: to2@x;\nTo: "
                               "to3@x\nDelivered-To: top@x\nReceived: by y\nDelivered-To: below@x\n"
                               "X-Original-To: orig@x\nResent-Cc: rcc@x\nResent-To: "
                               "rto@x\nX-Envelope-To: <xe@x>\nEnvelope-to: e@x\n\n";
    g_autoptr(MpMessage) message = parse(mail, sizeof mail - 1);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < message->recipients->len; i++) {
        const MpAddressee *r = g_ptr_array_index(message->recipients, i);
        g_string_append_printf(text, "%s=%s ", r->field, r->address);
    }
    assert_same(text->str,
                "X-Original-To=orig@x Delivered-To=top@x Envelope-To=e@x X-Envelope-To=xe@x "
                "Resent-To=rto@x "
                "Resent-Cc=rcc@x To=to1@x To=to2@x To=to3@x Cc=cc@x ",
                "recipients");
    assert_same(mp_message_header(message, "delivered-to"), "top@x", "the topmost");
    cr_assert_eq(message->headers->len, 11);
    cr_assert_null(mp_message_header(message, "Bcc"));
}

Test(message_parse, ids_and_dates)
{
    static const struct {
        const char *mail, *id, *replied;
        gint64 date;
    } cases[] = {
        {"Message-ID: <a@b>\nReferences: <1@x>\n <2@x>\nIn-Reply-To: Your mail <3@x>\nDate: Thu, 1 "
         "Jan 1970 00:00:10 +0000\n\n",
         "<a@b>", "<3@x>|<1@x>|<2@x>", 10},
        {"Message-Id:\n <a/b/c@d>\nDate: Sat, 01 Mar 2014 10:00:00 +0100 (CET)\n\n", "<a/b/c@d>",
         "", 1393664400},
        {"Message-ID: bare@id\nDate: yesterday\n\n", "<bare@id>", "", G_MININT64},
        {"Message-ID: \nDate: \n\n", NULL, "", G_MININT64},
        {"Message-ID: <>\nDate: Fri, 99 Foo 99999 99:99:99 +9999\n\n", NULL, "", G_MININT64},
        {"Message-ID: <a b>\n\n", "<a b>", "", G_MININT64},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpMessage) message = parse(cases[i].mail, strlen(cases[i].mail));
        g_autofree char *replied = joined(message->in_reply_to);
        assert_same(message->message_id, cases[i].id, cases[i].mail);
        assert_same(replied, cases[i].replied, cases[i].mail);
        cr_assert_eq(message->date, cases[i].date, "%s: %" G_GINT64_FORMAT, cases[i].mail,
                     message->date);
    }
}

/* ---- words ---- */

Test(message_parse, a_mail_has_the_same_words_on_every_way)
{
    static const char *const same[] = {
        "A: b\nContent-Type: text/plain; charset=utf-8\n\nGrüße und mehr\nText\n",
        "A: b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße und\r\nmehr Text  \r\n\r\n",
        "A: b\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xFC\xDF"
        "e\tund mehr\xA0Text",
        "A: b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
        "quoted-printable\n\nGr=C3=BC=C3=9Fe un=\nd mehr=20\nText\n",
        "A: b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
        "base64\n\nR3LDvMOfZSB1bmQgbWVociBUZXh0\n",
        "A: b\nContent-Type: text/html; "
        "charset=utf-8\n\n<head><title>no</title></head><style>p{}</style><p>Grüße "
        "<b>und</b>\n<!-- no > -->mehr<br>Text",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(MpMessage) message = parse(same[i], strlen(same[i]));
        g_autofree char *words = mp_message_words(message);
        assert_same(words, "Grüße und mehr Text", same[i]);
        g_autofree char *hash = mp_message_word_hash(message);
        assert_same(hash, "e2b080ad1ba9c0334cc7e949a2a4f763a333d0334368160056941b139d832979",
                    same[i]);
    }
}

/* ---- what comes back from a worker ---- */

#define WITH_ALL                                                                                   \
    "From: a@b\nTo: c@d\nMessage-ID: <1@b>\nContent-Type: multipart/report; boundary=x\n\n"        \
    "--x\n\nHello\n"                                                                               \
    "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; b\n\n"                      \
    "Final-Recipient: rfc822; c@d\nAction: failed\nStatus: 5.1.1\n\n"                              \
    "--x\nContent-Type: image/png; name=a.png\n\npng\n--x--\n"

static char two_lines[] = "a\nb", latin_1[] = "Gr\xFC\xDF", path[] = "a/b", parent[] = "..";

static void
break_message_id(MpMessage *message)
{
    message->message_id = two_lines;
}

static void
break_subject(MpMessage *message)
{
    message->subject = latin_1;
}

static void
break_plain(MpMessage *message)
{
    message->plain = latin_1;
}

static void
break_word_hash(MpMessage *message)
{
    message->word_hash = path;
}

static void
break_from(MpMessage *message)
{
    message->from->pdata[0] = two_lines;
}

static void
miss_from(MpMessage *message)
{
    message->from->pdata[0] = NULL;
}

static void
break_header(MpMessage *message)
{
    ((MpHeader *)message->headers->pdata[1])->value = two_lines;
}

static void
miss_header_name(MpMessage *message)
{
    ((MpHeader *)message->headers->pdata[1])->name = NULL;
}

static void
break_recipient(MpMessage *message)
{
    ((MpAddressee *)message->recipients->pdata[0])->address = two_lines;
}

static void
break_delivery(MpMessage *message)
{
    ((MpDeliveryStatus *)message->deliveries->pdata[0])->recipient = two_lines;
}

static void
report_too_much(MpMessage *message)
{
    gpointer one = message->deliveries->pdata[0];

    g_ptr_array_set_free_func(message->deliveries, NULL);
    g_ptr_array_set_size(message->deliveries, 0);
    for (guint i = 0; i <= MP_DELIVERIES_MAX; i++)
        g_ptr_array_add(message->deliveries, one);
}

static MpAttachment *
attachment_of(MpMessage *message)
{
    return g_ptr_array_index(message->attachments, message->attachments->len - 1);
}

static void
name_a_path(MpMessage *message)
{
    attachment_of(message)->name = path;
}

static void
name_the_parent(MpMessage *message)
{
    attachment_of(message)->name = parent;
}

static void
miss_type(MpMessage *message)
{
    attachment_of(message)->type = NULL;
}

static void
grow(MpMessage *message)
{
    attachment_of(message)->size++;
}

static void
refuse_and_keep(MpMessage *message)
{
    attachment_of(message)->refused = path;
}

static void
lose_data(MpMessage *message)
{
    g_clear_pointer(&attachment_of(message)->data, g_bytes_unref);
}

static const struct {
    const char *name;
    void (*spoil)(MpMessage *message);
} untruths[] = {
    {"a line break in a Message-ID", break_message_id},
    {"a subject that is not UTF-8", break_subject},
    {"a text that is not UTF-8", break_plain},
    {"a hash of words that is none", break_word_hash},
    {"a line break in a list", break_from},
    {"a list without an entry's text", miss_from},
    {"a line break in a header field", break_header},
    {"a header field without a name", miss_header_name},
    {"a line break in an address", break_recipient},
    {"a line break in a report", break_delivery},
    {"a report of more than is read", report_too_much},
    {"an attachment's name with a directory", name_a_path},
    {"an attachment that is a directory", name_the_parent},
    {"an attachment without a type", miss_type},
    {"an attachment of another size", grow},
    {"an attachment kept and refused", refuse_and_keep},
    {"an attachment neither kept nor refused", lose_data},
};

Test(message_parse, an_untrue_answer_is_refused)
{
    for (gsize i = 0; i < G_N_ELEMENTS(untruths); i++) {
        g_autoptr(MpMessage) message = parse(WITH_ALL, strlen(WITH_ALL));
        g_autoptr(GError) error = NULL;

        cr_assert_eq(message->deliveries->len, 1);
        cr_assert_not_null(attachment_of(message)->data);
        untruths[i].spoil(message);
        g_autoptr(GBytes) frame = frame_of(message);
        g_autoptr(MpMessage) back = mp_message_from_frame(frame, &error);
        cr_assert_null(back, "%s", untruths[i].name);
        cr_assert(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT), "%s", untruths[i].name);
    }
}

Test(message_parse, an_answer_is_whole_or_none)
{
    g_autoptr(MpMessage) message = parse(WITH_ALL, strlen(WITH_ALL));
    g_autoptr(GBytes) frame = frame_of(message);
    gsize length = g_bytes_get_size(frame);

    for (gsize i = 0; i < length; i++) {
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(frame, 0, i);
        cr_assert_null(mp_message_from_frame(part, NULL), "%zu of %zu octets", i, length);
    }
    g_autofree char *more = g_malloc0(length + 1);
    memcpy(more, g_bytes_get_data(frame, NULL), length);
    g_autoptr(GBytes) longer = g_bytes_new(more, length + 1);
    cr_assert_null(mp_message_from_frame(longer, NULL));
}

/* Every other octet than was written is a letter that changed, or is refused; never a crash. */
Test(message_parse, bytes_that_are_no_answer_never_become_a_message)
{
    g_autoptr(MpMessage) message = parse(WITH_ALL, strlen(WITH_ALL));
    g_autoptr(GBytes) frame = frame_of(message);
    gsize length = g_bytes_get_size(frame);
    guint refused = 0;

    for (gsize i = 0; i < 4 * length; i++) {
        guint8 *bytes = g_memdup2(g_bytes_get_data(frame, NULL), length);
        bytes[i % length] ^= (guint8)(1U << (i * 7 % 8));
        g_autoptr(GBytes) spoilt = g_bytes_new_take(bytes, length);
        g_autoptr(MpMessage) back = mp_message_from_frame(spoilt, NULL);
        if (back == NULL) {
            refused++;
            continue;
        }
        g_autoptr(GBytes) again = frame_of(back);
        cr_assert(g_bytes_equal(spoilt, again), "octet %zu", i % length);
    }
    cr_assert_gt(refused, length);
}
