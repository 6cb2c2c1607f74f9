/* Attachments of a mail; see attachments.h. */
#include "attachments.h"

#include <string.h>

#include "base/escape.h"

#define NAME_MAX_CHARS 100

/* What a comment in a published repository may carry: pictures, documents, patches, logs. */
static const char *const allowed[] = {
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/svg+xml",
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/x-tar",
    "application/json",
    "application/xml",
    "application/octet-stream",
    "text/",
    "video/mp4",
};

static const struct {
    const char *type, *name;
} nameless[] = {
    {"image/png", "image.png"},   {"image/jpeg", "image.jpg"},         {"image/gif", "image.gif"},
    {"image/webp", "image.webp"}, {"text/plain", "text.txt"},          {"text/html", "text.html"},
    {"text/csv", "text.csv"},     {"application/pdf", "document.pdf"},
};

static bool
is_allowed(const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        gsize length = strlen(allowed[i]);

        if (strncmp(type, allowed[i], length) == 0 &&
            (type[length] == '\0' || allowed[i][length - 1] == '/'))
            return true;
    }
    return false;
}

static void
attachment_free(gpointer data)
{
    MpNewAttachment *attachment = data;

    g_free((char *)attachment->name);
    g_free((char *)attachment->type);
    g_bytes_unref(attachment->data);
    g_free(attachment);
}

/* One path component that Git takes: no slash, no leading dot, no control, not too long. */
static char *
safe_name(const char *given)
{
    g_autofree char *line = mp_one_line(given != NULL ? given : "");
    g_autofree char *cut = g_utf8_strlen(line, -1) > NAME_MAX_CHARS
                               ? g_utf8_substring(line, 0, NAME_MAX_CHARS)
                               : g_strdup(line);

    g_strdelimit(cut, "/\\:*?\"<>|;", '_');
    while (cut[0] == '.' || cut[0] == ' ')
        memmove(cut, cut + 1, strlen(cut));
    return cut[0] != '\0' ? g_steal_pointer(&cut) : g_strdup("attachment");
}

static bool
is_taken(const GPtrArray *chosen, const char *name)
{
    for (guint i = 0; i < chosen->len; i++)
        if (g_ascii_strcasecmp(((MpNewAttachment *)g_ptr_array_index(chosen, i))->name, name) == 0)
            return true;
    return false;
}

static char *
unique_name(const GPtrArray *chosen, const char *name)
{
    if (!is_taken(chosen, name))
        return g_strdup(name);
    for (int i = 2;; i++) {
        g_autofree char *numbered = g_strdup_printf("%d-%s", i, name);

        if (!is_taken(chosen, numbered))
            return g_steal_pointer(&numbered);
    }
}

/* As given, or by its type: what a phone pastes into a mail has no name. */
static char *
shown_name(const MpAttachment *a)
{
    for (gsize i = 0; a->name == NULL && i < G_N_ELEMENTS(nameless); i++) {
        if (strcmp(nameless[i].type, a->type) == 0)
            return g_strdup(nameless[i].name);
    }
    return safe_name(a->name);
}

static const char *
why_not(const MpAttachment *a)
{
    if (a->refused != NULL)
        return a->refused;
    if (a->data == NULL)
        return "not kept";
    return is_allowed(a->type) ? NULL : "its type is not allowed";
}

/* ---- one mail's attachments ---- */

typedef struct {
    const MpMessage *message;
    MpPlacement *placement;
    GPtrArray *names; /* char *: under which each is stored; NULL if it is not */
    bool *is_linked;  /* in the text */
    bool *is_cut;     /* referred to in the part that was cut, and only there */
} Placing;

static const MpAttachment *
attachment_at(const Placing *placing, guint i)
{
    return g_ptr_array_index(placing->message->attachments, i);
}

/* The same file twice, as some clients attach what is also shown inline. */
static const char *
stored_already(const GPtrArray *stored, const MpAttachment *a, const char *name)
{
    for (guint i = 0; i < stored->len; i++) {
        const MpNewAttachment *other = g_ptr_array_index(stored, i);

        if (strcmp(other->name, name) == 0 && g_bytes_equal(other->data, a->data))
            return other->name;
    }
    return NULL;
}

/* Stores attachment `i` if it may be; its name is the placing's. */
static const char *
store(Placing *placing, guint i)
{
    const MpAttachment *a = attachment_at(placing, i);
    GPtrArray *stored = placing->placement->stored;
    char **name = (char **)&g_ptr_array_index(placing->names, i);
    g_autofree char *given = shown_name(a);

    if (*name != NULL || why_not(a) != NULL)
        return *name;
    *name = g_strdup(stored_already(stored, a, given));
    if (*name != NULL)
        return *name;
    *name = unique_name(stored, given);
    MpNewAttachment *attachment = g_new0(MpNewAttachment, 1);
    attachment->name = g_strdup(*name);
    attachment->type = g_strdup(a->type);
    attachment->data = g_bytes_ref(a->data);
    g_ptr_array_add(stored, attachment);
    return *name;
}

static void
set_fate(Placing *placing, guint i, char *fate)
{
    char **place = (char **)&g_ptr_array_index(placing->placement->fates, i);

    g_free(*place);
    *place = fate;
}

/* The link, or the refusal, and what `explain` says of it. */
static void
append_attachment(Placing *placing, GString *text, guint i, const char *where)
{
    const MpAttachment *a = attachment_at(placing, i);
    const char *name = store(placing, i);
    g_autofree char *given = shown_name(a);

    if (name == NULL) {
        mp_attachment_append_refusal(text, a, given, why_not(a));
        set_fate(placing, i, g_strdup_printf("not stored: %s", why_not(a)));
        return;
    }
    mp_attachment_append_link(text, a, name);
    set_fate(placing, i, g_strdup_printf("stored as %s, linked %s", name, where));
}

/* An image that is not in the mail is shown to be missing; every other text stays as it is. */
static gsize
append_missing(GString *text, const char *p)
{
    gsize line = strcspn(p, "\n");
    const char *id = g_str_has_prefix(p, "![") ? g_strstr_len(p, (gssize)line, "](cid:") : NULL;
    const char *end = id != NULL ? memchr(id, ')', line - (gsize)(id - p)) : NULL;

    if (end == NULL) {
        g_string_append_c(text, *p);
        return 1;
    }
    g_string_append_printf(text, "[image: %.*s]", (int)(id - p) - 2, p + 2);
    return (gsize)(end - p) + 1;
}

static void
link_in_text(Placing *placing, GString *text, const char *reply)
{
    for (const char *p = reply; *p != '\0';) {
        gsize plain = strcspn(p, "![<"), length;
        bool by_id;

        g_string_append_len(text, p, (gssize)plain);
        p += plain;
        if (*p == '\0')
            break;
        int i = mp_attachment_reference(placing->message->attachments, placing->is_linked, p,
                                        &length, &by_id);
        if (i < 0) {
            p += append_missing(text, p);
            continue;
        }
        bool is_refused = why_not(attachment_at(placing, (guint)i)) != NULL;
        g_string_append(text, is_refused ? "[" : "");
        append_attachment(placing, text, (guint)i, "in the text");
        g_string_append(text, is_refused ? "]" : "");
        placing->is_linked[i] = true;
        p += length;
    }
}

/* A file that was attached by hand and has the name of a picture in the quote is not that picture.
 */
static void
find_cut(Placing *placing, const MpExtraction *extraction)
{
    const GPtrArray *attachments = placing->message->attachments;
    gsize length;
    bool by_id;

    for (const char *p = extraction->elided + strcspn(extraction->elided, "![<"); *p != '\0';
         p += 1 + strcspn(p + 1, "![<")) {
        int i = mp_attachment_reference(attachments, placing->is_linked, p, &length, &by_id);

        if (i >= 0 &&
            (by_id || g_strcmp0(attachment_at(placing, (guint)i)->disposition, "attachment") != 0))
            placing->is_cut[i] = !placing->is_linked[i];
    }
    for (guint i = 0; i < attachments->len; i++) {
        const char *id = attachment_at(placing, i)->content_id;

        if (id != NULL && g_strv_contains((const char *const *)extraction->cut_ids, id))
            placing->is_cut[i] = !placing->is_linked[i];
    }
}

static void
name_below(Placing *placing, GString *below)
{
    for (guint i = 0; i < placing->message->attachments->len; i++) {
        const MpAttachment *a = attachment_at(placing, i);
        g_autofree char *size = g_format_size(a->size);

        if (placing->is_cut[i])
            set_fate(placing, i, g_strdup("not stored: only the text that was cut refers to it"));
        if (placing->is_cut[i] || placing->is_linked[i])
            continue;
        g_string_append(below, why_not(a) == NULL ? "Attached: " : "");
        append_attachment(placing, below, i, "below the text");
        if (why_not(a) == NULL)
            g_string_append_printf(below, " (%s)", size);
        g_string_append_c(below, '\n');
    }
}

MpPlacement *
mp_attachments_place(const MpMessage *message, const MpExtraction *extraction)
{
    guint n = message->attachments->len;
    MpPlacement *placement = g_new0(MpPlacement, 1);
    g_autoptr(GPtrArray) names = g_ptr_array_new_full(n, g_free);
    g_autofree bool *is_linked = g_new0(bool, n + 1), *is_cut = g_new0(bool, n + 1);
    g_autoptr(GString) below = g_string_new(NULL);
    GString *body = g_string_new(NULL);
    Placing placing = {message, placement, names, is_linked, is_cut};

    placement->stored = g_ptr_array_new_with_free_func(attachment_free);
    placement->fates = g_ptr_array_new_full(n, g_free);
    g_ptr_array_set_size(names, (int)n);
    g_ptr_array_set_size(placement->fates, (int)n);
    link_in_text(&placing, body, extraction->reply);
    find_cut(&placing, extraction);
    name_below(&placing, below);
    /* what is refused is no comment by itself */
    if (below->len > 0 && (body->len > 0 || placement->stored->len > 0))
        g_string_append_printf(body, "%s%s", body->len > 0 ? "\n\n" : "", below->str);
    placement->body = g_string_free(body, FALSE);
    return placement;
}

void
mp_placement_free(MpPlacement *placement)
{
    if (placement == NULL)
        return;
    g_free(placement->body);
    g_clear_pointer(&placement->stored, g_ptr_array_unref);
    g_clear_pointer(&placement->fates, g_ptr_array_unref);
    g_free(placement);
}
