/*
 * Extraction: from the text of a mail to the reply, in the worker process, where GMime,
 * gumbo, PCRE2 and iconv do their work on untrusted bytes.
 */
#pragma once

#include "message/message.h"
#include "message/parse.h"

typedef struct {
    char *text;
    bool is_kept;
    char *rule; /* which rule decided */
} MpExtractedLine;

typedef struct {
    const char *part; /* "plain", "html", or "none" */
    bool is_reaction; /* nothing but what a program writes for a click */
    char *reply, *elided;
    GStrv cut_ids;    /* Content-IDs of images that only the HTML shows, in what is cut there; never
                         NULL */
    GPtrArray *lines; /* MpExtractedLine, or empty unless asked for */
} MpExtraction;

void mp_extraction_free(MpExtraction *extraction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpExtraction, mp_extraction_free)

/* Here and now, in this process. `sent`: NULL-terminated texts that were sent to this thread, or
 * NULL. */
MpExtraction *mp_extract(const MpMessage *message, const char *const *sent, bool want_lines);

/* The same by the worker, in its two halves: see worker/worker.h for their order and errors. Texts
 * that are only guessed to be what was answered do not count if nothing of them stands in the mail.
 * `fault` may be NULL. */
bool mp_extraction_send(MpWorker *worker, const MpMessage *message, const char *const *sent,
                        bool are_guessed, bool want_lines, GError **error);
MpExtraction *mp_extraction_receive(MpWorker *worker, MpMessageFault *fault, GError **error);

/* What the worker answers, and what is made of that: MP_ERROR_INPUT unless it is exactly of that
 * shape. */
void mp_extraction_to_frame(const MpExtraction *extraction, GByteArray *answer);
MpExtraction *mp_extraction_from_frame(GBytes *frame, GError **error);

/* The worker's operations: parse and extract; and without what takes time before the first mail. */
extern const MpWorkerOperation mp_worker_operations[], mp_worker_operations_for_few[];

/* The argument of metroplex-worker that asks for the latter. */
#define MP_WORKER_FOR_FEW "few"

/* Up to so many mails, translating the patterns to machine code costs more than it saves. */
#define MP_EXTRACTION_FEW 32

/* The worker, which is a program of its own. `mails`: about how many it will be asked about. */
MpWorker *mp_extraction_worker(guint mails);
