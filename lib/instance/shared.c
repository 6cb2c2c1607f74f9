/* An installation among several that share a tracker; see instance.h. */
#include "instance/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "tracker/share.h"

#define CROWDED_S  10 /* others that were faster once are expected to be for so long */
#define UUID_FILE  "installation"
#define UUID_LIMIT 256 /* octets */

/* --- Which of several ------------------------------------------------------------------------- */

/* A random name, made once; under the lock. */
static char *
make_uuid(int data, GError **error)
{
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *line = g_strconcat(id, "\n", NULL);

    if (!mp_write_file(data, UUID_FILE, line, strlen(line), 0640, true, error))
        return NULL;
    return g_steal_pointer(&id);
}

/* A file that we did not write names nobody: an empty one would be the name of every host. */
static char *
known_uuid(int data, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *id = NULL;

    if (mp_read_file(data, UUID_FILE, UUID_LIMIT, &id, NULL, &why) &&
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
read_uuid(const MpConfig *config, GError **error)
{
    g_auto(MpFd) data = mp_open_directory(config->data, error);
    char *id;

    if (data < 0)
        return NULL;
    if (faccessat(data, UUID_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        id = make_uuid(data, error);
    else
        id = known_uuid(data, error);
    if (id == NULL)
        g_prefix_error(error, "%s/" UUID_FILE ": ", config->data);
    return id;
}

static bool
check_host(MpInstance *instance, GError **error)
{
    if (!mp_tracker_is_shared(instance->tracker))
        return true;
    if (instance->uuid == NULL)
        instance->uuid = read_uuid(instance->config, error);
    return instance->uuid != NULL &&
           mp_tracker_check_host(instance->tracker, instance->host, instance->uuid,
                                 &instance->is_registered, error);
}

/* The accounts last: a KEY that is redacted is there before it leaves the tracker, and an account
 * before it is named. */
bool
mp_instance_fetch(MpInstance *instance, GError **error)
{
    instance->is_current = mp_tracker_fetch(instance->tracker, error);
    return instance->is_current && mp_accounts_fetch(instance->accounts, error) &&
           check_host(instance, error);
}

bool
mp_instance_lock_known(MpInstance *instance, GError **error)
{
    if (!mp_instance_take_lock(instance, error) || !mp_instance_refresh(instance, error) ||
        !check_host(instance, error))
        return false;
    instance->is_current = !mp_tracker_is_shared(instance->tracker);
    return true;
}

bool
mp_instance_is_sure(const MpInstance *instance)
{
    return instance->is_current && !mp_accounts_fetch_is_begun(instance->accounts);
}

bool
mp_instance_is_crowded(const MpInstance *instance)
{
    return g_get_monotonic_time() < instance->crowded;
}

static bool
waits_for_turn(const MpInstance *instance)
{
    return mp_instance_is_crowded(instance) && !mp_tracker_has_turn(instance->tracker);
}

static void
expect_others(MpInstance *instance)
{
    instance->crowded = g_get_monotonic_time() + (gint64)CROWDED_S * G_USEC_PER_SEC;
}

bool
mp_instance_make_way(MpInstance *instance, guint attempt, GError **error)
{
    if (mp_tracker_is_shared(instance->tracker))
        expect_others(instance);
    return mp_tracker_make_way(instance->tracker, attempt, error);
}

bool
mp_instance_get_ready(MpInstance *instance, GError **error)
{
    instance->is_turn_due = waits_for_turn(instance);
    if (instance->is_turn_due)
        return true;
    mp_tracker_expect_push(instance->tracker);
    return mp_accounts_fetch_begin(instance->accounts, error);
}

bool
mp_instance_be_ready(MpInstance *instance, bool *is_old, GError **error)
{
    bool was_anothers, is_news;

    *is_old = instance->is_turn_due;
    instance->is_turn_due = false;
    if (!*is_old)
        return mp_accounts_fetch_is_awaited(instance->accounts) ||
               mp_accounts_fetch_end(instance->accounts, &is_news, error);
    if (!mp_tracker_take_turn(instance->tracker, &was_anothers, error))
        return false;
    if (was_anothers)
        expect_others(instance);
    mp_tracker_expect_push(instance->tracker);
    return true;
}
