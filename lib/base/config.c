/* The configuration, read from its file and checked; see config.h. */
#include "base/config.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/internal.h"

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

static bool
refuse(const MpConfig *config, const MpConfigValue *v, GError **error)
{
    const char *group = v->key->group, *key = v->key->key;

    if (v->value == NULL || v->value[0] == '\0')
        return fail(error, "%s: [%s] %s %s", config->file, group, key, v->fault);
    if (mp_config_may_be_secret(v->key))
        return fail(error, "%s: [%s] %s: its value %s", config->file, group, key, v->fault);
    return fail(error, "%s: [%s] %s: \"%s\" %s", config->file, group, key, v->value, v->fault);
}

static bool
is_group(const char *group)
{
    for (gsize i = 0; i < mp_config_n_keys; i++)
        if (strcmp(mp_config_keys[i].group, group) == 0)
            return true;
    return false;
}

static void
list_unknown_of_group(GKeyFile *file, const char *group, GPtrArray *unknown)
{
    g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);

    if (!is_group(group)) {
        g_ptr_array_add(unknown, g_strdup_printf("[%s]", group));
        return;
    }
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *dotted = g_strdup_printf("%s.%s", group, *name);

        if (mp_config_find_key(dotted) == NULL)
            g_ptr_array_add(unknown, g_strdup_printf("[%s] %s", group, *name));
    }
}

static void
list_unknown(GKeyFile *file, GPtrArray *unknown)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    for (char **group = groups; *group != NULL; group++)
        list_unknown_of_group(file, *group, unknown);
}

static bool
refuse_unknown(const MpConfig *config, GKeyFile *file, GError **error)
{
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func(g_free);

    list_unknown(file, unknown);
    if (unknown->len == 0)
        return true;
    const char *first = g_ptr_array_index(unknown, 0);
    if (g_str_has_suffix(first, "]"))
        return fail(error, "%s: unknown group %s", config->file, first);
    return fail(error, "%s: %s: unknown key", config->file, first);
}

/* GLib's message would show the line, which may be a password that lost its key. */
static bool
refuse_syntax(const char *name, const char *text, GError **error)
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
        name, number);
}

bool
mp_config_read(const char *path, char **text, gsize *length, GError **error)
{
    if (mp_read_path(path, FILE_SIZE_MAX, text, length, error))
        return true;
    g_prefix_error(error, "cannot read the configuration: ");
    return false;
}

static GKeyFile *
parse_key_file(const char *name, const char *text, gsize length, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return g_steal_pointer(&file);
    refuse_syntax(name, text, error);
    return NULL;
}

static bool
override_data(MpConfig *config, const char *data, GError **error)
{
    g_autofree char *why = mp_config_fault(mp_config_find_key("instance.data"), data, false);

    if (why != NULL) {
        g_autofree char *shown = mp_escape(data);
        return mp_fail(error, MP_ERROR_INPUT, "--data: \"%s\" %s", shown, why);
    }
    g_free(config->data);
    config->data = g_strdup(data);
    return true;
}

GPtrArray *
mp_config_examine(const char *name, const char *text, gsize length, bool translated,
                  GPtrArray *unknown, GError **error)
{
    g_autoptr(GKeyFile) file = parse_key_file(name, text, length, error);
    g_autoptr(MpConfig) config = g_new0(MpConfig, 1);

    if (file == NULL)
        return NULL;
    list_unknown(file, unknown);
    return mp_config_fill(config, file, translated);
}

MpConfig *
mp_config_parse(const char *path, const char *text, gsize length, const char *data, GError **error)
{
    g_autoptr(GKeyFile) file = parse_key_file(path, text, length, error);
    g_autoptr(MpConfig) config = g_new0(MpConfig, 1);

    config->file = g_strdup(path);
    if (file == NULL || !refuse_unknown(config, file, error))
        return NULL;
    g_autoptr(GPtrArray) values = mp_config_fill(config, file, false);
    for (guint i = 0; i < values->len; i++) {
        const MpConfigValue *value = g_ptr_array_index(values, i);

        if (value->fault != NULL) {
            refuse(config, value, error);
            return NULL;
        }
    }
    if (data != NULL && !override_data(config, data, error))
        return NULL;
    return g_steal_pointer(&config);
}

MpConfig *
mp_config_load(const char *path, const char *data, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;

    return mp_config_read(path, &text, &length, error)
               ? mp_config_parse(path, text, length, data, error)
               : NULL;
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
    const char *domain = strrchr(config->noreply_address, '@') + 1;

    return g_ascii_strncasecmp(domain, "noreply.", strlen("noreply.")) == 0
               ? g_strdup(domain)
               : g_strconcat("noreply.", domain, NULL);
}

bool
mp_config_is_noreply_domain(const MpConfig *config, const char *domain)
{
    g_autofree char *now = mp_config_noreply_domain(config);
    g_autofree char *always = g_strconcat("noreply.", config->hostname, NULL);

    return g_ascii_strcasecmp(domain, now) == 0 || g_ascii_strcasecmp(domain, always) == 0;
}

bool
mp_config_takes_token(const MpConfig *config)
{
    return config->authentication == MP_AUTH_XOAUTH2 ||
           config->authentication == MP_AUTH_OAUTHBEARER;
}
