/* What goes between the worker and its parent: what was written is read, and nothing else. */
#include "worker/frame.h"

#include "base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

static GBytes *
bytes_of(const void *octets, gsize length)
{
    return g_bytes_new(octets, length);
}

Test(worker_frame, what_was_written_is_read)
{
    GByteArray *frame = g_byte_array_new();

    mp_frame_add_number(frame, G_MAXUINT64);
    mp_frame_add_flag(frame, true);
    mp_frame_add_flag(frame, false);
    mp_frame_add_text(frame, "Grüße\n\x01");
    mp_frame_add_text(frame, "");
    mp_frame_add_text(frame, NULL);
    mp_frame_add_text(frame, "漢字 \t");
    mp_frame_add_octets(frame, "\0\xFF", 2);
    mp_frame_add_octets(frame, NULL, 0);
    mp_frame_add_number(frame, 3);
    mp_frame_add_text(frame, "no \t in it");
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(frame);
    MpFrameReader reader = mp_frame_read(bytes);

    cr_expect_eq(mp_frame_number(&reader), G_MAXUINT64);
    cr_expect(mp_frame_flag(&reader));
    cr_expect(!mp_frame_flag(&reader));
    cr_expect_str_eq(mp_frame_text(&reader), "Grüße\n\x01");
    cr_expect_str_eq(mp_frame_line(&reader), "");
    cr_expect_null(mp_frame_line_or_null(&reader));
    cr_expect_str_eq(mp_frame_text_or_null(&reader), "漢字 \t");
    g_autoptr(GBytes) two = mp_frame_octets(&reader), none = mp_frame_octets(&reader);
    cr_expect_eq(g_bytes_get_size(two), 2);
    cr_expect_eq(memcmp(g_bytes_get_data(two, NULL), "\0\xFF", 2), 0);
    cr_expect_eq(g_bytes_get_size(none), 0);
    cr_expect_eq(mp_frame_count(&reader, 3), 3);
    cr_expect(!mp_frame_is_read(&reader), "a text is left");
    cr_expect_str_eq(mp_frame_line(&reader), "", "a tab is none of a line's");
    cr_expect(!mp_frame_is_read(&reader));
}

#define NUMBER(n) n "\0\0\0\0\0\0\0"

static void
assert_broken(const char *octets, gsize length, char what, bool is_broken)
{
    g_autoptr(GBytes) bytes = bytes_of(octets, length), data = NULL;
    MpFrameReader reader = mp_frame_read(bytes);

    switch (what) {
    case 'n':
        mp_frame_number(&reader);
        break;
    case 'f':
        cr_expect(!is_broken || !mp_frame_flag(&reader));
        break;
    case 'c':
        cr_expect(!is_broken || mp_frame_count(&reader, 2) == 0);
        break;
    case 't':
        cr_expect(!is_broken || *mp_frame_text(&reader) == '\0');
        break;
    case 'l':
        cr_expect(!is_broken || *mp_frame_line(&reader) == '\0');
        break;
    case 'T':
        cr_expect(!is_broken || mp_frame_text_or_null(&reader) == NULL);
        break;
    default:
        data = mp_frame_octets(&reader);
        cr_expect(!is_broken || data == NULL);
    }
    cr_expect_eq(reader.is_broken, is_broken, "%c of %zu octets", what, length);
    cr_expect(!is_broken || (mp_frame_number(&reader) == 0 && !mp_frame_flag(&reader)),
              "nothing is read behind it");
}

Test(worker_frame, what_cannot_be_is_not_read)
{
    static const struct {
        const char *octets;
        gsize length;
        char what;
    } cases[] = {
        {"", 0, 'n'},
        {"\0\0\0\0\0\0\0", 7, 'n'},
        {"", 0, 'f'},
        {"\2", 1, 'f'},
        {"\377", 1, 'f'},
        {NUMBER("\3") "abc", 11, 'c'}, /* over what is asked for */
        {NUMBER("\2") "a", 9, 'c'},    /* and over what is there */
        {NUMBER("\0"), 8, 't'},        /* none, where one has to be */
        {NUMBER("\0"), 8, 'l'},
        {NUMBER("\3") "a\0", 10, 't'},
        {NUMBER("\2") "ab", 10, 't'}, /* no end */
        {NUMBER("\3") "\0b\0", 11, 't'},
        {NUMBER("\3") "\0b\0", 11, 'T'},
        {NUMBER("\2") "\xFF\0", 10, 't'},
        {NUMBER("\3") "\xC0\x80\0", 11, 't'},
        {NUMBER("\4") "\xED\xA0\x80\0", 12, 't'},
        {NUMBER("\2") "\n\0", 10, 'l'},
        {NUMBER("\2") "\x7F\0", 10, 'l'},
        {NUMBER("\2") "a", 9, 'o'},
        {"\377\377\377\377\377\377\377\377a", 9, 'o'},
        {"\377\377\377\377\377\377\377\377a", 9, 't'},
        {"\377\377\377\377\377\377\377\377a", 9, 'T'},
        {"\377\377\377\377\377\377\377\377a", 9, 'c'},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_broken(cases[i].octets, cases[i].length, cases[i].what, true);
}

/* GLib's own reading, octet by octet. */
static bool
is_line_slowly(const char *octets, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if ((guchar)octets[i] < ' ' || octets[i] == 127)
            return false;
    return g_utf8_validate_len(octets, length, NULL);
}

static bool
is_ascii(const GString *text)
{
    for (gsize i = 0; i < text->len; i++)
        if ((guchar)text->str[i] >= 128)
            return false;
    return true;
}

Test(worker_frame, text_is_what_glib_takes_for_it)
{
    static const char *const pieces[] = {
        "abcdefgh", "a",  "ü", "漢", "\xF0\x9F\x98\x80", "\xC3", "\xA9", "\xE2", "\xFF", "\x7F",
        "\x1F",     "\n", " ", "~",  "\xC2\x80",         "\x80", "@",    "\x01"};
    g_autoptr(GRand) random = g_rand_new_with_seed(19);
    guint texts = 0, lines = 0;

    for (guint i = 0; i < 200000; i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (gint n = g_rand_int_range(random, 0, 9); n > 0; n--)
            g_string_append(text, pieces[g_rand_int_range(random, 0, i % 3 == 0 ? 5 : 18)]);
        if (i % 16 == 0)
            g_string_append_len(text, "\0ab", 3);
        bool is_text = g_utf8_validate_len(text->str, text->len, NULL);
        cr_assert_eq(mp_is_text(text->str, text->len), is_text, "%s", text->str);
        cr_assert_eq(mp_is_line(text->str, text->len), is_line_slowly(text->str, text->len), "%s",
                     text->str);
        cr_assert_eq(mp_is_ascii_line(text->str, text->len),
                     is_line_slowly(text->str, text->len) && is_ascii(text), "%s", text->str);
        texts += is_text;
        lines += is_line_slowly(text->str, text->len);
    }
    cr_assert(texts > 50000 && lines > 50000 && texts > lines);
}
