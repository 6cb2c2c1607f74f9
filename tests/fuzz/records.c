/* The tracker's records, which administrators edit and others push. The first byte chooses. */
#include "tracker/pulls_file.h"
#include "tracker/records.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    g_autofree char *text = fuzz_text(data + 1, size - 1);

    if (data[0] % 5 == 0) {
        g_autoptr(MpThread) thread = mp_record_parse_thread(text, "thread", 1, NULL);
        g_autofree char *again = thread != NULL ? mp_record_thread(thread) : NULL;
        g_autoptr(MpThread) second =
            again != NULL ? mp_record_parse_thread(again, "thread", 1, NULL) : NULL;
        fuzz_claim(thread == NULL || (second != NULL && strcmp(second->title, thread->title) == 0));
        g_autofree char *id =
            thread != NULL ? mp_thread_message_id(thread, 1, "0123456789abcdef0123456789abcdef",
                                                  "git.example.org")
                           : NULL;
        fuzz_claim(id == NULL || strchr(id, '\n') == NULL);
    } else if (data[0] % 5 == 1) {
        mp_comment_free(mp_record_parse_comment(text, "comment", 1, NULL));
        mp_thread_event_free(mp_record_parse_event(text, "event", 1, NULL));
        g_autoptr(GPtrArray) pulls = mp_pulls_parse(text, "pulls", NULL);
        fuzz_claim(pulls == NULL || pulls->len <= size);
        g_autoptr(MpChanges) changes = mp_record_parse_changes(text, "changes", NULL);
        g_autofree char *again = changes != NULL ? mp_record_changes(changes) : NULL;
        g_autoptr(MpChanges) second =
            again != NULL ? mp_record_parse_changes(again, "changes", NULL) : NULL;
        fuzz_claim(changes == NULL ||
                   (second != NULL && second->files->len == changes->files->len));
    } else if (data[0] % 5 == 2) {
        g_autoptr(MpRepository) repository =
            mp_record_parse_repository(text, "repository", "acme/rocket", NULL);
        g_autofree char *again = repository != NULL ? mp_record_repository(repository) : NULL;
        g_autoptr(MpRepository) second =
            again != NULL ? mp_record_parse_repository(again, "repository", "acme/rocket", NULL)
                          : NULL;
        fuzz_claim(repository == NULL || (second != NULL && second->reply == repository->reply &&
                                          second->members->len == repository->members->len));
    } else if (data[0] % 5 == 3) {
        g_autoptr(MpUser) user = mp_record_parse_user(text, "user", 1, NULL);
        g_autofree char *again = user != NULL ? mp_record_user(user) : NULL;
        g_autoptr(MpUser) second =
            again != NULL ? mp_record_parse_user(again, "user", 1, NULL) : NULL;
        fuzz_claim(user == NULL || (second != NULL && second->epoch == user->epoch &&
                                    second->is_removed == user->is_removed &&
                                    (user->is_removed || /* which has no others */
                                     second->emails->len == user->emails->len)));
    } else {
        g_autoptr(GPtrArray) subscribers = mp_record_parse_subscribers(text, "subscribers", NULL);
        g_autofree char *again = subscribers != NULL ? mp_record_subscribers(subscribers) : NULL;
        g_autoptr(GPtrArray) second =
            again != NULL ? mp_record_parse_subscribers(again, "subscribers", NULL) : NULL;
        fuzz_claim(subscribers == NULL || (second != NULL && second->len == subscribers->len));
    }
    return 0;
}
