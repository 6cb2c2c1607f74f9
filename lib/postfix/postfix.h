/*
 * The mail server of this machine, made to deliver into an installation: what that takes is
 * rendered from the configuration, compared with what is there, tried, installed, and taken back.
 *
 * The Postfix meant is the one that postconf(1) speaks of; MAIL_CONFIG, Postfix's own variable,
 * names another instance. What is ours in main.cf and master.cf stands between two marks at the
 * end of the file, with a checksum of the whole; tables are files of ours in a directory of ours,
 * metroplex/ beside main.cf, named by their content. So the file itself tells whether it is what we
 * wrote, and what was there before us. A setting that stands outside of the marks is the
 * administrator's and is never touched: where it is in the way, that is MP_ERROR_INSTALLATION,
 * which names both.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "address/address.h"
#include "base/config.h"

typedef enum {
    MP_VERIFY_AS_IS, /* as it was configured last */
    MP_VERIFY_NONE,
    MP_VERIFY_OPENDKIM, /* a milter that writes Authentication-Results */
} MpVerify;

typedef struct {
    uid_t uid; /* whom the Maildirs belong to; virtual(8) delivers as that user */
    gid_t gid;
    char *user;      /* the same by name: spawn(8) runs the policy service so */
    char *program;   /* absolute path of metroplex, for the policy service */
    char *self_test; /* an address that must be taken; NULL: one of the right shape is made */
    MpVerify verify;
    char *opendkim;    /* the file of OpenDKIM's configuration; NULL: Debian's */
    bool has_openings; /* there are repositories in which a first mail opens a thread */
} MpPostfixFacts;

/* Whom the data directory belongs to, or, where there is none yet, is to belong to (`owner`; NULL:
 * the package's user, metroplex); the running program; nothing else. The strings are the facts'. */
bool
mp_postfix_facts(MpPostfixFacts *facts, const MpConfig *config, const char *owner, GError **error);
void mp_postfix_facts_clear(MpPostfixFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpPostfixFacts, mp_postfix_facts_clear)

/* Whether `metroplex policy` is to be asked about recipients: if the configuration leaves that
 * open, where a first mail opens a thread, since then any name may be an address. */
bool mp_postfix_asks_policy(const MpConfig *config, const MpPostfixFacts *facts);

/* A Postfix as it is, and as it is to be. */
typedef struct MpPostfix MpPostfix;

/*
 * Reads what is there and renders what is to be. NULL with MP_ERROR_INSTALLATION where there is no
 * Postfix, it has no main.cf, or a value of the administrator's is in the way. `config` and `facts`
 * must live as long as the result, which is the caller's. Needs no root.
 */
MpPostfix *mp_postfix_open(const MpConfig *config, const MpPostfixFacts *facts, GError **error);

/* What the configuration of OpenDKIM lacks, where it verifies, to take away the findings that
 * clients write: "RemoveARAll yes, …", or ""; the caller's. NULL where it does not verify, or
 * cannot be read. *file is its file, or NULL. */
char *mp_postfix_opendkim_lacks(const MpPostfix *postfix, const char **file);

void mp_postfix_free(MpPostfix *postfix);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPostfix, mp_postfix_free)

/* Whether applying would change anything. */
bool mp_postfix_differs(const MpPostfix *postfix);

/* What it would change: `diff -u` of each file, then a line for each parameter with its value
 * before and after; "" for nothing. The result is the caller's. */
char *mp_postfix_difference(const MpPostfix *postfix, GError **error);

/* Told before each step, in order: "reload Postfix". */
typedef void (*MpPostfixProgress)(const char *step, gpointer user_data);

/*
 * Makes it so, as root. A copy of the whole configuration is tried first, by a Postfix of its own
 * that takes no mail, and judged by its replies. Then the files are installed, the one that others
 * depend on first, each at once or not at all; whoever is killed in between leaves a Postfix that
 * works as before or as after, and the next call finishes. Where the running Postfix does not
 * answer afterwards, what was there is put back.
 */
bool mp_postfix_apply(const MpPostfix *postfix, MpPostfixProgress progress, gpointer user_data,
                      GError **error);

/* Puts back, byte for byte, what was there before the first apply; *is_done says whether anything
 * was ours. Refused (MP_ERROR_INSTALLATION) where a file is no longer what we wrote. */
bool
mp_postfix_revert(MpPostfixProgress progress, gpointer user_data, bool *is_done, GError **error);

/* ---- For those that only look ---- */

/* The file that Postfix logs into, the caller's: maillog_file, or /var/log/mail.log where syslog
 * writes one; empty where neither is there: the journal has it then. NULL with an error. */
char *mp_postfix_log_file(GError **error);

/* The directory of main.cf; the caller's. */
char *mp_postfix_directory(GError **error);

typedef enum {
    MP_LISTENS_NOWHERE,
    MP_LISTENS_ON_LOOPBACK, /* other machines cannot reach it */
    MP_LISTENS_BEYOND,
} MpListens;

/* Where anything listens on this TCP port (Linux' /proc/net/tcp and tcp6). */
MpListens mp_postfix_listens(guint port);

/* The address that a self-test uses: of thread 0, signed for this account; the caller's. Its MAC is
 * zeros, and only its shape right, where `ring` is NULL. */

char *mp_postfix_self_test_address(const MpKeyRing *ring, const char *hostname, guint64 user,
                                   guint64 epoch, GError **error);

/* "mail/reply" of the data directory is where it delivers to; so many octets are what
 * message_size_limit allows for [limits] mail-size, since a delivered mail has more header fields.
 */
gint64 mp_postfix_message_size(const MpConfig *config);
