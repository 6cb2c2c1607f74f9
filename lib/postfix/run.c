/* Postfix's own programs; see internal.h. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "postfix/internal.h"

/* Where Debian has what only root usually runs. */
#define PLACES "/usr/sbin:/usr/bin:/sbin:/bin"

char **
mp_postfix_environment(void)
{
    char **environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);

    return g_environ_setenv(environment, "PATH", PLACES, TRUE);
}

char *
mp_postfix_program(const char *name, GError **error)
{
    g_auto(GStrv) places = g_strsplit(PLACES, ":", -1);

    for (char **place = places; *place != NULL; place++) {
        g_autofree char *path = g_build_filename(*place, name, NULL);

        if (access(path, X_OK) == 0)
            return g_steal_pointer(&path);
    }
    return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s is not installed: apt install postfix",
                        name);
}

/* The last lines are where a program says why. */
static char *
last_words(const MpProcess *process)
{
    char *text = g_strstrip(*process->err != '\0' ? process->err : process->out);

    return mp_escape(text);
}

bool
mp_postfix_run(const char *const *argv, int seconds, char **out, GError **error)
{
    g_auto(MpProcess) process = {0};
    g_autofree char *path =
        argv[0][0] == '/' ? g_strdup(argv[0]) : mp_postfix_program(argv[0], error);
    g_auto(GStrv) environment = mp_postfix_environment();
    gsize n = g_strv_length((char **)(gsize)argv);
    g_autofree const char **full = g_new0(const char *, n + 1);

    if (path == NULL)
        return false;
    memcpy(full, argv, n * sizeof *full);
    full[0] = path;
    if (!mp_process_run(&process, full, (const char *const *)environment, seconds, error))
        return false;
    if (process.status != 0) {
        g_autofree char *words = last_words(&process);

        return mp_fail(error, process.is_too_slow ? MP_ERROR_TEMPORARY : MP_ERROR_INSTALLATION,
                       "%s%s: %s", argv[0], process.is_too_slow ? " took too long" : "", words);
    }
    if (out != NULL)
        *out = g_steal_pointer(&process.out);
    return true;
}

/* `directory` NULL: of the instance that MAIL_CONFIG or Postfix's default names. */
char *
mp_postfix_value(const char *directory, const char *name, GError **error)
{
    const char *const argv[] = {"postconf", "-x", "-h", name, NULL};
    const char *const of_directory[] = {"postconf", "-c", directory, "-x", "-h", name, NULL};
    char *out = NULL;

    if (!mp_postfix_run(directory != NULL ? of_directory : argv, 20, &out, error))
        return NULL;
    return g_strstrip(out);
}

static bool
file_has_word(const char *path, const char *word)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    g_autoptr(GPtrArray) list = mp_main_list(text);
    for (guint i = 0; i < list->len; i++)
        if (g_ascii_strcasecmp(g_ptr_array_index(list, i), word) == 0)
            return true;
    return false;
}

static bool
table_has(const char *directory, const char *table, const char *key)
{
    const char *const argv[] = {"postmap", "-c", directory, "-q", key, table, NULL};

    return mp_postfix_run(argv, 20, NULL, NULL);
}

static bool
matches(const char *directory, const char *element, const char *domain)
{
    return element[0] == '/'              ? file_has_word(element, domain)
           : strchr(element, ':') != NULL ? table_has(directory, element, domain)
                                          : g_ascii_strcasecmp(element, domain) == 0;
}

/* The first that matches decides; "!" says that it is not. */
bool
mp_postfix_has_domain(const char *directory, const char *list, const char *domain)
{
    g_autoptr(GPtrArray) elements = mp_main_list(list);

    for (guint i = 0; i < elements->len; i++) {
        const char *element = g_ptr_array_index(elements, i);
        bool is_not = element[0] == '!';

        if (matches(directory, element + is_not, domain))
            return !is_not;
    }
    return false;
}
