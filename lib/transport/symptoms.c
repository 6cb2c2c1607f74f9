/*
 * From what was seen of a failed attempt to its cause. An answer of the server is read by a table,
 * first row first, since servers agree on few codes and on few words; where there was none, it is
 * libcurl's code and, for certificates, its words (OpenSSL's and GnuTLS's).
 */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "transport/cause.h"
#include "transport/judge.h"

#define IMPLICIT_TLS_PORT 465

/* --- The server's answer -------------------------------------------------------------------- */

#define AT(asked) (1u << (asked))
#define GREETING  AT(MP_ASKED_NOTHING)
#define HELLO     AT(MP_ASKED_HELLO)
#define STARTTLS  AT(MP_ASKED_STARTTLS)
#define AUTH      AT(MP_ASKED_AUTH)
#define MAIL      AT(MP_ASKED_MAIL)
#define RCPT      AT(MP_ASKED_RCPT)
#define END       (AT(MP_ASKED_DATA) | AT(MP_ASKED_END))
#define MESSAGE   (MAIL | RCPT | END)
#define ANY       (~0u)

/* All that a row has must fit. */
static const struct {
    guint asked;
    const char *code;     /* how it begins */
    const char *extended; /* how the code of RFC 3463 ends; NULL: whatever */
    const char *words;    /* one of these, separated by '|', is in the answer; NULL: whatever */
    MpCause cause;
} answers[] = {
    {STARTTLS, "", NULL, NULL, MP_CAUSE_STARTTLS_REFUSED},
    {ANY, "421", NULL, NULL, MP_CAUSE_BUSY},
    {GREETING, "4", NULL, NULL, MP_CAUSE_BUSY},
    {GREETING, "5", NULL, NULL, MP_CAUSE_BLOCKED},
    {HELLO, "5", NULL, NULL, MP_CAUSE_HELO},

    /* What is wanted first. */
    {AUTH | MESSAGE, "538", NULL, NULL, MP_CAUSE_TLS_REQUIRED},
    {AUTH | MESSAGE, "", "7.10", NULL, MP_CAUSE_TLS_REQUIRED},
    {AUTH | MESSAGE, "", "7.11", NULL, MP_CAUSE_TLS_REQUIRED},
    {AUTH | MESSAGE, "530", NULL, "starttls|tls|ssl|encrypt", MP_CAUSE_TLS_REQUIRED},
    {MESSAGE, "5", NULL, "issue a starttls|starttls first|encryption required|requires encryption",
     MP_CAUSE_TLS_REQUIRED},
    {MESSAGE, "530", NULL, NULL, MP_CAUSE_LOGIN_REQUIRED},
    {MESSAGE, "", NULL,
     "authentication required|authentication is required|must authenticate|not authenticated|need "
     "to authenticate|authenticate first|login required",
     MP_CAUSE_LOGIN_REQUIRED},

    /* The login. */
    {AUTH, "504", NULL, NULL, MP_CAUSE_MECHANISM},
    {AUTH, "534", NULL, NULL, MP_CAUSE_WEAK_LOGIN},
    {AUTH, "5", "7.9", NULL, MP_CAUSE_WEAK_LOGIN},
    {AUTH, "5", NULL,
     "application-specific|app password|app-specific|basic authentication is disabled|too weak",
     MP_CAUSE_WEAK_LOGIN},
    {AUTH, "4", NULL, NULL, MP_CAUSE_LOGIN_LATER},
    {AUTH, "5", NULL, NULL, MP_CAUSE_LOGIN},

    /* The message, by words that leave no doubt. */
    {MESSAGE, "4", NULL, "greylist|graylist|grey list|gray list|grey-list|gray-list",
     MP_CAUSE_GREYLISTED},
    {MESSAGE, "", "7.25", NULL, MP_CAUSE_BLOCKED},
    {MESSAGE, "", NULL,
     "spamhaus|dnsbl|rbl|block list|blocklist|blacklist|blocked using|reputation|client host|"
     "reverse dns|your ip",
     MP_CAUSE_BLOCKED},
    {MESSAGE, "", NULL, "helo command rejected|helo name|ehlo name|invalid helo", MP_CAUSE_HELO},
    {MESSAGE, "", "7.20", NULL, MP_CAUSE_AUTHENTICITY},
    {MESSAGE, "", "7.23", NULL, MP_CAUSE_AUTHENTICITY},
    {MESSAGE, "", "7.26", NULL, MP_CAUSE_AUTHENTICITY},
    {MESSAGE, "", "7.27", NULL, MP_CAUSE_AUTHENTICITY},
    {MESSAGE, "", NULL, "dmarc|dkim|spf ", MP_CAUSE_AUTHENTICITY},
    {MESSAGE, "", "7.60", NULL, MP_CAUSE_SENDER},
    {MAIL | RCPT | END, "", NULL, "relay|rcpthosts", MP_CAUSE_RELAY},
    {MESSAGE, "", "2.2", NULL, MP_CAUSE_QUOTA},
    {MESSAGE, "", "3.4", NULL, MP_CAUSE_SIZE},
    {MESSAGE, "", "2.3", NULL, MP_CAUSE_SIZE},
    {MESSAGE, "5", NULL,
     "too large|too big|too long|message size|size limit|maximum size|size exceeds|fixed limit",
     MP_CAUSE_SIZE},
    {MESSAGE, "", NULL, "quota|mailbox full|mailbox is full|storage allocation", MP_CAUSE_QUOTA},
    {MESSAGE, "452", NULL, NULL, MP_CAUSE_BUSY},
    {MESSAGE, "552", NULL, NULL, MP_CAUSE_SIZE},
    {MESSAGE, "4", NULL, "too many|rate limit|throttl|busy|overload", MP_CAUSE_BUSY},

    /* And by where they were said. */
    {MESSAGE, "", NULL,
     "sender|send as|sendasdenied|from address|from header|mail from|not owned by|"
     "not allowed to send",
     MP_CAUSE_SENDER},
    {MAIL, "5", NULL, NULL, MP_CAUSE_SENDER},
    {MAIL, "4", "1.8", NULL, MP_CAUSE_SENDER},
    {RCPT | END, "5", "1.1", NULL, MP_CAUSE_RECIPIENT},
    {RCPT | END, "5", "1.2", NULL, MP_CAUSE_RECIPIENT},
    {RCPT | END, "5", "1.3", NULL, MP_CAUSE_RECIPIENT},
    {RCPT | END, "5", "1.6", NULL, MP_CAUSE_RECIPIENT},
    {RCPT | END, "5", "1.10", NULL, MP_CAUSE_RECIPIENT},
    {RCPT | END, "5", "2.1", NULL, MP_CAUSE_RECIPIENT},
    {RCPT, "5", NULL, "unknown|no such|exist|not found|unavailable|invalid|disabled|no mailbox",
     MP_CAUSE_RECIPIENT},
    {RCPT, "5", "7.1", NULL, MP_CAUSE_POLICY},
    {RCPT, "550", NULL, NULL, MP_CAUSE_RECIPIENT},
    {RCPT, "551", NULL, NULL, MP_CAUSE_RECIPIENT},
    {RCPT, "553", NULL, NULL, MP_CAUSE_RECIPIENT},
    {RCPT, "5", NULL, NULL, MP_CAUSE_POLICY},
    {MESSAGE, "4", NULL, "try again|try later|retry|come back|please wait|delayed|deferred",
     MP_CAUSE_GREYLISTED},
    {AT(MP_ASKED_END), "5", NULL, NULL, MP_CAUSE_CONTENT},
    {ANY, "4", NULL, NULL, MP_CAUSE_LATER},
    {ANY, "5", NULL, NULL, MP_CAUSE_UNKNOWN},
};

/* One of `words`, which are in lower case and separated by '|', is in `text`. */
static bool
has_one_of(const char *text, const char *words)
{
    g_auto(GStrv) each = g_strsplit(words, "|", -1);
    g_autofree char *lower = g_ascii_strdown(text, -1);

    for (guint i = 0; each[i] != NULL; i++)
        if (strstr(lower, each[i]) != NULL)
            return true;
    return false;
}

/* "5.7.1" ends with "7.1", and "5.17.1" does not. */
static bool
extended_code_is(const char *code, const char *end)
{
    return code[0] != '\0' && code[1] == '.' && strcmp(code + 2, end) == 0;
}

static MpCause
of_answer(const MpSymptoms *s)
{
    g_autofree char *code = g_strdup_printf("%d", s->code);
    char extended[16];

    mp_read_extended_code(s->reply, extended);
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
        if ((answers[i].asked & AT(s->asked)) != 0 && g_str_has_prefix(code, answers[i].code) &&
            (answers[i].extended == NULL || extended_code_is(extended, answers[i].extended)) &&
            (answers[i].words == NULL || has_one_of(s->reply, answers[i].words)))
            return answers[i].cause;
    return MP_CAUSE_UNKNOWN;
}

/* --- What broke ----------------------------------------------------------------------------- */

static MpCause
of_certificate(const char *error)
{
    static const struct {
        const char *words;
        MpCause cause;
    } rows[] = {
        {"not yet valid|not activated", MP_CAUSE_NOT_YET_VALID},
        {"expired", MP_CAUSE_EXPIRED},
        {"subject name|host name|hostname|does not match", MP_CAUSE_WRONG_NAME},
        {"self signed|self-signed", MP_CAUSE_SELF_SIGNED},
        {"issuer|first certificate|unknown ca|not trusted|isn't trusted",
         MP_CAUSE_UNKNOWN_AUTHORITY},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (has_one_of(error, rows[i].words))
            return rows[i].cause;
    return MP_CAUSE_CERTIFICATE;
}

/* Clear text where TLS was to begin. */
static MpCause
of_handshake(const MpSymptoms *s)
{
    bool is_clear = s->listener == MP_LISTENER_CLEAR_TEXT ||
                    has_one_of(s->error, "wrong version number|packet length too long|unexpected "
                                         "tls packet|unknown protocol|record layer failure");

    return s->config->tls == MP_TLS_IMPLICIT && is_clear ? MP_CAUSE_CLEAR_TEXT_PORT : MP_CAUSE_TLS;
}

/* Something came where a greeting should, and no reply begins like that. */
static bool
is_no_greeting(const MpSymptoms *s)
{
    return s->asked == MP_ASKED_NOTHING && s->reply[0] != '\0' && !g_ascii_isdigit(s->reply[0]);
}

static bool
is_before_greeting(const MpSymptoms *s)
{
    return s->is_connected && s->asked == MP_ASKED_NOTHING && s->code == 0;
}

/* No word came, or no further one: `otherwise` if it was not for TLS that the server waited. */
static MpCause
of_silence(const MpSymptoms *s, MpCause otherwise)
{
    bool is_clear = s->config->tls != MP_TLS_IMPLICIT;
    bool waits_for_tls =
        s->listener == MP_LISTENER_TLS ||
        (s->listener == MP_LISTENER_UNKNOWN && s->config->smtp_port == IMPLICIT_TLS_PORT);

    if (is_no_greeting(s))
        return MP_CAUSE_NOT_SMTP;
    if (!is_before_greeting(s))
        return otherwise;
    if (!is_clear)
        return s->listener == MP_LISTENER_CLEAR_TEXT ? MP_CAUSE_CLEAR_TEXT_PORT : otherwise;
    return waits_for_tls ? MP_CAUSE_TLS_PORT : otherwise;
}

/* libcurl has found no way to log in. */
static MpCause
of_offer(const MpSymptoms *s)
{
    if (s->offers_auth)
        return MP_CAUSE_MECHANISM;
    return s->config->tls == MP_TLS_NONE && s->offers_starttls ? MP_CAUSE_TLS_REQUIRED
                                                               : MP_CAUSE_NO_AUTH;
}

static MpCause
of_break(const MpSymptoms *s)
{
    switch ((CURLcode)s->curl) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return MP_CAUSE_NAME;
    case CURLE_COULDNT_CONNECT:
        return s->os_error == ECONNREFUSED ? MP_CAUSE_PORT : MP_CAUSE_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return of_certificate(s->error);
    case CURLE_SSL_CACERT_BADFILE:
        return MP_CAUSE_CA_FILE;
    case CURLE_SSL_CONNECT_ERROR:
        return of_handshake(s);
    case CURLE_USE_SSL_FAILED:
        return MP_CAUSE_NO_STARTTLS;
    case CURLE_LOGIN_DENIED:
        return of_offer(s);
    case CURLE_OPERATION_TIMEDOUT:
        return s->is_connected ? of_silence(s, MP_CAUSE_SILENCE) : MP_CAUSE_UNREACHABLE;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        return of_silence(s, MP_CAUSE_CUT);
    case CURLE_WEIRD_SERVER_REPLY:
        return MP_CAUSE_NOT_SMTP;
    default:
        return MP_CAUSE_UNKNOWN;
    }
}

MpCause
mp_cause_of(const MpSymptoms *s)
{
    MpCause cause;

    if (s->lacks_token)
        return MP_CAUSE_TOKEN;
    cause = s->code >= 400 ? of_answer(s) : of_break(s);
    return cause == MP_CAUSE_LOGIN && mp_config_takes_token(s->config) ? MP_CAUSE_TOKEN : cause;
}

bool
mp_cause_needs_look(const MpSymptoms *s)
{
    if (s->code != 0 || s->listener != MP_LISTENER_UNKNOWN || !s->is_connected ||
        s->asked != MP_ASKED_NOTHING)
        return false;
    return s->curl == CURLE_OPERATION_TIMEDOUT || s->curl == CURLE_RECV_ERROR ||
           s->curl == CURLE_GOT_NOTHING || s->curl == CURLE_SSL_CONNECT_ERROR;
}
