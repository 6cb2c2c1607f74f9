/* Commands by mail: which lines are meant, and what is left of the text. */
#include <criterion/criterion.h>

#include "policy/commands.h"

/* What was taken, as "/close;/lable bug?", a ? behind what is none of the table. */
static char *
taken(const char *reply, char **text)
{
    g_autoptr(GPtrArray) given = mp_mail_commands_take(reply, text);
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        g_string_append_printf(all, "%s%s%s", i > 0 ? ";" : "", one->line,
                               one->command == NULL ? "?" : "");
    }
    return g_string_free(all, FALSE);
}

Test(commands, at_the_top_and_at_the_end_lines_are_meant_and_nowhere_else)
{
    static const struct {
        const char *reply, *taken, *text;
    } cases[] = {
        {"/close\n", "/close", ""},
        {"/close", "/close", ""},
        {"Done.\n\n/close\n", "/close", "Done.\n"},
        {"/mute\n\nDone.\n/lock\n\n/close \n\n", "/mute;/lock;/close", "Done.\n"},
        {"Done.\n/close\nReally.\n", "", "Done.\n/close\nReally.\n"},
        {"/Close\nText\n/CLOSE\n", "/Close;/CLOSE", "Text\n"},
        {"/close\n/close\n", "/close", ""},
        {"/title  A new one \n", "/title A new one", ""},
        {"/title\n", "/title", ""},
        {"Text\n/clsoe\n", "/clsoe?", "Text\n"},
        {"Text\n/close,\n", "/close,?", "Text\n"},
        {"Text\n/cl\u00f6se\n", "/cl\u00f6se?", "Text\n"},
        {"Text\n/close\u00a0\n", "/close", "Text\n"},
        {"Text\n/etc/fstab\n", "", "Text\n/etc/fstab\n"},
        {"/close.\n", "", "/close.\n"},
        {"/close/\n", "", "/close/\n"},
        {"/closely\n", "", "/closely\n"},
        {" /close\n", "", " /close\n"},
        {"Text\n    /close\n", "", "Text\n    /close\n"},
        {"Text\n\t/close\n", "", "Text\n\t/close\n"},
        {"> /close\n", "", "> /close\n"},
        {"> Is it done?\n/close\n", "/close", "> Is it done?\n"},
        {"Say\n\n```\n/close\n```\n", "", "Say\n\n```\n/close\n```\n"},
        {"```\n/close\n", "", "```\n/close\n"},
        {"~~~ sh\n```\n/close\n", "", "~~~ sh\n```\n/close\n"},
        {"````\n```\n/close\n", "", "````\n```\n/close\n"},
        {"```\nx\n```\n/close\n", "/close", "```\nx\n```\n"},
        {"``` a`b\n/close\n", "/close", "``` a`b\n"},
        {"    ```\n/close\n", "/close", "    ```\n"},
        {"say `foo\n/close`\n", "", "say `foo\n/close`\n"},
        {"", "", ""},
        {"\n\n", "", "\n\n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        g_autofree char *found = taken(cases[i].reply, &text);

        cr_expect_str_eq(found, cases[i].taken, "%s", cases[i].reply);
        cr_expect_str_eq(text, cases[i].text, "%s", cases[i].reply);
    }
}

Test(commands, each_is_done_or_has_its_reason)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new();
    const MpThread thread = {.id = 1, .labels = labels};
    static const struct {
        const char *line;
        MpMailRight right;
        bool is_off;
        MpMailFate fate;
    } cases[] = {
        {"/close", MP_RIGHT_OF_AUTHOR, false, MP_FATE_DONE},
        {"/close", MP_RIGHT_OF_ALL, false, MP_FATE_AUTHOR},
        {"/close", MP_RIGHT_OF_MEMBERS, true, MP_FATE_OFF},
        {"/close now", MP_RIGHT_OF_MEMBERS, false, MP_FATE_NOTHING},
        {"/lock", MP_RIGHT_OF_AUTHOR, false, MP_FATE_MEMBERS},
        {"/lock", MP_RIGHT_OF_MEMBERS, false, MP_FATE_DONE},
        {"/loock", MP_RIGHT_OF_MEMBERS, false, MP_FATE_UNKNOWN},
        {"/title Another", MP_RIGHT_OF_AUTHOR, false, MP_FATE_DONE},
        {"/title", MP_RIGHT_OF_AUTHOR, false, MP_FATE_ARGUMENT},
        {"/title a\u202eb", MP_RIGHT_OF_AUTHOR, false, MP_FATE_TITLE},
        {"/title Another", MP_RIGHT_OF_ALL, false, MP_FATE_AUTHOR},
        {"/label bug Help,needs-work", MP_RIGHT_OF_MEMBERS, false, MP_FATE_DONE},
        {"/label bug", MP_RIGHT_OF_AUTHOR, false, MP_FATE_MEMBERS},
        {"/label", MP_RIGHT_OF_MEMBERS, false, MP_FATE_ARGUMENT},
        {"/label a;b", MP_RIGHT_OF_MEMBERS, false, MP_FATE_LABEL},
        {"/label <b>", MP_RIGHT_OF_MEMBERS, false, MP_FATE_LABEL},
        {"/label -x", MP_RIGHT_OF_MEMBERS, false, MP_FATE_LABEL},
        {"/label a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8 b9 c1 c2", MP_RIGHT_OF_MEMBERS,
         false, MP_FATE_LABELS},
        {"/unlabel BUG", MP_RIGHT_OF_MEMBERS, false, MP_FATE_DONE},
        {"/unlabel", MP_RIGHT_OF_MEMBERS, false, MP_FATE_DONE},
        {"/unlabel help", MP_RIGHT_OF_MEMBERS, false, MP_FATE_ABSENT},
        {"/assign", MP_RIGHT_OF_MEMBERS, false, MP_FATE_ARGUMENT},
        {"/assign @-x", MP_RIGHT_OF_MEMBERS, false, MP_FATE_LOGIN},
        {"/unassign", MP_RIGHT_OF_MEMBERS, false, MP_FATE_DONE},
        {"/mute", MP_RIGHT_OF_ALL, true, MP_FATE_DONE},
        {"/help", MP_RIGHT_OF_ALL, true, MP_FATE_DONE},
        {"/help me", MP_RIGHT_OF_ALL, false, MP_FATE_NOTHING},
    };

    g_ptr_array_add(labels, (gpointer) "bug");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        g_autoptr(GPtrArray) given = mp_mail_commands_take(cases[i].line, &text);
        const MpConfig config = {.commands = !cases[i].is_off};

        cr_assert(mp_mail_commands_judge(given, &config, NULL, &thread, cases[i].right, NULL));
        cr_assert_eq(given->len, 1, "%s", cases[i].line);
        cr_expect_eq(((MpGivenCommand *)given->pdata[0])->fate, cases[i].fate, "%s", cases[i].line);
    }
}

Test(commands, so_many_of_one_mail_are_done_and_no_more)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    const MpThread thread = {.id = 1};
    const MpConfig config = {.commands = true};
    g_autofree char *text = NULL;

    for (guint i = 0; i < MP_COMMANDS_MAX + 5; i++)
        g_string_append_printf(reply, "/title %u\n", i);
    g_autoptr(GPtrArray) given = mp_mail_commands_take(reply->str, &text);
    cr_assert(mp_mail_commands_judge(given, &config, NULL, &thread, MP_RIGHT_OF_MEMBERS, NULL));
    for (guint i = 0; i < given->len; i++)
        cr_expect_eq(((MpGivenCommand *)given->pdata[i])->fate,
                     i < MP_COMMANDS_MAX ? MP_FATE_DONE : MP_FATE_MANY);
    cr_expect_eq(given->len, MP_COMMANDS_MAX + 5);
}

Test(commands, what_is_not_done_changes_nothing_for_those_behind_it)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new();
    const MpThread thread = {.id = 1, .labels = labels};
    const MpConfig config = {.commands = true};
    const MpMailFate fates[] = {MP_FATE_LABELS, MP_FATE_ABSENT, MP_FATE_ABSENT, MP_FATE_DONE,
                                MP_FATE_DONE};
    g_autofree char *text = NULL;
    g_autoptr(GPtrArray) given =
        mp_mail_commands_take("/label a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8 b9 c1 c2\n"
                              "/unlabel a1\n/unlabel bug help\n/unlabel bug\n/label a1 a2\n",
                              &text);

    g_ptr_array_add(labels, (gpointer) "bug");
    cr_assert(mp_mail_commands_judge(given, &config, NULL, &thread, MP_RIGHT_OF_MEMBERS, NULL));
    cr_assert_eq(given->len, G_N_ELEMENTS(fates));
    for (guint i = 0; i < given->len; i++)
        cr_expect_eq(((MpGivenCommand *)given->pdata[i])->fate, fates[i], "%u", i);
}

/* Each label is compared with those before it, and a mail has room for many. */
Test(commands, of_labels_without_end_no_more_are_read_than_decide, .timeout = 60)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    const MpThread thread = {.id = 1};
    const MpConfig config = {.commands = true};
    g_autofree char *text = NULL;

    for (guint k = 0; k < 2; k++) {
        g_string_append(reply, k == 0 ? "/label" : "\n/unlabel");
        for (guint i = 0; i < 30000; i++)
            g_string_append_printf(reply, " a%u", i);
    }
    g_autoptr(GPtrArray) given = mp_mail_commands_take(reply->str, &text);
    cr_assert(mp_mail_commands_judge(given, &config, NULL, &thread, MP_RIGHT_OF_MEMBERS, NULL));
    cr_assert_eq(given->len, 2);
    for (guint i = 0; i < 2; i++) {
        const MpGivenCommand *one = given->pdata[i];
        cr_expect_eq(one->fate, i == 0 ? MP_FATE_LABELS : MP_FATE_ABSENT);
        cr_expect_leq(one->labels->len, MP_LABELS_MAX + 1);
    }
}
