#!/usr/bin/env python3
"""kill -9 at any moment: no mail lost, none doubled, each announced once.

  KILLS=200 MAILS=500 tests/system/crash_test.py       for longer runs
"""
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, TOP, check, equal, main, test  # noqa: E402

sys.path.insert(0, os.path.join(TOP, "tests/long"))
from invariants import Delivered, Mail, violations  # noqa: E402

KILLS = int(os.environ.get("KILLS", "60"))
MAILS = int(os.environ.get("MAILS", "300"))


def fill(site, threads=10, mails=MAILS):
    """Mails over several threads, a tenth of them delivered twice, a tenth of them refused."""
    given = Delivered()
    site.user("tim")
    site.user("kate")
    ids = [site.thread("tim", title=f"Thread {i}") for i in range(threads)]
    addresses = {id: site.address(id, "kate") for id in ids}
    given.comments = {id: [] for id in ids}
    given.commits = int(site.git("rev-list", "--count", "main"))
    for i in range(mails):
        id = ids[i % threads]
        octets = site.mail("kate@example.org", addresses[id], f"Answer number {i}.\n")
        mail = Mail(octets, "success", ("posted", "duplicate"))
        if i % 10 == 3:
            octets = octets.replace(b"From: kate@", b"From: nobody@")
            mail = Mail(octets, "failure", ("sender-mismatch",))
        else:
            given.comments[id].append(f"Answer number {i}.")
        given.mails[site.deliver(octets)] = mail
        if i % 10 == 7:
            given.mails[site.deliver(octets)] = mail
    return given


def state(site):
    """How far the work has got, to see where the kills fell."""
    return {
        "new": len(site.new),
        "staged": len(os.listdir(os.path.join(site.data, "outbox/tmp"))),
        "lock": len(os.listdir(os.path.join(site.data, "tracker.git/refs/heads"))) > 1,
        "tip": site.git("rev-parse", "main"),
    }


@test
def killed_at_random_moments(site):
    given = fill(site)
    before = len(site.new)
    batch = max(1, before // KILLS - 1)  # so that a run that is killed has not done all the work
    site.set_config("inbound", batch=batch)
    random.seed(os.environ.get("SEED", "4711"))
    kills = staged = locked = unmoved = 0
    longest = 0.05
    last = state(site)
    while kills < KILLS:
        if not last["new"]:
            # All done before enough kills: the MTA delivers everything once more.
            for place in ("success", "failure"):
                for name in site.listed(f"incoming-mail/{place}"):
                    with open(os.path.join(site.data, "incoming-mail", place, name), "rb") as f:
                        site.deliver(f.read(), name)
            last = state(site)
        run = subprocess.Popen([METROPLEX, "--config", site.config, "--once"], stderr=subprocess.DEVNULL)
        try:
            run.wait(random.uniform(0.01, longest))
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            kills += 1
        now = state(site)
        staged += now["staged"] > 0
        locked += now["lock"]
        unmoved += now["tip"] != last["tip"] and now["new"] + batch > last["new"]
        # A run should get about one batch further: so the kills fall on all of its steps.
        longest *= 1.05 if now["new"] == last["new"] else 0.85 if now["new"] < last["new"] - batch else 1.0
        last = now
    print(f"# {kills} kills: {staged} left staged events, {locked} a lock, {unmoved} a commit with mails unmoved; "
          f"{last['new']} of {before} mails to go", flush=True)
    deadline = time.monotonic() + 60
    while True:
        site.a_minute_later()
        done = subprocess.run([METROPLEX, "--config", site.config, "--once"], capture_output=True, text=True)
        if done.returncode == 0 and not site.new:
            break
        check(time.monotonic() < deadline, f"status {done.returncode}: {done.stderr}")
        time.sleep(0.2)
    equal(violations(site, given), [])


@test
def runs_side_by_side(site):
    given = fill(site, mails=120)
    runs = [subprocess.Popen([METROPLEX, "--config", site.config, "--once"]) for _ in range(8)]
    for run in runs:
        equal(run.wait(60), 0)
    site.metroplex("--once")
    equal(violations(site, given), [])


if __name__ == "__main__":
    main()
