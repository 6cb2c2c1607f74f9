/* References to attachments in a text, and the links they become; see attachments.h. */
#include <string.h>

#include "attachments.h"

enum { LONGEST_REFERENCE = 400 /* bytes between the brackets */ };

/* What stands before the name, as clients write it into plain text. */
static const char *const labels[] = {"image: ", "Image: ", "inline: ", "Inline: ", "image:", ""};

static int
by_id(const GPtrArray *attachments, const char *id, gsize length)
{
    g_autofree char *written = g_strndup(id, length);
    g_autofree char *meant = g_uri_unescape_string(written, NULL);

    for (guint i = 0; i < attachments->len; i++) {
        const char *found = ((const MpAttachment *)g_ptr_array_index(attachments, i))->content_id;

        if (found != NULL && (strcmp(found, written) == 0 || g_strcmp0(found, meant) == 0))
            return (int)i;
    }
    return -1;
}

static int
by_name(const GPtrArray *attachments, const bool *is_taken, const char *name, gsize length)
{
    int taken = -1;

    for (guint i = 0; length > 0 && i < attachments->len; i++) {
        const MpAttachment *a = g_ptr_array_index(attachments, i);

        if (a->name == NULL || strlen(a->name) != length || strncmp(a->name, name, length) != 0 ||
            !g_str_has_prefix(a->type, "image/"))
            continue;
        if (!is_taken[i])
            return (int)i;
        taken = (int)i;
    }
    return taken;
}

/* "![alt](cid:ID)", as mp_html_to_markdown writes it. */
static int
markdown_image(const GPtrArray *attachments, const char *p, gsize *length)
{
    gsize line = strcspn(p, "\n");
    const char *id = g_strstr_len(p, (gssize)line, "](cid:");
    const char *end = id != NULL ? memchr(id, ')', line - (gsize)(id - p)) : NULL;

    if (end == NULL)
        return -1;
    id += strlen("](cid:");
    *length = (gsize)(end - p) + 1;
    return by_id(attachments, id, (gsize)(end - id));
}

/* "[cid:ID]", "[image: NAME]", "<NAME>". */
static int
bracketed(const GPtrArray *attachments, const bool *is_taken, const char *p, gsize *length,
          bool *is_id)
{
    const char *inside = p + 1;
    gsize n = strcspn(inside, *p == '[' ? "]\n" : ">\n");

    if (inside[n] != (*p == '[' ? ']' : '>') || n > LONGEST_REFERENCE || inside[n + 1] == '(')
        return -1;
    *length = n + 2;
    *is_id = g_str_has_prefix(inside, "cid:");
    if (*is_id)
        return by_id(attachments, inside + 4, n - 4);
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        gsize label = strlen(labels[i]);

        if (n > label && strncmp(inside, labels[i], label) == 0)
            return by_name(attachments, is_taken, inside + label, n - label);
    }
    return -1;
}

int
mp_attachment_reference(const GPtrArray *attachments, const bool *is_taken, const char *p,
                        gsize *length, bool *by_content_id)
{
    *by_content_id = true;
    if (g_str_has_prefix(p, "!["))
        return markdown_image(attachments, p, length);
    if (*p == '[' || *p == '<')
        return bracketed(attachments, is_taken, p, length, by_content_id);
    return -1;
}

/* Markdown's own characters in a name would end a link or begin one. */
static char *
markdown_name(const char *name)
{
    GString *out = g_string_new(NULL);

    for (const char *p = name; *p != '\0'; p++) {
        if (strchr("\\`*_[]()<>#!|~", *p) != NULL)
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

void
mp_attachment_append_link(GString *text, const MpAttachment *attachment, const char *name)
{
    g_autofree char *shown = markdown_name(name);
    g_autofree char *uri = g_uri_escape_string(name, NULL, FALSE);
    bool is_image = g_str_has_prefix(attachment->type, "image/");

    g_string_append_printf(text, "%s[%s](attachments/%s)", is_image ? "!" : "", shown, uri);
}

void
mp_attachment_append_refusal(GString *text, const MpAttachment *attachment, const char *name,
                             const char *why)
{
    g_autofree char *shown = markdown_name(name);
    g_autofree char *size = g_format_size(attachment->size);

    g_string_append_printf(text, "Not stored: %s (%s): %s", shown, size, why);
}
