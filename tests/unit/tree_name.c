/* What a file of the tracker may be called: by Git's rules, for every system. */
#include <criterion/criterion.h>
#include <string.h>

#include "tracker/tracker.h"
#include "git/tree_name.h"

static const struct {
    const char *name;
    bool may_be;
} names[] = {
    {"comment.md", true},
    {"1.png", true},
    {"git", true},
    {"a.git", true},
    {"git~", true},
    {"git~2", true},
    {"agit~1", true},
    {".github", true},
    {".gitignore", true},
    {".gitattributes", true},
    {".mailmap", true},
    {"gi7eb~1", true},
    {"console", true},
    {"com", true},
    {"comet", true},
    {"com10", true},
    {"null.txt", true},
    {"\xe6\xbc\xa2\xe5\xad\x97.png", true},
    {"", false},
    {".", false},
    {"..", false},
    {"...", false},
    {"a/b", false},
    {"a\\b", false},
    {"a:b", false},
    {"file.txt::$DATA", false},
    {"a\x01", false},
    {"a\x7f", false},
    {"a\n", false},
    {"a.", false},
    {"a ", false},
    {"\xff", false},
    {".git", false},
    {".GIT", false},
    {".git ", false},
    {".git.", false},
    {"git~1", false},
    {"GIT~1", false},
    {".g\xe2\x80\x8cit", false},
    {"\xe2\x80\x8d.git", false},
    {".git\xef\xbb\xbf", false},
    {"g\xe2\x80\x8cit~1", false},
    {".gitmodules", false},
    {".GitModules", false},
    {".gitmod\xe2\x80\x8eules", false},
    {"gitmod~1", false},
    {"GITMOD~4", false},
    {"gi7eba~1", false},
    {"gi7eb~12", false},
    {"GI7D29~9", false},
    {".gitIgnore", false},
    {".gitattribute\xe2\x80\xaas", false},
    {"gitatt~2", false},
    {"maba30~1", false},
    {"con", false},
    {"CON", false},
    {"con.txt", false},
    {"aux .c", false},
    {"nul", false},
    {"prn", false},
    {"COM1", false},
    {"com\xc2\xb9", false},
    {"lpt9.log", false},
    {"conin$", false},
    {"CONOUT$", false},
};

Test(tree_name, follows_the_rules_of_git_for_every_system)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *fault = mp_tree_name_fault(names[i].name, strlen(names[i].name));

        cr_expect_eq(fault == NULL, names[i].may_be, "\"%s\": %s", names[i].name,
                     fault != NULL ? fault : "may be");
    }
    g_autofree char *longest = g_strnfill(MP_TREE_NAME_MAX, 'x');
    g_autofree char *longer = g_strnfill(MP_TREE_NAME_MAX + 1, 'x');
    cr_expect_null(mp_tree_name_fault(longest, strlen(longest)));
    cr_expect_not_null(mp_tree_name_fault(longer, strlen(longer)));
    cr_expect_not_null(mp_tree_name_fault("a\0b", 3));
}

/* What HFS+ ignores may stand anywhere in a name, and several times. */
Test(tree_name, sees_through_every_ignored_character_at_every_place)
{
    static const gunichar ignored[] = {0x200c, 0x200d, 0x200e, 0x200f, 0x202a, 0x202b,
                                       0x202c, 0x202d, 0x202e, 0x206a, 0x206b, 0x206c,
                                       0x206d, 0x206e, 0x206f, 0xfeff};
    static const char *const own[] = {".git", ".GIT", ".gitmodules", "git~1"};

    for (gsize i = 0; i < G_N_ELEMENTS(ignored); i++) {
        for (gsize k = 0; k < G_N_ELEMENTS(own); k++) {
            for (gsize at = 0; at <= strlen(own[k]); at++) {
                g_autoptr(GString) name = g_string_new(own[k]);

                g_string_insert_unichar(name, (gssize)at, ignored[i]);
                cr_expect_not_null(mp_tree_name_fault(name->str, name->len),
                                   "%s with U+%04X at %zu", own[k], ignored[i], at);
            }
        }
    }
}

Test(tree_name, names_of_repositories_are_paths_everywhere)
{
    static const char *const good[] = {"acme/rocket", "a.b/c_d-e", "acme/console", "acme/a.git.io",
                                       "acme/locker"};
    static const char *const bad[] = {
        "con/aux",     "acme/nul.c", "acme/rocket.",  "acme./rocket", "acme/x.lock",
        "acme/x.LOCK", "acme/x.git", "acme.git/x",    "acme/.git",    "acme/com1",
        "LPT3/x",      "acme/-x",    "acme/\xc3\xa9", "acme/rocket/x"};

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        cr_expect(mp_is_repository_name(good[i]), "%s", good[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        cr_expect(!mp_is_repository_name(bad[i]), "%s", bad[i]);
}

static const struct {
    const char *name, *type, *file;
} attachments[] = {
    {"shot.png", "image/png", "7.png"},
    {"SHOT.PNG", "image/png", "7.png"},
    {"shot", "image/jpeg", "7.jpg"},
    {NULL, "image/png", "7.png"},
    {"a.tar.gz", "application/gzip", "7.gz"},
    {"page.html", "text/html", "7.txt"},
    {"x.exe", "application/octet-stream", "7"},
    {"git~1", "application/octet-stream", "7"},
    {".git", "image/png", "7.png"},
    {"a.png/../../x", "application/octet-stream", "7"},
    {"", "nonsense", "7"},
};

Test(tree_name, files_of_attachments_have_names_of_ours)
{
    static const char *const others[] = {"",      "png",    "0.png",     "01.png",  "1.", "1.exe",
                                         "1.PNG", "1.png ", "12345.png", "1.png.x", "-1", "1/2"};

    for (gsize i = 0; i < G_N_ELEMENTS(attachments); i++) {
        g_autofree char *file = mp_attachment_file(7, attachments[i].name, attachments[i].type);

        cr_expect_str_eq(file, attachments[i].file);
        cr_expect(mp_is_attachment_file(file), "%s", file);
        cr_expect_null(mp_tree_name_fault(file, strlen(file)));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        cr_expect(!mp_is_attachment_file(others[i]), "%s", others[i]);
}
