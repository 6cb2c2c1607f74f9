#!/usr/bin/env python3
"""A kill at every system call, an error from every one that can fail; then the invariants.

  tests/long/faults.py [--every N] [--only WORD] [--part kill|double|worker|error|lasting] [--show]

A scenario is an installation and one command. The command is run once to list its system calls,
and then once for each of them: killed before it, or told that it failed. What that left is finished
by runs that nobody disturbs (or that are disturbed too: `double`), and the checker has its say. A
state of the files that was finished before need not be finished again: it is only counted.

--every N takes each Nth point (a sample); JOBS is how many run side by side; SEED the chance.
"""
import argparse
import collections
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from installation import Installation
import guests
from harness import HOST, METROPLEX, NOTIFIER, conclude, inner
from invariants import Delivered, violations, violations_half_way
from pages import Pages
from sink import Sink
import watching

KILLAT = os.environ.get("KILLAT", os.path.join(os.path.dirname(METROPLEX), "killat"))
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
SEED = os.environ.get("SEED", "1")
BEGIN = "metroplex.conf"  # what a program opens first when it is loaded and runs
MESSAGE_THREADS = 4  # messages that a notifier may have under way when it dies

WRITING, CREATING = os.O_WRONLY | os.O_RDWR, os.O_CREAT
NAMES = ["ENOSPC", "EIO", "EROFS", "EDQUOT", "ENOMEM"]  # what a change of a directory may fail with

# What each call may fail with. SHORT is no error: half of what was asked for.
ERRORS = {
    "open": ["EIO", "EMFILE", "ENFILE", "ENOMEM", "EINTR"],
    "write": ["ENOSPC", "EIO", "EINTR", "EDQUOT", "SHORT"],
    "writev": ["ENOSPC", "EIO", "EINTR"],
    "read": ["EIO", "EINTR", "SHORT"],
    "fsync": ["EIO", "ENOSPC", "EDQUOT", "EINTR"],
    "close": ["EIO", "EINTR", "ENOSPC"],
    "ftruncate": ["EIO", "EINTR", "ENOSPC"], "fallocate": ["ENOSPC", "EIO", "EINTR", "EDQUOT", "EOPNOTSUPP"],
    "rename": NAMES, "link": NAMES, "mkdir": NAMES, "unlink": ["EIO", "EROFS", "ENOMEM"],
    "stat": ["EIO", "ENOMEM"], "statx": ["EIO"], "statfs": ["EIO"], "access": ["EIO", "ENOMEM"],
    "readlink": ["EIO"], "chmod": ["EIO", "EROFS"], "utimensat": ["EIO", "EROFS"],
    "getdents64": ["EIO", "ENOMEM"],
    "mmap": ["ENOMEM"], "mremap": ["ENOMEM"], "brk": ["ENOMEM"], "memfd_create": ["EMFILE", "ENOMEM"],
    "flock": ["EINTR", "ENOLCK", "EIO"], "dup": ["EMFILE"], "dup2": ["EMFILE", "EINTR"],
    "socketpair": ["EMFILE", "ENFILE", "ENOMEM"], "clone": ["EAGAIN", "ENOMEM"],
    "sendmsg": ["EINTR", "ENOMEM", "ENOBUFS"], "sendto": ["EINTR", "EPIPE", "ENOBUFS"], "recv": ["EINTR", "ENOMEM"],
    "socket": ["EMFILE", "ENOMEM"], "connect": ["ECONNREFUSED", "ETIMEDOUT"], "poll": ["EINTR", "ENOMEM"],
    "execve": ["ENOMEM", "EIO", "EMFILE"], "wait4": ["EINTR"], "getrandom": ["EINTR"],
    "inotify_init1": ["EMFILE", "ENOMEM"], "inotify_add_watch": ["ENOSPC", "ENOMEM"],
}
ALIKE = {
    "openat": "open", "pwrite64": "write", "pread64": "read", "fdatasync": "fsync", "renameat": "rename",
    "renameat2": "rename", "linkat": "link", "unlinkat": "unlink", "rmdir": "unlink", "mkdirat": "mkdir",
    "lstat": "stat", "fstat": "stat", "newfstatat": "stat", "faccessat": "access", "faccessat2": "access",
    "fchmod": "chmod", "clone3": "clone", "fork": "clone", "vfork": "clone", "recvfrom": "recv",
    "recvmsg": "recv", "ppoll": "poll",
}


# --- Scenarios: what is run, on what --------------------------------------------------------------


def batch(site):
    site.give_batch()
    return site.once()


def commands(site):
    site.give_commands()
    return site.once()


def openings(site):
    site.give_openings()
    return site.once()


def answers(site):
    site.give_answers()
    return site.once()


def loop(site):
    """The count is in the accounts, after the comments: who dies in between counts still."""
    site.give_haste()
    return site.once()


def held(site):
    site.give_held()
    return site.once()


def questions(site):
    site.give_questions()
    return site.once()


def until_done(command):
    """The same again; 65: what it is about is not there any more."""
    return ["sh", "-c", '"$@"; status=$?; [ $status = 0 ] || [ $status = 65 ]', "again", *command]


def settle_held(word, place, *reasons):
    """An administrator's word on a held mail. Until it is done, the mail goes on waiting: the word is said again."""
    def prepare(site):
        name = site.give_settled(place, *reasons)
        command = [METROPLEX, "held", "--config", site.config, word, name]
        site.again = until_done(command)
        site.acknowledged = lambda: os.path.exists(os.path.join(site.data, "incoming-mail", place, name))
        return command
    return prepare


def dead_before(find):
    """A run that died before one of its calls: the work of the next one."""
    def prepare(site):
        site.give_batch()
        site.save("alive")
        calls = list_calls(site, site.once())
        site.restore("alive")
        at = find(calls)
        trace(site.once(), "--kill", str(at), "--begin", BEGIN)
        site.a_minute_later()
        return site.once()
    return prepare


def nth(name, part, which=0):
    return lambda calls: [c.number for c in calls if c.name == name and part in c.path][which]


def init(site):
    """The first command of all; run again, it makes what is missing."""
    shutil.rmtree(site.data)
    shutil.rmtree(os.path.dirname(site.config))
    site.given = Delivered(is_complete=False)
    return init_of(site)


def init_of(site):
    return [METROPLEX, "init", "--config", site.config, "--hostname", HOST, "--data", site.data]


def comment(site):
    site.given.maybe = {site.threads[0]: ["From a terminal."]}
    site.give_good(site.threads[0], "By mail.")
    return [METROPLEX, "thread", "--config", site.config, "comment", str(site.threads[0]), "--as", "kate", file_of(site, "From a terminal.\n")]


def open_thread(site):
    site.given.maybe_changes = 1
    site.give_good(site.threads[0], "By mail.")
    return [METROPLEX, "thread", "--config", site.config, "open", "--repository", "acme/rocket", "--kind", "issue",
            "--title", "Third", "--as", "ann", file_of(site, "Another one.\n")]


def close_thread(site):
    site.given.maybe_changes = 1
    return [METROPLEX, "thread", "--config", site.config, "close", str(site.threads[1]), "--as", "ann"]


def redact(site, *options):
    """The opening post of a thread whose event waits."""
    site.given.maybe_changes = 1
    return [METROPLEX, "thread", "--config", site.config, "redact", str(site.threads[1]), "0", *options]


def purge(site):
    return redact(site, "--purge")


def remove_user(site):
    site.given.maybe_changes = 1
    return [METROPLEX, "user", "--config", site.config, "remove", "ann"]


def add_user(site):
    return [METROPLEX, "user", "--config", site.config, "add", "joe", "--name", "Joe", "--email", "joe@example.org"]


def take_over(site):
    """A guest's address becomes that of a new account: in both places at once, or in neither."""
    guest = guests.make(site, (4, "eve@example.net"))
    command = [METROPLEX, "user", "--config", site.config, "add", "eve", "--name", "Eve", "--email", "eve@example.net", "--take-from", guest]
    site.again = until_done(command)
    site.acknowledged = lambda: json.loads(site.metroplex("user", "show", guest, "--json"))["state"] == "former"
    return command


def notify(site):
    """Who writes, follows; tim has muted the second thread; nobody is told of what he wrote."""
    site.give_batch()
    why = site.finish(site.once())
    if why:
        raise AssertionError(why)
    issue, pull = "<acme/rocket/issues/1%s@git.example.org>", "<acme/rocket/pull/2%s@git.example.org>"
    to = {issue % "": "kate ann", issue % "/1": "tim ann", issue % "/2": "tim kate", pull % "": "kate", pull % "/c1": "ann"}
    site.given.messages = {(f"{login}@example.org", id) for id, logins in to.items() for login in logins.split()}
    site.given.repeats = 0
    return site.announce()


def notify_by_smtp(site):
    """The same through a server, over two connections; the next envelope goes along with a message."""
    command = notify(site)
    site.sink = Sink(os.path.join(site.data, "sent"))
    site.set_config("smtp", transport="smtp", address="127.0.0.1", port=site.sink.port, tls="none", connections=2)
    return command


def pages(site):
    """What changed since the pages were made, brought into them."""
    site.pages = Pages(site)
    site.given.comments = {1: ["Have you tried the fuse?"]}
    site.count_commits()
    site.given.commits -= 1  # the comment is there
    return site.pages.command


def digests(site):
    """The same for people who get batches that are due already: put off, gathered, made and sent by one run."""
    command = notify(site)
    for login in ("tim", "kate", "ann"):
        site.metroplex("user", "set", login, "--deliver", "batch:30")
    for name in os.listdir(os.path.join(site.data, "outbox/new")):
        path = os.path.join(site.data, "outbox/new", name)
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(re.sub(r"^created\t(\d+)$", lambda m: f"created\t{int(m[1]) - 4000}", text, flags=re.M))
    return command


def file_of(site, text):
    path = os.path.join(site.dir, "text")
    with open(path, "w") as f:
        f.write(text)
    return path


SCENARIOS = {
    "batch": batch,
    "after death with half a pack": dead_before(nth("renameat", ".pack.tmp")),
    "after death with a pack and a lock": dead_before(nth("rename", "main.lock")),
    "after death before the events": dead_before(nth("renameat2", "")),
    "after death between the events": dead_before(nth("renameat2", "", 1)),
    "after death before the moves": dead_before(nth("renameat2", ".mx")),
    "after death between the moves": dead_before(nth("renameat2", ".mx", 3)),
    "commands": commands,
    "openings": openings,
    "answers": answers,
    "loop": loop,
    "held": held,
    "questions": questions,
    "held accept": settle_held("accept", "success", "opened", "duplicate"),
    "held reject": settle_held("reject", "failure", "rejected"),
    "init": init,
    "thread comment": comment,
    "thread open": open_thread,
    "thread close": close_thread,
    "user add": add_user,
    "user remove": remove_user,
    "user add --take-from": take_over,
    "thread redact": redact,
    "thread redact --purge": purge,
    "notifier": notify,
    "notifier by SMTP": notify_by_smtp,
    "pages": pages,
    "digests": digests,
    **watching.SCENARIOS,
}


def ending(site):
    """What finishes any scenario, undisturbed: what cron does within the next hours."""
    if not site.given.is_complete:
        return [init_of(site), site.once()]
    if site.pages is not None:
        return [site.pages.command]
    if site.given.messages is None:
        return ([site.once(), site.again] if site.again else []) + [site.once()]
    return [site.announce(), [NOTIFIER, "queue", "--config", site.config, "retry", "--all"], site.announce()]


# --- One run under the tracer ---------------------------------------------------------------------

Call = collections.namedtuple("Call", "number name nth flags path")  # nth: of those of its name


def trace(command, *options):
    """How a command ended that was tampered with: {"calls": …, "hit": …, "exit" or "signal" or "hang": …}. Without
    the small program that becomes another, which only looks: calls are counted from one program's begin."""
    done = subprocess.run([KILLAT, *options, "--", *inner(command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode != 0:
        raise RuntimeError(f"killat {options}: status {done.returncode}: {done.stderr}")
    end = dict(field.split("=", 1) for field in done.stdout.split())
    end["stderr"] = done.stderr.strip()
    return end


def list_calls(site, command, *options):
    path = site.dir + ".calls"
    trace(command, "--list", path, *(options or ("--begin", BEGIN)))
    calls, seen = [], collections.Counter()
    with open(path, errors="replace") as f:
        for line in f:
            number, name, flags, about = line.rstrip("\n").split("\t", 3)
            seen[name] += 1
            calls.append(Call(int(number), name, seen[name], int(flags), about))
    return calls


def errors_of(call):
    """What a call may fail with."""
    kind = ALIKE.get(call.name, call.name)
    names = list(ERRORS.get(kind, ()))
    if kind == "open" and call.flags & CREATING:
        names += ["ENOSPC", "EDQUOT"]
    if kind == "open" and call.flags & (CREATING | WRITING):
        names += ["EROFS"]
    return names


# --- The points of a scenario ---------------------------------------------------------------------


class Work:
    """One process's share of a scenario: its own installation, its own counts."""

    def __init__(self, name, share):
        self.name, self.share = name, share
        self.top = tempfile.mkdtemp(prefix="metroplex-long-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.site = Installation(os.path.join(self.top, "site"))
        self.command = SCENARIOS[name](self.site)
        self.site.save()
        self.random = random.Random(f"{SEED} {name} {share}")
        self.seen = set()
        self.counts = collections.Counter()
        self.wrong = []

    def blame(self, point, lines):
        if lines:
            self.counts["violations"] += 1
            self.wrong.append(f"{self.name}: {point}:\n    " + "\n    ".join(lines[:6]))

    def settle(self, point, repeats=0, fails=False):
        """Finishes what is there, if it was not seen before, and checks."""
        state = self.site.state()
        if state in self.seen:
            return
        self.seen.add(state)
        self.counts["states"] += 1
        self.site.given.repeats, self.site.given.is_reordered = repeats, fails
        failed = violations_half_way(self.site, self.site.given) if self.site.given.is_complete else []
        failed += [why for why in map(self.site.finish, ending(self.site)) if why]
        self.blame(point, failed + violations(self.site, self.site.given))

    def calls(self, *options):
        self.site.restore()
        return list_calls(self.site, self.command, *options)

    def mine(self, points, every):
        return points[::every][self.share::JOBS]


def points_of_kill(work, every):
    """SIGKILL before every call; those of loading the program only in the first scenario."""
    begin = () if work.name == "batch" else ("--begin", BEGIN)
    count = len(work.calls(*(begin or ("--begin", ""))))
    for n in work.mine(range(1, count + 1), every):
        work.site.restore()
        end = trace(work.command, "--kill", str(n), *begin)
        work.counts["points"] += end.get("signal") == "9"
        work.settle(f"killed before call {n}, {end['hit']}", MESSAGE_THREADS)


def points_of_double_kill(work, every):
    """And the run that recovers is killed as well, before a call of its own; then a third time."""
    count = len(work.calls())
    for n in work.mine(range(1, count + 1), every):
        work.site.restore()
        said = []
        for command, at in ((work.command, n), (ending(work.site)[-1], work.random.randint(1, count)), (ending(work.site)[-1], work.random.randint(1, count))):
            end = trace(command, "--kill", str(at), "--begin", BEGIN)
            work.counts["points"] += end.get("signal") == "9"
            said.append(f"{at}, {end['hit']}")
            work.site.a_minute_later()
        work.settle("killed before calls " + ", then ".join(said), 3 * MESSAGE_THREADS)


def points_of_worker(work, every):
    """The parser's process is killed: the mail is parsed again, or waits if no parser starts."""
    count = len(work.calls("--children"))
    for n in work.mine(range(1, count + 1), every):
        work.site.restore()
        end = trace(work.command, "--kill", str(n), "--children")
        work.counts["points"] += end["hit"] != "-"
        if end.get("exit") not in ("0", "75"):
            work.blame(f"worker killed before call {n}, {end['hit']}", [f"ended with {end}"])
        work.settle(f"worker killed before call {n}, {end['hit']}")


def fail_at(work, command, call, error, *options):
    """One call fails. The run may say so, put it off, or go on without; it may not lie."""
    point = " ".join([call.name, str(call.nth), "of", call.path or "a descriptor", "fails with", error, *options])
    end = trace(command, "--fail", str(call.nth), "--call", call.name, "--error", error, "--begin", BEGIN, *options)
    work.counts["points"] += end["hit"] != "-"
    allowed = ("0", "75", "78") if "--once" in command else ("0", "74", "75", "78")  # 74: its own output
    if end.get("exit") not in allowed:
        work.blame(point, [f"ended with {end}"])
    if end.get("exit") == "0" and command == work.site.once() and work.site.new:
        work.blame(point, [f"status 0, but {work.site.new} in new/"])
    if end.get("exit") == "0" and command == work.command and not work.site.acknowledged():
        work.blame(point, ["status 0, but it is not done"])
    return point


def points_of_worker_error(work, every):
    """Each call of the parser's process fails: the mail waits, or is read all the same; it is not refused for that."""
    points = [(call, error) for call in work.calls("--children") for error in errors_of(call)]
    points.sort(key=lambda point: (point[0].name != "pread64", -point[0].nth))  # of a mail: not borne once, so in every sample
    for call, error in work.mine(points, every):
        work.site.restore()
        point = f"of the worker, {call.name} {call.nth} of {call.path or 'a descriptor'} fails with {error}"
        end = trace(work.command, "--fail", str(call.nth), "--call", call.name, "--error", error, "--children")
        work.counts["points"] += end["hit"] != "-"
        if end.get("exit") not in ("0", "75"):
            work.blame(point, [f"ended with {end}"])
        work.settle(point)


def points_of_error(work, every):
    """Each call fails with all that it may fail with."""
    points = [(call, error) for call in work.calls() for error in errors_of(call)]
    for call, error in work.mine(points, every):
        work.site.restore()
        point = fail_at(work, work.command, call, error)
        work.settle(point, MESSAGE_THREADS, fails=True)


def points_of_double_error(work, every):
    """A kill, and an error in the run that recovers from it."""
    calls = work.calls()
    points = [(call, error) for call in calls for error in errors_of(call)]
    for call, error in work.mine(points, every):
        work.site.restore()
        at = work.random.randint(1, len(calls))
        trace(work.command, "--kill", str(at), "--begin", BEGIN)
        work.site.a_minute_later()
        point = fail_at(work, ending(work.site)[-1], call, error)
        work.settle(f"killed before call {at}; then {point}", 2 * MESSAGE_THREADS, fails=True)


def points_of_lasting_error(work, every):
    """From some call on all calls of its kind fail: a full disk, a read-only one, no descriptors."""
    kinds = ("ENOSPC", "EROFS", "EMFILE", "EIO")
    points = [(call, error) for call in work.calls() for error in errors_of(call) if error in kinds and call.name != "close"]
    for call, error in work.mine(points, every):
        work.site.restore()
        point = fail_at(work, work.command, call, error, "--lasting")
        work.settle(point, 2 * MESSAGE_THREADS, fails=True)


# Errors that were not borne once: of these calls, on paths with this in them.
KNOWN = {
    "batch": [("getrandom", "", "EINTR"), ("openat", "refs/heads", "EIO"), ("fsync", "", "EIO"),
              ("openat", "objects/pack/", "EMFILE"), ("mmap", "", "ENOMEM")],
    "init": [("newfstatat", "objects/pack", "ENOMEM"), ("unlink", "HEAD.lock", "EROFS"), ("getrandom", "", "EINTR")],
}


def points_of_known_error(work, every):
    """The errors that were not borne once."""
    points = [(call, error) for call in work.calls() for name, part, error in KNOWN[work.name]
              if call.name == name and part in call.path]
    for call, error in work.mine(points, every):
        work.site.restore()
        work.settle(fail_at(work, work.command, call, error), MESSAGE_THREADS)


PARTS = {
    "kill": (points_of_kill, "kill", None),
    "double": (points_of_double_kill, "kill", None),
    "worker": (points_of_worker, "kill", ("batch",)),
    "worker-error": (points_of_worker_error, "error", ("batch",)),
    "error": (points_of_error, "error", None),
    "double-error": (points_of_double_error, "error", ("batch", "notifier", "notifier by SMTP", "digests", "watch, pushes", "watch, pulls")),
    "known": (points_of_known_error, "error", tuple(KNOWN)),
    "lasting": (points_of_lasting_error, "error", ("batch", "notifier", "notifier by SMTP", "digests", "watch, pushes", "watch, pulls")),
}


# --- All of it ------------------------------------------------------------------------------------


def do(job):
    name, part, share, every = job
    work = None
    try:
        work = Work(name, share)
        PARTS[part][0](work, every)
        return work.counts, work.wrong
    except Exception as error:  # a test may fail in any way
        return collections.Counter(violations=1), [f"{name}: {part}: {type(error).__name__}: {error}"]
    finally:
        if work is not None and not os.environ.get("KEEP"):
            shutil.rmtree(work.top, ignore_errors=True)


def run(jobs, pool, show):
    """Runs (scenario, part, and N: each Nth point); yields the counts of each and what to say of it."""
    shares = {job: [pool.apply_async(do, ((job[0], job[1], share, job[2]),)) for share in range(JOBS)] for job in jobs}
    for (name, part, _), results in shares.items():
        counts, wrong = collections.Counter(), []
        for count, lines in (result.get() for result in results):
            counts += count
            wrong += lines
        good = counts["points"] > 0 and not counts["violations"]
        line = (f"{'ok' if good else 'not ok'} {part}: {name}: {counts['points']} points, {counts['states']} states, "
                f"{counts['violations']} violations")
        yield good, part, counts, "\n  ".join([line, *wrong[:show]])


def sample(jobs):
    """For make check: pairs of whether it is good, and what to say."""
    with multiprocessing.Pool(JOBS) as pool:
        for good, _, _, line in run(jobs, pool, 3):
            yield good, line


def main():
    parser = argparse.ArgumentParser(description="Kills and errors at every system call.")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth point")
    parser.add_argument("--only", default="", metavar="WORD", help="only scenarios with this in their names")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part (may be given more than once)")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="at most N violations of each line")
    options = parser.parse_args()
    totals, passed, failed = collections.Counter(), 0, 0
    jobs = [(name, part, options.every) for part in options.part or PARTS for name in SCENARIOS
            if options.only in name and (PARTS[part][2] is None or name in PARTS[part][2])]
    with multiprocessing.Pool(JOBS) as pool:
        for good, part, counts, line in run(jobs, pool, options.show):
            passed, failed = passed + good, failed + (not good)
            totals[PARTS[part][1]] += counts["points"]
            totals["violations"] += counts["violations"]
            print(line, flush=True)
    print(f"# {totals['kill']} kill points, {totals['error']} error points, {totals['violations']} violations")
    sys.exit(conclude(passed, failed))


if __name__ == "__main__":
    main()
