/*
 * Inside of lib/settings: a key file as people wrote it, changed in one line and nowhere else. GLib
 * would write the whole file anew, without the empty lines and the spacing of whoever keeps it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Gives [group] key this value. The line that counts (the last, if it stands there twice) gets it;
 * where there is none, one is added below a comment that shows the key as an example, else at the
 * end of the group, else with the group at the end of the file. Every other octet stays.
 */
void mp_edit_set(GString *text, const char *group, const char *key, const char *value);

/* Takes all lines of the key away. False if there was none. */
bool mp_edit_unset(GString *text, const char *group, const char *key);
