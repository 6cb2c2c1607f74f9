/* An event to all who follow a thread, and a file of the same size written and synced, in turn. */
#include "helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "notify/notify.h"

typedef struct {
    GArray *whole, *appended, *plain; /* seconds */
    guint recipients;
    gsize octets;
} Expansions;

static MpQueued *
publish(MpInstance *instance, const char *key, guint64 thread)
{
    g_autoptr(GError) error = NULL;
    MpEvent event = {(char *)key, MP_EVENT_COMMENT, thread, 1, 1700000000, instance->host};

    bench_must(mp_outbox_stage(instance->outbox, &event, &error) &&
                   mp_outbox_sync_staged(instance->outbox, &error) &&
                   mp_outbox_publish(instance->outbox, key, &error) &&
                   mp_outbox_sync_published(instance->outbox, &error),
               error);
    MpQueued *queued = mp_outbox_find(instance->outbox, key, &error);
    bench_must(queued != NULL, error);
    return queued;
}

/* As the notifier does it: who follows and is to be told, one line each, synced. */
static void
expand(MpInstance *instance, MpEventFile *file, guint64 thread, Expansions *e)
{
    g_autoptr(GError) error = NULL;
    double begin = bench_now(), found, done;

    g_autoptr(GPtrArray) subscribers = mp_tracker_subscribers(instance->tracker, thread, &error);
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(instance->tracker, "acme/rocket", &error);
    bench_must(subscribers != NULL && repository != NULL, error);
    MpAudience *audience = mp_notification_audience(subscribers, repository, 1, false);
    found = bench_now();
    bench_must(mp_event_file_expand(file, audience, 1700000000, &error), error);
    done = bench_now();
    e->recipients = mp_event_file_recipients(file)->len;
    found = done - found;
    done -= begin;
    g_array_append_val(e->whole, done);
    g_array_append_val(e->appended, found);
}

static void
write_plain(const char *path, const char *text, gsize length, Expansions *e)
{
    g_autoptr(GError) error = NULL;
    double begin = bench_now();
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    bench_must(fd >= 0 && mp_write_all(fd, text, length, &error) && fsync(fd) == 0, error);
    close(fd);
    begin = bench_now() - begin;
    g_array_append_val(e->plain, begin);
    unlink(path);
}

static void
round_of(const char *config, guint64 thread, guint n, Expansions *e)
{
    g_auto(MpInstance) instance = {0}; /* opened anew: what is in its memory is no fair help */
    g_autoptr(GError) error = NULL;
    g_autofree char *key = g_strdup_printf("expand%u", n);
    g_autofree char *text = NULL;

    bench_open(&instance, config);
    g_autoptr(MpQueued) queued = publish(&instance, key, thread);
    g_autoptr(MpEventFile) file =
        mp_event_file_open(instance.outbox, queued, MP_EVENT_WRITE, &error);
    bench_must(file != NULL, error);
    expand(&instance, file, thread, e);
    g_autofree char *path = g_build_filename(instance.config->data, "outbox/new", key, NULL);
    g_autofree char *plain = g_build_filename(instance.config->data, "outbox/plain", NULL);
    bench_must(g_file_get_contents(path, &text, &e->octets, &error), error);
    write_plain(plain, text, e->octets, e);
    bench_must(mp_outbox_drop(instance.outbox, queued, &error), error);
}

int
helper_expand(int argc, char **argv)
{
    Expansions e = {g_array_new(FALSE, FALSE, sizeof(double)),
                    g_array_new(FALSE, FALSE, sizeof(double)),
                    g_array_new(FALSE, FALSE, sizeof(double)), 0, 0};
    guint64 thread = g_ascii_strtoull(argv[2], NULL, 10),
            rounds = g_ascii_strtoull(argv[3], NULL, 10);

    (void)argc;
    for (guint n = 0; n < rounds; n++)
        round_of(argv[1], thread, n, &e);
    printf("whole %.9f\nappended %.9f\nplain %.9f\n", bench_median(e.whole),
           bench_median(e.appended), bench_median(e.plain));
    printf("recipients %u\noctets %zu\n", e.recipients, e.octets);
    return EXIT_SUCCESS;
}
