#!/usr/bin/env python3
"""Long ways of a notifier: killed again and again, and a wrong password for a day.

KILLS=200 PEOPLE=1500 and MINUTES=1440 are the whole; a run without them takes a sample.
"""
import os
import random
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import smtp_server  # noqa: E402
from harness import NOTIFIER, check, equal, main, test, wait_until  # noqa: E402
from sending import Server, comment, later, people, queue, recipients_of, server_file  # noqa: E402

KILLS = int(os.environ.get("KILLS", "12"))
PEOPLE = int(os.environ.get("PEOPLE", "50"))
MINUTES = int(os.environ.get("MINUTES", "60"))


def serve(folder, *words):
    """A server in this process."""
    os.makedirs(folder)
    server = smtp_server.Server(smtp_server.parse_arguments(["--dir", folder, *words]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@test
def killed_again_and_again_nobody_is_lost(site):
    """Lost: none. Twice: at most one for each connection and kill."""
    chance = random.Random(int(os.environ.get("SEED", "1")))
    people(site, PEOPLE, "d{}.example")
    site.thread("tim")
    total = 0
    for connections, offer in ((1, "8BITMIME"), (4, "8BITMIME,PIPELINING")):
        folder = os.path.join(site.dir, f"server{connections}")
        server = serve(folder, "--offer", offer, "--rule", "RCPT.2 u7@ 451 4.3.0 Later", "--rule", "RCPT u9@ 550 5.1.1 Unknown",
                       "--rule", "EOD.3 421 4.3.2 Bye")
        site.set_config("smtp", transport="smtp", address="localhost", port=str(server.server_address[1]), tls="none",
                        connections=str(connections))
        if connections > 1:
            comment(site, 1)
        kills = 0
        while kills < KILLS // 2:
            run = subprocess.Popen([NOTIFIER, "--config", site.config, "--once"])
            before, more = server.messages, chance.randint(0, max(1, 2 * PEOPLE // KILLS))
            wait_until(lambda: run.poll() is not None or server.messages >= before + more)
            if run.poll() is None:
                run.send_signal(signal.SIGKILL)
                kills += 1
            run.wait()
            if not queue(site):
                break
        for _ in range(4):
            later(site, 100000)
            site.notifier("--once")
        got = recipients_of(folder)
        equal({f"u{n}" for n in range(PEOPLE) if f"<u{n}@d{n}.example>" not in got}, {"u9"}, "who has nothing")
        twice = sum(got.values()) - len(got)
        check(twice <= kills * connections, f"{twice} messages too many after {kills} kills with {connections} connections")
        equal({(row["login"], row["state"]) for row in queue(site)}, {("u9", "failed")})
        print(f"{kills} kills with {connections} connections over {PEOPLE} recipients: 0 lost, {twice} twice")
        total += kills
        for row in queue(site):
            site.notifier("queue", "drop", row["event"])
    check(total >= KILLS // 2, f"only {total} kills")


@test
def a_wrong_password_for_a_day_costs_logins_by_the_hour_and_no_message(site):
    """A comment and a run each minute; a minute passes by making all that is written down a minute older."""
    people(site, 2)
    thread = site.thread("tim")
    password = os.path.join(site.dir, "etc/smtp-password")
    with open(password, "w") as file:
        file.write("wrong\n")
    os.chmod(password, 0o600)
    with Server(site, "--auth", "LOGIN", "--user", "metroplex", "--password", "right", authentication="login", username="metroplex",
                password_file=password, connections="4") as server:
        for _ in range(MINUTES):
            comment(site, thread)
            done = site.run(NOTIFIER, "--once")
            equal(done.stdout + done.stderr, "", "a run under cron")
            later(site, 60)
        logins = len(server.lines("<- AUTH"))
        print(f"a wrong password for {MINUTES} minutes, with a comment in each: {logins} logins")
        check(logins <= 6 + MINUTES // 25, f"{logins} logins")
        check(logins >= 4, f"only {logins} logins: it is not looked for")
        equal({(row["state"], row["attempts"]) for row in queue(site)}, {("new", 0)})
        told = [line for line in site.log("notifier.log").splitlines() if "turns us away" in line and " DEBUG " not in line]
        equal(len(told), 1, "told in the log")
        with open(password, "w") as file:
            file.write("right\n")
        site.notifier("--once")
        equal(sum(server.recipients().values()), 2 * (MINUTES + 1))
    equal((queue(site), server_file(site)["state"]), ([], ["up"]))


if __name__ == "__main__":
    main()
