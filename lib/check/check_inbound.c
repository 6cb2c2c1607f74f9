/*
 * Group inbound: the round trip. A mail goes to an address of thread 0 and its stations are
 * watched; the first that it does not reach is the diagnosis. A second one brings a forged
 * Authentication-Results, which nobody may believe.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "check/self_test.h"
#include "check/trip.h"
#include "postfix/postfix.h"

#define HEAD (256 * 1024) /* octets of a mail in which its header ends */

/* --- The one trip that all stations are of -----------------------------------------------------
 */

/* A Maildir takes all and passes nothing on. Told once, as no station could be seen. */
static bool
has_way(MpChecker *checker)
{
    bool has_way = checker->wishes->is_local || checker->config->transport == MP_TRANSPORT_SMTP;

    if (!has_way && !checker->has_told_self_test)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a server that takes mail"),
                      _("Set [smtp] transport = smtp, or hand the mail to this machine's Postfix: "
                        "metroplex check inbound --local"),
                      _("no server is asked: transport = maildir"));
    checker->has_told_self_test |= !has_way;
    return has_way;
}

static MpTrip *
trip_of(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;

    if (!has_way(checker))
        return NULL;
    if (checker->trip == NULL)
        checker->trip = mp_trip_make(checker, NULL, &error);
    if (checker->trip == NULL)
        mp_self_test_tell(checker, _("an address of the self-test"), error);
    return checker->trip;
}

/* With another effective user Postfix's tools would not hear of MAIL_CONFIG. */
char *
mp_check_mail_log(const MpChecker *checker)
{
    mp_check_as_root(checker);
    g_autofree char *file = mp_postfix_log_file(NULL);
    bool can_be_read =
        file != NULL && *file != '\0' && faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0;
    mp_check_as_owner(checker);
    return can_be_read ? g_steal_pointer(&file) : NULL;
}

/* True where the station was passed, or an earlier one was not: told either way. */
static bool
is_told(MpChecker *checker, const MpTrip *trip, MpStation station, guint first_missing)
{
    gint64 time = trip->times[station];

    if (time >= 0)
        mp_check_ok(checker, _("after %.2f s"), (double)time / G_USEC_PER_SEC);
    else if ((guint)station < trip->n_passed)
        mp_check_ok(checker, _("too quick to be seen"));
    else if ((guint)station > first_missing)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("the mail comes here"),
                      _("Mend the station before it first"), _("it did not come so far"));
    else
        return false;
    return true;
}

/* The first station that was not passed; one whose log cannot be read is not missing. */
static guint
first_missing(const MpTrip *trip)
{
    if (trip->n_passed == MP_STATION_LOGGED && trip->log_file == NULL)
        return MP_STATION_DELIVERED;
    return trip->n_passed;
}

/* --- Stations ----------------------------------------------------------------------------------
 */

static void
check_taken(MpChecker *checker)
{
    const MpTrip *trip = trip_of(checker);
    bool is_local = checker->wishes->is_local;

    if (trip == NULL || is_told(checker, trip, MP_STATION_TAKEN, first_missing(trip)))
        return;
    if (!is_local)
        mp_check_tell(checker, MP_CHECK_FAILED, _("the SMTP server takes it"),
                      _("metroplex check outbound; notifier test ADDRESS shows the conversation"),
                      "%s", trip->refusal);
    else if (trip->is_open)
        mp_check_tell(checker, MP_CHECK_FAILED, _("Postfix listens on port 25 and answers"),
                      _("Start it: systemctl start postfix; then: metroplex check postfix"),
                      _("Postfix does not answer on port 25: %s"), trip->refusal);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("Postfix takes mail to a reply address"),
                      "metroplex configure --apply", _("Postfix refuses it: %s"), trip->refusal);
}

static void
check_logged(MpChecker *checker)
{
    const MpTrip *trip = trip_of(checker);
    const char *expected = _("Postfix of this machine gets it");

    if (trip == NULL)
        return;
    if (trip->n_passed <= MP_STATION_LOGGED && trip->n_passed > 0 && trip->log_file == NULL)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected,
                      _("Set maillog_file = /var/log/mail.log in Postfix, and look as root"),
                      _("there is no log of Postfix that can be read"));
    else if (is_told(checker, trip, MP_STATION_LOGGED, first_missing(trip)))
        return;
    else if (trip->is_rejected)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, "metroplex configure --apply",
                      _("Postfix turned it away: %s"), trip->trouble);
    else if (mp_postfix_listens(25) == MP_LISTENS_NOWHERE)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Start it: systemctl start postfix; then: metroplex check postfix"),
                      _("the server took it, and Postfix does not listen on port 25 here"));
    else
        mp_check_tell(
            checker, MP_CHECK_FAILED, expected,
            _("Look for it in the server's queue and log; metroplex check dns says where the MX "
              "leads, metroplex check --from-elsewhere how to try port 25"),
            _("the server took it, and it did not come here"));
}

static void
check_delivered(MpChecker *checker)
{
    const MpTrip *trip = trip_of(checker);
    const char *expected = _("Postfix puts it into new/");

    if (trip == NULL || is_told(checker, trip, MP_STATION_DELIVERED, first_missing(trip)))
        return;
    if (trip->trouble == NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("See what Postfix says of it: postqueue -p"),
                      _("it did not come into new/"));
    else if (strstr(trip->trouble, "maildir") != NULL ||
             strstr(trip->trouble, "Permission") != NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("metroplex check files says whose the Maildir must be; then: postqueue -f"),
                      _("Postfix cannot write it: %s"), trip->trouble);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, expected, "metroplex configure --apply",
                      _("Postfix does not deliver it: %s"), trip->trouble);
}

/* Whether a run began since the mail was sent. */
static bool
has_run(const MpChecker *checker, const MpTrip *trip)
{
    g_autofree char *path = mp_config_path(checker->config, "run.lock");
    struct stat st;

    return stat(path, &st) == 0 && (gint64)st.st_mtime >= trip->begun_at;
}

static void
tell_not_run(MpChecker *checker, const MpTrip *trip)
{
    const char *expected = _("a run takes it");

    if (trip->error != NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Mend what the line says; the next run goes on"), _("metroplex fails: %s"),
                      trip->error);
    else if (has_run(checker, trip))
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Start it by hand and read what it says: metroplex --once"),
                      _("a run began, and left the mail in new/"));
    else if (!checker->config->enabled)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Set [smtp] enabled = true when it shall begin"),
                      _("[smtp] enabled = false: the mail stays in new/"));
    else
        mp_check_tell(
            checker, MP_CHECK_FAILED, expected,
            _("metroplex check timers says what should start it; metroplex --once runs now"),
            _("no run began since: the timer is off, or the program cannot be started"));
}

static void
check_processed(MpChecker *checker)
{
    const MpTrip *trip = trip_of(checker);

    if (trip != NULL && !is_told(checker, trip, MP_STATION_PROCESSED, first_missing(trip)))
        tell_not_run(checker, trip);
}

static void
tell_outcome(MpChecker *checker, const MpTrip *trip)
{
    const char *expected = _("success, as a self-test");

    if (strcmp(trip->reason, "self-test") == 0)
        mp_check_ok(checker, _("as a self-test, after %.2f s"),
                    (double)trip->times[MP_STATION_FILED] / G_USEC_PER_SEC);
    else if (strcmp(trip->reason, "bad-address") == 0)
        mp_check_tell(
            checker, MP_CHECK_FAILED, expected,
            _("Compare the file of [address] keys with that of the configuration which the "
              "runs use, and with the backup; see who changed it"),
            _("its address does not verify: the key was changed, or the runs have another"));
    else
        mp_check_tell(checker, MP_CHECK_FAILED, expected, _("metroplex explain FILE says why"),
                      _("it ended in %s, as %s: %s"), trip->outcome, trip->reason, trip->file);
}

static void
check_filed(MpChecker *checker)
{
    const MpTrip *trip = trip_of(checker);

    if (trip == NULL)
        return;
    if (trip->n_passed == MP_N_STATIONS)
        tell_outcome(checker, trip);
    else if (!is_told(checker, trip, MP_STATION_FILED, first_missing(trip)))
        mp_check_tell(checker, MP_CHECK_FAILED, _("success, as a self-test"),
                      _("Start it by hand and read what it says: metroplex --once"),
                      _("metroplex began with it, and did not end it: %s"),
                      trip->error != NULL ? trip->error : "-");
}

/* --- The forgery -------------------------------------------------------------------------------
 */

#define FORGED "forged-by-the-self-test"

/* The header of the mail as it was filed; the caller's, NULL if it cannot be read. */
static char *
header_of(const MpChecker *checker, const MpTrip *trip)
{
    g_autofree char *below = g_build_filename("incoming-mail", trip->outcome, NULL);
    g_autofree char *path = mp_config_path(checker->config, below);
    g_auto(MpFd) directory = mp_open_directory(path, NULL);
    g_autofree char *text = NULL;

    if (directory < 0 || !mp_read_file(directory, trip->file, HEAD, &text, NULL, NULL))
        return NULL;
    char *end = strstr(text, "\n\n");
    if (end != NULL)
        *end = '\0';
    return g_steal_pointer(&text);
}

/* Whether it stands where a verdict counts, which own-received says. */
static bool
is_believed(const MpConfig *config, const char *header)
{
    const char *forged = strstr(header, FORGED);
    int n_received = g_str_has_prefix(header, "Received:");

    for (const char *p = header; forged != NULL && (p = strchr(p, '\n')) != NULL && p < forged; p++)
        n_received += g_str_has_prefix(p + 1, "Received:");
    return forged != NULL && (config->own_received == 0 || n_received < config->own_received);
}

static void
tell_forgery(MpChecker *checker, const MpTrip *trip, const char *id)
{
    g_autofree char *header = trip->n_passed == MP_N_STATIONS ? header_of(checker, trip) : NULL;
    const char *expected = _("the receiving server takes away what is said in its name");
    const char *advice = _("metroplex configure --verify opendkim --apply, and where it was: "
                           "metroplex settings set address.own-received=1");

    if (header == NULL)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected, _("Mend the stations of the mail first"),
                      _("the mail with a forged verdict did not come to its end"));
    else if (is_believed(checker->config, header))
        mp_check_tell(checker, MP_CHECK_FAILED, expected, advice,
                      _("a mail that says \"%s\" found it good is believed: anybody can forge it"),
                      id);
    else if (strstr(header, FORGED) != NULL)
        mp_check_ok(checker, _("a forged verdict of %s stands where none counts"), id);
    else
        mp_check_ok(checker, _("a forged verdict of %s was taken away"), id);
}

static void
check_forged(MpChecker *checker)
{
    g_auto(GStrv) ids = g_strsplit_set(checker->config->authserv_id, " ,", -1);
    const MpTrip *first = trip_of(checker);
    g_autoptr(GError) error = NULL;

    if (first == NULL)
        return;
    if (ids[0] == NULL || *ids[0] == '\0') {
        mp_check_ok(checker, _("no verdict is believed: [address] authserv-id is empty"));
        return;
    }
    if (first->n_passed < MP_N_STATIONS) {
        tell_forgery(checker, first, ids[0]);
        return;
    }
    g_autofree char *header = g_strdup_printf("Authentication-Results: %s;\r\n dmarc=pass "
                                              "header.from=" FORGED ".invalid\r\n",
                                              ids[0]);
    g_autoptr(MpTrip) trip = mp_trip_make(checker, header, &error);
    if (trip != NULL)
        tell_forgery(checker, trip, ids[0]);
}

const MpCheck mp_checks_inbound[] = {
    {"inbound", "taken", N_("The server takes it"), check_taken, NULL},
    {"inbound", "logged", N_("Postfix gets it"), check_logged, NULL},
    {"inbound", "delivered", N_("It is in new/"), check_delivered, NULL},
    {"inbound", "processed", N_("A run takes it"), check_processed, NULL},
    {"inbound", "filed", N_("It is filed"), check_filed, NULL},
    {"inbound", "forged", N_("A forged verdict"), check_forged, NULL},
};
const gsize mp_checks_inbound_n = G_N_ELEMENTS(mp_checks_inbound);
