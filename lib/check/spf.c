/* SPF; see spf.h. */
#include "check/spf.h"

#include <arpa/inet.h>
#include <string.h>

#define DEEPEST 20                   /* includes within includes */
#define MOST    (5 * MP_SPF_LOOKUPS) /* look-ups that are made only to count them */

typedef struct {
    MpDns *dns;
    MpSpf *spf;
    const char *address;
} Walk;

static MpSpfResult judge(Walk *walk, const char *domain, const char *record, int depth);

const char *
mp_spf_result_name(MpSpfResult result)
{
    static const char *const names[] = {"pass", "fail", "softfail", "neutral", "not known"};

    return names[result];
}

void
mp_spf_free(MpSpf *spf)
{
    if (spf == NULL)
        return;
    g_free(spf->record);
    g_free(spf->wrong);
    g_free(spf);
}

static void
blame(Walk *walk, const char *term)
{
    if (walk->spf->wrong == NULL)
        walk->spf->wrong = g_strdup(term);
}

/* --- Networks ----------------------------------------------------------------------------------
 */

static bool
shares_bits(const guint8 *a, const guint8 *b, guint bits)
{
    guint whole = bits / 8, rest = bits % 8;
    guint mask = rest > 0 ? 0xffu << (8 - rest) & 0xffu : 0;

    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] & mask) == (b[whole] & mask));
}

bool
mp_spf_is_in(const char *address, const char *network, int bits, bool *is_good)
{
    g_auto(GStrv) parts = g_strsplit(network, "/", 2);
    guint8 a[16], b[16];
    int family = parts[0] != NULL && strchr(parts[0], ':') != NULL ? AF_INET6 : AF_INET;
    guint64 most = family == AF_INET ? 32 : 128, said = most;
    bool good =
        parts[0] != NULL && inet_pton(family, parts[0], b) == 1 &&
        (parts[1] == NULL || g_ascii_string_to_unsigned(parts[1], 10, 0, most, &said, NULL));

    if (is_good != NULL)
        *is_good = good;
    if (bits >= 0)
        said = MIN((guint64)bits, most);
    return good && address != NULL && inet_pton(family, address, a) == 1 &&
           shares_bits(a, b, (guint)said);
}

/* --- Mechanisms --------------------------------------------------------------------------------
 */

typedef struct {
    MpSpfResult qualifier;
    char *name;       /* "include", in lower case */
    char *value;      /* behind the colon, or NULL; without the lengths of prefixes */
    int bits4, bits6; /* -1: none */
} Mechanism;

static void
mechanism_clear(Mechanism *mechanism)
{
    g_free(mechanism->name);
    g_free(mechanism->value);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mechanism, mechanism_clear)

static bool
take_bits(const char *text, guint64 most, int *bits)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 0, most, &value, NULL))
        return false;
    *bits = (int)value;
    return true;
}

/* "a:host/24//64": takes the lengths off the end. */
static bool
take_prefixes(char *text, Mechanism *mechanism)
{
    char *six = strstr(text, "//"), *four;

    if (six != NULL) {
        *six = '\0';
        if (!take_bits(six + 2, 128, &mechanism->bits6))
            return false;
    }
    four = strchr(text, '/');
    if (four == NULL)
        return true;
    *four = '\0';
    return take_bits(four + 1, 32, &mechanism->bits4);
}

static bool
parse(const char *term, Mechanism *mechanism)
{
    static const char qualifiers[] = "+-~?";
    const char *qualifier = strchr(qualifiers, term[0]);

    mechanism->bits4 = mechanism->bits6 = -1;
    mechanism->qualifier = MP_SPF_PASS;
    if (qualifier != NULL && term[0] != '\0') {
        mechanism->qualifier = (MpSpfResult)(qualifier - qualifiers);
        term++;
    }
    gsize length = strcspn(term, ":/");
    mechanism->name = g_ascii_strdown(term, (gssize)length);
    bool is_network = strcmp(mechanism->name, "ip4") == 0 || strcmp(mechanism->name, "ip6") == 0;
    g_autofree char *rest = g_strdup(term + length);
    if (!is_network && !take_prefixes(rest, mechanism))
        return false;
    if (rest[0] == ':')
        mechanism->value = g_strdup(rest + 1);
    return rest[0] != ':' || mechanism->value[0] != '\0';
}

/* Counts a question, and what came of it. */
static const MpDnsAnswer *
look_up(Walk *walk, const char *name, MpDnsType type)
{
    const MpDnsAnswer *answer = mp_dns_ask(walk->dns, name, type);

    if (answer->outcome == MP_DNS_NODATA || answer->outcome == MP_DNS_NXDOMAIN)
        walk->spf->n_void++;
    return answer;
}

static bool
has_address(Walk *walk, const char *name, const Mechanism *mechanism)
{
    bool is_six = walk->address != NULL && strchr(walk->address, ':') != NULL;
    const MpDnsAnswer *answer = look_up(walk, name, is_six ? MP_DNS_AAAA : MP_DNS_A);

    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        if (mp_spf_is_in(walk->address, record->value, is_six ? mechanism->bits6 : mechanism->bits4,
                         NULL))
            return true;
    }
    return false;
}

static bool
has_mx(Walk *walk, const char *name, const Mechanism *mechanism)
{
    const MpDnsAnswer *answer = look_up(walk, name, MP_DNS_MX);

    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        if (has_address(walk, record->value, mechanism))
            return true;
    }
    return false;
}

static bool
is_record(const char *text)
{
    return g_ascii_strncasecmp(text, "v=spf1", 6) == 0 && (text[6] == '\0' || text[6] == ' ');
}

/* The one record of a domain; NULL if there are none or several, *n says which. */
static const char *
find_record(const MpDnsAnswer *answer, guint *n)
{
    const char *found = NULL;

    *n = 0;
    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        if (!is_record(record->value))
            continue;
        found = (*n)++ == 0 ? record->value : found;
    }
    return found;
}

/* Another domain's record: of include and redirect. */
static MpSpfResult
judge_other(Walk *walk, const char *domain, const char *term, int depth)
{
    const MpDnsAnswer *answer = look_up(walk, domain, MP_DNS_TXT);
    guint n;
    const char *record = find_record(answer, &n);

    if (answer->outcome > MP_DNS_NXDOMAIN)
        return MP_SPF_NOT_KNOWN;
    if (n != 1 || depth >= DEEPEST) {
        blame(walk, term);
        return MP_SPF_NOT_KNOWN;
    }
    return judge(walk, domain, record, depth + 1);
}

typedef enum { NO_MATCH, MATCH, NOT_KNOWN } Match;

static Match
match_if(bool is_match)
{
    return is_match ? MATCH : NO_MATCH;
}

static Match
match_include(Walk *walk, const Mechanism *mechanism, const char *term, int depth)
{
    MpSpfResult result = judge_other(walk, mechanism->value, term, depth);

    return result == MP_SPF_NOT_KNOWN ? NOT_KNOWN : match_if(result == MP_SPF_PASS);
}

static Match
match_network(Walk *walk, const Mechanism *mechanism, const char *term)
{
    bool is_good = false;
    bool is_six = mechanism->value != NULL && strchr(mechanism->value, ':') != NULL;
    bool is_in =
        mechanism->value != NULL && mp_spf_is_in(walk->address, mechanism->value, -1, &is_good);

    if (!is_good || is_six != (strcmp(mechanism->name, "ip6") == 0))
        blame(walk, term);
    return match_if(is_in);
}

/* Those that ask the DNS. */
static Match
match_asked(Walk *walk, const char *domain, const Mechanism *mechanism, const char *term, int depth)
{
    const char *name = mechanism->value != NULL ? mechanism->value : domain;

    if (++walk->spf->n_lookups > MOST || strchr(name, '%') != NULL)
        return NOT_KNOWN;
    if (strcmp(mechanism->name, "a") == 0)
        return match_if(has_address(walk, name, mechanism));
    if (strcmp(mechanism->name, "mx") == 0)
        return match_if(has_mx(walk, name, mechanism));
    if (strcmp(mechanism->name, "include") == 0 && mechanism->value != NULL)
        return match_include(walk, mechanism, term, depth);
    if (strcmp(mechanism->name, "exists") == 0 && mechanism->value != NULL)
        return match_if(look_up(walk, name, MP_DNS_A)->outcome == MP_DNS_FOUND);
    if (strcmp(mechanism->name, "ptr") == 0)
        return NOT_KNOWN;
    walk->spf->n_lookups--;
    blame(walk, term);
    return NOT_KNOWN;
}

static Match
match(Walk *walk, const char *domain, const Mechanism *mechanism, const char *term, int depth)
{
    if (strcmp(mechanism->name, "ip4") == 0 || strcmp(mechanism->name, "ip6") == 0)
        return match_network(walk, mechanism, term);
    if (strcmp(mechanism->name, "all") != 0)
        return match_asked(walk, domain, mechanism, term, depth);
    walk->spf->lets_all |= depth == 0 && mechanism->qualifier == MP_SPF_PASS;
    return MATCH;
}

/* --- Records -----------------------------------------------------------------------------------
 */

/* NAME=…; all but redirect mean nothing here. */
static bool
is_modifier(const char *term)
{
    gsize length =
        strspn(term, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    return length > 0 && term[length] == '=';
}

/* The first mechanism that matches decides; those behind it are walked nevertheless, since another
 * address would come to them. */
static MpSpfResult
judge(Walk *walk, const char *domain, const char *record, int depth)
{
    g_auto(GStrv) terms = g_strsplit(record, " ", -1);
    const char *redirect = NULL;
    MpSpfResult result = MP_SPF_NEUTRAL;
    bool is_decided = false, has_all = false;

    for (char **term = terms + 1; *term != NULL; term++) {
        g_auto(Mechanism) mechanism = {0};

        if (**term == '\0')
            continue;
        if (is_modifier(*term)) {
            if (g_ascii_strncasecmp(*term, "redirect=", 9) == 0)
                redirect = *term;
            continue;
        }
        if (!parse(*term, &mechanism)) {
            blame(walk, *term);
            continue;
        }
        has_all |= strcmp(mechanism.name, "all") == 0;
        Match matched = match(walk, domain, &mechanism, *term, depth);
        if (matched != NO_MATCH && !is_decided) {
            is_decided = true;
            result = matched == MATCH ? mechanism.qualifier : MP_SPF_NOT_KNOWN;
        }
    }
    if (redirect == NULL || has_all)
        return result;
    if (++walk->spf->n_lookups > MOST)
        return MP_SPF_NOT_KNOWN;
    MpSpfResult other = judge_other(walk, redirect + 9, redirect, depth);
    return is_decided ? result : other;
}

MpSpf *
mp_spf_check(MpDns *dns, const char *domain, const char *address)
{
    MpSpf *spf = g_new0(MpSpf, 1);
    Walk walk = {dns, spf, address};
    const MpDnsAnswer *answer = mp_dns_ask(dns, domain, MP_DNS_TXT);
    const char *record = find_record(answer, &spf->n_records);

    spf->outcome = answer->outcome;
    spf->result = MP_SPF_NOT_KNOWN;
    if (spf->outcome == MP_DNS_FOUND && record == NULL)
        spf->outcome = MP_DNS_NODATA;
    spf->record = g_strdup(record);
    if (spf->n_records == 1)
        spf->result = judge(&walk, domain, record, 0);
    return spf;
}
