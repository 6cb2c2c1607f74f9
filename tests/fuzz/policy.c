/* Postfix's policy protocol: the same octets give the same requests, however they are cut. */
#include "policy/delegation.h"

#include "fuzz.h"

/* What each request said, in pieces of at most `piece` octets. */
static char *
read_all(const char *octets, gsize size, gsize piece)
{
    g_autofree MpPolicyRequest *request = g_new0(MpPolicyRequest, 1);
    GString *said = g_string_new(NULL);

    while (size > 0) {
        bool is_complete;
        gsize used = mp_policy_request_feed(request, octets, MIN(piece, size), &is_complete);

        fuzz_claim(used > 0 && used <= MIN(piece, size));
        octets += used;
        size -= used;
        if (!is_complete)
            continue;
        g_string_append_printf(said, "%d|%s|%s|%s\n", mp_policy_request_is_understood(request),
                               request->request, request->recipient, request->client);
        mp_policy_request_clear(request);
    }
    return g_string_free(said, FALSE);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    g_autofree char *whole = read_all((const char *)data, size, 8192);
    g_autofree char *pieces = read_all((const char *)data, size, 7);

    fuzz_claim(strcmp(whole, pieces) == 0);
    return 0;
}
