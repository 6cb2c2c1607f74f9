#!/usr/bin/env python3
"""Messages whose commands go out together (RFC 2920): who gets them, and what a stop or a kill leaves."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import NOTIFIER, check, equal, main, test, wait_until  # noqa: E402
from sending import Server, comment, empty_outbox, people, queue, rules  # noqa: E402

TOGETHER = ("--offer", "PIPELINING,8BITMIME")
PEOPLE = 24


def start(site, *options):
    return subprocess.Popen([NOTIFIER, "--config", site.config, *options])


@test
def the_next_envelope_goes_out_with_the_end_of_a_message(site):
    people(site, PEOPLE)
    site.thread("tim")
    site.set_config("instance", log_level="debug")
    with Server(site, *TOGETHER) as server:
        site.notifier("--once")
        equal(sorted(server.recipients().values()), [1] * PEOPLE)
        equal(server.connections(), 1)
    said = [line.split("#] ")[1] for line in site.log("notifier.log").splitlines() if " DEBUG " in line]
    behind = sum(first.endswith("octets of message]") and "MAIL FROM" in second for first, second in zip(said, said[1:]))
    check(behind > PEOPLE / 2, f"{behind} of {PEOPLE - 1} envelopes went out with the message before")
    equal(queue(site), [])


@test
def a_poisoned_recipient_delays_nobody_else(site):
    people(site, PEOPLE)
    thread = site.thread("tim")
    for connections in ("1", "4"):
        for rule, state in (("RCPT u7@ 530 5.7.0 Authentication required", "retry"), ("RCPT u7@ 421 4.3.2 Bye", "retry"),
                            ("RCPT u7@ close", "retry"), ("RCPT u7@ reset", "retry"), ("RCPT u7@ half", "retry"),
                            ("RCPT u7@ 550 5.1.1 Unknown", "failed"), (r"RCPT u7@ raw 250 Ok\r\n550 No\r\n", "retry"),
                            ("EOD u7@ 530 5.7.0 Authentication required", "retry"), ("EOD u7@ 535 5.7.8 Not you", "retry"),
                            ("EOD u7@ 421 4.3.2 Bye", "retry"), ("EOD u7@ close", "retry"), ("EOD u7@ reset", "retry"),
                            ("EOD u7@ half", "retry")):
            empty_outbox(site)
            comment(site, thread)
            with Server(site, *TOGETHER, *rules(rule), connections=connections) as server:
                site.notifier("--once")
                got = {to: copies for to, copies in server.recipients().items() if to != "<u7@d7.example>"}
                what = f"{rule}, {connections} connections"
                equal((len(got), set(got.values())), (PEOPLE - 1, {1}), what)
                is_taken = rule in ("EOD u7@ close", "EOD u7@ reset", "EOD u7@ half")
                equal(server.recipients()["<u7@d7.example>"], int(is_taken), what)
            equal([(row["login"], row["state"]) for row in queue(site)], [("u7", state)], what)


@test
def a_kill_doubles_at_most_one_message_of_a_connection(site):
    people(site, PEOPLE)
    thread = site.thread("tim")
    for connections in (1, 4):
        empty_outbox(site)
        comment(site, thread)
        with Server(site, *TOGETHER, "--delay", "2", connections=str(connections)) as server:
            taken = kills = 0
            while taken < PEOPLE:
                run = start(site, "--once")
                wait_until(lambda: len(server.recipients()) > taken or run.poll() is not None)
                taken = len(server.recipients())
                if run.poll() is None:
                    run.kill()
                    kills += 1
                run.wait()
            site.notifier("--once")
            got = server.recipients()
            equal(len(got), PEOPLE, "recipients")
            check(sum(got.values()) <= PEOPLE + kills * connections, f"{kills} kills, {connections} connections: {got}")
        equal(queue(site), [])


@test
def a_stop_leaves_an_envelope_and_no_message(site):
    """The message under way is recorded, and the next one, whose envelope is out, is another run's."""
    people(site, PEOPLE)
    site.thread("tim")
    with Server(site, *TOGETHER, *rules("EOD#3 late-1")) as server:
        run = start(site, "--once")
        wait_until(lambda: len(server.recipients()) == 3)
        run.send_signal(signal.SIGTERM)
        equal(run.wait(), 0)
        equal(sum(server.recipients().values()), 3, "taken before the stop")
        equal(len(queue(site)), PEOPLE - 3)
        site.notifier("--once")
        equal(sorted(server.recipients().values()), [1] * PEOPLE)
    equal(queue(site), [])


if __name__ == "__main__":
    main()
