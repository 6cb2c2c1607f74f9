/*
 * Where the programs of this installation lie, which may be anywhere: in the tree that they were
 * built in, or below the prefix that they were installed below.
 *
 *   PREFIX/bin/metroplex, notifier                 what people and timers start
 *   PREFIX/libexec/metroplex/metroplex-commands    what bin/metroplex becomes where it is more than
 *                            metroplex-run         a run with nothing to do: each is linked with no
 *                            metroplex-worker      more than it needs, since most of a short run
 *                                                  is the linker's
 *                            hooks/pre-push        what git push waits for: see git/latch.h
 *   PREFIX/share/locale                            texts in other languages
 */
#pragma once

/* PREFIX, by the file of this process; "/usr" where the kernel does not say. */
char *mp_prefix(void);

/* The path of one in bin, and of one in libexec; whether it is there is not asked. */
char *mp_program_path(const char *name);
char *mp_inner_program_path(const char *name);
