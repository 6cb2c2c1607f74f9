/*
 * Group dns: where replies are sent to. Addresses and MX of reply.HOST and noreply.HOST, wildcards,
 * the reverse name. What proves our own mail is in check_proof.c.
 */
#include "check/zone.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/domain.h"
#include "base/text.h"

/* The address that a record of ours should have: the first of this machine that can be reached. */
static const char *
suggested(const MpZone *zone)
{
    return zone->outside->len > 0 ? g_ptr_array_index(zone->outside, 0) : "ADDRESS";
}

static bool
has_kind(const MpDnsAnswer *answer, bool six)
{
    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        if ((strchr(record->value, ':') != NULL) == six)
            return true;
    }
    return false;
}

static bool
has_public(const MpDnsAnswer *answer)
{
    for (guint i = 0; i < answer->records->len; i++)
        if (mp_zone_is_public(((MpDnsRecord *)g_ptr_array_index(answer->records, i))->value))
            return true;
    return false;
}

/* --- Where the addresses of a name lead --------------------------------------------------------
 */

/* `what` names the addresses found. True, with nothing told, where they are good. */
static bool
leads_here(MpChecker *checker, MpZone *zone, const MpDnsAnswer *answer, const char *what)
{
    g_autofree char *own = mp_zone_join(zone->outside, "-");
    g_autofree char *expected = g_strdup_printf(_("an address of this machine: %s"), own);
    g_autofree char *change = g_strdup_printf(
        _("Unless another machine passes its mail on to this one, make it %s"), suggested(zone));

    if (!has_public(answer))
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Name an address that can be reached from outside"),
                      _("%s: nobody outside can reach that"), what);
    else if (!has_kind(answer, false))
        mp_check_tell(checker, MP_CHECK_WARNING, _("an IPv4 address as well"),
                      _("Add an A record: many mail servers have no IPv6"), _("%s: IPv6 only"),
                      what);
    else if (mp_zone_has_any(zone->own, answer))
        return true;
    else if (zone->outside->len == 0)
        mp_check_out_of_sight(
            checker, _("an address that leads to this machine"),
            _("Compare it with the public address of this network; port 25 must be passed on"),
            _("%s: this machine has no address of its own on the Internet, so it cannot be told"),
            what);
    else
        mp_check_tell(checker, MP_CHECK_WARNING, expected, change,
                      _("%s: no address of this machine"), what);
    return false;
}

static char *
describe(const MpDnsAnswer *answer, const char *name)
{
    g_autofree char *addresses = mp_zone_join_records(answer);

    return answer->alias != NULL
               ? g_strdup_printf(_("%s is an alias of %s: %s"), name, answer->alias, addresses)
               : g_strdup_printf("%s: %s", name, addresses);
}

static void
check_reply_address(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);

    if (zone == NULL)
        return;
    g_autoptr(MpDnsAnswer) answer = mp_dns_addresses(zone->dns, zone->reply);
    g_autofree char *add =
        g_strdup_printf(_("Add to the zone: %s. A %s"), zone->reply, suggested(zone));
    if (mp_zone_is_unknown(checker, answer, zone->reply, "A, AAAA"))
        return;
    if (answer->outcome != MP_DNS_FOUND) {
        bool has_mx = mp_dns_ask(zone->dns, zone->reply, MP_DNS_MX)->outcome == MP_DNS_FOUND;

        mp_check_tell(checker, has_mx ? MP_CHECK_WARNING : MP_CHECK_FAILED,
                      _("an A, AAAA or CNAME record"), add, "%s: %s", zone->reply,
                      mp_zone_outcome(answer->outcome));
        return;
    }
    g_autofree char *what = describe(answer, zone->reply);
    if (leads_here(checker, zone, answer, what))
        mp_check_ok(checker, _("%s, this machine"), what);
}

/* A name that nobody has made shows whether all names have an address. */
static void
check_wildcard(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);
    const char *host = checker->config->hostname;

    if (zone == NULL)
        return;
    g_autofree char *name =
        g_strdup_printf("check-%08x%08x.%s", g_random_int(), g_random_int(), host);
    g_autoptr(MpDnsAnswer) answer = mp_dns_addresses(zone->dns, name);
    if (mp_zone_is_unknown(checker, answer, name, "A, AAAA"))
        return;
    g_autofree char *addresses = mp_zone_join_records(answer);
    if (answer->outcome != MP_DNS_FOUND)
        mp_check_ok(checker, _("there is none below %s"), host);
    else
        mp_check_ok(checker, _("*.%s gives every name an address (%s), but no MX and no SPF"), host,
                    addresses);
}

/* --- MX ----------------------------------------------------------------------------------------
 */

static bool
is_literal(const char *name)
{
    guint8 bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Whether mail for `name` can go to this target; told where it cannot. */
static bool
is_good_target(MpChecker *checker, MpZone *zone, const char *name, const char *target)
{
    const char *expected = _("a name that has an address itself, and no CNAME");
    const MpDnsAnswer *alias;

    if (*target == '\0' || is_literal(target)) {
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL,
                      *target == '\0' ? _("MX of %s: \".\" says that it takes no mail")
                                      : _("MX of %s: an address where a name belongs"),
                      name);
        return false;
    }
    alias = mp_dns_ask(zone->dns, target, MP_DNS_CNAME);
    if (alias->outcome == MP_DNS_FOUND) {
        const MpDnsRecord *record = g_ptr_array_index(alias->records, 0);
        g_autofree char *advice =
            g_strdup_printf(_("Let the MX of %s name %s"), name, record->value);

        mp_check_tell(checker, MP_CHECK_FAILED, expected, advice,
                      _("MX of %s: %s is a CNAME, which is not allowed (RFC 2181, section 10.3)"),
                      name, target);
        return false;
    }
    g_autoptr(MpDnsAnswer) answer = mp_dns_addresses(zone->dns, target);
    if (mp_zone_is_unknown(checker, answer, target, "A, AAAA"))
        return false;
    g_autofree char *advice =
        g_strdup_printf(_("Add to the zone: %s. A %s"), target, suggested(zone));
    if (answer->outcome != MP_DNS_FOUND)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, advice,
                      _("MX of %s: %s has no address (%s)"), name, target,
                      mp_zone_outcome(answer->outcome));
    return answer->outcome == MP_DNS_FOUND;
}

/* All addresses of all targets, and "10 mx.example (192.0.2.1), …". */
static MpDnsAnswer *
gather(MpZone *zone, const MpDnsAnswer *mx, GString *what)
{
    MpDnsAnswer *all = mp_dns_answer_new(MP_DNS_FOUND);

    for (guint i = 0; i < mx->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(mx->records, i);
        g_autoptr(MpDnsAnswer) answer = mp_dns_addresses(zone->dns, record->value);
        g_autofree char *addresses = mp_zone_join_records(answer);

        g_string_append_printf(what, "%s%u %s (%s)", i > 0 ? ", " : "", record->preference,
                               record->value, addresses);
        mp_dns_answer_take_over(all, answer);
    }
    return all;
}

static void
tell_missing(MpChecker *checker, MpZone *zone, const char *name, const MpDnsAnswer *mx)
{
    g_autofree char *expected =
        g_strdup_printf(_("an MX record that names %s"), checker->config->hostname);
    g_autofree char *advice =
        g_strdup_printf(_("Add to the zone: %s. MX 10 %s."), name, checker->config->hostname);
    g_autoptr(MpDnsAnswer) answer = mp_dns_addresses(zone->dns, name);
    bool falls_back = answer->outcome == MP_DNS_FOUND;

    mp_check_tell(checker, falls_back ? MP_CHECK_WARNING : MP_CHECK_FAILED, expected, advice,
                  falls_back ? _("MX of %s: %s; senders fall back to its address")
                             : _("MX of %s: %s; no mail can be sent there"),
                  name, mp_zone_outcome(mx->outcome));
}

/* True, with nothing told, if the MX records are there and good; *what becomes their text. */
static bool
has_good_mx(MpChecker *checker, MpZone *zone, const char *name, GString *what)
{
    const MpDnsAnswer *mx = mp_dns_ask(zone->dns, name, MP_DNS_MX);
    bool is_good = true;

    if (mp_zone_is_unknown(checker, mx, name, "MX"))
        return false;
    if (mx->outcome != MP_DNS_FOUND) {
        tell_missing(checker, zone, name, mx);
        return false;
    }
    for (guint i = 0; i < mx->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(mx->records, i);

        is_good = is_good_target(checker, zone, name, record->value) && is_good;
    }
    if (!is_good)
        return false;
    g_autoptr(MpDnsAnswer) all = gather(zone, mx, what);
    return leads_here(checker, zone, all, what->str);
}

static void
check_reply_mx(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);
    g_autoptr(GString) what = g_string_new(NULL);

    if (zone != NULL && has_good_mx(checker, zone, zone->reply, what))
        mp_check_ok(checker, "%s", what->str);
}

static bool
names(const MpDnsAnswer *mx, const char *host)
{
    g_autofree char *wanted = mp_domain_fold(host);

    for (guint i = 0; i < mx->records->len; i++) {
        g_autofree char *target =
            mp_domain_fold(((MpDnsRecord *)g_ptr_array_index(mx->records, i))->value);

        if (strcmp(target, wanted) == 0)
            return true;
    }
    return false;
}

static void
check_noreply_mx(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);
    const char *host = checker->config->hostname;
    g_autoptr(GString) what = g_string_new(NULL);

    if (zone == NULL || !has_good_mx(checker, zone, zone->noreply, what))
        return;
    if (names(mp_dns_ask(zone->dns, zone->noreply, MP_DNS_MX), host))
        mp_check_ok(checker, "%s", what->str);
    else
        mp_check_ok(checker, _("%s: another name than %s, but of this machine"), what->str, host);
}

/* --- The reverse name --------------------------------------------------------------------------
 */

static void
check_reverse_of(MpChecker *checker, MpZone *zone, const char *address)
{
    g_autofree char *expected =
        g_strdup_printf(_("a name, best %s, that has this address"), zone->helo);
    g_autofree char *name = mp_dns_reverse_name(address);
    const MpDnsAnswer *ptr = mp_dns_ask(zone->dns, name, MP_DNS_PTR);

    if (mp_zone_is_unknown(checker, ptr, name, "PTR"))
        return;
    if (ptr->outcome != MP_DNS_FOUND) {
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, _("%s has no reverse name (%s)"),
                      address, mp_zone_outcome(ptr->outcome));
        return;
    }
    const MpDnsRecord *record = g_ptr_array_index(ptr->records, 0);
    g_autoptr(MpDnsAnswer) back = mp_dns_addresses(zone->dns, record->value);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    for (guint i = 0; i < back->records->len; i++)
        g_ptr_array_add(addresses, ((MpDnsRecord *)g_ptr_array_index(back->records, i))->value);
    if (mp_zone_has(addresses, address))
        mp_check_ok(checker, _("%s is %s, and back"), address, record->value);
    else if (!mp_zone_is_unknown(checker, back, record->value, "A, AAAA"))
        mp_check_tell(checker, MP_CHECK_WARNING, expected, NULL,
                      _("%s is %s, which has not that address"), address, record->value);
}

static void
check_reverse(MpChecker *checker)
{
    MpZone *zone = mp_zone_of(checker);
    const char *expected = _("a reverse name of the address that mail leaves from");

    if (zone == NULL)
        return;
    if (!zone->is_direct)
        mp_check_ok(checker, _("mail leaves from %s, whose matter it is"),
                    checker->config->smtp_address);
    else if (zone->senders->len == 0)
        mp_check_out_of_sight(checker, expected, _("Ask for the public address: dig -x ADDRESS"),
                              _("this machine has no address of its own on the Internet"));
    for (guint i = 0; zone->is_direct && i < zone->senders->len; i++)
        check_reverse_of(checker, zone, g_ptr_array_index(zone->senders, i));
}

const MpCheck mp_checks_dns[] = {
    {"dns", "reply-address", N_("Address of reply."), check_reply_address, NULL},
    {"dns", "wildcard", N_("Wildcard"), check_wildcard, NULL},
    {"dns", "reply-mx", N_("MX of reply."), check_reply_mx, N_("Mend the MX record in the zone")},
    {"dns", "noreply-mx", N_("MX of noreply."), check_noreply_mx,
     N_("Mend the MX record in the zone")},
    {"dns", "spf-reply", N_("SPF of bounces"), mp_check_spf_reply, NULL},
    {"dns", "spf-helo", N_("SPF of HELO"), mp_check_spf_helo, NULL},
    {"dns", "dkim", N_("DKIM"), mp_check_dkim, NULL},
    {"dns", "dmarc", N_("DMARC"), mp_check_dmarc, NULL},
    {"dns", "alignment", N_("Alignment"), mp_check_alignment, NULL},
    {"dns", "reverse", N_("Reverse name"), check_reverse,
     N_("Ask who gives out the address for a PTR record")},
};
const gsize mp_checks_dns_n = G_N_ELEMENTS(mp_checks_dns);
