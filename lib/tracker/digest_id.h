/* The Message-ID of a digest. */
#pragma once

#include "tracker/tracker.h"

/*
 * A digest is one message of several events of a thread, for one account. Its Message-ID has all
 * that a reply to it, or a bounce of it, has to be known by later:
 * <owner/repo/issues/17-NONCE/digest/USER-DUE/FIRST-LAST-KEY@host>, with the first 8 digits of the
 * last comment's KEY; where none of the events is a comment, …/digest/USER-DUE/KEY@host, with the
 * whole KEY of the last.
 */
typedef struct {
    guint64 user;
    gint64 due;
    bool has_comments;
    guint64 first, last; /* the comments are among these */
    char *key;           /* of the last comment, else of the last event */
} MpDigestId;

void mp_digest_id_clear(MpDigestId *digest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpDigestId, mp_digest_id_clear)

/* The caller's. */
char *mp_thread_digest_id(const MpThread *thread, const MpDigestId *digest, const char *hostname);

/* False if it is the id of no digest of this thread. */
bool mp_thread_digest_of_id(const MpThread *thread, const char *id, const char *hostname,
                            MpDigestId *digest);
