/* Mails as the clients make them: line by line, which rule decided. NAME.lines holds what is
 * expected. */
#include "markup/html.h"
#include "reply/reply.h"

#include <criterion/criterion.h>
#include <gmime/gmime.h>
#include <string.h>

#define FIXTURES "tests/fixtures/replies"

static const char *const names[] = {
    "apple-mail",  "gmail",  "k9",      "mutt",        "outlook-desktop", "outlook-ios",
    "outlook-web", "proton", "samsung", "thunderbird", "yahoo",
};

static char *
text_of(const char *path)
{
    g_autofree char *mail = NULL;
    gsize length = 0;

    cr_assert(g_file_get_contents(path, &mail, &length, NULL), "%s", path);
    g_autoptr(GObject) stream = G_OBJECT(g_mime_stream_mem_new_with_buffer(mail, length));
    g_autoptr(GObject) parser = G_OBJECT(g_mime_parser_new_with_stream(GMIME_STREAM(stream)));
    g_autoptr(GObject) message =
        G_OBJECT(g_mime_parser_construct_message(GMIME_PARSER(parser), NULL));
    GMimeObject *part = g_mime_message_get_mime_part(GMIME_MESSAGE(message));

    if (GMIME_IS_MULTIPART(part))
        part = g_mime_multipart_get_part(GMIME_MULTIPART(part), 0);
    g_autofree char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
    GMimeContentType *type = g_mime_object_get_content_type(part);
    if (g_mime_content_type_is_type(type, "text", "html"))
        return mp_html_to_markdown(text, strlen(text));
    if (g_strcmp0(g_mime_object_get_content_type_parameter(part, "format"), "flowed") == 0)
        return mp_reply_unflow(text, false);
    return g_steal_pointer(&text);
}

static char *
decisions(const MpReply *reply)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < reply->lines->len; i++) {
        const MpReplyLine *line = reply->lines->pdata[i];
        g_string_append_printf(out, "%c %-24s|%s\n", line->kept ? '+' : '-', line->rule,
                               line->text);
    }
    return g_string_free(out, FALSE);
}

/* With REPLY_FIXTURES_WRITE set the files are written anew, to be read before they are committed.
 */
Test(reply_fixtures, each_line_of_a_clients_mail_is_decided_by_the_rule_expected)
{
    g_mime_init();
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf(FIXTURES "/%s.eml", names[i]);
        g_autofree char *golden = g_strdup_printf(FIXTURES "/%s.lines", names[i]);
        g_autofree char *text = text_of(path);
        g_autoptr(MpReply) reply = mp_reply_extract(text, NULL);
        g_autofree char *found = decisions(reply);
        g_autofree char *expected = NULL;

        if (g_getenv("REPLY_FIXTURES_WRITE") != NULL)
            cr_assert(g_file_set_contents(golden, found, -1, NULL));
        cr_assert(g_file_get_contents(golden, &expected, NULL, NULL), "%s", golden);
        cr_expect_str_eq(found, expected, "%s:\n%s", names[i], found);
    }
}
