/* A mail read, its address verified, its reply extracted, in this process: no worker, no tracker.
 */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>

#include "inbound/extraction.h"
#include "reply/reply.h"

/* Whether it was made for that thread and account, as the program finds out. */
static bool
verifies(const MpInstance *instance, const MpAddress *address)
{
    g_autoptr(MpUser) user = NULL;
    g_autoptr(MpThread) thread = NULL;

    return mp_accounts_user(instance->accounts, address->user, &user, NULL) &&
           mp_tracker_thread(instance->tracker, address->thread, &thread, NULL) && user != NULL &&
           thread != NULL && mp_address_verify(instance->keys, address, thread->nonce, user->epoch);
}

/* True if one of the recipients is an address of ours that verifies. */
static bool
is_verified(const MpInstance *instance, const MpMessage *message)
{
    for (guint i = 0; i < message->recipients->len; i++) {
        const MpAddressee *addressee = g_ptr_array_index(message->recipients, i);
        MpAddress address;

        if (mp_address_parse(addressee->address, instance->config->hostname, &address) ==
                MP_ADDRESS_OURS &&
            verifies(instance, &address))
            return true;
    }
    return false;
}

/* Seconds that the extraction took. */
static double
process(const MpInstance *instance, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *octets = NULL;
    gsize length;

    bench_must(g_file_get_contents(path, &octets, &length, &error), error);
    g_autoptr(MpMessage) message = mp_message_parse(octets, length, NULL, &error);
    bench_must(message != NULL && is_verified(instance, message), error);
    double begin = bench_now();
    g_autoptr(MpExtraction) extraction = mp_extract(message, NULL, false);
    begin = bench_now() - begin;
    bench_must(extraction->reply[0] != '\0', NULL);
    return begin;
}

int
helper_mails(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = g_dir_open(argv[2], 0, &error);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    double begin, extract = 0;

    (void)argc;
    bench_must(directory != NULL, error);
    bench_open(&instance, argv[1]);
    while ((name = g_dir_read_name(directory)) != NULL)
        g_ptr_array_add(paths, g_build_filename(argv[2], name, NULL));
    mp_reply_prepare(); /* as the worker does for as many mails */
    for (guint i = 0; i < MIN(paths->len, 20); i++)
        process(&instance, g_ptr_array_index(paths, i));
    begin = bench_now();
    for (guint i = 0; i < paths->len; i++)
        extract += process(&instance, g_ptr_array_index(paths, i));
    printf("seconds %.6f\nextract %.6f\n", bench_now() - begin, extract);
    return EXIT_SUCCESS;
}
