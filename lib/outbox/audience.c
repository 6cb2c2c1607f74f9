/* Who is told of an event: the list, and who is where in that of a file. */
#include "outbox/outbox.h"

#include <string.h>

#include "outbox/internal.h"

#define BLOCK 256 /* recipients */

static void
clear_recipient(gpointer data)
{
    MpEventRecipient *recipient = data;

    g_clear_pointer(&recipient->reason, g_ref_string_release);
    g_free(recipient->address);
    g_free(recipient->reply);
}

MpAudience *
mp_audience_new(void)
{
    MpAudience *audience = g_new0(MpAudience, 1);

    audience->recipients = g_ptr_array_new_with_free_func(clear_recipient);
    audience->skipped = g_ptr_array_new_with_free_func(clear_recipient);
    audience->blocks = g_ptr_array_new_with_free_func(g_free);
    return audience;
}

void
mp_audience_free(MpAudience *audience)
{
    if (audience == NULL)
        return;
    g_ptr_array_unref(audience->recipients);
    g_ptr_array_unref(audience->skipped);
    g_ptr_array_unref(audience->blocks);
    g_free(audience);
}

static MpEventRecipient *
new_recipient(MpAudience *audience, guint64 user)
{
    if (audience->n_free == 0) {
        g_ptr_array_add(audience->blocks, g_new0(MpEventRecipient, BLOCK));
        audience->n_free = BLOCK;
    }
    MpEventRecipient *block = audience->blocks->pdata[audience->blocks->len - 1];
    MpEventRecipient *recipient = &block[BLOCK - audience->n_free--];
    recipient->user = user;
    return recipient;
}

/* Most have the reason of the one before. */
static char *
share_reason(const GPtrArray *recipients, const char *reason)
{
    const MpEventRecipient *last =
        recipients->len > 0 ? recipients->pdata[recipients->len - 1] : NULL;

    return last != NULL && strcmp(last->reason, reason) == 0 ? g_ref_string_acquire(last->reason)
                                                             : g_ref_string_new(reason);
}

void
mp_audience_add(MpAudience *audience, guint64 user, const char *reason)
{
    MpEventRecipient *recipient = new_recipient(audience, user);

    recipient->reason = share_reason(audience->recipients, reason);
    g_ptr_array_add(audience->recipients, recipient);
}

void
mp_audience_skip(MpAudience *audience, guint64 user, const char *why)
{
    if (audience->n_skipped++ >= MP_SKIPPED_MAX)
        return;
    MpEventRecipient *skipped = new_recipient(audience, user);

    skipped->state = MP_RECIPIENT_SKIPPED;
    skipped->reply = g_strdup(why);
    g_ptr_array_add(audience->skipped, skipped);
}

/* --- Of a file ------------------------------------------------------------------------------- */

/* The index is made when somebody is looked for: of ten thousand that are only written, never. */
MpEventRecipient *
mp_event_text_recipient(MpEventText *text, guint64 user)
{
    for (; text->n_indexed < text->audience->recipients->len; text->n_indexed++) {
        MpEventRecipient *recipient = text->audience->recipients->pdata[text->n_indexed];

        g_hash_table_insert(text->by_user, &recipient->user, recipient);
    }
    return g_hash_table_lookup(text->by_user, &user);
}

void
mp_event_text_set_audience(MpEventText *text, MpAudience *audience)
{
    mp_audience_free(text->audience);
    text->audience = audience;
    text->is_expanded = true;
}

void
mp_event_text_undo_expansion(MpEventText *text)
{
    g_hash_table_remove_all(text->by_user);
    text->n_indexed = 0;
    mp_audience_free(text->audience);
    text->audience = mp_audience_new();
    if (text->facts_length > 0)
        text->length = text->facts_length;
    text->facts_length = 0;
}
