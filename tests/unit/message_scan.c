/* Mail bombs: each is refused before GMime sees it, quickly, and ordinary mail never is. */
#include "message/message.h"
#include "message/parse.h"

#include "base/error.h"

#include <criterion/criterion.h>
#include <gmime/gmime.h>
#include <string.h>

#define MIB (1024 * 1024)

static GString *
repeated(const char *before, const char *unit, guint count, const char *after)
{
    GString *text = g_string_new(before);

    for (guint i = 0; i < count; i++)
        g_string_append(text, unit);
    return g_string_append(text, after);
}

static GString *
nested(guint levels, const char *const *pieces)
{
    GString *text = g_string_new("Subject: x\n");

    for (guint i = 0; i < levels; i++)
        g_string_append_printf(text, "%s%u%s%u%s", pieces[0], i, pieces[1], i, pieces[2]);
    return g_string_append(text, "\nend\n");
}

/* One level of nesting, its number between the pieces. */
/* Releases of clang-format disagree about these. */
/* clang-format off */
#define LEVEL      {"Content-Type: multipart/mixed; boundary=b", "\n\n--b", "\n"}
#define LEVEL_2231 {"Content-Type: multipart/mixed; boundary*0=b; boundary*1=", "\n\n--b", "\n"}
#define MESSAGE    {"Content-Type: message/rfc822; a=", "; b=", "\n\n"}
#define SAME       {"Content-Type: multipart/mixed; boundary=same; x=", "; y=", "\n\n--same\n"}
/* clang-format on */

static const struct {
    const char *name, *before, *unit;
    guint at_most, too_many; /* 0: there is no such number */
    const char *after;
} repeats[] = {
    {"header fields", "", "X: y\n", 1000, 1001, "\nbody"},
    {"one header field", "X: ", "0123456789abcdef\n ", 3600, 3900, "\n\n"},
    {"the header", "", NULL, 0, 0, ""},
    {"parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n", 1000, 1001, "--b--\n"},
    {"parts, white space behind", "Content-Type: multipart/mixed; boundary=b\n\n", "--b \t\r\n\n",
     1000, 1001, ""},
    {"parts, quoted boundary", "Content-Type: multipart/mixed;\n\tBoundary = \"b c\"\n\n",
     "--b c\n\n", 1000, 1001, ""},
    {"parts, escaped boundary", "Content-Type: multipart/mixed; boundary=\"b\\c\"\n\n", "--bc\n\n",
     1000, 1001, ""},
    {"parts, boundary in pieces", "Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\n\n",
     "--bc\n\n", 1000, 1001, ""},
    {"parts, encoded boundary", "Content-Type: multipart/mixed; boundary*=us-ascii''%62\n\n",
     "--b\n\n", 1000, 1001, ""},
    {"parts, boundary as encoded word",
     "Content-Type: multipart/mixed; boundary=\"=?us-ascii?q?b?=\"\n\n", "--b\n\n", 1000, 1001, ""},
    {"parts, commented boundary", "Content-Type: multipart/mixed; boundary(x)=(y)b\n\n", "--b\n\n",
     1000, 1001, ""},
    {"parts, empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\n\n", "--\n\n", 1000,
     1001, ""},
    {"parts of an inner multipart",
     "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; "
     "boundary=b\n\n",
     "--b\n\n", 999, 1001, ""},
    {"parts, two boundaries in turn",
     "Content-Type: multipart/mixed; boundary=a\nContent-Type: multipart/mixed; boundary=b\n\n",
     "--b\n\n--a\n\n", 500, 501, ""},
    {"header fields of a part", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "X: y\n",
     1000, 1001, "\n"},
    {"header fields of many parts", "Content-Type: multipart/mixed; boundary=b\n\n",
     "--b\nA:\nB:\nC:\nD:\nE:\nF:\nG:\nH:\nI:\nJ:\nK:\n\n", 900, 999, ""},
    {"header fields of a message within", "Content-Type: message/rfc822\n\n", "X: y\n", 1000, 1001,
     "\n"},
    {"header fields in a digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\n", "X: y\n",
     1000, 1001, "\n"},
    {"addresses", "To: ", "a@b,", 999, 1001, "a@b\n\n"},
    {"addresses of a part", "Content-Type: multipart/mixed; boundary=b\n\n--b\nTo: ", "a@b,", 999,
     1001, "a@b\n\n"},
    {"addresses behind an open quote", "To: \"x, ", "a@b,", 990, 1001, "a@b\n\n"},
    {"groups within each other", "To: ", "a:", 1, 2, "b@c;\n\n"},
    {"groups within each other, many", "To: ", "a:", 1, 30000, "\n\n"},
    {"groups within each other, quoted", "From: \"", "a:", 1, 30000, "\n\n"},
    {"groups within each other, in an address", "Cc: <", "a:", 1, 30000, "\n\n"},
    {"groups within each other, in a message within",
     "Content-Type: message/rfc822\n\nTo: ", "a:", 1, 20000, "\n\n"},
    {"boundaries", "A: b\n\n", NULL, 0, 0, ""},
    {"bytes of text", "A: b\n\n", "0123456789abcde\n", 4 * MIB / 16, 4 * MIB / 16 + 1, ""},
    {"bytes", "A: b\nContent-Type: image/png\n\n", "0123456789abcde\n", 24 * MIB / 16,
     25 * MIB / 16, ""},
};

static MpMessageFault
fault_of(const GString *mail, gint64 *milliseconds)
{
    g_autoptr(GError) error = NULL;
    gint64 start = g_get_monotonic_time();
    g_autoptr(MpMessage) message = mp_message_parse(mail->str, mail->len, NULL, &error);

    *milliseconds = (g_get_monotonic_time() - start) / 1000;
    cr_assert_eq(message == NULL, error != NULL);
    if (mp_message_fault(error) == MP_FAULT_TOO_LARGE)
        cr_assert(g_str_has_prefix(error->message, "too-large: "));
    return mp_message_fault(error);
}

static void
assert_refused(const char *name, guint count, GString *mail, bool expected)
{
    gint64 took;
    MpMessageFault fault = fault_of(mail, &took);

    cr_assert_eq(fault, expected ? MP_FAULT_TOO_LARGE : MP_FAULT_NONE, "%s: %u gives %d", name,
                 count, fault);
    cr_assert_lt(took, 20000, "%s: %u takes %d ms", name, count, (int)took);
    g_string_free(mail, TRUE);
}

Test(message_scan, each_limit_holds_exactly_where_it_says)
{
    for (gsize i = 0; i < G_N_ELEMENTS(repeats); i++) {
        if (repeats[i].unit == NULL)
            continue;
        guint counts[] = {repeats[i].at_most, repeats[i].too_many};
        for (gsize k = 0; k < 2; k++)
            assert_refused(
                repeats[i].name, counts[k],
                repeated(repeats[i].before, repeats[i].unit, counts[k], repeats[i].after), k == 1);
    }
}

Test(message_scan, nesting_is_bounded)
{
    static const struct {
        const char *name, *pieces[3];
        guint levels;
        bool is_refused;
    } cases[] = {
        {"multiparts", LEVEL, 100, false},   {"multiparts", LEVEL, 101, true},
        {"multiparts", LEVEL, 50000, true},  {"messages", MESSAGE, 100, false},
        {"messages", MESSAGE, 101, true},    {"messages", MESSAGE, 100000, true},
        {"one boundary", SAME, 100, false},  {"one boundary", SAME, 101, true},
        {"one boundary", SAME, 50000, true}, {"boundaries in pieces", LEVEL_2231, 5000, true},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_refused(cases[i].name, cases[i].levels, nested(cases[i].levels, cases[i].pieces),
                       cases[i].is_refused);
}

Test(message_scan, bombs_are_refused)
{
    g_autoptr(GString) boundaries = g_string_new("A: b\n\n");
    GString *line = repeated("A: b\n\n", "0123456789abcdef", 25 * MIB / 16, "");
    GString *header = repeated("A: ", "0123456789abcdef", 24 * MIB / 16, "");
    GString *large_header = g_string_new(NULL);

    for (guint i = 0; i < 2000; i++)
        g_string_append_printf(boundaries, "boundary=%u\n", i);
    for (guint i = 0; i < 900; i++) {
        g_string_append(large_header, "X: ");
        for (guint k = 0; k < 100; k++)
            g_string_append(large_header, "0123456789abcde");
        g_string_append_c(large_header, '\n');
    }
    assert_refused("boundaries", 2000, g_steal_pointer(&boundaries), true);
    GString *texts = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
    for (guint i = 0; i < 3; i++) {
        g_autoptr(GString) text = repeated("--b\n\n", "0123456789abcde\n", 3 * MIB / 16, "");
        g_string_append_len(texts, text->str, (gssize)text->len);
    }
    assert_refused("three texts of 3 MiB", 3, texts, true);
    assert_refused("a line of 25 MiB", 1, line, true);
    assert_refused("a header of 24 MiB", 1, header, true);
    assert_refused("a header of 1.3 MiB", 900, large_header, true);
    assert_refused(
        "a million parts", 1000000,
        repeated("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n", 1000000, ""), true);
    assert_refused("a million encoded words", 5000,
                   repeated("Subject: ", "=?utf-8?q?x?=\n ", 5000, "\n\n"), true);
    assert_refused("4,000 encoded words", 4000,
                   repeated("Subject: ", "=?utf-8?q?x?=\n ", 4000, "\n\n"), false);
    assert_refused("15,000 parameters", 15000,
                   repeated("Content-Type: image/png", ";a=b", 15000, "\n\n"), false);
    assert_refused("15,000 comments", 15000, repeated("From: ", "(", 15000, "\n\n"), false);
    assert_refused("20 MiB of base64 of nothing", 1,
                   repeated("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n",
                            "================\n", MIB, ""),
                   false);
}

Test(message_scan, ordinary_mail_is_not_refused)
{
    static const char *const cases[] = {
        "To: \"Doe: John, Jr.\" <john@example.org>, x@[IPv6:2001:db8::1]\n\n",
        "To: undisclosed-recipients:;\nCc: A: b@c, d@e; , F: g@h;\n\n",
        "A: b\n\n--\n--\n-- \nsignature\n--- a/file\n+++ b/file\nboundary=x\n--x\n",
        "Content-Type: text/plain; charset=utf-8\n\nContent-Type: message/rfc822 is what it said\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_refused(cases[i], 1, g_string_new(cases[i]), false);
}

/* ---- nothing that GMime finds escapes the scan ---- */

typedef struct {
    guint parts, depth;
} Shape;

static void
measure(GMimeObject *part, guint depth, Shape *shape)
{
    shape->depth = MAX(shape->depth, depth);
    if (GMIME_IS_MULTIPART(part)) {
        int count = g_mime_multipart_get_count(GMIME_MULTIPART(part));
        shape->parts += (guint)count;
        for (int i = 0; i < count; i++)
            measure(g_mime_multipart_get_part(GMIME_MULTIPART(part), i), depth + 1, shape);
    } else if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        GMimeObject *inner = message == NULL ? NULL : g_mime_message_get_mime_part(message);
        if (inner != NULL)
            measure(inner, depth + 1, shape);
    }
}

static Shape
shape_by_gmime(const GString *mail)
{
    Shape shape = {0, 0};
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail->str, mail->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    if (message != NULL && g_mime_message_get_mime_part(message) != NULL)
        measure(g_mime_message_get_mime_part(message), 0, &shape);
    g_clear_object(&message);
    g_object_unref(parser);
    g_object_unref(stream);
    return shape;
}

#define TYPES 10 /* bricks that declare something */
static const char *const bricks[] = {
    "Content-Type: multipart/mixed; boundary=a\n",
    "Content-Type: multipart/mixed; boundary=\"b\"\n",
    "Content-Type: multipart/digest; boundary=a\n",
    "Content-Type:\n multipart/x;\n boundary=\n b\n",
    "content-type: message/rfc822\n",
    "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n",
    "Content-Type: multipart/mixed; boundary=(c)a\n",
    "Content-Type: multipart/mixed; boundary=\"\\a\"\n",
    "Content-Type: multipart/mixed; boundary=-\n",
    "Content-Type: multipart/mixed; boundary=a b\n",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "--a\n",
    "--a\n",
    "--b\n",
    "--b\r\n",
    "--ab\n",
    "--a--\n",
    "--b--\n",
    "--a \n",
    "--a--x\n",
    "---\n",
    "--b\t\n",
    "text\n",
    "X: y\n",
    " folded\n",
    "no field\n",
    "--a: b\n",
    "--",
    "--a",
    "\r",
    "From x\n",
};

Test(message_scan, addresses_are_counted_in_each_field_where_ours_are_looked_for)
{
    gsize n;
    const char *const *fields = mp_message_recipient_fields(&n);

    for (gsize i = 0; i < n; i++) {
        MpRawField field = {.name = fields[i], .name_length = strlen(fields[i])};

        cr_expect(mp_field_has_addresses(&field), "%s", fields[i]);
    }
    cr_assert_gt(n, 0);
}

Test(message_scan, whatever_gmime_counts_the_scan_has_counted)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    guint multiparts = 0;

    g_mime_init();
    for (guint round = 0; round < 60000; round++) {
        g_autoptr(GString) mail = g_string_new(bricks[g_rand_int_range(random, 0, TYPES)]);
        gint32 count = g_rand_int_range(random, 3, 40);
        for (gint32 i = 0; i < count; i++)
            g_string_append(mail, bricks[g_rand_int_range(random, 0, G_N_ELEMENTS(bricks))]);

        Shape shape = shape_by_gmime(mail);
        MpLimits limits = mp_limits_default;
        if (shape.parts < 3)
            continue;
        multiparts++;
        limits.parts = shape.parts - 1; /* so the scan has to refuse it */
        if (mp_scan(mail->str, mail->len, &limits, NULL))
            cr_assert_fail("GMime finds %u parts, the scan fewer, in\n%s", shape.parts, mail->str);
    }
    cr_assert_gt(multiparts, 1000, "only %u", multiparts);
}
