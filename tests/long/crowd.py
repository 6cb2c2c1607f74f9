#!/usr/bin/env python3
"""A full disk, runs on top of each other, runs killed in turn, and others who write too.

  tests/long/crowd.py [WORD…]       as root for the disks; ROUNDS=10 for a longer run
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from installation import Installation
from harness import METROPLEX, check, check_names, conclude, equal
from invariants import violations, violations_half_way
from faults import SCENARIOS, ending

ROUNDS = int(os.environ.get("ROUNDS", "1"))
TESTS = []
PAGE = 4096


def test(function):
    TESTS.append(function)
    return function


class Place:
    """A folder for one test; on a small file system of its own, if it asks for one."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="metroplex-crowd-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.mounted = None

    def mount(self, *command):
        self.mounted = os.path.join(self.top, "disk")
        os.mkdir(self.mounted)
        subprocess.run(["mount", *command, self.mounted], check=True, capture_output=True)
        return self.mounted

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", self.mounted], check=True)
        shutil.rmtree(self.top, ignore_errors=True)


def settle(site):
    """Finishes what is there; fails with what is wrong then."""
    wrong = violations_half_way(site, site.given)
    wrong += [why for why in map(site.finish, ending(site)) if why]
    equal(wrong + violations(site, site.given), [])


# --- A full disk ----------------------------------------------------------------------------------


def leave(folder, free):
    """Fills the disk up to so many octets, as another program would."""
    space = os.statvfs(folder)
    size = max(space.f_bavail * space.f_frsize - free, 1)
    ballast = os.path.join(folder, "ballast")
    with open(ballast, "wb") as f:
        try:
            os.posix_fallocate(f.fileno(), 0, size)
        except OSError:  # the file system keeps some for itself
            os.posix_fallocate(f.fileno(), 0, max(size - (64 << 10), 1))
    return ballast


def fill_up(place, disk, pages, scenario):
    """A notifier without room defers its messages: it ends well, or a line of its own was too much."""
    site = Installation(os.path.join(disk, "site"))
    command = SCENARIOS[scenario](site)
    backup = os.path.join(place.top, "backup")
    subprocess.run(["cp", "-a", site.dir, backup], check=True)
    ends = {}
    for free in pages:
        shutil.rmtree(site.dir)
        subprocess.run(["cp", "-a", backup, site.dir], check=True)
        os.sync()
        ballast = leave(disk, free * PAGE)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        os.remove(ballast)
        check(done.returncode in (0, 75), f"{free} pages free: status {done.returncode}: {done.stderr}")
        ends[done.returncode] = ends.get(done.returncode, 0) + 1
        site.given.repeats = 64
        settle(site)
    check(0 in ends and (75 in ends or scenario != "batch"), f"some runs find the disk full, some do not: {ends}")
    return f"{len(pages)} times, statuses {ends}"


@test
def a_full_disk_in_memory(place):
    disk = place.mount("-t", "tmpfs", "-o", "size=8m", "none")
    return fill_up(place, disk, [*range(0, 40 * ROUNDS), 400], "batch")


@test
def a_full_disk_for_the_notifier(place):
    disk = place.mount("-t", "tmpfs", "-o", "size=8m", "none")
    return fill_up(place, disk, [*range(0, 20 * ROUNDS), 400], "notifier")


@test
def a_full_ext4(place):
    image = os.path.join(place.top, "image")
    with open(image, "wb") as f:
        f.truncate(24 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
    return fill_up(place, place.mount("-o", "loop", image), [*range(0, 40 * ROUNDS, 2), 400], "batch")


# --- Many at once ---------------------------------------------------------------------------------


def deliver_meanwhile(site, count, pause=0.004):
    """A thread that delivers good, repeated and refused mails."""
    addresses = {id: site.address(id, "kate") for id in site.threads}

    def work():
        for i in range(count):
            id = site.threads[i % 2]
            text = f"Answer number {i}."
            octets = site.mail("kate@example.org", addresses[id], text + "\n")
            if i % 10 == 3:
                site.give(octets.replace(b"From: kate@", b"From: nobody@"), "failure", "sender-mismatch")
            else:
                site.given.comments[id].append(text)
                site.give(octets, "success", "posted", "duplicate", comment=(id, text))
            if i % 10 == 7:
                site.give(octets, "success", "posted", "duplicate", comment=(id, text))
            time.sleep(pause)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@test
def runs_on_top_of_each_other(place):
    site = Installation(os.path.join(place.top, "site"))
    delivery = deliver_meanwhile(site, 200 * ROUNDS)
    runs = 0
    while delivery.is_alive():
        group = [subprocess.Popen(site.once(), stderr=subprocess.PIPE, text=True) for _ in range(6)]
        for run in group:
            _, err = run.communicate(timeout=60)
            equal(run.returncode, 0, err)
        runs += len(group)
    settle(site)
    return f"{runs} runs, {len(site.given.mails)} mails"


@test
def runs_killed_in_turn(place):
    site = Installation(os.path.join(place.top, "site"))
    site.set_config("inbound", batch="4")
    chance = random.Random(os.environ.get("SEED", "1"))
    delivery = deliver_meanwhile(site, 150 * ROUNDS, 0.02)
    kills = 0
    runs = [subprocess.Popen([METROPLEX, "--config", site.config, "--for", "30"]) for _ in range(2)]
    while delivery.is_alive():
        time.sleep(chance.uniform(0.02, 0.25))
        runs.append(subprocess.Popen([METROPLEX, "--config", site.config, "--for", "30"]))
        victim = runs.pop(0)
        kills += victim.poll() is None
        victim.kill()
        victim.wait()
    for run in runs:
        run.kill()
        run.wait()
    settle(site)
    return f"{kills} runs killed, {len(site.given.mails)} mails"


@test
def commands_beside_runs(place):
    """People at terminals, while mail comes in."""
    site = Installation(os.path.join(place.top, "site"))
    delivery = deliver_meanwhile(site, 100 * ROUNDS, 0.01)
    said = 0
    while delivery.is_alive():
        run = subprocess.Popen(site.once())
        text = f"From a terminal, {said}."
        site.given.comments[site.threads[0]].append(text)
        site.metroplex("thread", "comment", str(site.threads[0]), "--as", "ann", "-", stdin=text + "\n")
        said += 1
        equal(run.wait(60), 0)
    settle(site)
    return f"{said} commands, {len(site.given.mails)} mails"


@test
def an_administrator_writes_too(place):
    """Git's own compare and swap against ours: neither loses what the other wrote."""
    site = Installation(os.path.join(place.top, "site"))
    site.set_config("inbound", batch="1")
    delivery = deliver_meanwhile(site, 100 * ROUNDS, 0.01)
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "30"])
    pushed, refused = [], 0
    env = {"GIT_AUTHOR_NAME": "root", "GIT_AUTHOR_EMAIL": "root@example.org",
           "GIT_COMMITTER_NAME": "root", "GIT_COMMITTER_EMAIL": "root@example.org"}
    os.environ.update(env)
    while delivery.is_alive() or site.new:
        tip = site.git("rev-parse", "main").strip()
        commit = site.git("commit-tree", "-p", tip, "-m", f"By hand, {len(pushed)}", tip + "^{tree}").strip()
        try:
            site.git("update-ref", "refs/heads/main", commit, tip)
            pushed.append(commit)
        except AssertionError:
            refused += 1
        equal(run.poll(), None, "the run goes on")
    run.terminate()
    equal(run.wait(60), 0)
    history = set(site.git("rev-list", "main").split())
    equal([c for c in pushed if c not in history], [], "commits by hand that were lost")
    site.given.changes = len(pushed)
    settle(site)
    outrun = site.log().count("The tracker moved")
    check(outrun > 0, "nobody was outrun: this shows nothing")
    return f"{len(pushed)} commits by hand, {refused} refused, {outrun} batches built again"


def run(words):
    """The tests with one of these words in their names (none: all): pairs of whether it is good, and what to say."""
    for function in TESTS:
        if words and not any(word in function.__name__ for word in words):
            continue
        place = Place()
        try:
            yield True, f"ok {function.__name__}: {function(place)}"
        except Exception as error:  # a test may fail in any way
            yield False, f"not ok {function.__name__}: {type(error).__name__}: {error}"
        finally:
            place.remove()


def main():
    check_names(*TESTS)
    passed = failed = 0
    for good, line in run(sys.argv[1:]):
        print(line, flush=True)
        passed, failed = passed + good, failed + (not good)
    sys.exit(conclude(passed, failed))


if __name__ == "__main__":
    main()
