/* Talking to a Git server by one of git's helpers; see helper.h. */
#include "git/helper.h"

#include <string.h>

/* --- What the server has ------------------------------------------------------------------------
 */

static bool
say(MpTalk *talk, const char *words)
{
    return mp_pkt_send(&talk->stream, words, strlen(words));
}

/* An option is answered with "ok", or it is not known. */
static bool
is_granted(MpTalk *talk)
{
    g_autoptr(GString) line = g_string_new(NULL);

    return mp_pkt_read_text(&talk->stream, line) && strcmp(line->str, "ok") == 0;
}

bool
mp_helper_open(MpTalk *talk)
{
    g_autoptr(GString) line = g_string_new(NULL);

    if (!say(talk, "option verbosity 0\n") || !is_granted(talk) || !say(talk, "list for-push\n"))
        return false;
    while (mp_pkt_read_text(&talk->stream, line)) {
        if (line->len == 0)
            return true;
        /* "@REF REF" and "? REF" have no id */
        if (strchr("@?", line->str[0]) == NULL && !mp_talk_note_ref(talk, line))
            return false;
    }
    return false;
}

/* --- A push -------------------------------------------------------------------------------------
 */

/* What is to be so for a ref to be moved: "REF:ID", no ID for one that is not there. */
static bool
set_lease(MpTalk *talk, const MpRefCommand *command)
{
    g_autofree char *words =
        g_strdup_printf("option cas %s:%s\n", command->ref,
                        git_oid_is_zero(&command->from) ? "" : git_oid_tostr_s(&command->from));

    return say(talk, words) && is_granted(talk);
}

/* Before all that is granted nothing may be pushed. */
static bool
set_conditions(MpTalk *talk, const MpTalkPush *push)
{
    if (push->is_atomic && !(say(talk, "option atomic true\n") && is_granted(talk)))
        return false;
    for (guint i = 0; i < push->commands->len; i++)
        if (!set_lease(talk, &g_array_index(push->commands, MpRefCommand, i)))
            return false;
    return true;
}

static bool
order(MpTalk *talk, const MpTalkPush *push)
{
    g_autoptr(GString) words = g_string_new(NULL);

    for (guint i = 0; i < push->commands->len; i++) {
        const MpRefCommand *command = &g_array_index(push->commands, MpRefCommand, i);
        char to[GIT_OID_HEXSZ + 1];

        git_oid_tostr(to, sizeof to, &command->to);
        g_string_append_printf(words, "push %s:%s\n", to, command->ref);
    }
    g_string_append_c(words, '\n');
    return say(talk, words->str);
}

/* What git itself did not send; git push has a word for one of these that the helper has not. */
static bool
is_own_reason(const char *why)
{
    static const char *const reasons[] = {"stale info",  "fetch first",    "non-fast forward",
                                          "needs force", "already exists", NULL};

    return g_strv_contains(reasons, why);
}

/* "ok REF", "error REF WHY": of all refs that the server has, also of those that are not pushed. */
static void
note_result(MpTalk *talk, const MpTalkPush *push, const GString *line)
{
    g_auto(GStrv) words = g_strsplit(line->str, " ", 3);
    guint n = g_strv_length(words);

    if (n < 2 || !mp_talk_has_command(push, words[1]))
        return;
    if (strcmp(words[0], "ok") == 0) {
        mp_talk_note_moved(talk, push, words[1]);
    } else if (strcmp(words[0], "error") == 0) {
        const char *why = n == 3 ? words[2] : "it did not say why";
        bool is_own = is_own_reason(why);

        mp_talk_note_rejected(talk, words[1], !is_own,
                              strcmp(why, "non-fast forward") == 0 ? "non-fast-forward" : why);
    }
}

void
mp_helper_push(MpTalk *talk, const MpTalkPush *push)
{
    g_autoptr(GString) line = g_string_new(NULL);

    talk->has_sent = set_conditions(talk, push) && order(talk, push);
    while (talk->has_sent && !talk->is_whole && mp_pkt_read_text(&talk->stream, line)) {
        talk->is_whole = line->len == 0;
        note_result(talk, push, line);
    }
    talk->has_unpacked = talk->is_whole;
    mp_talk_read_errors(talk);
}
