/* Records: what the fuzzers found, each of which once broke a promise. */
#include "tracker/records.h"

#include <criterion/criterion.h>

Test(records, a_subscriber_without_a_reason_is_none)
{
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {"1 author\n2 muted\n", true},
        {"", true},
        {"1 author\r\n", true},
        {"1  author\n", true},
        {"1 author\n2  \n", false},
        {"1 \n", false},
        {"1\n", false},
        {"1 \r\n", false},
        {"0 author\n", false},
        {"x author\n", false},
        {"-1 author\n", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) first =
            mp_record_parse_subscribers(cases[i].text, "subscribers", &error);

        cr_assert_eq(first != NULL, cases[i].is_good, "%s", cases[i].text);
        if (first == NULL)
            continue;
        g_autofree char *again = mp_record_subscribers(first);
        g_autoptr(GPtrArray) second = mp_record_parse_subscribers(again, "subscribers", &error);
        cr_assert_not_null(second, "%s: written as %s", cases[i].text, again);
        cr_expect_eq(first->len, second->len);
    }
}
