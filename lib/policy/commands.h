/*
 * Commands by mail: lines of their own at the top or the end of a reply, as /close.
 */
#pragma once

#include "base/config.h"
#include "tracker/thread_event.h"

typedef enum {
    MP_MAIL_CLOSE,
    MP_MAIL_REOPEN,
    MP_MAIL_LOCK,
    MP_MAIL_UNLOCK,
    MP_MAIL_TITLE,
    MP_MAIL_LABEL,
    MP_MAIL_UNLABEL,
    MP_MAIL_ASSIGN,
    MP_MAIL_UNASSIGN,
    MP_MAIL_MUTE,
    MP_MAIL_SUBSCRIBE,
    MP_MAIL_HELP,
} MpMailAct;

/* Who may give a command; whoever may give one may give those before it. */
typedef enum {
    MP_RIGHT_OF_GUESTS,  /* and all others: to hear nothing more */
    MP_RIGHT_OF_ALL,     /* accounts but guests: it concerns nobody but the account */
    MP_RIGHT_OF_AUTHOR,  /* the thread's author and members of its repository */
    MP_RIGHT_OF_MEMBERS, /* members of its repository */
} MpMailRight;

const char *mp_mail_right_name(MpMailRight right); /* "guests", "all", "author", "members" */
bool mp_mail_right_parse(const char *name, MpMailRight *right);

typedef struct {
    const char *word; /* "/title" */
    MpMailAct act;
    MpMailRight right;
    const char *argument; /* what stands behind it, for people: "TEXT", "[LABEL …]" where it need
                             not; NULL: nothing does */
} MpMailCommand;

/* The table; the caller's only to read. */
const MpMailCommand *mp_mail_commands(gsize *n);

/* All there are, for people: "/mute, /unsubscribe, …"; without `with_guarded` those that concern
 * nobody but the account. The caller's. */
char *mp_mail_commands_list(bool with_guarded);

/* What an account may give of the thread. */
MpMailRight
mp_mail_right_of(const MpUser *account, const MpThread *thread, const MpRepository *repository);

/* What becomes of a command that was given: it is done, or why it is not. */
typedef enum {
    MP_FATE_DONE,
    MP_FATE_UNKNOWN,  /* it is one letter away from one of the table */
    MP_FATE_OFF,      /* [inbound] commands */
    MP_FATE_GUESTS,   /* no guest may */
    MP_FATE_AUTHOR,   /* only members and the thread's author may */
    MP_FATE_MEMBERS,  /* only members may */
    MP_FATE_NOTHING,  /* something stands behind it, and nothing may */
    MP_FATE_ARGUMENT, /* nothing stands behind it, and something must */
    MP_FATE_TITLE,    /* what stands behind it is no title */
    MP_FATE_LABEL,    /* or no label: `about` */
    MP_FATE_LABELS,   /* the thread would have too many */
    MP_FATE_LOGIN,    /* nobody is called `about` who can be told */
    MP_FATE_LOGINS,   /* too many would be assigned */
    MP_FATE_ABSENT,   /* the thread does not have `about` */
    MP_FATE_MANY,     /* so many commands stand before it in this mail */
    MP_FATE_OPENING,  /* there is no thread yet: a first mail gives none */
    MP_N_FATES,
} MpMailFate;

const char *mp_mail_fate_name(MpMailFate fate);
bool mp_mail_fate_parse(const char *name, MpMailFate *fate);

/* As many commands of one mail are done. */
#define MP_COMMANDS_MAX 10

typedef struct {
    const MpMailCommand *command; /* NULL: none, but meant as the next */
    const MpMailCommand *nearest; /* of which it is not more than one letter away */
    char *line;     /* as it was given, without what stands around it, and not longer than a line */
    char *argument; /* what stands behind the word; NULL: nothing */
    MpMailFate fate;
    char *about;          /* the word of the argument that is in the way; or NULL */
    GPtrArray *labels;    /* char *, of the argument of /label and /unlabel; or NULL */
    GPtrArray *assignees; /* MpAssignee, of /assign and /unassign; or NULL */
} MpGivenCommand;

/*
 * The lines of a reply that are meant as commands (MpGivenCommand), at its top and at its end, in
 * their order; each only once. *text (the caller's) is what was written without them.
 *
 * A line is meant if its first word is one of the table or one edit away from it, without regard to
 * case; with a second slash or a dot (/etc/fstab) it is text, and so is what is indented, or stands
 * in a fenced block (CommonMark, section 4.5). Linear.
 */
GPtrArray *mp_mail_commands_take(const char *reply, char **text);

/* Decides which of them are done; `right` is the account's. False for errors only. */
bool mp_mail_commands_judge(const GPtrArray *given, const MpConfig *config, MpAccounts *accounts,
                            const MpThread *thread, MpMailRight right, GError **error);

/* The words of an argument, parted by blanks and commas. The caller's. */
GStrv mp_command_words(const char *argument);

/* Those who are called so, with or without @, and are active or one of `there` (NULL: none), who
 * may have been suspended or removed since; *missing (the caller's, else NULL) is the first that is
 * nobody. NULL for errors only. */
GPtrArray *mp_command_assignees(MpAccounts *accounts, const GPtrArray *there,
                                const char *const *words, char **missing, GError **error);

/* Whether any of them has this act and is done. */
bool mp_mail_commands_has(const GPtrArray *given, MpMailAct act);

/* Whether any of them is done, or is not. */
bool mp_mail_commands_any(const GPtrArray *given, bool is_done);

/* The first that is not done; NULL if all are. */
const MpGivenCommand *mp_mail_commands_undone(const GPtrArray *given);

/* "/close /mute", those that are done; the caller's, NULL if there are none. */
char *mp_mail_commands_text(const GPtrArray *given);
