#!/usr/bin/env python3
"""The rooms of the source: who may include whom, how large a room, a file and a function may be.

Reads the #include lines and the shape of the product's C files; nothing is built or run. A new arrow is
written into ARROWS, below the order that keeps it from closing a circle; a room that is not in ORDER
fails. lib/README.md says what the rooms are for.
"""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import TOP, check_names, conclude  # noqa: E402

# From below to above: a room includes only rooms of lines above its own.
ORDER = [
    ["base"],
    ["cli"],
    ["address", "maildir", "worker", "markup", "patterns", "git", "outbox", "ledger", "settings"],
    ["message", "repo"],
    ["reply"],
    ["tracker", "transport", "postfix"],
    ["policy"],
    ["notify"],
    ["instance", "pages"],
    ["inbound", "outbound", "watch"],
    ["check"],
    ["report"],
    ["metroplex", "notifier"],
]

TOP_LEVEL = {"Makefile", "README.md", "LICENSE", "metroplex", "notifier", "lib", "tests", "cron", "man"}

# Beside lib/base, which every room may include.
ARROWS = {
    "message": {"worker"},
    "repo": {"git"},
    "reply": {"patterns"},
    "tracker": {"address", "git", "markup"},
    "transport": {"address"},
    "postfix": {"address"},
    "policy": {"address", "maildir", "message", "tracker"},
    "notify": {"address", "git", "markup", "outbox", "policy", "tracker"},
    "instance": {"address", "cli", "git", "maildir", "message", "outbox", "policy", "tracker"},
    "pages": {"markup", "notify", "tracker"},
    "inbound": {"address", "instance", "ledger", "maildir", "markup", "message", "notify", "outbox", "policy", "reply", "tracker", "worker"},
    "outbound": {"instance", "ledger", "notify", "outbox", "tracker", "transport"},
    "watch": {"instance", "markup", "repo", "tracker"},
    "check": {"address", "cli", "instance", "ledger", "maildir", "outbox", "pages", "postfix", "tracker", "transport", "watch"},
    "report": {"address", "check", "cli", "instance", "ledger", "maildir", "message", "outbox", "policy", "postfix", "settings", "tracker", "watch"},
    "metroplex": {"address", "check", "cli", "inbound", "instance", "ledger", "maildir", "pages", "policy", "postfix", "repo", "report", "settings", "tracker", "watch"},
    "notifier": {"cli", "instance", "ledger", "notify", "outbound", "outbox", "transport"},
}

ROOM_SHARE = 15  # most percent of all lines
FILE_LINES, FUNCTION_LINES = 450, 50  # what each stays below

# To be split yet; goes with the last of them.
LATER = {"lib/reply/attribution.c"}


def sources():
    """Room, path and lines of each C file, and of the tables that they include."""
    for folder in ("lib", "metroplex", "notifier"):
        for directory, _, names in os.walk(os.path.join(TOP, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".inc")):
                    path = os.path.relpath(os.path.join(directory, name), TOP)
                    with open(os.path.join(TOP, path), encoding="utf-8") as file:
                        yield path.split("/")[1] if folder == "lib" else folder, path, file.read().splitlines()


FILES = list(sources())
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}


def includes():
    """Room, place, and what is included from a room: ("tracker", "lib/tracker/read.c:5", "git/git.h")."""
    for room, path, lines in FILES:
        for number, line in enumerate(lines, 1):
            found = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
            if found and ('"' in line or room_of(found[1], "") in RANK):
                yield room, f"{path}:{number}", found[1]


def room_of(header, room):
    """A header without a folder is the including program's own."""
    return header.split("/")[0] if "/" in header else room


def every_room_has_its_place():
    return [f"{room} is not in ORDER" for room in sorted({room for room, _, _ in FILES} - RANK.keys())]


def headers_are_there():
    return [f"{place}: there is no {header}" for room, place, header in includes()
            if not os.path.isfile(os.path.join(TOP, "lib" if "/" in header else room, header))]


def no_arrow_runs_up():
    return [f"{place}: {room} must not include {header}" for room, place, header in includes()
            if room_of(header, room) != room and RANK.get(room_of(header, room), len(ORDER)) >= RANK.get(room, 0)]


def the_arrows_are_those_listed():
    there, wrong = {}, []
    for room, place, header in includes():
        other = room_of(header, room)
        if other not in (room, "base"):
            there.setdefault(room, set()).add(other)
            if other not in ARROWS.get(room, ()):
                wrong.append(f"{place}: {room} includes {header}, and ARROWS has no such arrow")
    return wrong + [f"ARROWS has {room} -> {other}, which nothing needs" for room, others in ARROWS.items()
                    for other in sorted(others - there.get(room, set()))]


def inner_headers_stay_inside():
    """Those that are called so, and those that say so in their first lines."""
    inner = {path.removeprefix("lib/") for _, path, lines in FILES
             if path.endswith("/internal.h") or re.search(r"Inside of lib/|Internal to the room", " ".join(lines[:8]))}
    return [f"{place}: {header} is of {room_of(header, room)} alone" for room, place, header in includes()
            if header in inner and room_of(header, room) != room]


def no_room_is_too_large():
    sizes = {}
    for room, _, lines in FILES:
        sizes[room] = sizes.get(room, 0) + len(lines)
    total = sum(sizes.values())
    print("   " + ", ".join(f"{room} {lines * 100 / total:.1f} %" for room, lines in
                            sorted(sizes.items(), key=lambda size: -size[1])[:5]) + f" of {total:,} lines")
    return [f"{room} has {lines:,} of {total:,} lines, more than {ROOM_SHARE} %" for room, lines in sizes.items()
            if lines * 100 > ROOM_SHARE * total]


def no_file_is_too_long():
    return [f"{path} has {len(lines)} lines" for _, path, lines in FILES if len(lines) >= FILE_LINES and path not in LATER]


def functions():
    """Place and length of each function, from the line of its name to the brace at the margin."""
    for _, path, lines in FILES:
        name = None
        for number, line in enumerate(lines, 1):
            if re.match(r"[a-z_]\w*\(", line):
                name = number
            elif line.startswith("}") and name is not None:
                yield f"{path}:{name}", number - name + 1
                name = None


def no_function_is_too_long():
    lengths = sorted(length for _, length in functions())
    print(f"   {len(lengths):,} functions, {lengths[len(lengths) // 2]} lines in the median, {lengths[-1]} at most")
    return [f"{place}: {length} lines" for place, length in functions()
            if length >= FUNCTION_LINES and place.split(":")[0] not in LATER]


def the_top_has_nothing_that_strayed_there():
    """Beside dotfiles; of what Git has, since a build or an editor leaves other things."""
    if not os.path.exists(os.path.join(TOP, ".git")):
        return []
    names = subprocess.run(["git", "-c", "safe.directory=*", "-C", TOP, "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    top = {name.split("/")[0] for name in names.split("\0") if name and not name.startswith(".")}
    return [f"{name} lies at the top" for name in sorted(top - TOP_LEVEL)]


def every_planted_bug_can_be_planted():
    """A patch that does not apply finds nothing; it is only tried, and its second line says what is to find it."""
    wrong = []
    for path in sorted(glob.glob(os.path.join(TOP, "tests/long/planted/*.patch"))):
        tried = subprocess.run(["git", "-c", "safe.directory=*", "-C", TOP, "apply", "--check", path], capture_output=True, text=True)
        wrong += [f"{path}: {tried.stderr.strip()}"] if tried.returncode != 0 else []
        wrong += [] if "\nSuite: " in open(path).read() else [f"{path}: no line Suite:"]
    return wrong


def main():
    failed = 0
    tests = (the_top_has_nothing_that_strayed_there, every_room_has_its_place, headers_are_there, no_arrow_runs_up, the_arrows_are_those_listed,
             inner_headers_stay_inside, no_room_is_too_large, no_file_is_too_long, no_function_is_too_long,
             every_planted_bug_can_be_planted)
    for test in tests:
        wrong = test()
        for line in wrong:
            print(f"   {line}")
        print(f"{'not ok' if wrong else 'ok'} {test.__name__}")
        failed += bool(wrong)
    return conclude(len(tests) - failed, failed)


if __name__ == "__main__":
    check_names()
    sys.exit(main())
