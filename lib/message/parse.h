/*
 * Reading a mail in the worker process (worker/worker.h): the operation "parse", and what is known
 * of a mail when the child fails over it.
 */
#pragma once

#include "message/message.h"
#include "worker/worker.h"

/* --- The parent's side ----------------------------------------------------------------------- */

/* The program that reads mails, metroplex-worker; `word` is an argument for it, or NULL. */
MpWorker *mp_message_worker(const char *word);

/* Asks for the mail in the file `fd`; see mp_worker_send. What is no regular file is malformed. */
bool mp_worker_send_parse(MpWorker *worker, int fd, const MpLimits *limits, GError **error);

/* The answer to the oldest request, believed as far as mp_message_from_frame does. */
MpMessage *mp_worker_receive_message(MpWorker *worker, MpMessageFault *fault, GError **error);

/* Both in one; no other request may be under way. */
MpMessage *mp_worker_parse(MpWorker *worker, int fd, const MpLimits *limits, MpMessageFault *fault,
                           GError **error);

/*
 * mp_worker_receive() for any operation on a mail or a part of one. `fault` (may be NULL) is what
 * the operation reported, MP_FAULT_UNPARSABLE where the child did not survive,
 * MP_FAULT_PASSING where it was hindered, MP_FAULT_NONE where no child can be started.
 */
bool mp_worker_receive_on_mail(MpWorker *worker, MpWorkerBelieve believe, gpointer to,
                               MpMessageFault *fault, GError **error);

/* --- The child's side ------------------------------------------------------------------------ */

/* The row for "parse". */
bool mp_worker_run_parse(const MpWorkerRequest *request, GByteArray *answer, GError **error);
void mp_worker_prepare_parse(void);
/* Releases of clang-format disagree about this. */
/* clang-format off */
#define MP_WORKER_PARSE {"parse", mp_worker_run_parse, mp_worker_prepare_parse}
/* clang-format on */
