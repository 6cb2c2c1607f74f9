/* Guests; see guests.h. */
#include "tracker/guests.h"

#include <string.h>

#include "address/address.h"
#include "base/escape.h"
#include "tracker/internal.h"

#define PREFIX      "guest-"
#define CONFIRMED   " (guest)"
#define UNCONFIRMED " (unconfirmed)"

bool
mp_is_guest_login(const char *login)
{
    return g_ascii_strncasecmp(login, PREFIX, strlen(PREFIX)) == 0;
}

char *
mp_guest_login(guint64 id)
{
    return g_strdup_printf(PREFIX "%" G_GUINT64_FORMAT, id);
}

/* --- What it is called ---------------------------------------------------------------------------
 */

/* Neither an address nor the way to a page: a name is shown beside every word that its bearer
 * writes. */
static bool
is_name(const char *text)
{
    g_autofree char *masked = mp_address_mask(text, MP_MASK_TEXT);
    bool has_letter = false;

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        has_letter |= g_unichar_isalnum(g_utf8_get_char(p));
    return has_letter && strpbrk(text, "@/") == NULL && strcmp(masked, text) == 0;
}

/* As Unicode writes it, and as a host's name may have it. */
static bool
is_dot(gunichar c)
{
    return c == '.' || c == 0x3002 || c == 0xFF0E || c == 0xFF61;
}

/* "www. evil. example", "J. R. Tolkien": mail programs and pages make links of hosts' names. */
static char *
part_at_dots(const char *text)
{
    GString *out = g_string_new(NULL);
    gunichar before = ' ';

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (is_dot(before) && g_unichar_isalnum(c))
            g_string_append_c(out, ' ');
        g_string_append_unichar(out, c);
        before = c;
    }
    return g_string_free(out, FALSE);
}

/* NULL where it is no name. */
static char *
name_of(const char *display)
{
    g_autofree char *valid = g_utf8_make_valid(display, -1);
    char *behind = g_strrstr(valid, CONFIRMED); /* said by us, and once */

    if (behind != NULL && behind[strlen(CONFIRMED)] == '\0')
        *behind = '\0';
    g_autofree char *line = mp_visible_line(valid, MP_GUEST_NAME_MAX);
    g_autofree char *parted = line != NULL && is_name(line) ? part_at_dots(line) : NULL;

    return parted != NULL ? mp_visible_line(parted, MP_GUEST_NAME_MAX) : NULL;
}

bool
mp_may_name_guest(const char *display)
{
    g_autofree char *name = name_of(display);

    return name != NULL;
}

char *
mp_guest_name(const char *display, const char *address, bool is_confirmed)
{
    const char *behind = is_confirmed ? CONFIRMED : UNCONFIRMED;
    g_autofree char *line = display != NULL ? name_of(display) : NULL;

    return line != NULL
               ? g_strconcat(line, behind, NULL)
               : g_strdup_printf("%.*s***%s", g_ascii_isalnum(address[0]) ? 1 : 0, address, behind);
}

bool
mp_is_guest_name(const char *name)
{
    return g_str_has_suffix(name, CONFIRMED) || g_str_has_suffix(name, UNCONFIRMED);
}

const char *
mp_guest_name_of(const MpActor *actor)
{
    return actor->user != 0 && mp_is_guest_login(actor->login) ? actor->name : NULL;
}

/* --- Confirming ----------------------------------------------------------------------------------
 */

typedef struct {
    const MpGuestMail *mail;
    bool is_confirmed;
    guint64 user; /* who it is */
} Confirming;

static bool
make(MpAccounts *accounts, MpTree *tree, Confirming *c, char **what, GError **error)
{
    g_autoptr(MpUser) user = g_new0(MpUser, 1);

    user->is_guest = user->is_active = true;
    user->name = mp_guest_name(c->mail->display, c->mail->address, c->is_confirmed);
    user->emails = g_ptr_array_new_with_free_func(g_free);
    if (c->is_confirmed)
        g_ptr_array_add(user->emails, g_strdup(c->mail->address));
    if (!mp_accounts_put(accounts, tree, user, error) ||
        !mp_confirmed_put(tree, c->mail->key, user->id, error))
        return false;
    c->user = user->id;
    *what = g_strdup_printf("Add %s, whose first mail was %s", user->login,
                            c->is_confirmed ? "confirmed" : "accepted");
    return true;
}

/* The mail is somebody's already. A guest without address is given it. */
static bool
settle(MpAccounts *accounts, MpTree *tree, Confirming *c, const MpUser *holder, char **what,
       GError **error)
{
    g_autoptr(MpUser) user = NULL;

    if (!mp_read_user(tree, c->user, &user, error))
        return false;
    if (!c->is_confirmed || holder != NULL || user == NULL || !mp_user_is_unconfirmed(user))
        return true;
    g_autofree char *before = user->name; /* as it is known by, whatever the answer's From says */
    user->name =
        g_strdup_printf("%.*s" CONFIRMED, (int)(strlen(before) - strlen(UNCONFIRMED)), before);
    g_ptr_array_add(user->emails, g_strdup(c->mail->address));
    *what = g_strdup_printf("The first mail of %s is confirmed", user->login);
    return mp_accounts_put(accounts, tree, user, error);
}

static bool
build(MpAccounts *accounts, MpTree *tree, char **what, gpointer data, GError **error)
{
    Confirming *c = data;
    g_autoptr(MpUser) holder = NULL;

    if (!mp_confirmed_read(tree, c->mail->key, &c->user, error) ||
        (c->is_confirmed && !mp_read_holder(accounts, tree, c->mail->address, 0, &holder, error)))
        return false;
    if (c->user != 0)
        return settle(accounts, tree, c, holder, what, error);
    if (holder == NULL)
        return make(accounts, tree, c, what, error);
    c->user = holder->id;
    *what =
        g_strdup_printf("A first mail is confirmed to be account %" G_GUINT64_FORMAT "'s", c->user);
    return mp_confirmed_put(tree, c->mail->key, c->user, error);
}

static bool
confirm(MpAccounts *accounts, const MpGuestMail *mail, bool is_confirmed, guint64 *user,
        GError **error)
{
    Confirming c = {mail, is_confirmed, 0};

    if (!mp_accounts_change(accounts, build, &c, error))
        return false;
    *user = c.user;
    return true;
}

bool
mp_accounts_confirm_guest(MpAccounts *accounts, const MpGuestMail *mail, guint64 *user,
                          GError **error)
{
    return confirm(accounts, mail, true, user, error);
}

bool
mp_accounts_accept_guest(MpAccounts *accounts, const MpGuestMail *mail, guint64 *user,
                         GError **error)
{
    return confirm(accounts, mail, false, user, error);
}
