/* Reading a mail in the worker process; see parse.h. */
#include "message/parse.h"
#include "message/charset.h"

#include "base/error.h"
#include "base/program.h"

#include <string.h>

/* --- The parent's side ----------------------------------------------------------------------- */

MpWorker *
mp_message_worker(const char *word)
{
    g_autofree char *program = mp_inner_program_path("metroplex-worker");
    const char *argv[] = {program, MP_VERSION, word, NULL};

    return mp_worker_new(argv);
}

bool
mp_worker_send_parse(MpWorker *worker, int fd, const MpLimits *limits, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GByteArray) args = g_byte_array_new();

    limits = limits == NULL ? &mp_limits_default : limits;
    mp_frame_add_octets(args, limits, sizeof *limits);
    /* one byte over the limit is enough to see that it is over */
    if (mp_worker_send_start(worker, "parse", args, fd, limits->mail_bytes + 1, &why))
        return true;
    if (g_error_matches(why, MP_ERROR, MP_ERROR_INPUT))
        g_prefix_error(&why, "malformed: ");
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

static MpMessageFault
fault_of(MpWorkerOutcome outcome, const GError *error)
{
    static const MpMessageFault faults[] = {
        [MP_WORKER_DIED] = MP_FAULT_UNPARSABLE,
        [MP_WORKER_HINDERED] = MP_FAULT_PASSING,
        [MP_WORKER_UNAVAILABLE] = MP_FAULT_NONE,
    };

    if (outcome != MP_WORKER_ANSWERED)
        return faults[outcome];
    MpMessageFault fault = mp_message_fault(error);
    /* an error of no kind that the parser has: the child is not ours any more */
    return error != NULL && fault == MP_FAULT_NONE ? MP_FAULT_UNPARSABLE : fault;
}

bool
mp_worker_receive_on_mail(MpWorker *worker, MpWorkerBelieve believe, gpointer to,
                          MpMessageFault *fault, GError **error)
{
    MpWorkerOutcome outcome;
    g_autoptr(GError) why = NULL;
    bool is_answered = mp_worker_receive(worker, believe, to, &outcome, &why);
    MpMessageFault found = fault_of(outcome, why);

    if (fault != NULL)
        *fault = found;
    if (found == MP_FAULT_UNPARSABLE && mp_message_fault(why) == MP_FAULT_NONE)
        g_prefix_error(&why, "unparsable: ");
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return is_answered;
}

static bool
believe_message(GBytes *answer, gpointer to, GError **error)
{
    MpMessage **message = to;

    *message = mp_message_from_frame(answer, error);
    return *message != NULL;
}

MpMessage *
mp_worker_receive_message(MpWorker *worker, MpMessageFault *fault, GError **error)
{
    MpMessage *message;

    return mp_worker_receive_on_mail(worker, believe_message, &message, fault, error) ? message
                                                                                      : NULL;
}

MpMessage *
mp_worker_parse(MpWorker *worker, int fd, const MpLimits *limits, MpMessageFault *fault,
                GError **error)
{
    g_autoptr(GError) why = NULL;

    g_return_val_if_fail(mp_worker_pending(worker) == 0, NULL);
    if (mp_worker_send_parse(worker, fd, limits, &why))
        return mp_worker_receive_message(worker, fault, error);
    if (fault != NULL)
        *fault = mp_message_fault(why);
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

/* --- The child's side ------------------------------------------------------------------------ */

bool
mp_worker_run_parse(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    MpLimits limits;
    g_autoptr(GBytes) octets = mp_frame_octets(request->args);

    if (octets == NULL || g_bytes_get_size(octets) != sizeof limits || request->bytes == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION, "parse takes limits and a file");
    memcpy(&limits, g_bytes_get_data(octets, NULL), sizeof limits);

    g_autoptr(MpMessage) message =
        mp_message_parse(request->bytes, request->length, &limits, error);
    if (message == NULL)
        return false;
    message->word_hash = mp_message_word_hash(message); /* here, where it holds up nobody */
    mp_message_to_frame(message, answer);
    return true;
}

void
mp_worker_prepare_parse(void)
{
    static const char warm[] =
        "Date: Sat, 1 Mar 2014 10:00:00 +0100\nFrom: =?iso-8859-1?q?=E9?= <a@b>\n\n\n";

    /* whatever is loaded or made on first use, GMime's table of charsets before it is asked */
    mp_message_free(mp_message_parse(warm, sizeof warm - 1, NULL, NULL));
    mp_hold_charsets();
}
