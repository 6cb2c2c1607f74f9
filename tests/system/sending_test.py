#!/usr/bin/env python3
"""Sending, when the server or a recipient is not as they should be: whose fault it is, and who waits."""
import collections
import glob
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, NOTIFIER, Site, check, contains, equal, main, test, wait_until  # noqa: E402
from sending import Server, comment, empty_outbox, ids, later, people, queue, rules, server_file  # noqa: E402

PEOPLE = int(os.environ.get("PEOPLE", "200"))


# --- One recipient's fault --------------------------------------------------------------------------

POISONS = [  # what the server does to u7 (and u70), and what the queue says of them then
    ("530 at RCPT", ["RCPT {}@ 530 5.7.0 Authentication required"], "retry"),
    ("535 at RCPT", ["RCPT {}@ 535 5.7.8 Not you"], "retry"),
    ("538 at RCPT", ["RCPT {}@ 538 5.7.11 Encryption required"], "retry"),
    ("421 at RCPT", ["RCPT {}@ 421 4.3.2 Bye"], "retry"),
    ("a cut at RCPT", ["RCPT {}@ close"], "retry"),
    ("a reset at RCPT", ["RCPT {}@ reset"], "retry"),
    ("421 at MAIL", ["MAIL -{id}@ 421 4.3.2 Bye"], "retry"),
    ("a cut at MAIL", ["MAIL -{id}@ close"], "retry"),
    ("550 5.7.1 at RCPT", ["RCPT {}@ 550 5.7.1 Blocked"], "retry"),
    ("550 5.1.1 at RCPT", ["RCPT {}@ 550 5.1.1 Unknown"], "failed"),
    ("530 after the dot", ["EOD {}@ 530 5.7.0 Authentication required"], "retry"),
    ("535 after the dot", ["EOD {}@ 535 5.7.8 Not you"], "retry"),
    ("421 after the dot", ["EOD {}@ 421 4.3.2 Bye"], "retry"),
    ("a cut after the dot", ["EOD {}@ close"], "retry"),
    ("a reset after the dot", ["EOD {}@ reset"], "retry"),
]


@test
def a_poisoned_recipient_delays_nobody_else(site):
    people(site, PEOPLE)
    number, thread = ids(site), site.thread("tim")
    for connections in ("1", "4"):
        for bad in (["u7"], ["u7", "u70"]):
            if len(bad) != (1 if connections == "1" else 2) and not os.environ.get("WHOLE"):
                continue
            for name, shapes, state in POISONS:
                empty_outbox(site)
                comment(site, thread)
                given = rules(*(shape.format(login, id=number[login]) for shape in shapes for login in bad))
                with Server(site, *given, connections=connections) as server:
                    site.notifier("--once")
                    got = {to: copies for to, copies in server.recipients().items() if to[1:].split("@")[0] not in bad}
                    what = f"{name}, {len(bad)} bad, {connections} connections"
                    if os.environ.get("COUNT"):
                        print(f"{what}: {len(got)} of {PEOPLE - len(bad)} others sent, {server.connections()} connections")
                        continue
                    equal(set(got.values()), {1}, f"{what}: copies")
                    equal(len(got), PEOPLE - len(bad), what)
                    check(server.connections() <= 4 * len(bad) + 2 * int(connections), f"{what}: {server.connections()} connections")
                left = queue(site)
                equal(sorted(row["login"] for row in left), sorted(bad), what)
                equal({row["state"] for row in left}, {state}, what)


@test
def a_server_that_cuts_after_a_message_costs_that_message_only(site):
    people(site, 20)
    thread = site.thread("tim")
    for connections in ("1", "4"):
        for rule, taken in (("EOD#5 421 4.3.2 Bye", 19), ("EOD#5 close", 20), ("EOD#5 reset", 20), ("DATA#5 421 4.3.2 Bye", 20)):
            empty_outbox(site)
            comment(site, thread)
            with Server(site, *rules(rule), connections=connections) as server:
                site.notifier("--once")
                got = server.recipients()
                equal(set(got.values()), {1}, rule)
                check(taken - len(got) in ((0, 1) if rule.startswith("DATA") else (0,)), f"{rule}: {len(got)} taken")
            check(len(queue(site)) <= 1, f"{rule}: {queue(site)}")


# --- Order ------------------------------------------------------------------------------------------


@test
def no_message_overtakes_another_to_the_same_person(site):
    """Whichever is slow: the first, or one in the midst of them."""
    people(site, 3, "same.example")
    thread = site.thread("tim")
    for connections in ("1", "4"):
        for rule in ("RCPT.1 u0@ late-1", "MAIL#1 late-1", "DATA#3 late-1", "EOD#5 late-1", "RCPT#2 421 4.3.2 Bye"):
            empty_outbox(site)
            for n in range(8):
                comment(site, thread, f"This is number {n}.\n")
            with Server(site, *rules(rule), connections=connections) as server:
                site.notifier("--once")
                for login in ("u0", "u1", "u2"):
                    said = [int(message.get_body(("plain",)).get_content().split("number ")[1][0])
                            for message in server.messages(f"{login}@same.example")]
                    equal(said, sorted(said), f"{rule}, {connections} connections: {login} got")
                    check(len(said) == 8 or "421" in rule and len(said) == 7, f"{rule}: {said}")


# --- The server's fault -----------------------------------------------------------------------------

LOGIN = ["--auth", "LOGIN", "--user", "metroplex", "--password", "right"]


def secret(site, password):
    path = os.path.join(site.dir, "etc/smtp-password")
    with open(path, "w") as file:
        file.write(password + "\n")
    os.chmod(path, 0o600)
    return path


@test
def a_wrong_password_costs_one_login_and_no_message(site):
    people(site, 5)
    password = secret(site, "wrong")
    thread = site.thread("tim")
    settings = dict(authentication="login", username="metroplex", password_file=password, connections="4")
    with Server(site, *LOGIN, **settings) as server:
        for n in range(20):
            comment(site, thread)
            done = site.run(NOTIFIER, *(["--for", "1"] if n % 5 == 0 else ["--once"]))
            equal(done.stdout + done.stderr, "", "a run under cron")
        logins = len(server.lines("<- AUTH"))
        if os.environ.get("COUNT"):
            print(f"20 comments with a wrong password: {logins} logins, {len(queue(site))} wait, attempts {sorted({row['attempts'] for row in queue(site)})}")
            return
        equal(logins, 1, "logins")
        equal({row["attempts"] for row in queue(site)}, {0}, "attempts")
        equal({row["state"] for row in queue(site)}, {"new"}, "states")
        equal(sum("turns us away" in line for line in site.log("notifier.log").splitlines()), 1, "told")
        equal(server_file(site)["state"], ["stopped"])
        contains(site.run(METROPLEX, "status", status=2).stdout, "turned us away")
        contains(site.run(METROPLEX, "check", "queue", status=None).stdout, "turned us away")
        for _ in range(10):  # the next looks: one login each, and later each time
            later(site)
            before = len(server.lines("<- AUTH"))
            site.notifier("--once")
            site.notifier("--once")
            equal(len(server.lines("<- AUTH")), before + 1, "logins of one look")
        wait = int(server_file(site)["probe"][0]) - time.time()
        check(1200 < wait <= 1800, f"the eleventh look is after {wait} s")
        equal({row["attempts"] for row in queue(site)}, {0}, "attempts")
        secret(site, "right")
        site.notifier("--once")  # at once: the password file is another
        equal(sum(server.recipients().values()), 5 * 21, "messages")
    equal(queue(site), [])
    equal(server_file(site)["state"], ["up"])


@test
def what_changes_under_a_run_is_tried_at_once_by_the_next(site):
    people(site, 2)
    site.thread("tim")
    settings = dict(authentication="login", username="nobody", password_file=secret(site, "right"), connections="4")
    for mend in (lambda: site.set_config("smtp", username="metroplex"), lambda: secret(site, "right")):
        with Server(site, *LOGIN, *rules("EHLO late-1"), **settings) as server:
            run = subprocess.Popen([NOTIFIER, "--config", site.config, "--once"])
            wait_until(lambda: server.lines("<- EHLO"))  # it has read the configuration and the password
            mend()
            equal(run.wait(), 0)
            equal(server_file(site)["state"], ["stopped"])
            site.notifier("--once")
            equal(sum(server.recipients().values()), 2)
        comment(site, 1)
        settings.update(username="metroplex", password_file=secret(site, "wrong"))


@test
def one_login_that_is_refused_is_enough(site):
    """Four connections, which are closed one after the other when the password is another by then."""
    people(site, 30)
    site.thread("tim")
    settings = dict(authentication="login", username="metroplex", password_file=secret(site, "right"), connections="4")
    late = (f"EOD#{n} late-1 drop-after-250" for n in (6, 7, 8))
    with Server(site, *LOGIN, *rules("EOD#5 drop-after-250", *late, *(f"AUTH#{n} 535 5.7.8 No" for n in range(5, 9))), **settings) as server:
        site.notifier("--once")
        sent = len(server.recipients())
        for _ in range(4):  # what was under way then was taken, and is no reason to look again
            site.notifier("--once")
        equal(len(server.lines("-> 535")), 1, "refused logins")
        equal((len(server.recipients()), server_file(site)["state"]), (sent, ["stopped"]))
        for _ in range(4):
            later(site)
            site.notifier("--once")
        equal((len(server.recipients()), set(server.recipients().values()), queue(site)), (30, {1}, []))


@test
def a_server_that_is_away_ages_no_message(site):
    """A message whose time is up only because the server was away is sent, not given up."""
    people(site, 2)
    thread = site.thread("tim")
    site.set_config("smtp", give_up_after="600")
    empty_outbox(site)
    comment(site, thread)
    with Server(site, *rules("RCPT 451 4.3.0 Later")):
        site.notifier("--once")
    equal([row["attempts"] for row in queue(site)], [1, 1])
    later(site, 120)
    site.notifier("--once")  # nobody listens any more
    equal((server_file(site)["state"], len(queue(site))), (["down"], 2))
    equal({row["state"] for row in queue(site)}, {"retry"})
    later(site, 100000)
    server_file(site, lambda word, fields: [str(int(fields[0]) - 100000)] if word == "since" else fields)
    with Server(site, *rules("RCPT.1 451 4.3.0 Later")) as server:
        site.notifier("--once")
        equal(sum(server.recipients().values()), 1)
        equal([(row["state"], row["attempts"]) for row in queue(site)], [("retry", 2)])


@test
def a_relay_that_refuses_everybody_is_stopped_and_costs_nobody_anything(site):
    people(site, 30)
    thread = site.thread("tim")
    empty_outbox(site)
    comment(site, thread)
    with Server(site, *rules("RCPT 554 5.7.1 Relay access denied")) as server:
        for _ in range(3):
            site.notifier("--once")
        equal(len(server.lines("<- RCPT")), 3, "three domains are enough")
    rows = queue(site)
    equal((len(rows), {row["attempts"] for row in rows}), (30, {0}))
    equal(server_file(site)["state"], ["stopped"])
    later(site)
    with Server(site) as server:
        site.notifier("--once")
        equal(sum(server.recipients().values()), 30)
    equal(queue(site), [])
    empty_outbox(site)
    comment(site, thread)
    with Server(site) as server:  # somebody's mail was taken once: that person is asked about
        site.notifier("--once")
    with Server(site, *rules("RCPT 554 5.7.1 Relay access denied")) as server:
        comment(site, thread)
        site.notifier("--once")
        equal(len(server.lines("<- RCPT")), 6, "three, and three questions")
        check(not server.lines("<- DATA"), "a message was begun")
    equal(server_file(site)["state"], ["stopped"])


@test
def several_domains_that_block_us_stop_nobody_else(site):
    people(site, 30)
    thread = site.thread("tim")
    with Server(site) as server:
        site.notifier("--once")
    comment(site, thread)
    given = rules(*(f"RCPT u{n}@ 550 5.7.1 Blocked" for n in range(6)))
    with Server(site, *given) as server:
        site.notifier("--once")
        equal(len(server.recipients()), 24)
        later(site)
        site.notifier("--once")
    check({row["login"] for row in queue(site)} <= {f"u{n}" for n in range(6)}, queue(site))
    equal(server_file(site)["state"], ["up"])


RELAY = "554 5.7.1 Relay access denied"


@test
def the_administrator_is_asked_about_first(site):
    people(site, 12)
    thread = site.thread("tim")
    for said, sent, state in (("250 2.1.5 Ok", 6, "up"), (RELAY, 0, "stopped")):
        empty_outbox(site)
        comment(site, thread)
        given = rules(f"RCPT root@ops.example {said}", *(f"RCPT u{n}@ 550 5.7.1 Blocked" for n in range(6)))
        with Server(site, *given, administrator="root@ops.example") as server:
            site.notifier("--once")
            asked = [line for line in server.lines("<- RCPT") if "root@ops" in line]
            equal((len(server.recipients()), server_file(site)["state"]), (sent, [state]), said)
            equal(len(asked), 1 if state == "stopped" else 2, said)
        states = collections.Counter(row["state"] for row in queue(site))
        equal(states, {"failed": 4, "retry": 2} if state == "up" else {"new": 10, "retry": 2}, said)


@test
def the_administrator_is_told_once_of_a_stop_and_of_its_end(site):
    people(site, 5)
    thread = site.thread("tim")
    for language, words in (("en", "accepts mail from git.example.org again"), ("fr", "accepte de nouveau le courrier")):
        site.set_config("instance", language=language)
        with Server(site, *rules(f"RCPT {RELAY}"), administrator="root@ops.example"):
            for _ in range(5):
                comment(site, thread)
                site.notifier("--once")
                later(site)
        told = [line for line in site.log("notifier.log").splitlines() if "turns us away" in line and " DEBUG " not in line]
        equal(len(told), 1 if language == "en" else 2, "told in the log")
        equal({(row["state"] == "failed", row["attempts"]) for row in queue(site)}, {(False, 0)})
        with Server(site, administrator="root@ops.example") as server:
            for _ in range(3):
                site.notifier("--once")
                later(site)
            [mail] = server.messages("root@ops.example")
            contains(str(mail["Subject"]), words)
            contains(mail.get_content(), RELAY)
            equal([line for line in server.lines("<- MAIL") if "<>" in line][1:], [], "from nobody, once")
        equal(queue(site), [])


@test
def a_server_that_relays_to_its_own_people_only_costs_nobody_anything(site):
    """The administrator is one of them, so that the question about him is answered well."""
    people(site, 12)
    site.thread("tim")
    with Server(site, *rules(f"RCPT @d {RELAY}"), administrator="root@own.example"):
        for _ in range(4):
            site.notifier("--once")
            later(site)
    equal({(row["state"] == "failed", row["attempts"]) for row in queue(site)}, {(False, 0)})


@test
def refusals_after_the_end_stop_by_three_domains_and_three_threads(site):
    people(site, 9)
    first = site.thread("tim")
    threads = [first] + [site.thread("tim", title=f"Another {n}") for n in range(2)]
    with Server(site, *rules("EOD 550 5.7.1 Spam")) as server:  # the openings: three threads, nine domains
        site.notifier("--once")
        equal((len(server.lines("<- DATA")), server_file(site)["state"]), (21, ["stopped"]), "the third domain of the third thread")
        for n in range(1, 6):  # one message for each look, of a domain that did not refuse yet
            later(site)
            site.notifier("--once")
            equal(len(server.lines("<- DATA")), 21 + n, "messages")
        equal({(row["state"] == "failed", row["attempts"]) for row in queue(site)}, {(False, 0)})
    later(site)
    with Server(site) as server:
        site.notifier("--once")
        equal(sum(server.recipients().values()), 27)
    equal(queue(site), [])
    for thread in threads[:2]:
        comment(site, thread)
    with Server(site, *rules("EOD 550 5.7.1 Spam")) as server:  # two threads are no reason to stop
        site.notifier("--once")
        equal((len(server.lines("<- DATA")), server_file(site)["state"]), (18, ["up"]))
    empty_outbox(site)


def suppressed(site):
    rows = map(json.loads, site.metroplex("user", "list", "--json").splitlines())
    return {row["login"] for row in rows for bounces in row["bounces"] or () if bounces["suppressed"]}


@test
def what_suppresses_an_address_is_said_of_the_mailbox_only(site):
    """One refusal is enough here. The first of the thread is accepted, so that a session has accepted one."""
    codes = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"]
    bounces = [*(f"550 {code} No" for code in codes), "550 No such user", "550 No such user\\nreally"]
    others = ["550 5.7.1 Blocked", "550 5.7.2 No", "550 5.4.1 No", "550 5.2.2 Full", "554 No", "551 Moved", "553 Bad", "450 5.1.1 No",
              "550 relay not permitted", "550 5.1.1 relay not permitted", "550 Sender rejected", "550 5.1.8 No", "421 5.1.1 Bye"]
    people(site, 1 + len(bounces) + len(others))
    site.set_config("limits", hard_bounces="1")
    thread = site.thread("tim")
    given = rules(*(f"RCPT u{n}@ {said}" for n, said in enumerate(bounces + others, 1)))
    for stage in (given, [word.replace("RCPT", "DATA") for word in given]):
        with Server(site, *stage) as server:
            site.notifier("--once")
            site.notifier("--once")
            check(server.recipients()["<u0@d0.example>"] == 1, server.recipients())
        expected = len(bounces) if stage is given else len(codes)
        equal(suppressed(site), {f"u{n}" for n in range(1, expected + 1)}, stage[1])
        for n in range(1, expected + 1):
            site.metroplex("user", "set", f"u{n}", "--unsuppress", f"u{n}@d{n}.example")
        empty_outbox(site)
        comment(site, thread)
    with Server(site, *rules("RCPT 550 No such user")):  # the session has accepted nobody
        site.notifier("--once")
    equal(suppressed(site), set())


# --- Connections and time -----------------------------------------------------------------------------


def sockets(pid):
    found = 0
    for name in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            found += os.readlink(name).startswith("socket:")
        except OSError:
            pass
    return found


@test
def a_long_run_opens_no_more_connections_than_it_may(site):
    """A server that takes two connections of four, and twenty comments, each a pass of its own."""
    people(site, 12)
    thread = site.thread("tim")
    empty_outbox(site)
    with Server(site, *rules("CONNECT.2 220 welcome", "CONNECT 421 4.7.0 Too many connections"), connections="4") as server:
        run = subprocess.Popen([NOTIFIER, "--config", site.config, "--for", "600"])
        most = []
        for n in range(1, 21):
            comment(site, thread)
            wait_until(lambda: sum(server.recipients().values()) >= 12 * n)
            most.append(sockets(run.pid))
        run.send_signal(signal.SIGTERM)
        run.wait()
        if os.environ.get("COUNT"):
            print(f"20 passes: {server.connections()} connections tried, {most[1]} sockets after 2, {most[-1]} after 20")
            return
        if os.geteuid() == 0:  # the program lets nobody else look
            check(0 < most[-1] <= most[1], f"sockets open after each comment: {most}")
        equal(server.connections(), 4, "connections tried")  # two are left alone for a minute


@test
def a_late_final_answer_makes_no_copies(site):
    people(site, 1)
    site.thread("tim")
    short = {"timeout": "1"} if os.environ.get("COUNT") == "before" else {"reply_timeout": "1", "data_timeout": "1", "block_timeout": "1"}
    with Server(site, *rules("EOD late-3"), **short) as server:
        for _ in range(3):
            site.notifier("--once")
            later(site)
        copies = sum(server.recipients().values())
    if os.environ.get("COUNT"):
        print(f"a final answer after three times the time of other answers, 3 runs: {copies} copies")
        return
    equal(copies, 1, "copies")
    equal(queue(site), [])


# --- A full disk ----------------------------------------------------------------------------------------


def fill(folder):
    """Leaves no octet free."""
    with open(os.path.join(folder, "ballast"), "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def on_a_small_disk(folder):
    """In a mount namespace of its own: messages leave only where their outcome can be written."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder], check=True)
    site = Site(directory=os.path.join(folder, "site"))
    aside = os.path.dirname(folder)
    logs = os.path.join(aside, "log")
    os.mkdir(logs)
    site.set_config("instance", log_directory=logs)
    people(site, 120)
    empty_outbox(site)
    thread = site.thread("tim")
    with Server(site, *rules("RCPT 451 4.3.0 Later"), place=aside):
        site.notifier("--once")
    later(site)
    total = collections.Counter()
    with Server(site, place=aside, connections="2") as server:
        fill(folder)
        statuses = [site.run(NOTIFIER, "--once", status=None).returncode for _ in range(4)]
        on_full = sum(server.recipients().values())
        os.unlink(os.path.join(folder, "ballast"))
        site.notifier("--once")
        later(site)
        site.notifier("--once")
        total.update(server.recipients())
    if os.environ.get("COUNT"):
        print(f"full disk: {on_full} messages in 4 runs, statuses {statuses}; in the end {len(total)} people got {sum(total.values())}")
        return
    check(75 in statuses, f"statuses on a full disk: {statuses}")
    equal((len(total), set(total.values())), (120, {1}), "people, and how often")
    equal(queue(site), [])


@test
def a_full_disk_repeats_no_message(site):
    folder = os.path.join(site.dir, "disk")
    os.mkdir(folder)
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    done = subprocess.run([*alone, sys.executable, __file__, "--small-disk", folder], text=True, capture_output=True)
    equal((done.returncode, done.stderr), (0, ""))
    print(done.stdout, end="")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--small-disk"]:
        on_a_small_disk(sys.argv[2])
    else:
        main()
