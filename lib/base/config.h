/*
 * The configuration: a key file (GLib's GKeyFile) whose every key has a type, a check, a default
 * and a line in metroplex.conf(5). What is not in the table of config_keys.c is refused.
 *
 * All strings are owned by the MpConfig; none but those documented as such is NULL.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/log.h"

typedef enum { MP_IDENTITY_STRICT, MP_IDENTITY_TOKEN } MpIdentityCheck;
typedef enum { MP_UNAUTHENTICATED_REFUSE, MP_UNAUTHENTICATED_ACCEPT } MpUnauthenticated;
typedef enum { MP_ADDRESS_CASE_INSENSITIVE, MP_ADDRESS_CASE_SENSITIVE } MpAddressCase;
typedef enum { MP_POLICY_AUTO, MP_POLICY_ASKED, MP_POLICY_NOT_ASKED } MpPolicyService;
typedef enum { MP_TRANSPORT_SMTP, MP_TRANSPORT_MAILDIR } MpTransport;
typedef enum { MP_TLS_STARTTLS, MP_TLS_IMPLICIT, MP_TLS_NONE } MpTls;
typedef enum {
    MP_AUTH_NONE,
    MP_AUTH_PLAIN,
    MP_AUTH_LOGIN,
    MP_AUTH_CRAM_MD5,
    MP_AUTH_XOAUTH2,
    MP_AUTH_OAUTHBEARER,
} MpAuthentication;
typedef enum { MP_LANGUAGE_EN, MP_LANGUAGE_FR, MP_N_LANGUAGES } MpLanguage;
typedef enum { MP_SUPPORT_URL, MP_SUPPORT_EMAIL } MpSupportType;

typedef struct {
    char *file; /* where it was read from */

    /* [instance] */
    char *hostname;
    char *host_id; /* "" for this machine's name */
    char *url;     /* the base of links, or a template with {repository} {kind} {number} {comment}
                      {page}; ""     where threads have no pages */
    char *data;
    char *log_directory;
    int log_level; /* MpLogLevel */
    int language;  /* MpLanguage: of mail to people who have not chosen one */

    /* [address] */
    char *keys; /* path of the key file */
    int identity;
    char *authserv_id;   /* trusted ids of Authentication-Results, between spaces or commas; "" for
                            none */
    int own_received;    /* Received fields of our own servers; 0: not said */
    int address_case;    /* MpAddressCase: of the local parts of people's addresses */
    int unauthenticated; /* MpUnauthenticated: mail on whose sender these have no verdict */

    /* [smtp] */
    bool enabled;
    char *smtp_address; /* an IPv6 address in brackets */
    int smtp_port;
    char *smtp_domain;
    int authentication;
    char *username;
    char *password_file;
    char *token_command; /* or "": the token is in the password file */
    int tls;
    char *ca_file; /* "" for the system's authorities */
    bool enforce_tls;
    char *noreply_address;
    char *administrator; /* "" for none */
    bool discard_to_noreply_address;
    char *envelope_sender; /* of notifications; "" for a bounce address of each recipient */
    char *support_address; /* "" for none */
    int support_address_type;
    int transport;
    char *maildir;                            /* "" unless transport is maildir */
    int smtp_connections, domain_connections; /* the latter 0: no other limit */
    int connect_timeout, reply_timeout, data_timeout, block_timeout, end_timeout; /* seconds */
    int smtp_give_up; /* seconds after which a message that is deferred counts as failed */

    /* [postfix] */
    char *postmaster;      /* who reads the mail for postmaster@ and abuse@: an address or a name */
    char *tls_certificate; /* "" for none */
    char *tls_key;         /* "" where the certificate's file holds it */
    int policy_service;    /* MpPolicyService: whether `metroplex policy` is asked at RCPT TO */

    /* [inbound] */
    int batch;        /* mails in one commit of the tracker */
    int linger;       /* milliseconds to wait for company after a mail came */
    char *on_comment; /* executable that is given new comments; "" for none */
    int hook_timeout; /* seconds it may take */
    bool commands;    /* /close and what else changes the thread is obeyed in a reply */
    bool answers_to_notifications;                 /* also without a signed address */
    int keep_success, keep_failure, keep_outcomes; /* days; 0: for ever */
    gint64 keep_size;                              /* octets of all mails kept; 0: any */

    /* [repositories] */
    char *repositories_root; /* "" where none is watched */
    char *pushes;            /* the spool of doorbells */
    char *pusher_uids;       /* numbers of users who may say who pushed, between spaces or commas */

    /* [tracker] */
    char *remote;
    char *accounts_remote;
    int remote_timeout; /* seconds */
    bool mask_addresses;

    /* [pages] */
    char *pages_directory;
    char *pages_url;     /* where that directory is on the web; "" where nobody knows */
    bool links_to_pages; /* `url` follows from it */

    /* [limits] */
    gint64 max_mail_size; /* bytes */
    int max_header_fields;
    int max_header_size; /* bytes */
    int max_nesting;
    int max_parts;
    int max_addresses;          /* a field */
    int max_comment;            /* characters */
    gint64 max_attachment_size; /* bytes */
    int max_attachments;
    gint64 max_notification_attachments;                   /* bytes of all that travel with one */
    int max_account_rate, max_thread_rate, max_total_rate; /* comments by mail an hour; 0: any */
    int max_guest_openings;                                /* of one guest, likewise */
    int max_openings;                                      /* threads by mail an hour; 0: any */
    int max_responses;                      /* rejections and confirmations an hour, to all */
    int max_questions;                      /* to authors of held mail, an hour, to all; 0: none */
    int max_domain_questions;               /* of them in one registered domain */
    int max_open_questions;                 /* to one address, whenever they were asked */
    int max_hard_bounces, max_soft_bounces; /* before an address is suppressed; 0: never */

    /* [status]: from where on something is a warning, or critical; 0: never */
    int new_mail_warning, new_mail_critical; /* seconds that a mail waits */
    int queue_warning, queue_critical;       /* seconds that an event waits */
    int failed_warning, failed_critical;     /* events */
    int run_warning, run_critical;           /* seconds since a run ended well */
    int delay_warning, delay_critical;       /* seconds from delivery to comment */
    gint64 space_warning, space_critical;    /* octets that are free, or fewer */
} MpConfig;

/* One key, a row of config_keys.c. What its type means is lib/base's business. */
typedef struct {
    const char *group, *key;
    int type; /* MpConfigType */
    gsize offset;
    const char *fallback;       /* NULL: the key is required */
    gint64 min, max;            /* of numbers */
    const char *const *choices; /* of choices, in the order of their enumeration; else NULL */
} MpConfigKey;

/* In the order of the manual page. A key that another one's default names stands before it. */
extern const MpConfigKey mp_config_keys[];
extern const gsize mp_config_n_keys;

/* The key of "smtp.port", or NULL. */
const MpConfigKey *mp_config_find_key(const char *name);

/* "number", as the manual page calls it. */
const char *mp_config_type_name(const MpConfigKey *key);

/* A key whose value is the path of a secret, or a URL of Git's. People write the secret itself
 * there, so that a value that is wrong is never shown. */
bool mp_config_may_be_secret(const MpConfigKey *key);

/* Why a text is no value of the key ("is not a host name"), the caller's, or NULL if it is one;
 * `translated`: in the operator's language. */
char *mp_config_fault(const MpConfigKey *key, const char *value, bool translated);

/* What a configuration says of one key. */
typedef struct {
    const MpConfigKey *key;
    char *value;    /* as it says, or NULL */
    char *fallback; /* what holds where it says nothing, or NULL if the key is required */
    char *fault;    /* what is wrong with what holds, also beside other keys; or NULL */
} MpConfigValue;

void mp_config_value_free(MpConfigValue *value);

/*
 * All keys (MpConfigValue), in the order of the table, whatever is wrong with them; the names of
 * unknown ones ("[group] key", char *) are added to `unknown`. What is no key file at all is
 * MP_ERROR_INSTALLATION; `name` is the file's, for messages.
 */
GPtrArray *mp_config_examine(const char *name, const char *text, gsize length, bool translated,
                             GPtrArray *unknown, GError **error);

/* The text of a configuration file; MP_ERROR_INSTALLATION. */
bool mp_config_read(const char *path, char **text, gsize *length, GError **error);

/*
 * Reads and checks the file. An unknown group or key, a value of the wrong type or range, or a
 * missing required key is MP_ERROR_INSTALLATION and names file, group and key. `data` (may be
 * NULL) overrides [instance] data; one that is no path is MP_ERROR_INPUT.
 */
MpConfig *mp_config_load(const char *path, const char *data, GError **error);

/*
 * Who may write the configuration can have programs run as whoever reads it (on-comment): it and
 * its directory must belong to root or to us, and be closed to the writing of all others. For root
 * that leaves root. MP_ERROR_INSTALLATION says what chown or chmod mends it.
 */
bool mp_config_check_owner(const char *path, GError **error);

/* Whether the login is by a token (OAuth), which expires, and not by a password. */
bool mp_config_takes_token(const MpConfig *config);

/* Why the password file is no secret (others can read or write it), in the operator's language if
 * `translated`; the caller's. NULL if it is one, or is not there, or cannot be seen. */
char *mp_config_password_fault(const char *path, bool translated);

/* The same of a text that the file has, or shall have. */
MpConfig *
mp_config_parse(const char *path, const char *text, gsize length, const char *data, GError **error);

void mp_config_free(MpConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpConfig, mp_config_free)

/* DATA/RELATIVE; the result is the caller's. */
char *mp_config_path(const MpConfig *config, const char *relative);

/* "reply.HOSTNAME"; the result is the caller's. */
char *mp_config_reply_domain(const MpConfig *config);

/* The domain of To and Cc, below that of noreply-address: "noreply.HOSTNAME", unless that address
 * is in another domain; the domain itself, if it begins so. The result is the caller's. */
char *mp_config_noreply_domain(const MpConfig *config);

/* Whether it is that, or noreply.HOSTNAME, which may stand in mails of another time. */
bool mp_config_is_noreply_domain(const MpConfig *config, const char *domain);

/* "en", "fr"; and back (false if it is none of them). */
const char *mp_language_name(MpLanguage language);
bool mp_language_parse(const char *name, MpLanguage *language);

/* All of them, as a command's help has them: "en|fr". */
const char *mp_language_choices(void);

/* What a link to a thread may hold, as it stands in a template: {repository}, {kind}, {number},
 * {comment} and {page}, in this order. */
#define MP_N_LINK_PLACEHOLDERS 5
extern const char *const mp_link_placeholders[MP_N_LINK_PLACEHOLDERS];

/* Why a text is no base or template of links ("is not an http or https URL"), or NULL if it is. */
const char *mp_link_fault(const char *text);

/* A host name of letters, digits and hyphens in dotted labels (RFC 1123), at most 253 octets. */
bool mp_is_hostname(const char *text);
