/* A comment, as the HTML of a mail. */
#include "markup/markdown.h"

#include "fuzz.h"

static char *
page(MpReferenceKind kind, const char *written, gpointer data)
{
    (void)data;
    return kind == MP_REFERENCE_COMMIT ? NULL : g_strconcat("https://h.example/", written, NULL);
}

static char *
resolve(const char *relative, gpointer data)
{
    (void)data;
    return g_uri_resolve_relative("https://h.example/a/b/", relative, G_URI_FLAGS_ENCODED, NULL);
}

static char *
picture(const char *url, gpointer data)
{
    (void)data;
    return g_str_has_prefix(url, "attachments/") ? g_strdup("cid:1@h.example") : NULL;
}

/* How often `what` stands in the text. */
static guint
count(const char *text, const char *what)
{
    guint n = 0;

    for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const MpMarkdownHost host = {page, resolve, picture, NULL, NULL};
    g_autofree char *text = fuzz_text(data, size), *clean = mp_clean_text(text);
    g_autofree char *plain = mp_markdown_to_html(clean, NULL);
    g_autofree char *html = mp_markdown_to_html(clean, &host);

    fuzz_claim(g_utf8_validate(plain, -1, NULL) && g_utf8_validate(html, -1, NULL));
    fuzz_claim(count(html, "<a ") == count(html, "</a>"));
    fuzz_claim(count(html, "<p dir") == count(html, "</p>"));
    fuzz_claim(strstr(html, "<script") == NULL && strstr(html, "href=\"javascript") == NULL);
    return 0;
}
