#!/usr/bin/env python3
"""Every disk that a power cut may leave: a run is recorded once, then its crashes are made up.

  tests/long/states.py [--only WORD] [--most N] [--random N] [--seed N] [--show N]
  tests/long/states.py --list --only "batch;"                          the recorded operations, numbered
  tests/long/states.py --only "batch;" --without 'fsync .*main.lock'   as if that sync were forgotten

faults.py kills a process: the kernel still holds all that it wrote. A power cut is worse: of what was
not synced, any part may be there, in any order. Here strace records each call of a command that
changes files (recording.py); a model says, for the moment before each of those calls, what may be on
the disk (disks.py). A sample of these disks is made for real in a memory file system, the product
recovers each (scenarios.py), and invariants.py has its say. Disks of the same content are tried once,
and so is what follows from the same state after the first step of recovery.

With --split there are violations, and must be: a rename that is not atomic may take a mail's only
name, or the branch's (metroplex(8), Recovery).
"""
import argparse
import collections
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile

from disks import Crash, digest, mark
from recording import Op
from scenarios import SCENARIOS
from harness import conclude


def may_repeat(recording, crash):
    """Messages that are out, and whose record is not synced: those may go out twice."""
    out = recorded = 0
    for i, op in enumerate(recording.ops[:crash.k]):
        out += op.kind == "names" and len(op.effect) == 2 and "data/sent/tmp" in op.about
        recorded += op.kind == "data" and "data/outbox" in op.about and bool(crash.durable[i]) and \
            isinstance(op.effect[2], bytes) and op.effect[2].startswith(b"sent\t")
    return max(out - recorded, 0)


def forget(recording, pattern):
    """Syncs that match do nothing, as if the source had none there: a planted bug."""
    hits = [i for i, op in enumerate(recording.ops) if op.kind == "sync" and re.search(pattern, op.about)]
    if not hits:
        raise RuntimeError(f"nothing matches {pattern}")
    for i in hits:
        recording.ops[i] = Op("sync", recording.ops[i].about + " (forgotten)", (recording.top, 0))


def explore(name, options, top):
    """One scenario: its counts, and what is wrong, by class."""
    scenario = SCENARIOS[name](os.path.join(top, "site"))
    recording = scenario.record()
    if options.without:
        forget(recording, options.without)
    chance, seen, marks = random.Random(f"{options.seed} {name}"), set(), set()
    counts, wrong = collections.Counter(operations=len(recording.ops)), collections.defaultdict(list)
    # What another machine has begun it finishes.
    moments = [k for k in range(scenario.starts[-1], len(recording.ops) + 1) if not {k - 1, k} <= recording.elsewhere]
    chance.shuffle(moments)  # so that a small sample is spread over all of them
    for n, k in enumerate(moments):
        crash = Crash(recording, k, options.split)
        counts["pending"] = max(counts["pending"], len(crash.pending))
        at_end, repeat = k == len(recording.ops), may_repeat(recording, crash)
        quota = -(-options.most * (n + 1) // len(moments))  # of states, up to and with this moment
        for choice in crash.choices(chance, options.random):
            if counts["states"] >= quota:
                break
            changed = crash.changed(choice)
            facts = (at_end, repeat if scenario.notifier_was_first else 0)
            key = (mark(*changed), *facts)
            counts["choices"] += 1
            if key in marks:
                continue
            marks.add(key)
            files = crash.tree_of(*changed)
            key = (digest(files), *facts)
            if key in seen:
                continue
            seen.add(key)
            counts["states"] += 1
            counts.update(crash.models(choice).split())
            lines = check(scenario, files, at_end, repeat)
            if lines:
                counts["violations"] += 1
                wrong[kind_of(lines[0])].append((crash.models(choice), k, lines, crash.tell(choice)))
    return counts, wrong


def check(scenario, files, *facts):
    scenario.lay(files)
    try:
        return scenario.check(*facts)
    except Exception as error:  # a test may fail in any way
        return [f"check: {type(error).__name__}: {error}"]


def kind_of(line):
    """What is the same in violations of one kind."""
    return re.sub(r"[0-9a-f]{32}|\d+\.V\w+\.mx|\d+|(?<=not a line: ).*|'[^']*'", "…", line)[:110]


def describe(name, counts, wrong, show):
    good = counts["states"] > 0 and not wrong
    lines = [f"{'ok' if good else 'not ok'} states: {name}: {counts['operations']} operations, at most {counts['pending']} pending, "
             f"{counts['states']} states of {counts['choices']} choices (a journal shows {counts['C']}, transactions {counts['D']}), "
             f"{counts['violations']} violations"]
    for kind, cases in sorted(wrong.items(), key=lambda item: -len(item[1])):
        models = collections.Counter(models for models, *_ in cases)
        lines += [f"  {len(cases)} × {kind}", "    models: " + ", ".join(f"{m}: {n}" for m, n in models.items())]
        for models, k, said, disk in sorted(cases, key=lambda case: (-len(case[0]), len(case[3])))[:show]:
            lines += [f"    - before operation {k}, models {models}", *(f"      {line[:300]}" for line in said[:6]), *(f"        {line}" for line in disk)]
    return good, "\n".join(lines)


def do(job):
    """One scenario in a process of its own: whether it is good, its counts, and what to say of it."""
    name, options = job
    top = tempfile.mkdtemp(prefix="metroplex-states-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        counts, wrong = explore(name, options, top)
    except Exception as error:  # a test may fail in any way
        return False, collections.Counter(violations=1), f"not ok states: {name}: {type(error).__name__}: {error}"
    finally:
        shutil.rmtree(top, ignore_errors=True)
    good, line = describe(name, counts, wrong, options.show)
    return good, counts, line


def run(names, options):
    with multiprocessing.Pool(options.jobs) as pool:
        yield from pool.imap(do, [(name, options) for name in names], 1)


def sample(names, most):
    """For make check: pairs of whether it is good, and what to say."""
    for good, _, line in run(names, parser().parse_args(["--most", str(most)])):
        yield good, line


def list_operations(names):
    for name in names:
        top = tempfile.mkdtemp(prefix="metroplex-states-")
        try:
            scenario = SCENARIOS[name](os.path.join(top, "site"))
            for i, op in enumerate(scenario.record().ops):
                print(f"{name}: {i}{'*' if i in scenario.starts else ''} {op.about}")
        finally:
            shutil.rmtree(top, ignore_errors=True)


def parser():
    parser = argparse.ArgumentParser(description="Power cuts on a model of a weak file system.")
    parser.add_argument("--only", default="", metavar="WORD", help="only scenarios with this in their names; or NAME;NAME;…")
    parser.add_argument("--random", type=int, default=100, metavar="N", help="random choices for each moment")
    parser.add_argument("--most", type=int, default=10**9, metavar="N", help="at most N states of each scenario")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--show", type=int, default=2, metavar="N", help="at most N states of each kind of violation")
    parser.add_argument("--names", action="store_true", help="only show the names of the scenarios")
    parser.add_argument("--list", action="store_true", help="only show the operations")
    parser.add_argument("--without", metavar="PATTERN", help="forget the syncs that match: a planted bug")
    parser.add_argument("--split", action="store_true", help="a rename is two changes, each by itself, as on ext2 and FAT")
    return parser


def main():
    options = parser().parse_args()
    names = [name for name in SCENARIOS if (name in options.only.split(";") if ";" in options.only else options.only in name)]
    if options.names:
        print("\n".join(names))
        return 0
    if options.list:
        list_operations(names)
        return 0
    total, passed, failed = collections.Counter(), 0, 0
    for good, counts, line in run(names, options):
        passed, failed = passed + good, failed + (not good)
        total += counts
        print(line, flush=True)
    print(f"# {total['states']} states of disks, {total['violations']} violations; a journal (ext4, XFS) shows {total['C']} of them, "
          f"transactions (btrfs) {total['D']}")
    return conclude(passed, failed)


if __name__ == "__main__":
    sys.exit(main())
