/*
 * Inside of lib/report: text that leaves the installation, without what is nobody's business.
 *
 * Always masked is what lets somebody in: the MACs of our addresses, the known secrets (keys,
 * password) also in base64, what was said to log in, passwords in URLs, values of what is called
 * password, token, secret or key, private keys, the tokens of well-known services.
 *
 * Mail addresses, and Message-IDs, which look the same, become pseudonyms: "3fa9c21be0@***". Within
 * one report the same one is the same, so that mails can be followed; nobody can tell of what it
 * was made (HMAC-SHA-256 under a key that is thrown away). Our own addresses stay, but for the MAC:
 * they name a thread and the number of an account.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"

typedef struct MpRedaction MpRedaction;

/* `masks`: addresses are masked as well. Reads the secrets that the configuration names, as far as
 * they can be read, to know them again; `config` is NULL where there is none. */
MpRedaction *mp_redaction_new(const MpConfig *config, bool masks, GError **error);
void mp_redaction_free(MpRedaction *redaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRedaction, mp_redaction_free)

/* Whether addresses are masked. */
bool mp_redaction_masks(const MpRedaction *redaction);

/* An address or Message-ID that is not masked: what the administrator asked about. */
void mp_redaction_show(MpRedaction *redaction, const char *address);

/* Another file begins: nothing of the last one is remembered. */
void mp_redaction_begin(MpRedaction *redaction);

/* Appends a line, without its end, to `out`. Linear. */
void mp_redact(MpRedaction *redaction, const char *line, gsize length, GString *out);

/* A single text, of one line; the caller's. NULL gives NULL. */
char *mp_redacted(MpRedaction *redaction, const char *text);
