#!/usr/bin/env python3
"""What runs the tests: that nothing is green which has tested nothing, and that what was skipped is told."""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import TOP, check, equal, main, test  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BY_WORD = [["crowd.py", "nosuchtest"], ["faults.py", "--only", "nosuchtest"], ["states.py", "--only", "nosuchtest"],
           ["powercut.py", "--only", "nosuchtest"], ["planted.sh", "nosuchtest"]]


def run(*command, **env):
    done = subprocess.run(command, cwd=TOP, env=dict(os.environ, **env), stdin=subprocess.DEVNULL, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


def is_red(command, **env):
    """A failure that is counted, for the reason that is its own."""
    status, output = run(*command, **env)
    last = output.rstrip().split("\n")[-1]
    check(status == 1 and last == "0 passed, 1 failed", f"{command}: status {status}: {output[-500:]}")
    check(re.search("^not ok.*(nosuchtest|nothing was chosen)", output, re.M), f"{command}: {output[-500:]}")


@test
def a_test_that_there_is_not_is_a_failure_of_every_suite(site):
    suites = glob.glob(os.path.join(HERE, "*_test.*"))
    check(len(suites) > 20, suites)
    for suite in suites:
        is_red([suite, "nosuchtest"])


@test
def a_word_that_chooses_nothing_is_a_failure_of_what_takes_long(site):
    for name, *words in BY_WORD:
        is_red([os.path.join(TOP, "tests/long", name), *words])


@test
def a_suite_that_there_is_not_is_a_failure(site):
    is_red(["tests/run"], ONLY="nosuchtest")
    is_red(["tests/run"], ONLY="trim_test", WITHOUT="nosuchtest", TRIM=site.data)


@test
def what_was_skipped_is_told_before_the_last_line(site):
    status, output = run("tests/run", ONLY="trim_test", TRIM=site.data)
    lines = output.rstrip().split("\n")
    equal((status, lines[-1]), (0, "0 passed, 0 failed"))
    check(re.fullmatch(r"\d+ skipped: \d+ of trim_test", lines[-2]), lines)


@test
def what_failed_is_named_once_more_at_the_end(site):
    """Of a long run only the end may be seen."""
    status, output = run("tests/run", site.data, ONLY="unit help_test")
    lines = output.rstrip().split("\n")
    failed = int(re.fullmatch(r"0 passed, (\d+) failed", lines[-1])[1])
    named = lines[-1 - failed:-1]
    check(status == 1 and failed > 1 and len(set(named)) == failed, output[-1500:])
    check(any(line.startswith("unit: status not started") for line in named), named)
    equal(len([line for line in named if line.startswith("help_test: not ok ")]), failed - 1)


if __name__ == "__main__":
    main()
