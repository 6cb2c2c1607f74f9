/* The scripted SMTP server as a child of the test; see smtp_fixture.h. */
#include "smtp_fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SENDER    "bounce@git.example.org"
#define RECIPIENT "r@example.org"
#define SMALL     "Subject: x\r\n\r\nhello\r\n"

struct SmtpServer {
    GPid pid;
    int with_stdin; /* it ends when this does, so it never outlives the test */
    int port;
    char *directory;
};

static void
add_certificate(GPtrArray *argv, const ScratchPath *scratch, const char *name)
{
    g_autofree char *directory = scratch_path(scratch, "certificates");
    const char *make[] = {"tests/lib/certificates.sh", directory, NULL};
    g_autoptr(GError) error = NULL;

    if (!g_file_test(directory, G_FILE_TEST_IS_DIR)) {
        g_spawn_sync(NULL, (char **)make, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, NULL,
                     &error);
        cr_assert_null(error, "cannot run %s from the top directory", make[0]);
    }
    g_ptr_array_add(argv, g_strdup("--cert"));
    g_ptr_array_add(argv, g_strdup_printf("%s/%s.pem", directory, name));
    g_ptr_array_add(argv, g_strdup("--key"));
    g_ptr_array_add(argv, g_strdup_printf("%s/%s.key", directory, name));
}

static GPtrArray *
command_line(const ScratchPath *scratch, const char *directory, const char *certificate,
             const char *const *options)
{
    const char *const fixed[] = {"python3",      "tests/lib/smtp_server.py",
                                 "--with-stdin", "--dir",
                                 directory,      "--user",
                                 SMTP_USER,      "--password",
                                 SMTP_PASSWORD,  "--token",
                                 SMTP_PASSWORD};
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(argv, g_strdup(fixed[i]));
    if (certificate != NULL)
        add_certificate(argv, scratch, certificate);
    for (; *options != NULL; options++)
        g_ptr_array_add(argv, g_strdup(*options));
    g_ptr_array_add(argv, NULL);
    return argv;
}

static int
read_port(int fd)
{
    FILE *file = fdopen(fd, "r");
    int port = 0;

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%d", &port), 1, "the SMTP server said no port");
    fclose(file);
    return port;
}

SmtpServer *
smtp_server_start(const ScratchPath *scratch, const char *certificate, const char *const *options)
{
    SmtpServer *server = g_new0(SmtpServer, 1);
    g_autofree char *name = g_strdup_printf("server.%08x", g_random_int());
    g_autoptr(GError) error = NULL;
    int output;

    server->directory = scratch_path(scratch, name);
    g_autoptr(GPtrArray) argv = command_line(scratch, server->directory, certificate, options);
    g_spawn_async_with_pipes(NULL, (char **)argv->pdata, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                             &server->pid, &server->with_stdin, &output, NULL, &error);
    cr_assert_null(error, "cannot start the SMTP server");
    server->port = read_port(output);
    return server;
}

void
smtp_server_stop(SmtpServer *server)
{
    if (server == NULL)
        return;
    close(server->with_stdin);
    waitpid(server->pid, NULL, 0);
    g_free(server->directory);
    g_free(server);
}

SmtpServer *
smtp_server_with_rule(const ScratchPath *scratch, const char *rule)
{
    return smtp_server_start(scratch, NULL, (const char *const[]){"--rule", rule, NULL});
}

char *
smtp_server_file(const SmtpServer *server, const char *name, gsize *length)
{
    g_autofree char *path = g_build_filename(server->directory, name, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, length, NULL);
    return text;
}

guint
smtp_server_messages(const SmtpServer *server)
{
    g_autoptr(GDir) dir = g_dir_open(server->directory, 0, NULL);
    const char *name;
    guint n = 0;

    while ((name = g_dir_read_name(dir)) != NULL)
        n += g_str_has_suffix(name, ".eml");
    return n;
}

guint
smtp_server_connections(const SmtpServer *server)
{
    g_autofree char *transcript = smtp_server_file(server, "transcript", NULL);
    g_auto(GStrv) lines = g_strsplit(transcript, "\n", -1);
    guint highest = 0;

    for (char **line = lines; *line != NULL; line++)
        highest = MAX(highest, (guint)g_ascii_strtoull(*line, NULL, 10));
    return highest;
}

MpConfig *
smtp_config(const ScratchPath *scratch, const SmtpServer *server, const char *lines)
{
    g_autofree char *path = scratch_path(scratch, "metroplex.conf");
    g_autofree char *password = scratch_path(scratch, "password");
    g_autofree char *text = g_strdup_printf(
        "[instance]\nhostname = git.example.org\n[smtp]\naddress = localhost\nport = %d\n"
        "username = " SMTP_USER "\npassword-file = %s\n%s",
        server != NULL ? server->port : 1, password, lines);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, NULL);
    if (!g_file_test(password, G_FILE_TEST_EXISTS))
        g_file_set_contents_full(password, SMTP_PASSWORD "\n", -1, G_FILE_SET_CONTENTS_NONE, 0600,
                                 NULL);
    MpConfig *config = mp_config_load(path, NULL, &error);
    cr_assert_not_null(config, "%s", error != NULL ? error->message : "");
    return config;
}

static void
append_line(const char *line, gpointer conversation)
{
    g_string_append(conversation, line);
    g_string_append_c(conversation, '\n');
}

MpSmtp *
smtp_session(const MpConfig *config, GString *conversation)
{
    g_autoptr(GError) error = NULL;
    MpSmtp *smtp = mp_smtp_open(config, &error);

    cr_assert_not_null(smtp, "%s", error != NULL ? error->message : "");
    if (conversation != NULL)
        mp_smtp_watch(smtp, append_line, conversation);
    return smtp;
}

const char *
smtp_result_name(MpSendResult result)
{
    static const char *const names[] = {"sent",      "deferred",    "refused", "suspected",
                                        "suspected", "unavailable", "stopped"};

    return names[result];
}

char *
smtp_try(MpSmtp *smtp)
{
    g_autofree char *reply = NULL;
    int code;
    MpSendResult result =
        mp_smtp_send(smtp, SENDER, RECIPIENT, SMALL, strlen(SMALL), &reply, &code);

    return g_strdup_printf("%s %d %s", smtp_result_name(result), code, reply);
}

char *
smtp_try_with_next(MpSmtp *smtp)
{
    mp_smtp_expect(smtp, SENDER, RECIPIENT, SMALL, strlen(SMALL));
    return smtp_try(smtp);
}
