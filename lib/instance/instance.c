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
#include "tracker/redact.h"
#include "tracker/repositories.h"
#include "tracker/share.h"

static char *
host_name(void)
{
    char name[256] = "";

    gethostname(name, sizeof name - 1);
    return *name != '\0' ? mp_one_line(name) : g_strdup("localhost");
}

static void
share_stores(MpInstance *instance)
{
    const MpConfig *config = instance->config;

    if (config->remote[0] != '\0')
        mp_tracker_share(instance->tracker, config->remote, config->remote_timeout, instance->host);
    if (config->accounts_remote[0] != '\0')
        mp_accounts_share(instance->accounts, config->accounts_remote, config->remote_timeout,
                          instance->host);
    mp_tracker_decide_on(instance->tracker, instance->accounts);
}

static bool
open_hooks(MpInstance *instance, GError **error)
{
    g_autofree char *path = mp_config_path(instance->config, "hook");

    if (instance->hooks == NULL && mp_outbox_init(path, error))
        instance->hooks = mp_outbox_open(path, error);
    return instance->hooks != NULL;
}

static bool
open_repositories(MpInstance *instance, GError **error)
{
    const MpConfig *config = instance->config;
    g_autofree char *tracker = mp_config_path(config, "tracker.git");
    g_autofree char *accounts = mp_config_path(config, "accounts.git");

    if (instance->tracker == NULL)
        instance->tracker = mp_tracker_open(tracker, config->hostname, error);
    if (instance->tracker == NULL)
        return false;
    if (instance->accounts == NULL)
        instance->accounts = mp_accounts_open(accounts, config->hostname, error);
    if (instance->accounts == NULL)
        return false;
    if (config->address_case == MP_ADDRESS_CASE_SENSITIVE)
        mp_accounts_distinguish_case(instance->accounts);
    return true;
}

bool
mp_instance_open_tracker(MpInstance *instance, GError **error)
{
    instance->is_open = instance->is_open || open_repositories(instance, error);
    return instance->is_open;
}

bool
mp_instance_open_outbox(MpInstance *instance, GError **error)
{
    g_autofree char *path = mp_config_path(instance->config, "outbox");

    if (instance->outbox == NULL)
        instance->outbox = mp_outbox_open(path, error);
    return instance->outbox != NULL;
}

static bool
open_stores(MpInstance *instance, bool has_hooks, GError **error)
{
    if (instance->is_open)
        return true;
    if (!open_repositories(instance, error) || !mp_instance_open_outbox(instance, error) ||
        (has_hooks && !open_hooks(instance, error)))
        return false;
    share_stores(instance);
    instance->is_open = true;
    return true;
}

static bool
open_to_write(MpInstance *instance, GError **error)
{
    return open_stores(instance, *instance->config->on_comment != '\0', error);
}

bool
mp_instance_open_keys(MpInstance *instance, GError **error)
{
    instance->keys = mp_key_ring_load(instance->config->keys, error);
    return instance->keys != NULL;
}

/* Also where nothing needs the password: it may be closed too late. */
static bool
check_password(const MpConfig *config, GError **error)
{
    g_autofree char *why = mp_config_password_fault(config->password_file, false);
    g_autofree char *shown = mp_escape(config->password_file);

    return why == NULL || mp_fail(error, MP_ERROR_INSTALLATION, "%s: [smtp] password-file: %s %s",
                                  config->file, shown, why);
}

bool
mp_instance_configure(MpInstance *instance, const char *file, const char *data, GError **error)
{
    *instance = (MpInstance){.config = mp_config_load(file, data, error)};
    if (instance->config == NULL || !mp_config_check_owner(file, error) ||
        !check_password(instance->config, error))
        return false;
    const char *host_id = instance->config->host_id;
    g_autofree char *rate = mp_config_path(instance->config, "rate");
    instance->host = *host_id != '\0' ? g_strdup(host_id) : host_name();
    instance->rate = mp_rate_new(rate);
    return true;
}

bool
mp_instance_load(MpInstance *instance, const MpOptions *options, GError **error)
{
    return mp_instance_configure(instance, options->config_file, options->data, error) &&
           mp_become_owner(instance->config->data, error);
}

bool
mp_instance_open_log(const MpInstance *instance, const char *name, GError **error)
{
    const MpConfig *config = instance->config;

    return mp_log_open(config->log_directory, name, (MpLogLevel)config->log_level, error);
}

bool
mp_instance_begin(MpInstance *instance, const MpOptions *options, GError **error)
{
    return mp_instance_load(instance, options, error) &&
           mp_instance_open_log(instance, "metroplex.log", error) &&
           mp_instance_open_keys(instance, error);
}

bool
mp_instance_open(MpInstance *instance, const MpOptions *options, GError **error)
{
    return mp_instance_begin(instance, options, error) && open_to_write(instance, error);
}

bool
mp_instance_read(MpInstance *instance, const MpOptions *options, bool signs, GError **error)
{
    if (!mp_instance_load(instance, options, error))
        return false;
    if ((signs || faccessat(AT_FDCWD, instance->config->keys, R_OK, AT_EACCESS) == 0) &&
        !mp_instance_open_keys(instance, error))
        return false;
    return open_stores(instance, false, error);
}

void
mp_instance_close(MpInstance *instance)
{
    g_clear_pointer(&instance->hooks, mp_outbox_free);
    g_clear_pointer(&instance->rate, mp_rate_free);
    g_clear_pointer(&instance->outbox, mp_outbox_free);
    g_clear_pointer(&instance->accounts, mp_accounts_free);
    g_clear_pointer(&instance->tracker, mp_tracker_free);
    g_clear_pointer(&instance->keys, mp_key_ring_free);
    g_clear_pointer(&instance->lock, mp_lock_release);
    g_clear_pointer(&instance->config, mp_config_free);
    g_clear_pointer(&instance->host, g_free);
    g_clear_pointer(&instance->uuid, g_free);
    instance->is_open = false;
}

bool
mp_instance_take_lock(MpInstance *instance, GError **error)
{
    g_autofree char *path = mp_config_path(instance->config, "lock");

    instance->lock = mp_lock_take(path, MP_LOCK_WAIT, error);
    return instance->lock != NULL;
}

MpLock *
mp_instance_lock_outbox(const MpInstance *instance, MpLockMode mode, GError **error)
{
    g_autofree char *path = mp_config_path(instance->config, "outbox/lock");

    return mp_lock_take(path, mode, error);
}

bool
mp_instance_lock(MpInstance *instance, GError **error)
{
    return mp_instance_take_lock(instance, error) && open_to_write(instance, error) &&
           mp_instance_fetch(instance, error);
}

bool
mp_instance_refresh(MpInstance *instance, GError **error)
{
    if (!instance->is_open)
        return open_to_write(instance, error);
    return mp_tracker_refresh(instance->tracker, error) &&
           mp_accounts_refresh(instance->accounts, error);
}

/* --- Found, here or at another host ------------------------------------------------------------
 */

/* An account or a thread that is not here may be new on another host, if there are several. False,
 * without an error, if there is no need to look again. */
static bool
catch_up(MpInstance *instance, GError **error)
{
    if (instance->lock != NULL ||
        (instance->config->remote[0] == '\0' && instance->config->accounts_remote[0] == '\0'))
        return false;
    bool good = mp_instance_lock(instance, error);
    g_clear_pointer(&instance->lock, mp_lock_release);
    return good;
}

MpUser *
mp_instance_user(MpInstance *instance, const char *login, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpUser *user;

    if (!mp_accounts_user_by_login(instance->accounts, login, &user, error))
        return NULL;
    if (user == NULL && catch_up(instance, &why) &&
        !mp_accounts_user_by_login(instance->accounts, login, &user, error))
        return NULL;
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    g_autofree char *shown = mp_escape_word(login);
    return user != NULL ? user : mp_fail_null(error, MP_ERROR_INPUT, "no such user: %s", shown);
}

MpThread *
mp_instance_thread(MpInstance *instance, guint64 id, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpThread *thread;

    if (!mp_tracker_thread(instance->tracker, id, &thread, error))
        return NULL;
    if (thread == NULL && catch_up(instance, &why) &&
        !mp_tracker_thread(instance->tracker, id, &thread, error))
        return NULL;
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    return thread != NULL
               ? thread
               : mp_fail_null(error, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT, id);
}

bool
mp_instance_find_key(const MpInstance *instance, guint64 thread, const char *key, bool *found,
                     guint64 *comment, bool *is_redacted, GError **error)
{
    g_auto(MpRedacted) redaction = {0};

    if (is_redacted != NULL)
        *is_redacted = false;
    if (!mp_tracker_find_key(instance->tracker, thread, key, found, comment, error))
        return false;
    if (*found)
        return true;
    if (!mp_accounts_redacted(instance->accounts, key, found, &redaction, error))
        return false;
    *found = *found && redaction.thread == thread;
    *comment = redaction.comment;
    if (is_redacted != NULL)
        *is_redacted = *found;
    return true;
}

bool
mp_instance_is_over_rate(const MpInstance *instance, guint64 account, bool is_guest, guint64 thread,
                         gint64 when, const char **which)
{
    const MpConfig *config = instance->config;
    const MpRateLimits limits = {config->max_account_rate, config->max_thread_rate,
                                 config->max_total_rate, config->max_openings,
                                 is_guest ? config->max_guest_openings : 0};

    return mp_rate_is_over(instance->rate, &limits, account, thread, when, which);
}

static bool
note_open(const MpRepository *repository, gpointer user_data)
{
    bool *opens = user_data;

    *opens = repository->open != MP_OPEN_OFF;
    return !*opens;
}

bool
mp_instance_opens_threads(const MpInstance *instance, bool *opens, GError **error)
{
    *opens = false;
    return mp_tracker_foreach_repository(instance->tracker, note_open, opens, error);
}

char *
mp_masked(const MpConfig *config, const char *text, MpMaskScope scope)
{
    return mp_address_mask(text, config->mask_addresses ? scope : MP_MASK_MACS);
}

MpLimits
mp_instance_limits(const MpInstance *instance)
{
    const MpConfig *config = instance->config;
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
