/* Inside of lib/maildir: what maildir.c and outcomes.c share. */
#pragma once

#include "maildir/maildir.h"

struct MpMaildir {
    char *new_path, *outcome_path[MP_N_OUTCOMES];
    int new_fd, outcome_fd[MP_N_OUTCOMES], incoming_fd;
    bool is_moved;
    char *data;
    char *mended;         /* the file of outcomes that this process can append to; or NULL */
    GHashTable *reported; /* names that are no regular files, already logged */
};
