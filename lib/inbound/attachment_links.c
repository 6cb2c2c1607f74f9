/* References to attachments in a text, and the links they become; see attachments.h. */
#include <string.h>

#include "inbound/attachments.h"
#include "markup/markdown.h"

enum { LONGEST_REFERENCE = 400 /* bytes between the brackets */ };

/* The words before the name, as clients write them into plain text. */
static const char *const labels[] = {"image: ", "Image: ", "inline: ", "Inline: ", "image:", ""};

struct MpReferences {
    GHashTable *ids;   /* char * to the first index + 1 of that Content-ID */
    GHashTable *names; /* char * to the images of that name */
};

/* The images of one name: those before `next` are taken. */
typedef struct {
    GArray *indexes; /* guint */
    guint next;
} Namesakes;

static void
namesakes_free(gpointer data)
{
    g_array_unref(((Namesakes *)data)->indexes);
    g_free(data);
}

static void
add_name(MpReferences *references, const char *name, guint i)
{
    Namesakes *namesakes = g_hash_table_lookup(references->names, name);

    if (namesakes == NULL) {
        namesakes = g_new0(Namesakes, 1);
        namesakes->indexes = g_array_new(FALSE, FALSE, sizeof(guint));
        g_hash_table_insert(references->names, g_strdup(name), namesakes);
    }
    g_array_append_val(namesakes->indexes, i);
}

MpReferences *
mp_references_new(const GPtrArray *attachments)
{
    MpReferences *references = g_new0(MpReferences, 1);

    references->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    references->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, namesakes_free);
    for (guint i = 0; i < attachments->len; i++) {
        const MpAttachment *a = g_ptr_array_index(attachments, i);

        if (a->content_id != NULL && !g_hash_table_contains(references->ids, a->content_id))
            g_hash_table_insert(references->ids, g_strdup(a->content_id), GUINT_TO_POINTER(i + 1));
        if (a->name != NULL && g_str_has_prefix(a->type, "image/"))
            add_name(references, a->name, i);
    }
    return references;
}

void
mp_references_free(MpReferences *references)
{
    g_hash_table_unref(references->ids);
    g_hash_table_unref(references->names);
    g_free(references);
}

/* As it is written, or with its %XX undone: the first in the mail of either. */
static int
by_id(const MpReferences *references, const char *id, gsize length)
{
    g_autofree char *written = g_strndup(id, length);
    g_autofree char *meant = g_uri_unescape_string(written, NULL);
    int a = GPOINTER_TO_INT(g_hash_table_lookup(references->ids, written));
    int b = meant != NULL ? GPOINTER_TO_INT(g_hash_table_lookup(references->ids, meant)) : 0;

    return (a == 0 || (b > 0 && b < a) ? b : a) - 1;
}

static int
by_name(MpReferences *references, const bool *is_taken, const char *name, gsize length)
{
    g_autofree char *written = g_strndup(name, length);
    Namesakes *namesakes = g_hash_table_lookup(references->names, written);

    if (namesakes == NULL)
        return -1;
    const guint *indexes = (const guint *)(gconstpointer)namesakes->indexes->data;
    while (namesakes->next + 1 < namesakes->indexes->len && is_taken[indexes[namesakes->next]])
        namesakes->next++;
    return (int)indexes[namesakes->next];
}

/* An image within the alt would be the one that is meant, so the search ends there. */
gsize
mp_attachment_image(const char *p, gsize *alt)
{
    static const char marker[] = "](cid:";
    const char *end, *bracket;

    if (!g_str_has_prefix(p, "!["))
        return 0;
    for (bracket = p + 2;; bracket++) {
        bracket += strcspn(bracket, "!]\n");
        if (*bracket == '\0' || *bracket == '\n' || g_str_has_prefix(bracket, "!["))
            return 0;
        if (g_str_has_prefix(bracket, marker))
            break;
    }
    *alt = (gsize)(bracket - p) - 2;
    end = bracket + strlen(marker);
    end += strcspn(end, " ()<>\r\n"); /* as mp_html_to_markdown leaves none in a reference */
    return *end == ')' ? (gsize)(end - p) + 1 : 0;
}

/* "[cid:ID]", "[image: NAME]", "<NAME>". */
static int
bracketed(MpReferences *references, const bool *is_taken, const char *p, gsize *length, bool *is_id)
{
    const char *inside = p + 1;
    gsize n = strcspn(inside, *p == '[' ? "[]\n" : "<>\n");

    if (inside[n] != (*p == '[' ? ']' : '>') || n > LONGEST_REFERENCE || inside[n + 1] == '(')
        return -1;
    *length = n + 2;
    *is_id = g_str_has_prefix(inside, "cid:");
    if (*is_id)
        return by_id(references, inside + 4, n - 4);
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        gsize label = strlen(labels[i]);

        if (n > label && strncmp(inside, labels[i], label) == 0)
            return by_name(references, is_taken, inside + label, n - label);
    }
    return -1;
}

int
mp_attachment_reference(MpReferences *references, const bool *is_taken, const char *p,
                        gsize *length, bool *by_content_id)
{
    gsize alt, image = mp_attachment_image(p, &alt);

    *by_content_id = true;
    if (image > 0) {
        gsize before = alt + strlen("![](cid:");

        *length = image;
        return by_id(references, p + before, image - before - 1);
    }
    if (*p == '[' || *p == '<')
        return bracketed(references, is_taken, p, length, by_content_id);
    return -1;
}

void
mp_attachment_append_link(GString *text, const MpNewAttachment *attachment)
{
    g_autofree char *shown = mp_markdown_quote(attachment->name);
    bool is_image = g_str_has_prefix(attachment->type, "image/");

    g_string_append_printf(text, "%s[%s](attachments/%s)", is_image ? "!" : "", shown,
                           attachment->file);
}

void
mp_attachment_append_refusal(GString *text, const MpAttachment *attachment, const char *name,
                             const char *why)
{
    g_autofree char *shown = mp_markdown_quote(name);
    g_autofree char *size = g_format_size(attachment->size);

    g_string_append_printf(text, "Not stored: %s (%s): %s", shown, size, why);
}
