/*
 * What was attached, beside the page of its thread: under a name of ours, and with the ending of a
 * picture only if it begins as one. Everything else is .bin, which no browser shows and no web
 * server runs; it is saved under the name that it was sent with.
 */
#include "pages/internal.h"

#include <string.h>

static const struct {
    const char *ending;
    gsize at;
    const char *magic;
    gsize length;
} pictures[] = {
    {"png", 0, "\x89PNG\r\n\x1a\n", 8},
    {"jpg", 0, "\xff\xd8\xff", 3},
    {"gif", 0, "GIF87a", 6},
    {"gif", 0, "GIF89a", 6},
    {"webp", 8, "WEBPVP8", 7},
};

static const char *const endings[] = {"png", "jpg", "gif", "webp", "bin"};

static const char *
ending_of(const char *bytes, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++)
        if (length >= pictures[i].at + pictures[i].length &&
            memcmp(bytes + pictures[i].at, pictures[i].magic, pictures[i].length) == 0)
            return pictures[i].ending;
    return "bin";
}

bool
mp_pages_is_picture(const char *file)
{
    return !g_str_has_suffix(file, ".bin");
}

/* "a/17/3-1.": of the file "1.png" of comment 3. */
static char *
stem_of(guint64 thread, guint64 number, const char *file)
{
    return g_strdup_printf("a/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "-%.*s.", thread, number,
                           (int)strspn(file, "0123456789"), file);
}

static char *
path_of(const MpPagesRepository *repository, const char *stem, const char *ending)
{
    return g_strconcat(repository->directory, "/", stem, ending, NULL);
}

bool
mp_pages_attached_file(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 thread,
                       guint64 number, const MpAttachmentRecord *attachment, char **file,
                       GError **error)
{
    g_autofree char *stem = stem_of(thread, number, attachment->file);

    *file = NULL;
    for (gsize i = 0; *file == NULL && i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *path = path_of(repository, stem, endings[i]);
        bool has = update->is_fresh && g_hash_table_contains(update->attached, path);

        if (!update->is_fresh && !mp_stage_has(update->stage, path, &has, error))
            return false;
        *file = has ? g_strconcat(stem, endings[i], NULL) : NULL;
    }
    return true;
}

static bool
write_one(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 thread,
          guint64 number, const MpAttachmentRecord *attachment, GHashTable *kept, GError **error)
{
    g_autoptr(GBytes) bytes =
        mp_tracker_attachment(update->tracker, thread, number, attachment->file, error);
    g_autofree char *stem = stem_of(thread, number, attachment->file);
    gsize length = 0;
    const char *data = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
    char *path;

    if (bytes == NULL)
        return false;
    path = path_of(repository, stem, ending_of(length > 0 ? data : "", length));
    g_hash_table_add(kept, path);
    if (update->is_fresh)
        g_hash_table_add(update->attached, g_strdup(path));
    return mp_stage_put(update->stage, MP_STAGE_ATTACHMENT, path, length > 0 ? data : "", length,
                        error);
}

/* What the comment had before it was changed. Where all is written anew, it goes with the thread's:
 * mp_pages_sweep_thread(). */
static bool
remove_others(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 thread,
              guint64 number, GHashTable *kept, GError **error)
{
    g_autofree char *directory =
        g_strdup_printf("%s/a/%" G_GUINT64_FORMAT, repository->directory, thread);
    g_autofree char *prefix = g_strdup_printf("%" G_GUINT64_FORMAT "-", number);
    g_autoptr(GPtrArray) names = mp_stage_list(update->stage, directory, NULL, NULL, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, g_ptr_array_index(names, i), NULL);

        if (g_str_has_prefix(g_ptr_array_index(names, i), prefix) &&
            !g_hash_table_contains(kept, path))
            mp_stage_remove(update->stage, path);
    }
    return names != NULL;
}

bool
mp_pages_write_attached(MpPagesUpdate *update, const MpPagesRepository *repository, guint64 thread,
                        guint64 number, const MpComment *comment, GError **error)
{
    g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; comment != NULL && i < comment->attachments->len; i++)
        if (!write_one(update, repository, thread, number,
                       g_ptr_array_index(comment->attachments, i), kept, error))
            return false;
    return update->is_fresh || remove_others(update, repository, thread, number, kept, error);
}

/* --- Attachments that are named below a text -----------------------------------------------------
 */

static bool
has_file(const MpComment *comment, const char *name, gsize length)
{
    for (guint i = 0; i < comment->attachments->len; i++) {
        const char *file = ((MpAttachmentRecord *)g_ptr_array_index(comment->attachments, i))->file;

        if (strlen(file) == length && strncmp(file, name, length) == 0)
            return true;
    }
    return false;
}

/* "Attached: ![photo.png](attachments/1.png) (64.3 kB)", as lib/inbound writes it. */
static bool
names_attachment(const MpComment *comment, const char *line)
{
    const char *p = line + strlen("Attached: ");
    gsize length;

    if (!g_str_has_prefix(line, "Attached: "))
        return false;
    p += *p == '!';
    if (*p != '[')
        return false;
    for (p++; *p != '\0' && *p != '['; p += *p == '\\' && p[1] != '\0' ? 2 : 1)
        if (*p == ']')
            break;
    if (!g_str_has_prefix(p, "](attachments/"))
        return false;
    p += strlen("](attachments/");
    length = strcspn(p, ")");
    return has_file(comment, p, length) && g_str_has_prefix(p + length, ") (") &&
           strchr(p + length + 3, ')') == line + strlen(line) - 1;
}

char *
mp_pages_own_text(const MpComment *comment)
{
    const char *below = g_strrstr(comment->body, "\n\n");
    const char *start = below != NULL ? below + 2 : comment->body;
    g_auto(GStrv) line = g_strsplit(start, "\n", -1);
    GString *text = g_string_new_len(comment->body, start - comment->body);

    for (guint i = 0; line[i] != NULL; i++)
        if (!names_attachment(comment, line[i]))
            g_string_append_printf(text, "%s%s", line[i], line[i + 1] != NULL ? "\n" : "");
    return g_string_free(text, FALSE);
}
