/*
 * Other programs: no shell, and nothing inherited but what is said here.
 *
 * The child has the descriptors that it is given and no other (so no lock outlives us in it),
 * default signals, and dies with us.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/file.h"

#define MP_PROCESS_FDS 4

typedef enum {
    MP_GROUP_OF_PARENT,
    MP_GROUP_OF_ITS_OWN,   /* all of it can be killed at once */
    MP_SESSION_OF_ITS_OWN, /* likewise, and nothing in it can ask at our terminal */
} MpProcessGroup;

typedef struct {
    const char *path;
    const char *const *argv, *const *environment;
    int fds[MP_PROCESS_FDS]; /* its descriptors 0, 1, 2, …; -1: /dev/null */
    guint n_fds;
    MpProcessGroup group;
} MpProcessStart;

/*
 * Starts a program. Negative with errno if there can be no process; a program that cannot be
 * executed says why on its descriptor 2 and ends with status 126, and with 127 if its descriptors
 * could not be prepared.
 */
pid_t mp_process_start(const MpProcessStart *start);

/* Ends one that has a group or session of its own, with all that it started; its status as
 * waitpid(2) has it. */
int mp_process_kill(pid_t pid);

/* A pipe for what it writes; reading from our end does not block. False with errno. */
bool mp_process_pipe(MpFd *read_end, MpFd *write_end);

typedef struct {
    int status;       /* its exit status; -1 if a signal ended it or it was too slow */
    bool is_too_slow; /* it was killed, since `seconds` were over */
    char *out, *err;  /* what it printed, valid UTF-8 or not; never NULL */
} MpProcess;

void mp_process_clear(MpProcess *process);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpProcess, mp_process_clear)

/* One that runs beside us. Freed before its end, it is killed with all that it started. */
typedef struct MpRunning MpRunning;

/*
 * Starts argv[0], looked up in PATH, with exactly this environment. It reads /dev/null, has `also`
 * as its descriptor 3 (-1: none), and a session of its own. NULL if it could not be started:
 * MP_ERROR_INSTALLATION if there is no such program. `argv` and `environment` are needed for this
 * call only.
 */
MpRunning *
mp_process_begin(const char *const *argv, const char *const *environment, int also, GError **error);
void mp_running_free(MpRunning *running);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRunning, mp_running_free)

/* Whether it has ended, which mp_process_end() then finds without waiting. */
bool mp_running_is_over(const MpRunning *running);

/*
 * Waits for its end, `seconds` from its start at most; 0 waits for ever. What it prints is kept up
 * to a limit; the rest is read and thrown away, but only from here on: one that prints more than a
 * pipe holds (64 KiB) stands still before. How it ended is the caller's to judge.
 */
void mp_process_end(MpRunning *running, MpProcess *process, int seconds);

/* Both at once. */
bool mp_process_run(MpProcess *process, const char *const *argv, const char *const *environment,
                    int seconds, GError **error);

/* The same of one that reads `input`, from where that stands; -1: /dev/null. */
bool mp_process_feed(MpProcess *process, const char *const *argv, const char *const *environment,
                     int input, int seconds, GError **error);
