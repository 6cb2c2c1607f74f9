/* Inside of lib/report: what secrets look like, for redact.c. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MP_MASKED     "***"
#define MP_SECRET_MIN 6 /* a shorter one is a word, and masking it would hide half of a text */

/* What the lines before one tell of it. */
typedef struct {
    bool is_in_key; /* between BEGIN PRIVATE KEY and its END */
    guint login;    /* so many lines may still belong to an AUTH command */
} MpSecretState;

/* The line with known secrets masked, as they are and in base64; NULL if there are none in it. The
 * caller's. */
GString *mp_secret_mask_known(const char *line, gsize length, const GPtrArray *secrets);

/* Whether the line ends in what somebody said to log in, or is part of a private key: then only its
 * first `kept` octets may be shown. */
bool mp_secret_hides_line(MpSecretState *state, const char *line, gsize length, gsize *kept);

/* Length of a secret that begins at `at`, judged by how it looks or by what is called it; 0 if none
 * does. */
gsize mp_secret_octets(const char *line, gsize at, gsize length, const GPtrArray *secrets);
