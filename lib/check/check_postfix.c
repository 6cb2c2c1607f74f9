/*
 * Group postfix: whether the mail server of this machine does what the configuration says, asked on
 * port 25 as a sender would, and what only its own tools know.
 */
#include <curl/curl.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "base/time.h"
#include "check/certificate.h"
#include "check/port25.h"
#include "check/self_test.h"
#include "postfix/postfix.h"

#define PATIENCE   20   /* seconds for Postfix's tools, and for a probe elsewhere */
#define QUEUE_LATE 3600 /* seconds that a mail may wait in Postfix's queue */

/* --- What configure would change ---------------------------------------------------------------
 */

static guint
count_lines(const char *difference)
{
    g_auto(GStrv) lines = g_strsplit(difference, "\n", -1);
    guint n = 0;

    for (char **line = lines; *line != NULL; line++)
        n += (**line == '+' || **line == '-') && !g_str_has_prefix(*line, "+++") &&
             !g_str_has_prefix(*line, "---");
    return n;
}

static void
tell_difference(MpChecker *checker, const MpPostfixFacts *facts)
{
    const char *expected = _("what metroplex configure would make of it");
    g_autoptr(GError) error = NULL;
    g_autoptr(MpPostfix) postfix = mp_postfix_open(checker->config, facts, &error);
    g_autofree char *difference = postfix != NULL ? mp_postfix_difference(postfix, &error) : NULL;
    guint n = difference != NULL ? count_lines(difference) : 0;

    if (difference == NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Mend that first; then: metroplex configure"), "%s", error->message);
    else if (mp_postfix_differs(postfix))
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("metroplex configure shows it; metroplex configure --apply makes it so"),
                      _n("Postfix is not set up as the configuration says: %u line differs",
                         "Postfix is not set up as the configuration says: %u lines differ", n),
                      n);
    else
        mp_check_ok(checker, _("Postfix is set up as the configuration says"));
}

static void
check_configured(MpChecker *checker)
{
    g_auto(MpPostfixFacts) facts = {0};
    g_autoptr(GError) error = NULL;
    bool has_openings = mp_check_has_openings(checker);

    mp_check_as_root(checker);
    if (mp_postfix_facts(&facts, checker->config, NULL, &error)) {
        facts.has_openings = has_openings;
        tell_difference(checker, &facts);
    } else {
        mp_check_tell(checker, MP_CHECK_FAILED, _("what metroplex configure would make of it"),
                      _("Mend that first; then: metroplex configure"), "%s", error->message);
    }
    mp_check_as_owner(checker);
}

/* --- Port 25 -----------------------------------------------------------------------------------
 */

static void
check_listening(MpChecker *checker)
{
    const char *expected = _("port 25, on an address that others can reach");

    switch (mp_postfix_listens(25)) {
    case MP_LISTENS_BEYOND:
        mp_check_ok(checker, _("port 25, beyond this machine"));
        break;
    case MP_LISTENS_ON_LOOPBACK:
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Set inet_interfaces = all in Postfix, and start it anew"),
                      _("port 25, but only for this machine itself"));
        break;
    default:
        mp_check_tell(checker, MP_CHECK_FAILED, expected, _("Start it: systemctl start postfix"),
                      _("nothing listens on port 25"));
    }
}

/* NULL, and told by the check of the greeting alone, if there is nobody to talk to. */
static MpPort25 *
open_port(MpChecker *checker, bool tls, GError **error)
{
    return mp_port25_open(checker->config->hostname, tls, error);
}

static void
check_greeting(MpChecker *checker)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpPort25) port = open_port(checker, false, &error);

    if (port == NULL)
        mp_check_tell(checker, MP_CHECK_FAILED, _("a greeting that begins with 220"), NULL, "%s",
                      error->message);
    else
        mp_check_ok(checker, "%s", mp_port25_greeting(port));
}

static void
tell_nobody(MpChecker *checker, const char *expected)
{
    mp_check_tell(checker, MP_CHECK_UNKNOWN, expected, _("Mend Greeting first"),
                  _("nobody answers on port 25"));
}

static void
look_at_certificate(MpChecker *checker)
{
    const MpCertificateOf of = {.name = checker->config->hostname,
                                .connect = "127.0.0.1",
                                .port = 25,
                                .tls = MP_TLS_STARTTLS,
                                .ca_file = ""};
    g_auto(MpCertificate) certificate = {0};
    g_autoptr(GError) error = NULL;

    if (mp_certificate_look(&of, &certificate, &error))
        mp_check_certificate(checker, &certificate, MP_CHECK_WARNING);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("TLS after STARTTLS"), NULL,
                      _("STARTTLS is offered, and fails: %s"), error->message);
}

static void
check_starttls(MpChecker *checker)
{
    const char *expected = _("STARTTLS is offered, with a good certificate");
    g_autoptr(MpPort25) port = open_port(checker, false, NULL);

    if (port == NULL)
        tell_nobody(checker, expected);
    else if (mp_port25_offers_starttls(port))
        look_at_certificate(checker);
    else
        mp_check_tell(checker, checker->config->enforce_tls ? MP_CHECK_FAILED : MP_CHECK_WARNING,
                      expected, NULL, _("STARTTLS is not offered: mail comes in clear text"));
}

static void
check_enforced(MpChecker *checker)
{
    const char *expected = _("mail in clear text is refused: 530");
    g_autofree char *reply = NULL;

    if (!checker->config->enforce_tls) {
        mp_check_ok(checker, _("not asked for: [smtp] enforce-tls = false"));
        return;
    }
    g_autoptr(MpPort25) port = open_port(checker, false, NULL);
    if (port == NULL)
        tell_nobody(checker, expected);
    else if (mp_port25_ask(port, "MAIL FROM:<>", &reply) == 530)
        mp_check_ok(checker, _("mail in clear text is refused: %s"), reply);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL,
                      _("mail in clear text is taken: %s"), reply);
}

/* --- Recipients --------------------------------------------------------------------------------
 */

static int
ask_recipient(MpPort25 *port, const char *address, char **reply)
{
    g_autofree char *command = g_strdup_printf("RCPT TO:<%s>", address);

    return mp_port25_ask(port, command, reply);
}

static void
tell_good(MpChecker *checker, MpPort25 *port)
{
    const char *expected = _("a reply address is taken");
    g_autofree char *address = mp_self_test_or_tell(checker, MP_PURPOSE_REPLY, expected);
    g_autofree char *reply = NULL;

    if (address == NULL)
        return;
    if (ask_recipient(port, address, &reply) / 100 == 2)
        mp_check_ok(checker, _("a reply address is taken"));
    else
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, _("a reply address is refused: %s"),
                      reply);
}

static void
tell_forged(MpChecker *checker, MpPort25 *port)
{
    g_autofree char *address = g_strdup_printf("reply+i-0-1-1@reply.%s", checker->config->hostname);
    g_autofree char *reply = NULL;
    int code = ask_recipient(port, address, &reply);

    if (code / 100 == 5)
        mp_check_ok(checker, _("an address that is none of ours is refused: %s"), reply);
    else
        mp_check_tell(checker, MP_CHECK_FAILED,
                      _("an address that is none of ours is refused: 550"), NULL,
                      _("an address that is none of ours gets %s"), reply);
}

/* Postfix trusts its own machine, so that only a refusal tells anything. */
static void
tell_foreign(MpChecker *checker, MpPort25 *port)
{
    const char *expected = _("mail for another domain is refused: 554");
    g_autofree char *reply = NULL;
    int code = ask_recipient(port, "somebody@elsewhere.example", &reply);

    if (code / 100 == 5 || code == 454)
        mp_check_ok(checker, _("mail for another domain is refused: %s"), reply);
    else
        mp_check_out_of_sight(
            checker, expected, _("metroplex check --from-elsewhere prints what to run"),
            _("mail for another domain gets %s; this machine is trusted, so that it says "
              "nothing of strangers"),
            reply);
}

static void
check_recipients(MpChecker *checker)
{
    g_autoptr(MpPort25) port = open_port(checker, checker->config->enforce_tls, NULL);
    g_autofree char *reply = NULL;

    if (port == NULL) {
        tell_nobody(checker, _("reply addresses are taken, others refused"));
        return;
    }
    if (mp_port25_ask(port, "MAIL FROM:<>", &reply) != 250) {
        mp_check_tell(checker, MP_CHECK_FAILED, _("mail from the null sender is taken"), NULL, "%s",
                      reply);
        return;
    }
    tell_good(checker, port);
    tell_forged(checker, port);
    tell_foreign(checker, port);
}

/* --- What its tools know -----------------------------------------------------------------------
 */

/* What a tool of Postfix prints; the caller's. NULL, told as unknown, if it cannot say. */
static char *
ask_tool(MpChecker *checker, const char *const *argv)
{
    g_autofree char *path = g_strdup_printf("PATH=%s:/usr/sbin", g_getenv("PATH"));
    g_autofree char *where = g_strdup_printf("MAIL_CONFIG=%s", g_getenv("MAIL_CONFIG"));
    const char *const environment[] = {path, "LC_ALL=C",
                                       g_getenv("MAIL_CONFIG") != NULL ? where : NULL, NULL};
    g_auto(MpProcess) process = {0};
    g_autoptr(GError) error = NULL;

    mp_check_as_root(checker);
    bool has_run = mp_process_run(&process, argv, environment, PATIENCE, &error);
    mp_check_as_owner(checker);
    if (has_run && process.status == 0)
        return g_steal_pointer(&process.out);
    mp_check_tell(checker, MP_CHECK_UNKNOWN, _("an answer of Postfix's tools"), NULL, "%s: %s",
                  argv[0], has_run ? g_strchomp(process.err) : error->message);
    return NULL;
}

/* One object a line and a mail, with the time at which it came. */
static void
count_queue(const char *list, guint *n, gint64 *oldest)
{
    g_auto(GStrv) lines = g_strsplit(list, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(JsonNode) node = json_from_string(*line, NULL);
        JsonObject *object =
            node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        gint64 came =
            object != NULL ? json_object_get_int_member_with_default(object, "arrival_time", 0) : 0;

        if (object == NULL)
            continue;
        (*n)++;
        if (came > 0 && (*oldest == 0 || came < *oldest))
            *oldest = came;
    }
}

static void
check_mail_queue(MpChecker *checker)
{
    const char *const argv[] = {"postqueue", "-j", NULL};
    g_autofree char *list = ask_tool(checker, argv);
    gint64 oldest = 0, now = mp_time_now();
    guint n = 0;

    if (list == NULL)
        return;
    count_queue(list, &n, &oldest);
    g_autofree char *age = mp_duration(oldest > 0 ? now - oldest : 0);
    bool is_late = now - oldest > QUEUE_LATE;
    if (n == 0)
        mp_check_ok(checker, _("it is empty"));
    else
        mp_check_tell(checker, is_late ? MP_CHECK_WARNING : MP_CHECK_OK,
                      is_late ? _("none that waits for more than an hour") : NULL, NULL,
                      _n("%u mail, the oldest for %s", "%u mails, the oldest for %s", n), n, age);
}

static void
check_spool(MpChecker *checker)
{
    const char *const argv[] = {"postconf", "-h", "queue_directory", NULL};
    g_autofree char *directory = ask_tool(checker, argv);

    if (directory != NULL)
        mp_check_room(checker, g_strchomp(directory));
}

/* --- From elsewhere ----------------------------------------------------------------------------
 */

char *
mp_check_from_elsewhere(const MpConfig *config)
{
    const char *host = config->hostname;

    return g_strdup_printf(
        "# prints 220, 250 for MAIL, and 554 (or 454) for a domain that is not ours\n"
        "{ sleep 4; for line in 'EHLO check.example' 'MAIL FROM:<>' 'RCPT "
        "TO:<somebody@elsewhere.example>' "
        "QUIT; do printf '%%s\\r\\n' \"$line\"; sleep 1; done; } | nc -w 20 %s 25\n",
        host);
}

static size_t
take_body(char *bytes, size_t size, size_t n, void *user_data)
{
    GString *body = user_data;

    if (body->len < 256)
        g_string_append_len(body, bytes, (gssize)MIN(size * n, 256 - body->len));
    return size * n;
}

static CURLcode
get(const char *url, GString *body, long *status, char *why)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        return CURLE_FAILED_INIT;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 3L * PATIENCE);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(easy);
    return code;
}

/* The administrator's probe: 2xx means that it reached port 25 of {host}. */
static void
ask_probe(MpChecker *checker, const char *expected)
{
    g_autoptr(GString) url = g_string_new(checker->wishes->via);
    g_autoptr(GString) body = g_string_new(NULL);
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;

    g_string_replace(url, "{host}", checker->config->hostname, 0);
    g_string_replace(url, "{port}", "25", 0);
    CURLcode code = get(url->str, body, &status, why);
    g_string_truncate(body, strcspn(body->str, "\r\n"));
    if (code != CURLE_OK)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected, _("Mend the probe, or its URL"),
                      _("the probe does not answer: %s"),
                      *why != '\0' ? why : curl_easy_strerror(code));
    else if (status / 100 == 2)
        mp_check_ok(checker, _("the probe reached it: %s"), body->str);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Open port 25 in the firewall, the security group and at the provider"),
                      _("the probe did not reach it: %ld %s"), status, body->str);
}

static void
check_elsewhere(MpChecker *checker)
{
    const char *expected = _("strangers reach port 25");

    if (checker->wishes->via != NULL)
        ask_probe(checker, expected);
    else
        mp_check_out_of_sight(checker, expected,
                              _("metroplex check --from-elsewhere prints the line to run on "
                                "another machine; --via URL asks "
                                "a probe of yours"),
                              _("a firewall, a security group or the provider may close port 25: "
                                "this host cannot see that"));
}

const MpCheck mp_checks_postfix[] = {
    {"postfix", "configured", N_("Set up"), check_configured, NULL},
    {"postfix", "listening", N_("Listening"), check_listening, NULL},
    {"postfix", "greeting", N_("Greeting"), check_greeting,
     N_("See Postfix's log; start it: systemctl start postfix")},
    {"postfix", "starttls", N_("Encryption of mail that comes"), check_starttls,
     N_("Set [postfix] tls-certificate and tls-key; then: metroplex configure --apply")},
    {"postfix", "enforced", N_("Encryption enforced"), check_enforced,
     "metroplex configure --apply"},
    {"postfix", "recipients", N_("Recipients"), check_recipients, "metroplex configure --apply"},
    {"postfix", "verdicts", N_("Verdicts on senders"), mp_check_verdicts, NULL},
    {"postfix", "mail-queue", N_("Queue"), check_mail_queue,
     N_("postqueue -p says why; postqueue -f tries again")},
    {"postfix", "spool", N_("Space of its queue"), check_spool,
     N_("Make room where queue_directory lies")},
    {"postfix", "elsewhere", N_("Port 25 from elsewhere"), check_elsewhere, NULL},
};
const gsize mp_checks_postfix_n = G_N_ELEMENTS(mp_checks_postfix);
