/*
 * The beginning of a trip: through the configured server, as a notification goes, or by hand to the
 * Postfix of this machine; see trip.h.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "check/handle.h"
#include "check/trip.h"
#include "transport/transport.h"

#define LOCAL_SECONDS 30L

/* Its sender is the address that nobody reads, so that a bounce counts against no account. */
static char *
compose(const MpChecker *checker, const MpTrip *trip)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");

    return g_strdup_printf("%sFrom: <%s>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: %s\r\n"
                           "Subject: Self-test of Metroplex\r\nMIME-Version: 1.0\r\n"
                           "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                           "metroplex check sent this mail to itself; nothing is posted.\r\n",
                           trip->header != NULL ? trip->header : "",
                           checker->config->noreply_address, trip->address, date, trip->message_id);
}

static bool
send_by_server(MpChecker *checker, MpTrip *trip, const char *mail)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpSmtp) smtp = mp_smtp_open(checker->config, &error);
    g_autofree char *reply = NULL;
    int code;

    if (smtp == NULL) {
        trip->refusal = g_strdup(error->message);
        return false;
    }
    if (mp_smtp_send(smtp, checker->config->noreply_address, trip->address, mail, strlen(mail),
                     &reply, &code) == MP_SENT)
        return true;
    const MpCauseRow *row = mp_cause_row(mp_smtp_cause(smtp));
    trip->refusal = g_strdup_printf("%s: %s", _(row->found), reply);
    return false;
}

/* --- To Postfix on port 25 ---------------------------------------------------------------------
 */

typedef struct {
    const char *mail;
    gsize left;
    bool is_answered; /* the server said anything */
    char *refusal;    /* the last 4xx or 5xx, or NULL */
} Hand;

static size_t
read_mail(char *buffer, size_t size, size_t n, void *user_data)
{
    Hand *hand = user_data;
    gsize length = MIN(size * n, hand->left);

    memcpy(buffer, hand->mail, length);
    hand->mail += length;
    hand->left -= length;
    return length;
}

static int
hear(CURL *easy, curl_infotype type, char *text, size_t length, void *user_data)
{
    Hand *hand = user_data;

    (void)easy;
    if (type != CURLINFO_HEADER_IN)
        return 0;
    hand->is_answered = true;
    if (length == 0 || (text[0] != '4' && text[0] != '5'))
        return 0;
    g_free(hand->refusal);
    hand->refusal = g_strchomp(g_strndup(text, length));
    return 0;
}

/* TLS where it is offered, whosever the certificate is: nothing leaves this machine. */
static CURL *
make_handle(const MpChecker *checker, const struct curl_slist *to, Hand *hand, char *why)
{
    g_autofree char *url = g_strdup_printf("smtp://127.0.0.1:25/%s", checker->config->hostname);
    g_autofree char *from = g_strdup_printf("<%s>", checker->config->noreply_address);
    CURL *easy = mp_check_handle(url, LOCAL_SECONDS, why);

    if (easy == NULL)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_mail);
    curl_easy_setopt(easy, CURLOPT_READDATA, hand);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, hear);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, hand);
    return easy;
}

static bool
hand_over(MpChecker *checker, MpTrip *trip, const char *mail)
{
    g_autofree char *recipient = g_strdup_printf("<%s>", trip->address);
    struct curl_slist *to = curl_slist_append(NULL, recipient);
    Hand hand = {.mail = mail, .left = strlen(mail)};
    char why[CURL_ERROR_SIZE] = "";
    CURL *easy = make_handle(checker, to, &hand, why);

    CURLcode code = easy != NULL ? curl_easy_perform(easy) : CURLE_FAILED_INIT;
    if (code != CURLE_OK) {
        trip->is_open = !hand.is_answered;
        trip->refusal = g_strdup(hand.refusal != NULL ? hand.refusal
                                 : *why != '\0'       ? why
                                                      : curl_easy_strerror(code));
    }
    curl_easy_cleanup(easy);
    curl_slist_free_all(to);
    g_free(hand.refusal);
    return code == CURLE_OK;
}

bool
mp_trip_send(MpChecker *checker, MpTrip *trip)
{
    g_autofree char *mail = compose(checker, trip);

    return checker->wishes->is_local ? hand_over(checker, trip, mail)
                                     : send_by_server(checker, trip, mail);
}
