/* Commands of two words; see verbs.h. */
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"

static void
print_help(const char *command, const MpCommand *verbs, gsize n_verbs)
{
    const char *program = g_get_prgname();

    printf("Usage: %s %s COMMAND [OPTION…]    (%s %s COMMAND --help)\n\nCommands:\n", program,
           command, program, command);
    for (gsize i = 0; i < n_verbs; i++)
        printf("  %-12s %s\n", verbs[i].name, verbs[i].summary);
    printf("\nSee %s(8).\n", program);
}

/* The index of the first argument that is none of the leading common options. */
static int
find_word(int argc, char **argv)
{
    int at = 1;

    while (at < argc &&
           (g_str_has_prefix(argv[at], "--config") || g_str_has_prefix(argv[at], "--data")))
        at += strchr(argv[at], '=') == NULL ? 2 : 1;
    return at;
}

static int
tell_verbs(const char *command, const MpCommand *verbs, gsize n_verbs, const char *word)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *shown = mp_escape(word);

    for (gsize i = 0; i < n_verbs; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", verbs[i].name);
    if (word == NULL)
        return mp_usage_error("%s: one of these is needed: %s", command, names->str);
    return mp_usage_error("%s: no such command: %s (there are: %s)", command, shown, names->str);
}

int
mp_verbs_run(const char *command, const MpCommand *verbs, gsize n_verbs, int argc, char **argv)
{
    int at = find_word(argc, argv);
    char *word = at < argc ? argv[at] : NULL;

    if (word != NULL &&
        (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)) {
        print_help(command, verbs, n_verbs);
        return EX_OK;
    }
    if (word != NULL && strcmp(word, "--version") == 0) {
        printf("%s %s\n", g_get_prgname(), MP_VERSION);
        return EX_OK;
    }
    for (gsize i = 0; word != NULL && i < n_verbs; i++) {
        if (strcmp(verbs[i].name, word) != 0)
            continue;
        memmove(argv + 2, argv + 1, (gsize)(at - 1) * sizeof *argv);
        argv[1] = word;
        return verbs[i].run(argc - 1, argv + 1);
    }
    return tell_verbs(command, verbs, n_verbs, word);
}

void
mp_verb_options(MpOptions *options, const GOptionEntry *entries, const char *command,
                const char *usage, const char *details, int least, int most, int *argc,
                char ***argv)
{
    g_autofree char *whole = g_strconcat(command, " ", (*argv)[0], NULL);

    mp_options_parse(options, entries, whole, usage, details, least, most, argc, argv);
}
