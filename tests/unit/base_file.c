/* Directories that are made, or that cannot be. */
#include "base/file.h"

#include <criterion/criterion.h>

#include "base/error.h"
#include "scratch.h"

Test(file, directories_are_made_with_those_above_them)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "a/b/c");
    bool made = false;

    cr_expect(mp_make_directories(path, 0700, &made, NULL) && made);
    cr_expect(mp_make_directories(path, 0700, &made, NULL) && !made);
    cr_expect(g_file_test(path, G_FILE_TEST_IS_DIR));
}

/* A path that cannot be looked at is neither absent nor made, however often one asks above it. */
Test(file, what_cannot_be_looked_at_is_an_error)
{
    static const struct {
        const char *path, *says;
    } cases[] = {
        {"loop", "cannot look at"},
        {"loop/below", "cannot look at"},
        {"file", "not a directory"},
        {"file/below/it", "not a directory"},
    };
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *none = scratch_run(scratch, "ln -s loop loop; : >file");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = scratch_path(scratch, cases[i].path);
        g_autoptr(GError) error = NULL;

        cr_expect_not(mp_make_directories(path, 0700, NULL, &error), "%s", cases[i].path);
        cr_expect(error != NULL && strstr(error->message, cases[i].says) != NULL, "%s: %s",
                  cases[i].path, error != NULL ? error->message : "no error");
    }
}

#define N_NAMES 5000

static gpointer
count_wrong_names(gpointer uid)
{
    g_autofree char *name = mp_user_name(GPOINTER_TO_UINT(uid));
    guint n = 0;

    for (guint i = 0; i < N_NAMES; i++) {
        g_autofree char *again = mp_user_name(GPOINTER_TO_UINT(uid));

        n += strcmp(name, again) != 0;
    }
    return GUINT_TO_POINTER(n);
}

/* Each connection of the notifier reads its secret in a thread of its own. */
Test(file, a_user_s_name_is_the_same_whoever_else_asks, .timeout = 60)
{
    GThread *other = g_thread_new("names", count_wrong_names, GUINT_TO_POINTER(1));

    cr_expect_eq(count_wrong_names(GUINT_TO_POINTER(0)), NULL);
    cr_expect_eq(g_thread_join(other), NULL);
}
