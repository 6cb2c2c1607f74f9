/* The password: read where nobody sees it, written where nobody but the programs does. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "settings/internal.h"

/* --- Reading --------------------------------------------------------------------------------- */

/* Signals that would leave the terminal without echo: they are taken when it has its echo again. */
static const int delayed[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
    caught = number;
}

/* Waits for something to read; signals come only here, so that none comes between a look and the
 * wait. False with EINTR if one did. */
static bool
wait_for_input(const sigset_t *unblocked)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    return ppoll(&input, 1, NULL, unblocked) > 0;
}

/* What is typed, up to the end of the line, or all that is fed, where `unblocked` is NULL; -1 with
 * errno. */
static gssize
read_secret(char *buffer, gsize size, const sigset_t *unblocked)
{
    gsize length = 0;

    while (length < size) {
        if (unblocked != NULL && !wait_for_input(unblocked))
            return -1;
        gssize n = read(STDIN_FILENO, buffer + length, size - length);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n == 0)
            break;
        length += n > 0 ? (gsize)n : 0;
        if (unblocked != NULL && length > 0 && buffer[length - 1] == '\n')
            break;
    }
    return (gssize)length;
}

static void
catch_signals(sigset_t *unblocked)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    caught = 0;
    sigemptyset(&blocked);
    for (gsize i = 0; i < G_N_ELEMENTS(delayed); i++)
        sigaddset(&blocked, delayed[i]);
    sigprocmask(SIG_BLOCK, &blocked, unblocked);
    for (gsize i = 0; i < G_N_ELEMENTS(delayed); i++)
        sigaction(delayed[i], &action, NULL);
}

/* As before, and the one that came is taken. */
static void
release_signals(const sigset_t *unblocked)
{
    for (gsize i = 0; i < G_N_ELEMENTS(delayed); i++)
        signal(delayed[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, unblocked, NULL);
    if (caught != 0)
        raise(caught);
}

static gssize
read_without_echo(const char *prompt, char *buffer, gsize size)
{
    struct termios terminal, silent;
    sigset_t unblocked;

    if (tcgetattr(STDIN_FILENO, &terminal) < 0)
        return -1;
    silent = terminal;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    catch_signals(&unblocked);
    gssize length = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(stderr, "%s: ", prompt);
    if (length == 0)
        length = read_secret(buffer, size, &unblocked);
    int code = errno;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
    fputc('\n', stderr);
    release_signals(&unblocked);
    errno = code;
    return length;
}

/* Octet for octet, so that the next line stays for whoever asks next. */
static gssize
read_next_line(char *buffer, gsize size)
{
    gsize length = 0;

    while (length < size) {
        gssize n = read(STDIN_FILENO, buffer + length, 1);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n == 0 || (n > 0 && buffer[length++] == '\n'))
            break;
    }
    return (gssize)length;
}

static const char *
fault_of(const char *password, gsize length)
{
    if (length > MP_PASSWORD_LIMIT)
        return "it is too long";
    if (memchr(password, '\n', length) != NULL || memchr(password, '\r', length) != NULL)
        return "it has more than one line";
    return memchr(password, '\0', length) != NULL ? "it holds a NUL" : NULL;
}

char *
mp_password_read(const char *prompt, bool leaves_rest, GError **error)
{
    char *buffer = g_malloc0(MP_PASSWORD_LIMIT + 4);
    bool is_terminal = isatty(STDIN_FILENO);
    gsize size = MP_PASSWORD_LIMIT + 3;
    gssize length = is_terminal   ? read_without_echo(prompt, buffer, size)
                    : leaves_rest ? read_next_line(buffer, size)
                                  : read_secret(buffer, size, NULL);

    if (length < 0) {
        mp_fail(error, MP_ERROR_INPUT, "cannot read the password: %s", g_strerror(errno));
    } else if (length == 0) {
        mp_fail(error, MP_ERROR_INPUT, "that is no password: the input ended");
    } else {
        if (length > 0 && buffer[length - 1] == '\n')
            buffer[--length] = '\0';
        if (length > 0 && buffer[length - 1] == '\r')
            buffer[--length] = '\0';
        const char *why = fault_of(buffer, (gsize)length);
        if (why == NULL)
            return buffer;
        mp_fail(error, MP_ERROR_INPUT, "that is no password: %s", why);
    }
    mp_wipe(buffer, MP_PASSWORD_LIMIT + 4);
    g_free(buffer);
    return NULL;
}

void
mp_password_free(char *password)
{
    if (password != NULL)
        mp_wipe(password, strlen(password));
    g_free(password);
}

/* --- Writing --------------------------------------------------------------------------------- */

/* The programs run as the owner of the data directory; only root can give a file to somebody. */
static MpFileAccess
access_for_programs(const MpConfig *config)
{
    MpFileAccess access = {0600, (uid_t)-1, (gid_t)-1};
    struct stat st;

    if (geteuid() == 0 && stat(config->data, &st) == 0) {
        access.uid = st.st_uid;
        access.gid = st.st_gid;
    }
    return access;
}

/* Where a configuration that does not say has its password: beside it. */
static bool
name_file(MpSettingsEdit *edit, char **path, GError **error)
{
    g_autoptr(MpConfig) config = mp_settings_edit_config(edit, error);

    if (config == NULL)
        return false;
    if (mp_settings_edit_says(edit, "smtp.password-file")) {
        *path = g_strdup(config->password_file);
        return true;
    }
    g_autofree char *directory = g_path_get_dirname(mp_settings_edit_path(edit));
    *path = g_build_filename(directory, "smtp-password", NULL);
    return strcmp(*path, config->password_file) == 0 ||
           mp_settings_edit_set(edit, "smtp.password-file", *path, error);
}

static bool
write_password(const MpSettingsEdit *edit, const char *path, const char *password, GError **error)
{
    g_autoptr(MpConfig) config = mp_settings_edit_config(edit, error);
    g_autofree char *parent = g_path_get_dirname(path);
    char *line = g_strconcat(password, "\n", NULL);

    if (config == NULL || !mp_make_directories(parent, 0755, NULL, error)) {
        mp_password_free(line);
        return false;
    }
    const MpFileAccess access = access_for_programs(config);
    bool good = mp_settings_replace(path, line, strlen(line), &access, NULL, error);
    mp_password_free(line);
    return good;
}

GPtrArray *
mp_settings_edit_password(MpSettingsEdit *edit, const char *password, char **path, GError **error)
{
    *path = NULL;
    if (*password == '\0')
        return mp_fail_null(error, MP_ERROR_INPUT, "that is no password: it is empty");
    if (!name_file(edit, path, error) || !write_password(edit, *path, password, error))
        return NULL;
    return mp_settings_edit_save(edit, error);
}
