/* Output: text that a terminal can trust, and whether it could be written. */
#pragma once

/*
 * Prints a text of many lines as it is, or, where standard output is a terminal, each line escaped,
 * so that no comment moves the cursor or changes what was printed above it.
 */
void mp_print_text(const char *text);

/* From now on, however the program ends: output that could not be written is told on standard error
 * and is no success, but ends in EX_IOERR. */
void mp_output_check_at_exit(void);
