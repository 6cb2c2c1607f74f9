/*
 * An account, as accounts.git has it: what it is told, and at which addresses. See tracker.h, which
 * includes this.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * The bounces from one address of an account. A bounce is known by its mark, so that the same
 * one counts once, and of one kind one a day does; marks older than MP_BOUNCE_DAYS count no more.
 * Once the address is suppressed its marks are kept as they were.
 */
#define MP_BOUNCE_DAYS 30

typedef struct {
    gint64 day; /* of its receipt, in days since the epoch */
    char *mark; /* 16 hexadecimal digits */
} MpBounce;

typedef struct {
    char *address;
    bool is_suppressed;     /* nothing is sent there until an administrator lifts it */
    GPtrArray *hard, *soft; /* MpBounce */
} MpBounces;

#define MP_BATCH_MAX 1440 /* minutes */

typedef enum { MP_MAIL_BOTH, MP_MAIL_TEXT } MpMailFormat;

const char *mp_mail_format_name(MpMailFormat format); /* "both": text and HTML; "text" */
bool mp_mail_format_parse(const char *name, MpMailFormat *format);

typedef struct {
    guint64 id;
    char *login, *name;
    GPtrArray *emails; /* char *, verified; the first is where notifications go; of a guest one, or
                          none */
    guint64 epoch;     /* random, part of every address; another revokes them all */
    GArray *revoked;   /* guint64, the last epochs before, or NULL for none */
    bool is_active;
    bool is_guest;   /* guests.h */
    guint64 account; /* of a guest whose address became an account's: that one's id; or 0 */
    bool is_removed; /* to be written: of the account only its id and its login stay */
    char *language;  /* "en", "fr", or NULL for the installation's */
    MpMailFormat format;
    guint batch; /* minutes for which a thread's events are gathered; 0: each is told at once */
    GPtrArray *bounces; /* MpBounces, or NULL for none */
    GPtrArray *hasty;   /* MpBounce, of a guest: comments within a minute of a mail; or NULL */
    bool is_loop;       /* of a guest: suspended since there were too many of these */
    bool hears_own;     /* is told of what they did themselves, where they take part */
    GPtrArray *ignored; /* char *, repositories of which they hear nothing; or NULL */
} MpUser;

/* "active", "suspended", "guest", "unconfirmed", "former", as people and programs are told. */
const char *mp_user_state(const MpUser *user);

/* Whether it is a guest of whom nobody knows who that is: it has no address, and never had. */
bool mp_user_is_unconfirmed(const MpUser *user);

/* Whether it is an active account of somebody who was given one: no guest. */
bool mp_user_is_known(const MpUser *user);

/* Whether the user wants to hear nothing of a repository. */
bool mp_user_ignores(const MpUser *user, const char *repository);

void mp_user_free(MpUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpUser, mp_user_free)

/* Letters, digits and single inner hyphens, at most 39; compared without regard to case. */
bool mp_is_login(const char *login);

/* Whether bounces have suppressed this address of the user's. */
bool mp_user_is_suppressed(const MpUser *user, const char *address);

/* Where mail to the user goes: the first of their addresses that is not suppressed, the user's;
 * NULL if there is none. */
const char *mp_user_address(const MpUser *user);

/*
 * Notes a bounce from one of the user's addresses (compared without case: the server that bounced
 * may have folded it). False if it changes nothing: one of its kind was noted that day, or this one
 * before; suppressed already; no address of theirs. At `limit` bounces of its kind within
 * MP_BOUNCE_DAYS the address is suppressed, and *suppressed (else left alone) is set; 0 is no
 * limit.
 */
bool mp_user_note_bounce(MpUser *user, const char *address, bool is_hard, gint64 day,
                         const char *mark, guint limit, bool *suppressed);

/*
 * Comments that a guest wrote within MP_HASTY_SECONDS of a mail of ours. A ticket system answers
 * everything, and people seldom do so at once: MP_HASTY_MAX of them within MP_BOUNCE_DAYS suspend
 * it.
 */
#define MP_HASTY_SECONDS 60
#define MP_HASTY_MAX     5

/* Whether the comment with this KEY was noted; how many count on that day. */
bool mp_user_is_hasty(const MpUser *user, const char *key);
guint mp_user_count_hasty(const MpUser *user, gint64 day);

/* Notes one, and suspends the guest if there are too many. */
void mp_user_note_hasty(MpUser *user, gint64 day, const char *key);

/* The mark of a bounce of the message with this Message-ID. The caller's. */
char *mp_bounce_mark(const char *message_id);

/* Draws another epoch and remembers the one before. */
bool mp_user_revoke(MpUser *user, GError **error);

/* Forgets the bounces of an address; false if there were none, or it was not suppressed. */
bool mp_user_unsuppress(MpUser *user, const char *address);

/* Whether `address` is one of the user's (base/domain.h: mp_same_address); no plus-addressing is
 * folded, since what stands behind the + may be another person's. */
bool mp_user_has_address(const MpUser *user, const char *address, bool case_matters);
