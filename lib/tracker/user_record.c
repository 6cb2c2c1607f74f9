/* The record of a user as text and back; see records.h. */
#include "tracker/records.h"

#include <string.h>

#include "base/names.h"
#include "base/time.h"
#include "tracker/guests.h"
#include "tracker/internal.h"
#include "tracker/record_file.h"

static const char *const format_names[] = {"both", "text"};

MP_DEFINE_NAMES(mp_mail_format, MpMailFormat, format_names)

static bool
is_mark(const char *text)
{
    return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

/* "20000-0123456789abcdef": the day, and which bounce it was. */
static void
add_bounce(MpRecordReader *r, const char *key, GPtrArray *list, const char *text)
{
    const char *dash = strchr(text, '-');
    g_autofree char *digits = g_strndup(text, dash != NULL ? (gsize)(dash - text) : 0);
    guint64 day;

    if (dash != NULL && is_mark(dash + 1) &&
        g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT32, &day, NULL))
        mp_bounces_add(list, (gint64)day, dash + 1);
    else
        mp_record_blame(r, key, "not of the form DAY-MARK");
}

/* Keys 1, 2, … with "ADDRESS;STATE;hard;DAY-MARK;…;soft;DAY-MARK;…;": an address may hold what a
 * key must not. */
static void
read_bounces(MpRecordReader *r, MpUser *user)
{
    r->group = "bounces";
    g_auto(GStrv) keys = mp_record_keys(r);
    for (char **key = keys; *key != NULL; key++) {
        g_auto(GStrv) field = mp_record_list(r, *key);
        MpBounces *bounces;
        GPtrArray *list = NULL;

        if (field == NULL || g_strv_length(field) < 2) {
            mp_record_blame(r, *key, "not of the form ADDRESS;STATE;…");
            return;
        }
        bounces = mp_user_add_bounces(user, field[0]);
        bounces->is_suppressed = strcmp(field[1], "suppressed") == 0;
        for (char **text = field + 2; *text != NULL; text++) {
            if (strcmp(*text, "hard") == 0)
                list = bounces->hard;
            else if (strcmp(*text, "soft") == 0)
                list = bounces->soft;
            else if (list != NULL)
                add_bounce(r, *key, list, *text);
        }
    }
}

/* Of a guest: "hasty=DAY-MARK;…", and "reason=loop" where that was too much. */
static void
read_haste(MpRecordReader *r, MpUser *user)
{
    g_auto(GStrv) marks = mp_record_list(r, "hasty");
    g_autofree char *reason = mp_record_optional(r, "reason");

    if (marks != NULL)
        user->hasty = mp_bounces_new();
    for (char **mark = marks; mark != NULL && *mark != NULL; mark++)
        add_bounce(r, "hasty", user->hasty, *mark);
    user->is_loop = reason != NULL;
    if (reason != NULL && (strcmp(reason, "loop") != 0 || !user->is_guest || user->is_active))
        mp_record_blame(r, "reason", "not loop, of a guest that is suspended");
}

static void
read_ignored(MpRecordReader *r, MpUser *user)
{
    g_auto(GStrv) names = mp_record_list(r, "ignored");

    for (char **name = names; name != NULL && *name != NULL; name++) {
        if (!mp_is_repository_name(*name))
            mp_record_blame(r, "ignored", "not a list of repositories");
        if (user->ignored == NULL)
            user->ignored = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(user->ignored, g_strdup(*name));
    }
}

/* What stands there is the state with the login: an account that was given one is active or
 * suspended, a guest one of the others or suspended. */
static void
read_state(MpRecordReader *r, MpUser *user, const char *state)
{
    const char *wanted;

    if (user->login == NULL || state == NULL)
        return;
    g_autofree char *own = mp_guest_login(user->id);
    user->is_guest = mp_is_guest_login(user->login);
    if (user->is_guest && strcmp(state, "former") == 0)
        user->account = mp_record_number(r, "account", 1, MP_MAX_ID);
    user->is_active = strcmp(state, "suspended") != 0 && user->account == 0;
    wanted = mp_user_state(user);
    if (strcmp(state, wanted) != 0)
        mp_record_blame(r, "state",
                        user->is_guest ? "none of: guest, with an address; unconfirmed, without; "
                                         "former, suspended, removed"
                                       : "none of: active, suspended, removed");
    if (user->is_guest && strcmp(user->login, own) != 0)
        mp_record_blame(r, "login", "not that of a guest with this id");
    if (user->is_guest && user->emails->len > (user->account == 0 ? 1 : 0))
        mp_record_blame(r, "emails", "more than the one of a guest, or any of a former one");
    if (user->is_guest && user->name != NULL && !mp_is_guest_name(user->name))
        mp_record_blame(r, "name", "not a guest's, by what stands at its end");
}

MpUser *
mp_record_parse_user(const char *text, const char *path, guint64 id, GError **error)
{
    g_autoptr(MpUser) user = g_new0(MpUser, 1);
    MpRecordReader r;

    mp_record_begin(&r, text, path, "user");
    g_autofree char *state = mp_record_string(&r, "state");
    if (g_strcmp0(state, "removed") == 0) {
        user->is_removed = true;
        return mp_record_end(&r, error) ? g_steal_pointer(&user) : NULL;
    }
    g_autofree char *format = mp_record_optional(&r, "format");
    g_auto(GStrv) emails = mp_record_list(&r, "emails");
    user->id = id;
    user->login = mp_record_string(&r, "login");
    user->name = mp_record_string(&r, "name");
    user->epoch = mp_record_number(&r, "epoch", 0, G_MAXUINT64);
    user->revoked = mp_record_numbers(&r, "revoked", 0, G_MAXUINT64);
    user->emails = g_ptr_array_new_with_free_func(g_free);
    for (char **email = emails; email != NULL && *email != NULL; email++)
        g_ptr_array_add(user->emails, g_strdup(*email));
    if (user->login != NULL && !mp_is_login(user->login))
        mp_record_blame(&r, "login", "not a login");
    read_state(&r, user, state);
    read_haste(&r, user);
    user->language = mp_record_optional(&r, "language");
    if (format != NULL && !mp_mail_format_parse(format, &user->format))
        mp_record_blame(&r, "format", "neither text nor both");
    if (mp_record_has(&r, "batch"))
        user->batch = (guint)mp_record_number(&r, "batch", 1, MP_BATCH_MAX);
    user->hears_own = mp_record_boolean(&r, "own-activity");
    read_ignored(&r, user);
    read_bounces(&r, user);
    return mp_record_end(&r, error) ? g_steal_pointer(&user) : NULL;
}

static void
add_marks(GPtrArray *fields, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const MpBounce *bounce = g_ptr_array_index(list, i);

        g_ptr_array_add(fields,
                        g_strdup_printf("%" G_GINT64_FORMAT "-%s", bounce->day, bounce->mark));
    }
}

static void
add_bounces(GPtrArray *fields, const char *kind, const GPtrArray *list)
{
    g_ptr_array_add(fields, g_strdup(kind));
    add_marks(fields, list);
}

static void
set_haste(MpRecordWriter *file, const MpUser *user)
{
    g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);

    mp_record_set_optional(file, "user", "reason", user->is_loop ? "loop" : NULL);
    if (user->hasty == NULL || user->hasty->len == 0)
        return;
    add_marks(fields, user->hasty);
    mp_record_set_list(file, "user", "hasty", (const char *const *)fields->pdata, fields->len);
}

static void
set_bounces(MpRecordWriter *file, const GPtrArray *all)
{
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const MpBounces *bounces = g_ptr_array_index(all, i);
        g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *key = g_strdup_printf("%u", i + 1);

        g_ptr_array_add(fields, g_strdup(bounces->address));
        g_ptr_array_add(fields, g_strdup(bounces->is_suppressed ? "suppressed" : "counting"));
        add_bounces(fields, "hard", bounces->hard);
        add_bounces(fields, "soft", bounces->soft);
        mp_record_set_list(file, "bounces", key, (const char *const *)fields->pdata, fields->len);
    }
}

char *
mp_record_user(const MpUser *user)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();
    const char *g = "user";

    if (user->is_removed) {
        mp_record_set_string(file, g, "state", "removed");
        mp_record_set_date(file, g, "removed", mp_time_now());
        return mp_record_writer_text(file);
    }
    mp_record_set_string(file, g, "login", user->login);
    mp_record_set_string(file, g, "name", user->name);
    mp_record_set_list(file, g, "emails", (const char *const *)user->emails->pdata,
                       user->emails->len);
    mp_record_set_number(file, g, "epoch", user->epoch);
    mp_record_set_numbers(file, g, "revoked", user->revoked);
    mp_record_set_string(file, g, "state", mp_user_state(user));
    if (user->account != 0)
        mp_record_set_number(file, g, "account", user->account);
    set_haste(file, user);
    mp_record_set_optional(file, g, "language", user->language);
    if (user->format != MP_MAIL_BOTH)
        mp_record_set_string(file, g, "format", mp_mail_format_name(user->format));
    if (user->batch > 0)
        mp_record_set_number(file, g, "batch", user->batch);
    if (user->hears_own)
        mp_record_set_string(file, g, "own-activity", "true");
    if (user->ignored != NULL && user->ignored->len > 0)
        mp_record_set_list(file, g, "ignored", (const char *const *)user->ignored->pdata,
                           user->ignored->len);
    set_bounces(file, user->bounces);
    return mp_record_writer_text(file);
}
