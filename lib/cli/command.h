/*
 * The command lines of both programs: tables of commands, options by GLib, exit statuses of
 * sysexits(3).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MP_DEFAULT_CONFIG "/etc/metroplex/metroplex.conf"

typedef struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the whole command: "explain", "thread close" */
    const char *summary;               /* NULL: not shown in --help */
} MpCommand;

/*
 * The whole of main(). Runs the command that argv names, or `without` (whose argv[0] is "") where
 * it names none, and sees to it that output that cannot be written (a full disk) is told and ends
 * in EX_IOERR, whichever command it is. Returns the exit status.
 */
int mp_command_main(const MpCommand *commands, gsize n_commands, int (*without)(int, char **),
                    int argc, char **argv);

/* Whether the first word, behind options, is that of a command, or asks for the program's own help
 * or version. */
bool mp_command_is_named(int argc, char **argv);

/*
 * The same for the second word of a command of two, such as `metroplex thread close`; argv[0] is
 * the first one. The word may stand behind --config FILE, --data DIR and --json; --help, -h or help
 * at its place lists the table, --version prints the version, anything else is a wrong use.
 */
int mp_subcommand_run(const MpCommand *subcommands, gsize n_subcommands, int argc, char **argv);

/* The same for a first word that may stand alone: then `without` runs. */
int mp_subcommand_run_or(const MpCommand *subcommands, gsize n_subcommands,
                         int (*without)(int, char **), int argc, char **argv);

/* The last word of a command: "close". */
const char *mp_command_word(const char *command);

/* The options that every command takes. */
typedef struct {
    char *config_file; /* never NULL after mp_options_parse */
    char *data;        /* absolute if it is not empty, or NULL */
} MpOptions;

/* The entry of --json, into a gboolean, where a command has that option. */
#define MP_OPTION_JSON(variable)                                                                   \
    {                                                                                              \
        "json", 0, 0, G_OPTION_ARG_NONE, &(variable), "as JSON, one object a line", NULL           \
    }

/* Likewise --unmasked, where a command masks what leaves the installation. */
#define MP_OPTION_UNMASKED(variable)                                                               \
    {                                                                                              \
        "unmasked", 0, 0, G_OPTION_ARG_NONE, &(variable), "with people's mail addresses", NULL     \
    }

void mp_options_clear(MpOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpOptions, mp_options_clear)

/*
 * Parses argv by `entries` (NULL-terminated, may be NULL) and the common options, leaving the rest
 * in argv[1…]. argv[0] is the command. `usage` is what follows its name in --help, `details` the
 * text below it (or NULL). Prints --help and --version and exits 0; a wrong option, or a number of
 * arguments outside of [least, most], is told on standard error and exits 64.
 * So is a word that is none of those that the option's description has: "open|closed". What may
 * stand at a place is told by the words in capitals of `usage` and of descriptions, which
 * completion in shells knows: FILE, DIR, LOGIN, ID, THREAD, OWNER/NAME, EVENT, USER.
 */
void mp_options_parse(MpOptions *options, const GOptionEntry *entries, const char *usage,
                      const char *details, int least, int most, int *argc, char ***argv);

/* Tells `error` on standard error, prefixed with the program's name, and returns its status. */
int mp_report(const GError *error);

/* A wrong use that options cannot express, of the command (argv[0], "" for the program itself):
 * told likewise, with a hint at its --help; returns 64. */
int mp_usage_error(const char *command, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Reads FILE, or standard input for "-" or NULL, up to `limit` bytes; valid UTF-8 or an error. */
char *mp_read_argument_file(const char *file, gsize limit, GError **error);

/* The same, of any octets. */
GString *mp_read_argument_bytes(const char *file, gsize limit, GError **error);

/* A decimal id of 1…99,999,999. MP_ERROR_INPUT names `what` and the text. */
bool mp_parse_id(const char *text, const char *what, guint64 *id, GError **error);

/* Root becomes the owner of `directory`, so that no command leaves files that the service cannot
 * read or write. Without effect for others, and where root is the owner. */
bool mp_become_owner(const char *directory, GError **error);
