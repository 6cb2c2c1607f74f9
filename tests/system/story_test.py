#!/usr/bin/env python3
"""One story on a real repository: an issue, answers by mail, a pull request, its pushes, a comment on a line, a merge that closes.

Every mail is in tests/fixtures/story, as its reader has it: METROPLEX_UPDATE_GOLDEN=1 writes them anew, to be read before they are
committed. Tracker, mails and pages must say the same.
"""
import email
import email.policy
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import TOP, check, contains, equal, main, test  # noqa: E402
from repository import Repository  # noqa: E402

GOLDEN = os.path.join(TOP, "tests/fixtures/story")


def settled(text):
    """Without what is drawn at random, or is of today."""
    text = re.sub(r"(/(?:issues|pull)/\d+|/commit/[0-9a-f]{40})-[0-9a-f]{8}", r"\1-NONCE", text)
    text = re.sub(r"/(c?\d+)-[0-9a-f]{8}@", r"/\1-KEY@", text)
    return re.sub(r"/event/[0-9a-f]{32}@", "/event/KEY@", text)


class Readers:
    """The mails that were sent, by who reads them, in their order."""

    def __init__(self, site):
        self.site, self.had = site, {"tim": [], "kate": []}
        site.set_config("smtp", transport="maildir", maildir=site.data + "/sent")

    def read(self):
        """Those since the last time."""
        self.site.notifier("--once")
        fresh = []
        for path in glob.glob(self.site.data + "/sent/new/*"):
            with open(path, encoding="utf-8") as file:
                fresh.append(email.message_from_file(file, policy=email.policy.default))
            os.remove(path)
        order = sorted(fresh, key=lambda m: (m["X-Metroplex-Recipient"], m["In-Reply-To"] is not None, settled(str(m["Message-ID"])), m.get_body(("plain",)).get_content()))
        for mail in order:
            self.had[str(mail["X-Metroplex-Recipient"])].append(mail)
        return order

    def answer(self, login, mail, text):
        quoted = "".join(f"> {line}\n" for line in mail.get_body(("plain",)).get_content().splitlines())
        self.site.deliver(self.site.mail(f"{login}@example.org", str(mail["Reply-To"]), f"{text}\n\n{quoted}"))
        self.site.metroplex("--once")

    def last(self, login, thread):
        return [m for m in self.had[login] if f"#{thread})" in m["Subject"] or "(PR" not in m["Subject"] and "(Issue" not in m["Subject"]][-1]


def as_text(mail):
    fields = ("From", "Subject", "In-Reply-To", "X-GitHub-Sender", "X-GitHub-PullRequestStatus")
    head = "".join(f"{name}: {mail[name]}\n" for name in fields if mail[name] is not None)
    return settled(f"{head}\n{mail.get_body(('plain',)).get_content()}")


def same_as_golden(name, text):
    path = os.path.join(GOLDEN, name)
    if os.environ.get("METROPLEX_UPDATE_GOLDEN"):
        os.makedirs(GOLDEN, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        equal(text, file.read(), name)


def agree(site, thread, shown):
    """The page of a thread has what the tracker has."""
    with open(f"{site.dir}/pages/r/acme/rocket/{thread}.html", encoding="utf-8") as file:
        page = file.read()
    equal(re.findall(r'id="event-(\d+)"', page), [str(e["number"]) for e in shown["events"]], f"events of {thread}")
    equal(re.findall(r'id="comment-(\d+)"', page), [str(c["number"]) for c in [shown["opening"], *shown["comments"]]], f"comments of {thread}")
    for commit in [c for e in shown["events"] for c in e.get("commits", [])] + shown.get("changes", {}).get("commits", []):
        contains(page, f"<code>{commit['id'][:12]}</code> <bdi>{commit['subject']}</bdi>")
    for changed in shown.get("changes", {}).get("files", []):
        contains(page, f"<code>{changed['path']}</code>")


@test
def from_an_issue_to_the_commit_that_closes_it(site):
    site.user("tim"), site.user("kate")
    site.metroplex("user", "set", "kate", "--language", "fr")
    repository, readers = Repository(site), Readers(site)
    repository.commit("Light the engine", path="engine.c", text="int main(void)\n{\n    ignite();\n    return 0;\n}\n", push="main")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "tim", "--watch", "kate")
    site.metroplex("--once")

    issue = site.thread("tim", title="Engine does not start", body="It says *no fuse*.\n")
    readers.read()
    readers.answer("kate", readers.last("kate", issue), "There is none. I will add one.")
    readers.read()
    readers.answer("tim", readers.last("tim", issue), "Please do.")
    readers.read()

    repository.git("checkout", "-q", "-b", "fuse")
    repository.commit("Add a fuse", path="fuse.c", text="int fuse = 10;\n")
    repository.commit("Ask the fuse first", path="engine.c", text="int main(void)\n{\n    if (fuse > 0)\n        ignite();\n    return 0;\n}\n", push="fuse")
    pull = int(site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "pull", "--base", "main", "--head", "fuse",
                              "--title", "A fuse", "--as", "kate", "-", stdin="As promised in #1.\n"))
    readers.read()
    readers.answer("tim", readers.last("tim", pull), "Is 10 enough?")
    readers.read()
    sha = repository.commit("Make it 16", path="fuse.c", text="int fuse = 16;\n", push="fuse")
    site.metroplex("--once")
    readers.read()

    line = int(site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "commit", "--commit", sha, "--path", "engine.c", "--line", "3",
                              "--title", "Make it 16", "--as", "tim", "-", stdin="What is `fuse` here?\n"))
    readers.read()
    readers.answer("kate", readers.last("kate", line), "It lacks a declaration.")
    readers.read()

    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit("Make it 16, and declare it", path="engine.c", text="extern int fuse;\nint main(void)\n{\n    if (fuse > 0)\n        ignite();\n    return 0;\n}\n", push="fuse")
    site.metroplex("--once")
    readers.read()
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", f"Merge the fuse\n\nFixes #{issue}.", "fuse")
    repository.push("main", ":fuse")
    site.metroplex("--once"), site.metroplex("--once")
    readers.read()

    shown = {t: site.show(t) for t in (issue, pull, line)}
    equal([(s["state"], [e["change"] for e in s["events"]], len(s["comments"])) for s in shown.values()],
          [("closed", ["closed"], 2), ("closed", ["head-pushed", "head-pushed", "merged"], 1), ("open", [], 1)])
    equal([c["body"] for s in shown.values() for c in s["comments"]],
          ["There is none. I will add one.\n", "Please do.\n", "Is 10 enough?\n", "It lacks a declaration.\n"])
    site.metroplex("pages", site.dir + "/pages")
    for thread, whole in shown.items():
        agree(site, thread, whole)
    equal(site.metroplex("fsck", "--json"), "")
    for login, language in (("tim", "en"), ("kate", "fr")):
        same_as_golden(f"{login}.{language}.txt", ("\n" + "=" * 72 + "\n").join(as_text(m) for m in readers.had[login]))
    equal(len(readers.had["tim"]), len([e for s in shown.values() for e in s["events"]]) + 3, "mails of events, and of three texts of kate")


if __name__ == "__main__":
    main()
