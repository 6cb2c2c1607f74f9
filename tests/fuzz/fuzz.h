/* What the libFuzzer targets share: each is one function over bytes that come from outside. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The bytes as a string, up to their first NUL; the caller's. */
static inline char *
fuzz_text(const unsigned char *data, size_t size)
{
    return g_strndup((const char *)data, size);
}

/* A claim about the code that no input may break. */
static inline void
fuzz_claim(bool holds)
{
    if (!holds)
        abort();
}
