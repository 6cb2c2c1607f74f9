"""The table that is printed: a row a measurement, and how it stands to what is wanted."""
import sys

WIDTHS = (52, 18, 26, 8, 14, 12)
HEAD = ("what", "ours", "peer", "ratio", "wanted", "stands")


def line(*fields):
    print("  ".join(str(f).ljust(w) for f, w in zip(fields, WIDTHS)).rstrip(), flush=True)


def head():
    line(*HEAD)
    line(*("-" * w for w in WIDTHS))


def amount(value, unit):
    """1234.5, "s" → a few digits and the unit; seconds in whatever unit reads well."""
    if unit == "s":
        for scale, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
            if value * scale >= 1 or name == "µs":
                return f"{value * scale:.3g} {name}" if value * scale < 1000 else f"{value * scale:,.0f} {name}"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def row(what, ours, unit, peer=None, peer_name="", at_least=None, at_most=None, faster=True):
    """One measurement. The ratio says how many times as fast as the peer we are where `faster`, how
    many times as much we take otherwise; without a peer, `at_most` bounds our own amount."""
    ratio = None
    if peer:
        higher_is_better = unit.endswith("/s")
        ratio = (ours / peer if higher_is_better else peer / ours) if faster else ours / peer
    value = ratio if peer else ours
    wanted, stands = "", ""
    if at_least is not None or at_most is not None:
        bound = at_least if at_least is not None else at_most
        shown = f"{bound:g}" if peer else amount(bound, unit)
        wanted = f"at least {shown}" if at_least is not None else f"at most {shown}"
        reached = value >= bound if at_least is not None else value <= bound
        stands = "reached" if reached else "not reached"
        if peer is None and peer_name:
            wanted, stands = wanted, "no peer"
    shown_peer = f"{amount(peer, unit)} {peer_name}" if peer else (f"{peer_name}: absent" if peer_name else "")
    line(what, amount(ours, unit), shown_peer, f"{ratio:.2f}" if ratio else "", wanted, stands)


def note(text):
    """What is going on, for who waits; not part of the table."""
    if sys.stderr.isatty():
        print(f"… {text}", file=sys.stderr, flush=True)
