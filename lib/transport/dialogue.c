/* The dialogue of RFC 5321; see dialogue.h. */
#include "transport/dialogue.h"

#include <string.h>

#include "transport/judge.h"

#define BLOCK_SIZE 32768

/* What begins a message, and the first digit of the answer to go on with. */
enum { STAGE_MAIL, STAGE_RCPT, STAGE_DATA, N_STAGES };
static const int goes_on[N_STAGES] = {2, 2, 3};

void
mp_dialogue_cut(MpDialogue *d)
{
    g_clear_pointer(&d->ahead, g_strfreev);
    mp_connection_cut(d->connection);
}

/* Server and client are no longer of one mind on which answer is whose. */
static bool
fall_out_of_step(MpDialogue *d)
{
    d->is_out_of_step = true;
    mp_connection_forget_failure(d->connection);
    mp_dialogue_cut(d);
    return false;
}

/* One a stage; the length is 0 where there is no message. */
static char **
envelope_lines(const MpDialogue *d, const char *from, const char *to, gsize length)
{
    char **lines = g_new0(char *, N_STAGES + 1);
    g_autofree char *size = d->transcript->offers_size && length > 0
                                ? g_strdup_printf(" SIZE=%" G_GSIZE_FORMAT, length)
                                : g_strdup("");

    lines[STAGE_MAIL] = g_strdup_printf("MAIL FROM:<%s>%s%s\r\n", from, size,
                                        mp_needs_smtputf8(from, to) ? " SMTPUTF8" : "");
    lines[STAGE_RCPT] = g_strdup_printf("RCPT TO:<%s>\r\n", to);
    lines[STAGE_DATA] = g_strdup("DATA\r\n");
    return lines;
}

/* Those of this message; where there is none, its data is not asked for. */
static char **
own_lines(const MpDialogue *d, const MpEnvelope *envelope)
{
    char **lines = envelope_lines(d, envelope->from, envelope->to, envelope->length);

    if (envelope->message == NULL)
        g_clear_pointer(&lines[STAGE_DATA], g_free);
    return lines;
}

MpCause
mp_dialogue_obstacle(const MpDialogue *d, const char *from, const char *to, gsize length)
{
    const MpTranscript *t = d->transcript;

    if (!t->offers_smtputf8 && mp_needs_smtputf8(from, to))
        return MP_CAUSE_UTF8;
    return t->largest > 0 && length > t->largest ? MP_CAUSE_SIZE : MP_CAUSE_NONE;
}

bool
mp_dialogue_is_pipelined(const MpDialogue *d)
{
    return d->transcript->offers_pipelining && !d->is_lockstep;
}

static void
say_all(MpDialogue *d, char *const *lines)
{
    for (; *lines != NULL; lines++)
        mp_connection_say(d->connection, *lines);
}

static int
seconds_for(const MpDialogue *d, gsize stage)
{
    return stage == STAGE_DATA ? d->config->data_timeout : d->config->reply_timeout;
}

/* After the outcome is known: true if there is an answer with which to go on. */
static bool
has_answer(MpDialogue *d, int seconds)
{
    if (mp_connection_hear(d->connection, seconds) && d->transcript->last_code != 421)
        return true;
    mp_dialogue_cut(d);
    return false;
}

/* The server that refuses may go. One that stays, and says nothing more, may have answered
 * something else. */
static bool
has_gone(MpDialogue *d)
{
    bool is_late = mp_connection_is_late(d->connection);

    mp_connection_forget_failure(d->connection);
    return !is_late;
}

/* The data that a server asks for in spite of its refusal: none, which goes to nobody (RFC 2920,
 * section 3.1). */
static bool
end_no_message(MpDialogue *d)
{
    if (d->transcript->last_code / 100 != 3)
        return true;
    mp_connection_say(d->connection, ".\r\n");
    return has_answer(d, d->config->end_timeout);
}

static bool
reset(MpDialogue *d)
{
    mp_connection_say(d->connection, "RSET\r\n");
    return has_answer(d, d->config->reply_timeout);
}

/* What was said behind what the server refused is answered as well. If those answers do not fit to
 * it, or more of them come, the refusal may have been meant for something else: false. */
static bool
is_refusal_sound(MpDialogue *d, gsize stage, char *const *lines)
{
    MpConnection *connection = d->connection;
    MpTranscript *t = d->transcript;

    mp_transcript_settle(t);
    for (; lines[stage] != NULL; stage++) {
        if (!has_answer(d, seconds_for(d, stage)))
            return has_gone(d);
        if (t->last_code < (stage == STAGE_DATA ? 300 : 400))
            return false;
    }
    if (mp_connection_has_more(connection))
        return false;
    if (!end_no_message(d) || !reset(d))
        return has_gone(d);
    d->is_reset_due = false;
    return t->last_code / 100 == 2 && !mp_connection_has_more(connection);
}

/* One after the other or all at once, unless `is_said` already; true if all answers were good. */
static bool
ask_envelope(MpDialogue *d, char *const *lines, bool is_said)
{
    const MpTranscript *t = d->transcript;
    bool are_together = is_said || mp_dialogue_is_pipelined(d);

    if (are_together && !is_said)
        say_all(d, lines);
    d->is_reset_due = true;
    for (gsize stage = 0; lines[stage] != NULL; stage++) {
        if (!are_together && mp_connection_has_more(d->connection))
            return fall_out_of_step(d);
        if (!are_together)
            mp_connection_say(d->connection, lines[stage]);
        if (!mp_connection_hear(d->connection, seconds_for(d, stage)))
            return false;
        if (t->code / 100 == goes_on[stage])
            continue;
        if (t->code < 400 ||
            (are_together && !mp_is_lost(t) && !is_refusal_sound(d, stage + 1, lines)))
            return fall_out_of_step(d);
        return false;
    }
    return true;
}

/* Dots are stuffed, the end is marked (RFC 5321, section 4.5.2). */
static GString *
as_data(const MpEnvelope *envelope)
{
    GString *data = g_string_sized_new(envelope->length + 64);
    const char *end = envelope->message + envelope->length;

    for (const char *line = envelope->message, *next; line < end; line = next) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));

        next = newline != NULL ? newline + 1 : end;
        if (line[0] == '.')
            g_string_append_c(data, '.');
        g_string_append_len(data, line, next - line);
    }
    return g_string_append(data, ".\r\n");
}

/* The envelope of the message that follows, in the flight that ends this one. */
static void
say_ahead(MpDialogue *d, const MpEnvelope *envelope)
{
    if (envelope->next_to == NULL || !mp_dialogue_is_pipelined(d) ||
        mp_dialogue_obstacle(d, envelope->next_from, envelope->next_to, envelope->next_length) !=
            MP_CAUSE_NONE)
        return;
    d->ahead = envelope_lines(d, envelope->next_from, envelope->next_to, envelope->next_length);
    mp_transcript_next_begins(d->transcript);
    say_all(d, d->ahead);
}

/* A server may refuse before it has seen the end, and then reads no more. Whatever it says is none
 * to the end: it cannot have taken what it has not seen. */
static bool
hear_why(MpDialogue *d)
{
    mp_transcript_forget_ahead(d->transcript);
    mp_connection_hear(d->connection, 1);
    return false;
}

static bool
send_message(MpDialogue *d, const MpEnvelope *envelope)
{
    MpConnection *connection = d->connection;
    g_autoptr(GString) data = as_data(envelope);

    for (gsize sent = 0, n; sent < data->len; sent += n) {
        n = MIN(data->len - sent, BLOCK_SIZE);
        bool is_last = sent + n == data->len;
        if (is_last)
            mp_transcript_message_handed_over(d->transcript, envelope->length);
        if (sent > 0 && !mp_connection_is_quiet(connection))
            return hear_why(d);
        mp_connection_add(connection, data->str + sent, n);
        if (is_last)
            say_ahead(d, envelope);
        if (!mp_connection_flush(connection))
            return hear_why(d);
    }
    d->is_reset_due = false;
    return mp_connection_hear(connection, d->config->end_timeout);
}

/* From MAIL to the last answer that is needed; the transcript has it. */
void
mp_dialogue_transact(MpDialogue *d, const MpEnvelope *envelope)
{
    g_auto(GStrv) lines = own_lines(d, envelope);
    g_auto(GStrv) ahead = g_steal_pointer(&d->ahead);

    if (!ask_envelope(d, lines, ahead != NULL) || envelope->message == NULL)
        return;
    if (mp_connection_has_more(d->connection)) /* which would be taken for the end's answer */
        fall_out_of_step(d);
    else if (!send_message(d, envelope) && d->is_reset_due)
        mp_dialogue_cut(d); /* in the midst of a message */
}

/* True if the next message is the one whose envelope went ahead. */
static bool
is_ahead(const MpDialogue *d, const MpEnvelope *envelope)
{
    g_auto(GStrv) lines = NULL;

    if (d->ahead == NULL || envelope->message == NULL)
        return false;
    lines = own_lines(d, envelope);
    return g_strv_equal((const char *const *)lines, (const char *const *)d->ahead);
}

/* The connection of the last message, if it is still good for another. */
bool
mp_dialogue_is_ready(MpDialogue *d, const MpEnvelope *envelope)
{
    if (d->ahead != NULL)
        return is_ahead(d, envelope);
    if (!mp_connection_is_quiet(d->connection))
        return false;
    if (d->is_reset_due && (!reset(d) || d->transcript->last_code / 100 != 2))
        return false;
    d->is_reset_due = false;
    return true;
}
