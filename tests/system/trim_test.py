#!/usr/bin/env python3
"""Reply extraction against the test suites of other libraries, where they are at hand.

The cases and the scorer are no part of this repository: TRIM names their folder, ../shared/trim if
it is not set. Where there is none the tests are skipped, which the last line says.
"""
import importlib.util
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, TOP, check, check_names, conclude, leave_out  # noqa: E402

TRIM = os.environ.get("TRIM") or os.path.join(TOP, "../shared/trim")
TESTS = []

# What the library a suite belongs to reaches on it, of all its cases: the number to match wherever
# no two suites contradict each other.
HOME = {"trimmer": 42, "gitea": 20, "talon": 59, "gh": 13, "willdurand": 31, "crisp": 46, "zapier": 5,
        "mailparser": 9, "quotequail": 12, "webridge": 13}


def test(function):
    TESTS.append(function)
    return function


class Bench:
    """The cases, the scorer's judgement, and one `metroplex extract --jsonl` for all of them."""

    def __init__(self):
        spec = importlib.util.spec_from_file_location("score", os.path.join(TRIM, "score.py"))
        self.score = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.score)
        self.dev, self.known = self.read("dev.jsonl"), self.read("known_sent.jsonl")
        self.found = self.extract(self.dev)
        self.judged = [self.score.judge(case, answer["output"]) for case, answer in zip(self.dev, self.found)]

    def read(self, name):
        with open(os.path.join(TRIM, name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def extract(self, cases):
        requests = [{key: case[key] for key in ("kind", "input", "sent") if key in case} for case in cases]
        done = subprocess.run([METROPLEX, "extract", "--jsonl"], text=True, capture_output=True, timeout=600,
                              input="".join(json.dumps(request) + "\n" for request in requests), encoding="utf-8")
        answers = [json.loads(line) for line in done.stdout.split("\n") if line]
        check(done.returncode == 0 and len(answers) == len(cases), f"{len(answers)} answers, {done.stderr}")
        check(all("output" in answer for answer in answers), [a for a in answers if "output" not in a])
        return answers

    def lose(self, judged):
        return judged["r"] is not None and judged["r"] < 1


@test
def at_least_98_and_a_half_percent_are_right(bench):
    wrong = [case["id"] for case, judged in zip(bench.dev, bench.judged) if not judged["ok"]]
    share = 100 - 100 * len(wrong) / len(bench.dev)
    print(f"   {share:.1f} % of {len(bench.dev)}; not: {', '.join(wrong)}")
    check(share >= 98.5, f"{share:.1f} %")


@test
def text_is_lost_in_at_most_2_and_nothing_is_emptied(bench):
    lost = [case["id"] for case, judged in zip(bench.dev, bench.judged) if bench.lose(judged)]
    wiped = [case["id"] for case, judged in zip(bench.dev, bench.judged) if judged["wiped"]]
    print(f"   loss {len(lost)}, wiped {len(wiped)}")
    check(len(lost) <= 2, lost)
    check(not wiped, wiped)


@test
def every_suite_is_met_as_its_own_library_meets_it(bench):
    low = []
    for source, home in HOME.items():
        mine = [(case, bench.score.judge(case, answer["output"], source))
                for case, answer in zip(bench.dev, bench.found) if source in case["sources"]]
        right = sum(judged["ok"] for _, judged in mine)
        # cases in which the suites contradict each other cannot all be met
        contested = sum(not judged["ok"] and "contested" in case["tags"] for case, judged in mine)
        print(f"   {source}: {right} of {len(mine)}, at home {home}")
        if right + contested < home:
            low.append(f"{source}: {right} of {len(mine)}, at home {home}")
    check(not low, "; ".join(low))


def all_right(bench, cases):
    wrong = [case["id"] for case, answer in zip(cases, bench.extract(cases))
             if not bench.score.judge(case, answer["output"])["ok"]]
    print(f"   {len(cases) - len(wrong)} of {len(cases)}")
    check(not wrong, wrong)


@test
def every_case_with_a_known_sent_text_is_right(bench):
    all_right(bench, bench.known)


@test
def one_case_of_each_class_is_right(bench):
    if os.path.exists(os.path.join(TRIM, "classes.jsonl")):
        all_right(bench, bench.read("classes.jsonl"))


def worse(bench, sents):
    cases = [dict(case, sent={"text": sent}) for case, sent in zip(bench.dev, sents)]
    bad = []
    for case, answer, before in zip(cases, bench.extract(cases), bench.judged):
        after = bench.score.judge(case, answer["output"])
        if before["ok"] and not after["ok"] or (before["r"] or 0) > (after["r"] or 0):
            bad.append(case["id"])
    return bad


@test
def no_case_is_worse_when_what_was_elided_is_known_to_be_sent(bench):
    bad = worse(bench, [answer["elided"] for answer in bench.found])
    check(not bad, bad)


@test
def no_case_is_worse_when_what_is_not_expected_is_known_to_be_sent(bench):
    sents = []
    for case, answer in zip(bench.dev, bench.found):
        expected = bench.score.norm(case["expected"] if case["expected"] is not None else answer["output"])
        lines = (line.lstrip("> ") for line in bench.score.prep(case).split("\n"))
        sents.append("\n".join(line for line in lines if bench.score.norm(line) not in expected))
    bad = worse(bench, sents)
    check(not bad, bad)


@test
def an_extraction_extracted_again_is_the_same(bench):
    again = bench.extract([{"kind": "text", "input": answer["output"]} for answer in bench.found])
    bad = [case["id"] for case, once, twice in zip(bench.dev, bench.found, again) if once["output"] != twice["output"]]
    check(not bad, bad)


def main():
    if not os.path.exists(os.path.join(TRIM, "score.py")):
        leave_out(f"no scorer in {TRIM}", len(TESTS))
    passed, bench = 0, Bench()
    for function in TESTS:
        try:
            function(bench)
            passed += 1
            print(f"ok {function.__name__}")
        except Exception as error:  # a test may fail in any way
            print(f"not ok {function.__name__}: {error}")
    return conclude(passed, len(TESTS) - passed)


check_names()
sys.exit(main())
