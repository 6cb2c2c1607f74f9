/*
 * A pass over what is due, in this process: messages go into a Maildir. The notifier as a program,
 * with servers and signals, is notify_program.c's and tests/system/sending's.
 */
#include <criterion/criterion.h>

#include <string.h>
#include <sysexits.h>

#include "instance.h"
#include "instance/transaction.h"
#include "outbound/notice_facts.h"
#include "outbound/outbound.h"

#define KEY "00000000000000000000000000000001"

TestSuite(outbound, .fini = test_instance_close, .timeout = 60);

static bool
goes_on(void)
{
    return false;
}

static bool
stops(void)
{
    return true;
}

static void
announce(const MpInstance *instance, const char *key, MpEventKind kind)
{
    g_autoptr(MpEvent) event = mp_transaction_event(instance, kind, key, 1, 1);

    cr_assert(mp_outbox_stage(instance->outbox, event, NULL) &&
              mp_outbox_publish(instance->outbox, key, NULL));
}

static void
pass(const MpInstance *instance, bool (*is_stopped)(void))
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpOutbound) outbound = mp_outbound_new(instance, is_stopped, &error);
    gint64 next_due;
    int status = EX_OK;

    cr_assert(outbound != NULL && mp_outbound_pass(outbound, &next_due, &status, &error), "%s",
              error != NULL ? error->message : "");
    cr_expect_eq(status, EX_OK);
}

static guint
count(const char *directory)
{
    g_autofree char *path = test_instance_path(directory);
    g_autoptr(GDir) opened = g_dir_open(path, 0, NULL);
    guint n = 0;

    while (opened != NULL && g_dir_read_name(opened) != NULL)
        n++;
    return n;
}

Test(outbound, everybody_but_the_actor_is_told_once)
{
    const MpInstance *instance = test_instance_open("");

    announce(instance, KEY, MP_EVENT_OPENED);
    pass(instance, goes_on);
    cr_expect_eq(count("sent/new"), 2, "ada and bob");
    cr_expect_eq(count("outbox/new") + count("outbox/retry"), 0);
    pass(instance, goes_on);
    cr_expect_eq(count("sent/new"), 2);
}

Test(outbound, what_is_stopped_begins_no_message_and_loses_none)
{
    const MpInstance *instance = test_instance_open("");

    announce(instance, KEY, MP_EVENT_OPENED);
    pass(instance, stops);
    cr_expect_eq(count("sent/new"), 0);
    pass(instance, goes_on);
    cr_expect_eq(count("sent/new"), 2);
}

Test(outbound, a_change_that_is_not_in_the_tracker_waits)
{
    const MpInstance *instance = test_instance_open("");

    announce(instance, "0000000000000000000000000000000f", MP_EVENT_COMMENT);
    pass(instance, goes_on);
    cr_expect_eq(count("sent/new"), 0);
    cr_expect_eq(count("outbox/retry"), 1);
}

static void
deactivate(MpUser *user)
{
    user->is_active = false;
}

Test(outbound, who_is_suspended_is_not_told)
{
    const MpInstance *instance = test_instance_open("");

    announce(instance, KEY, MP_EVENT_OPENED);
    test_instance_change_user(2, deactivate);
    pass(instance, goes_on);
    cr_expect_eq(count("sent/new"), 1);
}

Test(outbound, a_notice_knows_who_follows_the_thread)
{
    const MpInstance *instance = test_instance_open("");
    const MpNoticeFacts facts = {.kind = MP_EVENT_OPENED, .thread = 1},
                        none = {.kind = MP_EVENT_COMMENT, .thread = 1, .comment = 7};
    g_autoptr(MpNotice) notice = NULL, nothing = NULL;

    cr_assert(mp_notice_load(instance, &facts, &notice, NULL));
    cr_assert_not_null(notice);
    cr_expect_str_eq(notice->actor->login, "tim");
    cr_expect_eq(notice->subscribers->len, 3, "its author, ada and bob");
    cr_expect(mp_notice_load(instance, &none, &nothing, NULL));
    cr_expect_null(nothing, "there is no such comment");
}
