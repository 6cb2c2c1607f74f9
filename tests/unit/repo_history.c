/* Commits of a watched repository, read and gone through as git does. */
#include "repo/history.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "repo_fixture.h"
#include "repo/internal.h"

/* The raw object of a commit without parents; $T is its tree. */
#define HEAD_LINES "tree %s\\nauthor A <a@x> 5 +0000\\ncommitter B <b@x> 6 +0000\\n"

#define TEN    "a23456789 "
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

static MpRepoCommit *
commit_of(const ScratchPath *root, const char *format)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *commands =
        g_strdup_printf("printf '%s' $($G mktree </dev/null) | $G hash-object -t commit -w --stdin "
                        "--literally",
                        format);
    g_autofree char *text = repo_run(root, commands);
    g_autoptr(MpRepo) repo = repo_open(root);
    MpRepoCommit *commit = NULL;
    git_oid id;

    cr_assert_eq(git_oid_fromstrn(&id, text, 40), 0);
    cr_assert(mp_repo_commit(repo, &id, &commit, &error), "%s: %s", format,
              error != NULL ? error->message : "");
    cr_assert_not_null(commit);
    return commit;
}

Test(repo_history, what_a_commit_says_can_be_shown)
{
    static const struct {
        const char *object, *author, *email, *subject, *message;
    } cases[] = {
        {HEAD_LINES "\\nOne\\ntwo\\n\\nbody\\n", "A", "a@x", "One two", "One\ntwo\n\nbody\n"},
        {HEAD_LINES "\\n", "A", "a@x", "", ""},
        {HEAD_LINES "encoding ISO-8859-1\\n\\nGr\\374n\\n", "A", "a@x", "Gr\xc3\xbcn",
         "Gr\xc3\xbcn\n"},
        {HEAD_LINES "encoding KOI8-R\\n\\n\\320\\322\\n", "A", "a@x", "\xd0\xbf\xd1\x80",
         "\xd0\xbf\xd1\x80\n"},
        {HEAD_LINES "encoding ../../evil\\n\\nGr\\374n\\n", "A", "a@x", "Gr\xc3\xbcn",
         "Gr\xc3\xbcn\n"},
        {HEAD_LINES "\\nGr\\374n\\n", "A", "a@x", "Gr\xc3\xbcn", "Gr\xc3\xbcn\n"},
        {HEAD_LINES "\\nx\\033[31my\\342\\200\\256z\\000\\n", "A", "a@x",
         "x\\u{001B}[31my\\u{202E}z\\u{0000}", "x\\u{001B}[31my\\u{202E}z\\u{0000}\n"},
        {HEAD_LINES "\\na\\r\\n\\r\\nb\\r\\n", "A", "a@x", "a", "a\n\nb\n"},
        {HEAD_LINES "gpgsig -----BEGIN\\n author Eve <e@x> 1 +0\\n \\n\\nsigned\\n", "A", "a@x",
         "signed", "signed\n"},
        {"tree %s\\nauthor A\\r\\nB: c <a@x>\\n\\n", "A\\u{000D}", "", "", ""},
        {"tree %s\\nauthor " NINETY "123 ada@example.org <x> 1 +0000\\n\\n", NINETY "123 …", "x",
         "", ""},
        {"tree %s\\nauthor " NINETY NINETY "ada@example.org <x> 1 +0000\\n\\n", NINETY "a23456789…",
         "x", "", ""},
        {"tree %s\\n\\nnobody\\n", "", "", "nobody", "nobody\n"},
        {"tree %s", "", "", "", ""},
        {"tree %s\\nauthor \\344 <\\n> 99999999999999999999 +0000\\n\\n", "\xc3\xa4", "", "", ""},
    };
    g_autoptr(ScratchPath) root = repo_make();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpRepoCommit) commit = commit_of(root, cases[i].object);

        cr_expect_str_eq(commit->author.name, cases[i].author, "%s", cases[i].object);
        cr_expect_str_eq(commit->author.email, cases[i].email, "%s", cases[i].object);
        cr_expect_str_eq(commit->subject, cases[i].subject, "%s", cases[i].object);
        cr_expect_str_eq(commit->message, cases[i].message, "%s", cases[i].object);
    }
}

Test(repo_history, a_long_message_is_cut_and_says_so)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepoCommit) commit = NULL;

    g_free(repo_run(
        root, "head -c 200000 /dev/zero | tr '\\0' 'x' >m; $G update-ref refs/heads/main $($G "
              "commit-tree -F m $($G mktree </dev/null))"));
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid id = repo_id(root, "main");
    cr_assert(mp_repo_commit(repo, &id, &commit, &error));
    cr_expect(commit->is_cut);
    cr_expect_eq(strlen(commit->message), MP_REPO_MESSAGE_MAX + 1);
    cr_expect_eq(g_utf8_strlen(commit->subject, -1), MP_REPO_SUBJECT_MAX);
    cr_expect(g_str_has_suffix(commit->subject, "…"));
}

/* libgit2 waits for the rest for ever. */
Test(repo_history, a_file_that_ends_early_is_damaged, .timeout = 60)
{
    static const char *const spoils[] = {
        "head -c $((s / 2)) $f >x; cat x",
        "head -c $((s - 1)) $f >x; cat x",
        "head -c 2 $f",
        ":",
        "cat $f $f | head -c $((s + s / 2))",
        "printf 'commit 9\\0tree 123' | zlib",
        "printf 'commit 7\\0tree 123' | zlib",
        "printf 'commit x\\0tree 123' | zlib",
        "printf 'comet 8\\0tree 123' | zlib",
        "printf 'commit 8 tree 123' | zlib",
        "printf 'commit' | zlib",
        "head -c 5000 /dev/zero",
    };
    g_autoptr(ScratchPath) root = repo_make();
    g_autofree char *text = repo_run(
        root,
        "head -c 30000 /dev/urandom | base64 >m; $G commit-tree -F m $($G mktree </dev/null)");
    git_oid id;

    cr_assert_eq(git_oid_fromstrn(&id, text, 40), 0);
    g_free(repo_run(root, "cp -r objects ../whole"));
    for (gsize i = 0; i < G_N_ELEMENTS(spoils); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MpRepoCommit) commit = NULL;
        g_autofree char *commands = g_strdup_printf(
            "zlib() { python3 -c 'import sys, zlib; "
            "sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))'; }; id=%s; "
            "p=$(echo $id | cut -c1-2)/$(echo $id | cut -c3-); f=../whole/$p; s=$(stat -c %%s $f); "
            "chmod 644 objects/$p; { %s; } >objects/$p",
            git_oid_tostr_s(&id), spoils[i]);

        g_free(repo_run(root, commands));
        g_autoptr(MpRepo) repo = repo_open(root);
        bool good = mp_repo_commit(repo, &id, &commit, &error);
        cr_expect(good ? i == 4 : g_error_matches(error, MP_ERROR, MP_ERROR_INPUT), "%s: %s",
                  spoils[i], good ? "read" : error->message);
    }
}

/* Ten thousand commits of thirty megabytes each are not read for what they close. */
Test(repo_history, what_is_large_is_left_out_when_it_is_late)
{
    static const struct {
        const char *message;
        bool is_read_late;
    } cases[] = {{"echo small", true}, {"head -c 200000 /dev/zero | tr '\\0' 'x'", false}};
    g_autoptr(ScratchPath) root = repo_make();

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MpRepoCommit) commit = NULL;
        bool is_late = i % 2 == 1, is_read = !is_late || cases[i / 2].is_read_late;
        g_autofree char *commands =
            g_strdup_printf("%s >m; $G update-ref refs/heads/main $($G commit-tree -F m $($G "
                            "mktree </dev/null))",
                            cases[i / 2].message);

        g_free(repo_run(root, commands));
        git_oid id = repo_id(root, "main");
        g_autoptr(MpRepo) repo = repo_open(root);
        repo->opened -= is_late ? G_TIME_SPAN_HOUR : 0;
        cr_assert(mp_repo_commit(repo, &id, &commit, &error));
        cr_expect_eq(*commit->message != '\0', is_read, "%s", cases[i / 2].message);
        cr_expect_eq(commit->is_partial, !is_read);
    }
}

Test(repo_history, a_tag_that_is_too_large_leads_nowhere)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepoTag) tag = NULL;
    git_oid id, commit;
    bool found;

    g_free(repo_run(root, "mkdir objects/12; python3 -c 'import sys, zlib; sys.stdout.buffer.write("
                          "zlib.compress(b\"tag 4294967296\\0object\"))' "
                          ">objects/12/34567890123456789012345678901234567890"));
    git_oid_fromstr(&id, "1234567890123456789012345678901234567890");
    g_autoptr(MpRepo) repo = repo_open(root);
    cr_assert(mp_repo_tag(repo, &id, &tag, &error));
    cr_expect(tag != NULL && tag->is_cut);
    cr_assert(mp_repo_peel(repo, &id, &commit, &found, &error));
    cr_expect_not(found);
}

Test(repo_history, a_tag_has_its_message_and_means_its_commit)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepoTag) tag = NULL;
    git_oid commit;
    bool found;

    g_free(repo_run(root,
                    "$G update-ref refs/heads/main $($G commit-tree -m x $($G mktree </dev/null)); "
                    "$G tag -a -m 'First one' v1 main; $G tag -a -m again v2 v1; "
                    "$G tag blob $(echo x | $G hash-object -w --stdin)"));
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid main = repo_id(root, "main");
    cr_assert(mp_repo_tag(repo, &mp_repo_ref(repo, "refs/tags/v1")->id, &tag, &error));
    cr_expect_str_eq(tag->message, "First one\n");
    cr_expect_str_eq(tag->tagger.name, "Ann");
    cr_assert(mp_repo_peel(repo, &mp_repo_ref(repo, "refs/tags/v2")->id, &commit, &found, &error));
    cr_expect(found && git_oid_equal(&commit, &main));
    cr_assert(
        mp_repo_peel(repo, &mp_repo_ref(repo, "refs/tags/blob")->id, &commit, &found, &error));
    cr_expect_not(found);
    g_clear_pointer(&tag, mp_repo_tag_free);
    cr_assert(mp_repo_tag(repo, &main, &tag, &error));
    cr_expect_null(tag, "a commit is no tag");
    static const char *const names[] = {"main", "v1", "refs/heads/main"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        cr_assert(mp_repo_find_commit(repo, names[i], &commit, &found, &error));
        cr_expect(found && git_oid_equal(&commit, &main), "%s", names[i]);
    }
    g_autofree char *prefix = mp_repo_short_id(&main);
    cr_assert(mp_repo_find_commit(repo, prefix, &commit, &found, &error));
    cr_expect(found && git_oid_equal(&commit, &main));
    cr_assert(mp_repo_find_commit(repo, "nowhere", &commit, &found, &error));
    cr_expect_not(found);
}

/* --- Ranges --------------------------------------------------------------------------------- */

#define COMMITS 60

static git_oid ids[COMMITS];

/* A history with merges, and clocks that go wrong. */
static void
make_history(const ScratchPath *root, GRand *random)
{
    g_autoptr(GString) script = g_string_new("T=$($G mktree </dev/null); ");

    for (gint i = 0; i < COMMITS; i++) {
        g_string_append_printf(
            script, "GIT_COMMITTER_DATE='%d +0000'; c%d=$($G commit-tree -m %d $T",
            1700000000 + (g_rand_int_range(random, 0, 5) == 0 ? g_rand_int_range(random, -500, 500)
                                                              : i * 10),
            i, i);
        gint n = i == 0                                 ? 0
                 : g_rand_int_range(random, 0, 20) == 0 ? 0
                                                        : 1 + (g_rand_int_range(random, 0, 4) == 0);
        for (gint k = 0; k < n; k++)
            g_string_append_printf(script, " -p $c%d", g_rand_int_range(random, MAX(0, i - 8), i));
        g_string_append_printf(script, "); echo $c%d; $G update-ref refs/tags/c%d $c%d; ", i, i, i);
    }
    g_autofree char *text = repo_run(root, script->str);
    for (gint i = 0; i < COMMITS; i++)
        cr_assert_eq(git_oid_fromstrn(&ids[i], text + 41 * i, 40), 0);
}

static gint
by_id(gconstpointer a, gconstpointer b)
{
    return git_oid_cmp(a, b);
}

static char *
as_lines(GArray *commits)
{
    GString *text = g_string_new(NULL);

    g_array_sort(commits, by_id);
    for (guint i = 0; i < commits->len; i++)
        g_string_append_printf(text, "%s\n", git_oid_tostr_s(&g_array_index(commits, git_oid, i)));
    return g_string_free(text, FALSE);
}

Test(repo_history, ranges_are_right_whatever_the_clocks_say)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GRand) random = g_rand_new_with_seed(18);
    g_autoptr(GError) error = NULL;

    make_history(root, random);
    g_autoptr(MpRepo) repo = repo_open(root);
    for (guint i = 0; i < 60; i++) {
        git_oid from = ids[g_rand_int_range(random, 0, COMMITS)];
        git_oid but = ids[g_rand_int_range(random, 0, COMMITS)];
        g_auto(MpRepoRange) range = {0};
        char old[41];

        git_oid_tostr(old, sizeof(old), &but);
        g_autofree char *command = g_strdup_printf("$G rev-list %s | LC_ALL=C sort >a; $G rev-list "
                                                   "%s | LC_ALL=C sort >b; LC_ALL=C comm -23 a b",
                                                   git_oid_tostr_s(&from), old);
        g_autofree char *expected = repo_run(root, command);
        cr_assert(mp_repo_range_of_two(repo, &from, &but, MP_REPO_WALK_MAX, &range, &error));
        g_autofree char *found = as_lines(range.commits);
        cr_expect_str_eq(found, expected, "%s", command);
        cr_expect_not(range.is_unsure);
    }
}

static void
linear(const ScratchPath *root, guint n)
{
    g_autofree char *script = g_strdup_printf(
        "T=$($G mktree </dev/null); P=; for i in $(seq %u); do "
        "P=$(GIT_COMMITTER_DATE=\"$((1700000000 + i)) "
        "+0000\" $G commit-tree -m $i ${P:+-p $P} $T); $G update-ref refs/tags/c$i $P; done",
        n);

    g_free(repo_run(root, script));
}

Test(repo_history, the_newest_is_first_and_the_walk_is_bounded)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_auto(MpRepoRange) range = {0};
    g_auto(MpRepoRange) few = {0};
    git_oid base;
    bool found;

    linear(root, 20);
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid first = repo_id(root, "c1"), third = repo_id(root, "c3"), last = repo_id(root, "c20");
    cr_assert(mp_repo_range_of_two(repo, &last, &third, MP_REPO_WALK_MAX, &range, &error));
    cr_expect_eq(range.commits->len, 17);
    cr_expect(git_oid_equal(&g_array_index(range.commits, git_oid, 0), &last));
    cr_assert(mp_repo_range_of_two(repo, &last, &third, 5, &few, &error));
    cr_expect(few.is_unsure);
    cr_expect_leq(few.commits->len, 6);
    cr_assert(mp_repo_merge_base(repo, &last, &third, 100, &base, &found, &error));
    cr_expect(found && git_oid_equal(&base, &third));
    cr_assert(mp_repo_merge_base(repo, &first, &third, 100, &base, &found, &error));
    cr_expect(found && git_oid_equal(&base, &first));
}

/* Programs make many commits in one second. */
Test(repo_history, a_merge_base_of_one_second_is_none_that_another_reaches)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    git_oid base;
    bool found;

    g_free(repo_run(root, "export GIT_COMMITTER_DATE='1700000000 +0000'; "
                          "T=$($G mktree </dev/null); P=$($G commit-tree -m p $T); "
                          "for i in $(seq 20); do H=$($G commit-tree -m h$i -p $P $T); "
                          "M=$($G commit-tree -m m$i -p $P -p $H $T); "
                          "$G update-ref refs/tags/h$i $H; $G update-ref refs/tags/m$i $M; done"));
    g_autoptr(MpRepo) repo = repo_open(root);
    for (guint i = 1; i <= 20; i++) {
        g_autofree char *inner = g_strdup_printf("h%u", i), *outer = g_strdup_printf("m%u", i);
        git_oid head = repo_id(root, inner), merge = repo_id(root, outer);

        cr_assert(mp_repo_merge_base(repo, &merge, &head, 100, &base, &found, &error));
        cr_expect(found && git_oid_equal(&base, &head), "%u", i);
        cr_assert(mp_repo_merge_base(repo, &head, &merge, 100, &base, &found, &error));
        cr_expect(found && git_oid_equal(&base, &head), "%u", i);
    }
}

/* A branch that was rewound long ago, and pruned; a history without its beginning. */
Test(repo_history, what_is_gone_ends_a_walk)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_auto(MpRepoRange) range = {0};
    g_auto(MpRepoRange) without = {0};
    git_oid nowhere;

    linear(root, 5);
    git_oid last = repo_id(root, "c5");
    g_free(repo_run(
        root, "id=$($G rev-parse c2); rm objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-)"));
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid_fromstr(&nowhere, "1234567890123456789012345678901234567890");
    cr_assert(mp_repo_range_of_two(repo, &last, &nowhere, MP_REPO_WALK_MAX, &range, &error));
    cr_expect_eq(range.commits->len, 3);
    cr_assert(mp_repo_range_of_two(repo, &nowhere, &last, MP_REPO_WALK_MAX, &without, &error));
    cr_expect_eq(without.commits->len, 0);
}
