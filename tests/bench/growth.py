"""What a tracker costs as it grows: the same work in installations of very different size.

The installations are made by the calls that commands and mail make (bench-helper threads), which is
proved first: a small one is made by the programs as well, and the trees of all commits compared.
Processor time decides, of the program and what it waits for; the clock stands beside it.
"""
import collections
import os
import re
import shutil
import statistics
import subprocess
import time

from installation import HELPER, METROPLEX, Installation, helper, output, timed
from harness import Site, ahead
from table import amount, note

BOUND = 1.5
FIRST_TICK = 1700000000
PACKS = 25  # of an installation of any size, that upkeep leaves as they are
YEAR = int(os.environ.get("YEAR") or 300000)  # mails


# --- Proof that the generator is right ----------------------------------------------------------------


def commands_of(thread):
    """The commands that made a thread, from what `thread show --json` says of it."""
    yield (["thread", "open", "--repository", thread["repository"], "--kind", "issue", "--title", thread["title"],
            "--as", thread["author"], "-"], thread["body"])
    words = {"closed": "close", "labeled": "label", "assigned": "assign"}
    for event in thread["events"]:
        about = event.get("labels", []) + event.get("assignees", [])
        yield (["thread", words[event["change"]], str(thread["id"]), *about, "--as", event["author"]], "")


def trees(site):
    """The trees of all commits, with the KEYs, which are random, counted from 1."""
    stream = subprocess.run(["git", "-C", site.git_path(), "fast-export", "main", "--", ":(exclude)listed"], capture_output=True, check=True).stdout
    keys = {}
    stream = re.sub(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])",
                    lambda m: b"%032x" % keys.setdefault(m[0], len(keys) + 1), stream)
    copy = os.path.join(site.dir, "compared.git")
    output("git", "init", "-q", "--bare", copy)
    subprocess.run(["git", "-C", copy, "fast-import", "--quiet"], input=stream, check=True)
    return output("git", "-C", copy, "log", "--reverse", "--format=%T %an %ad %s", "main").splitlines()[1:]


def listed(site):
    """What is listed at the end: only the last commit of a batch has it, and the batches are others."""
    return output("git", "-C", site.git_path(), "grep", "", "main", "--", "listed/open", "listed/closed").splitlines()


def prove(count=24):
    """The generator and the programs make the same trees, commit by commit."""
    made, asked = Installation(users=10, threads=0), Installation(users=10, threads=0)
    try:
        still = {"LD_PRELOAD": ahead(), "STILL": str(FIRST_TICK)}
        output(HELPER, "threads", made.config, count, 5, env={**os.environ, **still})
        tick = FIRST_TICK
        for n in range(1, count + 1):
            for command, text in commands_of(made.show(n)):
                output(METROPLEX, *command[:2], "--config", asked.config, *command[2:], input=text,
                       env={**os.environ, **still, "STILL": str(tick), "SEED": str(n)})
                tick += 1
        ours, theirs = (trees(site) + listed(site) for site in (made, asked))
        if ours != theirs:
            other = next((pair for pair in zip(ours, theirs) if pair[0] != pair[1]), (len(ours), len(theirs)))
            raise RuntimeError(f"the generator makes other trees than the programs: {other}")
        said = output(METROPLEX, "fsck", "--config", made.config)
        if " 0 faults" not in said:
            raise RuntimeError(f"the generator makes faults: {said}")
        return len(ours)
    finally:
        made.remove()
        asked.remove()


# --- What is measured -------------------------------------------------------------------------------


class Grown(Installation):
    """An installation that has grown: its threads are made by the generator."""

    def __init__(self, threads, users=10):
        super().__init__(users=users, threads=0)
        self.threads, self.posted, self.mailed = threads, 0, 0
        begin = time.monotonic()
        helper("threads", self.config, threads, -(-threads // PACKS))
        packs = os.path.join(self.git_path(), "objects/pack")
        for name in os.listdir(packs):
            if name.endswith(".pack"):
                open(os.path.join(packs, name[:-len("pack")] + "keep"), "w").close()
        self.set_config("instance", log_level="info")
        with open(os.path.join(self.dir, "text"), "w") as f:
            f.write("One more.\n")
        size = output("du", "-sm", self.git_path()).split()[0]
        note(f"{threads:,} threads in {time.monotonic() - begin:.0f} s, {size} MiB")

    def mail_waits(self):
        """A mail in new/, to a thread that no mail went to before."""
        self.mailed += 1
        thread = 1 + self.mailed * 7919 % self.threads
        self.deliver(self.mail("user3@example.org", self.address(thread, "user3"), f"Reply number {self.mailed}, which says as much.\n"))

    def forget(self):
        """Takes the data out of the page cache, once they are on the disk."""
        self.settle()
        for folder, _, names in os.walk(self.data):
            for name in names:
                fd = os.open(os.path.join(folder, name), os.O_RDONLY)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)

    def program(self, *command, allowed=0):
        """Its processor time and its time by the clock; its status is at most `allowed`."""
        words = [METROPLEX, "--config", self.config, *command] if command[0].startswith("-") \
            else [METROPLEX, command[0], "--config", self.config, *command[1:]]
        if allowed:
            words = ["sh", "-c", f'"$@"; test $? -le {allowed}', "sh", *words]
        run = timed(*words)
        return run["user"] + run["system"], run["seconds"]


def next_mail(site):
    site.mail_waits()
    before = len(site.outcomes())
    spent = site.program("--once")
    if len(site.outcomes()) == before or site.new:
        raise RuntimeError("the mail was not posted: " + site.log()[-300:])
    return spent


def cold_mail(site):
    site.mail_waits()
    site.forget()
    return site.program("--once")


def cold_start(site):
    site.forget()
    return site.program("--once")


def comment(site):
    """By a command, which leaves upkeep to others."""
    site.mailed += 1
    return site.program("thread", "comment", str(1 + site.mailed % site.threads), "--as", "user3", os.path.join(site.dir, "text"))


def batches(site):
    """The comments of ten batches, in threads all over."""
    done = helper("post", site.config, 2560, 256, site.threads, site.posted + 1)
    site.posted += 2560
    return done["processor"], done["median"]


def listing(*words):
    return lambda site: site.program("thread", "list", *words)


def each_listed(site):
    processor, seconds = site.program("thread", "list")
    return processor / site.threads, seconds / site.threads


def status(site):
    """It may complain: events wait, as there is no notifier here."""
    return site.program("status", allowed=2)


# What, how, and how many times. What adds many packs comes last.
STATUS = ("status", status, 5)
OF_THREADS = (
    ("the next mail, in a run of its own", next_mail, 15),
    ("the same, nothing in the page cache", cold_mail, 5),
    ("a run that finds nothing, likewise", cold_start, 5),
    STATUS,
    ("thread list, a thread", each_listed, 3),
    ("thread list --state open (200 are)", listing("--state", "open"), 5),
    ("thread list --state open --label bug", listing("--state", "open", "--label", "bug"), 5),
    ("thread list --state open --assignee user2", listing("--state", "open", "--assignee", "user2"), 5),
    ("thread list --repository (100 threads, closed)", listing("--repository", "acme/pump"), 5),
    ("a comment in batches of 256", batches, 5),
)
OF_ONE = OF_THREADS[:4]
OF_PACKS = (("a comment by command", comment, 15), STATUS, ("thread list", listing(), 3))


# --- Installations that grow otherwise -----------------------------------------------------------------


class Followed(Grown):
    """A thread that many follow: all mail goes to it."""

    def __init__(self, subscribers):
        super().__init__(200, users=subscribers)
        helper("subscribe", self.config, 1, subscribers)

    def mail_waits(self):
        self.threads = 1
        super().mail_waits()


class Packed(Grown):
    """Runs without upkeep, each of which brought a pack."""

    def __init__(self, packs):
        super().__init__(1000)
        helper("post", self.config, packs, 1, 1000)


class Old(Grown):
    """What became of the mails of a day or a year, in a file a month and in success/."""

    def __init__(self, files):
        super().__init__(1000)
        next_mail(self)
        line, name = self.outcomes()[0], self.success[0]
        folder = os.path.join(self.data, "incoming-mail")
        pattern = os.path.join(folder, "success", name)
        begun, months = time.time() - files / YEAR * 365 * 86400, collections.defaultdict(list)
        for n in range(files):
            if n % 50000 == 0:
                source = f"{pattern}.{n}"
                shutil.copy(pattern, source)
            when = begun + n / YEAR * 365 * 86400
            other = f"{int(when)}.V1I{n:x}M{n % 1000000:06d}.mx"
            os.link(source, os.path.join(folder, "success", other))
            line[0] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))
            months[self.outcomes_file(when)].append("\t".join(other if field == name else field for field in line) + "\n")
        for path, lines in months.items():
            with open(path, "a") as log:
                log.writelines(lines)


# --- The table -------------------------------------------------------------------------------------


def show(*fields):
    print("  ".join(str(f).ljust(w) for f, w in zip(fields, (48, 12, 12, 12, 6, 12, 12, 30))).rstrip(), flush=True)


def compare(sites, names, rows):
    """One line a row: processor time at each size, and the largest against the smallest. Gives what is over."""
    over = []
    columns = [""] * (3 - len(names))
    show("processor time", *names, *columns, "ratio", "wanted", "stands", "by the clock")
    for what, measure, rounds in rows:
        spent = [[] for _ in sites]
        note(what)
        for _ in range(rounds):
            for site, times in zip(sites, spent):
                times.append(measure(site))
        processor = [statistics.median(p for p, _ in times) for times in spent]
        clock = [statistics.median(s for _, s in times) for times in spent]
        ratio = processor[-1] / max(processor[0], 1e-9)
        stands = "reached" if ratio <= BOUND else "not reached"
        show(what, *(amount(p, "s") for p in processor), *columns, f"{ratio:.2f}", f"at most {BOUND:g}", stands,
             " → ".join(amount(s, "s") for s in clock))
        if ratio > BOUND:
            over.append(f"{what} ({ratio:.1f} from {names[0]} to {names[-1]})")
    return over


def grown(kind, sizes, unit, rows):
    sites = []
    try:
        for size in sizes:
            note(f"{size:,} {unit} are made")
            sites.append(kind(size))
        for site in sites:
            site.settle()
        return compare(sites, [f"{size:,} {unit}" for size in sizes], rows)
    finally:
        for site in sites:
            site.remove()


def measure(sizes, subscribers, packs):
    note("the generator is compared with the programs")
    print(f"{prove()} commits of the generator have the trees of the programs'")
    over = grown(Grown, sizes, "threads", OF_THREADS)
    over += grown(Followed, (10, subscribers), "subscr.", OF_ONE[:1])
    over += grown(Packed, (1, packs), "runs", OF_PACKS)
    over += grown(Old, (YEAR // 365, YEAR), "mails", OF_ONE)
    print(f"over {BOUND:g}: {', '.join(over) or 'nothing'}")
