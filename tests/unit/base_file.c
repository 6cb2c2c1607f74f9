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
