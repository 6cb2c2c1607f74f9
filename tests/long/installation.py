"""An installation that a test can put back: made once, copied over before each try."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import guests  # noqa: E402
from first_mail import at, first_mail, ok_address, opens  # noqa: E402
from harness import HOST, METROPLEX, NOTIFIER, Site  # noqa: E402
from invariants import Delivered, Mail, git, queued, story, threads_of  # noqa: E402

GOOD = ("posted", "duplicate")  # a mail whose comment was made by a run that died is a duplicate to the next


class Installation(Site):
    """A Site in `directory`, with accounts, two threads, and what was delivered to it."""

    def __init__(self, directory):
        self.variables = {}  # of the environment of what finishes the work
        self.contents = {}  # digests of repositories, since something ran
        super().__init__(directory=directory)
        self.given = Delivered()
        self.again = None  # a command that does nothing if it was done: part of what finishes the work
        self.acknowledged = lambda: True  # whether it was done
        for login in ("tim", "kate", "ann"):
            self.user(login)
        self.threads = [self.thread("tim"), self.thread("ann", title="Second", kind="pull", object="topic")]
        self.given.comments = {id: [] for id in self.threads}
        self.count_commits()

    def count_commits(self):
        self.given.commits = int(git(self, "tracker.git", "rev-list", "--count", "main")[1])

    def give(self, octets, place, *reasons, comment=None):
        self.given.mails[self.deliver(octets)] = Mail(octets, place, reasons, comment)
        return octets

    def give_good(self, thread, text, login="kate"):
        self.given.comments[thread].append(text)
        return self.give(self.mail(f"{login}@example.org", self.address(thread, login), text + "\n"), "success", *GOOD, comment=(thread, text))

    def give_first(self, text, login="kate", **how):
        """A first mail, which opens a thread."""
        octets = first_mail(self, f"{login}@example.org", text=text + "\n", **how)
        if text not in self.given.opened:
            self.given.opened.append(text)
            self.given.changes += 1
        return self.give(octets, "success", "opened", "duplicate")

    def give_refused(self, thread, text="Let me in.\n"):
        self.give(self.mail("nobody@example.org", self.address(thread, "kate"), text), "failure", "sender-mismatch")

    def give_unsubscription(self, thread, login="tim"):
        self.given.changes += 1
        self.give(self.mail(f"{login}@example.org", self.address(thread, login, "--purpose", "unsub"), "Stop.\n"), "success", "unsubscribed")

    def give_openings(self):
        """First mails: one alone, one twice, one to two repositories, one that proves nothing; and a comment."""
        opens(self, who="known")
        opens(self, repository="acme/engine", address="engine", who="known")
        self.count_commits()
        self.give_first("The first of all.")
        self.give(self.give_first("It came twice.", "ann"), "success", "opened", "duplicate")
        both = f"{at('engine')}, {at()}"
        for delivered in (at(), at("engine")):
            self.give_first("To both.", to=both, delivered=delivered, message_id="<both@example.org>")
        self.give(first_mail(self, "kate@example.org", verdict="spf=pass smtp.mailfrom=example.org"), "held", "held")
        self.given.comments[self.threads[0]].append("A comment beside.")
        self.give(first_mail(self, "kate@example.org", to=self.address(self.threads[0], "kate"), text="A comment beside.\n"), "success", *GOOD,
                  comment=(self.threads[0], "A comment beside."))

    def give_haste(self):
        """A guest answers at once, as often as suspends it."""
        thread, guest = self.threads[0], guests.make(self, (4, "eve@example.net"))
        self.metroplex("thread", "subscribe", str(thread), guest)
        self.count_commits()
        with open(os.path.join(self.data, "outbox/told"), "w") as f:
            f.write(f"{int(time.time())} 4\n")
        for text in [f"We received your request {i}." for i in range(5)]:
            self.given.comments[thread].append(text)
            self.give(self.mail("eve@example.net", self.address(thread, guest), text + "\n"), "success", *GOOD, comment=(thread, text))
        self.again = ["sh", "-c", '"$@" | grep -q "reason  loop"', "suspended", METROPLEX, "user", "--config", self.config, "show", guest]

    def give_answers(self):
        """A first mail, whom it was copied to answering it, and an answer to that: in the batch of the first."""
        opens(self, who="known")
        self.count_commits()
        thread = len(self.threads) + 1
        self.give_first("The first of all.", message_id="<first@example.org>")
        self.given.comments[thread] = []
        for login, text, named, message_id, to in (("ann", "The fuse.", "<first@example.org>", "<second@example.org>", at()),
                                                   ("tim", "Which one?", "<second@example.org>", None, f"noreply@{HOST}")):
            self.given.comments[thread].append(text)
            self.give(first_mail(self, f"{login}@example.org", to=to, text=text + "\n", message_id=message_id, headers=[("In-Reply-To", named)]),
                      "success", *GOOD, comment=(thread, text))

    def give_commands(self):
        """Commands with a text and without, one mail of them twice, one that can be done in part."""
        first = self.threads[0]
        address = self.address(first, "kate")
        self.metroplex("repository", "set", "acme/rocket", "--member", "kate")
        self.count_commits()
        self.given.comments[first].append("Who can look?")
        octets = self.mail("kate@example.org", address, "/label bug needs-work\n\nWho can look?\n\n/assign @ann\n/close\n")
        for _ in range(2):
            self.give(octets, "success", *GOOD, comment=(first, "Who can look?"))
        self.give(self.mail("kate@example.org", address, "/unlabel\n/reopen\n/title Another\n/lable x\n"), "success", "commands", "duplicate")
        self.given.changes += 6

    def give_held(self):
        """Held mails: one that somebody accepted, and died before the thread; one that waits too long; one that goes on waiting."""
        opens(self)
        now, unproved = int(time.time()), "spf=pass smtp.mailfrom=example.org"
        for n in range(3):
            self.deliver(first_mail(self, "kate@example.org", text=f"Held {n}.\n", verdict=unproved, message_id=f"<held-{n}@example.org>"),
                         f"{now}.V1I1M{n}.mx")
        subprocess.run(self.once(), check=True)
        folder = os.path.join(self.data, "incoming-mail/held")
        for n, (days, place, *reasons) in enumerate([(0, "success", "opened", "duplicate"), (15, "failure", "unconfirmed"), (0, "held", "held")]):
            name = f"{now - days * 86400}.V1I1M{n}.mx"
            os.rename(os.path.join(folder, f"{now}.V1I1M{n}.mx"), os.path.join(folder, name))
            with open(os.path.join(folder, name), "rb") as f:
                self.given.mails[name] = Mail(f.read(), place, reasons)
        with open(self.outcomes_file(), "r+") as f:  # as if it had come then
            text = f.read().replace(f"{now}.V1I1M1.mx", f"{now - 15 * 86400}.V1I1M1.mx")
            f.seek(0)
            f.write(text)
        words = hashlib.sha256(b"Held 0.").hexdigest().encode()
        key = hashlib.sha256(b"metroplex-key-1\n0\n0\0opening:acme/rocket\nkate@example.org\n<held-0@example.org>\0" + words + b"\0").hexdigest()[:32]
        self.write_in("accounts.git", f"confirmed/{key[:2]}/{key[2:]}", b"2\n")
        self.given.opened.append("Held 0.")
        self.count_commits()
        self.given.changes += 1

    def give_questions(self):
        """A stranger's held mail and the answer to its question; a stranger's that is to be held and asked about, and one that proves nothing."""
        opens(self, who="anyone")
        name = self.deliver(first_mail(self, "Eve <eve@example.net>", text="Asked.\n"))
        subprocess.run(self.once(), check=True)
        with open(os.path.join(self.data, "incoming-mail/held", name), "rb") as f:
            self.given.mails[name] = Mail(f.read(), "success", ("opened", "duplicate"))
        self.given.opened.append("Asked.")
        self.count_commits()
        self.given.changes += 1
        key, = [record.split(".")[1] for record in self.listed("outbox/answered") if record.startswith("question.")]
        self.give(first_mail(self, "Eve <eve@example.net>", to=ok_address(self, key, "eve@example.net"), text="Yes.\n"), "success", "confirmed", "duplicate")
        self.give(first_mail(self, "ann@example.com", text="To be asked.\n"), "held", "held")
        self.give(first_mail(self, "bob@example.com", verdict="spf=pass smtp.mailfrom=example.com"), "held", "held")

    def give_settled(self, place, *reasons):
        """Two held mails: a command is to settle the first, which it names, the other goes on waiting."""
        opens(self)
        texts = ["Settled.", "Waits."]
        names = [self.deliver(first_mail(self, "kate@example.org", text=text + "\n", verdict="spf=pass smtp.mailfrom=example.org")) for text in texts]
        subprocess.run(self.once(), check=True)
        for name, mail in zip(names, ((place, reasons), ("held", ("held",)))):
            with open(os.path.join(self.data, "incoming-mail/held", name), "rb") as f:
                self.given.mails[name] = Mail(f.read(), *mail)
        self.count_commits()
        if place == "success":
            self.given.opened.append(texts[0])
            self.given.changes += 1
        return names[0]

    def write_in(self, repository, path, octets):
        """A file more in a repository, as somebody's commit."""
        env = dict(os.environ, GIT_INDEX_FILE=os.path.join(self.dir, "index"))

        def git_in(*args, stdin=None):
            command = ["git", "-c", "safe.directory=*", "-c", "user.name=a", "-c", "user.email=a@b", "-C", os.path.join(self.data, repository), *args]
            return subprocess.run(command, input=stdin, env=env, check=True, capture_output=True).stdout.decode().strip()

        git_in("read-tree", "main")
        blob = git_in("hash-object", "-w", "--stdin", stdin=octets)
        git_in("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        git_in("update-ref", "refs/heads/main", git_in("commit-tree", git_in("write-tree"), "-p", "main", "-m", "x"))
        os.remove(env["GIT_INDEX_FILE"])

    def give_batch(self):
        """Three good mails, one of them twice, one refused, one unsubscription."""
        first, second = self.threads[0], self.threads[1]
        self.give_good(first, "It starts now.")
        self.give_good(first, "Not on Sundays.", "ann")
        self.give(self.give_good(second, "Looks right."), "success", *GOOD)
        self.give_refused(first)
        self.give_unsubscription(second)

    def keys(self):
        """Of all that the tracker has."""
        return {key for thread in threads_of(self).values() for key in thread.keys}

    def expect_of_git(self):
        """What runs that nobody disturbs make of watched repositories must be there in the end, however others were disturbed."""
        self.save("aside")
        before = int(git(self, "tracker.git", "rev-list", "--count", "main")[1])
        for _ in range(2):
            subprocess.run(self.once(), check=True)
        threads = threads_of(self)
        self.given.of_git = story(self, threads)
        self.given.told_before = self.given.told_before | (self.keys() - set(queued(self)))
        made = int(git(self, "tracker.git", "rev-list", "--count", "main")[1]) - before
        self.given.changes += made - sum(number > 0 for thread in threads.values() for number in thread.bodies)
        self.restore("aside")

    def save(self, name="template"):
        """Remembers the installation as it is."""
        shutil.rmtree(self.dir + "." + name, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", self.dir, self.dir + "." + name], check=True)

    def restore(self, name="template"):
        shutil.rmtree(self.dir, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", self.dir + "." + name, self.dir], check=True)

    def once(self):
        return [METROPLEX, "--config", self.config, "--once"]

    def announce(self):
        return [NOTIFIER, "--config", self.config, "--once"]

    def run(self, *args, **options):
        self.contents.clear()
        return super().run(*args, **options)

    def finish(self, command):
        """A run that nobody disturbs: None, or how it failed."""
        self.a_minute_later()
        self.contents.clear()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60,
                                  env={**os.environ, **self.variables})
        except subprocess.TimeoutExpired:
            return "rerun: does not end"
        return None if done.returncode == 0 else f"rerun: status {done.returncode}: {done.stderr.strip()}"

    def content_of(self, repository):
        """A digest of a repository's files, as they are: of those that nobody has changed since it was taken."""
        if repository not in self.contents:
            digest = hashlib.sha1()
            for directory, folders, files in os.walk(os.path.join(self.data, repository)):
                folders.sort()
                digest.update(f"{directory}\0{len(files)}\0".encode())
                for name in sorted(files):
                    with open(os.path.join(directory, name), "rb") as f:
                        digest.update(name.encode() + b"\0" + hashlib.sha1(f.read()).digest())
            self.contents[repository] = digest.digest()
        return self.contents[repository]

    def state(self):
        """A digest of all files but the logs, without what differs from run to run: times, chance."""
        digest = hashlib.sha1()
        for directory, folders, files in os.walk(self.dir):
            folders[:] = sorted(f for f in folders if f != "log")
            digest.update(directory.encode() + b"\0")
            for name in sorted(files):
                path = os.path.join(directory, name)
                content = b""
                if not os.path.islink(path):
                    with open(path, "rb") as f:
                        content = f.read()
                if name == "address-keys":
                    content = re.sub(rb"\w", b".", content)
                if "outbox" in directory or name.startswith("outcomes-") or "/sent/" in directory:
                    content = re.sub(rb"\d{4}-\d\d-\d\dT[0-9:.]+Z|\b\d+\.\d{3}$|\b\d{10,}\b", b"TIME", content, flags=re.M)
                path = re.sub(r"_git2_[0-9a-f]+|\b\d{10}\.[MP]\w+", "RANDOM", path[len(self.dir):])
                digest.update(path.encode() + b"\0" + hashlib.sha1(content).digest())
        return digest.digest()
