/* One mail on its way through a batch; see delivery.h. */
#include "inbound/delivery.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"

MpDelivery *
mp_delivery_new(MpMail *mail)
{
    MpDelivery *delivery = g_new0(MpDelivery, 1);

    delivery->mail = mail;
    return delivery;
}

void
mp_delivery_forget(MpDelivery *delivery)
{
    mp_identity_clear(&delivery->identity);
    g_free(delivery->decision.why);
    g_clear_pointer(&delivery->decision.response, mp_response_unref);
    delivery->decision = (MpDecision){0};
    delivery->is_deferred = false;
}

void
mp_delivery_free(MpDelivery *delivery)
{
    if (delivery == NULL)
        return;
    mp_delivery_forget(delivery);
    mp_composed_clear(&delivery->composed);
    mp_mail_free(delivery->mail);
    mp_message_free(delivery->message);
    mp_extraction_free(delivery->extraction);
    g_free(delivery->sent);
    g_free(delivery->message_id);
    g_free(delivery->refused);
    g_free(delivery->fault_text);
    g_free(delivery);
}

void
mp_delivery_set_message(MpDelivery *delivery, MpMessage *message, MpMessageFault fault,
                        const GError *why)
{
    const char *code = mp_message_fault_code(fault);
    const char *text = why != NULL ? why->message : NULL;

    /* The gate's reason says the code; the text need not repeat it. */
    if (text != NULL && code != NULL && g_str_has_prefix(text, code))
        text += strlen(code) + strspn(text + strlen(code), ": ");
    delivery->message = message;
    if (message != NULL && message->message_id != NULL && delivery->message_id == NULL)
        delivery->message_id = mp_address_mask(message->message_id, MP_MASK_MACS);
    delivery->fault = fault;
    g_free(delivery->fault_text);
    delivery->fault_text = g_strdup(text);
}

guint64
mp_delivery_thread(const MpDelivery *delivery)
{
    const MpIdentity *identity = &delivery->identity;

    return identity->thread != NULL ? identity->thread->id : identity->opened;
}

gint64
mp_delivery_received(const MpDelivery *delivery)
{
    return MIN(delivery->mail->received, g_get_real_time()) / G_USEC_PER_SEC;
}

char *
mp_delivery_hash(const MpDelivery *delivery, GError **error)
{
    int fd = delivery->mail->fd;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guchar buffer[65536];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
        g_checksum_update(sum, buffer, n);
        at += n;
    }
    if (n < 0)
        return mp_fail_errno_null(error, "cannot read a mail");
    return g_strdup(g_checksum_get_string(sum));
}

char *
mp_delivery_mask(const MpDelivery *delivery, const char *text, MpMaskScope scope)
{
    g_autofree char *known = delivery->identity.is_verified
                                 ? mp_address_mask_known(text, delivery->identity.address.mac)
                                 : NULL;

    return mp_address_mask(known != NULL ? known : text, scope);
}

bool
mp_delivery_acts_once(const MpDelivery *delivery)
{
    return delivery->decision.gate->action == MP_DO_COMMENT ||
           delivery->decision.gate->action == MP_DO_OPEN ||
           delivery->decision.gate->action == MP_DO_COMMANDS;
}
