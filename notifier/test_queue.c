/* notifier test --through-queue: the way of a notification, and its end. */
#include "notify/notify.h"
#include "outbound/outbound.h"
#include "outbox/server_state.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/signal.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/output.h"

#define LOOK_EVERY (200 * 1000) /* microseconds, while another notifier runs */

typedef struct {
    MpInstance *instance;
    const char *address, *key;
    gint64 since; /* microseconds since the epoch: what failed later may be ours */
    MpFd fd;      /* the event's file, wherever it is */
    bool was_told_of_another;
} Test;

/* --- What became of it ---------------------------------------------------------------------- */

/* The conversation that failed, as it was kept: without its head and its sentence. */
static MpCause
print_conversation(const Test *test)
{
    const MpConfig *config = test->instance->config;
    g_autofree char *kept = mp_config_path(config, "outbox/" MP_OUTBOX_CONVERSATIONS);
    MpCause cause = config->transport == MP_TRANSPORT_MAILDIR ? MP_CAUSE_STORE : MP_CAUSE_UNKNOWN;
    g_autofree char *text = mp_smtp_last_kept(kept, test->since, test->address, &cause);

    if (text != NULL)
        mp_print_text(text);
    return cause;
}

static int
tell_failure(const Test *test, int status, const char *reply)
{
    g_autofree char *shown = mp_escape(reply);
    MpCause cause;

    printf("%s\n", shown);
    cause = print_conversation(test);
    mp_test_say(MP_RED, mp_cause_sentence(cause));
    if (status == EX_TEMPFAIL)
        mp_test_say(MP_RED, g_strdup_printf(_("It stays in the queue and is tried again: "
                                              "`notifier queue show %s` tells when."),
                                            test->key));
    return status;
}

static int
tell_outcome(const Test *test, const MpEventRecipient *recipient)
{
    if (recipient->state != MP_RECIPIENT_SENT)
        return tell_failure(
            test, recipient->state == MP_RECIPIENT_DEFERRED ? EX_TEMPFAIL : EX_UNAVAILABLE,
            recipient->reply);
    g_autofree char *shown = mp_escape(recipient->reply);
    printf("%s\n", shown);
    mp_test_say(MP_GREEN, mp_test_success(test->instance->config, test->address));
    return EX_OK;
}

/* It was not tried, since nothing can be: the record of the server says why. */
static int
tell_server(const Test *test, GError **error)
{
    g_autoptr(MpServer) server = mp_server_load(test->instance->outbox, error);

    if (server == NULL)
        return mp_report(*error);
    return tell_failure(test, EX_TEMPFAIL, server->reply != NULL ? server->reply : "-");
}

/* --- Waiting for it ------------------------------------------------------------------------- */

/* True if it has come to an end for now, with its status. */
static bool
is_decided(const Test *test, int *status, GError **error)
{
    g_autoptr(MpEventFile) file =
        mp_event_file_follow(test->instance->outbox, test->key, test->fd, error);
    const GPtrArray *recipients = file != NULL ? mp_event_file_recipients(file) : NULL;
    struct stat st;

    if (file == NULL) {
        *status = mp_report(*error);
        return true;
    }
    if (recipients->len > 0 &&
        ((const MpEventRecipient *)recipients->pdata[0])->state != MP_RECIPIENT_PENDING) {
        *status = tell_outcome(test, recipients->pdata[0]);
        return true;
    }
    if (fstat(test->fd, &st) < 0 || st.st_nlink > 0)
        return false;
    mp_test_say(MP_RED, g_strdup(_("Somebody took it out of the queue before it was sent.")));
    *status = EX_TEMPFAIL;
    return true;
}

/* One pass as the notifier makes it, of all that is due. */
static bool
pass(const Test *test, GError **error)
{
    gint64 next_due = G_MAXINT64;
    int status = EX_OK;

    if (!mp_server_look_soon(test->instance->outbox, error))
        return false;
    g_autoptr(MpOutbound) outbound = mp_outbound_new(test->instance, mp_is_stopped, error);
    return outbound != NULL && mp_outbound_pass(outbound, &next_due, &status, error);
}

static void
wait_for_another(Test *test)
{
    if (!test->was_told_of_another)
        mp_test_say(MP_GREEN, g_strdup(_("Another notifier is running and takes it.")));
    test->was_told_of_another = true;
    g_usleep(LOOK_EVERY);
}

static int
wait_for_end(Test *test, GError **error)
{
    int status = EX_TEMPFAIL;

    while (!is_decided(test, &status, error) && !mp_is_stopped()) {
        g_autoptr(MpLock) lock = mp_instance_lock_outbox(test->instance, MP_LOCK_TRY, error);

        if (*error == NULL && lock == NULL) {
            wait_for_another(test);
            continue;
        }
        if (*error != NULL || !pass(test, error))
            return mp_report(*error);
        return is_decided(test, &status, error) ? status : tell_server(test, error);
    }
    return status;
}

static bool
submit(Test *test, GError **error)
{
    const MpEvent event = {.key = (char *)test->key,
                           .kind = MP_EVENT_TEST,
                           .created = mp_time_now(),
                           .host = test->instance->host,
                           .address = (char *)test->address};

    return mp_outbox_submit(test->instance->outbox, &event, &test->fd, error);
}

int
mp_test_through_queue(MpInstance *instance, const char *address, const char *key, GError **error)
{
    Test test = {instance, address, key, g_get_real_time(), -1, false};
    int status;

    if (!instance->config->enabled)
        mp_fail(error, MP_ERROR_INSTALLATION,
                "mail is not enabled ([smtp] enabled = false): nothing leaves the queue");
    if (*error != NULL || !mp_instance_open_outbox(instance, error) ||
        !mp_instance_open_tracker(instance, error) || !submit(&test, error))
        return mp_report(*error);
    printf(_("Queued as %s.\n"), key);
    fflush(stdout);
    mp_catch_signals();
    status = wait_for_end(&test, error);
    mp_fd_clear(&test.fd);
    return status;
}
