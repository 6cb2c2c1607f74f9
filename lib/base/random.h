/* Random values that nobody can foresee, for keys and for the nonces of records. */
#pragma once

#include <glib.h>

/* `octets` of the kernel's randomness as lower-case hexadecimal digits. The caller wipes, if it is
 * a secret, and frees it. NULL with *error set if there is none to be had. */
char *mp_random_hex(gsize octets, GError **error);
