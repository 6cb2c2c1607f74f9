/* Files into their place, and the running Postfix told; see internal.h. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "postfix/internal.h"

int
mp_postfix_lock(const char *directory, GError **error)
{
    g_auto(MpFd) fd = mp_open_directory(directory, error);

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return g_steal_fd(&fd);
    if (errno == EWOULDBLOCK)
        return mp_fail(error, MP_ERROR_TEMPORARY, "another `metroplex configure` is at work on %s",
                       directory),
               -1;
    return mp_fail_errno(error, "cannot lock %s", directory), -1;
}

/* --- Files -------------------------------------------------------------------------------------
 */

/* A file that is a link is replaced where it leads. */
static char *
real_directory(const char *directory, const char *name, char **real_name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *real = realpath(path, NULL);

    if (real == NULL)
        real = strdup(path);
    *real_name = g_path_get_basename(real);
    char *result = g_path_get_dirname(real);
    free(real);
    return result;
}

static bool
dress(int directory, const char *name, const char *like, GError **error)
{
    struct stat st;
    struct timespec past[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - 10}};

    if (fstatat(directory, like, &st, 0) == 0 &&
        (fchownat(directory, name, st.st_uid, st.st_gid, 0) < 0 ||
         fchmodat(directory, name, st.st_mode & 07777, 0) < 0))
        return mp_fail_errno(error, "cannot give %s the owner and mode of %s", name, like);
    return utimensat(directory, name, past, 0) == 0 ||
           mp_fail_errno(error, "cannot set the time of %s", name);
}

bool
mp_postfix_replace(const char *directory, const char *name, const char *text, GError **error)
{
    g_autofree char *real_name = NULL;
    g_autofree char *place = real_directory(directory, name, &real_name);
    g_autofree char *fresh = g_strconcat(real_name, MP_POSTFIX_FRESH, NULL);
    g_auto(MpFd) fd = mp_open_directory(place, error);

    if (fd < 0 || !mp_write_file(fd, fresh, text, strlen(text), 0644, false, error) ||
        !dress(fd, fresh, real_name, error))
        return false;
    if (renameat(fd, fresh, fd, real_name) < 0)
        return mp_fail_errno(error, "cannot replace %s/%s", place, real_name);
    return mp_sync_directory(fd, place, error);
}

bool
mp_postfix_remove_fresh(const char *directory, const char *name, GError **error)
{
    static const char *const ends[] = {MP_POSTFIX_FRESH, MP_POSTFIX_FRESH ".tmp"};
    g_autofree char *real_name = NULL;
    g_autofree char *place = real_directory(directory, name, &real_name);

    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *fresh = g_strconcat(place, "/", real_name, ends[i], NULL);

        if (unlink(fresh) < 0 && errno != ENOENT)
            return mp_fail_errno(error, "cannot remove %s", fresh);
    }
    return true;
}

bool
mp_postfix_remove(const char *path, GError **error)
{
    const char *const argv[] = {"rm", "-rf", "--one-file-system", "--", path, NULL};

    return mp_postfix_run(argv, 60, NULL, error);
}

/* --- The running Postfix ------------------------------------------------------------------------
 */

bool
mp_postfix_is_running(const char *directory)
{
    const char *const argv[] = {"postfix", "-c", directory, "status", NULL};

    /* a program that was killed has not said no */
    return mp_postfix_run(argv, 30, NULL, NULL) || mp_postfix_run(argv, 30, NULL, NULL);
}

bool
mp_postfix_reload(const char *directory, GError **error)
{
    bool is_running = mp_postfix_is_running(directory);
    bool by_systemd = !is_running && strcmp(directory, "/etc/postfix") == 0 &&
                      access("/run/systemd/system", F_OK) == 0;
    const char *const reload[] = {"postfix", "-c", directory, "reload", NULL};
    const char *const start[] = {"postfix", "-c", directory, "start", NULL};
    const char *const service[] = {"systemctl", "start", "postfix", NULL};

    return mp_postfix_run(is_running ? reload : by_systemd ? service : start, 60, NULL, error);
}

/* The host and port of the first listener of master.cf that is for other servers' mail. */
static bool
find_listener(const char *master, char **host, guint *port)
{
    g_auto(GStrv) lines = g_strsplit(master, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(GPtrArray) words = mp_main_list(*line);

        if (words->len < 8 || **line == '#' || strcmp(g_ptr_array_index(words, 1), "inet") != 0)
            continue;
        const char *command = g_ptr_array_index(words, 7), *name = g_ptr_array_index(words, 0);
        const char *colon = strrchr(name, ':'), *service = colon != NULL ? colon + 1 : name;
        const struct servent *entry = getservbyname(service, "tcp");
        *port = entry != NULL                  ? ntohs((guint16)entry->s_port)
                : strcmp(service, "smtp") == 0 ? 25
                                               : (guint)atoi(service);
        if ((strcmp(command, "smtpd") == 0 || strcmp(command, "postscreen") == 0) && *port != 0 &&
            *port != 465 && *port != 587) {
            *host = colon != NULL ? g_strndup(name, (gsize)(colon - name)) : NULL;
            return true;
        }
    }
    return false;
}

/* Where inet_interfaces lets it listen, as far as that is an address. */
static char *
interface_of(const char *directory)
{
    g_autofree char *value = mp_postfix_value(directory, "inet_interfaces", NULL);
    g_autoptr(GPtrArray) list = mp_main_list(value != NULL ? value : "");
    const char *first = list->len > 0 ? g_ptr_array_index(list, 0) : "all";

    return g_strdup(g_ascii_isdigit(*first) ? first : "127.0.0.1");
}

typedef enum { TAKES, REFUSES, SILENT } Attitude;

/* What it says to mail for this recipient; NULL: whether it greets at all. Where it wants TLS
 * first, that is as far as we look. */
static Attitude
ask_once(const char *host, guint port, const char *recipient, int seconds)
{
    g_auto(MpDialogue) dialogue = {.fd = -1};
    g_autofree char *rcpt = g_strdup_printf("RCPT TO:<%s>", recipient);

    if (!mp_dialogue_open_tcp(&dialogue, host, port, NULL))
        return SILENT;
    int code = mp_dialogue_ask(&dialogue, NULL, seconds, NULL);
    if (code != 220 || recipient == NULL)
        return code == 220 ? TAKES : SILENT;
    code = mp_dialogue_ask(&dialogue, "EHLO localhost", seconds, NULL);
    if (code == 250)
        code = mp_dialogue_ask(&dialogue, "MAIL FROM:<>", seconds, NULL);
    if (code == 250)
        code = mp_dialogue_ask(&dialogue, rcpt, seconds, NULL);
    return code == 250 || code == 530 ? TAKES : code != 0 ? REFUSES : SILENT;
}

bool
mp_postfix_takes(const char *directory, const char *master, const char *recipient, int seconds)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    g_autofree char *host = NULL;
    guint port;

    if (!find_listener(master, &host, &port))
        return true;
    if (host == NULL || *host == '\0' || *host == '[' || g_ascii_isalpha(*host)) {
        g_free(host);
        host = interface_of(directory);
    }
    for (;;) {
        Attitude attitude = ask_once(host, port, recipient, seconds);
        gint64 now = g_get_monotonic_time();

        if (attitude == TAKES || now >= deadline)
            return attitude == TAKES;
        if (attitude == REFUSES) /* what has to start first is given half of the time */
            deadline = MIN(deadline, now + seconds * G_USEC_PER_SEC / 2);
        g_usleep(100000);
    }
}
