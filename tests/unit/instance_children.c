/* The children of a run: what is said of them, and how often. */
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "instance.h"
#include "instance/hook.h"
#include "instance/upkeep.h"
#include "scratch.h"

TestSuite(children, .fini = test_instance_close);

static const MpOptions options = {.config_file = (char *)"/nonexistent"};

static const MpConfig *
open_with_log(void)
{
    const MpInstance *instance = test_instance_open("[inbound]\non-comment = /bin/true\n");

    cr_assert(mp_log_open(instance->config->log_directory, "log", MP_LOG_INFO, NULL));
    return instance->config;
}

static guint
count_in_log(const char *text)
{
    g_autofree char *path = test_instance_path("log"), *log = NULL;
    guint n = 0;

    cr_assert(g_file_get_contents(path, &log, NULL, NULL));
    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

/* A path that leads nowhere, for root as well. */
static void
break_directory(const char *name)
{
    g_autofree char *path = test_instance_path(name), *aside = g_strconcat(path, ".aside", NULL);

    (void)rename(path, aside);
    cr_assert_eq(symlink(path, path), 0);
}

static void
mend_directory(const char *name)
{
    g_autofree char *path = test_instance_path(name), *aside = g_strconcat(path, ".aside", NULL);

    cr_assert_eq(unlink(path), 0);
    (void)rename(aside, path);
}

static void
step_hook(const MpConfig *config, gpointer hook)
{
    cr_expect(!mp_hook_step(hook, config, &options, true));
}

static void
step_upkeep(const MpConfig *config, gpointer upkeep)
{
    cr_expect(!mp_upkeep_step(upkeep, config, &options, true));
}

static void
expect_told_once(const MpConfig *config, const char *broken,
                 void (*step)(const MpConfig *config, gpointer child), gpointer child)
{
    g_autofree char *path = test_instance_path(broken);

    for (guint times = 1; times <= 2; times++) {
        break_directory(broken);
        for (int i = 0; i < 3; i++)
            step(config, child);
        cr_expect_eq(count_in_log(path), times, "%s: %u times", broken, count_in_log(path));
        mend_directory(broken);
        step(config, child);
        cr_expect_eq(count_in_log(path), times, "%s is mended", broken);
    }
}

/* We look every few seconds. */
Test(children, what_cannot_be_looked_at_is_told_once_and_again_after_it_was_mended)
{
    const MpConfig *config = open_with_log();
    MpHook hook = {0};
    MpUpkeep upkeep = {0};

    g_autofree char *hooks = test_instance_path("hook");

    cr_assert_eq(g_mkdir(hooks, 0700), 0);
    expect_told_once(config, "hook/new", step_hook, &hook);
    expect_told_once(config, "hook/retry", step_hook, &hook);
    expect_told_once(config, "tracker.git/objects/pack", step_upkeep, &upkeep);
    break_directory("tracker.git/objects/pack");
    step_upkeep(config, &upkeep);
    expect_told_once(config, "accounts.git/objects/pack", step_upkeep, &upkeep);
}

/* It could not say so itself. */
Test(children, a_hook_that_a_signal_killed_is_told, .timeout = 20)
{
    static const int signals[] = {SIGKILL, 0};
    const MpConfig *config = open_with_log();

    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        MpHook hook = {.child = fork()};

        if (hook.child == 0) {
            raise(signals[i]);
            _exit(1);
        }
        while (mp_hook_step(&hook, config, &options, false))
            g_usleep(1000);
        cr_expect_eq(hook.child, 0);
        cr_expect_eq(count_in_log("killed by signal"), 1);
    }
    cr_expect_eq(count_in_log("killed by signal 9"), 1);
}
