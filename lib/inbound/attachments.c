/* Attachments of a mail; see attachments.h. */
#include "inbound/attachments.h"

#include <string.h>

#include "base/escape.h"

#define NAME_MAX_OCTETS 255

/* The types that a comment in a published repository may carry: pictures, documents, patches, logs.
 * What ends in / or . is the beginning of a type. */
static const char *const allowed[] = {
    "image/",
    "text/",
    "audio/",
    "video/",
    "application/pdf",
    "application/zip",
    "application/x-zip",
    "application/x-zip-compressed",
    "application/gzip",
    "application/x-gzip",
    "application/x-tar",
    "application/x-compressed-tar",
    "application/x-bzip2",
    "application/x-xz",
    "application/zstd",
    "application/x-7z-compressed",
    "application/json",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/sql",
    "application/x-patch",
    "application/x-diff",
    "application/rtf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/octet-stream",
};

/* The first octets of what may be stored whatever its type is said to be. */
static const struct {
    const char *octets;
    gsize length, offset;
} contents[] = {
    {"\x89PNG\r\n\x1a\n", 8, 0},
    {"\xFF\xD8\xFF", 3, 0},
    {"GIF8", 4, 0},
    {"%PDF-", 5, 0},
    {"PK\3\4", 4, 0},
    {"\x1F\x8B", 2, 0},
    {"BZh", 3, 0},
    {"\xFD"
     "7zXZ",
     5, 0},
    {"\x28\xB5\x2F\xFD", 4, 0},
    {"7z\xBC\xAF\x27\x1C", 6, 0},
    {"ustar", 5, 257},
    {"WEBP", 4, 8},
    {"ftyp", 4, 4},
    {"\x1A\x45\xDF\xA3", 4, 0},
    {"OggS", 4, 0},
    {"\xD0\xCF\x11\xE0", 4, 0},
};

static const struct {
    const char *type, *name;
} nameless[] = {
    {"image/png", "image.png"},          {"image/jpeg", "image.jpg"}, {"image/jpg", "image.jpg"},
    {"image/heic", "image.heic"},        {"image/gif", "image.gif"},  {"image/webp", "image.webp"},
    {"text/plain", "text.txt"},          {"text/html", "text.html"},  {"text/csv", "text.csv"},
    {"application/pdf", "document.pdf"},
};

static bool
is_allowed_type(const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        gsize length = strlen(allowed[i]);

        if (strncmp(type, allowed[i], length) == 0 &&
            (type[length] == '\0' || strchr("/.", allowed[i][length - 1]) != NULL))
            return true;
    }
    return false;
}

static bool
is_allowed_content(GBytes *data)
{
    gsize size;
    const char *octets = g_bytes_get_data(data, &size);

    for (gsize i = 0; i < G_N_ELEMENTS(contents); i++)
        if (size >= contents[i].offset + contents[i].length &&
            memcmp(octets + contents[i].offset, contents[i].octets, contents[i].length) == 0)
            return true;
    return false;
}

/* For people: on one line, and not longer than the name of a file is anywhere. */
static char *
plain_name(const char *given)
{
    char *line = mp_one_line(given != NULL ? given : "");
    gsize length = strlen(line);

    if (length > NAME_MAX_OCTETS)
        *g_utf8_find_prev_char(line, line + NAME_MAX_OCTETS + 1) = '\0';
    if (*g_strchomp(line) != '\0')
        return line;
    g_free(line);
    return g_strdup("attachment");
}

/* As given, or by its type: what a phone pastes into a mail has no name. */
static char *
shown_name(const MpAttachment *a)
{
    for (gsize i = 0; a->name == NULL && i < G_N_ELEMENTS(nameless); i++) {
        if (strcmp(nameless[i].type, a->type) == 0)
            return g_strdup(nameless[i].name);
    }
    return plain_name(a->name);
}

static const char *
why_not(const MpAttachment *a)
{
    if (a->refused != NULL)
        return a->refused;
    if (a->data == NULL)
        return "not kept";
    return is_allowed_type(a->type) || is_allowed_content(a->data) ? NULL
                                                                   : "its type is not allowed";
}

/* ---- one mail's attachments ---- */

typedef struct {
    const MpMessage *message;
    MpPlacement *placement;
    MpReferences *references;
    GHashTable *known;       /* what tells one file from another, to its MpNewAttachment */
    MpNewAttachment **files; /* of each attachment; NULL if it is not stored */
    bool *is_linked;         /* in the text */
    bool *is_cut;            /* referred to in the part that was cut, and only there */
} Placing;

static const MpAttachment *
attachment_at(const Placing *placing, guint i)
{
    return g_ptr_array_index(placing->message->attachments, i);
}

/* Some clients attach what is also shown inline: that is one file. */
static char *
identity_of(const MpAttachment *a, const char *name)
{
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, a->data);

    return g_strconcat(hash, " ", name, NULL);
}

static MpNewAttachment *
new_attachment(const MpAttachment *a, const char *name, guint number)
{
    MpNewAttachment *attachment = g_new0(MpNewAttachment, 1);

    attachment->file = mp_attachment_file(number, name, a->type);
    attachment->name = g_strdup(name);
    attachment->type = g_strdup(a->type);
    attachment->data = g_bytes_ref(a->data);
    return attachment;
}

/* Stores attachment `i` if it may be; the result is the placement's. */
static const MpNewAttachment *
store(Placing *placing, guint i)
{
    const MpAttachment *a = attachment_at(placing, i);
    GPtrArray *stored = placing->placement->stored;
    g_autofree char *name = NULL, *identity = NULL;

    if (placing->files[i] != NULL || why_not(a) != NULL)
        return placing->files[i];
    name = shown_name(a);
    identity = identity_of(a, name);
    placing->files[i] = g_hash_table_lookup(placing->known, identity);
    if (placing->files[i] != NULL)
        return placing->files[i];
    placing->files[i] = new_attachment(a, name, stored->len + 1);
    g_ptr_array_add(stored, placing->files[i]);
    g_hash_table_insert(placing->known, g_steal_pointer(&identity), placing->files[i]);
    return placing->files[i];
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
    const MpNewAttachment *stored = store(placing, i);

    if (stored == NULL) {
        g_autofree char *given = shown_name(a);

        mp_attachment_append_refusal(text, a, given, why_not(a));
        set_fate(placing, i, g_strdup_printf("not stored: %s", why_not(a)));
        return;
    }
    mp_attachment_append_link(text, stored);
    set_fate(placing, i, g_strdup_printf("stored as %s, linked %s", stored->file, where));
}

/* An image that is not in the mail is shown to be missing; every other text stays as it is. */
static gsize
append_missing(GString *text, const char *p)
{
    gsize alt, image = mp_attachment_image(p, &alt);

    if (image == 0) {
        g_string_append_c(text, *p);
        return 1;
    }
    g_string_append(text, "[image: ");
    g_string_append_len(text, p + 2, (gssize)alt);
    g_string_append_c(text, ']');
    return image;
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
        int i =
            mp_attachment_reference(placing->references, placing->is_linked, p, &length, &by_id);
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
        int i =
            mp_attachment_reference(placing->references, placing->is_linked, p, &length, &by_id);

        if (i >= 0 &&
            (by_id || g_strcmp0(attachment_at(placing, (guint)i)->disposition, "attachment") != 0))
            placing->is_cut[i] = !placing->is_linked[i];
    }
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (char **id = extraction->cut_ids; *id != NULL; id++)
        g_hash_table_add(ids, *id);
    for (guint i = 0; i < attachments->len; i++) {
        const char *id = attachment_at(placing, i)->content_id;

        if (id != NULL && g_hash_table_contains(ids, id))
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
mp_attachments_place(const MpMessage *message, const MpExtraction *extraction, const char *reply)
{
    guint n = message->attachments->len;
    MpPlacement *placement = g_new0(MpPlacement, 1);
    g_autoptr(MpReferences) references = mp_references_new(message->attachments);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree MpNewAttachment **files = g_new0(MpNewAttachment *, n + 1);
    g_autofree bool *is_linked = g_new0(bool, n + 1), *is_cut = g_new0(bool, n + 1);
    g_autoptr(GString) below = g_string_new(NULL);
    GString *body = g_string_new(NULL);
    Placing placing = {message, placement, references, known, files, is_linked, is_cut};

    placement->stored = g_ptr_array_new_with_free_func((GDestroyNotify)mp_new_attachment_free);
    placement->fates = g_ptr_array_new_full(n, g_free);
    g_ptr_array_set_size(placement->fates, (int)n);
    link_in_text(&placing, body, reply);
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
