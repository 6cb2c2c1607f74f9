/* What repeats a text that is to be forgotten, and what only resembles it. */
#include <criterion/criterion.h>

#include "tracker/repeats.h"

static const char words[] =
    "The launch pad is unlocked by hunter-2000x today, as everybody knows.\n"
    "> what was quoted here already belongs to somebody else\n"
    "Thanks\n"
    "horse battery staple\n";

static const struct {
    const char *text;
    bool repeats;
} cases[] = {
    {"", false},
    {"The launch pad is unlocked by hunter-2000x today, as everybody knows.\n", true},
    {"> The launch pad\n> is unlocked by\n> hunter-2000x", true},
    {"&quot;pad is unlocked by hunter&quot;", false},
    {"| today, as *everybody* knows! |\n> thanks", false},
    {"> > hunter-2000x today, as\n>everybody_ knows", true},
    {">> by hunter-2000x today,\n>> as everybody", true},
    {"it was hunter-2000x.", true},
    {"(\"hunter-2000x\")", true},
    {"hunter-2001x", false},
    {"horse battery staple", true},
    {"> horse\n> battery staple\n", true},
    {"the horse, the battery, the staple", false},
    {"Thanks\n", false},
    {"what was quoted here already belongs to somebody else\n", false},
    {"The launch pad is on", false},
};

Test(repeats, what_is_short_counts_where_it_is_all_that_was_said)
{
    g_autoptr(MpRepeats) repeats = mp_repeats_new();

    mp_repeats_add(repeats, "hunter2\n");
    cr_expect(mp_repeats_are_in(repeats, "> hunter2\n"));
    cr_expect(mp_repeats_are_in(repeats, "is hunter2, I think"));
    cr_expect_not(mp_repeats_are_in(repeats, "hunter 2\n"));
    mp_repeats_add(repeats, "ok\n");
    cr_expect_not(mp_repeats_are_in(repeats, "ok\n"));
}

Test(repeats, what_repeats_the_words_is_found_however_it_is_wrapped)
{
    g_autoptr(MpRepeats) repeats = mp_repeats_new();

    mp_repeats_add(repeats, words);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(mp_repeats_are_in(repeats, cases[i].text), cases[i].repeats, "%s",
                     cases[i].text);
}
