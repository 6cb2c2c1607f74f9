/* A Postfix as it is, and as it is to be; see postfix.h. */
#include "postfix/postfix.h"

#include <string.h>
#include <unistd.h>

#include "address/address.h"
#include "base/error.h"
#include "base/file.h"
#include "postfix/internal.h"

#define FILE_SIZE_MAX (4 * 1024 * 1024)

static void
free_setting(gpointer data)
{
    MpSetting *setting = data;

    g_free(setting->name);
    g_free(setting->value);
    g_free(setting);
}

static void
free_table(gpointer data)
{
    MpTable *table = data;

    g_free(table->name);
    g_free(table->text);
    g_free(table);
}

void
mp_postfix_free(MpPostfix *postfix)
{
    char **texts[] = {&postfix->directory, &postfix->tables,     &postfix->queue,
                      &postfix->daemons,   &postfix->owner,      &postfix->origin,
                      &postfix->main,      &postfix->master,     &postfix->base,
                      &postfix->new_main,  &postfix->new_master, &postfix->common_master,
                      &postfix->person,    &postfix->opendkim};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
    g_ptr_array_unref(postfix->settings);
    g_ptr_array_unref(postfix->replaced);
    g_ptr_array_unref(postfix->files);
    g_free(postfix);
}

/* --- As it is -----------------------------------------------------------------------------------
 */

char *
mp_postfix_directory(GError **error)
{
    g_autoptr(GError) why = NULL;
    char *directory = mp_postfix_value(NULL, "config_directory", &why);

    if (directory == NULL && strstr(why->message, "main.cf") != NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "%s; `dpkg-reconfigure postfix` makes one: choose Internet Site",
                            why->message);
    if (directory == NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return directory;
}

char *
mp_postfix_read(const char *directory, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &why))
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s", why->message);
    if (length > FILE_SIZE_MAX || strlen(text) != length)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s: too large, or not text", path);
    return g_steal_pointer(&text);
}

static bool
read_all(MpPostfix *postfix, GError **error)
{
    const struct {
        const char *name;
        char **into;
    } wanted[] = {
        {"queue_directory", &postfix->queue},
        {"daemon_directory", &postfix->daemons},
        {"mail_owner", &postfix->owner},
        {"myorigin", &postfix->origin},
    };

    postfix->directory = mp_postfix_directory(error);
    if (postfix->directory == NULL)
        return false;
    postfix->tables = g_build_filename(postfix->directory, "metroplex", NULL);
    postfix->main = mp_postfix_read(postfix->directory, "main.cf", error);
    if (postfix->main == NULL)
        return false;
    postfix->master = mp_postfix_read(postfix->directory, "master.cf", error);
    for (gsize i = 0; i < G_N_ELEMENTS(wanted) && postfix->master != NULL; i++) {
        *wanted[i].into = mp_postfix_value(postfix->directory, wanted[i].name, error);
        if (*wanted[i].into == NULL)
            return false;
    }
    return postfix->master != NULL;
}

/* --- As it is to be ----------------------------------------------------------------------------
 */

#define VERIFIED "# OpenDKIM verifies, as told by "

/* As main.cf says that it was configured last; NULL if it was not. */
static char *
opendkim_of(const char *lines)
{
    const char *at = lines != NULL ? strstr(lines, VERIFIED) : NULL;

    if (at == NULL)
        return NULL;
    at += strlen(VERIFIED);
    return g_strndup(at, strcspn(at, "\n"));
}

static char *
wanted_opendkim(const MpPostfixFacts *facts, const char *lines)
{
    switch (facts->verify) {
    case MP_VERIFY_NONE:
        return NULL;
    case MP_VERIFY_OPENDKIM:
        return g_strdup(facts->opendkim != NULL ? facts->opendkim : MP_OPENDKIM_FILE);
    default:
        return opendkim_of(lines);
    }
}

static char *
render_main(const MpPostfix *postfix)
{
    g_autoptr(GString) lines = g_string_new(NULL);

    if (postfix->opendkim != NULL)
        g_string_append_printf(lines, VERIFIED "%s\n", postfix->opendkim);
    for (guint i = 0; i < postfix->settings->len; i++) {
        const MpSetting *setting = g_ptr_array_index(postfix->settings, i);

        g_string_append_printf(lines, "%s = %s\n", setting->name, setting->value);
    }
    return mp_marked_render(postfix->main, lines->str, postfix->replaced);
}

/* Says nothing that a setting changes: so it can be installed before main.cf and serves both. */
#define DELIVERY                                                                                   \
    "metroplex unix - n n - - virtual\n"                                                           \
    "  -o virtual_mailbox_base=$metroplex_base -o virtual_mailbox_maps=$metroplex_recipients\n"    \
    "  -o virtual_uid_maps=$metroplex_uid -o virtual_gid_maps=$metroplex_gid\n"                    \
    "  -o virtual_mailbox_limit=0 -o virtual_minimum_uid=100\n"

static char *
policy_lines(const MpPostfix *postfix)
{
    const char *file = postfix->config->file;
    bool is_default = strcmp(file, "/etc/metroplex/metroplex.conf") == 0;

    return g_strdup_printf("metroplex-policy unix - n n - 10 spawn\n"
                           "  user=%s argv=%s policy%s%s\n",
                           postfix->facts->user, postfix->facts->program,
                           is_default ? "" : " --config ", is_default ? "" : file);
}

/* New services come before main.cf names them, and old ones go when it does not any more. */
static void
render_master(MpPostfix *postfix)
{
    g_auto(MpMarked) now = {.lines = NULL};
    g_autofree char *policy = policy_lines(postfix);
    bool wants = mp_postfix_asks_policy(postfix->config, postfix->facts);

    mp_marked_parse(postfix->master, &now);
    bool has = now.lines != NULL && strstr(now.lines, "metroplex-policy") != NULL;
    g_autofree char *lines = g_strconcat(DELIVERY, wants ? policy : "", NULL);
    g_autofree char *common = g_strconcat(DELIVERY, wants || has ? policy : "", NULL);
    postfix->new_master = mp_marked_render(postfix->master, lines, NULL);
    postfix->common_master = mp_marked_render(postfix->master, common, NULL);
}

static bool
check_services(const MpPostfix *postfix, GError **error)
{
    static const char *const names[] = {"metroplex", "metroplex-policy"};
    g_auto(MpMarked) marked = {.lines = NULL};

    mp_marked_parse(postfix->master, &marked);
    g_autofree char *base = mp_marked_base(&marked);
    g_auto(GStrv) lines = g_strsplit(base, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
            gsize length = strcspn(*line, " \t");

            if (length == strlen(names[i]) && strncmp(*line, names[i], length) == 0)
                return mp_fail(error, MP_ERROR_INSTALLATION,
                               "%s/master.cf has a service %s, where Metroplex needs one of that "
                               "name: take it out",
                               postfix->directory, names[i]);
        }
    return true;
}

/* What stands between the marks is to be taken out again without a trace. */
static bool
can_go_back(const char *text, const char *base, const char *name, GError **error)
{
    g_auto(MpMarked) marked = {.lines = NULL};

    mp_marked_parse(text, &marked);
    g_autofree char *again = mp_marked_base(&marked);
    return (marked.is_as_written && strcmp(again, base) == 0) ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "%s has lines that begin as those do that metroplex writes; take them out",
                   name);
}

static bool
render(MpPostfix *postfix, GError **error)
{
    g_auto(MpMarked) master = {.lines = NULL};

    if (!mp_postfix_settle(postfix, error) || !check_services(postfix, error))
        return false;
    postfix->new_main = render_main(postfix);
    render_master(postfix);
    mp_marked_parse(postfix->master, &master);
    g_autofree char *base = mp_marked_base(&master);
    return can_go_back(postfix->new_main, postfix->base, "main.cf", error) &&
           can_go_back(postfix->new_master, base, "master.cf", error);
}

MpPostfix *
mp_postfix_open(const MpConfig *config, const MpPostfixFacts *facts, GError **error)
{
    g_autoptr(MpPostfix) postfix = g_new0(MpPostfix, 1);
    g_auto(MpMarked) marked = {.lines = NULL};

    postfix->config = config;
    postfix->facts = facts;
    postfix->settings = g_ptr_array_new_with_free_func(free_setting);
    postfix->replaced = g_ptr_array_new_with_free_func(g_free);
    postfix->files = g_ptr_array_new_with_free_func(free_table);
    if (!read_all(postfix, error))
        return NULL;
    mp_marked_parse(postfix->main, &marked);
    postfix->base = mp_marked_base(&marked);
    postfix->opendkim = wanted_opendkim(facts, marked.lines);
    return render(postfix, error) ? g_steal_pointer(&postfix) : NULL;
}

/* --- For those that only look ------------------------------------------------------------------
 */

char *
mp_postfix_log_file(GError **error)
{
    g_autofree char *file = mp_postfix_value(NULL, "maillog_file", error);

    if (file == NULL)
        return NULL;
    if (*file != '\0' && strcmp(file, "/dev/stdout") != 0)
        return g_steal_pointer(&file);
    return g_strdup(access("/var/log/mail.log", F_OK) == 0 ? "/var/log/mail.log" : "");
}

char *
mp_postfix_self_test_address(const MpKeyRing *ring, const char *hostname, guint64 user,
                             guint64 epoch, GError **error)
{
    const MpAddressSubject subject = {.kind = 'i', .nonce = "", .user = user, .epoch = epoch};

    if (ring == NULL)
        return g_strdup_printf("reply+i-0-%040d-%" G_GUINT64_FORMAT "@reply.%s", 0, user, hostname);
    return mp_address_make(ring, MP_PURPOSE_REPLY, &subject, hostname, error);
}
