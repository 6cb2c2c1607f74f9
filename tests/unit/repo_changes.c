/* What a commit changes, as git tells it. */
#include "repo/changes.h"

#include <criterion/criterion.h>
#include <string.h>

#include "repo_fixture.h"
#include "base/error.h"
#include "repo/internal.h"

/* Two commits on refs/tags/old and refs/tags/new, of what the commands make of a directory. */
static void
make_commits(const ScratchPath *root, const char *before, const char *after)
{
    g_autofree char *script =
        g_strdup_printf("mkdir w; save() { (cd w; git --git-dir=.. --work-tree=. add -A .); $G "
                        "update-ref refs/tags/$1 $($G commit-tree -m $1 $($G write-tree)); }; (cd "
                        "w; %s); save old; (cd w; %s); save new",
                        before, after);

    g_free(repo_run(root, script));
}

static MpRepoChanges *
changes_of(const ScratchPath *root, const MpRepoChangeLimits *limits)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid before = repo_id(root, "old^{commit}"), after = repo_id(root, "new^{commit}");
    MpRepoChanges *changes = mp_repo_changes(repo, &before, &after, limits, &error);

    cr_assert(changes != NULL, "%s", error != NULL ? error->message : "");
    return changes;
}

static const MpRepoChangeLimits all = {.diff = 1024 * 1024};

#define GIT_DIFF "$G diff --no-color --no-ext-diff -M -U3 old new"

Test(repo_changes, the_diff_is_that_of_git)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"seq 20 >a; echo x >gone; seq 30 >b", "seq 3 25 >a; rm gone; echo new >came; chmod +x b"},
        {"mkdir -p d/e f; seq 9 >d/e/x; echo 1 >f/y; echo 2 >d.txt",
         "seq 8 >d/e/x; rm -r f; echo 3 >f; echo 3 >d.txt"},
        {"seq 100 >old-name; seq 50 >same",
         "mv old-name new-name; echo more >>new-name; mv same moved"},
        {"printf 'no newline' >a; : >empty",
         "printf 'no newline\\nhere' >a; printf x >empty; : >other"},
        {"ln -s target link; echo x >'a b'", "ln -sf elsewhere link; echo y >'a b'"},
        {":", "seq 3 >a"},
        {"seq 3 >a", "rm a"},
        {"seq 3 >a", ":"},
        {"printf 'int\\nmain(void)\\n{\\n%s}\\n' \"$(seq 20)\" >m.c",
         "sed -i 's/^15$/fifteen/' m.c"},
        {"printf 'h\\303\\266\\tx\\n' >utf8", "printf 'h\\303\\274\\tx\\n' >utf8"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) root = repo_make();

        make_commits(root, cases[i].before, cases[i].after);
        g_autofree char *expected =
            repo_run(root, GIT_DIFF " | grep -v '^index ' | grep -v '^similarity index ' || :");
        g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
        cr_expect_str_eq(changes->diff->str, expected, "%s; %s", cases[i].before, cases[i].after);
        cr_expect_not(changes->is_cut || changes->is_more);
    }
}

static char *
summary_of(const MpRepoChanges *changes)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < changes->files->len; i++) {
        const MpRepoChange *change = g_ptr_array_index(changes->files, i);

        if (change->is_counted)
            g_string_append_printf(text, "%u %u", change->n_added, change->n_removed);
        else
            g_string_append(text, change->is_binary ? "binary" : "large");
        g_string_append_printf(text, " %s %s", mp_repo_change_name(change->kind), change->path);
        g_string_append_printf(text, "%s%s\n", change->old_path != NULL ? " < " : "",
                               change->old_path != NULL ? change->old_path : "");
    }
    return g_string_free(text, FALSE);
}

Test(repo_changes, files_have_their_kind_and_their_counts)
{
    static const struct {
        const char *before, *after, *summary;
    } cases[] = {
        {"seq 20 >a; echo x >gone", "seq 3 25 >a; rm gone; echo new >came",
         "5 2 modified a\n1 0 added came\n0 1 deleted gone\n"},
        {"seq 100 >one; seq 200 300 >two", "mv one uno; echo x >>uno; mv two due",
         "0 0 renamed due < two\n1 0 renamed uno < one\n"},
        {"printf 'x\\000y' >b", "printf 'z\\000y' >b", "binary modified b\n"},
        {"seq 200000 >big", "seq 200001 >big", "large modified big\n"},
        {":", "n=$(printf 'a\\nb\\033\\342\\200\\256\\377\"'); echo x >\"$n\"",
         "1 0 added a\\nb\\e\\u{202E}\\xFF\"\n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) root = repo_make();

        make_commits(root, cases[i].before, cases[i].after);
        g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
        g_autofree char *summary = summary_of(changes);
        cr_expect_str_eq(summary, cases[i].summary);
    }
}

Test(repo_changes, a_submodule_shows_its_commit)
{
    g_autoptr(ScratchPath) root = repo_make();

    g_free(repo_run(root,
                    "c() { printf '160000 commit %040d\\tsub\\n' $1 | $G mktree --missing; }; for "
                    "n in 1 2; do $G "
                    "update-ref refs/tags/n$n $($G commit-tree -m x $(c $n)); done; $G update-ref "
                    "refs/tags/old n1; $G update-ref refs/tags/new n2"));
    g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
    g_autofree char *expected = repo_run(root, GIT_DIFF " | grep -v '^index '");
    cr_expect_str_eq(changes->diff->str, expected);
}

Test(repo_changes, what_stands_in_a_file_can_be_shown)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *none = NULL;

    make_commits(root, ":",
                 "printf '\\033]0;x\\007\\342\\200\\256a\\r\\nGr\\374n\\n' >a; printf '\\000' >b");
    g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
    cr_expect(strstr(changes->diff->str, "+\\u{001B}]0;x\\u{0007}\\u{202E}a\n+Gr\xc3\xbcn\n") !=
                  NULL,
              "%s", changes->diff->str);
    cr_expect(g_utf8_validate(changes->diff->str, -1, NULL));
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid id = repo_id(root, "new");
    bool is_there;
    cr_assert(mp_repo_file(repo, &id, "a", &is_there, &text, &error));
    cr_expect_str_eq(text, "\\u{001B}]0;x\\u{0007}\\u{202E}a\nGr\xc3\xbcn\n");
    static const char *const names[] = {"b", "c", "a/b", "", "/a"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        cr_assert(mp_repo_file(repo, &id, names[i], &is_there, &none, &error), "%s", names[i]);
        cr_expect_null(none, "%s", names[i]);
        cr_expect_eq(is_there, i == 0, "%s", names[i]);
    }
}

Test(repo_changes, limits_hold_and_say_so)
{
    static const MpRepoChangeLimits few = {.files = 10, .diff = 100};
    g_autoptr(ScratchPath) root = repo_make();

    make_commits(root, ":", "for i in $(seq 30); do echo $i >f$i; done");
    g_autoptr(MpRepoChanges) changes = changes_of(root, &few);
    cr_expect_eq(changes->files->len, 10);
    cr_expect(changes->is_more && changes->is_cut);
    cr_expect_leq(changes->diff->len, 100);
    cr_expect_eq(changes->diff->str[changes->diff->len - 1], '\n');
    cr_expect_eq(changes->n_added, 10, "counted beyond what is shown");
}

/* How much of the objects was made to be read, and what is left of the budget. */
static guint64
read_with(const ScratchPath *root, gsize *budget, guint *n_uncounted)
{
    const MpRepoChangeLimits limits = {.budget = budget};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid before = repo_id(root, "old^{commit}"), after = repo_id(root, "new^{commit}");
    g_autoptr(MpRepoChanges) changes = mp_repo_changes(repo, &before, &after, &limits, &error);

    cr_assert_not_null(changes);
    *n_uncounted = changes->n_uncounted;
    return repo->made;
}

Test(repo_changes, what_is_read_is_paid_for_before)
{
    g_autoptr(ScratchPath) root = repo_make();
    gsize much = 64 * 1024 * 1024, little = 1024 * 1024, none = 0;
    guint n_uncounted;

    make_commits(root, "for i in $(seq 60); do seq $i 20000 >m$i; seq $i 20000 >g$i; done",
                 "for i in $(seq 60); do seq $i 20001 >m$i; rm g$i; seq $i 40 30000 >c$i; done");
    guint64 whole = read_with(root, &much, &n_uncounted);
    cr_expect_eq(n_uncounted, 0);
    cr_expect_gt(whole, 10 * 1024 * 1024);
    guint64 some = read_with(root, &little, &n_uncounted);
    cr_expect_lt(some, 4 * 1024 * 1024, "%" G_GUINT64_FORMAT, some);
    cr_expect_gt(n_uncounted, 50);
    guint64 trees = read_with(root, &none, &n_uncounted);
    cr_expect_lt(trees, 256 * 1024, "%" G_GUINT64_FORMAT, trees);
}

/* Two thousand lines of two octets that have nothing to do with each other take as long as
 * hundreds of kilobytes. */
Test(repo_changes, lines_are_paid_for_as_well)
{
    g_autoptr(ScratchPath) root = repo_make();
    gsize budget = 1024 * 1024;
    guint n_uncounted;

    make_commits(root, "for i in $(seq 40); do seq 2000 | sed 's/.*\\(.\\)$/\\1/' >f$i; done",
                 "for i in $(seq 40); do seq 2000 | sed 's/\\(.\\).*/\\1/' >f$i; done");
    read_with(root, &budget, &n_uncounted);
    cr_expect_eq(budget, 0);
    cr_expect_gt(n_uncounted, 20);
}

#define SIGNS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define N_SIGNS (sizeof SIGNS - 1)
#define PAIRS   12

/* Appends two pairs of letters that have the same hash behind this state, as libgit2 does
 * it. */
static void
add_pair(guint64 *state, GString *pairs)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    for (guint pair = 0; pair < N_SIGNS * N_SIGNS; pair++) {
        guint64 hash = *state;
        const char letters[] = {SIGNS[pair / N_SIGNS], SIGNS[pair % N_SIGNS]};

        for (gsize i = 0; i < 2; i++)
            hash = (hash + (hash << 5)) ^ (guchar)letters[i];
        guint other = GPOINTER_TO_UINT(g_hash_table_lookup(seen, &hash));
        if (other > 0) {
            g_string_append_printf(pairs, "%c%c%c%c", SIGNS[(other - 1) / N_SIGNS],
                                   SIGNS[(other - 1) % N_SIGNS], letters[0], letters[1]);
            *state = hash;
            return;
        }
        g_hash_table_insert(seen, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(pair + 1));
    }
    cr_assert_fail("no two pairs fall together");
}

/* 4,096 lines of one hash. */
static char *
lines_of_one_hash(void)
{
    g_autoptr(GString) pairs = g_string_new(NULL);
    GString *text = g_string_new(NULL);
    guint64 state = 5381;

    for (guint i = 0; i < PAIRS; i++)
        add_pair(&state, pairs);
    for (guint n = 0; n < 1U << PAIRS; n++) {
        for (guint i = 0; i < PAIRS; i++)
            g_string_append_len(text, pairs->str + 4 * i + 2 * (n >> i & 1), 2);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

/* As many lines that fall into one bucket take their square. */
Test(repo_changes, lines_made_to_fall_together_are_not_compared)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autofree char *path = scratch_path(root, "acme/rocket.git/lines");
    g_autofree char *lines = lines_of_one_hash();

    cr_assert(g_file_set_contents(path, lines, -1, NULL));
    make_commits(root, "seq 4096 >bad; seq 4096 >good", "cp ../lines bad; seq 2 4097 >good");
    g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
    g_autofree char *summary = summary_of(changes);
    cr_expect_str_eq(summary, "large modified bad\n1 1 modified good\n");
}

/* One tree of ten names that are all the same tree, ten levels deep, has ten thousand million
 * files. */
Test(repo_changes, a_tree_that_holds_itself_over_and_over_ends)
{
    g_autoptr(ScratchPath) root = repo_make();

    g_free(repo_run(
        root,
        "b=$(echo x | $G hash-object -w --stdin); t=$(for i in $(seq 10); do printf '100644 blob "
        "%s\\tf%s\\n' $b $i; done | $G mktree); for l in $(seq 10); do t=$(for i in $(seq 10); do "
        "printf '040000 tree %s\\td%s\\n' $t $i; done | $G mktree); done; $G update-ref "
        "refs/tags/old $($G commit-tree -m x $($G mktree </dev/null)); $G update-ref refs/tags/new "
        "$($G commit-tree -m x $t)"));
    g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
    cr_expect_eq(changes->files->len, MP_REPO_FILES_MAX);
    cr_expect(changes->is_more);
}

/* Each is held while what lies in it is gone through: a hundred of them were gigabytes. */
Test(repo_changes, large_trees_in_large_trees_end)
{
    static const struct {
        guint depth;
        bool is_more;
    } cases[] = {{2, false}, {8, true}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) root = repo_make();
        g_autofree char *script = g_strdup_printf(
            "blob() { echo $1 | $G hash-object -w --stdin; }; rest=$(blob rest); files() { python3 "
            "-c \"import sys; [sys.stdout.buffer.write(b'100644 f%%06d\\0' %% i + "
            "bytes.fromhex('$rest')) for i in range(80000)]\"; }; files >files; inner() { python3 "
            "-c \"import sys; sys.stdout.buffer.write(b'40000 a\\0' + bytes.fromhex('$1'))\"; }; "
            "for side in old new; do t=$(printf '100644 blob %%s\\tx\\n' $(blob $side) | $G "
            "mktree); for n in $(seq %u); do t=$({ inner $t; cat files; } | $G hash-object -t tree "
            "-w --stdin --literally); done; $G update-ref refs/tags/$side $($G commit-tree -m x "
            "$t); done",
            cases[i].depth);

        g_free(repo_run(root, script));
        g_autoptr(MpRepoChanges) changes = changes_of(root, &all);
        cr_expect_eq(changes->is_more, cases[i].is_more, "%u", cases[i].depth);
        cr_expect_eq(changes->files->len, cases[i].is_more ? 0 : 1, "%u", cases[i].depth);
    }
}

Test(repo_changes, what_is_damaged_is_an_error_of_the_input)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;

    make_commits(root, "echo x >a", "mkdir d; echo y >d/a");
    git_oid before = repo_id(root, "old"), after = repo_id(root, "new");
    g_free(repo_run(
        root,
        "id=$($G rev-parse new:d); rm objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-)"));
    g_autoptr(MpRepo) repo = repo_open(root);
    cr_expect_null(mp_repo_changes(repo, &before, &after, &all, &error));
    cr_expect(error != NULL && error->code == MP_ERROR_INPUT);
}
