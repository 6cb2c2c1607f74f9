/* The configuration, read from its file and checked; see config.h. */
#include "base/config.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/internal.h"
#include "base/names.h"

#define FILE_SIZE_MAX (1024 * 1024)

/* What is wrong with the file, of which its name and all that it says are shown escaped. */
static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = mp_escape(message);
    return mp_fail(error, MP_ERROR_INSTALLATION, "%s", shown);
}

/* People write a secret where the path of its file is asked for: such a value is never told. */
static bool
may_be_secret(const MpConfigKey *key)
{
    return key->offset == G_STRUCT_OFFSET(MpConfig, keys) ||
           key->offset == G_STRUCT_OFFSET(MpConfig, password_file);
}

static bool
refuse(const MpConfig *config, const MpConfigKey *key, const char *value, GError **error,
       const char *why)
{
    if (may_be_secret(key))
        return fail(error, "%s: [%s] %s: its value %s", config->file, key->group, key->key, why);
    return fail(error, "%s: [%s] %s: \"%s\" %s", config->file, key->group, key->key, value, why);
}

static bool
set_number(MpConfig *config, const MpConfigKey *key, const char *value, GError **error)
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
set_choice(MpConfig *config, const MpConfigKey *key, const char *value, GError **error)
{
    int i = mp_find_name(key->choices, g_strv_length((char **)key->choices), value);

    if (i >= 0) {
        G_STRUCT_MEMBER(int, config, key->offset) = i;
        return true;
    }
    g_autofree char *all = g_strjoinv(", ", (char **)key->choices);
    g_autofree char *why = g_strdup_printf("is none of: %s", all);
    return refuse(config, key, value, error, why);
}

static bool
set_boolean(MpConfig *config, const MpConfigKey *key, const char *value, GError **error)
{
    bool is_true = strcmp(value, "true") == 0;

    if (!is_true && strcmp(value, "false") != 0)
        return refuse(config, key, value, error, "is neither true nor false");
    G_STRUCT_MEMBER(bool, config, key->offset) = is_true;
    return true;
}

static bool
set_value(MpConfig *config, const MpConfigKey *key, const char *value, GError **error)
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
        fault = mp_config_text_fault(key, value);
        if (fault != NULL)
            return refuse(config, key, value, error, fault);
        g_free(G_STRUCT_MEMBER(char *, config, key->offset));
        G_STRUCT_MEMBER(char *, config, key->offset) = g_strdup(value);
        return true;
    }
}

/* A default may lean on the host name, the one required key, which stands first in the table. */
static char *
default_value(const MpConfig *config, const MpConfigKey *key)
{
    g_auto(GStrv) pieces = g_strsplit(key->fallback, "{hostname}", 2);

    return g_strjoinv(config->hostname, pieces);
}

static bool
load_key(MpConfig *config, GKeyFile *file, const MpConfigKey *key, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *value = g_key_file_get_string(file, key->group, key->key, &why);

    if (value != NULL)
        return set_value(config, key, g_strstrip(value), error);
    if (!g_error_matches(why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND) &&
        !g_error_matches(why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND))
        return fail(error,
                    "%s: [%s] %s: its value is not UTF-8, or has a backslash that escapes nothing",
                    config->file, key->group, key->key); /* GLib would show it, secret or not */
    if (key->fallback == NULL)
        return fail(error, "%s: [%s] %s is missing", config->file, key->group, key->key);
    value = default_value(config, key);
    return set_value(config, key, value, error);
}

static const MpConfigKey *
find_key(const char *group, const char *name)
{
    for (gsize i = 0; i < mp_config_n_keys; i++)
        if (strcmp(mp_config_keys[i].group, group) == 0 &&
            (name == NULL || strcmp(mp_config_keys[i].key, name) == 0))
            return &mp_config_keys[i];
    return NULL;
}

static bool
refuse_unknown_of_group(const MpConfig *config, GKeyFile *file, const char *group, GError **error)
{
    g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);

    if (find_key(group, NULL) == NULL)
        return fail(error, "%s: unknown group [%s]", config->file, group);
    for (char **name = names; name != NULL && *name != NULL; name++)
        if (find_key(group, *name) == NULL)
            return fail(error, "%s: [%s] %s: unknown key", config->file, group, *name);
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

/* The address stands in answers, where people click on it. */
static bool
check_support(const MpConfig *config, GError **error)
{
    const char *address = config->support_address;
    bool is_mail = config->support_address_type == MP_SUPPORT_EMAIL;

    if (address[0] == '\0' || (is_mail ? mp_is_mail_address(address) : mp_is_web_url(address)))
        return true;
    return fail(error,
                "%s: [smtp] support-address: \"%s\" is not %s, as support-address-type = %s says",
                config->file, address, is_mail ? "a mail address" : "an http or https URL",
                is_mail ? "email" : "url");
}

/* Rules that concern several keys. */
static bool
check_together(const MpConfig *config, GError **error)
{
    if (config->transport == MP_TRANSPORT_MAILDIR && config->maildir[0] == '\0')
        return fail(error, "%s: [smtp] maildir is missing: transport = maildir needs it",
                    config->file);
    if (config->authentication != MP_AUTH_NONE && config->username[0] == '\0')
        return fail(error, "%s: [smtp] username is missing: authentication needs it", config->file);
    if (config->remote[0] != '\0' && strcmp(config->remote, config->accounts_remote) == 0)
        return fail(error,
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
    return fail(
        error, "%s: line %u or one near it is neither a group, a key with its value, nor a comment",
        config->file, number);
}

static bool
read_key_file(MpConfig *config, GKeyFile *file, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;

    if (!mp_read_path(config->file, FILE_SIZE_MAX, &text, &length, error)) {
        g_prefix_error(error, "cannot read the configuration: ");
        return false;
    }
    return g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL) ||
           refuse_syntax(config, text, error);
}

static bool
override_data(MpConfig *config, const char *data, GError **error)
{
    const char *why = mp_config_text_fault(find_key("instance", "data"), data);

    if (why != NULL) {
        g_autofree char *shown = mp_escape(data);
        return mp_fail(error, MP_ERROR_INPUT, "--data: \"%s\" %s", shown, why);
    }
    g_free(config->data);
    config->data = g_strdup(data);
    return true;
}

MpConfig *
mp_config_load(const char *path, const char *data, GError **error)
{
    g_autoptr(MpConfig) config = g_new0(MpConfig, 1);
    g_autoptr(GKeyFile) file = g_key_file_new();

    config->file = g_strdup(path);
    if (!read_key_file(config, file, error) || !refuse_unknown(config, file, error))
        return NULL;
    for (gsize i = 0; i < mp_config_n_keys; i++)
        if (!load_key(config, file, &mp_config_keys[i], error))
            return NULL;
    if ((data != NULL && !override_data(config, data, error)) || !check_together(config, error))
        return NULL;
    return g_steal_pointer(&config);
}

void
mp_config_free(MpConfig *config)
{
    if (config == NULL)
        return;
    for (gsize i = 0; i < mp_config_n_keys; i++)
        if (mp_config_keys[i].type <= TYPE_MAIL)
            g_free(G_STRUCT_MEMBER(char *, config, mp_config_keys[i].offset));
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
