/* metroplex thread: the table of its verbs, and what they share. */
#include "thread.h"

#include "base/error.h"
#include "commands.h"
#include "verbs.h"

bool
thread_begin(MpSite *site, GError **error)
{
    return mp_site_lock(site, error) && mp_transaction_recover(site, error);
}

MpUser *
thread_actor(MpSite *site, const char *login, GError **error)
{
    g_autoptr(MpUser) user = mp_site_user(site, login, error);

    if (user != NULL && !user->is_active)
        return mp_fail_null(error, MP_ERROR_INPUT, "the account %s is suspended", user->login);
    return g_steal_pointer(&user);
}

char *
thread_key(guint64 user, guint64 thread, const char *words)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *source = g_strconcat("command:", uuid, NULL);

    return mp_tracker_key(user, thread, source, words);
}

static const MpCommand verbs[] = {
    {"close", thread_change, "close a thread"},
    {"comment", thread_comment, "add a comment; prints its number"},
    {"list", thread_list, "list threads"},
    {"lock", thread_change, "let only members of the repository answer"},
    {"open", thread_open, "open a thread; prints its id"},
    {"reopen", thread_change, "open a closed thread again"},
    {"show", thread_show, "show a thread with its comments"},
    {"subscribe", thread_subscribe, "send a thread's notifications to somebody"},
    {"unlock", thread_change, "let everybody answer again"},
    {"unsubscribe", thread_subscribe, "mute a thread for somebody"},
};

int
cmd_thread(int argc, char **argv)
{
    return mp_verbs_run("thread", verbs, G_N_ELEMENTS(verbs), argc, argv);
}
