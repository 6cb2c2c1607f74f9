/* The parts of an addr-spec, as all kinds of our addresses are taken apart; nobody else includes
 * it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The local part without quotes and quoting backslashes (RFC 5321, section 4.1.2), the caller's;
 * NULL if the quoting is broken. */
char *mp_local_part(const char *local, gsize length);

/* "reply.HOSTNAME", also with the root's dot behind it. */
bool mp_is_reply_domain(const char *domain, const char *hostname);
