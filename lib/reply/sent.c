/*
 * Which words of a mail are ours: runs of four or more words that also stand in a text we sent, and
 * what stands right before and behind such a run, be it shorter.
 *
 * Both sides become streams of word hashes; the mail is walked once, each hit extended as far as it
 * goes. A mail's line breaks do not matter. Where in the sent text a line stands is kept: what was
 * typed between two lines of ours is told by that from what a program made of them.
 */
#include "reply/sent_words.h"

#include <string.h>

enum {
    SHORT_ANSWER = 4,   /* words */
    CANDIDATES = 8,     /* places looked at for one sequence: bounds a text that repeats itself */
    ANSWERED_WORDS = 3, /* of ours, in a line whose end is the answer */
};

static guint
common_run(const Words *a, guint i, const Words *b, guint k)
{
    guint n = 0;

    while (i + n < a->len && k + n < b->len && sent_word(a, i + n).hash == sent_word(b, k + n).hash)
        n++;
    return n;
}

static bool
weighs_enough(const Words *words, guint i, guint n)
{
    guint weight = 0;

    for (guint k = 0; k < n && weight < 2 * SENT_GRAM; k++)
        weight += sent_word(words, i + k).alone ? 1 : 2;
    return weight >= 2 * SENT_GRAM;
}

/* The longest run that begins at word `i` of the mail, and where it stands: of two as long the one
 * that goes on behind `last`. */
static guint
longest_run(const Sent *sent, const Words *words, guint i, guint last, guint *at)
{
    guint best = 0, tried = 0;

    if (i + SENT_GRAM > words->len)
        return 0;
    for (guint k = sent->heads[sent_gram(words, i) & sent->mask]; k != 0 && tried < CANDIDATES;
         tried++) {
        guint n = common_run(words, i, &sent->words, k - 1);

        if (n > best || (n == best && k == last + 1)) {
            best = n;
            *at = k;
        }
        k = sent->next[k - 1];
    }
    return best >= SENT_GRAM && weighs_enough(words, i, best) ? best : 0;
}

/* Word `position` (1 …) of the sent text stands in the line. */
static void
take_word(Line *line, guint position, guint run)
{
    line->words_sent++;
    line->run = MAX(line->run, run);
    line->tail = 0;
    if (line->sent_first == 0)
        line->sent_first = position;
    line->sent_last = position;
}

/* Position `position` is the last of its line in the text sent. */
static bool
ends_sent_line(const Sent *sent, guint position)
{
    return position >= sent->words.len ||
           sent_word(&sent->words, position - 1).line != sent_word(&sent->words, position).line;
}

/* Of a run that begins in the middle of a line, its words in that line, where the line sent ends
 * with them: "Does it work when hot? only when hot". */
static guint
chance_head(const Sent *sent, const GArray *lines, const Words *words, guint i, guint run, guint at)
{
    guint line = sent_word(words, i).line, n = 0;

    while (n < run && n < SENT_GRAM && sent_word(words, i + n).line == line)
        n++;
    return n < run && n < SENT_GRAM && LINE(lines, line)->tail > 0 &&
                   ends_sent_line(sent, at + n - 1)
               ? n
               : 0;
}

/* Of a run that ends with a line of the mail, its words behind the last line sent that has come to
 * its end there: "Which of them is hot? 3." above "3. Is it on?" */
static guint
chance_foot(const Sent *sent, const Words *words, guint i, guint run, guint at)
{
    guint end = i + run, line = sent_word(words, end - 1).line, n = 0;

    if ((end < words->len && sent_word(words, end).line == line) ||
        ends_sent_line(sent, at + run - 1))
        return 0;
    while (n + 1 < run && n < SENT_GRAM && sent_word(words, end - 1 - n).line == line &&
           !ends_sent_line(sent, at + run - 1 - n))
        n++;
    return n < SENT_GRAM && n + 1 < run && ends_sent_line(sent, at + run - 1 - n) ? n : 0;
}

static void
mark_runs(const Sent *sent, GArray *lines, const Words *words)
{
    guint last = 0, at = 0;

    for (guint i = 0; i < words->len;) {
        guint run = longest_run(sent, words, i, last, &at);
        guint chance = run > 0 ? chance_head(sent, lines, words, i, run, at) : 0;

        if (run > 0 && at <= last && last - at + 1 < MIN(run, SENT_GRAM))
            chance = last - at + 1; /* "Is it open?", "open", "Who signs it?": typed again */
        LINE(lines, sent_word(words, i).line)->tail += chance;
        i += chance;
        at += chance;
        run -= chance;
        run -= run > 0 ? chance_foot(sent, words, i, run, at) : 0;
        for (guint k = 0; k < run; k++)
            take_word(LINE(lines, sent_word(words, i + k).line), at + k, run);
        if (run > 0)
            last = at + run - 1;
        else
            LINE(lines, sent_word(words, i).line)->tail++;
        i += MAX(run, 1);
    }
}

/* The same of its first word. */
static bool
begins_sent_line(const Sent *sent, guint position)
{
    return position == 1 ||
           sent_word(&sent->words, position - 1).line != sent_word(&sent->words, position - 2).line;
}

/* How many of the line's words, from its first on, are those of the sent text from `position` on.
 */
static guint
words_from(const Sent *sent, const Words *words, guint first, guint n, guint position)
{
    guint k = 0;

    while (k < n && position + k <= sent->words.len &&
           sent_word(words, first + k).hash == sent_word(&sent->words, position + k - 1).hash)
        k++;
    return k;
}

/* A line too short to be found by itself is ours if it is what comes next in the text sent, up to
 * the end of the line there, or its own. */
static void
take_next(const Sent *sent, Line *line, const Words *words, guint first, guint position)
{
    guint n = words_from(sent, words, first, line->words, position);

    if (n == 0 || (n < line->words && (n < 2 || !ends_sent_line(sent, position + n - 1))))
        return;
    for (guint k = 0; k < n; k++)
        take_word(line, position + k, n);
    line->tail = line->words - n;
}

/* What stands between two lines of ours, without a word in it, is ours where nothing is missing
 * between them, and nothing else was typed: "}", "--", "```". */
static void
mark_neighbours(const Sent *sent, GArray *lines)
{
    guint above = 0, below = 0;
    bool beside = false; /* no line of the person's stands between */

    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        line->sent_above = above;
        above = line->sent_last > 0 ? line->sent_last : above;
        if (line->words > 0)
            beside = line->words_sent > 0;
        else
            line->repeat = beside && line->kind != LINE_BLANK && !line_is_symbol(line->core) &&
                           (!line_is_link(line->core) || sent_has_link(sent, above));
    }
    beside = false;
    for (guint i = lines->len; i-- > 0;) {
        Line *line = LINE(lines, i);

        line->sent_below = below;
        below = line->sent_first > 0 ? line->sent_first : below;
        if (line->words > 0)
            beside = line->words_sent > 0;
        else
            line->repeat &= (beside && line->sent_above + 1 == line->sent_below) ||
                            (i > 0 && line_is_link(line->core) && LINE(lines, i - 1)->repeat);
    }
}

static bool
has_letters(const char *word)
{
    for (; *word != '\0'; word = g_utf8_next_char(word)) {
        if (g_unichar_isalnum(g_utf8_get_char(word)))
            return true;
    }
    return false;
}

static void
judge_line(const Sent *sent, Line *line)
{
    bool most = line->words > 0 && line->words_sent * 4 >= line->words * 3;

    line->ends_ours =
        line->sent_last > 0 && line->tail == 0 && ends_sent_line(sent, line->sent_last);
    line->begins_ours = line->sent_first > 0 && begins_sent_line(sent, line->sent_first);
    const char *last = strrchr(line->core, ' ');
    bool link = last != NULL && line_is_link(last + 1) && line->sent_last > 0 &&
                !sent_has_link(sent, line->sent_last);
    bool symbol =
        last != NULL && line->sent_last > 0 && !has_letters(last + 1) && line_is_symbol(last + 1);
    /* "Does it work for you? yes", "Which page is it? https://example.org", "Is it on? 👍" */
    /* two words, and what stands behind them in the next line of ours: "shirt size: XL" */
    bool next = line->begins_ours && line->sent_first == line->sent_above + 1 &&
                line->tail <= SHORT_ANSWER && strchr(line->core, '[') == NULL;
    line->answered =
        line->words_sent >= (next ? ANSWERED_WORDS - 1 : ANSWERED_WORDS) &&
        (line->tail > 0 || link || symbol) && line->words_sent + line->tail == line->words &&
        ends_sent_line(sent, line->sent_last) && !sent_is_footer(sent, line->sent_last);
    line->repeat = most && !line->answered;
}

/* The first line of a text of ours, which none stands above, with an answer behind it. */
static void
take_first(const Sent *sent, Line *line, const Words *words, guint first)
{
    for (guint i = 0; line->words_sent == 0 && i < sent->texts->len; i++) {
        guint start = sent_text_start(sent, i) + 1;

        if (words_from(sent, words, first, line->words, start) < line->words)
            take_next(sent, line, words, first, start);
    }
}

/* Quoted lines that are a whole line of ours, be it as short as it may. */
static void
mark_whole_lines(const Sent *sent, GArray *lines, const Words *words, const guint *first)
{
    g_autoptr(GHashTable) ours = NULL;

    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if (line->kind != LINE_QUOTE || line->words == 0 || line->words_sent > 0)
            continue;
        if (ours == NULL)
            ours = sent_lines(sent);
        guint hash = sent_line_hash(words, first[i], first[i] + line->words);
        guint at = GPOINTER_TO_UINT(g_hash_table_lookup(ours, GUINT_TO_POINTER(hash)));
        if (at > 0 && words_from(sent, words, first[i], line->words, at) == line->words)
            take_next(sent, line, words, first[i], at);
    }
}

/* The next line with words in it goes on behind `position` itself: "3.", and below it "3. Is it?"
 */
static bool
is_taken_below(const GArray *lines, guint i, guint position)
{
    for (i++; i < lines->len && LINE(lines, i)->words == 0;)
        i++;
    return i < lines->len && LINE(lines, i)->sent_first == position + 1;
}

/* The nearest line of ours above goes as far as the one below from `position` on: "Is it open?",
 * and below it "open". */
static bool
is_taken_above(const Line *line, guint position)
{
    return line->sent_above >= position && line->sent_above < position + line->words;
}

/* Short lines, from the line of ours above them on, and then from the one below back. */
static void
mark_short(const Sent *sent, GArray *lines, const Words *words, const guint *first)
{
    guint position = 0;

    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        line->sent_above = position;
        if (line->words > 0 && line->words_sent == 0 && position == 0)
            take_first(sent, line, words, first[i]);
        if (line->words > 0 && line->words_sent == 0 && position > 0 &&
            !is_taken_below(lines, i, position))
            take_next(sent, line, words, first[i], position + 1);
        if (line->sent_last > 0)
            position = line->sent_last;
    }
    position = 0;
    for (guint i = lines->len; i-- > 0;) {
        Line *line = LINE(lines, i);

        if (line->words > 0 && line->words_sent == 0 && position > line->words &&
            !is_taken_above(line, position - line->words) &&
            words_from(sent, words, first[i], line->words, position - line->words) == line->words)
            take_next(sent, line, words, first[i], position - line->words);
        if (line->sent_first > 0)
            position = line->sent_first;
    }
}

void
sent_mark(const Sent *sent, GArray *lines)
{
    Words words = {NULL, 0, 0};
    g_autofree guint *first = g_new(guint, lines->len + 1);

    for (guint i = 0; i < lines->len; i++) {
        first[i] = words.len;
        if (LINE(lines, i)->kind == LINE_BLANK)
            continue;
        sent_append_words(&words, LINE(lines, i)->text, i);
        LINE(lines, i)->words = words.len - first[i];
    }
    mark_runs(sent, lines, &words);
    mark_short(sent, lines, &words, first);
    mark_whole_lines(sent, lines, &words, first);
    for (guint i = 0; i < lines->len; i++) {
        if (LINE(lines, i)->words > 0)
            judge_line(sent, LINE(lines, i));
    }
    mark_neighbours(sent, lines);
    g_free(words.at);
}
