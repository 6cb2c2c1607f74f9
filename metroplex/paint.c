/* Colour on terminals; see paint.h. */
#include "paint.h"

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

void
mp_paint(MpColour colour, const char *text)
{
    static const char *const codes[] = {"\x1b[31m", "\x1b[32m"};

    if (isatty(STDOUT_FILENO) && g_getenv("NO_COLOR") == NULL)
        printf("%s%s\x1b[0m", codes[colour], text);
    else
        fputs(text, stdout);
}
