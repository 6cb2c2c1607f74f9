/* Where things are in the tree. */
#include <criterion/criterion.h>
#include <string.h>

#include "tracker/internal.h"

static const struct {
    guint64 id;
    const char *path;
} ids[] = {
    {1, "000/0/0/0/0/1"},       {17, "000/0/0/0/1/7"},        {99999, "000/9/9/9/9/9"},
    {1234567, "012/3/4/5/6/7"}, {MP_MAX_ID, "999/9/9/9/9/9"},
};

Test(paths, an_id_leads_there_and_back)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *path = mp_path_of_id(ids[i].id);
        g_auto(GStrv) names = g_strsplit(path, "/", -1);
        guint64 id = 0;

        cr_expect_str_eq(path, ids[i].path);
        cr_assert_eq(g_strv_length(names), MP_ID_LEVELS);
        for (guint level = 0; level < MP_ID_LEVELS; level++)
            cr_expect(mp_paths_add_digits(level, names[level], &id), "%s", path);
        cr_expect_eq(id, ids[i].id, "%s", path);
    }
}

Test(paths, what_is_no_level_of_an_id_leaves_it_as_it_was)
{
    static const struct {
        guint level;
        const char *name;
    } others[] = {{0, ""},    {0, "0"},  {0, "00"}, {0, "0000"}, {0, "-01"}, {0, "01 "},
                  {0, "0x1"}, {1, "00"}, {1, ""},   {1, "a"},    {5, "10"},  {5, "+1"}};

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        guint64 id = 7;

        cr_expect_not(mp_paths_add_digits(others[i].level, others[i].name, &id), "%s",
                      others[i].name);
        cr_expect_eq(id, 7);
    }
}
