/*
 * The trial: what the configuration that is to be says to a stranger's mail, told by its replies.
 * XCLIENT makes the trial's client a stranger, since Postfix trusts its own machine.
 */
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "postfix/internal.h"

#define STRANGER   "XCLIENT NAME=probe.example ADDR=192.0.2.1 HELO=probe.example"
#define FORGED     "unknown or forged reply address" /* what `metroplex policy` says */
#define SECONDS    10
#define TRIAL_MAIL "Subject: A trial of metroplex configure\r\n\r\nIt goes nowhere.\r\n."

typedef struct {
    const MpPostfix *postfix;
    const MpStage *stage;
    MpDialogue dialogue;
    bool is_stranger;    /* or this machine, which greylisting and the like leave alone */
    bool was_greylisted; /* so that not all could be seen */
} Trial;

/* --- A reply, and what it should have been ------------------------------------------------------
 */

/* What Postfix logs says more where it could not tell itself. */
static bool
fail_with(const Trial *trial, const char *about, const char *why, GError **error)
{
    bool is_told = trial->dialogue.said->str[0] == '5';
    g_autofree char *complaints = is_told ? g_strdup("") : mp_stage_complaints(trial->stage);
    g_autofree char *shown = mp_escape(about);

    return mp_fail(error, MP_ERROR_INSTALLATION,
                   "nothing was installed, since a trial of the new configuration failed: %s: %s%s",
                   shown, why, complaints);
}

/* Whether it answers. What dies as it starts is started again and again, and never does. */
static bool
speaks(const Trial *trial)
{
    struct pollfd polled = {.fd = trial->dialogue.fd, .events = POLLIN};

    for (int i = 0; i < SECONDS * 10; i++) {
        if (poll(&polled, 1, 100) > 0)
            return true;
        if (mp_stage_is_dying(trial->stage))
            return false;
    }
    return false;
}

static int
ask(Trial *trial, const char *command, GError **error)
{
    g_autoptr(GError) why = NULL;
    bool is_said = command == NULL || mp_dialogue_say(&trial->dialogue, command, &why);
    int code =
        is_said ? mp_dialogue_ask(&trial->dialogue, NULL, speaks(trial) ? SECONDS : 0, &why) : 0;

    if (code == 0)
        fail_with(trial, command != NULL ? command : "the greeting", why->message, error);
    return code;
}

/* The administrator's greylisting lets a stranger wait, whatever the address. */
static bool
is_greylisted(Trial *trial)
{
    g_autofree char *said = g_ascii_strdown(trial->dialogue.said->str, -1);
    bool is = trial->is_stranger && said[0] == '4' && strstr(said, "greylist") != NULL;

    trial->was_greylisted = trial->was_greylisted || is;
    return is;
}

static bool
expect(Trial *trial, const char *command, int expected, GError **error)
{
    int code = ask(trial, command, error);

    if (code == 0 || code == expected || is_greylisted(trial))
        return code != 0;
    g_autofree char *said = mp_escape(trial->dialogue.said->str);
    g_autofree char *why = g_strdup_printf("answered %s, not %d", said, expected);
    return fail_with(trial, command != NULL ? command : "the greeting", why, error);
}

/* --- Recipients --------------------------------------------------------------------------------
 */

static char *
recipient(const char *local, const char *domain)
{
    return g_strdup_printf("RCPT TO:<%s@%s>", local, domain);
}

static bool
expect_recipient(Trial *trial, const char *local, const char *domain, int expected, GError **error)
{
    g_autofree char *command = recipient(local, domain);

    return expect(trial, command, expected, error);
}

/* 554 by reject_unauth_destination, 454 by defer_unauth_destination, which is Debian's. */
static bool
refuses_foreign(Trial *trial, GError **error)
{
    int code = ask(trial, "RCPT TO:<somebody@elsewhere.example>", error);

    if (code == 0)
        return false;
    if (code == 554 || strstr(trial->dialogue.said->str, "454 4.7.1") != NULL)
        return true;
    g_autofree char *said = mp_escape(trial->dialogue.said->str);
    g_autofree char *why =
        g_strdup_printf("a stranger's mail to another domain is answered %s, not 554", said);
    return fail_with(trial, "RCPT TO:<somebody@elsewhere.example>", why, error);
}

/* An address of the right shape; the policy service, where it is on, knows that it is forged. */
static bool
takes_replies(Trial *trial, GError **error)
{
    const MpPostfix *postfix = trial->postfix;
    g_autofree char *shaped =
        mp_postfix_self_test_address(NULL, postfix->config->hostname, 1, 0, NULL);
    g_autofree char *command = g_strdup_printf("RCPT TO:<%s>", shaped);
    g_autofree char *good = g_strdup_printf("RCPT TO:<%s>", postfix->facts->self_test);

    if (mp_postfix_asks_policy(postfix->config, postfix->facts)) {
        if (!expect(trial, command, 550, error))
            return false;
        if (strstr(trial->dialogue.said->str, FORGED) == NULL)
            return fail_with(trial, command, "was not answered by the policy service", error);
        return postfix->facts->self_test == NULL || expect(trial, good, 250, error);
    }
    return expect(trial, postfix->facts->self_test != NULL ? good : command, 250, error);
}

/* The person is told by the address that the alias leads to. One of another machine is refused to a
 * stranger, who writes to the alias. */
static bool
knows_person(Trial *trial, GError **error)
{
    const MpPostfix *postfix = trial->postfix;
    g_autofree char *command = strchr(postfix->person, '@') != NULL
                                   ? g_strdup_printf("RCPT TO:<%s>", postfix->person)
                                   : recipient(postfix->person, postfix->origin);
    int code = ask(trial, command, error);
    const char *said = trial->dialogue.said->str;

    if (code == 0)
        return false;
    if (code == 250 || code == 554 || strstr(said, "454 4.7.1") != NULL || is_greylisted(trial))
        return true;
    g_autofree char *shown = mp_escape(said);
    g_autofree char *why =
        g_strdup_printf("who is to read the mail for postmaster@ and abuse@ (postmaster in the "
                        "group [postfix]) is answered %s",
                        shown);
    return fail_with(trial, command, why, error);
}

/* A name that nobody can have given a repository: where names may be addresses of first mails, only
 * the policy service knows. */
static bool
refuses_names(Trial *trial, const char *domain, GError **error)
{
    const MpPostfix *postfix = trial->postfix;
    bool takes_all =
        postfix->facts->has_openings && !mp_postfix_asks_policy(postfix->config, postfix->facts);

    return expect_recipient(trial, "guest-0", domain, takes_all ? 250 : 550, error);
}

static bool
judge_recipients(Trial *trial, GError **error)
{
    const MpConfig *config = trial->postfix->config;
    g_autofree char *reply = mp_config_reply_domain(config);
    g_autofree char *noreply = mp_config_noreply_domain(config);

    return takes_replies(trial, error) &&
           expect_recipient(trial, "reply+i-1-forged-1", reply, 550, error) &&
           refuses_names(trial, reply, error) &&
           (!trial->is_stranger || refuses_foreign(trial, error)) &&
           expect_recipient(trial, "anything", noreply, 250, error) &&
           expect_recipient(trial, "postmaster", reply, 250, error) &&
           expect_recipient(trial, "abuse", noreply, 250, error) && knows_person(trial, error);
}

/* noreply-address, where this machine takes mail for its domain. */
static bool
judge_noreply_address(Trial *trial, GError **error)
{
    const MpConfig *config = trial->postfix->config;
    g_autofree char *command = g_strdup_printf("RCPT TO:<%s>", config->noreply_address);
    const char *domain = strrchr(config->noreply_address, '@') + 1;
    int code = ask(trial, command, error);

    if (code == 0 || code == 250 || is_greylisted(trial))
        return code != 0;
    bool is_elsewhere =
        g_ascii_strcasecmp(domain, config->hostname) != 0 && (code == 554 || code == 454);
    g_autofree char *said = mp_escape(trial->dialogue.said->str);
    g_autofree char *why = g_strdup_printf("answered %s, not 250", said);
    return is_elsewhere || fail_with(trial, command, why, error);
}

/* --- Connections -------------------------------------------------------------------------------
 */

static bool
connect_to(Trial *trial, const char *service, GError **error)
{
    g_autofree char *path = g_build_filename(trial->stage->path, "queue/private", service, NULL);

    return mp_dialogue_open_unix(&trial->dialogue, path, error);
}

static bool
introduce(Trial *trial, GError **error)
{
    return expect(trial, NULL, 220, error) && expect(trial, "EHLO probe.example", 250, error) &&
           (!trial->is_stranger || (expect(trial, STRANGER, 220, error) &&
                                    expect(trial, "EHLO probe.example", 250, error)));
}

static bool
offers_tls(Trial *trial, GError **error)
{
    if (strstr(trial->dialogue.said->str, "STARTTLS") == NULL)
        return fail_with(trial, "EHLO", "TLS is not offered; certificate and key may not fit",
                         error);
    return true;
}

/* What follows the 220 would be TLS; the trial ends here. */
static bool
try_tls(const MpPostfix *postfix, const MpStage *stage, GError **error)
{
    Trial trial = {postfix, stage, {.fd = -1}, .is_stranger = true};
    bool good = connect_to(&trial, "probe", error) && introduce(&trial, error) &&
                offers_tls(&trial, error) &&
                (!postfix->config->enforce_tls || expect(&trial, "MAIL FROM:<>", 530, error)) &&
                expect(&trial, "STARTTLS", 220, error);

    mp_dialogue_clear(&trial.dialogue);
    return good;
}

/* A whole mail, which stays in the trial's queue: what looks at content has its say. */
static bool
takes_mail(Trial *trial, GError **error)
{
    g_autofree char *noreply = mp_config_noreply_domain(trial->postfix->config);

    if (!expect(trial, "RSET", 250, error) || !expect(trial, "MAIL FROM:<>", 250, error) ||
        !expect_recipient(trial, "anything", noreply, 250, error))
        return false;
    return is_greylisted(trial) ||
           (expect(trial, "DATA", 354, error) && expect(trial, TRIAL_MAIL, 250, error));
}

static bool
try_recipients(Trial *trial, GError **error)
{
    bool good = connect_to(trial, trial->stage->has_plain ? "plain" : "probe", error) &&
                introduce(trial, error) && expect(trial, "MAIL FROM:<>", 250, error) &&
                judge_recipients(trial, error) && judge_noreply_address(trial, error) &&
                takes_mail(trial, error) && expect(trial, "QUIT", 221, error);

    mp_dialogue_clear(&trial->dialogue);
    return good;
}

bool
mp_postfix_probe(const MpPostfix *postfix, const MpStage *stage, GError **error)
{
    bool has_certificate = *postfix->config->tls_certificate != '\0';
    Trial stranger = {postfix, stage, {.fd = -1}, .is_stranger = true};
    Trial machine = {postfix, stage, {.fd = -1}};

    return (!has_certificate || try_tls(postfix, stage, error)) &&
           try_recipients(&stranger, error) &&
           (!stranger.was_greylisted || try_recipients(&machine, error));
}
