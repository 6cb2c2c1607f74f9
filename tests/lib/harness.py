"""What the system tests share: an installation of one's own, and a way to count.

Each test is a function of one argument, a Site, registered by @test. A Site is a temporary data
directory made by `metroplex init`, with accounts and threads made by the commands a user has.
"""
import atexit
import email.message
import email.policy
import email.utils
import functools
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import listed

LIB = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(LIB))
METROPLEX = os.environ.get("METROPLEX", os.path.join(TOP, "build/bin/metroplex"))
NOTIFIER = os.environ.get("NOTIFIER", os.path.join(TOP, "build/bin/notifier"))
HOST = "git.example.org"
TESTS, SKIPPED = [], []


def inner(command):
    """The same command with the program that bin/metroplex becomes for it."""
    words = command[1:]
    while words[:1] in (["--config"], ["--data"]):
        words = words[2:]
    name = "metroplex-commands" if words and not words[0].startswith("-") else "metroplex-run"
    path = os.path.join(os.path.dirname(os.path.dirname(METROPLEX)), "libexec/metroplex", name)
    return [path, *command[1:]] if command[0] == METROPLEX else command


def copy_programs(directory):
    """Both programs, and what they start, where another user can run them; their paths."""
    prefix = os.path.dirname(os.path.dirname(METROPLEX))
    shutil.copytree(os.path.join(prefix, "libexec"), os.path.join(directory, "libexec"))
    os.makedirs(os.path.join(directory, "bin"))
    return [shutil.copy(program, os.path.join(directory, "bin")) for program in (METROPLEX, NOTIFIER)]


def test(function):
    TESTS.append(function)
    return function


def skip(function):
    """A test that cannot be run on this machine: counted as skipped."""
    SKIPPED.append(function)
    return function


def test_as_root(function):
    """One that reads what a program opens: one that lets nobody look (PR_SET_DUMPABLE) shows that to root alone."""
    return (test if os.geteuid() == 0 else skip)(function)


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def equal(found, expected, what=""):
    check(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def contains(text, part):
    check(part in text, f"{part!r} is not in {text!r}")


@functools.cache
def french():
    """The environment of somebody French, by a locale made for it: a machine may have none but C, which is English."""
    directory = tempfile.mkdtemp(prefix="metroplex-locale-")
    atexit.register(shutil.rmtree, directory, True)
    os.chmod(directory, 0o755)
    made = subprocess.run(["localedef", "-i", "fr_FR", "-f", "UTF-8", os.path.join(directory, "fr_FR.UTF-8")],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check(made.returncode <= 1, made.stderr)  # 1: with warnings
    return {"LOCPATH": directory, "LC_ALL": "fr_FR.UTF-8", "LANGUAGE": ""}


def path_of_id(n):
    """Where a thread or an account is below threads/ or users/: 17 at 000/0/0/0/1/7."""
    digits = f"{n:08}"
    return "/".join([digits[:3], *digits[3:]])


def wait_until(condition, seconds=20):
    """Waits for a condition, never for a time."""
    seconds *= int(os.environ.get("PATIENCE", "1"))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"nothing happened within {seconds} s")


class Site:
    """An installation in a directory of its own."""

    count = 0
    pages = None  # a test of pages has them here
    remembered = None  # what Git said of its repositories, where that is to be remembered

    def __init__(self, owner=None, directory=None):
        self.dir = directory or tempfile.mkdtemp(prefix="metroplex-test-")
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)
        self.config = os.path.join(self.dir, "etc/metroplex.conf")
        self.data = os.path.join(self.dir, "data")
        extra = ["--owner", owner] if owner else []
        self.metroplex("init", "--hostname", HOST, "--data", self.data, *extra)
        # Tests deliver in a second what people write in a week.
        self.set_config("limits", comments_per_hour="0", thread_comments_per_hour="0", total_comments_per_hour="0", threads_per_hour="0")

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, program, *args, stdin="", status=0, data=True):
        command = [program, *args]
        if data:
            command[1:1] = [] if args and not args[0].startswith("-") else ["--config", self.config]
            if args and not args[0].startswith("-"):
                command[2:2] = ["--config", self.config]
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=120, errors="replace")
        if status is not None and done.returncode != status:
            raise AssertionError(f"{command}: status {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
        return done

    def metroplex(self, *args, **kw):
        return self.run(METROPLEX, *args, **kw).stdout

    def notifier(self, *args, **kw):
        return self.run(NOTIFIER, *args, **kw).stdout

    # Accounts and threads

    def user(self, login, *emails):
        emails = emails or (f"{login}@example.org",)
        args = [a for e in emails for a in ("--email", e)]
        return int(self.metroplex("user", "add", login, "--name", login.capitalize() + " Example", *args))

    def thread(self, author, kind="issue", title="Rocket does not start", body="It says no.\n", repository="acme/rocket", object=None):
        extra = ["--object", object] if object else []
        return int(self.metroplex("thread", "open", "--repository", repository, "--kind", kind, "--title", title,
                                  "--as", author, *extra, "-", stdin=body))

    def address(self, thread, login, *args):
        return self.metroplex("address", str(thread), login, *args).strip()

    def show(self, thread):
        return json.loads(self.metroplex("thread", "show", str(thread), "--json"))

    # Mail

    def mail(self, sender, to, text="Thanks, that works.\n", subject="Re: Rocket", message_id=None, headers=(), trace=True):
        """The octets of a mail as Postfix would have written them."""
        Site.count += 1
        message = email.message.EmailMessage()
        message["From"] = sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = email.utils.formatdate()
        message["Message-ID"] = message_id or f"<{Site.count}.{os.getpid()}@mail.example.org>"
        for name, value in headers:
            message[name] = value
        message.set_content(text)
        head = f"Return-Path: <{sender}>\nX-Original-To: {to}\nDelivered-To: {to}\n" if trace else ""
        return head.encode() + bytes(message)

    def deliver(self, octets, name=None):
        """Puts a mail into new/ as an MTA does: by rename."""
        Site.count += 1
        name = name or f"{int(time.time())}.V1I{Site.count:x}M{Site.count % 1000000:06d}.mx"
        temporary = os.path.join(self.data, "mail/reply/tmp", name)
        with open(temporary, "wb") as f:
            f.write(octets)
        os.rename(temporary, os.path.join(self.data, "mail/reply/new", name))
        return name

    def listed(self, place):
        return sorted(os.listdir(os.path.join(self.data, place)))

    new = property(lambda self: self.listed("mail/reply/new"))
    success = property(lambda self: self.listed("incoming-mail/success"))
    failure = property(lambda self: self.listed("incoming-mail/failure"))

    def outcomes(self):
        """The lines of all months, as lists of fields."""
        lines = []
        for path in sorted(glob.glob(os.path.join(self.data, "incoming-mail/outcomes-*.tsv"))):
            with open(path) as f:
                lines += [line.rstrip("\n").split("\t") for line in f]
        return lines

    def outcomes_file(self, when=None):
        """The file of the month that has this time, or now."""
        return os.path.join(self.data, "incoming-mail", time.strftime("outcomes-%Y-%m.tsv", time.gmtime(when)))

    def reasons(self):
        return {fields[4]: fields[2] for fields in self.outcomes()}

    def events(self):
        """Events of changes, by KEY; the answers to mails are not among them."""
        return sorted(n for n in self.listed("outbox/new") if not n.startswith("answer-"))

    def answer_events(self):
        return sorted(n for n in self.listed("outbox/new") if n.startswith("answer-"))

    def log(self, name="metroplex.log"):
        try:
            with open(os.path.join(self.data, "log", name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def sent(self):
        """The messages of transport = maildir, parsed."""
        messages = []
        for path in sorted(glob.glob(os.path.join(self.data, "sent/new/*"))):
            with open(path, "rb") as f:
                messages.append(email.message_from_bytes(f.read(), policy=email.policy.default))
        return messages

    def git(self, *args, repository="tracker.git"):
        env = dict(os.environ, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
        done = subprocess.run(["git", "-C", os.path.join(self.data, repository), *args], text=True, capture_output=True, env=env, errors="replace")
        check(done.returncode == 0, f"git {args}: {done.stderr}")
        return done.stdout + done.stderr

    def a_minute_later(self):
        """Locks and half-written packs age: a run takes young ones for those of a live program."""
        then = time.time() - 3600
        for repository in ("tracker.git", "accounts.git"):
            for place in (".", "refs/heads", "objects", "objects/pack"):
                folder = os.path.join(self.data, repository, place)
                for name in os.listdir(folder) if os.path.isdir(folder) else ():
                    if name.endswith((".lock", ".tmp")) or name.startswith("tmp_object_git2_"):
                        os.utime(os.path.join(folder, name), (then, then))

    def set_config(self, group, **keys):
        """Sets keys of a group, replacing what is there; underscores stand for hyphens."""
        lines, inside, done = [], False, set()
        keys = {k.replace("_", "-"): v for k, v in keys.items()}

        def rest():
            return [f"{k} = {v}" for k, v in keys.items() if k not in done]

        with open(self.config) as f:
            for line in f.read().split("\n"):
                name = line.split("=")[0].strip()
                if line.startswith("["):
                    if inside:
                        lines += rest()
                        done.update(keys)
                    inside = line.strip() == f"[{group}]"
                elif inside and name in keys:
                    line = f"{name} = {keys[name]}"
                    done.add(name)
                lines.append(line)
        if not inside and set(keys) - done:
            lines.append(f"[{group}]")
        lines += rest()
        with open(self.config, "w") as f:
            f.write("\n".join(lines) + "\n")


def enter_namespace():
    """Becomes root of a user namespace of its own, where the caller is not root and there can be one.

    What only root may do, or see of processes that are closed to their own user, is tested there.
    """
    if os.getuid() != 0 and not os.environ.get("METROPLEX_NESTED"):
        enter = ["unshare", "--user", "--map-root-user", "--map-auto", "--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child"]
        if subprocess.run([*enter, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            os.environ["METROPLEX_NESTED"] = "1"
            os.execvp("unshare", [*enter, "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, *sys.argv])


def compiled(name, source, *options):
    """What make check has built beside the programs, and a run of one file alone builds."""
    built = os.path.join(os.path.dirname(METROPLEX), name)
    if not os.path.exists(built):
        built = os.path.join(tempfile.mkdtemp(), name)
        subprocess.run(["cc", "-D_GNU_SOURCE", "-O2", *options, "-o", built, os.path.join(TOP, "tests/long", source)], check=True)
    return built


def killat():
    """The program that kills another one at a system call."""
    return compiled("killat", "killat.c")


def ahead():
    """The library that gives a program another clock."""
    return compiled("ahead.so", "ahead.c", "-fPIC", "-shared")


def conclude(passed, failed, skipped=0):
    """Prints what was counted, and gives the status. What counts nothing has failed."""
    if passed + failed + skipped == 0:
        print("not ok: nothing was chosen, so that nothing was tested")
        failed = 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


def is_chosen(function):
    return len(sys.argv) == 1 or any(word in function.__name__ for word in sys.argv[1:])


def check_names(*tests):
    """Ends a suite whose command line has a word that is in no test's name: what it means would not be tested."""
    unknown = [word for word in sys.argv[1:] if not any(word in function.__name__ for function in [*TESTS, *SKIPPED, *tests])]
    for word in unknown:
        print(f"not ok {word}: no test has this in its name")
    if unknown:
        sys.exit(conclude(0, len(unknown)))


def leave_out(why, count):
    """Ends a suite that cannot be run here, and says how many tests nobody has seen."""
    print(f"# left out: {why}")
    sys.exit(conclude(0, 0, count))


def main():
    """Runs the tests of the calling file; those whose name contains an argument, if there are any."""
    check_names()
    passed = failed = 0
    for function in filter(is_chosen, TESTS):
        site = None
        try:
            site = Site(getattr(function, "owner", None))
            function(site)
            listed.check(site.data)
            passed += 1
            print(f"ok {function.__name__}")
        except Exception as error:  # a test may fail in any way
            failed += 1
            print(f"not ok {function.__name__}: {error}")
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stdout)
            if site is not None:
                print("\n".join(site.log().splitlines()[-15:]))
        finally:
            if site is not None and not os.environ.get("KEEP"):
                site.remove()
        sys.stdout.flush()
    sys.exit(conclude(passed, failed, len(list(filter(is_chosen, SKIPPED)))))
