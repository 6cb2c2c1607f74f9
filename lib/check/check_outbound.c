/*
 * Group outbound: the SMTP server that takes our mail, as far as it can be asked without sending
 * any: connection and login, certificate, what it offers, whether it takes mail of our sender.
 */
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "check/certificate.h"
#include "check/self_test.h"
#include "transport/transport.h"

#define SOON_DAYS 14

static bool
has_server(MpChecker *checker)
{
    if (checker->config->transport == MP_TRANSPORT_SMTP)
        return true;
    mp_check_out_of_sight(checker, _("a server that takes mail"), "[smtp] transport = smtp",
                          _("no server is asked: transport = maildir"));
    return false;
}

/* Told in the words that fit the cause, with the server's own. */
static void
tell_cause(MpChecker *checker, MpCause cause, const char *reply)
{
    const MpCauseRow *row = mp_cause_row(cause);
    g_autofree char *settings = g_strjoinv(", ", (char **)row->settings);
    bool is_for_now = cause == MP_CAUSE_GREYLISTED || cause == MP_CAUSE_BUSY ||
                      cause == MP_CAUSE_LATER || cause == MP_CAUSE_LOGIN_LATER;
    g_autofree char *advice = *settings != '\0'
                                  ? g_strdup_printf("%s (%s)", _(row->advice), settings)
                                  : g_strdup(_(row->advice));

    mp_check_tell(checker, is_for_now ? MP_CHECK_WARNING : MP_CHECK_FAILED,
                  _("a server that takes mail"), advice, "%s: %s", _(row->found), reply);
}

/* Told if it cannot be opened: a password that is missing. */
static MpSmtp *
open_smtp(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;
    MpSmtp *smtp = mp_smtp_open(checker->config, &error);

    if (smtp == NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, _("a password file that can be read"),
                      _("metroplex check files says what is wrong"), "%s", error->message);
    return smtp;
}

static const char *
protection(const MpConfig *config)
{
    switch (config->tls) {
    case MP_TLS_STARTTLS:
        return "STARTTLS";
    case MP_TLS_IMPLICIT:
        return "TLS";
    default:
        return _("in clear text");
    }
}

static void
check_login(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    g_autofree char *reply = NULL;
    int code;

    if (!has_server(checker))
        return;
    g_autoptr(MpSmtp) smtp = open_smtp(checker);
    if (smtp == NULL)
        return;
    if (mp_smtp_probe(smtp, NULL, NULL, &reply, &code) != MP_SENT)
        tell_cause(checker, mp_smtp_look_again(smtp), reply);
    else if (config->authentication == MP_AUTH_NONE)
        mp_check_ok(checker, _("%s, port %d, %s, without a login"), config->smtp_address,
                    config->smtp_port, protection(config));
    else
        mp_check_ok(checker, _("%s, port %d, %s, logged in as %s"), config->smtp_address,
                    config->smtp_port, protection(config), config->username);
}

/* --- Certificate -------------------------------------------------------------------------------
 */

void
mp_check_certificate(MpChecker *checker, const MpCertificate *certificate, MpVerdict distrusted)
{
    gint64 left = certificate->expires - mp_time_now();
    g_autofree char *until = mp_time_format(certificate->expires);
    g_autofree char *days = mp_duration(left);
    const char *expected =
        _("one that is for this name, of an authority, and good for two weeks more");

    if (certificate->distrust != NULL)
        mp_check_tell(checker, distrusted, expected, NULL, _("%s (for %s, until %s)"),
                      certificate->distrust, certificate->names, until);
    else if (left < SOON_DAYS * 86400)
        mp_check_tell(checker, MP_CHECK_WARNING, expected, NULL,
                      _("for %s, until %s: only %s more"), certificate->names, until, days);
    else
        mp_check_ok(checker, _("for %s, until %s"), certificate->names, until);
}

static void
check_certificate(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    const MpCertificateOf of = {.name = config->smtp_address,
                                .port = config->smtp_port,
                                .tls = (MpTls)config->tls,
                                .ca_file = config->ca_file};
    g_auto(MpCertificate) certificate = {0};
    g_autoptr(GError) error = NULL;

    if (!has_server(checker))
        return;
    if (config->tls == MP_TLS_NONE)
        mp_check_ok(checker, _("none is asked for: [smtp] tls = none"));
    else if (mp_certificate_look(&of, &certificate, &error))
        mp_check_certificate(checker, &certificate, MP_CHECK_FAILED);
    else
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a certificate"), NULL,
                      _("none can be seen: %s"), error->message);
}

/* --- What it offers ----------------------------------------------------------------------------
 */

typedef struct {
    GPtrArray *lines; /* char *: of the last answer to EHLO, the server's name first */
    bool is_answer;   /* what the server says now */
} Offers;

/* A line of the conversation: "-> \"250-SIZE 1000\\r\\n\"". */
static void
take_line(const char *line, gpointer user_data)
{
    static const char end[] = "\\r\\n\"";
    Offers *offers = user_data;
    gsize begin = strlen("-> \"250-");

    if (g_str_has_prefix(line, "<- ")) {
        offers->is_answer = g_str_has_prefix(line, "<- \"EHLO ");
        if (offers->is_answer)
            g_ptr_array_set_size(offers->lines, 0);
    } else if (offers->is_answer && g_str_has_prefix(line, "-> \"250") &&
               g_str_has_suffix(line, end) && strlen(line) > begin + strlen(end)) {
        g_ptr_array_add(offers->lines, g_strndup(line + begin, strlen(line) - begin - strlen(end)));
    }
}

static char *
list_offers(const Offers *offers)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 1; i < offers->lines->len; i++)
        g_string_append_printf(text, "%s%s", i > 1 ? ", " : "",
                               (const char *)g_ptr_array_index(offers->lines, i));
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup(_("nothing"));
}

static void
check_offers(MpChecker *checker)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Offers offers = {.lines = lines};
    g_autofree char *reply = NULL;
    int code;

    if (checker->config->transport != MP_TRANSPORT_SMTP)
        return;
    g_autoptr(MpSmtp) smtp = mp_smtp_open(checker->config, NULL);
    if (smtp == NULL)
        return;
    mp_smtp_watch(smtp, take_line, &offers);
    (void)mp_smtp_probe(smtp, NULL, NULL, &reply, &code);
    g_autofree char *list = list_offers(&offers);
    if (lines->len == 0)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("an answer to EHLO"), NULL, "%s", reply);
    else
        mp_check_ok(checker, "%s", list);
}

/* --- Sender ------------------------------------------------------------------------------------
 */

static void
check_sender(MpChecker *checker)
{
    const char *expected = _("mail of our sender is taken");
    g_autofree char *reply = NULL;
    int code;

    if (checker->config->transport != MP_TRANSPORT_SMTP)
        return;
    g_autoptr(MpSmtp) smtp = mp_smtp_open(checker->config, NULL);
    if (smtp == NULL)
        return; /* as Connection and login tells */
    g_autofree char *from = mp_self_test_or_tell(checker, MP_PURPOSE_BOUNCE, expected);
    g_autofree char *to =
        from != NULL ? mp_self_test_or_tell(checker, MP_PURPOSE_REPLY, expected) : NULL;
    if (to == NULL)
        return;
    if (mp_smtp_probe(smtp, from, to, &reply, &code) == MP_SENT)
        mp_check_ok(checker, _("mail from and to reply.%s is taken"), checker->config->hostname);
    else
        tell_cause(checker, mp_smtp_cause(smtp), reply);
}

const MpCheck mp_checks_outbound[] = {
    {"outbound", "login", N_("Connection and login"), check_login, NULL},
    {"outbound", "certificate", N_("Certificate"), check_certificate,
     N_("Ask who runs the server for a certificate of that name; [smtp] address, [smtp] ca-file")},
    {"outbound", "offers", N_("What it offers"), check_offers, N_("See Connection and login")},
    {"outbound", "sender", N_("Our sender"), check_sender, NULL},
};
const gsize mp_checks_outbound_n = G_N_ELEMENTS(mp_checks_outbound);
