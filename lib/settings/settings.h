/*
 * The page of settings: what a configuration says, in the order and the words of GitHub Enterprise
 * Server's settings for email, and how a program changes it without touching what it did not ask
 * for. The keys themselves, their types and checks are lib/base's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"

/* ---- The page ---- */

/* What a change of a setting asks for, beside the next run of the programs, which reads it. */
typedef enum {
    MP_APPLY_POSTFIX = 1 << 0,  /* metroplex configure --apply */
    MP_APPLY_INIT = 1 << 1,     /* metroplex init */
    MP_APPLY_UNITS = 1 << 2,    /* paths that the units of systemd name as well */
    MP_APPLY_DNS = 1 << 3,      /* records of the domain */
    MP_APPLY_NEW_MAIL = 1 << 4, /* answers to mails sent before go to the old name */
} MpApply;

typedef struct {
    const char *title; /* begins a group of the page; else NULL */
    const char *name;  /* "smtp.port" */
    const char *label; /* the page's words; like the title to be translated by _() */
    unsigned apply;    /* MpApply */
} MpSetting;

/* The settings in the page's order. */
extern const MpSetting mp_settings_table[];
extern const gsize mp_settings_n;

/* The one setting that is no key, but what stands in the file that smtp.password-file names. */
#define MP_SETTING_PASSWORD "smtp.password"

/* The setting of this name, or NULL. */
const MpSetting *mp_setting_find(const char *name);

/* What has to be done for one kind of change: a command, or what to look after; to be translated.
 */
const char *mp_apply_text(MpApply what);

typedef struct {
    const MpSetting *setting;
    const MpConfigKey *key; /* NULL: the password */
    char *value;            /* that holds; NULL where it is a secret, or may be one */
    bool is_from_file;      /* else it is the default */
    int is_set;             /* of the password: 1, 0, or -1 where that cannot be seen from here */
    char *fault;            /* what is wrong with it, or NULL */
} MpSettingValue;

typedef struct {
    char *file;
    char *password_file; /* where the password is looked for */
    char *fault;         /* who could change the file and must not, or NULL */
    GPtrArray *values;   /* MpSettingValue */
    GPtrArray *unknown;  /* "[group] key" of those that no program knows */
    guint n_wrong;       /* of all of the above */
} MpSettings;

/* What the file says, whatever is wrong with it; that in the operator's language, if `translated`.
 * MP_ERROR_INSTALLATION if it is no key file. */
MpSettings *mp_settings_read(const char *file, bool translated, GError **error);
void mp_settings_free(MpSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpSettings, mp_settings_free)

/* The value of this name; NULL if there is no such setting. */
const MpSettingValue *mp_settings_get(const MpSettings *settings, const char *name);

/* ---- Changes ---- */

/* A configuration that is being changed: in memory, until it is saved. It is locked for all others
 * that do the same. */
typedef struct MpSettingsEdit MpSettingsEdit;

/* MP_ERROR_INSTALLATION if its owner or mode are not as mp_config_check_owner() wants them. */
MpSettingsEdit *mp_settings_edit(const char *file, GError **error);
void mp_settings_edit_free(MpSettingsEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpSettingsEdit, mp_settings_edit_free)

/* MP_ERROR_INPUT for a name that is none, a secret, or a value that is wrong by itself. */
bool
mp_settings_edit_set(MpSettingsEdit *edit, const char *name, const char *value, GError **error);
bool mp_settings_edit_unset(MpSettingsEdit *edit, const char *name, GError **error);

/* What holds and did not before. */
typedef struct {
    const MpSetting *setting;
    char *before, *after; /* NULL: not to be shown */
    bool is_default;      /* the default holds now */
} MpSettingChange;

/*
 * Replaces the file as a whole, if the new one is right as a whole: synced, with the owner and mode
 * of the old one. MP_ERROR_INPUT if the changes do not fit together, MP_ERROR_INSTALLATION if it
 * was wrong before and still is, MP_ERROR_TEMPORARY if somebody changed it meanwhile: then nothing
 * is saved. Gives the changes (MpSettingChange), which may be none; NULL with *error set.
 */
GPtrArray *mp_settings_edit_save(MpSettingsEdit *edit, GError **error);

/* ---- The secret ---- */

#define MP_PASSWORD_LIMIT 4096 /* octets */

/*
 * Reads a secret of one line: from a terminal, at the prompt and without echo, else from standard
 * input all that it has, or with `leaves_rest` its next line. It may be empty; MP_ERROR_INPUT if
 * the input has ended or has no password. The caller frees it by mp_password_free().
 */
char *mp_password_read(const char *prompt, bool leaves_rest, GError **error);
void mp_password_free(char *password);

/*
 * Writes the password, whole and synced, for the user of the programs (the owner of the data
 * directory) and nobody else, into the file that smtp.password-file names; where the configuration
 * does not say, into one beside it, which it then names. `*path` is where, the caller's. The
 * changes are as mp_settings_edit_save() gives them.
 */
GPtrArray *
mp_settings_edit_password(MpSettingsEdit *edit, const char *password, char **path, GError **error);
