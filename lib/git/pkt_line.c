/* Pkt-lines to and from a Git server; see pkt_line.h. */
#include "git/pkt_line.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER  4       /* hexadecimal digits: the length, with themselves */
#define LONGEST 65520   /* so counted */
#define AT_ONCE 16384   /* octets that are asked for */
#define WAITING 4194304 /* octets that may wait for us while we send */
#define POLL_MS 60000

/* --- In memory ---------------------------------------------------------------------------------
 */

void
mp_pkt_append(GString *into, const char *octets, gsize length)
{
    g_assert(length <= LONGEST - HEADER);
    g_string_append_printf(into, "%04x", (unsigned)(length + HEADER));
    g_string_append_len(into, octets, (gssize)length);
}

static bool
read_length(const char *digits, gsize *length)
{
    *length = 0;
    for (int i = 0; i < HEADER; i++) {
        if (!g_ascii_isxdigit(digits[i]))
            return false;
        *length = *length << 4 | (gsize)g_ascii_xdigit_value(digits[i]);
    }
    return *length == 0 || (*length >= HEADER && *length <= LONGEST);
}

MpPkt
mp_pkt_take(const GString *text, gsize *at, GString *line)
{
    gsize whole, left = text->len - *at;

    if (left < HEADER)
        return MP_PKT_SHORT;
    if (!read_length(text->str + *at, &whole))
        return MP_PKT_GONE;
    if (left < whole)
        return MP_PKT_SHORT;
    if (whole == 0) {
        *at += HEADER;
        return MP_PKT_END;
    }
    g_string_truncate(line, 0);
    g_string_append_len(line, text->str + *at + HEADER, (gssize)(whole - HEADER));
    *at += whole;
    return MP_PKT_LINE;
}

/* --- Over a socket -----------------------------------------------------------------------------
 */

void
mp_pkt_init(MpPktStream *stream, int give_up)
{
    *stream = (MpPktStream){.fd = -1, .give_up = give_up, .deadline = G_MAXINT64};
    stream->text = g_string_new(NULL);
}

void
mp_pkt_clear(MpPktStream *stream)
{
    mp_fd_clear(&stream->fd);
    g_string_free(stream->text, TRUE);
}

short
mp_pkt_await(MpPktStream *stream, short events)
{
    struct pollfd polled[] = {{.fd = stream->fd, .events = events},
                              {.fd = stream->give_up, .events = POLLIN}};

    while (polled[0].revents == 0 && polled[1].revents == 0) {
        gint64 left = MAX((stream->deadline - g_get_monotonic_time()) / 1000, 0);

        stream->is_late = left == 0;
        if (stream->is_late ||
            (poll(polled, G_N_ELEMENTS(polled), (int)MIN(left, POLL_MS)) < 0 && errno != EINTR))
            return 0;
    }
    return polled[1].revents == 0 ? polled[0].revents : 0;
}

static bool
is_to_be_tried_again(gssize n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Takes in what is there now; false: nothing comes any more. */
static bool
take_in(MpPktStream *stream)
{
    gsize before;

    g_string_erase(stream->text, 0, (gssize)stream->at);
    stream->at = 0;
    before = stream->text->len;
    g_string_set_size(stream->text, before + AT_ONCE);
    gssize n = recv(stream->fd, stream->text->str + before, AT_ONCE, 0);
    bool is_open = n > 0 || is_to_be_tried_again(n);
    g_string_truncate(stream->text, before + (gsize)MAX(n, 0));
    return is_open;
}

bool
mp_pkt_send(MpPktStream *stream, const void *octets, gsize length)
{
    const char *at = octets;

    while (length > 0) {
        bool takes_in = stream->text->len - stream->at < WAITING;
        short ready = mp_pkt_await(stream, takes_in ? POLLOUT | POLLIN : POLLOUT);

        if (ready == 0 || ((ready & POLLIN) != 0 && !take_in(stream)))
            return false;
        gssize n = send(stream->fd, at, length, MSG_NOSIGNAL);
        if (n < 0 && !is_to_be_tried_again(n))
            return false;
        at += MAX(n, 0);
        length -= (gsize)MAX(n, 0);
    }
    return true;
}

MpPkt
mp_pkt_read(MpPktStream *stream, GString *line)
{
    MpPkt what;

    while ((what = mp_pkt_take(stream->text, &stream->at, line)) == MP_PKT_SHORT)
        if (mp_pkt_await(stream, POLLIN) == 0 || !take_in(stream))
            return MP_PKT_GONE;
    return what;
}

bool
mp_pkt_read_text(MpPktStream *stream, GString *line)
{
    const char *start, *end;

    while (start = stream->text->str + stream->at,
           (end = memchr(start, '\n', stream->text->len - stream->at)) == NULL)
        if (stream->text->len - stream->at > LONGEST || mp_pkt_await(stream, POLLIN) == 0 ||
            !take_in(stream))
            return false;
    g_string_truncate(line, 0);
    g_string_append_len(line, start, end - start);
    stream->at += (gsize)(end - start) + 1;
    return true;
}
