/* Tables of names; see names.h. */
#include "base/names.h"

#include <string.h>

int
mp_find_name(const char *const *names, gsize n_names, const char *name)
{
    for (gsize i = 0; i < n_names && names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}
