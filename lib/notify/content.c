/* What people wrote, as the text and the HTML of a mail, and how much of it a mail brings. */
#include "notify/internal.h"

#include <string.h>

#include "markup/markdown.h"

typedef struct {
    MpPages pages;
    MpEnclosures *enclosures;
    const MpContentPlace *place;
} Host;

static char *
picture(const char *url, gpointer data)
{
    const Host *host = data;

    return host->enclosures != NULL
               ? mp_enclosures_picture(host->enclosures, host->place->comment, url)
               : NULL;
}

static char *
html_of(const MpNotificationFacts *facts, MpEnclosures *enclosures, const MpContentPlace *place,
        const char *markdown)
{
    Host host = {{facts, 0}, enclosures, place};
    const MpMarkdownHost asked = {mp_pages_find, mp_pages_resolve, picture, mp_mail_elements,
                                  &host};
    g_autofree char *spoken = mp_enclosures_markdown(enclosures, place, markdown);

    return mp_markdown_to_html(spoken, &asked);
}

/* Where a text ends of which about so many octets are kept: behind a line, else behind a word, else
 * between two characters. */
static gsize
cut_at(const char *text, gsize length, gsize octets)
{
    const char *ends[] = {"\n", " "};

    if (length <= octets)
        return length;
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        const char *end = g_strrstr_len(text, (gssize)octets, ends[i]);

        if (end != NULL && (gsize)(end - text) > octets / 2)
            return (gsize)(end - text) + 1;
    }
    return (gsize)(g_utf8_find_prev_char(text, text + octets + 1) - text);
}

static char *
left_out(const MpContentPlace *place, const char *rest)
{
    g_autofree char *count = g_strdup_printf("%ld", g_utf8_strlen(rest, -1));

    return mp_text_fill(mp_notice_texts(place->language)->left_out, "{count}", count, NULL);
}

static void
say_left_out(MpContent *content, const MpContentPlace *place, const char *rest)
{
    g_autofree char *note = left_out(place, rest), *text = content->text, *html = content->html;
    const char *lang = mp_language_name(place->language);

    content->text = g_strdup_printf("%s\n[%s]\n", text, note);
    if (html == NULL)
        return;
    g_autofree char *said =
        place->link != NULL
            ? g_markup_printf_escaped("<a rel=\"nofollow noopener noreferrer\" href=\"%s\">%s</a>",
                                      place->link, note)
            : g_markup_escape_text(note, -1);
    content->html = g_strdup_printf("%s<p lang=\"%s\">[%s]</p>\n", html, lang, said);
}

/* A comment stays as it was typed; what we say ourselves is quoted for the HTML only. */
static char *
text_of(MpEnclosures *enclosures, const MpContentPlace *place, const char *markdown)
{
    return place->comment != NULL ? mp_enclosures_plain(enclosures, place, markdown)
                                  : mp_markdown_unquote(markdown);
}

/* The octets of the longer of the two. */
static gsize
make(MpContent *content, const MpNotificationFacts *facts, MpEnclosures *enclosures,
     const MpContentPlace *place, const char *markdown, bool with_html)
{
    mp_content_clear(content);
    content->text = text_of(enclosures, place, markdown);
    if (with_html)
        content->html = html_of(facts, enclosures, place, markdown);
    return MAX(strlen(content->text), with_html ? strlen(content->html) : 0);
}

void
mp_content_make(MpContent *content, const MpNotificationFacts *facts, MpEnclosures *enclosures,
                const MpContentPlace *place, const char *markdown, bool with_html, gsize most)
{
    gsize whole = strlen(markdown), kept = cut_at(markdown, whole, most), longest;

    for (;;) {
        g_autofree char *part = g_strndup(markdown, kept);

        longest = make(content, facts, enclosures, place, part, with_html);
        if (longest <= most || kept == 0)
            break;
        kept =
            cut_at(markdown, kept, (gsize)((double)kept * (double)most / (double)longest * 0.95));
    }
    if (kept < whole)
        say_left_out(content, place, markdown + kept);
}

void
mp_content_clear(MpContent *content)
{
    g_clear_pointer(&content->text, g_free);
    g_clear_pointer(&content->html, g_free);
}
