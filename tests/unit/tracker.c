/* The tracker: what is written is there, once, and Git agrees. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "tracker_fixture.h"
#include "tracker/tracker.h"

static MpNewComment
comment_of(guint64 thread, const char *key, const char *body)
{
    return (MpNewComment){.thread = thread, .key = key, .via = "mail", .body = body, .host = "mx1"};
}

static guint64
add(MpBatch *batch, guint64 thread, const char *key, const char *body, bool *duplicate)
{
    MpNewComment comment = comment_of(thread, key, body);
    g_autoptr(GError) error = NULL;
    guint64 number = 0;

    cr_assert(mp_batch_comment(batch, &comment, &fixture_tim, &number, duplicate, &error), "%s",
              error ? error->message : "");
    return number;
}

static void
commit(MpBatch *batch)
{
    g_autoptr(GError) error = NULL;

    cr_assert_eq(mp_batch_commit(batch, &error), MP_COMMITTED, "%s",
                 error ? error->message : "outrun");
}

Test(tracker, a_comment_written_is_a_comment_read)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    guint64 id = fixture_thread(batch, "Rocket; does = not\tstart", false);
    GArray *mentions = g_array_new(FALSE, FALSE, sizeof(guint64));
    guint64 kate = 7, number = 0;
    bool duplicate = true;
    GBytes *bytes = g_bytes_new_static("PNG", 3);
    MpNewAttachment attachment = {"1.png", "a b.png", "image/png", bytes};
    g_autoptr(GPtrArray) attachments = g_ptr_array_new();
    MpNewComment comment = comment_of(id, "0123456789abcdef0123456789abcdef", "Try the *switch*.");

    g_array_append_val(mentions, kate);
    g_ptr_array_add(attachments, &attachment);
    comment.elided = "On Monday Tim wrote:\n> It does not start.\n";
    comment.message_id = "<x@y>";
    comment.mentions = mentions;
    comment.attachments = attachments;
    cr_assert(mp_batch_comment(batch, &comment, &fixture_tim, &number, &duplicate, NULL));
    commit(batch);
    g_array_unref(mentions);
    g_bytes_unref(bytes);

    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpComment) read = NULL, opening = NULL;
    g_autoptr(GPtrArray) subscribers = mp_tracker_subscribers(tracker, id, NULL);
    cr_assert(mp_tracker_thread(tracker, id, &thread, NULL) &&
              mp_tracker_comment(tracker, id, 1, &read, NULL) &&
              mp_tracker_comment(tracker, id, 0, &opening, NULL));
    cr_assert(thread != NULL && read != NULL && opening != NULL && subscribers != NULL);
    cr_expect_str_eq(thread->title, "Rocket; does = not\tstart");
    cr_expect(thread->is_open);
    cr_expect_str_eq(opening->body, "It does not start.\n");
    cr_expect_eq(number, 1);
    cr_expect(!duplicate);
    cr_expect_str_eq(read->body, "Try the *switch*.\n");
    cr_expect_str_eq(read->elided, comment.elided);
    cr_expect_str_eq(read->message_id, "<x@y>");
    cr_expect_str_eq(read->author_login, "tim");
    cr_expect_eq(read->date, fixture_tim.date);
    cr_assert_eq(read->attachments->len, 1);
    cr_expect_str_eq(((MpAttachmentRecord *)read->attachments->pdata[0])->file, "1.png");
    cr_expect_str_eq(((MpAttachmentRecord *)read->attachments->pdata[0])->name, "a b.png");
    cr_expect_str_eq(((MpAttachmentRecord *)read->attachments->pdata[0])->type, "image/png");
    cr_expect_eq(((MpAttachmentRecord *)read->attachments->pdata[0])->size, 3);
    cr_assert_eq(subscribers->len, 2);
    cr_expect_str_eq(((MpSubscriber *)subscribers->pdata[0])->reason, "author");
    cr_expect_eq(((MpSubscriber *)subscribers->pdata[1])->user, 7);
    cr_expect_str_eq(((MpSubscriber *)subscribers->pdata[1])->reason, "mention");
}

Test(tracker, git_reads_it_and_finds_nothing_wrong)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    guint64 id = fixture_thread(batch, "Evil\n\nauthor: me", false);
    bool duplicate;

    add(batch, id, "aa000000000000000000000000000000", "First line\n---\nSigned-off-by: Eve <e@x>",
        &duplicate);
    add(batch, id, "aa000000000000000000000000000001",
        "> What is it?\n>\n> > Once more?\n\n  > And?\nThe answer.\n", &duplicate);
    add(batch, id, "aa000000000000000000000000000002", "```c\nint a;\n```\n", &duplicate);
    add(batch, id, "aa000000000000000000000000000003", "\n> Nothing else.\n", &duplicate);
    commit(batch);

    g_autofree char *fsck = scratch_run(scratch, "git -C tracker.git fsck --strict 2>&1");
    g_autofree char *log =
        scratch_run(scratch, "git -C tracker.git log --reverse --format='%an <%ae> %at %ct %s|%b'");
    g_autofree char *tree = scratch_run(scratch, "git -C tracker.git ls-tree -r --name-only main");
    cr_expect_str_empty(fsck, "%s", fsck);
    cr_expect(strstr(log, "Tim Lake <tim@users.noreply.git.example.org> 1700000000 1700000060 "
                          "acme/rocket#1: Evil author: me|\n") != NULL,
              "%s", log);
    cr_expect(strstr(log, "acme/rocket#1: First line|\n") != NULL, "%s", log);
    cr_expect(strstr(log, "acme/rocket#1: The answer.|\n") != NULL, "%s", log);
    cr_expect(strstr(log, "acme/rocket#1: int a;|\n") != NULL, "%s", log);
    cr_expect(strstr(log, "acme/rocket#1: > Nothing else.|\n") != NULL, "%s", log);
    cr_expect_str_eq(tree, "README.md\n"
                           "listed/of\n"
                           "listed/open/acme/rocket\n"
                           "threads/000/0/0/0/0/1/comments/0/comment.md\n"
                           "threads/000/0/0/0/0/1/comments/0/mail\n"
                           "threads/000/0/0/0/0/1/comments/1/comment.md\n"
                           "threads/000/0/0/0/0/1/comments/1/mail\n"
                           "threads/000/0/0/0/0/1/comments/2/comment.md\n"
                           "threads/000/0/0/0/0/1/comments/2/mail\n"
                           "threads/000/0/0/0/0/1/comments/3/comment.md\n"
                           "threads/000/0/0/0/0/1/comments/3/mail\n"
                           "threads/000/0/0/0/0/1/comments/4/comment.md\n"
                           "threads/000/0/0/0/0/1/comments/4/mail\n"
                           "threads/000/0/0/0/0/1/received/7b85c4f911bcb0ee0137951c67e62f3d.0\n"
                           "threads/000/0/0/0/0/1/received/aa000000000000000000000000000000.1\n"
                           "threads/000/0/0/0/0/1/received/aa000000000000000000000000000001.2\n"
                           "threads/000/0/0/0/0/1/received/aa000000000000000000000000000002.3\n"
                           "threads/000/0/0/0/0/1/received/aa000000000000000000000000000003.4\n"
                           "threads/000/0/0/0/0/1/subscribers\n"
                           "threads/000/0/0/0/0/1/thread\n");
}

Test(tracker, commits_that_leave_threads_leave_what_the_list_was_made_of)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) first = mp_batch_begin(tracker);
    guint64 id = fixture_thread(first, "Rocket", false);
    const char *which = "git -C tracker.git rev-parse main:listed";
    bool duplicate;

    commit(first);
    g_autoptr(MpBatch) comment = mp_batch_begin(tracker);
    add(comment, id, "aa000000000000000000000000000000", "So that it names an older one.",
        &duplicate);
    commit(comment);
    g_autofree char *before = scratch_run(scratch, which);
    g_autoptr(MpBatch) hosts = mp_batch_begin(tracker);
    for (int i = 0; i < 32; i++) { /* so many write it where threads changed */
        g_autofree char *name = g_strdup_printf("mx%d", i);
        cr_assert(mp_batch_set_host(hosts, name, "0123456789abcdef", NULL));
    }
    commit(hosts);
    g_autofree char *after = scratch_run(scratch, which);
    cr_expect_str_eq(before, after);
}

Test(tracker, a_key_is_a_comment_once_in_a_batch_and_after_it)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    const char *key = "ab000000000000000000000000000000";
    bool first, second, third, found;
    guint64 id, number = 0;

    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    id = fixture_thread(batch, "One", false);
    cr_expect_eq(add(batch, id, key, "yes", &first), 1);
    cr_expect_eq(add(batch, id, key, "yes", &second), 1);
    commit(batch);
    g_autoptr(MpBatch) later = mp_batch_begin(tracker);
    cr_expect_eq(add(later, id, key, "yes", &third), 1);
    commit(later);

    cr_expect(!first && second && third);
    cr_expect(mp_tracker_find_key(tracker, id, key, &found, &number, NULL) && found);
    cr_expect_eq(number, 1);
    cr_expect(mp_tracker_find_key(tracker, id, "ab000000000000000000000000000001", &found, &number,
                                  NULL) &&
              !found);
    cr_expect(mp_tracker_last_comment(tracker, id, &number, NULL));
    cr_expect_eq(number, 1);
}

Test(tracker, numbers_and_keys_stay_right_over_every_page)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    guint64 id = fixture_thread(batch, "Long", false);
    const guint64 n = 1250;

    for (guint64 i = 1; i <= n; i++) {
        g_autofree char *source = g_strdup_printf("%d", (int)i);
        g_autofree char *key = mp_tracker_key(5, id, source, "");
        bool duplicate;

        cr_assert_eq(add(batch, id, key, source, &duplicate), i);
        cr_assert(!duplicate);
    }
    commit(batch);
    for (guint64 i = 1; i <= n; i++) {
        g_autofree char *source = g_strdup_printf("%d", (int)i);
        g_autofree char *key = mp_tracker_key(5, id, source, "");
        g_autofree char *body = g_strconcat(source, "\n", NULL);
        g_autoptr(MpComment) comment = NULL;
        guint64 number = 0;
        bool found;

        cr_assert(mp_tracker_comment(tracker, id, i, &comment, NULL));
        cr_assert(mp_tracker_find_key(tracker, id, key, &found, &number, NULL) && found, "%d",
                  (int)i);
        cr_assert_eq(number, i);
        cr_assert(comment != NULL, "%d", (int)i);
        cr_assert_str_eq(comment->body, body);
    }
    g_autofree char *pages = scratch_run(
        scratch,
        "git -C tracker.git ls-tree --name-only main:threads/000/0/0/0/0/1/comments | grep -e -");
    g_autofree char *most = scratch_run(
        scratch, "git -C tracker.git ls-tree -r --name-only main:threads/000/0/0/0/0/1/received | "
                 "xargs -n1 dirname | sort | uniq -c | sort -rn | awk 'NR == 1 {print $1}'");
    cr_expect_str_eq(pages, "100-199\n1000-1099\n1100-1199\n1200-1299\n200-299\n300-399\n400-"
                            "499\n500-599\n600-699\n700-799\n800-899\n900-999\n");
    cr_expect_leq(atoi(most), 16);
}

static bool
add_mail(MpBatch *batch, guint64 thread, const char *message_id)
{
    g_autofree char *key = mp_tracker_key(5, thread, message_id, "");
    MpNewComment comment = comment_of(thread, key, "Hello.");
    guint64 number;
    bool duplicate;

    comment.message_id = message_id;
    return mp_batch_comment(batch, &comment, &fixture_tim, &number, &duplicate, NULL);
}

static guint64
thread_of(MpTracker *tracker, const char *message_id)
{
    guint64 thread;

    cr_assert(mp_tracker_find_message_id(tracker, message_id, &thread, NULL));
    return thread;
}

Test(tracker, a_mail_finds_the_thread_it_was_the_first_to_go_to)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    static const char *const forged[] = {
        "<acme/rocket/issues/1-0123456789abcdef@" FIXTURE_HOST ">",
        "<acme/rocket/pull/1@GIT.example.org>",
        "<acme/rocket/commit/f00/4@" FIXTURE_HOST ">",
    };

    cr_expect_eq(thread_of(tracker, "<1@example.org>"), 0);
    for (guint64 id = 1; id <= 2; id++)
        cr_assert_eq(fixture_thread(batch, "Rocket", false), id);
    for (int i = 0; i < 300; i++) {
        g_autofree char *id = g_strdup_printf("<%d@example.org>", i);
        cr_assert(add_mail(batch, 1 + (guint64)i % 2, id));
    }
    cr_assert(add_mail(batch, 1, "<1@example.org>"));
    cr_assert(add_mail(batch, 1, "<a/b+c/x@" FIXTURE_HOST ">"));
    for (gsize i = 0; i < G_N_ELEMENTS(forged); i++)
        cr_assert(add_mail(batch, 1, forged[i]));
    commit(batch);
    for (int i = 0; i < 300; i++) {
        g_autofree char *id = g_strdup_printf("<%d@example.org>", i);
        cr_expect_eq(thread_of(tracker, id), 1 + (guint64)i % 2, "%s", id);
    }
    cr_expect_eq(thread_of(tracker, "<a/b+c/x@" FIXTURE_HOST ">"), 1);
    cr_expect_eq(thread_of(tracker, "<1@EXAMPLE.org>"), 0);
    for (gsize i = 0; i < G_N_ELEMENTS(forged); i++)
        cr_expect_eq(thread_of(tracker, forged[i]), 0, "%s", forged[i]);
}

/* As an administrator may leave it; fsck tells of it. */
Test(tracker, a_commit_s_thread_without_its_object_has_an_id_all_the_same)
{
    const MpThread thread = {.kind = MP_COMMIT, .id = 7, .repository = (char *)"acme/rocket"};
    g_autofree char *id = mp_thread_message_id(&thread, 1, "0123456789", FIXTURE_HOST);

    cr_expect_str_eq(id, "<acme/rocket/commit//1-01234567@" FIXTURE_HOST ">");
}

Test(tracker, a_message_id_of_ours_names_its_thread)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    static const struct {
        MpThreadKind kind;
        const char *object;
    } kinds[] = {{MP_ISSUE, NULL},
                 {MP_PULL, "topic"},
                 {MP_COMMIT, "f00"},
                 {MP_COMMIT, "a-0123abcd/b-0123abcd/c"}};
    static const char *const none[] = {
        "",
        "<a@b>",
        "<acme/rocket/issues/1@" FIXTURE_HOST ">",
        "<acme/rocket/issues/1-00000000@" FIXTURE_HOST ">",
        "<acme/rocket/issues/99-00000000@" FIXTURE_HOST ">",
        "<acme/rocket/commit/f00-00000000@" FIXTURE_HOST ">",
        "<acme/rocket/commit/@" FIXTURE_HOST ">",
        "<acme/rocket/commit/----------@" FIXTURE_HOST ">",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        MpThread facts = {.kind = kinds[i].kind,
                          .repository = (char *)"acme/rocket",
                          .title = (char *)"Rocket",
                          .object = (char *)kinds[i].object,
                          .author = 5,
                          .author_login = (char *)"tim"};
        g_autofree char *key = mp_tracker_key(5, i, "x", "");
        MpNewComment post = comment_of(0, key, "Hello.");
        guint64 id;
        cr_assert(mp_batch_open_thread(batch, &facts, &post, &fixture_tim, &id, NULL));
    }
    commit(batch);
    for (guint64 id = 1; id <= G_N_ELEMENTS(kinds); id++) {
        g_autoptr(MpThread) thread = NULL;
        guint64 found;

        cr_assert(mp_tracker_thread(tracker, id, &thread, NULL));
        g_autofree char *opening = mp_thread_message_id(thread, 0, NULL, FIXTURE_HOST);
        g_autofree char *comment = mp_thread_message_id(thread, 3, "0123456789", FIXTURE_HOST);
        g_autofree char *elsewhere = mp_thread_message_id(thread, 0, NULL, "git.example.com");
        g_autofree char *longer = g_strdup_printf("%.*s0@" FIXTURE_HOST ">",
                                                  (int)(strrchr(opening, '@') - opening), opening);
        cr_assert(mp_tracker_find_own_id(tracker, opening, &found, NULL));
        cr_expect_eq(found, id, "%s", opening);
        cr_assert(mp_tracker_find_own_id(tracker, comment, &found, NULL));
        cr_expect_eq(found, id, "%s", comment);
        cr_assert(mp_tracker_find_own_id(tracker, elsewhere, &found, NULL));
        cr_expect_eq(found, 0, "%s", elsewhere);
        cr_assert(mp_tracker_find_own_id(tracker, longer, &found, NULL));
        cr_expect_eq(found, 0, "%s", longer);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(none); i++) {
        guint64 found;
        cr_assert(mp_tracker_find_own_id(tracker, none[i], &found, NULL));
        cr_expect_eq(found, 0, "%s", none[i]);
    }
}

/* Also where what was faster is known by then: the batch was not built on that. */
static void
check_outrun(bool is_known)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) one = fixture_tracker(scratch);
    g_autoptr(MpTracker) two = fixture_tracker(scratch);
    g_autoptr(GError) error = NULL;
    bool duplicate;
    guint64 last = 9;

    g_autoptr(MpBatch) first = mp_batch_begin(one);
    guint64 id = fixture_thread(first, "Race", false);
    commit(first);
    g_autoptr(MpBatch) slow = mp_batch_begin(one);
    add(slow, id, "aa000000000000000000000000000000", "slow", &duplicate);
    cr_assert(mp_tracker_refresh(two, NULL));
    g_autoptr(MpBatch) fast = mp_batch_begin(two);
    add(fast, id, "bb000000000000000000000000000000", "fast", &duplicate);
    commit(fast);
    if (is_known)
        cr_assert(mp_tracker_refresh(one, NULL));
    cr_expect_eq(mp_batch_commit(slow, &error), MP_CONFLICT);
    cr_expect(error == NULL);

    cr_assert(mp_tracker_refresh(one, NULL));
    g_autoptr(MpBatch) again = mp_batch_begin(one);
    cr_expect_eq(add(again, id, "aa000000000000000000000000000000", "slow", &duplicate), 2);
    commit(again);
    cr_expect(mp_tracker_last_comment(one, id, &last, NULL));
    cr_expect_eq(last, 2);
}

Test(tracker, a_batch_that_was_outrun_changes_nothing_and_says_so)
{
    check_outrun(false);
    check_outrun(true);
}

Test(tracker, a_lock_that_a_dead_run_left_does_not_stop_the_next)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autofree char *path = scratch_path(scratch, "tracker.git");
    g_autofree char *made = scratch_run(
        scratch, "cd tracker.git && touch -d '1 minute ago' refs/heads/main.lock "
                 "objects/pack/pack-4711.pack.tmp objects/pack/pack-x.lock objects/pack/keep.me "
                 "objects/tmp_object_git2_4711");

    cr_assert(mp_tracker_clean_up(path, NULL));
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    fixture_thread(batch, "After", false);
    commit(batch);
    g_autofree char *left =
        scratch_run(scratch, "cd tracker.git && ls refs/heads && ls objects/pack | grep -v -e "
                             "pack-.*idx -e 'pack-.*pack'; ls objects | grep tmp || true");
    cr_expect_str_eq(left, "main\nkeep.me\n");
}

static bool
expect_next(const MpThread *thread, gpointer user_data)
{
    guint64 *last = user_data;

    cr_expect_eq(thread->id, *last + 1);
    *last = thread->id;
    return thread->id < 240;
}

Test(tracker, threads_are_visited_in_order_until_enough)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);

    for (int i = 1; i <= 250; i++)
        cr_assert_eq(fixture_thread(batch, "T", false), (guint64)i);
    commit(batch);
    guint64 last = 0;
    cr_expect(mp_tracker_foreach_thread(tracker, expect_next, &last, NULL));
    cr_expect_eq(last, 240);
}

Test(tracker, a_fact_file_edited_badly_is_named_with_its_fault)
{
    const struct {
        const char *sed, *says;
    } cases[] = {
        {"s/^state=.*/state=ajar/",
         "threads/000/0/0/0/0/1/thread:5: [thread] state: neither open nor closed"},
        {"s/^author=.*/author=tim/",
         "threads/000/0/0/0/0/1/thread:7: [thread] author: not a number"},
        {"/^title/d", "threads/000/0/0/0/0/1/thread:1: [thread] title: missing"},
        {"s/^created=.*/created=now/",
         "threads/000/0/0/0/0/1/thread:9: [thread] created: not a date"},
        {"3s/.*/what?/", "threads/000/0/0/0/0/1/thread:3: "},
        {"s/^repository=.*/repository=..\\/x/", "not of the form owner/name"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) scratch = scratch_make();
        g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
        g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
        g_autoptr(GError) error = NULL;
        g_autoptr(MpThread) thread = NULL;

        fixture_thread(batch, "T", false);
        commit(batch);
        g_autofree char *command = g_strdup_printf(
            "git clone -q tracker.git work && cd work && sed -i '%s' threads/000/0/0/0/0/1/thread "
            "&& "
            "git -c user.name=a -c user.email=a@b commit -qam edit && git push -q origin main",
            cases[i].sed);
        g_autofree char *out = scratch_run(scratch, command);
        cr_assert(mp_tracker_refresh(tracker, NULL));
        cr_expect(!mp_tracker_thread(tracker, 1, &thread, &error) && thread == NULL);
        cr_assert(error != NULL, "%s", cases[i].says);
        cr_expect(strstr(error->message, cases[i].says) != NULL, "%s", error->message);
    }
}

/* As after a power cut. libgit2 waits for the rest for ever. */
Test(tracker, an_object_that_was_pushed_and_ends_early_is_an_error, .timeout = 60)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    g_autoptr(GError) error = NULL;
    g_autoptr(MpThread) thread = NULL;

    fixture_thread(batch, "T", false);
    commit(batch);
    g_free(scratch_run(
        scratch,
        "git clone -q tracker.git work && cd work && seq 3000 | shuf "
        ">>threads/000/0/0/0/0/1/thread "
        "&& git -c user.name=a -c user.email=a@b commit -qam edit && git push -q origin main && id="
        "$(git rev-parse HEAD:threads/000/0/0/0/0/1/thread) && f=../tracker.git/objects/$(echo $id "
        "| "
        "cut -c1-2)/$(echo $id | cut -c3-) && chmod 644 $f && truncate -s 4000 $f"));
    cr_assert(mp_tracker_refresh(tracker, NULL));
    cr_expect_not(mp_tracker_thread(tracker, 1, &thread, &error));
    cr_assert_not_null(error);
    cr_expect(strstr(error->message, "damaged") != NULL, "%s", error->message);
}

/* As a power cut leaves it, where somebody unpacked an object or pushed it anew. */
Test(tracker, a_damaged_file_of_an_object_that_a_pack_has_hides_it_not)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    g_autoptr(MpThread) thread = NULL;
    g_autofree char *path = scratch_path(scratch, "tracker.git");

    fixture_thread(batch, "T", false);
    commit(batch);
    g_free(scratch_run(
        scratch, "cd tracker.git && for id in $(git rev-parse main main^{tree} "
                 "main:threads/000/0/0/0/0/1/thread); do d=objects/$(echo $id | cut -c1-2) && "
                 "mkdir -p $d && : >$d/$(echo $id | cut -c3-); done"));
    g_autoptr(MpTracker) again = mp_tracker_open(path, "git.example.org", NULL);
    cr_assert_not_null(again);
    cr_expect(mp_tracker_thread(again, 1, &thread, NULL) && thread != NULL);
}

#define NONCE "00112233aabbccdd"
#define A_KEY "0123456789abcdef0123456789abcdef"

Test(tracker, message_ids_are_those_of_github_with_marks_that_never_come_again)
{
    MpThread issue = {
        .id = 17, .kind = MP_ISSUE, .repository = (char *)"acme/rocket", .nonce = (char *)NONCE};
    MpThread pull = {
        .id = 18, .kind = MP_PULL, .repository = (char *)"acme/rocket", .nonce = (char *)NONCE};
    MpThread commit_thread = {.id = 19,
                              .kind = MP_COMMIT,
                              .repository = (char *)"acme/rocket",
                              .object = (char *)"0a1b",
                              .nonce = (char *)NONCE};
    const struct {
        const MpThread *thread;
        guint64 comment;
        const char *id, *unmarked;
    } cases[] = {
        {&issue, 0, "<acme/rocket/issues/17-00112233@git.example.org>",
         "<acme/rocket/issues/17@git.example.org>"},
        {&issue, 3, "<acme/rocket/issues/17-00112233/3-01234567@git.example.org>",
         "<acme/rocket/issues/17/3@git.example.org>"},
        {&pull, 0, "<acme/rocket/pull/18-00112233@git.example.org>",
         "<acme/rocket/pull/18@git.example.org>"},
        {&pull, 3, "<acme/rocket/pull/18-00112233/c3-01234567@git.example.org>",
         "<acme/rocket/pull/18/c3@git.example.org>"},
        {&commit_thread, 0, "<acme/rocket/commit/0a1b-00112233@git.example.org>",
         "<acme/rocket/commit/0a1b@git.example.org>"},
        {&commit_thread, 4, "<acme/rocket/commit/0a1b-00112233/4-01234567@git.example.org>",
         "<acme/rocket/commit/0a1b/4@git.example.org>"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *id =
            mp_thread_message_id(cases[i].thread, cases[i].comment, A_KEY, FIXTURE_HOST);
        guint64 number = 99;

        cr_expect_str_eq(id, cases[i].id);
        cr_expect(mp_thread_comment_of_id(cases[i].thread, id, FIXTURE_HOST, &number) &&
                  number == cases[i].comment);
        cr_expect(
            mp_thread_comment_of_id(cases[i].thread, cases[i].unmarked, FIXTURE_HOST, &number) &&
            number == cases[i].comment);
    }
}

Test(tracker, another_threads_message_id_names_no_comment)
{
    MpThread issue = {
        .id = 17, .kind = MP_ISSUE, .repository = (char *)"acme/rocket", .nonce = (char *)NONCE};
    static const char *const others[] = {
        "<acme/rocket/issues/17-ffffffff@git.example.org>",
        "<acme/rocket/issues/17-ffffffff/3-01234567@git.example.org>",
        "<acme/rocket/issues/18@git.example.org>",
        "<acme/rocket/issues/170/3@git.example.org>",
        "<acme/rocket/pull/17/c3@git.example.org>",
        "<acme/rocket/issues/17/3@git.example.net>",
        "<acme/rocket/issues/17/event/0123456789abcdef0123456789abcdef@git.example.org>",
        "<acme/rocket/issues/17/0@git.example.org>",
        "<acme/rocket/issues/17/@git.example.org>",
        "<acme/rocket/issues/17/3",
        "",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        guint64 number;
        cr_expect(!mp_thread_comment_of_id(&issue, others[i], FIXTURE_HOST, &number), "%s",
                  others[i]);
    }
}

Test(tracker, names_that_could_break_a_path_are_none)
{
    const struct {
        const char *name;
        bool repository, login;
    } cases[] = {
        {"acme/rocket", true, false}, {"a.c-m_e/R2", true, false},
        {"acme", false, true},        {"acme/", false, false},
        {"/rocket", false, false},    {"a/b/c", false, false},
        {"../x", false, false},       {"a/..", false, false},
        {"-a/b", false, false},       {"tim", false, true},
        {"Tim-2", false, true},       {"-tim", false, false},
        {"tim-", false, false},       {"t--m", false, false},
        {"t m", false, false},        {"", false, false},
        {"t\xc3\xafm", false, false}, {"a234567890123456789012345678901234567890", false, false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        cr_expect_eq(mp_is_repository_name(cases[i].name), cases[i].repository, "%s",
                     cases[i].name);
        cr_expect_eq(mp_is_login(cases[i].name), cases[i].login, "%s", cases[i].name);
    }
}

static MpUser *
user_of(const char *login, const char *first, const char *second)
{
    MpUser *user = g_new0(MpUser, 1);

    user->login = g_strdup(login);
    user->name = g_strdup("Somebody");
    user->emails = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(user->emails, g_strdup(first));
    if (second != NULL)
        g_ptr_array_add(user->emails, g_strdup(second));
    user->is_active = true;
    return user;
}

Test(accounts, are_found_by_id_login_and_every_address_and_never_twice)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "accounts.git");
    bool made;
    cr_assert(mp_accounts_init(path, FIXTURE_HOST, &made, NULL) && made);
    cr_assert(mp_accounts_init(path, FIXTURE_HOST, &made, NULL) && !made);
    g_autoptr(MpAccounts) accounts = mp_accounts_open(path, FIXTURE_HOST, NULL);
    g_autoptr(MpUser) tim_user = user_of("Tim", "tim@example.org", "Tim.Lake@Work.example");
    g_autoptr(MpUser) same_login = user_of("tIM", "other@example.org", NULL);
    g_autoptr(MpUser) same_address = user_of("kate", "tim@EXAMPLE.org", NULL);
    g_autoptr(GError) error = NULL;

    cr_assert(mp_accounts_write(accounts, tim_user, "Add tim", &error), "%s",
              error ? error->message : "");
    cr_expect_eq(tim_user->id, 1);
    cr_expect(!mp_accounts_write(accounts, same_login, "x", &error));
    cr_expect_eq(error->code, MP_ERROR_INPUT);
    g_clear_error(&error);
    cr_expect(!mp_accounts_write(accounts, same_address, "x", &error));
    g_clear_error(&error);

    g_autoptr(MpUser) by_id = NULL, by_login = NULL, by_address = NULL, by_other_case = NULL;
    cr_assert(mp_accounts_user(accounts, 1, &by_id, NULL));
    cr_assert(mp_accounts_user_by_login(accounts, "TIM", &by_login, NULL));
    cr_assert(mp_accounts_user_by_address(accounts, "Tim.Lake@work.EXAMPLE", &by_address, NULL));
    cr_assert(mp_accounts_user_by_address(accounts, "tim.lake@work.example", &by_other_case, NULL));
    cr_assert(by_id != NULL && by_login != NULL && by_address != NULL);
    cr_expect(by_other_case != NULL && by_other_case->id == 1);
    cr_expect(mp_user_has_address(by_id, "tim@EXAMPLE.ORG", true) &&
              !mp_user_has_address(by_id, "TIM@example.org", true));

    /* A freed login and address are free for others. */
    g_free(by_id->login);
    by_id->login = g_strdup("timothy");
    g_ptr_array_set_size(by_id->emails, 1);
    cr_assert(mp_accounts_write(accounts, by_id, "Rename", NULL));
    g_autoptr(MpUser) next = user_of("tim", "Tim.Lake@work.example", NULL);
    cr_assert(mp_accounts_write(accounts, next, "Add", NULL));
    cr_expect_eq(next->id, 2);
    g_autofree char *fsck = scratch_run(
        scratch, "git -C accounts.git fsck --strict 2>&1; ls -ld accounts.git | cut -c1-10");
    cr_expect_str_eq(fsck, "drwx------\n", "%s", fsck);
}

/* Who sends to the same people again and again reads them once, and sees what was changed. */
Test(accounts, an_account_is_read_once_for_each_tip)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "accounts.git");
    const MpUser *first = NULL, *again = NULL, *none = NULL, *changed = NULL;
    bool made;

    cr_assert(mp_accounts_init(path, FIXTURE_HOST, &made, NULL));
    g_autoptr(MpAccounts) accounts = mp_accounts_open(path, FIXTURE_HOST, NULL);
    g_autoptr(MpUser) reader = user_of("tim", "tim@example.org", NULL);
    cr_assert(mp_accounts_write(accounts, reader, "Add tim", NULL));
    cr_assert(mp_accounts_look_up(accounts, 1, &first, NULL));
    cr_assert(mp_accounts_look_up(accounts, 2, &none, NULL));
    cr_assert(mp_accounts_look_up(accounts, 1, &again, NULL));
    cr_assert_not_null(first);
    cr_expect_null(none);
    cr_expect_eq(first, again, "read twice");

    g_autoptr(MpUser) kate = user_of("kate", "kate@example.org", NULL);
    g_free(reader->name);
    reader->name = g_strdup("Tim Lake");
    cr_assert(mp_accounts_write(accounts, reader, "Rename tim", NULL));
    cr_assert(mp_accounts_write(accounts, kate, "Add kate", NULL));
    cr_assert(mp_accounts_look_up(accounts, 1, &changed, NULL));
    cr_expect_str_eq(changed->name, "Tim Lake");
    cr_assert(mp_accounts_look_up(accounts, 2, &none, NULL));
    cr_assert_not_null(none);
    cr_expect_str_eq(none->login, "kate");
}
