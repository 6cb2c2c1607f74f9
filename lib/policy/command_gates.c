/* The gates of commands that are not done; see command_gates.h. */
#include "policy/command_gates.h"

#include <string.h>

#include "base/escape.h"
#include "policy/commands.h"

/* There is nothing but commands of which none is done: then *undone is the first. */
static bool
does_nothing(const MpGateInput *d, const MpGivenCommand **undone)
{
    *undone = mp_mail_commands_undone(d->composed->commands);
    return *undone != NULL && d->composed->body[strspn(d->composed->body, " \t\r\n")] == '\0' &&
           !mp_mail_commands_any(d->composed->commands, true);
}

bool
mp_command_is_not_permitted(const MpGateInput *d, char **why)
{
    const MpGivenCommand *undone;

    if (!does_nothing(d, &undone) ||
        (undone->fate != MP_FATE_GUESTS && undone->fate != MP_FATE_AUTHOR &&
         undone->fate != MP_FATE_MEMBERS))
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    *why = g_strdup_printf("%s: %s is neither a member of %s%s", undone->command->word, login,
                           d->identity->repository->name,
                           undone->fate == MP_FATE_AUTHOR ? " nor the thread's author" : "");
    return true;
}

bool
mp_command_is_unknown(const MpGateInput *d, char **why)
{
    const MpGivenCommand *undone;

    if (!does_nothing(d, &undone))
        return false;
    g_autofree char *line = mp_escape(undone->line);
    *why = g_strdup_printf("%s is meant as a command, and cannot be done", line);
    return true;
}
