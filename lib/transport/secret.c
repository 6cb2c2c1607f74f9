/* What proves who we are; see secret.h. */
#include "transport/secret.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/process.h"

#define COMMAND_SECONDS 60 /* at most; as an answer of the server where that has less */

static void
chomp(char *secret, gsize *length)
{
    while (*length > 0 && strchr("\r\n", secret[*length - 1]) != NULL)
        secret[--*length] = '\0';
}

/* The secret is what stands on the file's one line. */
static char *
read_file(const char *path, GError **error)
{
    char *secret;
    gsize length;
    bool is_good = false;

    if (!mp_read_secret(path, &secret, &length, error))
        return NULL;
    chomp(secret, &length);
    if (length == 0)
        mp_fail(error, MP_ERROR_INSTALLATION, "%s is empty: [smtp] authentication needs it", path);
    else if (strlen(secret) != length || strpbrk(secret, "\r\n") != NULL)
        mp_fail(error, MP_ERROR_INSTALLATION, "%s holds more than one line", path);
    else
        is_good = true;
    if (is_good)
        return secret;
    mp_wipe(secret, length);
    g_free(secret);
    return NULL;
}

/* The characters of RFC 6750, section 2.1, and those that other tokens have: none of a line end, a
 * space or a control character, which would end it. */
static bool
is_token(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isgraph(*p))
            return false;
    return text[0] != '\0';
}

/* What it printed, or why that is no token. */
static char *
take_output(MpProcess *process, const char *program, int seconds, GError **error)
{
    gsize length = strlen(process->out);

    chomp(process->out, &length);
    if (process->is_too_slow)
        return mp_fail_null(error, MP_ERROR_TEMPORARY,
                            "[smtp] token-command: %s gave nothing in %d s", program, seconds);
    if (process->status != 0)
        return mp_fail_null(error, MP_ERROR_TEMPORARY, "[smtp] token-command: %s ended with %d",
                            program, process->status);
    if (!is_token(process->out))
        return mp_fail_null(error, MP_ERROR_TEMPORARY,
                            "[smtp] token-command: %s printed something else than one token",
                            program);
    return g_strdup(process->out);
}

static char *
run_command(const MpConfig *config, GError **error)
{
    const char *const path = g_getenv("PATH"), *const home = g_getenv("HOME");
    g_autofree char *with_path = g_strconcat("PATH=", path != NULL ? path : "/usr/bin:/bin", NULL);
    g_autofree char *with_home = g_strconcat("HOME=", home != NULL ? home : "/", NULL);
    const char *const environment[] = {with_path, with_home, "LC_ALL=C.UTF-8", NULL};
    const int seconds = MIN(COMMAND_SECONDS, config->reply_timeout);
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) argv = NULL;
    char *token = NULL;

    if (!g_shell_parse_argv(config->token_command, NULL, &argv, NULL))
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "[smtp] token-command: no command");
    g_autofree char *program = mp_escape(argv[0]);
    if (!mp_process_run(&process, (const char *const *)argv, environment, seconds, error))
        return NULL;
    token = take_output(&process, program, seconds, error);
    mp_wipe(process.out, strlen(process.out));
    return token;
}

char *
mp_secret_read(const MpConfig *config, GError **error)
{
    return mp_config_takes_token(config) && config->token_command[0] != '\0'
               ? run_command(config, error)
               : read_file(config->password_file, error);
}
