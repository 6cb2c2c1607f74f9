/* Checks of an account's facts; see user_checks.h. */
#include "user_checks.h"

#include <string.h>

#include "address/mailbox.h"
#include "base/error.h"
#include "base/escape.h"
#include "tracker/guests.h"

#define NAME_MAX_CHARACTERS 200

static char *
refuse(const char *what, const char *value, const char *why, GError **error)
{
    g_autofree char *shown = mp_escape_word(value);

    mp_fail(error, MP_ERROR_INPUT, "%s is not a %s: %s", shown, what, why);
    return NULL;
}

char *
mp_checked_login(const char *login, GError **error)
{
    if (mp_is_guest_login(login))
        return refuse("login", login, "guest- is kept for guests", error);
    if (mp_is_login(login))
        return g_strdup(login);
    return refuse("login", login, "it takes letters, digits and single inner hyphens, at most 39",
                  error);
}

char *
mp_checked_name(const char *name, GError **error)
{
    g_autofree char *line = mp_one_line(name);

    if (!g_utf8_validate(name, -1, NULL))
        return refuse("name", name, "it is not UTF-8", error);
    if (*line == '\0' || strcmp(line, name) != 0)
        return refuse("name", name, "it takes one line, without controls and needless blanks",
                      error);
    if (g_utf8_strlen(line, -1) > NAME_MAX_CHARACTERS)
        return refuse("name", name, "it is longer than 200 characters", error);
    return g_steal_pointer(&line);
}

char *
mp_checked_email(const MpConfig *config, const char *email, GError **error)
{
    char *mailbox;
    const char *why = mp_mailbox_fault(config, email, &mailbox);

    return why != NULL ? refuse("mail address", email, why, error) : mailbox;
}
