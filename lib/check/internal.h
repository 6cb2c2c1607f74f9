/* Inside of lib/check: what the checks share. */
#pragma once

#include "check/check.h"
#include "instance/instance.h"

typedef struct MpChecker MpChecker;

/* A check. It tells what it finds, any number of times, by the functions below. */
typedef struct {
    const char *group, *name;
    const char *title; /* for people, N_() */
    void (*run)(MpChecker *checker);
    const char *advice; /* what to do if nothing better is told, N_(); or NULL */
} MpCheck;

struct MpChecker {
    const MpCheckWishes *wishes;
    MpInstance *instance; /* its configuration, and what a check opened of it */
    const MpConfig *config;
    const MpCheck *check; /* the one at work */
    MpCheckTell tell;
    gpointer user_data;
    int status;
    bool is_root;            /* and looks with the owner's eyes */
    struct MpZone *zone;     /* what the checks of DNS know; or NULL */
    struct MpTrip *trip;     /* the mail that the group inbound sent; or NULL */
    bool has_told_self_test; /* why there is none */
    uid_t uid;               /* whose eyes: the owner of the data directory, for root */
    gid_t gid;
};

/* The tables, one a file. */
extern const MpCheck mp_checks_config[], mp_checks_files[], mp_checks_timers[], mp_checks_queue[],
    mp_checks_dns[], mp_checks_postfix[], mp_checks_outbound[], mp_checks_inbound[],
    mp_checks_pushes[];
extern const gsize mp_checks_config_n, mp_checks_files_n, mp_checks_timers_n, mp_checks_queue_n,
    mp_checks_dns_n, mp_checks_postfix_n, mp_checks_outbound_n, mp_checks_inbound_n,
    mp_checks_pushes_n;

/* A row of group postfix (check_verdicts.c). */
void mp_check_verdicts(MpChecker *checker);

/* A row of group timers (check_pages.c), and what it shares with the others. */
void mp_check_pages(MpChecker *checker);
bool mp_check_has_systemd(void);
void mp_check_unit(MpChecker *checker, const char *unit, MpVerdict missing);

/* As it should be. */
void mp_check_ok(MpChecker *checker, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* As it should not be, or unknown. `expected` is what should be; `advice` what to do, or NULL for
 * the table's. */
void mp_check_tell(MpChecker *checker, MpVerdict verdict, const char *expected, const char *advice,
                   const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Unknown, and nothing on this host could tell now: it is said, and changes no exit status. */
void mp_check_out_of_sight(MpChecker *checker, const char *expected, const char *advice,
                           const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Around what only root may do: back to root, and to the owner again. Without effect for others. */
void mp_check_as_root(const MpChecker *checker);
void mp_check_as_owner(const MpChecker *checker);

/* Tells how much room is left where `path` lies. */
void mp_check_room(MpChecker *checker, const char *path);

/* The file that Postfix logs into, if there is one that can be read; the caller's, or NULL. */
char *mp_check_mail_log(const MpChecker *checker);
