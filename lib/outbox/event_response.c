/* What an event's file says of a response to a mail. */
#include "outbox/internal.h"

#include <string.h>

#include "base/escape.h"
#include "outbox/questions.h"

/* Parts of the record's name. */
static bool
is_plain(const char *text, gsize most)
{
    gsize length = strlen(text);

    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '-')
            return false;
    return length > 0 && length <= most;
}

const char *
mp_event_take_response(MpEventText *text, char **field)
{
    g_autoptr(MpResponse) response = mp_response_new();

    if (text->event->response != NULL)
        return "a second answer";
    if (!mp_event_read_id(field[0], &response->user) || !is_plain(field[1], 64) ||
        !is_plain(field[2], 10) || !is_plain(field[3], 64) || !is_plain(field[4], 8))
        return "not a user, a reason, a day, a hash and a language";
    response->thread = text->event->thread;
    response->reason = g_strdup(field[1]);
    response->day = g_strdup(field[2]);
    response->hash = g_strdup(field[3]);
    response->language = g_strdup(field[4]);
    text->event->response = g_steal_pointer(&response);
    return NULL;
}

const char *
mp_event_take_cut(MpEventText *text, char **field)
{
    gint64 left;

    if (text->event->response == NULL || !mp_event_read_number(field[0], G_MAXINT64, &left))
        return "not how much of an answer's quote is left out";
    text->event->response->is_cut = true;
    return NULL;
}

const char *
mp_event_take_line_of_response(MpEventText *text, char **field)
{
    MpResponse *response = text->event->response;
    const char *word = field[-1];
    g_autofree char *value = mp_unescape(field[0]);

    if (response == NULL)
        return "a part of an answer before the answer";
    if (strcmp(word, "quote") == 0) {
        if (text->quote == NULL)
            text->quote = g_string_new(NULL);
        g_string_append_printf(text->quote, "%s\n", value);
        return NULL;
    }
    char **at = strcmp(word, "answers") == 0      ? &response->message_id
                : strcmp(word, "sender") == 0     ? &response->sender
                : strcmp(word, "verdicts") == 0   ? &response->verdicts
                : strcmp(word, "text") == 0       ? &response->text
                : strcmp(word, "help") == 0       ? &response->right
                : strcmp(word, "repository") == 0 ? &response->repository
                : strcmp(word, "author") == 0     ? &response->author
                                                  : &response->subject;
    g_free(*at);
    *at = g_steal_pointer(&value);
    return NULL;
}

const char *
mp_event_take_question(MpEventText *text, char **field)
{
    if (text->event->response == NULL || text->event->response->question != NULL ||
        !mp_is_question(field[0]))
        return "not a question of an answer";
    text->event->response->question = g_strdup(field[0]);
    return NULL;
}

const char *
mp_event_take_command(MpEventText *text, char **field)
{
    g_autofree char *about = strcmp(field[2], "-") != 0 ? mp_unescape(field[2]) : NULL;
    g_autofree char *line = mp_unescape(field[3]);

    if (text->event->response == NULL)
        return "a command before the answer";
    mp_response_add_command(text->event->response, field[0], field[1], about, line);
    return NULL;
}
