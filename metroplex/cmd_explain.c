/*
 * metroplex explain: what would be done with a mail, and by which header, gate and rule. Reads
 * only.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "cli/colour.h"
#include "commands.h"
#include "tracker/changes.h"
#include "inbound/bounce.h"
#include "inbound/inbound.h"

static void
print_field(const char *label, const char *value)
{
    g_autofree char *shown = mp_escape(value);

    printf("  %-12s %s\n", label, shown);
}

static void
print_head(const MpDelivery *delivery)
{
    const MpMessage *message = delivery->message;

    if (message == NULL)
        return;
    print_field("Message-ID", message->message_id);
    for (guint i = 0; i < message->from->len; i++)
        print_field("From", g_ptr_array_index(message->from, i));
    print_field("Subject", message->subject);
    for (guint i = 0; i < message->repairs->len; i++)
        print_field("repaired", g_ptr_array_index(message->repairs, i));
    for (guint i = 0; i < message->attachments->len; i++) {
        const MpAttachment *a = g_ptr_array_index(message->attachments, i);
        g_autofree char *name = mp_escape(a->name);
        g_autofree char *size = g_format_size(a->size);

        const char *fate = delivery->composed.fates != NULL
                               ? g_ptr_array_index(delivery->composed.fates, i)
                               : a->refused;
        g_autofree char *shown = mp_escape(fate);
        printf("  %-12s %s, %s, %s%s%s\n", "attachment", name, a->type, size,
               fate != NULL ? ": " : "", fate != NULL ? shown : "");
    }
}

/* ", about commit 1a2b3c4d5e6f of acme/rocket": what of Git the thread is about; "" for an issue.
 * The caller's. */
static char *
about_of(const MpThread *thread)
{
    g_autofree char *object = thread != NULL ? mp_escape(thread->object) : NULL;

    if (thread == NULL || thread->object == NULL)
        return g_strdup("");
    return g_strdup_printf(", about %s %.*s of %s", thread->kind == MP_COMMIT ? "commit" : "branch",
                           mp_is_object_id(object) ? 12 : (int)strlen(object), object,
                           thread->repository);
}

/* Whose it is, and what for. */
static void
print_whose(const MpIdentity *identity)
{
    g_autofree char *about = about_of(identity->thread);

    if (identity->is_opening)
        printf("    a first mail to %s, from %s: %s\n", identity->repository->name,
               identity->account != NULL ? identity->account->login : "nobody with an account",
               identity->unproved != NULL ? identity->unproved : "proved");
    else if (identity->is_answer)
        printf("    an answer to a mail of thread %" G_GUINT64_FORMAT "%s, from %s: %s\n",
               identity->thread->id, about, identity->account->login,
               identity->unproved != NULL ? identity->unproved : "proved");
    else if (identity->confirms != NULL)
        printf("    confirms a held mail, from %s: %s\n",
               identity->account != NULL ? identity->account->login : "nobody with an account",
               identity->unproved != NULL ? identity->unproved : "proved");
    else if (identity->answers_held)
        printf("    an answer to a mail that is held, from %s: proved\n", identity->account->login);
    else if (identity->account != NULL)
        printf("    %s of %s, thread %" G_GUINT64_FORMAT "%s%s\n",
               mp_purpose_name(identity->address.purpose), identity->account->login,
               identity->address.thread, identity->thread == NULL ? " (not there)" : "", about);
}

/* The header fields in which an address of ours is looked for, in that order. */
static void
print_addresses(const MpInstance *instance, const MpDelivery *delivery)
{
    const GPtrArray *recipients = delivery->message != NULL ? delivery->message->recipients : NULL;

    if (recipients == NULL)
        return;
    printf("  addresses, in the order in which they are looked at:\n");
    for (guint i = 0; i < recipients->len; i++) {
        const MpAddressee *addressee = g_ptr_array_index(recipients, i);
        g_autofree char *masked = mp_address_mask(addressee->address, MP_MASK_MACS);
        g_autofree char *shown = mp_escape(masked);
        MpAddress address;
        bool is_ours = mp_address_parse(addressee->address, instance->config->hostname, &address) ==
                       MP_ADDRESS_OURS;
        const MpIdentity *identity = &delivery->identity;
        bool is_public = identity->is_opening || identity->is_answer || identity->answers_held;
        bool is_chosen = (identity->is_verified || identity->confirms != NULL || is_public) &&
                         g_strcmp0(identity->recipient, masked) == 0 &&
                         g_strcmp0(identity->recipient_field, addressee->field) == 0;

        printf("    %-15s %s: ", addressee->field, shown);
        mp_print_in_colour(is_chosen ? MP_GREEN : MP_RED,
                           is_chosen ? (identity->is_opening    ? "a repository's"
                                        : identity->is_verified ? "verifies"
                                                                : "of ours, for everybody")
                           : is_ours ? "of our form, does not verify"
                                     : "not ours");
        putchar('\n');
        if (is_chosen)
            break;
    }
    print_whose(&delivery->identity);
}

/* The verdicts of a trusted server, if the configuration names one. */
static void
print_verdicts(const MpInstance *instance, const MpDelivery *delivery)
{
    static const char *const meaning[] = {"not checked", "authentic", "not authenticated"};
    g_autofree char *said = mp_verdicts_describe(&delivery->identity.verdicts);

    if (delivery->message == NULL || *instance->config->authserv_id == '\0')
        return;
    printf("  %-12s %s%s%s%s\n", "sender", meaning[delivery->identity.verdicts.check],
           said != NULL ? " (" : "", said != NULL ? said : "", said != NULL ? ")" : "");
}

/* Several gates may have one reason, which is passed when all of them are. */
static bool
is_last_of_its_reason(const MpGate *gates, gsize n, gsize i)
{
    for (gsize k = i + 1; k < n; k++)
        if (strcmp(gates[k].reason, gates[i].reason) == 0)
            return false;
    return true;
}

static void
print_gates(const MpDelivery *delivery)
{
    gsize n;
    const MpGate *gates = mp_policy_gates(&n);
    g_autofree char *why = mp_escape_again(delivery->decision.why);

    printf("  gates:\n");
    for (gsize i = 0; i < n; i++) {
        bool is_stop = &gates[i] == delivery->decision.gate;

        if (!is_stop) {
            if (is_last_of_its_reason(gates, n, i))
                printf("    %-17s passed\n", gates[i].reason);
            continue;
        }
        printf("    %-17s ", gates[i].reason);
        mp_print_in_colour(gates[i].outcome == MP_OUTCOME_SUCCESS ? MP_GREEN : MP_RED, "decides");
        printf(": %s\n", why);
        break;
    }
}

static void
print_lines(const MpDelivery *delivery)
{
    const GPtrArray *lines = delivery->extraction != NULL ? delivery->extraction->lines : NULL;

    if (lines == NULL)
        return;
    printf("  text, of the %s part; + is kept, - is cut and stored beside the comment:\n",
           delivery->extraction->part);
    for (guint i = 0; i < lines->len; i++) {
        const MpExtractedLine *line = g_ptr_array_index(lines, i);
        g_autofree char *shown = mp_escape(line->text);
        g_autofree char *rule = mp_escape(line->rule);
        g_autofree char *row =
            g_strdup_printf("%c %-20s | %s", line->is_kept ? '+' : '-', rule, shown);

        fputs("    ", stdout);
        mp_print_in_colour(line->is_kept ? MP_GREEN : MP_RED, row);
        putchar('\n');
    }
}

/* As a run would count it now. */
static bool
print_bounce(MpInstance *instance, const MpDelivery *delivery, bool *is_counted, GError **error)
{
    g_autoptr(MpUser) changed = NULL;
    g_autofree char *why = NULL;

    *is_counted = false;
    if (delivery->decision.gate->action != MP_DO_BOUNCE)
        return true;
    if (!mp_bounce_judge(instance, delivery, &changed, &why, error))
        return false;
    *is_counted = changed != NULL;
    printf("  %-12s %s %s\n", "bounce", *is_counted ? "counted:" : "not counted:", why);
    return true;
}

static void
print_result(const MpDelivery *delivery, bool is_counted)
{
    const char *action[] = {"filed",
                            "posted as a comment",
                            "made a thread",
                            "taken as a request to mute the thread",
                            "obeyed",
                            "counted against the account's address",
                            "taken as its author's word that a held mail is theirs"};
    const char *responses[] = {"no answer to the sender", "the account gets an answer",
                               "the account that has the sender's address gets an answer",
                               "its author is asked whether they wrote it"};
    bool is_due = delivery->decision.response != NULL;

    printf("  result: %s, %s, the mail would go to %s/; %s\n\n", delivery->decision.gate->reason,
           action[delivery->decision.gate->action == MP_DO_BOUNCE && !is_counted
                      ? MP_DO_NOTHING
                      : delivery->decision.gate->action],
           mp_outcome_name(delivery->decision.gate->outcome),
           is_due || delivery->decision.respond_to == MP_RESPOND_TO_NOBODY
               ? responses[delivery->decision.respond_to]
               : "no answer, or none any more today");
}

static bool
print_delivery(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    g_autofree char *shown = mp_escape(delivery->mail->path);
    bool is_counted;

    mp_inbound_read_text(inbound, delivery);
    printf("%s\n", shown);
    print_head(delivery);
    print_addresses(inbound->instance, delivery);
    print_verdicts(inbound->instance, delivery);
    print_gates(delivery);
    print_lines(delivery);
    if (!print_bounce(inbound->instance, delivery, &is_counted, error))
        return false;
    print_result(delivery, is_counted);
    return true;
}

static MpMail *
take_standard_input(const MpInbound *inbound, GError **error)
{
    gsize limit = (gsize)inbound->instance->config->max_mail_size;
    g_autoptr(GString) bytes = mp_read_argument_bytes("-", limit, error);
    int fd = bytes != NULL ? mp_memory_file(bytes->str, bytes->len, error) : -1;

    return fd >= 0 ? mp_maildir_take_memory(fd, "standard input", error) : NULL;
}

/* As a run goes, of this mail alone. */
static int
explain(MpInbound *inbound, const char *path)
{
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)mp_mail_free);
    g_autoptr(GError) error = NULL;
    MpMail *mail = strcmp(path, "-") == 0 ? take_standard_input(inbound, &error)
                                          : mp_maildir_take_file(inbound->maildir, path, &error);

    if (mail == NULL)
        return mp_report(error);
    g_ptr_array_add(mails, mail);
    if (!mp_inbound_batch(inbound, mails, &error))
        return mp_report(error);
    return mp_error_exit_status(inbound->first_deferral);
}

int
cmd_explain(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(MpInbound) inbound = {0};
    g_autoptr(GError) error = NULL;
    int status = EX_OK;

    mp_options_parse(&options, NULL, "FILE…|-",
                     "Says what would be done with a mail, and why; changes nothing.", 1, G_MAXINT,
                     &argc, &argv);
    if (!mp_instance_read(&instance, &options, true, &error) ||
        !mp_inbound_open(&inbound, &instance, &error))
        return mp_report(error);
    inbound.tell = print_delivery;
    inbound.wants_lines = true;
    mp_inbound_expect(&inbound, (guint)argc - 1);
    for (int i = 1; i < argc; i++) {
        int fault = explain(&inbound, argv[i]);

        status = MAX(status, fault);
    }
    return status;
}
