/* Inside of lib/ledger: what counting and reading share. */
#pragma once

#include "base/lock.h"
#include "ledger/ledger.h"

#define LEDGER_FILE "counts"
#define LEDGER_MAX                                                                                 \
    (256 * 1024 * 1024) /* octets; a year of a busy server without compaction is a tenth */

/* DATA/ledger, the caller's. */
char *mp_ledger_directory(const char *data);

/* Takes the lock, by waiting; makes the directory where it is missing. */
MpLock *mp_ledger_lock(const char *directory, GError **error);

/* Appends "HOUR\tNAME\tCOUNT\n". */
void mp_ledger_print(GString *text, gint64 hour, const char *name, guint64 count);
