/*
 * Header fields: encoding (RFC 2047), quoting (RFC 5322, section 3.2), folding.
 *
 * The encoding is our own because GMime 3.2 makes encoded words of up to 200 octets where RFC 2047
 * allows 75, and lets text that already looks like an encoded word pass, to be decoded by readers.
 */
#include "notify/internal.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"

#define COLUMNS      78
#define MAX_LINE     998 /* octets without CRLF: RFC 5322, section 2.1.1 */
#define MAX_TEXT     255 /* characters of a title or name; GitHub's limit for titles is 256 */
#define MAX_WORD     60  /* octets of a word that is left as it is */
#define MAX_PAYLOAD  63  /* 75 less =?UTF-8?Q? and ?= */
#define BASE64_BYTES 45  /* of text in a word: 60 octets */

void
mp_header_append(GString *head, const char *name, const char *value)
{
    gsize column = strlen(name) + 1;

    g_string_append_printf(head, "%s:", name);
    for (const char *p = value; *p != '\0';) {
        gsize length = strcspn(p, " ");

        if (column + 1 + length > COLUMNS && p != value) {
            g_string_append(head, "\r\n");
            column = 0;
        }
        g_string_append_c(head, ' ');
        g_string_append_len(head, p, (gssize)length);
        column += 1 + length;
        p += length;
        if (*p == ' ')
            p++;
    }
    g_string_append(head, "\r\n");
}

/* One line, not too long, cut between characters. */
static char *
trim_text(const char *text)
{
    g_autofree char *line = mp_one_line(text);

    if (g_utf8_strlen(line, -1) <= MAX_TEXT)
        return g_steal_pointer(&line);
    *g_utf8_offset_to_pointer(line, MAX_TEXT - 1) = '\0';
    return g_strconcat(line, "…", NULL);
}

static bool
must_be_encoded(const char *word, gsize length)
{
    if (length > MAX_WORD)
        return true;
    for (gsize i = 0; i < length; i++)
        if ((unsigned char)word[i] >= 0x7f ||
            (word[i] == '=' && i + 1 < length && word[i + 1] == '?'))
            return true;
    return false;
}

/* The characters that a word in a phrase may hold unencoded (RFC 2047, section 5, rule 3). */
static bool
is_plain_in_q(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static gsize
q_length(const char *text, gsize length)
{
    gsize n = 0;

    for (gsize i = 0; i < length; i++)
        n += is_plain_in_q(text[i]) || text[i] == ' ' ? 1 : 3;
    return n;
}

static void
append_q(GString *out, const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (text[i] == ' ')
            g_string_append_c(out, '_');
        else if (is_plain_in_q(text[i]))
            g_string_append_c(out, text[i]);
        else
            g_string_append_printf(out, "=%02X", (unsigned char)text[i]);
    }
}

static void
append_b(GString *out, const char *text, gsize length)
{
    g_autofree char *encoded = g_base64_encode((const guchar *)text, length);

    g_string_append(out, encoded);
}

/* As many whole characters as one encoded word holds. */
static gsize
chunk_length(const char *text, gsize length, bool is_q)
{
    gsize n = 0;

    while (n < length) {
        gsize next = n + (gsize)(g_utf8_next_char(text + n) - (text + n));

        if (is_q ? q_length(text, next) > MAX_PAYLOAD : next > BASE64_BYTES)
            break;
        n = next;
    }
    return n;
}

/* Encoded words of at most 75 octets, a space between them. */
static void
append_encoded(GString *out, const char *text, gsize length)
{
    bool is_q = q_length(text, length) <= length * 4 / 3;

    for (gsize n; length > 0; text += n, length -= n) {
        n = chunk_length(text, length, is_q);
        g_string_append(out, is_q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
        (is_q ? append_q : append_b)(out, text, n);
        g_string_append(out, n < length ? "?= " : "?=");
    }
}

/* The length of the run of words that begins at `text` and is encoded as one, or is not encoded. */
static gsize
run_length(const char *text, bool *is_encoded)
{
    gsize end = strcspn(text, " ");

    *is_encoded = must_be_encoded(text, end);
    while (text[end] == ' ') {
        gsize next = strcspn(text + end + 1, " ");

        if (must_be_encoded(text + end + 1, next) != *is_encoded)
            break;
        end += 1 + next;
    }
    return end;
}

char *
mp_header_text(const char *text)
{
    g_autofree char *line = trim_text(text);
    GString *out = g_string_new(NULL);

    for (const char *p = line; *p != '\0';) {
        bool is_encoded;
        gsize n = run_length(p, &is_encoded);

        if (is_encoded)
            append_encoded(out, p, n);
        else
            g_string_append_len(out, p, (gssize)n);
        p += n;
        if (*p == ' ') {
            g_string_append_c(out, ' ');
            p++;
        }
    }
    return g_string_free(out, FALSE);
}

static void
append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

static bool
is_atom_text(const char *text, const char *also)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("!#$%&'*+-/=?^_`{|}~", *p) == NULL &&
            strchr(also, *p) == NULL)
            return false;
    return text[0] != '\0';
}

static char *
mailbox(const char *name, const char *address, bool is_quoted)
{
    g_autofree char *line = trim_text(name);
    GString *out = g_string_new(NULL);
    bool is_encoded = false;

    for (const char *p = line; *p != '\0' && !is_encoded;) {
        p += run_length(p, &is_encoded);
        p += *p == ' ';
    }
    if (is_encoded)
        append_encoded(out, line, strlen(line));
    else if (is_quoted || !is_atom_text(line, " "))
        append_quoted(out, line);
    else
        g_string_append(out, line);
    g_string_append_printf(out, " <%s>", address);
    return g_string_free(out, FALSE);
}

char *
mp_header_mailbox(const char *name, const char *address)
{
    return mailbox(name, address, true);
}

char *
mp_header_plain_mailbox(const char *name, const char *address)
{
    return mailbox(name, address, false);
}

static bool
is_dot_atom(const char *text)
{
    return is_atom_text(text, ".") && text[0] != '.' && !g_str_has_suffix(text, ".") &&
           strstr(text, "..") == NULL;
}

char *
mp_header_address(const char *local_part, const char *domain)
{
    GString *out = g_string_new(NULL);

    if (is_dot_atom(local_part))
        g_string_append(out, local_part);
    else
        append_quoted(out, local_part);
    g_string_append_printf(out, "@%s", domain);
    return g_string_free(out, FALSE);
}

bool
mp_header_is_address(const char *address)
{
    const char *at = strrchr(address, '@');
    g_autofree char *local = at != NULL ? g_strndup(address, (gsize)(at - address)) : NULL;

    return at != NULL && is_dot_atom(local) && mp_is_hostname(at + 1);
}

bool
mp_header_check(const GString *head, GError **error)
{
    for (const char *p = head->str, *end; *p != '\0'; p = end + 2) {
        end = strstr(p, "\r\n");
        if (end - p > MAX_LINE)
            return mp_fail(error, MP_ERROR_INPUT, "a header line of %" G_GSIZE_FORMAT " octets",
                           (gsize)(end - p));
        for (const char *c = p; c < end; c++)
            if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
                return mp_fail(error, MP_ERROR_INPUT, "octet 0x%02X in a header",
                               (unsigned char)*c);
    }
    return true;
}
