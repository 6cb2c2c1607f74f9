/* Removing what was kept long enough; see prune.h. */
#include "inbound/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "maildir/kept.h"

#define DAY         86400
#define LEDGER_DAYS 40  /* that hours are kept one by one; the status shows 30 of them */
#define BATCH       256 /* mails between two additions to the ledger */

typedef struct {
    const MpConfig *config;
    MpLedger *ledger;
    bool is_dry_run;
    GArray *mails[2]; /* MpKeptMail, by MpOutcome, the oldest first */
    MpPruned *pruned;
} Prune;

/* --- Which ----------------------------------------------------------------------------------- */

static const MpKeptMail *
mail_at(const Prune *prune, MpOutcome outcome, guint i)
{
    return &g_array_index(prune->mails[outcome], MpKeptMail, i);
}

/* How many of the oldest were delivered before `before`. */
static guint
count_old(const Prune *prune, MpOutcome outcome, gint64 before)
{
    guint n = 0;

    while (n < prune->mails[outcome]->len && mail_at(prune, outcome, n)->received < before)
        n++;
    return n;
}

static gint64
size_from(const Prune *prune, MpOutcome outcome, guint first)
{
    gint64 size = 0;

    for (guint i = first; i < prune->mails[outcome]->len; i++)
        size += mail_at(prune, outcome, i)->size;
    return size;
}

/* The oldest of success/ go first, since somebody may still look at those of failure/. */
static void
choose_by_size(const Prune *prune, guint *n)
{
    gint64 most = prune->config->keep_size;
    gint64 size = size_from(prune, MP_OUTCOME_SUCCESS, n[MP_OUTCOME_SUCCESS]) +
                  size_from(prune, MP_OUTCOME_FAILURE, n[MP_OUTCOME_FAILURE]);

    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; most > 0 && outcome <= MP_OUTCOME_FAILURE;
         outcome++)
        while (size > most && n[outcome] < prune->mails[outcome]->len)
            size -= mail_at(prune, outcome, n[outcome]++)->size;
}

/* --- Mails ----------------------------------------------------------------------------------- */

static bool
remove_mail(Prune *prune, int directory, MpOutcome outcome, const MpKeptMail *mail, GError **error)
{
    g_autofree char *shown = mp_escape(mail->name);

    if (!prune->is_dry_run && unlinkat(directory, mail->name, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s/%s", mp_outcome_name(outcome), shown);
    if (!prune->is_dry_run)
        mp_debug("Pruned %s/%s", mp_outcome_name(outcome), shown);
    prune->pruned->mails[outcome]++;
    prune->pruned->octets[outcome] += (guint64)mail->size;
    mp_ledger_count(prune->ledger, "pruned", mp_outcome_name(outcome), 1);
    return true;
}

static bool
remove_mails(Prune *prune, MpOutcome outcome, guint n, GError **error)
{
    g_autofree char *path =
        g_build_filename(prune->config->data, "incoming-mail", mp_outcome_name(outcome), NULL);
    g_auto(MpFd) directory = mp_open_directory(path, error);

    if (directory < 0)
        return false;
    for (guint i = 0; i < n; i++) {
        bool is_removed = remove_mail(prune, directory, outcome, mail_at(prune, outcome, i), error);

        if (!prune->is_dry_run && (!is_removed || i % BATCH == BATCH - 1 || i + 1 == n))
            mp_ledger_add_or_warn(prune->ledger);
        if (!is_removed)
            return false;
    }
    return n == 0 || prune->is_dry_run || mp_sync_directory(directory, path, error);
}

static bool
prune_mails(Prune *prune, gint64 now, GError **error)
{
    const int days[] = {prune->config->keep_success, prune->config->keep_failure};
    guint n[2] = {0, 0};

    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome <= MP_OUTCOME_FAILURE; outcome++) {
        prune->mails[outcome] = mp_kept_list(prune->config->data, outcome, error);
        if (prune->mails[outcome] == NULL)
            return false;
        if (days[outcome] > 0)
            n[outcome] = count_old(prune, outcome, now - (gint64)days[outcome] * DAY);
    }
    choose_by_size(prune, n);
    return remove_mails(prune, MP_OUTCOME_SUCCESS, n[MP_OUTCOME_SUCCESS], error) &&
           remove_mails(prune, MP_OUTCOME_FAILURE, n[MP_OUTCOME_FAILURE], error);
}

/* --- Lines ----------------------------------------------------------------------------------- */

static bool
prune_outcomes(Prune *prune, gint64 now, GError **error)
{
    const MpConfig *config = prune->config;

    if (config->keep_outcomes == 0)
        return true;
    bool good = mp_outcomes_cut(config->data, now - (gint64)config->keep_outcomes * DAY,
                                prune->is_dry_run, &prune->pruned->outcomes, error);
    if (prune->pruned->outcomes > 0 && !prune->is_dry_run) {
        mp_ledger_count(prune->ledger, "pruned", "outcomes", prune->pruned->outcomes);
        mp_ledger_add_or_warn(prune->ledger);
    }
    return good;
}

static void
log_end(const MpPruned *pruned)
{
    mp_info("Pruned %" G_GUINT64_FORMAT " %s of success, %" G_GUINT64_FORMAT
            " of failure, %" G_GUINT64_FORMAT " %s of outcomes",
            pruned->mails[MP_OUTCOME_SUCCESS],
            mp_plural(pruned->mails[MP_OUTCOME_SUCCESS], "mail", "mails"),
            pruned->mails[MP_OUTCOME_FAILURE], pruned->outcomes,
            mp_plural(pruned->outcomes, "line", "lines"));
}

bool
mp_prune(const MpInstance *instance, gint64 now, bool is_dry_run, MpPruned *pruned, GError **error)
{
    g_autoptr(MpLedger) ledger = mp_ledger_new(instance->config->data);
    Prune prune = {
        .config = instance->config, .ledger = ledger, .is_dry_run = is_dry_run, .pruned = pruned};
    bool good;

    *pruned = (MpPruned){0};
    good = prune_mails(&prune, now, error) && prune_outcomes(&prune, now, error);
    for (gsize i = 0; i < G_N_ELEMENTS(prune.mails); i++)
        g_clear_pointer(&prune.mails[i], g_array_unref);
    if (is_dry_run)
        return good;
    log_end(pruned); /* also of what was done before something went wrong */
    return good && mp_ledger_compact(instance->config->data, now - LEDGER_DAYS * DAY,
                                     &pruned->ledger, error);
}
