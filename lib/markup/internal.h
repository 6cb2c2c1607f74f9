/* Inside of the room: one dialect of Markdown for all that read it. */
#pragma once

#include <md4c.h>
#include <stdbool.h>

/* Has md4c call what `sink` names (its other fields are set here), as GitHub's dialect without raw
 * HTML. False where md4c gave up. */
bool mp_markdown_parse(const char *markdown, MD_PARSER *sink, void *user_data);
