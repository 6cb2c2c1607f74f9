/*
 * Which words of a mail are ours: runs of four or more words that also stand in a text we sent, and
 * what stands right before and behind such a run, be it shorter.
 *
 * Both sides become streams of word hashes; every four-word sequence of the sent side is indexed,
 * and the mail is walked once, each hit extended as far as it goes. A mail's line breaks do not
 * matter. Where in the sent text a line stands is kept: what was typed between two lines of ours
 * is told by that from what a program made of them.
 */
#include "reply/sent.h"

#include <string.h>

enum {
    GRAM = 4,             /* words that must agree before anything counts */
    CANDIDATES = 8,       /* places looked at for one sequence: bounds a text that repeats itself */
    SENT_WORDS = 200000,  /* of all texts together, some 1 MB; the rest is not compared */
    SHORTEST_SUBJECT = 8, /* bytes of a part of it that says what is answered */
    SHORTEST_NAME = 3,
    ANSWERED_WORDS = 3, /* of ours, in a line whose end is the answer */
};

/* Stands between two texts, and is no word's hash. */
#define APART   0
#define NO_LINE 0x7fffffffu

typedef struct {
    guint hash;
    guint line : 31; /* of the mail, or of all texts sent */
    guint alone : 1; /* a character that is a word: two of them say as much as one of letters */
} Word;

/* One text sent: its words from `start` to before `end`, those from `footer` on below its "-- ". */
typedef struct {
    guint start, footer, end;
    char *name, *address, *subject; /* of its head, or NULL */
} Text;

struct Sent {
    GArray *words, *texts;
    guint *heads, *next; /* for each sequence a chain of the places where it stands */
    guint mask;
    GHashTable *lines; /* hash of a line's words → where it begins, 1 … */
};

/* URLs differ between what was sent and what a gateway made of them. */
static gsize
url_length(const char *p)
{
    gsize scheme = 0;

    if (g_str_has_prefix(p, "https://"))
        scheme = 8;
    else if (g_str_has_prefix(p, "http://") || g_str_has_prefix(p, "mailto:"))
        scheme = 7;
    return scheme > 0 ? scheme + strcspn(p + scheme, " \t\n>)\"") : 0;
}

/* Scripts that are written without spaces: each character is a word. */
static bool
stands_alone(gunichar c)
{
    return (c >= 0x0e00 && c <= 0x0e7f) || (c >= 0x3040 && c <= 0x30ff) ||
           (c >= 0x3400 && c <= 0x9fff);
}

/* Appends the words of one line. */
static void
append_words(GArray *words, const char *text, guint line)
{
    guint hash = 0;

    for (const char *p = text;; p = g_utf8_next_char(p)) {
        gunichar c = (guchar)*p < 0x80 ? (guchar)*p : g_utf8_get_char(p);
        bool letter =
            c < 0x80 ? g_ascii_isalnum((char)c) : g_unichar_isalnum(c) || g_unichar_ismark(c);

        if (letter && (hash != 0 || url_length(p) == 0)) {
            hash = ((hash == 0 ? 5381 : hash) * 33) ^
                   (c < 0x80 ? (guint)g_ascii_tolower((char)c) : g_unichar_tolower(c));
            if (!stands_alone(c))
                continue;
        }
        if (hash != 0) {
            Word word = {hash, line, letter && stands_alone(c)};
            g_array_append_val(words, word);
            hash = 0;
        }
        if (c == '\0')
            return;
        if (letter && !stands_alone(c))
            p += url_length(p) - 1; /* the loop steps over the last byte, which is one of a URL */
    }
}

static Word
word_at(const GArray *words, guint i)
{
    return g_array_index(words, Word, i);
}

static guint
gram(const GArray *words, guint i)
{
    guint hash = 0;

    for (guint k = 0; k < GRAM; k++)
        hash = hash * 2654435761u + word_at(words, i + k).hash;
    return hash;
}

static guint
line_hash(const GArray *words, guint start, guint end)
{
    guint hash = end - start;

    for (; start < end; start++)
        hash = hash * 2654435761u + word_at(words, start).hash;
    return hash;
}

/* ---- the texts sent ---- */

/* "From: Ada Example <ada@example.org>": whom mails of ours name. */
static void
read_sender(Text *text, const char *value)
{
    const char *open = strrchr(value, '<');
    const char *address = open != NULL ? open + 1 : value;

    text->address = g_strndup(address, strcspn(address, "> "));
    text->name = open != NULL ? g_strstrip(g_strndup(value, (gsize)(open - value))) : NULL;
}

/* The head of a text that begins with one: From and Subject, up to the first empty line. Returns
 * the text below it. */
static const char *
read_head(Text *text, const char *sent)
{
    static const char from[] = "From: ", subject[] = "Subject: ";
    const char *body = g_str_has_prefix(sent, from) ? strstr(sent, "\n\n") : NULL;

    if (body == NULL)
        return sent;
    for (const char *line = sent; line < body; line += strcspn(line, "\n") + 1) {
        g_autofree char *one = g_strndup(line, strcspn(line, "\n"));

        if (g_str_has_prefix(one, from) && text->address == NULL)
            read_sender(text, one + strlen(from));
        else if (g_str_has_prefix(one, subject) && text->subject == NULL)
            text->subject = g_strdup(one + strlen(subject));
    }
    return body + 2;
}

static bool
is_footer_mark(const char *line)
{
    return strcmp(line, "-- ") == 0 || strcmp(line, "--") == 0 || strcmp(line, "—") == 0;
}

/* Appends the words of a text, and a word that no mail has behind them. */
static void
append_text(Sent *sent, const char *text, guint *line)
{
    Text entry = {.start = sent->words->len, .footer = G_MAXUINT};
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_auto(GStrv) lines = g_strsplit(read_head(&entry, valid), "\n", -1);
    const Word apart = {APART, NO_LINE, false};

    for (char **p = lines; *p != NULL && sent->words->len < SENT_WORDS; p++, (*line)++) {
        guint first = sent->words->len;

        if (is_footer_mark(*p))
            entry.footer = first;
        append_words(sent->words, *p, *line);
        if (sent->words->len > first)
            g_hash_table_insert(sent->lines,
                                GUINT_TO_POINTER(line_hash(sent->words, first, sent->words->len)),
                                GUINT_TO_POINTER(first + 1));
    }
    entry.end = sent->words->len;
    entry.footer = MIN(entry.footer, entry.end);
    g_array_append_val(sent->texts, entry);
    g_array_append_val(sent->words, apart);
}

static void
clear_text(gpointer data)
{
    Text *text = data;

    g_free(text->name);
    g_free(text->address);
    g_free(text->subject);
}

Sent *
sent_new(const char *const *texts)
{
    guint size = 1024, line = 0;

    if (texts == NULL || texts[0] == NULL)
        return NULL;
    Sent *sent = g_new0(Sent, 1);
    sent->words = g_array_new(FALSE, FALSE, sizeof(Word));
    sent->texts = g_array_new(FALSE, FALSE, sizeof(Text));
    g_array_set_clear_func(sent->texts, clear_text);
    sent->lines = g_hash_table_new(NULL, NULL);
    for (; *texts != NULL; texts++)
        append_text(sent, *texts, &line);
    while (size < sent->words->len * 2)
        size *= 2;
    sent->mask = size - 1;
    sent->heads = g_new0(guint, size);
    sent->next = g_new0(guint, sent->words->len + 1);
    for (guint i = sent->words->len; i-- > 0;) { /* so that a chain begins with the first */
        if (i + GRAM > sent->words->len)
            continue;
        guint *head = &sent->heads[gram(sent->words, i) & sent->mask];
        sent->next[i] = *head;
        *head = i + 1;
    }
    return sent;
}

void
sent_free(Sent *sent)
{
    if (sent == NULL)
        return;
    g_array_unref(sent->words);
    g_array_unref(sent->texts);
    g_hash_table_unref(sent->lines);
    g_free(sent->heads);
    g_free(sent->next);
    g_free(sent);
}

/* ---- the lines of a mail ---- */

static guint
common_run(const GArray *a, guint i, const GArray *b, guint k)
{
    guint n = 0;

    while (i + n < a->len && k + n < b->len && word_at(a, i + n).hash == word_at(b, k + n).hash)
        n++;
    return n;
}

static bool
weighs_enough(const GArray *words, guint i, guint n)
{
    guint weight = 0;

    for (guint k = 0; k < n && weight < 2 * GRAM; k++)
        weight += word_at(words, i + k).alone ? 1 : 2;
    return weight >= 2 * GRAM;
}

/* The longest run that begins at word `i` of the mail, and where it stands: of two as long the one
 * that goes on behind `last`. */
static guint
longest_run(const Sent *sent, const GArray *words, guint i, guint last, guint *at)
{
    guint best = 0, tried = 0;

    if (i + GRAM > words->len)
        return 0;
    for (guint k = sent->heads[gram(words, i) & sent->mask]; k != 0 && tried < CANDIDATES;
         tried++) {
        guint n = common_run(words, i, sent->words, k - 1);

        if (n > best || (n == best && k == last + 1)) {
            best = n;
            *at = k;
        }
        k = sent->next[k - 1];
    }
    return best >= GRAM && weighs_enough(words, i, best) ? best : 0;
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

static void
mark_runs(const Sent *sent, GArray *lines, const GArray *words)
{
    guint last = 0, at = 0;

    for (guint i = 0; i < words->len;) {
        guint run = longest_run(sent, words, i, last, &at);

        for (guint k = 0; k < run; k++)
            take_word(LINE(lines, word_at(words, i + k).line), at + k, run);
        if (run > 0)
            last = at + run - 1;
        else
            LINE(lines, word_at(words, i).line)->tail++;
        i += MAX(run, 1);
    }
}

/* Position `position` is the last, or the first, of its line in the text sent. */
static bool
ends_sent_line(const Sent *sent, guint position)
{
    return position >= sent->words->len ||
           word_at(sent->words, position - 1).line != word_at(sent->words, position).line;
}

static bool
begins_sent_line(const Sent *sent, guint position)
{
    return position == 1 ||
           word_at(sent->words, position - 1).line != word_at(sent->words, position - 2).line;
}

/* How many of the line's words, from its first on, are those of the sent text from `position` on.
 */
static guint
words_from(const Sent *sent, const GArray *words, guint first, guint n, guint position)
{
    guint k = 0;

    while (k < n && position + k <= sent->words->len &&
           word_at(words, first + k).hash == word_at(sent->words, position + k - 1).hash)
        k++;
    return k;
}

/* A line too short to be found by itself is ours if it is what comes next in the text sent, up to
 * the end of the line there, or its own. */
static void
take_next(const Sent *sent, Line *line, const GArray *words, guint first, guint position)
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
mark_neighbours(GArray *lines)
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
            line->repeat = beside && line->kind != LINE_BLANK;
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
                            (g_str_has_prefix(line->core, "http") && LINE(lines, i - 1)->repeat);
    }
}

static void
judge_line(const Sent *sent, Line *line)
{
    bool most = line->words > 0 && line->words_sent * 4 >= line->words * 3;

    line->ends_ours =
        line->sent_last > 0 && line->tail == 0 && ends_sent_line(sent, line->sent_last);
    line->begins_ours = line->sent_first > 0 && begins_sent_line(sent, line->sent_first);
    /* "Does it work for you? yes" */
    line->answered = line->words_sent >= ANSWERED_WORDS && line->tail > 0 &&
                     line->words_sent + line->tail == line->words &&
                     ends_sent_line(sent, line->sent_last);
    line->repeat = most && !line->answered;
}

/* A quoted line that is a whole line of ours, be it as short as it may. */
static void
mark_whole_lines(const Sent *sent, GArray *lines, const GArray *words, const guint *first)
{
    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if (line->kind != LINE_QUOTE || line->words == 0 || line->words_sent > 0)
            continue;
        guint hash = line_hash(words, first[i], first[i] + line->words);
        guint at = GPOINTER_TO_UINT(g_hash_table_lookup(sent->lines, GUINT_TO_POINTER(hash)));
        if (at > 0 && words_from(sent, words, first[i], line->words, at) == line->words)
            take_next(sent, line, words, first[i], at);
    }
}

/* Short lines, from the line of ours above them on, and then from the one below back. */
static void
mark_short(const Sent *sent, GArray *lines, const GArray *words, const guint *first)
{
    guint position = 0;

    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if (line->words > 0 && line->words_sent == 0 && position > 0)
            take_next(sent, line, words, first[i], position + 1);
        if (line->sent_last > 0)
            position = line->sent_last;
    }
    position = 0;
    for (guint i = lines->len; i-- > 0;) {
        Line *line = LINE(lines, i);

        if (line->words > 0 && line->words_sent == 0 && position > line->words &&
            words_from(sent, words, first[i], line->words, position - line->words) == line->words)
            take_next(sent, line, words, first[i], position - line->words);
        if (line->sent_first > 0)
            position = line->sent_first;
    }
}

void
sent_mark(const Sent *sent, GArray *lines)
{
    g_autoptr(GArray) words = g_array_new(FALSE, FALSE, sizeof(Word));
    g_autofree guint *first = g_new(guint, lines->len + 1);

    for (guint i = 0; i < lines->len; i++) {
        first[i] = words->len;
        append_words(words, LINE(lines, i)->text, i);
        LINE(lines, i)->words = words->len - first[i];
    }
    if (sent == NULL)
        return;
    mark_runs(sent, lines, words);
    mark_short(sent, lines, words, first);
    mark_whole_lines(sent, lines, words, first);
    for (guint i = 0; i < lines->len; i++)
        judge_line(sent, LINE(lines, i));
    mark_neighbours(lines);
}

/* ---- questions ---- */

static const Text *
text_of(const Sent *sent, guint position)
{
    for (guint i = 0; i < sent->texts->len; i++) {
        const Text *text = &g_array_index(sent->texts, Text, i);

        if (position > text->start && position <= text->end)
            return text;
    }
    return NULL;
}

bool
sent_is_whole(const Sent *sent, const GArray *lines, guint start, guint end)
{
    const Text *text = NULL;
    guint words = 0;

    for (guint i = start; i < end; i++) {
        const Line *line = LINE(lines, i);

        if (line->sent_first == 0)
            continue;
        if (text == NULL)
            text = text_of(sent, line->sent_first);
        if (line->sent_first > text->footer && line->sent_first <= text->end)
            return true;
        words += line->words_sent;
    }
    return text != NULL && text->footer > text->start &&
           words * 10 >= (text->footer - text->start) * 9;
}

bool
sent_is_end(const Sent *sent, guint position)
{
    const Text *text = position > 0 ? text_of(sent, position) : NULL;

    return text != NULL && (position > text->footer || position == text->end);
}

bool
sent_has_sender(const Sent *sent)
{
    for (guint i = 0; sent != NULL && i < sent->texts->len; i++) {
        if (g_array_index(sent->texts, Text, i).address != NULL)
            return true;
    }
    return false;
}

/* The line says the subject, or, where that was wrapped, its beginning behind the field's name. */
static bool
says_subject(const char *core, const char *subject)
{
    const char *colon = strstr(core, ": ");

    if (strstr(core, subject) != NULL)
        return true;
    for (guint n = 0; colon != NULL && n < 3; n++, colon = strstr(colon + 1, ": ")) {
        const char *value = colon + 2;

        if (strlen(value) >= SHORTEST_SUBJECT && g_str_has_prefix(subject, value))
            return true;
    }
    return false;
}

/* The name, by itself: "Tim", and not "sometimes". */
static bool
holds_name(const char *core, const char *name)
{
    gsize length = strlen(name);

    for (const char *p = strcasestr(core, name); p != NULL; p = strcasestr(p + 1, name)) {
        bool begins = p == core || !g_unichar_isalnum(g_utf8_get_char(g_utf8_prev_char(p)));

        if (begins && !g_unichar_isalnum(g_utf8_get_char(p + length)))
            return true;
    }
    return false;
}

bool
sent_is_named(const Sent *sent, const char *core)
{
    for (guint i = 0; i < sent->texts->len; i++) {
        const Text *text = &g_array_index(sent->texts, Text, i);

        if ((text->address != NULL && *text->address != '\0' &&
             strcasestr(core, text->address) != NULL) ||
            (text->name != NULL && strlen(text->name) >= SHORTEST_NAME &&
             holds_name(core, text->name)) ||
            (text->subject != NULL && strlen(text->subject) >= SHORTEST_NAME &&
             says_subject(core, text->subject)))
            return true;
    }
    return false;
}

bool
sent_begins_with_name(const Sent *sent, const char *text)
{
    for (guint i = 0; i < sent->texts->len; i++) {
        const char *name = g_array_index(sent->texts, Text, i).name;

        if (name != NULL && strlen(name) >= SHORTEST_NAME && g_str_has_prefix(text, name))
            return true;
    }
    return false;
}
