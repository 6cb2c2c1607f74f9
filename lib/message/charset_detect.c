/*
 * The charset of a text that declares none. Careful: a text counts as of a charset only if every
 * octet makes sense in it and its letters are those that the language uses most.
 */
#include "message/charset.h"

#include <string.h>

#define SAMPLE_MAX 65536 /* octets that are looked at */
#define FEWEST     4     /* letters beyond ASCII that say anything */

/* The number of characters of each kind in a text. */
typedef struct {
    gsize latin, foreign, kana, half_kana, hangul, han, common_han, cyrillic, common_cyrillic,
        small;
} Census;

static const char common_han[] = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分"
                                 "对成会可主发年动同工也能下过子说产种面而方后多定"
                                 "這個們為來時國會說對過發動後種開關問題沒還請謝关开问题没还请谢新"
                                 "再看经已好得很把被让本版出现错误";
static const char common_cyrillic[] = "оеаинтсрвл";

static void
count(Census *census, gunichar c)
{
    census->latin += c < 0x80 && g_ascii_isalpha((char)c);
    census->foreign += c >= 0x80;
    census->kana += c >= 0x3041 && c <= 0x30FF;
    census->half_kana += c >= 0xFF61 && c <= 0xFF9F;
    census->hangul += c >= 0xAC00 && c <= 0xD7A3;
    if (c >= 0x4E00 && c <= 0x9FFF) {
        census->han++;
        census->common_han += g_utf8_strchr(common_han, -1, c) != NULL;
    }
    if (c >= 0x400 && c <= 0x45F) {
        census->cyrillic++;
        census->small += c >= 0x430;
        census->common_cyrillic += g_utf8_strchr(common_cyrillic, -1, g_unichar_tolower(c)) != NULL;
    }
}

/* Each a score out of 100; 0 if it is not that language. */
static gsize
is_japanese(const Census *c)
{
    return c->kana * 10 >= c->foreign * 3 && c->half_kana * 10 <= c->foreign
               ? c->kana * 100 / c->foreign
               : 0;
}

static gsize
is_korean(const Census *c)
{
    return c->hangul * 10 >= c->foreign * 8 ? 100 : 0;
}

static gsize
is_chinese(const Census *c)
{
    return c->han * 10 >= c->foreign * 7 && c->common_han * 100 >= c->han * 15
               ? c->common_han * 100 / c->han
               : 0;
}

static gsize
is_russian(const Census *c)
{
    bool is_mostly = c->cyrillic * 10 >= c->foreign * 9 && c->cyrillic > c->latin;

    return is_mostly && c->small * 10 >= c->cyrillic * 6 &&
                   c->common_cyrillic * 100 >= c->cyrillic * 45
               ? c->common_cyrillic * 100 / c->cyrillic
               : 0;
}

/* In this order: Korean read as Chinese is Chinese, but not the other way round. */
static const struct {
    const char *charset;
    gsize (*score)(const Census *);
    bool is_last; /* of those that are compared with each other */
} candidates[] = {
    {"eucjp-ms", is_japanese, false}, {"cp932", is_japanese, true},
    {"cp949", is_korean, true},       {"gb18030", is_chinese, false},
    {"big5-hkscs", is_chinese, true}, {"cp1251", is_russian, false},
    {"koi8-r", is_russian, false},    {"ibm866", is_russian, false},
    {"iso-8859-5", is_russian, true},
};

static gsize
score(const char *bytes, gsize length, gsize candidate)
{
    Census census = {0};
    gsize bad = 0;
    GString *text = mp_charset_decode(bytes, length, candidates[candidate].charset, &bad);

    for (const char *p = text != NULL && bad == 0 ? text->str : ""; *p != '\0';
         p = g_utf8_next_char(p))
        count(&census, g_utf8_get_char(p));
    if (text != NULL)
        g_string_free(text, TRUE);
    return census.foreign >= FEWEST ? candidates[candidate].score(&census) : 0;
}

/* Up to a line's end, so that no character is cut. */
static gsize
sample_length(const char *bytes, gsize length)
{
    if (length <= SAMPLE_MAX)
        return length;
    const char *end = memrchr(bytes, '\n', SAMPLE_MAX);
    return end != NULL ? (gsize)(end - bytes) : 0;
}

const char *
mp_charset_detect(const char *bytes, gsize length)
{
    const char *best = NULL;
    gsize most = 0;

    length = sample_length(bytes, length);
    for (gsize i = 0; i < G_N_ELEMENTS(candidates); i++) {
        gsize points = score(bytes, length, i);

        if (points > most) {
            most = points;
            best = candidates[i].charset;
        }
        if (candidates[i].is_last && best != NULL)
            return best;
    }
    return best;
}
