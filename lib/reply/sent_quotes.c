/* How our message is quoted, where only the text sent tells; see sent_quotes.h. */
#include "reply/sent_quotes.h"
#include "reply/attribution.h"
#include "reply/boundary.h"
#include "reply/walk.h"

#include <string.h>

enum {
    LONGEST = 160,  /* bytes of a line that announces a quote */
    WHOLE_LINE = 4, /* words of a line that is ours by no chance */
};

static const MpRule named = {
    .name = "attribution-sender", .kind = MP_RULE_ATTRIBUTION, .client = "any language"};

/* The line names us as one that a client wrote does: first of all, with the day, or with a verb. */
static bool
announces(const GArray *lines, guint i, const Sent *sent, MpMatcher *matcher)
{
    const char *core = LINE(lines, i)->core;

    return sent_begins_with_name(sent, core) ||
           (sent_is_named(sent, core) &&
            (mp_matcher_has_date(matcher, core) || attribution_names_writer(core, matcher)));
}

void
sent_quotes_mark(GArray *lines, const Sent *sent, MpMatcher *matcher)
{
    for (guint i = 0; sent_has_sender(sent) && i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        if (line->kind != LINE_TEXT || line->fenced || !line_ends_in_colon(line->core) ||
            strlen(line->core) > LONGEST)
            continue;
        guint below = lines_skip_blank(lines, i + 1);
        if (below < lines->len && !LINE(lines, below)->repeat &&
            sent_begins_with_name(sent, line->core)) /* a gateway's line stands between */
            below = lines_skip_blank(lines, below + 1);
        if (below < lines->len && LINE(lines, below)->words > 0 && LINE(lines, below)->repeat &&
            announces(lines, i, sent, matcher))
            boundary_mark_block(lines, i, i + 1, LINE_ATTRIBUTION, &named);
    }
}

bool
sent_quotes_unmarked(const GArray *lines, const Sent *sent)
{
    bool text = false, footer = false;

    for (guint i = 0; sent != NULL && i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        if (line_is_boundary(line))
            return false;
        if (line->kind == LINE_QUOTE || !line->repeat || line->words == 0)
            continue;
        bool below = sent_is_footer(sent, line->sent_first);
        footer |= below;
        text |= !below && line->words >= WHOLE_LINE && line->begins_ours;
    }
    return text && footer;
}
