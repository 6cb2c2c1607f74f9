/* Port 25 of this machine: libcurl connects, what is said is ours; see port25.h. */
#include "check/port25.h"

#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "check/handle.h"

#define PATIENCE 20    /* seconds: a server may delay who it does not know */
#define LONGEST  65536 /* octets of an answer */

struct MpPort25 {
    CURL *easy;
    char *greeting;
    bool offers_starttls;
    GString *heard;
    char why[CURL_ERROR_SIZE];
};

/* What libcurl hears before the conversation is ours. */
static int
hear(CURL *easy, curl_infotype type, char *text, size_t length, void *user_data)
{
    MpPort25 *port = user_data;

    (void)easy;
    if (type != CURLINFO_HEADER_IN)
        return 0;
    g_autofree char *line = g_strchomp(g_strndup(text, length));
    if (port->greeting == NULL)
        port->greeting = g_strdup(line);
    if (g_str_has_prefix(line, "250") && strstr(line, "STARTTLS") != NULL)
        port->offers_starttls = true;
    return 0;
}

static void
set_up(MpPort25 *port, bool tls)
{
    curl_easy_setopt(port->easy, CURLOPT_USE_SSL,
                     tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
    curl_easy_setopt(port->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(port->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(port->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(port->easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(port->easy, CURLOPT_DEBUGFUNCTION, hear);
    curl_easy_setopt(port->easy, CURLOPT_DEBUGDATA, port);
}

MpPort25 *
mp_port25_open(const char *helo, bool tls, GError **error)
{
    g_autoptr(MpPort25) port = g_new0(MpPort25, 1);
    g_autofree char *url = g_strdup_printf("smtp://127.0.0.1:25/%s", helo);

    port->easy = mp_check_handle(url, PATIENCE, port->why);
    port->heard = g_string_new(NULL);
    if (port->easy == NULL)
        return mp_fail_null(error, MP_ERROR_TEMPORARY, "libcurl cannot begin");
    set_up(port, tls);
    CURLcode code = curl_easy_perform(port->easy);
    if (code == CURLE_OK)
        return g_steal_pointer(&port);
    return mp_fail_null(error, MP_ERROR_TEMPORARY, "%s%s%s",
                        port->greeting != NULL ? port->greeting : "",
                        port->greeting != NULL ? ": " : "",
                        *port->why != '\0' ? port->why : curl_easy_strerror(code));
}

const char *
mp_port25_greeting(const MpPort25 *port)
{
    return port->greeting != NULL ? port->greeting : "";
}

bool
mp_port25_offers_starttls(const MpPort25 *port)
{
    return port->offers_starttls;
}

/* --- Saying and hearing ------------------------------------------------------------------------
 */

static bool
wait_for(const MpPort25 *port, short events, gint64 end)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    gint64 left = (end - g_get_monotonic_time()) / 1000;

    curl_easy_getinfo(port->easy, CURLINFO_ACTIVESOCKET, &socket);
    struct pollfd polled = {.fd = socket, .events = events};
    return left > 0 && poll(&polled, 1, (int)left) > 0;
}

static bool
say(MpPort25 *port, const char *line, gint64 end)
{
    gsize length = strlen(line), sent = 0;

    while (length > 0) {
        CURLcode code = curl_easy_send(port->easy, line, length, &sent);

        if (code == CURLE_AGAIN && wait_for(port, POLLOUT, end))
            continue;
        if (code != CURLE_OK)
            return false;
        line += sent;
        length -= sent;
    }
    return true;
}

/* The last line of an answer that is whole, "250 …" and not "250-…"; the caller's, or NULL. */
static char *
last_line(const char *heard)
{
    g_auto(GStrv) lines = g_strsplit(heard, "\r\n", -1);
    guint n = g_strv_length(lines);

    if (n < 2 || *lines[n - 1] != '\0')
        return NULL;
    const char *line = lines[n - 2];
    return strlen(line) >= 3 && line[3] != '-' ? g_strdup(line) : NULL;
}

static char *
hear_answer(MpPort25 *port, gint64 end)
{
    char buffer[4096];
    gsize n;

    g_string_truncate(port->heard, 0);
    while (port->heard->len < LONGEST) {
        CURLcode code = curl_easy_recv(port->easy, buffer, sizeof buffer, &n);

        if (code == CURLE_AGAIN && wait_for(port, POLLIN, end))
            continue;
        if (code != CURLE_OK || n == 0)
            return NULL;
        g_string_append_len(port->heard, buffer, (gssize)n);
        char *line = last_line(port->heard->str);
        if (line != NULL)
            return line;
    }
    return NULL;
}

int
mp_port25_ask(MpPort25 *port, const char *command, char **reply)
{
    g_autofree char *line = g_strconcat(command, "\r\n", NULL);
    gint64 end = g_get_monotonic_time() + (gint64)PATIENCE * G_USEC_PER_SEC;

    *reply = say(port, line, end) ? hear_answer(port, end) : NULL;
    if (*reply == NULL)
        *reply = g_strdup("");
    return (int)g_ascii_strtoull(*reply, NULL, 10);
}

void
mp_port25_close(MpPort25 *port)
{
    if (port == NULL)
        return;
    if (port->easy != NULL && port->greeting != NULL)
        (void)say(port, "QUIT\r\n", g_get_monotonic_time());
    curl_easy_cleanup(port->easy);
    g_string_free(port->heard, TRUE);
    g_free(port->greeting);
    g_free(port);
}
