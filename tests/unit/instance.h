/* A small installation for tests that open it themselves: nobody starts a program. */
#pragma once

#include "instance/instance.h"

/*
 * Made in a scratch directory, and opened: repository acme/rocket, accounts 1 tim, 2 ada and 3 bob
 * (login@example.com), and issue 1, which tim opened and ada and bob follow. `more` is the text of
 * more groups of the configuration. One a test process.
 */
MpInstance *test_instance_open(const char *more);

/* Closes it and removes its files; for tests without one, nothing. */
void test_instance_close(void);

/* PATH of a file or directory in it; the caller's. */
char *test_instance_path(const char *name);

/* The signed reply address of an account for issue 1; the caller's. */
char *test_instance_address(guint64 user);

/* Writes the account anew after `change`. */
void test_instance_change_user(guint64 user, void (*change)(MpUser *user));

/* Writes the thread anew after `change`. */
void test_instance_change_thread(void (*change)(MpThread *thread));

/* The same by somebody else: the instance has not looked since. */
void test_instance_change_thread_unseen(void (*change)(MpThread *thread));
