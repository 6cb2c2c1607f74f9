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

MpLedgerRun
mp_ledger_last_run(const char *data, const char *program)
{
    g_autofree char *directory = mp_ledger_directory(data);
    g_autofree char *name = g_strconcat(program, ".run", NULL), *text = NULL;
    g_auto(MpFd) fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MpLedgerRun run = {0};

    if (fd < 0 || !mp_read_file(fd, name, RUN_MAX, &text, NULL, NULL) ||
        sscanf(text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d %" G_GINT64_FORMAT "\n",
               &run.begun, &run.ended, &run.status, &run.succeeded) != 4)
        return (MpLedgerRun){0};
    return run;
}

bool
mp_ledger_note_run(const char *data, const char *program, gint64 begun, gint64 ended, int status,
                   GError **error)
{
    g_autofree char *directory = mp_ledger_directory(data);
    g_autofree char *name = g_strconcat(program, ".run", NULL);
    g_autofree char *unfinished = g_strconcat(".", name, NULL);
    gint64 succeeded = status == 0 ? ended : mp_ledger_last_run(data, program).succeeded;
    g_autofree char *text =
        g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d %" G_GINT64_FORMAT "\n",
                        begun, ended, status, succeeded);
    g_auto(MpFd) fd = mp_make_directories(directory, 0750, NULL, error)
                          ? mp_open_directory(directory, error)
                          : -1;

    if (fd < 0 || !mp_create_file(fd, unfinished, text, strlen(text), 0640, error))
        return false;
    if (renameat(fd, unfinished, fd, name) != 0)
        return mp_fail_errno(error, "cannot rename %s/%s", directory, unfinished);
    return true;
}

void
mp_ledger_note_end(const char *data, const char *program, gint64 begun, int status)
{
    g_autoptr(GError) why = NULL;

    if (!mp_ledger_note_run(data, program, begun, mp_time_now(), status, &why))
        mp_warn("The end of this run is not noted: %s", why->message);
}
