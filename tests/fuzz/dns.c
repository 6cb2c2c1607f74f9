/* An answer of a DNS server: the first octet says which records are wanted. */
#include "check/dns.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const MpDnsType types[] = {MP_DNS_A,  MP_DNS_CNAME, MP_DNS_PTR,
                                      MP_DNS_MX, MP_DNS_TXT,   MP_DNS_AAAA};
    g_autoptr(MpDnsAnswer) answer = mp_dns_answer_new(MP_DNS_FOUND);

    if (size == 0)
        return 0;
    (void)mp_dns_read(data + 1, size - 1, types[data[0] % G_N_ELEMENTS(types)], answer);
    for (guint i = 0; i < answer->records->len; i++) {
        const MpDnsRecord *record = g_ptr_array_index(answer->records, i);

        fuzz_claim(g_utf8_validate(record->value, -1, NULL));
    }
    fuzz_claim(answer->alias == NULL || g_utf8_validate(answer->alias, -1, NULL));
    return 0;
}
