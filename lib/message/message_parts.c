/* The parts of a mail that a reader would see, and its attachments; see internal.h. */
#include "message/internal.h"

#include "base/error.h"

#include <string.h>

typedef bool (*Walk)(MpReading *reading, GMimeObject *part, MpPartText *text);

static bool walk(MpReading *reading, GMimeObject *part, MpPartText *text);

static bool
walk_attachment(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    (void)text;
    mp_read_attachment(reading, part);
    return true;
}

/* HTML without a declared charset may declare it itself, near its top. */
static char *
charset_of(GMimeObject *part, const GByteArray *bytes, bool is_html)
{
    const char *declared = g_mime_object_get_content_type_parameter(part, "charset"), *at;

    if (declared != NULL && *declared != '\0')
        return g_utf8_make_valid(declared, -1);
    if (!is_html)
        return NULL;
    g_autofree char *top = g_ascii_strdown((const char *)bytes->data, MIN(bytes->len, 2048));
    if ((at = strstr(top, "charset=")) == NULL)
        return NULL;
    at += strlen("charset=") + (at[8] == '"' || at[8] == '\'');
    return g_strndup(at, strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-_"));
}

static bool
walk_text(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    bool is_html = g_mime_content_type_is_type(type, "text", "html");
    const char *format = g_mime_content_type_get_parameter(type, "format");
    const char *delsp = g_mime_content_type_get_parameter(type, "delsp");
    gsize size, most = reading->limits->text_bytes;
    /* all of it together may be the text twice, as text and as HTML */
    g_autoptr(GByteArray) bytes = mp_part_content(part, MIN(most, 2 * most - reading->text), &size);

    if (bytes == NULL)
        return mp_fail(reading->error, MP_ERROR_INPUT,
                       "too-large: more than %" G_GSIZE_FORMAT " bytes of text",
                       reading->limits->text_bytes);
    reading->text += size;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    g_autofree char *charset = charset_of(part, bytes, is_html), *note = NULL;
    char *decoded = mp_decode_text((const char *)bytes->data, size, charset, &note);

    if (note != NULL)
        mp_repair(reading, "%s", note);
    if (g_mime_content_type_is_type(type, "text", "enriched")) {
        char *enriched = decoded;
        decoded = mp_enriched_to_plain(enriched);
        g_free(enriched);
    }
    if (!is_html && !mp_read_uuencoded(reading, &decoded)) {
        g_free(decoded);
        return false;
    }
    *(is_html ? &text->html : &text->plain) = g_string_new(decoded);
    g_free(decoded);
    text->half = is_html;
    text->flowed = !is_html && format != NULL && g_ascii_strcasecmp(format, "flowed") == 0;
    text->delsp = text->flowed && delsp != NULL && g_ascii_strcasecmp(delsp, "yes") == 0;
    return true;
}

/* A text with a file name, or that calls itself one, is a file. */
static bool
is_file(GMimeObject *part)
{
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);

    return disposition != NULL &&
           (g_mime_content_disposition_is_attachment(disposition) ||
            g_mime_object_get_content_disposition_parameter(part, "filename") != NULL);
}

static bool
is_text(GMimeMultipart *multipart, int i)
{
    GMimeObject *part = i >= 0 && i < g_mime_multipart_get_count(multipart)
                            ? g_mime_multipart_get_part(multipart, i)
                            : NULL;

    return part != NULL && !is_file(part) &&
           g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", "*");
}

/* A picture between two texts, as Apple Mail writes it: the text says where it stood. */
static void
mark_picture(MpReading *reading, GMimeMultipart *multipart, int i, MpPartText *text)
{
    GMimeObject *part = g_mime_multipart_get_part(multipart, i);
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);
    const GPtrArray *attachments = reading->message->attachments;

    if (!g_mime_content_type_is_type(g_mime_object_get_content_type(part), "image", "*") ||
        (disposition != NULL && g_mime_content_disposition_is_attachment(disposition)) ||
        !is_text(multipart, i - 1) || !is_text(multipart, i + 1))
        return;
    const MpAttachment *picture = g_ptr_array_index(attachments, attachments->len - 1);
    if (picture->name == NULL)
        return;
    text->plain = g_string_new(NULL);
    g_string_printf(text->plain, "[image: %s]\n", picture->name);
}

static bool
walk_mixed(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    GMimeMultipart *multipart = GMIME_MULTIPART(part);

    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
        g_auto(MpPartText) child = {NULL};
        if (!walk(reading, g_mime_multipart_get_part(multipart, i), &child))
            return false;
        mark_picture(reading, multipart, i, &child);
        mp_part_text_append(text, &child);
    }
    return true;
}

/* Of each kind the first that says something. */
static bool
walk_alternative(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    GMimeMultipart *multipart = GMIME_MULTIPART(part);

    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
        g_auto(MpPartText) child = {NULL};
        if (!walk(reading, g_mime_multipart_get_part(multipart, i), &child))
            return false;
        if (child.plain != NULL && !mp_text_says_something(text->plain, false)) {
            if (text->plain != NULL)
                g_string_free(text->plain, TRUE);
            text->plain = g_steal_pointer(&child.plain);
            text->flowed = child.flowed;
            text->delsp = child.delsp;
        }
        if (child.html != NULL && text->html == NULL)
            text->html = g_steal_pointer(&child.html);
    }
    text->half = text->plain == NULL;
    return true;
}

/* The root is the text (RFC 2387); what it refers to hangs on it. */
static bool
walk_related(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    GMimeMultipart *multipart = GMIME_MULTIPART(part);
    const char *start = g_mime_object_get_content_type_parameter(part, "start");
    int root = 0;

    for (int i = 0; start != NULL && i < g_mime_multipart_get_count(multipart); i++) {
        const char *id = g_mime_object_get_content_id(g_mime_multipart_get_part(multipart, i));
        if (id != NULL && strlen(start) > 2 && strlen(id) == strlen(start) - 2 &&
            memcmp(start + 1, id, strlen(id)) == 0)
            root = i;
    }
    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
        GMimeObject *child = g_mime_multipart_get_part(multipart, i);
        if (!(i == root || GMIME_IS_MULTIPART(child) ? walk : walk_attachment)(reading, child,
                                                                               text))
            return false;
    }
    return true;
}

/* Only what was signed; the signature is of no use once the mail is taken apart. */
static bool
walk_signed(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    GMimeMultipart *multipart = GMIME_MULTIPART(part);

    return g_mime_multipart_get_count(multipart) == 0 ||
           walk(reading, g_mime_multipart_get_part(multipart, 0), text);
}

static bool
walk_encrypted(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    (void)part;
    (void)text;
    reading->message->encrypted = true;
    return true;
}

static bool
walk_nothing(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    g_autofree char *type = mp_part_type(part);

    (void)text;
    mp_repair(reading, "a %s part is not used", type);
    return true;
}

static bool
walk_smime(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    const char *kind = g_mime_object_get_content_type_parameter(part, "smime-type");

    if (kind != NULL && g_ascii_strcasecmp(kind, "certs-only") == 0)
        return walk_nothing(reading, part, text);
    reading->message->encrypted = true;
    return walk_attachment(reading, part, text);
}

static bool
walk_report(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    reading->message->report = true;
    for (int i = 0;
         GMIME_IS_MULTIPART(part) && i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++)
        mp_read_returned(reading, g_mime_multipart_get_part(GMIME_MULTIPART(part), i));
    return GMIME_IS_MULTIPART(part) ? walk_mixed(reading, part, text)
                                    : walk_attachment(reading, part, text);
}

static bool
walk_delivery_status(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    mp_read_report(reading, part);
    return walk_report(reading, part, text);
}

/* The first row that matches decides; a subtype of "*" matches all. What is so whatever its
 * disposition, and whether or not it has a file name, is even_as_file. */
static const struct {
    const char *type, *subtype;
    Walk walk;
    bool even_as_file;
} kinds[] = {
    {"multipart", "alternative", walk_alternative, false},
    {"multipart", "related", walk_related, false},
    {"multipart", "signed", walk_signed, false},
    {"multipart", "encrypted", walk_encrypted, false},
    {"multipart", "report", walk_report, false},
    {"multipart", "*", walk_mixed, false},
    {"message", "delivery-status", walk_delivery_status, true},
    {"message", "global-delivery-status", walk_delivery_status, true},
    {"message", "disposition-notification", walk_report, true},
    {"message", "global-disposition-notification", walk_report, true},
    {"message", "feedback-report", walk_report, true},
    {"message", "*", walk_attachment, false},
    {"application", "pkcs7-mime", walk_smime, true},
    {"application", "x-pkcs7-mime", walk_smime, true},
    {"application", "pgp-encrypted", walk_encrypted, true},
    {"application", "pgp-keys", walk_nothing, true},
    {"application", "pgp-signature", walk_nothing, true},
    {"application", "pkcs7-signature", walk_nothing, true},
    {"application", "x-pkcs7-signature", walk_nothing, true},
    {"text", "x-amp-html", walk_nothing, false},
    {"text", "watch-html", walk_nothing, false},
    {"text", "plain", walk_text, false},
    {"text", "html", walk_text, false},
    {"text", "enriched", walk_text, false},
    {"text", "markdown", walk_text, false},
    {"text", "x-markdown", walk_text, false},
};

/* Types of files that are sent as application/octet-stream, by the end of their names. */
static const struct {
    const char *name;
    Walk walk;
} names[] = {
    {"smime.p7m", walk_smime},           {"smime.p7s", walk_nothing},
    {"encrypted.asc", walk_encrypted},   {"signature.asc", walk_nothing},
    {"openpgp_signature", walk_nothing}, {"openpgp_signature.asc", walk_nothing},
};

static Walk
walk_of_name(GMimeObject *part)
{
    const char *name = GMIME_IS_PART(part) ? g_mime_part_get_filename(GMIME_PART(part)) : NULL;

    if (!g_mime_content_type_is_type(g_mime_object_get_content_type(part), "application",
                                     "octet-stream"))
        return NULL;
    for (gsize i = 0; name != NULL && i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(names[i].name, name) == 0)
            return names[i].walk;
    return NULL;
}

static Walk
walk_of_kind(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    bool is_multipart = GMIME_IS_MULTIPART(part), is_a_file = !is_multipart && is_file(part);

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_mime_content_type_is_type(type, kinds[i].type, kinds[i].subtype) &&
            is_multipart == g_str_equal(kinds[i].type, "multipart"))
            return is_a_file && !kinds[i].even_as_file ? walk_attachment : kinds[i].walk;
    return NULL;
}

/* RFC 2045, section 5.2: then it is plain text. */
static bool
has_nonsense_type(GMimeObject *part)
{
    const char *value = g_mime_object_get_header(part, "Content-Type");

    return value != NULL && strchr(value, '/') == NULL;
}

static bool
walk(MpReading *reading, GMimeObject *part, MpPartText *text)
{
    Walk walk_named = walk_of_name(part);

    if (GMIME_IS_PART(part) && !is_file(part) && has_nonsense_type(part)) {
        mp_repair(reading, "a Content-Type is nonsense, read as text/plain");
        return walk_text(reading, part, text);
    }
    Walk walk_kind = walk_named != NULL ? walk_named : walk_of_kind(part);
    return (walk_kind != NULL ? walk_kind : walk_attachment)(reading, part, text);
}

/* A multipart whose boundary never comes keeps its text where nobody looks. */
static void
read_prologue(MpReading *reading, GMimeObject *root, MpPartText *text)
{
    const char *prologue;

    if (!GMIME_IS_MULTIPART(root) || g_mime_multipart_get_count(GMIME_MULTIPART(root)) > 0)
        return;
    prologue = g_mime_multipart_get_prologue(GMIME_MULTIPART(root));
    if (prologue == NULL || *prologue == '\0')
        return;
    g_autofree char *note = NULL;
    g_autofree char *decoded = mp_decode_text(prologue, strlen(prologue), NULL, &note);
    mp_text_join(&text->plain, decoded);
    mp_repair(reading, "a multipart without parts, read as text");
}

static char *
steal(GString **text)
{
    return *text == NULL ? NULL : g_string_free(g_steal_pointer(text), FALSE);
}

bool
mp_read_body(MpReading *reading, GMimeObject *root)
{
    MpMessage *message = reading->message;
    g_auto(MpPartText) text = {NULL};

    if (!walk(reading, root, &text))
        return false;
    read_prologue(reading, root, &text);
    if (text.half && mp_text_says_something(text.html, true) && text.plain != NULL) {
        mp_repair(reading, "some of the text is HTML only, so all is read from there");
        g_string_free(g_steal_pointer(&text.plain), TRUE);
    }
    message->flowed = text.plain != NULL && text.flowed;
    message->delsp = text.plain != NULL && text.delsp;
    bool is_readable =
        mp_text_says_something(text.plain, false) || mp_text_says_something(text.html, true);
    bool is_armored =
        text.plain != NULL && g_str_has_prefix(text.plain->str + strspn(text.plain->str, " \t\n"),
                                               "-----BEGIN PGP MESSAGE-----");
    message->encrypted = is_armored || (message->encrypted && !is_readable);
    message->plain = steal(&text.plain);
    message->html = steal(&text.html);
    return true;
}
