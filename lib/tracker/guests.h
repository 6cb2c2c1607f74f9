/*
 * Guests: accounts of people who wrote a first mail, and were made when that was confirmed. A guest
 * has the login guest-ID, ID being the account's, which no other account may have, and one address,
 * that of From. One whose mail was let in though nobody proved who wrote it has none, until the
 * question is answered: nothing is sent to it, and nothing taken from it.
 */
#pragma once

#include "git/commit.h"
#include "tracker/user.h"

typedef struct MpAccounts MpAccounts;

/* Whether a login is kept for guests: "guest-…", without regard to case. */
bool mp_is_guest_login(const char *login);

/* "guest-17"; the caller's. */
char *mp_guest_login(guint64 id);

/*
 * What a guest is called wherever it is shown: the display name of From, or, where that shows
 * nothing, holds an address or leads to a page, the local part, masked; one visible line of at most
 * MP_GUEST_NAME_MAX characters, and what sets it apart behind it: "Kate (guest)", "k***
 * (unconfirmed)". Behind a dot within a word stands a space, so that no host's name is one: "www.
 * evil. example". The caller's.
 */
#define MP_GUEST_NAME_MAX 60
char *mp_guest_name(const char *display, const char *address, bool is_confirmed);

/* Whether the display name is shown, and not the local part in its place. */
bool mp_may_name_guest(const char *display);

/* Whether a guest may be called so: by what stands at its end. */
bool mp_is_guest_name(const char *name);

/* The name of who does something, if that is a guest, else NULL; the actor's. */
const char *mp_guest_name_of(const MpActor *actor);

/* Of the From of a held mail. */
typedef struct {
    const char *key;     /* the mail's KEY */
    const char *address; /* a mailbox (address/mailbox.h) */
    const char *display; /* the name beside it, or NULL */
} MpGuestMail;

/*
 * Remembers that the mail is its author's, who confirmed it: of the account with that address, or
 * of a guest that is made of it, in the same commit; *user is who that is. No commit if all of that
 * is known. A guest that mp_accounts_accept_guest() made of this mail gets the address, unless
 * somebody has it.
 */
bool mp_accounts_confirm_guest(MpAccounts *accounts, const MpGuestMail *mail, guint64 *user,
                               GError **error);

/* The same where a member lets it in though nobody proved who wrote it: always of a guest of its
 * own, without address. */
bool mp_accounts_accept_guest(MpAccounts *accounts, const MpGuestMail *mail, guint64 *user,
                              GError **error);

/*
 * As mp_accounts_write(), of an account one of whose addresses is a guest's, in the same commit:
 * the guest loses it and is a former one, and every address that was made for it is void. What it
 * wrote stays its own, and its subscriptions do not move.
 */
bool mp_accounts_take_over(MpAccounts *accounts, MpUser *user, guint64 guest, const char *what,
                           GError **error);
