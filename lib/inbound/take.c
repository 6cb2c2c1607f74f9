/* Taking: the next mails of new/, opened, until a batch is full. */
#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/internal.h"

#define CROWDED     4                  /* times as many where hosts wait for each other */
#define BATCH_BYTES (16 * 1024 * 1024) /* of mails in one batch: bounds the memory of a run */

/* Where hosts wait for each other, each gets more done when it is its turn. */
static guint
batch_of(const MpInstance *instance)
{
    guint batch = (guint)instance->config->batch;

    return mp_instance_is_crowded(instance) ? MAX(batch, MIN(CROWDED * batch, MP_CROWDED_MAX))
                                            : batch;
}

GPtrArray *
mp_inbound_take(MpInbound *inbound, MpTake take, const GPtrArray *names, guint *next,
                GError **error)
{
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)mp_mail_free);
    guint most = batch_of(inbound->instance);
    gint64 bytes = 0;

    for (; *next < names->len && mails->len < most && bytes < BATCH_BYTES; ++*next) {
        const char *name = g_ptr_array_index(names, *next);
        g_autoptr(GError) why = NULL;

        if (g_hash_table_contains(inbound->left, name))
            continue;
        MpMail *mail = take(inbound->maildir, name, &why);
        if (why != NULL && mp_error_is_temporary(why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return NULL;
        }
        if (why != NULL) {
            g_autofree char *shown = mp_escape(why->message);
            mp_error("Deferred: %s", shown);
            g_hash_table_add(inbound->left, g_strdup(name));
            inbound->n_deferred++;
            if (inbound->first_deferral == NULL)
                inbound->first_deferral = g_steal_pointer(&why);
        } else if (mail != NULL) {
            g_ptr_array_add(mails, mail);
            bytes += mail->size;
        }
    }
    return g_steal_pointer(&mails);
}
