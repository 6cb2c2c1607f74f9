/* How far something is: a bar on one line of a terminal, and nothing anywhere else. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    bool is_terminal;  /* standard error */
    bool is_line_open; /* something stands there */
    gint64 shown;      /* when, in microseconds */
} MpProgress;

MpProgress mp_progress_new(void);

/* "message 3 of 10 (30 %) [======              ]", some times a second at the most. */
void mp_progress_show(MpProgress *progress, const char *what, guint64 done, guint64 total);

/* Takes the line away, before anything else is printed. */
void mp_progress_end(MpProgress *progress);
