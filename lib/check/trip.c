/* A mail to ourselves, watched; see trip.h. */
#include "check/trip.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/time.h"
#include "check/self_test.h"
#include "maildir/kept.h"

#define LOOK_US   50000
#define HEAD      (64 * 1024)       /* octets in which a mail's Message-ID is looked for */
#define AT_A_TIME (4 * 1024 * 1024) /* octets of a log, in one look */

void
mp_trip_free(MpTrip *trip)
{
    if (trip == NULL)
        return;
    g_free(trip->address);
    g_free(trip->message_id);
    g_free(trip->header);
    g_free(trip->refusal);
    g_free(trip->log_file);
    g_free(trip->queue_id);
    g_free(trip->trouble);
    g_free(trip->error);
    g_free(trip->outcome);
    g_free(trip->reason);
    g_free(trip->file);
    g_free(trip);
}

/* --- Files that grow ---------------------------------------------------------------------------
 */

typedef struct {
    char *path;
    bool is_roots; /* only root may read it */
    gint64 at;     /* what was read */
} Growing;

static void
growing_clear(Growing *growing)
{
    g_free(growing->path);
}

static gint64
size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (gint64)st.st_size : 0;
}

/* The whole lines that came since; the caller's. One that was rotated is read from its beginning.
 */
static char *
news_of(const MpChecker *checker, Growing *growing)
{
    g_autofree char *bytes = g_malloc(AT_A_TIME + 1);

    if (growing->is_roots)
        mp_check_as_root(checker);
    g_auto(MpFd) fd = open(growing->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (growing->is_roots)
        mp_check_as_owner(checker);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return g_strdup("");
    if (st.st_size < growing->at)
        growing->at = 0;
    gssize n = pread(fd, bytes, AT_A_TIME, growing->at);
    while (n > 0 && bytes[n - 1] != '\n')
        n--;
    growing->at += MAX(n, 0);
    bytes[MAX(n, 0)] = '\0';
    return g_strdup(bytes);
}

typedef struct {
    MpChecker *checker;
    MpTrip *trip;
    Growing postfix, ours, outcomes;
    GHashTable *seen; /* names in new/ that are not it */
} Watch;

static void
watch_clear(Watch *watch)
{
    growing_clear(&watch->postfix);
    growing_clear(&watch->ours);
    growing_clear(&watch->outcomes);
    g_hash_table_unref(watch->seen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Watch, watch_clear)

/* --- Stations ----------------------------------------------------------------------------------
 */

/* Passed now, unless it was before; those in front of it were passed as well. */
static void
pass(MpTrip *trip, MpStation station)
{
    if (trip->times[station] < 0)
        trip->times[station] = g_get_monotonic_time() - trip->begun;
    trip->n_passed = MAX(trip->n_passed, (guint)station + 1);
}

/* The queue id in "… postfix/cleanup[123]: 4F2A: message-id=<…>"; the caller's, or NULL. */
static char *
queue_id_of(const char *line)
{
    const char *mark = strstr(line, "]: ");
    gsize length = mark != NULL ? strcspn(mark + 3, ":") : 0;

    return length > 0 && length < 32 ? g_strndup(mark + 3, length) : NULL;
}

static void
take_trouble(MpTrip *trip, const char *line)
{
    const char *mark = strstr(line, "]: ");

    g_free(trip->trouble);
    trip->trouble = g_strdup(mark != NULL ? mark + 3 : line);
}

static void
read_postfix_line(MpTrip *trip, const char *line)
{
    g_autofree char *id = g_strdup_printf("message-id=%s", trip->message_id);
    g_autofree char *queued =
        g_strdup_printf("]: %s: ", trip->queue_id != NULL ? trip->queue_id : "-");

    if (strstr(line, id) != NULL) {
        g_free(trip->queue_id);
        trip->queue_id = queue_id_of(line);
        pass(trip, MP_STATION_LOGGED);
    } else if (strstr(line, "NOQUEUE: ") != NULL && strstr(line, trip->address) != NULL) {
        take_trouble(trip, line);
        trip->is_rejected = true;
    } else if (strstr(line, queued) != NULL && strstr(line, trip->address) != NULL &&
               (strstr(line, "status=deferred") != NULL ||
                strstr(line, "status=bounced") != NULL)) {
        take_trouble(trip, line);
    }
}

static void
look_at_postfix(Watch *watch)
{
    if (watch->postfix.path == NULL)
        return;
    g_autofree char *news = news_of(watch->checker, &watch->postfix);
    g_auto(GStrv) lines = g_strsplit(news, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        read_postfix_line(watch->trip, *line);
}

static bool
holds_id(int directory, const char *name, const char *message_id)
{
    g_auto(MpFd) fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    g_autofree char *head = g_malloc(HEAD);
    gssize n = fd >= 0 ? read(fd, head, HEAD) : 0;

    return n > 0 && g_strstr_len(head, n, message_id) != NULL;
}

static void
look_at_new(Watch *watch)
{
    g_autofree char *path = mp_config_path(watch->checker->config, "mail/reply/new");
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, NULL);
    g_auto(MpFd) directory = mp_open_directory(path, NULL);

    for (guint i = 0; names != NULL && directory >= 0 && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);

        if (g_hash_table_contains(watch->seen, name))
            continue;
        if (holds_id(directory, name, watch->trip->message_id))
            pass(watch->trip, MP_STATION_DELIVERED);
        else
            g_hash_table_add(watch->seen, g_strdup(name));
    }
}

static void
look_at_log(Watch *watch)
{
    g_autofree char *news = news_of(watch->checker, &watch->ours);
    g_auto(GStrv) lines = g_strsplit(news, "\n", -1);
    g_autofree char *processing = g_strdup_printf("processing %s", watch->trip->message_id);

    for (char **line = lines; *line != NULL; line++) {
        if (strstr(*line, processing) != NULL)
            pass(watch->trip, MP_STATION_PROCESSED);
        if (strstr(*line, " ERROR (") == NULL)
            continue;
        g_free(watch->trip->error);
        watch->trip->error = g_utf8_make_valid(*line, -1);
    }
}

static bool
is_in_new(const MpChecker *checker, const char *name)
{
    g_autofree char *below = g_build_filename("mail/reply/new", name, NULL);
    g_autofree char *path = mp_config_path(checker->config, below);

    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW | AT_EACCESS) == 0;
}

/* time, outcome, reason, Message-ID, file, …: the line is written before the mail is moved. */
static void
take_outcomes(Watch *watch)
{
    g_autofree char *news = news_of(watch->checker, &watch->outcomes);
    g_auto(GStrv) lines = g_strsplit(news, "\n", -1);
    MpTrip *trip = watch->trip;

    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);

        if (g_strv_length(fields) < 5 || strcmp(fields[3], trip->message_id) != 0)
            continue;
        g_free(trip->outcome);
        g_free(trip->reason);
        g_free(trip->file);
        trip->outcome = g_strdup(fields[1]);
        trip->reason = g_strdup(fields[2]);
        trip->file = g_strdup(fields[4]);
    }
}

static char *
outcomes_path(const Watch *watch)
{
    g_autofree char *name = mp_outcomes_name(mp_time_now());

    return mp_outcomes_path(watch->checker->config->data, name);
}

/* A month may end meanwhile, and the next one has a file of its own. */
static void
look_at_outcomes(Watch *watch)
{
    g_autofree char *path = outcomes_path(watch);
    MpTrip *trip = watch->trip;

    take_outcomes(watch);
    if (strcmp(path, watch->outcomes.path) != 0) {
        g_free(watch->outcomes.path);
        watch->outcomes = (Growing){.path = g_steal_pointer(&path)};
        take_outcomes(watch);
    }
    if (trip->file != NULL && !is_in_new(watch->checker, trip->file))
        pass(trip, MP_STATION_FILED);
}

static void
look(Watch *watch)
{
    look_at_postfix(watch);
    look_at_new(watch);
    look_at_log(watch);
    look_at_outcomes(watch);
}

/* Nothing more will come: it was filed, or Postfix said that it will not, or not now. */
static bool
is_over(const MpTrip *trip)
{
    return trip->n_passed == MP_N_STATIONS ||
           (trip->trouble != NULL && trip->n_passed <= MP_STATION_DELIVERED);
}

/* --- The trip ----------------------------------------------------------------------------------
 */

static void
begin_watch(Watch *watch)
{
    const MpConfig *config = watch->checker->config;

    watch->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watch->postfix = (Growing){.path = g_strdup(watch->trip->log_file), .is_roots = true};
    watch->ours.path = g_build_filename(config->log_directory, "metroplex.log", NULL);
    watch->outcomes.path = outcomes_path(watch);
    mp_check_as_root(watch->checker);
    watch->postfix.at = watch->postfix.path != NULL ? size_of(watch->postfix.path) : 0;
    mp_check_as_owner(watch->checker);
    watch->ours.at = size_of(watch->ours.path);
    watch->outcomes.at = size_of(watch->outcomes.path);
}

static MpTrip *
prepare(MpChecker *checker, const char *header, GError **error)
{
    g_autoptr(MpTrip) trip = g_new0(MpTrip, 1);
    g_autofree char *unique = mp_random_hex(12, error);

    trip->address = unique != NULL ? mp_self_test_address(checker, MP_PURPOSE_REPLY, error) : NULL;
    if (trip->address == NULL)
        return NULL;
    trip->message_id = g_strdup_printf("<self-test.%s@%s>", unique, checker->config->hostname);
    trip->header = g_strdup(header);
    trip->log_file = mp_check_mail_log(checker);
    for (guint i = 0; i < MP_N_STATIONS; i++)
        trip->times[i] = -1;
    return g_steal_pointer(&trip);
}

MpTrip *
mp_trip_make(MpChecker *checker, const char *header, GError **error)
{
    g_autoptr(MpTrip) trip = prepare(checker, header, error);
    g_auto(Watch) watch = {.checker = checker, .trip = trip};
    int wait = checker->wishes->wait > 0 ? checker->wishes->wait : MP_CHECK_WAIT;

    if (trip == NULL) {
        watch.seen = g_hash_table_new(NULL, NULL);
        return NULL;
    }
    begin_watch(&watch);
    trip->begun = g_get_monotonic_time();
    trip->begun_at = mp_time_now();
    if (mp_trip_send(checker, trip))
        pass(trip, MP_STATION_TAKEN);
    gint64 end = g_get_monotonic_time() + (gint64)wait * G_USEC_PER_SEC;
    look(&watch);
    while (trip->n_passed > 0 && !is_over(trip) && g_get_monotonic_time() < end) {
        g_usleep(LOOK_US);
        look(&watch);
    }
    return g_steal_pointer(&trip);
}
