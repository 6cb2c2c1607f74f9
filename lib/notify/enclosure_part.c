/*
 * One attachment as a part of a mail. Who sent it chose its name and its type, so that neither is
 * believed: what is shown at its place is a picture by its octets, what a program might run as
 * a page or an invitation is called octets, and a name leads nowhere and shows what it is.
 */
#include "notify/internal.h"

#include <string.h>

#include <gmime/gmime.h>

#include "base/escape.h"
#include "git/tree_name.h"

#define NAME_MAX_OCTETS 120

/* Pictures that every program shows, and how they begin; the extension that a name must have. */
static const struct {
    const char *octets;
    gsize length, offset;
    const char *type, *extensions[3];
} pictures[] = {
    {"\x89PNG\r\n\x1a\n", 8, 0, "image/png", {".png"}},
    {"\xFF\xD8\xFF", 3, 0, "image/jpeg", {".jpg", ".jpeg"}},
    {"GIF8", 4, 0, "image/gif", {".gif"}},
    {"WEBP", 4, 8, "image/webp", {".webp"}},
};

/* Types that are passed on: none of them is a page, a program, or acted upon by itself. */
static const char *const types[] = {
    "image/heic",
    "image/heif",
    "image/bmp",
    "image/tiff",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/x-tar",
    "application/x-xz",
    "application/zstd",
    "application/x-7z-compressed",
    "application/json",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation"};

/* The same as text, for which there must be a charset: they are passed on where it is UTF-8. */
static const char *const text_types[] = {"text/plain",  "text/csv",     "text/markdown",
                                         "text/x-diff", "text/x-patch", "text/x-log"};

/* What mail servers refuse a whole message for. */
static const char *const programs[] = {
    ".ade", ".adp", ".apk", ".appx", ".bat", ".cab", ".chm", ".cmd", ".com",  ".cpl",
    ".dll", ".dmg", ".exe", ".hta",  ".img", ".ins", ".iso", ".isp", ".jar",  ".jnlp",
    ".js",  ".jse", ".lib", ".lnk",  ".mde", ".mjs", ".msc", ".msi", ".msix", ".msp",
    ".mst", ".nsh", ".pif", ".ps1",  ".reg", ".scr", ".sct", ".shb", ".sys",  ".vb",
    ".vbe", ".vbs", ".vhd", ".vxd",  ".wsc", ".wsf", ".wsh", ".xll"};

static bool
is_among(const char *const *list, gsize n, const char *word)
{
    for (gsize i = 0; i < n; i++)
        if (g_ascii_strcasecmp(list[i], word) == 0)
            return true;
    return false;
}

static const char *
extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL ? dot : "";
}

static void
append_visible(GString *out, const char *name)
{
    for (const char *p = name; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        bool is_refused = mp_is_deceptive(c) || (c < 0x80 && strchr(":*?\"<>|", (int)c) != NULL);

        g_string_append_unichar(out, is_refused ? '_' : c);
    }
}

/* Shortened before its extension. */
static void
shorten(GString *name)
{
    const char *extension = extension_of(name->str);
    gsize kept = strlen(extension) <= 10 ? strlen(extension) : 0, end = NAME_MAX_OCTETS - kept;

    if (name->len <= NAME_MAX_OCTETS)
        return;
    end = (gsize)(g_utf8_find_prev_char(name->str, name->str + end + 1) - name->str);
    g_string_erase(name, (gssize)end, (gssize)(name->len - kept - end));
}

char *
mp_enclosure_name(const MpAttachmentRecord *record)
{
    g_autofree char *line = mp_one_line(record->name != NULL ? record->name : "");
    const char *base = line;
    GString *name = g_string_new(NULL);

    for (const char *p = line; *p != '\0'; p++)
        base = *p == '/' || *p == '\\' ? p + 1 : base;
    base += strspn(base, ". ");
    append_visible(name, base);
    while (name->len > 0 && strchr(". ", name->str[name->len - 1]) != NULL)
        g_string_truncate(name, name->len - 1);
    shorten(name);
    if (mp_is_windows_device(name->str))
        g_string_prepend_c(name, '_');
    if (name->len == 0)
        g_string_assign(name, record->file);
    return g_string_free(name, FALSE);
}

bool
mp_enclosure_is_program(const char *name)
{
    return is_among(programs, G_N_ELEMENTS(programs), extension_of(name));
}

static int
picture_of(GBytes *data)
{
    gsize size;
    const char *octets = g_bytes_get_data(data, &size);

    for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++)
        if (size >= pictures[i].offset + pictures[i].length &&
            memcmp(octets + pictures[i].offset, pictures[i].octets, pictures[i].length) == 0)
            return (int)i;
    return -1;
}

bool
mp_enclosure_is_picture(GBytes *data)
{
    return picture_of(data) >= 0;
}

/* A picture that is called "page.html" would be saved as one. */
static char *
name_of_picture(const char *name, int picture)
{
    const char *extension = extension_of(name);

    for (gsize i = 0; pictures[picture].extensions[i] != NULL; i++)
        if (g_ascii_strcasecmp(pictures[picture].extensions[i], extension) == 0)
            return g_strdup(name);
    return g_strconcat(name, pictures[picture].extensions[0], NULL);
}

static bool
is_utf8(GBytes *data)
{
    gsize size;
    const char *octets = g_bytes_get_data(data, &size);

    return g_utf8_validate_len(octets, size, NULL);
}

static void
set_type(GMimePart *part, const MpAttachmentRecord *record, GBytes *data, int picture)
{
    bool is_text = is_among(text_types, G_N_ELEMENTS(text_types), record->type) && is_utf8(data);
    const char *type = picture >= 0 ? pictures[picture].type
                       : is_text || is_among(types, G_N_ELEMENTS(types), record->type)
                           ? record->type
                           : "application/octet-stream";
    g_autofree char *lower = g_ascii_strdown(type, -1);
    GMimeContentType *content_type = g_mime_content_type_parse(NULL, lower);

    g_mime_object_set_content_type(GMIME_OBJECT(part), content_type);
    g_object_unref(content_type);
    if (is_text)
        g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
}

static void
set_content(GMimePart *part, GBytes *data)
{
    gsize size;
    const char *octets = g_bytes_get_data(data, &size);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(octets, size);
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_object_unref(content);
    g_object_unref(stream);
}

char *
mp_enclosure_part(const MpAttachmentRecord *record, GBytes *data, const char *content_id)
{
    int picture = picture_of(data);
    g_autofree char *given = mp_enclosure_name(record);
    g_autofree char *name = picture >= 0 ? name_of_picture(given, picture) : g_strdup(given);
    GMimePart *part = g_mime_part_new();
    char *text;

    set_type(part, record, data, picture);
    g_mime_object_set_disposition(GMIME_OBJECT(part), content_id != NULL
                                                          ? GMIME_DISPOSITION_INLINE
                                                          : GMIME_DISPOSITION_ATTACHMENT);
    g_mime_part_set_filename(part, name);
    if (content_id != NULL)
        g_mime_part_set_content_id(part, content_id);
    set_content(part, data);
    text = mp_mime_text(GMIME_OBJECT(part));
    g_object_unref(part);
    return text;
}
