/* Telling whose fault a refusal is; see judge.h and transport.h. */
#include "transport/judge.h"

#include <string.h>

bool
mp_is_lost(const MpTranscript *t)
{
    return t->code == 0 || t->code == 421;
}

bool
mp_needs_smtputf8(const char *from, const char *to)
{
    return !g_str_is_ascii(from) || !g_str_is_ascii(to);
}

void
mp_read_extended_code(const char *reply, char code[16])
{
    gsize start = strspn(reply, "0123456789"), length;

    if (start == 3 && reply[start] == ' ')
        start++;
    else
        start = 0;
    length = strspn(reply + start, "0123456789.");
    code[0] = '\0';
    if (length > 4 && length < 16 && reply[start + 1] == '.')
        g_strlcpy(code, reply + start, length + 1);
}

static bool
is_one_of(const char *code, const char *const *codes)
{
    return code[0] != '\0' && g_strv_contains(codes, code);
}

bool
mp_is_hard_bounce(const char *reply)
{
    static const char *const codes[] = {"5.1.1",  "5.1.2", "5.1.3", "5.1.6",
                                        "5.1.10", "5.2.1", NULL};
    char code[16];

    mp_read_extended_code(reply, code);
    return is_one_of(code, codes);
}

bool
mp_smtp_speaks_of_relaying(const char *reply)
{
    g_autofree char *lower = g_ascii_strdown(reply, -1);

    return strstr(lower, "relay") != NULL;
}

/* Answers that servers give a client that they do not know as well as a recipient they do not like.
 */
static bool
is_suspicion(int code, const char *reply)
{
    static const char *const codes[] = {"5.4.5",  "5.7.0",  "5.7.1", "5.7.8",
                                        "5.7.26", "5.7.60", NULL};
    g_autofree char *lower = g_ascii_strdown(reply, -1);
    char extended[16];

    mp_read_extended_code(reply, extended);
    if (mp_is_hard_bounce(reply))
        return false;
    return code == 530 || code == 534 || code == 535 || code == 538 || is_one_of(extended, codes) ||
           mp_smtp_speaks_of_relaying(reply) || strstr(lower, "sender") != NULL;
}

bool
mp_is_bounce(const MpTranscript *t)
{
    const char *reply = t->reply->str;
    char extended[16];

    if (t->code / 100 != 5 || t->asked < MP_ASKED_RCPT || mp_smtp_speaks_of_relaying(reply))
        return false;
    mp_read_extended_code(reply, extended);
    return mp_is_hard_bounce(reply) ||
           (t->asked == MP_ASKED_RCPT && t->code == 550 && extended[0] == '\0' &&
            t->took_recipient && !is_suspicion(t->code, reply));
}

MpSendResult
mp_judge(const MpTranscript *t, const MpEnvelope *envelope)
{
    MpAsked last = envelope->message != NULL ? MP_ASKED_END : MP_ASKED_RCPT;

    if (t->asked == last && t->code / 100 == 2)
        return MP_SENT;
    if (mp_is_lost(t) || t->code < 400)
        return MP_DEFERRED;
    if (is_suspicion(t->code, t->reply->str))
        return t->asked == MP_ASKED_END ? MP_SUSPECTED_AT_END : MP_SUSPECTED;
    return t->code / 100 == 5 ? MP_REFUSED : MP_DEFERRED;
}

char *
mp_why_unanswered(const MpTranscript *t, const char *error)
{
    static const char *const asked[] = {"connecting", "EHLO", "STARTTLS", "AUTH",
                                        "MAIL",       "RCPT", "DATA",     "the end of the message"};
    /* libcurl adds an errno, of something else. */
    const char *why = g_str_has_prefix(error, "response reading failed")
                          ? "the server closed the connection"
                          : error;

    if (why[0] == '\0')
        return g_strdup_printf("an answer to %s that makes no sense", asked[t->asked]);
    if (t->code != 0 || t->asked == MP_ASKED_NOTHING)
        return g_strdup(why);
    return g_strdup_printf("no answer to %s: %s", asked[t->asked], why);
}
