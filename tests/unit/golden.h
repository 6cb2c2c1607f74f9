/* Mails that are kept whole. */
#pragma once

#include "notify/notify.h"

/* Expects the mail to be tests/fixtures/notify/FILE.eml, octet for octet. `make golden` writes the
 * files anew: read the difference. */
void golden_expect(const char *file, const MpOutgoingMail *mail);
