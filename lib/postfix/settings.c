/*
 * What main.cf is to say: a table, a row a parameter. A parameter that the administrator has set is
 * left alone where it says the same already, and is in the way where it does not.
 *
 * The names are chosen so that a Postfix with other domains of any kind has them free: our domains
 * are of the class of relay domains, with a transport of our own, a virtual(8) that is told by
 * master.cf which parameters are ours; virtual_* stays for the administrator's mailboxes.
 */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/names.h"
#include "postfix/internal.h"

/* What virtual(8) adds to a mail, and then some. */
#define HEADROOM 65536

typedef char *(*ValueOf)(MpPostfix *postfix); /* NULL: not needed */

typedef enum {
    RULE_SAME,     /* must be just this */
    RULE_AT_LEAST, /* a number; 0 is no limit */
    RULE_HOLDS,    /* a list in which this must stand */
} Rule;

/* --- The values ---------------------------------------------------------------------------------
 */

/* Where the host itself is taken too, what lies below it is not: a relay domain has its subdomains
 * in it. */
static char *
domains(MpPostfix *postfix)
{
    g_autofree char *reply = mp_config_reply_domain(postfix->config);
    g_autofree char *noreply = mp_config_noreply_domain(postfix->config);
    g_autofree char *always = g_strconcat("noreply.", postfix->config->hostname, NULL);

    const char *more = g_ascii_strcasecmp(noreply, always) == 0 ? "" : ", ";
    g_autofree char *ours =
        g_strconcat(reply, ", ", always, more, *more != '\0' ? noreply : "", NULL);
    if (!postfix->takes_host)
        return g_steal_pointer(&ours);
    g_autofree char *below = mp_table_subdomains(postfix);
    return g_strdup_printf("%s, !%s, %s", ours, below, postfix->config->hostname);
}

static char *
transport(G_GNUC_UNUSED MpPostfix *postfix)
{
    return g_strdup("metroplex:");
}

static char *
recipients_again(G_GNUC_UNUSED MpPostfix *postfix)
{
    return g_strdup("$metroplex_recipients");
}

static char *
classes(G_GNUC_UNUSED MpPostfix *postfix)
{
    return g_strdup("envelope_recipient");
}

static char *
discard(MpPostfix *postfix)
{
    return postfix->config->discard_to_noreply_address ? mp_table_transport(postfix) : NULL;
}

/* A dollar sign is Postfix's own. */
static char *
as_path(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "$", -1);

    return g_strjoinv("$$", parts);
}

static char *
base(MpPostfix *postfix)
{
    g_autofree char *path = mp_config_path(postfix->config, "mail");

    return as_path(path);
}

static char *
uid(MpPostfix *postfix)
{
    return g_strdup_printf("static:%u", (unsigned)postfix->facts->uid);
}

static char *
gid(MpPostfix *postfix)
{
    return g_strdup_printf("static:%u", (unsigned)postfix->facts->gid);
}

gint64
mp_postfix_message_size(const MpConfig *config)
{
    return config->max_mail_size - MIN(HEADROOM, config->max_mail_size / 8);
}

static char *
message_size(MpPostfix *postfix)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, mp_postfix_message_size(postfix->config));
}

/* local(8) and the administrator's virtual(8) stop where a mailbox is to be smaller than a mail. */
static char *
mailbox_size(MpPostfix *postfix)
{
    return mp_postfix_message_size(postfix->config) > 51200000 ? message_size(postfix) : NULL;
}

static char *
tls_level(MpPostfix *postfix)
{
    return postfix->config->enforce_tls             ? g_strdup("encrypt")
           : *postfix->config->tls_certificate != 0 ? g_strdup("may")
                                                    : NULL;
}

static char *
tls_protocols(MpPostfix *postfix)
{
    return postfix->config->enforce_tls ? g_strdup(">=TLSv1.2") : NULL;
}

static char *
certificate(MpPostfix *postfix)
{
    const char *path = postfix->config->tls_certificate;

    return *path != '\0' ? as_path(path) : NULL;
}

static char *
key(MpPostfix *postfix)
{
    const char *path = postfix->config->tls_key;

    return *path != '\0' ? as_path(path) : certificate(postfix);
}

/* The table looks at the shape first, so that only what has it costs a question. */
static char *
restrictions(MpPostfix *postfix)
{
    return mp_postfix_asks_policy(postfix->config, postfix->facts)
               ? g_strdup("reject_unlisted_recipient, check_policy_service { "
                          "unix:private/metroplex-policy, timeout=5s, "
                          "{ default_action = 451 4.3.5 reply address check unavailable } }")
               : NULL;
}

static char *
policy_time(MpPostfix *postfix)
{
    return mp_postfix_asks_policy(postfix->config, postfix->facts) ? g_strdup("3600") : NULL;
}

static char *
milter(MpPostfix *postfix)
{
    return postfix->opendkim != NULL ? mp_postfix_opendkim(postfix, NULL) : NULL;
}

static char *
milter_action(MpPostfix *postfix)
{
    return postfix->opendkim != NULL ? g_strdup("tempfail") : NULL;
}

/* --- The table ----------------------------------------------------------------------------------
 */

#define SNAKEOIL "/etc/ssl/certs/ssl-cert-snakeoil.pem"

/* `stock` is what Debian's package writes: nobody's choice, so that it gives way. `part` is what
 * must stand in a list of the administrator's. */
static const struct {
    const char *name;
    ValueOf value;
    Rule rule;
    const char *stock, *part;
} rows[] = {
    {"metroplex_recipients", mp_table_recipients},
    {"metroplex_base", base},
    {"metroplex_uid", uid},
    {"metroplex_gid", gid},
    {"relay_domains", domains},
    {"relay_recipient_maps", recipients_again},
    {"relay_transport", transport},
    {"recipient_canonical_maps", mp_table_aliases},
    {"recipient_canonical_classes", classes},
    {"transport_maps", discard},
    {"message_size_limit", message_size, RULE_AT_LEAST},
    {"mailbox_size_limit", mailbox_size, RULE_AT_LEAST},
    {"virtual_mailbox_limit", mailbox_size, RULE_AT_LEAST},
    {"smtpd_tls_security_level", tls_level, RULE_SAME, "may"},
    {"smtpd_tls_protocols", tls_protocols},
    {"smtpd_tls_mandatory_protocols", tls_protocols},
    {"smtpd_tls_cert_file", certificate, RULE_SAME, SNAKEOIL},
    {"smtpd_tls_key_file", key, RULE_SAME, "/etc/ssl/private/ssl-cert-snakeoil.key"},
    {"smtpd_recipient_restrictions", restrictions, RULE_HOLDS, NULL, "metroplex-policy"},
    {"metroplex-policy_time_limit", policy_time},
    {"smtpd_milters", milter, RULE_HOLDS},
    {"milter_default_action", milter_action},
};

static bool
same_list(const char *a, const char *b)
{
    g_autoptr(GPtrArray) one = mp_main_list(a), other = mp_main_list(b);
    bool same = one->len == other->len;

    for (guint i = 0; same && i < one->len; i++)
        same = strcmp(g_ptr_array_index(one, i), g_ptr_array_index(other, i)) == 0;
    return same;
}

static bool
agrees(Rule rule, const char *theirs, const char *ours, const char *part)
{
    switch (rule) {
    case RULE_AT_LEAST:
        return strcmp(theirs, "0") == 0 ||
               g_ascii_strtoll(theirs, NULL, 10) >= g_ascii_strtoll(ours, NULL, 10);
    case RULE_HOLDS:
        return strstr(theirs, part != NULL ? part : ours) != NULL;
    default:
        return same_list(theirs, ours);
    }
}

static void
blame(GString *faults, const MpPostfix *postfix, const char *name, const char *theirs,
      const char *ours)
{
    g_autofree char *shown = mp_escape(theirs);

    g_string_append_printf(faults, "%s%s/main.cf has %s = %s, where Metroplex needs %s = %s",
                           faults->len > 0 ? "; " : "", postfix->directory, name, shown, name,
                           ours);
}

static void
settle_row(MpPostfix *postfix, gsize i, GString *faults)
{
    char *ours = rows[i].value(postfix);

    if (ours == NULL)
        return;
    g_autofree char *theirs = mp_main_value(postfix->base, rows[i].name);
    if (theirs != NULL && agrees(rows[i].rule, theirs, ours, rows[i].part)) {
        g_free(ours);
        return;
    }
    if (theirs != NULL && g_strcmp0(theirs, rows[i].stock) == 0)
        g_ptr_array_add(postfix->replaced, g_strdup(rows[i].name));
    else if (theirs != NULL)
        blame(faults, postfix, rows[i].name, theirs, ours);
    MpSetting *setting = g_new0(MpSetting, 1);
    setting->name = g_strdup(rows[i].name);
    setting->value = ours;
    g_ptr_array_add(postfix->settings, setting);
}

/* --- Before the table: domains that somebody has already ----------------------------------------
 */

/* Each names domains that this machine takes mail for. */
static const char *const takers[] = {"mydestination", "virtual_mailbox_domains",
                                     "virtual_alias_domains"};

static bool
is_theirs(const MpPostfix *postfix, const char *parameter, const char *domain, bool *is,
          GError **error)
{
    g_autofree char *list = mp_postfix_value(postfix->directory, parameter, error);

    if (list == NULL)
        return false;
    *is = mp_postfix_has_domain(postfix->directory, list, domain);
    return true;
}

/* A domain of two classes is delivered by one of them, and Postfix warns of it at every mail. */
static bool
look_for_domains(const MpPostfix *postfix, GString *faults, GError **error)
{
    g_autofree char *reply = mp_config_reply_domain(postfix->config);
    g_autofree char *noreply = mp_config_noreply_domain(postfix->config);
    g_autofree char *always = g_strconcat("noreply.", postfix->config->hostname, NULL);
    const char *const ours[] = {reply, always, noreply};
    gsize n_ours = g_ascii_strcasecmp(always, noreply) == 0 ? 2 : 3;

    for (gsize i = 0; i < G_N_ELEMENTS(takers); i++)
        for (gsize j = 0; j < n_ours; j++) {
            bool is = false;

            if (!is_theirs(postfix, takers[i], ours[j], &is, error))
                return false;
            if (is)
                g_string_append_printf(faults,
                                       "%s%s/main.cf has %s in %s, where Metroplex needs it in "
                                       "relay_domains",
                                       faults->len > 0 ? "; " : "", postfix->directory, ours[j],
                                       takers[i]);
        }
    return true;
}

/* Whether nobody on this machine takes mail for the domain of noreply-address, which is our host:
 * then it is ours, with that one address. */
static bool
find_host(MpPostfix *postfix, GError **error)
{
    const char *domain = strrchr(postfix->config->noreply_address, '@') + 1;
    bool is = g_ascii_strcasecmp(domain, postfix->config->hostname) != 0;

    for (gsize i = 0; i < G_N_ELEMENTS(takers) && !is; i++)
        if (!is_theirs(postfix, takers[i], domain, &is, error))
            return false;
    postfix->takes_host = !is;
    return true;
}

/* A name is of the domain that Postfix appends to it, if that is delivered here. */
static bool
find_person(MpPostfix *postfix, GError **error)
{
    const char *name = postfix->config->postmaster;
    bool is_local = false, has_localhost = false;

    if (strchr(name, '@') == NULL &&
        (!is_theirs(postfix, "mydestination", postfix->origin, &is_local, error) ||
         !is_theirs(postfix, "mydestination", "localhost", &has_localhost, error)))
        return false;
    postfix->person =
        has_localhost && !is_local ? g_strconcat(name, "@localhost", NULL) : g_strdup(name);
    return true;
}

/* --- What the settings themselves must bring ----------------------------------------------------
 */

/* Whether we ourselves send through this Postfix in a way that it would refuse. */
static bool
sends_here_in_clear(const MpConfig *config)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1"};

    return config->transport == MP_TRANSPORT_SMTP && config->tls == MP_TLS_NONE &&
           mp_find_name(names, G_N_ELEMENTS(names), config->smtp_address) >= 0;
}

static bool
check(const MpPostfix *postfix, GError **error)
{
    const MpConfig *config = postfix->config;
    const MpPostfixFacts *facts = postfix->facts;

    if (config->enforce_tls && *config->tls_certificate == '\0')
        return mp_fail(
            error, MP_ERROR_INSTALLATION,
            "%s: [smtp] enforce-tls = true needs a certificate: set tls-certificate, and "
            "tls-key if its key is in another file, in the group [postfix]",
            config->file);
    if (config->enforce_tls && sends_here_in_clear(config))
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s: [smtp] enforce-tls = true would have Postfix refuse our own messages, "
                       "which go to address = %s with tls = none",
                       config->file, config->smtp_address);
    if (facts->uid < 100)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s belongs to user %u, and virtual(8) delivers to ids from 100 on: make it "
                       "with `metroplex init --owner USER`",
                       config->data, (unsigned)facts->uid);
    if (mp_postfix_asks_policy(config, facts) &&
        (strpbrk(config->file, " \t{}$,") != NULL || strpbrk(facts->program, " \t{}$,") != NULL))
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "policy-service: master.cf cannot name %s or %s, for what is in their paths",
                       facts->program, config->file);
    if (postfix->opendkim != NULL) {
        g_autofree char *socket = mp_postfix_opendkim(postfix, error);

        return socket != NULL;
    }
    return true;
}

bool
mp_postfix_settle(MpPostfix *postfix, GError **error)
{
    g_autoptr(GString) faults = g_string_new(NULL);

    if (!check(postfix, error) || !look_for_domains(postfix, faults, error) ||
        !find_host(postfix, error) || !find_person(postfix, error))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        settle_row(postfix, i, faults);
    return faults->len == 0 ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "%s: take out what is in the way, or give Metroplex a Postfix of its own "
                   "(postmulti(1), and MAIL_CONFIG)",
                   faults->str);
}
