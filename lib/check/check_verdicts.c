/*
 * Group postfix: whether a client could write the finding that its mail is good
 * (Authentication-Results) and be believed.
 */
#include "check/internal.h"

#include "base/text.h"
#include "postfix/postfix.h"

static void
tell_opendkim(MpChecker *checker, const char *file, const char *lacks)
{
    g_autofree char *advice =
        *lacks == '\0'
            ? g_strdup("metroplex settings set address.own-received=1")
            : g_strdup_printf(_("metroplex settings set address.own-received=1; and say in %s: %s"),
                              file, lacks);

    mp_check_tell(
        checker, MP_CHECK_WARNING,
        _("[address] own-received, and an OpenDKIM that takes away what clients wrote"), advice,
        *lacks == '\0' ? _("OpenDKIM overlooks some of the verdicts that a client writes itself")
                       : _("OpenDKIM leaves verdicts that a client writes itself, such as "
                           "dmarc=pass"));
}

static void
tell(MpChecker *checker, const MpPostfixFacts *facts)
{
    const MpConfig *config = checker->config;
    const char *file = NULL;
    g_autoptr(MpPostfix) postfix = mp_postfix_open(config, facts, NULL);
    g_autofree char *lacks = postfix != NULL ? mp_postfix_opendkim_lacks(postfix, &file) : NULL;

    if (lacks != NULL)
        tell_opendkim(checker, file, lacks);
    else
        mp_check_ok(checker, _("verdicts above the second Received are believed: the filter has "
                               "to take away what clients wrote"));
}

void
mp_check_verdicts(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    g_auto(MpPostfixFacts) facts = {0};

    if (config->authserv_id[0] == '\0')
        mp_check_ok(checker, _("no verdict is believed: [address] authserv-id is empty"));
    else if (config->own_received > 0)
        mp_check_ok(checker, _("only verdicts above Received number %d are believed"),
                    config->own_received);
    else {
        mp_check_as_root(checker);
        if (mp_postfix_facts(&facts, config, NULL, NULL))
            tell(checker, &facts);
        mp_check_as_owner(checker);
    }
}
