/* Causes of failures and what to say of them; see cause.h. Which symptoms mean which: symptoms.c.
 */
#include "transport/cause.h"

#include <string.h>

#include "base/text.h"

/* The sentence is "FOUND: ADVICE." */
static const MpCauseRow causes[MP_N_CAUSES] = {
    [MP_CAUSE_NONE] = {"none",
                       N_("The message was taken"),
                       N_("there is nothing to change"),
                       {NULL}},
    [MP_CAUSE_ADDRESS] = {"address",
                          N_("No mail can be sent to or from such an address"),
                          N_("correct the address, and smtp.noreply-address if it is that one"),
                          {"smtp.noreply-address"}},
    [MP_CAUSE_STORE] = {"store",
                        N_("The message could not be written into the Maildir"),
                        N_("make room and access there, or set smtp.maildir to another place"),
                        {"smtp.maildir", "smtp.transport"}},
    [MP_CAUSE_NAME] =
        {"name",
         N_("The name of the server has no address, because it is misspelt or because no DNS "
            "server answers this machine"),
         N_("correct smtp.address, or mend this machine's DNS"),
         {"smtp.address"}},
    [MP_CAUSE_PORT] =
        {"port",
         N_("The server's machine refused the connection, since no mail server listens on that "
            "port or a firewall forbids it"),
         N_("correct smtp.port (587 and 25 go with smtp.tls = starttls, 465 with implicit), or "
            "smtp.address"),
         {"smtp.port", "smtp.address"}},
    [MP_CAUSE_UNREACHABLE] =
        {"unreachable",
         N_("No connection came about, since the machine is away or a firewall on the way, often "
            "the hosting company's, lets nothing through to that port"),
         N_("correct smtp.address or smtp.port (587 where 25 is closed), or open the firewall"),
         {"smtp.address", "smtp.port"}},
    [MP_CAUSE_CLEAR_TEXT_PORT] =
        {"clear-text-port",
         N_("The server does not begin with TLS on this port, as smtp.tls = implicit wants it"),
         N_("set smtp.tls = starttls, or smtp.port = 465"),
         {"smtp.tls", "smtp.port"}},
    [MP_CAUSE_TLS_PORT] =
        {"tls-port",
         N_("The server says nothing, for it waits for TLS to begin at once on this port"),
         N_("set smtp.tls = implicit, or smtp.port = 587"),
         {"smtp.tls", "smtp.port"}},
    [MP_CAUSE_NOT_SMTP] = {"not-smtp",
                           N_("What answers on that port is no mail server"),
                           N_("correct smtp.port or smtp.address"),
                           {"smtp.port", "smtp.address"}},
    [MP_CAUSE_SILENCE] =
        {"silence",
         N_("The server stopped answering, since it is overloaded or something on the way swallows "
            "the connection"),
         N_("try again; if it stays so, correct smtp.address and smtp.port, or ask who runs the "
            "server"),
         {"smtp.address", "smtp.port", "smtp.reply-timeout"}},
    [MP_CAUSE_CUT] =
        {"cut",
         N_("The connection was cut without a word, by the server or by a firewall on the way"),
         N_("try again; if it stays so, ask who runs the server whether it lets this machine in, "
            "and look at smtp.port and smtp.tls"),
         {"smtp.port", "smtp.tls"}},
    [MP_CAUSE_BUSY] =
        {"busy",
         N_("The server is busy, or limits how many connections or messages it takes"),
         N_("wait, since what is queued is tried again by itself; if it stays so, lower "
            "smtp.connections"),
         {"smtp.connections"}},
    [MP_CAUSE_BLOCKED] =
        {"blocked",
         N_("The server takes nothing from this machine's address, since a block list has it or "
            "its reverse name is missing"),
         N_("ask who runs the server, and let `metroplex check dns` look at the reverse name; "
            "or send by another server, smtp.address"),
         {"smtp.address"}},
    [MP_CAUSE_HELO] = {"helo",
                       N_("The server does not like the name by which we greet it"),
                       N_("set smtp.domain to this machine's full name in DNS"),
                       {"smtp.domain"}},
    [MP_CAUSE_NO_STARTTLS] =
        {"no-starttls",
         N_("The server does not offer STARTTLS on this port, and nothing is sent in clear text"),
         N_("correct smtp.port; or set smtp.tls = implicit if the port is for that, and none only "
            "if the server is this machine"),
         {"smtp.port", "smtp.tls"}},
    [MP_CAUSE_STARTTLS_REFUSED] =
        {"starttls-refused",
         N_("The server offers STARTTLS and then refuses it"),
         N_("have its certificate and key mended by who runs the server, or use its other port "
            "with smtp.tls = implicit"),
         {"smtp.port", "smtp.tls"}},
    [MP_CAUSE_TLS] =
        {"tls",
         N_("The server and we have no version or cipher of TLS in common, or it broke off the "
            "handshake; we want TLS 1.2 at least"),
         N_("have the server renewed by who runs it, or correct smtp.port"),
         {"smtp.port", "smtp.tls"}},
    [MP_CAUSE_CA_FILE] = {"ca-file",
                          N_("The file of certificate authorities cannot be used"),
                          N_("correct smtp.ca-file, or leave it empty for the system's own"),
                          {"smtp.ca-file"}},
    [MP_CAUSE_EXPIRED] =
        {"expired",
         N_("The server's certificate has expired, or this machine's clock is wrong"),
         N_("have it renewed by who runs the server, and look at the clock; no setting can help"),
         {"smtp.address"}},
    [MP_CAUSE_NOT_YET_VALID] =
        {"not-yet-valid",
         N_("The server's certificate is not valid yet, most likely since this machine's clock is "
            "behind"),
         N_("set the clock; no setting can help"),
         {"smtp.address"}},
    [MP_CAUSE_WRONG_NAME] =
        {"wrong-name",
         N_("The server's certificate is for another name than the one we connect to"),
         N_("set smtp.address to the name that the certificate has"),
         {"smtp.address"}},
    [MP_CAUSE_SELF_SIGNED] =
        {"self-signed",
         N_("The server's certificate was signed by itself or by an authority of its own, which "
            "nobody vouches for"),
         N_("set smtp.ca-file to a file with that certificate, if it is the right server"),
         {"smtp.ca-file"}},
    [MP_CAUSE_UNKNOWN_AUTHORITY] =
        {"unknown-authority",
         N_("The server's certificate is by an authority that is not known here, or the server "
            "keeps back a certificate between"),
         N_("set smtp.ca-file to the authority's certificate, or leave it empty if the authority "
            "is a public one"),
         {"smtp.ca-file"}},
    [MP_CAUSE_CERTIFICATE] =
        {"certificate",
         N_("The server's certificate cannot be verified"),
         N_("have it mended by who runs the server, or correct smtp.address or smtp.ca-file"),
         {"smtp.ca-file", "smtp.address"}},
    [MP_CAUSE_NO_AUTH] =
        {"no-auth",
         N_("The server offers no login here, since the port is one for other servers or it lets "
            "this machine in without"),
         N_("set smtp.port = 587, or smtp.authentication = none"),
         {"smtp.port", "smtp.authentication"}},
    [MP_CAUSE_MECHANISM] =
        {"mechanism",
         N_("The server does not take the kind of login that is set; the conversation shows "
            "which it offers, behind AUTH"),
         N_("set smtp.authentication to one of those"),
         {"smtp.authentication"}},
    [MP_CAUSE_LOGIN] =
        {"login",
         N_("The server refused our login, since the user name or the password is wrong"),
         N_("correct smtp.username, or the password by `metroplex settings secret smtp.password`"),
         {"smtp.username", "smtp.password-file"}},
    [MP_CAUSE_WEAK_LOGIN] =
        {"weak-login",
         N_("The server refuses this kind of login or this password, and wants a stronger one or "
            "one made for programs"),
         N_("make such a password at the provider and give it by `metroplex settings secret "
            "smtp.password`, or set another smtp.authentication"),
         {"smtp.password-file", "smtp.authentication"}},
    [MP_CAUSE_TOKEN] =
        {"token",
         N_("There is no token that the server takes, since it has expired, has another scope, or "
            "the command that gives it fails"),
         N_("try smtp.token-command as the programs' user, or write a fresh token by `metroplex "
            "settings secret smtp.password`"),
         {"smtp.token-command", "smtp.password-file", "smtp.username"}},
    [MP_CAUSE_LOGIN_LATER] =
        {"login-later",
         N_("The server cannot check our login now"),
         N_("try again; if it stays so, ask who runs the server, or correct smtp.username"),
         {"smtp.username"}},
    [MP_CAUSE_TLS_REQUIRED] = {"tls-required",
                               N_("The server takes nothing in clear text"),
                               N_("set smtp.tls = starttls, or implicit if the port is 465"),
                               {"smtp.tls"}},
    [MP_CAUSE_LOGIN_REQUIRED] = {"login-required",
                                 N_("The server takes nothing without a login"),
                                 N_("set smtp.authentication, smtp.username and the password"),
                                 {"smtp.authentication", "smtp.username", "smtp.password-file"}},
    [MP_CAUSE_SENDER] =
        {"sender",
         N_("The server does not let us send as this sender, since its account may not or the "
            "domain is unknown to it"),
         N_("set smtp.noreply-address to one that the account of smtp.username may use, or let "
            "the server allow our domain (instance.hostname)"),
         {"smtp.noreply-address", "smtp.username", "instance.hostname"}},
    [MP_CAUSE_AUTHENTICITY] =
        {"authenticity",
         N_("The recipient's server finds that the mail does not prove where it comes from, by "
            "SPF, DKIM or DMARC"),
         N_("mend what `metroplex check dns` finds, or set smtp.noreply-address to a domain whose "
            "DNS allows this server"),
         {"smtp.noreply-address", "smtp.address"}},
    [MP_CAUSE_RELAY] =
        {"relay",
         N_("The server does not pass on our mail to other domains, since we did not log in or "
            "are no client of its own"),
         N_("set smtp.authentication and smtp.username, or let the server relay for this machine, "
            "or use another smtp.address"),
         {"smtp.authentication", "smtp.username", "smtp.address"}},
    [MP_CAUSE_RECIPIENT] = {"recipient",
                            N_("The recipient's address does not exist there"),
                            N_("try another address; the settings are good up to here"),
                            {NULL}},
    [MP_CAUSE_GREYLISTED] =
        {"greylisted",
         N_("The recipient's server does not know us yet and wants to be asked again after some "
            "minutes"),
         N_("wait and try again, as notifications do by themselves; the settings are good up to "
            "here"),
         {NULL}},
    [MP_CAUSE_SIZE] = {"size",
                       N_("The message is larger than the server takes"),
                       N_("have its limit raised by who runs the server, or lower "
                          "limits.notification-attachments"),
                       {"limits.notification-attachments", "limits.comment"}},
    [MP_CAUSE_QUOTA] = {"quota",
                        N_("The recipient's mailbox is full"),
                        N_("try another address; the settings are good"),
                        {NULL}},
    [MP_CAUSE_UTF8] =
        {"utf8",
         N_("The address has letters beyond ASCII before the @, and the server cannot carry "
            "them (SMTPUTF8)"),
         N_("try another address; the settings are good up to here"),
         {NULL}},
    [MP_CAUSE_CONTENT] =
        {"content",
         N_("The server refused the message for what is in it, as spam or by a rule"),
         N_("ask who runs the server, with its answer above; `metroplex check dns` shows whether "
            "mail of ours looks forged"),
         {"smtp.noreply-address"}},
    [MP_CAUSE_POLICY] =
        {"policy",
         N_("The server's rules forbid this mail, most likely since it does not relay for us or we "
            "may not use this sender"),
         N_("set smtp.authentication and smtp.username, or smtp.noreply-address to one that the "
            "account may use"),
         {"smtp.authentication", "smtp.username", "smtp.noreply-address"}},
    [MP_CAUSE_LATER] =
        {"later",
         N_("The server does not take this now, for a reason that its answer gives"),
         N_("try again, as notifications do by themselves; if it stays so, ask who runs it"),
         {NULL}},
    [MP_CAUSE_UNKNOWN] = {"unknown",
                          N_("It failed for a reason that the conversation shows"),
                          N_("ask who runs the server, with the conversation"),
                          {"smtp.address"}},
};

const MpCauseRow *
mp_cause_row(MpCause cause)
{
    return &causes[cause];
}

MpCause
mp_cause_find(const char *name)
{
    for (MpCause cause = MP_CAUSE_NONE; cause < MP_N_CAUSES; cause++)
        if (strcmp(causes[cause].name, name) == 0)
            return cause;
    return MP_CAUSE_UNKNOWN;
}

char *
mp_cause_sentence(MpCause cause)
{
    return g_strdup_printf(_("%s: %s."), _(causes[cause].found), _(causes[cause].advice));
}
