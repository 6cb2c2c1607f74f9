/* libcurl's part of SMTP, and the wire under it; see connection.h. */
#include "transport/connection.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "transport/connection_handle.h"
#include "transport/secret.h"

#define QUIT_SECONDS 2

/* --- Settings ------------------------------------------------------------------------------- */

static bool
check_ca_file(const MpConfig *config, GError **error)
{
    if (config->tls == MP_TLS_NONE || config->ca_file[0] == '\0' ||
        access(config->ca_file, R_OK) == 0)
        return true;
    return mp_fail_errno(error, "cannot read [smtp] ca-file %s", config->ca_file);
}

/* A command is not asked before there is a connection to make. */
static bool
has_secret(MpConnection *c, GError **error)
{
    const MpConfig *config = c->config;

    if (config->authentication == MP_AUTH_NONE || config->token_command[0] != '\0')
        return true;
    c->password = mp_secret_read(config, error);
    return c->password != NULL;
}

MpConnection *
mp_connection_new(const MpConfig *config, GError **error)
{
    MpConnection *c = g_new0(MpConnection, 1);

    c->config = config;
    c->heard = g_string_new(NULL);
    c->said = g_string_new(NULL);
    c->open_sockets = g_array_new(FALSE, FALSE, sizeof(curl_socket_t));
    if (!check_ca_file(config, error) || !has_secret(c, error)) {
        mp_connection_free(c);
        return NULL;
    }
    c->transcript = mp_transcript_new(config);
    if (c->password != NULL)
        mp_transcript_keep_secret(c->transcript, c->password);
    if (config->authentication != MP_AUTH_NONE && config->tls == MP_TLS_NONE)
        mp_warn("credentials go to %s:%d in clear text: [smtp] tls = none", config->smtp_address,
                config->smtp_port);
    return c;
}

static void
forget_password(MpConnection *c)
{
    if (c->password != NULL)
        mp_wipe(c->password, strlen(c->password));
    g_clear_pointer(&c->password, g_free);
}

void
mp_connection_free(MpConnection *c)
{
    if (c == NULL)
        return;
    mp_connection_cut(c);
    mp_transcript_free(c->transcript);
    g_array_unref(c->open_sockets);
    g_string_free(c->heard, TRUE);
    g_string_free(c->said, TRUE);
    forget_password(c);
    g_free(c);
}

MpTranscript *
mp_connection_transcript(const MpConnection *c)
{
    return c->transcript;
}

bool
mp_connection_is_turned_away(const MpConnection *c)
{
    return c->is_turned_away;
}

/* --- Opening and closing -------------------------------------------------------------------- */

static bool
fail(MpConnection *c, CURLcode code, const char *why)
{
    c->broken = code;
    g_strlcpy(c->error, why, sizeof c->error);
    return false;
}

void
mp_connection_forget_failure(MpConnection *c)
{
    c->broken = CURLE_OK;
    c->error[0] = '\0';
}

bool
mp_connection_is_late(const MpConnection *c)
{
    return c->broken == CURLE_OPERATION_TIMEDOUT;
}

MpSymptoms
mp_connection_symptoms(const MpConnection *c)
{
    const MpTranscript *t = c->transcript;

    return (MpSymptoms){.config = c->config,
                        .curl = (int)c->broken,
                        .os_error = c->os_error,
                        .error = c->error,
                        .asked = t->asked,
                        .code = t->code,
                        .reply = t->reply->str,
                        .is_connected = c->is_connected,
                        .offers_starttls = t->offers_starttls,
                        .offers_auth = t->offers_auth,
                        .lacks_token = c->lacks_token || t->challenge != NULL};
}

/* libcurl says yes without a login, too, where the server offers no AUTH. */
static bool
check_login(MpConnection *c, CURLcode result)
{
    const MpTranscript *t = c->transcript;
    bool is_refused = t->asked == MP_ASKED_AUTH && t->code / 100 != 4 &&
                      (result == CURLE_LOGIN_DENIED || t->code / 100 == 5);

    c->is_turned_away = result == CURLE_PEER_FAILED_VERIFICATION || is_refused;
    if (c->answer_length > LONGEST_ANSWER)
        return fail(c, CURLE_WEIRD_SERVER_REPLY, "the server's answer has no end");
    c->broken = result;
    if (result == CURLE_LOGIN_DENIED && t->challenge != NULL) { /* libcurl hears no more of it */
        g_autofree char *why = g_strdup_printf("the server refuses the token: %s", t->challenge);
        return fail(c, result, why);
    }
    if (result != CURLE_OK)
        return c->error[0] != '\0' ? false : fail(c, result, curl_easy_strerror(result));
    if (c->config->authentication == MP_AUTH_NONE || t->is_authenticated)
        return true;
    c->is_turned_away = true;
    return fail(c, CURLE_LOGIN_DENIED, "the server does not offer AUTH");
}

/* Another token than the last one, which was refused or may have expired; true where none is
 * needed.
 */
static bool
renew_token(MpConnection *c, bool *is_another)
{
    g_autoptr(GError) error = NULL;
    char *token;

    *is_another = false;
    if (!mp_config_takes_token(c->config))
        return true;
    token = mp_secret_read(c->config, &error);
    c->lacks_token = token == NULL;
    if (token == NULL)
        return fail(c, CURLE_LOGIN_DENIED, error->message);
    *is_another = g_strcmp0(token, c->password) != 0;
    forget_password(c);
    c->password = token;
    mp_transcript_keep_secret(c->transcript, token);
    return true;
}

static bool
connect_and_log_in(MpConnection *c)
{
    curl_off_t microseconds = 0;
    long os_error = 0;
    CURLcode result;

    mp_connection_cut(c);
    mp_connection_forget_failure(c);
    c->is_turned_away = c->is_connected = false;
    c->os_error = 0;
    c->answer_length = 0;
    if (!mp_connection_make_handle(c))
        return fail(c, CURLE_FAILED_INIT, "cannot initialise libcurl");
    result = curl_easy_perform(c->easy);
    curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &c->socket);
    curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &microseconds);
    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_error);
    c->os_error = (int)os_error;
    c->is_connected = microseconds > 0;
    if (c->is_connected)
        mp_transcript_connected(c->transcript);
    if (check_login(c, result) && c->socket != CURL_SOCKET_BAD)
        return true;
    mp_connection_cut(c);
    return false;
}

/* A token that is refused may have expired since it was given: there may be another by now, and
 * that is tried once. */
bool
mp_connection_open(MpConnection *c)
{
    bool is_another;

    mp_connection_cut(c);
    c->is_turned_away = c->is_connected = false;
    if (!renew_token(c, &is_another))
        return false;
    if (connect_and_log_in(c))
        return true;
    if (!c->is_turned_away || c->transcript->asked != MP_ASKED_AUTH ||
        !mp_config_takes_token(c->config) || !renew_token(c, &is_another) || !is_another)
        return false;
    mp_transcript_begin_attempt(c->transcript); /* or what refused the first one counts for it */
    return connect_and_log_in(c);
}

void
mp_connection_cut(MpConnection *c)
{
    g_clear_pointer(&c->easy, curl_easy_cleanup); /* a CONNECT_ONLY handle says no QUIT */
    g_assert(c->open_sockets->len == 0); /* else one is shut down that is somebody else's by now */
    c->socket = CURL_SOCKET_BAD;
    g_string_truncate(c->heard, 0);
    g_string_truncate(c->said, 0);
}

void
mp_connection_quit(MpConnection *c)
{
    if (c->easy == NULL)
        return;
    mp_transcript_begin_attempt(c->transcript);
    mp_transcript_settle(c->transcript);
    mp_connection_say(c, "QUIT\r\n");
    mp_connection_hear(c, QUIT_SECONDS);
    mp_connection_cut(c);
}

/* --- The wire ------------------------------------------------------------------------------- */

/* Until the socket is ready, or `end` (of the monotonic clock) has come. */
static bool
wait_for(const MpConnection *c, short events, gint64 end)
{
    for (;;) {
        gint64 left = end - g_get_monotonic_time();
        struct pollfd fd = {.fd = c->socket, .events = events};
        int ready = left > 0 ? poll(&fd, 1, (int)(left / 1000 + 1)) : 0;

        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true; /* and the next call says what is wrong */
        if (left <= 0)
            return false;
    }
}

static gint64
after(int seconds)
{
    return g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
}

void
mp_connection_say(MpConnection *c, const char *line)
{
    mp_connection_forget_failure(c);
    mp_transcript_we_said_ahead(c->transcript, line);
    g_string_append(c->said, line);
}

void
mp_connection_add(MpConnection *c, const char *bytes, gsize length)
{
    g_string_append_len(c->said, bytes, (gssize)length);
}

static bool
send_said(MpConnection *c)
{
    gint64 end = after(c->config->block_timeout);

    for (gsize sent = 0; sent < c->said->len;) {
        size_t n = 0;
        CURLcode result = curl_easy_send(c->easy, c->said->str + sent, c->said->len - sent, &n);

        sent += n;
        if (result == CURLE_AGAIN && !wait_for(c, POLLOUT, end))
            return fail(c, CURLE_OPERATION_TIMEDOUT, "the server takes no more: timed out");
        if (result != CURLE_OK && result != CURLE_AGAIN)
            return fail(c, CURLE_SEND_ERROR, "the server closed the connection");
    }
    return true;
}

bool
mp_connection_flush(MpConnection *c)
{
    bool is_sent = send_said(c);

    g_string_truncate(c->said, 0);
    return is_sent;
}

typedef enum { NOTHING, SOMETHING, CLOSED } Received;

static Received
receive(MpConnection *c)
{
    char bytes[4096];
    size_t n = 0;
    CURLcode result = curl_easy_recv(c->easy, bytes, sizeof bytes, &n);

    if (result == CURLE_AGAIN)
        return NOTHING;
    if (result != CURLE_OK || n == 0)
        return CLOSED;
    g_string_append_len(c->heard, bytes, (gssize)n);
    return SOMETHING;
}

bool
mp_connection_is_quiet(MpConnection *c)
{
    return c->easy != NULL && c->heard->len == 0 && receive(c) == NOTHING;
}

bool
mp_connection_has_more(MpConnection *c)
{
    return c->easy != NULL && (c->heard->len > 0 || receive(c) == SOMETHING);
}

/* Whether what came begins as an answer does. What else there is (another protocol, an answer of
 * somebody else's) is not passed over: the next answer would be taken for this one. */
static bool
begins_an_answer(const char *line)
{
    return g_ascii_isdigit(line[0]) && g_ascii_isdigit(line[1]) && g_ascii_isdigit(line[2]);
}

typedef enum { UNFINISHED, WHOLE, FOREIGN } Heard;

/* Takes the whole lines of what came, up to the one that ends an answer. */
static Heard
take_lines(MpConnection *c, gsize *taken)
{
    const char *end;

    while ((end = memchr(c->heard->str, '\n', c->heard->len)) != NULL) {
        gsize length = (gsize)(end + 1 - c->heard->str);
        bool is_foreign = *taken == 0 && !begins_an_answer(c->heard->str);
        bool is_whole = mp_transcript_server_said(c->transcript, c->heard->str, length);

        g_string_erase(c->heard, 0, (gssize)length);
        *taken += length;
        if (is_foreign)
            return FOREIGN;
        if (is_whole)
            return WHOLE;
    }
    return UNFINISHED;
}

bool
mp_connection_hear(MpConnection *c, int seconds)
{
    gsize taken = 0;
    Heard heard;

    mp_transcript_turn(c->transcript);
    if (!mp_connection_flush(c))
        return false;
    gint64 end = after(seconds);
    while ((heard = take_lines(c, &taken)) == UNFINISHED) {
        Received received = receive(c);

        if (received == CLOSED)
            return fail(c, CURLE_RECV_ERROR, "the server closed the connection");
        if (taken + c->heard->len > LONGEST_ANSWER)
            return fail(c, CURLE_WEIRD_SERVER_REPLY, "the server's answer has no end");
        if (received == NOTHING && !wait_for(c, POLLIN, end))
            return fail(c, CURLE_OPERATION_TIMEDOUT, "timed out");
    }
    return heard == WHOLE || fail(c, CURLE_WEIRD_SERVER_REPLY, "what the server says is no answer");
}
