/* What reads see while a batch comes true: what it makes, and never what it did not make. */
#include <criterion/criterion.h>
#include <string.h>

#include "scratch.h"
#include "tracker_fixture.h"

#define COMMENTS 60 /* more objects than are written without a thread */

static ScratchPath *scratch;
static MpTracker *tracker;
static guint64 thread;

static void
add(MpBatch *batch, const char *prefix, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *key = g_strdup_printf("%s%028x", prefix, i);
        MpNewComment comment = {.thread = thread, .key = key, .via = "mail", .body = prefix};
        guint64 number;
        bool is_duplicate;

        cr_assert(mp_batch_comment(batch, &comment, &fixture_tim, &number, &is_duplicate, NULL));
    }
}

static void
set_up(void)
{
    scratch = scratch_make();
    tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    thread = fixture_thread(batch, "Engine", false);
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
}

static void
tear_down(void)
{
    mp_tracker_free(tracker);
    scratch_remove(scratch);
}

TestSuite(coming, .init = set_up, .fini = tear_down, .timeout = 60);

/* "" where there is none. */
static char *
text_of(guint64 number)
{
    g_autoptr(MpComment) comment = NULL;

    cr_assert(mp_tracker_comment(tracker, thread, number, &comment, NULL));
    return g_strdup(comment != NULL ? comment->body : "");
}

static void
expect_text(guint64 number, const char *wanted)
{
    g_autofree char *text = text_of(number);

    cr_expect_str_eq(text, wanted, "comment %d: \"%s\"", (int)number, text);
}

static void
post(const char *prefix, guint n)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);

    add(batch, prefix, n);
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
}

Test(coming, what_comes_is_seen_and_stays)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    guint64 before = mp_tracker_seen(tracker);

    add(batch, "aaaa", COMMENTS);
    cr_expect_eq(mp_tracker_seen(tracker), before);
    expect_text(1, "");
    cr_assert(mp_batch_commit_begin(batch, NULL));
    guint64 coming = mp_tracker_seen(tracker);
    cr_expect_neq(coming, before);
    expect_text(COMMENTS, "aaaa\n");
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    cr_expect_eq(mp_tracker_seen(tracker), coming, "what was read is still so");
    expect_text(COMMENTS, "aaaa\n");
    cr_assert(mp_tracker_refresh(tracker, NULL));
    cr_expect_eq(mp_tracker_seen(tracker), coming);
}

/* Its size is asked of the object, which no pack has yet. */
Test(coming, what_is_attached_is_seen_as_well)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    g_autoptr(GBytes) bytes = g_bytes_new_static("PNG", 3);
    const MpNewAttachment attachment = {"1.png", "a.png", "image/png", bytes};
    g_autoptr(GPtrArray) attachments = g_ptr_array_new();
    g_autoptr(MpComment) comment = NULL;
    const MpNewComment fresh = {.thread = thread,
                                .key = "0123456789abcdef0123456789abcdef",
                                .via = "mail",
                                .body = "See there.",
                                .attachments = attachments};
    guint64 number;
    bool is_duplicate;

    g_ptr_array_add(attachments, (gpointer)&attachment);
    cr_assert(mp_batch_comment(batch, &fresh, &fixture_tim, &number, &is_duplicate, NULL));
    add(batch, "aaaa", COMMENTS);
    cr_assert(mp_batch_commit_begin(batch, NULL));
    cr_assert(mp_tracker_comment(tracker, thread, number, &comment, NULL));
    cr_assert_eq(comment->attachments->len, 1);
    cr_expect_eq(((const MpAttachmentRecord *)comment->attachments->pdata[0])->size, 3);
}

Test(coming, what_was_given_up_was_never_there)
{
    guint64 seen;

    {
        g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
        add(batch, "aaaa", COMMENTS);
        cr_assert(mp_batch_commit_begin(batch, NULL));
        expect_text(1, "aaaa\n");
        seen = mp_tracker_seen(tracker);
    }
    cr_expect_neq(mp_tracker_seen(tracker), seen, "what was read is not so");
    expect_text(1, "");
    post("bbbb", 1);
    expect_text(1, "bbbb\n");
    expect_text(2, "");
}

Test(coming, what_was_outrun_was_never_there)
{
    g_autoptr(MpTracker) other = NULL;
    g_autofree char *path = scratch_path(scratch, "tracker.git");
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);

    add(batch, "aaaa", COMMENTS);
    cr_assert(mp_batch_commit_begin(batch, NULL));
    guint64 seen = mp_tracker_seen(tracker);
    other = g_steal_pointer(&tracker);
    tracker = mp_tracker_open(path, FIXTURE_HOST, NULL);
    post("bbbb", 2);
    mp_tracker_free(tracker);
    tracker = g_steal_pointer(&other);

    cr_assert_eq(mp_batch_commit(batch, NULL), MP_CONFLICT);
    cr_expect_neq(mp_tracker_seen(tracker), seen);
    cr_assert(mp_tracker_refresh(tracker, NULL));
    expect_text(2, "bbbb\n");
    expect_text(3, "");
}

/* One of its mails could not be written, so that it is begun again without that. */
Test(coming, what_was_put_into_a_batch_that_was_not_begun_to_be_written_was_never_there)
{
    for (guint n = 1; n <= 3; n++) {
        g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
        add(batch, "aaaa", n);
    }
    expect_text(1, "");
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    MpNewComment comment = {
        .thread = thread, .key = "aaaa0000000000000000000000000000", .via = "mail", .body = "aaaa"};
    guint64 number;
    bool is_duplicate;
    cr_assert(mp_batch_comment(batch, &comment, &fixture_tim, &number, &is_duplicate, NULL));
    cr_expect(!is_duplicate);
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    expect_text(1, "aaaa\n");
}

/* Batch after batch goes on from the tree of the one before, which Git reads from the objects. */
Test(coming, what_is_kept_in_memory_is_what_is_on_the_disk)
{
    for (guint n = 0; n < 12; n++) {
        g_autofree char *prefix = g_strdup_printf("%04x", n);
        post(prefix, n % 3 == 0 ? COMMENTS : 1);
    }
    guint64 last = 4 * COMMENTS + 8;
    expect_text(last, "000b\n");
    g_autofree char *path = scratch_path(scratch, "tracker.git");
    g_autoptr(MpTracker) fresh = mp_tracker_open(path, FIXTURE_HOST, NULL);
    g_autoptr(MpComment) comment = NULL;
    cr_assert(mp_tracker_comment(fresh, thread, last, &comment, NULL));
    cr_assert_not_null(comment);
    cr_expect_str_eq(comment->body, "000b\n");
    g_autofree char *said = scratch_run(scratch, "git -C tracker.git fsck --strict 2>&1");
    cr_expect_null(strstr(said, "error"), "%s", said);
}
