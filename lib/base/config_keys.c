/*
 * The keys of the configuration. A new one is a row here, a field in config.h and a line in
 * metroplex.conf(5); documents_test compares the table with the page.
 */
#include "base/internal.h"

#include "base/names.h"

static const char *const language_names[] = {"en", "fr", NULL};

#define CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define AT(field)    G_STRUCT_OFFSET(MpConfig, field)

/* clang-format off */
const MpConfigKey mp_config_keys[] = {
    {"instance", "hostname",      TYPE_HOST,   AT(hostname),      NULL},
    {"instance", "host-id",       TYPE_HOST,   AT(host_id),       ""},
    {"instance", "url",           TYPE_URL,    AT(url),           ""},
    {"instance", "data",          TYPE_PATH,   AT(data),          "/data/user"},
    {"instance", "log-directory", TYPE_PATH,   AT(log_directory), "/var/log/mail-replies"},
    {"instance", "log-level",     TYPE_CHOICE, AT(log_level),     "debug",
     .choices = CHOICES("debug", "info", "warn", "error")},
    {"instance", "language",      TYPE_CHOICE, AT(language),      "en", .choices = language_names},

    {"address", "keys",     TYPE_PATH,   AT(keys),     "/etc/metroplex/address-keys"},
    {"address", "identity", TYPE_CHOICE, AT(identity), "strict", .choices = CHOICES("strict", "token")},
    {"address", "address-case", TYPE_CHOICE, AT(address_case), "insensitive",
     .choices = CHOICES("insensitive", "sensitive")},
    {"address", "authserv-id", TYPE_WORDS, AT(authserv_id), ""},
    {"address", "own-received", TYPE_INT, AT(own_received), "0", 0, 9},
    {"address", "unauthenticated", TYPE_CHOICE, AT(unauthenticated), "refuse",
     .choices = CHOICES("refuse", "accept")},

    {"smtp", "enabled",        TYPE_BOOL,   AT(enabled),        "true"},
    {"smtp", "address",        TYPE_SERVER, AT(smtp_address),   "localhost"},
    {"smtp", "port",           TYPE_INT,    AT(smtp_port),      "587", 1, 65535},
    {"smtp", "domain",         TYPE_HELO,   AT(smtp_domain),    "{hostname}"},
    {"smtp", "authentication", TYPE_CHOICE, AT(authentication), "none",
     .choices = CHOICES("none", "plain", "login", "cram-md5", "xoauth2", "oauthbearer")},
    {"smtp", "username",       TYPE_TEXT,   AT(username),       ""},
    {"smtp", "password-file",  TYPE_PATH,   AT(password_file),  "/etc/metroplex/smtp-password"},
    {"smtp", "token-command",  TYPE_TEXT,   AT(token_command),  ""},
    {"smtp", "tls",            TYPE_CHOICE, AT(tls),            "starttls",
     .choices = CHOICES("starttls", "implicit", "none")},
    {"smtp", "ca-file",        TYPE_PATH,   AT(ca_file),        ""},
    {"smtp", "enforce-tls",    TYPE_BOOL,   AT(enforce_tls),    "false"},
    {"smtp", "noreply-address", TYPE_MAIL,  AT(noreply_address), "noreply@{hostname}"},
    {"smtp", "administrator",  TYPE_MAIL,   AT(administrator),  ""},
    {"smtp", "discard-to-noreply-address", TYPE_BOOL, AT(discard_to_noreply_address), "false"},
    {"smtp", "envelope-sender", TYPE_MAIL,  AT(envelope_sender), ""},
    {"smtp", "support-address", TYPE_TEXT,  AT(support_address), ""},
    {"smtp", "support-address-type", TYPE_CHOICE, AT(support_address_type), "url",
     .choices = CHOICES("url", "email")},
    {"smtp", "transport",      TYPE_CHOICE, AT(transport),      "smtp", .choices = CHOICES("smtp", "maildir")},
    {"smtp", "maildir",        TYPE_PATH,   AT(maildir),        ""},
    {"smtp", "connections",    TYPE_INT,    AT(smtp_connections), "4", 1, 64},
    {"smtp", "domain-connections", TYPE_INT, AT(domain_connections), "0", 0, 64},
    {"smtp", "connect-timeout", TYPE_INT,   AT(connect_timeout), "30", 1, 3600},
    {"smtp", "reply-timeout",  TYPE_INT,    AT(reply_timeout),  "300", 1, 3600},
    {"smtp", "data-timeout",   TYPE_INT,    AT(data_timeout),   "120", 1, 3600},
    {"smtp", "block-timeout",  TYPE_INT,    AT(block_timeout),  "180", 1, 3600},
    {"smtp", "end-timeout",    TYPE_INT,    AT(end_timeout),    "600", 1, 3600},
    {"smtp", "give-up-after",  TYPE_INT,    AT(smtp_give_up),   "432000", 60, 2592000},

    {"postfix", "postmaster",      TYPE_NAME, AT(postmaster),      "root"},
    {"postfix", "tls-certificate", TYPE_PATH, AT(tls_certificate), ""},
    {"postfix", "tls-key",         TYPE_PATH, AT(tls_key),         ""},
    {"postfix", "policy-service",  TYPE_CHOICE, AT(policy_service), "auto",
     .choices = CHOICES("auto", "true", "false")},

    {"inbound", "batch",  TYPE_INT, AT(batch),  "256", 1, 4096},
    {"inbound", "linger", TYPE_INT, AT(linger), "50", 0, 10000},
    {"inbound", "on-comment",   TYPE_PATH, AT(on_comment),   ""},
    {"inbound", "hook-timeout", TYPE_INT,  AT(hook_timeout), "30", 1, 3600},
    {"inbound", "commands", TYPE_BOOL, AT(commands), "true"},
    {"inbound", "answers-to-notifications", TYPE_BOOL, AT(answers_to_notifications), "false"},
    {"inbound", "keep-success",  TYPE_INT,  AT(keep_success),  "0", 0, 36500},
    {"inbound", "keep-failure",  TYPE_INT,  AT(keep_failure),  "0", 0, 36500},
    {"inbound", "keep-outcomes", TYPE_INT,  AT(keep_outcomes), "0", 0, 36500},
    {"inbound", "keep-size",     TYPE_SIZE, AT(keep_size),     "0", 0, G_MAXINT64},

    {"repositories", "root", TYPE_PATH, AT(repositories_root), ""},
    {"repositories", "pushes", TYPE_PATH, AT(pushes), "/var/spool/metroplex/pushes"},
    {"repositories", "pusher-uids", TYPE_UIDS, AT(pusher_uids), ""},

    {"tracker", "remote",          TYPE_REMOTE, AT(remote),       ""},
    {"tracker", "accounts-remote", TYPE_REMOTE, AT(accounts_remote), ""},
    {"tracker", "remote-timeout",  TYPE_INT,  AT(remote_timeout),  "300", 1, 3600},
    {"tracker", "mask-addresses",  TYPE_BOOL, AT(mask_addresses),  "true"},

    {"pages", "directory", TYPE_PATH, AT(pages_directory), "/var/lib/metroplex/pages"},
    {"pages", "url",       TYPE_URL,  AT(pages_url),       ""},

    {"limits", "mail-size",       TYPE_SIZE, AT(max_mail_size),       "26214400", 1024, G_MAXINT32},
    {"limits", "header-fields",   TYPE_INT,  AT(max_header_fields),   "1000", 10, 100000},
    {"limits", "header-size",     TYPE_INT,  AT(max_header_size),     "65536", 998, 1048576},
    {"limits", "nesting",         TYPE_INT,  AT(max_nesting),         "100", 1, 1000},
    {"limits", "parts",           TYPE_INT,  AT(max_parts),           "1000", 1, 100000},
    {"limits", "addresses",       TYPE_INT,  AT(max_addresses),       "1000", 1, 100000},
    {"limits", "comment",         TYPE_INT,  AT(max_comment),         "65536", 1, 10485760},
    {"limits", "attachment-size", TYPE_SIZE, AT(max_attachment_size), "10485760", 0, G_MAXINT32},
    {"limits", "attachments",     TYPE_INT,  AT(max_attachments),     "20", 0, 1000},
    {"limits", "notification-attachments", TYPE_SIZE, AT(max_notification_attachments), "5242880", 0, G_MAXINT32},
    {"limits", "comments-per-hour",        TYPE_INT, AT(max_account_rate), "100", 0, 1000000},
    {"limits", "thread-comments-per-hour", TYPE_INT, AT(max_thread_rate),  "500", 0, 1000000},
    {"limits", "total-comments-per-hour",  TYPE_INT, AT(max_total_rate),   "10000", 0, 1000000},
    {"limits", "threads-per-hour",         TYPE_INT, AT(max_openings),     "100", 0, 1000000},
    {"limits", "guest-threads-per-hour",   TYPE_INT, AT(max_guest_openings), "5", 0, 1000000},
    {"limits", "answers-per-hour",         TYPE_INT, AT(max_responses),      "100", 0, 100000},
    {"limits", "questions-per-hour",        TYPE_INT, AT(max_questions),        "100", 0, 100000},
    {"limits", "domain-questions-per-hour", TYPE_INT, AT(max_domain_questions), "10", 1, 100000},
    {"limits", "open-questions",            TYPE_INT, AT(max_open_questions),   "3", 1, 1000},
    {"limits", "hard-bounces",             TYPE_INT, AT(max_hard_bounces), "3", 0, 100},
    {"limits", "soft-bounces",             TYPE_INT, AT(max_soft_bounces), "10", 0, 100},

    {"status", "new-mail-warning",  TYPE_INT,  AT(new_mail_warning),  "300", 0, 31536000},
    {"status", "new-mail-critical", TYPE_INT,  AT(new_mail_critical), "1800", 0, 31536000},
    {"status", "queue-warning",     TYPE_INT,  AT(queue_warning),     "3600", 0, 31536000},
    {"status", "queue-critical",    TYPE_INT,  AT(queue_critical),    "86400", 0, 31536000},
    {"status", "failed-warning",    TYPE_INT,  AT(failed_warning),    "1", 0, 1000000},
    {"status", "failed-critical",   TYPE_INT,  AT(failed_critical),   "0", 0, 1000000},
    {"status", "run-warning",       TYPE_INT,  AT(run_warning),       "300", 0, 31536000},
    {"status", "run-critical",      TYPE_INT,  AT(run_critical),      "1800", 0, 31536000},
    {"status", "delay-warning",     TYPE_INT,  AT(delay_warning),     "300", 0, 31536000},
    {"status", "delay-critical",    TYPE_INT,  AT(delay_critical),    "3600", 0, 31536000},
    {"status", "space-warning",     TYPE_SIZE, AT(space_warning),     "1073741824", 0, G_MAXINT64},
    {"status", "space-critical",    TYPE_SIZE, AT(space_critical),    "67108864", 0, G_MAXINT64},
};
/* clang-format on */

const gsize mp_config_n_keys = G_N_ELEMENTS(mp_config_keys);

MP_DEFINE_NAMES(mp_language, MpLanguage, language_names)

const char *
mp_language_choices(void)
{
    static gsize choices;

    if (g_once_init_enter(&choices))
        g_once_init_leave(&choices, (gsize)g_strjoinv("|", (char **)language_names));
    return (const char *)choices;
}
