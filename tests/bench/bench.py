#!/usr/bin/env python3
"""`make bench`: what we do, what a known program does with the same data in the same run, and what is
wanted of the ratio. It judges nothing by its exit status: only a measurement that could not be made
makes it 1. Peers are measured in turn with us (A B A B), and medians are shown.

    make bench                      everything, in some minutes
    make bench BENCH=tracker        one of: whole mail tracker growth empty alone runs subscribed policy pushes pages hosts messages distance expand
    make bench MAILS=10000 ROUNDS=5 other sizes; BIG=1 adds trackers of a million threads
"""
import contextlib
import os
import re
import socket
import statistics
import subprocess
import threading
import time

import mails
import policy as policy_queries
from installation import (HERE, METROPLEX, NOTIFIER, helper, installation, many_accounts, output, subscribers,
                          timed, values)
import growth as growing  # after the programs are known
import hosts as several_hosts
import pushes as doorbell
from distance import Distance
from table import head, line, note, row


def size(name, default):
    return int(os.environ.get(name) or default)


MAILS = size("MAILS", 1000)
THREADS = size("THREADS", 100)
COMMENTS = size("COMMENTS", 2560)
MESSAGES = size("MESSAGES", 10000)
RECIPIENTS = size("RECIPIENTS", 10000)
RUNS = size("RUNS", 2000)
ROUNDS = size("ROUNDS", 3)
BATCH = 256
MIB = 1024 * 1024
median = statistics.median
BENCHMARKS = []


def bench(function):
    BENCHMARKS.append(function)
    return function


def ruby(directory):
    """What the Ruby stack says of these mails, or None where it is not installed."""
    try:
        return values(output("ruby", os.path.join(HERE, "peer.rb"), directory))
    except (FileNotFoundError, RuntimeError) as error:
        note(f"Ruby: {error}")
        return None


class Pool:
    """Generated mails in a directory of their own, and an installation they are replies to."""

    def __init__(self, site, count):
        self.path = os.path.join(site.dir, "pool")
        os.mkdir(self.path)
        self.mean = mails.write(self.path, count, site.addresses) / count


# --- Mail in -----------------------------------------------------------------------------------------


@bench
def whole(rounds=ROUNDS):
    """From new/ to durable comments, events and moved mails; Ruby only parses and trims them."""
    ours, theirs, processor, memory = [], [], [], 0
    with installation(threads=THREADS) as site:
        site.keep()
        pool = Pool(site, MAILS)
        for _ in range(rounds):
            site.restore()
            output("cp", "-a", pool.path + "/.", os.path.join(site.data, "mail/reply/new"))
            site.settle()
            run = timed(METROPLEX, "--config", site.config, "--once")
            if len(site.success) != MAILS or len(site.events()) != MAILS:
                raise RuntimeError(f"{len(site.success)} of {MAILS} mails were taken; {site.outcomes()[-1:]}")
            ours.append(run["seconds"])
            processor.append(run["user"] + run["system"])
            memory = max(memory, run["memory"])
            theirs.append(ruby(pool.path))
        peer = median(t["seconds"] for t in theirs) if all(theirs) else None
        row(f"whole job, {MAILS:,} mails of {pool.mean / 1024:.1f} KiB, {THREADS} threads", median(ours), "s", peer,
            "Ruby, parse and trim", at_least=3)
        if MAILS == 1000:
            row("  seconds for 1,000 mails", median(ours), "s", at_most=5)
        row("  processor time of it, all processes", median(processor), "s",
            median(t["processor"] for t in theirs) if all(theirs) else None, "Ruby")
        row("  peak memory", memory / MIB, "MiB", at_most=48)


@bench
def mail(rounds=ROUNDS):
    """One mail read, its address verified, its reply found; in one process, and as the program does it."""
    inside, dry, theirs = [], [], []
    with installation(threads=THREADS) as site:
        pool = Pool(site, MAILS)
        output("cp", "-a", pool.path + "/.", os.path.join(site.data, "mail/reply/new"))
        for _ in range(rounds):
            inside.append(helper("mails", site.config, pool.path))
            theirs.append(ruby(pool.path))
            dry.append(timed("sh", "-c", 'exec "$@" 2>/dev/null', "sh", METROPLEX, "--config", site.config, "--once", "--dry-run"))

    def each(runs, name="seconds"):
        return median(r[name] for r in runs) / MAILS if all(runs) else None

    row("a mail parsed, verified, extracted, in process", each(inside), "s", each(theirs), "Ruby", at_least=10)
    row("  by the program (--dry-run: sandbox, tracker, log)", each(dry), "s", each(theirs), "Ruby", at_least=10)
    row("  only the reply from its decoded text", each(inside, "extract"), "s", each(theirs, "trim"), "email_reply_trimmer")
    row("  the same, and the other library", each(inside, "extract"), "s", each(theirs, "parser"), "email_reply_parser")


# --- The tracker -------------------------------------------------------------------------------------


def export(repository, base, stream, checkpoints, every):
    """The commits since `base` as two streams for fast-import, the second made durable after each
    `every` commits. A line "from" that names the branch's own tip is left out: it would make
    fast-import read its trees again for each commit, and it is to be as fast as it can."""
    command = ["git", "-C", repository, "fast-export", "--reference-excluded-parents", f"{base}..main"]
    commits = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as source, open(stream, "wb") as once, open(checkpoints, "wb") as often:
        for text in source.stdout:
            if text.startswith(b"from :"):
                continue
            if text.startswith(b"commit "):
                if commits and commits % every == 0:
                    often.write(b"checkpoint\n\n")
                commits += 1
            if text.startswith(b"data "):
                text += source.stdout.read(int(text[5:]))
            once.write(text)
            often.write(text)


def sync_directories(repository):
    for name in ("objects/pack", "refs/heads"):
        fd = os.open(os.path.join(repository, name), os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)


def fast_import(repository, stream):
    """Seconds of git fast-import, with everything synced that we sync. Its memory is not handed back in
    between: where the heap happens to end in its buffers for zlib, that alone takes half of its time."""
    environment = dict(os.environ, MALLOC_TRIM_THRESHOLD_=str(256 * MIB), MALLOC_TOP_PAD_=str(16 * MIB))
    begin = time.perf_counter()
    with open(stream, "rb") as f:
        subprocess.run(["git", "-C", repository, "-c", "core.fsync=all", "fast-import", "--quiet"], stdin=f, env=environment, check=True)
    sync_directories(repository)
    return time.perf_counter() - begin


def tip(site):
    return output("git", "-C", site.git_path(), "rev-parse", "main").strip()


def pack_bytes(site):
    directory = os.path.join(site.git_path(), "objects/pack")
    return sum(os.stat(os.path.join(directory, name)).st_size for name in os.listdir(directory))


def repacked_bytes(site):
    output("git", "-C", site.git_path(), "repack", "-a", "-d", "-q")
    return pack_bytes(site)


@bench
def tracker(rounds=ROUNDS):
    """Comments in synced batches, and the same commits and trees by git fast-import."""
    ours, once, often = [], [], []
    with installation(threads=1000) as site:
        site.keep()
        base, base_bytes = tip(site), pack_bytes(site)
        stream, checkpoints = os.path.join(site.dir, "stream"), os.path.join(site.dir, "checkpoints")
        for n in range(rounds):
            site.restore()
            ours.append(helper("post", site.config, COMMENTS, BATCH, 1000)["seconds"])
            ours_tip = tip(site)
            if n == 0:
                export(site.git_path(), base, stream, checkpoints, BATCH)
                grown = pack_bytes(site)
                grown_repacked = repacked_bytes(site)
            for times, source in ((once, stream), (often, checkpoints)):
                site.restore()
                times.append(fast_import(site.git_path(), source))
                if tip(site) != ours_tip:
                    raise RuntimeError("git fast-import made other commits than we did")
        site.restore()
        base_repacked = repacked_bytes(site)
    row(f"comments into the tracker, synced batches of {BATCH}", COMMENTS / median(ours), "/s",
        COMMENTS / median(once), "fast-import, 1 sync", at_least=0.8)
    row("  the same, and fast-import synced as often", COMMENTS / median(ours), "/s",
        COMMENTS / median(often), "fast-import, checkpoints", at_least=0.8)
    row("  a comment on disk before git repack", (grown - base_bytes) / COMMENTS / 1024, "KiB", at_most=6)
    row("  and after", (grown_repacked - base_repacked) / COMMENTS / 1024, "KiB", at_most=3)


@bench
def growth():
    """The next comment of a thread of ten thousand, and that of a thread of ten; installations that have grown."""
    with installation(threads=100) as site:
        times = helper("grow", site.config, 2, 60, 10000)
    row("the 10,001st comment of a thread, synced alone", times["large"], "s", times["small"], "the 11th", at_most=1.5, faster=False)
    row("  only built in memory", times["large-built"], "s", times["small-built"], "the 11th", at_most=1.5, faster=False)
    row("  a duplicate looked for in 10,000 comments", times["find"], "s", at_most=0.001)
    print()
    growing.measure((1000, 100000, *[size("BIG_THREADS", 1000000)] * bool(size("BIG", 0))), RECIPIENTS, RUNS)


# --- Programs ----------------------------------------------------------------------------------------


@bench
def empty():
    """A run that finds nothing to do, from exec to exit."""
    with installation(threads=1000) as site:
        times = helper("pairs", 60, METROPLEX, "--config", site.config, "--once", "--", "git", "--version")
    row("an empty run", times["a"], "s", times["b"], "git --version", at_most=1.5, faster=False)


def reply(site, n):
    """A mail in new/ from user n of the pattern, to the first thread."""
    thread, user, address = site.addresses[0]
    site.deliver(site.mail(f"user{user}@example.org", address, f"Reply number {n}, which says as much.\n"))


def run_once(site):
    before = len(site.success)
    seconds = timed(METROPLEX, "--config", site.config, "--once")["seconds"]
    if len(site.success) == before:
        raise RuntimeError("the mail was not posted: " + site.log()[-300:])
    return seconds


class Notmuch:
    """A mail store of its own for notmuch insert."""

    def __init__(self, directory):
        self.dir = os.path.join(directory, "notmuch")
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.dir, "mail", name))
        self.config = os.path.join(self.dir, "config")
        with open(self.config, "w") as f:
            f.write(f"[database]\npath={self.dir}/mail\n[user]\nprimary_email=a@example.org\n")
        output("notmuch", "new", "--quiet", env=self.environment())

    def environment(self):
        return dict(os.environ, NOTMUCH_CONFIG=self.config, HOME=self.dir)

    def insert(self, path):
        """Seconds; by a shell, as the mail comes on standard input."""
        os.environ["NOTMUCH_CONFIG"] = self.config
        return timed("sh", "-c", f"exec notmuch insert <'{path}'")["seconds"]


@bench
def alone(rounds=20):
    """One mail in a run of its own, from exec to exit, and the same mail filed by notmuch."""
    ours, theirs = [], []
    with installation(threads=100) as site:
        try:
            notmuch = Notmuch(site.dir)
        except FileNotFoundError:
            notmuch = None
        for n in range(rounds):
            reply(site, n)
            if notmuch:
                copy = os.path.join(site.dir, "mail")
                output("cp", os.path.join(site.data, "mail/reply/new", site.new[0]), copy)
                theirs.append(notmuch.insert(copy))
            ours.append(run_once(site))
    row("one mail in a run of its own", median(ours), "s", median(theirs) if theirs else None, "notmuch insert", at_most=3, faster=False)


@bench
def runs(rounds=20):
    """The same after few runs and after many, each of which adds a pack."""
    with installation(threads=100) as site:
        times = {}
        for before in (2, RUNS):
            while len(site.success) < before:
                reply(site, len(site.success))
                run_once(site)
            times[before] = []
            for _ in range(rounds):
                reply(site, len(site.success))
                times[before].append(run_once(site))
    row(f"a comment after {RUNS:,} runs", median(times[RUNS]), "s", median(times[2]), "after 2", at_most=1.5, faster=False)


@bench
def subscribed(rounds=ROUNDS):
    """Replies in a thread that many follow, 64 in one run; the notifier's part is `expand`."""
    times = {10: [], RECIPIENTS: []}
    with installation(users=10, threads=1) as site:
        many_accounts(site, RECIPIENTS)
        for _ in range(rounds):
            for count in times:
                site.import_commit("tracker.git", subscribers(range(1, count + 1)))
                for n in range(64):
                    reply(site, n)
                site.settle()
                times[count].append(run_once(site) / 64)
    row(f"a reply in a thread of {RECIPIENTS:,} subscribers", median(times[RECIPIENTS]), "s", median(times[10]), "of 10", at_most=1.5, faster=False)


@bench
def policy():
    """A query of Postfix about one recipient, answered by a process that goes on."""
    for name, alone, ahead in policy_queries.measure():
        line(f"a policy query, {name}", f"{alone:.0f} µs with the client's part, {ahead:.0f} µs of 50 ahead")


@bench
def pushes(rounds=20):
    """A push over a local path with the doorbell of `metroplex repository hook`, and without; and the run that tells of it."""
    for threads in (1, 10000):
        with installation(threads=threads) as site:
            without, rung, run = doorbell.measure(site, rounds)
        note(f"a run that tells of a push, {threads:,} open threads: {run:.0f} ms")
        line(f"a push that rings, {threads:,} open threads", f"{rung - without:.1f} ms more than {without:.1f} ms (wanted: at most 20)")


@bench
def hosts():
    """Hosts that share a tracker behind git daemon, all on this machine; and one mail at a distance."""
    for batch, count in ((16, 16 * 50), (256, 256 * 10)):  # so much that how they meet and part is little of it
        alone = several_hosts.rate(1, count, batch, is_shared=False)
        shared, _ = one = several_hosts.rate(1, count, batch)
        four, outrun = several_hosts.rate(4, count, batch)
        wanted = {"at_least": 0.65} if batch == 256 else {}
        row(f"one host with a remote, batches of {batch}", shared, "/s", alone[0], "without one", **wanted)
        row("  four hosts that contend, together", four, "/s", one[0], "one", at_least=0.9)
        row("    and of four that share nothing but this machine", four, "/s", several_hosts.apart(4, count, batch), "apart")
        row("    outrun in a row, at most", outrun, "times", at_most=5)
    _, outrun = several_hosts.rate(10, 32, 16)
    row("ten hosts, outrun in a row, at most", outrun, "times", at_most=5)
    for kind, most in (("git", 0.3), ("http", 0.3), ("ssh", 0.4)):
        seconds, connections = several_hosts.one_mail(kind, 0.05)
        row(f"one mail at 50 ms round trip by {kind}, {connections} connections", seconds, "s", at_most=most)


def comment(site, thread):
    subprocess.run([METROPLEX, "thread", "--config", site.config, "comment", str(thread), "--as", "user1", "-"], input=b"One more.\n", check=True, capture_output=True)


def pages_of_a_comment(site, directory, thread, what, rounds):
    """Seconds, and seconds of the processor, of an update after one comment."""
    command, times = (METROPLEX, "pages", "--config", site.config, directory), []
    for _ in range(rounds):
        comment(site, thread)
        times.append(timed(*command))
    comment(site, thread)
    line(f"  a comment in {what}", ", ".join(re.search(r"(\d+ files) \(([^)]*)\)", output(*command)).groups()))
    return median(t["seconds"] for t in times), median(t["user"] + t["system"] for t in times)


@bench
def pages(rounds=20):
    """Threads as pages: all of them from nothing, and those of one comment in a small tracker and in a large one."""
    counts = [100, size("PAGES", 10000)] + [size("BIG_THREADS", 1000000)] * bool(size("BIG", 0))
    times = {}
    for count in counts:
        with installation(threads=0) as site:
            note(f"{count:,} threads are made")
            helper("threads", site.config, count, 10000)
            site.settle()
            directory = os.path.join(site.dir, "pages")
            done = timed(METROPLEX, "pages", "--config", site.config, directory)
            row(f"pages of {count:,} threads from nothing", done["seconds"], "s", at_most=30 if count == 10000 else None)
            line("  most memory", f"{done['memory'] / MIB:.0f} MiB")
            for which, thread in (("oldest", 1), ("newest", count)):
                times[count, which] = pages_of_a_comment(site, directory, thread, f"the {which} of {count:,} threads", rounds)
    for which in ("oldest", "newest"):
        for i, what in enumerate(("its pages", "  of the processor")):
            large, small = times[counts[-1], which][i], times[100, which][i]
            row(f"{what}, {which} of {counts[-1]:,}", large, "s", at_most=0.05)
            row("  and of a hundred", large, "s", small, "of 100", at_most=1.5, faster=False)


# --- Mail out ----------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink:
    """smtp-sink on a loopback port."""

    def __enter__(self):
        self.port = free_port()
        self.program = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{self.port}", "256"], stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise RuntimeError("smtp-sink does not start")

    def __exit__(self, *_):
        self.program.terminate()
        self.program.wait()


def send_all(site, port, connections, count):
    site.restore()
    site.set_config("smtp", transport="smtp", address="127.0.0.1", port=port, tls="none", connections=connections)
    site.set_config("instance", log_level="info")  # as it is where nobody says anything; the tests' is debug
    run = timed(NOTIFIER, "--config", site.config, "--once")
    left = [name for queue in ("new", "retry", "failed") for name in site.listed(f"outbox/{queue}")]
    sent = site.log("notifier.log").count(" sent <")
    if left or sent != count:
        raise RuntimeError(f"{sent} of {count} messages were sent")
    return count / run["seconds"], (run["user"] + run["system"]) / count


def source(port, connections, count, octets):
    """The same count and size by smtp-source, which keeps its connections as we do."""
    seconds = timed("smtp-source", "-d", "-s", connections, "-m", count, "-l", octets, "-f", "a@example.org",
                    "-t", "b@example.org", f"127.0.0.1:{port}")["seconds"]
    return count / seconds


@contextlib.contextmanager
def announcing(count):
    """An installation with events for about `count` messages, fifty each; and how many they are."""
    events = max(count // 50, 1)
    with installation(users=51, threads=1) as site:
        helper("subscribe", site.config, 1, 51)
        helper("announce", site.config, 1, events)
        site.keep()
        yield site, events * 50


def rates(site, port, connections, count, rounds):
    """Messages a second, ours and theirs, our processor seconds a message, and a message's octets."""
    octets = len(site.notifier("preview", "1", "1", "user2").encode())
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(send_all(site, port, connections, count))
        theirs.append(source(port, connections, count, octets))
    return median(rate for rate, _ in ours), median(theirs), median(spent for _, spent in ours), octets


@bench
def messages(rounds=ROUNDS):
    """Notifications rendered and sent to a server nearby. One connection is judged by processor time: how
    smtp-source fares with one depends on where the scheduler puts it and the sink."""
    with announcing(MESSAGES) as (site, count), Sink() as sink:
        for connections, wanted in ((1, {}), (4, {"at_least": 0.8})):
            ours, theirs, spent, octets = rates(site, sink.port, connections, count, rounds)
            row(f"messages out, {count:,} of {octets:,} octets, {connections} connection{'s' * (connections > 1)}",
                ours, "/s", theirs, f"smtp-source -s {connections}", **wanted)
            row("  processor time of a message", spent, "s", at_most=100e-6)


@bench
def distance(rounds=ROUNDS):
    """The same to a server 20 ms away."""
    with announcing(MESSAGES // 4) as (site, count), Sink() as sink:
        relay = Distance(sink.port, 0.020)
        ours, theirs, *_ = rates(site, relay.port, 8, count, rounds)
        relay.close()
    row(f"messages out, {count:,} at 20 ms round trip, 8 connections", ours, "/s", theirs, "smtp-source -s 8", at_least=1.8)


@bench
def expand():
    """An event's recipients found and written, as the notifier does it; one file of that size."""
    with installation(users=1, threads=1) as site:
        many_accounts(site, RECIPIENTS + 1)
        site.import_commit("tracker.git", subscribers(range(1, RECIPIENTS + 2)))
        times = helper("expand", site.config, 1, 15)
    if times["recipients"] != RECIPIENTS:
        raise RuntimeError(f"{times['recipients']} of {RECIPIENTS} recipients")
    plain = f"a file of {times['octets'] / 1024:.0f} KiB"
    row(f"an event expanded to {RECIPIENTS:,} recipients", times["whole"], "s", times["plain"], plain, at_most=6, faster=False)
    row("  only its lines, once the recipients are known", times["appended"], "s", times["plain"], plain, at_most=3, faster=False)


def main():
    wanted = os.environ.get("BENCH")
    chosen = [b for b in BENCHMARKS if not wanted or b.__name__ == wanted]
    if not chosen:
        raise SystemExit(f"no benchmark is called {wanted}; there are: {' '.join(b.__name__ for b in BENCHMARKS)}")
    status = 0
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}: what waits for the disk suffers most from company")
    head()
    for function in chosen:
        note(f"{function.__name__}: {function.__doc__.splitlines()[0]}")
        try:
            function()
        except (RuntimeError, OSError, AssertionError, subprocess.SubprocessError) as error:
            status = 1
            line(function.__name__, f"could not be measured: {error}")
    raise SystemExit(status)


if __name__ == "__main__":
    main()
