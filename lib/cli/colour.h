/* Colour where standard output is a terminal (and NO_COLOR is not set); plain text in a pipe. */
#pragma once

typedef enum { MP_RED, MP_GREEN, MP_YELLOW, MP_BOLD } MpColour;

/* Prints the text on standard output, coloured or as it is. */
void mp_print_in_colour(MpColour colour, const char *text);
