/*
 * metroplex thread redact: takes the words of a comment away, from the tip or from everywhere that
 * we reach.
 */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "base/time.h"
#include "instance/purge_files.h"

#define NUMBER_MAX G_GUINT64_CONSTANT(9999999999)
#define NO_TITLE   "(redacted)"

typedef struct {
    MpPurge *purge;  /* whose words, and who repeats them */
    char *title;     /* --title, or NULL */
    bool is_known;   /* it had been redacted before */
    GPtrArray *gone; /* char *: files below the data directory that were deleted */
    GPtrArray *left; /* char *: files that somebody has to look at */
    GPtrArray *refs; /* char *: of tracker.git, and packs there, that keep it */
} Job;

static void
job_clear(Job *job)
{
    g_clear_pointer(&job->purge, mp_purge_free);
    g_free(job->title);
    g_clear_pointer(&job->gone, g_ptr_array_unref);
    g_clear_pointer(&job->left, g_ptr_array_unref);
    g_clear_pointer(&job->refs, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

/* --- What is there ---------------------------------------------------------------------------- */

static MpComment *
find_comment(MpInstance *instance, const Job *job, GError **error)
{
    MpComment *comment;

    if (!mp_tracker_comment(instance->tracker, job->purge->thread, job->purge->comment, &comment,
                            error))
        return NULL;
    return comment != NULL
               ? comment
               : mp_fail_null(error, MP_ERROR_INPUT,
                              "thread %" G_GUINT64_FORMAT " has no comment %" G_GUINT64_FORMAT,
                              job->purge->thread, job->purge->comment);
}

/* What the thread is to be called: with the opening post goes the title. */
static void
name_job(Job *job, const MpThread *thread, bool is_redacted)
{
    MpPurge *purge = job->purge;

    g_free(purge->name);
    purge->name = g_strdup_printf("%s#%" G_GUINT64_FORMAT, thread->repository, thread->id);
    if (purge->comment != 0 || purge->title != NULL)
        return;
    purge->title = g_strdup(job->title != NULL ? job->title
                            : is_redacted      ? thread->title
                                               : NO_TITLE);
}

/* accounts.git first: a KEY that is in neither would let the mail be posted again. */
static bool
remember(MpInstance *instance, Job *job, GError **error)
{
    g_autoptr(MpThread) thread = mp_instance_thread(instance, job->purge->thread, error);
    g_autoptr(MpComment) comment = thread != NULL ? find_comment(instance, job, error) : NULL;

    if (comment == NULL)
        return false;
    job->is_known = comment->redacted != 0;
    name_job(job, thread, job->is_known);
    if (job->is_known) {
        job->purge->date = comment->redacted;
        return mp_tracker_sync(instance->tracker, error);
    }
    const MpRedacted redacted = {comment->key, job->purge->thread, job->purge->comment,
                                 job->purge->date, comment->message_id};
    return mp_accounts_redact(instance->accounts, &redacted, error);
}

/* --- From the tip ------------------------------------------------------------------------------
 */

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Job *job = user_data;
    MpPurge *purge = job->purge;
    g_autoptr(MpThread) thread = mp_instance_thread(instance, purge->thread, error);
    g_autoptr(MpComment) comment = thread != NULL ? find_comment(instance, job, error) : NULL;

    (void)events;
    if (comment == NULL)
        return false;
    if (comment->redacted != 0) /* by another host, just now */
        return true;
    mp_repeats_add(purge->words, comment->body);
    if (purge->title != NULL && strcmp(purge->title, thread->title) != 0)
        mp_repeats_add(purge->words, thread->title);
    g_free(purge->key);
    purge->key = g_strdup(comment->key);
    const MpRedacted redacted = {NULL, purge->thread, purge->comment, purge->date, NULL};
    return mp_purge_find_repeats(instance->tracker, purge, error) &&
           mp_batch_redact(batch, comment, &redacted, purge->title, purge->elided, error);
}

static bool
redact(MpInstance *instance, Job *job, GError **error)
{
    return job->is_known || (mp_transaction_run(instance, build, job, error) &&
                             (job->purge->key == NULL ||
                              mp_purge_drop_event(instance->outbox, job->purge->key, error)));
}

/* --- From everywhere ---------------------------------------------------------------------------
 */

/* Once whatever kept it then is gone. */
static bool
purge_again(MpInstance *instance, Job *job, GError **error)
{
    g_autoptr(GPtrArray) left = mp_tracker_left(instance->tracker, error);

    if (left == NULL)
        return false;
    if (left->len == 0)
        return mp_fail(error, MP_ERROR_INPUT,
                       "comment %" G_GUINT64_FORMAT " of %s has been purged before",
                       job->purge->comment, job->purge->name);
    return mp_tracker_collect(instance->tracker, left, job->refs, error);
}

/* Up to the record nothing was changed that counts, and behind it all of it will be. */
static bool
purge(MpInstance *instance, Job *job, GError **error)
{
    MpPurge *purge = job->purge;

    if (!mp_tracker_find_words(instance->tracker, purge, error))
        return false;
    if (purge->key == NULL)
        return purge_again(instance, job, error);
    if (!mp_tracker_rewrite(instance->tracker, purge, error))
        return false;
    g_autoptr(MpPurgeRecord) record = mp_purge_record_new(purge->old_tip, purge->new_tip);
    mp_purge_record_add(record, purge);
    if (!mp_purge_find_files(instance, purge, record, job->left, error) ||
        !mp_purge_record_write(record, instance->config->data, error))
        return false;
    for (guint i = 0; i < record->files->len; i++)
        g_ptr_array_add(job->gone, g_strdup(record->files->pdata[i]));
    return mp_purge_finish(instance, job->refs, error);
}

static bool
settle_title(const MpInstance *instance, Job *job, GError **error)
{
    g_autofree char *given = job->title;

    job->title =
        given != NULL ? thread_read_title(instance->config, "--title", given, error) : NULL;
    return given == NULL || job->title != NULL;
}

static bool
run(MpInstance *instance, Job *job, bool is_purge, GError **error)
{
    g_autoptr(MpThread) thread =
        mp_instance_thread(instance, job->purge->thread, error); /* before the lock */

    if (thread == NULL || !thread_begin(instance, error))
        return false;
    g_autoptr(MpLock) outbox = is_purge ? mp_purge_lock_outbox(instance, error) : NULL;
    if (is_purge && outbox == NULL)
        return false;
    return remember(instance, job, error) && (is_purge ? purge : redact)(instance, job, error);
}

/* --- What is told ------------------------------------------------------------------------------
 */

static void
print_numbers(const char *before, const GArray *numbers)
{
    if (numbers->len == 0)
        return;
    printf("%s", before);
    for (guint i = 0; i < numbers->len; i++)
        printf("%s%" G_GUINT64_FORMAT, i > 0 ? ", " : " ", g_array_index(numbers, guint64, i));
    printf("\n");
}

static void
print_names(const char *before, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *shown = mp_escape(names->pdata[i]);
        printf("%s%s\n", before, shown);
    }
}

static void
print_done(const Job *job, bool is_purge)
{
    const MpPurge *purge = job->purge;
    bool is_known = job->is_known && !is_purge;

    printf("%s: comment %" G_GUINT64_FORMAT " %s%s\n", purge->name, purge->comment,
           is_known ? "already " : "", is_purge ? "purged" : "redacted");
    if (is_known && job->title != NULL)
        printf("its title stays as it is: metroplex thread title gives another\n");
    print_numbers("what was cut from these quoted it, and is gone as well:", purge->elided);
    print_numbers("these repeat it in their own words, look at them:", purge->repeating);
    print_names("repeats it, ", job->left);
    print_names("keeps it, delete it in tracker.git and purge again: ", job->refs);
    print_names("deleted: ", job->gone);
    if (is_purge)
        printf("%u %s deleted; not reached: clones and mirrors, mail that was sent, kept mail and "
               "logs of\nother hosts and of the mail server, backups\n",
               job->gone->len, mp_plural(job->gone->len, "file", "files"));
    else if (!job->is_known)
        printf("its words stay in the history of tracker.git, in kept mail and in mail that was "
               "sent:\n--purge removes them from what is here\n");
}

static bool
parse_number(const char *text, guint64 *number, GError **error)
{
    g_autofree char *shown = mp_escape_word(text);

    return g_ascii_string_to_unsigned(text, 10, 0, NUMBER_MAX, number, NULL) ||
           mp_fail(error, MP_ERROR_INPUT,
                   "not the number of a comment, or 0 for the opening post: %s", shown);
}

static bool
parse(Job *job, char **argv, GError **error)
{
    guint64 thread, number;

    if (!mp_parse_id(argv[1], "thread", &thread, error) || !parse_number(argv[2], &number, error))
        return false;
    job->purge = mp_purge_new(thread, number, mp_time_now());
    return true;
}

int
thread_redact(int argc, char **argv)
{
    gboolean is_purge = FALSE;
    g_auto(Job) job = {.gone = g_ptr_array_new_with_free_func(g_free),
                       .left = g_ptr_array_new_with_free_func(g_free),
                       .refs = g_ptr_array_new_with_free_func(g_free)};
    const GOptionEntry entries[] = {
        {"purge", 0, 0, G_OPTION_ARG_NONE, &is_purge,
         "from the history as well, from kept mail and pages: no notifier may run", NULL},
        {"title", 0, 0, G_OPTION_ARG_FILENAME, &job.title,
         "of the thread from now on, where N is 0 (else it is redacted, too)", "TITLE"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "ID N [--title TITLE] [--purge]",
                     "Takes away what comment N of a thread says (0: the opening post), what was "
                     "cut from\nit and attached; its number stays. Example:\n"
                     "    metroplex thread redact 17 3",
                     2, 2, &argc, &argv);
    if (!parse(&job, argv, &error))
        return mp_report(error);
    if (job.title != NULL && job.purge->comment != 0)
        return mp_usage_error(argv[0], "--title goes with the opening post, which is number 0");
    if (!mp_instance_open(&instance, &options, &error) || !settle_title(&instance, &job, &error) ||
        !run(&instance, &job, is_purge, &error))
        return mp_report(error);
    print_done(&job, is_purge);
    return EX_OK;
}
