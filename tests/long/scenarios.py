"""What the disks of states.py are of: runs and commands, what their status 0 promised, and how they recover."""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from disks import Crash, materialise  # noqa: E402
import faults  # noqa: E402
from harness import METROPLEX, NOTIFIER, ahead  # noqa: E402
from installation import Installation  # noqa: E402
import invariants  # noqa: E402
from invariants import Delivered, git, sent, threads_of, violations, violations_half_way  # noqa: E402
from recording import Recording  # noqa: E402
import watching  # noqa: E402


class Scenario:
    """An installation, commands, and what must be true in every state that a crash of them leaves."""

    recovery = ("once", "once", "announce")
    later = 120  # seconds, when it begins
    notifier_was_first = False  # its work is what is recorded

    def __init__(self, root):
        self.site = Installation(root)
        self.commands = []
        self.recovered = set()  # states after steps of recovery
        self.messages = None  # that must have been sent when all is done
        self.answers = 0

    def must(self, command):
        why = self.site.finish(command)
        if why:
            raise RuntimeError(why)

    def stand_still(self, when):
        """What runs from now on has this time; so what it leaves differs only by what it found."""
        self.site.variables = {"LD_PRELOAD": ahead(), "STILL": str(when)}

    def record(self):
        recording = Recording(self.site.dir)
        self.starts, self.begin = [], int(time.time())
        self.stand_still(self.begin)
        for command, stop in self.commands:
            self.starts.append(len(recording.ops))
            recording.run(command, self.site.variables)
            if stop is not None:  # killed there: the kernel has all that it did till then
                self.cut_short(recording, stop)
            recording.compare()
        self.stand_still(self.begin + self.later)
        self.site.remembered = {}
        return recording

    def cut_short(self, recording, stop):
        begin = self.starts[-1]
        at = stop(recording.ops[begin:])
        if at is None:
            raise RuntimeError("no such operation")
        del recording.ops[begin + at:]
        self.lay(Crash(recording, len(recording.ops)).build({}))
        recording.rewind()

    def lay(self, files):
        """The disk, with files that nobody can be at work on any more."""
        materialise(self.site.dir, files, self.begin - 3600)
        self.site.contents.clear()

    def acknowledged(self):
        """What the last command's status 0 promised: lines on what is not there, before any recovery."""
        return []

    def extra(self):
        return []

    # The checks

    def check(self, at_end, may_repeat):
        """What is wrong with the disk that lies there now, and with what recovery makes of it."""
        wrong = ["half-way: " + w for w in violations_half_way(self.site, self.site.given)]
        if at_end:
            wrong += ["acknowledged: " + w for w in self.acknowledged()]
        self.again = 0  # messages that went out once more
        for n, step in enumerate(self.recovery):
            why = self.site.finish(getattr(self.site, step)())
            wrong += [f"{step} {n + 1}: {why}"] if why else []
            if not wrong and self.is_known((n, self.site.state(), may_repeat)):
                return wrong  # what comes now was seen from here before
            if self.recovery[n + 1:n + 2] == ("announce",) and not self.notifier_was_first:
                wrong += violations(self.site, self.site.given) + self.fsck()
        if self.messages is not None:
            wrong += self.check_messages(may_repeat)
        elif "announce" not in self.recovery:
            wrong += violations(self.site, self.site.given) + self.fsck()
        return wrong + self.extra()

    def check_messages(self, may_repeat):
        given = self.site.given
        given.messages, given.repeats = self.messages, 10**6  # these are counted here
        wrong = violations(self.site, given)
        given.messages = None
        found = sent(self.site)
        self.again = sum(count - 1 for count in found.values())
        if self.again > may_repeat:
            wrong.append(f"message: {self.again} were sent again, at most {may_repeat} may be: {[m for m in found if found[m] > 1]}")
        answers = sum(m[1].startswith("<answer-") for m in found)
        if answers != self.answers:
            wrong.append(f"answer: {answers} were sent, {self.answers} should be")
        return wrong

    def is_known(self, key):
        known = key in self.recovered
        self.recovered.add(key)
        return known

    def fsck(self):
        done = subprocess.run([METROPLEX, "fsck", "--config", self.site.config], capture_output=True, text=True)
        return [] if done.returncode == 0 else [f"metroplex fsck: status {done.returncode}: {(done.stdout + done.stderr).strip()}"]


def stop_before(pattern, nth=0):
    """Killed before the nth operation that says so."""
    def find(ops):
        hits = [i for i, op in enumerate(ops) if re.search(pattern, op.about)]
        return hits[nth] if nth < len(hits) else None
    return find


# --- The scenarios ---------------------------------------------------------------------------------

ISSUE, PULL = "<acme/rocket/issues/1%s@git.example.org>", "<acme/rocket/pull/2%s@git.example.org>"


REPORT = """Return-Path: <>
X-Original-To: %(to)s
Delivered-To: %(to)s
From: MAILER-DAEMON@example.org
To: %(to)s
Subject: Undelivered
Message-ID: <report@example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=r"

--=r
Content-Type: text/plain

No such person.
--=r
Content-Type: message/delivery-status

Reporting-MTA: dns; example.org

Final-Recipient: rfc822; kate@example.org
Action: failed
Status: 5.1.1

--=r
Content-Type: text/rfc822-headers

Message-ID: %(about)s

--=r--
"""


def told(**to):
    ids = {"opened": ISSUE % "", "first": ISSUE % "/1", "second": ISSUE % "/2", "pull": PULL % "", "review": PULL % "/c1"}
    return {(f"{login}@example.org", ids[what]) for what, logins in to.items() for login in logins.split()}


class Batch(Scenario):
    """Seven mails over three threads: posted three times, twice the same, refused and answered, forged, muted."""

    is_first = False  # of all: then it makes the file of outcomes

    def __init__(self, root):
        super().__init__(root)
        site = self.site
        forged = "reply+i-1-" + "0" * 40 + "-1@reply.git.example.org"
        if not self.is_first:
            site.give(site.mail("kate@example.org", forged, "Before.\n"), "failure", "bad-address")
            self.must(site.once())
        site.give_batch()
        site.give(site.mail("kate@example.org", forged, "Let me in.\n"), "failure", "bad-address")
        third = site.thread("kate", title="Third")
        site.threads.append(third)
        site.given.comments[third] = []
        site.count_commits()
        site.give_good(third, "And here too.", "tim")
        self.commands = [(site.once(), None)]
        self.messages = told(opened="kate ann", first="tim ann", second="tim kate", pull="kate", review="ann") | {
            ("tim@example.org", "<acme/rocket/issues/3@git.example.org>"),  # who wrote, follows
            ("kate@example.org", "<acme/rocket/issues/3/1@git.example.org>")}
        self.answers = 2

    def acknowledged(self):
        threads = threads_of(self.site)
        for id, bodies in self.site.given.comments.items():
            for body in bodies:
                if body not in threads[id].bodies.values():
                    yield f"{body!r} is not in thread {id}"


class FirstBatch(Batch):
    is_first = True


class NewMonth(Batch):
    """The first of a month: what was written before is last month's, and torn."""

    def __init__(self, root):
        super().__init__(root)
        this = self.site.outcomes_file()
        month = time.strftime("%Y-%m", time.gmtime(time.time() - 31 * 86400))
        with open(this) as f:
            text = re.sub(r"^\d{4}-\d\d", month, f.read(), flags=re.M)
        os.unlink(this)
        with open(os.path.join(os.path.dirname(this), f"outcomes-{month}.tsv"), "w") as f:
            f.write(text + f"{month}-01T")


class Recovered(Batch):
    """The run that comes after one that was killed (whose changes the kernel still holds), then the cut."""

    def __init__(self, root, stop):
        super().__init__(root)
        self.commands = [(self.site.once(), stop), (self.site.once(), None)]


class Mute(Scenario):
    """One mail that mutes a thread; killed as the branch has moved, run again, then the cut."""

    def __init__(self, root, stop=None):
        super().__init__(root)
        self.site.give_unsubscription(self.site.threads[0], "ann")
        self.commands = [(self.site.once(), stop)] + ([(self.site.once(), None)] if stop else [])
        self.recovery = ("once", "once")

    def is_muted(self):
        _, out, _ = git(self.site, "tracker.git", "show", "main:threads/000/0/0/0/0/1/subscribers")
        return b"muted" in out

    def acknowledged(self):
        return [] if self.is_muted() else ["the thread is not muted"]

    def extra(self):
        return [] if self.is_muted() else ["mute: the mail is in success/, the thread is not muted"]

    def check(self, *args):
        moved = any(self.site.listed("incoming-mail/success"))
        early = ["half-way: the mail is in success/, the thread is not muted"] if moved and not self.is_muted() else []
        return early + super().check(*args)


class SecondMute(Mute):
    """As Mute, but the day's confirmation has been given: so no event goes with it."""

    def __init__(self, root, stop=None):
        Scenario.__init__(self, root)
        site = self.site
        site.give_unsubscription(site.threads[1], "ann")
        self.must(site.once())
        self.before = site.listed("incoming-mail/success")
        site.give_unsubscription(site.threads[0], "ann")
        self.commands = [(site.once(), stop), (site.once(), None)]
        self.recovery = ("once", "once")

    def check(self, *args):
        moved = len(self.site.listed("incoming-mail/success")) > 1
        early = ["half-way: the mail is in success/, the thread is not muted"] if moved and not self.is_muted() else []
        return early + Scenario.check(self, *args)


class Subscribe(Scenario):
    """A command that was killed is given again, finds nothing left to do, and says 0."""

    def __init__(self, root, stop):
        super().__init__(root)
        command = [METROPLEX, "thread", "--config", self.site.config, "unsubscribe", str(self.site.threads[1]), "kate"]
        self.site.given.maybe_changes = 1
        self.commands = [(command, stop), (command, None)]

    def acknowledged(self):
        _, out, _ = git(self.site, "tracker.git", "show", "main:threads/000/0/0/0/0/2/subscribers")
        return [] if b"muted" in out else [f"status 0, but the change is not there: {out}"]


class Set(Scenario):
    """The same, of an account."""

    def __init__(self, root, stop):
        super().__init__(root)
        command = [METROPLEX, "user", "--config", self.site.config, "set", "kate", "--name", "Kate Two"]
        self.commands = [(command, stop), (command, None)]

    def acknowledged(self):
        _, out, _ = git(self.site, "accounts.git", "show", "main:users/000/0/0/0/0/2")
        return [] if b"Kate Two" in out else [f"status 0, but the change is not there: {out}"]


class Repository(Scenario):
    """The same, of a repository's policy."""

    def __init__(self, root, stop):
        super().__init__(root)
        command = [METROPLEX, "repository", "--config", self.site.config, "set", "acme/rocket", "--reply", "members"]
        self.site.given.maybe_changes = 1
        self.commands = [(command, stop), (command, None)]

    def acknowledged(self):
        _, out, _ = git(self.site, "tracker.git", "show", "main:repositories/acme/rocket")
        return [] if b"members" in out else [f"status 0, but the change is not there: {out}"]


class Bounce(Scenario):
    """A report that counts against an address, whose mail is moved once it is counted."""

    recovery = ("once", "once")

    def __init__(self, root, stop=None):
        super().__init__(root)
        site = self.site
        exported = subprocess.run([METROPLEX, "thread", "--config", site.config, "export", str(site.threads[0])], capture_output=True, check=True)
        report = REPORT % {"to": site.address(site.threads[0], "kate", "--purpose", "bounce"),
                           "about": json.loads(exported.stdout)["comments"][0]["id"]}
        site.give(report.encode(), "success", "bounce")
        self.commands = [(site.once(), stop), (site.once(), None)]

    def is_counted(self):
        _, out, _ = git(self.site, "accounts.git", "show", "main:users/000/0/0/0/0/2")
        return b"hard" in out

    def acknowledged(self):
        return self.extra()

    def extra(self):
        return [] if self.is_counted() else ["bounce: the report is in success/, and is not counted"]

    def check(self, *args):
        moved = any(self.site.listed("incoming-mail/success"))
        return (["half-way: the report is in success/, and is not counted"] if moved and not self.is_counted() else []) + super().check(*args)


class Hold(Scenario):
    """Events set aside: none may be sent after that was acknowledged."""

    def __init__(self, root, stop):
        super().__init__(root)
        self.site.give_batch()
        self.must(self.site.once())
        command = [NOTIFIER, "queue", "--config", self.site.config, "hold", "--all"]
        self.commands = [(command, stop), (command, None)]
        self.recovery = ("once", "once")

    def acknowledged(self):
        return [f"{name} is not held" for name in self.site.listed("outbox/new")]


class Init(Scenario):
    """The first command of all: whole, or made whole by giving it again."""

    recovery = ("init", "once")

    def __init__(self, root, stop=None):
        super().__init__(root)
        command = faults.init(self.site)
        self.site.init = lambda: command
        self.commands = ([(command, stop)] if stop else []) + [(command, None)]

    def acknowledged(self):
        done = subprocess.run([METROPLEX, "user", "--config", self.site.config, "list"], capture_output=True, text=True)
        return ([] if done.returncode == 0 else [done.stderr.strip()]) + self.fsck()

    def check(self, at_end, *_):
        wrong = ["acknowledged: " + w for w in self.acknowledged()] if at_end else []
        wrong += [why for why in (self.site.finish(getattr(self.site, step)()) for step in self.recovery) if why]
        return wrong + violations(self.site, self.site.given) + self.fsck() + self.extra()

    def extra(self):
        """It works: an account, a thread, a comment by mail."""
        try:
            self.site.given = Delivered()
            for login in ("tim", "kate"):
                self.site.user(login)
            thread = self.site.thread("tim")
            self.site.given.comments = {thread: []}
            self.site.give_good(thread, "It works.")
            why = self.site.finish(self.site.once())
            return [why] if why else violations(self.site, self.site.given)
        except AssertionError as error:
            return [f"init: does not work: {error}"]
        finally:
            self.site.given = Delivered(is_complete=False)


class Notify(Scenario):
    """The notifier on the events of a batch."""

    notifier_was_first = True
    recovery = ("announce", "announce")

    def __init__(self, root):
        super().__init__(root)
        site = self.site
        site.give_batch()
        self.must(site.once())
        self.commands = [(site.announce(), None)]
        self.messages = told(opened="kate ann", first="tim ann", second="tim kate", pull="kate", review="ann")
        self.answers = 2

    def acknowledged(self):
        found = sent(self.site)
        return [f"{message} was not sent" for message in sorted(self.messages - set(found))]


class Digests(Notify):
    """The same for people who get digests that are due already: put off, gathered, made and sent."""

    def __init__(self, root, stop=None):
        Scenario.__init__(self, root)
        command = faults.digests(self.site)
        self.commands = [(command, stop), (command, None)] if stop else [(command, None)]
        self.messages, self.site.given.messages = self.site.given.messages, None
        self.answers = 2

    def acknowledged(self):
        found = invariants.told(self.site, threads_of(self.site))
        return [f"{message} was not told" for message in sorted(self.messages - set(found))]


class Comment(Scenario):
    """A comment from a terminal, with a mail in new/."""

    def __init__(self, root):
        super().__init__(root)
        self.commands = [(faults.comment(self.site), None)]

    def acknowledged(self):
        bodies = threads_of(self.site)[self.site.threads[0]].bodies.values()
        return [] if "From a terminal." in bodies else ["the comment is not there"]


class Close(Scenario):
    def __init__(self, root):
        super().__init__(root)
        self.commands = [(faults.close_thread(self.site), None)]

    def acknowledged(self):
        return [] if self.site.show(self.site.threads[1])["state"] == "closed" else ["the thread is open"]


class User(Scenario):
    """An account: whole or not at all."""

    def __init__(self, root):
        super().__init__(root)
        self.commands = [(faults.add_user(self.site), None)]

    def is_there(self):
        _, out, _ = git(self.site, "accounts.git", "ls-tree", "-r", "--name-only", "main")
        here = [part for part in ("logins/joe", "addresses/", "users/000/0/0/0/0/4") if part.encode() in out]
        return len(here) == 3 or b"logins/joe" in out, out

    def acknowledged(self):
        return [] if self.is_there()[0] else ["the account is not there"]

    def extra(self):
        there = subprocess.run([METROPLEX, "user", "--config", self.site.config, "show", "joe"], capture_output=True, text=True)
        if there.returncode == 0 and "joe@example.org" not in there.stdout:
            return [f"user: half: {there.stdout}"]
        again = subprocess.run(faults.add_user(self.site), capture_output=True, text=True)
        if (again.returncode == 0) == (there.returncode == 0):
            return [f"user: show says {there.returncode}, a second add {again.returncode}: {again.stderr}"]
        return []


class FirstMails(Batch):
    """First mails: opened, held, one that was confirmed and waits for its thread, one that is overdue."""

    def __init__(self, root, stop=None):
        Scenario.__init__(self, root)
        self.site.give_openings()
        self.commands = [(self.site.once(), stop), (self.site.once(), None)] if stop else [(self.site.once(), None)]
        self.recovery = ("once", "once")


class Run(Scenario):
    """A scenario of faults.py: what its status 0 promised is all that there is to do."""

    recovery = ("once", "once")

    def __init__(self, root, prepare, stop=None, is_said_again=False):
        super().__init__(root)
        command = prepare(self.site)
        if is_said_again:  # a command that somebody gave, and gives again
            self.site.say_again = lambda: self.site.again or faults.until_done(command)
            self.recovery = ("once", "say_again", "once")
            self.commands = [(command, stop), (self.site.say_again(), None)] if stop else [(command, None)]
        else:
            self.commands = [(command, stop), (command, None)] if stop else [(command, None)]

    def acknowledged(self):
        return violations(self.site, self.site.given) + ([] if self.site.acknowledged() else ["it is not done"])


class Settled(Scenario):
    """An administrator's word on a held mail: its status 0 is kept, and half of it is finished or said again."""

    recovery = ("once", "say_again", "once")

    def __init__(self, root, word, *facts, stop=None):
        super().__init__(root)
        command = faults.settle_held(word, *facts)(self.site)
        self.site.say_again = lambda: self.site.again
        self.commands = [(command, stop), (self.site.again, None)] if stop else [(command, None)]

    def acknowledged(self):
        return [] if self.site.acknowledged() else ["the mail is not where it was said to be"]


class Purged(Scenario):
    """Words that are nowhere once the command has said so, and that no half of it leaves behind."""

    recovery = ("once", "say_again", "once")
    words = b"canary-of-the-launch-pad"

    def __init__(self, root, stop=None):
        super().__init__(root)
        site = self.site
        thread = site.thread("tim", title="Third", body=self.words.decode() + "\n")
        site.count_commits()
        site.given.maybe_changes = 1
        command = [METROPLEX, "thread", "--config", site.config, "redact", str(thread), "0", "--purge"]
        again = ["sh", "-c", '"$@"; status=$?; [ $status = 0 ] || [ $status = 65 ]', "again", *command]  # 65: it was purged before
        site.say_again = lambda: again
        self.commands = [(command, stop), (again, None)] if stop else [(command, None)]

    def found(self):
        data, places = self.site.data, []
        for repository in ("tracker.git", "accounts.git"):
            status, objects, error = git(self.site, repository, "cat-file", "--batch-all-objects", "--batch")
            places += [repository] if status != 0 or self.words in objects else []
        for folder, _, files in os.walk(data):
            places += [os.path.relpath(os.path.join(folder, name), data) for name in files if self.words in invariants.read(os.path.join(folder, name))]
        return places

    def acknowledged(self):
        return [f"{place} has the words" for place in self.found()]

    def extra(self):
        return [f"purge: {place} has the words" for place in self.found()]


class Updated(Scenario):
    """Pages brought to what the tracker says: each whole at any time, all new once that was acknowledged."""

    recovery = ("pages_again",)

    def __init__(self, root, stop=None):
        super().__init__(root)
        command = faults.pages(self.site)
        self.site.pages_again = lambda: command
        self.commands = [(command, stop)] + ([(command, None)] if stop else [])

    def acknowledged(self):
        return self.site.pages.other()

    def extra(self):
        return self.site.pages.other()


AT_THE_BRANCH = stop_before("fsync data/tracker.git/refs/heads$")
RUNS = {name: faults.SCENARIOS[name] for name in ("commands", "answers", "loop", "held", "questions", *watching.SCENARIOS)}
GIVEN = {name: faults.SCENARIOS[name] for name in ("thread redact", "user add --take-from", "user remove")}
SCENARIOS = {
    "batch": Batch,
    "first batch": FirstBatch,
    "batch of a new month": NewMonth,
    "notifier": Notify,
    "digests": Digests,
    "digests, killed between two": lambda root: Digests(root, stop_before("renameat2 data/outbox/digests", 1)),
    "digests, killed before they are published": lambda root: Digests(root, stop_before("renameat2 data/outbox/digests")),
    "digests, killed before they are synced": lambda root: Digests(root, stop_before("fsync data/outbox/digests")),
    "openings": lambda root: FirstMails(root),
    "openings, killed at the branch": lambda root: FirstMails(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "held accept": lambda root: Settled(root, "accept", "success", "opened", "duplicate"),
    "held accept, killed between the repositories": lambda root: Settled(root, "accept", "success", "opened", "duplicate",
                                                                         stop=stop_before("fsync data/tracker.git/objects/pack$")),
    **{name: lambda root, prepare=prepare: Run(root, prepare) for name, prepare in RUNS.items()},
    **{f"{name}, killed at the branch": lambda root, prepare=prepare: Run(root, prepare, AT_THE_BRANCH) for name, prepare in RUNS.items()
       if name != "questions"},
    "questions, killed between the repositories": lambda root: Run(root, faults.questions, stop_before("fsync data/tracker.git/objects/pack$")),
    "watch, shared, killed as the server has it": lambda root: Run(root, watching.shared_pushes, stop_before("rename data/tracker.git/refs/heads/main.lock")),
    **{name: lambda root, prepare=prepare: Run(root, prepare, is_said_again=True) for name, prepare in GIVEN.items()},
    "held reject": lambda root: Settled(root, "reject", "failure", "rejected"),
    "purge": Purged,
    "purge, killed at the branch": lambda root: Purged(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "thread comment": Comment,
    "thread close": Close,
    "user add": User,
    "pages": Updated,
    "pages, killed between two": lambda root: Updated(root, stop_before("rename.* pages/r/", 3)),
    "mute": Mute,
    "mute, killed at the branch": lambda root: Mute(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "second mute, killed at the branch": lambda root: SecondMute(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "unsubscribe, killed at the branch": lambda root: Subscribe(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "user set, killed at the branch": lambda root: Set(root, stop_before("fsync data/accounts.git/refs/heads$")),
    "repository set, killed at the branch": lambda root: Repository(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "bounce, killed at the branch": lambda root: Bounce(root, stop_before("fsync data/accounts.git/refs/heads$")),
    "queue hold, killed at its end": lambda root: Hold(root, lambda ops: max(i for i, op in enumerate(ops) if op.kind == "names") + 1),
    "init": Init,
    "init, killed half-way": lambda root: Init(root, lambda ops: len(ops) // 2),
    "init, killed at its end": lambda root: Init(root, lambda ops: len(ops) - 1),
    "killed with a pack": lambda root: Recovered(root, stop_before(r"rename\w* .*\.idx\.tmp")),
    "killed before the pack is synced": lambda root: Recovered(root, stop_before(r"fsync data/tracker.git/objects/pack$")),
    "killed with a lock": lambda root: Recovered(root, stop_before(r"rename .*main.lock")),
    "killed at the branch": lambda root: Recovered(root, stop_before("fsync data/tracker.git/refs/heads$")),
    "killed after a record": lambda root: Recovered(root, stop_before("renameat2 data/outbox/answered", 1)),
    "killed at the records": lambda root: Recovered(root, stop_before("fsync data/outbox/answered")),
    "killed between the events": lambda root: Recovered(root, stop_before("renameat2 data/outbox/tmp", 2)),
    "killed before the events are synced": lambda root: Recovered(root, stop_before("fsync data/outbox/new")),
    "killed at the outcomes": lambda root: Recovered(root, stop_before("fdatasync data/incoming-mail/outcomes")),
    "killed between the moves": lambda root: Recovered(root, stop_before("renameat2 data/mail/reply/new", 4)),
    "killed before the moves are synced": lambda root: Recovered(root, stop_before("fsync data/incoming-mail/success")),
}
