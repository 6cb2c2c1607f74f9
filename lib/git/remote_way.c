/* The way to a remote; see remote_way.h. */
#include "git/remote_way.h"

#include <string.h>

#include "git/git.h"

#define URL_MAX 4096
#define PLAIN   G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._"

/* --- The address -------------------------------------------------------------------------------
 */

void
mp_way_clear(MpWay *way)
{
    g_clear_pointer(&way->host, g_free);
    g_clear_pointer(&way->port, g_free);
    g_clear_pointer(&way->path, g_free);
    g_clear_pointer(&way->helper, g_free);
    g_clear_pointer(&way->url, g_free);
    way->kind = MP_BY_GIT;
}

void
mp_way_copy(MpWay *copy, const MpWay *way)
{
    *copy = (MpWay){way->kind,           g_strdup(way->helper), g_strdup(way->url),
                    g_strdup(way->host), g_strdup(way->port),   g_strdup(way->path)};
}

/* Nothing that ssh could take for an option, or a shell, or git itself, for more than letters. */
static bool
is_plain(const char *text, const char *also)
{
    g_autofree char *allowed = g_strconcat(PLAIN, also, NULL);

    return g_ascii_isalnum(*text) && text[strspn(text, allowed)] == '\0';
}

static bool
is_port(const char *text)
{
    guint64 port;

    return text == NULL || g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &port, NULL);
}

/* HOST or HOST:PORT. */
static void
read_host(MpWay *way, const char *text, gsize length)
{
    const char *colon = memchr(text, ':', length);
    gsize host = colon != NULL ? (gsize)(colon - text) : length;

    way->host = g_strndup(text, host);
    if (colon != NULL)
        way->port = g_strndup(colon + 1, length - host - 1);
}

static bool
read_url(MpWay *way, const char *rest)
{
    gsize host = strcspn(rest, "/");

    read_host(way, rest, host);
    way->path = g_strdup(rest + host);
    return *way->path == '/' && is_plain(way->path + 1, "/+");
}

/* USER@HOST:PATH, with a colon before any slash. */
static bool
read_short(MpWay *way, const char *text)
{
    gsize host = strcspn(text, ":/");

    way->host = g_strndup(text, host);
    way->path = g_strdup(text + host + 1);
    return is_plain(*way->path == '/' ? way->path + 1 : way->path, "/+");
}

static MpWayKind
kind_of(const char *url)
{
    if (mp_way_is_ssh(url))
        return MP_BY_SSH;
    if (g_str_has_prefix(url, "git://"))
        return MP_BY_TCP;
    return g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://") ? MP_BY_HELPER
                                                                                 : MP_BY_GIT;
}

static bool
read_host_and_path(MpWay *way, const char *url)
{
    const char *rest = strstr(url, "://");
    bool is_read = rest != NULL ? read_url(way, rest + strlen("://")) : read_short(way, url);

    return is_read && is_plain(way->host, way->kind == MP_BY_SSH ? "@" : "") && is_port(way->port);
}

bool
mp_way_is_ssh(const char *url)
{
    return g_str_has_prefix(url, "ssh://") ||
           (strstr(url, "://") == NULL && url[strcspn(url, ":/")] == ':');
}

void
mp_way_read(MpWay *way, const char *url)
{
    *way = (MpWay){.kind = strlen(url) <= URL_MAX ? kind_of(url) : MP_BY_GIT};
    if (way->kind == MP_BY_HELPER) {
        way->helper = g_strndup(url, strcspn(url, ":"));
        way->url = g_strdup(url);
    } else if (way->kind != MP_BY_GIT && !read_host_and_path(way, url)) {
        mp_way_clear(way);
    }
}

/* --- Git's configuration ------------------------------------------------------------------------
 */

static bool
add_file(git_config *config, const char *file, git_config_level_t level)
{
    return git_config_add_file_ondisk(config, file, level, NULL, 0) == 0;
}

/* As git finds them, by what it is given of our environment. */
static bool
add_files(git_config *config, const char *path, const char *home)
{
    const char *system = g_getenv("GIT_CONFIG_SYSTEM"), *global = g_getenv("GIT_CONFIG_GLOBAL"),
               *base = g_getenv("XDG_CONFIG_HOME");
    bool has_base = base != NULL && *base != '\0';
    g_autofree char *own = g_build_filename(path, "config", NULL),
                    *old = g_build_filename(home, ".gitconfig", NULL),
                    *usual = g_build_filename(home, ".config", NULL),
                    *xdg = g_build_filename(has_base ? base : usual, "git/config", NULL);

    if (!add_file(config, system != NULL ? system : "/etc/gitconfig", GIT_CONFIG_LEVEL_SYSTEM) ||
        !add_file(config, own, GIT_CONFIG_LEVEL_LOCAL))
        return false;
    if (global != NULL)
        return add_file(config, global, GIT_CONFIG_LEVEL_GLOBAL);
    return add_file(config, xdg, GIT_CONFIG_LEVEL_XDG) &&
           add_file(config, old, GIT_CONFIG_LEVEL_GLOBAL);
}

static bool
has_key(git_config *config, const char *pattern, bool *is_there)
{
    git_config_iterator *all;
    git_config_entry *entry;

    if (git_config_iterator_glob_new(&all, config, pattern) < 0)
        return false;
    int rc = git_config_next(&entry, all);
    git_config_iterator_free(all);
    *is_there = rc == 0;
    return rc == 0 || rc == GIT_ITEROVER;
}

/* What concerns where we connect to, as whom, by what, or what a push is to be; and what may. */
#define MORE                                                                                       \
    "^(url\\..*insteadof|core\\.(gitproxy|sshcommand)|ssh\\..*|protocol\\.(.*\\.)?allow"           \
    "|push\\.(gpgsign|pushoption|negotiate)|extensions\\.worktreeconfig|include(if\\..*)?\\.path"  \
    "|remote\\..*\\.(proxy|proxyauthmethod|pushurl|receivepack|uploadpack|vcs))$"

/* Another git than the distribution's has its system's file elsewhere. */
static bool
is_usual_git(void)
{
    g_autofree char *path = g_find_program_in_path("git");

    return g_strcmp0(path, "/usr/bin/git") == 0 || g_strcmp0(path, "/bin/git") == 0;
}

bool
mp_way_is_plain(const char *path, const char *home)
{
    g_autoptr(git_config) config = NULL;
    bool says_more;

    return is_usual_git() && git_config_new(&config) == 0 && add_files(config, path, home) &&
           has_key(config, MORE, &says_more) && !says_more;
}
