/* The mails that came to their end and are kept: how many, how old, how large. */
#pragma once

#include "maildir/maildir.h"

typedef struct {
    char *name;      /* the list's */
    gint64 received; /* seconds since 1970: the file's time, since a move changes none */
    gint64 size;     /* octets */
} MpKeptMail;

/* The regular files of DATA/incoming-mail/success or failure, the longest kept first. GArray of
 * MpKeptMail, the caller's. */
GArray *mp_kept_list(const char *data, MpOutcome outcome, GError **error);
