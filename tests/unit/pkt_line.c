/* Pkt-lines in memory. */
#include <criterion/criterion.h>

#include "git/pkt_line.h"

Test(pkt_line, a_pkt_line_is_taken_once_all_of_it_is_there)
{
    static const struct {
        const char *text;
        MpPkt what;
        const char *line;
        gsize at;
    } cases[] = {
        {"0009abcde0000", MP_PKT_LINE, "abcde", 9},
        {"0004", MP_PKT_LINE, "", 4},
        {"000Aabcdef", MP_PKT_LINE, "abcdef", 10},
        {"0000", MP_PKT_END, NULL, 4},
        {"", MP_PKT_SHORT, NULL, 0},
        {"000", MP_PKT_SHORT, NULL, 0},
        {"0009abcd", MP_PKT_SHORT, NULL, 0},
        {"fff0", MP_PKT_SHORT, NULL, 0},
        {"fff1", MP_PKT_GONE, NULL, 0},
        {"0001", MP_PKT_GONE, NULL, 0},
        {"0003", MP_PKT_GONE, NULL, 0},
        {"+009abcde", MP_PKT_GONE, NULL, 0},
        {"HTTP/1.1", MP_PKT_GONE, NULL, 0},
        {" 009abcde", MP_PKT_GONE, NULL, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(cases[i].text), line = g_string_new(NULL);
        gsize at = 0;

        cr_expect_eq(mp_pkt_take(text, &at, line), cases[i].what, "%s", cases[i].text);
        cr_expect_eq(at, cases[i].at, "%s: %zu", cases[i].text, at);
        if (cases[i].line != NULL)
            cr_expect_str_eq(line->str, cases[i].line);
    }
}
