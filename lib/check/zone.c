/* What the checks of DNS share; see zone.h. */
#include "check/zone.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>

#include "base/domain.h"
#include "base/text.h"
#include "check/spf.h"

/* --- Addresses ---------------------------------------------------------------------------------
 */

bool
mp_zone_is_public(const char *address)
{
    static const char *const inside[] = {
        "127.0.0.0/8",    "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
        "169.254.0.0/16", "100.64.0.0/10", "0.0.0.0/8",     "224.0.0.0/3",
        "::/127",         "fe80::/10",     "fc00::/7",      "ff00::/8",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(inside); i++)
        if (mp_spf_is_in(address, inside[i], -1, NULL))
            return false;
    return true;
}

bool
mp_zone_has(const GPtrArray *addresses, const char *address)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)addresses, address, g_str_equal, NULL);
}

bool
mp_zone_has_any(const GPtrArray *addresses, const MpDnsAnswer *answer)
{
    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        if (mp_zone_has(addresses, record->value))
            return true;
    }
    return false;
}

char *
mp_zone_join(const GPtrArray *addresses, const char *none)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < addresses->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(addresses, i));
    return addresses->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup(none);
}

char *
mp_zone_join_records(const MpDnsAnswer *answer)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();

    for (guint i = 0; i < answer->records->len; i++)
        g_ptr_array_add(values, ((MpDnsRecord *)g_ptr_array_index(answer->records, i))->value);
    return mp_zone_join(values, "-");
}

/* This machine's, as text; the scope of a link is left out. */
static GPtrArray *
own_addresses(void)
{
    GPtrArray *own = g_ptr_array_new_with_free_func(g_free);
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) < 0)
        return own;
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        int family = one->ifa_addr != NULL ? one->ifa_addr->sa_family : AF_UNSPEC;
        char text[INET6_ADDRSTRLEN] = "";

        if (family == AF_INET)
            inet_ntop(family, &((struct sockaddr_in *)one->ifa_addr)->sin_addr, text, sizeof text);
        else if (family == AF_INET6)
            inet_ntop(family, &((struct sockaddr_in6 *)one->ifa_addr)->sin6_addr, text,
                      sizeof text);
        if (*text != '\0')
            g_ptr_array_add(own, g_strdup(text));
    }
    freeifaddrs(all);
    return own;
}

static bool
is_address(const char *text)
{
    guint8 bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Where mail leaves from: this machine's own addresses, or those of the SMTP server, which may have
 * others to send from. */
static void
find_senders(MpZone *zone, const MpConfig *config)
{
    const char *server = config->smtp_address;

    zone->senders = g_ptr_array_new_with_free_func(g_free);
    if (is_address(server)) {
        g_ptr_array_add(zone->senders, g_strdup(server));
    } else if (strcmp(server, "localhost") != 0) {
        g_autoptr(MpDnsAnswer) answer = mp_dns_addresses(zone->dns, server);

        for (guint i = 0; i < answer->records->len; i++) {
            const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

            g_ptr_array_add(zone->senders, g_strdup(record->value));
        }
    }
    zone->is_direct = strcmp(server, "localhost") == 0;
    for (guint i = 0; i < zone->senders->len; i++)
        zone->is_direct |= mp_zone_has(zone->own, g_ptr_array_index(zone->senders, i));
    if (zone->is_direct) {
        g_ptr_array_unref(zone->senders);
        zone->senders = g_ptr_array_ref(zone->outside);
    }
}

bool
mp_check_is_dns_server(const char *server)
{
    MpDns *dns = mp_dns_new(server, NULL);
    bool is_server = dns != NULL;

    mp_dns_free(dns);
    return is_server;
}

/* --- The zone ----------------------------------------------------------------------------------
 */

MpZone *
mp_zone_of(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    g_autoptr(GError) error = NULL;
    const char *at = strrchr(config->noreply_address, '@');

    if (checker->zone != NULL)
        return checker->zone;
    MpDns *dns = mp_dns_new(checker->wishes->dns, &error);
    if (dns == NULL) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a DNS server that can be asked"),
                      _("Name another: --dns SERVER:PORT"), "%s", error->message);
        return NULL;
    }
    MpZone *zone = g_new0(MpZone, 1);
    zone->dns = dns;
    zone->reply = mp_config_reply_domain(config);
    zone->noreply = mp_config_noreply_domain(config);
    zone->from = mp_domain_fold(at != NULL ? at + 1 : config->hostname);
    zone->envelope = *config->envelope_sender != '\0'
                         ? mp_domain_fold(strrchr(config->envelope_sender, '@') + 1)
                         : g_strdup(zone->reply);
    zone->helo = mp_domain_fold(config->smtp_domain);
    zone->own = own_addresses();
    zone->outside = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < zone->own->len; i++)
        if (mp_zone_is_public(g_ptr_array_index(zone->own, i)))
            g_ptr_array_add(zone->outside, g_strdup(g_ptr_array_index(zone->own, i)));
    find_senders(zone, config);
    checker->zone = zone;
    return zone;
}

void
mp_zone_free(MpZone *zone)
{
    if (zone == NULL)
        return;
    mp_dns_free(zone->dns);
    g_free(zone->reply);
    g_free(zone->noreply);
    g_free(zone->from);
    g_free(zone->envelope);
    g_free(zone->helo);
    g_ptr_array_unref(zone->own);
    g_ptr_array_unref(zone->outside);
    g_ptr_array_unref(zone->senders);
    g_free(zone);
}

/* --- Outcomes ----------------------------------------------------------------------------------
 */

const char *
mp_zone_outcome(MpDnsOutcome outcome)
{
    static const char *const texts[] = {
        N_("found"),
        N_("NODATA: the name is there, without such a record"),
        N_("NXDOMAIN: there is no such name"),
        N_("SERVFAIL: the DNS server failed to find out"),
        N_("REFUSED: the DNS server refuses to answer"),
        N_("no answer of the DNS server"),
        N_("an answer that cannot be read"),
    };

    return _(texts[outcome]);
}

static char *
advice_for(MpDnsOutcome outcome, const char *name)
{
    switch (outcome) {
    case MP_DNS_SERVFAIL:
        return g_strdup_printf(_("See which of the zone's name servers is away, or which signature "
                                 "of DNSSEC is wrong: dig +trace %s"),
                               name);
    case MP_DNS_REFUSED:
        return g_strdup(_("Ask a server that answers this machine: --dns SERVER"));
    case MP_DNS_SILENT:
        return g_strdup(_("See whether the server of /etc/resolv.conf, or of --dns, is up"));
    default:
        return g_strdup_printf(_("See what it says: dig %s"), name);
    }
}

bool
mp_zone_is_unknown(MpChecker *checker, const MpDnsAnswer *answer, const char *name,
                   const char *record)
{
    if (answer->outcome <= MP_DNS_NXDOMAIN)
        return false;
    g_autofree char *advice = advice_for(answer->outcome, name);
    mp_check_tell(checker, MP_CHECK_UNKNOWN, _("an answer, whether there is such a record"), advice,
                  _("%s of %s: %s"), record, name, mp_zone_outcome(answer->outcome));
    return true;
}
