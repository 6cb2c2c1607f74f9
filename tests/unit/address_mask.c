/* Masking, by lines with an @ that are a mail address or are none: tests/fixtures/mask. */
#include "address/address.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "corpus.h"

#define MASK   "***@***"
#define MAC    "1801beb4df676a79250d1e61e54ab763822c207d"
#define HALF   "1801beb4df676a79250d"
#define REST   "1e61e54ab763822c207d"
#define OCTETS (1024 * 1024)
#define KEY    "00112233445566778899aabbccddeeff"
#define OK     "1801beb4df6761e61e54ab763822"

static void
check_line(char **fields, gpointer data)
{
    guint *n_right = data;
    g_auto(GStrv) pieces = g_strsplit(fields[1], "{}", -1);
    g_autofree char *expected =
        strcmp(fields[1], "=") == 0 ? g_strdup(fields[0]) : g_strjoinv(MASK, pieces);
    g_autofree char *masked = mp_address_mask(fields[0], MP_MASK_MARKDOWN);
    g_autofree char *again = mp_address_mask(masked, MP_MASK_MARKDOWN);

    *n_right += strcmp(masked, expected) == 0;
    cr_expect_str_eq(again, masked, "masked once more");
    if (strcmp(masked, expected) != 0)
        cr_expect_fail("%s should be %s", masked, expected);
}

static void
check_half(const char *path)
{
    guint n_right = 0, n = corpus_each(path, 2, check_line, &n_right);

    fprintf(stderr, "%s: %u of %u right\n", path, n_right, n);
    cr_expect_geq(n, 150);
}

Test(address_mask, an_address_is_masked_and_a_lookalike_is_not)
{
    check_half("tests/fixtures/mask/seen.txt");
    check_half("tests/fixtures/mask/unseen.txt");
}

/* Lines are passed over that have no address: not what they begin. */
Test(address_mask, what_a_line_above_began_counts_on_the_line_of_the_address)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"```\ncode\ntim@example.org\n```\ntim@example.org",
         "```\ncode\ntim@example.org\n```\n" MASK},
        {"`a\nb tim@example.org`\ntim@example.org", "`a\nb tim@example.org`\n" MASK},
        {"text\n\n    code\n    tim@example.org\n\ntim@example.org",
         "text\n\n    code\n    tim@example.org\n\n" MASK},
        {"In-Reply-To:\n <tim@example.org>\ntim@example.org",
         "In-Reply-To:\n <tim@example.org>\n" MASK},
        {"References:\n\t<a%b>\n\t<tim@example.org>\nTo: tim@example.org",
         "References:\n\t<a%b>\n\t<tim@example.org>\nTo: " MASK},
        {"x\nReferences:\n <tim@example.org>", "x\nReferences:\n <tim@example.org>"},
        {"References:\nx\n <tim@example.org>", "References:\nx\n <" MASK ">"},
        {"x ssh tim@example.org", "x ssh tim@example.org"},
        {"ssh\ntim@example.org", "ssh\n" MASK},
        {"ssh tim@example.org\nls\nkate@example.org", "ssh tim@example.org\nls\n" MASK},
        {"tim@example.org\none\ntwo tim@example.org\nthree", MASK "\none\ntwo " MASK "\nthree"},
        {"one\ntwo tim%40example.org three", "one\ntwo " MASK " three"},
        {"100% of it & more=less\n\xEF\xBC\x81", "100% of it & more=less\n\xEF\xBC\x81"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *masked = mp_address_mask(cases[i].text, MP_MASK_MARKDOWN);
        cr_expect_str_eq(masked, cases[i].masked, "%s", cases[i].text);
    }
}

Test(address_mask, a_mac_of_our_shape_is_masked_in_code_urls_and_over_line_breaks)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"reply+i-1-" MAC "-5@reply.h.org", "reply+i-1-***-5@reply.h.org"},
        {"`reply+i-1-" MAC "-5@reply.h.org`", "`reply+i-1-***-5@reply.h.org`"},
        {"https://x.example/?a=reply%2Bi-1-" MAC "-5%40h.org",
         "https://x.example/?a=reply%2Bi-1-***-5%40h.org"},
        {"reply+i-1-" MAC "\n-5@reply.h.org", "reply+i-1-***\n-5@reply.h.org"},
        {"reply+i-1-" MAC "-\n5@reply.h.org", "reply+i-1-***-\n5@reply.h.org"},
        {"> reply+i-1-\n> " MAC "-5@h", "> reply+i-1-\n> ***-5@h"},
        {"reply+i-1-" HALF "=\n" REST "-5@h", "reply+i-1-***-5@h"},
        {"reply+i-1-" HALF "\r\n>> " REST "-5@h", "reply+i-1-***-5@h"},
        {"reply+i-1-" HALF "\\\n" REST "-5@h", "reply+i-1-***-5@h"},
        {"reply+i-1-" HALF "\xE2\x80\x8B" REST "-5@h", "reply+i-1-***-5@h"},
        {"reply+i%2D1%2D" MAC "%2D5@h", "reply+i%2D1%2D***%2D5@h"},
        {"reply+i=2D1=2D" MAC "=2D5@h", "reply+i=2D1=2D***=2D5@h"},
        {"reply+i\\-1\\-" MAC "\\-5@h", "reply+i\\-1\\-***\\-5@h"},
        {"C-99-" MAC, "C-99-***"},
        {"ok+" KEY "-" OK "@reply.h.org", "ok+" KEY "-***@reply.h.org"},
        {"OK%2B" KEY "%2D" OK "%40h.org", "OK%2B" KEY "%2D***%40h.org"},
        {"ok=2B" KEY "-" OK "@h", "ok=2B" KEY "-***@h"},
        {"> ok+" KEY "\n> -" OK, "> ok+" KEY "\n> -***"},
        {"(" KEY "-" OK ")", "(" KEY "-***)"},
        {KEY "0-" OK, KEY "0-" OK},
        {KEY "-" OK "0", KEY "-" OK "0"},
        {"commit " MAC, "commit " MAC},
        {"i-1-" MAC "0-5", "i-1-" MAC "0-5"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (MpMaskScope scope = MP_MASK_MACS; scope <= MP_MASK_MARKDOWN; scope++) {
            g_autofree char *masked = mp_address_mask(cases[i].text, scope);

            if (scope == MP_MASK_MACS) /* in the others, what a line break leaves may be masked */
                cr_expect_str_eq(masked, cases[i].masked);
            cr_expect(strstr(cases[i].masked, MAC) != NULL || strstr(masked, REST) == NULL, "%s",
                      masked);
        }
}

static const guint8 known[20] = {0x18, 0x01, 0xbe, 0xb4, 0xdf, 0x67, 0x6a, 0x79, 0x25, 0x0d,
                                 0x1e, 0x61, 0xe5, 0x4a, 0xb7, 0x63, 0x82, 0x2c, 0x20, 0x7d};

Test(address_mask, the_known_digits_are_masked_wherever_they_stand)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {MAC, "***"},
        {"x" MAC "y " MAC, "x***y ***"},
        {"1801BEB4DF676A79250D1E61E54AB763822C207D.", "***."},
        {"a " HALF "\n> " REST " b", "a *** b"},
        {HALF "=\r\n" REST, "***"},
        {HALF "\xC2\xAD" REST, "***"},
        {HALF "&shy;" REST "<wbr>", "***<wbr>"},
        {"18" MAC, "18***"},
        {HALF " " HALF, HALF " " HALF},
        {HALF, HALF},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *masked = mp_address_mask_known(cases[i].text, known);
        cr_expect_str_eq(masked, cases[i].masked);
    }
}

Test(address_mask, in_a_file_the_known_digits_become_stars_and_nothing_moves)
{
    g_autoptr(GBytes) file = g_bytes_new_static("\0a" MAC "b\0", 44);
    g_autoptr(GBytes) other = g_bytes_new_static("commit " HALF, 27);
    g_autoptr(GBytes) masked = mp_address_mask_bytes(file, known);
    g_autoptr(GBytes) same = mp_address_mask_bytes(other, known);
    g_autofree char *stars = g_strnfill(40, '*');
    const char *data = g_bytes_get_data(masked, NULL);

    cr_expect_eq(g_bytes_get_size(masked), 44);
    cr_expect_arr_eq(data, "\0a", 2);
    cr_expect_arr_eq(data + 2, stars, 40);
    cr_expect_eq(data[42], 'b');
    cr_expect_eq(same, other);
}

static double
seconds_for(const char *text)
{
    clock_t begin = clock();
    g_autofree char *digits = mp_address_mask_known(text, known);
    g_autofree char *masked = mp_address_mask(digits, MP_MASK_MARKDOWN);

    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* What is not linear takes hours with any of these. */
Test(address_mask, any_pattern_takes_time_that_is_linear_in_its_length)
{
    static const char *const patterns[] = {
        "@",
        "a@",
        "a.",
        "@a.",
        "a@b.org",
        "a@b.org ",
        "%40",
        "a%40",
        "/a%40b.org",
        "=40a.b",
        "\"",
        "\"a\"@",
        "\"@b.org",
        "`",
        "` ``",
        "``` `",
        "`a``b```",
        "```\n",
        "~~~\n> ",
        "- ",
        "> ",
        ">",
        "- `\n",
        "1. ",
        "    a\n",
        "\\",
        "\\`",
        "www.",
        "a://",
        "http://,a@b.org",
        "https://a,",
        "(http://",
        "[a@",
        "[a@b.org x",
        "/",
        "a/",
        "a.org/",
        "ssh ",
        "ssh -p ",
        "scp a:b@c.org:",
        "*",
        "**a@b.org",
        "_",
        "a\xC2\xAD",
        "i-1-",
        "i-1-1801beb4",
        "c-1-c",
        "18",
        "1801beb4df676a79",
        "1\n",
        "i\n",
        "i-\n>",
        "18=\n",
        "&#64;",
        "&#000000",
        "&#x",
        "a&commat;b",
        "\xE7\x94\xA8@",
        "\xE3\x80\x82",
        "a\xEF\xBC\xA0",
        "=",
        "to=",
        "Message-ID: <",
        "<a",
        "[IPv6:",
        "a@[",
        "reply+i-1-***-5@",
        "***@***",
        "-",
        "+",
        "\t",
        "\n",
    };
    static const char *const ends[] = {"", "@b.org", "`", "/a@b.org"};

    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(ends); k++) {
            g_autoptr(GString) text = g_string_sized_new(OCTETS + 16);

            while (text->len < OCTETS)
                g_string_append(text, patterns[i]);
            g_string_append(text, ends[k]);
            cr_expect_lt(seconds_for(text->str), 60, "%s", patterns[i]);
        }
}
