#!/usr/bin/env python3
"""kill -9 at any moment: no mail lost, none doubled, each announced once.

  KILLS=200 MAILS=500 tests/system/crash_test.py       for longer runs
"""
import os
import random
import subprocess
import time

from harness import METROPLEX, check, equal, main, test

KILLS = int(os.environ.get("KILLS", "60"))
MAILS = int(os.environ.get("MAILS", "300"))


def fill(site, threads=10, mails=MAILS):
    """Mails over several threads, a tenth of them delivered twice, a tenth of them refused."""
    site.user("tim")
    site.user("kate")
    ids = [site.thread("tim", title=f"Thread {i}") for i in range(threads)]
    addresses = {id: site.address(id, "kate") for id in ids}
    expected = {id: set() for id in ids}
    for i in range(mails):
        id = ids[i % threads]
        octets = site.mail("kate@example.org", addresses[id], f"Answer number {i}.\n")
        if i % 10 == 3:
            octets = octets.replace(b"From: kate@", b"From: nobody@")
        else:
            expected[id].add(f"Answer number {i}.")
        site.deliver(octets)
        if i % 10 == 7:
            site.deliver(octets)
    return expected


def invariants(site, expected, opened):
    """DESIGN section 1: every mail filed, every comment once, every event once."""
    equal(site.new, [], "new/ is empty")
    count = 0
    for id, bodies in expected.items():
        found = [c["body"].strip() for c in site.show(id)["comments"]]
        equal(sorted(found), sorted(bodies), f"thread {id}")
        count += len(found)
    keys = {line.split("/")[-1].split(".")[0] for line in site.git("ls-tree", "-r", "--name-only", "main").splitlines() if "/received/" in line}
    equal(len(site.events()), count + opened, "one event each")
    equal(set(site.events()), keys, "events are those of the tracker's KEYs")
    equal(len(site.answer_events()), 1, "one answer for all that was refused")
    equal(os.listdir(os.path.join(site.data, "outbox/tmp")), [])
    site.git("fsck", "--strict")
    left = [n for n in os.listdir(os.path.join(site.data, "tracker.git/refs/heads")) if n != "main"]
    equal(left, [])


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
    expected = fill(site)
    before = len(site.new)
    site.set_config("inbound", batch="5")
    random.seed(os.environ.get("SEED", "4711"))
    kills = staged = locked = unmoved = 0
    longest = 0.05
    last = state(site)
    while kills < KILLS and last["new"]:
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
        unmoved += now["tip"] != last["tip"] and now["new"] + 5 > last["new"]
        # A run should get about one batch further: so the kills fall on all of its steps.
        longest *= 1.1 if now["new"] == last["new"] else 0.9 if now["new"] < last["new"] - 5 else 1.0
        last = now
    print(f"# {kills} kills: {staged} left staged events, {locked} a lock, {unmoved} a commit with mails unmoved; "
          f"{last['new']} of {before} mails to go", flush=True)
    deadline = time.monotonic() + 60
    while True:
        done = subprocess.run([METROPLEX, "--config", site.config, "--once"], capture_output=True, text=True)
        if done.returncode == 0 and not site.new:
            break
        check(time.monotonic() < deadline, f"status {done.returncode}: {done.stderr}")
        time.sleep(0.2)
    invariants(site, expected, opened=len(expected))
    equal(len(site.success) + len(site.failure), before, "every mail is in success/ or failure/")


@test
def runs_side_by_side(site):
    expected = fill(site, mails=120)
    runs = [subprocess.Popen([METROPLEX, "--config", site.config, "--once"]) for _ in range(8)]
    for run in runs:
        equal(run.wait(60), 0)
    site.metroplex("--once")
    invariants(site, expected, opened=len(expected))


if __name__ == "__main__":
    main()
