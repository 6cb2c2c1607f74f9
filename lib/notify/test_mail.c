/* The mail by which an administrator tries out what is set: plain text, a few lines. */
#include "notify/notify.h"

#include <string.h>

#include <gmime/gmime.h>

#include "base/escape.h"
#include "notify/internal.h"

/* The base of links, without the placeholders that it may have. */
static char *
page_of(const MpConfig *config)
{
    const char *base = config->links_to_pages ? config->pages_url : config->url;
    g_autofree char *url = g_strndup(base, strcspn(base, "{"));

    if (url[0] == '\0')
        return g_strdup_printf("https://%s", config->hostname);
    for (gsize n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    return g_steal_pointer(&url);
}

static const MpNoticeTexts *
texts_of(const MpConfig *config)
{
    return mp_notice_texts(mp_notification_language(config, NULL));
}

char *
mp_test_mail_opening(const MpConfig *config)
{
    g_autofree char *page = page_of(config);
    g_autofree char *line = mp_one_line(page);

    return mp_text_fill(texts_of(config)->test_opening, "{url}", line, NULL);
}

static void
append_head(GString *head, const MpTestMailFacts *facts, const char *address, const char *id)
{
    const MpConfig *config = facts->config;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(facts->date);
    g_autofree char *date = g_mime_utils_header_format_date(time);
    g_autofree char *from = mp_header_mailbox(config->hostname, config->noreply_address);
    g_autofree char *to = g_strdup_printf("<%s>", address);
    g_autofree char *raw =
        mp_text_fill(texts_of(config)->test_subject, "{host}", config->hostname, NULL);
    g_autofree char *subject = mp_header_text(raw);
    const char *const fields[][2] = {
        {"Date", date},
        {"From", from},
        {"To", to},
        {"Message-ID", id},
        {"Subject", subject},
        {"Auto-Submitted", "auto-generated"},
        {"X-Auto-Response-Suppress", "All"},
        {"MIME-Version", "1.0"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        mp_header_append(head, fields[i][0], fields[i][1]);
}

static void
append_body(GString *text, const MpConfig *config)
{
    g_autofree char *opening = mp_test_mail_opening(config);

    g_autofree char *rest =
        mp_text_fill(texts_of(config)->test_body, "{host}", config->hostname, NULL);
    g_autofree char *lines = g_strconcat(opening, "\n\n", rest, NULL);
    g_autofree char *body = mp_body_plain(lines);

    g_string_append(text, body);
}

/* A bounce would come back to an address of thread 0, which posts nothing. */
static char *
make_sender(const MpTestMailFacts *facts, GError **error)
{
    const MpAddressSubject subject = {'i', 0, "", 0, 0};

    if (facts->config->envelope_sender[0] != '\0')
        return g_strdup(facts->config->envelope_sender);

    return mp_address_make(facts->ring, MP_PURPOSE_BOUNCE, &subject, facts->config->hostname,
                           error);
}

MpOutgoingMail *
mp_test_mail_render(const MpTestMailFacts *facts, const char *address, GError **error)
{
    g_autofree char *sender = make_sender(facts, error);
    g_autofree char *id = g_strdup_printf("<%s@%s>", facts->key, facts->config->hostname);
    g_autoptr(GString) text = g_string_sized_new(1024);

    g_mime_init();
    if (sender == NULL)
        return NULL;
    append_head(text, facts, address, id);
    if (!mp_header_check(text, error))
        return NULL;
    append_body(text, facts->config);
    return mp_outgoing_mail_new(sender, address, id, g_steal_pointer(&text));
}
