/* Command lines; see command.h. */
#include "cli/command.h"

#include <errno.h>
#include <grp.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/protect.h"
#include "cli/output.h"

static void
print_help(const char *command, const MpCommand *commands, gsize n_commands)
{
    const char *program = g_get_prgname();

    if (command == NULL)
        printf("Usage: %s [OPTION…]            (%s --once --help lists the options)\n"
               "       %s COMMAND [OPTION…]    (%s COMMAND --help)\n\nCommands:\n",
               program, program, program, program);
    else
        printf("Usage: %s %s COMMAND [OPTION…]    (%s %s COMMAND --help)\n\nCommands:\n", program,
               command, program, command);
    for (gsize i = 0; i < n_commands; i++)
        if (commands[i].summary != NULL)
            printf("  %-12s %s\n", commands[i].name, commands[i].summary);
    if (command == NULL)
        printf("\nEvery command takes --config FILE (%s), --data DIR, --help, --version.\n"
               "See %s(8) and metroplex.conf(5).\n",
               MP_DEFAULT_CONFIG, program);
    else
        printf("\nSee %s(8).\n", program);
}

/* The index of the first argument that is none of the options that may stand before a command. */
static int
find_word(int argc, char **argv)
{
    static const char *const common[] = {"--config", "--data"};
    int at = 1;

    while (at < argc) {
        int words = strcmp(argv[at], "--json") == 0 ? 1 : 0;

        for (gsize i = 0; i < G_N_ELEMENTS(common); i++) {
            if (strcmp(argv[at], common[i]) == 0)
                words = 2;
            else if (g_str_has_prefix(argv[at], common[i]) && argv[at][strlen(common[i])] == '=')
                words = 1;
        }
        if (words == 0)
            break;
        at += words;
    }
    return at;
}

/* Moves argv[at] before the options in front of it: "--config F thread" reads "thread --config F".
 */
static void
move_to_front(char **argv, int at)
{
    char *word = argv[at];

    memmove(argv + 2, argv + 1, (gsize)(at - 1) * sizeof *argv);
    argv[1] = word;
}

static int
tell_commands(const char *command, const MpCommand *commands, gsize n_commands, const char *word)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *shown = mp_escape_word(word);

    for (gsize i = 0; i < n_commands; i++)
        if (commands[i].summary != NULL)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", commands[i].name);
    if (word == NULL)
        return mp_usage_error(command, "one of these is needed: %s", names->str);
    return mp_usage_error(command, "no such command: %s (there are: %s)", shown, names->str);
}

static bool
asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

bool
mp_command_is_named(int argc, char **argv)
{
    int at = find_word(argc, argv);
    const char *word = at < argc ? argv[at] : NULL;

    return word != NULL &&
           (word[0] != '-' || asks_for_help(word) || strcmp(word, "--version") == 0);
}

/* What the first word does and takes where it stands alone. */
static int
help_alone(const char *command, int (*without)(int, char **))
{
    char *argv[] = {(char *)(gsize)command, (char *)(gsize) "--help", NULL};

    putchar('\n');
    return without(2, argv);
}

/* `command` is the first word of a command of two, or NULL. */
static int
run(const char *command, const MpCommand *commands, gsize n_commands, int (*without)(int, char **),
    int argc, char **argv)
{
    int at = find_word(argc, argv);
    const char *word = at < argc ? argv[at] : NULL;

    if (word != NULL && asks_for_help(word)) {
        print_help(command, commands, n_commands);
        return command != NULL && without != NULL ? help_alone(command, without) : EX_OK;
    }
    if (word != NULL && strcmp(word, "--version") == 0) {
        printf("%s %s\n", g_get_prgname(), MP_VERSION);
        return EX_OK;
    }
    if (without != NULL && (word == NULL || word[0] == '-')) {
        if (command == NULL)
            argv[0] = (char *)(gsize) "";
        return without(argc, argv);
    }
    for (gsize i = 0; word != NULL && i < n_commands; i++) {
        if (strcmp(commands[i].name, word) == 0) {
            g_autofree char *whole =
                command != NULL ? g_strconcat(command, " ", word, NULL) : g_strdup(word);

            move_to_front(argv, at);
            argv[1] = whole;
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return tell_commands(command != NULL ? command : "", commands, n_commands, word);
}

int
mp_subcommand_run(const MpCommand *subcommands, gsize n_subcommands, int argc, char **argv)
{
    return run(argv[0], subcommands, n_subcommands, NULL, argc, argv);
}

int
mp_subcommand_run_or(const MpCommand *subcommands, gsize n_subcommands,
                     int (*without)(int, char **), int argc, char **argv)
{
    return run(argv[0], subcommands, n_subcommands, without, argc, argv);
}

const char *
mp_command_word(const char *command)
{
    const char *space = strrchr(command, ' ');

    return space != NULL ? space + 1 : command;
}

int
mp_command_main(const MpCommand *commands, gsize n_commands, int (*without)(int, char **), int argc,
                char **argv)
{
    g_autofree char *program = g_path_get_basename(argv[0]);

    mp_protect_process();
    setlocale(LC_CTYPE, ""); /* numbers and errors are the same everywhere: base/text.h */
    g_set_prgname(program);
    mp_output_check_at_exit();
    return run(NULL, commands, n_commands, without, argc, argv);
}

void
mp_options_clear(MpOptions *options)
{
    g_clear_pointer(&options->config_file, g_free);
    g_clear_pointer(&options->data, g_free);
}

/* A path from the current directory. One that is empty, as of a variable that is not set, stays so
 * and is refused. */
static void
make_absolute(char **path)
{
    char *absolute;

    if (*path == NULL || **path == '\0')
        return;
    absolute = g_canonicalize_filename(*path, NULL);
    g_free(*path);
    *path = absolute;
}

/* "metroplex thread close". */
static char *
full_name(const char *command)
{
    return g_strconcat(g_get_prgname(), *command != '\0' ? " " : "", command, NULL);
}

/* Words to choose from, as --help shows them: "open|closed". FILE|- and the like are none. */
static bool
has_choices(const GOptionEntry *entry)
{
    return (entry->arg == G_OPTION_ARG_FILENAME || entry->arg == G_OPTION_ARG_STRING) &&
           entry->arg_description != NULL && strchr(entry->arg_description, '|') != NULL &&
           strpbrk(entry->arg_description, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
}

static void
check_choices(const GOptionEntry *entries, const char *command)
{
    for (; entries != NULL && entries->long_name != NULL; entries++) {
        const char *word = has_choices(entries) ? *(char **)entries->arg_data : NULL;

        if (word == NULL)
            continue;
        g_auto(GStrv) choices = g_strsplit(entries->arg_description, "|", -1);
        if (!g_strv_contains((const char *const *)choices, word)) {
            g_autofree char *shown = mp_escape_word(word);
            g_autofree char *all = g_strjoinv(", ", choices);
            exit(mp_usage_error(command, "--%s: %s is none of %s", entries->long_name, shown, all));
        }
    }
}

/* GOption takes "--purge=no" for --purge. */
static void
check_flags(const GOptionEntry *entries, const char *command, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *equals = g_str_has_prefix(argv[i], "--") ? strchr(argv[i], '=') : NULL;

        for (const GOptionEntry *e = entries; equals != NULL && e != NULL && e->long_name != NULL;
             e++)
            if (e->arg == G_OPTION_ARG_NONE &&
                strlen(e->long_name) == (gsize)(equals - argv[i] - 2) &&
                g_str_has_prefix(argv[i] + 2, e->long_name))
                exit(mp_usage_error(command, "--%s takes no value", e->long_name));
    }
}

/* GOption, with what --help shows as the program's name. A wrong option is told, and the end. */
static void
parse(GOptionContext *context, const char *command, int *argc, char ***argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = g_strdup(g_get_prgname()), *shown = full_name(command);

    g_set_prgname(shown);
    bool good = g_option_context_parse(context, argc, argv, &error);
    g_set_prgname(program);
    if (!good) {
        g_autofree char *what = mp_escape(error->message);
        exit(mp_usage_error(command, "%s", what));
    }
}

void
mp_options_parse(MpOptions *options, const GOptionEntry *entries, const char *usage,
                 const char *details, int least, int most, int *argc, char ***argv)
{
    const char *command = (*argv)[0];
    gboolean version = FALSE;
    const GOptionEntry common[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config_file,
         "read the configuration from FILE (" MP_DEFAULT_CONFIG ")", "FILE"},
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &options->data,
         "use DIR instead of the configuration's data directory", "DIR"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version and exit", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autofree char *name = full_name(command);

    if (details != NULL)
        g_option_context_set_summary(context, details);
    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    check_flags(entries, command, *argc, *argv);
    parse(context, command, argc, argv);
    if (version) {
        printf("%s %s\n", g_get_prgname(), MP_VERSION);
        exit(EX_OK);
    }
    check_choices(entries, command);
    if (*argc > 1 && strcmp((*argv)[1], "--") == 0) { /* GLib leaves it in */
        memmove(*argv + 1, *argv + 2, (gsize)(*argc - 1) * sizeof **argv);
        (*argc)--;
    }
    if (*argc - 1 < least || *argc - 1 > most)
        exit(mp_usage_error(command, "%s; usage: %s %s",
                            *argc - 1 < least ? "an argument is missing" : "too many arguments",
                            name, usage));
    if (options->config_file == NULL)
        options->config_file = g_strdup(MP_DEFAULT_CONFIG);
    make_absolute(&options->data);
}

int
mp_report(const GError *error)
{
    fprintf(stderr, "%s: %s\n", g_get_prgname(), error->message);
    return mp_error_exit_status(error);
}

int
mp_usage_error(const char *command, const char *format, ...)
{
    g_autofree char *name = full_name(command);
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "%s: %s%s%s\nTry '%s --help'.\n", g_get_prgname(), command,
            *command != '\0' ? ": " : "", message, name);
    return EX_USAGE;
}

static GString *
read_stream(FILE *stream, gsize limit, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) why = NULL;
    char buffer[16384];
    gsize n;

    while ((n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        if (text->len + n > limit)
            return mp_fail_null(error, MP_ERROR_INPUT, "larger than %" G_GSIZE_FORMAT " bytes",
                                limit);
        g_string_append_len(text, buffer, (gssize)n);
    }
    if (!ferror(stream))
        return g_steal_pointer(&text);
    mp_fail_errno(&why, "cannot read");
    if (!mp_error_is_temporary(why)) /* a directory, say: who named it is to name another */
        why->code = MP_ERROR_INPUT;
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

GString *
mp_read_argument_bytes(const char *file, gsize limit, GError **error)
{
    bool is_stdin = file == NULL || strcmp(file, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(file, "re");
    int code = errno;
    g_autofree char *shown = is_stdin ? g_strdup("standard input") : mp_escape(file);

    if (stream == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "cannot open %s: %s", shown, g_strerror(code));
    GString *text = read_stream(stream, limit, error);
    if (!is_stdin)
        fclose(stream);
    if (text == NULL)
        g_prefix_error(error, "%s: ", shown);
    return text;
}

char *
mp_read_argument_file(const char *file, gsize limit, GError **error)
{
    g_autoptr(GString) text = mp_read_argument_bytes(file, limit, error);

    if (text == NULL)
        return NULL;
    if (memchr(text->str, 0, text->len) == NULL &&
        g_utf8_validate(text->str, (gssize)text->len, NULL))
        return g_string_free(g_steal_pointer(&text), FALSE);
    g_autofree char *shown =
        mp_escape(file == NULL || strcmp(file, "-") == 0 ? "standard input" : file);
    return mp_fail_null(error, MP_ERROR_INPUT, "%s: not UTF-8 text", shown);
}

bool
mp_parse_id(const char *text, const char *what, guint64 *id, GError **error)
{
    if (text[0] == '+' || !g_ascii_string_to_unsigned(text, 10, 1, 99999999, id, NULL)) {
        g_autofree char *shown = mp_escape_word(text);
        return mp_fail(error, MP_ERROR_INPUT, "%s is not the id of a %s", shown, what);
    }
    return true;
}

bool
mp_become_owner(const char *directory, GError **error)
{
    struct stat st;

    if (geteuid() != 0 || stat(directory, &st) < 0 || st.st_uid == 0)
        return true; /* a missing directory is told by whoever opens it */
    if (setgroups(0, NULL) < 0 || setgid(st.st_gid) < 0 || setuid(st.st_uid) < 0)
        return mp_fail_errno(error, "cannot become user %u, the owner of %s", (unsigned)st.st_uid,
                             directory);
    mp_protect_process(); /* a change of user undoes it where fs.suid_dumpable says so */
    return true;
}
