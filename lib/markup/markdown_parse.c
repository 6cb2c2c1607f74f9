/*
 * md4c between a text and who reads it. What it finds is passed on, but for two faults of some of
 * its versions: it leaves links that it never entered; and a short text may ask for work without
 * end, by a row that is filled up to the columns of its table, or a long URL that is defined once
 * and named again and again.
 */
#include <string.h>

#include "markup/internal.h"

/* What is called for a text, and how long the URLs of its links and pictures are together: beyond
 * what anybody writes, a few times its octets and so much more. */
#define CALLS_EACH 4
#define CALLS_MORE 65536

typedef struct {
    const MD_PARSER *sink;
    void *user_data;
    guint64 left;
    guint open[MD_SPAN_IMG + 1]; /* links and pictures, by MD_SPANTYPE */
} Meter;

static bool
is_spent(Meter *meter, guint64 cost)
{
    bool is = cost > meter->left;

    meter->left -= is ? meter->left : cost;
    return is;
}

static bool
is_link(MD_SPANTYPE type)
{
    return type == MD_SPAN_A || type == MD_SPAN_IMG;
}

static gsize
url_length(MD_SPANTYPE type, const void *detail)
{
    if (type == MD_SPAN_A)
        return ((const MD_SPAN_A_DETAIL *)detail)->href.size;
    return type == MD_SPAN_IMG ? ((const MD_SPAN_IMG_DETAIL *)detail)->src.size : 0;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    Meter *meter = user_data;

    return is_spent(meter, 1) ? -1 : meter->sink->enter_block(type, detail, meter->user_data);
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    Meter *meter = user_data;

    return is_spent(meter, 1) ? -1 : meter->sink->leave_block(type, detail, meter->user_data);
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Meter *meter = user_data;

    if (is_spent(meter, 1 + url_length(type, detail)))
        return -1;
    if (is_link(type))
        meter->open[type]++;
    return meter->sink->enter_span(type, detail, meter->user_data);
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Meter *meter = user_data;

    if (is_spent(meter, 1))
        return -1;
    if (is_link(type) && meter->open[type] == 0)
        return 0;
    if (is_link(type))
        meter->open[type]--;
    return meter->sink->leave_span(type, detail, meter->user_data);
}

static int
take_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user_data)
{
    Meter *meter = user_data;

    return is_spent(meter, 1) ? -1 : meter->sink->text(type, text, size, meter->user_data);
}

bool
mp_markdown_parse(const char *markdown, const MD_PARSER *sink, void *user_data)
{
    gsize length = strlen(markdown);
    Meter meter = {sink, user_data, CALLS_MORE + CALLS_EACH * (guint64)length, {0}};
    const MD_PARSER parser = {
        .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = take_text,
    };

    return md_parse(markdown, (MD_SIZE)length, &parser, &meter) == 0;
}
