/*
 * A bundle for who helps: one archive of what an installation looks like, masked, with a list of
 * its members' SHA-256. Written as a stream, so that memory does not grow with the logs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "report/parts.h"

typedef struct {
    const char *file;
    bool includes_mail; /* of failure/ */
    bool may_replace;   /* the file */
} MpBundleWishes;

typedef struct {
    guint members;
    guint64 octets; /* of the archive */
} MpBundle;

/*
 * Writes it to a file that has no name before it is whole, mode 0600: MP_ERROR_INPUT if the file is
 * there and may not be replaced. Where the file system has no such files it has a temporary name.
 * What could not be seen is in the report's notes, and in the bundle.
 */
bool
mp_bundle_write(MpBundle *bundle, MpReport *report, const MpBundleWishes *wishes, GError **error);

/* What would go in: a member or a directory of them, roughly how many octets before they are packed
 * (-1: not known before), and what it is. */
typedef void (*MpBundleTell)(const char *name, gint64 octets, const char *what, gpointer user_data);
void mp_bundle_list(MpReport *report, const MpBundleWishes *wishes, MpBundleTell tell,
                    gpointer user_data);
