/* Postfix's policy delegation protocol; see delegation.h. */
#include "policy/delegation.h"

#include <string.h>

/* A value that does not fit is no address that we made. */
static void
keep(MpPolicyRequest *request, char *field, gsize size, const char *value)
{
    if (g_strlcpy(field, value, size) >= size)
        request->is_broken = true;
}

static void
take_attribute(MpPolicyRequest *request)
{
    char *equals = strchr(request->line, '=');
    const struct {
        const char *name;
        char *field;
        gsize size;
    } wanted[] = {
        {"request", request->request, sizeof request->request},
        {"recipient", request->recipient, sizeof request->recipient},
        {"client_address", request->client, sizeof request->client},
    };

    if (equals == NULL) {
        request->is_broken = true;
        return;
    }
    *equals = '\0';
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (strcmp(request->line, wanted[i].name) == 0)
            keep(request, wanted[i].field, wanted[i].size, equals + 1);
}

/* A line has ended; true if it was the empty one. */
static bool
take_line(MpPolicyRequest *request)
{
    gsize length = request->length;

    request->length = 0;
    if (length == 0)
        return true;
    if (length >= sizeof request->line || ++request->n_lines > MP_POLICY_LINES_MAX) {
        request->is_broken = true;
        return false;
    }
    request->line[length] = '\0';
    if (memchr(request->line, '\0', length) != NULL)
        request->is_broken = true;
    else
        take_attribute(request);
    return false;
}

gsize
mp_policy_request_feed(MpPolicyRequest *request, const char *octets, gsize length,
                       bool *is_complete)
{
    *is_complete = false;
    for (gsize i = 0; i < length; i++) {
        if (octets[i] == '\n') {
            *is_complete = take_line(request);
            if (*is_complete)
                return i + 1;
        } else if (request->length < sizeof request->line) {
            request->line[request->length++] = octets[i];
        }
    }
    return length;
}

void
mp_policy_request_clear(MpPolicyRequest *request)
{
    memset(request, 0, sizeof *request);
}

bool
mp_policy_request_is_understood(const MpPolicyRequest *request)
{
    return !request->is_broken && strcmp(request->request, "smtpd_access_policy") == 0;
}
