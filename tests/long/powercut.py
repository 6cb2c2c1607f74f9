#!/usr/bin/env python3
"""Power cuts on real file systems: a run under way, the power gone, the log recovered, a run again.

  tests/long/powercut.py [--cuts N] [--only WORD]       as root, with loop devices

A cut is the ioctl FS_IOC_SHUTDOWN before a system call of the run, chosen by chance: nothing that
was not written by then is ever written. It comes in three kinds: 2 drops the log that is in memory
too (the plain cut), 1 writes the log but no data, 0 writes everything. In some runs all was written
out at an earlier moment, as the kernel does by itself. Then the file system is unmounted, mounted
again (which recovers its log), looked at, finished and checked.

btrfs has no such ioctl: there the run is killed, and what its disk holds at that moment is copied
and mounted in its place.
"""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from faults import BEGIN, JOBS, SCENARIOS, SEED, ending, list_calls, trace
from installation import Installation
from harness import conclude
from invariants import violations, violations_half_way

KINDS = [2, 2, 2, 1, 1, 0]
FILE_SYSTEMS = {
    # What mkfs makes, how it is mounted, the size of the image in MiB.
    "ext4": (["mkfs.ext4", "-q", "-F"], "defaults", 64),
    "ext4, no help for renames": (["mkfs.ext4", "-q", "-F"], "noauto_da_alloc", 64),
    "ext4, data after metadata": (["mkfs.ext4", "-q", "-F"], "data=writeback,noauto_da_alloc", 64),
    "xfs": (["mkfs.xfs", "-q", "-f"], "defaults", 320),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], "defaults", 128),
}
WORK = ["batch", "after death with a pack and a lock", "after death between the moves", "notifier", "pages", "watch, pushes"]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")


class Disk:
    """A file system of our own in a file."""

    def __init__(self, name, top):
        make, self.options, size = FILE_SYSTEMS[name]
        self.image, self.path = os.path.join(top, "image"), os.path.join(top, "disk")
        with open(self.image, "wb") as f:
            f.truncate(size << 20)
        os.mkdir(self.path)
        run(*make, self.image)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop," + self.options, self.image, self.path)

    def unmount(self):
        """The parser's process dies with its parent, but not at once, and may have a mail open."""
        for i in range(100):
            if subprocess.run(["umount", self.path], capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        run("umount", self.path)

    def restart(self, by_copy):
        """After a cut: the disk as it is, its log recovered."""
        if by_copy:
            run("cp", self.image, self.image + ".now")
        self.unmount()
        if by_copy:
            os.rename(self.image + ".now", self.image)
        self.mount()


class Cuts:
    def __init__(self, name, work, share):
        self.top = tempfile.mkdtemp(prefix="metroplex-power-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.disk, self.by_copy = Disk(name, self.top), name == "btrfs"
        self.site = Installation(os.path.join(self.disk.path, "site"))
        self.command = SCENARIOS[work](self.site)
        self.site.save()
        self.calls = len(list_calls(self.site, self.command))
        self.random = random.Random(f"{SEED} {name} {work} {share}")

    def once(self):
        """One cut: where it fell, and what is wrong."""
        self.site.restore()
        run("sync", "-f", self.disk.path)
        at, kind = self.random.randint(self.calls // 4, self.calls), self.random.choice(KINDS)
        options = ["--kill", str(at), "--begin", BEGIN]
        if not self.by_copy:
            options += ["--cut", f"{self.disk.path}:{kind}"]
        if self.random.random() < 0.4:
            options += ["--sync", f"{self.random.randint(1, at)}:{self.disk.path}"]
        end = trace(self.command, *options)
        if end.get("signal") != "9":
            return None, []
        self.disk.restart(self.by_copy)
        wrong = violations_half_way(self.site, self.site.given)
        self.site.given.repeats = 64
        wrong += [why for why in map(self.site.finish, ending(self.site)) if why]
        return f"cut before {end['hit']} {at}, {'copy' if self.by_copy else f'kind {kind}'}", wrong + violations(self.site, self.site.given)

    def close(self):
        self.disk.unmount()
        shutil.rmtree(self.top, ignore_errors=True)


def do(job):
    name, work, share, wanted = job
    counts, wrong, cuts = collections.Counter(), [], None
    try:
        cuts = Cuts(name, work, share)
        for _ in range(2 * wanted):
            point, lines = cuts.once()
            counts["cuts"] += point is not None
            if lines:
                counts["violations"] += 1
                wrong.append(f"{work}: {point}:\n    " + "\n    ".join(lines[:6]))
            if counts["cuts"] == wanted:
                break
    except Exception as error:  # a test may fail in any way
        counts["violations"] += 1
        wrong.append(f"{type(error).__name__}: {error}")
    finally:
        if cuts is not None:
            cuts.close()
    return counts, wrong


def main():
    parser = argparse.ArgumentParser(description="Power cuts on ext4, XFS and btrfs.")
    parser.add_argument("--cuts", type=int, default=1000, metavar="N", help="in total")
    parser.add_argument("--only", default="", metavar="WORD", help="only file systems with this in their names")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="at most N violations of each line")
    options = parser.parse_args()
    chosen = [(name, work) for name in FILE_SYSTEMS for work in WORK if options.only in name]
    each = -(-options.cuts // (max(1, len(chosen)) * JOBS))
    totals, passed, failed = collections.Counter(), 0, 0
    with multiprocessing.Pool(JOBS) as pool:
        for name, work in chosen:
            counts, wrong = collections.Counter(), []
            for count, lines in pool.imap_unordered(do, [(name, work, share, each) for share in range(JOBS)]):
                counts += count
                wrong += lines
            good = counts["cuts"] > 0 and not counts["violations"]
            passed, failed = passed + good, failed + (not good)
            totals += counts
            print(f"{'ok' if good else 'not ok'} {name}: {work}: {counts['cuts']} power cuts, {counts['violations']} violations")
            print("".join(f"  {line}\n" for line in wrong[:options.show]), end="", flush=True)
    print(f"# {totals['cuts']} power cuts, {totals['violations']} violations")
    sys.exit(conclude(passed, failed))


if __name__ == "__main__":
    main()
