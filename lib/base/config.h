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
typedef enum { MP_TRANSPORT_SMTP, MP_TRANSPORT_MAILDIR } MpTransport;
typedef enum { MP_TLS_STARTTLS, MP_TLS_IMPLICIT, MP_TLS_NONE } MpTls;
typedef enum {
    MP_AUTH_NONE,
    MP_AUTH_PLAIN,
    MP_AUTH_LOGIN,
    MP_AUTH_CRAM_MD5,
    MP_AUTH_XOAUTH2,
} MpAuthentication;
typedef enum { MP_LANGUAGE_EN, MP_LANGUAGE_FR, MP_N_LANGUAGES } MpLanguage;
typedef enum { MP_SUPPORT_URL, MP_SUPPORT_EMAIL } MpSupportType;

typedef struct {
    char *file; /* where it was read from */

    /* [instance] */
    char *hostname;
    char *host_id; /* "" for this machine's name */
    char *url; /* the base of links, or a template with {repository} {kind} {number} {comment}; ""
                  where threads have no pages */
    char *data;
    char *log_directory;
    int log_level; /* MpLogLevel */
    int language;  /* MpLanguage: of answers to people who have not chosen one */

    /* [address] */
    char *keys; /* path of the key file */
    int identity;
    char *authserv_id;   /* trusted ids of Authentication-Results, between spaces or commas; "" for
                            none */
    int address_case;    /* MpAddressCase: of the local parts of people's addresses */
    int unauthenticated; /* MpUnauthenticated: mail on whose sender these have no verdict */

    /* [smtp] */
    bool enabled;
    char *smtp_address;
    int smtp_port;
    char *smtp_domain;
    int authentication;
    char *username;
    char *password_file;
    int tls;
    char *ca_file; /* "" for the system's authorities */
    bool enforce_tls;
    char *noreply_address;
    bool discard_to_noreply_address;
    char *support_address; /* "" for none */
    int support_address_type;
    int transport;
    char *maildir; /* "" unless transport is maildir */
    int smtp_connections;
    int connect_timeout, reply_timeout, data_timeout, block_timeout, end_timeout; /* seconds */
    int smtp_give_up; /* seconds after which a message that is deferred counts as failed */

    /* [postfix] */
    char *postmaster;      /* who reads the mail for postmaster@ and abuse@: an address or a name */
    char *tls_certificate; /* "" for none */
    char *tls_key;         /* "" where the certificate's file holds it */
    bool policy_service;   /* `metroplex policy` is asked at RCPT TO */

    /* [inbound] */
    int batch;        /* mails in one commit of the tracker */
    int linger;       /* milliseconds to wait for company after a mail came */
    char *on_comment; /* executable that is given new comments; "" for none */
    int hook_timeout; /* seconds it may take */
    bool commands;    /* /close and /reopen at the top of a reply are obeyed */

    /* [tracker] */
    char *remote;
    char *accounts_remote;
    int remote_timeout; /* seconds */
    bool mask_addresses;

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
    int max_account_rate, max_thread_rate, max_total_rate; /* comments by mail an hour; 0: any */
    int max_responses;                      /* rejections and confirmations an hour, to all */
    int max_hard_bounces, max_soft_bounces; /* before an address is suppressed; 0: never */
} MpConfig;

/*
 * Reads and checks the file. An unknown group or key, a value of the wrong type or range, or a
 * missing required key is MP_ERROR_INSTALLATION and names file, group and key. `data` (may be
 * NULL) overrides [instance] data; one that is no path is MP_ERROR_INPUT.
 */
MpConfig *mp_config_load(const char *path, const char *data, GError **error);
void mp_config_free(MpConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpConfig, mp_config_free)

/* DATA/RELATIVE; the result is the caller's. */
char *mp_config_path(const MpConfig *config, const char *relative);

/* "reply.HOSTNAME" and "noreply.HOSTNAME"; the result is the caller's. */
char *mp_config_reply_domain(const MpConfig *config);
char *mp_config_noreply_domain(const MpConfig *config);

/* "en", "fr"; and back (false if it is none of them). */
const char *mp_language_name(MpLanguage language);
bool mp_language_parse(const char *name, MpLanguage *language);

/* What a link to a thread may hold, as it stands in a template: {repository}, {kind}, {number} and
 * {comment}, in this order. */
#define MP_N_LINK_PLACEHOLDERS 4
extern const char *const mp_link_placeholders[MP_N_LINK_PLACEHOLDERS];

/* Why a text is no base or template of links ("is not an http or https URL"), or NULL if it is. */
const char *mp_link_fault(const char *text);

/* A host name of letters, digits and hyphens in dotted labels (RFC 1123), at most 253 octets. */
bool mp_is_hostname(const char *text);
