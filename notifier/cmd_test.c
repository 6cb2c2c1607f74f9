/* notifier test ADDRESS: a test mail, what the server says to it, and what to change. */
#include "commands.h"
#include "instance/instance.h"
#include "notify/notify.h"
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"

#define PATIENCE 60 /* seconds that a person waits for an answer */

static void
print_line(const char *line, gpointer unused)
{
    (void)unused;
    printf("%s\n", line);
    fflush(stdout); /* as it happens */
}

void
mp_test_say(MpColour colour, char *sentence)
{
    g_autofree char *line = g_strconcat(sentence, "\n", NULL);

    mp_print_in_colour(colour, line);
    fflush(stdout);
    g_free(sentence);
}

/* What time may mend is 75, as the queue would try it again. */
static int
exit_status(MpSendResult result, int code)
{
    if (result == MP_SENT)
        return EX_OK;
    if (result == MP_DEFERRED || result == MP_UNAVAILABLE || code / 100 == 4)
        return EX_TEMPFAIL;
    return EX_UNAVAILABLE;
}

char *
mp_test_success(const MpConfig *config, const char *address)
{
    g_autofree char *shown = mp_escape(address), *place = mp_escape(config->maildir);

    if (config->transport == MP_TRANSPORT_MAILDIR)
        return g_strdup_printf(_("The message for %s lies in %s, and no server has seen it: "
                                 "smtp.transport = maildir."),
                               shown, place);
    return g_strdup_printf(_("The server took the message for %s: the settings work."), shown);
}

/* Nobody waits at a terminal as long as the queue does. */
static void
lower_timeouts(MpConfig *config)
{
    int *const seconds[] = {&config->connect_timeout, &config->reply_timeout, &config->data_timeout,
                            &config->block_timeout, &config->end_timeout};

    for (gsize i = 0; i < G_N_ELEMENTS(seconds); i++)
        *seconds[i] = MIN(*seconds[i], PATIENCE);
}

static void
log_outcome(const MpOutgoingMail *mail, MpSendResult result, MpCause cause, const char *reply)
{
    g_autofree char *to = mp_escape(mail->recipient);

    if (result == MP_SENT)
        mp_info("notifier: test %s to %s: %s", mail->message_id, to, reply);
    else
        mp_warn("notifier: test %s to %s failed (%s): %s", mail->message_id, to,
                mp_cause_row(cause)->name, reply);
}

static int
send_now(const MpConfig *config, const MpOutgoingMail *mail, GError **error)
{
    g_autofree char *kept = mp_config_path(config, "outbox/" MP_OUTBOX_CONVERSATIONS);
    g_autofree char *reply = NULL;
    MpSmtp *smtp = mp_smtp_open(config, error);
    MpSendResult result;
    MpCause cause;
    int code;

    if (smtp == NULL)
        return mp_report(*error);
    mp_smtp_watch(smtp, print_line, NULL);
    mp_smtp_keep(smtp, kept);
    result =
        mp_smtp_send(smtp, mail->sender, mail->recipient, mail->text, mail->length, &reply, &code);
    cause = mp_smtp_look_again(smtp);
    mp_smtp_close(smtp); /* its QUIT is a part of the conversation */
    log_outcome(mail, result, cause, reply);
    mp_test_say(result == MP_SENT ? MP_GREEN : MP_RED,
                result == MP_SENT ? mp_test_success(config, mail->recipient)
                                  : mp_cause_sentence(cause));
    return exit_status(result, code);
}

static int
test_now(MpInstance *instance, const char *address, const char *key, GError **error)
{
    const MpTestMailFacts facts = {instance->config, instance->keys, key, mp_time_now()};
    g_autoptr(MpOutgoingMail) mail = mp_test_mail_render(&facts, address, error);

    if (mail == NULL)
        return mp_report(*error);
    if (!instance->config->enabled)
        mp_test_say(MP_RED, g_strdup(_("Mail is not enabled (smtp.enabled = false): this test "
                                       "is sent, and notifications are not.")));
    lower_timeouts(instance->config);
    return send_now(instance->config, mail, error);
}

/* An address is checked before anything is written or connected to. */
static bool
check_address(const char *address, GError **error)
{
    const char *fault = mp_smtp_fault_of_address(address);
    g_autofree char *shown = mp_escape(address);

    return fault == NULL || mp_fail(error, MP_ERROR_INPUT, "the address %s %s", shown, fault);
}

static void
print_opening(const MpConfig *config)
{
    g_autofree char *opening = mp_test_mail_opening(config), *shown = mp_escape(opening);

    print_line(shown, NULL);
}

/* An event's KEY, and the Message-ID. */
static char *
make_key(GError **error)
{
    g_autofree char *random = mp_random_hex(8, error);

    return random != NULL ? g_strconcat("test-", random, NULL) : NULL;
}

int
cmd_test(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *key = NULL;
    gboolean through_queue = FALSE;
    const GOptionEntry entries[] = {
        {"through-queue", 0, 0, G_OPTION_ARG_NONE, &through_queue,
         "the way of a notification: into the queue, and wait for its end", NULL},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(&options, entries, "[--through-queue] ADDRESS",
                     "Sends a test email to ADDRESS, shows the conversation with the server as it\n"
                     "happens, and says what to change if the server does not take it.\n\n"
                     "  notifier test you@example.org",
                     1, 1, &argc, &argv);
    if (!check_address(argv[1], &error) || !mp_instance_load(&instance, &options, &error) ||
        !mp_instance_open_log(&instance, "notifier.log", &error) ||
        !mp_instance_open_keys(&instance, &error) || (key = make_key(&error)) == NULL)
        return mp_report(error);
    signal(SIGPIPE, SIG_IGN); /* of a server that goes: libcurl is told to leave signals alone */
    print_opening(instance.config);
    if (through_queue)
        return mp_test_through_queue(&instance, argv[1], key, &error);
    return test_now(&instance, argv[1], key, &error);
}
