#!/usr/bin/env python3
"""A sample of make check-long (tests/long): kills and errors at some system calls of each kind of run.

  SEED=2 tests/system/fault_test.py       for another sample
"""
import os
import platform
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import TOP, check_names, conclude, enter_namespace, killat, leave_out  # noqa: E402

SAMPLE = [  # scenario, part, N: each Nth point
    ("batch", "kill", 20), ("batch", "double", 40), ("batch", "worker", 200), ("batch", "worker-error", 40), ("batch", "error", 30),
    ("batch", "lasting", 30), ("after death before the events", "double-error", 50), ("thread comment", "kill", 20),
    ("thread comment", "error", 40), ("notifier", "kill", 30), ("notifier", "error", 60), ("notifier by SMTP", "kill", 40),
    ("notifier by SMTP", "error", 120), ("digests", "kill", 15), ("digests", "double", 40),
    ("digests", "error", 40), ("init", "kill", 40), ("pages", "kill", 30), ("pages", "error", 60), ("openings", "kill", 25), ("openings", "double", 60),
    ("openings", "error", 50), ("questions", "kill", 25), ("questions", "error", 60), ("answers", "kill", 40), ("answers", "error", 60), ("held", "kill", 25), ("held", "error", 60),
    ("held accept", "kill", 25), ("held accept", "double", 60), ("held accept", "error", 60), ("held reject", "kill", 40),
    ("batch", "known", 3), ("init", "known", 1), ("watch, pushes", "kill", 40), ("watch, pushes", "error", 90), ("watch, first look", "error", 90),
    ("watch, pulls", "kill", 40), ("watch, pulls", "double", 90), ("watch, rung", "kill", 60), ("watch, many", "kill", 90), ("watch, shared", "kill", 60), ("watch, shared", "error", 150),
]
CROWD = ["on_top", "an_administrator", "full_disk_in_memory"]


def main():
    if platform.machine() != "x86_64":  # killat knows the registers of no other
        leave_out("faults are made on x86-64 only", 1)
    os.environ["KILLAT"] = killat()
    sys.path.insert(0, os.path.join(TOP, "tests/long"))
    import crowd
    import faults
    passed = failed = 0
    for good, line in faults.sample(SAMPLE):
        print(line, flush=True)
        passed, failed = passed + good, failed + (not good)
    for good, line in crowd.run(CROWD):
        print(line, flush=True)
        passed, failed = passed + good, failed + (not good)
    return conclude(passed, failed)


if __name__ == "__main__":
    check_names()
    enter_namespace()  # a program that is closed to its own user cannot be traced by them
    if os.geteuid() != 0:
        leave_out("faults need root, or a user namespace with several ids (package uidmap)", 1)
    sys.exit(main())
