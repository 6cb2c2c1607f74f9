/*
 * How long extraction takes on mails made to be slow, and how the time grows with their size.
 *
 * Prints for each shape the milliseconds of CPU for 100 KB and the ratio to half of it; a ratio
 * near two is linear. Exits with 1 if a shape takes more than 20 ms or grows faster than 2.6 times.
 */
#include "reply/reply.h"

#include <stdio.h>
#include <time.h>

enum { SIZE = 100000, ROUNDS = 7 };

static const struct {
    const char *name, *unit;
} shapes[] = {
    {"newlines", "\n"},
    {"quote marks", ">\n"},
    {"one line", "foo bar "},
    {"opening words", "On \n"},
    {"dates", "2025-11-17 10:00 \n"},
    {"half attributions", "On Mon, Nov 17, 2025 at 10:00 AM Ada <a@b.c>\n"},
    {"attributions", "On Mon, Nov 17, 2025 at 10:00 AM Ada <a@b.c> wrote:\n"},
    {"wrapped attributions", "On 2025 <\nfoo <\nbar <\nbaz <\nwrote:\n"},
    {"verbs", "x wrote\n"},
    {"colons", "a 1:00 b:\n"},
    {"inline answers", "> q\nanswer\n"},
    {"header fields", "From: a@b.c\nfoo\nbar\nDate: 2025-11-17\n\n"},
    {"delimiters", "--\n"},
    {"dashes", "- - - - - - - - - - - - - - - - x\n"},
    {"devices", "Sent from my a b c d e\n"},
    {"disclaimers", "DISCLAIMER\n\nfoo@bar\n"},
    {"links", "<http://\n"},
    {"entities", "&lt;&gt;&amp;\n"},
};

static double
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double
best_time(const char *unit, gsize size)
{
    g_autoptr(GString) mail = g_string_new(NULL);
    double best = 1e9;

    while (mail->len < size)
        g_string_append(mail, unit);
    for (guint i = 0; i < ROUNDS; i++) {
        double start = milliseconds();
        g_autoptr(MpReply) reply = mp_reply_extract(mail->str, NULL);
        best = MIN(best, milliseconds() - start);
    }
    return best;
}

int
main(void)
{
    bool slow = false;
    double start = milliseconds();

    mp_reply_prepare();
    printf("%-24s %8.2f ms\n", "(compiling the rules)", milliseconds() - start);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        double half = best_time(shapes[i].unit, SIZE / 2), whole = best_time(shapes[i].unit, SIZE);
        bool fails = whole > 20 || whole / half > 2.6;

        printf("%-24s %8.2f ms  x %.2f%s\n", shapes[i].name, whole, whole / half,
               fails ? "  slow" : "");
        slow |= fails;
    }
    return slow ? 1 : 0;
}
