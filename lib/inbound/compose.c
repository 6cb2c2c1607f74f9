/* The comment that is made of what a person wrote: commands cut off, attachments named, and masked,
 * so that nothing in it proves an address. */
#include <string.h>

#include "inbound/attachments.h"
#include "policy/commands.h"
#include "inbound/internal.h"

/* Times `comment` of [limits]: no links that become shorter, no masked address brings back so much.
 */
#define FAR_TOO_LONG 4

/* What stands behind a command is published as well, in the thread's record and in its history. */
static void
mask_arguments(const MpDelivery *delivery, const GPtrArray *commands, MpMaskScope scope)
{
    for (guint i = 0; i < commands->len; i++) {
        MpGivenCommand *given = g_ptr_array_index(commands, i);
        g_autofree char *argument = given->argument;
        g_autofree char *line = given->line;

        given->argument = argument != NULL ? mp_delivery_mask(delivery, argument, scope) : NULL;
        given->line = mp_delivery_mask(delivery, line, MP_MASK_MACS);
    }
}

static bool
is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* What opens a thread changes none: its commands are text, of which its author hears; where nothing
 * else was written, nothing was. */
static char *
note_commands(MpDelivery *delivery, MpMaskScope scope)
{
    const char *reply = delivery->extraction->reply;
    g_autofree char *text = NULL;
    g_autoptr(GPtrArray) commands = mp_mail_commands_take(reply, &text);

    if (commands->len == 0)
        return g_strdup(reply);
    for (guint i = 0; i < commands->len; i++)
        ((MpGivenCommand *)commands->pdata[i])->fate = MP_FATE_OPENING;
    mask_arguments(delivery, commands, scope);
    delivery->composed.commands = g_steal_pointer(&commands);
    return g_strdup(is_blank(text) ? "" : reply);
}

/* Cuts the commands off, and decides on them; returns what was written without them, the caller's;
 * NULL for errors only. */
static char *
take_commands(const MpInstance *instance, MpDelivery *delivery, MpMaskScope scope, GError **error)
{
    const MpIdentity *identity = &delivery->identity;
    g_autofree char *text = NULL;

    if (identity->is_opening && identity->account != NULL)
        return note_commands(delivery, scope);
    if (identity->thread == NULL || identity->account == NULL)
        return g_strdup(delivery->extraction->reply);
    g_autoptr(GPtrArray) commands = mp_mail_commands_take(delivery->extraction->reply, &text);
    mask_arguments(delivery, commands, scope);
    if (!mp_mail_commands_judge(
            commands, instance->config, instance->accounts, identity->thread,
            mp_mail_right_of(identity->account, identity->thread, identity->repository), error))
        return NULL;
    if (commands->len > 0)
        delivery->composed.commands = g_steal_pointer(&commands);
    return g_steal_pointer(&text);
}

/* Attachments are published as the comment is, so they are masked as well. */
static void
mask_attachments(const MpDelivery *delivery, MpMaskScope scope)
{
    for (guint i = 0; delivery->identity.is_verified && i < delivery->composed.attachments->len;
         i++) {
        MpNewAttachment *attachment = g_ptr_array_index(delivery->composed.attachments, i);
        GBytes *masked = mp_address_mask_bytes(attachment->data, delivery->identity.address.mac);
        char *name = mp_delivery_mask(delivery, attachment->name, scope);

        g_bytes_unref(attachment->data);
        attachment->data = masked;
        g_free((char *)attachment->name);
        attachment->name = name;
    }
}

/* Ten octets that refer to a picture become a link with its name, of hundreds: what will be refused
 * for its length is not composed first. The gate counts it as it was written. */
static bool
is_far_too_long(const MpConfig *config, const MpExtraction *extraction)
{
    return g_utf8_strlen(extraction->reply, -1) > FAR_TOO_LONG * (glong)config->max_comment;
}

bool
mp_delivery_compose(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    const MpConfig *config = instance->config;
    const MpExtraction *extraction = delivery->extraction;
    MpComposed *composed = &delivery->composed;

    mp_composed_clear(composed);
    composed->is_reaction = extraction->is_reaction;
    if (is_far_too_long(config, extraction)) {
        composed->body = g_strdup(extraction->reply);
        return true;
    }
    MpMaskScope scope = config->mask_addresses ? MP_MASK_MARKDOWN : MP_MASK_MACS;
    g_autofree char *text = take_commands(instance, delivery, MIN(scope, MP_MASK_TEXT), error);
    if (text == NULL)
        return false;
    g_autoptr(MpPlacement) placement = mp_attachments_place(delivery->message, extraction, text);
    composed->attachments = g_steal_pointer(&placement->stored);
    composed->fates = g_steal_pointer(&placement->fates);
    composed->body = mp_delivery_mask(delivery, placement->body, scope);
    mask_attachments(delivery, MIN(scope, MP_MASK_TEXT));
    return true;
}
