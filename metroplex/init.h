/* What `metroplex init` makes, for itself and for `metroplex configure`. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/config.h"

typedef struct {
    const char *name; /* below the data directory */
    mode_t mode;
} InitDirectory;

extern const InitDirectory init_directories[];
extern const gsize init_n_directories;

/* Whether all that init makes is there, as far as names tell. */
bool init_is_complete(const MpConfig *config);
