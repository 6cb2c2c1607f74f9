/* The programs beside this one; see program.h. */
#include "base/program.h"

#include <glib.h>

#define INNER "libexec/metroplex"

char *
mp_prefix(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self != NULL ? g_path_get_dirname(self) : g_strdup("/usr/bin");
    g_autofree char *above = g_path_get_dirname(directory);

    return g_str_has_suffix(directory, "/" INNER) ? g_path_get_dirname(above)
                                                  : g_steal_pointer(&above);
}

char *
mp_program_path(const char *name)
{
    g_autofree char *prefix = mp_prefix();

    return g_build_filename(prefix, "bin", name, NULL);
}

char *
mp_inner_program_path(const char *name)
{
    g_autofree char *prefix = mp_prefix();

    return g_build_filename(prefix, INNER, name, NULL);
}
