/* A repository for tests; see repo_fixture.h. */
#include "repo_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#define PERSON "Ann"
#define SETUP                                                                                      \
    "set -e; umask 022; cd acme/rocket.git; export GIT_CONFIG_GLOBAL=/dev/null "                   \
    "GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8 TZ=UTC GIT_AUTHOR_NAME=" PERSON                          \
    " GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=" PERSON                                 \
    " GIT_COMMITTER_EMAIL=ann@example.org GIT_AUTHOR_DATE='1700000000 +0000'; "                    \
    "export GIT_COMMITTER_DATE=\"${AT:-1700000000} +0000\"; G='git --git-dir=.'; "

char *
repo_run(const ScratchPath *root, const char *commands)
{
    g_autofree char *whole = g_strconcat(SETUP, commands, NULL);

    return scratch_run(root, whole);
}

ScratchPath *
repo_make(void)
{
    ScratchPath *root = scratch_make();

    g_free(scratch_run(root, "mkdir acme && git init -q --bare -b main acme/rocket.git"));
    return root;
}

MpRepo *
repo_open(const ScratchPath *root)
{
    g_autoptr(GError) error = NULL;
    MpRepoState state;
    MpRepo *repo = mp_repo_open(root, "acme/rocket", &state, &error);

    cr_assert(error == NULL, "%s", error != NULL ? error->message : "");
    cr_assert(repo != NULL, "%s", mp_repo_state_name(state));
    return repo;
}

git_oid
repo_id(const ScratchPath *root, const char *revision)
{
    g_autofree char *command = g_strdup_printf("$G rev-parse '%s'", revision);
    g_autofree char *text = repo_run(root, command);
    git_oid id;

    cr_assert_eq(git_oid_fromstrn(&id, text, 40), 0, "%s: %s", revision, text);
    return id;
}
