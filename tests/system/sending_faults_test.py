#!/usr/bin/env python3
"""A fault at each stage of a delivery, among good recipients: what becomes of each of them.

Each case is a stage, a fault, and what must follow, which is told by rules and not by a list: what is
said before MAIL is the server's and costs nobody anything; what is said from MAIL on is that
recipient's; what may be about us waits, uncounted. FAULTS=word tries those with it in their name.
"""
import argparse
import collections
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import smtp_server  # noqa: E402
from harness import LIB, NOTIFIER, Site, check, main, test  # noqa: E402
from sending import ids, later, people, queue  # noqa: E402

BAD, GOOD = "u2", ("u0", "u1", "u3", "u4")
EXTENSIONS = "SIZE 26214400,8BITMIME,ENHANCEDSTATUSCODES"
SECONDS = 1  # each time-out
WORKERS = 8

Fault = collections.namedtuple("Fault", "name action kind")


# --- What a server may do, and whose fault it is ------------------------------------------------------

TEMPORARY = ["450 Later", "451 4.3.0 Trouble", "452 4.2.2 Full", "450 4.7.1 Greylisted", "432 4.3.2 Busy",
             "454 4.7.0 Not now", "451 4.3.0 Trouble\\n4.3.0 and more of it"]
PERMANENT = ["550 No such user", "550 5.1.1 Unknown", "551 5.1.6 Moved", "552 5.2.2 Full", "553 5.1.3 Bad", "500 What",
             "501 5.5.4 Bad", "503 5.5.1 Order", "554 5.6.0 Not this", "550 5.7.2 Not for you", "571 No",
             "550 5.1.1 Unknown\\n5.1.1 Ask somebody", "550 5.1.1 No such user, dear sender", "550 5.1.1 \xff\x1b[2J\x00"]
SUSPICIONS = ["530 5.7.0 Authentication required", "530 Log in", "535 5.7.8 Not you", "535 Not you", "538 5.7.11 Encrypt",
              "550 5.7.1 Blocked", "550 5.7.26 Not proved", "554 5.7.60 Not as this one", "550 5.4.5 Quota",
              "550 5.7.1 Blocked\\n5.7.1 See there", "554 Relay access denied", "550 relay not permitted",
              "553 Sender rejected", "454 4.7.1 Relay access denied", "450 4.1.8 Sender domain unknown"]
LOST = ["421 4.3.2 Bye", "421 Bye", "close", "reset", "stall", "half", "flood", "raw \\x00\\xff\\xfe\\r\\n", "raw hello\\r\\n",
        "drip-200 250 this takes longer than anybody waits"]
NONSENSE = ["150 Wait", "299 Well" , "354 Go on", "699 Odd", "999 Odd"]


def said(kind, actions):
    return [Fault(action, action, kind) for action in actions]


def faults_of_a_recipient(stage):
    """From MAIL on: what is said belongs to that recipient."""
    wrong = [action for action in NONSENSE if action[0] != {"DATA": "3"}.get(stage, "2")]
    return [*said("temporary", TEMPORARY), *said("permanent", PERMANENT), *said("suspicion", SUSPICIONS), *said("lost", LOST),
            *said("nonsense", wrong)]


def faults_of_the_server(stage):
    """Before MAIL: nobody's fault."""
    silent = ["close", "reset", "stall", "flood", "raw \\x00\\xff\\xfe\\r\\n", "raw hello\\r\\n"]
    replies = [] if stage == "TLS" else ["421 4.3.2 Bye", "451 4.3.0 Later", "454 4.7.0 Not now", "554 5.7.1 Go away",
                                         "530 5.7.0 Who are you", "half", "drip-200", "354 Go on", "999 Odd"]
    refusals = ["535 5.7.8 Not you", "535 5.7.8 Not you\\n5.7.8 See there", "538 5.7.11 Encrypt"] if stage == "AUTH" else []
    return said("server", [*silent, *replies, *refusals])


TARGETS = {"MAIL": "MAIL -{id}@", "RCPT": "RCPT {bad}@", "DATA": "DATA {bad}@", "EOD": "EOD {bad}@", "BODY": "BODY {bad}@"}
SINGLE = [  # stage, rules, what becomes of u2, and how often it may be there in the end
    ("late DATA", ["DATA {bad}@ late-2"], "lost", 1),
    ("slow DATA", ["DATA {bad}@ drip-5 354 Go"], "sent", 1),
    ("slow end", ["EOD {bad}@ drip-5 250 Ok"], "sent", 1),
    ("slow greeting", ["CONNECT drip-5 220 Hi"], "sent", 1),
    ("early refusal", ["BODY {bad}@ 552 5.3.4 Too big"], "permanent", 1),
    ("early refusal for now", ["BODY {bad}@ 452 4.3.1 Full"], "temporary", 1),
    ("early suspicion", ["BODY {bad}@ 550 5.7.1 Spam"], "suspicion", 1),
    ("cut in the body", ["BODY {bad}@ close"], "lost", 1),
    ("reset in the body", ["BODY {bad}@ reset"], "lost", 1),
    ("taken, then cut", ["EOD {bad}@ drop-after-250"], "sent", 1),
    ("taken, then more", ["EOD {bad}@ raw 250 2.0.0 Ok\\r\\n250 2.0.0 Ok\\r\\n"], "sent", 1),
    ("taken, then 421", ["EOD {bad}@ raw 250 2.0.0 Ok\\r\\n421 4.4.2 Idle\\r\\n"], "sent", 1),
    ("taken in other words", ["EOD {bad}@ 251 2.0.0 Will forward"], "sent", 1),
    ("taken, bare LF", ["EOD {bad}@ raw 250 2.0.0 Ok\\n"], "sent", 1),
    ("RCPT accepted, then cut", ["RCPT {bad}@ drop-after-250"], "lost", 1),
    ("MAIL accepted, then cut", ["MAIL -{id}@ drop-after-250"], "lost", 1),
    ("DATA accepted, then cut", ["DATA {bad}@ drop-after-354"], "lost", 1),
    ("a long answer", ["RCPT {bad}@ 250 " + "x" * 3000], "sent", 1),
    *((f"RSET {action}", ["RCPT {bad}@ 550 5.1.1 Unknown", f"RSET {action}"], "permanent", 1)
      for action in ("421 4.3.2 Bye", "451 4.3.0 Later", "502 What", "close", "reset", "stall", "half", "raw hello\\r\\n")),
    *((f"QUIT {action}", [f"QUIT {action}"], "sent", 1)
      for action in ("421 4.3.2 Bye", "500 What", "close", "reset", "stall", "flood", "raw hello\\r\\n")),
]

# state of the queue, attempts, and messages that may be there: before it is mended, in the end
ENDS = {"temporary": ("retry", 1, 0, 1), "permanent": ("failed", 1, 0, 0), "suspicion": ("retry", 0, 0, 1),
        "lost": ("retry", 1, 0, 1), "nonsense": ("retry", 1, 0, 1), "sent": (None, 0, 1, 1)}


def cases():
    for stage in ("MAIL", "RCPT", "DATA", "EOD"):
        for fault in faults_of_a_recipient(stage):
            # A server that says nothing, or nothing that makes sense, may have taken the message.
            doubled = stage == "EOD" and fault.kind in ("lost", "nonsense") and not fault.action.startswith("421")
            yield f"{stage} {fault.name}", [f"{TARGETS[stage]} {fault.action}"], fault.kind, 1 + doubled
    yield from SINGLE
    for stage in ("CONNECT", "EHLO#1", "EHLO#2", "STARTTLS", "TLS", "AUTH"):
        for fault in faults_of_the_server(stage.split("#")[0]):
            yield f"{stage} {fault.name}", [f"{stage} {fault.action}"], "server", 1


def runs():
    """Each case in one way, in turn, and the odd ones in every way; all of them with WHOLE."""
    ways = [(connections, offer) for offer in (EXTENSIONS, EXTENSIONS + ",PIPELINING") for connections in (1, 4)]
    for number, case in enumerate(cases()):
        whole = os.environ.get("WHOLE") or case in SINGLE and "stall" not in case[0]
        for connections, offer in ways if whole else [ways[number % len(ways)]]:
            yield case, connections, offer


# --- One case ------------------------------------------------------------------------------------------


def copy_of(site, number):
    """The same installation at another place."""
    copy = Site.__new__(Site)
    copy.dir = os.path.join(site.dir, "copies", str(number))
    shutil.copytree(site.dir, copy.dir, ignore=shutil.ignore_patterns("copies"))
    copy.config, copy.data = os.path.join(copy.dir, "etc/metroplex.conf"), os.path.join(copy.dir, "data")
    with open(copy.config) as file:
        text = file.read()
    with open(copy.config, "w") as file:
        file.write(text.replace(site.dir, copy.dir))
    return copy


class Place:
    """An installation with one event, and a server in this process that is given other rules each time."""

    def __init__(self, site, number):
        self.site = copy_of(site, number)
        self.data = self.site.data
        self.folder = os.path.join(self.site.dir, "servers")
        os.makedirs(self.folder)
        certificates = os.path.join(site.dir, "certificates")
        words = ["--dir", self.folder, "--tls", "starttls", "--cert", f"{certificates}/good.pem", "--key", f"{certificates}/good.key",
                 "--auth", "PLAIN", "--user", "metroplex", "--password", "secret"]
        self.server = smtp_server.Server(smtp_server.parse_arguments(words))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        seconds = dict.fromkeys(("reply_timeout", "data_timeout", "block_timeout", "end_timeout", "connect_timeout"), str(SECONDS))
        self.site.set_config("smtp", transport="smtp", address="localhost", port=str(self.server.server_address[1]), tls="starttls",
                             ca_file=f"{certificates}/ca.pem", authentication="plain", username="metroplex",
                             password_file=os.path.join(site.dir, "etc/smtp-password"), **seconds)
        with open(self.site.config) as file:
            one = file.read()
        self.configs = {}
        for connections in (1, 4):
            self.configs[connections] = f"{self.site.config}.{connections}"
            with open(self.configs[connections], "w") as file:
                file.write(one.replace("[smtp]", f"[smtp]\nconnections = {connections}"))
            os.chmod(self.configs[connections], 0o600)
        [self.event] = self.site.listed("outbox/new")
        with open(os.path.join(self.data, "outbox/new", self.event)) as file:
            self.text = file.read()

    def begin(self, rules, offer):
        """An outbox with nothing but the event, and a server with these rules."""
        for name in glob.glob(f"{self.data}/outbox/*/*") + glob.glob(f"{self.data}/outbox/server"):
            os.unlink(name)
        with open(os.path.join(self.data, "outbox/new", self.event), "w") as file:
            file.write(self.text)
        folder = os.path.join(self.folder, str(len(os.listdir(self.folder))))
        os.mkdir(folder)
        with self.server.lock:
            self.server.rules = [smtp_server.Rule(rule) for rule in rules]
            self.server.options.dir = folder
            self.server.options.offer = offer
            self.server.transcript = open(os.path.join(folder, "transcript"), "w", buffering=1, errors="backslashreplace")
            self.server.messages = 0

    def taken(self):
        """Who got a message, and how often."""
        found = collections.Counter()
        for name in glob.glob(os.path.join(self.server.options.dir, "*.envelope")):
            with open(name) as file:
                found.update(line[4:].split("@")[0] for line in file if line.startswith("to="))
        return found

    def queue(self):
        return {row["login"]: row for row in queue(self.site)}

    def send(self, connections):
        """One run, which must end well and say nothing, as cron wants it."""
        done = subprocess.run([NOTIFIER, "--once", "--config", self.configs[connections]], capture_output=True, text=True, timeout=60)
        check((done.returncode, done.stdout + done.stderr) == (0, ""), f"status {done.returncode}: {done.stdout}{done.stderr}")

    def mend(self):
        with self.server.lock:
            self.server.rules = []

    def check_clear(self):
        """No login before TLS."""
        secure = set()
        with open(os.path.join(self.server.options.dir, "transcript"), errors="replace") as file:
            for line in file:
                number, _, text = line.rstrip("\n").partition(" ")
                if text == "-> 220 2.0.0 Ready to start TLS":
                    secure.add(number)
                check(number in secure or not text.startswith("<- AUTH"), f"a login in clear: {line}")


def check_first(place, kind, copies):
    """After the first run: the others have got it, once, and u2 has what it deserves."""
    rows, taken = place.queue(), place.taken()
    if kind == "server":
        check(sum(taken.values()) == 0 or not rows, f"some got it, {dict(taken)}, and some did not: {rows}")
        check({row["attempts"] for row in rows.values()} <= {0}, f"attempts were counted: {rows}")
        check({row["state"] for row in rows.values()} <= {"new"}, f"somebody is deferred or failed: {rows}")
        return
    state, attempts, least, _ = ENDS[kind]
    check({login: taken[login] for login in GOOD} == dict.fromkeys(GOOD, 1), f"the others got {dict(taken)}")
    check(set(rows) == ({BAD} if state else set()), f"who waits: {rows}")
    check(least <= taken[BAD] < max(copies, least + 1), f"{BAD} got {taken[BAD]}")
    if state:
        found = rows[BAD]["state"], rows[BAD]["attempts"]
        check(found == (state, attempts), f"{found} instead of {(state, attempts)}: {rows[BAD]['error']}")


def check_end(place, kind, copies):
    """After it was mended: all have it once, and who was refused for good has not."""
    rows, taken = place.queue(), place.taken()
    last = 1 if kind == "server" else ENDS[kind][3]
    check({login: taken[login] for login in GOOD} == dict.fromkeys(GOOD, 1), f"in the end the others have {dict(taken)}")
    check(last <= taken[BAD] <= max(last, copies if last else 0), f"in the end {BAD} has {taken[BAD]}")
    check(set(rows) == (set() if last else {BAD}), f"who waits in the end: {rows}")


def attempt(place, case, connections, offer):
    name, rules, kind, copies = case
    bad_id = place.numbers[BAD]
    try:
        place.begin([rule.format(bad=BAD, id=bad_id) for rule in rules], offer)
        place.send(connections)
        check_first(place, kind, copies)
        place.mend()
        later(place.site)
        place.send(connections)
        check_end(place, kind, copies)
        place.check_clear()
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return f"{name!r}, {connections} connections, {'pipelined' if 'PIPELINING' in offer else 'one by one'}: {error}"
    return None


@test
def each_fault_at_each_stage_is_borne_by_whom_it_concerns(site):
    people(site, 5)
    site.thread("tim")
    subprocess.run([os.path.join(LIB, "certificates.sh"), os.path.join(site.dir, "certificates")], check=True, capture_output=True)
    with open(os.path.join(site.dir, "etc/smtp-password"), "w") as file:
        file.write("secret\n")
    os.chmod(os.path.join(site.dir, "etc/smtp-password"), 0o600)
    places = [Place(site, number) for number in range(WORKERS)]
    free = list(places)
    for place in places:
        place.numbers = ids(site)
    chosen = [run for run in runs() if os.environ.get("FAULTS", "") in run[0][0]]

    def run(case, connections, offer):
        place, begun = free.pop(), time.monotonic()
        try:
            return attempt(place, case, connections, offer)
        finally:
            free.append(place)
            if os.environ.get("COUNT"):
                print(f"{time.monotonic() - begun:.2f} s  {case[0]!r}")

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        wrong = [fault for fault in pool.map(run, *zip(*chosen)) if fault]
    print(f"{len(chosen)} faults, {len(wrong)} borne wrongly")
    check(not wrong, "\n".join(wrong))


if __name__ == "__main__":
    main()
