"""An SMTP server with faults, an installation that sends to it, and what its queue says then."""
import collections
import email
import email.policy
import glob
import json
import os
import subprocess
import sys

from harness import LIB

SERVER = os.path.join(LIB, "smtp_server.py")


def recipients_of(folder):
    """Who got a message from the server that keeps them there, and how often."""
    found = collections.Counter()
    for name in glob.glob(os.path.join(folder, "*.envelope")):
        with open(name) as file:
            found.update(line[3:].strip() for line in file if line.startswith("to="))
    return found


class Server:
    """smtp_server.py with rules, and an installation that sends to it."""

    count = 0

    def __init__(self, site, *options, place=None, **settings):
        Server.count += 1
        self.site, self.dir = site, os.path.join(place or site.dir, f"server{Server.count}")
        self.process = subprocess.Popen([sys.executable, SERVER, "--dir", self.dir, "--with-stdin", *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = self.process.stdout.readline().strip()
        settings = {"connections": "1", **settings}
        site.set_config("smtp", transport="smtp", address="localhost", port=port, tls="none", **settings)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def lines(self, part):
        with open(os.path.join(self.dir, "transcript"), errors="replace") as file:
            return [line for line in file if part in line]

    def connections(self):
        with open(os.path.join(self.dir, "transcript"), errors="replace") as file:
            return len({line.split()[0] for line in file})

    def recipients(self):
        """Who got a message, and how often."""
        return recipients_of(self.dir)

    def messages(self, to):
        """What somebody got, parsed."""
        found = []
        for name in sorted(glob.glob(os.path.join(self.dir, "*.envelope"))):
            with open(name) as file:
                if f"to=<{to}>" in file.read().split("\n"):
                    with open(name[:-len("envelope")] + "eml", "rb") as message:
                        found.append(email.message_from_binary_file(message, policy=email.policy.default))
        return found


def rules(*all):
    return [word for rule in all for word in ("--rule", rule)]


def people(site, count, domain="d{}.example"):
    """tim writes, and `count` people watch, each at a domain of their own."""
    site.user("tim")
    for n in range(count):
        site.user(f"u{n}", f"u{n}@" + domain.format(n))
    watch = [word for n in range(count) for word in ("--watch", f"u{n}")]
    site.metroplex("repository", "set", "acme/rocket", *watch)


def ids(site):
    return {row["login"]: row["id"] for row in map(json.loads, site.metroplex("user", "list", "--json").splitlines())}


def comment(site, thread, text="Yes.\n"):
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=text)


def empty_outbox(site):
    for name in glob.glob(os.path.join(site.data, "outbox/*/*")) + glob.glob(os.path.join(site.data, "outbox/server")):
        os.unlink(name)


def queue(site):
    out = site.notifier("queue", "list", "--json")
    return [json.loads(line) for line in out.splitlines()]


def later(site, seconds=4000):
    """As if `seconds` had passed: what waits in retry/ is due, and the server is looked for again."""
    for path in glob.glob(os.path.join(site.data, "outbox/new/*")) + glob.glob(os.path.join(site.data, "outbox/retry/*")):
        with open(path) as file:
            lines = [line.split("\t") for line in file]
        for line in lines:
            if line[0] in ("deferred", "waiting", "later"):
                end = line[3][len(line[3].rstrip()):]
                line[1], line[3] = str(int(line[1]) - seconds), str(int(line[3]) - seconds) + end
        with open(path, "w") as file:
            file.write("".join("\t".join(line) for line in lines))
        due, _, key = os.path.basename(path).rpartition(".")
        if due:
            os.rename(path, os.path.join(os.path.dirname(path), f"{int(due) - seconds}.{key}"))
    at = {"probe": 0, "stall": 1}
    server_file(site, lambda word, fields: [str(int(field) - seconds) if n == at.get(word) else field for n, field in enumerate(fields)])


def server_file(site, change=None):
    """What is known of the server, by word; each line changed first, if there is a change."""
    path = os.path.join(site.data, "outbox/server")
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    if change:
        lines = [[line[0], *change(line[0], line[1:])] for line in lines]
        with open(path, "w") as file:
            file.write("".join("\t".join(line) + "\n" for line in lines))
    return {line[0]: line[1:] for line in lines}
