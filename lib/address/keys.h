/* Inside of lib/address: what a key ring is made of. */
#pragma once

#include "address/address.h"

struct MpKeyRing {
    GPtrArray *keys; /* GHmac *, each has taken its key and nothing else: to be copied */
};
