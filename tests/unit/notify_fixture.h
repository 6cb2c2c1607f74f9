/* What makes a notice, beside the facts that a test gives. */
#pragma once

#include "address/address.h"
#include "base/config.h"

/* The settings of git.example.org, whose pages are at `url`, and its keys; the caller's. */
void notify_fixture_load(const char *url, MpConfig **config, MpKeyRing **ring);
