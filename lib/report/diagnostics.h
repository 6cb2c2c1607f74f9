/* One text about an installation, for who helps: what GitHub Enterprise Server serves at
 * /setup/diagnostics. */
#pragma once

#include "report/parts.h"

/* Prints it on standard output, masked and escaped. */
void mp_diagnostics_print(MpReport *report);
