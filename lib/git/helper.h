/* Talking to a Git server by one of git's helpers (gitremote-helpers(7)); for talk.c. */
#pragma once

#include "git/talk.h"

/* As in talk.h. */
bool mp_helper_open(MpTalk *talk);
void mp_helper_push(MpTalk *talk, const MpTalkPush *push);
