/* metroplex address: makes a signed address, or says why one does not verify. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "address/question.h"
#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "instance/instance.h"

/* --- Make ---------------------------------------------------------------------------------- */

/* Thread 0 is the self-test: *thread is NULL. */
static bool
find_thread(MpInstance *instance, const char *text, MpThread **thread, GError **error)
{
    guint64 id;

    *thread = NULL;
    if (strcmp(text, "0") == 0)
        return true;
    if (!mp_parse_id(text, "thread", &id, error))
        return false;
    *thread = mp_instance_thread(instance, id, error);
    return *thread != NULL;
}

static bool
make(MpInstance *instance, char **words, MpPurpose purpose, GError **error)
{
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpUser) user = NULL;
    g_autofree char *address = NULL;

    if (!find_thread(instance, words[0], &thread, error))
        return false;
    user = mp_instance_user(instance, words[1], error);
    if (user == NULL)
        return false;
    const MpAddressSubject subject = {
        .kind = mp_thread_address_kind(thread != NULL ? thread->kind : MP_ISSUE),
        .thread = thread != NULL ? thread->id : 0,
        .nonce = thread != NULL ? thread->nonce : "",
        .user = user->id,
        .epoch = user->epoch,
    };
    address = mp_address_make(instance->keys, purpose, &subject, instance->config->hostname, error);
    if (address == NULL)
        return false;
    printf("%s\n", address);
    return true;
}

/* --- Verify ------------------------------------------------------------------------------------
 */

static bool
is_revoked(const MpInstance *instance, const MpAddress *address, const MpUser *user)
{
    for (guint i = 0; user->revoked != NULL && i < user->revoked->len; i++)
        if (mp_address_verify(instance->keys, address, NULL,
                              g_array_index(user->revoked, guint64, i)))
            return true;
    return false;
}

static bool
verify_user(MpInstance *instance, const MpAddress *address, MpUser **user, GError **error)
{
    if (!mp_accounts_user(instance->accounts, address->user, user, error))
        return false;
    if (*user == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "no account has the id %" G_GUINT64_FORMAT,
                       address->user);
    if (mp_address_verify(instance->keys, address, NULL, (*user)->epoch))
        return true;
    if (is_revoked(instance, address, *user))
        return mp_fail(error, MP_ERROR_INPUT,
                       "revoked: it was good until `metroplex user revoke %s`", (*user)->login);
    return mp_fail(error, MP_ERROR_INPUT,
                   "its signature is wrong: mistyped, forged, made with a key that is gone, or for "
                   "an account that had this id before the accounts were set back");
}

static bool
verify_thread(MpInstance *instance, const MpAddress *address, const MpUser *user, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (address->thread == 0)
        return mp_address_verify(instance->keys, address, "", user->epoch) ||
               mp_fail(error, MP_ERROR_INPUT, "its signature is wrong: mistyped or forged");
    thread = mp_instance_thread(instance, address->thread, error);
    if (thread == NULL)
        return false;
    if (!mp_address_verify(instance->keys, address, thread->nonce, user->epoch))
        return mp_fail(error, MP_ERROR_INPUT,
                       "its signature is wrong: mistyped, forged, or made for a thread that was "
                       "%" G_GUINT64_FORMAT " before the tracker was set back",
                       thread->id);
    return mp_thread_address_kind(thread->kind) == address->kind ||
           mp_fail(error, MP_ERROR_INPUT, "thread %" G_GUINT64_FORMAT " is of another kind",
                   thread->id);
}

/* From whom a mail must come to count there, only who was asked knows. */
static bool
verify_question(const MpInstance *instance, const MpQuestionAddress *question, GError **error)
{
    if (!mp_question_address_verify(instance->keys, question, NULL))
        return mp_fail(error, MP_ERROR_INPUT,
                       "its signature is wrong: mistyped, forged, or made "
                       "with a key that is gone");
    printf("purpose  ok (to confirm a held mail)\nkey      %s\nvalid, from whom was asked\n",
           question->key);
    return true;
}

static bool
verify(MpInstance *instance, const char *text, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    MpQuestionAddress question;
    MpAddress address;

    if (mp_question_address_parse(text, instance->config->hostname, &question))
        return verify_question(instance, &question, error);
    if (mp_address_parse(text, instance->config->hostname, &address) == MP_ADDRESS_FOREIGN)
        return mp_fail(error, MP_ERROR_INPUT,
                       "not of the form PURPOSE+KIND-THREAD-MAC-USER@reply.%s",
                       instance->config->hostname);
    if (!verify_user(instance, &address, &user, error) ||
        !verify_thread(instance, &address, user, error))
        return false;
    printf("purpose  %s\nkind     %c\nthread   %" G_GUINT64_FORMAT "%s\nuser     %s%s\nvalid\n",
           mp_purpose_name(address.purpose), address.kind, address.thread,
           address.thread == 0 ? " (the self-test)" : "", user->login,
           user->is_active ? "" : " (suspended)");
    return true;
}

/* --- The command --------------------------------------------------------------------------------
 */

/* The address is shown without its MAC: what is printed may end in a log. */
static int
verify_command(MpInstance *instance, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *masked = NULL, *shown = NULL;

    if (verify(instance, text, &error))
        return EX_OK;
    masked = mp_address_mask(text, MP_MASK_MACS);
    shown = mp_escape(masked);
    g_prefix_error(&error, "%s: ", shown);
    return mp_report(error);
}

int
cmd_address(int argc, char **argv)
{
    g_autofree char *to_verify = NULL, *purpose_name = NULL;
    const GOptionEntry entries[] = {
        {"purpose", 0, 0, G_OPTION_ARG_FILENAME, &purpose_name, "what it is for (reply)",
         "reply|unsub|bounce"},
        {"verify", 0, 0, G_OPTION_ARG_FILENAME, &to_verify,
         "say whose ADDRESS is, or why it does not verify", "ADDRESS"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    MpPurpose purpose = MP_PURPOSE_REPLY;

    mp_options_parse(
        &options, entries, "THREAD LOGIN [--purpose reply|unsub|bounce] | --verify ADDRESS",
        "Prints the address by which LOGIN answers THREAD (0: the self-test), or checks one.", 0, 2,
        &argc, &argv);
    if (to_verify != NULL ? argc != 1 || purpose_name != NULL : argc != 3)
        return mp_usage_error(
            argv[0], "usage: metroplex address THREAD LOGIN [--purpose reply|unsub|bounce], or "
                     "metroplex address --verify ADDRESS");
    if (purpose_name != NULL)
        mp_purpose_parse(purpose_name, &purpose);
    if (!mp_instance_read(&instance, &options, true, &error))
        return mp_report(error);
    if (to_verify != NULL)
        return verify_command(&instance, to_verify);
    return make(&instance, argv + 1, purpose, &error) ? EX_OK : mp_report(error);
}
