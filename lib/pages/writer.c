/* How text comes into a page: escaped, by the one function that appends any; see internal.h. */
#include "pages/internal.h"

#include <stdarg.h>
#include <string.h>

#include "base/escape.h"
#include "base/time.h"
#include "markup/markdown.h"

/* What no document may hold (the noncharacters of Unicode), and what is there to deceive. */
static bool
is_left_out(gunichar c)
{
    return mp_is_deceptive(c) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

static void
add_character(GString *page, gunichar c)
{
    switch (c) {
    case '&':
        g_string_append(page, "&amp;");
        break;
    case '<':
        g_string_append(page, "&lt;");
        break;
    case '>':
        g_string_append(page, "&gt;");
        break;
    case '"':
        g_string_append(page, "&quot;");
        break;
    default:
        if (mp_reorders(c))
            g_string_append_printf(page, "\\u{%04X}", c);
        else if (!is_left_out(c))
            g_string_append_unichar(page, c);
    }
}

void
mp_page_add_text(GString *page, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p))
        add_character(page, g_utf8_get_char(p));
}

void
mp_page_add_address(GString *page, const MpPagesTexts *texts, const char *address)
{
    if (address == NULL)
        return;
    g_autofree char *encoded = g_uri_escape_string(address, "@", FALSE);
    mp_page_add(page, "<p>%s <a href=\"mailto:%s\">%s</a></p>\n", texts->how_open, encoded,
                address);
}

/* A year of four digits is what <time> knows. */
static void
add_time(GString *page, gint64 seconds, bool to_the_minute)
{
    g_autofree char *exact = mp_time_format(seconds);

    g_string_append_printf(page, "<time datetime=\"%s\">%.10s", exact, exact);
    if (to_the_minute)
        g_string_append_printf(page, " %.5s UTC", exact + strlen("2026-01-31T"));
    g_string_append(page, "</time>");
}

static void
add_argument(GString *page, char kind, va_list *arguments)
{
    if (kind == 's')
        mp_page_add_text(page, va_arg(*arguments, const char *));
    else if (kind == 'd')
        g_string_append_printf(page, "%" G_GUINT64_FORMAT, va_arg(*arguments, guint64));
    else
        add_time(page, va_arg(*arguments, gint64), kind == 't');
}

char *
mp_page_label(const char *text, const char *otherwise)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (mp_reorders(c) || (g_unichar_isgraph(c) && !is_left_out(c)))
            return g_strdup(text);
    }
    return g_strdup(otherwise);
}

void
mp_page_add(GString *page, const char *markup, ...)
{
    va_list arguments;

    va_start(arguments, markup);
    for (const char *p = markup; *p != '\0'; p++) {
        gsize plain = strcspn(p, "%");

        g_string_append_len(page, p, (gssize)plain);
        p += plain;
        if (*p == '\0')
            break;
        p++;
        add_argument(page, *p, &arguments);
    }
    va_end(arguments);
}

/* What turns text around is shown before Markdown is made of it: it may stand in a link. */
static char *
clean(const char *markdown)
{
    g_autofree char *text = mp_clean_text(markdown);
    GString *out = g_string_sized_new(strlen(text) + 1);

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (mp_reorders(c))
            g_string_append_printf(out, "\\u{%04X}", c);
        else if (!is_left_out(c))
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

static char *
to_html(const char *markdown, const MpMarkdownHost *host)
{
    g_autofree char *text = clean(markdown);

    return mp_markdown_to_html(text, host);
}

void
mp_page_add_markdown(GString *page, const char *markdown)
{
    g_autofree char *html = to_html(markdown, NULL);

    g_string_append(page, html);
}

/*
 * What a page has otherwise than a mail: a link tells search engines that strangers wrote it,
 * headings stand below that of the comment, a table wider than the page scrolls by itself, also by
 * keys, and cells are aligned by a style sheet. In text the brackets of a tag are escaped, so
 * that each of these is one of the writer's.
 */
static const char *const dressed[][2] = {
    {"<a rel=\"nofollow noopener noreferrer\"", MP_PAGES_THEIR_LINK},
    {"<h4", "<h6"},
    {"</h4", "</h6"},
    {"<h5", "<h6"},
    {"</h5", "</h6"},
    {"<h3", "<h5"},
    {"</h3", "</h5"},
    {"<h2", "<h4"},
    {"</h2", "</h4"},
    {"<h1", "<h3"},
    {"</h1", "</h3"},
    {"<table", "<div class=\"wide\" tabindex=\"0\"><table"},
    {"</table>", "</table></div>"},
    {" align=\"", " class=\""},
};

static const char *const attributes[MP_N_ELEMENTS] = {
    [MP_ELEMENT_PRE] = " tabindex=\"0\"",
    [MP_ELEMENT_PICTURE] = " loading=\"lazy\"",
    [MP_ELEMENT_TASK] = " class=\"task\"",
};

void
mp_page_add_body(GString *page, const char *markdown, const MpMarkdownHost *host)
{
    const MpMarkdownHost dressing = {
        .page = host->page, .picture = host->picture, .attributes = attributes, .data = host->data};
    g_autofree char *html = to_html(markdown, &dressing);
    g_autoptr(GString) body = g_string_new(html);

    for (gsize i = 0; i < G_N_ELEMENTS(dressed); i++)
        g_string_replace(body, dressed[i][0], dressed[i][1], 0);
    g_string_append_len(page, body->str, (gssize)body->len);
}

void
mp_page_add_script_text(GString *page, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    g_string_append_c(page, '"');
    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c < 0x20 || (c < 0x80 && strchr("\"\\<>&'", (int)c) != NULL) || mp_reorders(c))
            g_string_append_printf(page, "\\u%04x", c);
        else if (!is_left_out(c))
            g_string_append_unichar(page, c);
    }
    g_string_append_c(page, '"');
}
