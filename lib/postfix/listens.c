/* Where something listens; see postfix.h. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "postfix/internal.h"

#define LISTENING "0A" /* TCP_LISTEN */

/* 127.0.0.0/8 in this machine's byte order, ::1, and 127.0.0.0/8 in its IPv6 form. */
static bool
is_loopback(const char *address)
{
    unsigned word = 0;

    if (strlen(address) == 8)
        return sscanf(address, "%8x", &word) == 1 && (ntohl(word) >> 24) == 127;
    if (strcmp(address, "00000000000000000000000001000000") == 0)
        return true;
    return g_str_has_prefix(address, "0000000000000000FFFF0000") &&
           sscanf(address + 24, "%8x", &word) == 1 && (ntohl(word) >> 24) == 127;
}

static MpListens
look(const char *file, guint port)
{
    MpListens found = MP_LISTENS_NOWHERE;
    g_autofree char *text = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return found;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL && found != MP_LISTENS_BEYOND; line++) {
        char address[33], state[3];
        unsigned at;

        if (sscanf(*line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %2s", address, &at, state) == 3 &&
            at == port && strcmp(state, LISTENING) == 0)
            found = is_loopback(address) ? MP_LISTENS_ON_LOOPBACK : MP_LISTENS_BEYOND;
    }
    return found;
}

MpListens
mp_postfix_listens(guint port)
{
    MpListens four = look("/proc/net/tcp", port), six = look("/proc/net/tcp6", port);

    return MAX(four, six);
}
