/*
 * Pkt-lines to and from a Git server (gitprotocol-common(5)), over one socket and up to a deadline.
 * Inside of lib/git. What the server sends is not trusted: a line has 65,516 octets at most, and
 * what is no pkt-line ends the stream.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/file.h"

typedef enum {
    MP_PKT_LINE,
    MP_PKT_END,   /* a flush-pkt */
    MP_PKT_SHORT, /* the rest of it is missing */
    MP_PKT_GONE,  /* no pkt-line; or of a stream: closed, or given up */
} MpPkt;

#define MP_PKT_FLUSH "0000"

/* Appends a line of these octets. */
void mp_pkt_append(GString *into, const char *octets, gsize length);

/* Takes the next line out of `text`, from *at on, which is moved behind it, into `line`. */
MpPkt mp_pkt_take(const GString *text, gsize *at, GString *line);

typedef struct {
    MpFd fd;         /* does not block */
    int give_up;     /* readable once nothing is to be waited for any more; the caller's */
    gint64 deadline; /* of g_get_monotonic_time(); G_MAXINT64: none */
    bool is_late;    /* it was over before the server was done */
    GString *text;   /* that came; from `at` on nobody looked at it */
    gsize at;
} MpPktStream;

void mp_pkt_init(MpPktStream *stream, int give_up);
void mp_pkt_clear(MpPktStream *stream);

/* Waits until `fd` is ready for `events` of poll(2), and says for what it is; 0: given up. */
short mp_pkt_await(MpPktStream *stream, short events);

/* Sends octets as they are, and takes in meanwhile what comes, up to 4 MiB, so that both do not
 * wait for each other. */
bool mp_pkt_send(MpPktStream *stream, const void *octets, gsize length);

/* As mp_pkt_take(), of what comes, and never short. */
MpPkt mp_pkt_read(MpPktStream *stream, GString *line);

/* The next line of text, of one that speaks no pkt-lines, without its line feed. */
bool mp_pkt_read_text(MpPktStream *stream, GString *line);
