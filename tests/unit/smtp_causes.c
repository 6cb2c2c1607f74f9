/* What is said of a failure: from what was seen to its cause, and the words for each. */
#include <criterion/criterion.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "transport/cause.h"

/* --- Answers of servers ----------------------------------------------------------------------- */

/* As Postfix, Sendmail, Exim, qmail, Exchange and large providers say it. */
static const struct {
    MpAsked asked;
    const char *reply, *cause;
} answers[] = {
    {MP_ASKED_NOTHING, "554 5.7.1 Service unavailable; client blocked", "blocked"},
    {MP_ASKED_NOTHING, "421 4.3.2 too many connections", "busy"},
    {MP_ASKED_NOTHING, "450 4.3.2 Please try again later", "busy"},
    {MP_ASKED_HELLO, "501 5.5.4 Invalid domain name", "helo"},
    {MP_ASKED_HELLO, "421 4.7.0 Try again later, closing connection", "busy"},
    {MP_ASKED_STARTTLS, "454 4.7.0 TLS not available due to local problem", "starttls-refused"},
    {MP_ASKED_AUTH, "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "login"},
    {MP_ASKED_AUTH, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
     "weak-login"},
    {MP_ASKED_AUTH, "534 5.7.9 Application-specific password required.", "weak-login"},
    {MP_ASKED_AUTH, "504 5.5.4 Unrecognized authentication type", "mechanism"},
    {MP_ASKED_AUTH, "454 4.7.0 Temporary authentication failure", "login-later"},
    {MP_ASKED_AUTH, "538 5.7.11 Encryption required", "tls-required"},
    {MP_ASKED_AUTH, "530 5.7.0 Must issue a STARTTLS command first", "tls-required"},
    {MP_ASKED_MAIL, "530 5.7.0 Must issue a STARTTLS command first.", "tls-required"},
    {MP_ASKED_MAIL, "530 5.7.0 Authentication Required.", "login-required"},
    {MP_ASKED_MAIL, "530 5.7.57 Client not authenticated to send mail.", "login-required"},
    {MP_ASKED_RCPT, "550 5.7.1 Authentication required", "login-required"},
    {MP_ASKED_MAIL, "553 5.1.8 <a@b.example>: Sender address rejected: Domain not found", "sender"},
    {MP_ASKED_MAIL, "550 no", "sender"},
    {MP_ASKED_RCPT,
     "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user postmaster", "sender"},
    {MP_ASKED_END, "554 5.2.252 SendAsDenied; a@b.example not allowed to send as c@d.example",
     "sender"},
    {MP_ASKED_END, "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
     "sender"},
    {MP_ASKED_END, "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
     "authenticity"},
    {MP_ASKED_END, "550 5.7.1 Unauthenticated email is not accepted due to domain's DMARC policy",
     "authenticity"},
    {MP_ASKED_RCPT, "554 5.7.1 <a@b.example>: Relay access denied", "relay"},
    {MP_ASKED_RCPT, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "relay"},
    {MP_ASKED_RCPT, "550 relay not permitted", "relay"},
    {MP_ASKED_RCPT, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
     "relay"},
    {MP_ASKED_RCPT, "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown",
     "recipient"},
    {MP_ASKED_RCPT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound", "recipient"},
    {MP_ASKED_RCPT, "550 No Such User Here", "recipient"},
    {MP_ASKED_RCPT, "550 5.2.1 The email account that you tried to reach is disabled.",
     "recipient"},
    {MP_ASKED_END, "550 5.1.1 no mailbox by that name", "recipient"},
    {MP_ASKED_RCPT, "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted",
     "greylisted"},
    {MP_ASKED_RCPT, "451 4.7.1 Greylisting in action, please come back in 00:05:00", "greylisted"},
    {MP_ASKED_RCPT, "450 4.7.1 please try again in 300 seconds", "greylisted"},
    {MP_ASKED_RCPT, "451 4.3.0 Temporary lookup failure", "later"},
    {MP_ASKED_END, "552 5.3.4 Message size exceeds fixed limit", "size"},
    {MP_ASKED_END, "552 5.2.3 Message exceeds local size limit", "size"},
    {MP_ASKED_END, "523 the message is too big", "size"},
    {MP_ASKED_RCPT, "452 4.2.2 The email account that you tried to reach is over quota.", "quota"},
    {MP_ASKED_END, "552 5.2.2 Mailbox full", "quota"},
    {MP_ASKED_RCPT, "552 Requested mail action aborted: exceeded storage allocation", "quota"},
    {MP_ASKED_MAIL, "452 4.3.1 Insufficient system storage", "busy"},
    {MP_ASKED_RCPT, "421 4.7.0 bye", "busy"},
    {MP_ASKED_RCPT, "451 4.7.1 rate limit exceeded", "busy"},
    {MP_ASKED_RCPT,
     "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
     "zen.spamhaus.org",
     "blocked"},
    {MP_ASKED_RCPT, "450 4.7.25 Client host rejected: cannot find your hostname", "blocked"},
    {MP_ASKED_RCPT, "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname", "helo"},
    {MP_ASKED_END, "554 5.7.1 Message rejected as spam", "content"},
    {MP_ASKED_RCPT, "550 5.7.1 Access denied", "policy"},
    {MP_ASKED_DATA, "554 5.5.1 Error: no valid recipients", "unknown"},
};

Test(smtp_causes, what_servers_say_is_understood)
{
    const MpConfig config = {.smtp_port = 587};

    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        const MpSymptoms symptoms = {.config = &config,
                                     .error = "",
                                     .asked = answers[i].asked,
                                     .code = atoi(answers[i].reply),
                                     .reply = answers[i].reply,
                                     .is_connected = true};

        cr_expect_str_eq(mp_cause_row(mp_cause_of(&symptoms))->name, answers[i].cause, "%s is %s",
                         answers[i].reply, mp_cause_row(mp_cause_of(&symptoms))->name);
    }
}

/* --- No answer -------------------------------------------------------------------------------- */

#define CLEAR    .config = &clear
#define STARTTLS .config = &starttls
#define IMPLICIT .config = &implicit
#define OPEN     .is_connected = true

static const MpConfig clear = {.tls = MP_TLS_NONE, .smtp_port = 25};
static const MpConfig starttls = {.tls = MP_TLS_STARTTLS, .smtp_port = 587};
static const MpConfig implicit = {.tls = MP_TLS_IMPLICIT, .smtp_port = 465};
static const MpConfig starttls_465 = {.tls = MP_TLS_STARTTLS, .smtp_port = 465};

static const struct {
    MpSymptoms symptoms;
    const char *cause;
} breaks[] = {
    {{STARTTLS, .curl = CURLE_COULDNT_RESOLVE_HOST}, "name"},
    {{STARTTLS, .curl = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED}, "port"},
    {{STARTTLS, .curl = CURLE_COULDNT_CONNECT, .os_error = EHOSTUNREACH}, "unreachable"},
    {{STARTTLS, .curl = CURLE_OPERATION_TIMEDOUT}, "unreachable"},
    {{STARTTLS, OPEN, .curl = CURLE_OPERATION_TIMEDOUT}, "silence"},
    {{STARTTLS, OPEN, .curl = CURLE_OPERATION_TIMEDOUT, .asked = MP_ASKED_RCPT}, "silence"},
    {{STARTTLS, OPEN, .curl = CURLE_OPERATION_TIMEDOUT, .listener = MP_LISTENER_TLS}, "tls-port"},
    {{CLEAR, OPEN, .curl = CURLE_RECV_ERROR, .listener = MP_LISTENER_TLS}, "tls-port"},
    {{.config = &starttls_465, OPEN, .curl = CURLE_OPERATION_TIMEDOUT}, "tls-port"},
    {{STARTTLS, OPEN, .curl = CURLE_RECV_ERROR}, "cut"},
    {{STARTTLS, OPEN, .curl = CURLE_SEND_ERROR, .asked = MP_ASKED_END}, "cut"},
    {{STARTTLS, OPEN, .curl = CURLE_WEIRD_SERVER_REPLY}, "not-smtp"},
    {{CLEAR, OPEN, .curl = CURLE_RECV_ERROR, .reply = "HTTP/1.1 400 Bad Request"}, "not-smtp"},
    {{IMPLICIT, OPEN, .curl = CURLE_SSL_CONNECT_ERROR, .error = "wrong version number"},
     "clear-text-port"},
    {{IMPLICIT, OPEN, .curl = CURLE_SSL_CONNECT_ERROR, .listener = MP_LISTENER_CLEAR_TEXT},
     "clear-text-port"},
    {{IMPLICIT, OPEN, .curl = CURLE_OPERATION_TIMEDOUT, .listener = MP_LISTENER_CLEAR_TEXT},
     "clear-text-port"},
    {{IMPLICIT, OPEN, .curl = CURLE_SSL_CONNECT_ERROR, .error = "unsupported protocol"}, "tls"},
    {{STARTTLS, OPEN, .curl = CURLE_SSL_CONNECT_ERROR, .asked = MP_ASKED_STARTTLS}, "tls"},
    {{STARTTLS, OPEN, .curl = CURLE_USE_SSL_FAILED, .asked = MP_ASKED_HELLO, .code = 250},
     "no-starttls"},
    {{STARTTLS, .curl = CURLE_SSL_CACERT_BADFILE}, "ca-file"},
    {{STARTTLS, OPEN, .curl = CURLE_LOGIN_DENIED, .code = 250}, "no-auth"},
    {{STARTTLS, OPEN, .curl = CURLE_LOGIN_DENIED, .code = 250, .offers_auth = true}, "mechanism"},
    {{CLEAR, OPEN, .curl = CURLE_LOGIN_DENIED, .code = 250, .offers_starttls = true},
     "tls-required"},
    {{STARTTLS, .curl = CURLE_OUT_OF_MEMORY}, "unknown"},
};

Test(smtp_causes, what_broke_is_understood_without_an_answer)
{
    for (gsize i = 0; i < G_N_ELEMENTS(breaks); i++) {
        MpSymptoms symptoms = breaks[i].symptoms;

        symptoms.error = symptoms.error != NULL ? symptoms.error : "";
        symptoms.reply = symptoms.reply != NULL ? symptoms.reply : "";
        cr_expect_str_eq(mp_cause_row(mp_cause_of(&symptoms))->name, breaks[i].cause, "row %zu", i);
    }
}

/* As OpenSSL says it, of several versions, and GnuTLS. */
static const struct {
    const char *error, *cause;
} certificates[] = {
    {"SSL certificate problem: certificate has expired", "expired"},
    {"SSL certificate problem: certificate is not yet valid", "not-yet-valid"},
    {"SSL: no alternative certificate subject name matches target host name 'mail.example.org'",
     "wrong-name"},
    {"SSL: certificate subject name 'a' does not match target host name 'b'", "wrong-name"},
    {"SSL certificate problem: self-signed certificate", "self-signed"},
    {"SSL certificate problem: self signed certificate in certificate chain", "self-signed"},
    {"SSL certificate problem: unable to get local issuer certificate", "unknown-authority"},
    {"SSL certificate problem: unable to verify the first certificate", "unknown-authority"},
    {"SSL certificate problem: EE certificate key too weak", "certificate"},
};

Test(smtp_causes, a_certificates_fault_is_understood)
{
    for (gsize i = 0; i < G_N_ELEMENTS(certificates); i++) {
        const MpSymptoms symptoms = {STARTTLS,
                                     OPEN,
                                     .curl = CURLE_PEER_FAILED_VERIFICATION,
                                     .error = certificates[i].error,
                                     .asked = MP_ASKED_STARTTLS,
                                     .code = 220,
                                     .reply = "220 2.0.0 Ready"};

        cr_expect_str_eq(mp_cause_row(mp_cause_of(&symptoms))->name, certificates[i].cause, "%s",
                         certificates[i].error);
    }
}

/* --- The words -------------------------------------------------------------------------------- */

static void
expect_part_of_sentence(const char *name, const char *text)
{
    cr_assert_not_null(text, "%s", name);
    cr_expect(strchr(text, ':') == NULL && text[strlen(text) - 1] != '.', "%s: %s", name, text);
}

Test(smtp_causes, each_has_a_name_of_its_own_and_one_sentence)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (MpCause cause = MP_CAUSE_NONE; cause < MP_N_CAUSES; cause++) {
        const MpCauseRow *row = mp_cause_row(cause);
        g_autofree char *sentence = mp_cause_sentence(cause);

        cr_assert_not_null(row->name, "cause %d has no row", cause);
        cr_expect(g_hash_table_add(names, (gpointer)row->name), "%s stands twice", row->name);
        cr_expect_eq(strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(row->name));
        expect_part_of_sentence(row->name, row->found);
        expect_part_of_sentence(row->name, row->advice);
        cr_expect(g_ascii_isupper(row->found[0]) && !g_ascii_isupper(row->advice[0]), "%s",
                  row->name);
        cr_expect(g_str_has_suffix(sentence, "."), "%s", sentence);
        cr_expect_null(row->settings[MP_CAUSE_SETTINGS - 1], "%s: the list has no end", row->name);
        for (guint i = 0; row->settings[i] != NULL; i++)
            cr_expect(strchr(row->settings[i], '.') != NULL, "%s: %s", row->name, row->settings[i]);
    }
}
