/* Output; see output.h. */
#include "cli/output.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"

void
mp_print_text(const char *text)
{
    bool is_terminal = isatty(STDOUT_FILENO);

    while (*text != '\0') {
        gsize length = strcspn(text, "\n");
        g_autofree char *shown =
            is_terminal ? mp_escape_bytes(text, length) : g_strndup(text, length);

        printf("%s\n", shown);
        text += length + (text[length] == '\n');
    }
}

static void
check_output(int status, void *unused)
{
    (void)unused;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    fprintf(stderr, "%s: cannot write standard output: %s\n", g_get_prgname(), g_strerror(errno));
    if (status == EX_OK)
        _exit(EX_IOERR);
}

void
mp_output_check_at_exit(void)
{
    on_exit(check_output, NULL);
}
