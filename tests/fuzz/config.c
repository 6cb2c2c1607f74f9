/* A configuration: refused with a message, or whole. */
#include "base/config.h"
#include "base/file.h"

#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static int fd = -1;
    g_autoptr(GError) error = NULL;
    char path[32];

    if (fd < 0)
        fd = memfd_create("configuration", MFD_CLOEXEC);
    fuzz_claim(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    g_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    g_autoptr(MpConfig) config = mp_config_load(path, NULL, &error);
    fuzz_claim((config == NULL) == (error != NULL));
    if (config != NULL) {
        fuzz_claim(mp_is_hostname(config->hostname) && config->data[0] == '/' &&
                   config->authserv_id != NULL);
        g_autofree char *domain = mp_config_reply_domain(config);
        fuzz_claim(g_str_has_prefix(domain, "reply."));
    }
    return 0;
}
