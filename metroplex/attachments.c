/* Attachments of a mail; see attachments.h. */
#include "attachments.h"

#include <string.h>

#include "base/escape.h"

#define NAME_MAX_CHARS 100

/* What a comment in a published repository may carry: pictures, documents, patches, logs. */
static const char *const allowed[] = {
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "application/pdf",
    "application/zip", "application/gzip", "application/x-gzip", "application/x-tar",
    "application/json", "application/xml", "application/octet-stream", "text/", "video/mp4",
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
unique_name(const GPtrArray *chosen, const char *given)
{
    g_autofree char *name = safe_name(given);

    if (!is_taken(chosen, name))
        return g_steal_pointer(&name);
    for (int i = 2;; i++) {
        g_autofree char *numbered = g_strdup_printf("%d-%s", i, name);

        if (!is_taken(chosen, numbered))
            return g_steal_pointer(&numbered);
    }
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

static const char *
why_not(const MpAttachment *a)
{
    if (a->refused != NULL)
        return a->refused;
    if (a->data == NULL)
        return "not kept";
    return is_allowed(a->type) ? NULL : "its type is not allowed";
}

static void
append_line(GString *text, const MpAttachment *a, const char *name, const char *refused)
{
    g_autofree char *shown = markdown_name(name);
    g_autofree char *size = g_format_size(a->size);
    g_autofree char *uri = g_uri_escape_string(name, NULL, FALSE);

    if (refused == NULL)
        g_string_append_printf(text, "Attached: [%s](attachments/%s) (%s)\n", shown, uri, size);
    else
        g_string_append_printf(text, "Not stored: %s (%s): %s\n", shown, size, refused);
}

GPtrArray *
mp_attachments_choose(const MpMessage *message, char **text)
{
    GPtrArray *chosen = g_ptr_array_new_with_free_func(attachment_free);
    GString *lines = g_string_new(NULL);

    for (guint i = 0; i < message->attachments->len; i++) {
        const MpAttachment *a = g_ptr_array_index(message->attachments, i);
        const char *refused = why_not(a);
        g_autofree char *name = unique_name(chosen, a->name);

        append_line(lines, a, name, refused);
        if (refused != NULL)
            continue;
        MpNewAttachment *attachment = g_new0(MpNewAttachment, 1);
        attachment->name = g_steal_pointer(&name);
        attachment->type = g_strdup(a->type);
        attachment->data = g_bytes_ref(a->data);
        g_ptr_array_add(chosen, attachment);
    }
    *text = g_string_free(lines, FALSE);
    return chosen;
}
