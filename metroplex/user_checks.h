/* Checks of an account's facts, which bring them into the form that is stored. */
#pragma once

#include "base/config.h"
#include "tracker/tracker.h"

/* Each returns the value to store, the caller's, or NULL with MP_ERROR_INPUT, which says why. */

/* Letters, digits and single inner hyphens, at most 39; none of a guest. */
char *mp_checked_login(const char *login, GError **error);

/* One line of at most 200 characters. */
char *mp_checked_name(const char *name, GError **error);

/*
 * A mail address as people have them: one @, no quotes, blanks or brackets, at most 254 octets, 64
 * before the @. The domain becomes lower case and ASCII (RFC 5890), as mail servers write it. No
 * address of this installation's own: its mails would come back to it.
 */
char *mp_checked_email(const MpConfig *config, const char *email, GError **error);
