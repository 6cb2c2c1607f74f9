/*
 * metroplex explain: what would be done with a mail, and by which header, gate and rule. Reads
 * only.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "delivery.h"
#include "mail_bounces.h"
#include "paint.h"

static void
print_field(const char *label, const char *value)
{
    g_autofree char *shown = mp_escape(value);

    printf("  %-12s %s\n", label, shown);
}

static void
print_head(const MpItem *item)
{
    const MpMessage *message = item->message;

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

        const char *fate = item->fates != NULL ? g_ptr_array_index(item->fates, i) : a->refused;
        g_autofree char *shown = mp_escape(fate);
        printf("  %-12s %s, %s, %s%s%s\n", "attachment", name, a->type, size,
               fate != NULL ? ": " : "", fate != NULL ? shown : "");
    }
}

/* The header fields in which an address of ours is looked for, in that order. */
static void
print_addresses(const MpSite *site, const MpItem *item)
{
    const GPtrArray *recipients = item->message != NULL ? item->message->recipients : NULL;

    if (recipients == NULL)
        return;
    printf("  addresses, in the order in which they are looked at:\n");
    for (guint i = 0; i < recipients->len; i++) {
        const MpAddressee *addressee = g_ptr_array_index(recipients, i);
        g_autofree char *masked = mp_address_mask(addressee->address, MP_MASK_MACS);
        g_autofree char *shown = mp_escape(masked);
        MpAddress address;
        bool is_ours = mp_address_parse(addressee->address, site->config->hostname, &address) ==
                       MP_ADDRESS_OURS;
        bool is_chosen = item->is_verified && g_strcmp0(item->recipient, masked) == 0 &&
                         g_strcmp0(item->recipient_field, addressee->field) == 0;

        printf("    %-15s %s: ", addressee->field, shown);
        mp_paint(is_chosen ? MP_GREEN : MP_RED, is_chosen ? "verifies"
                                                : is_ours ? "of our form, does not verify"
                                                          : "not ours");
        putchar('\n');
        if (is_chosen)
            break;
    }
    if (item->account != NULL)
        printf("    %s of %s, thread %" G_GUINT64_FORMAT "%s\n",
               mp_purpose_name(item->address.purpose), item->account->login, item->address.thread,
               item->thread == NULL ? " (not there)" : "");
}

/* What a trusted server wrote on top, if the configuration names one. */
static void
print_verdicts(const MpSite *site, const MpItem *item)
{
    static const char *const meaning[] = {"not checked", "authentic", "not authenticated"};
    g_autofree char *said = mp_verdicts_describe(&item->verdicts);

    if (item->message == NULL || *site->config->authserv_id == '\0')
        return;
    printf("  %-12s %s%s%s%s\n", "sender", meaning[item->verdicts.check], said != NULL ? " (" : "",
           said != NULL ? said : "", said != NULL ? ")" : "");
}

static void
print_gates(const MpItem *item)
{
    gsize n;
    const MpGate *gates = mp_policy_gates(&n);
    g_autofree char *why = mp_escape(item->why);

    printf("  gates:\n");
    for (gsize i = 0; i < n; i++) {
        bool is_stop = &gates[i] == item->gate;

        printf("    %-17s ", gates[i].reason);
        if (!is_stop) {
            puts("passed");
            continue;
        }
        mp_paint(gates[i].outcome == MP_OUTCOME_SUCCESS ? MP_GREEN : MP_RED, "decides");
        printf(": %s\n", why);
        break;
    }
}

static void
print_lines(const MpItem *item)
{
    const GPtrArray *lines = item->extraction != NULL ? item->extraction->lines : NULL;

    if (lines == NULL)
        return;
    printf("  text, of the %s part; + is kept, - is cut and stored beside the comment:\n",
           item->extraction->part);
    for (guint i = 0; i < lines->len; i++) {
        const MpExtractedLine *line = g_ptr_array_index(lines, i);
        g_autofree char *shown = mp_escape(line->text);
        g_autofree char *rule = mp_escape(line->rule);
        g_autofree char *row =
            g_strdup_printf("%c %-20s | %s", line->is_kept ? '+' : '-', rule, shown);

        fputs("    ", stdout);
        mp_paint(line->is_kept ? MP_GREEN : MP_RED, row);
        putchar('\n');
    }
}

/* As a run would count it now. */
static bool
print_bounce(MpSite *site, const MpItem *item, bool *is_counted, GError **error)
{
    g_autoptr(MpUser) changed = NULL;
    g_autofree char *why = NULL;

    *is_counted = false;
    if (item->gate->action != MP_DO_BOUNCE)
        return true;
    if (!mp_bounce_judge(site, item, &changed, &why, error))
        return false;
    *is_counted = changed != NULL;
    printf("  %-12s %s %s\n", "bounce", *is_counted ? "counted:" : "not counted:", why);
    return true;
}

static void
print_result(const MpItem *item, bool is_counted)
{
    const char *action[] = {"filed", "posted as a comment", "taken as a request to mute the thread",
                            "obeyed", "counted against the account's address"};
    const char *hears[] = {"no answer to the sender", "the account gets an answer, once a day",
                           "the sender gets an answer if an account has that address, once a day"};

    printf("  result: %s, %s, the mail would go to %s/; %s\n\n", item->gate->reason,
           action[item->gate->action == MP_DO_BOUNCE && !is_counted ? MP_DO_NOTHING
                                                                    : item->gate->action],
           mp_outcome_name(item->gate->outcome), hears[item->hears]);
}

static bool
read_reply(MpSite *site, MpWorker *worker, MpItem *item, GError **error)
{
    bool are_guessed = false;
    g_auto(GStrv) sent =
        item->thread != NULL ? mp_item_sent_texts(site, item, &are_guessed, error) : NULL;
    MpMessageFault fault = MP_FAULT_NONE;
    g_autoptr(GError) why = NULL;

    if (item->thread != NULL && sent == NULL)
        return false;
    if (!mp_extraction_send(worker, item->message, (const char *const *)sent, are_guessed, true,
                            error))
        return false;
    item->extraction = mp_extraction_receive(worker, &fault, &why);
    if (item->extraction != NULL) {
        mp_item_compose(site, item);
        return true;
    }
    if (fault == MP_FAULT_NONE) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_item_read(item, item->message, fault, why); /* as in a run: the gates say the rest */
    return true;
}

static bool
examine(MpSite *site, MpWorker *worker, MpItem *item, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpMessageFault fault = MP_FAULT_NONE;
    MpLimits limits = mp_site_limits(site);
    MpMessage *message = mp_worker_parse(worker, item->mail->fd, &limits, &fault, &why);

    if (message == NULL && mp_message_fault_code(fault) == NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_item_read(item, message, fault, why);
    mp_rate_begin(site->rate);
    if (!mp_item_identify(site, item, error))
        return false;
    if (item->message != NULL && !read_reply(site, worker, item, error))
        return false;
    mp_item_decide(site, item);
    return true;
}

static bool
explain(MpSite *site, MpMaildir *maildir, MpWorker *worker, const char *path, GError **error)
{
    MpMail *mail = mp_maildir_take_file(maildir, path, error);
    g_autoptr(MpItem) item = mail != NULL ? mp_item_new(mail) : NULL;
    g_autofree char *shown = mp_escape(path);
    bool is_counted;

    if (item == NULL || !examine(site, worker, item, error))
        return false;
    printf("%s\n", shown);
    print_head(item);
    print_addresses(site, item);
    print_verdicts(site, item);
    print_gates(item);
    print_lines(item);
    if (!print_bounce(site, item, &is_counted, error))
        return false;
    print_result(item, is_counted);
    return true;
}

int
cmd_explain(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpMaildir) maildir = NULL;
    g_autoptr(MpWorker) worker = mp_extraction_worker((guint)argc - 1);
    int status = EX_OK;

    mp_options_parse(&options, NULL, "explain", "FILE…",
                     "Says what would be done with a mail, and why; changes nothing.", 1, G_MAXINT,
                     &argc, &argv);
    if (!mp_site_read(&site, &options, true, &error))
        return mp_report(error);
    maildir = mp_maildir_open(site.config->data, &error);
    if (maildir == NULL)
        return mp_report(error);
    for (int i = 1; i < argc; i++) {
        g_clear_error(&error);
        if (!explain(&site, maildir, worker, argv[i], &error)) {
            int fault = mp_report(error);

            status = MAX(status, fault);
        }
    }
    return status;
}
