/* A message as one GVariant and back; the way back believes nothing. See message.h. */
#include "message/internal.h"

#include "base/error.h"

#include <string.h>

/* More than any mail within the limits can have; a worker that says so is broken. */
#define MOST_ENTRIES 100000

/* The scalar fields, in the order of the tuple. */
static const struct {
    gsize offset;
    bool is_text; /* many lines; the others have one */
} strings[] = {
    {offsetof(MpMessage, message_id), false},  {offsetof(MpMessage, subject), false},
    {offsetof(MpMessage, from_name), false},   {offsetof(MpMessage, sender), false},
    {offsetof(MpMessage, return_path), false}, {offsetof(MpMessage, plain), true},
    {offsetof(MpMessage, html), true},
};

static const gsize string_lists[] = {
    offsetof(MpMessage, from),    offsetof(MpMessage, in_reply_to), offsetof(MpMessage, repairs),
    offsetof(MpMessage, results), offsetof(MpMessage, returned),
};

static const gsize flags[] = {
    offsetof(MpMessage, flowed),
    offsetof(MpMessage, delsp),
    offsetof(MpMessage, encrypted),
    offsetof(MpMessage, report),
};

/* The strings, the lists, the flags, each in the order above; date, headers, recipients,
 * attachments, deliveries. */
#define ATTACHMENT   "(msmsmsmstmayms)"
#define DELIVERY     "(ssss)"
#define MESSAGE      "(amsaasabxa(ss)a(ss)a" ATTACHMENT "a" DELIVERY ")"
#define MESSAGE_TYPE G_VARIANT_TYPE(MESSAGE)

#define FIELD(message, type, offset) (*(type *)(gpointer)((char *)(message) + (offset)))

static GVariant *
pairs(const GPtrArray *entries)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ss)"));
    for (guint i = 0; i < entries->len; i++) {
        char **pair = g_ptr_array_index(entries, i); /* MpHeader and MpAddressee are two strings */
        g_variant_builder_add(&builder, "(ss)", pair[0], pair[1]);
    }
    return g_variant_builder_end(&builder);
}
G_STATIC_ASSERT(sizeof(MpHeader) == 2 * sizeof(char *) &&
                sizeof(MpAddressee) == 2 * sizeof(char *));

static GVariant *
attachments_to_variant(const GPtrArray *attachments)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a" ATTACHMENT));
    for (guint i = 0; i < attachments->len; i++) {
        const MpAttachment *a = g_ptr_array_index(attachments, i);
        GVariant *data =
            a->data == NULL ? NULL : g_variant_new_from_bytes(G_VARIANT_TYPE("ay"), a->data, TRUE);
        g_variant_builder_add(&builder, "(msmsmsmst@mayms)", a->name, a->type, a->content_id,
                              a->disposition, (guint64)a->size,
                              g_variant_new_maybe(G_VARIANT_TYPE("ay"), data), a->refused);
    }
    return g_variant_builder_end(&builder);
}

static GVariant *
deliveries_to_variant(const GPtrArray *deliveries)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a" DELIVERY));
    for (guint i = 0; i < deliveries->len; i++) {
        const MpDeliveryStatus *d = g_ptr_array_index(deliveries, i);

        g_variant_builder_add(&builder, DELIVERY, d->action, d->status, d->recipient, d->original);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
mp_message_to_variant(const MpMessage *message)
{
    GVariantBuilder texts, lists, bools;

    g_variant_builder_init(&texts, G_VARIANT_TYPE("ams"));
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_variant_builder_add(&texts, "ms", FIELD(message, char *, strings[i].offset));
    g_variant_builder_init(&lists, G_VARIANT_TYPE("aas"));
    for (gsize i = 0; i < G_N_ELEMENTS(string_lists); i++) {
        const GPtrArray *list = FIELD(message, GPtrArray *, string_lists[i]);
        g_variant_builder_add_value(
            &lists, g_variant_new_strv((const char *const *)list->pdata, list->len));
    }
    g_variant_builder_init(&bools, G_VARIANT_TYPE("ab"));
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        g_variant_builder_add(&bools, "b", (gboolean)FIELD(message, bool, flags[i]));
    return g_variant_new("(amsaasabx@a(ss)@a(ss)@a" ATTACHMENT "@a" DELIVERY ")", &texts, &lists,
                         &bools, message->date, pairs(message->headers), pairs(message->recipients),
                         attachments_to_variant(message->attachments),
                         deliveries_to_variant(message->deliveries));
}

static bool
nonsense(GError **error, const char *what)
{
    return mp_fail(error, MP_ERROR_INPUT, "unparsable: the parser's answer has %s", what);
}

static bool
is_one_line(const char *text)
{
    for (; *text != '\0'; text++)
        if ((guchar)*text < ' ' || *text == 127)
            return false;
    return true;
}

static bool
take_strings(MpMessage *message, GVariant *texts, GError **error)
{
    if (g_variant_n_children(texts) != G_N_ELEMENTS(strings))
        return nonsense(error, "other fields than expected");
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        char *text = NULL;
        g_variant_get_child(texts, i, "ms", &text);
        FIELD(message, char *, strings[i].offset) = text;
        if (text != NULL && !strings[i].is_text && !is_one_line(text))
            return nonsense(error, "a line break in a field");
    }
    return true;
}

static bool
take_lists(MpMessage *message, GVariant *lists, GError **error)
{
    if (g_variant_n_children(lists) != G_N_ELEMENTS(string_lists))
        return nonsense(error, "other lists than expected");
    for (gsize i = 0; i < G_N_ELEMENTS(string_lists); i++) {
        g_autoptr(GVariant) list = g_variant_get_child_value(lists, i);
        gsize count = g_variant_n_children(list);

        if (count > MOST_ENTRIES)
            return nonsense(error, "too long a list");
        for (gsize k = 0; k < count; k++) {
            char *text;
            g_variant_get_child(list, k, "s", &text);
            g_ptr_array_add(FIELD(message, GPtrArray *, string_lists[i]), text);
            if (!is_one_line(text))
                return nonsense(error, "a line break in a list");
        }
    }
    return true;
}

static bool
take_pairs(GPtrArray *entries, GVariant *list, GError **error)
{
    gsize count = g_variant_n_children(list);

    if (count > MOST_ENTRIES)
        return nonsense(error, "too many header fields or addresses");
    for (gsize i = 0; i < count; i++) {
        char **pair = g_new0(char *, 2);
        g_variant_get_child(list, i, "(ss)", &pair[0], &pair[1]);
        g_ptr_array_add(entries, pair);
        if (!is_one_line(pair[0]) || !is_one_line(pair[1]))
            return nonsense(error, "a line break in a header field");
    }
    return true;
}

static bool
is_sound(const MpAttachment *a)
{
    const char *lines[] = {a->name, a->type, a->content_id, a->disposition, a->refused};

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        if (lines[i] != NULL && !is_one_line(lines[i]))
            return false;
    if (a->name != NULL && (strchr(a->name, '/') != NULL || strcmp(a->name, "..") == 0))
        return false;
    if (a->data != NULL && g_bytes_get_size(a->data) != a->size)
        return false;
    return a->type != NULL && (a->data == NULL) == (a->refused != NULL);
}

static bool
take_attachments(MpMessage *message, GVariant *list, GError **error)
{
    gsize count = g_variant_n_children(list);

    if (count > MOST_ENTRIES)
        return nonsense(error, "too many attachments");
    for (gsize i = 0; i < count; i++) {
        MpAttachment *a = g_new0(MpAttachment, 1);
        g_autoptr(GVariant) data = NULL;
        guint64 size;

        g_ptr_array_add(message->attachments, a);
        g_variant_get_child(list, i, "(msmsmsmst@mayms)", &a->name, &a->type, &a->content_id,
                            &a->disposition, &size, &data, &a->refused);
        g_autoptr(GVariant) bytes = g_variant_get_maybe(data);
        a->size = size;
        a->data = bytes == NULL ? NULL : g_variant_get_data_as_bytes(bytes);
        if (!is_sound(a))
            return nonsense(error, "an impossible attachment");
    }
    return true;
}

static bool
take_deliveries(MpMessage *message, GVariant *list, GError **error)
{
    gsize count = g_variant_n_children(list);

    if (count > MP_DELIVERIES_MAX)
        return nonsense(error, "too many recipients of a delivery report");
    for (gsize i = 0; i < count; i++) {
        MpDeliveryStatus *d = mp_delivery_status_new();

        g_ptr_array_add(message->deliveries, d);
        g_variant_get_child(list, i, DELIVERY, &d->action, &d->status, &d->recipient, &d->original);
        if (!is_one_line(d->action) || !is_one_line(d->status) || !is_one_line(d->recipient) ||
            !is_one_line(d->original))
            return nonsense(error, "a line break in a delivery report");
    }
    return true;
}

static bool
take_flags(MpMessage *message, GVariant *bools, GError **error)
{
    if (g_variant_n_children(bools) != G_N_ELEMENTS(flags))
        return nonsense(error, "other flags than expected");
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        gboolean flag;
        g_variant_get_child(bools, i, "b", &flag);
        FIELD(message, bool, flags[i]) = flag;
    }
    return true;
}

MpMessage *
mp_message_from_variant(GVariant *value, GError **error)
{
    g_autoptr(MpMessage) message = mp_message_new();

    if (!g_variant_is_of_type(value, MESSAGE_TYPE) || !g_variant_is_normal_form(value))
        return nonsense(error, "another shape than a message"), NULL;

    g_autoptr(GVariant) texts = g_variant_get_child_value(value, 0);
    g_autoptr(GVariant) lists = g_variant_get_child_value(value, 1);
    g_autoptr(GVariant) bools = g_variant_get_child_value(value, 2);
    g_autoptr(GVariant) headers = g_variant_get_child_value(value, 4);
    g_autoptr(GVariant) recipients = g_variant_get_child_value(value, 5);
    g_autoptr(GVariant) attachments = g_variant_get_child_value(value, 6);
    g_autoptr(GVariant) deliveries = g_variant_get_child_value(value, 7);

    g_variant_get_child(value, 3, "x", &message->date);
    if (!take_strings(message, texts, error) || !take_lists(message, lists, error) ||
        !take_flags(message, bools, error) || !take_pairs(message->headers, headers, error) ||
        !take_pairs(message->recipients, recipients, error) ||
        !take_attachments(message, attachments, error) ||
        !take_deliveries(message, deliveries, error))
        return NULL;
    return g_steal_pointer(&message);
}
