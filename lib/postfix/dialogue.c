/* A conversation with an SMTP server, command by command (RFC 5321); see internal.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "postfix/internal.h"

#define REPLY_MAX 65536

void
mp_dialogue_clear(MpDialogue *dialogue)
{
    if (dialogue->fd > 0)
        close(dialogue->fd);
    if (dialogue->input != NULL)
        g_string_free(dialogue->input, TRUE);
    if (dialogue->said != NULL)
        g_string_free(dialogue->said, TRUE);
    *dialogue = (MpDialogue){.fd = -1};
}

static bool
open_socket(MpDialogue *dialogue, const struct sockaddr *address, socklen_t length,
            const char *shown, GError **error)
{
    *dialogue = (MpDialogue){.input = g_string_new(NULL), .said = g_string_new(NULL)};
    dialogue->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dialogue->fd >= 0 && connect(dialogue->fd, address, length) == 0)
        return true;
    return mp_fail_errno(error, "cannot connect to %s", shown);
}

bool
mp_dialogue_open_unix(MpDialogue *dialogue, const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: too long for a socket", path);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    return open_socket(dialogue, (const struct sockaddr *)&address, sizeof address, path, error);
}

bool
mp_dialogue_open_tcp(MpDialogue *dialogue, const char *host, guint port, GError **error)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((guint16)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((guint16)port)};

    if (inet_pton(AF_INET, host, &four.sin_addr) == 1)
        return open_socket(dialogue, (const struct sockaddr *)&four, sizeof four, host, error);
    if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1)
        return open_socket(dialogue, (const struct sockaddr *)&six, sizeof six, host, error);
    return mp_fail(error, MP_ERROR_INSTALLATION, "%s is not an IP address", host);
}

/* The last line of a reply has no hyphen behind its code; moved out of the input. */
static int
take_reply(MpDialogue *dialogue)
{
    const char *end;

    while ((end = strchr(dialogue->input->str, '\n')) != NULL) {
        gsize length = (gsize)(end - dialogue->input->str) + 1;
        bool is_last = length < 5 || dialogue->input->str[3] != '-';
        int code = atoi(dialogue->input->str);

        g_string_append_len(dialogue->said, dialogue->input->str, (gssize)length);
        g_string_erase(dialogue->input, 0, (gssize)length);
        if (is_last)
            return code > 0 ? code : 500;
    }
    return 0;
}

static bool
wait_for_more(MpDialogue *dialogue, gint64 deadline, GError **error)
{
    struct pollfd polled = {.fd = dialogue->fd, .events = POLLIN};
    char buffer[4096];

    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0)
            return mp_fail(error, MP_ERROR_TEMPORARY, "no answer");
        if (poll(&polled, 1, (int)left + 1) > 0)
            break;
    }
    ssize_t n = read(dialogue->fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0 || dialogue->input->len + (gsize)n > REPLY_MAX)
        return mp_fail(error, MP_ERROR_TEMPORARY, "the connection was closed");
    g_string_append_len(dialogue->input, buffer, n);
    return true;
}

bool
mp_dialogue_say(MpDialogue *dialogue, const char *command, GError **error)
{
    g_autofree char *line = g_strconcat(command, "\r\n", NULL);

    return send(dialogue->fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) ||
           mp_fail(error, MP_ERROR_TEMPORARY, "the connection was closed");
}

int
mp_dialogue_ask(MpDialogue *dialogue, const char *command, int seconds, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    int code;

    g_string_truncate(dialogue->said, 0);
    if (command != NULL && !mp_dialogue_say(dialogue, command, error))
        return 0;
    while ((code = take_reply(dialogue)) == 0)
        if (!wait_for_more(dialogue, deadline, error))
            return 0;
    g_strchomp(dialogue->said->str);
    dialogue->said->len = strlen(dialogue->said->str);
    return code;
}
