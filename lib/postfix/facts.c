/* What is told from outside of Postfix; see postfix.h. */
#include <pwd.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/program.h"
#include "postfix/internal.h"

#define OWNER "metroplex" /* the user that the package makes */

bool
mp_postfix_facts(MpPostfixFacts *facts, const MpConfig *config, const char *owner, GError **error)
{
    const struct passwd *entry;
    struct stat st;

    *facts = (MpPostfixFacts){.verify = MP_VERIFY_AS_IS};
    if (stat(config->data, &st) == 0)
        entry = getpwuid(st.st_uid);
    else
        entry = getpwnam(owner != NULL ? owner : OWNER);
    if (entry == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "there is no user that %s belongs to: make one (adduser --system --group "
                       "--no-create-home " OWNER "), or name one with --owner",
                       config->data);
    facts->user = g_strdup(entry->pw_name);
    facts->uid = entry->pw_uid;
    facts->gid = entry->pw_gid;
    facts->program = mp_program_path("metroplex");
    return true;
}

bool
mp_postfix_asks_policy(const MpConfig *config, const MpPostfixFacts *facts)
{
    return config->policy_service == MP_POLICY_ASKED ||
           (config->policy_service == MP_POLICY_AUTO && facts->has_openings);
}

void
mp_postfix_facts_clear(MpPostfixFacts *facts)
{
    g_free(facts->user);
    g_free(facts->program);
    g_free(facts->self_test);
    g_free(facts->opendkim);
    *facts = (MpPostfixFacts){.verify = MP_VERIFY_AS_IS};
}
