/* A repository for tests: acme/rocket below a root of its own, made by git. */
#pragma once

#include "repo/history.h"
#include "scratch.h"

/* Runs shell commands in ROOT/acme/rocket.git, where $G is git with nobody's configuration; their
 * output, the caller's. */
char *repo_run(const ScratchPath *root, const char *commands);

/* A root with an empty acme/rocket.git; the caller's. */
ScratchPath *repo_make(void);

/* acme/rocket, opened; the test fails if it is not readable. The caller's. */
MpRepo *repo_open(const ScratchPath *root);

/* What a shell command prints, an id, as one. */
git_oid repo_id(const ScratchPath *root, const char *revision);
