#!/usr/bin/env python3
"""Git's own programs on a tracker of many threads: what tracker(5) says of them.

  BUILD=build tests/bench/scale.py [THREADS]

Makes an installation of THREADS (100,000) threads in batches as the programs do, repacks it as the
timer does, and prints seconds and peak memory of each program. Nothing is compared or judged here.
"""
import os
import sys
import time

from installation import METROPLEX, Installation, output, timed

from harness import path_of_id


def show(what, result):
    cpu = result["user"] + result["system"]
    print(f"{what:60} {result['seconds']:8.2f} s  {cpu:8.2f} s of processor  {result['memory'] / 1048576:6.0f} MiB", flush=True)


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    begin = time.monotonic()
    site = Installation(users=1, threads=threads)
    print(f"{threads} threads in {time.monotonic() - begin:.0f} s; {output('du', '-sh', site.git_path()).split()[0]} before repacking", flush=True)
    try:
        measure(site, threads)
    finally:
        site.remove()


def measure(site, threads):
    git = ["git", "-C", site.git_path()]
    last = "threads/" + path_of_id(threads)
    clone = os.path.join(site.dir, "clone")
    show("git repack --geometric=2 -d", timed(*git, "repack", "-q", "--geometric=2", "-d"))
    print(f"{output('du', '-sh', site.git_path()).split()[0]} after repacking")
    show(f"git log -- {last}, no commit-graph", timed(*git, "log", "--oneline", "main", "--", last))
    show("git commit-graph write --reachable --changed-paths --split",
         timed(*git, "commit-graph", "write", "--reachable", "--changed-paths", "--split"))
    show("metroplex thread list, with the graph", timed(METROPLEX, "thread", "--config", site.config, "list"))
    show(f"git log -- {last}", timed(*git, "log", "--oneline", "main", "--", last))
    show("git log -n 100 -- threads/000", timed(*git, "log", "--oneline", "-n", "100", "main", "--", "threads/000"))
    show("git grep a title in all threads", timed(*git, "grep", "-l", f"Rocket {threads} ", "main", "--", "threads/*/thread"))
    show("git clone --no-checkout", timed("git", "clone", "-q", "--no-checkout", "file://" + site.git_path(), clone))
    show("git fsck --strict", timed(*git, "fsck", "--strict", "--no-progress"))
    show("metroplex fsck", timed(METROPLEX, "fsck", "--config", site.config))
    print(output(METROPLEX, "fsck", "--config", site.config).strip())


main()
