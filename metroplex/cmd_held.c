/* metroplex held: first mails that wait for a proof of who wrote them: listed, accepted, rejected.
 */
#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "commands.h"
#include "inbound/inbound.h"
#include "kept_mails.h"

static int
held_list(int argc, char **argv)
{
    return kept_mails_list(
        MP_OUTCOME_HELD,
        "Lists the first mails that nobody has proved to be their author's yet, the oldest\n"
        "first: date, reason, file, sender and subject. For example: metroplex held list",
        argc, argv);
}

static int
held_show(int argc, char **argv)
{
    return kept_mails_show(MP_OUTCOME_HELD,
                           "Shows one mail that is held, and what accepts it. FILE is a name as\n"
                           "metroplex held list prints it. Example:\n"
                           "    metroplex held show 1795944714.V1I1MRust.mx",
                           argc, argv);
}

/* Their names, each once; MP_ERROR_INPUT if one is not there, so that nothing is done with the
 * others. */
static GPtrArray *
find_names(const MpInstance *instance, char **files, GError **error)
{
    g_autoptr(GArray) mails = mp_kept_list(instance->config->data, MP_OUTCOME_HELD, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    if (mails == NULL)
        return NULL;
    for (; *files != NULL; files++) {
        const MpKeptMail *mail = kept_mails_find(mails, MP_OUTCOME_HELD, *files, error);

        if (mail == NULL)
            return NULL;
        if (!g_ptr_array_find_with_equal_func(names, mail->name, g_str_equal, NULL))
            g_ptr_array_add(names, g_strdup(mail->name));
    }
    return g_steal_pointer(&names);
}

typedef bool (*Settle)(MpInbound *inbound, const char *name, GError **error);

static int
settle(Settle one, const char *summary, int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(MpInbound) inbound = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, NULL, "FILE…", summary, 1, G_MAXINT, &argc, &argv);
    if (!mp_instance_begin(&instance, &options, &error) ||
        !mp_inbound_open(&inbound, &instance, &error))
        return mp_report(error);
    g_autoptr(GPtrArray) names = find_names(&instance, argv + 1, &error);
    if (names == NULL)
        return mp_report(error);
    mp_log_to_stderr(MP_LOG_INFO);
    for (guint i = 0; i < names->len; i++)
        if (!one(&inbound, names->pdata[i], &error))
            return mp_report(error);
    if (inbound.first_deferral != NULL)
        return mp_error_exit_status(inbound.first_deferral);
    return one == mp_inbound_accept_held && inbound.n_failure > 0 ? EX_DATAERR : EX_OK;
}

static int
held_accept(int argc, char **argv)
{
    return settle(
        mp_inbound_accept_held,
        "Takes held mails for what their From says: each opens its thread under the\n"
        "account that has that address. FILE is a name as metroplex held list prints it. If one\n"
        "is not there, nothing is done with the others. Example:\n"
        "    metroplex held accept 1795944714.V1I1MRust.mx",
        argc, argv);
}

static int
held_reject(int argc, char **argv)
{
    return settle(mp_inbound_reject_held,
                  "Files held mails as refused; nobody hears of it. FILE is a name as\n"
                  "metroplex held list prints it. If one is not there, nothing is done with the "
                  "others. Example:\n"
                  "    metroplex held reject 1795944714.V1I1MRust.mx",
                  argc, argv);
}

static const MpCommand subcommands[] = {
    {"list", held_list, "[--json]: first mails that wait for a proof of their author"},
    {"show", held_show, "FILE: one of them"},
    {"accept", held_accept, "FILE…: each opens its thread"},
    {"reject", held_reject, "FILE…: each is refused"},
};

int
cmd_held(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
