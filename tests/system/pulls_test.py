#!/usr/bin/env python3
"""Pull requests and comments on commits: what of Git they show, and what of it they are told."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, Site, check, contains, equal, main, test  # noqa: E402

SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def opening(kind, *args):
    return ["thread", "open", "--repository", "acme/rocket", "--kind", kind, "--title", "T", "--as", "tim", *args, "-"]


def opens(site, kind, *args, body="It says no.\n"):
    return int(site.metroplex(*opening(kind, *args), stdin=body))


def refused(site, status, says, *args):
    done = site.run(METROPLEX, *args, stdin="x\n", status=status)
    equal(done.stdout, "")
    contains(done.stderr, says)


# --- Facts


@test
def a_pull_request_has_branches_and_a_comment_has_a_place(site):
    site.user("tim")
    pull = opens(site, "pull", "--base", "main", "--head", "topic/fuse")
    shown = site.show(pull)
    equal((shown["object"], shown["base"]), ("topic/fuse", "main"))
    contains(site.metroplex("thread", "show", str(pull)), "pull, open, topic/fuse into main\n")
    commit = opens(site, "commit", "--commit", SHA, "--path", "src/fuse box.c", "--line", "12")
    equal(site.metroplex("thread", "comment", str(commit), "--as", "tim", "--path", "README", "-", stdin="All of it.\n"), "1\n")
    shown = site.show(commit)
    equal((shown["opening"]["path"], shown["opening"]["line"]), ("src/fuse box.c", 12))
    equal([(c["path"], "line" in c) for c in shown["comments"]], [("README", False)])
    contains(site.metroplex("thread", "show", str(commit)), "[src/fuse box.c, line 12]\nIt says no.\n")
    equal(site.metroplex("fsck", "--json"), "")


@test
def what_cannot_be_a_branch_or_a_place_is_refused(site):
    site.user("tim")
    issue = site.thread("tim")
    for base in ("../main", "a..b", "main~1", "x.lock", ".hidden", "a//b", "/a", "a/", "-x", "a b"):
        refused(site, 65, "--base: ", *opening("pull", f"--base={base}", "--head", "topic"))
        refused(site, 65, "", *opening("pull", "--base", "main", f"--head={base}"))
    refused(site, 65, "are the same branch", *opening("pull", "--base", "main", "--head", "main"))
    refused(site, 64, "with --head BRANCH", *opening("pull", "--base", "main"))
    refused(site, 64, "with --head BRANCH", *opening("commit", "--base", "main", "--commit", SHA))
    refused(site, 64, "are for a commit", *opening("pull", "--head", "topic", "--path", "a"))
    for path in ("/etc/passwd", "", "a\nb", "a\x1bb"):
        refused(site, 65, "--path: ", *opening("commit", "--commit", SHA, f"--path={path}"))
    for line in ("0", "-1", "1x", "100000000", ""):
        refused(site, 65, "--line: ", *opening("commit", "--commit", SHA, "--path", "a", f"--line={line}"))
    refused(site, 65, "--line needs --path", *opening("commit", "--commit", SHA, "--line", "1"))
    refused(site, 65, "is not about a commit", "thread", "comment", str(issue), "--as", "tim", "--path", "a", "-")
    equal(len(site.metroplex("thread", "list").splitlines()), 1)


@test
def facts_of_git_go_to_another_tracker_and_back(site):
    site.user("tim")
    pull = opens(site, "pull", "--base", "main", "--head", "topic")
    commit = opens(site, "commit", "--commit", SHA, "--path", "größe.c", "--line", "12")
    for form in ("json", "mbox"):
        other = Site()
        try:
            other.user("tim")
            for thread in (pull, commit):
                text = site.metroplex("thread", "export", str(thread), "--format", form)
                new = other.metroplex("thread", "import", "-", stdin=text).split()[0]
                here, there = site.show(thread), other.show(new)
                equal(there.get("base"), here.get("base"), form)
                equal([there["opening"].get(k) for k in ("path", "line")], [here["opening"].get(k) for k in ("path", "line")], form)
            equal(other.metroplex("fsck", "--json"), "")
        finally:
            other.remove()


@test
def a_file_with_other_facts_is_refused(site):
    site.user("tim")
    for kind, args, change, says in (
            ("pull", ("--base", "main", "--head", "topic"), {"base": "a..b"}, "object or base does not fit"),
            ("pull", ("--base", "main", "--head", "topic"), {"kind": "issue", "object": None}, "object or base does not fit"),
            ("commit", ("--commit", SHA, "--path", "a", "--line", "1"), {"path": "/a"}, "not the path of a file"),
            ("commit", ("--commit", SHA[:9], "--path", "a", "--line", "1"), {"line": -1}, "not the number of a line")):
        whole = json.loads(site.metroplex("thread", "export", str(opens(site, kind, *args))))
        place = whole["comments"][0]
        (place if "path" in place else whole).update(change)
        whole["id"], place["id"] = 99, "<other@mail.example.org>"
        refused_file = site.run(METROPLEX, "thread", "import", "-", stdin=json.dumps(whole), status=65)
        contains(refused_file.stderr, says)


if __name__ == "__main__":
    main()
