/* The last run of each program; see ledger.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "ledger/internal.h"

#define RUN_MAX 4096 /* octets */
#define TRIES   3    /* against a writer: octets of two runs do not come one after the other */

/*
 * One line of five numbers, each as long in every run, the last being the sum of the others. It is
 * written over the one before, by a single call: to put a new file in its place, which a file
 * system then takes care to have on the disk, took longer than all else of a run with nothing to
 * do.
 */
#define LINE "%20" G_GINT64_FORMAT " %20" G_GINT64_FORMAT " %11d %20" G_GINT64_FORMAT
#define SUM  " %20" G_GINT64_FORMAT "\n"

static gint64
sum_of(const MpLedgerRun *run)
{
    return (gint64)((guint64)run->begun + (guint64)run->ended + (guint64)run->status +
                    (guint64)run->succeeded);
}

static bool
read_run(int directory, const char *name, MpLedgerRun *run)
{
    g_autofree char *text = NULL;
    gint64 sum;

    return mp_read_file(directory, name, RUN_MAX, &text, NULL, NULL) &&
           sscanf(text,
                  "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d %" G_GINT64_FORMAT
                  " %" G_GINT64_FORMAT,
                  &run->begun, &run->ended, &run->status, &run->succeeded, &sum) == 5 &&
           sum == sum_of(run);
}

MpLedgerRun
mp_ledger_last_run(const char *data, const char *program)
{
    g_autofree char *directory = mp_ledger_directory(data);
    g_autofree char *name = g_strconcat(program, ".run", NULL);
    g_auto(MpFd) fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MpLedgerRun run;

    for (int i = 0; fd >= 0 && i < TRIES; i++)
        if (read_run(fd, name, &run))
            return run;
    return (MpLedgerRun){0};
}

static bool
write_run(int directory, const char *name, const char *line, GError **error)
{
    gsize length = strlen(line);
    g_auto(MpFd) fd = openat(directory, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

    return (fd >= 0 && pwrite(fd, line, length, 0) == (ssize_t)length) ||
           mp_fail_errno(error, "cannot write %s", name);
}

bool
mp_ledger_note_run(const char *data, const char *program, gint64 begun, gint64 ended, int status,
                   GError **error)
{
    g_autofree char *directory = mp_ledger_directory(data);
    g_autofree char *name = g_strconcat(program, ".run", NULL);
    MpLedgerRun run = {begun, ended, status, ended};
    g_auto(MpFd) fd = mp_make_directories(directory, 0750, NULL, error)
                          ? mp_open_directory(directory, error)
                          : -1;

    if (fd < 0)
        return false;
    if (status != 0)
        run.succeeded = mp_ledger_last_run(data, program).succeeded;
    g_autofree char *line =
        g_strdup_printf(LINE SUM, run.begun, run.ended, run.status, run.succeeded, sum_of(&run));
    return write_run(fd, name, line, error);
}

void
mp_ledger_note_end(const char *data, const char *program, gint64 begun, int status)
{
    g_autoptr(GError) why = NULL;

    if (!mp_ledger_note_run(data, program, begun, mp_time_now(), status, &why))
        mp_warn("The end of this run is not noted: %s", why->message);
}
