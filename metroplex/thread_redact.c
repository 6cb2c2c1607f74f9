/* metroplex thread redact: takes the words of a comment away. */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/time.h"
#include "tracker/redact.h"
#include "tracker/repeats.h"

#define NUMBER_MAX G_GUINT64_CONSTANT(9999999999)
#define NO_TITLE   "(redacted)"
#define TRIES      5 /* to find an event where it moves to */

typedef struct {
    MpRedacted redaction;
    char *title;       /* --title, or NULL */
    char *name;        /* "acme/rocket#17", once it is known */
    bool is_known;     /* it had been redacted before */
    GArray *elided;    /* guint64: comments that lose what was cut from them */
    GArray *repeating; /* guint64: comments whose authors repeat it themselves */
} Job;

static void
job_clear(Job *job)
{
    mp_redacted_clear(&job->redaction);
    g_free(job->title);
    g_free(job->name);
    g_clear_pointer(&job->elided, g_array_unref);
    g_clear_pointer(&job->repeating, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

/* --- What is there ---------------------------------------------------------------------------- */

static MpComment *
find_comment(MpInstance *instance, const Job *job, GError **error)
{
    MpComment *comment;

    if (!mp_tracker_comment(instance->tracker, job->redaction.thread, job->redaction.comment,
                            &comment, error))
        return NULL;
    return comment != NULL
               ? comment
               : mp_fail_null(error, MP_ERROR_INPUT,
                              "thread %" G_GUINT64_FORMAT " has no comment %" G_GUINT64_FORMAT,
                              job->redaction.thread, job->redaction.comment);
}

/* Who answered it quoted it: what was cut from an answer goes, what somebody wrote is named. */
static bool
find_repeats(MpInstance *instance, Job *job, const MpRepeats *repeats, GError **error)
{
    guint64 thread = job->redaction.thread, last;

    g_array_set_size(job->elided, 0);
    g_array_set_size(job->repeating, 0);
    if (!mp_tracker_last_comment(instance->tracker, thread, &last, error))
        return false;
    for (guint64 n = job->redaction.comment + 1; n <= last; n++) {
        g_autoptr(MpComment) comment = NULL;

        if (!mp_tracker_comment(instance->tracker, thread, n, &comment, error))
            return false;
        if (comment == NULL)
            continue;
        if (comment->elided != NULL && mp_repeats_are_in(repeats, comment->elided))
            g_array_append_val(job->elided, n);
        if (mp_repeats_are_in(repeats, comment->body))
            g_array_append_val(job->repeating, n);
    }
    return true;
}

/* --- The change --------------------------------------------------------------------------------
 */

static void
name_job(Job *job, const MpThread *thread)
{
    g_free(job->name);
    job->name = g_strdup_printf("%s#%" G_GUINT64_FORMAT, thread->repository, thread->id);
}

/* accounts.git first: a KEY that is in neither would let the mail be posted again. */
static bool
remember(MpInstance *instance, Job *job, GError **error)
{
    g_autoptr(MpComment) comment = find_comment(instance, job, error);

    if (comment == NULL)
        return false;
    job->is_known = comment->redacted != 0;
    if (job->is_known)
        return mp_tracker_sync(instance->tracker, error);
    mp_redacted_clear(&job->redaction);
    job->redaction.key = g_strdup(comment->key);
    job->redaction.message_id = g_strdup(comment->message_id);
    return mp_accounts_redact(instance->accounts, &job->redaction, error);
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Job *job = user_data;
    g_autoptr(MpThread) thread = mp_instance_thread(instance, job->redaction.thread, error);
    g_autoptr(MpComment) comment = thread != NULL ? find_comment(instance, job, error) : NULL;
    g_autoptr(MpRepeats) repeats = mp_repeats_new();
    bool is_opening = job->redaction.comment == 0;

    (void)events;
    if (comment == NULL)
        return false;
    name_job(job, thread);
    if (comment->redacted != 0) /* by another host, just now */
        return true;
    mp_repeats_add(repeats, comment->body);
    if (is_opening && job->title == NULL)
        job->title = g_strdup(NO_TITLE);
    return find_repeats(instance, job, repeats, error) &&
           mp_batch_redact(batch, comment, &job->redaction, is_opening ? job->title : NULL,
                           job->elided, error);
}

/* What is not sent yet is not sent any more, by a notifier at work neither. */
static bool
drop_event(MpOutbox *outbox, const char *key, GError **error)
{
    bool is_there = false;

    for (int i = 0; i < TRIES && !is_there; i++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(MpQueued) queued = mp_outbox_find(outbox, key, &why);

        if (why != NULL) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (queued == NULL)
            return true;
        if (!mp_outbox_change(outbox, queued, MP_CHANGE_DROP, NULL, &is_there, error))
            return false;
    }
    return true; /* whoever has it now reads that it was redacted */
}

static bool
run(MpInstance *instance, Job *job, GError **error)
{
    g_autoptr(MpThread) thread =
        mp_instance_thread(instance, job->redaction.thread, error); /* before the lock */

    if (thread == NULL || !thread_begin(instance, error) || !remember(instance, job, error))
        return false;
    name_job(job, thread);
    return job->is_known || (mp_transaction_run(instance, build, job, error) &&
                             drop_event(instance->outbox, job->redaction.key, error));
}

/* --- What is told ------------------------------------------------------------------------------
 */

static void
print_numbers(const char *before, const GArray *numbers, const char *after)
{
    if (numbers->len == 0)
        return;
    printf("%s", before);
    for (guint i = 0; i < numbers->len; i++)
        printf("%s%" G_GUINT64_FORMAT, i > 0 ? ", " : " ", g_array_index(numbers, guint64, i));
    printf("%s\n", after);
}

static void
print_done(const Job *job)
{
    printf("%s: comment %" G_GUINT64_FORMAT " %sredacted\n", job->name, job->redaction.comment,
           job->is_known ? "already " : "");
    print_numbers("what was cut from these quoted it, and is gone as well:", job->elided, "");
    print_numbers("these repeat it in their own words, look at them:", job->repeating, "");
    if (!job->is_known)
        printf("its words stay in the history of tracker.git, in kept mail and in mail that was "
               "sent\n");
}

static bool
parse_number(const char *text, guint64 *number, GError **error)
{
    return g_ascii_string_to_unsigned(text, 10, 0, NUMBER_MAX, number, NULL) ||
           mp_fail(error, MP_ERROR_INPUT,
                   "not the number of a comment, or 0 for the opening post: %s", text);
}

int
thread_redact(int argc, char **argv)
{
    g_auto(Job) job = {.elided = g_array_new(FALSE, FALSE, sizeof(guint64)),
                       .repeating = g_array_new(FALSE, FALSE, sizeof(guint64))};
    const GOptionEntry entries[] = {
        {"title", 0, 0, G_OPTION_ARG_FILENAME, &job.title,
         "of the thread from now on, where N is 0 (else it is redacted, too)", "TITLE"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "ID N [--title TITLE]",
                     "Takes away what comment N of a thread says (0: the opening post), what was "
                     "cut from\nit and attached; its number stays. Example:\n"
                     "    metroplex thread redact 17 3",
                     2, 2, &argc, &argv);
    job.redaction.date = mp_time_now();
    if (!mp_parse_id(argv[1], "thread", &job.redaction.thread, &error) ||
        !parse_number(argv[2], &job.redaction.comment, &error) ||
        (job.title != NULL && !thread_check_title(job.title, &error)))
        return mp_report(error);
    if (job.title != NULL && job.redaction.comment != 0)
        return mp_usage_error(argv[0], "--title goes with the opening post, which is number 0");
    if (!mp_instance_open(&instance, &options, &error) || !run(&instance, &job, &error))
        return mp_report(error);
    print_done(&job);
    return EX_OK;
}
