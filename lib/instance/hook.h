/*
 * [inbound] on-comment: an executable that is given new comments, beside the run that made them.
 *
 * Comments that are due to it lie in DATA/hook, which is an outbox of its own: staged, published
 * and recovered with the events. A child of the run, `metroplex hook` (metroplex/cmd_hook.c), takes
 * it from there, so that mail goes on meanwhile; it has a lock of its own and ends with the run.
 */
#pragma once

#include <sys/types.h>

#include "instance/instance.h"

typedef struct {
    pid_t child;   /* 0: none */
    bool is_blind; /* what is due could not be looked up, which was told */
} MpHook;

/* Whether there is work for a child, or it cannot be told. */
bool mp_hook_is_due(const MpConfig *config);

/* Looks after the child: takes its end, or starts one if there is work and `may_start`. True while
 * one is at work. Without effect if nothing is configured. */
bool mp_hook_step(MpHook *hook, const MpConfig *config, const MpOptions *options, bool may_start);

/* Ends a child that is still at work; what it was about is done again. */
void mp_hook_stop(MpHook *hook);

/* A child in a process group of its own that dies with us and inherits nothing but the descriptors
 * `in` and `err` (-1: /dev/null); negative and errno if there can be none. */
pid_t mp_hook_start(const char *const *argv, int in, int err);

/* How a program that somebody else wrote ended. */
typedef struct {
    bool is_started, is_late;
    int status;      /* as waitpid has it, if it was started */
    char *complaint; /* the beginning of its standard error; the caller's */
} MpHookEnd;

/*
 * Runs the program with `input` on standard input for at most `seconds`; then it is killed. What it
 * started ends with it, whatever group or session that is in: the caller has no other child. It
 * inherits standard input, standard error and nothing else.
 */
void
mp_hook_execute(const char *program, const char *input, gsize length, int seconds, MpHookEnd *end);
