/* The gates, in their order; see policy.h. */
#include "policy/policy.h"

#include <string.h>

#include "base/escape.h"
#include "policy/automatic.h"
#include "policy/command_gates.h"
#include "policy/commands.h"
#include "policy/guests.h"
#include "policy/openings.h"

static bool
is_fault(const MpGateInput *d, MpMessageFault fault, char **why)
{
    if (d->fault != fault)
        return false;
    *why = g_strdup(d->fault_text);
    return true;
}

static bool
too_large(const MpGateInput *d, char **why)
{
    return is_fault(d, MP_FAULT_TOO_LARGE, why);
}

static bool
malformed(const MpGateInput *d, char **why)
{
    return is_fault(d, MP_FAULT_MALFORMED, why);
}

static bool
unparsable(const MpGateInput *d, char **why)
{
    return is_fault(d, MP_FAULT_UNPARSABLE, why);
}

static bool
noreply_discarded(const MpGateInput *d, char **why)
{
    if (d->identity->recipient != NULL || !d->identity->is_noreply ||
        !d->config->discard_to_noreply_address)
        return false;
    *why = g_strdup("addressed to the no-reply address only");
    return true;
}

static bool
noreply_not_monitored(const MpGateInput *d, char **why)
{
    if (d->identity->recipient != NULL || !d->identity->is_noreply)
        return false;
    *why = g_strdup("addressed to the no-reply address only, which nobody reads");
    return true;
}

static bool
no_address(const MpGateInput *d, char **why)
{
    if (d->identity->recipient != NULL)
        return false;
    *why = g_strdup("no reply address of ours in any header field");
    return true;
}

/* Came to an address that everybody knows: the proof decides who its author is. */
static bool
is_public(const MpGateInput *d)
{
    return d->identity->is_opening || d->identity->is_answer || d->identity->answers_held;
}

/* Has no thread yet: it opens one, waits for a mail that does, or confirms one. */
static bool
is_without_thread(const MpGateInput *d)
{
    return d->identity->is_opening || d->identity->answers_held || d->identity->confirms != NULL;
}

static bool
bad_address(const MpGateInput *d, char **why)
{
    if (d->identity->is_verified || d->identity->confirms != NULL || is_public(d))
        return false;
    *why = g_strdup("the address does not verify");
    return true;
}

/* A report about a notification of ours, at the address that only its envelope sender had. */
static bool
bounce(const MpGateInput *d, char **why)
{
    if (d->identity->address.purpose != MP_PURPOSE_BOUNCE)
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    *why = g_strdup_printf("a bounce of a notification to %s", login);
    return true;
}

static bool
selftest(const MpGateInput *d, char **why)
{
    if (!d->identity->is_verified || d->identity->address.thread != 0)
        return false;
    *why = g_strdup("the self-test: nothing is posted");
    return true;
}

/* Found out by pushing: whatever the mail would have changed, it does not. */
static bool
server_refused(const MpGateInput *d, char **why)
{
    if (d->refused == NULL)
        return false;
    *why = g_strdup(d->refused);
    return true;
}

static bool
unsubscribed(const MpGateInput *d, char **why)
{
    if (d->identity->address.purpose != MP_PURPOSE_UNSUB || d->identity->thread == NULL)
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    *why = g_strdup_printf("%s asked to hear no more of the thread", login);
    return true;
}

static bool
duplicate(const MpGateInput *d, char **why)
{
    if (!d->identity->is_duplicate)
        return false;
    *why = g_strdup(mp_policy_done(d->identity));
    return true;
}

static bool
suspended(const MpGateInput *d, char **why)
{
    if (d->identity->account == NULL || d->identity->account->is_active)
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    *why = g_strdup_printf("the account %s is suspended", login);
    return true;
}

/* Every author must be the account's (RFC 5322, section 3.6.2, allows several From): a mail that
 * two people sign is nobody's word in particular. Sender says who sent it, not who speaks: it does
 * not count. With `token` the address alone decides; one that confirms has the sender signed in. */
static bool
sender_mismatch(const MpGateInput *d, char **why)
{
    const GPtrArray *from = d->message->from;

    if (is_public(d) || d->identity->confirms != NULL || d->config->identity == MP_IDENTITY_TOKEN)
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    if (from->len == 0) {
        *why = g_strdup_printf("the mail has no sender; the address is %s's", login);
        return true;
    }
    for (guint i = 0; i < from->len; i++) {
        if (mp_user_has_address(d->identity->account, g_ptr_array_index(from, i),
                                d->config->address_case == MP_ADDRESS_CASE_SENSITIVE))
            continue;
        g_autofree char *shown = mp_escape(g_ptr_array_index(from, i));
        *why = g_strdup_printf("%s is not an address of %s", shown, login);
        return true;
    }
    return false;
}

/* The account's own address, which somebody else may have written there. */
static bool
sender_unauthenticated(const MpGateInput *d, char **why)
{
    if (is_public(d) || d->config->identity == MP_IDENTITY_TOKEN ||
        d->identity->verdicts.check != MP_SENDER_UNAUTHENTICATED)
        return false;
    g_autofree char *said = mp_verdicts_describe(&d->identity->verdicts);
    *why = g_strdup_printf("the receiving server could not authenticate the sender: %s",
                           said != NULL ? said : "its Authentication-Results cannot be read");
    return true;
}

/* If the receiving server vouches for authors, a mail without its finding is refused: a filter that
 * is down must not open the door. */
static bool
sender_unchecked(const MpGateInput *d, char **why)
{
    const MpConfig *config = d->config;

    if (is_public(d) || config->identity == MP_IDENTITY_TOKEN || config->authserv_id[0] == '\0' ||
        config->unauthenticated == MP_UNAUTHENTICATED_ACCEPT ||
        d->identity->verdicts.check != MP_SENDER_UNCHECKED)
        return false;
    g_autofree char *said = mp_verdicts_describe(&d->identity->verdicts);
    *why = g_strdup_printf("the receiving server has no verdict on the sender: %s",
                           said != NULL ? said : "no DMARC or DKIM of a trusted id");
    return true;
}

static bool
no_thread(const MpGateInput *d, char **why)
{
    if (d->identity->thread != NULL || is_without_thread(d))
        return false;
    *why = g_strdup_printf("there is no thread %" G_GUINT64_FORMAT " of that kind",
                           d->identity->address.thread);
    return true;
}

static bool
is_member(const MpGateInput *d)
{
    return mp_has_id(d->identity->repository->members, d->identity->account->id);
}

static bool
locked(const MpGateInput *d, char **why)
{
    if (is_without_thread(d) || !d->identity->thread->is_locked || is_member(d))
        return false;
    *why = g_strdup_printf("thread %" G_GUINT64_FORMAT " is locked", d->identity->thread->id);
    return true;
}

static bool
replies_off(const MpGateInput *d, char **why)
{
    if (is_without_thread(d) || d->identity->repository->reply != MP_REPLY_OFF)
        return false;
    *why = g_strdup_printf("%s takes replies by mail from nobody", d->identity->repository->name);
    return true;
}

static bool
members_only(const MpGateInput *d, char **why)
{
    if (is_without_thread(d) || d->identity->repository->reply != MP_REPLY_MEMBERS || is_member(d))
        return false;
    *why = g_strdup_printf("%s takes replies by mail from its members only",
                           d->identity->repository->name);
    return true;
}

static bool
rate_limited(const MpGateInput *d, char **why)
{
    if (d->identity->over_rate == NULL)
        return false;
    *why = g_strdup(d->identity->over_rate);
    return true;
}

static bool
encrypted(const MpGateInput *d, char **why)
{
    if (!d->message->encrypted)
        return false;
    *why = g_strdup("the mail is encrypted: nothing in it can be read here");
    return true;
}

static bool
is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static bool
commands(const MpGateInput *d, char **why)
{
    if (d->composed->commands == NULL || !is_blank(d->composed->body))
        return false;
    *why = g_strdup(mp_mail_commands_any(d->composed->commands, false)
                        ? "nothing but commands, some of which cannot be done"
                        : "nothing but commands");
    return true;
}

static bool
reaction(const MpGateInput *d, char **why)
{
    if (!d->composed->is_reaction || !is_blank(d->composed->body))
        return false;
    *why = g_strdup("a reaction of a mail program, which is no comment");
    return true;
}

static bool
empty(const MpGateInput *d, char **why)
{
    if (!is_blank(d->composed->body))
        return false;
    *why = g_strdup("nothing is left but quote and signature");
    return true;
}

static bool
too_long(const MpGateInput *d, char **why)
{
    glong characters = g_utf8_strlen(d->composed->body, -1);

    if (characters <= d->config->max_comment)
        return false;
    *why = g_strdup_printf("%ld characters; a comment has at most %d", characters,
                           d->config->max_comment);
    return true;
}

static bool
everything(const MpGateInput *d, char **why)
{
    (void)d;
    *why = g_strdup("a comment");
    return true;
}

#define SUCCESS MP_OUTCOME_SUCCESS
#define FAILURE MP_OUTCOME_FAILURE
#define HELD    MP_OUTCOME_HELD

/* clang-format off */
static const MpGate gates[] = {
    {"too-large",        FAILURE, MP_DO_NOTHING, false, too_large},
    {"malformed",        FAILURE, MP_DO_NOTHING, false, malformed},
    {"unparsable",       FAILURE, MP_DO_NOTHING, false, unparsable},
    {"no-reply-address", SUCCESS, MP_DO_NOTHING, false, noreply_discarded},
    {"no-reply-address", FAILURE, MP_DO_NOTHING, false, noreply_not_monitored, MP_RESPOND_TO_SENDER},
    {"no-address",       FAILURE, MP_DO_NOTHING, false, no_address},
    {"bad-address",      FAILURE, MP_DO_NOTHING, false, bad_address},
    {"bounce",           SUCCESS, MP_DO_BOUNCE,  false, bounce},
    {"self-test",        SUCCESS, MP_DO_NOTHING, false, selftest},
    {"server-refused",   FAILURE, MP_DO_NOTHING, false, server_refused, MP_RESPOND_TO_ACCOUNT},
    {"unsubscribed",     SUCCESS, MP_DO_MUTE,    false, unsubscribed, MP_RESPOND_TO_ACCOUNT},
    {"loop",             FAILURE, MP_DO_NOTHING, false, mp_policy_is_loop},
    {"auto-reply",       FAILURE, MP_DO_NOTHING, false, mp_policy_is_automatic},
    {"duplicate",        SUCCESS, MP_DO_NOTHING, false, duplicate},
    {"closed",           FAILURE, MP_DO_NOTHING, false, mp_opening_is_closed, MP_RESPOND_TO_ACCOUNT},
    {"loop",             FAILURE, MP_DO_NOTHING, false, mp_guest_is_loop},
    {"suspended",        FAILURE, MP_DO_NOTHING, false, suspended, MP_RESPOND_TO_ACCOUNT},
    {"sender-mismatch",  FAILURE, MP_DO_NOTHING, false, sender_mismatch, MP_RESPOND_TO_ACCOUNT},
    {"sender-mismatch",  FAILURE, MP_DO_NOTHING, false, sender_unauthenticated, MP_RESPOND_TO_ACCOUNT, true, "unauthenticated"},
    {"sender-mismatch",  FAILURE, MP_DO_NOTHING, false, sender_unchecked, MP_RESPOND_TO_ACCOUNT, .text = "unchecked"},
    {"sender-mismatch",  FAILURE, MP_DO_NOTHING, false, mp_answer_is_unproved},
    {"too-late",         FAILURE, MP_DO_NOTHING, false, mp_answer_is_too_late},
    {"unknown-sender",   FAILURE, MP_DO_NOTHING, false, mp_opening_is_of_nobody},
    {"no-thread",        FAILURE, MP_DO_NOTHING, false, no_thread, MP_RESPOND_TO_ACCOUNT},
    {"locked",           FAILURE, MP_DO_NOTHING, false, locked, MP_RESPOND_TO_ACCOUNT},
    {"not-permitted",    FAILURE, MP_DO_NOTHING, false, replies_off, MP_RESPOND_TO_ACCOUNT, .text = "replies-off"},
    {"not-permitted",    FAILURE, MP_DO_NOTHING, false, members_only, MP_RESPOND_TO_ACCOUNT, .text = "members-only"},
    {"not-permitted",    FAILURE, MP_DO_NOTHING, false, mp_guest_is_elsewhere, MP_RESPOND_TO_ACCOUNT, .text = "guest-elsewhere"},
    {"not-permitted",    FAILURE, MP_DO_NOTHING, false, mp_opening_is_of_no_member, MP_RESPOND_TO_ACCOUNT, .text = "open-members"},
    {"rejected",         FAILURE, MP_DO_NOTHING, false, mp_opening_is_rejected},
    {"unconfirmed",      FAILURE, MP_DO_NOTHING, false, mp_opening_is_overdue},
    {"held-full",        FAILURE, MP_DO_NOTHING, false, mp_opening_is_one_too_many},
    {"held",             HELD,    MP_DO_NOTHING, false, mp_opening_waits, MP_RESPOND_TO_AUTHOR, .text = "question"},
    {"held",             HELD,    MP_DO_NOTHING, false, mp_opening_waits_for_another},
    {"rate-limited",     FAILURE, MP_DO_NOTHING, false, rate_limited, MP_RESPOND_TO_ACCOUNT},
    {"encrypted",        FAILURE, MP_DO_NOTHING, false, encrypted, MP_RESPOND_TO_ACCOUNT},
    {"declined",         SUCCESS, MP_DO_NOTHING, true,  mp_answer_declines},
    {"confirmed",        SUCCESS, MP_DO_CONFIRM, true,  mp_answer_is_good},
    {"not-permitted",    FAILURE, MP_DO_NOTHING, true,  mp_command_is_not_permitted, MP_RESPOND_TO_ACCOUNT, .text = "commands-refused", .tells_commands = true},
    {"unknown-command",  FAILURE, MP_DO_NOTHING, true,  mp_command_is_unknown, MP_RESPOND_TO_ACCOUNT, .text = "commands-refused", .tells_commands = true},
    {"commands",         SUCCESS, MP_DO_COMMANDS, true, commands, MP_RESPOND_TO_ACCOUNT, .tells_commands = true},
    {"reaction",         SUCCESS, MP_DO_NOTHING, true,  reaction},
    {"empty",            FAILURE, MP_DO_NOTHING, true,  empty, MP_RESPOND_TO_ACCOUNT},
    {"too-long",         FAILURE, MP_DO_NOTHING, true,  too_long, MP_RESPOND_TO_ACCOUNT},
    {"opened",           SUCCESS, MP_DO_OPEN,    true,  mp_opening_is_let_in, MP_RESPOND_TO_AUTHOR, .text = "question"},
    {"opened",           SUCCESS, MP_DO_OPEN,    true,  mp_opening_is_good, MP_RESPOND_TO_ACCOUNT, .text = "commands-opened", .tells_commands = true},
    {"posted",           SUCCESS, MP_DO_COMMENT, true,  everything, MP_RESPOND_TO_ACCOUNT, .text = "commands-posted", .tells_commands = true},
};
/* clang-format on */

const MpGate *
mp_policy_gates(gsize *n)
{
    *n = G_N_ELEMENTS(gates);
    return gates;
}

MpRespondTo
mp_policy_respond_to(const MpGate *gate, const MpGateInput *d)
{
    g_autofree char *why = NULL;

    if (gate->respond_to == MP_RESPOND_TO_NOBODY || d->message == NULL)
        return MP_RESPOND_TO_NOBODY;
    if (gate->tells_commands && !mp_mail_commands_any(d->composed->commands, false) &&
        !mp_mail_commands_has(d->composed->commands, MP_MAIL_HELP))
        return MP_RESPOND_TO_NOBODY;
    if ((gate->respond_to == MP_RESPOND_TO_AUTHOR ? !mp_opening_asks(d->identity, gate->action)
                                                  : d->identity->unproved != NULL) ||
        mp_guest_is_silenced(d) || mp_policy_is_loop(d, &why) || mp_policy_is_automatic(d, &why) ||
        mp_policy_wants_no_response(d->message))
        return MP_RESPOND_TO_NOBODY;
    /* No signed address vouches for this sender: where somebody can, they must. */
    if (gate->respond_to == MP_RESPOND_TO_SENDER && d->config->authserv_id[0] != '\0' &&
        d->identity->verdicts.check != MP_SENDER_AUTHENTIC)
        return MP_RESPOND_TO_NOBODY;
    return gate->respond_to;
}

const MpGate *
mp_policy_decide(const MpGateInput *input, char **why)
{
    for (gsize i = 0; i < G_N_ELEMENTS(gates); i++) {
        if (gates[i].needs_reply && input->composed == NULL)
            return NULL;
        if (gates[i].stops(input, why))
            return &gates[i];
    }
    g_assert_not_reached(); /* the last gate stops everything */
}
