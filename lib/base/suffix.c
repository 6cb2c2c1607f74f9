/*
 * Which part of a domain is a registry's, and which somebody registered; see domain.h. By itself,
 * since who only compares domains needs no list of suffixes.
 */
#include <libpsl.h>
#include <string.h>

#include "base/domain.h"

bool
mp_domain_is_suffix(const char *folded)
{
    const char *dot = strchr(folded, '.');

    return dot == NULL || dot[1] == '\0' || psl_is_public_suffix(psl_builtin(), folded);
}

/* The longest end of it that is no registry's. */
const char *
mp_domain_registered(const char *folded)
{
    const char *registered = folded;

    for (const char *end = folded; end != NULL && *end != '\0' && *end != '[';) {
        const char *dot = strchr(end, '.');

        if (psl_is_public_suffix2(psl_builtin(), end, PSL_TYPE_ICANN))
            break;
        registered = end;
        end = dot != NULL ? dot + 1 : NULL;
    }
    return registered;
}
