/* Links and pictures of Markdown, and what in prose is a link though nobody made it one. */
#include "markup/internal.h"

#include <string.h>

#define ANCHOR "<a rel=\"nofollow noopener noreferrer\" href=\""

typedef struct {
    enum { IS_TEXT, IS_ANCHOR, IS_PICTURE } as;
    gsize text_start; /* where its text begins */
} Link;

GArray *
mp_markdown_links_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(Link));
}

static bool
has_safe_scheme(const char *url)
{
    static const char *const safe[] = {"http://", "https://", "mailto:"};

    for (gsize i = 0; i < G_N_ELEMENTS(safe); i++)
        if (strlen(url) > strlen(safe[i]) &&
            g_ascii_strncasecmp(url, safe[i], strlen(safe[i])) == 0)
            return true;
    return false;
}

/* Anything before a colon that stands before the path is a scheme, or will be taken for one. */
static bool
is_relative(const char *url)
{
    return url[0] != '\0' && url[strcspn(url, ":/?#")] != ':';
}

/* As it stands in the text; md4c has no text for an empty one. */
static char *
written_url(const MD_ATTRIBUTE *attribute)
{
    return attribute->size > 0 ? g_strndup(attribute->text, attribute->size) : g_strdup("");
}

/* The same, if no entity in it could make something else of it. */
static char *
plain_url(const MD_ATTRIBUTE *attribute)
{
    if (attribute->size == 0)
        return NULL;
    for (int i = 0; attribute->substr_offsets[i] < attribute->size; i++)
        if (attribute->substr_types[i] != MD_TEXT_NORMAL)
            return NULL;
    return written_url(attribute);
}

/* Where a link without a scheme leads; NULL: nowhere. */
static char *
resolve(const MpMarkdownWriter *w, const MD_ATTRIBUTE *attribute)
{
    g_autofree char *url = plain_url(attribute);

    if (w->host == NULL || w->host->resolve == NULL || url == NULL || !is_relative(url))
        return NULL;
    g_autofree char *resolved = w->host->resolve(url, w->host->data);
    return resolved != NULL && has_safe_scheme(resolved) ? g_steal_pointer(&resolved) : NULL;
}

/* The rest of an address behind its mask looks like an address of its own. */
static bool
is_behind_mask(const GString *out)
{
    return out->len >= 4 && strcmp(out->str + out->len - 4, "***-") == 0;
}

static void
push(MpMarkdownWriter *w, int as)
{
    const Link link = {as, w->out->len};

    g_array_append_val(w->links, link);
    w->anchors += as == IS_ANCHOR;
    w->alts += as == IS_PICTURE;
}

void
mp_markdown_enter_link(MpMarkdownWriter *w, const MD_ATTRIBUTE *url)
{
    g_autofree char *written = written_url(url);
    g_autofree char *resolved = NULL;
    bool may_be = w->anchors == 0 && w->alts == 0 && !is_behind_mask(w->out);

    if (may_be && !has_safe_scheme(written))
        resolved = resolve(w, url);
    if (!may_be || (resolved == NULL && !has_safe_scheme(written))) {
        push(w, IS_TEXT);
        return;
    }
    g_string_append(w->out, ANCHOR);
    if (resolved != NULL)
        mp_markdown_append_escaped(w->out, resolved, strlen(resolved));
    else
        mp_markdown_append_attribute(w->out, url);
    g_string_append(w->out, "\">");
    push(w, IS_ANCHOR);
}

/* Shown where the host has it; a stranger's would report who reads, so it is a link. */
void
mp_markdown_enter_picture(MpMarkdownWriter *w, const MD_ATTRIBUTE *url)
{
    g_autofree char *written = plain_url(url), *source = NULL;

    if (w->alts == 0 && written != NULL && w->host != NULL && w->host->picture != NULL)
        source = w->host->picture(written, w->host->data);
    if (source == NULL) {
        mp_markdown_enter_link(w, url);
        return;
    }
    g_string_append(w->out, "<img src=\"");
    mp_markdown_append_escaped(w->out, source, strlen(source));
    g_string_append(w->out, "\" alt=\"");
    push(w, IS_PICTURE);
}

static void
leave_picture(MpMarkdownWriter *w)
{
    const char *const *attributes = w->host->attributes;
    const char *own = attributes != NULL ? attributes[MP_ELEMENT_PICTURE] : NULL;

    g_string_append_printf(w->out, "\"%s>", own != NULL ? own : "");
    w->alts--;
}

/* A link that has no text of its own shows where it leads. */
void
mp_markdown_leave_link(MpMarkdownWriter *w, const MD_ATTRIBUTE *url)
{
    const Link link = g_array_index(w->links, Link, w->links->len - 1);

    g_array_set_size(w->links, w->links->len - 1);
    if (link.as == IS_PICTURE) {
        leave_picture(w);
        return;
    }
    if (w->out->len == link.text_start)
        mp_markdown_append_attribute(w->out, url);
    if (link.as == IS_ANCHOR) {
        g_string_append(w->out, "</a>");
        w->anchors--;
    }
}

/* --- Prose ------------------------------------------------------------------------------------ */

static void
append_reference(MpMarkdownWriter *w, const MpReference *reference)
{
    g_autofree char *page = w->host->page(reference->kind, reference->written, w->host->data);
    bool leads_somewhere = page != NULL && (has_safe_scheme(page) || is_relative(page));

    if (leads_somewhere) {
        g_string_append(w->out, ANCHOR);
        mp_markdown_append_escaped(w->out, page, strlen(page));
        g_string_append(w->out, "\">");
    }
    mp_markdown_append_escaped(w->out, reference->start, reference->length);
    g_string_append(w->out, leads_somewhere ? "</a>" : "");
}

void
mp_markdown_append_prose(MpMarkdownWriter *w, const char *text, gsize size)
{
    bool has_pages = w->host != NULL && w->host->page != NULL;
    MpReference reference;

    if (!has_pages || w->anchors > 0 || w->alts > 0 || is_behind_mask(w->out)) {
        mp_markdown_append_escaped(w->out, text, size);
        return;
    }
    g_autofree char *prose = g_strndup(text, size);
    const char *p = prose;
    while (mp_reference_next(prose, p, &reference)) {
        mp_markdown_append_escaped(w->out, p, (gsize)(reference.start - p));
        append_reference(w, &reference);
        p = reference.start + reference.length;
        g_free(reference.written);
    }
    mp_markdown_append_escaped(w->out, p, strlen(p));
}
