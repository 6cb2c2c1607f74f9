/* Inside of lib/postfix: a Postfix as found, what is rendered for it, and the programs it has. */
#pragma once

#include "base/process.h"
#include "postfix/postfix.h"

/* --- marked.c: the lines of ours in a file of the administrator's. Pure ------------------------
 */

typedef struct {
    char *before, *lines, *after; /* around the marks, and between them; `lines` NULL: none */
    bool is_as_written;           /* the checksum is that of the whole */
    bool lacked_newline;          /* at the end of `before`, as the administrator had it */
} MpMarked;

void mp_marked_clear(MpMarked *marked);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpMarked, mp_marked_clear)

/* Takes a file apart. Marks that are not a pair are no marks. */
void mp_marked_parse(const char *text, MpMarked *marked);

/* The file as the administrator has it: without our lines, and with those that we had put out of
 * use. The result is the caller's. */
char *mp_marked_base(const MpMarked *marked);

/*
 * The file with these lines between the marks, at their place or at the end. The administrator's
 * lines that set a parameter of `replaced` (may be NULL) are put out of use. The result is the
 * caller's.
 */
char *mp_marked_render(const char *text, const char *lines, const GPtrArray *replaced);

/* Whether two files differ in more than the checksum. */
bool mp_marked_differ(const char *a, const char *b);

/* The value of a parameter in main.cf's text, its lines joined, or NULL if it is not set. The last
 * one counts. The result is the caller's. */
char *mp_main_value(const char *text, const char *name);

/* The elements of a list, which are separated by space or commas, but not within braces. */
GPtrArray *mp_main_list(const char *value);

/* A file below metroplex/, there while the running Postfix may not know what the others say. */
#define MP_RELOAD_DUE "reload-due"

/* Likewise, the directory of the trial while it lasts. */
#define MP_TRIAL "trial"

/* --- settings.c: what main.cf is to say ------------------------------------------------------- */

typedef struct {
    char *name, *value;
} MpSetting;

typedef struct {
    char *name, *text; /* below metroplex/ */
} MpTable;

struct MpPostfix {
    const MpConfig *config;
    const MpPostfixFacts *facts;
    char *directory;                        /* of main.cf */
    char *tables;                           /* directory/metroplex */
    char *queue, *daemons, *owner, *origin; /* queue_directory, …, mail_owner, myorigin */
    char *main, *master;                    /* as they are */
    char *base;                             /* main.cf as the administrator has it */
    char *person;        /* who reads postmaster's mail, as an address that Postfix knows */
    char *opendkim;      /* the file of its configuration, where it is to verify; or NULL */
    bool takes_host;     /* the domain of noreply-address is ours alone */
    GPtrArray *settings; /* of MpSetting */
    GPtrArray *replaced; /* parameters whose stock values we replace */
    GPtrArray *files;    /* of MpTable */
    char *new_main, *new_master, *common_master; /* the last serves old and new main.cf */
};

/* Fills settings, replaced and files; MP_ERROR_INSTALLATION where something is in the way. */
bool mp_postfix_settle(MpPostfix *postfix, GError **error);

#define MP_OPENDKIM_FILE "/etc/opendkim.conf"

/* Where OpenDKIM listens, as Postfix says it; refused if its name is not one of authserv-id. */
char *mp_postfix_opendkim(const MpPostfix *postfix, GError **error);

/* --- tables.c --------------------------------------------------------------------------------- */

/* The table's path as Postfix names it ("regexp:/etc/postfix/metroplex/…"), after adding it. */
char *mp_table_recipients(MpPostfix *postfix);
char *mp_table_aliases(MpPostfix *postfix);
char *mp_table_transport(MpPostfix *postfix);
char *mp_table_subdomains(MpPostfix *postfix);

/* Whether a file below metroplex/ holds what its name says; false too if it is none of ours. */
bool mp_table_is_as_written(const char *name, const char *text);

/* --- run.c: Postfix's programs ---------------------------------------------------------------- */

/* Runs a program with Postfix's directories in its PATH; an error if its status is not 0. */
bool mp_postfix_run(const char *const *argv, int seconds, char **out, GError **error);

/* One parameter of the configuration in `directory`, expanded. */
char *mp_postfix_value(const char *directory, const char *name, GError **error);

/* Whether the domain is in a list of names, tables and files. */
bool mp_postfix_has_domain(const char *directory, const char *list, const char *domain);

/* The environment that they get; the caller's. */
char **mp_postfix_environment(void);
char *mp_postfix_program(const char *name, GError **error);

/* --- stage.c, probe.c: the trial -------------------------------------------------------------- */

/* A Postfix of its own with the configuration that is to be, below `path`; it takes no mail. */
typedef struct {
    char *path;
    pid_t master;   /* 0: it has ended */
    bool has_plain; /* beside `probe`, which acts as configured, `plain` does not insist on TLS */
} MpStage;

bool mp_stage_start(const MpPostfix *postfix, MpStage *stage, GError **error);
void mp_stage_stop(MpStage *stage);
/* What it logged as fatal or wrong, for people; the caller's. */
char *mp_stage_complaints(const MpStage *stage);
/* Whether it has ended, or its smtpd(8) ends as soon as it is started. */
bool mp_stage_is_dying(const MpStage *stage);
/* Ends the trial of a run that was killed, if there is one: it would go on until its time is over.
 */
void mp_stage_end_left(const char *tables);

/* Speaks with it, and judges. */
bool mp_postfix_probe(const MpPostfix *postfix, const MpStage *stage, GError **error);

/* --- dialogue.c ------------------------------------------------------------------------------- */

/* A conversation with an SMTP server over a socket; `said` keeps the last reply, of all lines. */
typedef struct {
    int fd;
    GString *input, *said;
} MpDialogue;

void mp_dialogue_clear(MpDialogue *dialogue);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpDialogue, mp_dialogue_clear)
bool mp_dialogue_open_unix(MpDialogue *dialogue, const char *path, GError **error);
bool mp_dialogue_open_tcp(MpDialogue *dialogue, const char *host, guint port, GError **error);
bool mp_dialogue_say(MpDialogue *dialogue, const char *command, GError **error);
/* The code of the reply to a command (NULL: of the greeting, or to what was said), or 0 with *error
 * set. */
int mp_dialogue_ask(MpDialogue *dialogue, const char *command, int seconds, GError **error);

/* --- apart.c -------------------------------------------------------------------------------- */

typedef struct {
    const char *directory, *tables;
    MpPostfixProgress progress;
    gpointer user_data;
} MpWork;

typedef bool (*MpWorkPiece)(const MpWork *work, gpointer data, GError **error);

void mp_work_tell(const MpWork *work, const char *step);

/* Does a piece of the work in a process that goes on to its end even if we are killed. If it is
 * killed, `finish` does here what must not be left undone, and it is an error all the same. */
bool mp_work_apart(const MpWork *work, MpWorkPiece piece, MpWorkPiece finish, gpointer data,
                   GError **error);

/* --- install.c -------------------------------------------------------------------------------- */

/* What is not in its place yet ends with this. */
#define MP_POSTFIX_FRESH ".metroplex"

/* Replaces a file as a whole, with owner and mode of the one that is there; synced, and looking old
 * enough for Postfix's programs, which wait for a file that is not. */
bool mp_postfix_replace(const char *directory, const char *name, const char *text, GError **error);

/* Removes what a killed mp_postfix_replace() left, if it did. */
bool mp_postfix_remove_fresh(const char *directory, const char *name, GError **error);

/* Removes a file, or a directory with all in it, if it is there. */
bool mp_postfix_remove(const char *path, GError **error);

bool mp_postfix_is_running(const char *directory);
/* `postfix reload`, or start if it is not running. */
bool mp_postfix_reload(const char *directory, GError **error);
/* Whether the listener of its master.cf takes mail for this recipient (NULL: whether it greets),
 * within so many seconds; true where there is none. */
bool
mp_postfix_takes(const char *directory, const char *master, const char *recipient, int seconds);
/* Its exclusive lock: of the directory. -1 with *error set. */
int mp_postfix_lock(const char *directory, GError **error);
/* Reads a file of the directory. */
char *mp_postfix_read(const char *directory, const char *name, GError **error);
