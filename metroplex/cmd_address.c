/* metroplex address: makes a signed address, or says what one proves. */
#include <stdio.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "site.h"

static bool
make(MpSite *site, const char *thread_text, const char *login, const char *purpose_text, GError **error)
{
    g_autoptr(MpUser) user = mp_site_user(site, login, error);
    g_autoptr(MpThread) thread = NULL;
    MpPurpose purpose = MP_PURPOSE_REPLY;
    bool is_selftest = g_strcmp0(thread_text, "0") == 0;
    guint64 id = 0;

    if (user == NULL || (!is_selftest && !mp_parse_id(thread_text, "thread", &id, error)))
        return false;
    if (purpose_text != NULL && !mp_purpose_parse(purpose_text, &purpose))
        return mp_fail(error, MP_ERROR_INPUT, "the purpose is none of: reply, unsub, bounce");
    if (!is_selftest && (thread = mp_site_thread(site, id, error)) == NULL)
        return false;
    char kind = thread != NULL ? mp_thread_address_kind(thread->kind) : 'i';
    g_autofree char *address = mp_address_make(site->keys, purpose, kind, id, user->id, user->epoch,
                                               site->config->hostname, error);
    if (address == NULL)
        return false;
    puts(address);
    return true;
}

static bool
verify(MpSite *site, const char *text, GError **error)
{
    g_autofree char *masked = mp_address_mask(text, false);
    g_autofree char *shown = mp_escape(masked);
    g_autoptr(GError) why = NULL;
    MpAddress address;

    if (mp_address_parse(text, site->config->hostname, &address) == MP_ADDRESS_FOREIGN)
        return mp_fail(error, MP_ERROR_INPUT, "%s is not of the form reply+KIND-THREAD-MAC-USER@reply.%s",
                       shown, site->config->hostname);
    g_autoptr(MpUser) user = mp_accounts_user(site->accounts, address.user, &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (user == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "%s does not verify: there is no user %" G_GUINT64_FORMAT,
                       shown, address.user);
    if (!mp_address_verify(site->keys, &address, user->epoch))
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s does not verify: forged, revoked, or of a key that is no longer in the ring", shown);
    printf("purpose: %s\nkind: %c\nthread: %" G_GUINT64_FORMAT "\nuser: %s (%" G_GUINT64_FORMAT ")\nvalid\n",
           mp_purpose_name(address.purpose), address.kind, address.thread, user->login, user->id);
    return true;
}

int
cmd_address(int argc, char **argv)
{
    g_autofree char *purpose = NULL, *to_verify = NULL;
    const GOptionEntry entries[] = {
        {"purpose", 0, 0, G_OPTION_ARG_STRING, &purpose, "reply (the default), unsub or bounce", "P"},
        {"verify", 0, 0, G_OPTION_ARG_STRING, &to_verify, "say what ADDRESS proves", "ADDRESS"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "address", "THREAD USER", "Makes the address by which USER answers THREAD; thread 0 is the self-test.",
                     0, 2, &argc, &argv);
    if (to_verify != NULL ? argc != 1 || purpose != NULL : argc != 3)
        return mp_usage_error("usage: metroplex address THREAD USER [--purpose P], or metroplex address --verify ADDRESS");
    if (!mp_site_open(&site, &options, &error) ||
        !(to_verify != NULL ? verify(&site, to_verify, &error) : make(&site, argv[1], argv[2], purpose, &error)))
        return mp_report(error);
    return EX_OK;
}
