/* A small installation; see instance.h. */
#include "instance.h"

#include <criterion/criterion.h>

#include "scratch.h"

#define HOST "git.example.org"

static const MpActor tim = {1, "tim", "Tim", 1700000000, 1700000000};
static ScratchPath *scratch;
static MpInstance instance;

/* Not a function: its error might be looked at before there is one. */
#define must(good, error)                                                                          \
    do {                                                                                           \
        bool is_good = (good);                                                                     \
        cr_assert(is_good, "%s", (error) != NULL ? (error)->message : "failed");                   \
    } while (0)

static void
make_files(const char *more)
{
    g_autofree char *tracker = scratch_path(scratch, "tracker.git");
    g_autofree char *accounts = scratch_path(scratch, "accounts.git");
    g_autofree char *outbox = scratch_path(scratch, "outbox");
    g_autofree char *conf = scratch_path(scratch, "conf");
    g_autofree char *text =
        g_strdup_printf("[instance]\nhostname = " HOST
                        "\ndata = %s\nlog-directory = %s\n[address]\nkeys = %s/keys\n"
                        "[smtp]\ntransport = maildir\nmaildir = %s/sent\n%s",
                        scratch, scratch, scratch, scratch, more);
    g_autoptr(GError) error = NULL;
    bool made;

    g_free(scratch_run(scratch, "umask 077 && echo 0123456789abcdef0123456789abcdef > keys"));
    must(g_file_set_contents(conf, text, -1, &error) &&
             mp_tracker_init(tracker, HOST, &made, &error) &&
             mp_accounts_init(accounts, HOST, &made, &error) && mp_outbox_init(outbox, &error),
         error);
    must(mp_instance_configure(&instance, conf, NULL, &error) &&
             mp_instance_open_keys(&instance, &error) &&
             mp_instance_open_tracker(&instance, &error) &&
             mp_instance_open_outbox(&instance, &error),
         error);
}

static void
add_user(const char *login)
{
    g_autoptr(GPtrArray) emails = g_ptr_array_new();
    g_autofree char *email = g_strconcat(login, "@example.com", NULL);
    g_autoptr(GError) error = NULL;
    MpUser user = {
        .login = (char *)login, .name = (char *)login, .emails = emails, .is_active = true};

    g_ptr_array_add(emails, email);
    must(mp_accounts_write(instance.accounts, &user, "Add", &error), error);
}

static void
commit(MpBatch *batch)
{
    g_autoptr(GError) error = NULL;

    must(mp_batch_commit(batch, &error) == MP_COMMITTED, error);
    must(mp_instance_refresh(&instance, &error), error);
}

static void
open_thread(void)
{
    g_autoptr(MpBatch) batch = mp_batch_begin(instance.tracker);
    const MpThread facts = {.kind = MP_ISSUE,
                            .repository = (char *)"acme/rocket",
                            .title = (char *)"Engine",
                            .author = 1,
                            .author_login = (char *)"tim",
                            .is_open = true,
                            .created = 1700000000};
    const MpNewComment post = {.key = "00000000000000000000000000000001",
                               .via = "command",
                               .body = "It does not start.\n",
                               .host = HOST};
    g_autoptr(GError) error = NULL;
    guint64 thread;

    must(mp_batch_open_thread(batch, &facts, &post, &tim, &thread, &error) &&
             mp_batch_subscribe(batch, thread, 2, "mention", "Subscribe", &tim, &error) &&
             mp_batch_subscribe(batch, thread, 3, "manual", "Subscribe", &tim, &error),
         error);
    commit(batch);
}

MpInstance *
test_instance_open(const char *more)
{
    scratch = scratch_make();
    make_files(more);
    add_user("tim");
    add_user("ada");
    add_user("bob");
    open_thread();
    return &instance;
}

void
test_instance_close(void)
{
    if (scratch == NULL)
        return;
    mp_instance_close(&instance);
    scratch_remove(scratch);
    scratch = NULL;
}

char *
test_instance_path(const char *name)
{
    return scratch_path(scratch, name);
}

char *
test_instance_address(guint64 id)
{
    g_autoptr(MpUser) user = NULL;
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(GError) error = NULL;

    must(mp_accounts_user(instance.accounts, id, &user, &error) &&
             mp_tracker_thread(instance.tracker, 1, &thread, &error),
         error);
    const MpAddressSubject subject = {'i', 1, thread->nonce, id, user->epoch};
    char *address = mp_address_make(instance.keys, MP_PURPOSE_REPLY, &subject, HOST, &error);
    must(address != NULL, error);
    return address;
}

void
test_instance_change_user(guint64 id, void (*change)(MpUser *user))
{
    g_autoptr(MpUser) user = NULL;
    g_autoptr(GError) error = NULL;

    must(mp_accounts_user(instance.accounts, id, &user, &error), error);
    change(user);
    must(mp_accounts_write(instance.accounts, user, "Change", &error), error);
}

static void
change_thread(MpTracker *tracker, void (*change)(MpThread *thread))
{
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(GError) error = NULL;

    must(mp_batch_thread(batch, 1, &thread, &error), error);
    change(thread);
    must(mp_batch_set_thread(batch, thread, "00000000000000000000000000000002", "Change", &tim,
                             &error) &&
             mp_batch_commit(batch, &error) == MP_COMMITTED,
         error);
}

void
test_instance_change_thread(void (*change)(MpThread *thread))
{
    g_autoptr(GError) error = NULL;

    change_thread(instance.tracker, change);
    must(mp_instance_refresh(&instance, &error), error);
}

void
test_instance_change_thread_unseen(void (*change)(MpThread *thread))
{
    g_autofree char *path = scratch_path(scratch, "tracker.git");
    g_autoptr(GError) error = NULL;
    g_autoptr(MpTracker) tracker = mp_tracker_open(path, HOST, &error);

    must(tracker != NULL, error);
    change_thread(tracker, change);
}
