/* The keys of a configuration one by one, whatever is wrong with them; see config.h. */
#include "base/internal.h"

#include <string.h>

#include "base/names.h"
#include "base/text.h"

void
mp_config_value_free(MpConfigValue *value)
{
    g_free(value->value);
    g_free(value->fallback);
    g_free(value->fault);
    g_free(value);
}

const MpConfigKey *
mp_config_find_key(const char *name)
{
    const char *dot = strchr(name, '.');

    for (gsize i = 0; dot != NULL && i < mp_config_n_keys; i++) {
        const MpConfigKey *key = &mp_config_keys[i];

        if (strlen(key->group) == (gsize)(dot - name) && g_str_has_prefix(name, key->group) &&
            strcmp(dot + 1, key->key) == 0)
            return key;
    }
    return NULL;
}

bool
mp_config_may_be_secret(const MpConfigKey *key)
{
    return key->offset == G_STRUCT_OFFSET(MpConfig, keys) ||
           key->offset == G_STRUCT_OFFSET(MpConfig, password_file) || key->type == TYPE_REMOTE;
}

/* A value without a fault goes where the programs read it. */
static void
store(MpConfig *config, const MpConfigKey *key, const char *value)
{
    gint64 number = g_ascii_strtoll(value, NULL, 10);

    switch (key->type) {
    case TYPE_BOOL:
        G_STRUCT_MEMBER(bool, config, key->offset) = strcmp(value, "true") == 0;
        break;
    case TYPE_INT:
        G_STRUCT_MEMBER(int, config, key->offset) = (int)number;
        break;
    case TYPE_SIZE:
        G_STRUCT_MEMBER(gint64, config, key->offset) = number;
        break;
    case TYPE_CHOICE:
        G_STRUCT_MEMBER(int, config, key->offset) =
            mp_find_name(key->choices, g_strv_length((char **)key->choices), value);
        break;
    case TYPE_SERVER: /* as it stands in a URL, and before a port */
        G_STRUCT_MEMBER(char *, config, key->offset) = value[0] != '[' && strchr(value, ':') != NULL
                                                           ? g_strdup_printf("[%s]", value)
                                                           : g_strdup(value);
        break;
    default:
        G_STRUCT_MEMBER(char *, config, key->offset) = g_strdup(value);
    }
}

/* A default may lean on the host name, the one required key, which stands first in the table. */
static char *
default_value(const MpConfig *config, const MpConfigKey *key)
{
    g_auto(GStrv) pieces = g_strsplit(key->fallback != NULL ? key->fallback : "", "{hostname}", 2);

    return key->fallback != NULL ? g_strjoinv(config->hostname, pieces) : NULL;
}

static const char *
say(const char *text, bool translated)
{
    return translated ? _(text) : text;
}

static MpConfigValue *
fill_key(MpConfig *config, GKeyFile *file, const MpConfigKey *key, bool translated)
{
    MpConfigValue *v = g_new0(MpConfigValue, 1);
    g_autoptr(GError) why = NULL;

    v->key = key;
    v->value = g_key_file_get_string(file, key->group, key->key, &why);
    v->fallback = default_value(config, key);
    if (v->value != NULL)
        v->fault = mp_config_fault(key, g_strstrip(v->value), translated);
    else if (!g_error_matches(why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND) &&
             !g_error_matches(why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND))
        v->fault =
            g_strdup(say(N_("has a value that is not UTF-8, or a backslash that escapes nothing"),
                         translated)); /* GLib's message would show it, secret or not */
    else if (v->fallback == NULL)
        v->fault = g_strdup(say(N_("is missing"), translated));
    else
        v->fault = mp_config_fault(key, v->fallback, translated);
    if (v->value != NULL && v->fault == NULL)
        store(config, key, v->value);
    else
        store(config, key, v->fallback != NULL ? v->fallback : "localhost");
    return v;
}

/* --- Keys that must agree --------------------------------------------------------------------- */

/* The address stands in answers, where people click on it. */
static const char *
fault_of_support(const MpConfig *config)
{
    const char *address = config->support_address;

    if (address[0] == '\0')
        return NULL;
    if (config->support_address_type == MP_SUPPORT_EMAIL)
        return mp_is_mail_address(address)
                   ? NULL
                   : N_("is not a mail address, as support-address-type = email says");
    return mp_is_web_url(address)
               ? NULL
               : N_("is not an http or https URL, as support-address-type = url says");
}

static const char *
fault_of_maildir(const MpConfig *config)
{
    return config->transport == MP_TRANSPORT_MAILDIR && config->maildir[0] == '\0'
               ? N_("is missing: transport = maildir needs it")
               : NULL;
}

static const char *
fault_of_username(const MpConfig *config)
{
    return config->authentication != MP_AUTH_NONE && config->username[0] == '\0'
               ? N_("is missing: authentication needs it")
               : NULL;
}

/* Its words are parted as a shell would; nothing else of one is in between. */
static const char *
fault_of_token_command(const MpConfig *config)
{
    g_auto(GStrv) argv = NULL;

    if (config->token_command[0] == '\0')
        return NULL;
    if (!g_shell_parse_argv(config->token_command, NULL, &argv, NULL))
        return N_("has a quote that does not end");
    if (argv[0][0] != '/')
        return N_("does not begin with the absolute path of a program");
    return mp_config_takes_token(config)
               ? NULL
               : N_("gives a token: authentication = xoauth2 or oauthbearer");
}

static const char *
fault_of_accounts_remote(const MpConfig *config)
{
    return config->remote[0] != '\0' && strcmp(config->remote, config->accounts_remote) == 0
               ? N_("must be another repository than remote, which is fit to be published")
               : NULL;
}

/* Files and not threads are below it. */
static const char *
fault_of_pages_url(const MpConfig *config)
{
    return strpbrk(config->pages_url, "{}?#") != NULL
               ? N_("must be the base of files: no placeholders, no query, no fragment")
               : NULL;
}

static const struct {
    gsize offset;
    const char *(*fault)(const MpConfig *config);
} together[] = {
    {G_STRUCT_OFFSET(MpConfig, support_address), fault_of_support},
    {G_STRUCT_OFFSET(MpConfig, maildir), fault_of_maildir},
    {G_STRUCT_OFFSET(MpConfig, username), fault_of_username},
    {G_STRUCT_OFFSET(MpConfig, token_command), fault_of_token_command},
    {G_STRUCT_OFFSET(MpConfig, accounts_remote), fault_of_accounts_remote},
    {G_STRUCT_OFFSET(MpConfig, pages_url), fault_of_pages_url},
};

static void
compare(const MpConfig *config, MpConfigValue *v, bool translated)
{
    for (gsize i = 0; i < G_N_ELEMENTS(together) && v->fault == NULL; i++) {
        const char *why = together[i].offset == v->key->offset ? together[i].fault(config) : NULL;

        if (why != NULL)
            v->fault = g_strdup(say(why, translated));
    }
}

/* Where nothing is said of links, and pages are on the web, links lead to the pages. */
static void
follow_pages(MpConfig *config, const GPtrArray *values)
{
    gsize length = strlen(config->pages_url);

    if (config->url[0] != '\0' || length == 0)
        return;
    while (config->pages_url[length - 1] == '/')
        length--;
    g_free(config->url);
    config->url = g_strdup_printf("%.*s/r/{repository}/{page}.html#comment-{comment}", (int)length,
                                  config->pages_url);
    config->links_to_pages = true;
    for (guint i = 0; i < values->len; i++) {
        MpConfigValue *v = g_ptr_array_index(values, i);

        if (v->key->offset == G_STRUCT_OFFSET(MpConfig, url)) {
            g_free(v->fallback);
            v->fallback = g_strdup(config->url);
        }
    }
}

GPtrArray *
mp_config_fill(MpConfig *config, GKeyFile *file, bool translated)
{
    GPtrArray *values = g_ptr_array_new_with_free_func((GDestroyNotify)mp_config_value_free);

    for (gsize i = 0; i < mp_config_n_keys; i++)
        g_ptr_array_add(values, fill_key(config, file, &mp_config_keys[i], translated));
    follow_pages(config, values);
    for (guint i = 0; i < values->len; i++)
        compare(config, g_ptr_array_index(values, i), translated);
    return values;
}
