/*
 * metroplex policy: asked by Postfix at RCPT TO, under spawn(8), whether a recipient is one that we
 * made. A forged address is refused while the client waits, so that no mail of it is ever queued.
 *
 * It only spares work: metroplex verifies every mail again. So whatever goes wrong here ends in
 * DUNNO, and never in a refusal. One process answers many queries, for days: it looks before each
 * whether configuration, keys or accounts have changed. It takes no lock and writes nothing but the
 * log; spawn(8) gives it one socket for input, output and errors, so nothing else may be printed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "address/opening.h"
#include "address/question.h"
#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "commands.h"
#include "instance/instance.h"
#include "policy/delegation.h"
#include "tracker/repositories.h"

#define NO_OPINION "DUNNO"
/* One text for every fault: it tells nobody whether an account or a thread exists. */
#define FORGED     "550 5.1.1 unknown or forged reply address"
#define OVER_LIMIT "450 4.7.1 too many replies for now; try again later"
/* Of an address for first mails: it does not tell either whether there is such a repository. */
#define CLOSED   "550 5.1.1 unknown address, or one that takes no mail"
#define TOO_MANY "450 4.7.1 too many mails for now; try again later"

/* Tells one version of a file from another. */
typedef struct {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
} Stamp;

typedef struct {
    MpOptions options;
    MpInstance instance; /* as much of it as could be opened */
    Stamp config_stamp, keys_stamp;
    bool is_logging;
} Policy;

/* --- What it knows, as it is now ---------------------------------------------------------------
 */

static bool
stamp_of(const char *path, Stamp *stamp, GError **error)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", path);
    *stamp = (Stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
    return true;
}

static bool
is_same(const Stamp *a, const Stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Opened anew for every line, which are few: logrotate may have moved it since the last. */
static bool
open_log(Policy *policy, GError **error)
{
    policy->is_logging = policy->instance.config != NULL &&
                         mp_instance_open_log(&policy->instance, "metroplex.log", error);
    return policy->is_logging;
}

static bool
load_config(Policy *policy, GError **error)
{
    MpInstance *instance = &policy->instance;
    Stamp now;

    if (!stamp_of(policy->options.config_file, &now, error))
        return false;
    if (instance->config != NULL && is_same(&now, &policy->config_stamp))
        return true;
    mp_instance_close(instance);
    policy->config_stamp = now;
    return mp_instance_load(instance, &policy->options, error) && open_log(policy, error);
}

/* With the keys that were, an address made with the newest would be refused: rather none. */
static bool
load_keys(Policy *policy, GError **error)
{
    MpInstance *instance = &policy->instance;
    Stamp now;

    if (!stamp_of(instance->config->keys, &now, error))
        return false;
    if (instance->keys != NULL && is_same(&now, &policy->keys_stamp))
        return true;
    if (instance->keys != NULL)
        mp_info("policy: the address keys have changed and are read again");
    g_clear_pointer(&instance->keys, mp_key_ring_free);
    policy->keys_stamp = now;
    return mp_instance_open_keys(instance, error);
}

static bool
load_tracker(Policy *policy, GError **error)
{
    MpInstance *instance = &policy->instance;

    return instance->is_open ? mp_instance_refresh(instance, error)
                             : mp_instance_open_tracker(instance, error);
}

static bool
look_again(Policy *policy, GError **error)
{
    if (load_config(policy, error) && load_keys(policy, error) && load_tracker(policy, error))
        return true;
    if (!policy->is_logging) /* a configuration or log directory that cannot be read */
        mp_instance_close(&policy->instance);
    return false;
}

/* --- What it answers ----------------------------------------------------------------------------
 */

/* Names that Postfix's table has in this domain beside our addresses (RFC 5321, section 4.5.1, and
 * RFC 2142): it is Postfix's to know whether there is one. */
static bool
is_role(const char *local)
{
    static const char *const roles[] = {"postmaster", "abuse"};

    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
        if (g_ascii_strcasecmp(local, roles[i]) == 0)
            return true;
    return false;
}

static bool
is_for_replies(const MpConfig *config, const char *recipient)
{
    const char *at = strrchr(recipient, '@');
    g_autofree char *ours = mp_config_reply_domain(config);

    if (at == NULL || mp_same_address(recipient, config->noreply_address, false))
        return false;
    g_autofree char *local = g_strndup(recipient, (gsize)(at - recipient));
    g_autofree char *domain = mp_domain_fold(at + 1);
    g_autofree char *folded = mp_domain_fold(ours);
    if (g_str_has_suffix(domain, ".")) /* of the root */
        domain[strlen(domain) - 1] = '\0';
    return strcmp(domain, folded) == 0 && !is_role(local);
}

/* A mail that metroplex would refuse as rate-limited is told to come again, so that it is not lost.
 */
static bool
is_over_limit(Policy *policy, guint64 user, guint64 thread)
{
    const char *which;

    mp_rate_begin(policy->instance.rate);
    return mp_instance_is_over_rate(&policy->instance, user, false, thread, mp_time_now(), &which);
}

/* False for errors only: it cannot be known. The same is computed for an account or a
 * thread that does not exist, so that the time tells no more than the text; one whose thread is
 * gone is ours by the account's half of its MAC, and metroplex tells it why. */
static bool
verify(Policy *policy, const MpAddress *address, bool *is_good, GError **error)
{
    g_autoptr(MpUser) account = NULL;
    g_autoptr(MpThread) thread = NULL;

    if (!mp_accounts_user(policy->instance.accounts, address->user, &account, error))
        return false;
    bool is_known = mp_address_verify(policy->instance.keys, address, NULL,
                                      account != NULL ? account->epoch : 0);
    if (is_known && !mp_tracker_thread(policy->instance.tracker, address->thread, &thread, error))
        return false;
    const char *nonce = thread != NULL ? thread->nonce : address->thread == 0 ? "" : NULL;
    *is_good = is_known && account != NULL &&
               mp_address_verify(policy->instance.keys, address, nonce, account->epoch);
    return true;
}

/* Whom we asked will be known when the mail is read; that we did is enough for now. */
static const char *
judge_question(const Policy *policy, const MpQuestionAddress *address)
{
    return mp_question_address_verify(policy->instance.keys, address, NULL) ? NO_OPINION : FORGED;
}

/* The same of what is no signed address, but may be one that opens a thread. Whose mail it is will
 * be known when it is read; thread 0 stands for those to be opened. */
static const char *
judge_opening(Policy *policy, const char *recipient, GError **error)
{
    const MpInstance *instance = &policy->instance;
    g_autofree char *local = mp_opening_parse(recipient, instance->config->hostname);
    g_autoptr(MpRepository) repository = NULL;

    if (local == NULL)
        return FORGED;
    if (!mp_tracker_repository_at(instance->tracker, local, &repository, error))
        return NULL;
    if (repository == NULL || repository->open == MP_OPEN_OFF)
        return CLOSED;
    return is_over_limit(policy, 0, 0) ? TOO_MANY : NO_OPINION;
}

/* NULL with *error set if it cannot be known. */
static const char *
judge(Policy *policy, const char *recipient, GError **error)
{
    MpQuestionAddress question;
    MpAddress address;
    bool is_good;

    if (!is_for_replies(policy->instance.config, recipient))
        return NO_OPINION;
    if (mp_question_address_parse(recipient, policy->instance.config->hostname, &question))
        return judge_question(policy, &question);
    if (mp_address_parse(recipient, policy->instance.config->hostname, &address) ==
        MP_ADDRESS_FOREIGN)
        return judge_opening(policy, recipient, error);
    if (!verify(policy, &address, &is_good, error))
        return NULL;
    if (!is_good)
        return FORGED;
    if (address.purpose == MP_PURPOSE_REPLY && is_over_limit(policy, address.user, address.thread))
        return OVER_LIMIT;
    return NO_OPINION; /* a suspended account too: metroplex tells it why */
}

static void
tell_trouble(Policy *policy, const char *what)
{
    if (open_log(policy, NULL))
        mp_error("policy: %s; Postfix was told DUNNO", what);
    else
        syslog(LOG_ERR, "policy: %s; Postfix was told DUNNO", what);
}

static void
tell_refusal(Policy *policy, const MpPolicyRequest *request, const char *action)
{
    g_autofree char *masked = mp_address_mask(request->recipient, MP_MASK_MACS);
    g_autofree char *recipient = mp_escape(masked);
    g_autofree char *client = mp_escape(request->client);

    if (open_log(policy, NULL))
        mp_info("policy: %s from %s: %s", recipient, client, action);
}

static const char *
decide(Policy *policy, const MpPolicyRequest *request)
{
    g_autoptr(GError) error = NULL;
    const char *action = NULL;

    if (!mp_policy_request_is_understood(request)) {
        tell_trouble(policy, "a request that is none, or over a limit");
        return NO_OPINION;
    }
    if (look_again(policy, &error))
        action = judge(policy, request->recipient, &error);
    if (action == NULL) {
        tell_trouble(policy, error->message);
        return NO_OPINION;
    }
    if (strcmp(action, NO_OPINION) != 0)
        tell_refusal(policy, request, action);
    return action;
}

/* --- The conversation ---------------------------------------------------------------------------
 */

static bool
answer(const char *action)
{
    g_autofree char *text = g_strdup_printf("action=%s\n\n", action);

    return mp_write_all(STDOUT_FILENO, text, strlen(text), NULL);
}

/* Every request that the octets complete; false, and errno, if Postfix is gone. */
static bool
answer_all(Policy *policy, MpPolicyRequest *request, const char *octets, gsize length)
{
    while (length > 0) {
        bool is_complete;
        gsize used = mp_policy_request_feed(request, octets, length, &is_complete);

        octets += used;
        length -= used;
        if (!is_complete)
            continue;
        bool good = answer(decide(policy, request));
        mp_policy_request_clear(request);
        if (!good)
            return false;
    }
    return true;
}

static int
converse(Policy *policy)
{
    MpPolicyRequest request = {.length = 0};
    char buffer[8192];

    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer, sizeof buffer);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? EX_IOERR : EX_OK;
        if (!answer_all(policy, &request, buffer, (gsize)n)) {
            int code = errno;

            if (code == EPIPE)
                return EX_OK;
            fprintf(stderr, "%s: cannot write standard output: %s\n", g_get_prgname(),
                    g_strerror(code));
            return EX_IOERR;
        }
    }
}

/* Postfix would read as an answer what is printed as an error. */
static void
keep_errors_apart(void)
{
    struct stat out, err;

    if (fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
        out.st_dev == err.st_dev && out.st_ino == err.st_ino &&
        freopen("/dev/null", "w", stderr) == NULL)
        close(STDERR_FILENO);
}

int
cmd_policy(int argc, char **argv)
{
    Policy policy = {.is_logging = false};

    mp_options_parse(
        &policy.options, NULL, "",
        "Answers Postfix's policy queries (check_policy_service) on standard input: 550 5.1.1 for\n"
        "an address of the reply domain that was forged or revoked, or opens no thread, 450 4.7.1\n"
        "for one that is over a limit of an hour, DUNNO for everything else.\n"
        "Started by spawn(8), not by people.",
        0, 0, &argc, &argv);
    keep_errors_apart();
    openlog("metroplex", LOG_PID, LOG_MAIL);
    int status = converse(&policy);
    mp_instance_close(&policy.instance);
    mp_options_clear(&policy.options);
    return status;
}
