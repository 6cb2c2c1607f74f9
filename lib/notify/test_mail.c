/* Mail to who runs the installation: plain text, a few lines. By one of them they try out what is
 * set, the other tells that the server takes mail again. */
#include "notify/notify.h"

#include <string.h>

#include <gmime/gmime.h>

#include "base/escape.h"
#include "base/time.h"
#include "notify/internal.h"

/* The base of links, without the placeholders that it may have; NULL: there are no pages. */
static char *
page_of(const MpConfig *config)
{
    const char *base = config->links_to_pages ? config->pages_url : config->url;
    g_autofree char *url = g_strndup(base, strcspn(base, "{"));

    if (url[0] == '\0')
        return NULL;
    for (gsize n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    return g_steal_pointer(&url);
}

static const MpNoticeTexts *
texts_of(const MpConfig *config)
{
    return mp_notice_texts(mp_notification_language(config, NULL));
}

/* Where there is no page, `otherwise` stands in its place. */
static char *
opening(const MpConfig *config, const char *otherwise)
{
    g_autofree char *page = page_of(config);
    g_autofree char *line = mp_one_line(page != NULL ? page : otherwise);

    return mp_text_fill(texts_of(config)->test_opening, "{url}", line, NULL);
}

char *
mp_test_mail_opening(const MpConfig *config)
{
    g_autofree char *url = g_strdup_printf("https://%s", config->hostname);

    return opening(config, url);
}

static void
append_head(GString *head, const MpTestMailFacts *facts, const char *address, const char *about,
            const char *id)
{
    const MpConfig *config = facts->config;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(facts->date);
    g_autofree char *date = g_mime_utils_header_format_date(time);
    g_autofree char *from = mp_header_mailbox(config->hostname, config->noreply_address);
    g_autofree char *to = g_strdup_printf("<%s>", address);
    g_autofree char *raw = mp_text_fill(about, "{host}", config->hostname, NULL);
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

/* Takes `sender`; `about` is the subject with its {host}. */
static MpOutgoingMail *
make_mail(const MpTestMailFacts *facts, const char *address, const char *about, const char *lines,
          char *sender, GError **error)
{
    g_autofree char *from = sender;
    g_autofree char *id = g_strdup_printf("<%s@%s>", facts->key, facts->config->hostname);
    g_autofree char *body = NULL;
    g_autoptr(GString) text = g_string_sized_new(1024);

    g_mime_init();
    append_head(text, facts, address, about, id);
    if (!mp_header_check(text, error))
        return NULL;
    body = mp_body_plain(lines);
    g_string_append(text, body);
    return mp_outgoing_mail_new(from, address, id, g_steal_pointer(&text));
}

/* --- The test -------------------------------------------------------------------------------- */

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
    const MpNoticeTexts *texts = texts_of(facts->config);
    g_autofree char *first = opening(facts->config, facts->config->hostname);
    g_autofree char *rest = mp_text_fill(texts->test_body, "{host}", facts->config->hostname, NULL);
    g_autofree char *lines = g_strconcat(first, "\n\n", rest, NULL);
    char *sender = make_sender(facts, error);

    if (sender == NULL)
        return NULL;
    return make_mail(facts, address, texts->test_subject, lines, sender, error);
}

/* --- The server takes mail again -------------------------------------------------------------- */

MpOutgoingMail *
mp_mended_mail_render(const MpTestMailFacts *facts, const MpEvent *event, GError **error)
{
    const MpConfig *config = facts->config;
    const MpNoticeTexts *texts = texts_of(config);
    g_autofree char *since = mp_time_format(event->stopped);
    g_autofree char *until = mp_time_format(event->created);
    g_autofree char *server = g_strdup_printf("%s:%d", config->smtp_address, config->smtp_port);
    g_autofree char *reply = mp_one_line(event->why);
    g_autofree char *lines =
        mp_text_fill(texts->mended_body, "{host}", config->hostname, "{since}", since, "{until}",
                     until, "{server}", server, "{reply}", reply, NULL);

    return make_mail(facts, event->address, texts->mended_subject, lines, g_strdup(""), error);
}
