/* metroplex thread: the table of its subcommands, and what they share. */
#include "thread.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "commands.h"

bool
thread_begin(MpInstance *instance, GError **error)
{
    return mp_instance_lock(instance, error) && mp_transaction_recover(instance, error);
}

bool
thread_check_repository(const char *name, GError **error)
{
    g_autofree char *shown = mp_escape_word(name);

    return mp_is_repository_name(name) ||
           mp_fail(error, MP_ERROR_INPUT, "--repository: %s does not have the form owner/name",
                   shown);
}

char *
thread_read_label(const char *text, GError **error)
{
    g_autofree char *label = g_utf8_normalize(text, -1, G_NORMALIZE_NFC);
    g_autofree char *shown = mp_escape_word(text);

    if (label != NULL && mp_is_label(label))
        return g_steal_pointer(&label);
    return mp_fail_null(error, MP_ERROR_INPUT,
                        "%s is no label: at most %d letters, digits and - _ . : / + # & = ! ? %%",
                        shown, MP_LABEL_MAX);
}

bool
thread_check_title(const char *what, const char *title, GError **error)
{
    g_autofree char *shown = mp_escape(title), *line = mp_one_line(title);

    if (*line == '\0')
        return mp_fail(error, MP_ERROR_INPUT, "%s: it is empty", what);
    if (!mp_is_visible_line(title))
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s: %s is not one line, holds a control or an invisible character, or is "
                       "not UTF-8",
                       what, shown);
    return g_utf8_strlen(line, -1) <= MP_TITLE_MAX ||
           mp_fail(error, MP_ERROR_INPUT, "%s: longer than %d characters", what, MP_TITLE_MAX);
}

char *
thread_read_title(const MpConfig *config, const char *what, const char *title, GError **error)
{
    if (!thread_check_title(what, title, error))
        return NULL;
    g_autofree char *line = mp_one_line(title), *masked = mp_masked(config, line, MP_MASK_TEXT);

    return thread_check_title(what, masked, error) ? g_steal_pointer(&masked) : NULL;
}

MpUser *
thread_account(MpInstance *instance, const char *login, GError **error)
{
    g_autoptr(MpUser) user = mp_instance_user(instance, login, error);

    if (user != NULL && user->is_guest)
        return mp_fail_null(error, MP_ERROR_INPUT,
                            "%s is a guest, who speaks by mail, and hears of its threads alone",
                            user->login);
    return g_steal_pointer(&user);
}

MpUser *
thread_actor(MpInstance *instance, const char *login, GError **error)
{
    g_autoptr(MpUser) user = thread_account(instance, login, error);

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

GString *
mp_visible_text(const char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 1);

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (mp_reorders(c))
            g_string_append_printf(out, "\\u{%04X}", c);
        else if (c == 0x2028 || c == 0x2029 || c == '\f' || c == '\v' ||
                 (c == '\r' && p[1] != '\n'))
            g_string_append_c(out, '\n');
        else if (!mp_is_deceptive(c))
            g_string_append_unichar(out, c);
    }
    return out;
}

static const MpCommand subcommands[] = {
    {"assign", thread_change, "say who is to see to a thread"},
    {"close", thread_change, "close a thread"},
    {"comment", thread_comment, "add a comment; prints its number"},
    {"export", thread_export, "print a thread as JSON or mbox"},
    {"import", thread_import, "add a thread from JSON or mbox; prints its id"},
    {"label", thread_change, "add labels"},
    {"list", thread_list, "list threads"},
    {"lock", thread_change, "let only members of the repository answer"},
    {"mute", thread_subscribe, "mute a thread for somebody"},
    {"open", thread_open, "open a thread; prints its id"},
    {"redact", thread_redact, "take away what a comment says"},
    {"reopen", thread_change, "open a closed thread again"},
    {"show", thread_show, "show a thread with its comments"},
    {"subscribe", thread_subscribe, "send a thread's notifications to somebody"},
    {"title", thread_change, "give a thread another title"},
    {"unassign", thread_change, "say that somebody is not any more"},
    {"unlabel", thread_change, "remove labels"},
    {"unlock", thread_change, "let everybody answer again"},
    {"unsubscribe", thread_subscribe, "mute a thread for somebody"},
};

int
cmd_thread(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
