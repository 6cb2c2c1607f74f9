/*
 * How the file of an attachment is called in the tree: by a number and, where it is known to be
 * harmless, an extension, so that a clone can be looked at. The name as it was sent stands among
 * the record of the comment.
 */
#include <string.h>

#include "tracker/tracker.h"

#define NUMBER_DIGITS 4 /* [limits] attachments is at most 1000 */

/* Types that a double click shows and does not run. The first of a type is that of a name without
 * one. */
static const struct {
    const char *extension, *type;
} known[] = {
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"svg", "image/svg+xml"},
    {"heic", "image/heic"},
    {"bmp", "image/bmp"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"gz", "application/x-gzip"},
    {"tgz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"bz2", "application/x-bzip2"},
    {"xz", "application/x-xz"},
    {"zst", "application/zstd"},
    {"7z", "application/x-7z-compressed"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"txt", "text/plain"},
    {"csv", "text/csv"},
    {"md", "text/markdown"},
    {"diff", "text/x-diff"},
    {"patch", "text/x-patch"},
    {"log", "text/x-log"},
    {"ics", "text/calendar"},
    {"mp4", "video/mp4"},
    {"docx", NULL},
    {"xlsx", NULL},
    {"pptx", NULL},
    {"odt", NULL},
    {"ods", NULL},
    {"odp", NULL},
    {"yaml", NULL},
    {"yml", NULL},
    {"toml", NULL},
    {"ini", NULL},
    {"conf", NULL},
    {"eml", NULL},
};

static const char *
extension_of_name(const char *name)
{
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;

    for (gsize i = 0; dot != NULL && i < G_N_ELEMENTS(known); i++)
        if (g_ascii_strcasecmp(known[i].extension, dot + 1) == 0)
            return known[i].extension;
    return NULL;
}

static const char *
extension_of_type(const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_strcmp0(known[i].type, type) == 0)
            return known[i].extension;
    return g_str_has_prefix(type, "text/") ? "txt" : NULL;
}

char *
mp_attachment_file(guint number, const char *name, const char *type)
{
    const char *extension = extension_of_name(name);

    if (extension == NULL)
        extension = extension_of_type(type);
    return extension != NULL ? g_strdup_printf("%u.%s", number, extension)
                             : g_strdup_printf("%u", number);
}

bool
mp_is_attachment_file(const char *file)
{
    gsize digits = strspn(file, "0123456789");

    if (digits == 0 || digits > NUMBER_DIGITS || file[0] == '0')
        return false;
    for (gsize i = 0; file[digits] == '.' && i < G_N_ELEMENTS(known); i++)
        if (strcmp(file + digits + 1, known[i].extension) == 0)
            return true;
    return file[digits] == '\0';
}

void
mp_new_attachment_free(MpNewAttachment *attachment)
{
    if (attachment == NULL)
        return;
    g_free((char *)attachment->file);
    g_free((char *)attachment->name);
    g_free((char *)attachment->type);
    g_bytes_unref(attachment->data);
    g_free(attachment);
}
