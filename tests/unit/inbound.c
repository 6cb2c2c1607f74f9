/*
 * What is decided of a mail, and what it becomes: the steps of inbound.c on mails that were made
 * up, in this process. The way as a whole, with files, worker and processes, is
 * tests/system/inbound's.
 */
#include <criterion/criterion.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inbound/inbound.h"
#include "inbound/internal.h"
#include "instance.h"
#include "policy/commands.h"

static MpInbound inbound;
static GPtrArray *deliveries;

static void
open_with(const char *more)
{
    inbound = (MpInbound){.instance = test_instance_open(more)};
    deliveries = g_ptr_array_new_with_free_func((GDestroyNotify)mp_delivery_free);
}

static void
close_all(void)
{
    g_clear_pointer(&deliveries, g_ptr_array_unref);
    g_clear_error(&inbound.first_deferral);
    test_instance_close();
}

TestSuite(inbound, .fini = close_all, .timeout = 60);

/* --- Mails made up --- */

static int
file_of(const char *text)
{
    int fd = memfd_create("mail", MFD_CLOEXEC);

    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return fd;
}

/* Parsed and extracted here, as the worker would. */
static MpDelivery *
deliver(const char *from, const char *to, const char *id, const char *body)
{
    g_autofree char *text = g_strdup_printf(
        "From: %s\nTo: %s\nMessage-ID: <%s>\nSubject: Re: Engine\n\n%s", from, to, id, body);
    MpMail *mail = g_new0(MpMail, 1);
    g_autoptr(GError) error = NULL;

    mail->name = g_strdup(id);
    mail->path = g_strconcat("new/", id, NULL);
    mail->fd = file_of(text);
    mail->size = (gint64)strlen(text);
    mail->received = g_get_real_time();
    MpDelivery *delivery = mp_delivery_new(mail);
    MpMessage *message = mp_message_parse(text, strlen(text), NULL, &error);
    cr_assert_not_null(message);
    mp_delivery_set_message(delivery, message, MP_FAULT_NONE, NULL);
    delivery->extraction = mp_extract(message, NULL, false);
    g_ptr_array_add(deliveries, delivery);
    return delivery;
}

/* From bob, to his own address for the issue. */
static MpDelivery *
deliver_from_bob(const char *id, const char *body)
{
    g_autofree char *address = test_instance_address(3);

    return deliver("bob@example.com", address, id, body);
}

static void
judge(void)
{
    g_autoptr(GError) error = NULL;

    cr_assert(mp_inbound_judge(&inbound, deliveries, &error), "%s",
              error != NULL ? error->message : "");
}

static void
expect_reason(const MpDelivery *delivery, const char *reason)
{
    cr_assert_not_null(delivery->decision.gate, "%s", reason);
    cr_expect_str_eq(delivery->decision.gate->reason, reason, "%s: %s", reason,
                     delivery->decision.why);
}

static char *
comment_text(guint64 number)
{
    g_autoptr(MpComment) comment = NULL;

    cr_assert(mp_tracker_comment(inbound.instance->tracker, 1, number, &comment, NULL));
    return comment != NULL ? g_strdup(comment->body) : NULL;
}

static guint
count_due(void)
{
    gint64 next;
    g_autoptr(GPtrArray) due = mp_outbox_due(inbound.instance->outbox, G_MAXINT64 / 2, &next, NULL);

    cr_assert_not_null(due);
    return due->len;
}

/* --- Identify and decide --- */

Test(inbound, a_mail_to_ones_own_address_is_a_comment)
{
    open_with("");
    const MpDelivery *delivery = deliver_from_bob("a@example.com", "It starts here.\n");

    judge();
    expect_reason(delivery, "posted");
    cr_expect(delivery->identity.is_verified);
    cr_expect_str_eq(delivery->identity.account->login, "bob");
    cr_expect_eq(delivery->identity.thread->id, 1);
    cr_expect_str_eq(delivery->composed.body, "It starts here.");
    cr_expect_null(delivery->decision.response);
}

Test(inbound, who_writes_to_somebody_elses_address_is_refused_and_the_account_hears_of_it)
{
    open_with("");
    g_autofree char *address = test_instance_address(3);
    const MpDelivery *delivery = deliver("eve@example.net", address, "a@example.net", "Hello.\n");

    judge();
    expect_reason(delivery, "sender-mismatch");
    cr_assert_not_null(delivery->decision.response);
    cr_expect_eq(delivery->decision.response->user, 3);
}

Test(inbound, an_address_with_another_digit_verifies_for_nobody)
{
    open_with("");
    g_autofree char *address = test_instance_address(3);
    char *digit = strchr(address, '@') - 1;

    *digit = *digit == '1' ? '2' : '1'; /* the account's number */
    const MpDelivery *delivery = deliver("bob@example.com", address, "a@example.com", "Hello.\n");
    judge();
    expect_reason(delivery, "bad-address");
    cr_expect_null(delivery->identity.account);
    cr_expect_null(delivery->decision.response, "nobody hears of what somebody forged");
}

static void
suspend(MpUser *user)
{
    user->is_active = false;
}

static void
revoke_addresses(MpUser *user)
{
    user->epoch++;
}

static void
lock(MpThread *thread)
{
    thread->is_locked = true;
}

Test(inbound, what_the_tracker_says_now_decides)
{
    open_with("");
    const MpDelivery *delivery = deliver_from_bob("a@example.com", "Hello.\n");

    judge();
    expect_reason(delivery, "posted");
    test_instance_change_thread(lock);
    judge();
    expect_reason(delivery, "locked");
    test_instance_change_user(3, suspend);
    judge();
    expect_reason(delivery, "suspended");
    test_instance_change_user(3, revoke_addresses);
    judge();
    expect_reason(delivery, "bad-address");
    cr_expect(!delivery->identity.is_verified);
    cr_expect_null(delivery->identity.account, "nothing is left of whom it was");
    cr_expect_null(delivery->identity.thread);
    cr_expect_null(delivery->identity.repository);
    cr_expect_null(delivery->identity.key);
}

Test(inbound, the_second_of_two_equal_mails_in_a_batch_is_a_duplicate)
{
    open_with("");
    const MpDelivery *first = deliver_from_bob("a@example.com", "Hello.\n");
    const MpDelivery *second = deliver_from_bob("a@example.com", "Hello.\n");

    judge();
    expect_reason(first, "posted");
    expect_reason(second, "duplicate");
}

Test(inbound, the_mails_before_it_in_the_batch_count_against_the_hour)
{
    open_with("[limits]\ncomments-per-hour = 2\n");
    const MpDelivery *mails[] = {deliver_from_bob("a@example.com", "One.\n"),
                                 deliver_from_bob("b@example.com", "Two.\n"),
                                 deliver_from_bob("c@example.com", "Three.\n")};

    judge();
    expect_reason(mails[0], "posted");
    expect_reason(mails[1], "posted");
    expect_reason(mails[2], "rate-limited");
}

/* --- Compose and post --- */

Test(inbound, commands_are_cut_off_and_done_with_the_comment)
{
    open_with("");
    g_autofree char *address = test_instance_address(1);
    const MpDelivery *delivery =
        deliver("tim@example.com", address, "a@example.com", "/close\n\nIt was the cable.\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(MpThread) thread = NULL;

    judge();
    expect_reason(delivery, "posted");
    cr_assert(mp_inbound_post(&inbound, deliveries, true, &error), "%s",
              error != NULL ? error->message : "");
    g_autofree char *text = comment_text(1);
    cr_expect_str_eq(text, "It was the cable.\n");
    cr_assert(mp_tracker_thread(inbound.instance->tracker, 1, &thread, NULL));
    cr_expect(!thread->is_open);
    cr_expect_eq(count_due(), 2, "the comment and the change of state are announced");
}

Test(inbound, a_command_of_somebody_who_may_not_give_it_changes_nothing)
{
    open_with("");
    const MpDelivery *delivery = deliver_from_bob("a@example.com", "/close\n");

    judge();
    expect_reason(delivery, "not-permitted");
    const MpGivenCommand *undone = mp_mail_commands_undone(delivery->composed.commands);
    cr_assert_not_null(undone);
    cr_expect_str_eq(undone->line, "/close");
    cr_expect_eq(undone->fate, MP_FATE_AUTHOR);
}

Test(inbound, no_address_in_the_text_proves_itself_to_others)
{
    open_with("");
    g_autofree char *address = test_instance_address(3);
    g_autofree char *body = g_strdup_printf("Write to %s.\n", address);
    const MpDelivery *delivery = deliver("bob@example.com", address, "a@example.com", body);
    g_autofree char *mac = g_strndup(strchr(address, '+') + strlen("+i-1-"), 40);

    judge();
    expect_reason(delivery, "posted");
    cr_expect_null(strstr(delivery->composed.body, mac), "%s", delivery->composed.body);
}

/* The branch moves between judgement and commit: the batch is built again, as of what is there now.
 */
Test(inbound, what_somebody_changed_meanwhile_decides)
{
    open_with("");
    const MpDelivery *delivery = deliver_from_bob("a@example.com", "Hello.\n");
    g_autoptr(GError) error = NULL;

    judge();
    expect_reason(delivery, "posted");
    test_instance_change_thread_unseen(lock);
    cr_assert(mp_inbound_post(&inbound, deliveries, true, &error), "%s",
              error != NULL ? error->message : "");
    expect_reason(delivery, "locked");
    g_autofree char *text = comment_text(1);
    cr_expect_null(text);
    cr_expect_eq(count_due(), 1, "the answer to it");
}

Test(inbound, what_was_posted_is_a_duplicate_from_then_on)
{
    open_with("");
    deliver_from_bob("a@example.com", "Hello.\n");
    const MpDelivery *delivery = g_ptr_array_index(deliveries, 0);

    judge();
    cr_assert(mp_inbound_post(&inbound, deliveries, true, NULL));
    cr_expect_eq(delivery->identity.comment, 1);
    judge();
    expect_reason(delivery, "duplicate");
    cr_expect_eq(delivery->identity.comment, 1, "its number is found");
    cr_assert(mp_inbound_post(&inbound, deliveries, true, NULL));
    g_autofree char *second = comment_text(2);
    cr_expect_null(second);
    cr_expect_eq(count_due(), 1);
}

/* --- Looked at while the batch before comes true --- */

static const char *const bodies[] = {"One.\n", "Two.\n", "Three.\n", "Four.\n"};

#define AS_IT_WAS_READ 17 /* seconds; no thread is so old */

static MpDelivery *
look_ahead(void)
{
    deliver_from_bob("a@example.com", "Hello.\n");
    MpDelivery *delivery = g_ptr_array_index(deliveries, 0);

    cr_assert(mp_inbound_look_ahead(&inbound, delivery, NULL));
    expect_reason(delivery, "posted");
    delivery->identity.thread->created = AS_IT_WAS_READ;
    return delivery;
}

Test(inbound, what_was_looked_at_is_looked_at_again_once_more_was_done_on_it)
{
    open_with("");
    const MpDelivery *delivery = look_ahead();

    judge();
    expect_reason(delivery, "posted");
    cr_expect_eq(delivery->identity.thread->created, AS_IT_WAS_READ, "nothing has changed");
    judge();
    cr_expect_neq(delivery->identity.thread->created, AS_IT_WAS_READ, "which nobody knows now");
}

Test(inbound, a_thread_that_was_locked_since_it_was_looked_at_is_locked)
{
    open_with("");
    const MpDelivery *delivery = look_ahead();

    test_instance_change_thread(lock);
    judge();
    expect_reason(delivery, "locked");
}

Test(inbound, an_account_that_was_suspended_since_its_mail_was_looked_at_is_suspended)
{
    open_with("");
    const MpDelivery *delivery = look_ahead();

    test_instance_change_user(3, suspend);
    judge();
    expect_reason(delivery, "suspended");
}

Test(inbound, what_is_held_since_it_was_looked_at_is_asked_about)
{
    open_with("");
    const MpDelivery *delivery = look_ahead();

    inbound.n_changes++;
    judge();
    cr_expect_neq(delivery->identity.thread->created, AS_IT_WAS_READ);
}

/* Four mails, of which the worker was asked about all but the first. */
static void
ask_about_others_first(void)
{
    inbound.worker = mp_extraction_worker(G_N_ELEMENTS(bodies));
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autofree char *id = g_strdup_printf("%u@example.com", i);
        MpDelivery *delivery = deliver_from_bob(id, bodies[i]);

        g_clear_pointer(&delivery->extraction, mp_extraction_free);
        delivery->is_parsed = delivery->is_prepared = true;
        if (i > 0)
            cr_assert(mp_inbound_look_ahead(&inbound, delivery, NULL));
    }
}

static void
expect_own_replies(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        expect_reason(delivery, "posted");
        cr_expect(g_str_has_prefix(bodies[i], delivery->composed.body), "%s",
                  delivery->composed.body);
    }
    g_clear_pointer(&inbound.worker, mp_worker_free);
}

/* The worker answers in the order in which it was asked, which is not that of the mails. */
Test(inbound, each_mail_gets_its_own_reply_whichever_was_asked_about_first)
{
    open_with("");
    ask_about_others_first();
    judge();
    expect_own_replies();
}

Test(inbound, what_the_worker_did_not_answer_is_asked_again)
{
    open_with("");
    ask_about_others_first();
    mp_inbound_give_up_asking(&inbound, deliveries);
    cr_expect_eq(mp_worker_pending(inbound.worker), 0);
    judge();
    expect_own_replies();
}

Test(inbound, mails_that_the_worker_was_asked_about_are_judged_by_what_is_so_now)
{
    open_with("");
    ask_about_others_first();
    test_instance_change_thread(lock);
    judge();
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++)
        expect_reason(g_ptr_array_index(deliveries, i), "locked");
    g_clear_pointer(&inbound.worker, mp_worker_free);
}

/* Nothing is decided of what nobody has read. */
Test(inbound, a_mail_that_was_not_read_stays)
{
    open_with("");
    MpDelivery *delivery = deliver_from_bob("a@example.com", "Hello.\n");

    g_clear_pointer(&delivery->message, mp_message_free);
    judge();
    cr_expect(delivery->is_deferred);
    cr_expect_null(delivery->decision.gate);
}

/* --- How much the worker is asked --- */

#define LARGE       (512 * 1024)      /* octets of a request */
#define ASKED       (8 * 1024 * 1024) /* that are reached and then not exceeded */
#define LARGE_MAILS 40                /* of which fewer are asked about at once */

static gsize most_asked;

static bool
ask_much(MpInbound *of, MpDelivery *delivery, GError **error)
{
    g_autofree char *text = g_strnfill(LARGE, 'x');
    const MpMessage message = {.plain = text};

    if (!mp_extraction_send(of->worker, &message, NULL, false, false, error))
        return false;
    mp_inbound_await(of, delivery);
    most_asked = MAX(most_asked, mp_worker_pending_size(of->worker));
    return true;
}

static bool
take_any(MpInbound *of, MpDelivery *delivery, GError **error)
{
    return mp_inbound_is_next(of, delivery, error) &&
           (delivery->extraction = mp_extraction_receive(of->worker, NULL, error)) != NULL;
}

/* Whoever sends large mails must not fill the memory of the run. */
Test(inbound, no_more_is_asked_ahead_than_a_few_octets)
{
    g_autoptr(GError) error = NULL;

    open_with("");
    inbound.worker = mp_extraction_worker(LARGE_MAILS);
    for (guint i = 0; i < LARGE_MAILS; i++) {
        g_autofree char *id = g_strdup_printf("%u@example.com", i);
        MpDelivery *delivery = deliver_from_bob(id, "Hello.\n");

        g_clear_pointer(&delivery->extraction, mp_extraction_free);
    }
    cr_assert(mp_inbound_ask_worker(&inbound, deliveries, ask_much, take_any, &error), "%s",
              error != NULL ? error->message : "");
    cr_expect_gt(most_asked, LARGE, "it is asked ahead");
    cr_expect_leq(most_asked, ASKED + LARGE + 4096, "%zu octets", most_asked);
    g_clear_pointer(&inbound.worker, mp_worker_free);
}
