/* What a configuration says, as a page; see settings.h. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "settings/settings.h"

static void
value_free(MpSettingValue *of)
{
    g_free(of->fault);
    g_free(of->value);
    g_free(of);
}

void
mp_settings_free(MpSettings *settings)
{
    if (settings == NULL)
        return;
    g_free(settings->file);
    g_free(settings->password_file);
    g_free(settings->fault);
    g_clear_pointer(&settings->values, g_ptr_array_unref);
    g_clear_pointer(&settings->unknown, g_ptr_array_unref);
    g_free(settings);
}

const MpSettingValue *
mp_settings_get(const MpSettings *settings, const char *name)
{
    for (guint i = 0; i < settings->values->len; i++) {
        const MpSettingValue *v = g_ptr_array_index(settings->values, i);

        if (strcmp(v->setting->name, name) == 0)
            return v;
    }
    return NULL;
}

/* Whether there is a password: never what it is. */
static void
look_at_password(const char *file, bool is_needed, bool translated, MpSettingValue *v)
{
    const char *missing = N_("is missing: authentication needs it");
    struct stat st;

    v->is_from_file = true;
    v->fault = mp_config_password_fault(file, translated);
    if (stat(file, &st) == 0)
        v->is_set = st.st_size > 0;
    else
        v->is_set = errno == ENOENT ? 0 : -1;
    if (is_needed && v->is_set == 0 && v->fault == NULL)
        v->fault = g_strdup(translated ? _(missing) : missing);
}

static const MpConfigValue *
find(const GPtrArray *values, const char *name)
{
    const MpConfigKey *key = mp_config_find_key(name);

    for (guint i = 0; i < values->len; i++) {
        const MpConfigValue *v = g_ptr_array_index(values, i);

        if (v->key == key)
            return v;
    }
    return NULL;
}

static const char *
what_holds(const MpConfigValue *v)
{
    return v->value != NULL ? v->value : v->fallback;
}

static MpSettingValue *
read_setting(const MpSettings *settings, const GPtrArray *values, const MpSetting *setting,
             bool translated)
{
    MpSettingValue *v = g_new0(MpSettingValue, 1);
    const MpConfigValue *from = find(values, setting->name);

    v->setting = setting;
    if (from == NULL) {
        const char *mechanism = what_holds(find(values, "smtp.authentication"));

        look_at_password(settings->password_file, g_strcmp0(mechanism, "none") != 0, translated, v);
        return v;
    }
    v->key = from->key;
    v->is_from_file = from->value != NULL;
    v->fault = g_strdup(from->fault);
    if (from->fault == NULL || !mp_config_may_be_secret(from->key))
        v->value = g_strdup(what_holds(from));
    return v;
}

static void
check_file(MpSettings *settings)
{
    g_autoptr(GError) why = NULL;

    if (!mp_config_check_owner(settings->file, &why))
        settings->fault = g_strdup(why->message);
    settings->n_wrong = settings->unknown->len + (settings->fault != NULL);
    for (guint i = 0; i < settings->values->len; i++) {
        const MpSettingValue *v = g_ptr_array_index(settings->values, i);

        settings->n_wrong += v->fault != NULL;
    }
}

MpSettings *
mp_settings_read(const char *file, bool translated, GError **error)
{
    g_autoptr(MpSettings) settings = g_new0(MpSettings, 1);
    g_autofree char *text = NULL;
    gsize length;

    settings->file = g_strdup(file);
    settings->values = g_ptr_array_new_with_free_func((GDestroyNotify)value_free);
    settings->unknown = g_ptr_array_new_with_free_func(g_free);
    if (!mp_config_read(file, &text, &length, error))
        return NULL;
    g_autoptr(GPtrArray) values =
        mp_config_examine(file, text, length, translated, settings->unknown, error);
    if (values == NULL)
        return NULL;
    const MpConfigValue *path = find(values, "smtp.password-file");
    settings->password_file = g_strdup(path->fault == NULL ? what_holds(path) : path->fallback);
    for (gsize i = 0; i < mp_settings_n; i++)
        g_ptr_array_add(settings->values,
                        read_setting(settings, values, &mp_settings_table[i], translated));
    check_file(settings);
    return g_steal_pointer(&settings);
}
