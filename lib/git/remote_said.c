/* What git said of a fetch or push; see remote_inside.h. */
#include "git/remote_inside.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"

#define COMPLAINT_MAX 500 /* octets of what git said that are repeated */

/* Lines that tell an administrator nothing. */
static bool
is_chatter(const char *line)
{
    static const char *const prefixes[] = {"hint:",
                                           "To ",
                                           "From ",
                                           "Done",
                                           "Please make sure",
                                           "and the repository exists",
                                           "error: failed to push some refs to"};

    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(line, prefixes[i]))
            return true;
    return *line == '\0' || strcmp(line, "remote:") == 0;
}

static void
add_lines(GString *into, const char *text)
{
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);

    for (char **line = lines; *line != NULL && into->len < COMPLAINT_MAX; line++) {
        g_autofree char *shown = NULL;

        g_strchomp(*line);
        if (is_chatter(*line))
            continue;
        g_strdelimit(*line, "\t", ' ');
        shown = mp_escape(*line);
        g_string_append_printf(into, "%s%s", into->len > 0 ? "; " : "", shown);
    }
    if (into->len > COMPLAINT_MAX)
        g_string_truncate(into, COMPLAINT_MAX);
}

bool
mp_remote_complain(const MpRemote *remote, const char *verb, const MpProcess *git, MpErrorKind kind,
                   GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    g_autofree char *url = mp_escape(remote->url);

    if (git->is_too_slow)
        return mp_fail(error, MP_ERROR_TEMPORARY, "git %s %s: given up after %d s", verb, url,
                       remote->seconds);
    add_lines(said, git->err);
    add_lines(said, git->out);
    return mp_fail(error, kind, "git %s %s: %s", verb, url,
                   said->len > 0 ? said->str : "it failed and did not say why");
}

/* Of several refs at once the server says only beside what it was. */
static bool
is_outrun(const char *said)
{
    return strstr(said, "but expected") != NULL ||
           strstr(said, "reference already exists") != NULL ||
           (strstr(said, "cannot lock ref") != NULL && strstr(said, "File exists") != NULL);
}

/* Whether another push was faster, by what git says: seen before it sends, or by the server's own
 * lock.
 */
static bool
is_stale(const MpProcess *git)
{
    static const char *const reasons[] = {"(stale info)",
                                          "(fetch first)",
                                          "(non-fast-forward)",
                                          "(failed to update ref)",
                                          "(failed to lock)",
                                          "(incorrect old value provided)",
                                          "(reference already exists)",
                                          "cannot lock ref"};

    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (strstr(git->out, reasons[i]) != NULL)
            return true;
    return strstr(git->out, "(atomic transaction failed)") != NULL && is_outrun(git->err);
}

/*
 * Whether what was pushed is refused, and not who pushes, when, or where to: a hook's answer; the
 * checks of receive.fsckObjects and receive.maxInputSize; a proxy's limit. A server that is full or
 * broken may look the same: whoever files a mail for this asks first what else the server takes.
 */
static bool
is_refusal(const MpProcess *git)
{
    static const char *const checks[] = {"fsck error", "pack exceeds maximum allowed size"};
    const char *rejected = strstr(git->out, "[remote rejected] (");

    if (rejected == NULL)
        return strstr(git->err, "RPC failed; HTTP 413") != NULL;
    if (strstr(rejected, "declined") != NULL)
        return true;
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
        if (strstr(rejected, "unpacker error") != NULL && strstr(git->err, checks[i]) != NULL)
            return true;
    return false;
}

/* What the server rejected was sent, and perhaps twice: an HTTP library asks again where an answer
 * was lost, and then it is our own push that was faster. */
MpPush
mp_remote_meaning(const MpProcess *git)
{
    if (is_stale(git))
        return strstr(git->out, "[remote rejected]") != NULL ? MP_STALE : MP_OUTRUN;
    return is_refusal(git) ? MP_REFUSED : MP_UNKNOWN;
}
