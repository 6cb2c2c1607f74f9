/* Octets and the text that they are: tests/fixtures/charsets. */
#include "message/charset.h"
#include "message/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "corpus.h"

static GString *
octets_of(const char *hex)
{
    GString *octets = g_string_new(NULL);

    for (; *hex != '\0'; hex += 2)
        g_string_append_c(octets,
                          (char)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1])));
    return octets;
}

static MpMessage *
parse(const char *label, const GString *octets)
{
    g_autoptr(GString) mail = g_string_new(NULL);

    if (strcmp(label, "header") == 0)
        g_string_append(mail, "Subject: ");
    else if (strcmp(label, "-") == 0)
        g_string_append(mail, "Content-Type: text/plain\n\n");
    else if (strpbrk(label, "\"' ") != NULL)
        g_string_append_printf(mail, "Content-Type: text/plain; charset=%s\n\n", label);
    else
        g_string_append_printf(mail, "Content-Type: text/plain; charset=\"%s\"\n\n", label);
    g_string_append_len(mail, octets->str, (gssize)octets->len);
    g_string_append(mail, strcmp(label, "header") == 0 ? "\n\n" : "");
    return mp_message_parse(mail->str, mail->len, NULL, NULL);
}

static void
check_line(char **fields, gpointer data)
{
    guint *n_right = data;
    g_autoptr(GString) octets = octets_of(fields[1]);
    g_autoptr(MpMessage) message = parse(fields[0], octets);
    const char *text = strcmp(fields[0], "header") == 0 ? message->subject : message->plain;
    g_autofree char *found = g_utf8_normalize(text != NULL ? text : "", -1, G_NORMALIZE_NFC);
    g_autofree char *expected = g_utf8_normalize(fields[2], -1, G_NORMALIZE_NFC);

    *n_right += strcmp(found, expected) == 0;
    if (strcmp(found, expected) != 0)
        cr_expect_fail("%s: %s should be %s", fields[0], found, expected);
}

static void
check_half(const char *path)
{
    guint n_right = 0, n = corpus_each(path, 3, check_line, &n_right);

    fprintf(stderr, "%s: %u of %u right\n", path, n_right, n);
    cr_expect_geq(n, 100);
}

Test(message_charsets, text_is_read_whatever_its_label_and_its_damage)
{
    check_half("tests/fixtures/charsets/seen.txt");
    check_half("tests/fixtures/charsets/unseen.txt");
}

/* Each row of the Encoding Standard's table of labels, in its words. */
static const char *const standard[] = {
    "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "866 cp866 csibm866 ibm866",
    "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 "
    "iso_8859-5:1988",
    "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
    "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 "
    "iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 "
    "iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical",
    "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso-8859-13 iso8859-13 iso885913",
    "iso-8859-14 iso8859-14 iso885914",
    "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso-8859-16",
    "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-ru koi8-u",
    "csmacintosh mac macintosh x-mac-roman",
    "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250 windows-1250 x-cp1250",
    "cp1251 windows-1251 x-cp1251",
    "cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
    "iso_8859-1:1987 l1 latin1 windows-1252 x-cp1252",
    "cp1253 windows-1253 x-cp1253",
    "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 "
    "latin5 windows-1254 x-cp1254",
    "cp1255 windows-1255 x-cp1255",
    "cp1256 windows-1256 x-cp1256",
    "cp1257 windows-1257 x-cp1257",
    "cp1258 windows-1258 x-cp1258",
    "x-mac-cyrillic x-mac-ukrainian",
    "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030",
    "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "csiso2022jp iso-2022-jp",
    "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
    "windows-949",
    "csiso2022kr iso-2022-kr",
    "hz-gb-2312",
    "iso-2022-cn iso-2022-cn-ext",
    "unicodefffe utf-16be",
    "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    "ansi_x3.4-1968 ascii us-ascii",
    "x-user-defined",
};

Test(message_charsets, every_label_of_the_encoding_standard_is_known_and_read)
{
    guint n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(standard); i++) {
        g_auto(GStrv) labels = g_strsplit(standard[i], " ", -1);
        const char *charset = mp_charset_of(labels[0]);
        gsize bad = 0;

        cr_assert_not_null(charset, "%s", labels[0]);
        for (char **label = labels; *label != NULL; label++, n++) {
            g_autofree char *shouted = g_ascii_strup(*label, -1);
            g_autofree char *quoted = g_strdup_printf(" \"%s\" ", *label);

            cr_expect_str_eq(mp_charset_of(*label), charset, "%s", *label);
            cr_expect_str_eq(mp_charset_of(g_strdelimit(shouted, "_", '-')), charset);
            cr_expect_str_eq(mp_charset_of(quoted), charset, "%s", *label);
        }
        GString *text = mp_charset_decode("", 0, charset, &bad);
        cr_expect_not_null(text, "%s", charset);
        g_string_free(text, TRUE);
    }
    cr_expect_geq(n, 220);
    fprintf(stderr, "%u labels\n", n);
}

static MpMessage *
parse_names(const char *words)
{
    g_autofree char *mail = g_strdup_printf(
        "From: %s <kate@example.org>\nSubject: %s\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: image/png\nContent-Disposition: attachment; filename=\"%s\"\n\nx\n"
        "--b\nContent-Type: image/png; name=\"%s\"\n\nx\n--b--\n",
        words, words, words, words);

    return mp_message_parse(mail, strlen(mail), NULL, NULL);
}

Test(message_charsets, names_of_people_and_files_are_read_as_subjects_are)
{
    static const struct {
        const char *words, *text;
    } cases[] = {
        {"=?x-cp1251?B?z/Do4uXy?=", "Привет"},
        {"=?cp_1251?B?z/Do4uXy?=", "Привет"},
        {"=?windows-1251?Q?=CF=F0=E8?=\n =?windows-1251?Q?=E2=E5=F2?=", "Привет"},
        {"=?x-sjis?B?grGC8Q==?=", "こん"},
        {"=?windows-31j?B?h0A=?=", "①"},
        {"=?iso-2022-jp?B?GyRCLSEbKEI=?=", "①"},
        {"=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"},
        {"=?utf-8?B?44GT?= =?utf-8?B?44KT?=", "こん"},
        {"=?utf-8?B?44E=?= =?utf-8?B?k+OCkw==?=", "こん"}, /* cut within a character */
        {"=?iso-8859-1?Q?=93a=94?=", "“a”"},
        {"=?unicode-1-1-utf-8?Q?=C3=A9?=", "é"},
        {"=?nonsense?Q?=E9t=E9?=", "été"},
        {"=?utf-8*en?Q?caf=C3=A9?=", "café"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpMessage) message = parse_names(cases[i].words);
        cr_expect_str_eq(message->subject, cases[i].text, "%s: %s", cases[i].words,
                         message->subject);
        cr_expect_str_eq(message->from_name, cases[i].text, "%s: %s", cases[i].words,
                         message->from_name);
        cr_assert_eq(message->from->len, 1);
        cr_expect_str_eq(g_ptr_array_index(message->from, 0), "kate@example.org");
        cr_assert_eq(message->attachments->len, 2);
        for (guint k = 0; k < 2; k++) {
            const MpAttachment *a = g_ptr_array_index(message->attachments, k);
            cr_expect_str_eq(a->name, cases[i].text, "%s: %s", cases[i].words, a->name);
        }
    }
}

Test(message_charsets, a_file_name_with_a_charset_of_its_own_is_read)
{
    static const struct {
        const char *parameters, *name;
    } cases[] = {
        {"filename*=x-cp1251''%CF%F0%E8", "При"},
        {"filename*0*=x-sjis''%82%B1; filename*1*=%82%F1.txt", "こん.txt"},
        {"filename*=UTF-8''caf%C3%A9", "café"},
        {"filename*=iso_8859-1'fr'caf%E9", "café"},
        {"filename=\"2*='x\"", "2*='x"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *mail = g_strdup_printf(
            "Subject: x\nContent-Type: image/png\nContent-Disposition: attachment;\n %s\n\nx\n",
            cases[i].parameters);
        g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
        cr_assert_eq(message->attachments->len, 1);
        const MpAttachment *a = g_ptr_array_index(message->attachments, 0);
        cr_expect_str_eq(a->name, cases[i].name, "%s: %s", cases[i].parameters, a->name);
    }
}

/* What is in an encoded word is a name, and what stands beside it an address. */
Test(message_charsets, no_address_is_made_or_hidden_by_an_encoded_word)
{
    static const char *const fields[] = {
        "=?utf-8?q?<evil@example.com>?= <kate@example.org>",
        "=?utf-8?q?evil=40example.com=2C?= <kate@example.org>",
        "=?utf-8?b?PGV2aWxAZXhhbXBsZS5jb20+LA==?= <kate@example.org>",
        "=?utf-8?q?a\"?= <evil@example.com>, \"?= <kate@example.org>",
    };
    static const guint addresses[] = {2, 1, 1, 1};

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *mail = g_strdup_printf("From: %s\n\nx\n", fields[i]);
        g_autoptr(MpMessage) message = mp_message_parse(mail, strlen(mail), NULL, NULL);
        cr_expect_eq(message->from->len, addresses[i], "%s: %u", fields[i], message->from->len);
    }
}

Test(message_charsets, what_is_repaired_is_noted)
{
    g_autoptr(GString) octets = g_string_new("Schöne Grüße \xE9");
    g_autoptr(MpMessage) message = parse("utf-8", octets);

    cr_assert_eq(message->repairs->len, 1);
    cr_expect_str_eq(g_ptr_array_index(message->repairs, 0), "1 byte that is not utf-8");
}
