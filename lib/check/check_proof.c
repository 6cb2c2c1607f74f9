/*
 * Group dns: what proves that our mail is ours. SPF (RFC 7208) of the domain in the envelope and of
 * the name in HELO, DKIM (RFC 6376), DMARC (RFC 7489), and whether what we send aligns with it.
 */
#include "check/zone.h"

#include <string.h>

#include "base/text.h"
#include "check/spf.h"

#define SHORTEST_KEY                                                                               \
    200 /* octets of a public key in DER: RSA of 1024 bits has 162, of 2048 bits 294 */

/* --- SPF ---------------------------------------------------------------------------------------
 */

/* A record that lets mail leave as it does now; the caller's. */
static char *
suggested_spf(const MpChecker *checker, const MpZone *zone, const char *domain)
{
    const char *server = checker->config->smtp_address;

    if (!zone->is_direct)
        return g_strdup_printf(
            _("Add to the zone: %s. TXT \"v=spf1 a:%s -all\", or what the owner of "
              "that server says to include"),
            domain, server);
    const char *address = zone->outside->len > 0 ? g_ptr_array_index(zone->outside, 0) : "ADDRESS";
    return g_strdup_printf(_("Add to the zone: %s. TXT \"v=spf1 ip%d:%s -all\""), domain,
                           strchr(address, ':') != NULL ? 6 : 4, address);
}

/* What is wrong with the record whatever the address; true if it was told. */
static bool
tell_bad_record(MpChecker *checker, const char *domain, const MpSpf *spf)
{
    const char *expected = _("one record that receivers can read");

    if (spf->n_records > 1)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, _("Make one record of them"),
                      _("%s has %u SPF records, which counts as an error"), domain, spf->n_records);
    else if (spf->wrong != NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, _("Mend that term in the zone"),
                      _("%s: the term %s is wrong"), domain, spf->wrong);
    else if (spf->n_lookups > MP_SPF_LOOKUPS)
        mp_check_tell(checker, MP_CHECK_FAILED, _("at most 10 look-ups"),
                      _("Put addresses (ip4:, ip6:) in place of names and includes"),
                      _("%s: its record costs %u look-ups, and receivers stop after 10"), domain,
                      spf->n_lookups);
    else if (spf->n_void > MP_SPF_VOID)
        mp_check_tell(checker, MP_CHECK_FAILED, _("at most 2 look-ups without an answer"),
                      _("Take names that are gone out of the record"),
                      _("%s: %u of the names in its record have no answer"), domain, spf->n_void);
    else if (spf->lets_all)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a record that ends in -all or ~all"),
                      _("Put -all in place of +all"), _("%s: +all lets everybody send as we"),
                      domain);
    else
        return false;
    return true;
}

/* Asked about each address that mail leaves from: the worst word decides. */
static MpSpfResult
worst_result(const MpZone *zone, const char *domain, const char **address)
{
    MpSpfResult worst = MP_SPF_PASS;

    *address = NULL;
    for (guint i = 0; i < zone->senders->len; i++) {
        g_autoptr(MpSpf) spf = mp_spf_check(zone->dns, domain, g_ptr_array_index(zone->senders, i));

        if (*address == NULL || (spf->result != MP_SPF_PASS && worst == MP_SPF_PASS)) {
            worst = spf->result;
            *address = g_ptr_array_index(zone->senders, i);
        }
    }
    return *address != NULL ? worst : MP_SPF_NOT_KNOWN;
}

/* "192.0.2.1 gets softfail": a server that is not ours may have other addresses to send from. */
static void
tell_result(MpChecker *checker, const MpZone *zone, const char *domain, const char *record)
{
    const char *expected = _("pass, for every address that mail leaves from");
    g_autofree char *advice = suggested_spf(checker, zone, domain);
    const char *address;
    MpSpfResult result = worst_result(zone, domain, &address);

    if (address == NULL)
        mp_check_out_of_sight(
            checker, expected, _("Compare it with the public address of this network"),
            _("%s: %s; which address mail leaves from cannot be told"), domain, record);
    else if (result == MP_SPF_PASS)
        mp_check_ok(checker, _("%s: %s lets %s send"), domain, record, address);
    else if (!zone->is_direct)
        mp_check_out_of_sight(checker, expected, advice,
                              _("%s: %s gets %s, but the server may send from other addresses"),
                              domain, address, mp_spf_result_name(result));
    else if (result == MP_SPF_NOT_KNOWN)
        mp_check_tell(
            checker, MP_CHECK_UNKNOWN, expected, advice,
            _("%s: what %s gets depends on the mail, or on a name that cannot be asked for"),
            domain, address);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, expected, advice, _("%s: %s gets %s"), domain,
                      address, mp_spf_result_name(result));
}

static void
check_spf(MpChecker *checker, const char *domain, MpVerdict missing)
{
    MpZone *zone = mp_zone_of(checker);
    g_autoptr(MpSpf) spf = mp_spf_check(zone->dns, domain, NULL);
    g_autofree char *advice = suggested_spf(checker, zone, domain);

    if (mp_zone_is_unknown(checker, mp_dns_ask(zone->dns, domain, MP_DNS_TXT), domain, "SPF"))
        return;
    if (spf->outcome != MP_DNS_FOUND)
        mp_check_tell(checker, missing, _("an SPF record of its own"), advice,
                      _("%s has none (%s); nothing is inherited, and a wildcard A gives none"),
                      domain, mp_zone_outcome(spf->outcome));
    else if (!tell_bad_record(checker, domain, spf))
        tell_result(checker, zone, domain, spf->record);
}

void
mp_check_spf_reply(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);

    if (zone != NULL)
        check_spf(checker, zone->envelope, MP_CHECK_FAILED);
}

/* Answers to mail have the null sender, for which HELO stands. */
void
mp_check_spf_helo(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);

    if (zone == NULL)
        return;
    if (zone->is_direct)
        check_spf(checker, zone->helo, MP_CHECK_WARNING);
    else
        mp_check_ok(checker, _("%s says its own name"), checker->config->smtp_address);
}

/* --- Tags: "v=DKIM1; k=rsa; p=…" (RFC 6376, section 3.2) ---------------------------------------
 */

/* The value of a tag; NULL if it is not there. The caller's. */
static char *
tag(const char *record, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(record, ";", -1);

    for (char **part = parts; *part != NULL; part++) {
        char *equals = strchr(*part, '=');

        if (equals == NULL)
            continue;
        *equals = '\0';
        if (strcmp(g_strstrip(*part), name) == 0)
            return g_strdup(g_strstrip(equals + 1));
    }
    return NULL;
}

static const char *
first_with(const MpDnsAnswer *answer, const char *prefix, guint *n)
{
    const char *found = NULL;

    *n = 0;
    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        if (!g_str_has_prefix(record->value, prefix))
            continue;
        found = (*n)++ == 0 ? record->value : found;
    }
    return found;
}

/* --- DKIM --------------------------------------------------------------------------------------
 */

static char *
dkim_name(const MpChecker *checker, const MpZone *zone)
{
    return g_strdup_printf("%s._domainkey.%s", checker->wishes->selector, zone->from);
}

/* Octets of the key, 0 where it was revoked or is no key. */
static gsize
key_length(const char *record)
{
    g_autofree char *text = tag(record, "p");
    gsize length = 0;

    g_free(text != NULL && *text != '\0' ? g_base64_decode(text, &length) : NULL);
    return length;
}

static void
tell_dkim(MpChecker *checker, const char *name, const char *record)
{
    const char *expected = _("a public key, RSA of 2048 bits or Ed25519");
    g_autofree char *kind = tag(record, "k"), *flags = tag(record, "t");
    bool is_rsa = kind == NULL || strcmp(kind, "rsa") == 0;
    gsize length = key_length(record);

    if (length == 0)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Publish the key that the server signs with"),
                      _("%s: the key is empty, which means revoked"), name);
    else if (is_rsa && length < SHORTEST_KEY)
        mp_check_tell(checker, MP_CHECK_WARNING, expected, _("Make a key of 2048 bits"),
                      _("%s: an RSA key that is short"), name);
    else if (flags != NULL && strchr(flags, 'y') != NULL)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a key without t=y"),
                      _("Take t=y out of the record"),
                      _("%s: the key says that it is only being tested"), name);
    else
        mp_check_ok(checker, _("%s: a public key is there"), name);
}

void
mp_check_dkim(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);

    if (zone == NULL)
        return;
    if (checker->wishes->selector == NULL) {
        mp_check_out_of_sight(checker, _("a signature of the SMTP server for the domain of From"),
                              _("Look at a mail that was received for s= in DKIM-Signature, then: "
                                "metroplex check dns --selector NAME"),
                              _("by which selector the server signs for %s cannot be told"),
                              zone->from);
        return;
    }
    g_autofree char *name = dkim_name(checker, zone);
    const MpDnsAnswer *answer = mp_dns_ask(zone->dns, name, MP_DNS_TXT);
    if (mp_zone_is_unknown(checker, answer, name, "TXT"))
        return;
    if (answer->outcome != MP_DNS_FOUND)
        mp_check_tell(
            checker, MP_CHECK_FAILED, _("a public key"),
            _("Publish the key that the server signs with, under the selector that it uses"),
            "%s: %s", name, mp_zone_outcome(answer->outcome));
    else
        tell_dkim(checker, name, ((MpDnsRecord *)g_ptr_array_index(answer->records, 0))->value);
}

/* --- DMARC -------------------------------------------------------------------------------------
 */

typedef struct {
    MpDnsOutcome outcome; /* SERVFAIL and above: it is not known whether there is one */
    guint n;              /* records at that name: two are none */
    char *domain;         /* of the record: From's, or one above it */
    char *record;
} Dmarc;

static void
dmarc_clear(Dmarc *dmarc)
{
    g_free(dmarc->domain);
    g_free(dmarc->record);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Dmarc, dmarc_clear)

static const char *
parent_of(const char *domain)
{
    const char *dot = strchr(domain, '.');

    return dot != NULL && dot[1] != '\0' ? dot + 1 : NULL;
}

/* The record of From's domain, or of the next domain above that has one. */
static void
find_dmarc(MpZone *zone, const char *from, Dmarc *dmarc)
{
    dmarc->outcome = MP_DNS_NODATA;
    for (const char *domain = from; domain != NULL; domain = parent_of(domain)) {
        g_autofree char *name = g_strconcat("_dmarc.", domain, NULL);
        const MpDnsAnswer *answer = mp_dns_ask(zone->dns, name, MP_DNS_TXT);
        const char *record = first_with(answer, "v=DMARC1", &dmarc->n);

        if (answer->outcome <= MP_DNS_NXDOMAIN && record == NULL)
            continue;
        dmarc->outcome = answer->outcome;
        dmarc->domain = g_strdup(domain);
        dmarc->record = g_strdup(record);
        return;
    }
}

/* What the policy demands of From's domain: "none", "quarantine", "reject"; NULL if none of them.
 * The caller's. */
static char *
policy_of(const Dmarc *dmarc, const char *from)
{
    g_autofree char *below = strcmp(dmarc->domain, from) != 0 ? tag(dmarc->record, "sp") : NULL;
    g_autofree char *policy = below != NULL ? g_steal_pointer(&below) : tag(dmarc->record, "p");
    static const char *const known[] = {"none", "quarantine", "reject", NULL};

    return policy != NULL && g_strv_contains(known, policy) ? g_steal_pointer(&policy) : NULL;
}

void
mp_check_dmarc(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);
    g_auto(Dmarc) dmarc = {0};

    if (zone == NULL)
        return;
    find_dmarc(zone, zone->from, &dmarc);
    g_autofree char *name =
        g_strconcat("_dmarc.", dmarc.domain != NULL ? dmarc.domain : zone->from, NULL);
    g_autofree char *add = g_strdup_printf(
        _("Add to the zone: %s. TXT \"v=DMARC1; p=none; rua=mailto:postmaster@%s\""), name,
        zone->from);
    if (mp_zone_is_unknown(checker, mp_dns_ask(zone->dns, name, MP_DNS_TXT), name, "TXT"))
        return;
    g_autofree char *policy = dmarc.record != NULL ? policy_of(&dmarc, zone->from) : NULL;
    if (dmarc.record == NULL)
        mp_check_tell(checker, MP_CHECK_WARNING, _("a record; large receivers ask for one"), add,
                      _("%s has none, nor has a domain above it"), zone->from);
    else if (dmarc.n > 1)
        mp_check_tell(checker, MP_CHECK_FAILED, _("one record"), _("Make one record of them"),
                      _("%s has %u records, which count as none"), name, dmarc.n);
    else if (policy == NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, _("p=none, quarantine or reject"),
                      _("Mend the record in the zone"), _("%s says no policy: %s"), name,
                      dmarc.record);
    else
        mp_check_ok(checker, _("%s demands %s of %s"), name, policy, zone->from);
}

/* --- Alignment (RFC 7489, section 3.1) ---------------------------------------------------------
 */

static bool
is_below(const char *name, const char *domain)
{
    return g_str_has_suffix(name, domain) && strlen(name) > strlen(domain) &&
           name[strlen(name) - strlen(domain) - 1] == '.';
}

/* Relaxed alignment wants one organisational domain: one of the two lies below the other, or both
 * below the one whose DMARC record it is. */
static bool
is_related(const char *a, const char *b, const char *organisation)
{
    return strcmp(a, b) == 0 || is_below(a, b) || is_below(b, a) ||
           (is_below(a, organisation) && is_below(b, organisation));
}

static bool
is_spf_good(MpZone *zone)
{
    const char *address;
    g_autoptr(MpSpf) spf = mp_spf_check(zone->dns, zone->envelope, NULL);

    if (spf->n_records != 1 || spf->wrong != NULL || spf->n_lookups > MP_SPF_LOOKUPS ||
        spf->n_void > MP_SPF_VOID)
        return false;
    MpSpfResult result = worst_result(zone, zone->envelope, &address);
    return result == MP_SPF_PASS || result == MP_SPF_NOT_KNOWN || !zone->is_direct;
}

static bool
has_dkim(const MpChecker *checker, MpZone *zone)
{
    if (checker->wishes->selector == NULL)
        return false;
    g_autofree char *name = dkim_name(checker, zone);
    const MpDnsAnswer *answer = mp_dns_ask(zone->dns, name, MP_DNS_TXT);
    return answer->outcome == MP_DNS_FOUND &&
           key_length(((MpDnsRecord *)g_ptr_array_index(answer->records, 0))->value) > 0;
}

/* Why SPF does not count for From's domain; the caller's, NULL if it does. */
static char *
why_no_spf(MpZone *zone, const Dmarc *dmarc)
{
    g_autofree char *mode = tag(dmarc->record, "aspf");

    if (!is_related(zone->from, zone->envelope, dmarc->domain))
        return g_strdup_printf(
            _("From is of %s, the envelope of %s: SPF does not count, only DKIM can"), zone->from,
            zone->envelope);
    if (mode != NULL && strcmp(mode, "s") == 0 && strcmp(zone->from, zone->envelope) != 0)
        return g_strdup_printf(
            _("aspf=s of %s demands equal domains, and the envelope is of %s: only DKIM can"),
            dmarc->domain, zone->envelope);
    return is_spf_good(zone) ? NULL : g_strdup_printf(_("SPF of %s does not pass"), zone->envelope);
}

static void
tell_alignment(MpChecker *checker, MpZone *zone, const Dmarc *dmarc, const char *policy)
{
    g_autofree char *why = why_no_spf(zone, dmarc);
    g_autofree char *advice = g_strdup_printf(
        _("Let the SMTP server sign with DKIM for %s, and look with --selector; or let [smtp] "
          "noreply-address and SPF be of %s"),
        zone->from, checker->config->hostname);

    if (why == NULL)
        mp_check_ok(checker, _("SPF of %s counts for From's domain %s"), zone->envelope,
                    zone->from);
    else if (has_dkim(checker, zone))
        mp_check_ok(checker, _("%s; a DKIM key of %s is there"), why, zone->from);
    else
        mp_check_tell(checker, strcmp(policy, "none") == 0 ? MP_CHECK_WARNING : MP_CHECK_FAILED,
                      _("SPF or DKIM that counts for the domain of From"), advice,
                      _("%s; DMARC of %s demands %s of mail without"), why, dmarc->domain, policy);
}

void
mp_check_alignment(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);
    g_auto(Dmarc) dmarc = {0};

    if (zone == NULL)
        return;
    find_dmarc(zone, zone->from, &dmarc);
    g_autofree char *policy =
        dmarc.record != NULL && dmarc.n == 1 ? policy_of(&dmarc, zone->from) : NULL;
    if (dmarc.outcome > MP_DNS_NXDOMAIN)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a DMARC policy that can be asked for"),
                      _("Mend what is wrong with DMARC first"), _("_dmarc.%s: %s"), dmarc.domain,
                      mp_zone_outcome(dmarc.outcome));
    else if (policy == NULL)
        mp_check_ok(checker, _("no DMARC policy demands it"));
    else
        tell_alignment(checker, zone, &dmarc, policy);
}
