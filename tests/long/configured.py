#!/usr/bin/env python3
"""metroplex configure killed at every step that changes something: Postfix works as before or as after.

  tests/long/configured.py [--every N] [--only WORD]

A run is listed once, and then killed before each of its calls that change something: the program
itself, the process that switches (which outlives it), and each of Postfix's own programs that it
starts. Then Postfix is asked, made to read its configuration again, and asked again; and the next
run, of --apply and of --revert in turn, ends well and leaves what it leaves undisturbed.

--only takes the points with this in their names; JOBS is how many run side by side.
"""
import argparse
import collections
import multiprocessing
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, Site, check, conclude, enter_namespace, equal, leave_out, wait_until  # noqa: E402
from postfix import OWNER, Machine, can_run, deliver  # noqa: E402

KILLAT = os.environ.get("KILLAT", os.path.join(os.path.dirname(METROPLEX), "killat"))
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
SHAPE = f"reply+i-1-{'0' * 40}-1@reply.{HOST}"

CHANGING = {"rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "symlink", "chmod", "fchmod", "fchmodat",
            "lchown", "fchownat", "utimensat", "fsync", "fdatasync", "ftruncate", "execve", "clone", "clone3", "fork", "vfork", "kill", "setsid"}

Point = collections.namedtuple("Point", "option where name nth path")  # nth: of those of its name


def described(point):
    return f"{point.option}: {point.where} killed before {point.name} {point.nth} {point.path}".rstrip()


class Place:
    """An administrator's Postfix that runs, and what its files are without us and with us."""

    def __init__(self):
        self.site = Site(OWNER)
        self.machine = Machine(self.site).start()
        self.files = {"--revert": self.machine.files()}
        self.configure("--apply")
        self.files["--apply"] = self.machine.files()
        self.configure("--revert")

    def remove(self):
        self.machine.stop()
        self.site.remove()

    def configure(self, option):
        self.machine.configure(self.site, option)

    def command(self, option):
        return [METROPLEX, "configure", "--config", self.site.config, "--no-check", option]

    def trace(self, option, *options):
        done = subprocess.run([KILLAT, *options, "--", *self.command(option)], env=self.machine.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=300)
        equal(done.returncode, 0, done.stderr)
        return dict(field.split("=", 1) for field in done.stdout.split()), done.stderr.strip()

    def wait_for_end(self, words):
        """No process has this in its command line any more."""
        wait_until(lambda: subprocess.run(["pgrep", "-f", words], stdout=subprocess.DEVNULL).returncode != 0)

    def is_ours(self):
        """Whether Postfix does what we make it do: all of it, or nothing, and the work of others in any case."""
        machine, site = self.machine, self.site
        codes = {to: machine.reply(to) for to in (SHAPE, f"noreply@{HOST}", f"abuse@noreply.{HOST}", f"reply+i-1-abc-1@reply.{HOST}")}
        taken = [code == 250 for code in codes.values()]
        check(taken in ([True, True, True, False], [False] * 4), f"something between: {codes}")
        recipients = ["kim@other.example", *([SHAPE] if taken[0] else [])]
        deliver(site, machine, recipients)
        try:
            wait_until(lambda: machine.mailbox("other") and bool(site.new) == taken[0])
        except AssertionError:
            log = "\n    ".join(machine.log().splitlines()[-20:])
            raise AssertionError(f"something between: a mail to {recipients} was taken, and is not delivered\n    {log}") from None
        self.empty()
        return taken[0]

    def empty(self):
        for path in [*self.machine.mailbox("other"), *(os.path.join(self.site.data, "mail/reply/new", name) for name in self.site.new)]:
            os.unlink(path)

    def begin_again(self, option):
        """After something was wrong, which the next point is not to be blamed for."""
        for step in ("--apply", "--revert", option):
            subprocess.run(self.command(step), env=self.machine.env, capture_output=True)
        subprocess.run(["/usr/sbin/postsuper", "-c", self.machine.etc, "-d", "ALL"], capture_output=True)
        self.empty()

    def points(self, option):
        found = []
        self.configure(other(option))
        for where, options in (("the program", []), ("a child", ["--children"])):
            path, seen = self.site.dir + "/calls", collections.Counter()
            self.trace(option, *options, "--list", path)
            with open(path, errors="replace") as f:
                calls = [line.rstrip("\n").split("\t", 3) for line in f]
            last = max(i for i, call in enumerate(calls) if call[1] == "clone")
            for i, (_, name, _, about) in enumerate(calls):
                seen[name] += 1
                is_waiting = where == "the program" and i > last and name in ("read", "wait4")
                if name in CHANGING or is_waiting:
                    found.append(Point(option, where, name, seen[name], about.replace(self.site.dir, "")))
            self.configure(other(option))
        return found

    def kill(self, point, next_options):
        """Raises AssertionError where something is between, or does not end well."""
        options = ["--children"] if point.where == "a child" else []
        end, said = self.trace(point.option, "--kill", str(point.nth), "--call", point.name, *options)
        self.wait_for_end(f"configure --config {self.site.config}")  # what it left at work
        check(end.get("signal") == "9" or end.get("exit") in ("0", "75", "78"), f"ended with {end}: {said}")
        state = self.is_ours()
        check(end.get("exit") != "0" or state == (point.option == "--apply"), f"status 0, and not done: {end}")
        self.machine.postfix("reload")
        wait_until(lambda: self.machine.reply("kim@other.example") == 250)
        equal(self.is_ours(), state, "Postfix had not read what was written")
        for option in next_options:
            self.configure(option)
            equal(self.is_ours(), option == "--apply", f"after {option}")
            there, expected = self.machine.files(), self.files[option]
            equal([name for name in there | expected if there.get(name) != expected.get(name)], [], f"other files after {option}")
        self.wait_for_end(f"{self.machine.etc}/metroplex/trial")
        return end["hit"] != "-", state


def other(option):
    return "--revert" if option == "--apply" else "--apply"


def next_after(option, number):
    """What is given next: in turn the other, and the same and then the other; so each begins alike."""
    return [other(option)] if number % 2 else [option, other(option)]


def walk(place, points):
    """Kills at each of the points; returns counts, and what was wrong."""
    counts, wrong = collections.Counter(), []
    for number, point in enumerate(points):
        try:
            is_hit, state = place.kill(point, next_after(point.option, number))
            counts["points"] += is_hit
            counts["after" if state else "before"] += is_hit
        except Exception as error:  # a test may fail in any way
            wrong.append(f"{described(point)}: {error}")
            print(f"# {wrong[-1]}", flush=True)
            place.begin_again(other(point.option))
    return counts, wrong


def chosen(points, every, only):
    return [point for point in points if only in described(point)][::every]


def do(job):
    option, share, every, only = job
    place = Place()
    try:
        points = chosen(place.points(option), every, only)
        return walk(place, points[share::JOBS])
    finally:
        place.remove()


def told(option, counts, wrong):
    """Whether it is good, and the line that says so."""
    good = counts["points"] > 0 and not wrong
    line = f"{'ok' if good else 'not ok'} {option}: {counts['points']} kills, before {counts['before']} times, after {counts['after']} times"
    return good, "\n  ".join([line, *wrong])


def sample(place, every):
    """For make check: where a file is in its place and Postfix not told yet, and each Nth of the other points."""
    for option in ("--apply", "--revert"):
        points = place.points(option)
        first = [point for point in points if point.where == "a child" and point.name == "fsync"][-2:]  # of master.cf, main.cf
        yield told(option, *walk(place, first + [point for point in points if point not in first][::every]))


def main():
    parser = argparse.ArgumentParser(description="Kills metroplex configure at every step.")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth point")
    parser.add_argument("--only", default="", metavar="WORD", help="only points with this in their names")
    options = parser.parse_args()
    passed = failed = total = 0
    with multiprocessing.Pool(JOBS) as pool:
        for option in ("--apply", "--revert"):
            counts, wrong = collections.Counter(), []
            for count, lines in pool.map(do, [(option, share, options.every, options.only) for share in range(JOBS)]):
                counts += count
                wrong += lines
            good, line = told(option, counts, wrong)
            passed, failed, total = passed + good, failed + (not good), total + counts["points"]
            print(line, flush=True)
    print(f"# {total} kill points of metroplex configure")
    return conclude(passed, failed)


if __name__ == "__main__":
    enter_namespace()
    if not can_run():
        leave_out("a Postfix of one's own needs root, or a user namespace with several ids (package uidmap)", 2)
    sys.exit(main())
