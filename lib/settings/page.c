/*
 * The settings in the order of the page. The first group is GitHub Enterprise Server's, word for
 * word; those behind it are keys that its page does not have. Each key of the configuration stands
 * in one row [settings/every_key_stands_on_the_page_once].
 */
#include "settings/settings.h"

#include <string.h>

#include "base/text.h"

#define NAMES (MP_APPLY_POSTFIX | MP_APPLY_DNS)

/* clang-format off */
const MpSetting mp_settings_table[] = {
    {N_("Email"), "smtp.enabled", N_("Enable email")},
    {NULL, "smtp.address", N_("Server address")},
    {NULL, "smtp.port", N_("Port")},
    {NULL, "smtp.domain", N_("Domain"), MP_APPLY_DNS},
    {NULL, "smtp.authentication", N_("Authentication")},
    {NULL, "smtp.username", N_("User name")},
    {NULL, MP_SETTING_PASSWORD, N_("Password")},
    {NULL, "smtp.enforce-tls", N_("Enforce TLS auth (recommended)"), MP_APPLY_POSTFIX},
    {NULL, "smtp.noreply-address", N_("No-reply email address"), NAMES},
    {NULL, "smtp.discard-to-noreply-address",
     N_("Discard email addressed to the no-reply email address"), MP_APPLY_POSTFIX},
    {NULL, "smtp.support-address-type", N_("Support: email or URL")},
    {NULL, "smtp.support-address", N_("Support: address")},

    {N_("This installation"), "instance.hostname", N_("Host name"), NAMES | MP_APPLY_NEW_MAIL},
    {NULL, "instance.host-id", N_("Name of this machine among several")},
    {NULL, "instance.url", N_("Where threads can be read")},
    {NULL, "instance.data", N_("Data directory"), MP_APPLY_POSTFIX | MP_APPLY_INIT | MP_APPLY_UNITS},
    {NULL, "instance.log-directory", N_("Directory of the logs"), MP_APPLY_INIT | MP_APPLY_UNITS},
    {NULL, "instance.log-level", N_("Least severe messages to be logged")},
    {NULL, "instance.language", N_("Language of mail to people")},

    {N_("Who may reply"), "address.keys", N_("File of the keys that sign reply addresses"), MP_APPLY_INIT},
    {NULL, "address.identity", N_("What a comment by mail needs")},
    {NULL, "address.address-case", N_("Upper and lower case in people's addresses")},
    {NULL, "address.authserv-id", N_("Names of trusted Authentication-Results")},
    {NULL, "address.own-received", N_("Received fields of our own servers")},
    {NULL, "address.unauthenticated", N_("Mail on whose sender these have no verdict")},

    {N_("Sending"), "smtp.transport", N_("Send by SMTP, or write into a Maildir")},
    {NULL, "smtp.maildir", N_("That Maildir")},
    {NULL, "smtp.tls", N_("Encryption")},
    {NULL, "smtp.ca-file", N_("Certificates of trusted authorities")},
    {NULL, "smtp.password-file", N_("File of the password")},
    {NULL, "smtp.token-command", N_("Command that prints a token, instead")},
    {NULL, "smtp.envelope-sender", N_("Envelope sender, if it must be one for all"), MP_APPLY_DNS},
    {NULL, "smtp.administrator", N_("Who is told when the server takes mail again")},
    {NULL, "smtp.connections", N_("Connections at a time")},
    {NULL, "smtp.domain-connections", N_("Of these for one recipient domain")},
    {NULL, "smtp.connect-timeout", N_("Seconds to wait for a connection")},
    {NULL, "smtp.reply-timeout", N_("Seconds to wait for an answer")},
    {NULL, "smtp.data-timeout", N_("Seconds to wait for the answer to DATA")},
    {NULL, "smtp.block-timeout", N_("Seconds to wait for a block to be taken")},
    {NULL, "smtp.end-timeout", N_("Seconds to wait for the answer to a message")},
    {NULL, "smtp.give-up-after", N_("Seconds after which a deferred message has failed")},

    {N_("Postfix"), "postfix.postmaster", N_("Who reads postmaster@ and abuse@"), MP_APPLY_POSTFIX},
    {NULL, "postfix.tls-certificate", N_("Certificate shown to those who send mail"), MP_APPLY_POSTFIX},
    {NULL, "postfix.tls-key", N_("Its key"), MP_APPLY_POSTFIX},
    {NULL, "postfix.policy-service", N_("Ask metroplex policy before a mail is taken"), MP_APPLY_POSTFIX},

    {N_("Replies"), "inbound.commands", N_("Obey commands such as /close")},
    {NULL, "inbound.answers-to-notifications",
     N_("Know an answer by the notification that it names")},
    {NULL, "inbound.on-comment", N_("Program that is given new comments")},
    {NULL, "inbound.hook-timeout", N_("Seconds that it may take")},
    {NULL, "inbound.batch", N_("Mails in one batch")},
    {NULL, "inbound.linger", N_("Milliseconds to wait for more mail")},
    {NULL, "inbound.keep-success", N_("Days to keep mail that was taken")},
    {NULL, "inbound.keep-failure", N_("Days to keep mail that was refused")},
    {NULL, "inbound.keep-outcomes", N_("Days to keep the lines that say what became of each mail")},
    {NULL, "inbound.keep-size", N_("Bytes of all mail that is kept")},

    {N_("Tracker"), "tracker.remote", N_("Git repository that several hosts share"), MP_APPLY_INIT},
    {NULL, "tracker.accounts-remote", N_("The same for accounts"), MP_APPLY_INIT},
    {NULL, "tracker.remote-timeout", N_("Seconds for a fetch or push")},
    {NULL, "tracker.mask-addresses", N_("Hide mail addresses in comments")},

    {N_("Git"), "repositories.root", N_("Directory of the repositories that are watched")},
    {NULL, "repositories.pushes", N_("Spool in which hooks say that there was a push"), MP_APPLY_UNITS},
    {NULL, "repositories.pusher-uids", N_("Numbers of users whose hooks may say who pushed")},

    {N_("Pages"), "pages.directory", N_("Directory of the pages"), MP_APPLY_UNITS},
    {NULL, "pages.url", N_("Where that directory is on the web")},

    {N_("Limits"), "limits.mail-size", N_("Bytes of a mail"), MP_APPLY_POSTFIX},
    {NULL, "limits.header-fields", N_("Header fields")},
    {NULL, "limits.header-size", N_("Bytes of a header field")},
    {NULL, "limits.nesting", N_("Messages within messages")},
    {NULL, "limits.parts", N_("Parts of a mail")},
    {NULL, "limits.addresses", N_("Addresses in a field")},
    {NULL, "limits.comment", N_("Characters of a comment")},
    {NULL, "limits.attachment-size", N_("Bytes of an attachment")},
    {NULL, "limits.attachments", N_("Attachments of a mail")},
    {NULL, "limits.notification-attachments", N_("Bytes of attachments sent with a notification")},
    {NULL, "limits.comments-per-hour", N_("Comments by mail an hour, of an account")},
    {NULL, "limits.thread-comments-per-hour", N_("Comments by mail an hour, in a thread")},
    {NULL, "limits.total-comments-per-hour", N_("Comments by mail an hour, in all")},
    {NULL, "limits.threads-per-hour", N_("Threads opened by mail an hour, in all")},
    {NULL, "limits.guest-threads-per-hour", N_("Threads opened by mail an hour, by a guest")},
    {NULL, "limits.answers-per-hour", N_("Answers to refused mail an hour")},
    {NULL, "limits.questions-per-hour", N_("Questions to authors of held mail an hour")},
    {NULL, "limits.domain-questions-per-hour", N_("Of these in one domain")},
    {NULL, "limits.open-questions", N_("Of these open at one address")},
    {NULL, "limits.hard-bounces", N_("Permanent bounces that suppress an address")},
    {NULL, "limits.soft-bounces", N_("Passing bounces that suppress an address")},

    {N_("Status"), "status.new-mail-warning", N_("Warning: seconds that a mail waits")},
    {NULL, "status.new-mail-critical", N_("Critical: seconds that a mail waits")},
    {NULL, "status.queue-warning", N_("Warning: seconds that a notification waits")},
    {NULL, "status.queue-critical", N_("Critical: seconds that a notification waits")},
    {NULL, "status.failed-warning", N_("Warning: notifications given up")},
    {NULL, "status.failed-critical", N_("Critical: notifications given up")},
    {NULL, "status.run-warning", N_("Warning: seconds since a run ended well")},
    {NULL, "status.run-critical", N_("Critical: seconds since a run ended well")},
    {NULL, "status.delay-warning", N_("Warning: seconds from delivery to comment")},
    {NULL, "status.delay-critical", N_("Critical: seconds from delivery to comment")},
    {NULL, "status.space-warning", N_("Warning: fewer octets are free")},
    {NULL, "status.space-critical", N_("Critical: fewer octets are free")},
};
/* clang-format on */

const gsize mp_settings_n = G_N_ELEMENTS(mp_settings_table);

const MpSetting *
mp_setting_find(const char *name)
{
    for (gsize i = 0; i < mp_settings_n; i++)
        if (strcmp(mp_settings_table[i].name, name) == 0)
            return &mp_settings_table[i];
    return NULL;
}

const char *
mp_apply_text(MpApply what)
{
    switch (what) {
    case MP_APPLY_POSTFIX:
        return N_("metroplex configure --apply: Postfix");
    case MP_APPLY_INIT:
        return N_("metroplex init: makes what is not there yet");
    case MP_APPLY_UNITS:
        return N_("systemctl edit: units that name these paths (ReadWritePaths, PathChanged)");
    case MP_APPLY_DNS:
        return N_("metroplex check dns: the records of these names");
    default:
        return N_("answers to mails that were sent before go to the old name: metroplex(7)");
    }
}
