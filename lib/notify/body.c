/* The content of a notification: text and HTML, each with the footer, as multipart/alternative. */
#include "notify/internal.h"

#include <string.h>

#define MAX_7BIT_LINE 990 /* octets; RFC 5322 allows 998 */

/* The host part of a URL. */
static char *
host_of(const char *link)
{
    const char *start = strstr(link, "://");

    start = start != NULL ? start + 3 : link;
    return g_strndup(start, strcspn(start, "/?#:"));
}

static const MpNoticeTexts *
texts_of(const MpBodyFacts *facts)
{
    return mp_notice_texts(facts->language);
}

/* How to hear no more of the thread. /mute is a command of every installation. */
static const char *
way_out(const MpBodyFacts *facts)
{
    return facts->can_reply ? texts_of(facts)->stop_by_reply : texts_of(facts)->stop;
}

/* The sentence that names the page, in three: what stands before the link, in it, and behind. */
static GStrv
invitation_parts(const MpBodyFacts *facts)
{
    const MpNoticeTexts *texts = texts_of(facts);
    GStrv part = g_strsplit_set(facts->can_reply ? texts->reply_or_view : texts->view, "[]", 3);
    g_autofree char *host = host_of(facts->link);
    char *label = mp_text_fill(part[1], "{host}", host, NULL);

    g_free(part[1]);
    part[1] = label;
    return part;
}

static char *
invitation(const MpBodyFacts *facts)
{
    if (facts->link == NULL)
        return facts->can_reply ? g_strconcat(texts_of(facts)->reply, "\n", NULL) : g_strdup("");
    g_auto(GStrv) part = invitation_parts(facts);
    return g_strconcat(part[0], part[1], part[2], texts_of(facts)->colon, "\n", facts->link, "\n",
                       NULL);
}

char *
mp_body_text(const MpBodyFacts *facts, const MpReason *reason)
{
    g_autofree char *invited = invitation(facts);

    return g_strdup_printf("%s\n-- \n%s%s\n%s\n\n%s%s\n", facts->content->text, invited,
                           reason->sentence[facts->language], way_out(facts),
                           texts_of(facts)->message_id, facts->message_id);
}

static char *
invitation_html(const MpBodyFacts *facts)
{
    if (facts->link == NULL)
        return facts->can_reply ? g_strconcat(texts_of(facts)->reply, "<br>\n", NULL)
                                : g_strdup("");
    g_auto(GStrv) part = invitation_parts(facts);
    return g_markup_printf_escaped(
        "%s<a rel=\"nofollow noopener noreferrer\" href=\"%s\">%s</a>%s.<br>\n", part[0],
        facts->link, part[1], part[2]);
}

/* What people wrote is in a language that nobody told us. */
static char *
html_part(const MpBodyFacts *facts, const MpReason *reason)
{
    g_autofree char *invited = invitation_html(facts);
    g_autofree char *rest =
        g_markup_printf_escaped("%s<br>\n%s<br>\n%s%s", reason->sentence[facts->language],
                                way_out(facts), texts_of(facts)->message_id, facts->message_id);
    g_autofree char *footer = g_strconcat(invited, rest, NULL);
    g_autofree char *body = g_strdup_printf(
        "<div%s>\n%s</div>\n", facts->is_foreign ? " lang=\"\"" : "", facts->content->html);

    return mp_mail_document(facts->language, body, footer);
}

static bool
is_7bit(const char *text)
{
    for (const char *p = text, *end; *p != '\0'; p = end + (*end != '\0')) {
        end = strchrnul(p, '\n');
        if (end - p > MAX_7BIT_LINE)
            return false;
        for (const char *c = p; c < end; c++)
            if ((unsigned char)*c >= 0x7f)
                return false;
    }
    return true;
}

static GMimeObject *
new_part(const char *subtype, const char *text)
{
    GMimePart *part = GMIME_PART(g_mime_text_part_new_with_subtype(subtype));
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, is_7bit(text) ? GMIME_CONTENT_ENCODING_7BIT
                                                         : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static void
add_part(GMimeMultipart *multipart, const char *subtype, const char *text)
{
    GMimeObject *part = new_part(subtype, text);

    g_mime_multipart_add(multipart, part);
    g_object_unref(part);
}

char *
mp_mime_text(GMimeObject *part)
{
    GMimeFormatOptions *options = g_mime_format_options_new();
    char *content;

    g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
    content = g_mime_object_to_string(part, options);
    g_mime_format_options_free(options);
    return content;
}

/* Of the content, so that the same mail has the same octets and no content can hold its boundary.
 */
static char *
boundary_of(const char *text, const char *html)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text) + 1);
    g_checksum_update(checksum, (const guchar *)html, -1);
    return g_strdup_printf("mp-%.40s", g_checksum_get_string(checksum));
}

static char *
alternative(const char *text, const char *html)
{
    g_autofree char *boundary = boundary_of(text, html);
    GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("alternative");
    char *content;

    g_mime_multipart_set_boundary(multipart, boundary);
    add_part(multipart, "plain", text);
    add_part(multipart, "html", html);
    content = mp_mime_text(GMIME_OBJECT(multipart));
    g_object_unref(multipart);
    return content;
}

char *
mp_body_plain(const char *text)
{
    GMimeObject *part = new_part("plain", text);
    char *content = mp_mime_text(part);

    g_object_unref(part);
    return content;
}

char *
mp_body_content(MpMailFormat format, const char *text, const char *html)
{
    return format == MP_MAIL_TEXT ? mp_body_plain(text) : alternative(text, html);
}

char *
mp_body_make(const MpBodyFacts *facts, const MpReason *reason)
{
    g_autofree char *text = mp_body_text(facts, reason);

    if (facts->format == MP_MAIL_TEXT)
        return mp_body_plain(text);
    g_autofree char *html = html_part(facts, reason);

    return alternative(text, html);
}
