/* Names in a directory, or the error that hides them. */
#include "base/directory.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "scratch.h"

static bool
is_regular(const struct dirent *entry, gpointer user_data)
{
    guint *asked = user_data;

    (*asked)++;
    return entry->d_type == DT_REG;
}

Test(directory, its_names_are_listed_without_those_that_begin_with_a_dot)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *none = scratch_run(scratch, "mkdir d d/below; : >d/a; : >d/.hidden");
    g_autofree char *path = scratch_path(scratch, "d");
    g_autoptr(GPtrArray) all = mp_list_directory(path, NULL, NULL, NULL);
    guint asked = 0;
    g_autoptr(GPtrArray) files = mp_list_directory(path, is_regular, &asked, NULL);

    cr_assert(all != NULL && files != NULL);
    cr_expect_eq(all->len, 2);
    cr_expect(g_ptr_array_find_with_equal_func(all, "a", g_str_equal, NULL));
    cr_expect(g_ptr_array_find_with_equal_func(all, "below", g_str_equal, NULL));
    cr_expect_eq(asked, 3, "a filter sees all but . and ..");
    cr_expect_eq(files->len, 2);
}

/* One that is not there is empty for those who ask so; all else is no empty directory. */
Test(directory, one_that_cannot_be_listed_is_an_error)
{
    static const struct {
        const char *name;
        bool may_be_missing;
    } cases[] = {{"missing", true}, {"file", false}, {"loop", false}, {"file/below", false}};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *none = scratch_run(scratch, "ln -s loop loop; : >file");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = scratch_path(scratch, cases[i].name);
        g_autoptr(GError) error = NULL, other = NULL;
        g_autoptr(GPtrArray) list = mp_list_directory(path, NULL, NULL, &error);
        g_autoptr(GPtrArray) if_any = mp_list_directory_if_any(path, &other);

        cr_expect(list == NULL && g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION) &&
                      strstr(error->message, path) != NULL,
                  "%s", cases[i].name);
        cr_expect_eq(if_any != NULL && if_any->len == 0, cases[i].may_be_missing, "%s",
                     cases[i].name);
        cr_expect_eq(other == NULL, cases[i].may_be_missing, "%s", cases[i].name);
    }
}
