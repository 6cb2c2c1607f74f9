/*
 * The texts sent: their words, every four-word sequence of them indexed, and what is asked of them.
 * See sent.h.
 */
#include "reply/sent_words.h"

#include <string.h>

enum {
    ASCII_SMALL = 0x20,   /* set in small letters, and in digits */
    SENT_WORDS = 200000,  /* of all texts together, some 1 MB; the rest is not compared */
    SHORTEST_SUBJECT = 8, /* bytes of a part of it that says what is answered */
    SHORTEST_NAME = 3,
    FEWEST_WORDS = 64, /* for which there is room */
};

/* Stands between two texts, and is no word's hash. */
#define APART   0
#define NO_LINE 0x7fffffffu

/* One text sent: its words from `start` to before `end`, those from `footer` on below its "-- ". */
typedef struct {
    guint start, footer, end;
    char *name, *address, *subject; /* of its head, or NULL */
} Text;

/* URLs differ between what was sent and what a gateway made of them. */
static gsize
url_length(const char *p)
{
    gsize scheme = 0;

    if (*p != 'h' && *p != 'm')
        return 0;
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

/* "```json": the name of the language, which a program that shows code leaves out, is no word. */
static bool
is_fence(const char *text)
{
    while (*text == '>' || *text == ' ' || *text == '\t' || *text == '|')
        text++;
    return text[0] == '`' && g_str_has_prefix(text, "```") && strchr(text + 3, '`') == NULL;
}

static void
append_word(Words *words, Word word)
{
    if (words->len == words->room) {
        words->room = MAX(2 * words->room, FEWEST_WORDS);
        words->at = g_renew(Word, words->at, words->room);
    }
    words->at[words->len++] = word;
}

void
sent_append_words(Words *words, const char *text, guint line)
{
    guint hash = 0;

    if (is_fence(text))
        return;

    for (const char *p = text;; p = g_utf8_next_char(p)) {
        for (; hash != 0 && g_ascii_isalnum(*p); p++) /* the rest of a word, mostly */
            hash = (hash * 33) ^ (guint)(*p | ASCII_SMALL);
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
            append_word(words, (Word){hash, line, letter && stands_alone(c)});
            hash = 0;
        }
        if (c == '\0')
            return;
        if (letter && !stands_alone(c))
            p += url_length(p) - 1; /* the loop steps over the last byte, which is one of a URL */
    }
}

guint
sent_gram(const Words *words, guint i)
{
    guint hash = 0;

    for (guint k = 0; k < SENT_GRAM; k++)
        hash = hash * 2654435761u + sent_word(words, i + k).hash;
    return hash;
}

guint
sent_line_hash(const Words *words, guint start, guint end)
{
    guint hash = end - start;

    for (; start < end; start++)
        hash = hash * 2654435761u + sent_word(words, start).hash;
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
    return (*line == '-' || *line == '\xe2') &&
           (strcmp(line, "-- ") == 0 || strcmp(line, "--") == 0 || strcmp(line, "—") == 0);
}

static void
note_link(Sent *sent, guint first)
{
    for (guint k = first; k <= sent->words.len; k++)
        g_hash_table_add(sent->links, GUINT_TO_POINTER(k + 1));
}

/* Appends the words of a text, and a word that no mail has behind them. */
static void
append_text(Sent *sent, const char *text, guint *line)
{
    Text entry = {.start = sent->words.len, .footer = G_MAXUINT};
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    char *rest = (char *)read_head(&entry, valid);
    const Word apart = {APART, NO_LINE, false};
    const bool links = strstr(rest, "://") != NULL;

    for (; rest != NULL && sent->words.len < SENT_WORDS; (*line)++) {
        const char *one = strsep(&rest, "\n");
        guint first = sent->words.len;

        if (*one == '\0')
            continue;
        if (is_footer_mark(one))
            entry.footer = first;
        sent_append_words(&sent->words, one, *line);
        if (links && strstr(one, "://") != NULL)
            note_link(sent, first);
    }
    entry.end = sent->words.len;
    entry.footer = MIN(entry.footer, entry.end);
    g_array_append_val(sent->texts, entry);
    append_word(&sent->words, apart);
}

GHashTable *
sent_lines(const Sent *sent)
{
    const Words *words = &sent->words;
    GHashTable *lines = g_hash_table_new(NULL, NULL);

    for (guint i = 0, end; i < words->len; i = end) {
        guint line = sent_word(words, i).line;

        for (end = i + 1; end < words->len && sent_word(words, end).line == line;)
            end++;
        if (line != NO_LINE)
            g_hash_table_insert(lines, GUINT_TO_POINTER(sent_line_hash(words, i, end)),
                                GUINT_TO_POINTER(i + 1));
    }
    return lines;
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
    sent->texts = g_array_new(FALSE, FALSE, sizeof(Text));
    g_array_set_clear_func(sent->texts, clear_text);
    sent->links = g_hash_table_new(NULL, NULL);
    for (; *texts != NULL; texts++)
        append_text(sent, *texts, &line);
    while (size < sent->words.len * 2)
        size *= 2;
    sent->mask = size - 1;
    sent->heads = g_new0(guint, size);
    sent->next = g_new0(guint, sent->words.len + 1);
    for (guint i = sent->words.len; i-- > 0;) { /* so that a chain begins with the first */
        if (i + SENT_GRAM > sent->words.len)
            continue;
        guint *head = &sent->heads[sent_gram(&sent->words, i) & sent->mask];
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
    g_free(sent->words.at);
    g_array_unref(sent->texts);
    g_hash_table_unref(sent->links);
    g_free(sent->heads);
    g_free(sent->next);
    g_free(sent);
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

guint
sent_text_start(const Sent *sent, guint i)
{
    return g_array_index(sent->texts, Text, i).start;
}

bool
sent_has_link(const Sent *sent, guint position)
{
    return g_hash_table_contains(sent->links, GUINT_TO_POINTER(position + 1));
}

bool
sent_is_footer(const Sent *sent, guint position)
{
    const Text *text = position > 0 ? text_of(sent, position) : NULL;

    return text != NULL && position > text->footer;
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
