/* lib/check: the parts that ask nobody. */
#include "check/spf.h"
#include "check/zone.h"

#include <criterion/criterion.h>

static const struct {
    const char *address, *network;
    bool is_in, is_good;
} networks[] = {
    {"203.0.113.10", "203.0.113.10", true, true},
    {"203.0.113.10", "203.0.113.8/29", true, true},
    {"203.0.113.16", "203.0.113.8/29", false, true},
    {"203.0.113.16", "0.0.0.0/0", true, true},
    {"203.0.113.10", "203.0.113.10/33", false, false},
    {"203.0.113.10", "203.0.113.10/", false, false},
    {"203.0.113.10", "203.0.113.10/-1", false, false},
    {"203.0.113.10", "203.0.113", false, false},
    {"203.0.113.10", "", false, false},
    {"203.0.113.10", "::/0", false, true},
    {"2001:db8::10", "2001:db8::/32", true, true},
    {"2001:db9::10", "2001:db8::/32", false, true},
    {"2001:db8::10", "2001:db8::10/128", true, true},
    {"2001:db8::10", "2001:db8::10/129", false, false},
    {"2001:db8::10", "0.0.0.0/0", false, true},
    {NULL, "203.0.113.0/24", false, true},
};

Test(check, an_address_lies_in_a_network_or_not)
{
    for (gsize i = 0; i < G_N_ELEMENTS(networks); i++) {
        bool is_good;

        cr_expect_eq(mp_spf_is_in(networks[i].address, networks[i].network, -1, &is_good),
                     networks[i].is_in, "%s in %s", networks[i].address, networks[i].network);
        cr_expect_eq(is_good, networks[i].is_good, "%s", networks[i].network);
    }
}

Test(check, what_strangers_can_reach_is_public)
{
    static const char *const outside[] = {"203.0.113.10", "8.8.8.8", "172.32.0.1", "2001:db8::1"};
    static const char *const inside[] = {"127.0.0.1",   "10.1.2.3",        "172.31.255.255",
                                         "192.168.0.1", "169.254.1.1",     "100.64.0.1",
                                         "0.0.0.0",     "255.255.255.255", "::1",
                                         "fe80::1",     "fd00::1",         "ff02::1"};

    for (gsize i = 0; i < G_N_ELEMENTS(outside); i++)
        cr_expect(mp_zone_is_public(outside[i]), "%s", outside[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(inside); i++)
        cr_expect_not(mp_zone_is_public(inside[i]), "%s", inside[i]);
}

Test(check, an_address_has_a_name_in_reverse)
{
    static const struct {
        const char *address, *name;
    } cases[] = {
        {"203.0.113.10", "10.113.0.203.in-addr.arpa"},
        {"2001:db8::10",
         "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
        {"reply.example", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = mp_dns_reverse_name(cases[i].address);

        cr_expect_str_eq(name != NULL ? name : "-", cases[i].name != NULL ? cases[i].name : "-");
    }
}

/* A question for "a.example", and an answer whose owner points to it. */
#define QUESTION "\1a\7example\0\0\1\0\1"
#define HEAD(n)  "\0\1\x81\x80\0\1\0" n "\0\0\0\0" QUESTION
#define OWNER    "\xc0\x0c"
#define TTL      "\0\0\0\x3c"

#define PACKET(text) text, sizeof(text) - 1

static const struct {
    const char *name, *bytes;
    gsize length;
    MpDnsType wanted;
    const char *value; /* the first; NULL: it is no answer; "" none of this type */
} packets[] = {
    {"an address", PACKET(HEAD("\1") OWNER "\0\1\0\1" TTL "\0\4\xcb\0\x71\x0a"), MP_DNS_A,
     "203.0.113.10"},
    {"one octet less", PACKET(HEAD("\1") OWNER "\0\1\0\1" TTL "\0\4\xcb\0\x71"), MP_DNS_A, NULL},
    {"an address of three octets", PACKET(HEAD("\1") OWNER "\0\1\0\1" TTL "\0\3\xcb\0\x71"),
     MP_DNS_A, NULL},
    {"of another type", PACKET(HEAD("\1") OWNER "\0\1\0\1" TTL "\0\4\xcb\0\x71\x0a"), MP_DNS_MX,
     ""},
    {"text in two strings", PACKET(HEAD("\1") OWNER "\0\x10\0\1" TTL "\0\7\2v=\3spf"), MP_DNS_TXT,
     "v=spf"},
    {"a string longer than its record", PACKET(HEAD("\1") OWNER "\0\x10\0\1" TTL "\0\3\7v="),
     MP_DNS_TXT, NULL},
    {"an MX", PACKET(HEAD("\1") OWNER "\0\x0f\0\1" TTL "\0\4\0\x0a\xc0\x0c"), MP_DNS_MX,
     "a.example"},
    {"an MX without a name", PACKET(HEAD("\1") OWNER "\0\x0f\0\1" TTL "\0\2\0\x0a"), MP_DNS_MX,
     NULL},
    {"a name that points to itself", PACKET(HEAD("\1") "\xc0\x1b\0\1\0\1" TTL "\0\4\xcb\0\x71\x0a"),
     MP_DNS_A, NULL},
    {"more answers than there are", PACKET(HEAD("\2") OWNER "\0\1\0\1" TTL "\0\4\xcb\0\x71\x0a"),
     MP_DNS_A, NULL},
    {"half a head", PACKET("\0\1\x81\x80\0\1"), MP_DNS_A, NULL},
    {"nothing", PACKET(""), MP_DNS_A, NULL},
};

Test(check, an_answer_of_the_dns_is_read_to_its_bounds)
{
    for (gsize i = 0; i < G_N_ELEMENTS(packets); i++) {
        g_autofree guint8 *bytes = g_memdup2(packets[i].bytes, packets[i].length);
        g_autoptr(MpDnsAnswer) answer = mp_dns_answer_new(MP_DNS_FOUND);
        bool is_read = mp_dns_read(bytes, packets[i].length, packets[i].wanted, answer);
        const MpDnsRecord *first =
            answer->records->len > 0 ? g_ptr_array_index(answer->records, 0) : NULL;

        cr_expect_eq(is_read, packets[i].value != NULL, "%s", packets[i].name);
        if (packets[i].value != NULL)
            cr_expect_str_eq(first != NULL ? first->value : "", packets[i].value, "%s",
                             packets[i].name);
    }
}
