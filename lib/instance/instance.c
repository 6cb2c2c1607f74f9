/* An installation, opened; see instance.h. */
#include "instance/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"

static char *
host_name(void)
{
    char name[256] = "";

    gethostname(name, sizeof name - 1);
    return *name != '\0' ? mp_one_line(name) : g_strdup("localhost");
}

static void
share_stores(MpSite *site)
{
    const MpConfig *config = site->config;

    if (config->remote[0] != '\0')
        mp_tracker_share(site->tracker, config->remote, config->remote_timeout, site->host);
    if (config->accounts_remote[0] != '\0')
        mp_accounts_share(site->accounts, config->accounts_remote, config->remote_timeout,
                          site->host);
}

static bool
open_hooks(MpSite *site, GError **error)
{
    g_autofree char *path = mp_config_path(site->config, "hook");

    site->hooks = mp_outbox_init(path, error) ? mp_outbox_open(path, error) : NULL;
    return site->hooks != NULL;
}

static bool
open_stores(MpSite *site, GError **error)
{
    g_autofree char *tracker = mp_config_path(site->config, "tracker.git");
    g_autofree char *accounts = mp_config_path(site->config, "accounts.git");
    g_autofree char *outbox = mp_config_path(site->config, "outbox");

    site->tracker = mp_tracker_open(tracker, site->config->hostname, error);
    if (site->tracker == NULL)
        return false;
    site->accounts = mp_accounts_open(accounts, site->config->hostname, error);
    if (site->accounts == NULL)
        return false;
    if (site->config->address_case == MP_ADDRESS_CASE_SENSITIVE)
        mp_accounts_distinguish_case(site->accounts);
    share_stores(site);
    site->outbox = mp_outbox_open(outbox, error);
    return site->outbox != NULL;
}

static bool
open_to_write(MpSite *site, GError **error)
{
    return open_stores(site, error) &&
           (*site->config->on_comment == '\0' || open_hooks(site, error));
}

static bool
load_keys(MpSite *site, GError **error)
{
    site->keys = mp_key_ring_load(site->config->keys, error);
    return site->keys != NULL;
}

static bool
load(MpSite *site, const MpOptions *options, GError **error)
{
    *site = (MpSite){.config = mp_config_load(options->config_file, options->data, error)};
    if (site->config == NULL || !mp_become_owner(site->config->data, error))
        return false;
    site->host = site->config->host_id[0] != '\0' ? g_strdup(site->config->host_id) : host_name();
    g_autofree char *rate = mp_config_path(site->config, "rate");
    site->rate = mp_rate_new(rate);
    return true;
}

bool
mp_site_begin(MpSite *site, const MpOptions *options, GError **error)
{
    return load(site, options, error) &&
           mp_log_open(site->config->log_directory, "metroplex.log",
                       (MpLogLevel)site->config->log_level, error) &&
           load_keys(site, error);
}

bool
mp_site_open(MpSite *site, const MpOptions *options, GError **error)
{
    return mp_site_begin(site, options, error) && open_to_write(site, error);
}

bool
mp_site_read(MpSite *site, const MpOptions *options, bool signs, GError **error)
{
    if (!load(site, options, error))
        return false;
    if ((signs || faccessat(AT_FDCWD, site->config->keys, R_OK, AT_EACCESS) == 0) &&
        !load_keys(site, error))
        return false;
    return open_stores(site, error);
}

void
mp_site_close(MpSite *site)
{
    g_clear_pointer(&site->hooks, mp_outbox_free);
    g_clear_pointer(&site->rate, mp_rate_free);
    g_clear_pointer(&site->outbox, mp_outbox_free);
    g_clear_pointer(&site->accounts, mp_accounts_free);
    g_clear_pointer(&site->tracker, mp_tracker_free);
    g_clear_pointer(&site->keys, mp_key_ring_free);
    g_clear_pointer(&site->lock, mp_lock_release);
    g_clear_pointer(&site->config, mp_config_free);
    g_clear_pointer(&site->host, g_free);
    g_clear_pointer(&site->installation, g_free);
}

bool
mp_site_lock(MpSite *site, GError **error)
{
    g_autofree char *path = mp_config_path(site->config, "lock");

    site->lock = mp_lock_take(path, MP_LOCK_WAIT, error);
    return site->lock != NULL && (site->tracker != NULL || open_to_write(site, error)) &&
           mp_site_fetch(site, error);
}

bool
mp_site_refresh(MpSite *site, GError **error)
{
    if (site->tracker == NULL)
        return open_to_write(site, error);
    return mp_tracker_refresh(site->tracker, error) && mp_accounts_refresh(site->accounts, error);
}

/* --- Which of several -------------------------------------------------------------------------
 */

#define INSTALLATION "installation"
#define ID_LIMIT     256 /* octets */

/* A random name, made once; under the lock. */
static char *
make_installation(int data, GError **error)
{
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *line = g_strconcat(id, "\n", NULL);

    if (!mp_write_file(data, INSTALLATION, line, strlen(line), 0640, true, error))
        return NULL;
    return g_steal_pointer(&id);
}

/* What we did not write is nobody's name: an empty file would be everybody's. */
static char *
known_installation(int data, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *id = NULL;

    if (mp_read_file(data, INSTALLATION, ID_LIMIT, &id, NULL, &why) &&
        g_uuid_string_is_valid(g_strchomp(id)))
        return g_steal_pointer(&id);
    if (why == NULL || g_error_matches(why, MP_ERROR, MP_ERROR_INPUT))
        return mp_fail_null(error, MP_ERROR_INSTALLATION,
                            "not the UUID of an installation: remove it, and if this host's name "
                            "is taken then, see SEVERAL HOSTS in metroplex(8)");
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

static char *
read_installation(const MpConfig *config, GError **error)
{
    int data = mp_open_directory(config->data, error);
    char *id;

    if (data < 0)
        return NULL;
    if (faccessat(data, INSTALLATION, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        id = make_installation(data, error);
    else
        id = known_installation(data, error);
    close(data);
    if (id == NULL)
        g_prefix_error(error, "%s/" INSTALLATION ": ", config->data);
    return id;
}

static bool
check_host(MpSite *site, GError **error)
{
    if (!mp_tracker_is_shared(site->tracker))
        return true;
    if (site->installation == NULL)
        site->installation = read_installation(site->config, error);
    return site->installation != NULL &&
           mp_tracker_check_host(site->tracker, site->host, site->installation,
                                 &site->is_registered, error);
}

/* The tracker last: the less time from there to a push, the fewer are outrun. */
bool
mp_site_fetch(MpSite *site, GError **error)
{
    return mp_accounts_fetch(site->accounts, error) && mp_tracker_fetch(site->tracker, error) &&
           check_host(site, error);
}

/* What is not here may be new on another host. True if it is worth looking again. */
static bool
catch_up(MpSite *site, GError **error)
{
    if (site->lock != NULL ||
        (site->config->remote[0] == '\0' && site->config->accounts_remote[0] == '\0'))
        return false;
    bool good = mp_site_lock(site, error);
    g_clear_pointer(&site->lock, mp_lock_release);
    return good;
}

MpUser *
mp_site_user(MpSite *site, const char *login, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpUser *user = mp_accounts_user_by_login(site->accounts, login, &why);

    if (user == NULL && why == NULL && catch_up(site, &why))
        user = mp_accounts_user_by_login(site->accounts, login, &why);
    if (user == NULL && why == NULL) {
        g_autofree char *shown = mp_escape(login);
        mp_fail(&why, MP_ERROR_INPUT, "no such user: %s", shown);
    }
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return user;
}

MpThread *
mp_site_thread(MpSite *site, guint64 id, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpThread *thread = mp_tracker_thread(site->tracker, id, &why);

    if (thread == NULL && why == NULL && catch_up(site, &why))
        thread = mp_tracker_thread(site->tracker, id, &why);
    if (thread == NULL && why == NULL)
        mp_fail(&why, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT, id);
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return thread;
}

bool
mp_site_is_over_rate(const MpSite *site, guint64 account, guint64 thread, gint64 when,
                     const char **which)
{
    const MpConfig *config = site->config;
    const MpRateLimits limits = {config->max_account_rate, config->max_thread_rate,
                                 config->max_total_rate};

    return mp_rate_is_over(site->rate, &limits, account, thread, when, which);
}

char *
mp_masked(const MpConfig *config, const char *text, MpMaskScope scope)
{
    return mp_address_mask(text, config->mask_addresses ? scope : MP_MASK_MACS);
}

MpLimits
mp_site_limits(const MpSite *site)
{
    const MpConfig *config = site->config;
    MpLimits limits = mp_limits_default;

    limits.mail_bytes = (gsize)config->max_mail_size;
    limits.header_fields = (guint)config->max_header_fields;
    limits.header_field_bytes = (gsize)config->max_header_size;
    limits.nesting = (guint)config->max_nesting;
    limits.parts = (guint)config->max_parts;
    limits.addresses = (guint)config->max_addresses;
    limits.attachment_bytes = (gsize)config->max_attachment_size;
    limits.attachments = (guint)config->max_attachments;
    return limits;
}
