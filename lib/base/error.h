/*
 * Errors, by what the caller does about them.
 *
 * Every function of this library that can fail returns bool or a pointer and takes a GError **.
 * All errors are of one domain with four kinds, since there are four things a caller can do: leave
 * the work for the next run, refuse this input, ask whether a server refuses this or everything, or
 * stop and tell the administrator.
 * Messages say what was tried, on which object, and why: "cannot move X to Y: No space left".
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    MP_ERROR_TEMPORARY,    /* try again later: disk full, locked, server away (EX_TEMPFAIL, 75) */
    MP_ERROR_INPUT,        /* this mail, argument or file is at fault (EX_DATAERR, 65) */
    MP_ERROR_REFUSED,      /* the tracker's server will not take it, as it is (EX_DATAERR, 65) */
    MP_ERROR_INSTALLATION, /* configuration, permissions, a damaged tracker (EX_CONFIG, 78) */
} MpErrorKind;

#define MP_ERROR (mp_error_quark())
GQuark mp_error_quark(void);

/* Sets *error (which may be NULL) and returns false, so that a caller can `return mp_fail(…)`. */
bool mp_fail(GError **error, MpErrorKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * The same with ": " and the text of errno at the end; the kind follows from errno. What time or
 * space can cure (ENOSPC, EIO, ENOMEM, EMFILE, EAGAIN, …) is temporary, all else is the
 * installation.
 */
bool mp_fail_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Like mp_fail_errno, for functions that return a pointer. */
#define mp_fail_null(...)       (mp_fail(__VA_ARGS__), NULL)
#define mp_fail_errno_null(...) (mp_fail_errno(__VA_ARGS__), NULL)

/* The status of sysexits(3) that a program ends with after this error; 70 for foreign domains. */
int mp_error_exit_status(const GError *error);

/* True for errors that the next run may not meet any more. */
bool mp_error_is_temporary(const GError *error);

/* True for MP_ERROR_REFUSED. */
bool mp_error_is_refused(const GError *error);
