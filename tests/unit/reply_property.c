/* Properties that hold for every mail: tried on mails put together by chance, and on damaged ones.
 */
#include "markup/html.h"
#include "reply/reply.h"
#include "patterns/rule.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <string.h>
#include <time.h>

enum { MAILS = 4000, PIECES = 14, SEED = 20251117 };

static const char *const pieces[] = {
    "Yes, that is right.\n",
    "No.\n",
    "\n",
    "\n",
    "\n",
    "> Is it?\n",
    "> > Older.\n",
    ">\n",
    "-- \n",
    "--\n",
    "---\n",
    "* * *\n",
    "Bob\n",
    "Regards,\n",
    "Sent from my iPhone\n",
    "```\n",
    "- a list\n",
    "1. numbered\n",
    "From: Ada <ada@example.org>\n",
    "Sent: Monday, November 17, 2025 9:13 AM\n",
    "To: Bob\n",
    "Subject: x\n",
    "wrote:\n",
    "> wrote:\n",
    "<ada@example.org>\n",
    "On Mon, Nov 17, 2025 at 9:12 AM Ada Example\n",
    "On Mon, Nov 17, 2025 at 9:12 AM Ada <ada@example.org> wrote:\n",
    "-----Original Message-----\n",
    "Begin forwarded message:\n",
    "Reply above this line\n",
    "\r\n",
    "\t indented\n",
    "This message is confidential and intended for the addressee only.\n",
    "kernel-users mailing list\n",
    "GS> Is it?\n",
    "Grace> Is it?\n",
    ">>> Ada <ada@example.org> 11/17/2025 9:12 AM >>>\n",
    "Monday, November 17, 2025, 9:12:00 AM, you wrote:\n",
    "On Mon, Nov 17, 2025 Ada <ada@example.org> wrote: Is it?\n",
    "-------- Original message --------From: Ada <ada@example.org> Date: 17/11/2025\n",
    "The manual says:\n",
    "Hi Ada,\n",
    "--verbose\n",
    "    --\n",
    "&gt; entity\n",
    "a line that is long enough to have been wrapped by some relay on the\n",
    "way here\n",
    "\u202ereordered\u200b\n",
    "no end",
    "a@b1: c\n",
    "Ada Example\n",
    "Message ID: <a@b.c>\n",
    "The build stops in the function that opens a pack\n",
};

static char *
random_mail(GRand *rand)
{
    GString *mail = g_string_new(NULL);
    gint n = g_rand_int_range(rand, 1, PIECES);

    for (gint i = 0; i < n; i++) {
        if (g_rand_int_range(rand, 0, 8) == 0) /* a row's own example, now and then */
            g_string_append_printf(mail, "%s\n",
                                   mp_rules[g_rand_int_range(rand, 0, (gint32)mp_n_rules)].cuts);
        else
            g_string_append(mail, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
    }
    return g_string_free(mail, FALSE);
}

/* Cuts, doubles and overwrites, without regard to characters or lines. */
static char *
damaged(GRand *rand, const char *mail)
{
    GString *out = g_string_new(mail);

    for (gint n = g_rand_int_range(rand, 1, 6); n > 0 && out->len > 0; n--) {
        gsize at = (gsize)g_rand_int_range(rand, 0, (gint32)out->len);
        gsize length = (gsize)g_rand_int_range(rand, 1, 20);

        length = MIN(length, out->len - at); /* MIN would roll twice */

        switch (g_rand_int_range(rand, 0, 3)) {
        case 0:
            g_string_erase(out, (gssize)at, (gssize)length);
            break;
        case 1:
            out->str[at] = (char)g_rand_int_range(rand, 1, 256);
            break;
        default: {
            g_autofree char *part = g_strndup(out->str + at, length);
            g_string_insert(out, (gssize)at, part);
        }
        }
    }
    return g_string_free(out, FALSE);
}

/* The lines of a mail as they may be shown: without deceptive characters, invalid bytes replaced.
 */
static GString *
all_lines(const MpReply *reply)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < reply->lines->len; i++) {
        const MpReplyLine *line = reply->lines->pdata[i];
        g_string_append_printf(all, "%s%s", i > 0 ? "\n" : "", line->text);
    }
    return all;
}

static void
check_lines(const char *mail, const MpReply *reply)
{
    g_autofree char *valid = g_utf8_make_valid(mail, -1);
    g_autoptr(GString) all = all_lines(reply);
    const char *p = all->str;

    for (const char *q = valid; *q != '\0';
         q++) { /* a walk over both, stepping over what is not plain */
        if (*q != '\n' && (*q < 0x20 || *q == 0x7f))
            continue;
        while (*p != '\0' && *p != *q && ((guchar)*p >= 0x80 || *p == '\\' || *p == '\t'))
            p++;
        if (*q == ' ' && *p == '\n') { /* an attribution that began on the answer's line */
            p++;
            continue;
        }
        cr_assert_eq(*p, *q, "lines differ from the mail at \"%.20s\" in \"%s\"", q, mail);
        p++;
    }
}

static void
check_sides(const MpReply *reply)
{
    for (guint i = 0; i < reply->lines->len; i++) {
        const MpReplyLine *line = reply->lines->pdata[i];
        cr_assert_not_null(line->rule);
        cr_assert_str_not_empty(line->rule);
        if (line->text[strspn(line->text, " \t")] != '\0' && strpbrk(line->text, "\\") == NULL)
            cr_assert_not_null(strstr(line->kept ? reply->reply : reply->elided, line->text));
    }
}

static bool
is_plain(const char *mail)
{
    for (; *mail != '\0'; mail++) {
        if (*mail != '\n' && (*mail < 0x20 || *mail == 0x7f || *mail == '\\'))
            return false;
    }
    return true;
}

Test(reply_property, kept_and_elided_are_all_lines_in_order)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);

    for (guint i = 0; i < MAILS; i++) {
        g_autofree char *mail = random_mail(rand);
        g_autofree char *broken = damaged(rand, mail);
        g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);
        g_autoptr(MpReply) of_broken = mp_reply_extract(broken, NULL);

        check_sides(reply);
        check_sides(of_broken);
        if (is_plain(mail))
            check_lines(mail, reply);
    }
}

Test(reply_property, extracting_an_extraction_changes_nothing)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED + 1);

    for (guint i = 0; i < MAILS; i++) {
        g_autofree char *mail = random_mail(rand);
        g_autoptr(MpReply) once = mp_reply_extract(mail, NULL);
        g_autoptr(MpReply) twice = mp_reply_extract(once->reply, NULL);

        cr_expect_str_eq(twice->reply, once->reply, "of \"%s\" once \"%s\", twice \"%s\"", mail,
                         once->reply, twice->reply);
    }
}

static bool
has_rule(const MpReply *reply, const char *rule)
{
    for (guint i = 0; i < reply->lines->len; i++) {
        if (strcmp(((const MpReplyLine *)reply->lines->pdata[i])->rule, rule) == 0)
            return true;
    }
    return false;
}

/* The text we sent is made of the same pieces, so that much of the mail repeats it. A reply that is
 * but our own words is one only while the message it answers stands below. */
Test(reply_property, with_the_sent_text_known_it_is_so_too)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED + 3);

    for (guint i = 0; i < MAILS; i++) {
        g_autofree char *mail = random_mail(rand), *ours = random_mail(rand);
        g_autofree char *longer = g_strconcat(ours, pieces[G_N_ELEMENTS(pieces) - 1], NULL);
        const char *const sent[] = {longer, NULL};
        g_autoptr(MpReply) once = mp_reply_extract(mail, sent);
        g_autoptr(MpReply) twice = mp_reply_extract(once->reply, sent);

        check_sides(once);
        if (has_rule(once, "kept-all-there-is"))
            continue;
        cr_expect_str_eq(twice->reply, once->reply,
                         "of \"%s\" with \"%s\" once \"%s\", twice \"%s\"", mail, longer,
                         once->reply, twice->reply);
    }
}

Test(reply_property, a_mail_without_marks_is_kept_whole)
{
    static const char *const words[] = {"the",  "build", "works", "on",     "Debian", "17",
                                        "2025", "from",  "my",    "server", "wrote",  "to",
                                        "me",   "\n",    "\n\n",  ","};
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED + 2);

    for (guint i = 0; i < MAILS; i++) {
        g_autoptr(GString) mail = g_string_new("Start");
        for (gint n = g_rand_int_range(rand, 1, 40); n > 0; n--)
            g_string_append_printf(mail, " %s",
                                   words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))]);
        g_string_append(mail, " end.");
        g_autoptr(MpReply) reply = mp_reply_extract(mail->str, NULL);
        cr_expect_str_empty(reply->elided, "of \"%s\" was cut \"%s\"", mail->str, reply->elided);
    }
}

Test(reply_property, html_of_any_shape_becomes_valid_text)
{
    static const char *const tags[] = {"<div>",
                                       "</div>",
                                       "<p>",
                                       "<b>",
                                       "</b>",
                                       "<ul>",
                                       "<li>",
                                       "</ul>",
                                       "<blockquote>",
                                       "</blockquote>",
                                       "<table>",
                                       "<tr>",
                                       "<td>",
                                       "<th>",
                                       "</table>",
                                       "<pre>",
                                       "</pre>",
                                       "<br>",
                                       "<a href='https://x.y/'>",
                                       "</a>",
                                       "<img alt=a src=cid:b>",
                                       "text ",
                                       "more\n",
                                       "&amp;",
                                       "<h1>",
                                       "<",
                                       "\xff",
                                       "<hr>",
                                       "<code>",
                                       "</code>",
                                       "<div class=gmail_quote>",
                                       "<div id=divRplyFwdMsg>",
                                       "<div class=gmail_signature>"};
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED + 3);

    for (guint i = 0; i < MAILS; i++) {
        g_autoptr(GString) html = g_string_new(NULL);
        for (gint n = g_rand_int_range(rand, 1, 60); n > 0; n--)
            g_string_append(html, tags[g_rand_int_range(rand, 0, G_N_ELEMENTS(tags))]);
        g_autofree char *markdown = mp_html_to_markdown(html->str, html->len);
        g_autoptr(MpReply) reply = mp_reply_extract(markdown, NULL);
        cr_assert(g_utf8_validate(markdown, -1, NULL));
    }
}

/* ---- time ---- */

enum {
    OCTETS = 100000,
    LONG_OCTETS = 400000,
    PAIR_OCTETS = 20000,
    FEWEST_ROUNDS = 3,
    MOST_ROUNDS = 20,
    LINEAR_NS = 300, /* for an octet: what takes less is not looked at more closely */
};

static const double most_growth = 3; /* of the time for twice as much: linear is 2, quadratic 4 */

/* `head` once, then runs of `first` and of `second`, of equal length. */
static char *
runs(const char *head, const char *first, const char *second, gsize octets)
{
    GString *text = g_string_new(head);

    while (text->len < octets / 2)
        g_string_append(text, first);
    while (text->len < octets)
        g_string_append(text, second);
    return g_string_free(text, FALSE);
}

/* Memory that was given back to the system and is taken again costs more than all the rest, and
 * only above some size: so it is all of the heap, which keeps it. */
static void
keep_memory(void)
{
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, G_MAXINT);
}

static double
seconds_for(const char *text, const char *sent)
{
    const char *const texts[] = {sent, NULL};

    keep_memory();
    clock_t begin = clock();
    g_autoptr(MpReply) reply = mp_reply_extract(text, sent != NULL ? texts : NULL);

    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* How many times as long the whole takes as the half. Of several rounds the best, in turns: other
 * work on the machine makes a round slower, never faster. So what looks bad is tried more often. */
static double
growth(const char *half, const char *whole, const char *sent_half, const char *sent)
{
    double least_half = G_MAXDOUBLE, least = G_MAXDOUBLE;

    for (guint i = 0; i < MOST_ROUNDS && (i < FEWEST_ROUNDS || least >= least_half * most_growth);
         i++) {
        least_half = MIN(least_half, seconds_for(half, sent_half));
        least = MIN(least, seconds_for(whole, sent));
    }
    return least / least_half;
}

typedef enum { NOTHING_SENT, ANOTHER_SENT, THIS_SENT } SentText;

/* Fails if the time for such a mail grows faster than its size. Most take no time to speak of. */
static void
check_growth(const char *head, const char *first, const char *second, gsize octets, SentText which)
{
    static const char another[] = "Is it?\n\nThe build stops in the function that opens a pack\n";
    g_autofree char *whole = runs(head, first, second, octets);
    const char *sent = which == THIS_SENT ? whole : which == ANOTHER_SENT ? another : NULL;

    if (seconds_for(whole, sent) * 1e9 < (double)(octets * LINEAR_NS))
        return;
    g_autofree char *half = runs(head, first, second, octets / 2);
    double grows = growth(half, whole, which == THIS_SENT ? half : sent, sent);
    cr_expect_lt(grows, most_growth, "x %.1f: \"%s\", then \"%s\", then \"%s\", sent: %d", grows,
                 head, first, second, which);
}

/* Each piece, over and over, below an answer and below a boundary. */
Test(reply_property, repeated_lines_take_a_time_that_is_linear_in_their_number)
{
    static const char boundary[] = "On Mon, Nov 17, 2025 at 9:12 AM Ada Example wrote:\nx\n";

    mp_reply_prepare();
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        for (SentText which = NOTHING_SENT; which <= THIS_SENT; which++)
            check_growth("Yes.\n", pieces[i], pieces[i], OCTETS, which);
        check_growth(boundary, pieces[i], pieces[i], LONG_OCTETS, NOTHING_SENT);
    }
}

/* A run of each piece above a run of each other: what is looked up or down from every line. */
Test(reply_property, lines_below_repeated_lines_take_a_time_that_is_linear_in_their_number)
{
    mp_reply_prepare();
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(pieces); k++)
            if (i != k)
                check_growth("", pieces[i], pieces[k], PAIR_OCTETS, NOTHING_SENT);
}
