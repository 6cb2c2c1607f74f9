/* A tracker in a scratch directory, and a thread in it. */
#pragma once

#include "scratch.h"
#include "tracker/tracker.h"

#define FIXTURE_HOST "git.example.org"

/* Account 5, who does what is done. */
extern const MpActor fixture_tim;

/* Made and opened; the caller's to close. */
MpTracker *fixture_tracker(const ScratchPath *scratch);

/* An issue of acme/rocket by tim, who is told of it unless `subscribes_nobody`; its id. */
guint64 fixture_thread(MpBatch *batch, const char *title, bool subscribes_nobody);
