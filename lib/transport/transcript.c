/* The conversation; see transcript.h. */
#include "transport/transcript.h"

#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"

#define REDACTED          "[redacted]"
#define SHORTEST_SECRET   4 /* to look for in replies; anything shorter is in them by chance */
#define MOST_LINES        1000
#define LONGEST_REPLY     4000
#define LONGEST_CHALLENGE 300

static void
free_secret(gpointer secret)
{
    mp_wipe(secret, strlen(secret));
    g_free(secret);
}

static void
add_secret(MpTranscript *t, const char *bytes, gsize length)
{
    if (length >= SHORTEST_SECRET)
        g_ptr_array_add(t->secrets, g_strndup(bytes, length));
}

MpTranscript *
mp_transcript_new(const MpConfig *config)
{
    MpTranscript *t = g_new0(MpTranscript, 1);

    t->config = config;
    t->conversation = mp_conversation_new();
    t->reply = g_string_new(NULL);
    t->ahead = g_array_new(FALSE, FALSE, sizeof(MpAsked));
    t->secrets = g_ptr_array_new_with_free_func(free_secret);
    return t;
}

void
mp_transcript_keep_secret(MpTranscript *t, const char *secret)
{
    char *encoded = g_base64_encode((const guchar *)secret, strlen(secret));

    g_ptr_array_set_size(t->secrets, 0);
    add_secret(t, secret, strlen(secret));
    add_secret(t, encoded, strlen(encoded));
    free_secret(encoded);
    t->n_known_secrets = t->secrets->len;
}

void
mp_transcript_free(MpTranscript *t)
{
    if (t == NULL)
        return;
    mp_conversation_free(t->conversation);
    g_string_free(t->reply, TRUE);
    g_free(t->challenge);
    g_array_unref(t->ahead);
    g_ptr_array_unref(t->secrets);
    g_free(t);
}

void
mp_transcript_begin_attempt(MpTranscript *t)
{
    t->asked = MP_ASKED_NOTHING;
    t->code = 0;
    t->n_lines = 0;
    t->is_new_connection = t->is_settled = false;
    g_string_truncate(t->reply, 0);
    mp_conversation_next(t->conversation);
}

static void
forget_offers(MpTranscript *t)
{
    t->offers_smtputf8 = t->offers_pipelining = t->offers_starttls = t->offers_auth = false;
    t->offers_size = false;
    t->largest = 0;
}

void
mp_transcript_new_connection(MpTranscript *t)
{
    t->is_new_connection = true;
    t->is_announced = t->is_authenticated = t->took_recipient = false;
    forget_offers(t);
    mp_transcript_forget_ahead(t);
    g_clear_pointer(&t->challenge, g_free);
    t->is_tls_due = t->config->tls == MP_TLS_IMPLICIT;
    g_ptr_array_set_size(t->secrets, (gint)t->n_known_secrets);
}

/* --- Telling it ----------------------------------------------------------------------------- */

static void
tell_as(const MpTranscript *t, MpSpeaker speaker, const char *bytes, gsize length)
{
    mp_conversation_add(t->conversation, speaker, bytes, length);
    if (t->watch == NULL && !mp_log_has(MP_LOG_DEBUG))
        return;
    g_autofree char *line = mp_conversation_line(speaker, bytes, length);
    mp_debug("%u %s", t->conversation->number, line);
    if (t->watch != NULL)
        t->watch(line, t->watch_data);
}

static void
tell(const MpTranscript *t, const char *line)
{
    tell_as(t, MP_SPEAKER_NOBODY, line, strlen(line));
}

void
mp_transcript_connected(MpTranscript *t)
{
    if (t->is_announced)
        return;
    t->is_announced = true;
    g_autofree char *line =
        g_strdup_printf("Connection opened: %s:%d", t->config->smtp_address, t->config->smtp_port);
    tell(t, line);
}

static void
announce_tls(MpTranscript *t)
{
    t->is_tls_due = false;
    tell(t, "TLS connection started");
}

void
mp_transcript_failed(MpTranscript *t, const char *why)
{
    g_autofree char *escaped = mp_escape(why);
    g_autofree char *line = g_strdup_printf("Connection failed: %s:%d: %s", t->config->smtp_address,
                                            t->config->smtp_port, escaped);
    tell(t, line);
}

/* --- What we say ---------------------------------------------------------------------------- */

static const struct {
    const char *verb;
    MpAsked asked;
} commands[] = {
    {"EHLO ", MP_ASKED_HELLO}, {"HELO ", MP_ASKED_HELLO}, {"STARTTLS", MP_ASKED_STARTTLS},
    {"AUTH ", MP_ASKED_AUTH},  {"MAIL ", MP_ASKED_MAIL},  {"RCPT ", MP_ASKED_RCPT},
    {"DATA", MP_ASKED_DATA},
};

static void
now_asked(MpTranscript *t, MpAsked asked)
{
    t->asked = asked;
    t->code = 0;
    g_string_truncate(t->reply, 0);
}

static MpAsked
asked_by(const char *line, MpAsked otherwise)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_has_prefix(line, commands[i].verb))
            return commands[i].asked;
    return otherwise;
}

static void
note_command(MpTranscript *t, const char *line)
{
    now_asked(t, asked_by(line, t->asked));
    if (t->asked == MP_ASKED_HELLO)
        forget_offers(t);
}

/* Within AUTH every line is an answer to a challenge until the server has decided. */
static bool
is_credential(const MpTranscript *t)
{
    return t->asked == MP_ASKED_AUTH && (t->code == 0 || t->code == 334);
}

/* "AUTH PLAIN dGlt…": the mechanism may be seen, an initial response may not. */
static gsize
length_to_show(const char *line, gsize length)
{
    const char *mechanism = g_str_has_prefix(line, "AUTH ") ? line + strlen("AUTH ") : NULL;
    const char *space = mechanism != NULL ? strchr(mechanism, ' ') : NULL;

    return space != NULL ? (gsize)(space + 1 - line) : length;
}

static gsize
length_without_line_end(const char *bytes, gsize length)
{
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    return length;
}

void
mp_transcript_we_said(MpTranscript *t, const char *bytes, gsize length)
{
    g_autofree char *line = g_strndup(bytes, length);
    gsize shown = 0, text = length_without_line_end(line, length);

    if (t->is_tls_due)
        announce_tls(t);
    if (!is_credential(t)) {
        note_command(t, line);
        shown = length_to_show(line, length);
    }
    if (shown == length) {
        tell_as(t, MP_SPEAKER_WE, line, length);
    } else {
        g_autofree char *redacted = g_strdup_printf("%.*s" REDACTED "\r\n", (int)shown, line);

        add_secret(t, line + shown, text - shown);
        tell_as(t, MP_SPEAKER_WE, redacted, strlen(redacted));
        mp_wipe(line, length);
    }
}

void
mp_transcript_we_said_ahead(MpTranscript *t, const char *line)
{
    const MpAsked asked = asked_by(line, MP_ASKED_NOTHING);

    g_array_append_val(t->ahead, asked);
    tell_as(t, MP_SPEAKER_WE, line, strlen(line));
}

void
mp_transcript_message_handed_over(MpTranscript *t, gsize octets)
{
    const MpAsked asked = MP_ASKED_END;
    g_autofree char *line = g_strdup_printf("<- [%" G_GSIZE_FORMAT " octets of message]", octets);

    g_array_append_val(t->ahead, asked);
    tell(t, line);
}

void
mp_transcript_turn(MpTranscript *t)
{
    if (t->ahead->len == 0)
        return;
    if (!t->is_settled)
        now_asked(t, g_array_index(t->ahead, MpAsked, 0));
    g_array_remove_index(t->ahead, 0);
}

void
mp_transcript_forget_ahead(MpTranscript *t)
{
    g_array_set_size(t->ahead, 0);
}

void
mp_transcript_settle(MpTranscript *t)
{
    t->is_settled = true;
}

void
mp_transcript_next_begins(MpTranscript *t)
{
    mp_conversation_mark(t->conversation);
}

/* --- What the server says ------------------------------------------------------------------- */

/* A server may quote what it refuses; secrets stay out of logs whoever says them. */
static void
scrub(const MpTranscript *t, GString *line)
{
    for (guint i = 0; i < t->secrets->len; i++)
        g_string_replace(line, t->secrets->pdata[i], REDACTED, 0);
}

static bool
is_reply_line(const char *line)
{
    return g_ascii_isdigit(line[0]) && g_ascii_isdigit(line[1]) && g_ascii_isdigit(line[2]);
}

/* As libcurl sees it: both must hear the same conversation. */
static bool
is_final_line(const char *line)
{
    return is_reply_line(line) && (line[3] == ' ' || strcmp(line + 3, "\r\n") == 0);
}

static void
append_to_reply(MpTranscript *t, const char *line)
{
    bool is_first = t->reply->len == 0;
    const char *text = is_first || !is_reply_line(line) || line[3] == '\0' ? line : line + 4;
    gsize length = length_without_line_end(text, strlen(text));

    if (t->reply->len + length > LONGEST_REPLY)
        return;
    if (!is_first)
        g_string_append_c(t->reply, ' ');
    g_string_append_len(t->reply, text, (gssize)length);
    if (is_first && is_reply_line(line) && line[3] == '-')
        t->reply->str[3] = ' ';
}

static int
code_of(const char *line)
{
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
}

/* Before a server refuses a token it says why, as JSON in base64 (RFC 7628, section 3.2.2). */
static void
note_challenge(MpTranscript *t, const char *line)
{
    gsize length = 0;
    g_autofree guchar *decoded = g_base64_decode(line, &length);
    g_autofree char *text = g_strndup((const char *)decoded, MIN(length, LONGEST_CHALLENGE));

    if (text[0] != '{')
        return;
    g_autoptr(GString) scrubbed = g_string_new(text);
    scrub(t, scrubbed);
    g_free(t->challenge);
    t->challenge = mp_escape(scrubbed->str);
}

static void
note_final_line(MpTranscript *t)
{
    t->code = t->last_code;
    if (t->asked == MP_ASKED_AUTH && t->code == 334)
        note_challenge(t, t->reply->str + strlen("334 "));
    if (t->asked == MP_ASKED_AUTH && t->code >= 400 && t->challenge != NULL) {
        g_string_append_printf(t->reply, " (%s)", t->challenge);
        g_clear_pointer(&t->challenge, g_free);
    }
    if (t->asked == MP_ASKED_AUTH && t->code == 235)
        t->is_authenticated = true;
    if (t->asked == MP_ASKED_STARTTLS && t->code == 220)
        t->is_tls_due = true;
    if (t->asked == MP_ASKED_RCPT && t->code / 100 == 2)
        t->took_recipient = true;
}

static bool
is_keyword(const char *offer, const char *keyword)
{
    gsize length = strlen(keyword);

    return g_ascii_strncasecmp(offer, keyword, length) == 0 &&
           strchr(" \r\n", offer[length]) != NULL;
}

/* "SIZE 26214400"; without a number, with 0 and with what is none there is no limit. */
static void
note_size(MpTranscript *t, const char *offer)
{
    if (!is_keyword(offer, "SIZE"))
        return;
    t->offers_size = true;
    t->largest = g_ascii_isdigit(offer[5]) ? g_ascii_strtoull(offer + 5, NULL, 10) : 0;
}

/* The last two in capitals: libcurl knows them so only. */
static void
note_offer(MpTranscript *t, const char *offer)
{
    t->offers_smtputf8 |= is_keyword(offer, "SMTPUTF8");
    t->offers_pipelining |= is_keyword(offer, "PIPELINING");
    t->offers_starttls |= g_str_has_prefix(offer, "STARTTLS");
    t->offers_auth |= g_str_has_prefix(offer, "AUTH ");
    note_size(t, offer);
}

static void
note_reply_line(MpTranscript *t, const char *line)
{
    if (is_final_line(line))
        t->last_code = code_of(line);
    if (t->is_settled)
        return;
    if (t->code != 0) { /* one more reply to the same question: a challenge of AUTH */
        t->code = 0;
        g_string_truncate(t->reply, 0);
    }
    append_to_reply(t, line);
    if (t->asked == MP_ASKED_HELLO && is_reply_line(line) && line[3] != '\0')
        note_offer(t, line + 4);
    if (is_final_line(line))
        note_final_line(t);
}

bool
mp_transcript_server_said(MpTranscript *t, const char *bytes, gsize length)
{
    mp_transcript_connected(t);
    if (t->is_tls_due && t->asked == MP_ASKED_NOTHING)
        announce_tls(t);
    g_autoptr(GString) line = g_string_new_len(bytes, (gssize)length);
    scrub(t, line);
    if (++t->n_lines <= MOST_LINES)
        tell_as(t, MP_SPEAKER_SERVER, line->str, line->len);
    else if (t->n_lines == MOST_LINES + 1)
        tell(t, "-> [more than anybody wants to read]");
    note_reply_line(t, line->str);
    return is_final_line(line->str);
}
