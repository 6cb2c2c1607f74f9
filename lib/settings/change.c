/* A configuration, changed and replaced as a whole; see settings.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/lock.h"
#include "settings/internal.h"

struct MpSettingsEdit {
    char *file; /* as it was called */
    char *path; /* where it lies, if a link leads there */
    MpLock *lock;
    char *before;
    gsize before_length;
    GString *text;
};

void
mp_settings_edit_free(MpSettingsEdit *edit)
{
    if (edit == NULL)
        return;
    g_free(edit->file);
    free(edit->path);
    mp_lock_release(edit->lock);
    g_free(edit->before);
    if (edit->text != NULL)
        g_string_free(edit->text, TRUE);
    g_free(edit);
}

MpSettingsEdit *
mp_settings_edit(const char *file, GError **error)
{
    g_autoptr(MpSettingsEdit) edit = g_new0(MpSettingsEdit, 1);

    if (!mp_config_check_owner(file, error))
        return NULL;
    edit->file = g_strdup(file);
    edit->path = realpath(file, NULL);
    if (edit->path == NULL)
        return mp_fail_errno_null(error, "cannot look at %s", file);
    g_autofree char *directory = g_path_get_dirname(edit->path);
    edit->lock = mp_lock_take_directory(directory, MP_LOCK_WAIT, error);
    if (edit->lock == NULL ||
        !mp_config_read(edit->path, &edit->before, &edit->before_length, error))
        return NULL;
    edit->text = g_string_new_len(edit->before, (gssize)edit->before_length);
    return g_steal_pointer(&edit);
}

/* --- In memory ------------------------------------------------------------------------------- */

static const MpConfigKey *
find_key(const char *name, GError **error)
{
    const MpConfigKey *key = mp_config_find_key(name);
    g_autofree char *shown = mp_escape(name);

    if (strcmp(name, MP_SETTING_PASSWORD) == 0)
        return mp_fail_null(error, MP_ERROR_INPUT,
                            "%s is a secret, which no command line and no configuration may hold: "
                            "metroplex settings secret %s",
                            name, name);
    if (key == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT,
                            "%s is no setting: metroplex settings lists them", shown);
    return key;
}

bool
mp_settings_edit_set(MpSettingsEdit *edit, const char *name, const char *value, GError **error)
{
    const MpConfigKey *key = find_key(name, error);
    g_autofree char *stripped = g_strstrip(g_strdup(value)), *shown = mp_escape(stripped);

    if (key == NULL)
        return false;
    g_autofree char *fault = mp_config_fault(key, stripped, false);
    if (fault != NULL && mp_config_may_be_secret(key))
        return mp_fail(error, MP_ERROR_INPUT, "%s: its value %s", name, fault);
    if (fault != NULL)
        return mp_fail(error, MP_ERROR_INPUT, "%s: \"%s\" %s", name, shown, fault);
    mp_edit_set(edit->text, key->group, key->key, stripped);
    return true;
}

bool
mp_settings_edit_unset(MpSettingsEdit *edit, const char *name, GError **error)
{
    const MpConfigKey *key = find_key(name, error);

    if (key != NULL)
        mp_edit_unset(edit->text, key->group, key->key);
    return key != NULL;
}

MpConfig *
mp_settings_edit_config(const MpSettingsEdit *edit, GError **error)
{
    return mp_config_parse(edit->file, edit->text->str, edit->text->len, NULL, error);
}

/* --- What changes ---------------------------------------------------------------------------- */

static void
change_free(gpointer change)
{
    MpSettingChange *c = change;

    g_free(c->before);
    g_free(c->after);
    g_free(c);
}

static char *
shown(const MpConfigValue *v)
{
    bool is_hidden = v->fault != NULL && mp_config_may_be_secret(v->key);

    return is_hidden ? NULL : g_strdup(v->value != NULL ? v->value : v->fallback);
}

static void
compare(const MpConfigValue *before, const MpConfigValue *after, GPtrArray *changes)
{
    g_autofree char *name = g_strdup_printf("%s.%s", after->key->group, after->key->key);
    g_autofree char *was = shown(before), *is = shown(after);

    if (g_strcmp0(before->value, after->value) == 0 && g_strcmp0(was, is) == 0)
        return;
    MpSettingChange *change = g_new0(MpSettingChange, 1);
    change->setting = mp_setting_find(name);
    change->before = g_steal_pointer(&was);
    change->after = g_steal_pointer(&is);
    change->is_default = after->value == NULL;
    g_ptr_array_add(changes, change);
}

static GPtrArray *
examine(const MpSettingsEdit *edit, const char *text, gsize length)
{
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func(g_free);

    return mp_config_examine(edit->file, text, length, false, unknown, NULL);
}

static GPtrArray *
find_changes(const MpSettingsEdit *edit)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func(change_free);
    g_autoptr(GPtrArray) before = examine(edit, edit->before, edit->before_length);
    g_autoptr(GPtrArray) after = examine(edit, edit->text->str, edit->text->len);

    for (guint i = 0; before != NULL && after != NULL && i < after->len; i++)
        compare(g_ptr_array_index(before, i), g_ptr_array_index(after, i), changes);
    return changes;
}

bool
mp_settings_edit_says(const MpSettingsEdit *edit, const char *name)
{
    g_autoptr(GPtrArray) values = examine(edit, edit->text->str, edit->text->len);

    for (guint i = 0; values != NULL && i < values->len; i++) {
        const MpConfigValue *v = g_ptr_array_index(values, i);

        if (v->key == mp_config_find_key(name))
            return v->value != NULL;
    }
    return false;
}

const char *
mp_settings_edit_path(const MpSettingsEdit *edit)
{
    return edit->path;
}

/* --- The file -------------------------------------------------------------------------------- */

/* What is wrong with the new one is the fault of what was asked for, unless it was wrong before. */
static bool
check(const MpSettingsEdit *edit, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpConfig) after = mp_settings_edit_config(edit, &why);

    if (after != NULL)
        return true;
    g_autoptr(MpConfig) before =
        mp_config_parse(edit->file, edit->before, edit->before_length, NULL, NULL);
    return mp_fail(error, before != NULL ? MP_ERROR_INPUT : MP_ERROR_INSTALLATION,
                   "%s: nothing is saved", why->message);
}

/* Who edits by hand takes no lock. */
static bool
is_as_we_read_it(const MpSettingsEdit *edit, GError **error)
{
    g_autofree char *now = NULL;
    gsize length;

    if (!mp_config_read(edit->path, &now, &length, error))
        return false;
    return (length == edit->before_length && memcmp(now, edit->before, length) == 0) ||
           mp_fail(
               error, MP_ERROR_TEMPORARY,
               "%s was changed by somebody else meanwhile: nothing is saved, look and try again",
               edit->file);
}

bool
mp_settings_replace(const char *path, const void *bytes, gsize length, const MpFileAccess *access,
                    const MpSettingsEdit *unchanged, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);
    g_autofree char *fresh = g_strdup_printf(".%s.new", name);
    g_auto(MpFd) directory = mp_open_directory(parent, error);

    if (directory < 0 || !mp_may_replace(directory, name, error) ||
        !mp_write_new_file(directory, fresh, bytes, length, access, error))
        return false;
    if (unchanged != NULL && !is_as_we_read_it(unchanged, error)) {
        unlinkat(directory, fresh, 0);
        return false;
    }
    if (renameat(directory, fresh, directory, name) < 0) {
        mp_fail_errno(error, "cannot replace %s", path);
        unlinkat(directory, fresh, 0);
        return false;
    }
    return mp_sync_directory(directory, parent, error);
}

static bool
replace(const MpSettingsEdit *edit, GError **error)
{
    struct stat st;

    if (stat(edit->path, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", edit->path);
    const MpFileAccess access = {st.st_mode & 07777, st.st_uid, st.st_gid};
    if (mp_settings_replace(edit->path, edit->text->str, edit->text->len, &access, edit, error))
        return true;
    g_prefix_error(error, "%s: ", edit->file);
    return false;
}

GPtrArray *
mp_settings_edit_save(MpSettingsEdit *edit, GError **error)
{
    bool is_same = edit->text->len == edit->before_length &&
                   memcmp(edit->text->str, edit->before, edit->before_length) == 0;

    if (!check(edit, error) || (!is_same && !replace(edit, error)))
        return NULL;
    return find_changes(edit);
}
