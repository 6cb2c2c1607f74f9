/* Which remotes we go to ourselves. */
#include <criterion/criterion.h>

#include "git/git.h"
#include "git/remote_way.h"
#include "scratch.h"

Test(remote_way, plain_addresses_are_ours_and_all_others_are_for_git)
{
    static const struct {
        const char *url;
        MpWayKind kind;
        const char *host, *port, *path;
    } cases[] = {
        {"git://git.example.org/tracker.git", MP_BY_TCP, "git.example.org", NULL, "/tracker.git"},
        {"git://127.0.0.1:9419/a/b+c", MP_BY_TCP, "127.0.0.1", "9419", "/a/b+c"},
        {"ssh://git@example.org:22/t.git", MP_BY_SSH, "git@example.org", "22", "/t.git"},
        {"ssh://example.org/t.git", MP_BY_SSH, "example.org", NULL, "/t.git"},
        {"git@example.org:t.git", MP_BY_SSH, "git@example.org", NULL, "t.git"},
        {"git@example.org:/srv/t.git", MP_BY_SSH, "git@example.org", NULL, "/srv/t.git"},
        {"http://example.org/t.git", MP_BY_HELPER, NULL, NULL, NULL},
        {"https://example.org/t.git", MP_BY_HELPER, NULL, NULL, NULL},
        {"git://example.org/", MP_BY_GIT, NULL, NULL, NULL},
        {"git://example.org", MP_BY_GIT, NULL, NULL, NULL},
        {"git:///t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://[::1]/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://example.org:0/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://example.org:99999/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://example.org:/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://me@example.org/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://example.org/~me/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git://example.org/t%20t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"ssh://-oProxyCommand=x/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"-oProxyCommand=x:t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git@example.org:-t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git@example.org:t'; x'.git", MP_BY_GIT, NULL, NULL, NULL},
        {"git@example.org:", MP_BY_GIT, NULL, NULL, NULL},
        {"/srv/git/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"file:///srv/git/t.git", MP_BY_GIT, NULL, NULL, NULL},
        {"ext::sh -c x", MP_BY_GIT, NULL, NULL, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        MpWay way;

        mp_way_read(&way, cases[i].url);
        cr_expect_eq(way.kind, cases[i].kind, "%s", cases[i].url);
        cr_expect(g_strcmp0(way.host, cases[i].host) == 0, "%s: %s", cases[i].url, way.host);
        cr_expect(g_strcmp0(way.port, cases[i].port) == 0, "%s: %s", cases[i].url, way.port);
        cr_expect(g_strcmp0(way.path, cases[i].path) == 0, "%s: %s", cases[i].url, way.path);
        mp_way_clear(&way);
    }
}

Test(remote_way, what_git_is_configured_to_do_is_left_to_git)
{
    static const struct {
        const char *configuration;
        bool is_plain;
    } cases[] = {
        {"", true},
        {"[user]\n\tname = Me\n[core]\n\teditor = vi\n[remote \"origin\"]\n\turl = x\n", true},
        {"[url \"git@example.org:\"]\n\tinsteadOf = git://example.org/\n", false},
        {"[url \"git@example.org:\"]\n\tpushInsteadOf = git://example.org/\n", false},
        {"[core]\n\tgitProxy = connect for example.org\n", false},
        {"[core]\n\tsshCommand = ssh -i key\n", false},
        {"[ssh]\n\tvariant = plink\n", false},
        {"[protocol \"git\"]\n\tallow = never\n", false},
        {"[push]\n\tpushOption = ci.skip\n", false},
        {"[include]\n\tpath = more\n", false},
        {"[includeIf \"gitdir:/srv/\"]\n\tpath = more\n", false},
        {"[remote \"git://example.org/t.git\"]\n\tproxy = x\n", false},
        {"[extensions]\n\tworktreeConfig = true\n", false},
        {"[protocol]\n\tversion = 2\n[push]\n\tdefault = simple\n", true},
        {"no configuration at all", false},
    };
    g_autoptr(ScratchPath) dir = scratch_make();
    g_autofree char *global = g_build_filename(dir, "gitconfig", NULL),
                    *own = g_build_filename(dir, "config", NULL);

    g_setenv("PATH", "/usr/bin:/bin", TRUE);
    cr_assert(mp_git_start(NULL));
    g_setenv("GIT_CONFIG_SYSTEM", "/dev/null", TRUE);
    g_setenv("GIT_CONFIG_GLOBAL", global, TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *text = cases[i].configuration;

        cr_assert(g_file_set_contents(global, text, -1, NULL) &&
                  g_file_set_contents(own, "", -1, NULL));
        cr_expect_eq(mp_way_is_plain(dir, dir), cases[i].is_plain, "of the user: %s", text);
        cr_assert(g_file_set_contents(global, "", -1, NULL) &&
                  g_file_set_contents(own, text, -1, NULL));
        cr_expect_eq(mp_way_is_plain(dir, dir), cases[i].is_plain, "of the repository: %s", text);
    }
}

Test(remote_way, what_the_user_s_own_files_say_is_known)
{
    g_autoptr(ScratchPath) home = scratch_make(), dir = scratch_make();
    g_autofree char *old = g_build_filename(home, ".gitconfig", NULL),
                    *xdg = g_build_filename(home, ".config/git", NULL),
                    *new = g_build_filename(xdg, "config", NULL);

    g_setenv("PATH", "/usr/bin:/bin", TRUE);
    cr_assert(mp_git_start(NULL));
    g_setenv("GIT_CONFIG_SYSTEM", "/dev/null", TRUE);
    g_unsetenv("GIT_CONFIG_GLOBAL");
    g_unsetenv("XDG_CONFIG_HOME");
    cr_expect_eq(mp_way_is_plain(dir, home), true);
    cr_assert(g_file_set_contents(old, "[core]\n\tsshCommand = x\n", -1, NULL));
    cr_expect_eq(mp_way_is_plain(dir, home), false);
    g_setenv("XDG_CONFIG_HOME", "", TRUE); /* which git takes for none */
    cr_assert(g_file_set_contents(old, "", -1, NULL));
    cr_assert_eq(g_mkdir_with_parents(xdg, 0700), 0);
    cr_assert(g_file_set_contents(new, "[core]\n\tgitProxy = x\n", -1, NULL));
    cr_expect_eq(mp_way_is_plain(dir, home), false);
}
