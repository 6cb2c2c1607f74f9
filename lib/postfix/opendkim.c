/*
 * OpenDKIM, where the administrator wants it to verify: it is configured by its own file, which is
 * not ours. Read from it is where it listens, and under which name it writes Authentication-Results
 * (RFC 8601): only the words under a name of [address] authserv-id count.
 */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "postfix/internal.h"

/* A line "Name value"; names are compared without regard to case. */
static char *
find(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char *value = NULL;

    for (char **line = lines; *line != NULL; line++) {
        char *start = g_strstrip(*line);
        gsize length = strcspn(start, " \t");

        if (length != strlen(name) || g_ascii_strncasecmp(start, name, length) != 0)
            continue;
        g_free(value);
        value = g_strstrip(g_strdup(start + length));
    }
    return value;
}

/* A path below the queue directory is said from there on, which holds with chroot and without. */
static char *
as_path(const MpPostfix *postfix, const char *path, GError **error)
{
    const char *const argv[] = {"postconf",         "-c", postfix->directory, "-F",
                                "smtp/inet/chroot", NULL};
    g_autofree char *out = NULL;
    gsize length = strlen(postfix->queue);

    if (strncmp(path, postfix->queue, length) == 0 && path[length] == '/')
        return g_strdup_printf("unix:%s", path + length + 1);
    if (mp_postfix_run(argv, 20, &out, NULL) && strstr(out, "chroot = y") != NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "%s: Socket local:%s is out of sight for smtpd(8), which runs in a "
                            "chroot: say Socket inet:8891@127.0.0.1",
                            postfix->opendkim, path);
    return g_strdup_printf("unix:%s", path);
}

/* inet:PORT@HOST and local:PATH, as Postfix says them. */
static char *
as_postfix_says(const MpPostfix *postfix, const char *socket, GError **error)
{
    g_auto(GStrv) parts = g_strsplit_set(socket, ":@", 3);
    guint n = g_strv_length(parts);

    if (n >= 2 && g_str_has_prefix(parts[0], "inet"))
        return g_strdup_printf("inet:%s:%s", n > 2 ? parts[2] : "127.0.0.1", parts[1]);
    if (n == 2 && (strcmp(parts[0], "local") == 0 || strcmp(parts[0], "unix") == 0))
        return as_path(postfix, parts[1], error);
    if (n == 1 && socket[0] == '/')
        return as_path(postfix, socket, error);
    g_autofree char *shown = mp_escape(socket);
    return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s: Socket %s is none that Postfix can use",
                        postfix->opendkim, shown);
}

static bool
is_trusted(const MpConfig *config, const char *id)
{
    g_autoptr(GPtrArray) trusted = mp_main_list(config->authserv_id);

    for (guint i = 0; i < trusted->len; i++)
        if (g_ascii_strcasecmp(g_ptr_array_index(trusted, i), id) == 0)
            return true;
    return false;
}

/* OpenDKIM's default is the name that Postfix tells it, which is myhostname. */
static char *
id_of(const MpPostfix *postfix, const char *text, GError **error)
{
    char *id = find(text, "AuthservID");

    return id != NULL ? id : mp_postfix_value(postfix->directory, "myhostname", error);
}

char *
mp_postfix_opendkim(const MpPostfix *postfix, GError **error)
{
    const char *file = postfix->opendkim;
    g_autofree char *text = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "cannot read %s: apt install opendkim, and start it", file);
    g_autofree char *mode = find(text, "Mode"), *socket = find(text, "Socket");
    g_autofree char *id = id_of(postfix, text, error);
    if (id == NULL)
        return NULL;
    if (mode != NULL && strchr(mode, 'v') == NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s: Mode %s does not verify: say Mode v",
                            file, mode);
    if (socket == NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "%s: no Socket: say Socket inet:8891@127.0.0.1", file);
    if (!is_trusted(postfix->config, id))
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "%s: OpenDKIM writes its findings under the name %s, which [address] "
                            "authserv-id does not have: metroplex settings set "
                            "address.authserv-id=%s",
                            file, id, id);
    return as_postfix_says(postfix, socket, error);
}

/* --- What clients wrote ------------------------------------------------------------------------
 */

static bool
is_on(const char *text, const char *name)
{
    g_autofree char *value = find(text, name);

    return value != NULL && *value != '\0' && strchr("1tTyY", *value) != NULL;
}

/* In a list of names, of which those with a dot in front stand for what lies below; what a table
 * holds is not known here. */
static bool
may_name(const char *list, const char *id)
{
    g_auto(GStrv) names = g_strsplit_set(list, ", ", -1);

    for (char **name = names; *name != NULL; name++)
        if (g_ascii_strcasecmp(*name, id) == 0 || strpbrk(*name, ":/") != NULL ||
            (**name == '.' && g_str_has_suffix(id, *name)))
            return true;
    return false;
}

char *
mp_postfix_opendkim_lacks(const MpPostfix *postfix, const char **file)
{
    g_autofree char *text = NULL;

    *file = postfix->opendkim;
    if (*file == NULL || !g_file_get_contents(*file, &text, NULL, NULL))
        return NULL;
    g_autofree char *id = id_of(postfix, text, NULL), *from = find(text, "RemoveARFrom");
    g_autoptr(GString) lacks = g_string_new(NULL);
    if (!is_on(text, "RemoveARAll"))
        g_string_append(lacks, "RemoveARAll yes");
    if (id != NULL && (from == NULL || !may_name(from, id)))
        g_string_append_printf(lacks, "%sRemoveARFrom %s", lacks->len > 0 ? ", " : "", id);
    if (!is_on(text, "AlwaysAddARHeader"))
        g_string_append_printf(lacks, "%sAlwaysAddARHeader yes", lacks->len > 0 ? ", " : "");
    return g_string_free(g_steal_pointer(&lacks), FALSE);
}
