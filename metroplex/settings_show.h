/* Settings, printed for people and for programs. */
#pragma once

#include "settings/settings.h"

void mp_settings_show(const MpSettings *settings);

/* One JSON object a line: a setting, or a key that is none. */
void mp_settings_show_json(const MpSettings *settings);
void mp_setting_show_json(const MpSettingValue *value);

/* What all of these changes ask for (MpApply). */
unsigned mp_settings_what_to_apply(const GPtrArray *changes);

/* What was saved, and what has to be done for it but for what is `applied` (MpApply) anyway; `file`
 * is the one that it stands in. */
void mp_settings_show_changes(const char *file, const GPtrArray *changes, bool is_json,
                              unsigned applied);
