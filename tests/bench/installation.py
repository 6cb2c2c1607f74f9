"""Installations to measure on, filled by the helper or by a stream for git fast-import."""
import contextlib
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.join(os.environ.get("BUILD") or os.path.join(HERE, "../../build"), "bin")
HELPER = os.path.join(BIN, "bench-helper")
for program in ("metroplex", "notifier"):
    os.environ.setdefault(program.upper(), os.path.join(BIN, program))

sys.path.insert(0, os.path.join(HERE, "../lib"))
from harness import METROPLEX, NOTIFIER, Site, path_of_id  # noqa: E402


def values(text):
    """"NAME VALUE" lines as a dictionary of numbers."""
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


def output(*command, **kw):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kw)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def helper(name, *args):
    return values(output(HELPER, name, *args))


def timed(*command):
    """Seconds, processor seconds and memory of a program, measured from a small process."""
    return helper("run", *command)


class Installation(Site):
    """A Site with accounts and threads, whose data can be put back as they were."""

    def __init__(self, users=10, threads=100):
        super().__init__()
        lines = output(HELPER, "fill", self.config, users, threads).splitlines()
        self.n_restored = 0
        self.addresses = [(int(t), int(u), a) for _, t, u, a in (line.split() for line in lines)]

    def keep(self):
        """What restore() goes back to."""
        output("cp", "-a", self.data, self.data + ".kept")

    def restore(self):
        """Puts the data back. What was there is only moved away: ext4 is slow to make files where many
        were deleted within the last minutes, and that is not what is measured."""
        self.n_restored += 1
        os.rename(self.data, f"{self.data}.{self.n_restored}")
        output("cp", "-a", self.data + ".kept", self.data)
        self.settle()

    def settle(self):
        """What was copied is on the disk before the clock starts: nobody pays for another's writes."""
        output("sync", "-f", self.data)

    def git_path(self, repository="tracker.git"):
        return os.path.join(self.data, repository)

    def read(self, repository, path):
        return output("git", "-C", self.git_path(repository), "show", f"main:{path}")

    def import_commit(self, repository, files):
        """One commit on main with these files: (path, text), by git fast-import."""
        command = ["git", "-C", self.git_path(repository), "-c", "core.compression=1", "fast-import", "--quiet"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as stream:
            say = stream.stdin.write
            say(b"commit refs/heads/main\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 4\nFill\nfrom refs/heads/main^0\n")
            for path, text in files:
                octets = text.encode()
                say(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(octets), octets))
        if stream.returncode != 0:
            raise RuntimeError(f"git fast-import ended with {stream.returncode}")

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


@contextlib.contextmanager
def installation(**kw):
    site = Installation(**kw)
    try:
        yield site
    finally:
        site.remove()


def many_accounts(site, count):
    """Accounts up to number `count` after the pattern of the first; not to be found by login."""
    pattern = site.read("accounts.git", f"users/{path_of_id(1)}")
    files = ((f"users/{path_of_id(n)}", re.sub(r"user1\b", f"user{n}", pattern).replace("User 1", f"User {n}"))
             for n in range(2, count + 1))
    site.import_commit("accounts.git", files)


def subscribers(ids, depth=0, path=f"threads/{path_of_id(1)}/subscribers"):
    """The files of who is told of a thread, in pages as tracker(5) has them."""
    if len(ids) <= 100:
        return [(path, "".join(f"{n} manual\n" for n in ids))] if ids else []
    pages = ([n for n in ids if n // 10**depth % 10 == digit] for digit in range(10))
    return [file for part in pages if part
            for file in subscribers(part, depth + 1, f"{path}/{part[0] % 10**(depth + 1):0{depth + 1}}")]
