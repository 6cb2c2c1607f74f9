#!/usr/bin/env python3
"""Four hosts that contend for one tracker, killed, cut off, and with an administrator beside them: each mail is one comment.

  MAILS=2000 KILLS=100 tests/long/contend.py       for each host so many mails; kills of all together
"""
import contextlib
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from git_server import Daemon  # noqa: E402
from harness import METROPLEX, Site, check, conclude, equal  # noqa: E402
from several import conversation, events, hosts, keys, numbers, run, staged, tip  # noqa: E402

NAMES = ("one", "two", "three", "four")
THREADS = 10
SHARED = 10  # each such mail reaches a second host as well
BACK = 20     # commits that are taken back
ACTS = 40     # of the administrator
TURN = "refs/metroplex/turn"


class Host(threading.Thread):
    """Runs a host until its new/ is empty, killing it now and then."""

    def __init__(self, site, kills, seed, limit):
        super().__init__()
        self.site, self.kills, self.chance = site, kills, random.Random(seed)
        self.killed, self.statuses, self.limit = 0, set(), limit

    def run(self):
        longest = 0.3
        while self.site.new and time.monotonic() < self.limit:
            process = subprocess.Popen([METROPLEX, "--config", self.site.config, "--once"], stderr=subprocess.DEVNULL)
            try:
                process.wait(self.chance.uniform(0.02, longest) if self.killed < self.kills else 600)
                self.statuses.add(process.returncode)
                time.sleep(0.05 if process.returncode else 0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.killed += 1
                longest = min(longest * 1.2, 8)


class Administrator(threading.Thread):
    """Pushes by hand, sets the branch back once, and takes the server away for a while: as the mails come to be fewer,
    so that it is the same however fast they are."""

    def __init__(self, remote, sites, seed):
        super().__init__()
        self.remote, self.sites, self.chance, self.is_over = remote, sites, random.Random(seed), threading.Event()
        self.pushed, self.dropped, self.texts, self.outages = [], set(), set(), 0

    def move(self, commit, before):
        """By compare and swap, as a push is."""
        done = subprocess.run(["git", "--git-dir", self.remote.path(), "update-ref", "refs/heads/main", commit, before], capture_output=True)
        return done.returncode == 0

    def push(self):
        before = tip(self.remote)
        commit = self.remote.git("commit-tree", "-p", before, "-m", f"By hand, {len(self.pushed)}", before + "^{tree}")
        if self.move(commit, before):
            self.pushed.append(commit)

    def set_back(self):
        """A forced push back: what was posted since is taken back, by whoever may do that."""
        before = tip(self.remote)
        back = self.remote.git("rev-parse", before + f"~{BACK}")
        lost = set(keys_at(self.remote, before)) - set(keys_at(self.remote, back))
        texts = texts_between(self.remote, back, before)
        if self.move(back, before):
            self.dropped |= lost
            self.texts |= texts
            gone = set(self.remote.git("rev-list", f"{back}..{before}").split())
            self.pushed = [commit for commit in self.pushed if commit not in gone]

    def go_away(self):
        self.remote.stop()
        self.is_over.wait(self.chance.uniform(0.2, 2))
        self.remote.start()
        self.outages += 1

    def left(self):
        return sum(len(site.new) for site in self.sites)

    def run(self):
        total = self.left()
        for n in range(ACTS):
            while self.left() > total * (ACTS - n) / (ACTS + 1):
                if self.is_over.wait(0.05):
                    return
            self.push()
            if not self.dropped and n >= ACTS / 3:
                self.set_back()
            elif n % 8 == 5:
                self.go_away()


def keys_at(remote, commit):
    names = remote.git("ls-tree", "-r", "--name-only", commit).splitlines()
    return [name.split("/")[-1].split(".")[0] for name in names if "/received/" in name]


def texts_between(remote, old, new):
    """Of comments that the later commit has, and the other not."""
    names = remote.git("diff", "--name-only", "--diff-filter=A", old, new).splitlines()
    return {remote.git("cat-file", "blob", f"{new}:{name}").strip() for name in names if name.endswith("/comment.md")}


def deliver(sites, addresses, count):
    """`count` mails to each host, of which some reach the next one too; the texts."""
    texts = []
    for i, site in enumerate(sites):
        for n in range(count):
            texts.append(f"Answer {n} to {site.name}.")
            octets = site.mail("kate@example.org", addresses[n % THREADS], texts[-1] + "\n")
            for target in (site, sites[(i + 1) % len(sites)])[:2 if n % SHARED == 0 else 1]:
                target.deliver(octets)
    return texts


def contend(sites, remote, kills, limit):
    """All at once; (the runs' statuses, kills, the administrator)."""
    runners = [Host(site, kills // len(sites), seed, limit) for seed, site in enumerate(sites)]
    administrator = Administrator(remote, sites, len(sites))
    for thread in [*runners, administrator]:
        thread.start()
    for runner in runners:
        runner.join()
    administrator.is_over.set()
    administrator.join()
    return set().union(*(runner.statuses for runner in runners)), sum(runner.killed for runner in runners), administrator


def faults(site):
    """What fsck finds, without what it says that may be done."""
    done = subprocess.run([METROPLEX, "fsck", "--config", site.config], capture_output=True, text=True)
    return [line for line in done.stdout.splitlines()[:-1] if not line.startswith(" ")]


def settle(remote, sites, dropped):
    for site in 2 * sites:  # what the last has posted is news to the first
        run(site)
    for site in sites:
        equal((site.new, staged(site), site.failure), ([], [], []), f"{site.name}: new/, outbox/tmp, failure/")
        equal(site.git("rev-parse", "main").strip(), tip(remote), f"main of {site.name}")
        site.git("fsck", "--strict")
        equal([line for line in faults(site) if not any(key in line for key in dropped)], [], f"fsck of {site.name}")
    remote.git("fsck", "--strict")
    told = [key for key in events(*sites) if key not in dropped]
    equal(told, sorted(key for key in keys(remote) if key not in dropped), "one event for each change, over all hosts")
    equal(remote.git("cat-file", "blob", TURN), "The turn is nobody's.")


def check_comments(remote, site, ids, texts, taken_back):
    """Each text once; not at all only where its comment was taken back."""
    bodies = []
    for thread in ids:
        comments = site.show(thread)["comments"]
        equal(numbers(remote, thread), list(range(len(comments) + 1)), f"numbers of thread {thread}")
        bodies += [comment["body"].strip() for comment in comments]
    equal(len(bodies), len(set(bodies)), "comments that are there twice")
    equal(set(bodies) - set(texts), set(), "comments that nobody wrote")
    missing = set(texts) - set(bodies)
    equal(missing - taken_back, set(), "comments that are lost")
    return len(missing)


def exactly_once(count, kills, batch=16):
    """What is told of it."""
    first = Site()
    try:
        with hosts(first, Daemon, count=len(NAMES), remote_timeout=60) as (remote, *sites):
            ids, addresses = conversation(first, threads=THREADS)
            for site in sites:
                site.set_config("inbound", batch=batch)
            texts = deliver(sites, addresses, count)
            begin = time.monotonic()
            statuses, killed, administrator = contend(sites, remote, kills, begin + max(900, 4 * count))
            seconds = time.monotonic() - begin
            settle(remote, sites, administrator.dropped)
            history = set(remote.git("rev-list", "main").split())
            equal([commit for commit in administrator.pushed if commit not in history], [], "pushes by hand that were lost")
            missing = check_comments(remote, sites[-1], ids, texts, administrator.texts)
            check(statuses <= {0, 75}, f"statuses {statuses}")
            outrun = sum(site.log().count("The tracker moved") for site in sites)
            return (f"{len(texts)} mails at {len(sites)} hosts in {seconds:.0f} s: {killed} kills, {administrator.outages} outages, "
                    f"{len(administrator.pushed)} pushes by hand, {len(administrator.dropped)} comments taken back, {missing} of them for good, "
                    f"{outrun} batches outrun, statuses {sorted(statuses)}")
    finally:
        first.remove()


def main():
    print(f"ok exactly_once: {exactly_once(int(os.environ.get('MAILS', '500')), int(os.environ.get('KILLS', '100')))}", flush=True)
    return conclude(1, 0)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
