/*
 * The header of a notification. Its fields are those of GitHub's mails, so that people's filters
 * work unchanged.
 */
#include "notify/internal.h"

#include <string.h>

/* The three signed addresses of a recipient. */
typedef struct {
    char *of[3]; /* by MpPurpose */
} Addresses;

static void
addresses_clear(Addresses *addresses)
{
    for (gsize i = 0; i < G_N_ELEMENTS(addresses->of); i++)
        g_free(addresses->of[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Addresses, addresses_clear)

static bool
make_addresses(const MpNotificationFacts *facts, const MpUser *user, Addresses *addresses,
               GError **error)
{
    const MpAddressSubject subject = {mp_thread_address_kind(facts->thread->kind),
                                      facts->thread->id, facts->thread->nonce, user->id,
                                      user->epoch};

    for (int purpose = 0; purpose < (int)G_N_ELEMENTS(addresses->of); purpose++) {
        addresses->of[purpose] = mp_address_make(facts->ring, (MpPurpose)purpose, &subject,
                                                 facts->config->hostname, error);
        if (addresses->of[purpose] == NULL)
            return false;
    }
    return true;
}

static const char *
name_of(const MpUser *user)
{
    return user->name != NULL && user->name[0] != '\0' ? user->name : user->login;
}

/* The reason, and before it the person, where they take part: for filters of "to me". An address
 * that a header cannot hold is left out: the envelope has it. */
static char *
make_cc(const MpNoticeHead *head, const MpUser *recipient, const char *address,
        const MpReason *reason)
{
    g_autofree char *noreply = mp_config_noreply_domain(head->facts->config);
    g_autofree char *cc_address = mp_header_address(reason->word, noreply);
    char *cc = mp_header_plain_mailbox(reason->label, cc_address);

    if (!reason->takes_part || !mp_header_is_address(address))
        return cc;
    g_autofree char *why = cc, *person = mp_header_plain_mailbox(name_of(recipient), address);
    return g_strconcat(person, ", ", why, NULL);
}

static void
append_people(GString *out, const MpNoticeHead *head, const char *reply, const char *cc)
{
    const MpConfig *config = head->facts->config;
    g_autofree char *noreply = mp_config_noreply_domain(config);
    const char *repository = head->facts->thread->repository, *slash = strchr(repository, '/');
    g_autofree char *to_address =
        mp_header_address(slash != NULL ? slash + 1 : repository, noreply);
    g_autofree char *from = mp_header_mailbox(head->name, config->noreply_address);
    g_autofree char *reply_to = mp_header_plain_mailbox(repository, reply);
    g_autofree char *to = mp_header_plain_mailbox(repository, to_address);

    mp_header_append(out, "From", from);
    if (head->can_reply)
        mp_header_append(out, "Reply-To", reply_to);
    mp_header_append(out, "To", to);
    mp_header_append(out, "Cc", cc);
}

static void
append_thread(GString *out, const MpNoticeHead *head)
{
    mp_header_append(out, "Message-ID", head->message_id);
    if (head->opening_id != NULL) {
        mp_header_append(out, "In-Reply-To", head->opening_id);
        mp_header_append(out, "References", head->opening_id);
    }
    mp_header_append(out, "Subject", head->subject);
}

/* RFC 2919 and RFC 2369. */
static void
append_list(GString *out, const MpNoticeHead *head, const Addresses *addresses)
{
    const char *repository = head->facts->thread->repository;
    g_auto(GStrv) part = g_strsplit(repository, "/", 2);
    g_autofree char *id = g_strdup_printf("%s.%s.%s", part[1] != NULL ? part[1] : "list", part[0],
                                          head->facts->config->hostname);
    g_autofree char *list_id = mp_header_plain_mailbox(repository, id);
    g_autofree char *archive =
        head->archive != NULL ? g_strdup_printf("<%s>", head->archive) : NULL;
    g_autofree char *post = g_strdup_printf("<mailto:%s>", addresses->of[MP_PURPOSE_REPLY]);
    g_autofree char *unsubscribe = g_strdup_printf("<mailto:%s>", addresses->of[MP_PURPOSE_UNSUB]);

    mp_header_append(out, "List-ID", list_id);
    if (archive != NULL)
        mp_header_append(out, "List-Archive", archive);
    mp_header_append(out, "List-Post", head->can_reply ? post : "NO");
    mp_header_append(out, "List-Unsubscribe", unsubscribe);
    mp_header_append(out, "Precedence", "list");
    mp_header_append(out, "Auto-Submitted", "auto-generated");
    mp_header_append(out, "X-Auto-Response-Suppress", "All");
}

/* NULL for what is no pull request. */
static const char *
pull_status(const MpThread *thread)
{
    if (thread->kind != MP_PULL)
        return NULL;
    return thread->is_merged ? "merged" : thread->is_open ? "open" : "closed";
}

static void
append_facts(GString *out, const MpNoticeHead *head, const MpUser *recipient, const char *address,
             const MpReason *reason)
{
    const MpThread *thread = head->facts->thread;
    g_autofree char *labels = mp_labels_text(thread->labels, "; ");
    g_autofree char *assignees = mp_assignees_text(thread->assignees, "; ");
    const struct {
        const char *name, *value; /* NULL where it is not known */
    } facts[] = {{"Sender", head->login},
                 {"Recipient", recipient->login},
                 {"Recipient-Address", mp_header_is_address(address) ? address : NULL},
                 {"Reason", reason->word},
                 {"Labels", *labels != '\0' ? labels : NULL},
                 {"Assignees", *assignees != '\0' ? assignees : NULL},
                 {"PullRequestStatus", pull_status(thread)}};

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(facts); i++) {
        gsize fact = i % G_N_ELEMENTS(facts);

        if (facts[fact].value == NULL)
            continue;
        g_autofree char *name =
            g_strconcat(i == fact ? "X-GitHub-" : "X-Metroplex-", facts[fact].name, NULL);
        g_autofree char *value = mp_header_text(facts[fact].value);
        mp_header_append(out, name, value);
    }
}

bool
mp_notice_head(GString *out, const MpNoticeHead *head, const MpUser *recipient, const char *address,
               const MpReason *reason, char **sender, GError **error)
{
    const char *set = head->facts->config->envelope_sender;
    g_auto(Addresses) addresses = {{NULL}};

    if (!make_addresses(head->facts, recipient, &addresses, error))
        return false;
    g_autofree char *cc = make_cc(head, recipient, address, reason);
    mp_header_append(out, "Date", head->date);
    append_people(out, head, addresses.of[MP_PURPOSE_REPLY], cc);
    append_thread(out, head);
    append_facts(out, head, recipient, address, reason);
    append_list(out, head, &addresses);
    mp_header_append(out, "MIME-Version", "1.0");
    if (!mp_header_check(out, error))
        return false;
    *sender = *set != '\0' ? g_strdup(set) : g_steal_pointer(&addresses.of[MP_PURPOSE_BOUNCE]);
    return true;
}
