/* Colour on terminals; see colour.h. */
#include "cli/colour.h"

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

void
mp_print_in_colour(MpColour colour, const char *text)
{
    static const char *const codes[] = {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m"};

    if (isatty(STDOUT_FILENO) && g_getenv("NO_COLOR") == NULL)
        printf("%s%s\x1b[0m", codes[colour], text);
    else
        fputs(text, stdout);
}
