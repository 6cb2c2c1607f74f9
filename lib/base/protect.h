/* A process that holds secrets, made unreadable for others of its user. */
#pragma once

/*
 * No core file is written of this process, and no other program of its user may look into its
 * memory or environment (PR_SET_DUMPABLE, RLIMIT_CORE). To be called before a secret is read. It
 * does not pass to what is executed from here. Builds with AddressSanitizer are left as they are:
 * its leak check looks into the process from outside.
 */
void mp_protect_process(void);
