/*
 * Encoded words (RFC 2047) as they are written: of any charset, with one character in two words,
 * with octets beyond ASCII in them or beside them.
 */
#include "message/charset.h"
#include "message/internal.h"

#include <string.h>

typedef struct {
    const char *begin, *end; /* "=?…?=" */
    const char *charset, *text, *text_end;
    gsize charset_length;
    bool is_base64;
} Word;

/* Text in one charset that is still octets. */
typedef struct {
    GString *out, *octets;
    char *charset; /* NULL for what is not in an encoded word */
    char *note;
} Decoding;

/* The word that begins at `p`. *closing is where the next "?=" stands, so that nobody looks for it
 * twice; NULL if there is none. */
static bool
word_at(const char *p, const char **closing, Word *word)
{
    *word = (Word){.begin = p, .charset = p + 2};
    word->charset_length = strcspn(word->charset, "? \t=()<>@,;:[]\"");
    const char *q = word->charset + word->charset_length;

    if (word->charset_length == 0 || *q != '?' || strchr("bBqQ", q[1]) == NULL || q[1] == '\0' ||
        q[2] != '?')
        return false;
    word->is_base64 = g_ascii_tolower(q[1]) == 'b';
    word->text = q + 3;
    if (*closing != NULL && *closing < word->text)
        *closing = strstr(word->text, "?=");
    if (*closing == NULL)
        return false;
    word->text_end = *closing;
    word->end = *closing + 2;
    return true;
}

static void
unquote(const Word *word, GString *octets)
{
    for (const char *p = word->text; p < word->text_end; p++) {
        if (*p == '=' && p + 2 < word->text_end + 0 && g_ascii_isxdigit(p[1]) &&
            g_ascii_isxdigit(p[2])) {
            g_string_append_c(octets,
                              (char)(g_ascii_xdigit_value(p[1]) * 16 + g_ascii_xdigit_value(p[2])));
            p += 2;
        } else {
            g_string_append_c(octets, *p == '_' ? ' ' : *p);
        }
    }
}

static void
append_octets(const Word *word, GString *octets)
{
    if (!word->is_base64) {
        unquote(word, octets);
        return;
    }
    g_autofree guchar *decoded = g_malloc((gsize)(word->text_end - word->text) + 3);
    int state = 0;
    guint save = 0;
    gsize n = g_base64_decode_step(word->text, (gsize)(word->text_end - word->text), decoded,
                                   &state, &save);
    g_string_append_len(octets, (const char *)decoded, (gssize)n);
}

static void
finish_octets(Decoding *decoding)
{
    g_autofree char *note = NULL;

    if (decoding->octets->len > 0) {
        g_autofree char *text =
            mp_decode_text(decoding->octets->str, decoding->octets->len, decoding->charset, &note);
        g_string_append(decoding->out, text);
    }
    if (decoding->note == NULL)
        decoding->note = g_steal_pointer(&note);
    g_string_truncate(decoding->octets, 0);
    g_clear_pointer(&decoding->charset, g_free);
}

/* Text between two encoded words is left out if it is blank (RFC 2047, section 6.2). */
static void
take_plain(Decoding *decoding, const char *begin, const char *end, bool is_between_words)
{
    if (begin == end || (is_between_words && begin + strspn(begin, " \t") >= end))
        return;
    finish_octets(decoding);
    g_string_append_len(decoding->octets, begin, end - begin);
    finish_octets(decoding);
}

static void
take_word(Decoding *decoding, const Word *word)
{
    gsize language = strcspn(word->charset, "*"); /* RFC 2231, section 5 */
    g_autofree char *charset = g_strndup(word->charset, MIN(language, word->charset_length));

    if (decoding->charset == NULL || g_ascii_strcasecmp(decoding->charset, charset) != 0)
        finish_octets(decoding);
    if (decoding->charset == NULL)
        decoding->charset = g_steal_pointer(&charset);
    append_octets(word, decoding->octets);
}

char *
mp_decode_words(const char *value, char **note)
{
    Decoding decoding = {.out = g_string_sized_new(strlen(value)), .octets = g_string_new(NULL)};
    const char *closing = value, *plain = value;
    bool is_behind_word = false;
    Word word;

    for (const char *p = value; (p = strstr(p, "=?")) != NULL;) {
        if (!word_at(p, &closing, &word)) {
            p += 2;
            continue;
        }
        take_plain(&decoding, plain, p, is_behind_word);
        take_word(&decoding, &word);
        plain = p = word.end;
        is_behind_word = true;
    }
    take_plain(&decoding, plain, plain + strlen(plain), false);
    finish_octets(&decoding);
    g_string_free(decoding.octets, TRUE);
    *note = decoding.note;
    return g_string_free(decoding.out, FALSE);
}

/* ---- the same for GMime, which reads the syntax around them ---- */

/* Nothing in it that GMime could take for a part of the field's syntax. */
static bool
is_one_token(const Word *word)
{
    gsize length = (gsize)(word->text_end - word->text);

    return strcspn(word->text, " \t<>@,;:()[]\"\\") >= length;
}

/* Where the words end that begin with this one, with nothing but blanks between them. */
static const char *
end_of_words(const Word *first, const char **closing)
{
    const char *end = first->end, *next = end + strspn(end, " \t");
    Word word;

    while (g_str_has_prefix(next, "=?") && word_at(next, closing, &word) && is_one_token(&word)) {
        end = word.end;
        next = end + strspn(end, " \t");
    }
    return end;
}

static void
append_recoded(GString *out, const char *begin, const char *end)
{
    g_autofree char *words = g_strndup(begin, (gsize)(end - begin)), *note = NULL;
    g_autofree char *text = mp_decode_words(words, &note);
    g_autofree char *base64 = g_base64_encode((const guchar *)text, strlen(text));

    g_string_append_printf(out, "=?utf-8?B?%s?=", base64);
}

char *
mp_recode_words(const char *value)
{
    g_autoptr(GString) out = g_string_sized_new(2 * strlen(value));
    const char *closing = value, *plain = value;
    Word word;

    for (const char *p = value; (p = strstr(p, "=?")) != NULL;) {
        if (!word_at(p, &closing, &word) || !is_one_token(&word)) {
            p += 2;
            continue;
        }
        const char *end = end_of_words(&word, &closing);
        g_string_append_len(out, plain, p - plain);
        append_recoded(out, p, end);
        plain = p = end;
    }
    g_string_append(out, plain);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* "*=LABEL'": from `p`, which is behind the equals sign; NULL if it is none of ours. */
static const char *
charset_of_label(const char *p, gsize *length)
{
    *length = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:.+");
    g_autofree char *label = g_strndup(p, *length);

    return *length > 0 && p[*length] == '\'' ? mp_charset_of(label) : NULL;
}

char *
mp_recode_parameters(const char *value)
{
    g_autofree char *words = mp_recode_words(value);
    GString *out = g_string_sized_new(strlen(words));
    const char *plain = words;
    gsize length;

    for (const char *p = words; (p = strstr(p, "*=")) != NULL;) {
        p += strlen("*=");
        const char *charset = charset_of_label(p, &length);
        if (charset == NULL)
            continue;
        g_string_append_len(out, plain, p - plain);
        g_string_append(out, charset);
        plain = p = p + length;
    }
    g_string_append(out, plain);
    return g_string_free(out, FALSE);
}
