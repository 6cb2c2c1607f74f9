/* An address of ours, and the masking of texts: no MAC and no other address may be left. */
#include "address/address.h"
#include "base/domain.h"

#include "fuzz.h"

/* A run of 40 hexadecimal digits between the hyphens of an address. */
static bool
has_mac(const char *text)
{
    return g_regex_match_simple("[ic]-[0-9]{1,14}-[0-9a-f]{40}-[0-9]", text,
                                G_REGEX_CASELESS | G_REGEX_RAW, 0);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autofree char *own = mp_address_mask(text, MP_MASK_MACS);
    g_autofree char *all = mp_address_mask(text, MP_MASK_MARKDOWN);
    g_autofree char *domain = mp_domain_fold(text);
    g_autofree char *twice = mp_domain_fold(domain);
    MpAddress address;

    (void)mp_address_parse(text, "git.example.org", &address);
    fuzz_claim(!has_mac(own) && !has_mac(all));
    fuzz_claim(strcmp(domain, twice) == 0);
    fuzz_claim(strchr(text, '@') == NULL ||
               (mp_same_address(text, text, true) && mp_same_address(text, text, false)));
    return 0;
}
