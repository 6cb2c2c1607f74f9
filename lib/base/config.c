/*
 * The configuration: one table of keys, and the walk over it. A new key is a row here, a field in
 * config.h and a line in metroplex.conf(5); a test compares the three.
 */
#include "base/config.h"

#include <string.h>

#include "base/error.h"

#define DEFAULT_FILE_SIZE (1024 * 1024)

typedef enum {
    TYPE_HOST,
    TYPE_TEXT,
    TYPE_PATH,
    TYPE_URL,
    TYPE_REMOTE,
    TYPE_WORDS,
    TYPE_MAIL,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_SIZE,
    TYPE_CHOICE,
} Type;

typedef struct {
    const char *group, *key;
    Type type;
    gsize offset;
    const char *fallback;       /* NULL: the key is required */
    gint64 min, max;            /* of TYPE_INT and TYPE_SIZE */
    const char *const *choices; /* of TYPE_CHOICE, in the order of the enumeration */
} Key;

#define CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define AT(field)    G_STRUCT_OFFSET(MpConfig, field)

/* clang-format off */
static const Key keys[] = {
    {"instance", "hostname",      TYPE_HOST,   AT(hostname),      NULL},
    {"instance", "host-id",       TYPE_HOST,   AT(host_id),       ""},
    {"instance", "url",           TYPE_URL,    AT(url),           ""},
    {"instance", "data",          TYPE_PATH,   AT(data),          "/data/user"},
    {"instance", "log-directory", TYPE_PATH,   AT(log_directory), "/var/log/mail-replies"},
    {"instance", "log-level",     TYPE_CHOICE, AT(log_level),     "debug",
     .choices = CHOICES("debug", "info", "warn", "error")},
    {"instance", "language",      TYPE_CHOICE, AT(language),      "en", .choices = CHOICES("en", "fr")},

    {"address", "keys",     TYPE_PATH,   AT(keys),     "/etc/metroplex/address-keys"},
    {"address", "identity", TYPE_CHOICE, AT(identity), "strict", .choices = CHOICES("strict", "token")},
    {"address", "address-case", TYPE_CHOICE, AT(address_case), "insensitive",
     .choices = CHOICES("insensitive", "sensitive")},
    {"address", "authserv-id", TYPE_WORDS, AT(authserv_id), ""},
    {"address", "unauthenticated", TYPE_CHOICE, AT(unauthenticated), "refuse",
     .choices = CHOICES("refuse", "accept")},

    {"smtp", "enabled",        TYPE_BOOL,   AT(enabled),        "true"},
    {"smtp", "address",        TYPE_HOST,   AT(smtp_address),   "localhost"},
    {"smtp", "port",           TYPE_INT,    AT(smtp_port),      "587", 1, 65535},
    {"smtp", "domain",         TYPE_HOST,   AT(smtp_domain),    "{hostname}"},
    {"smtp", "authentication", TYPE_CHOICE, AT(authentication), "none",
     .choices = CHOICES("none", "plain", "login", "cram-md5", "xoauth2")},
    {"smtp", "username",       TYPE_TEXT,   AT(username),       ""},
    {"smtp", "password-file",  TYPE_PATH,   AT(password_file),  "/etc/metroplex/smtp-password"},
    {"smtp", "tls",            TYPE_CHOICE, AT(tls),            "starttls",
     .choices = CHOICES("starttls", "implicit", "none")},
    {"smtp", "ca-file",        TYPE_PATH,   AT(ca_file),        ""},
    {"smtp", "enforce-tls",    TYPE_BOOL,   AT(enforce_tls),    "false"},
    {"smtp", "noreply-address", TYPE_MAIL,  AT(noreply_address), "noreply@{hostname}"},
    {"smtp", "discard-to-noreply-address", TYPE_BOOL, AT(discard_to_noreply_address), "false"},
    {"smtp", "support-address", TYPE_TEXT,  AT(support_address), ""},
    {"smtp", "support-address-type", TYPE_CHOICE, AT(support_address_type), "url",
     .choices = CHOICES("url", "email")},
    {"smtp", "transport",      TYPE_CHOICE, AT(transport),      "smtp", .choices = CHOICES("smtp", "maildir")},
    {"smtp", "maildir",        TYPE_PATH,   AT(maildir),        ""},
    {"smtp", "connections",    TYPE_INT,    AT(smtp_connections), "4", 1, 64},
    {"smtp", "connect-timeout", TYPE_INT,   AT(connect_timeout), "30", 1, 3600},
    {"smtp", "reply-timeout",  TYPE_INT,    AT(reply_timeout),  "300", 1, 3600},
    {"smtp", "data-timeout",   TYPE_INT,    AT(data_timeout),   "120", 1, 3600},
    {"smtp", "block-timeout",  TYPE_INT,    AT(block_timeout),  "180", 1, 3600},
    {"smtp", "end-timeout",    TYPE_INT,    AT(end_timeout),    "600", 1, 3600},
    {"smtp", "give-up-after",  TYPE_INT,    AT(smtp_give_up),   "432000", 60, 2592000},

    {"inbound", "batch",  TYPE_INT, AT(batch),  "256", 1, 4096},
    {"inbound", "linger", TYPE_INT, AT(linger), "50", 0, 10000},
    {"inbound", "on-comment",   TYPE_PATH, AT(on_comment),   ""},
    {"inbound", "hook-timeout", TYPE_INT,  AT(hook_timeout), "30", 1, 3600},
    {"inbound", "commands", TYPE_BOOL, AT(commands), "true"},

    {"tracker", "remote",          TYPE_REMOTE, AT(remote),       ""},
    {"tracker", "accounts-remote", TYPE_REMOTE, AT(accounts_remote), ""},
    {"tracker", "remote-timeout",  TYPE_INT,  AT(remote_timeout),  "300", 1, 3600},
    {"tracker", "mask-addresses",  TYPE_BOOL, AT(mask_addresses),  "true"},

    {"limits", "mail-size",       TYPE_SIZE, AT(max_mail_size),       "26214400", 1024, G_MAXINT32},
    {"limits", "header-fields",   TYPE_INT,  AT(max_header_fields),   "1000", 10, 100000},
    {"limits", "header-size",     TYPE_INT,  AT(max_header_size),     "65536", 998, 1048576},
    {"limits", "nesting",         TYPE_INT,  AT(max_nesting),         "100", 1, 1000},
    {"limits", "parts",           TYPE_INT,  AT(max_parts),           "1000", 1, 100000},
    {"limits", "addresses",       TYPE_INT,  AT(max_addresses),       "1000", 1, 100000},
    {"limits", "comment",         TYPE_INT,  AT(max_comment),         "65536", 1, 10485760},
    {"limits", "attachment-size", TYPE_SIZE, AT(max_attachment_size), "10485760", 0, G_MAXINT32},
    {"limits", "attachments",     TYPE_INT,  AT(max_attachments),     "20", 0, 1000},
    {"limits", "comments-per-hour",        TYPE_INT, AT(max_account_rate), "100", 0, 1000000},
    {"limits", "thread-comments-per-hour", TYPE_INT, AT(max_thread_rate),  "500", 0, 1000000},
    {"limits", "total-comments-per-hour",  TYPE_INT, AT(max_total_rate),   "10000", 0, 1000000},
    {"limits", "answers-per-hour",         TYPE_INT, AT(max_answers),      "100", 0, 100000},
    {"limits", "hard-bounces",             TYPE_INT, AT(max_hard_bounces), "3", 0, 100},
    {"limits", "soft-bounces",             TYPE_INT, AT(max_soft_bounces), "10", 0, 100},
};
/* clang-format on */

static const char *const type_names[] = {"host name", "text",  "path",         "URL",
                                         "Git URL",   "list",  "mail address", "boolean",
                                         "number",    "bytes", "choice"};

static const char *const language_names[] = {"en", "fr"};

const char *
mp_language_name(MpLanguage language)
{
    return language_names[language];
}

bool
mp_language_parse(const char *name, MpLanguage *language)
{
    for (gsize i = 0; i < G_N_ELEMENTS(language_names); i++) {
        if (strcmp(name, language_names[i]) == 0) {
            *language = (MpLanguage)i;
            return true;
        }
    }
    return false;
}

bool
mp_is_hostname(const char *text)
{
    gsize length = strlen(text), label = 0;

    if (length == 0 || length > 253)
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '.') {
            if (label == 0 || p[-1] == '-')
                return false;
            label = 0;
        } else if (g_ascii_isalnum(*p) || (*p == '-' && label > 0)) {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return label > 0 && text[length - 1] != '-';
}

static bool
has_control(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return true;
    return false;
}

static bool
is_mail_address(const char *text)
{
    const char *at = strrchr(text, '@');

    return at != NULL && at > text && at - text <= 64 && strpbrk(text, " \t<>\"") == NULL &&
           mp_is_hostname(at + 1);
}

/* Tokens of RFC 2045, section 5.1, between spaces and commas. */
static bool
is_words(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isgraph(*p) ? *p != ' ' : *p != ',' && strchr("()<>@;:\\\"/[]?=", *p) != NULL)
            return false;
    return true;
}

static bool
is_allowed_empty(const Key *key, const char *value)
{
    return value[0] == '\0' && key->fallback != NULL && key->fallback[0] == '\0';
}

/* What git takes, written so that it cannot be taken for anything else: no option, no relative
 * path, no `ext::program`; and no password, which this file and ps(1) would show. */
static const char *
fault_of_remote(const char *value)
{
    static const char *const schemes[] = {"ssh://", "https://", "http://", "git://", "file:///"};
    const char *colon = strchr(value, ':'), *slash = strchr(value, '/'), *at = strchr(value, '@');

    if (value[0] == '/' || value[0] == '\0')
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        const char *host = value + strlen(schemes[i]);

        if (!g_str_has_prefix(value, schemes[i]))
            continue;
        gsize length = strcspn(host, "/");
        at = memchr(host, '@', length);
        if (at != NULL && memchr(host, ':', (gsize)(at - host)) != NULL)
            return "holds a password: leave that to Git's credential helpers or ~/.netrc";
        return length > 0 || value[0] == 'f' ? NULL : "names no host";
    }
    if (at != NULL && at > value && colon != NULL && at < colon &&
        (slash == NULL || colon < slash) && colon[1] != ':' && colon[1] != '\0' &&
        g_ascii_isalnum(value[0]))
        return NULL;
    return "is none of ssh://…, USER@HOST:PATH, https://…, http://…, git://…, and an absolute path";
}

/* A template's {words} stand for what is fit for a URL. */
static bool
is_web_url(const char *value)
{
    g_autofree char *bare = g_strdup(value);
    g_autofree char *host = NULL;

    if (!g_str_has_prefix(value, "https://") && !g_str_has_prefix(value, "http://"))
        return false;
    if (strpbrk(g_strdelimit(bare, "{}", '-'), " <>\"\\^`|") != NULL)
        return false;
    return g_uri_split_network(bare, G_URI_FLAGS_NONE, NULL, &host, NULL, NULL) && host != NULL &&
           *host != '\0' && g_uri_is_valid(bare, G_URI_FLAGS_NONE, NULL);
}

/* What is wrong with a text value, or NULL. */
static const char *
fault_of_text(const Key *key, const char *value)
{
    if (!g_utf8_validate(value, -1, NULL) || has_control(value))
        return "holds a control character or is not UTF-8";
    switch (key->type) {
    case TYPE_HOST:
        return mp_is_hostname(value) || is_allowed_empty(key, value) ? NULL : "is not a host name";
    case TYPE_PATH:
        return value[0] == '/' || is_allowed_empty(key, value) ? NULL : "is not an absolute path";
    case TYPE_URL:
        return is_web_url(value) || is_allowed_empty(key, value) ? NULL
                                                                 : "is not an http or https URL";
    case TYPE_WORDS:
        return is_words(value) ? NULL : "is not a list of words between spaces or commas";
    case TYPE_REMOTE:
        return fault_of_remote(value);
    case TYPE_MAIL:
        return is_mail_address(value) ? NULL : "is not a mail address";
    default:
        return NULL;
    }
}

/* Where a path is asked for, a secret is easily written instead: such a value is never told. */
static bool
may_be_secret(const Key *key)
{
    return key->offset == AT(keys) || key->offset == AT(password_file);
}

static bool
refuse(const MpConfig *config, const Key *key, const char *value, GError **error, const char *why)
{
    if (may_be_secret(key))
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: [%s] %s: its value %s", config->file,
                       key->group, key->key, why);
    return mp_fail(error, MP_ERROR_INSTALLATION, "%s: [%s] %s: \"%s\" %s", config->file, key->group,
                   key->key, value, why);
}

static bool
set_number(MpConfig *config, const Key *key, const char *value, GError **error)
{
    gint64 number;

    if (!g_ascii_string_to_signed(value, 10, key->min, key->max, &number, NULL)) {
        g_autofree char *why = g_strdup_printf(
            "is not a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key->min, key->max);
        return refuse(config, key, value, error, why);
    }
    if (key->type == TYPE_SIZE)
        G_STRUCT_MEMBER(gint64, config, key->offset) = number;
    else
        G_STRUCT_MEMBER(int, config, key->offset) = (int)number;
    return true;
}

static bool
set_choice(MpConfig *config, const Key *key, const char *value, GError **error)
{
    for (int i = 0; key->choices[i] != NULL; i++) {
        if (strcmp(key->choices[i], value) == 0) {
            G_STRUCT_MEMBER(int, config, key->offset) = i;
            return true;
        }
    }
    g_autofree char *all = g_strjoinv(", ", (char **)key->choices);
    g_autofree char *why = g_strdup_printf("is none of: %s", all);
    return refuse(config, key, value, error, why);
}

static bool
set_boolean(MpConfig *config, const Key *key, const char *value, GError **error)
{
    bool is_true = strcmp(value, "true") == 0;

    if (!is_true && strcmp(value, "false") != 0)
        return refuse(config, key, value, error, "is neither true nor false");
    G_STRUCT_MEMBER(bool, config, key->offset) = is_true;
    return true;
}

static bool
set_value(MpConfig *config, const Key *key, const char *value, GError **error)
{
    const char *fault;

    switch (key->type) {
    case TYPE_BOOL:
        return set_boolean(config, key, value, error);
    case TYPE_INT:
    case TYPE_SIZE:
        return set_number(config, key, value, error);
    case TYPE_CHOICE:
        return set_choice(config, key, value, error);
    default:
        fault = fault_of_text(key, value);
        if (fault != NULL)
            return refuse(config, key, value, error, fault);
        g_free(G_STRUCT_MEMBER(char *, config, key->offset));
        G_STRUCT_MEMBER(char *, config, key->offset) = g_strdup(value);
        return true;
    }
}

/* A default may lean on the host name, the one required key, which stands first in the table. */
static char *
default_value(const MpConfig *config, const Key *key)
{
    g_auto(GStrv) pieces = g_strsplit(key->fallback, "{hostname}", 2);

    return g_strjoinv(config->hostname, pieces);
}

static bool
load_key(MpConfig *config, GKeyFile *file, const Key *key, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *value = g_key_file_get_string(file, key->group, key->key, &why);

    if (value != NULL)
        return set_value(config, key, g_strstrip(value), error);
    if (!g_error_matches(why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND) &&
        !g_error_matches(why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND))
        return mp_fail(
            error, MP_ERROR_INSTALLATION,
            "%s: [%s] %s: its value is not UTF-8, or has a backslash that escapes nothing",
            config->file, key->group, key->key); /* GLib would show it, secret or not */
    if (key->fallback == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: [%s] %s is missing", config->file,
                       key->group, key->key);
    value = default_value(config, key);
    return set_value(config, key, value, error);
}

static const Key *
find_key(const char *group, const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].group, group) == 0 && (name == NULL || strcmp(keys[i].key, name) == 0))
            return &keys[i];
    return NULL;
}

static bool
refuse_unknown_of_group(const MpConfig *config, GKeyFile *file, const char *group, GError **error)
{
    g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);

    if (find_key(group, NULL) == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: unknown group [%s]", config->file, group);
    for (char **name = names; name != NULL && *name != NULL; name++)
        if (find_key(group, *name) == NULL)
            return mp_fail(error, MP_ERROR_INSTALLATION, "%s: [%s] %s: unknown key", config->file,
                           group, *name);
    return true;
}

static bool
refuse_unknown(const MpConfig *config, GKeyFile *file, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    for (char **group = groups; *group != NULL; group++)
        if (!refuse_unknown_of_group(config, file, *group, error))
            return false;
    return true;
}

/* It stands in answers, where people click on it. */
static bool
check_support(const MpConfig *config, GError **error)
{
    const char *address = config->support_address;
    bool is_mail = config->support_address_type == MP_SUPPORT_EMAIL;

    if (address[0] == '\0' || (is_mail ? is_mail_address(address) : is_web_url(address)))
        return true;
    return mp_fail(
        error, MP_ERROR_INSTALLATION,
        "%s: [smtp] support-address: \"%s\" is not %s, as support-address-type = %s says",
        config->file, address, is_mail ? "a mail address" : "an http or https URL",
        is_mail ? "email" : "url");
}

/* What no single key can tell. */
static bool
check_together(const MpConfig *config, GError **error)
{
    if (config->transport == MP_TRANSPORT_MAILDIR && config->maildir[0] == '\0')
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s: [smtp] maildir is missing: transport = maildir needs it", config->file);
    if (config->authentication != MP_AUTH_NONE && config->username[0] == '\0')
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s: [smtp] username is missing: authentication needs it", config->file);
    if (config->remote[0] != '\0' && strcmp(config->remote, config->accounts_remote) == 0)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s: [tracker] accounts-remote: it must be another repository than remote, "
                       "which is fit to be published",
                       config->file);
    return check_support(config, error);
}

/* GLib's message would show the line, which may be a password that lost its key. */
static bool
refuse_syntax(const MpConfig *config, const char *text, GError **error)
{
    guint number = 0;

    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        gsize length = strcspn(line, "\n");
        const char *start = line + strspn(line, " \t\r");
        bool is_fine = start >= line + length || *start == '#' || *start == '[' ||
                       memchr(start, '=', (gsize)(line + length - start)) != NULL;

        number++;
        if (!is_fine)
            break;
        line += length;
    }
    return mp_fail(
        error, MP_ERROR_INSTALLATION,
        "%s: line %u or one near it is neither a group, a key with its value, nor a comment",
        config->file, number);
}

static bool
read_key_file(MpConfig *config, GKeyFile *file, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    gsize length;

    if (!g_file_get_contents(config->file, &text, &length, &why))
        return mp_fail(error, MP_ERROR_INSTALLATION, "cannot read the configuration: %s",
                       why->message);
    if (length > DEFAULT_FILE_SIZE)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: too large", config->file);
    return g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL) ||
           refuse_syntax(config, text, error);
}

MpConfig *
mp_config_load(const char *path, const char *data, GError **error)
{
    g_autoptr(MpConfig) config = g_new0(MpConfig, 1);
    g_autoptr(GKeyFile) file = g_key_file_new();

    config->file = g_strdup(path);
    if (!read_key_file(config, file, error) || !refuse_unknown(config, file, error))
        return NULL;
    if (data != NULL)
        g_key_file_set_string(file, "instance", "data", data);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (!load_key(config, file, &keys[i], error))
            return NULL;
    if (!check_together(config, error))
        return NULL;
    return g_steal_pointer(&config);
}

void
mp_config_free(MpConfig *config)
{
    if (config == NULL)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (keys[i].type <= TYPE_MAIL)
            g_free(G_STRUCT_MEMBER(char *, config, keys[i].offset));
    g_free(config->file);
    g_free(config);
}

char *
mp_config_path(const MpConfig *config, const char *relative)
{
    return g_build_filename(config->data, relative, NULL);
}

char *
mp_config_reply_domain(const MpConfig *config)
{
    return g_strconcat("reply.", config->hostname, NULL);
}

char *
mp_config_noreply_domain(const MpConfig *config)
{
    return g_strconcat("noreply.", config->hostname, NULL);
}

void
mp_config_foreach_key(MpConfigVisit visit, gpointer user_data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        visit(keys[i].group, keys[i].key, type_names[keys[i].type], keys[i].fallback, user_data);
}
