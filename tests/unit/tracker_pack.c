/* Packs as we write them: Git reads the same out of them, and they do not pile up in memory. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "git/deflate.h"
#include "git/git.h"
#include "git/pack.h"
#include "git/tree.h"
#include "tracker_fixture.h"

static void
expect_inflates(const guint8 *bytes, gsize length, gsize period)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autofree guint8 *out = g_malloc(length + 1);
    uLongf out_length = length + 1;

    g_byte_array_append(stream, (const guint8 *)"before", 6);
    mp_deflate_ids(stream, bytes, length, period);
    cr_expect_eq(uncompress(out, &out_length, stream->data + 6, stream->len - 6), Z_OK,
                 "%zu octets, period %zu", length, period);
    cr_expect(out_length == length && memcmp(out, bytes, length) == 0, "%zu octets, period %zu",
              length, period);
}

/* Everything between all the same and nothing the same, at distances of all sizes. */
Test(deflate, zlib_inflates_what_was_deflated_without_a_search)
{
    static const gsize lengths[] = {0, 1, 2, 3, 7, 29, 58, 300, 2900, 70000};
    static const gsize periods[] = {0, 1, 2, 4, 5, 8, 9, 29, 61, 256, 257, 4096, 32768, 32769};
    g_autofree guint8 *bytes = g_malloc(70000);
    g_autoptr(GRand) random = g_rand_new_with_seed(17);

    for (gint range = 1; range <= 256; range *= 4) {
        for (gsize i = 0; i < 70000; i++)
            bytes[i] = (guint8)(256 - g_rand_int_range(random, 1, range + 1));
        for (gsize l = 0; l < G_N_ELEMENTS(lengths); l++)
            for (gsize p = 0; p < G_N_ELEMENTS(periods); p++)
                expect_inflates(bytes, lengths[l], periods[p]);
    }
}

Test(deflate, a_directory_of_a_hundred_becomes_smaller)
{
    g_autoptr(GByteArray) tree = g_byte_array_new();
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(17);

    for (guint i = 0; i < 100; i++) {
        g_autofree char *entry = g_strdup_printf("40000 %02u", i);
        g_byte_array_append(tree, (const guint8 *)entry, (guint)strlen(entry) + 1);
        for (guint k = 0; k < 20; k++) {
            guint8 octet = (guint8)g_rand_int(random);
            g_byte_array_append(tree, &octet, 1);
        }
    }
    mp_deflate_ids(stream, tree->data, tree->len, 29);
    cr_expect_lt(stream->len, tree->len * 9 / 10);
}

static void
post(MpTracker *tracker, guint n)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    g_autofree char *title = g_strdup_printf("Rocket %u", n);
    guint64 id = fixture_thread(batch, title, false);

    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    cr_assert_eq(id, n);
}

/* Threads `from` to `to`, each with a pack of its own. */
static void
post_all(MpTracker *tracker, guint from, guint to)
{
    for (guint n = from; n <= to; n++) {
        cr_assert(mp_tracker_refresh(tracker, NULL));
        post(tracker, n);
    }
}

static MpTracker *
tracker_with(const ScratchPath *scratch, guint packs)
{
    MpTracker *tracker = fixture_tracker(scratch);

    post_all(tracker, 1, packs);
    return tracker;
}

Test(pack, its_index_is_the_one_that_git_makes_of_it)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = tracker_with(scratch, 3);
    g_autofree char *compared =
        scratch_run(scratch, "for p in tracker.git/objects/pack/*.pack; do"
                             " git index-pack -o own.idx $p >/dev/null && cmp own.idx ${p%pack}idx"
                             " && stat -c %a $p ${p%pack}idx; rm -f own.idx; done");

    (void)tracker;
    cr_expect_str_eq(compared, "444\n444\n444\n444\n444\n444\n444\n444\n");
}

/* With one object: some fifty octets, and an index of more than a thousand. */
static bool
write_small_pack(const ScratchPath *scratch, rlim_t file_limit)
{
    const struct rlimit limit = {file_limit, RLIM_INFINITY};
    g_autoptr(MpPack) pack = mp_pack_new();
    g_autoptr(GError) why = NULL;
    git_oid id;

    cr_assert(mp_pack_add(pack, GIT_OBJECT_BLOB, "x\n", 2, &id, NULL));
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return mp_pack_write(pack, scratch, &why);
}

static char *
packs_in(const ScratchPath *scratch)
{
    return scratch_run(scratch, "ls objects/pack | sed 's/.*[.]//'");
}

/* On a full disk each try would leave another. */
Test(pack, one_whose_index_cannot_be_written_is_not_left_behind)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *made = scratch_run(scratch, "mkdir -p objects/pack");

    signal(SIGXFSZ, SIG_IGN);
    cr_assert(mp_git_start(NULL));
    cr_assert_not(write_small_pack(scratch, 500));
    g_autofree char *nothing = packs_in(scratch);
    cr_expect_str_eq(nothing, "");
    cr_assert(write_small_pack(scratch, RLIM_INFINITY));
    cr_assert_not(write_small_pack(scratch, 500));
    g_autofree char *both = packs_in(scratch);
    cr_expect_str_eq(both, "idx\npack\n", "what a run that died wrote whole stays");
}

/* Texts, and versions of a directory; the caller goes on after each `step` (0: never). */
static void
write_many(const ScratchPath *scratch, guint step)
{
    g_autoptr(MpPack) pack = mp_pack_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(17);
    g_autoptr(GString) tree = g_string_new(NULL);
    git_oid blob, id;
    const git_oid *before = NULL;

    for (guint i = 0; i < 2000; i++) {
        g_autofree char *text = g_strdup_printf("Number %u, %x\n", i, g_rand_int(random));

        cr_assert(mp_pack_add(pack, GIT_OBJECT_BLOB, text, strlen(text), &blob, NULL));
        g_string_truncate(tree, 0);
        g_string_append_printf(tree, "100644 comment.md");
        g_string_append_len(tree, "", 1);
        g_string_append_len(tree, (const char *)blob.id, sizeof blob.id);
        cr_assert(
            mp_pack_add_version(pack, GIT_OBJECT_TREE, tree->str, tree->len, before, &id, NULL));
        before = &id;
        if (step > 0 && i % step == 0)
            mp_pack_go_on(pack);
    }
    cr_assert(mp_pack_write(pack, scratch, NULL));
}

Test(pack, what_a_thread_writes_is_what_is_written_without_one)
{
    static const guint steps[] = {0, 1, 40, 700};

    cr_assert(mp_git_start(NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(ScratchPath) scratch = scratch_make();
        g_autofree char *made = scratch_run(scratch, "git init -q --bare .");

        write_many(scratch, steps[i]);
        g_autofree char *found = scratch_run(
            scratch, "git verify-pack -v objects/pack/*.idx | grep -c -E ' (blob|tree) '; "
                     "cat objects/pack/*.pack | sha1sum");
        static char *first = NULL;
        first = first != NULL ? first : g_strdup(found);
        cr_assert(g_str_has_prefix(found, "4000\n"), "%s", found);
        cr_expect_str_eq(found, first, "given after each %u", steps[i]);
    }
}

/* How many packs this process has open. */
static guint
open_packs(void)
{
    g_autoptr(GDir) directory = g_dir_open("/proc/self/fd", 0, NULL);
    const char *name;
    guint n = 0;

    while ((name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *path = g_build_filename("/proc/self/fd", name, NULL);
        g_autofree char *target = g_file_read_link(path, NULL);
        n += target != NULL && g_str_has_suffix(target, ".pack");
    }
    return n;
}

/* Somebody pushed a file where one of our directories is to be. */
Test(tree, a_file_gives_way_to_a_directory_of_its_name)
{
    g_autoptr(MpPack) pack = mp_pack_new();
    g_autoptr(MpTree) tree = mp_tree_new(NULL, pack, NULL);
    g_autofree char *text = NULL;
    MpTreeNode *root;

    cr_assert(mp_git_start(NULL));
    cr_assert(mp_tree_set_at(tree, "threads", "x", 1, NULL));
    cr_assert(mp_tree_set_at(tree, "threads/000/thread", "y", 1, NULL));
    cr_assert(mp_tree_directory(tree, NULL, "", &root, NULL));
    cr_expect_eq(mp_tree_count(root), 1, "%u entries", mp_tree_count(root));
    cr_expect(mp_tree_is_directory(root, 0));
    cr_expect(mp_tree_read(tree, NULL, "threads/000/thread", &text, NULL, NULL));
    cr_expect_str_eq(text, "y");
}

Test(pack, a_run_of_many_batches_keeps_few_open)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = tracker_with(scratch, 30);

    for (guint64 n = 1; n <= 30; n++) {
        g_autoptr(MpThread) thread = NULL;

        cr_assert(mp_tracker_thread(tracker, n, &thread, NULL));
        cr_expect(thread != NULL && g_str_has_prefix(thread->title, "Rocket "));
    }
    cr_expect_leq(open_packs(), 8, "%u packs are open", open_packs());
}

/* Whoever holds them open keeps their space on the disk from being free, and their pages in memory.
 */
Test(pack, a_long_run_lets_go_of_packs_that_were_repacked)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = tracker_with(scratch, 30);
    g_autofree char *done = scratch_run(scratch, "git -C tracker.git repack -q -a -d");
    g_autofree char *maps = NULL;

    post_all(tracker, 31, 70);
    cr_assert(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    cr_expect(strstr(maps, ".idx\n") != NULL && strstr(maps, ".idx (deleted)") == NULL, "%s", maps);
    g_autoptr(MpThread) first = NULL;
    cr_assert(mp_tracker_thread(tracker, 1, &first, NULL));
    cr_expect(first != NULL && strcmp(first->title, "Rocket 1") == 0);
}

/* --- As it is sent ------------------------------------------------------------------------------
 */

static MpPack *
pack_of(const char *const *texts)
{
    MpPack *pack = mp_pack_new();
    git_oid id;

    for (; *texts != NULL; texts++)
        cr_assert(mp_pack_add(pack, GIT_OBJECT_BLOB, *texts, strlen(*texts), &id, NULL));
    return pack;
}

/* How many objects git finds in it, which it indexes as strictly as it can. */
static int
count_objects(const ScratchPath *path, const GByteArray *stream)
{
    g_autofree char *file = scratch_path(path, "sent.pack");

    cr_assert(g_file_set_contents(file, (const char *)stream->data, stream->len, NULL));
    g_autofree char *said =
        scratch_run(path, "rm -f sent.idx && git index-pack --strict sent.pack >/dev/null && "
                          "git show-index <sent.idx | wc -l");
    return atoi(said);
}

/* A server refuses a pack that has one object twice. */
Test(pack, what_is_sent_with_a_batch_is_there_once)
{
    static const struct {
        const char *const written[4], *const also[3];
        int n_objects;
    } cases[] = {
        {{"a", "b", "c", NULL}, {NULL}, 3},      {{"a", "b", "c", NULL}, {"d", NULL}, 4},
        {{"a", "b", "c", NULL}, {"b", NULL}, 3}, {{"a", "b", "c", NULL}, {"d", "a", NULL}, 4},
        {{NULL}, {"d", "a", NULL}, 2},
    };
    g_autoptr(ScratchPath) path = scratch_make();

    cr_assert(mp_git_start(NULL));
    g_free(scratch_run(path, "git init -q --bare . && mkdir -p objects/pack"));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpPack) written = cases[i].written[0] != NULL ? pack_of(cases[i].written) : NULL;
        g_autoptr(MpPack) also = pack_of(cases[i].also);

        cr_assert(written == NULL || mp_pack_write(written, path, NULL));
        g_autoptr(GByteArray) stream = mp_pack_join(written, also);
        cr_assert_not_null(stream);
        cr_expect_eq(count_objects(path, stream), cases[i].n_objects, "case %zu", i);
    }
}
