/*
 * Reading an answer of the DNS (RFC 1035, section 4.1), octet by octet: whoever sent it may mean
 * ill. See dns.h.
 */
#define CARES_NO_DEPRECATED /* what Debian 13 has in place of it, Debian 12 has not */
#include "check/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <string.h>

#define HEADER 12 /* octets */

void
mp_dns_answer_add(MpDnsAnswer *answer, char *value, guint preference)
{
    MpDnsRecord *record = g_new0(MpDnsRecord, 1);

    record->value = value;
    record->preference = preference;
    g_ptr_array_add(answer->records, record);
}

typedef struct {
    const guint8 *bytes;
    gsize length, at;
} Packet;

static bool
take16(Packet *packet, guint *value)
{
    if (packet->length - packet->at < 2)
        return false;
    *value = (guint)packet->bytes[packet->at] << 8 | packet->bytes[packet->at + 1];
    packet->at += 2;
    return true;
}

/* A name at `at`, without its final dot; NULL if it is none. The caller's. */
static char *
name_at(const Packet *packet, gsize at, gsize *length)
{
    char *name;
    long used;

    if (at >= packet->length || ares_expand_name(packet->bytes + at, packet->bytes,
                                                 (int)packet->length, &name, &used) != ARES_SUCCESS)
        return NULL;
    char *copy = g_utf8_make_valid(name, -1);
    ares_free_string(name);
    *length = (gsize)used;
    return copy;
}

static bool
skip_name(Packet *packet)
{
    gsize used;
    g_autofree char *name = name_at(packet, packet->at, &used);

    if (name == NULL || used > packet->length - packet->at)
        return false;
    packet->at += used;
    return true;
}

/* The strings of a TXT record as one (RFC 7208, section 3.3). */
static char *
text_of(const guint8 *data, gsize length)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize at = 0; at < length; at += 1u + data[at]) {
        if (data[at] > length - at - 1)
            return NULL;
        g_string_append_len(text, (const char *)data + at + 1, data[at]);
    }
    return g_utf8_make_valid(text->str, (gssize)strlen(text->str));
}

static char *
address_of(const guint8 *data, gsize length, int family)
{
    char text[INET6_ADDRSTRLEN];

    if (length != (family == AF_INET ? 4u : 16u))
        return NULL;
    return g_strdup(inet_ntop(family, data, text, sizeof text));
}

/* The value of the record whose data begins at packet->at; NULL if it is none. */
static char *
value_of(const Packet *packet, MpDnsType type, gsize length)
{
    const guint8 *data = packet->bytes + packet->at;
    gsize skip = type == MP_DNS_MX ? 2 : 0, unused;

    switch (type) {
    case MP_DNS_A:
        return address_of(data, length, AF_INET);
    case MP_DNS_AAAA:
        return address_of(data, length, AF_INET6);
    case MP_DNS_TXT:
        return text_of(data, length);
    default:
        return length > skip ? name_at(packet, packet->at + skip, &unused) : NULL;
    }
}

static bool
read_record(Packet *packet, MpDnsType wanted, MpDnsAnswer *answer)
{
    guint type, class, ttl, length;

    if (!skip_name(packet) || !take16(packet, &type) || !take16(packet, &class) ||
        !take16(packet, &ttl) || !take16(packet, &ttl) || !take16(packet, &length) ||
        length > packet->length - packet->at)
        return false;
    if (type == wanted || type == MP_DNS_CNAME) {
        char *value = value_of(packet, (MpDnsType)type, length);
        guint preference =
            type == MP_DNS_MX && length >= 2
                ? (guint)packet->bytes[packet->at] << 8 | packet->bytes[packet->at + 1]
                : 0;

        if (value == NULL)
            return false;
        if (type == wanted) {
            mp_dns_answer_add(answer, value, preference);
        } else {
            g_free(answer->alias);
            answer->alias = value;
        }
    }
    packet->at += length;
    return true;
}

bool
mp_dns_read(const guint8 *bytes, gsize length, MpDnsType wanted, MpDnsAnswer *answer)
{
    Packet packet = {bytes, length, 4};
    guint n_questions, n_answers, unused;

    if (length < HEADER || !take16(&packet, &n_questions) || !take16(&packet, &n_answers))
        return false;
    packet.at = HEADER;
    for (guint i = 0; i < n_questions; i++)
        if (!skip_name(&packet) || !take16(&packet, &unused) || !take16(&packet, &unused))
            return false;
    for (guint i = 0; i < n_answers; i++)
        if (!read_record(&packet, wanted, answer))
            return false;
    return true;
}
