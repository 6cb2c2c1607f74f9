/*
 * Posting where the server of a shared tracker refuses what is in a batch.
 *
 * One mail must not hold up the others, and a server that takes nothing must cost no mail. So the
 * server is asked whether it takes a commit of nothing; then halves are pushed, and halves of those
 * that are refused, until a mail is alone. A mail is refused for good if it was refused twice, with
 * a commit taken in between and another one since, which may be one of nothing again.
 *
 * For k refused of n that is at most 3 + 2 k ceil(log2 n) pushes: the whole, two of nothing, and
 * for each two halves a level. Where all are refused it is 2 n + 1, and 4 for a mail that came
 * alone.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "inbound/internal.h"
#include "instance/transaction.h"
#include "tracker/share.h"

typedef struct {
    MpInbound *inbound;
    GPtrArray *suspects; /* MpDelivery *: refused alone */
    GPtrArray *reasons;  /* char *: what the server said of each */
    guint n_sure;        /* of the suspects: the server took something since */
    guint n_pushes;      /* that it had taken then */
    GError *stop;        /* what else went wrong: the rest waits */
} Bisection;

static MpDelivery *
delivery_at(const GPtrArray *deliveries, guint i)
{
    return g_ptr_array_index(deliveries, i);
}

static void
defer_all(MpInbound *inbound, GPtrArray *deliveries, guint from, const GError *why)
{
    for (guint i = from; i < deliveries->len; i++)
        if (!delivery_at(deliveries, i)->is_deferred)
            mp_inbound_defer(inbound, delivery_at(deliveries, i), why);
}

static GPtrArray *
part_of(GPtrArray *deliveries, guint from, guint to)
{
    GPtrArray *part = g_ptr_array_sized_new(to - from);

    for (guint i = from; i < to; i++)
        g_ptr_array_add(part, delivery_at(deliveries, i));
    return part;
}

static void
note_pushes(Bisection *bisection)
{
    guint n = mp_tracker_pushes(bisection->inbound->instance->tracker);

    if (n > bisection->n_pushes)
        bisection->n_sure = bisection->suspects->len;
    bisection->n_pushes = n;
}

static void post_part(Bisection *bisection, GPtrArray *deliveries);

static void
post_halves(Bisection *bisection, GPtrArray *deliveries)
{
    g_autoptr(GPtrArray) first = part_of(deliveries, 0, deliveries->len / 2);
    g_autoptr(GPtrArray) second = part_of(deliveries, deliveries->len / 2, deliveries->len);

    post_part(bisection, first);
    post_part(bisection, second);
}

static void
post_part(Bisection *bisection, GPtrArray *deliveries)
{
    g_autoptr(GError) why = NULL;

    if (bisection->stop == NULL && mp_inbound_post(bisection->inbound, deliveries, false, &why)) {
        note_pushes(bisection); /* not where nothing was left to push */
        return;
    }
    if (bisection->stop == NULL && !mp_error_is_refused(why))
        bisection->stop = g_steal_pointer(&why);
    if (bisection->stop != NULL) {
        defer_all(bisection->inbound, deliveries, 0, bisection->stop);
        return;
    }
    if (deliveries->len == 1) {
        g_ptr_array_add(bisection->suspects, delivery_at(deliveries, 0));
        g_ptr_array_add(bisection->reasons, g_strdup(why->message));
        return;
    }
    post_halves(bisection, deliveries);
}

/* Those whose refusal is sure are decided anew, which may bring responses; the others wait. */
static bool
refuse_suspects(Bisection *bisection, const GError *refusal, GError **error)
{
    MpInbound *inbound = bisection->inbound;

    if (bisection->stop == NULL && bisection->n_sure < bisection->suspects->len &&
        mp_transaction_is_alone(inbound->instance, refusal, &bisection->stop))
        bisection->n_sure = bisection->suspects->len;
    if (bisection->stop != NULL)
        defer_all(inbound, bisection->suspects, bisection->n_sure, bisection->stop);
    g_ptr_array_set_size(bisection->suspects, (int)bisection->n_sure);
    for (guint i = 0; i < bisection->suspects->len; i++)
        delivery_at(bisection->suspects, i)->refused =
            g_steal_pointer((char **)&g_ptr_array_index(bisection->reasons, i));
    mp_inbound_count_posted(inbound, bisection->suspects); /* each cost more than a comment */
    return mp_inbound_judge(inbound, bisection->suspects, error) &&
           mp_inbound_post(inbound, bisection->suspects, true, error);
}

bool
mp_inbound_bisect(MpInbound *inbound, GPtrArray *deliveries, const GError *refusal, GError **error)
{
    g_autoptr(GPtrArray) suspects = g_ptr_array_new();
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    Bisection bisection = {inbound, suspects, reasons, 0, 0, NULL};

    mp_warn("A batch of %u %s is refused, and taken apart: %s", deliveries->len,
            mp_plural(deliveries->len, "mail", "mails"), refusal->message);
    if (!mp_transaction_is_alone(inbound->instance, refusal, error))
        return false;
    bisection.n_pushes = mp_tracker_pushes(inbound->instance->tracker);
    (deliveries->len > 1 ? post_halves : post_part)(&bisection, deliveries);
    bool good = refuse_suspects(&bisection, refusal, error);
    g_clear_error(&bisection.stop);
    return good;
}
