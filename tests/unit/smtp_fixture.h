/* A scripted SMTP server (tests/lib/smtp_server.py) for a test, and a configuration to reach it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "scratch.h"
#include "transport/transport.h"

#define SMTP_USER     "postmaster"
#define SMTP_PASSWORD "correct-horse+7"

typedef struct SmtpServer SmtpServer;

/* Options as on its command line; user, password and token are given to it already, --cert too if
 * there is a certificate name (of tests/lib/certificates.sh), or NULL. */
SmtpServer *
smtp_server_start(const ScratchPath *scratch, const char *certificate, const char *const *options);
void smtp_server_stop(SmtpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmtpServer, smtp_server_stop)

/* With one rule and no TLS. */
SmtpServer *smtp_server_with_rule(const ScratchPath *scratch, const char *rule);

/* NNN.eml, NNN.envelope or transcript; NULL if there is none. The caller's. */
char *smtp_server_file(const SmtpServer *server, const char *name, gsize *length);
guint smtp_server_messages(const SmtpServer *server);
guint smtp_server_connections(const SmtpServer *server);

/* Names localhost and the server's port; `lines` are further lines of [smtp]. Authentication finds
 * SMTP_PASSWORD in its file. The caller's. */
MpConfig *smtp_config(const ScratchPath *scratch, const SmtpServer *server, const char *lines);

/* A session, opened, whose conversation is appended to `conversation` (may be NULL). */
MpSmtp *smtp_session(const MpConfig *config, GString *conversation);

/* "sent", "deferred", "refused", "suspected" (both), "unavailable", "stopped". */
const char *smtp_result_name(MpSendResult result);

/* Sends a small message to r@example.org, and tells result, code and reply as one line. */
char *smtp_try(MpSmtp *smtp);

/* The same, and says that one like it follows. */
char *smtp_try_with_next(MpSmtp *smtp);
