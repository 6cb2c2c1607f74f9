/* notifier preview THREAD COMMENT LOGIN: the message, not sent. */
#include "commands.h"
#include "outbound/notice_facts.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"

/* Why this user would get it. */
static const char *
reason_for(const MpNotice *notice, guint64 user)
{
    for (guint i = 0; notice->subscribers != NULL && i < notice->subscribers->len; i++) {
        const MpSubscriber *subscriber = notice->subscribers->pdata[i];

        if (subscriber->user == user && strcmp(subscriber->reason, MP_MUTED) != 0)
            return subscriber->reason;
    }
    return mp_has_id(notice->repository->watchers, user) ? "subscribed" : "manual";
}

static MpUser *
find_user(const MpInstance *instance, const char *login, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    g_autofree char *shown = mp_escape_word(login);

    if (!mp_accounts_user_by_login(instance->accounts, login, &user, error))
        return NULL;
    if (user == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "no such user: %s", shown);
    if (mp_user_address(user) == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "%s has no address%s", shown,
                            user->emails->len > 0 ? " that is not suppressed" : "");
    return g_steal_pointer(&user);
}

static MpNotice *
find_notice(const MpInstance *instance, guint64 thread, guint64 comment, GError **error)
{
    const MpNoticeFacts facts = {.kind = comment == 0 ? MP_EVENT_OPENED : MP_EVENT_COMMENT,
                                 .thread = thread,
                                 .comment = comment};
    g_autoptr(MpThread) found = NULL;
    MpNotice *notice;

    if (!mp_tracker_thread(instance->tracker, thread, &found, error))
        return NULL;
    if (found == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT, thread);
    if (mp_notice_load(instance, &facts, &notice, error) && notice == NULL)
        mp_fail(error, MP_ERROR_INPUT,
                "thread %" G_GUINT64_FORMAT " has no comment %" G_GUINT64_FORMAT, thread, comment);
    return notice;
}

static bool
preview(const MpInstance *instance, guint64 thread, guint64 comment, const char *login,
        GError **error)
{
    g_autoptr(MpUser) user = find_user(instance, login, error);
    g_autoptr(MpNotice) notice =
        user != NULL ? find_notice(instance, thread, comment, error) : NULL;
    g_autoptr(MpOutgoingMail) message = NULL;

    if (notice == NULL)
        return false;
    message = mp_notification_render(notice->notification, user, mp_user_address(user),
                                     reason_for(notice, user->id), error);
    if (message == NULL)
        return false;
    fwrite(message->text, 1, message->length, stdout);
    return true;
}

int
cmd_preview(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    guint64 thread, comment = 0;

    mp_options_parse(
        &options, NULL, "THREAD COMMENT LOGIN",
        "Prints the message about comment COMMENT of thread THREAD (0 is its opening post)\n"
        "that LOGIN would get. Nothing is sent and nothing is recorded.",
        3, 3, &argc, &argv);
    if (!mp_parse_id(argv[1], "thread", &thread, &error) ||
        (strcmp(argv[2], "0") != 0 && !mp_parse_id(argv[2], "comment", &comment, &error)) ||
        !mp_instance_load(&instance, &options, &error) ||
        !mp_instance_open_keys(&instance, &error) || !mp_instance_open_tracker(&instance, &error) ||
        !preview(&instance, thread, comment, argv[3], &error))
        return mp_report(error);
    return EX_OK;
}
