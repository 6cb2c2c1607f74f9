/*
 * Another program, run to its end: no shell, nothing inherited but what is said here.
 *
 * The child has standard input from /dev/null, no other open file of ours (so no lock outlives us
 * in it), default signals, a session of its own (so that nothing can ask at our terminal), and dies
 * with us. What it prints is kept up to a limit; the rest is read and thrown away.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    int status;       /* its exit status; -1 if a signal ended it or it was too slow */
    bool is_too_slow; /* it was killed, since `seconds` were over */
    char *out, *err;  /* what it printed, valid UTF-8 or not; never NULL */
} MpProcess;

void mp_process_clear(MpProcess *program);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpProcess, mp_process_clear)

/*
 * Runs argv[0], looked up in PATH, with exactly this environment; `seconds` 0 waits for ever. False
 * if it could not be started: MP_ERROR_INSTALLATION if there is no such program. How it ended is
 * the caller's to judge.
 */
bool mp_process_run(MpProcess *program, const char *const *argv, const char *const *environment,
                    int seconds, GError **error);
