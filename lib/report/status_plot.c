/* The plots of the page: stacked bars in SVG, an hour each for a day, a day each for a month. */
#include "base/text.h"
#include "report/internal.h"

#define WIDTH  400 /* in the picture's own units */
#define HEIGHT 150
#define LEFT   52
#define TOP    8
#define BOTTOM 22
#define RIGHT  4

#define HOUR 3600

static const struct {
    const char *class, *word; /* of the style; N_() */
} series[MP_N_PLOTTED] = {
    {"posted", N_("posted")}, {"other", N_("other")},     {"refused", N_("refused")},
    {"sent", N_("sent")},     {"unsent", N_("not sent")},
};

typedef struct {
    const char *title; /* N_() */
    MpPlotted first, last;
    guint n_bars, hours; /* each of so many hours */
    guint every;         /* how many bars to a label */
    const char *label;   /* for strftime(3) */
} Plot;

static const Plot plots[] = {
    {N_("Mails of the day"), MP_PLOT_POSTED, MP_PLOT_REFUSED, 24, 1, 6, "%H:00"},
    {N_("Mails of the month"), MP_PLOT_POSTED, MP_PLOT_REFUSED, 30, 24, 7, "%m-%d"},
    {N_("Messages of the day"), MP_PLOT_SENT, MP_PLOT_UNSENT, 24, 1, 6, "%H:00"},
    {N_("Messages of the month"), MP_PLOT_SENT, MP_PLOT_UNSENT, 30, 24, 7, "%m-%d"},
};

/* The hour, of those of the status, at which a bar begins. */
static guint
first_hour(const Plot *plot, guint bar)
{
    return MP_STATUS_HOURS - (plot->n_bars - bar) * plot->hours;
}

static guint64
value_of(const MpStatus *status, const Plot *plot, guint bar, MpPlotted what)
{
    guint64 sum = 0;

    for (guint hour = 0; hour < plot->hours; hour++)
        sum += status->hours[first_hour(plot, bar) + hour][what];
    return sum;
}

/* A round number of at least the highest bar: 1, 2 or 5 and zeros. */
static guint64
top_of(const MpStatus *status, const Plot *plot)
{
    static const guint64 steps[] = {2, 5, 10};
    guint64 highest = 1, power = 1;

    for (guint bar = 0; bar < plot->n_bars; bar++) {
        guint64 sum = 0;

        for (MpPlotted what = plot->first; what <= plot->last; what++)
            sum += value_of(status, plot, bar, what);
        highest = MAX(highest, sum);
    }
    for (; power * 10 <= highest && power < G_MAXINT64 / 100; power *= 10)
        ;
    if (highest == power)
        return power;
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
        if (power * steps[i] >= highest)
            return power * steps[i];
    return highest;
}

static char *
time_of(const MpStatus *status, const Plot *plot, guint bar, const char *form)
{
    gint64 ago = (gint64)(MP_STATUS_HOURS - 1 - first_hour(plot, bar)) * HOUR;
    g_autoptr(GDateTime) date =
        g_date_time_new_from_unix_utc(status->now - status->now % HOUR - ago);

    return g_date_time_format(date, form);
}

/* A number of the picture, with a point whatever the locale. */
static void
append(GString *out, const char *attribute, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, " %s=\"%s\"", attribute,
                           g_ascii_formatd(text, sizeof text, "%.2f", value));
}

static void
add_bar(GString *out, const MpStatus *status, const Plot *plot, guint bar, guint64 top)
{
    double step = (double)(WIDTH - LEFT - RIGHT) / plot->n_bars, y = HEIGHT - BOTTOM;
    g_autofree char *when =
        time_of(status, plot, bar, plot->hours == 1 ? "%Y-%m-%d %H:00" : "%Y-%m-%d %H:00 +24 h");

    g_string_append_printf(out, "<g><title>%s", when);
    for (MpPlotted what = plot->first; what <= plot->last; what++)
        g_string_append_printf(out, ", %s %" G_GUINT64_FORMAT, _(series[what].word),
                               value_of(status, plot, bar, what));
    g_string_append(out, "</title>");
    for (MpPlotted what = plot->first; what <= plot->last; what++) {
        double height =
            (double)value_of(status, plot, bar, what) / (double)top * (HEIGHT - TOP - BOTTOM);

        if (height <= 0)
            continue;
        g_string_append_printf(out, "<rect class=\"%s\"", series[what].class);
        append(out, "x", LEFT + bar * step + step * 0.1);
        append(out, "y", y -= height);
        append(out, "width", step * 0.8);
        append(out, "height", height);
        g_string_append(out, "/>");
    }
    g_string_append(out, "</g>\n");
}

static void
add_axes(GString *out, const MpStatus *status, const Plot *plot, guint64 top)
{
    double step = (double)(WIDTH - LEFT - RIGHT) / plot->n_bars;

    for (int i = 0; i < 2; i++) {
        int y = i == 0 ? HEIGHT - BOTTOM : TOP;

        g_string_append_printf(out,
                               "<path class=\"axis\" d=\"M%d %dH%d\"/>"
                               "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%" G_GUINT64_FORMAT
                               "</text>\n",
                               LEFT, y, WIDTH - RIGHT, LEFT - 4, y + 4, i == 0 ? 0 : top);
    }
    for (guint bar = plot->n_bars % plot->every; bar < plot->n_bars; bar += plot->every) {
        g_autofree char *label = time_of(status, plot, bar, plot->label);

        g_string_append(out, "<text");
        append(out, "x", LEFT + bar * step);
        g_string_append_printf(out, " y=\"%d\">%s</text>\n", HEIGHT - 6, label);
    }
}

static void
add_plot(GString *out, const MpStatus *status, const Plot *plot)
{
    guint64 top = top_of(status, plot);

    g_string_append(out, "<section><h2>");
    mp_html_append(out, _(plot->title));
    g_string_append_printf(out, "</h2><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
                           HEIGHT);
    mp_html_append(out, _(plot->title));
    g_string_append(out, "\">\n");
    add_axes(out, status, plot, top);
    for (guint bar = 0; bar < plot->n_bars; bar++)
        add_bar(out, status, plot, bar, top);
    g_string_append(out, "</svg><div class=\"key\">");
    for (MpPlotted what = plot->first; what <= plot->last; what++) {
        g_string_append_printf(out, "<i class=\"%s\"></i>", series[what].class);
        mp_html_append(out, _(series[what].word));
    }
    g_string_append(out, "</div></section>\n");
}

void
mp_status_plots(GString *out, const MpStatus *status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(plots); i++)
        add_plot(out, status, &plots[i]);
}
