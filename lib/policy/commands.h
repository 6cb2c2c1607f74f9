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

/* All there are, for people: "/mute, /unsubscribe, …"; the caller's. */
char *mp_mail_commands_list(bool with_guarded);

/* True for an account that may give guarded commands. */
bool
mp_mail_may_command(const MpUser *account, const MpThread *thread, const MpRepository *repository);

/*
 * The commands (MpMailCommand, static) at the top of a reply, each on a line of its own, without
 * regard to case; without `with_guarded` the guarded ones are none. *rest is where the text behind
 * them begins. If its first line is meant as a command, *unknown (the caller's, else NULL) is its
 * word in lower case: one of the table or one edit away from it, but not alone, or not to be had;
 * with a second slash or a dot (/etc/fstab) it is text. The array is the caller's, and may be
 * empty.
 */
GPtrArray *
mp_mail_commands(const char *reply, bool with_guarded, const char **rest, char **unknown);

/* "/close /mute"; the caller's, NULL if there are none. */
char *mp_mail_commands_text(const GPtrArray *commands);

/* The first that is guarded, or NULL. */
const char *mp_mail_commands_guarded(const GPtrArray *commands);
