/* A process that holds secrets, made unreadable for others of its user. */
#pragma once

/*
 * No core file is written of this process, and no other program of its user may look into its
 * memory or environment (PR_SET_DUMPABLE, RLIMIT_CORE). To be called before a secret is read. It
 * does not pass to what is executed from here. Builds with AddressSanitizer are readable instead:
 * its leak check looks into the process from outside.
 */
void mp_protect_process(void);

/* Built with AddressSanitizer (make sanitize): its shadow takes terabytes of address space, and its
 * reports are written to a file. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define MP_HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(MP_HAS_SANITIZER)
#define MP_HAS_SANITIZER 1
#endif
