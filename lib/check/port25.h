/*
 * Inside of lib/check: a conversation with the mail server on port 25 of this machine, in clear
 * text or TLS, whosever its certificate is. No mail is ever handed over.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpPort25 MpPort25;

/* Connects, waits for the greeting and says EHLO, after STARTTLS where `tls` is wanted. NULL with
 * *error set, in the words of the server or of libcurl. */
MpPort25 *mp_port25_open(const char *helo, bool tls, GError **error);
void mp_port25_close(MpPort25 *port); /* says QUIT */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPort25, mp_port25_close)

const char *mp_port25_greeting(const MpPort25 *port); /* "220 mx.example.org ESMTP" */
bool mp_port25_offers_starttls(const MpPort25 *port);

/* Says a command and waits for its answer: its code, 0 for none. *reply is its last line, "" for
 * none; the caller's. */
int mp_port25_ask(MpPort25 *port, const char *command, char **reply);
