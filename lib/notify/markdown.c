/* Markdown to HTML that is fit for a mail: md4c without raw HTML, and links that lead nowhere
 * unsafe. */
#include "notify/private.h"

#include <string.h>

#include <md4c-html.h>

#include "base/escape.h"

char *
mp_clean_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid) + 1);

    for (const char *p = valid; *p != '\0'; p++) {
        if (*p == '\r')
            g_string_append(out, p[1] == '\n' ? "" : "\n");
        else if (*p == '\n' || *p == '\t' || ((unsigned char)*p >= 0x20 && *p != 0x7f))
            g_string_append_c(out, *p);
    }
    while (out->len > 0 && out->str[out->len - 1] == '\n')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

static void
append_output(const MD_CHAR *text, MD_SIZE size, void *user_data)
{
    g_string_append_len(user_data, text, size);
}

static bool
has_safe_scheme(const char *url)
{
    static const char *const safe[] = {"http://", "https://", "mailto:"};

    for (gsize i = 0; i < G_N_ELEMENTS(safe); i++)
        if (g_ascii_strncasecmp(url, safe[i], strlen(safe[i])) == 0)
            return true;
    return false;
}

/* A tag of md4c's that names a URL, and what it becomes before that URL, or without it. */
static const struct {
    const char *tag, *safe, *unsafe;
} tags[] = {
    {"<a href=\"", "<a rel=\"nofollow noopener noreferrer\" href=\"", "<a"},
    {"<img src=\"", "<img src=\"", "<img"},
};

/* Appends the beginning of such a tag at `p` made safe, and returns what follows; NULL if it is
 * none. */
static const char *
append_hardened(GString *out, const char *p)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
        const char *url = p + strlen(tags[i].tag);

        if (!g_str_has_prefix(p, tags[i].tag))
            continue;
        g_string_append(out, has_safe_scheme(url) ? tags[i].safe : tags[i].unsafe);
        if (has_safe_scheme(url))
            return url;
        url += strcspn(url, "\"");
        return url + (*url == '"');
    }
    return NULL;
}

/* Every '<' that people wrote is &lt; by now, so that what looks like a tag is md4c's own. */
static char *
harden(const char *html)
{
    GString *out = g_string_sized_new(strlen(html) + 256);

    for (const char *p = html, *next; *p != '\0'; p = next) {
        next = append_hardened(out, p);
        if (next == NULL) {
            next = p + 1 + strcspn(p + 1, "<");
            g_string_append_len(out, p, next - p);
        }
    }
    return g_string_free(out, FALSE);
}

char *
mp_markdown_to_html(const char *markdown)
{
    g_autoptr(GString) html = g_string_sized_new(strlen(markdown) * 2);

    if (md_html(markdown, (MD_SIZE)strlen(markdown), append_output, html,
                MD_DIALECT_GITHUB | MD_FLAG_NOHTML, 0) != 0) {
        g_autofree char *escaped = g_markup_escape_text(markdown, -1);

        g_string_printf(html, "<pre>%s</pre>\n", escaped);
    }
    return harden(html->str);
}
