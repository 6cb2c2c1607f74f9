/* The linear scan that stands before the MIME parser; see scan.h. */
#include "message/scan.h"

#include "base/error.h"

#include <string.h>

const MpLimits mp_limits_default = {
    .mail_bytes = 25 * 1024 * 1024,
    .header_fields = 1000,
    .header_field_bytes = 64 * 1024,
    .header_bytes = 1024 * 1024,
    .nesting = 100,
    .parts = 1000,
    .addresses = 1000,
    .groups = 1,
    .text_bytes = 4 * 1024 * 1024,
    .attachment_bytes = 10 * 1024 * 1024,
    .attachments = 20,
};

static const char *const address_fields[] = {
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "X-Original-To",
    "Delivered-To",
    "Envelope-To",
    "X-Envelope-To",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
    "Resent-From",
    "Resent-Sender",
    "Return-Path",
    "Disposition-Notification-To",
};

typedef struct {
    const MpLimits *limits;
    const char *end;
    GHashTable *depths; /* each declared boundary, and how deep the parts between its lines are */
    bool any_dashes;    /* a boundary is spelt in a way only a real parser reads */
    bool digest;        /* parts of a digest have a second header without saying so */
    guint depth;        /* of where we are */
    guint parts;
    guint headers_due;  /* header blocks expected from here on */
    bool in_parts;      /* past the mail's own header */
    guint block_fields; /* in this block */
    gsize block_bytes;
    guint parts_fields; /* in all blocks of parts */
    gsize parts_bytes;
    GError **error;
} Scan;

static bool
too_large(GError **error, const char *what, gsize limit)
{
    return mp_fail(error, MP_ERROR_INPUT, "too-large: more than %" G_GSIZE_FORMAT " %s", limit,
                   what);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *
line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (gsize)(end - at));

    return newline == NULL ? end : newline + 1;
}

static bool
is_name_octet(char c)
{
    return c > ' ' && c < 127 && c != ':';
}

const char *
mp_scan_field(const char *at, const char *end, MpRawField *field)
{
    const char *p = at;

    while (p < end && is_name_octet(*p))
        p++;
    *field = (MpRawField){.name = at, .name_length = (gsize)(p - at)};
    while (p < end && is_blank(*p))
        p++;
    if (field->name_length == 0 || p == end || *p != ':')
        return NULL;
    field->value = ++p;
    do
        p = line_end(p, end);
    while (p < end && is_blank(*p));
    field->value_length = (gsize)(p - field->value);
    return p;
}

bool
mp_field_is(const MpRawField *field, const char *name)
{
    return ((*field->name ^ *name) & ~0x20) == 0 && /* which tells of most that they differ */
           strlen(name) == field->name_length &&
           g_ascii_strncasecmp(field->name, name, field->name_length) == 0;
}

bool
mp_field_has_addresses(const MpRawField *field)
{
    for (gsize i = 0; i < G_N_ELEMENTS(address_fields); i++)
        if (mp_field_is(field, address_fields[i]))
            return true;
    return false;
}

/* A quote that is never closed hides everything from us, and nothing from a lenient parser. */
static bool
quotes_are_closed(const char *p, const char *end)
{
    bool quoted = false;

    for (; p < end; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '"')
            quoted = !quoted;
    return !quoted;
}

/* Counts separators, not addresses, and colons that open a group; both are at least as many. */
static bool
addresses_are_few(const Scan *s, const MpRawField *field)
{
    const char *p = field->value, *end = field->value + field->value_length;
    bool quotes_count = quotes_are_closed(p, end), quoted = false, literal = false;
    guint addresses = 1, groups = 0, deepest = 0;

    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end && quotes_count)
            p++;
        else if (*p == '"' && quotes_count)
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*p == '[' || *p == ']')
            literal = *p == '[' && memchr(p, ']', MIN((gsize)(end - p), 64)) != NULL;
        else if (*p == ',' || *p == ';')
            addresses++, groups -= *p == ';' && groups > 0;
        else if (*p == ':' && !literal)
            groups++;
        deepest = MAX(deepest, groups);
    }
    if (addresses > s->limits->addresses)
        return too_large(s->error, "addresses in a field", s->limits->addresses);
    if (deepest > s->limits->groups)
        return too_large(s->error, "address groups within each other", s->limits->groups);
    return true;
}

static bool
block_is_small(Scan *s, const char *at, const char *next)
{
    const MpLimits *limits = s->limits;
    gsize bytes = (gsize)(next - at);

    s->block_fields++;
    s->block_bytes += bytes;
    if (s->in_parts)
        s->parts_fields++, s->parts_bytes += bytes;
    if (bytes > limits->header_field_bytes)
        return too_large(s->error, "bytes in a header field", limits->header_field_bytes);
    if (s->block_fields > limits->header_fields)
        return too_large(s->error, "header fields", limits->header_fields);
    if (s->block_bytes > limits->header_bytes)
        return too_large(s->error, "bytes of header", limits->header_bytes);
    if (s->parts_fields / 10 > limits->header_fields)
        return too_large(s->error, "header fields in the parts", 10 * (gsize)limits->header_fields);
    if (s->parts_bytes / 10 > limits->header_bytes)
        return too_large(s->error, "bytes of header in the parts", 10 * limits->header_bytes);
    return true;
}

static const char *
skip_space(const char *p, const char *end)
{
    while (p < end && (is_blank(*p) || *p == '\r' || *p == '\n'))
        p++;
    return p;
}

static bool
declare(Scan *s, const char *boundary, gsize length)
{
    g_hash_table_replace(s->depths, g_strndup(boundary, length), GUINT_TO_POINTER(s->depth + 1));
    if (g_hash_table_size(s->depths) > s->limits->parts)
        return too_large(s->error, "boundaries", s->limits->parts);
    return true;
}

static bool
is_token(const char *p, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (p[i] <= ' ' || p[i] >= 127 || strchr("()<>@,;:\\\"/[]?=", p[i]) != NULL)
            return false;
    return true;
}

/* `p` is behind the word boundary. Spellings that take a real parser make every "--" line count. */
static bool
read_boundary(Scan *s, const char *p)
{
    p = skip_space(p, s->end);
    if (p < s->end && (*p == '*' || *p == '('))
        s->any_dashes = true;
    if (p == s->end || *p != '=')
        return true;
    p = skip_space(p + 1, s->end);

    bool quoted = p < s->end && *p == '"';
    gsize left = MIN((gsize)(s->end - p), s->limits->header_field_bytes), length = 0;

    if (quoted) {
        const char *value = p + 1;
        while (length + 1 < left && value[length] != '"' && value[length] != '\n')
            length++;
        if (length + 1 >= left || value[length] == '\n' || memchr(value, '\\', length) != NULL ||
            memmem(value, length, "=?", 2) != NULL)
            s->any_dashes = true;
        return declare(s, value, length);
    }
    while (length < left && p[length] != ';' && !g_ascii_isspace(p[length]))
        length++;
    if (!is_token(p, length))
        s->any_dashes = true;
    return declare(s, p, length);
}

/*
 * Every declaration counts, wherever it stands: a parser may see a header where we see none.
 * Horspool's search, without regard to case.
 */
static bool
read_boundaries(Scan *s, const char *p, const char *end)
{
    static const char word[] = "boundary";
    static const guint8 shifts[256] = {
        ['b'] = 7, ['o'] = 6, ['u'] = 5, ['n'] = 4, ['d'] = 3, ['a'] = 2, ['r'] = 1,
        ['B'] = 7, ['O'] = 6, ['U'] = 5, ['N'] = 4, ['D'] = 3, ['A'] = 2, ['R'] = 1,
    };
    const gsize length = sizeof word - 1;

    while ((gsize)(end - p) >= length) {
        guchar last = (guchar)p[length - 1];

        if ((last == 'y' || last == 'Y') && g_ascii_strncasecmp(p, word, length) == 0 &&
            !read_boundary(s, p + length))
            return false;
        p += shifts[last] == 0 ? length : shifts[last];
    }
    return true;
}

static bool
go_down(Scan *s, guint depth)
{
    s->depth = depth;
    if (depth > s->limits->nesting)
        return too_large(s->error, "levels of nesting", s->limits->nesting);
    return true;
}

/* `line` begins with "--". True with *is_boundary unset if it is a line like any other. */
static bool
take_dashes(Scan *s, const char *line, const char *next, bool *is_boundary)
{
    gsize length = (gsize)(next - line - 2);
    gpointer depth;

    line += 2;
    while (length > 0 && g_ascii_isspace(line[length - 1]))
        length--;
    g_autofree char *text = g_strndup(line, MIN(length, s->limits->header_field_bytes));
    *is_boundary = g_hash_table_lookup_extended(s->depths, text, NULL, &depth);
    if (!*is_boundary && g_str_has_suffix(text, "--")) {
        text[strlen(text) - 2] = '\0';
        if (g_hash_table_lookup_extended(s->depths, text, NULL, &depth))
            s->depth = GPOINTER_TO_UINT(depth) - 1;
        return true;
    }
    if (!*is_boundary && !s->any_dashes)
        return true;
    if (++s->parts > s->limits->parts)
        return too_large(s->error, "parts", s->limits->parts);
    s->in_parts = true;
    s->block_fields = 0;
    s->block_bytes = 0;
    s->headers_due = s->digest ? 2 : 1;
    return !*is_boundary || go_down(s, GPOINTER_TO_UINT(depth));
}

/* A message within begins with a header of its own, without any boundary. */
static bool
take_content_type(Scan *s, const MpRawField *field)
{
    const char *end = field->value + field->value_length, *type = skip_space(field->value, end);
    gsize length = (gsize)(end - type);

    if (length >= 16 && g_ascii_strncasecmp(type, "multipart/digest", 16) == 0)
        s->digest = true;
    if (length < 8 || g_ascii_strncasecmp(type, "message/", 8) != 0)
        return true;
    s->headers_due += s->headers_due > 0;
    return go_down(s, s->depth + 1);
}

static bool
take_field(Scan *s, const MpRawField *field, const char *next)
{
    if (mp_field_is(field, "Content-Type") && !take_content_type(s, field))
        return false;
    if (s->headers_due == 0)
        return true;
    if (!block_is_small(s, field->name, next))
        return false;
    return !mp_field_has_addresses(field) || addresses_are_few(s, field);
}

static void
end_block(Scan *s)
{
    if (s->headers_due == 0)
        return;
    s->headers_due--;
    s->in_parts = true;
    s->block_fields = 0;
    s->block_bytes = 0;
}

/* Returns where the next line begins, or NULL with the error set. */
static const char *
take_line(Scan *s, const char *line)
{
    const char *next = line_end(line, s->end);
    MpRawField field;

    if (next - line >= 2 && line[0] == '-' && line[1] == '-') {
        bool is_boundary = false;
        if (!take_dashes(s, line, next, &is_boundary))
            return NULL;
        if (is_boundary)
            return next;
    }
    if (line[0] == '\n' || (line[0] == '\r' && next - line == 2)) {
        end_block(s);
        return next;
    }
    /* In a body only the one field matters that announces a message. */
    if (s->headers_due == 0 && line[0] != 'C' && line[0] != 'c')
        return next;
    const char *behind = mp_scan_field(line, s->end, &field);
    if (behind == NULL)
        return next;
    if (!take_field(s, &field, behind))
        return NULL;
    return s->headers_due > 0 ? behind : next;
}

bool
mp_scan(const void *bytes, gsize length, const MpLimits *limits, GError **error)
{
    limits = limits == NULL ? &mp_limits_default : limits;
    if (length > limits->mail_bytes)
        return too_large(error, "bytes", limits->mail_bytes);

    const char *line = bytes;
    g_autoptr(GHashTable) depths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Scan s = {
        .limits = limits, .end = line + length, .depths = depths, .headers_due = 1, .error = error};

    while (line < s.end) {
        const char *next = take_line(&s, line);
        /* after the line, so that the declared boundary lies one level below where we are now */
        if (next == NULL || !read_boundaries(&s, line, next))
            return false;
        line = next;
    }
    return true;
}
