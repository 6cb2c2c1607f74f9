/* The marks by which clients can be told, as a table; see html_client.h. */
#include "markup/html_client.h"

#include <string.h>

enum {
    DEPTH_LIMIT = 400,
    NAMES = 256,       /* buckets of tag names in the depth count */
    HEADER_LABEL = 40, /* bytes before the colon */
    HEADER_FIELDS = 2,
};

/* Gateways prefix ids and classes with "x_", Word writes its own styles; so these are looked for as
 * parts. */
static const struct {
    const char *attribute, *part;
    HtmlRole role;
    const char *client;
} marks[] = {
    {"id", "divRplyFwdMsg", HTML_SEPARATOR, "Outlook on the web"},
    {"id", "OLK_SRC_BODY_SECTION", HTML_SEPARATOR, "Outlook for Mac"},
    {"id", "mail-editor-reference-message-container", HTML_SEPARATOR, "new Outlook"},
    {"class", "ms-outlook-mobile-reference-message", HTML_SEPARATOR, "Outlook mobile"},
    {"class", "OutlookMessageHeader", HTML_SEPARATOR, "Outlook 2003"},
    {"class", "yahoo_quoted", HTML_SEPARATOR, "Yahoo"},
    {"class", "zmail_extra", HTML_SEPARATOR, "Zoho"},
    {"class", "moz-forward-container", HTML_SEPARATOR, "Thunderbird"},
    {"class", "tutanota_quote", HTML_QUOTE, "Tuta"},
    {"class", "protonmail_quote", HTML_QUOTE, "Proton"},
    {"class", "gmail_quote", HTML_QUOTE, "Gmail"},
    {"class", "gmail_signature", HTML_SIGNATURE, "Gmail"},
    {"class", "moz-signature", HTML_SIGNATURE, "Thunderbird"},
    {"class", "protonmail_signature_block-user", HTML_SIGNATURE, "Proton"},
    {"class", "bloop_sign", HTML_SIGNATURE, "Airmail"},
    {"id", "AppleMailSignature", HTML_SIGNATURE, "Apple Mail"},
    {"id", "ms-outlook-mobile-signature", HTML_SIGNATURE, "Outlook mobile"},
    {"id", "ydp-signature", HTML_SIGNATURE, "Yahoo"},
    {"data-signatureblock", "true", HTML_SIGNATURE, "Windows Mail"},
    {"data-smartmail", "gmail_signature", HTML_SIGNATURE, "Gmail"},
    {"style", "display:none", HTML_HIDDEN, "preview texts"},
    {"style", "display: none", HTML_HIDDEN, "preview texts"},
    {"style", "mso-hide:all", HTML_HIDDEN, "preview texts"},
};

static const char *
first_text(const GumboNode *node, guint depth)
{
    if (node->type == GUMBO_NODE_TEXT)
        return node->v.text.text + strspn(node->v.text.text, " \t\r\n");
    if (node->type != GUMBO_NODE_ELEMENT || depth == 0)
        return "";
    for (guint i = 0; i < node->v.element.children.length; i++) {
        const char *text = first_text(node->v.element.children.data[i], depth - 1);
        if (*text != '\0')
            return text;
    }
    return "";
}

/* How many texts begin like "From:", counted no further than it takes. */
static guint
count_labels(const GumboNode *node, guint depth)
{
    guint n = 0;

    if (node->type == GUMBO_NODE_TEXT) {
        const char *colon = strchr(node->v.text.text, ':');
        return colon != NULL && colon - node->v.text.text < HEADER_LABEL;
    }
    if (node->type != GUMBO_NODE_ELEMENT || depth == 0)
        return 0;
    for (guint i = 0; i < node->v.element.children.length && n < HEADER_FIELDS; i++)
        n += count_labels(node->v.element.children.data[i], depth - 1);
    return n;
}

/* Word and Windows Mail draw a line above the block "From: …" by the style of its container. */
static bool
is_ruled_header(const GumboElement *element)
{
    const GumboAttribute *style = gumbo_get_attribute(&element->attributes, "style");
    const char *first = "";
    guint labels = 0;

    if (style == NULL || strstr(style->value, "border-top") == NULL ||
        strstr(style->value, "solid") == NULL)
        return false;
    for (guint i = 0; i < element->children.length; i++) {
        if (*first == '\0')
            first = first_text(element->children.data[i], 6);
        labels += count_labels(element->children.data[i], 6);
    }
    const char *colon = strchr(first, ':');
    return colon != NULL && colon - first < HEADER_LABEL && labels >= HEADER_FIELDS;
}

HtmlRole
html_role(const GumboElement *element)
{
    if (element->attributes.length == 0)
        return HTML_PLAIN;
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        const GumboAttribute *attribute =
            gumbo_get_attribute(&element->attributes, marks[i].attribute);

        if (attribute != NULL && strstr(attribute->value, marks[i].part) != NULL)
            return marks[i].role;
    }
    return is_ruled_header(element) ? HTML_SEPARATOR : HTML_PLAIN;
}

const char *
html_attribute(const GumboNode *element, const char *name)
{
    const GumboAttribute *found = gumbo_get_attribute(&element->v.element.attributes, name);

    return found != NULL ? found->value : "";
}

/* All that is in the body. */
static bool
is_alone(const GumboNode *node)
{
    const GumboNode *body = node->parent;
    guint n = 0;

    if (body == NULL || body->type != GUMBO_NODE_ELEMENT || body->v.element.tag != GUMBO_TAG_BODY)
        return false;
    for (guint i = 0; i < body->v.element.children.length; i++)
        n += ((GumboNode *)body->v.element.children.data[i])->type != GUMBO_NODE_WHITESPACE;
    return n == 1;
}

/* "At 2026-11-24 17:14:00, "Ada" <ada@example.org> wrote:", as NetEase writes it. */
static bool
is_attribution(const GumboNode *pre)
{
    const GumboVector *children = &pre->v.element.children;
    const GumboNode *only = children->length == 1 ? children->data[0] : NULL;
    const char *text = only != NULL && only->type == GUMBO_NODE_TEXT ? only->v.text.text : "";

    return strchr(text, '\n') == NULL && strchr(text, '@') != NULL && g_str_has_suffix(text, ":");
}

bool
html_is_plain_mail(const GumboNode *pre)
{
    /* our own message room, K-9, Thunderbird */
    static const char *const classes[] = {"text-plain", "k9mail", "moz-", NULL};
    const GumboAttribute *class = gumbo_get_attribute(&pre->v.element.attributes, "class");

    for (gsize i = 0; class != NULL && classes[i] != NULL; i++) {
        if (strstr(class->value, classes[i]) != NULL)
            return true;
    }
    return gumbo_get_attribute(&pre->v.element.attributes, "wrap") != NULL || is_alone(pre) ||
           is_attribution(pre);
}

bool
html_contains(const GumboNode *node, GumboTag tag, guint depth)
{
    if (node->type != GUMBO_NODE_ELEMENT || depth == 0)
        return false;
    for (guint i = 0; i < node->v.element.children.length; i++) {
        const GumboNode *child = node->v.element.children.data[i];

        if (child->type == GUMBO_NODE_ELEMENT &&
            (child->v.element.tag == tag || html_contains(child, tag, depth - 1)))
            return true;
    }
    return false;
}

/* Elements that end by themselves, in foreign content too. */
static bool
ends_itself(const char *name, gsize length)
{
    static const char *const names[] = {"p", "li", "dd", "dt", "br", "img", "hr", "meta", "embed"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strlen(names[i]) == length && g_ascii_strncasecmp(name, names[i], length) == 0)
            return true;
    }
    return false;
}

bool
html_is_too_deep(const char *html, gsize length)
{
    guint open[NAMES] = {0}, depth = 0;
    const char *end = html + length;

    for (const char *p = html; (p = memchr(p, '<', (gsize)(end - p))) != NULL;) {
        bool closing = ++p < end && *p == '/';
        const char *name = p + closing;
        guint hash = 0;

        for (p = name; p < end && (g_ascii_isalnum(*p) || *p == ':'); p++)
            hash = hash * 31 + (guint)g_ascii_tolower(*p);
        if (p == name || ends_itself(name, (gsize)(p - name)))
            continue;
        guint *count = &open[hash % NAMES];
        if (!closing) {
            (*count)++;
            if (++depth > DEPTH_LIMIT)
                return true;
        } else if (*count > 0) {
            (*count)--;
            depth--;
        }
    }
    return false;
}
