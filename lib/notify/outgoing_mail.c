/* A message on its way out; see notify.h. */
#include "notify/internal.h"

MpOutgoingMail *
mp_outgoing_mail_new(const char *sender, const char *recipient, const char *message_id,
                     GString *text)
{
    MpOutgoingMail *mail = g_new0(MpOutgoingMail, 1);

    mail->sender = g_strdup(sender);
    mail->recipient = g_strdup(recipient);
    mail->message_id = g_strdup(message_id);
    mail->length = text->len;
    mail->text = g_string_free(text, FALSE);
    return mail;
}

void
mp_outgoing_mail_free(MpOutgoingMail *message)
{
    if (message == NULL)
        return;
    g_free(message->sender);
    g_free(message->recipient);
    g_free(message->message_id);
    g_free(message->text);
    g_free(message);
}
