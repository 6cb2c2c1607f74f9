/* Guests: how they are called, and how they are made with what confirms them. */
#include <criterion/criterion.h>

#include "scratch.h"
#include "tracker/confirmed.h"
#include "tracker/guests.h"

#define HOST "example.org"

static const char key_a[] = "0123456789abcdef0123456789abcdef";
static const char key_b[] = "fedcba9876543210fedcba9876543210";
static const char key_c[] = "00112233445566778899aabbccddeeff";

static MpAccounts *
accounts_of(ScratchPath *scratch)
{
    g_autofree char *path = scratch_path(scratch, "accounts.git");
    bool made;

    cr_assert(mp_accounts_init(path, HOST, &made, NULL));
    return mp_accounts_open(path, HOST, NULL);
}

static int
commits(ScratchPath *scratch)
{
    g_autofree char *n = scratch_run(scratch, "git -C accounts.git rev-list --count main");

    return atoi(n);
}

Test(guests, are_called_by_what_is_no_address_and_leads_nowhere)
{
    static const struct {
        const char *display, *address, *name;
    } cases[] = {
        {"Kate Doe", "kate@example.net", "Kate Doe (guest)"},
        {"Kate\n  \tDoe ", "kate@example.net", "Kate Doe (guest)"},
        {"Tim (maintainer)", "kate@example.net", "Tim (maintainer) (guest)"},
        {"\xe2\x80\xaeTim\xe2\x80\xac", "kate@example.net", "Tim (guest)"},
        {NULL, "kate@example.net", "k*** (guest)"},
        {"", "kate@example.net", "k*** (guest)"},
        {"\xe2\x80\x8b \xe2\x80\x8d", "kate@example.net", "k*** (guest)"},
        {"...", "kate@example.net", "k*** (guest)"},
        {"kate@example.net", "kate@example.net", "k*** (guest)"},
        {"kate (at) example.net @", "kate@example.net", "k*** (guest)"},
        {"Buy at https://example.com/x", "kate@example.net", "k*** (guest)"},
        {"Kate", "\"a b\"@example.net", "Kate (guest)"},
        {"www.evil.example", "kate@example.net", "www. evil. example (guest)"},
        {"See evil.com, now", "kate@example.net", "See evil. com, now (guest)"},
        {"evil\xe3\x80\x82"
         "com and b\xef\xbc\x8e"
         "de",
         "kate@example.net", "evil\xe3\x80\x82 com and b\xef\xbc\x8e de (guest)"},
        {"J.R. Tolkien Jr.", "kate@example.net", "J. R. Tolkien Jr. (guest)"},
        {"kate@", "kate@example.net", "k*** (guest)"},
        {NULL, "\"a b\"@example.net", "*** (guest)"},
        {"K\xff", "kate@example.net", "K\xef\xbf\xbd (guest)"},
    };
    g_autofree char *many = g_strnfill(5000, 'x');
    g_autofree char *cut = mp_guest_name(many, "kate@example.net", true);
    g_autofree char *accepted = mp_guest_name("Kate", "kate@example.net", false);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = mp_guest_name(cases[i].display, cases[i].address, true);

        cr_expect_str_eq(name, cases[i].name, "%s: %s", cases[i].name, name);
        cr_expect(mp_is_guest_name(name));
    }
    cr_expect_eq(g_utf8_strlen(cut, -1), MP_GUEST_NAME_MAX + 8);
    cr_expect_str_eq(accepted, "Kate (unconfirmed)");
    cr_expect(mp_is_guest_name(accepted) && !mp_is_guest_name("Kate") &&
              !mp_is_guest_name("(guest) Kate"));
    cr_expect(mp_is_guest_login("guest-17") && mp_is_guest_login("GUEST-x") &&
              !mp_is_guest_login("guest") && !mp_is_guest_login("guests"));
}

Test(guests, are_made_with_what_confirms_them_in_one_commit)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpAccounts) accounts = accounts_of(scratch);
    const MpGuestMail first = {key_a, "Kate@Example.net", "Kate Doe"};
    const MpGuestMail second = {key_b, "kate@example.net", "K. D."};
    g_autoptr(MpUser) kate = NULL, by_login = NULL;
    guint64 user, same, known;
    int before = commits(scratch);

    cr_assert(mp_accounts_confirm_guest(accounts, &first, &user, NULL));
    cr_expect_eq(commits(scratch), before + 1);
    cr_assert(mp_accounts_confirm_guest(accounts, &first, &same, NULL));
    cr_expect_eq(same, user);
    cr_expect_eq(commits(scratch), before + 1, "what is known is no commit");
    cr_assert(mp_accounts_confirm_guest(accounts, &second, &same, NULL));
    cr_expect_eq(same, user);
    cr_assert(mp_accounts_confirmed(accounts, key_b, &known, NULL));
    cr_expect_eq(known, user);

    cr_assert(mp_accounts_user_by_address(accounts, "KATE@example.NET", &kate, NULL));
    cr_assert(mp_accounts_user_by_login(accounts, "guest-1", &by_login, NULL));
    cr_assert(kate != NULL && by_login != NULL);
    cr_expect_eq(kate->id, 1);
    cr_expect(kate->is_guest && kate->is_active && !mp_user_is_known(kate) && kate->epoch != 0);
    cr_expect_str_eq(kate->name, "Kate Doe (guest)");
    cr_expect_str_eq(kate->login, "guest-1");
    cr_expect_str_eq(mp_user_address(kate), "Kate@Example.net");
    cr_expect_str_eq(mp_user_state(kate), "guest");
}

Test(guests, are_not_made_of_who_has_an_account)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpAccounts) accounts = accounts_of(scratch);
    const MpGuestMail mail = {key_a, "TIM@example.org", "Somebody"};
    g_autoptr(MpUser) tim = g_new0(MpUser, 1), second = NULL;
    guint64 user;

    tim->login = g_strdup("tim");
    tim->name = g_strdup("Tim");
    tim->emails = g_ptr_array_new_with_free_func(g_free);
    tim->is_active = true;
    g_ptr_array_add(tim->emails, g_strdup("tim@example.org"));
    cr_assert(mp_accounts_write(accounts, tim, "Add tim", NULL));
    cr_assert(mp_accounts_confirm_guest(accounts, &mail, &user, NULL));
    cr_expect_eq(user, tim->id);
    cr_assert(mp_accounts_user(accounts, 2, &second, NULL));
    cr_expect_null(second);
}

/* Somebody who writes as another must not speak as the guest that the other is. */
Test(guests, whom_nobody_proved_have_no_address_until_they_are)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpAccounts) accounts = accounts_of(scratch);
    const MpGuestMail proved = {key_a, "kate@example.net", "Kate"};
    const MpGuestMail forged = {key_b, "kate@example.net", "Kate"};
    const MpGuestMail other = {key_c, "joe@example.net", NULL};
    g_autoptr(MpUser) false_kate = NULL, joe = NULL, known_joe = NULL, after = NULL;
    guint64 kate, user, again;

    cr_assert(mp_accounts_confirm_guest(accounts, &proved, &kate, NULL));
    cr_assert(mp_accounts_accept_guest(accounts, &forged, &user, NULL));
    cr_expect_neq(user, kate);
    cr_assert(mp_accounts_user(accounts, user, &false_kate, NULL));
    cr_expect_str_eq(mp_user_state(false_kate), "unconfirmed");
    cr_expect_str_eq(false_kate->name, "Kate (unconfirmed)");
    cr_expect_null(mp_user_address(false_kate));

    cr_assert(mp_accounts_accept_guest(accounts, &other, &user, NULL));
    cr_assert(mp_accounts_accept_guest(accounts, &other, &again, NULL));
    cr_expect_eq(again, user);
    cr_assert(mp_accounts_user(accounts, user, &joe, NULL));
    cr_expect_str_eq(joe->name, "j*** (unconfirmed)");
    cr_assert(mp_accounts_confirm_guest(accounts, &other, &again, NULL));
    cr_expect_eq(again, user);
    cr_assert(mp_accounts_user_by_address(accounts, "joe@example.net", &known_joe, NULL));
    cr_assert(known_joe != NULL && known_joe->id == user);
    cr_expect_str_eq(known_joe->name, "j*** (guest)");

    /* The address is somebody's: the mail stays what it is. */
    cr_assert(mp_accounts_confirm_guest(accounts, &forged, &again, NULL));
    cr_expect_eq(again, false_kate->id);
    cr_assert(mp_accounts_user(accounts, again, &after, NULL));
    cr_expect_str_eq(mp_user_state(after), "unconfirmed");
    g_autofree char *fsck = scratch_run(scratch, "git -C accounts.git fsck --strict 2>&1");
    cr_expect_str_eq(fsck, "");
}
