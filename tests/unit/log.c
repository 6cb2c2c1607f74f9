/* Lines of the log: their form, which programs read, and that nothing in a message ends one. */
#include <criterion/criterion.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "scratch.h"

static ScratchPath *root;

static void
set_up(void)
{
    root = scratch_make();
    cr_assert(mp_log_open(root, "log", MP_LOG_INFO, NULL));
    mp_log_to_stderr(MP_LOG_ERROR);
}

static void
tear_down(void)
{
    scratch_remove(root);
}

TestSuite(log, .init = set_up, .fini = tear_down);

static GStrv
lines(void)
{
    g_autofree char *path = scratch_path(root, "log"), *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    cr_assert(g_str_has_suffix(text, "\n"));
    text[strlen(text) - 1] = '\0';
    return g_strsplit(text, "\n", -1);
}

/* What stands behind "] ". */
static const char *
message_of(const char *line)
{
    return strstr(line, " #] ") + strlen(" #] ");
}

Test(log, control_characters_are_written_as_numbers_wherever_they_stand)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"\n", "\\x0A"},
        {"\x1b[31mred", "\\x1B[31mred"},
        {"one\ntwo\r\n\tthree", "one\\x0Atwo\\x0D\\x0A\\x09three"},
        {"end\x7f", "end\\x7F"},
        {"caf\xC3\xA9 \x01\x02", "caf\xC3\xA9 \\x01\\x02"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        mp_info("%s", cases[i][0]);
    g_auto(GStrv) written = lines();
    cr_assert_eq(g_strv_length(written), G_N_ELEMENTS(cases));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_str_eq(message_of(written[i]), cases[i][1]);
}

static char *
second_of(time_t when)
{
    char text[32];
    struct tm local;

    localtime_r(&when, &local);
    strftime(text, sizeof text, "[%Y-%m-%dT%H:%M:%S", &local);
    return g_strdup(text);
}

/* Over the end of a second, since the lines of one begin alike. */
Test(log, a_line_begins_with_its_time_level_and_process)
{
    const time_t begun = time(NULL);
    time_t now;

    mp_warn("a line");
    do {
        g_usleep(1000);
        now = time(NULL);
    } while (now == begun);
    mp_info("the last");
    g_autofree char *first = second_of(begun), *next = second_of(now), *late = second_of(now + 1);
    g_autofree char *process = g_strdup_printf(" INFO (%d) #] the last", (int)getpid());
    g_auto(GStrv) written = lines();
    const char *last = written[g_strv_length(written) - 1];
    cr_expect(g_str_has_prefix(written[0], first) || g_str_has_prefix(written[0], next), "%s",
              written[0]);
    cr_expect(g_str_has_prefix(last, next) || g_str_has_prefix(last, late), "%s", last);
    cr_expect(g_str_has_suffix(last, process), "%s", last);
    cr_expect(g_regex_match_simple("^\\[[-0-9T:]{19}\\.[0-9]{3} WARN \\([0-9]+\\) #\\] a line$",
                                   written[0], 0, 0));
}
