/*
 * One exchange with a Git server, by us: git-upload-pack, of which only the refs are asked, or
 * git-receive-pack. Inside of lib/git.
 *
 * The git program does the same, and knows more ways (remote_way.h). But it is started for each
 * push, starts others, and finds out what is to be sent, which is in our memory already as it goes
 * over the wire: where programs start slowly that is most of a push. And the way to the server, be
 * it by a helper of git's, can be opened before it is known what to send. Whatever is not as it
 * should be before anything was sent is left to the program, which says what is wrong.
 *
 * A thread connects, reads and sends; whoever began the exchange goes on.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "base/process.h"
#include "git/remote_way.h"
#include "git/talk.h"

typedef struct MpExchange MpExchange;

/* Begins to connect, where that is the way by ssh or git: by a program in PATH and its first
 * `words`, with this environment. `seconds`: for the refs, and again for a push; 0: as long as it
 * takes. NULL: it cannot be done. */
MpExchange *mp_exchange_begin(const MpWay *way, MpService service, const char *const *words,
                              const char *const *environment, int seconds);

/* Ends it: what was not sent is not sent any more. A push that was answered is waited for, until
 * the server has run its hooks, or its time is over. */
void mp_exchange_free(MpExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpExchange, mp_exchange_free)

/* Whether mp_exchange_has_refs() would not wait. */
bool mp_exchange_is_heard(MpExchange *exchange);

/* Waits for what the server has; false: for nothing that we understand, or it was *too_slow. */
bool mp_exchange_has_refs(MpExchange *exchange, bool *too_slow);

/* How long ago it was begun, in us. */
gint64 mp_exchange_age(const MpExchange *exchange);

/* With refs: whether the server still waits for us. */
bool mp_exchange_is_open(const MpExchange *exchange);

/* Where it has a ref; zero: nowhere. */
git_oid mp_exchange_ref(const MpExchange *exchange, const char *ref);

/* As in talk.h. What is sent is the exchange's from here on, and only one thing is. */
bool mp_exchange_takes_pushes(const MpExchange *exchange, bool is_atomic);
void mp_exchange_send(MpExchange *exchange, MpTalkPush *push);

/* Whether mp_exchange_answer() would not wait. */
bool mp_exchange_is_answered(MpExchange *exchange);

/*
 * What came of it, in the words of git push --porcelain: `said` has status 0 where the server did
 * all of it; else in `out` lines of refs that it did not move, and in `err` what it said, or that
 * it went away. False: nothing came of it, and nothing will, since not even the commands were sent.
 */
bool mp_exchange_answer(MpExchange *exchange, MpProcess *said);

/* After that: whether mp_exchange_free() would not wait. */
bool mp_exchange_is_over(MpExchange *exchange);
