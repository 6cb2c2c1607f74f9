/*
 * Delivery of one rendered message to one recipient: over SMTP (RFC 5321; TLS and login by
 * libcurl), or into a Maildir, as [smtp] transport says.
 *
 * An MpSmtp is one connection, or one Maildir. It belongs to one thread at a time; a caller that
 * wants several connections opens several. The connection is made by the first message, kept for
 * the next ones, and reopened when the server has closed it meanwhile.
 *
 * TLS: `starttls` and `implicit` verify the server's certificate and name, against ca-file or the
 * system's authorities, and never fall back to clear text. Only `tls = none` sends in the clear,
 * credentials included: opening such a session logs a warning.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "transport/cause.h"

typedef struct MpSmtp MpSmtp;

/*
 * Answers before MAIL are about the server, answers from MAIL on about that recipient and
 * message: one poisoned recipient is no reason to think the server away. Some answers from MAIL on
 * leave it open, since servers say them to a client that they do not know as well as of a recipient
 * they do not like: 530, 534, 535 and 538, the extended codes 5.4.5, 5.7.0, 5.7.1, 5.7.8, 5.7.26
 * and 5.7.60, and whatever speaks of relaying or of the sender; but for those that clearly speak of
 * the recipient's address (mp_is_hard_bounce).
 */
typedef enum {
    MP_SENT, /* the server took responsibility: a 2xx after the final dot; or stored and synced */
    MP_DEFERRED,         /* this message, not now: 4xx, or the connection was lost under way */
    MP_REFUSED,          /* this message or recipient, never: 5xx, or an address we do not send */
    MP_SUSPECTED,        /* this recipient not now, and perhaps nobody else: see above */
    MP_SUSPECTED_AT_END, /* the same, said of the message after its end */
    MP_UNAVAILABLE,      /* no message gets through now: no connection, TLS, AUTH, greeting, disk */
    MP_STOPPED, /* nor later, until somebody changes something: login or certificate refused */
} MpSendResult;

/*
 * Whether a refusal says that the mailbox does not exist or is closed, and so that mail to it is to
 * stop: 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10 and 5.2.1. Everything else, above all 5.7.x, may be
 * about us, and a relay that is badly set up must cost nobody their address.
 */
bool mp_is_hard_bounce(const char *reply);

/* Whether it says that the server does not pass our mail on, or on this way. */
bool mp_smtp_speaks_of_relaying(const char *reply);

/*
 * Checks the settings and reads the password file (only where there is authentication): no
 * connection yet. MP_ERROR_INSTALLATION names what is missing. The Maildir's directories are made.
 * `config` must outlive the session.
 */
MpSmtp *mp_smtp_open(const MpConfig *config, GError **error);

/* What makes that no address to send to, in words that follow it ("is too long"); NULL: nothing. */
const char *mp_smtp_fault_of_address(const char *address);

/*
 * Sends one message. `from` is the envelope sender, "" the null sender; `to` the recipient: both
 * without angle brackets. An address with a control character, space or angle bracket, one that is
 * not UTF-8, or longer than RFC 5321 allows, is MP_REFUSED before a byte is sent. So is a
 * recipient with a local part beyond ASCII where the server does not offer SMTPUTF8 (RFC 6531), and
 * a message of more octets than it says to take (SIZE, RFC 1870).
 *
 * `message` is header, empty line and body. Lines may end in CRLF or LF: SMTP gets CRLF throughout
 * (a bare CR becomes one too: no smuggled end of data), a Maildir LF. Dots are stuffed here. The
 * Maildir's file begins with Return-Path and Delivered-To, which hold the envelope.
 *
 * After MP_UNAVAILABLE and MP_STOPPED nothing is the message's fault: leave it and all others.
 *
 * Never twice: a connection found dead is reopened, once, only while the server has not yet asked
 * for the message's data. Lost later, the message is MP_DEFERRED; if the server had taken it and
 * its answer was lost on the way, the next attempt sends it a second time (RFC 5321,
 * section 4.5.3.2.6: no protocol can exclude it). A 2xx that arrived is MP_SENT whatever happens
 * after it.
 *
 * *reply (may be NULL) becomes the server's last reply, several lines joined, or what went wrong;
 * one line, never NULL, without secrets, at most about 1,000 octets; the caller's. *code (may be
 * NULL) becomes that reply's code, 0 if the server did not answer.
 */
MpSendResult mp_smtp_send(MpSmtp *smtp, const char *from, const char *to, const char *message,
                          gsize length, char **reply, int *code);

/*
 * Says which message follows the next one that is sent over this session: where the server takes
 * several commands at once (PIPELINING, RFC 2920) its envelope goes out with the end of that one,
 * and no more than that before its own mp_smtp_send. mp_smtp_retract where it does not follow after
 * all, which costs the connection if the envelope went out.
 */
void
mp_smtp_expect(MpSmtp *smtp, const char *from, const char *to, const char *message, gsize length);
void mp_smtp_retract(MpSmtp *smtp);

/*
 * Connects and logs in, where that is not done. With `to` it also asks whether the server would
 * take a message (MAIL, RCPT; RSET comes before the next). MP_SENT: yes; everything else as above.
 */
MpSendResult mp_smtp_probe(MpSmtp *smtp, const char *from, const char *to, char **reply, int *code);

/*
 * The conversation. Each line goes to the log at DEBUG, behind the number of its connection, and to
 * `watch`, in the form of GitHub Enterprise Server: Connection opened: host:port / -> "220
 * ready\r\n" / <- "EHLO host\r\n" / TLS connection started. What proves who we are is "[redacted]",
 * MACs of addresses are "***", and the message is told by its size: <- [1234 octets of message].
 * Call before the first message.
 */
typedef void (*MpSmtpWatch)(const char *line, gpointer user_data);
void mp_smtp_watch(MpSmtp *smtp, MpSmtpWatch watch, gpointer user_data);

/*
 * Why the last message or probe was not taken; MP_CAUSE_NONE if it was. mp_smtp_look_again connects
 * once more where that would tell more (a server that is silent, or no TLS where it is due), which
 * may take half a minute: for who tells a person.
 */
MpCause mp_smtp_cause(const MpSmtp *smtp);
MpCause mp_smtp_look_again(MpSmtp *smtp);

/*
 * Whether the last message was MP_REFUSED in a way that counts as a bounce of its recipient's
 * address, from RCPT on: mp_is_hard_bounce, or 550 without an extended code for a recipient, over a
 * connection on which another was accepted. Never what speaks of relaying.
 */
bool mp_smtp_is_bounce(const MpSmtp *smtp);

/* From now on a conversation that fails is kept as a file in `directory`, one for each server and
 * cause, without secrets, whatever is logged. */
void mp_smtp_keep(MpSmtp *smtp, const char *directory);

/* The latest conversation that was kept there since then (microseconds since the epoch), if it came
 * as far as a recipient with `address`: its lines, the caller's, and its cause. NULL: none. */
char *mp_smtp_last_kept(const char *directory, gint64 since, const char *address, MpCause *cause);

/* Says QUIT where a connection is open, and frees the session. */
void mp_smtp_close(MpSmtp *smtp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpSmtp, mp_smtp_close)
