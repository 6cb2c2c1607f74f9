/*
 * The SMTP transport: one libcurl easy handle, which keeps its connection from message to message.
 * libcurl speaks SMTP, TLS and SASL, and stuffs dots; what a failure means is decided here, from
 * the conversation that transcript.c overheard.
 */
#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "smtp/transcript.h"
#include "smtp/transport.h"

#define BUFFER_SIZE       32768L /* small enough for malloc to keep it from message to message */
#define SHORTEST_PROGRESS 1L     /* octets a second: less, for `timeout` seconds, is a stall */

typedef struct {
    const MpConfig *config;
    CURL *easy;
    char *password; /* or NULL */
    MpTranscript *transcript;
    const MpEnvelope *envelope; /* being sent */
    gsize handed_over;          /* of its message */
    bool is_closing;
    char error[CURL_ERROR_SIZE];
} Session;

/* --- What libcurl calls --------------------------------------------------------------------- */

static curl_socket_t
on_socket(void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
    Session *session = user_data;

    if (session->is_closing || purpose != CURLSOCKTYPE_IPCXN)
        return CURL_SOCKET_BAD;
    mp_transcript_new_connection(session->transcript);
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int
on_debug(CURL *easy, curl_infotype type, char *bytes, size_t length, void *user_data)
{
    Session *session = user_data;

    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        mp_transcript_we_said(session->transcript, bytes, length);
    else if (type == CURLINFO_HEADER_IN)
        mp_transcript_server_said(session->transcript, bytes, length);
    return 0;
}

/* libcurl goes on without AUTH where the server does not offer it, and without SMTPUTF8 likewise:
 * the last place to stop it is before the message leaves. */
static const char *
missing_extension(const Session *session)
{
    const MpTranscript *t = session->transcript;

    if (session->config->authentication != MP_AUTH_NONE && !t->is_authenticated)
        return "AUTH";
    if (!t->offers_smtputf8 && session->envelope != NULL &&
        (!g_str_is_ascii(session->envelope->from) || !g_str_is_ascii(session->envelope->to)))
        return "SMTPUTF8";
    return NULL;
}

static size_t
on_read(char *buffer, size_t size, size_t count, void *user_data)
{
    Session *session = user_data;
    const MpEnvelope *envelope = session->envelope;
    gsize n = MIN(size * count, envelope->length - session->handed_over);

    if (missing_extension(session) != NULL)
        return CURL_READFUNC_ABORT;
    memcpy(buffer, envelope->message + session->handed_over, n);
    session->handed_over += n;
    if (session->handed_over == envelope->length && session->transcript->asked != MP_ASKED_END)
        mp_transcript_message_handed_over(session->transcript, envelope->length);
    return n;
}

static size_t
on_write(char *bytes, size_t size, size_t count, void *user_data)
{
    (void)bytes, (void)user_data;
    return size * count;
}

/* --- Opening and closing -------------------------------------------------------------------- */

/* In the order of MpAuthentication. */
static const char *const login_options[] = {NULL, "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5",
                                            "AUTH=XOAUTH2"};

static void
set_credentials(Session *session)
{
    const MpConfig *config = session->config;

    if (config->authentication == MP_AUTH_NONE)
        return;
    curl_easy_setopt(session->easy, CURLOPT_LOGIN_OPTIONS, login_options[config->authentication]);
    curl_easy_setopt(session->easy, CURLOPT_USERNAME, config->username);
    curl_easy_setopt(session->easy,
                     config->authentication == MP_AUTH_XOAUTH2 ? CURLOPT_XOAUTH2_BEARER
                                                               : CURLOPT_PASSWORD,
                     session->password);
    if (config->tls == MP_TLS_NONE)
        mp_warn("credentials go to %s:%d in clear text: [smtp] tls = none", config->smtp_address,
                config->smtp_port);
}

static void
set_tls(Session *session)
{
    const MpConfig *config = session->config;

    curl_easy_setopt(session->easy, CURLOPT_USE_SSL,
                     config->tls == MP_TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    curl_easy_setopt(session->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(session->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(session->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->ca_file[0] != '\0') { /* these authorities and no others */
        curl_easy_setopt(session->easy, CURLOPT_CAINFO, config->ca_file);
        curl_easy_setopt(session->easy, CURLOPT_CAPATH, NULL);
    }
}

static void
set_server(Session *session)
{
    const MpConfig *config = session->config;
    g_autofree char *url =
        g_strdup_printf("%s://%s:%d/%s", config->tls == MP_TLS_IMPLICIT ? "smtps" : "smtp",
                        config->smtp_address, config->smtp_port, config->smtp_domain);
    long timeout = config->smtp_timeout;

    curl_easy_setopt(session->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(session->easy, CURLOPT_URL, url);
    curl_easy_setopt(session->easy, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(session->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(session->easy, CURLOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(session->easy, CURLOPT_CONNECTTIMEOUT, timeout);
    curl_easy_setopt(session->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, timeout);
    curl_easy_setopt(session->easy, CURLOPT_LOW_SPEED_LIMIT, SHORTEST_PROGRESS);
    curl_easy_setopt(session->easy, CURLOPT_LOW_SPEED_TIME, timeout);
}

static void
set_callbacks(Session *session)
{
    curl_easy_setopt(session->easy, CURLOPT_ERRORBUFFER, session->error);
    curl_easy_setopt(session->easy, CURLOPT_VERBOSE, 1L); /* on_debug is not called without */
    curl_easy_setopt(session->easy, CURLOPT_DEBUGFUNCTION, on_debug);
    curl_easy_setopt(session->easy, CURLOPT_DEBUGDATA, session);
    curl_easy_setopt(session->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(session->easy, CURLOPT_OPENSOCKETDATA, session);
    curl_easy_setopt(session->easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_SIZE);
    curl_easy_setopt(session->easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(session->easy, CURLOPT_READDATA, session);
    curl_easy_setopt(session->easy, CURLOPT_WRITEFUNCTION, on_write);
}

/* The secret is what stands on the file's one line. */
static bool
read_password(Session *session, GError **error)
{
    const char *path = session->config->password_file;
    gsize length;

    if (!mp_read_secret(path, &session->password, &length, error))
        return false;
    while (length > 0 && strchr("\r\n", session->password[length - 1]) != NULL)
        session->password[--length] = '\0';
    if (length == 0)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is empty: [smtp] authentication needs it",
                       path);
    if (strlen(session->password) != length || strpbrk(session->password, "\r\n") != NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s holds more than one line", path);
    return true;
}

static bool
check_ca_file(const MpConfig *config, GError **error)
{
    if (config->tls == MP_TLS_NONE || config->ca_file[0] == '\0' ||
        access(config->ca_file, R_OK) == 0)
        return true;
    return mp_fail_errno(error, "cannot read [smtp] ca-file %s", config->ca_file);
}

static void
say_goodbye(Session *session)
{
    curl_socket_t socket = CURL_SOCKET_BAD;

    curl_easy_getinfo(session->easy, CURLINFO_ACTIVESOCKET, &socket);
    if (socket == CURL_SOCKET_BAD)
        return;
    /* curl_easy_cleanup would say QUIT unheard by our log, and wait two minutes for the answer;
     * a connection that ends with its transfer says it within our timeout. */
    session->is_closing = true;
    mp_transcript_begin_attempt(session->transcript);
    curl_easy_setopt(session->easy, CURLOPT_UPLOAD, 0L);
    curl_easy_setopt(session->easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(session->easy, CURLOPT_MAIL_RCPT, NULL);
    curl_easy_setopt(session->easy, CURLOPT_CUSTOMREQUEST, "NOOP");
    curl_easy_setopt(session->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_perform(session->easy);
}

static void
curl_close(gpointer data)
{
    Session *session = data;

    if (session->easy != NULL)
        say_goodbye(session);
    curl_easy_cleanup(session->easy);
    mp_transcript_free(session->transcript);
    if (session->password != NULL)
        mp_wipe(session->password, strlen(session->password));
    g_free(session->password);
    g_free(session);
}

static gpointer
initialise_libcurl(gpointer unused)
{
    (void)unused;
    curl_global_init(CURL_GLOBAL_DEFAULT); /* if it fails, so does curl_easy_init */
    return NULL;
}

static bool
make_handle(Session *session, GError **error)
{
    static GOnce once = G_ONCE_INIT;

    g_once(&once, initialise_libcurl, NULL);
    session->easy = curl_easy_init();
    if (session->easy == NULL)
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot initialise libcurl");
    set_server(session);
    set_tls(session);
    set_credentials(session);
    set_callbacks(session);
    return true;
}

static gpointer
curl_open(const MpConfig *config, GError **error)
{
    Session *session = g_new0(Session, 1);

    session->config = config;
    if (!check_ca_file(config, error) ||
        (config->authentication != MP_AUTH_NONE && !read_password(session, error)) ||
        !make_handle(session, error)) {
        curl_close(session);
        return NULL;
    }
    session->transcript = mp_transcript_new(config, session->password);
    return session;
}

static void
curl_watch(gpointer data, MpSmtpWatch watch, gpointer user_data)
{
    Session *session = data;

    session->transcript->watch = watch;
    session->transcript->watch_data = user_data;
}

/* --- Sending -------------------------------------------------------------------------------- */

/* What is still to come on this connection would be taken for the answer to something else. */
static void
cut_off(Session *session)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    curl_easy_getinfo(session->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd != CURL_SOCKET_BAD)
        shutdown(fd, SHUT_RDWR);
}

static void
attempt(Session *session, const MpEnvelope *envelope)
{
    struct curl_slist *recipients = curl_slist_append(NULL, envelope->to);
    CURLcode result;

    session->envelope = envelope;
    session->handed_over = 0;
    session->error[0] = '\0';
    mp_transcript_begin_attempt(session->transcript);
    curl_easy_setopt(session->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(session->easy, CURLOPT_MAIL_FROM, envelope->from);
    curl_easy_setopt(session->easy, CURLOPT_MAIL_RCPT, recipients);
    result = curl_easy_perform(session->easy);
    if (session->transcript->code == 0) /* libcurl keeps it when the final dot is not answered */
        cut_off(session);
    if (result != CURLE_OK && session->error[0] == '\0')
        g_strlcpy(session->error, curl_easy_strerror(result), sizeof session->error);
    curl_easy_setopt(session->easy, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(recipients);
    session->envelope = NULL;
}

static bool
is_lost(const MpTranscript *t)
{
    return t->code == 0 || t->code == 421; /* 421: the server says so itself */
}

/* A kept connection that died in idleness, seen before the server asked for the message. */
static bool
was_stale(const MpTranscript *t)
{
    return !t->is_new_connection && t->asked <= MP_ASKED_DATA && is_lost(t);
}

/* Codes that tell of the account or of encryption, whatever they answer. */
static bool
is_about_us(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

static MpSendResult
judge(const MpTranscript *t, const char *missing)
{
    if (t->asked == MP_ASKED_END && t->code / 100 == 2)
        return MP_SENT;
    if (t->asked < MP_ASKED_MAIL || is_about_us(t->code) || g_strcmp0(missing, "AUTH") == 0)
        return MP_UNAVAILABLE;
    if (t->asked == MP_ASKED_MAIL && is_lost(t))
        return MP_UNAVAILABLE;
    if (missing != NULL || t->code / 100 == 5)
        return MP_REFUSED;
    return MP_DEFERRED;
}

static bool
was_connected(const Session *session)
{
    curl_off_t microseconds = 0;

    curl_easy_getinfo(session->easy, CURLINFO_CONNECT_TIME_T, &microseconds);
    return microseconds > 0;
}

static char *
what_failed(const Session *session, const char *missing)
{
    static const char *const asked[] = {"connecting", "EHLO", "STARTTLS", "AUTH",
                                        "MAIL",       "RCPT", "DATA",     "the end of the message"};
    const MpTranscript *t = session->transcript;

    if (missing != NULL)
        return g_strdup_printf("the server does not offer %s", missing);
    const char *why = session->error;
    if (g_str_has_prefix(why, "response reading failed")) /* and an errno of something else */
        why = "the server closed the connection";
    if (t->code != 0 || t->asked == MP_ASKED_NOTHING)
        return g_strdup(why);
    return g_strdup_printf("no answer to %s: %s", asked[t->asked], why);
}

/* Where the server's last reply is not what failed, libcurl's words are, or ours. */
static void
explain(Session *session, MpEnvelope *envelope, const char *missing)
{
    const MpTranscript *t = session->transcript;
    const MpConfig *config = session->config;
    g_autofree char *why = what_failed(session, missing);

    if (t->code >= 400 && missing == NULL) {
        envelope->code = t->code;
        envelope->reply = g_strdup(t->reply->str);
        return;
    }
    mp_transcript_failed(session->transcript, was_connected(session), why);
    envelope->reply = g_strdup_printf("%s:%d: %s", config->smtp_address, config->smtp_port, why);
}

static MpSendResult
curl_send(gpointer data, MpEnvelope *envelope)
{
    Session *session = data;
    const MpTranscript *t = session->transcript;

    attempt(session, envelope);
    if (was_stale(t))
        attempt(session, envelope);

    const char *missing = NULL;
    if (t->asked >= MP_ASKED_MAIL) {
        session->envelope = envelope;
        missing = missing_extension(session);
    }
    MpSendResult result = judge(t, missing);
    if (result == MP_SENT) {
        envelope->code = t->code;
        envelope->reply = g_strdup(t->reply->str);
    } else {
        explain(session, envelope, missing);
    }
    return result;
}

const MpTransportRow mp_transport_curl = {
    .line_end = "\r\n",
    .open = curl_open,
    .send = curl_send,
    .watch = curl_watch,
    .close = curl_close,
};
