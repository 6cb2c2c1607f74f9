#!/usr/bin/env python3
"""make sanitize: every suite on a build with sanitizers; what they report is a failure, whatever the suite says.

  tests/long/sanitize.py BUILD LOG [SUITE…]      LOG is where the programs of BUILD report (reporter.c)

The worker reports from inside its sandbox; only its limits of address space and of file sizes are
lifted. It never ends by itself, so leaks of what it runs are found by the unit suite and by make fuzz,
which call the same functions. SANITIZED tells tests what such a build does not do: limit the worker's
address space (lib/worker/sandbox.c), and hide the process (lib/base/protect.h). Left out, each for a
reason that lies in the sanitizers:
"""
import os
import re
import subprocess
import sys

WITHOUT = {
    "fault_test": "traces each process, and so does the leak check: a process has one tracer",
    "states_test": "records with strace, another tracer",
}
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPORT = re.compile(r"runtime error:|==\d+==ERROR: (?:Address|Leak)Sanitizer|Sanitizer: CHECK failed|fatal error")


def main():
    build, log, *only = sys.argv[1:]
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w"):
        os.chmod(log, 0o666)  # some programs run as another user
    for name, why in WITHOUT.items():
        print(f"# without {name}: it {why}")
    env = dict(os.environ, WITHOUT=" ".join(WITHOUT), ONLY=" ".join(only), PATIENCE="4", ROOM="4", SANITIZED="1")
    process = subprocess.Popen([os.path.join(TOP, "tests/run"), build], env=env, stdout=subprocess.PIPE, text=True, errors="replace")
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line
    process.wait()
    with open(log, errors="replace") as f:
        reports = [line for line in f if REPORT.search(line)]
    print("".join(reports[:50]), end="")
    counts = re.match(r"(\d+) passed, (\d+) failed", last)
    passed, failed = (int(counts[1]), int(counts[2])) if counts else (0, 1)
    print(f"# {len(reports)} reports of sanitizers{f', in {log}' if reports else ''}")
    print(f"{passed} passed, {failed + len(reports)} failed")
    return 1 if failed or reports else 0


sys.exit(main())
