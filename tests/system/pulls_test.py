#!/usr/bin/env python3
"""Pull requests and comments on commits: what of Git they show, and what of it they are told."""
import email
import email.policy
import glob
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



# --- In a repository


class Repository:
    """A bare repository below [repositories] root, pushed to from a clone beside it."""

    def __init__(self, site, name="acme/rocket", branch="main"):
        self.root = os.path.join(site.dir, "git")
        self.path = os.path.join(self.root, name + ".git")
        self.work = os.path.join(site.dir, "work-" + name.replace("/", "-"))
        self.seconds = 1790000000
        subprocess.run(["git", "init", "-q", "--bare", "-b", branch, self.path], check=True)
        subprocess.run(["git", "init", "-q", "-b", branch, self.work], check=True)
        self.git("remote", "add", "origin", self.path)
        site.set_config("repositories", root=self.root)

    def git(self, *args, env=None):
        self.seconds += 60
        date = f"{self.seconds} +0000"
        people = {"GIT_AUTHOR_NAME": "Ada Wright", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada Wright",
                  "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": "/dev/null"}
        return subprocess.run(["git", *args], cwd=self.work, env={**os.environ, **people, **(env or {})}, check=True, capture_output=True).stdout.decode().strip()

    def commit(self, message, path="fuse.c", text=None, push=None):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a" if text is None else "w") as f:
            f.write(message + "\n" if text is None else text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        if push:
            self.push(push)
        return self.git("rev-parse", "HEAD")

    def push(self, *refs):
        self.git("push", "-q", "-f", "origin", *refs)


def changes(site, thread):
    return [e["change"] for e in site.show(thread)["events"]]


def branches(site):
    """main with one commit, topic with two more; a pull request of it."""
    repository = Repository(site)
    repository.commit("Begin", push="main")
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit("Add a fuse")
    repository.commit("Make it thicker\n\nIt melted.", push="topic")
    site.user("tim"), site.user("kate")
    pull = opens(site, "pull", "--base", "main", "--head", "topic")
    site.metroplex("thread", "subscribe", str(pull), "kate")
    return repository, pull


@test
def a_pull_request_has_its_commits_files_and_diff(site):
    repository, pull = branches(site)
    found = site.show(pull)["changes"]
    equal((found["from"], found["to"]), (repository.git("rev-parse", "main"), repository.git("rev-parse", "topic")))
    equal([(c["subject"], c["author"]) for c in found["commits"]], [("Make it thicker", "Ada Wright"), ("Add a fuse", "Ada Wright")])
    equal((found["n_commits"], found["added"], found["removed"], found["diff_cut"], found["more_files"]), (2, 4, 0, False, False))
    equal(found["files"], [{"path": "fuse.c", "old_path": None, "change": "modified", "binary": False, "added": 4, "removed": 0}])
    equal(found["diff"].split("\n")[0], "diff --git a/fuse.c b/fuse.c")
    contains(found["diff"], "+Add a fuse\n+Make it thicker\n")
    shown = site.metroplex("thread", "show", str(pull))
    contains(shown, "2 commits, 1 file, +4 -0\n"), contains(shown, " Add a fuse (Ada Wright)\n"), contains(shown, "  fuse.c: modified, +4 -0\n")
    equal(site.metroplex("fsck", "--json"), "")


def mails(site, login):
    """Subject and text of each mail to somebody that was sent since, in their order."""
    site.set_config("smtp", transport="maildir", maildir=site.data + "/sent")
    site.notifier("--once")
    found = []
    for path in sorted(glob.glob(site.data + "/sent/new/*")):
        with open(path, encoding="utf-8") as file:
            mail = email.message_from_file(file, policy=email.policy.default)
        if mail["X-Metroplex-Recipient"] == login:
            found.append((mail, mail.get_body(("plain",)).get_content().split("\n-- \n")[0], mail.get_body(("html",)).get_content()))
        os.remove(path)
    return found


def page(site, thread):
    directory = os.path.join(site.dir, "pages")
    site.metroplex("pages", directory)
    with open(f"{directory}/r/acme/rocket/{thread}.html", encoding="utf-8") as file:
        return file.read()


@test
def mails_and_pages_have_what_git_has(site):
    repository, pull = branches(site)
    opened, = mails(site, "kate")
    first, second = [repository.git("rev-parse", "--short=12", name) for name in ("topic~1", "topic")]
    equal(opened[1], f"""It says no.

Commits: 2

    {second} Make it thicker (Ada Wright)
    {first} Add a fuse (Ada Wright)

Files, with lines added and removed: +4 -0

    M fuse.c +4 -0

    diff --git a/fuse.c b/fuse.c
    --- a/fuse.c
    +++ b/fuse.c
    @@ -1 +1,5 @@
     Begin
    +Add a fuse
    +Make it thicker
    +
    +It melted.
""")
    contains(page(site, pull), f"<li><code>{first}</code> <bdi>Add a fuse</bdi> · <bdi>Ada Wright</bdi>")
    contains(page(site, pull), "<li>M <code>fuse.c</code> +4 −0</li>")
    contains(page(site, pull), "+Make it thicker\n+\n+It melted.\n</pre>")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    third = repository.commit("Paint it", push="topic")[:12]
    site.metroplex("--once")
    pushed, = mails(site, "kate")
    equal(pushed[0]["Subject"], f"Re: [acme/rocket] T (PR #{pull})")
    check(str(pushed[0]["From"]).startswith('"acme/rocket" <') or str(pushed[0]["From"]).startswith("acme/rocket <"), pushed[0]["From"])
    equal(pushed[1], f"Commits added to #{pull}: 1. Commits taken back: 1.\n\n    {third} Paint it (Ada Wright)\n")
    contains(page(site, pull), "added commits: 1 · taken back: 1"), contains(page(site, pull), f"<li><code>{third}</code> <bdi>Paint it</bdi>")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic")
    repository.push("main")
    site.metroplex("--once")
    merged, = mails(site, "kate")
    equal((merged[1], merged[0]["X-GitHub-PullRequestStatus"]), (f"Merged #{pull} into `main`.\n", "merged"))
    contains(page(site, pull), 'merged this into <code>main</code>'), contains(page(site, pull), '">Merged</span>')


HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) \u202e @kate \x1b[31m `-- ` ada@example.org\r\nBcc: eve@example.org"


@test
def what_git_says_is_text_everywhere(site):
    repository, pull = branches(site)
    evil = {"GIT_AUTHOR_NAME": HOSTILE.replace("<", "").replace(">", "").split("\r")[0]}
    os.makedirs(repository.work, exist_ok=True)
    with open(os.path.join(repository.work, "<img src=x>\nBcc: eve"), "wb") as file:
        file.write(b"- \n" + HOSTILE.encode() + b"\n\xff\xfe\n")
    with open(os.path.join(repository.work, "binary"), "wb") as file:
        file.write(bytes(range(256)))
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", HOSTILE.replace("\r\n", "\n"), env=evil)
    repository.push("topic")
    site.metroplex("--once")
    second = opens(site, "pull", "--base", "main", "--head", "topic")
    site.metroplex("thread", "subscribe", str(second), "kate")
    for mail, text, html in mails(site, "kate"):
        equal(mail["Bcc"], None)
        for words in ("<script>", "<img src", "\x1b", "\u202e", "ada@example.org"):
            check(words not in html and (words.startswith("<") or words not in text), f"{words!r} in {html}")
        check("\n-- \n" not in text and "evil.example/x.png\"" not in html, html)
    for thread in (pull, second):
        html = page(site, thread)
        for words in ("<script>alert", "<img src", "\x1b", "\u202e", "ada@example.org"):
            check(words not in html, f"{words!r} on the page")
        shown = site.metroplex("thread", "show", str(thread))
        check("\x1b" not in shown and "\u202e" not in shown and "\nBcc" not in shown, shown)
    found = site.show(second)["changes"]
    equal(sorted(f["path"] for f in found["files"]), ["<img src=x>\\nBcc: eve", "binary", "fuse.c"])
    equal([f["binary"] for f in sorted(found["files"], key=lambda f: f["path"])], [False, True, False])
    tracker = site.git("log", "--all", "-p", "--format=%an %ae %s")
    check("\x1b" not in tracker and "ada@example.org" not in tracker, "in the tracker")
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_large_one_is_bounded(site):
    repository, pull = branches(site)
    stream = ["commit refs/heads/big\ncommitter A <a@example.org> 1790000000 +0000\ndata 5\nfirstfrom refs/heads/main\n"]
    stream = []
    for i in range(400):
        text = f"Commit number {i}"
        start = "from refs/heads/main^0\n" if i == 0 else ""
        body = "x" * 200
        stream.append(f"commit refs/heads/big\ncommitter A <a@example.org> {1790001000 + i} +0000\ndata {len(text)}\n{text}\n{start}M 644 inline f{i}\ndata {len(body)}\n{body}\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository.path, input="".join(stream), text=True, check=True)
    big = opens(site, "pull", "--base", "main", "--head", "big")
    found = site.show(big)["changes"]
    equal((found["n_commits"], len(found["commits"]), len(found["files"]), found["more_files"], found["diff_cut"]), (400, 250, 300, True, True))
    equal(found["commits"][0]["subject"], "Commit number 399")
    check(len(found["diff"]) <= 64 * 1024 and found["diff"].endswith("\n"), len(found["diff"]))
    site.metroplex("thread", "subscribe", str(big), "kate")
    text = [text for mail, text, html in mails(site, "kate") if f"#{big})" in mail["Subject"]][0]
    contains(text, "    and more: 350\n"), contains(text, "\nThe diff is longer; the rest is left out here.\n")


@test
def what_is_not_there_or_has_nothing_new_is_no_pull_request(site):
    repository, pull = branches(site)
    refused(site, 65, "--head: acme/rocket has no branch other", *opening("pull", "--base", "main", "--head", "other"))
    refused(site, 65, "--base: acme/rocket has no branch other", *opening("pull", "--base", "other", "--head", "topic"))
    refused(site, 65, "--head: main has nothing that topic has not", *opening("pull", "--base", "topic", "--head", "main"))
    equal(pull, 1)
    equal(int(site.metroplex("thread", "open", "--repository", "acme/else", "--kind", "pull", "--title", "T", "--as", "tim", "--base", "main", "--head", "topic", "-", stdin="x")), 2)
    site.metroplex("--once")
    equal(changes(site, 2), [])


@test
def pushes_a_merge_and_an_end_are_told_once(site):
    repository, pull = branches(site)
    site.metroplex("--once")
    equal(changes(site, pull), [], "nothing happened")
    old = repository.git("rev-parse", "topic")
    new = repository.commit("Paint it", push="topic")
    for _ in range(3):
        site.metroplex("--once")
    event, = site.show(pull)["events"]
    equal((event["change"], event["via"], event["author"], event["from"], event["to"], event["added"], event["removed"]),
          ("head-pushed", "git", "acme/rocket", old, new, 1, 0))
    equal([c["subject"] for c in event["commits"]], ["Paint it"])
    equal([c["subject"] for c in site.show(pull)["changes"]["commits"]], ["Paint it", "Make it thicker", "Add a fuse"])
    repository.git("reset", "-q", "--hard", "HEAD~2")
    repository.commit("Another way", push="topic")
    site.metroplex("--once")
    event = site.show(pull)["events"][-1]
    equal((event["change"], event["added"], event["removed"]), ("head-pushed", 1, 2))
    repository.git("checkout", "-q", "main")
    repository.commit("Meanwhile", path="other.c", push="main")
    site.metroplex("--once")
    equal(changes(site, pull), ["head-pushed", "head-pushed"], "a push to the base is none of it")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    repository.push("main", ":topic")
    for _ in range(3):
        site.metroplex("--once")
    shown = site.show(pull)
    equal((changes(site, pull), shown["state"], shown["merged"]), (["head-pushed", "head-pushed", "merged"], "closed", True))
    equal(shown["events"][-1]["to"], repository.git("rev-parse", "main"))
    equal(site.metroplex("fsck", "--json"), "")
    equal(len(site.events()), 1 + 3, "an event each")


@test
def a_branch_that_is_gone_closes_it_and_one_that_came_back_is_news(site):
    repository, pull = branches(site)
    repository.push(":topic")
    site.metroplex("--once"), site.metroplex("--once")
    shown = site.show(pull)
    equal((changes(site, pull), shown["state"], shown["merged"]), (["head-deleted"], "closed", False))
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    site.metroplex("--once")
    equal((changes(site, pull), site.show(pull)["state"]), (["head-deleted", "reopened"], "open"), "it is known that it is gone")
    repository.push("topic")
    site.metroplex("--once")
    repository.commit("Once more", push="topic")
    site.metroplex("--once")
    equal(changes(site, pull), ["head-deleted", "reopened", "head-pushed"])
    equal(site.metroplex("fsck", "--json"), "")


@test
def back_and_forth_is_told_each_time(site):
    repository, pull = branches(site)
    for turn in range(4):
        repository.push(("topic~1" if turn % 2 == 0 else "topic") + ":topic")
        site.metroplex("--once"), site.metroplex("--once")
    equal([(e["added"], e["removed"]) for e in site.show(pull)["events"]], [(0, 1), (1, 0), (0, 1), (1, 0)])
    repository.push("main:topic")
    site.metroplex("--once")
    shown = site.show(pull)
    equal((shown["state"], shown["events"][-1]["removed"], shown["changes"]["n_commits"]), ("open", 2, 0), "taken back, and not merged")


@test
def a_closed_one_is_not_looked_at(site):
    repository, pull = branches(site)
    site.metroplex("thread", "close", str(pull), "--as", "tim")
    repository.commit("Unseen", push="topic")
    site.metroplex("--once")
    equal(changes(site, pull), ["closed"])
    equal(site.metroplex("fsck", "--json"), "")
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    site.metroplex("--once")
    equal((changes(site, pull), site.show(pull)["changes"]["n_commits"]), (["closed", "reopened"], 3))


if __name__ == "__main__":
    main()
