/* Errors by what the caller does about them; see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

G_DEFINE_QUARK(mp - error - quark, mp_error)

bool
mp_fail(GError **error, MpErrorKind kind, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, MP_ERROR, (int)kind, message);
    return false;
}

static MpErrorKind
kind_of_errno(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EINTR:
    case EBUSY:
    case EROFS:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ENETUNREACH:
        return MP_ERROR_TEMPORARY;
    default:
        return MP_ERROR_INSTALLATION;
    }
}

bool
mp_fail_errno(GError **error, const char *format, ...)
{
    int code = errno;
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, MP_ERROR, (int)kind_of_errno(code), "%s: %s", what, g_strerror(code));
    return false;
}

int
mp_error_exit_status(const GError *error)
{
    if (error == NULL)
        return EX_OK;
    if (error->domain != MP_ERROR)
        return EX_SOFTWARE;
    switch ((MpErrorKind)error->code) {
    case MP_ERROR_TEMPORARY:
        return EX_TEMPFAIL;
    case MP_ERROR_INPUT:
    case MP_ERROR_REFUSED:
        return EX_DATAERR;
    case MP_ERROR_INSTALLATION:
        return EX_CONFIG;
    }
    return EX_SOFTWARE;
}

bool
mp_error_is_temporary(const GError *error)
{
    return g_error_matches(error, MP_ERROR, MP_ERROR_TEMPORARY);
}

bool
mp_error_is_refused(const GError *error)
{
    return g_error_matches(error, MP_ERROR, MP_ERROR_REFUSED);
}
