/*
 * The front of the transports: which one, and what all of them want checked. See transport.h; the
 * transports are smtp.c and maildir.c.
 */
#include "transport/transport.h"

#include <string.h>

#include "base/escape.h"
#include "transport/internal.h"

#define LONGEST_LOCAL_PART 64  /* RFC 5321, section 4.5.3.1.1 */
#define LONGEST_ADDRESS    254 /* section 4.5.3.1.3: a path of 256 with its brackets */
#define LONGEST_REPLY      1000

struct MpSmtp {
    const MpTransportRow *transport;
    gpointer session;
    MpCause cause;             /* of the last failure */
    bool is_bounce;            /* so was it */
    char *next_from, *next_to; /* of the message that follows, as for the wire; or NULL */
    gsize next_length;
};

/* In the order of MpTransport. */
static const MpTransportRow *const transports[] = {&mp_transport_smtp, &mp_transport_maildir};

MpSmtp *
mp_smtp_open(const MpConfig *config, GError **error)
{
    const MpTransportRow *transport = transports[config->transport];
    gpointer session = transport->open(config, error);

    if (session == NULL)
        return NULL;
    MpSmtp *smtp = g_new0(MpSmtp, 1);
    smtp->transport = transport;
    smtp->session = session;
    return smtp;
}

void
mp_smtp_watch(MpSmtp *smtp, MpSmtpWatch watch, gpointer user_data)
{
    if (smtp->transport->watch != NULL)
        smtp->transport->watch(smtp->session, watch, user_data);
}

void
mp_smtp_keep(MpSmtp *smtp, const char *directory)
{
    if (smtp->transport->keep != NULL)
        smtp->transport->keep(smtp->session, directory);
}

MpCause
mp_smtp_cause(const MpSmtp *smtp)
{
    return smtp->cause;
}

bool
mp_smtp_is_bounce(const MpSmtp *smtp)
{
    return smtp->is_bounce;
}

MpCause
mp_smtp_look_again(MpSmtp *smtp)
{
    if (smtp->cause > MP_CAUSE_ADDRESS && smtp->transport->look != NULL)
        smtp->cause = smtp->transport->look(smtp->session);
    return smtp->cause;
}

static void
forget_next(MpSmtp *smtp)
{
    g_clear_pointer(&smtp->next_from, g_free);
    g_clear_pointer(&smtp->next_to, g_free);
}

void
mp_smtp_close(MpSmtp *smtp)
{
    if (smtp == NULL)
        return;
    smtp->transport->close(smtp->session);
    forget_next(smtp);
    g_free(smtp);
}

/* Characters that would end the address, the command or the line, or that hide others. */
static bool
has_unfit_character(const char *address)
{
    for (const char *p = address; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '<' || c == '>' || c == '\t' || c == '\n' || g_unichar_isspace(c) ||
            mp_is_deceptive(c))
            return true;
    }
    return false;
}

static const char *
fault_of_address(const char *address)
{
    const char *at = strrchr(address, '@');

    if (!g_utf8_validate(address, -1, NULL))
        return "is not UTF-8";
    if (has_unfit_character(address))
        return "holds a character that no address may";
    if (at == NULL || at == address || at[1] == '\0')
        return "has no local part or no domain";
    if (at - address > LONGEST_LOCAL_PART || strlen(address) > LONGEST_ADDRESS)
        return "is too long";
    return NULL;
}

/* The address with its domain in ASCII, so that only a local part can need SMTPUTF8; NULL with
 * *fault set if it cannot be sent. */
static char *
address_for_wire(const char *address, const char **fault)
{
    *fault = fault_of_address(address);
    if (*fault != NULL)
        return NULL;
    if (g_str_is_ascii(address))
        return g_strdup(address);

    const char *domain = strrchr(address, '@') + 1;
    g_autofree char *ascii = g_hostname_to_ascii(domain);
    if (ascii == NULL) {
        *fault = "has a domain that is none";
        return NULL;
    }
    char *wire = g_strdup_printf("%.*s%s", (int)(domain - address), address, ascii);
    *fault = fault_of_address(wire);
    return *fault == NULL ? wire : (g_free(wire), NULL);
}

/* Every line end (CRLF, LF, CR) as `line_end`; the last line is ended as well. */
static GString *
with_line_ends(const char *text, gsize length, const char *line_end)
{
    GString *out = g_string_sized_new(length + length / 16 + 3);
    const char *end = text + length, *cr = NULL;

    while (text < end) {
        if (cr == NULL || cr < text) {
            cr = memchr(text, '\r', (gsize)(end - text));
            cr = cr != NULL ? cr : end;
        }
        const char *lf = memchr(text, '\n', (gsize)(cr - text)), *line_ends = lf != NULL ? lf : cr;
        g_string_append_len(out, text, line_ends - text);
        g_string_append(out, line_end);
        text = line_ends + (end - line_ends >= 2 && memcmp(line_ends, "\r\n", 2) == 0);
        if (text < end)
            text++;
    }
    return out;
}

static MpSendResult
refuse_address(MpEnvelope *envelope, const char *address, const char *fault)
{
    g_autofree char *shown = mp_escape(address);

    envelope->cause = MP_CAUSE_ADDRESS;
    envelope->reply = g_strdup_printf("not sent: the address %s %s", shown, fault);
    return MP_REFUSED;
}

const char *
mp_smtp_fault_of_address(const char *address)
{
    const char *fault;
    g_autofree char *wire = address_for_wire(address, &fault);

    return fault;
}

static char *
sender_for_wire(const char *address, const char **fault)
{
    return address[0] != '\0' ? address_for_wire(address, fault) : g_strdup("");
}

void
mp_smtp_expect(MpSmtp *smtp, const char *from, const char *to, const char *message, gsize length)
{
    g_autoptr(GString) lines = with_line_ends(message, length, smtp->transport->line_end);
    const char *fault;

    forget_next(smtp);
    smtp->next_from = sender_for_wire(from, &fault);
    smtp->next_to = address_for_wire(to, &fault);
    smtp->next_length = lines->len;
    if (smtp->next_from == NULL || smtp->next_to == NULL)
        forget_next(smtp);
}

void
mp_smtp_retract(MpSmtp *smtp)
{
    forget_next(smtp);
    if (smtp->transport->retract != NULL)
        smtp->transport->retract(smtp->session);
}

/* Sends what `envelope` has, or asks for it, from `from` to `to` (NULL: to nobody). */
static MpSendResult
check_and_send(MpSmtp *smtp, const char *from, const char *to, MpEnvelope *envelope)
{
    const char *fault = NULL;
    g_autofree char *sender = NULL, *recipient = NULL;

    if (to == NULL)
        return smtp->transport->send(smtp->session, envelope);
    sender = sender_for_wire(from, &fault);
    if (sender == NULL)
        return refuse_address(envelope, from, fault);
    recipient = address_for_wire(to, &fault);
    if (recipient == NULL)
        return refuse_address(envelope, to, fault);
    envelope->from = sender;
    envelope->to = recipient;
    return smtp->transport->send(smtp->session, envelope);
}

/* A server's words are fit for one line of the outbox only after this. */
static char *
presentable(const char *reply)
{
    g_autofree char *line = mp_one_line(reply != NULL ? reply : "");
    g_autofree char *cut = g_strndup(line, LONGEST_REPLY);

    return g_utf8_make_valid(cut, -1);
}

static void
give_outcome(MpSmtp *smtp, const MpEnvelope *envelope, char **reply, int *code)
{
    smtp->cause = envelope->cause;
    smtp->is_bounce = envelope->is_bounce;
    if (reply != NULL)
        *reply = presentable(envelope->reply);
    if (code != NULL)
        *code = envelope->code;
    g_free(envelope->reply);
}

MpSendResult
mp_smtp_send(MpSmtp *smtp, const char *from, const char *to, const char *message, gsize length,
             char **reply, int *code)
{
    g_autoptr(GString) lines = with_line_ends(message, length, smtp->transport->line_end);
    MpEnvelope envelope = {.message = lines->str,
                           .length = lines->len,
                           .next_from = smtp->next_from,
                           .next_to = smtp->next_to,
                           .next_length = smtp->next_length};
    MpSendResult result = check_and_send(smtp, from, to, &envelope);

    forget_next(smtp);
    give_outcome(smtp, &envelope, reply, code);
    return result;
}

MpSendResult
mp_smtp_probe(MpSmtp *smtp, const char *from, const char *to, char **reply, int *code)
{
    MpEnvelope envelope = {0};
    MpSendResult result = check_and_send(smtp, from, to, &envelope);

    give_outcome(smtp, &envelope, reply, code);
    return result;
}
