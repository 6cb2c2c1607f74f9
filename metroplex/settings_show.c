/* The page of settings, as a terminal of 80 columns shows it; see settings_show.h. */
#include "settings_show.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "cli/colour.h"
#include "cli/json.h"

#define COLUMNS 78

/* --- The page -------------------------------------------------------------------------------- */

/* The value, escaped; of a secret, and of what may be one, only what may be said. */
static char *
text_of(const MpSettingValue *v)
{
    if (v->key == NULL)
        return g_strdup(v->is_set > 0    ? _("(set)")
                        : v->is_set == 0 ? _("(not set)")
                                         : _("(cannot be seen from here)"));
    if (v->value == NULL)
        return g_strdup(v->fault != NULL ? _("(not shown)") : "");
    return mp_escape(v->value);
}

/* "smtp.port = 587                (default)": where it comes from is at the right, or below. */
static void
print_value(const MpSettingValue *v)
{
    const char *origin = v->key == NULL ? "" : v->is_from_file ? _("file") : _("default");
    g_autofree char *value = text_of(v);
    g_autofree char *line = g_strdup_printf("    %s = %s", v->setting->name, value);
    glong room = COLUMNS - g_utf8_strlen(line, -1), width = g_utf8_strlen(origin, -1);

    if (v->is_from_file)
        mp_print_in_colour(MP_BOLD, line);
    else
        fputs(line, stdout);
    if (width > 0 && room <= width)
        printf("\n%*s%s", (int)(COLUMNS - width), "", origin);
    else if (width > 0)
        printf("%*s%s", (int)(room - width), "", origin);
    putchar('\n');
}

static void
print_fault(const char *indent, const char *fault)
{
    g_autofree char *shown = mp_escape(fault);
    g_autofree char *line = g_strdup_printf("%s! %s", indent, shown);

    mp_print_in_colour(MP_RED, line);
    putchar('\n');
}

static void
print_setting(const MpSettingValue *v, bool is_first)
{
    if (v->setting->title != NULL) {
        fputs(is_first ? "" : "\n", stdout);
        mp_print_in_colour(MP_BOLD, _(v->setting->title));
        putchar('\n');
    }
    printf("  %s\n", _(v->setting->label));
    print_value(v);
    if (v->fault != NULL)
        print_fault("    ", v->fault);
}

static void
print_unknown(const GPtrArray *unknown)
{
    if (unknown->len == 0)
        return;
    putchar('\n');
    mp_print_in_colour(MP_BOLD, _("Unknown: remove these lines, or mend their spelling"));
    putchar('\n');
    for (guint i = 0; i < unknown->len; i++)
        print_fault("  ", g_ptr_array_index(unknown, i));
}

void
mp_settings_show(const MpSettings *settings)
{
    g_autofree char *file = mp_escape(settings->file);

    printf("%s\n", file);
    if (settings->fault != NULL)
        print_fault("", settings->fault);
    putchar('\n');
    for (guint i = 0; i < settings->values->len; i++)
        print_setting(g_ptr_array_index(settings->values, i), i == 0);
    print_unknown(settings->unknown);
}

/* --- For programs: English in every locale, but for what is wrong ------------------------------
 */

void
mp_setting_show_json(const MpSettingValue *v)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "key", v->setting->name);
    mp_json_text(object, "label", v->setting->label);
    mp_json_text(object, "type", v->key != NULL ? mp_config_type_name(v->key) : "secret");
    mp_json_text(object, "value", v->value);
    if (v->key == NULL && v->is_set >= 0)
        mp_json_flag(object, "set", v->is_set > 0);
    else if (v->key == NULL)
        mp_json_text(object, "set", NULL);
    else
        mp_json_text(object, "origin", v->is_from_file ? "file" : "default");
    mp_json_text(object, "fault", v->fault);
    mp_json_print(object);
}

static void
show_other_fault_json(const char *key, const char *fault)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "key", key);
    mp_json_text(object, "fault", fault);
    mp_json_print(object);
}

void
mp_settings_show_json(const MpSettings *settings)
{
    if (settings->fault != NULL)
        show_other_fault_json(NULL, settings->fault);
    for (guint i = 0; i < settings->values->len; i++)
        mp_setting_show_json(g_ptr_array_index(settings->values, i));
    for (guint i = 0; i < settings->unknown->len; i++)
        show_other_fault_json(g_ptr_array_index(settings->unknown, i), "unknown");
}

/* --- Changes --------------------------------------------------------------------------------- */

unsigned
mp_settings_what_to_apply(const GPtrArray *changes)
{
    unsigned apply = 0;

    for (guint i = 0; i < changes->len; i++) {
        const MpSettingChange *change = g_ptr_array_index(changes, i);

        apply |= change->setting->apply;
    }
    return apply;
}

static void
print_change(const MpSettingChange *c)
{
    g_autofree char *before = c->before != NULL ? mp_escape(c->before) : g_strdup(_("(not shown)"));
    g_autofree char *after = c->after != NULL ? mp_escape(c->after) : g_strdup(_("(not shown)"));

    printf("    %s = %s", c->setting->name, after);
    if (c->is_default)
        printf(" (%s)", _("default"));
    if (strcmp(before, after) != 0)
        printf(_("    was: %s"), before);
    putchar('\n');
}

static void
print_changes(const char *file, const GPtrArray *changes, unsigned applied)
{
    unsigned apply = mp_settings_what_to_apply(changes) & ~applied;
    g_autofree char *shown = mp_escape(file);

    if (changes->len == 0) {
        printf(_("Nothing to save: %s says so already.\n"), shown);
        return;
    }
    printf(_("Saved in %s:\n"), shown);
    for (guint i = 0; i < changes->len; i++)
        print_change(g_ptr_array_index(changes, i));
    puts(_("The next run of the programs reads it, within a minute."));
    if (apply != 0)
        puts(_("To be applied:"));
    for (unsigned what = 1; what <= apply; what <<= 1)
        if ((apply & what) != 0)
            printf("    %s\n", _(mp_apply_text(what)));
}

static void
print_changes_json(const char *file, const GPtrArray *changes, unsigned applied)
{
    JsonObject *object = json_object_new();
    JsonArray *array;
    unsigned apply = mp_settings_what_to_apply(changes) & ~applied;

    mp_json_text(object, "file", file);
    array = mp_json_array(object, "changes");
    for (guint i = 0; i < changes->len; i++) {
        const MpSettingChange *c = g_ptr_array_index(changes, i);
        JsonObject *change = json_object_new();

        mp_json_text(change, "key", c->setting->name);
        mp_json_text(change, "value", c->after);
        mp_json_text(change, "was", c->before);
        mp_json_text(change, "origin", c->is_default ? "default" : "file");
        json_array_add_object_element(array, change);
    }
    array = mp_json_array(object, "apply");
    for (unsigned what = 1; what <= apply; what <<= 1)
        if ((apply & what) != 0)
            json_array_add_string_element(array, mp_apply_text(what));
    mp_json_print(object);
}

void
mp_settings_show_changes(const char *file, const GPtrArray *changes, bool is_json, unsigned applied)
{
    if (is_json)
        print_changes_json(file, changes, applied);
    else
        print_changes(file, changes, applied);
}
