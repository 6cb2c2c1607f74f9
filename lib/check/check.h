/*
 * Whether an installation works: a table of checks in groups, each of which looks at one thing and
 * says what it found, what was expected and what to do. Nothing is changed; the group `inbound`
 * sends mails to itself.
 *
 * What cannot be seen is unknown, never ok.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "cli/command.h"

typedef enum { MP_CHECK_OK, MP_CHECK_WARNING, MP_CHECK_FAILED, MP_CHECK_UNKNOWN } MpVerdict;

/* "ok", "warning", "failed", "unknown": for programs; and in the operator's language. */
const char *mp_verdict_name(MpVerdict verdict);
const char *mp_verdict_word(MpVerdict verdict);

/* One thing that was looked at. Texts are in the operator's language, but for the messages of
 * errors and servers that stand in them; valid UTF-8, and to be escaped by who prints them. */
typedef struct {
    const char *group, *name; /* of the table: "dns", "reply-mx" */
    const char *title;        /* the same for people */
    MpVerdict verdict;
    char *found;
    char *expected, *advice; /* NULL where it is ok */
    bool is_out_of_sight;    /* unknown, and nothing that is done on this host now could tell */
} MpFinding;

typedef void (*MpCheckTell)(const MpFinding *finding, gpointer user_data);

typedef struct {
    const MpOptions *options; /* the configuration's file, and the data directory */
    const char *dns;          /* SERVER[:PORT] to ask instead of the system's; or NULL */
    const char *selector;     /* of our DKIM signatures; or NULL */
    const char *via;          /* URL of a probe that tries port 25 from elsewhere; or NULL */
    bool is_local;            /* inbound: hand the mail to the local Postfix */
    int wait;                 /* inbound: seconds that a mail may take; 0: MP_CHECK_WAIT */
} MpCheckWishes;

#define MP_CHECK_WAIT 120

/* The names of the groups in their order, NULL-terminated. */
const char *const *mp_check_groups(void);

/* The lines of shell that try port 25 from another machine, since this one cannot; the caller's. */
char *mp_check_from_elsewhere(const MpConfig *config);

/* Whether MpCheckWishes.dns can be this. */
bool mp_check_is_dns_server(const char *server);

/*
 * Runs the checks of these groups (NULL-terminated; NULL: all but inbound) in the order of the
 * table, and tells each finding as it is made. Returns what a monitoring plugin exits with: 0, 1
 * with a warning or something unknown that could be known, 2 with a failure. Called by root, it
 * looks with the eyes of the data directory's owner, and is root again when it returns.
 */
int mp_check_run(const MpCheckWishes *wishes, const char *const *groups, MpCheckTell tell,
                 gpointer user_data);
