/*
 * Upkeep: each batch adds a pack, and what reads a repository looks through all of them. A run that
 * finds fifty has a child of its own, `metroplex repack`, make few of them, which may run beside
 * whoever writes (see tracker(5), Upkeep); mail goes on meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/config.h"
#include "cli/command.h"

#define MP_UPKEEP_REPOSITORIES 2

typedef struct {
    pid_t child; /* 0: none */
    bool is_failing;
    bool is_blind[MP_UPKEEP_REPOSITORIES]; /* its packs could not be counted, which was told */
} MpUpkeep;

extern const char *const mp_upkeep_repositories[MP_UPKEEP_REPOSITORIES];

/* Whether one of them has many packs. */
bool mp_upkeep_look(const MpConfig *config, gsize i, bool *has_many, GError **error);

/* Whether there is work for a child, or it cannot be told. */
bool mp_upkeep_is_due(const MpConfig *config);

/* Looks after the child: takes its end, or starts one if there is work and `may_start`; after one
 * that failed none is started. True while one is at work. */
bool
mp_upkeep_step(MpUpkeep *upkeep, const MpConfig *config, const MpOptions *options, bool may_start);

/* Ends a child that is still at work. What git leaves then, a later run removes. */
void mp_upkeep_stop(MpUpkeep *upkeep);

/* The child's work: makes few packs of those repositories that have many. Log and data directory
 * are open. */
bool mp_upkeep_repack(const MpConfig *config, GError **error);
