/* The steps of a mail's way, which inbound.c calls in this order. Nobody else includes it. */
#pragma once

#include "inbound/inbound.h"

/* A mail that stays where it is: the reason is logged, the first one decides the exit status. */
void mp_inbound_defer(MpInbound *inbound, MpDelivery *delivery, const GError *why);

/* ---- inbound.c ---- */

/* A delivery for each mail, which they own from here on. */
GPtrArray *mp_inbound_deliveries(const MpInbound *inbound, GPtrArray *mails);

/* ---- take.c ---- */

#define MP_CROWDED_MAX 512 /* mails in a batch that is larger since hosts wait for each other */

/* mp_maildir_take() or mp_maildir_take_held(). */
typedef MpMail *(*MpTake)(MpMaildir *maildir, const char *name, GError **error);

/* Opens mails of one directory, from names[*next…], until the batch is full: an array of MpMail.
 * One that cannot be opened is left where it is. */
GPtrArray *mp_inbound_take(MpInbound *inbound, MpTake take, const GPtrArray *names, guint *next,
                           GError **error);

/* ---- parse.c ---- */

bool mp_inbound_parse(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* Asks for as many of the next batch, which is `ahead`, as may wait in memory, and waits for none.
 */
void mp_inbound_parse_ahead(MpInbound *inbound);

/* Parses one, if that was asked for; the worker answers in the order in which it was asked. */
bool
mp_inbound_parse_asked(MpInbound *inbound, MpDelivery *delivery, bool *was_asked, GError **error);

/* The worker was asked about it last. */
void mp_inbound_await(const MpInbound *inbound, MpDelivery *delivery);

/* Its answer is the next one. Else something is wrong with us, and the run ends. */
bool mp_inbound_is_next(const MpInbound *inbound, const MpDelivery *delivery, GError **error);

/* After an error: nothing is awaited any more, of these and of those that are ahead. What is asked
 * of the worker from here on is asked anew. */
void mp_inbound_give_up_asking(MpInbound *inbound, const GPtrArray *deliveries);

/* Whether what the worker was asked already takes as much memory as it may. */
bool mp_inbound_has_asked_much(const MpInbound *inbound);

/* Takes all that the worker was asked about these: it was asked for all messages first. */
bool mp_inbound_take_answers(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* Asks the worker; *error is of the worker. Sets `is_awaited` where it did ask. */
typedef bool (*MpAskWorker)(MpInbound *inbound, MpDelivery *delivery, GError **error);

/* Takes what the worker answered, if the delivery `is_awaited`. */
typedef bool (*MpTakeAnswer)(MpInbound *inbound, MpDelivery *delivery, GError **error);

/* Both for each delivery, some requests ahead of the answer that is awaited, so that both processes
 * have work. What was asked of the worker before is taken first, unless it is the beginning of just
 * this. */
bool mp_inbound_ask_worker(MpInbound *inbound, const GPtrArray *deliveries, MpAskWorker ask,
                           MpTakeAnswer take, GError **error);

/* ---- prepare.c ---- */

/* Parses and looks at a batch in hand, while what it waits for is on its way: our turn, or the
 * accounts. Those mostly are as they were, and then what is found counts. */
bool mp_inbound_look_meanwhile(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* From here on, or not any more, those of the next batch are prepared while this one is written and
 * pushed, on what it is to make of the tracker.
 * What fails of that stands in `why_ahead`. */
void mp_inbound_prepare_beside(MpInbound *inbound, bool whether);

/* ---- identify.c ---- */

/* Forgets what was found before, and finds the delivery's identity in the tracker as it is now. A
 * mail for which that fails is deferred. */
void mp_inbound_identify(MpInbound *inbound, MpDelivery *delivery);

/* Whether it is the address that notifications come from, or one of the domain that stands in their
 * To and Cc. */
bool mp_inbound_is_noreply(const MpConfig *config, const char *address);

/* ---- answered.c ---- */

/*
 * Takes out of a batch what came to a public address and answers a mail that stands before it in
 * the batch, or that was deferred by this run: only once that one is done is there a thread to
 * find. The result, as `deliveries`, is the caller's.
 */
GPtrArray *mp_inbound_put_off_answers(const MpInbound *inbound, GPtrArray *deliveries);

/* Leaves of these in new/ what answers one that was deferred, of `done` or before. */
void mp_inbound_wait_with_deferred(MpInbound *inbound, const GPtrArray *done, GPtrArray *later);

/* ---- decide.c ---- */

/* Asks the gates about one mail, as far as they go; whether somebody gets a response to that. */
void mp_inbound_decide_one(MpInbound *inbound, MpDelivery *delivery);

/* The same of one that is not deferred, from the beginning. */
void mp_inbound_decide(MpInbound *inbound, MpDelivery *delivery);

/* The second of two equal mails in one batch is a duplicate of the first. */
void mp_inbound_find_batch_duplicates(MpInbound *inbound, const GPtrArray *deliveries);

/* Refuses what is over a limit of an hour, the mails before it in the batch counted. */
void mp_inbound_limit_rates(MpInbound *inbound, const GPtrArray *deliveries);

/* ---- loops.c ---- */

/* Finds whether a guest wrote it within a minute of a mail of ours. */
bool mp_delivery_find_haste(const MpInstance *instance, MpDelivery *delivery, GError **error);

/* Refuses the comments of a guest after the last that it may have answered so, those before it in
 * the batch counted. */
void mp_inbound_limit_loops(MpInbound *inbound, const GPtrArray *deliveries);

/* Counts such comments that are in the tracker, each once, and suspends who wrote too many. A mail
 * that cannot be counted now is deferred. */
void mp_inbound_count_loops(MpInbound *inbound, const GPtrArray *deliveries);

/* ---- extract.c, with sent_texts.c and compose.c ---- */

/* Identifies each, decides, and has the reply extracted where a gate or a response needs it, which
 * decides again: one mail after the other, while the worker is at the one before. */
bool mp_inbound_look(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* The same of one, but for the answer of the worker, which mp_inbound_look() takes. */
bool mp_inbound_look_ahead(MpInbound *inbound, MpDelivery *delivery, GError **error);

/* Of those that were looked at. What was found of each counts as long as what it was found on is
 * the same: it is not looked at again. Forgotten, it is, as it has to be once more than looking was
 * done on that. */
void mp_inbound_mark_looked_at(const MpInbound *inbound, const GPtrArray *deliveries);
void mp_inbound_forget_looks(const GPtrArray *deliveries);

/* Takes those that were asked for. What goes wrong is told when they are looked at again. */
bool mp_inbound_take_extractions(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* The texts that were sent to this thread and that the mail may quote, with their heads: those of
 * the comments it names, or the last ones if it names none: then they are guessed. NULL-terminated;
 * NULL on error. */
GStrv mp_delivery_sent_texts(const MpInstance *instance, const MpDelivery *delivery,
                             bool *are_guessed, GError **error);

/* Makes the comment of the extraction: masked, so that nothing in it must not be published, and
 * with the attachments named; and decides on the commands in it. */
bool mp_delivery_compose(const MpInstance *instance, MpDelivery *delivery, GError **error);

/* ---- post.c with copied.c, and bisect.c ---- */

/* Whom the mail is to subscribe since a member of the repository sent them a copy: guint64, ten at
 * most, all active; the caller's. NULL for errors only. */
GArray *mp_delivery_copied(const MpInstance *instance, const MpDelivery *delivery, GError **error);

/*
 * Commits and announces what is decided; where it is not (`is_decided`), or the branch has moved,
 * it is decided first. A mail that cannot be written is deferred. MP_ERROR_REFUSED if a shared
 * tracker's server takes it not.
 */
bool mp_inbound_post(MpInbound *inbound, GPtrArray *deliveries, bool is_decided, GError **error);

/* The same by halves, after it was refused as a whole, for the reason `refusal`. */
bool
mp_inbound_bisect(MpInbound *inbound, GPtrArray *deliveries, const GError *refusal, GError **error);

/* Counts what was posted against the limits of an hour; a count that is lost by dying here is lost.
 */
void mp_inbound_count_posted(MpInbound *inbound, const GPtrArray *deliveries);

/* ---- move.c ---- */

/* Writes outcomes, then moves the files. */
bool mp_inbound_move(MpInbound *inbound, const GPtrArray *deliveries, GError **error);

/* Counts what becomes of it, for the exit status, and remembers what was not moved away. */
void mp_inbound_count_outcome(MpInbound *inbound, const MpDelivery *delivery);
