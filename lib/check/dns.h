/*
 * Inside of lib/check: questions to a DNS server, by c-ares. What the C library's resolver merges
 * is told apart here: a name that is not there, one without such a record, a server that fails, one
 * that refuses, and one that says nothing.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpDns MpDns;

typedef enum {
    MP_DNS_FOUND,
    MP_DNS_NODATA,   /* the name is there, and has no such record */
    MP_DNS_NXDOMAIN, /* there is no such name */
    MP_DNS_SERVFAIL, /* from here on: it is not known */
    MP_DNS_REFUSED,
    MP_DNS_SILENT,
    MP_DNS_UNREADABLE,
} MpDnsOutcome;

/* As RFC 1035 and RFC 3596 number them. */
typedef enum {
    MP_DNS_A = 1,
    MP_DNS_CNAME = 5,
    MP_DNS_PTR = 12,
    MP_DNS_MX = 15,
    MP_DNS_TXT = 16,
    MP_DNS_AAAA = 28,
} MpDnsType;

typedef struct {
    char *value;      /* address, name (without final dot; "" for the root), or text, valid UTF-8 */
    guint preference; /* of an MX */
} MpDnsRecord;

typedef struct {
    MpDnsOutcome outcome;
    GPtrArray *records; /* MpDnsRecord of the type that was asked for, in the answer's order */
    char *alias;        /* the name that a CNAME led to, or NULL */
} MpDnsAnswer;

/* Asks SERVER[:PORT], or the system's servers (NULL). MP_ERROR_INPUT if that is no server. */
MpDns *mp_dns_new(const char *server, GError **error);
void mp_dns_free(MpDns *dns);

/* The answer, asked for once a name and type; the MpDns's. A server that never said anything is not
 * asked more than a few times. */
const MpDnsAnswer *mp_dns_ask(MpDns *dns, const char *name, MpDnsType type);

/* "A", "MX", … */
const char *mp_dns_type_name(MpDnsType type);

/* The addresses of a name, A before AAAA: its two answers in one, which the caller frees. Found if
 * either was; else not known if either is not. */
MpDnsAnswer *mp_dns_addresses(MpDns *dns, const char *name);

/* An answer to be filled from others; the caller's. */
MpDnsAnswer *mp_dns_answer_new(MpDnsOutcome outcome);
void mp_dns_answer_take_over(MpDnsAnswer *answer, const MpDnsAnswer *other);
void mp_dns_answer_add(MpDnsAnswer *answer, char *value, guint preference); /* takes `value` */
void mp_dns_answer_free(MpDnsAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpDnsAnswer, mp_dns_answer_free)

/* Adds the records of the wanted type, and the alias, in a packet that answers; false if it is
 * none. */
bool mp_dns_read(const guint8 *bytes, gsize length, MpDnsType wanted, MpDnsAnswer *answer);

/* "10.113.0.203.in-addr.arpa" for an address; the caller's. NULL if it is none. */
char *mp_dns_reverse_name(const char *address);
