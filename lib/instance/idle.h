/*
 * Whether there is anything for a run to do, told from files alone: most runs of a timer find
 * nothing, and need none of the libraries that mail needs. What cannot be looked at counts as
 * something to do: who does it can say why. No lock is needed; what comes meanwhile is for the next
 * run.
 */
#pragma once

#include <stdbool.h>

#include "base/config.h"

/* Whether a run that died left something to be finished, or other hosts may have news for our copy,
 * which the notifier reads. */
bool mp_is_work_left(const MpConfig *config);

/* Whether there is nothing at all: no mail, none held, nothing left, nothing for a child, and no
 * repository that is watched, since what happened there nobody knows without a look. */
bool mp_is_idle(const MpConfig *config);
