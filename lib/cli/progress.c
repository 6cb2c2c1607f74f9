/* How far something is; see progress.h. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define EVERY_US 200000
#define WIDTH    20

MpProgress
mp_progress_new(void)
{
    return (MpProgress){.is_terminal = isatty(STDERR_FILENO)};
}

void
mp_progress_show(MpProgress *progress, const char *what, guint64 done, guint64 total)
{
    gint64 now = progress->is_terminal ? g_get_monotonic_time() : 0;
    int percent = total > 0 ? (int)MIN(done * 100 / total, 100) : 100;
    char bar[WIDTH + 1];

    if (!progress->is_terminal || now - progress->shown < EVERY_US)
        return;
    progress->shown = now;
    progress->is_line_open = true;
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i * 100 < percent * WIDTH ? '=' : ' ';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r%s %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " (%d %%) [%s]\033[K", what,
            done, total, percent, bar);
}

void
mp_progress_end(MpProgress *progress)
{
    if (progress->is_line_open)
        fprintf(stderr, "\r\033[K");
    progress->is_line_open = false;
}
