/*
 * metroplex: what people and timers start. Most runs of a timer find nothing to do, and most of
 * their time would go into loading libraries: so this program, which has next to none, does those
 * by itself, and becomes metroplex-run or metroplex-commands for all else. What it cannot judge it
 * leaves to them, errors too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/program.h"
#include "base/protect.h"
#include "base/time.h"
#include "cli/command.h"
#include "instance/idle.h"
#include "ledger/ledger.h"
#include "run_lock.h"

/* --- A run with nothing to do -------------------------------------------------------------------
 */

/* The options of `metroplex --once`, and no other. */
static bool
asks_for_one_pass(int argc, char **argv, const char **config, const char **data)
{
    bool once = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--once") == 0)
            once = true;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            *config = argv[++i];
        else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc && *argv[i + 1] == '/')
            *data = argv[++i];
        else
            return false;
    }
    return once;
}

static int
run_idle(const MpConfig *config)
{
    gint64 begun = mp_time_now();
    g_autoptr(GError) error = NULL;
    g_autoptr(MpLock) lock = run_lock_take(config, &error);

    if (error != NULL)
        return mp_report(error);
    if (lock == NULL)
        run_lock_say_busy();
    else
        mp_ledger_note_end(config->data, "metroplex", begun, EX_OK);
    return EX_OK;
}

/* True if that was all, with its status. */
static bool
ends_here(int argc, char **argv, int *status)
{
    const char *file = MP_DEFAULT_CONFIG, *data = NULL;

    if (!asks_for_one_pass(argc, argv, &file, &data))
        return false;
    g_autoptr(MpConfig) config = mp_config_load(file, data, NULL);
    if (config == NULL || !mp_config_check_owner(file, NULL) || !mp_is_idle(config))
        return false;
    g_autofree char *why = mp_config_password_fault(config->password_file, false);
    if (why != NULL || access(config->keys, R_OK) < 0 || !mp_become_owner(config->data, NULL) ||
        !mp_log_open(config->log_directory, "metroplex.log", (MpLogLevel)config->log_level, NULL))
        return false;
    *status = run_idle(config);
    return true;
}

/* --- All else ----------------------------------------------------------------------------------
 */

static int
become(const char *name, char **argv)
{
    g_autofree char *path = mp_inner_program_path(name);

    execv(path, argv);
    fprintf(stderr, "metroplex: cannot execute %s: %s\n", path, g_strerror(errno));
    return EX_OSFILE;
}

int
main(int argc, char **argv)
{
    int status;

    mp_protect_process();
    g_set_prgname("metroplex");
    if (mp_command_is_named(argc, argv))
        return become("metroplex-commands", argv);
    if (ends_here(argc, argv, &status))
        return status;
    return become("metroplex-run", argv);
}
