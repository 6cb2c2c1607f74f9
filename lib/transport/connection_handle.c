/* libcurl's options for a server, and its callbacks while it connects. */
#include "transport/connection_handle.h"

#include <sys/socket.h>
#include <unistd.h>

#define LONGEST_LOGIN 3600L /* seconds: all answers of it together */

/* --- What libcurl calls --------------------------------------------------------------------- */

static curl_socket_t
on_socket(void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
    MpConnection *c = user_data;
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (purpose != CURLSOCKTYPE_IPCXN)
        return CURL_SOCKET_BAD;
    mp_transcript_new_connection(c->transcript);
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd != CURL_SOCKET_BAD)
        g_array_append_val(c->open_sockets, fd);
    return fd;
}

static int
on_close(void *user_data, curl_socket_t fd)
{
    MpConnection *c = user_data;

    for (guint i = 0; i < c->open_sockets->len; i++)
        if (g_array_index(c->open_sockets, curl_socket_t, i) == fd) {
            g_array_remove_index_fast(c->open_sockets, i);
            break;
        }
    return close(fd);
}

/* libcurl reads an answer to its end, and looks at no clock as long as there is more to read: an
 * answer without an end is one in which it would stay for ever. */
static void
end_endless_answer(MpConnection *c, size_t length)
{
    c->answer_length += length;
    if (c->answer_length <= LONGEST_ANSWER)
        return;
    for (guint i = 0; i < c->open_sockets->len; i++)
        shutdown(g_array_index(c->open_sockets, curl_socket_t, i), SHUT_RDWR);
}

static int
on_debug(CURL *easy, curl_infotype type, char *bytes, size_t length, void *user_data)
{
    MpConnection *c = user_data;

    (void)easy;
    if (type == CURLINFO_HEADER_OUT) {
        c->answer_length = 0;
        mp_transcript_we_said(c->transcript, bytes, length);
    } else if (type == CURLINFO_HEADER_IN) {
        end_endless_answer(c, length);
        mp_transcript_server_said(c->transcript, bytes, length);
    }
    return 0;
}

/* libcurl's time to connect includes the login; ours ends with the connection, and each answer has
 * its own time from then on. */
static int
on_progress(void *user_data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const MpConnection *connection = user_data;
    curl_off_t microseconds = 0;

    (void)a, (void)b, (void)c, (void)d;
    curl_easy_getinfo(connection->easy, CURLINFO_CONNECT_TIME_T, &microseconds);
    if (microseconds > 0)
        curl_easy_setopt(connection->easy, CURLOPT_CONNECTTIMEOUT, LONGEST_LOGIN);
    return 0;
}

/* --- What it is told ------------------------------------------------------------------------ */

/* In the order of MpAuthentication. */
static const char *const login_options[] = {
    NULL, "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER"};

static void
set_credentials(const MpConnection *c)
{
    const MpConfig *config = c->config;

    if (config->authentication == MP_AUTH_NONE)
        return;
    curl_easy_setopt(c->easy, CURLOPT_LOGIN_OPTIONS, login_options[config->authentication]);
    curl_easy_setopt(c->easy, CURLOPT_USERNAME, config->username);
    curl_easy_setopt(c->easy,
                     mp_config_takes_token(config) ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
                     c->password);
}

static void
set_tls(const MpConnection *c)
{
    const MpConfig *config = c->config;

    curl_easy_setopt(c->easy, CURLOPT_USE_SSL,
                     config->tls == MP_TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->ca_file[0] != '\0') { /* these authorities and no others */
        curl_easy_setopt(c->easy, CURLOPT_CAINFO, config->ca_file);
        curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
    }
}

static void
set_server(const MpConnection *c)
{
    const MpConfig *config = c->config;
    g_autofree char *domain = g_uri_escape_string(config->smtp_domain, NULL, FALSE);
    g_autofree char *url =
        g_strdup_printf("%s://%s:%d/%s", config->tls == MP_TLS_IMPLICIT ? "smtps" : "smtp",
                        config->smtp_address, config->smtp_port, domain);

    curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c->easy, CURLOPT_URL, url);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT, (long)config->connect_timeout);
    curl_easy_setopt(c->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)config->reply_timeout);
}

static void
set_callbacks(MpConnection *c)
{
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->easy, CURLOPT_VERBOSE, 1L); /* on_debug is not called without */
    curl_easy_setopt(c->easy, CURLOPT_DEBUGFUNCTION, on_debug);
    curl_easy_setopt(c->easy, CURLOPT_DEBUGDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_NOPROGRESS, 0L); /* on_progress is not called without */
    curl_easy_setopt(c->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->easy, CURLOPT_XFERINFODATA, c);
    curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(c->easy, CURLOPT_CLOSESOCKETDATA, c);
}

static gpointer
initialise_libcurl(gpointer unused)
{
    (void)unused;
    curl_global_init(CURL_GLOBAL_DEFAULT); /* if it fails, so does curl_easy_init */
    return NULL;
}

bool
mp_connection_make_handle(MpConnection *c)
{
    static GOnce once = G_ONCE_INIT;

    g_once(&once, initialise_libcurl, NULL);
    c->easy = curl_easy_init();
    if (c->easy == NULL)
        return false;
    set_server(c);
    set_tls(c);
    set_credentials(c);
    set_callbacks(c);
    return true;
}
