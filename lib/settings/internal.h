/* Inside of lib/settings. */
#pragma once

#include "base/file.h"
#include "settings/edit.h"
#include "settings/settings.h"

/* The configuration as it would be saved. */
MpConfig *mp_settings_edit_config(const MpSettingsEdit *edit, GError **error);

/* Whether the configuration gives the key a value; and where it lies. */
bool mp_settings_edit_says(const MpSettingsEdit *edit, const char *name);
const char *mp_settings_edit_path(const MpSettingsEdit *edit);

/* Replaces a file as a whole, synced, and nothing that is no regular file (MP_ERROR_INPUT). With
 * `unchanged` only if that one's file still is what was read. */
bool
mp_settings_replace(const char *path, const void *bytes, gsize length, const MpFileAccess *access,
                    const MpSettingsEdit *unchanged, GError **error);
