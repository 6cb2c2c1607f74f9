/* Group config: the file itself, and values that are allowed and seldom meant. */
#include "check/internal.h"
#include "check/self_test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

/* The error, which only the checker's walk does not need, is asked for once more. */
static void
check_file(MpChecker *checker)
{
    const MpOptions *options = checker->wishes->options;
    g_autoptr(GError) error = NULL;
    g_autoptr(MpConfig) config = mp_config_load(options->config_file, options->data, &error);

    if (config != NULL)
        mp_check_ok(checker, _("%s can be read, and every value is allowed"), config->file);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("a file with known keys and allowed values"),
                      NULL, "%s", error->message);
}

/* Who may write it can run programs (on-comment). */
static void
check_owner_of(MpChecker *checker, const char *path)
{
    const char *expected = _("root's, or that of who administrates, and nobody else writes");
    struct stat st;

    if (stat(path, &st) < 0) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected, NULL, _("%s cannot be looked at: %s"),
                      path, g_strerror(errno));
        return;
    }
    g_autofree char *owner = mp_user_name(st.st_uid);
    g_autofree char *give = g_strdup_printf("chown root %s", path);
    g_autofree char *close = g_strdup_printf("chmod go-w %s", path);
    if ((st.st_mode & 022) != 0)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, close,
                      _("others may write %s: mode %04o"), path, (unsigned)st.st_mode & 07777);
    else if (checker->is_root && st.st_uid == checker->uid)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, give,
                      _("%s belongs to the user of the programs"), path);
    else if ((checker->is_root || checker->uid == 0) && st.st_uid != 0)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, give,
                      _("%s belongs to user %s, who could have any program run"), path, owner);
    else
        mp_check_ok(checker, _("%s: only user %s writes"), path, owner);
}

static void
check_owner(MpChecker *checker)
{
    g_autofree char *directory = g_path_get_dirname(checker->config->file);

    check_owner_of(checker, checker->config->file);
    check_owner_of(checker, directory);
}

static void
check_enabled(MpChecker *checker)
{
    if (checker->config->enabled)
        mp_check_ok(checker, _("mail is taken and sent"));
    else
        mp_check_tell(checker, MP_CHECK_WARNING, "[smtp] enabled = true", NULL,
                      _("[smtp] enabled = false: mail stays in new/, and none is sent"));
}

static void
check_transport(MpChecker *checker)
{
    const MpConfig *config = checker->config;

    if (config->transport == MP_TRANSPORT_MAILDIR)
        mp_check_tell(checker, MP_CHECK_WARNING, "[smtp] transport = smtp", NULL,
                      _("notifications are not sent, but put into %s"), config->maildir);
    else
        mp_check_ok(checker, _("notifications go to %s, port %d"), config->smtp_address,
                    config->smtp_port);
}

static bool
is_this_machine(const char *host)
{
    return strcmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") ||
           strcmp(host, "::1") == 0;
}

static void
check_tls(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    const char *expected = _("[smtp] tls = starttls or implicit");

    if (config->transport == MP_TRANSPORT_MAILDIR || config->tls != MP_TLS_NONE)
        mp_check_ok(checker, _("nothing is sent in clear text"));
    else if (is_this_machine(config->smtp_address))
        mp_check_ok(checker, _("clear text, but only within this machine"));
    else if (config->authentication != MP_AUTH_NONE)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL,
                      _("the password is sent to %s in clear text"), config->smtp_address);
    else
        mp_check_tell(checker, MP_CHECK_WARNING, expected, NULL,
                      _("mail is sent to %s in clear text"), config->smtp_address);
}

static void
check_senders(MpChecker *checker)
{
    const MpConfig *config = checker->config;
    bool is_trusting = *config->authserv_id != '\0';

    if (!is_trusting && mp_check_has_openings(checker))
        mp_check_tell(checker, MP_CHECK_FAILED, _("[address] authserv-id, and a milter behind it"),
                      "metroplex configure --verify opendkim --apply",
                      _("first mails may open threads, and all are held: nothing verifies them"));
    else if (config->identity == MP_IDENTITY_TOKEN)
        mp_check_tell(checker, MP_CHECK_WARNING, "[address] identity = strict", NULL,
                      _("whoever has an address of ours may write as its account"));
    else if (is_trusting)
        mp_check_ok(checker, _("the verdicts of %s are believed"), config->authserv_id);
    else
        mp_check_tell(checker, MP_CHECK_WARNING, _("[address] authserv-id, and a milter behind it"),
                      "metroplex configure --verify opendkim --apply",
                      _("nothing verifies that a mail comes from who From says"));
}

const MpCheck mp_checks_config[] = {
    {"config", "file", N_("Configuration"), check_file,
     N_("Mend the line that is named; see metroplex.conf(5)")},
    {"config", "owner", N_("Its owner and mode"), check_owner, NULL},
    {"config", "enabled", N_("Mail"), check_enabled,
     N_("Set [smtp] enabled = true when it shall begin")},
    {"config", "transport", N_("Sending"), check_transport,
     N_("Set [smtp] address, port and transport = smtp, then: notifier test ADDRESS")},
    {"config", "tls", N_("Encryption"), check_tls,
     N_("Set [smtp] tls = starttls, or implicit for port 465")},
    {"config", "senders", N_("Senders"), check_senders, N_("Set [address] identity = strict")},
};
const gsize mp_checks_config_n = G_N_ELEMENTS(mp_checks_config);
