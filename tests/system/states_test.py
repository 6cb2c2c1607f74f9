#!/usr/bin/env python3
"""A sample of make check-long (tests/long/states.py): some of the disks that a power cut may leave."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import TOP, check_names, conclude, enter_namespace, leave_out  # noqa: E402

SAMPLE = [
    "batch", "first batch", "batch of a new month", "notifier", "mute", "second mute, killed at the branch", "unsubscribe, killed at the branch",
    "user set, killed at the branch", "repository set, killed at the branch", "bounce, killed at the branch", "queue hold, killed at its end",
    "digests", "digests, killed before they are published", "init", "init, killed at its end", "pages", "openings", "held accept", "held accept, killed between the repositories", "purge", "killed at the branch", "killed at the outcomes", "killed between the events",
    "commands", "questions", "user add --take-from", "watch, first look", "watch, pushes", "watch, pulls, killed at the branch", "watch, shared, killed as the server has it",
]
MOST = 12  # states of each


def main():
    sys.path.insert(0, os.path.join(TOP, "tests/long"))
    import states
    passed = failed = 0
    for good, line in states.sample(SAMPLE, MOST):
        print(line, flush=True)
        passed, failed = passed + good, failed + (not good)
    return conclude(passed, failed)


if __name__ == "__main__":
    check_names()
    enter_namespace()  # a program that is closed to its own user cannot be traced by them
    if os.geteuid() != 0 or not shutil.which("strace"):
        leave_out("this needs strace, and root or a user namespace with several ids (package uidmap)", 1)
    sys.exit(main())
