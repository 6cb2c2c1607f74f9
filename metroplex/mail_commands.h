/*
 * Commands by mail: lines of their own at the top of a reply, as /close.
 */
#pragma once

#include "tracker/tracker.h"

typedef enum { MP_MAIL_CLOSE, MP_MAIL_REOPEN, MP_MAIL_MUTE, MP_MAIL_SUBSCRIBE } MpMailAct;

typedef struct {
    const char *word; /* "/close" */
    MpMailAct act;
    bool is_guarded; /* only for members of the repository and the thread's author */
} MpMailCommand;

/* Who may give guarded commands. */
bool
mp_mail_may_command(const MpUser *account, const MpThread *thread, const MpRepository *repository);

/*
 * The commands (MpMailCommand, static) at the top of a reply, each on a line of its own, without
 * regard to case; *rest is where the text behind them begins. What is not exactly a command is
 * text. The array is the caller's, and may be empty.
 */
GPtrArray *mp_mail_commands(const char *reply, const char **rest);

/* "/close /mute"; the caller's, NULL if there are none. */
char *mp_mail_commands_text(const GPtrArray *commands);

/* True if any is guarded. */
bool mp_mail_commands_are_guarded(const GPtrArray *commands);
