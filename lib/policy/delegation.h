/*
 * Postfix's policy delegation protocol (SMTPD_POLICY_README): a request is lines of NAME=VALUE and
 * ends with an empty line; the answer is "action=…" and an empty line.
 *
 * The client is our own Postfix, but its values come from anybody who speaks SMTP with it. So lines
 * and their number are bounded: what is beyond is read over, and the request counts as not
 * understood.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MP_POLICY_LINE_MAX  4096 /* octets of a line; Postfix itself splits at 2,048 */
#define MP_POLICY_LINES_MAX 200  /* of a request; Postfix 3.7 sends about 35 */

/* The request as far as it was read. All zero is one that is still empty. */
typedef struct {
    char line[MP_POLICY_LINE_MAX];
    gsize length; /* of `line`; more than fits: the line is too long */
    guint n_lines;
    bool is_broken; /* over a limit, or a line without '=' */
    char request[32], recipient[512], client[128];
} MpPolicyRequest;

/*
 * Takes the next `length` octets. Returns how many were used: all of them, or fewer when a request
 * ends there; then *is_complete is set, and the request is to be answered and cleared
 * (mp_policy_request_clear) before the rest is given.
 */
gsize mp_policy_request_feed(MpPolicyRequest *request, const char *octets, gsize length,
                             bool *is_complete);
void mp_policy_request_clear(MpPolicyRequest *request);

/* True for a request that asks about access (smtpd_access_policy) and is within the limits. */
bool mp_policy_request_is_understood(const MpPolicyRequest *request);
