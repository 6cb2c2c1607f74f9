#!/usr/bin/env python3
"""Whole mails and texts in the classes of replies that are hard to tell, and what the person wrote.

tests/fixtures/replies/seen.jsonl is what the rules were mended with, and all of it must be right.
unseen.jsonl was written by somebody who had not read the rules, and tried when they were done: it says how
they do where nobody has looked, and its share counts. In neither may a mail be wiped, nor what is the
person's only be lost. Who mends with its cases moves them to seen.jsonl, and has others written. One case a line:
id, kind, input, perhaps sent; expected and expected_alt, or must_contain and must_not_contain; tags,
of which `trap` says that nothing of the person's may be cut, `own-only` that there is nothing else.
"""
import json
import os
import subprocess
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, TOP, check_names, conclude  # noqa: E402

FIXTURES = os.path.join(TOP, "tests/fixtures/replies")
HALVES = {"seen.jsonl": 99, "unseen.jsonl": 97}  # and how many in a hundred are right


def words(text):
    text = unicodedata.normalize("NFC", text or "")
    return " ".join(text.translate({ord(c): None for c in "\ufeff\u200b\u200c\u200d\u2060"}).split())


def is_right(case, output):
    if case["expected"] is None:
        return all(words(part) in output for part in case["must_contain"]) and \
            not any(words(part) in output for part in case["must_not_contain"])
    return output in [words(text) for text in [case["expected"], *case.get("expected_alt", [])]]


def extract(cases):
    requests = [{key: case[key] for key in ("kind", "input", "sent") if case.get(key) is not None} for case in cases]
    done = subprocess.run([METROPLEX, "extract", "--jsonl"], text=True, capture_output=True, timeout=600, encoding="utf-8",
                          input="".join(json.dumps(request) + "\n" for request in requests))
    return [words(json.loads(line).get("output")) for line in done.stdout.split("\n") if line]


def judge(name, least):
    """What is wrong with a half, in lines."""
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    outputs = extract(cases)
    if len(outputs) != len(cases):
        return [f"{len(outputs)} answers for {len(cases)} cases"]
    wrong = [case for case, output in zip(cases, outputs) if not is_right(case, output)]
    wiped = [case["id"] for case, output in zip(cases, outputs) if case["expected"] and not output]
    lost = [case["id"] for case in wrong if "own-only" in case["tags"]]
    share = 100 - 100 * len(wrong) / len(cases)
    print(f"   {name}: {share:.1f} % of {len(cases)}; not: {', '.join(case['id'] for case in wrong) or 'none'}")
    return ([f"{share:.1f} %"] if share < least else []) + \
        ([f"wiped: {wiped}"] if wiped else []) + ([f"the person's own text is lost: {lost}"] if lost else [])


def main():
    passed = failed = skipped = 0
    for name, least in HALVES.items():
        if not os.path.exists(os.path.join(FIXTURES, name)):
            skipped += 1
            continue
        bad = judge(name, least)
        print(f"{'not ok' if bad else 'ok'} {name.split('.')[0]}_cases_are_right{': ' + '; '.join(bad) if bad else ''}")
        passed, failed = passed + (not bad), failed + bool(bad)
    return conclude(passed, failed, skipped)


if __name__ == "__main__":
    check_names()
    sys.exit(main())
