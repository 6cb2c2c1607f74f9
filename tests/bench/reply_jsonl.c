/*
 * A driver for scoreboards and benchmarks: one JSON object a line in, one out, until the end of
 * input.
 *
 *   {"kind":"text"|"html"|"eml","input":…[,"sent":{"text":…}]}  →  {"output":…,"elided":…}
 */
#include "reply/reply.h"

#include <gmime/gmime.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

/* Of a mail, the first inline text parts. */
typedef struct {
    GMimeTextPart *plain, *html;
} Parts;

static void
collect(GMimeObject *object, Parts *parts)
{
    if (GMIME_IS_MULTIPART(object)) {
        int n = g_mime_multipart_get_count(GMIME_MULTIPART(object));
        for (int i = 0; i < n; i++)
            collect(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), parts);
        return;
    }
    if (!GMIME_IS_TEXT_PART(object) ||
        g_mime_object_get_content_disposition_parameter(object, "filename") != NULL)
        return;
    GMimeContentType *type = g_mime_object_get_content_type(object);
    if (parts->plain == NULL && g_mime_content_type_is_type(type, "text", "plain"))
        parts->plain = GMIME_TEXT_PART(object);
    if (parts->html == NULL && g_mime_content_type_is_type(type, "text", "html"))
        parts->html = GMIME_TEXT_PART(object);
}

static char *
plain_text(GMimeTextPart *part)
{
    GMimeObject *object = GMIME_OBJECT(part);
    g_autofree char *text = g_mime_text_part_get_text(part);
    const char *format = g_mime_object_get_content_type_parameter(object, "format");
    const char *delsp = g_mime_object_get_content_type_parameter(object, "delsp");

    if (text != NULL && format != NULL && g_ascii_strcasecmp(format, "flowed") == 0)
        return mp_reply_unflow(text, delsp != NULL && g_ascii_strcasecmp(delsp, "yes") == 0);
    return g_steal_pointer(&text);
}

static char *
text_of_mail(const char *mail)
{
    mail += strspn(mail, "\r\n");
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail, strlen(mail));
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    Parts parts = {NULL, NULL};
    char *text = NULL;

    if (message != NULL && g_mime_message_get_mime_part(message) != NULL) {
        collect(g_mime_message_get_mime_part(message), &parts);
        text = parts.plain != NULL ? plain_text(parts.plain) : NULL;
        if (parts.html != NULL && mp_reply_part_is_stub(text)) {
            g_autofree char *html = g_mime_text_part_get_text(parts.html);
            g_free(text);
            text = mp_html_to_markdown(html != NULL ? html : "", html != NULL ? strlen(html) : 0);
        }
    }
    g_clear_object(&message);
    g_object_unref(parser);
    g_object_unref(stream);
    return text != NULL ? text : g_strdup("");
}

static char *
text_of(const char *kind, const char *input)
{
    if (g_strcmp0(kind, "html") == 0)
        return mp_html_to_markdown(input, strlen(input));
    return g_strcmp0(kind, "eml") == 0 ? text_of_mail(input) : g_strdup(input);
}

static void
answer(JsonObject *request)
{
    const char *input = json_object_get_string_member_with_default(request, "input", "");
    const char *kind = json_object_get_string_member_with_default(request, "kind", "text");
    const char *sent[] = {NULL, NULL};

    if (json_object_has_member(request, "sent"))
        sent[0] = json_object_get_string_member_with_default(
            json_object_get_object_member(request, "sent"), "text", NULL);
    g_autofree char *text = text_of(kind, input);
    g_autoptr(MpReply) reply = mp_reply_extract(text, sent);
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "output", reply->reply);
    json_object_set_string_member(object, "elided", reply->elided);
    json_node_take_object(node, object);
    g_autofree char *line = json_to_string(node, FALSE);
    puts(line);
    fflush(stdout);
}

int
main(void)
{
    g_autofree char *line = NULL;
    size_t size = 0;

    g_mime_init();
    while (getline(&line, &size, stdin) > 0) {
        g_autoptr(JsonNode) node = json_from_string(line, NULL);

        if (node != NULL && JSON_NODE_HOLDS_OBJECT(node))
            answer(json_node_get_object(node));
        else
            puts("{\"error\":\"not a JSON object\"}");
    }
    return 0;
}
