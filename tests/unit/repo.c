/* Watched repositories: found, opened, and their refs read; what is none is told apart. */
#include "repo/repo.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "repo_fixture.h"

#define COMMIT "c() { $G commit-tree $($G mktree </dev/null) -m \"$1\"; }; "

static char *
refs_of(const MpRepo *repo)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < mp_repo_refs(repo)->len; i++) {
        const MpRepoRef *ref = g_ptr_array_index(mp_repo_refs(repo), i);

        g_string_append_printf(text, "%s%s ", mp_repo_short_name(ref->name),
                               ref->is_broken ? "!" : "");
    }
    return g_string_free(text, FALSE);
}

static void
expect_refs(const ScratchPath *root, const char *commands, const char *expected)
{
    g_free(repo_run(root, commands));
    g_autoptr(MpRepo) repo = repo_open(root);
    g_autofree char *refs = refs_of(repo);

    cr_expect_str_eq(refs, expected, "%s", commands);
}

Test(repo, branches_and_tags_are_read_loose_and_packed)
{
    g_autoptr(ScratchPath) root = repo_make();

    expect_refs(root, "", "");
    expect_refs(root,
                COMMIT "for r in heads/main heads/a/b tags/v1 notes/x; do $G update-ref refs/$r "
                       "$(c $r); done",
                "a/b main v1 ");
    expect_refs(root, "$G pack-refs --all; ! test -e refs/heads/main", "a/b main v1 ");
    expect_refs(root, COMMIT "$G update-ref refs/heads/main $(c new)", "a/b main v1 ");
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid id = repo_id(root, "main");
    cr_expect(git_oid_equal(&mp_repo_ref(repo, "refs/heads/main")->id, &id),
              "the loose one counts");
    cr_expect_null(mp_repo_ref(repo, "refs/heads/mai"));
    cr_expect_str_eq(mp_repo_default_branch(repo), "refs/heads/main");
    expect_refs(root, "$G symbolic-ref refs/heads/alias refs/heads/main", "a/b main v1 ");
    expect_refs(root, "$G update-ref -d refs/heads/a/b", "main v1 ");
}

/* Neither where it is, nor that it is gone. */
Test(repo, a_ref_that_makes_no_sense_is_broken_and_the_others_are_read)
{
    g_autoptr(ScratchPath) root = repo_make();

    expect_refs(root, COMMIT "$G update-ref refs/heads/main $(c x); : >refs/heads/empty",
                "empty! main ");
    expect_refs(root, "echo rubbish >refs/heads/empty", "empty! main ");
    expect_refs(root, "ln -sf /etc/passwd refs/heads/empty", "empty! main ");
    expect_refs(root, "rm refs/heads/empty; mkfifo refs/heads/fifo", "fifo! main ");
    expect_refs(root, "rm refs/heads/fifo; : >refs/heads/main.lock; echo x >'refs/heads/a..b'",
                "main ");
    expect_refs(root, COMMIT "printf '%s refs/heads/h\\303\\266\\n' $(c y) >>packed-refs",
                "h\xc3\xb6 main ");
    expect_refs(root, COMMIT "printf '%s refs/heads/h\\366\\n' $(c y) >packed-refs",
                "h\\xF6 main ");
}

Test(repo, what_is_no_readable_repository_is_told_apart)
{
    static const struct {
        const char *commands;
        MpRepoState state;
    } cases[] = {
        {":", MP_REPO_READABLE},
        {"rm -r ../rocket.git", MP_REPO_MISSING},
        {"cd ../..; mv acme/rocket.git x; ln -s ../x acme/rocket.git", MP_REPO_READABLE},
        {"cd ../..; mv acme/rocket.git x; ln -s ../x acme/y; ln -s y acme/rocket.git",
         MP_REPO_DAMAGED},
        {"rm HEAD", MP_REPO_DAMAGED},
        {"rm -r objects", MP_REPO_DAMAGED},
        {"rm -r refs", MP_REPO_DAMAGED},
        {"rm -r ../rocket.git; : >../rocket.git", MP_REPO_DAMAGED},
        {"echo nonsense >packed-refs", MP_REPO_DAMAGED},
        {"mkdir packed-refs", MP_REPO_DAMAGED},
        {"mv refs/heads ../h; ln -s ../../h refs/heads", MP_REPO_DAMAGED},
        {"mv refs/tags ../t; ln -s ../../t refs/tags", MP_REPO_DAMAGED},
        {"mv HEAD ../H; ln -s ../H HEAD", MP_REPO_DAMAGED},
        {"mkdir x; : >x/packed-refs; ln -s x/packed-refs packed-refs", MP_REPO_DAMAGED},
        {"mv ../rocket.git ../other.git; echo 'gitdir: other.git' >../rocket.git", MP_REPO_DAMAGED},
        {"mv refs ../r; mv objects ../o; echo .. >commondir", MP_REPO_DAMAGED},
        {"mkfifo packed-refs", MP_REPO_DAMAGED},
        {"mkdir reftable; echo 'ref: refs/heads/.invalid' >HEAD", MP_REPO_REFTABLE},
        {"printf '%064d\\n' 1 >refs/heads/main", MP_REPO_SHA256},
        {"printf '%064d refs/tags/v1\\n' 1 >packed-refs", MP_REPO_SHA256},
        {"seq -f '%040.0f refs/tags/x' 1 20001 | sed 's,^\\(.*\\),\\1\\1,; s,\\(.*\\) "
         "refs/tags/x0*\\([0-9]*\\) "
         ".*,\\1 refs/tags/\\2,' >packed-refs",
         MP_REPO_LARGE},
        {"cd refs/tags; seq -f 'x%.0f.lock' 100001 | xargs touch", MP_REPO_LARGE},
        {"head -c 17000000 /dev/zero | tr '\\0' '#' >packed-refs", MP_REPO_LARGE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) root = repo_make();
        g_autoptr(GError) error = NULL;
        MpRepoState state = MP_REPO_READABLE;

        g_free(repo_run(root, cases[i].commands));
        g_autoptr(MpRepo) repo = mp_repo_open(root, "acme/rocket", &state, &error);
        cr_expect(error == NULL, "%s", cases[i].commands);
        cr_expect_str_eq(mp_repo_state_name(state), mp_repo_state_name(cases[i].state), "%s",
                         cases[i].commands);
        cr_expect_eq(repo != NULL, state == MP_REPO_READABLE);
    }
}

Test(repo, git_makes_what_is_told_to_be_sha256)
{
    g_autoptr(ScratchPath) root = scratch_make();
    g_autoptr(GError) error = NULL;
    MpRepoState state;

    g_free(scratch_run(root,
                       "mkdir acme && git init -q --bare --object-format=sha256 acme/rocket.git"));
    g_free(repo_run(root, COMMIT "$G update-ref refs/heads/main $(c x)"));
    cr_expect_null(mp_repo_open(root, "acme/rocket", &state, &error));
    cr_expect_eq(state, MP_REPO_SHA256);
    g_free(repo_run(root, "$G pack-refs --all"));
    cr_expect_null(mp_repo_open(root, "acme/rocket", &state, &error));
    cr_expect_eq(state, MP_REPO_SHA256);
}

Test(repo, a_name_leads_nowhere_else)
{
    static const char *const names[] = {"acme",
                                        "acme/",
                                        "/acme/rocket",
                                        "../acme/rocket",
                                        "acme/../acme/rocket",
                                        "acme/x/rocket",
                                        "./acme/rocket",
                                        "acme/.rocket",
                                        ""};
    g_autoptr(ScratchPath) root = repo_make();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        MpRepoState state = MP_REPO_READABLE;

        cr_expect_null(mp_repo_open(root, names[i], &state, &error), "%s", names[i]);
        cr_expect(error == NULL && state == MP_REPO_MISSING, "%s", names[i]);
    }
}

static MpRepoState
state_of(const ScratchPath *root)
{
    g_autoptr(GError) error = NULL;
    MpRepoState state = MP_REPO_READABLE;
    g_autoptr(MpRepo) repo = mp_repo_open(root, "acme/rocket", &state, &error);

    cr_expect(error == NULL);
    return state;
}

#define OTHER "65534"

/* Who may write to one repository shows no other by it. Links of others can be made by root only.
 */
Test(repo, links_that_others_made_are_not_followed)
{
    static const char *const cases[] = {
        "cd ../..; mv acme/rocket.git x; ln -s ../x acme/rocket.git; chown -h " OTHER
        " acme/rocket.git",
        "cd ../..; mv acme x; ln -s x acme; chown -h " OTHER " acme",
        "mv objects ../o; ln -s ../o objects; chown -h " OTHER " objects",
        "mv objects/pack ../p; ln -s ../../p objects/pack",
        "mkdir ../aa; ln -s ../../aa objects/aa",
        "mv refs ../r; ln -s ../r refs; chown -h " OTHER " refs",
        ": >../x; ln -s ../../../x objects/pack/multi-pack-index",
        "ln -s /etc/passwd objects/pack/pack-1.pack",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) root = repo_make();

        if (strstr(cases[i], "chown") != NULL && geteuid() != 0)
            continue;
        g_free(repo_run(root, cases[i]));
        cr_expect_str_eq(mp_repo_state_name(state_of(root)), "away", "%s", cases[i]);
    }
}

Test(repo, objects_are_borrowed_below_the_root_from_the_same_owner_only)
{
    static const struct {
        const char *alternates;
        const char *state;
    } cases[] = {
        {"../../pool.git/objects", "readable"},
        {"$(cd ..; pwd)/pool.git/objects", "readable"},
        {"# nothing", "readable"},
        {"../../../../outside/objects", "away"},
        {"../../gone.git/objects", "missing"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) outer = scratch_make();
        g_autofree char *root = scratch_path(outer, "root");
        g_autofree char *commands =
            g_strdup_printf("echo \"%s\" >objects/info/alternates", cases[i].alternates);

        g_free(scratch_run(outer, "mkdir -p root/acme outside/objects && for r in rocket pool; do "
                                  "git init -q --bare root/acme/$r.git; done"));
        g_free(repo_run(root, commands));
        cr_expect_str_eq(mp_repo_state_name(state_of(root)), cases[i].state, "%s",
                         cases[i].alternates);
        if (i == 0 && geteuid() == 0) {
            g_free(repo_run(root, "chown -R " OTHER " ../pool.git"));
            cr_expect_eq(state_of(root), MP_REPO_AWAY, "another's");
        }
    }
}

/* What git itself would believe. */
Test(repo, neither_replacements_nor_grafts_nor_configuration_change_what_is_there)
{
    static const char *const plants[] = {
        "$G replace tip fake",
        "mkdir -p info; echo \"$($G rev-parse tip) $($G rev-parse fake)\" >info/grafts",
        "$G rev-parse tip >shallow",
        "git init -q --bare -b evil ../other.git; echo ../other.git >commondir",
        "git init -q -b evil ../tree; cp -r ../tree/.git .git",
        "echo \"gitdir: $(pwd)/../other.git\" >.git",
        "mkdir -p worktrees/x/refs/heads; echo ../.. >worktrees/x/commondir; $G rev-parse fake "
        ">worktrees/x/HEAD",
        "printf '[core]\\n bare = false\\n worktree = /\\n repositoryformatversion = 99\\n"
        "[extensions]\\n objectformat = sha256\\n refstorage = reftable\\n[include]\\n path = "
        "/dev/zero\\n' >config",
        "rm config; mkfifo config",
        "rm -rf description info hooks; mkfifo info",
        "mkdir -p objects/info; head -c 4096 /dev/urandom >objects/info/commit-graph",
        "head -c 4096 /dev/urandom >objects/pack/multi-pack-index",
        "head -c 4096 /dev/urandom >objects/pack/pack-1.idx; cp objects/pack/pack-1.idx "
        "objects/pack/pack-1.pack",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(plants); i++) {
        g_autoptr(ScratchPath) root = repo_make();
        g_autoptr(GError) error = NULL;
        g_autoptr(MpRepoCommit) commit = NULL;
        g_auto(MpRepoRange) range = {0};

        g_free(repo_run(root,
                        COMMIT "$G tag base $(c base); T=$($G mktree </dev/null); $G update-ref "
                               "refs/heads/main $($G commit-tree -p base -m real $T); $G tag tip "
                               "main; $G tag fake $(c fake)"));
        git_oid tip = repo_id(root, "tip"), base = repo_id(root, "base"),
                fake = repo_id(root, "fake");
        g_free(repo_run(root, plants[i]));
        g_autoptr(MpRepo) repo = repo_open(root);
        g_autofree char *refs = refs_of(repo);
        cr_expect_str_eq(refs, "main base fake tip ", "%s", plants[i]);
        cr_expect_str_eq(mp_repo_default_branch(repo), "refs/heads/main", "%s", plants[i]);
        cr_assert(mp_repo_commit(repo, &tip, &commit, &error), "%s", plants[i]);
        cr_expect_str_eq(commit->subject, "real", "%s", plants[i]);
        cr_assert_eq(commit->parents->len, 1, "%s", plants[i]);
        cr_expect(git_oid_equal(&g_array_index(commit->parents, git_oid, 0), &base));
        cr_assert(mp_repo_range_of_two(repo, &tip, &fake, 100, &range, &error));
        cr_expect_eq(range.commits->len, 2, "%s", plants[i]);
    }
}

Test(repo, what_is_borrowed_is_read)
{
    g_autoptr(ScratchPath) root = repo_make();
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepoCommit) commit = NULL;

    g_free(repo_run(
        root, "git init -q --bare ../pool.git; id=$(cd ../pool.git; git --git-dir=. commit-tree -m "
              "borrowed $(git --git-dir=. mktree </dev/null)); echo ../../pool.git/objects "
              ">objects/info/alternates; $G update-ref refs/heads/main $id"));
    g_autoptr(MpRepo) repo = repo_open(root);
    git_oid id = mp_repo_ref(repo, "refs/heads/main")->id;
    cr_assert(mp_repo_commit(repo, &id, &commit, &error));
    cr_assert_not_null(commit);
    cr_expect_str_eq(commit->subject, "borrowed");
}

Test(repo, one_that_is_closed_to_us_says_so)
{
    g_autoptr(ScratchPath) root = repo_make();

    if (geteuid() == 0) /* to whom nothing is closed */
        return;
    g_free(repo_run(root, "chmod 0 ."));
    cr_expect_eq(state_of(root), MP_REPO_CLOSED);
    g_free(scratch_run(root, "chmod 755 acme/rocket.git; chmod 0 acme/rocket.git/objects"));
    cr_expect_eq(state_of(root), MP_REPO_CLOSED);
    g_free(scratch_run(root, "chmod 755 acme/rocket.git/objects"));
}
