/*
 * The contents of an event's file: the table of its lines, and the state that they add up to. The
 * format is described in notifier(8); event_format.c writes it. No input or output happens here.
 */
#include "outbox/outbox.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "outbox/internal.h"

#define FIRST_TIME G_GINT64_CONSTANT(-62135596800) /* the year 1 */
#define LAST_TIME  G_GINT64_CONSTANT(253402300799) /* the end of 9999 */

static MpEventText *
text_new(void)
{
    MpEventText *text = g_new0(MpEventText, 1);

    text->event = g_new0(MpEvent, 1);
    text->event->kind = (MpEventKind)-1;
    text->event->created = MP_NO_TIME;
    text->audience = mp_audience_new();
    text->by_user = g_hash_table_new(g_int64_hash, g_int64_equal);
    return text;
}

void
mp_event_text_free(MpEventText *text)
{
    if (text == NULL)
        return;
    mp_event_free(text->event);
    if (text->quote != NULL)
        g_string_free(text->quote, TRUE);
    g_hash_table_unref(text->by_user);
    mp_audience_free(text->audience);
    g_free(text);
}

/* --- The lines ------------------------------------------------------------------------------ */

/* Each takes the fields behind the word and says what is wrong with them, or NULL. */
typedef const char *(*TakeLine)(MpEventText *text, char **field);

bool
mp_event_read_number(const char *field, gint64 max, gint64 *number)
{
    return field[0] != '+' && field[0] != '-' &&
           g_ascii_string_to_signed(field, 10, 0, max, number, NULL);
}

/* Seconds since the epoch, or before it: a machine's clock may say so. Four digits for the year. */
bool
mp_event_read_time(const char *field, gint64 *time)
{
    return field[0] != '+' &&
           g_ascii_string_to_signed(field, 10, FIRST_TIME, LAST_TIME, time, NULL);
}

bool
mp_event_read_id(const char *field, guint64 *id)
{
    gint64 number;

    if (!mp_event_read_number(field, G_MAXINT64, &number))
        return false;
    *id = (guint64)number;
    return true;
}

static const char *
take_version(MpEventText *text G_GNUC_UNUSED, char **field)
{
    return strcmp(field[0], MP_EVENT_VERSION) == 0 ? NULL
                                                   : "a version that this program does not know";
}

static const char *
take_key(MpEventText *text, char **field)
{
    if (text->event->key != NULL || !mp_is_event_key(field[0]))
        return "no KEY, or a second one";
    text->event->key = g_strdup(field[0]);
    return NULL;
}

static const char *
take_kind(MpEventText *text, char **field)
{
    return mp_event_kind_parse(field[0], &text->event->kind) ? NULL : "an unknown kind of event";
}

static const char *
take_thread(MpEventText *text, char **field)
{
    return mp_event_read_id(field[0], &text->event->thread) ? NULL : "not the id of a thread";
}

static const char *
take_actor(MpEventText *text, char **field)
{
    return mp_event_read_id(field[0], &text->event->actor) ? NULL : "not the id of a user";
}

static const char *
take_created(MpEventText *text, char **field)
{
    return mp_event_read_time(field[0], &text->event->created) ? NULL : "not a time";
}

static const char *
take_host(MpEventText *text, char **field)
{
    g_free(text->event->host);
    text->event->host = g_strdup(field[0]);
    return NULL;
}

static const char *
take_address(MpEventText *text, char **field)
{
    g_free(text->event->address);
    text->event->address = mp_unescape(field[0]);
    return NULL;
}

static const char *
take_stopped(MpEventText *text, char **field)
{
    if (!mp_event_read_time(field[0], &text->event->stopped))
        return "not a time";
    g_free(text->event->why);
    text->event->why = mp_unescape(field[1]);
    return NULL;
}

static const char *
take_to(MpEventText *text, char **field)
{
    guint64 user;

    if (!mp_event_read_id(field[0], &user))
        return "not the id of a user";
    if (mp_event_text_recipient(text, user) != NULL)
        return "the user is a recipient already";
    mp_audience_add(text->audience, user, field[1]);
    return NULL;
}

static const char *
take_skipped(MpEventText *text, char **field)
{
    guint64 user;

    if (!mp_event_read_id(field[0], &user))
        return "not the id of a user";
    mp_audience_skip(text->audience, user, field[1]);
    return NULL;
}

static const char *
take_expanded(MpEventText *text, char **field)
{
    gint64 time, count, skipped;

    if (!mp_event_read_time(field[0], &time) ||
        !mp_event_read_number(field[1], G_MAXINT64, &count) ||
        !mp_event_read_number(field[2], G_MAXUINT, &skipped))
        return "not a time and two numbers";
    if ((guint64)count != text->audience->recipients->len)
        return "another number of recipients than there are lines";
    text->audience->n_skipped = (guint)skipped;
    text->is_expanded = true;
    return NULL;
}

static void
set_text(char **at, char *value)
{
    g_free(*at);
    *at = value;
}

/* The last fields of an outcome's line: ADDRESS, or "-", CODE and REPLY. */
static void
set_outcome(MpEventRecipient *recipient, MpEventRecipientState state, gint64 now, gint64 due,
            char **field)
{
    recipient->state = state;
    if (recipient->first == 0)
        recipient->first = now;
    recipient->due = due;
    set_text(&recipient->address, strcmp(field[0], "-") == 0 ? NULL : mp_unescape(field[0]));
    recipient->code = (int)g_ascii_strtoll(field[1], NULL, 10);
    set_text(&recipient->reply, g_strdup(field[2]));
}

static const char *
take_outcome(MpEventText *text, char **field)
{
    /* field[-1] is the line's word, which is the state's name. */
    bool is_waiting = strcmp(field[-1], MP_WORD_WAITING) == 0;
    MpEventRecipientState state = MP_RECIPIENT_DEFERRED;

    if (!is_waiting)
        (void)mp_event_recipient_state_parse(field[-1], &state);
    bool is_deferred = state == MP_RECIPIENT_DEFERRED;
    guint64 user;
    gint64 now, due = 0, code;
    MpEventRecipient *recipient;

    if (!mp_event_read_time(field[0], &now) || !mp_event_read_id(field[1], &user) ||
        (is_deferred && !mp_event_read_time(field[2], &due)) ||
        !mp_event_read_number(field[3 + is_deferred], 999, &code))
        return "not a time, a user and a code";
    recipient = mp_event_text_recipient(text, user);
    if (recipient == NULL)
        return "the user is no recipient";
    recipient->attempts += !is_waiting && state != MP_RECIPIENT_DROPPED;
    set_outcome(recipient, state, now, due, field + 2 + is_deferred);
    return NULL;
}

/* The time to give up counts anew. */
static void
make_due(MpEventRecipient *recipient)
{
    if (recipient->state != MP_RECIPIENT_DEFERRED && recipient->state != MP_RECIPIENT_FAILED)
        return;
    recipient->state = MP_RECIPIENT_PENDING;
    recipient->first = 0;
    recipient->due = 0;
}

static const char *
take_retry(MpEventText *text, char **field)
{
    MpEventRecipient *recipient;
    guint64 user;
    gint64 now;

    if (!mp_event_read_time(field[0], &now) || !mp_event_read_id(field[1], &user))
        return "not a time and a user";
    recipient = mp_event_text_recipient(text, user);
    if (recipient == NULL)
        return "the user is no recipient";
    make_due(recipient);
    return NULL;
}

static const char *
take_again(MpEventText *text, char **field)
{
    gint64 now;

    if (!mp_event_read_time(field[0], &now))
        return "not a time";
    for (guint i = 0; i < text->audience->recipients->len; i++)
        make_due(text->audience->recipients->pdata[i]);
    return NULL;
}

static const struct {
    const char *word;
    guint fields;
    TakeLine take;
} lines[] = {
    {"metroplex-event", 1, take_version},  /* VERSION; always the first line */
    {"key", 1, take_key},                  /* KEY */
    {"kind", 1, take_kind},                /* a word */
    {"thread", 1, take_thread},            /* id */
    {"actor", 1, take_actor},              /* user id */
    {"created", 1, take_created},          /* time */
    {"host", 1, take_host},                /* host name */
    {"address", 1, take_address},          /* of a test, of the administrator; escaped */
    {"stopped", 2, take_stopped},          /* time, what the server said; escaped */
    {"answer", 5, mp_event_take_response}, /* user, reason, day, hash of the mail, language */
    {"answers", 1, mp_event_take_line_of_response}, /* Message-ID of the mail */
    {"sender", 1, mp_event_take_line_of_response},  /* its From */
    {"subject", 1, mp_event_take_line_of_response}, /* its subject */
    {"verdicts", 1,
     mp_event_take_line_of_response}, /* what was found of its sender, if that refused it */
    {"text", 1, mp_event_take_line_of_response},       /* which text says it */
    {"help", 1, mp_event_take_line_of_response},       /* what they may give, who asked for help */
    {"repository", 1, mp_event_take_line_of_response}, /* to which a first mail came */
    {"question", 1, mp_event_take_question},           /* KEY.ADDRESS.DOMAIN */
    {"author", 1, mp_event_take_line_of_response},     /* who is asked: the held mail's From */
    {"command", 4,
     mp_event_take_command}, /* fate, word of the table, what is in the way, line; escaped */
    {"quote", 1, mp_event_take_line_of_response}, /* a line of its text; escaped, as those above */
    {"cut", 1, mp_event_take_cut},                /* 1: there was more of it */
    {"for", 4, mp_event_take_for},                /* user, reason, DUE, number of events */
    {"holds", 4, mp_event_take_holds},            /* KEY, kind, actor, time of an event */
    {"to", 2, take_to},                           /* user, reason */
    {"skipped", 2, take_skipped},                 /* user, why */
    {"expanded", 3, take_expanded},               /* time, number of recipients, of those skipped */
    {"sent", 5, take_outcome},                    /* time, user, address, code, reply */
    {"deferred", 6, take_outcome},                /* time, user, DUE, address, code, reply */
    {"failed", 5, take_outcome},                  /* time, user, address, code, reply */
    {"dropped", 5, take_outcome},                 /* time, user, address, code, why */
    {MP_WORD_WAITING, 6, take_outcome},           /* as deferred, but no attempt is counted */
    {"later", 3, mp_event_take_later},       /* time, user, DUE of the digest that will have it */
    {"gathered", 3, mp_event_take_gathered}, /* time, user, the digest that has it */
    {"again", 1, take_again},                /* time */
    {"retry", 2, take_retry},                /* time, user: the same for one */
};

#define MAX_FIELDS 7

/* Ends each field where its tab was; returns how many there are, at most MAX_FIELDS + 1. */
static guint
split_fields(char *line, char *field[MAX_FIELDS])
{
    guint n = 0;

    for (char *tab; n < MAX_FIELDS; line = tab + 1) {
        field[n++] = line;
        tab = strchr(line, '\t');
        if (tab == NULL)
            return n;
        *tab = '\0';
    }
    return n + 1;
}

bool
mp_event_text_take(MpEventText *text, char *line, const char **fault)
{
    char *field[MAX_FIELDS];
    guint n = split_fields(line, field);

    *fault = "an unknown word";
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (strcmp(lines[i].word, field[0]) != 0)
            continue;
        *fault = n - 1 == lines[i].fields ? lines[i].take(text, field + 1)
                                          : "too few or too many fields";
        break;
    }
    return *fault == NULL;
}

static bool
read_line(MpEventText *text, char *line, gsize length, const char **fault)
{
    *fault = "a null octet";
    return strlen(line) == length && mp_event_text_take(text, line, fault);
}

static bool
is_of_audience(const char *line)
{
    return g_str_has_prefix(line, "to\t") || g_str_has_prefix(line, "skipped\t");
}

MpEventText *
mp_event_text_parse(char *bytes, gsize length, const char *key, const char *path, GError **error)
{
    g_autoptr(MpEventText) text = text_new();
    const char *fault;
    guint number = 0;

    for (char *line = bytes, *end;
         (end = memchr(line, '\n', length - (gsize)(line - bytes))) != NULL; line = end + 1) {
        *end = '\0';
        if (++number == 1 && !g_str_has_prefix(line, "metroplex-event\t"))
            return mp_fail_null(error, MP_ERROR_INPUT, "%s:1: not the file of an event", path);
        if (text->facts_length == 0 && is_of_audience(line))
            text->facts_length = text->length;
        if (!read_line(text, line, (gsize)(end - line), &fault)) {
            if (!text->is_expanded)
                return mp_fail_null(error, MP_ERROR_INPUT, "%s:%u: %s", path, number, fault);
            if (text->n_unread++ == 0)
                text->first_unread = number;
        }
        text->length = (gsize)(end + 1 - bytes);
    }
    if (text->quote != NULL)
        text->event->response->quote = g_string_free(g_steal_pointer(&text->quote), FALSE);
    fault = mp_event_missing_fact(text->event, key);
    if (fault == NULL)
        fault = mp_event_digest_fault(text);
    if (fault != NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "%s:%u: %s", path, number, fault);
    return g_steal_pointer(&text);
}
