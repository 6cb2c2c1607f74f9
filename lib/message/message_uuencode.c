/*
 * Files that stand in a text as lines of uuencode (POSIX, uuencode: the historical form and
 * begin-base64), from before there was MIME. See internal.h.
 */
#include "message/internal.h"

#include "base/error.h"

#include <string.h>

/* Octets in a full line of the historical form: it begins with 'M'. */
#define FULL_LINE 45

typedef struct {
    char *name;
    GByteArray *bytes;
    const char *end; /* where the text goes on */
    bool is_whole;   /* its last line is there */
} File;

static void
file_clear(File *file)
{
    g_free(file->name);
    if (file->bytes != NULL)
        g_byte_array_unref(file->bytes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(File, file_clear)

static const char *
line_end(const char *line)
{
    return line + strcspn(line, "\n");
}

static const char *
next_line(const char *line)
{
    const char *end = line_end(line);

    return end + (*end != '\0');
}

static bool
is_line(const char *line, const char *text)
{
    gsize length = strlen(text);

    return strncmp(line, text, length) == 0 &&
           line + length + strspn(line + length, " \t") == line_end(line);
}

/* "begin 644 name": where the mode stands, and the name with its blanks cut; NULL if it is none. */
static char *
name_of_begin(const char *line, const char *word)
{
    gsize length = strlen(word);

    if (strncmp(line, word, length) != 0)
        return NULL;
    gsize digits = strspn(line + length, "01234567");
    const char *name = line + length + digits;
    if (digits < 3 || digits > 4 || *name != ' ')
        return NULL;
    char *text = g_strstrip(g_strndup(name, (gsize)(line_end(name) - name)));
    if (*text != '\0')
        return text;
    g_free(text);
    return NULL;
}

/* One line of the historical form. What is cut at its end were blanks, which stand for zeros; one
 * character more may be a checksum. False if it is no such line. */
static bool
take_line(const char *line, GByteArray *bytes, guint *count)
{
    const char *end = line_end(line);
    guint length = end > line ? (guint)(*line - ' ') & 63 : 0, have = 0;
    gsize most = (length + 2) / 3 * 4;
    guint32 group = 0;

    for (const char *p = line; p < end; p++)
        if (*p < ' ' || *p > '`')
            return false;
    if (length > FULL_LINE || end > line + 1 + most + 1)
        return false;
    for (gsize i = 0; i < most; i++) {
        guint32 digit = line + 1 + i < end ? (guint32)(line[1 + i] - ' ') & 63 : 0;

        group = group << 6 | digit;
        for (int shift = 16; i % 4 == 3 && shift >= 0 && have < length; shift -= 8, have++) {
            guint8 octet = (guint8)(group >> shift);
            g_byte_array_append(bytes, &octet, 1);
        }
    }
    *count = length;
    return true;
}

/* A file whose end is cut off counts as one if it has a full line, which nobody writes by hand. */
static bool
take_historical(const char *at, File *file)
{
    guint count = 1;
    bool has_full_line = false;

    while (*at != '\0' && count > 0 && take_line(at, file->bytes, &count)) {
        has_full_line |= count == FULL_LINE;
        at = next_line(at);
    }
    file->is_whole = is_line(at, "end");
    file->end = file->is_whole ? next_line(at) : at;
    return file->is_whole || has_full_line;
}

static bool
take_base64(const char *at, File *file)
{
    int state = 0;
    guint save = 0;

    while (*at != '\0' && !is_line(at, "====")) {
        gsize length = (gsize)(line_end(at) - at);
        guchar octets[80];

        if (length == 0 || length > 76 ||
            strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") <
                length)
            return false;
        gsize n = g_base64_decode_step(at, length, octets, &state, &save);
        g_byte_array_append(file->bytes, octets, (guint)n);
        at = next_line(at);
    }
    file->is_whole = *at != '\0';
    file->end = next_line(at);
    return file->is_whole;
}

static bool
take_file(const char *line, File *file)
{
    *file = (File){.name = name_of_begin(line, "begin ")};
    if (file->name != NULL) {
        file->bytes = g_byte_array_new();
        return take_historical(next_line(line), file);
    }
    file->name = name_of_begin(line, "begin-base64 ");
    if (file->name == NULL)
        return false;
    file->bytes = g_byte_array_new();
    return take_base64(next_line(line), file);
}

/* In a block of code a uuencoded file is text. */
static bool
is_fence(const char *line)
{
    return g_str_has_prefix(line, "```") || g_str_has_prefix(line, "~~~");
}

static bool
read_file(MpReading *reading, File *file)
{
    if (reading->message->attachments->len >= reading->limits->parts)
        return mp_fail(reading->error, MP_ERROR_INPUT, "too-large: more than %u files in the text",
                       reading->limits->parts);
    mp_repair(reading, "a uuencoded file in the text is an attachment");
    mp_read_embedded(reading, file->name, g_steal_pointer(&file->bytes),
                     file->is_whole ? NULL : "its end is missing");
    return true;
}

bool
mp_read_uuencoded(MpReading *reading, char **text)
{
    bool is_in_fence = false;

    /* an exported comment is read back as it was written */
    if (mp_message_header(reading->message, "X-Metroplex-Format") != NULL)
        return true;
    if (!g_str_has_prefix(*text, "begin") && strstr(*text, "\nbegin") == NULL)
        return true;
    g_autoptr(GString) rest = g_string_sized_new(strlen(*text));
    for (const char *line = *text; *line != '\0';) {
        g_auto(File) file = {NULL};

        is_in_fence ^= is_fence(line);
        if (!is_in_fence && take_file(line, &file)) {
            if (!read_file(reading, &file))
                return false;
            line = file.end;
            continue;
        }
        g_string_append_len(rest, line, next_line(line) - line);
        line = next_line(line);
    }
    g_free(*text);
    *text = g_string_free(g_steal_pointer(&rest), FALSE);
    return true;
}
