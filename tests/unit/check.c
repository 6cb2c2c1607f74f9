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
