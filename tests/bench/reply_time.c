/*
 * How long extraction takes on mails made to be slow, and how the time grows with their size.
 *
 *   reply-time [CASES.jsonl]      cases: one {"id":…,"input":…} a line, besides those here
 *
 * Prints for each shape the milliseconds of CPU for 100 KB and the ratio to half of it, both also
 * where we sent that very text, or the text of the shape; a ratio near two is linear. Exits with 1
 * if a shape takes more than 20 ms or grows faster than 3 times (caches make of two a little more).
 */
#include "markup/html.h"
#include "reply/reply.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SIZE = 100000, ROUNDS = 5, TRIES = 8, LIMIT_MS = 20, LIMIT_GROWTH = 3 };

/* A # in a unit is a word that counts up; what stands before an @@ comes once, below as many line
 * ends as the shape says. `sent` is what was sent, if not that very text. */
typedef struct {
    const char *name, *unit, *sent;
    gsize line_ends;
} Shape;

#define ATTRIBUTION "On Mon, Nov 17, 2025 at 10:00 AM Ada <a@b.c> wrote:\n"
#define OURS        "The first line of it stands here alone\nand the second one too\n"

#define SIGNATURE      "<div class=gmail_signature>"
#define SIGNATURES_4   SIGNATURE SIGNATURE SIGNATURE SIGNATURE
#define SIGNATURES_16  SIGNATURES_4 SIGNATURES_4 SIGNATURES_4 SIGNATURES_4
#define SIGNATURES_64  SIGNATURES_16 SIGNATURES_16 SIGNATURES_16 SIGNATURES_16
#define SIGNATURES_256 SIGNATURES_64 SIGNATURES_64 SIGNATURES_64 SIGNATURES_64

static const Shape shapes[] = {
    {"newlines", "\n"},
    {"quote marks", ">\n"},
    {"one line", "foo bar "},
    {"opening words", "On \n"},
    {"dates", "2025-11-17 10:00 \n"},
    {"half attributions", "On Mon, Nov 17, 2025 at 10:00 AM Ada <a@b.c>\n"},
    {"attributions", "On Mon, Nov 17, 2025 at 10:00 AM Ada <a@b.c> wrote:\n"},
    {"wrapped attributions", "On 2025 <\nfoo <\nbar <\nbaz <\nwrote:\n"},
    {"attributions with text", "On Mon, Nov 17, 2025 at 10:00 AM Ada <a@b.c> wrote: x\n"},
    {"verbs", "x wrote\n"},
    {"colons", "a 1:00 b:\n"},
    {"inline answers", "> q\nanswer\n"},
    {"introduced quotes", "x:\n\n> q\n\n"},
    {"attributed quotes", "On Mon, Nov 17, 2025 Ada <a@b.c> wrote:\n> q\n\n"},
    {"named quotes", "On Mon, Nov 17, 2025 Ada <a@b.c> wrote:\nAda#> q\n"},
    {"header fields", "From: a@b.c\nfoo\nbar\nDate: 2025-11-17\n\n"},
    {"delimiters", "--\n"},
    {"dashes", "- - - - - - - - - - - - - - - - x\n"},
    {"separators", "---------------------------- From: a\n"},
    {"devices", "Sent from my a b c d e\n"},
    {"slogans", "Sent from my a, b c d e f g h i j k l m n o p q r s t u v w x y z\n"},
    {"disclaimers", "DISCLAIMER\n\nfoo@bar\n"},
    {"closings", "Regards,\n\nx\n\n"},
    {"links", "<http://\n"},
    {"entities", "&lt;&gt;&amp;\n"},
    {"fences", "```\nx\n"},
    {"colons below newlines", "a@b1: c\n", NULL, SIZE / 2},
    {"separators below newlines", "-----Original Message-----\nx\n", NULL, SIZE / 2},
    {"footers below newlines", "You are receiving this because you commented.\n\n", NULL, SIZE / 2},
    {"cards below newlines", "a@b\nb@c\nd@e\nDISCLAIMER\n\n", NULL, SIZE / 2},
    {"footers of a notification", ATTRIBUTION "x\n@@Message ID: <a@b.c>\n"},
    {"footers, text below", ATTRIBUTION "x\n@@You are receiving this because you commented.\n"},
    {"signatures and names", "x\n\n@@--\n\nAda Example\n\nBob Foo\n\n"},
    {"signatures, em dashes", "x\n\n@@—\nAda Example\n"},
    {"lines below ours", "Yes.\n\n" ATTRIBUTION OURS "@@ab\n", OURS},
    {"separators above quotes", "x\n@@Original message:\n> q\n"},
    {"notes in lines", "x\n\n@@Ada\n17.11.2025 09:12\nAn\nBob\n\n"},
};

static const Shape html_shapes[] = {
    {"html: div", "<div>"},
    {"html: div, closed", "<div>x</div>"},
    {"html: blockquote", "<blockquote>x"},
    {"html: bold", "<b>x"},
    {"html: font, style, class", "<font style='border-top:solid' class=x>x:"},
    {"html: rows of a table", "<table><tr><td>x"},
    {"html: table, one row each", "<table><tr><th>a<th>b</table>"},
    {"html: list items", "<ul><li>x"},
    {"html: items with words", "<li>xyz"},
    {"html: numbered items", "<li>x"},
    {"html: nested signatures", "<p>x</p>" SIGNATURES_256 "@@<p></p>"},
    {"html: links", "<a href='https://a.b/'>x"},
    {"html: entities", "&nbsp;&lt;"},
    {"html: unclosed tags", "<a "},
    {"html: images", "<img src='cid:a' alt='b'>"},
    {"html: paragraphs", "<p>x"},
    {"html: pre", "<pre>x"},
    {"html: an ordered list", "<ol><li>x@@<li>x"},
    {"html: a row of cells", "<table><tr><th>x</th>@@<th>x</th>"},
    {"html: a table of rows", "<table>@@<tr><td>x</td></tr>"},
    {"html: a table of data", "<table><tr><th>x</th></tr>@@<tr><td>x</td></tr>"},
};

static double
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
extract(const char *mail, bool is_html, bool is_sent, const char *ours)
{
    g_autofree char *markdown = is_html ? mp_html_to_markdown(mail, strlen(mail)) : NULL;
    const char *text = is_html ? markdown : mail;
    const char *const sent[] = {!is_sent ? NULL : ours != NULL ? ours : text, NULL};
    g_autoptr(MpReply) reply = mp_reply_extract(text, sent);

    (void)reply;
}

static double
best_time(const char *mail, bool is_html, bool is_sent, const char *ours)
{
    double best = 1e9;

    for (guint i = 0; i < ROUNDS; i++) {
        double start = milliseconds();
        extract(mail, is_html, is_sent, ours);
        best = MIN(best, milliseconds() - start);
    }
    return best;
}

static bool
is_slow(double small, double large)
{
    return large > LIMIT_MS || (large > 1 && large / small > LIMIT_GROWTH);
}

/* Prints the time and the ratio to that for half of the mail; true if the shape is slow. Other work
 * on the machine makes a round slower, never faster: so what looks slow is tried more often. */
static bool
compare(const char *half, const char *whole, bool is_html, bool is_sent, const char *ours)
{
    double small = 1e9, large = 1e9;

    for (guint i = 0; i < TRIES && (i == 0 || is_slow(small, large)); i++) {
        small = MIN(small, best_time(half, is_html, is_sent, ours));
        large = MIN(large, best_time(whole, is_html, is_sent, ours));
    }
    printf("  %8.2f ms  x %4.2f%s", large, large / small, is_sent ? " sent" : "");
    return is_slow(small, large);
}

static bool
measure(const char *name, const char *half, const char *whole, bool is_html, const char *ours)
{
    printf("%-28s", name);
    bool fails = compare(half, whole, is_html, false, ours);
    fails |= compare(half, whole, is_html, true, ours);
    puts(fails ? "  slow" : "");
    fflush(stdout);
    return fails;
}

static char *
repeated(const Shape *shape, gsize size)
{
    const char *unit = shape->unit, *once = strstr(unit, "@@");
    g_autofree char *above = g_strnfill(shape->line_ends * size / SIZE, '\n');
    GString *mail = g_string_new(above);

    g_string_append_len(mail, unit, once != NULL ? once - unit : 0);
    unit = once != NULL ? once + 2 : unit;
    for (guint n = 0; mail->len < size; n++)
        for (const char *p = unit; *p != '\0'; p++)
            if (*p == '#')
                for (guint i = n; i > 0; i /= 26)
                    g_string_append_c(mail, (char)('a' + i % 26));
            else
                g_string_append_c(mail, *p);
    return g_string_free(mail, FALSE);
}

static bool
measure_shape(const Shape *shape, bool is_html)
{
    g_autofree char *half = repeated(shape, SIZE / 2), *whole = repeated(shape, SIZE);

    return measure(shape->name, half, whole, is_html, shape->sent);
}

static bool
measure_file(const char *path)
{
    g_autofree char *all = NULL;
    bool slow = false;

    if (!g_file_get_contents(path, &all, NULL, NULL))
        return true;
    g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(JsonNode) node = **line != '\0' ? json_from_string(*line, NULL) : NULL;
        JsonObject *object = node != NULL ? json_node_get_object(node) : NULL;

        if (object == NULL)
            continue;
        const char *input = json_object_get_string_member(object, "input");
        gsize middle = strlen(input) / 2;
        g_autofree char *half = g_utf8_make_valid(input, (gssize)middle);
        slow |= measure(json_object_get_string_member(object, "id"), half, input, false, NULL);
    }
    return slow;
}

int
main(int argc, char **argv)
{
    bool slow = false;
    double start = milliseconds();

    mp_reply_prepare();
    printf("%-28s %8.2f ms\n", "(compiling the rules)", milliseconds() - start);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        slow |= measure_shape(&shapes[i], false);
    for (gsize i = 0; i < G_N_ELEMENTS(html_shapes); i++)
        slow |= measure_shape(&html_shapes[i], true);
    for (int i = 1; i < argc; i++)
        slow |= measure_file(argv[i]);
    return slow ? 1 : 0;
}
