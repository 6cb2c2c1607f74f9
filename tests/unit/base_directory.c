/* Names in a directory, or the error that hides them. */
#include "base/directory.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "scratch.h"

static bool
is_not_a(const struct dirent *entry, gpointer user_data)
{
    guint *asked = user_data;

    (*asked)++;
    return strcmp(entry->d_name, "a") != 0;
}

static bool
is_third(const struct dirent *entry, gpointer user_data)
{
    guint *asked = user_data;

    (void)entry;
    return ++*asked == 3;
}

Test(directory, its_names_are_listed_without_those_that_begin_with_a_dot)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *none = scratch_run(scratch, "mkdir d d/below; : >d/a; : >d/.hidden");
    g_autofree char *path = scratch_path(scratch, "d");
    g_autoptr(GPtrArray) all = mp_list_directory(path, NULL, NULL, NULL);
    guint asked = 0;
    g_autoptr(GPtrArray) others = mp_list_directory(path, is_not_a, &asked, NULL);

    cr_assert(all != NULL && others != NULL);
    cr_expect_eq(all->len, 2);
    cr_expect(g_ptr_array_find_with_equal_func(all, "a", g_str_equal, NULL));
    cr_expect(g_ptr_array_find_with_equal_func(all, "below", g_str_equal, NULL));
    cr_expect_eq(asked, 3, "a filter sees all but . and ..");
    cr_expect_eq(others->len, 2);
    cr_expect(g_ptr_array_find_with_equal_func(others, "below", g_str_equal, NULL));
    cr_expect(g_ptr_array_find_with_equal_func(others, ".hidden", g_str_equal, NULL));
}

Test(directory, it_is_looked_at_until_there_is_what_is_wanted)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *none = scratch_run(scratch, "mkdir d e; : >e/.hidden; cd d; : >1 >2 >3 >4 >5");
    g_autofree char *full = scratch_path(scratch, "d"), *hidden = scratch_path(scratch, "e");
    guint asked = 0;
    bool has;

    cr_expect(mp_directory_has(full, is_third, &asked, &has, NULL) && has);
    cr_expect_eq(asked, 3);
    cr_expect(mp_directory_has(full, is_third, &asked, &has, NULL) && !has, "there is no other");
    cr_expect_eq(asked, 8);
    cr_expect(mp_directory_has(full, NULL, NULL, &has, NULL) && has);
    cr_expect(mp_directory_has(hidden, NULL, NULL, &has, NULL) && !has);
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
        g_autoptr(GError) error = NULL, other = NULL, third = NULL;
        g_autoptr(GPtrArray) list = mp_list_directory(path, NULL, NULL, &error);
        g_autoptr(GPtrArray) if_any = mp_list_directory_if_any(path, &other);
        bool has = true, good = mp_directory_has(path, NULL, NULL, &has, &third);

        cr_expect(list == NULL && g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION) &&
                      strstr(error->message, path) != NULL,
                  "%s", cases[i].name);
        cr_expect_eq(if_any != NULL && if_any->len == 0, cases[i].may_be_missing, "%s",
                     cases[i].name);
        cr_expect_eq(other == NULL, cases[i].may_be_missing, "%s", cases[i].name);
        cr_expect_eq(good, cases[i].may_be_missing, "%s", cases[i].name);
        cr_expect(!has && good == (third == NULL), "%s", cases[i].name);
    }
}
