/* Questions to a DNS server; see dns.h. */
#define CARES_NO_DEPRECATED /* what Debian 13 has in place of it, Debian 12 has not */
#include "check/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"

#define TIMEOUT_MS 1500 /* of the first of two tries; the second has twice as much */

/* Questions that a server may leave unanswered while it has answered none. */
#define MOST_SILENT 2

/* For one more, c-ares' macros would shift into the sign. */
#define MOST_SOCKETS (ARES_GETSOCK_MAXNUM - 1)

struct MpDns {
    ares_channel channel;
    GHashTable *answers; /* "TYPE name" to MpDnsAnswer */
    guint n_silent;
    bool has_spoken;
};

static const struct {
    MpDnsType type;
    const char *name;
} types[] = {{MP_DNS_A, "A"},   {MP_DNS_CNAME, "CNAME"}, {MP_DNS_PTR, "PTR"},
             {MP_DNS_MX, "MX"}, {MP_DNS_TXT, "TXT"},     {MP_DNS_AAAA, "AAAA"}};

const char *
mp_dns_type_name(MpDnsType type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (types[i].type == type)
            return types[i].name;
    return "?";
}

static void
record_free(gpointer data)
{
    MpDnsRecord *record = data;

    g_free(record->value);
    g_free(record);
}

MpDnsAnswer *
mp_dns_answer_new(MpDnsOutcome outcome)
{
    MpDnsAnswer *answer = g_new0(MpDnsAnswer, 1);

    answer->outcome = outcome;
    answer->records = g_ptr_array_new_with_free_func(record_free);
    return answer;
}

void
mp_dns_answer_free(MpDnsAnswer *answer)
{
    if (answer == NULL)
        return;
    g_ptr_array_unref(answer->records);
    g_free(answer->alias);
    g_free(answer);
}

/* --- Asking ------------------------------------------------------------------------------------
 */

static bool
set_server(MpDns *dns, const char *server, GError **error)
{
    g_autofree char *shown = mp_escape(server);

    if (server == NULL || ares_set_servers_ports_csv(dns->channel, server) == ARES_SUCCESS)
        return true;
    return mp_fail(error, MP_ERROR_INPUT,
                   "--dns: %s is no server: an IP address is wanted, and :PORT if it is not 53",
                   shown);
}

MpDns *
mp_dns_new(const char *server, GError **error)
{
    /* Without NOCHECKRESP both SERVFAIL and REFUSED become "no server". */
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP, .timeout = TIMEOUT_MS, .tries = 2};
    MpDns *dns = g_new0(MpDns, 1);

    dns->answers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mp_dns_answer_free);
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&dns->channel, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS) {
        mp_fail(error, MP_ERROR_TEMPORARY, "cannot ask DNS servers: c-ares does not begin");
        dns->channel = NULL;
    } else if (set_server(dns, server, error)) {
        return dns;
    }
    mp_dns_free(dns);
    return NULL;
}

void
mp_dns_free(MpDns *dns)
{
    if (dns == NULL)
        return;
    if (dns->channel != NULL)
        ares_destroy(dns->channel);
    g_hash_table_unref(dns->answers);
    g_free(dns);
}

typedef struct {
    bool is_done;
    int status;
    GByteArray *bytes;
} Question;

static void
take_answer(void *data, int status, int timeouts, unsigned char *bytes, int length)
{
    Question *question = data;

    (void)timeouts;
    question->is_done = true;
    question->status = status;
    if (bytes != NULL && length > 0)
        g_byte_array_append(question->bytes, bytes, (guint)length);
}

/* Waits for sockets and clock, once. */
static void
step(MpDns *dns)
{
    ares_socket_t sockets[MOST_SOCKETS];
    struct pollfd polled[MOST_SOCKETS];
    int bits = ares_getsock(dns->channel, sockets, MOST_SOCKETS);
    nfds_t n = 0;
    struct timeval most = {.tv_sec = 1}, left;

    for (int i = 0; i < MOST_SOCKETS; i++) {
        short events = (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
                               (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
        if (events != 0)
            polled[n++] = (struct pollfd){.fd = sockets[i], .events = events};
    }
    struct timeval *wait = ares_timeout(dns->channel, &most, &left);
    (void)poll(polled, n, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1);
    for (nfds_t i = 0; i < n; i++)
        ares_process_fd(dns->channel,
                        (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? polled[i].fd
                                                                                : ARES_SOCKET_BAD,
                        (polled[i].revents & (POLLOUT | POLLERR)) != 0 ? polled[i].fd
                                                                       : ARES_SOCKET_BAD);
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* the clock */
}

static MpDnsOutcome
outcome_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return MP_DNS_FOUND;
    case ARES_ENODATA:
        return MP_DNS_NODATA;
    case ARES_ENOTFOUND:
        return MP_DNS_NXDOMAIN;
    case ARES_ESERVFAIL:
        return MP_DNS_SERVFAIL;
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
        return MP_DNS_REFUSED;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
        return MP_DNS_SILENT;
    default:
        return MP_DNS_UNREADABLE;
    }
}

static MpDnsAnswer *
ask(MpDns *dns, const char *name, MpDnsType type)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Question question = {.bytes = bytes};

    ares_query(dns->channel, name, 1, (int)type, take_answer, &question);
    while (!question.is_done)
        step(dns);
    MpDnsAnswer *answer = mp_dns_answer_new(outcome_of(question.status));
    if (answer->outcome == MP_DNS_FOUND && !mp_dns_read(bytes->data, bytes->len, type, answer))
        answer->outcome = MP_DNS_UNREADABLE;
    else if (answer->outcome == MP_DNS_FOUND && answer->records->len == 0)
        answer->outcome = MP_DNS_NODATA;
    return answer;
}

const MpDnsAnswer *
mp_dns_ask(MpDns *dns, const char *name, MpDnsType type)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    g_autofree char *key = g_strdup_printf("%d %s", (int)type, lower);
    MpDnsAnswer *answer = g_hash_table_lookup(dns->answers, key);

    if (answer != NULL)
        return answer;
    if (!dns->has_spoken && dns->n_silent >= MOST_SILENT)
        answer = mp_dns_answer_new(MP_DNS_SILENT);
    else
        answer = ask(dns, lower, type);
    dns->n_silent += answer->outcome == MP_DNS_SILENT;
    dns->has_spoken |= answer->outcome != MP_DNS_SILENT;
    g_hash_table_insert(dns->answers, g_steal_pointer(&key), answer);
    return answer;
}

/* --- Addresses ---------------------------------------------------------------------------------
 */

void
mp_dns_answer_take_over(MpDnsAnswer *answer, const MpDnsAnswer *other)
{
    for (guint i = 0; i < other->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(other->records, i);

        mp_dns_answer_add(answer, g_strdup(record->value), record->preference);
    }
    if (answer->alias == NULL)
        answer->alias = g_strdup(other->alias);
}

MpDnsAnswer *
mp_dns_addresses(MpDns *dns, const char *name)
{
    const MpDnsAnswer *a = mp_dns_ask(dns, name, MP_DNS_A);
    const MpDnsAnswer *aaaa = mp_dns_ask(dns, name, MP_DNS_AAAA);
    MpDnsAnswer *both = mp_dns_answer_new(MAX(a->outcome, aaaa->outcome));

    mp_dns_answer_take_over(both, a);
    mp_dns_answer_take_over(both, aaaa);
    if (both->records->len > 0)
        both->outcome = MP_DNS_FOUND;
    else if (both->outcome == MP_DNS_NXDOMAIN && a->outcome != aaaa->outcome)
        both->outcome = MP_DNS_NODATA; /* one of the two knows the name */
    return both;
}

char *
mp_dns_reverse_name(const char *address)
{
    guint8 bytes[16];
    g_autoptr(GString) name = g_string_new(NULL);

    if (inet_pton(AF_INET, address, bytes) == 1)
        return g_strdup_printf("%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    if (inet_pton(AF_INET6, address, bytes) != 1)
        return NULL;
    for (int i = 15; i >= 0; i--)
        g_string_append_printf(name, "%x.%x.", bytes[i] & 15u, bytes[i] >> 4);
    g_string_append(name, "ip6.arpa");
    return g_string_free(g_steal_pointer(&name), FALSE);
}
