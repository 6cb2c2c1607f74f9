#!/usr/bin/env python3
"""metroplex pages: what is written, what one change rewrites, and what stays whole whatever happens."""
import email.message
import email.utils
import fcntl
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from browser import CHROMIUM, browse  # noqa: E402
from harness import METROPLEX, check, contains, equal, main, path_of_id, skip, test, wait_until  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
URL = "https://pages.example.org/threads"
ATOM = "{http://www.w3.org/2005/Atom}"


class Pages:
    """The pages of a site, in a directory beside it."""

    def __init__(self, site, name="pages"):
        self.site, self.dir = site, os.path.join(site.dir, name)
        self.name = name

    def update(self, *options, status=0):
        return self.site.run(METROPLEX, "pages", *options, self.dir, status=status)

    def all(self):
        """Path and octets of each file, but for those that tell how far it is."""
        found = {}
        for folder, folders, names in os.walk(self.dir):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = os.path.join(folder, name)
                if not name.startswith("."):
                    with open(path, "rb") as f:
                        found[os.path.relpath(path, self.dir)] = f.read()
        return found

    def read(self, path):
        with open(os.path.join(self.dir, path), encoding="utf-8") as f:
            return f.read()

    def has(self, path):
        return os.path.exists(os.path.join(self.dir, path))

    def written(self, *options):
        """Which files an update makes, and which it removes."""
        before = self.stamps()
        self.update(*options)
        after = self.stamps()
        return sorted(p for p in after if after[p] != before.get(p)), sorted(before.keys() - after.keys())

    def stamps(self):
        return {path: (lambda s: (s.st_ino, s.st_mtime_ns))(os.stat(os.path.join(self.dir, path))) for path in self.all()}

    def check(self):
        """--check finds nothing, and an update finds what all anew would have made."""
        self.site.run(METROPLEX, "pages", "--check", self.dir)
        fresh = Pages(self.site, "fresh")
        shutil.rmtree(fresh.dir, ignore_errors=True)
        fresh.update()
        ours, theirs = self.all(), fresh.all()
        equal(sorted(ours), sorted(theirs), "files")
        for path in ours:
            if path.endswith("atom.xml"):  # what went out of a feed is not made up for by older comments
                lines = theirs[path].splitlines()
                check(all(line in lines for line in ours[path].splitlines()), f"{path}: an entry is another one than when all is written anew")
            else:
                check(ours[path] == theirs[path], f"{path} is another one than when all is written anew")


def people(site):
    site.user("tim")
    site.user("kate")


def comment(site, thread, text="Have you tried the *fuse*?\n", login="kate"):
    return int(site.metroplex("thread", "comment", str(thread), "--as", login, "-", stdin=text))


def push(site, change, message="by hand"):
    """What somebody pushes: `change` is given a checkout of the tracker."""
    checkout = os.path.join(site.dir, "checkout")
    shutil.rmtree(checkout, ignore_errors=True)
    env = dict(os.environ, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")

    def git(*args):
        done = subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.example", *args], cwd=checkout if os.path.isdir(checkout) else site.dir,
                              capture_output=True, text=True, env=env)
        check(done.returncode == 0, f"git {args}: {done.stderr}")

    git("clone", "-q", os.path.join(site.data, "tracker.git"), checkout)
    change(checkout)
    git("add", "-A")
    git("commit", "-q", "-m", message)
    git("push", "-q", "origin", "HEAD:main")


def record(checkout, thread, name="thread"):
    return os.path.join(checkout, f"threads/{path_of_id(thread)}", name)


def edit(path, *replacements):
    with open(path) as f:
        text = f.read()
    for old, new in replacements:
        check(old in text, f"{old!r} is not in {text!r}")
        text = text.replace(old, new)
    with open(path, "w") as f:
        f.write(text)


@test
def a_comment_rewrites_its_page_and_the_lists_it_is_in(site):
    people(site)
    pages = Pages(site)
    threads = [site.thread("tim", title=f"Question {i}") for i in range(5)]
    site.thread("tim", repository="acme/other")
    pages.update()
    equal(pages.written(), ([], []), "without a change")
    comment(site, threads[1])
    equal(pages.written(), (["r/acme/rocket/" + name for name in ("2.html", "atom.xml", "ids-1.html", "index.html", "opened.html")], []))
    site.metroplex("thread", "subscribe", "3", "kate")
    equal(pages.written(), ([], []), "who is told is no page's business")
    new = site.thread("kate", title="Another")
    equal(pages.written()[0], sorted(["r/acme/rocket/" + name for name in (f"{new}.html", "atom.xml", "ids-1.html", "index.html", "opened.html", "titles.js")]))
    site.thread("kate", repository="new/one")
    contains(pages.written()[0], "index.html")
    contains(pages.read("index.html"), 'href="r/new/one/index.html"')
    pages.check()


@test
def what_became_of_a_thread_stands_between_its_comments(site):
    people(site)
    pages = Pages(site)
    thread = site.thread("tim")
    site.metroplex("thread", "label", str(thread), "bug", "x&y", "--as", "tim")
    comment(site, thread, "First words.\n")
    site.metroplex("thread", "title", str(thread), "<b>Another</b> title", "--as", "kate")
    comment(site, thread, "Last words.\n")
    site.metroplex("thread", "assign", str(thread), "kate", "--as", "tim")
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    pages.update()
    html = pages.read(f"r/acme/rocket/{thread}.html")
    order = ["event-1", "First words", "event-2", "Last words", "event-3", "event-4"]
    equal(order, sorted(order, key=html.index), "in the order of time")
    for text in ("<bdi>bug</bdi>", "<bdi>x&amp;y</bdi>", "<ins><bdi>&lt;b&gt;Another&lt;/b&gt; title</bdi></ins>", "Assigned to <bdi>kate</bdi>"):
        contains(html, text)
    contains(pages.read("r/acme/rocket/index.html"), "<bdi>bug</bdi>")
    site.metroplex("thread", "unlabel", str(thread), "--as", "tim")
    pages.update()
    html = pages.read(f"r/acme/rocket/{thread}.html")
    contains(html, "event-5")
    check("<bdi>bug</bdi>" not in pages.read("r/acme/rocket/index.html"), "it has none any more")
    pages.check()


@test
def what_became_of_a_thread_stands_in_the_feed(site):
    people(site)
    pages = Pages(site)
    thread = site.thread("tim", title="A <b>")

    def entries():
        pages.update()
        feed = xml.etree.ElementTree.fromstring(pages.all()["r/acme/rocket/atom.xml"])
        return [{"id": e.find(ATOM + "id").text, "title": e.find(ATOM + "title").text, "author": e.find(ATOM + "author").find(ATOM + "name").text,
                 "link": e.find(ATOM + "link").get("href"), "content": e.find(ATOM + "content").text} for e in feed.findall(ATOM + "entry")]

    def change(word, *args):
        site.metroplex("thread", word, str(thread), *args, "--as", "kate")
        pages.update()

    change("label", "bug", "x&y")
    change("title", "Another & <i>title</i>")
    change("assign", "tim")
    change("close")
    found = sorted(entries(), key=lambda e: e["link"], reverse=True)  # of one second they have no order of time
    equal([(e["author"], e["link"], e["title"]) for e in found],
          [("kate", f"{thread}.html#event-{n}", f"#{thread} Another & <i>title</i>") for n in (4, 3, 2, 1)] + [("tim", f"{thread}.html#comment-0", f"#{thread} Another & <i>title</i>")])
    for entry, texts in zip(found, (["<bdi>kate</bdi> closed this"], ["<bdi>tim</bdi>"], ["<ins><bdi>Another &amp; &lt;i&gt;title&lt;/i&gt;</bdi></ins>", "<del><bdi>A &lt;b&gt;</bdi></del>"],
                                    ['<span class="label"><bdi>bug</bdi></span> <span class="label"><bdi>x&amp;y</bdi></span>'])):
        for text in texts:
            contains(entry["content"], text)
        check(re.fullmatch(r"tag:git\.example\.org,\d{4}-\d\d-\d\d:acme/rocket/\d+-[0-9a-f]{16}/event-\d-[0-9a-f]{8}", entry["id"]), entry["id"])
    equal(len({e["id"] for e in found}), 5)
    comment(site, thread, "And a word.\n")
    change("reopen")
    equal(sorted(e["link"].split("#")[1] for e in entries()), ["comment-0", "comment-1", "event-1", "event-2", "event-3", "event-4", "event-5"])
    # a title that is purged is gone from there as well, and with the thread all of it
    site.metroplex("thread", "redact", str(thread), "0", "--title", "Nothing", "--purge")
    pages.update()
    check("Another" not in pages.read("r/acme/rocket/atom.xml"), "the purged title")
    pages.check()
    for n in range(60):
        site.metroplex("thread", "label", str(thread), f"l{n % 15}", "--as", "tim") if n % 30 < 15 else site.metroplex("thread", "unlabel", str(thread), f"l{n % 15}", "--as", "tim")
    equal(len(entries()), 50)
    pages.check()


@test
def an_update_is_what_all_anew_would_be(site):
    people(site)
    pages, chance = Pages(site), random.Random(os.environ.get("SEED", "16"))
    site.metroplex("repository", "set", "acme/secret", "--pages", "off")
    repositories = ["acme/rocket", "acme/other", "acme/secret"]
    threads = []

    def step():
        what = chance.choice(["open", "open", "comment", "comment", "comment", "close", "reopen", "lock", "unlock"])
        if what == "open" or not threads:
            threads.append(site.thread("tim", title=f"Title {len(threads)} <b>&amp;", repository=chance.choice(repositories)))
        elif what == "comment":
            comment(site, chance.choice(threads), chance.choice(["*a*\n", "[x](https://e.example/?a=1&b=2)\n", "```\n</pre>\n```\n"]))
        else:
            site.run(METROPLEX, "thread", what, str(chance.choice(threads)), "--as", "tim", status=None)

    for _ in range(8):
        for _ in range(chance.randint(1, 6)):
            step()
        pages.update()
        pages.check()
    check(not pages.has("r/acme/secret"), "what is off has pages")


@test
def what_is_gone_from_the_tracker_is_gone_from_the_pages(site):
    people(site)
    pages = Pages(site)
    for i in range(4):
        site.thread("tim", title=f"Canary title {i}", body=f"Canary body {i}\n")
    comment(site, 2, "canary comment\n")
    pages.update()

    def redact(checkout):
        edit(record(checkout, 1), ("Canary title 0", "Redacted"))
        edit(record(checkout, 1, "comments/0/comment.md"), ("Canary body 0", "(redacted)"))
        shutil.rmtree(record(checkout, 2, "comments/1"))
        shutil.rmtree(os.path.dirname(record(checkout, 3)))
        edit(record(checkout, 4), ("acme/rocket", "acme/moved"))

    push(site, redact)
    equal(pages.written()[1], ["r/acme/rocket/3.html", "r/acme/rocket/4.html"], "removed")
    everything = b"".join(pages.all().values())
    for gone in (b"Canary title 0", b"Canary body 0", b"canary comment", b"Canary title 2", b"Canary body 2"):
        check(gone not in everything, f"{gone} is still there")
    check(pages.has("r/acme/moved/4.html"), "a thread that moved has no page")
    pages.check()


@test
def a_repository_that_is_switched_off_leaves_nothing_behind(site):
    people(site)
    pages = Pages(site)
    site.thread("tim", title="Canary")
    site.thread("tim", repository="acme/other")
    pages.update()
    site.metroplex("repository", "set", "acme/rocket", "--pages", "off")
    contains(site.metroplex("repository", "show", "acme/rocket"), "pages    off")
    pages.update()
    check(not pages.has("r/acme/rocket"), "its pages are there")
    check(b"Canary" not in b"".join(pages.all().values()) and "acme/rocket" not in pages.read("index.html"), "it is named")
    pages.check()
    site.metroplex("repository", "set", "acme/rocket", "--pages", "on")
    pages.update()
    check(pages.has("r/acme/rocket/1.html"), "it did not come back")
    pages.check()


@test
def where_a_first_mail_goes_stands_on_each_page(site):
    people(site)
    thread = site.thread("tim")
    other = site.thread("tim", repository="acme/engine")
    pages = Pages(site)
    pages.update()
    places = [f"r/acme/rocket/{name}" for name in (f"{thread}.html", "index.html", "opened.html")]
    check(not any("mailto:" in pages.read(path) for path in places), "nowhere to write to")
    site.set_config("address", authserv_id="mx.example.org")
    for address, says in (("", "acme%2Frocket@reply.git.example.org\">acme/rocket@"), ("rocket", "rocket@reply.git.example.org\">rocket@")):
        site.metroplex("repository", "set", "acme/rocket", "--open", "members", "--address", address)
        pages.update()
        for path in places:
            equal(pages.read(path).count("mailto:" + says), 1, path)
        check("mailto:" not in pages.read(f"r/acme/engine/{other}.html"), "another repository's")
        pages.check()
    site.metroplex("repository", "set", "acme/rocket", "--open", "off")
    pages.update()
    check(not any("mailto:" in pages.read(path) for path in places), "nowhere any more")
    equal(pages.written()[0], [], "and then nothing is to do")


@test
def what_is_hidden_stays_and_stops_nothing(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    site.thread("tim", repository="acme/other")
    pages.update()
    hidden = os.path.join(pages.dir, "r/acme/rocket/.htaccess")
    with open(hidden, "w") as f:
        f.write("Require all granted\n")
    site.metroplex("repository", "set", "acme/rocket", "--pages", "off")
    pages.update()
    pages.update("--all")
    equal(os.listdir(os.path.dirname(hidden)), [".htaccess"])
    pages.check()


@test
def a_repository_whose_policy_was_damaged_is_switched_off_and_on(site):
    people(site)
    pages = Pages(site)
    site.thread("tim", title="Canary")
    site.metroplex("repository", "set", "acme/rocket", "--reply", "members")
    pages.update()

    def policy(text):
        def write(checkout):
            with open(os.path.join(checkout, "repositories/acme/rocket"), "w") as f:
                f.write(text)
        push(site, write)
        return pages.update()

    policy("damaged")
    policy("[repository]\nreply=on\npages=off\n")
    check(not pages.has("r/acme/rocket"), "its pages are there")
    pages.check()
    policy("damaged")
    comment(site, 1)
    contains(pages.update().stderr, "thread 1 has no new page")
    policy("[repository]\nreply=on\n")
    contains(pages.read("r/acme/rocket/1.html"), 'id="comment-1"')
    pages.check()


@test
def a_long_thread_has_a_page_for_each_hundred_comments(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    for _ in range(98):
        comment(site, 1, "a\n")
    pages.update()
    comment(site, 1, "the hundredth\n")
    contains(pages.written()[0], "r/acme/rocket/1.html")
    comment(site, 1, "first of the second page\n")
    written = pages.written()[0]
    check("r/acme/rocket/1-100.html" in written and "r/acme/rocket/1.html" in written, f"{written}")
    contains(pages.read("r/acme/rocket/1.html"), '<span>1–99</span>\n<a href="1-100.html">Newer comments</a>')
    contains(pages.read("r/acme/rocket/1-100.html"), "<span>100–100</span>")
    contains(pages.read("r/acme/rocket/1-100.html"), "<title>Rocket does not start (100–199) · acme/rocket #1</title>")
    contains(pages.read("r/acme/rocket/1-100.html"), 'id="comment-100"')
    check('id="comment-100"' not in pages.read("r/acme/rocket/1.html"), "it stands on two pages")
    comment(site, 1, "another\n")
    check("r/acme/rocket/1.html" not in pages.written()[0], "a comment rewrote an earlier page")
    contains(pages.read("r/acme/rocket/index.html"), 'href="1-100.html#comment-101"')
    pages.check()
    push(site, lambda checkout: shutil.rmtree(record(checkout, 1, "comments/100-199")))
    equal(pages.written()[1], ["r/acme/rocket/1-100.html"])
    pages.check()


@test
def lists_have_a_hundred_and_are_filled_again(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")

    def many(checkout):
        """Threads 2 to 230, each a second younger than the one before."""
        for i in range(1, 231):
            to = os.path.join(checkout, f"threads/{path_of_id(i)}")
            if i > 1:
                shutil.copytree(os.path.dirname(record(checkout, 1)), to)
            with open(os.path.join(to, "comments/0/mail")) as f:
                date = re.search("date=(.*)", f.read())[1]
            edit(os.path.join(to, "comments/0/mail"), (date, f"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z"))
            edit(os.path.join(to, "thread"), ("title=", f"title={i} "))

    push(site, many)
    pages.update()
    rows = re.findall(r'<tr id="t(\d+)"', pages.read("r/acme/rocket/index.html"))
    equal([int(row) for row in rows], list(range(230, 130, -1)), "last active")
    comment(site, 1)
    pages.update()
    equal(re.findall(r'<tr id="t(\d+)"', pages.read("r/acme/rocket/index.html"))[:2], ["1", "230"], "last active")
    equal(re.findall(r'<li id="ids-(\d+)"', pages.read("r/acme/rocket/archive.html")), ["1", "101", "201"], "ranges")
    push(site, lambda checkout: shutil.rmtree(os.path.join(checkout, "threads/000/0/0/2/3/0")))
    pages.update()
    equal(len(re.findall(r'<tr id="t(\d+)"', pages.read("r/acme/rocket/opened.html"))), 100, "last opened")
    pages.check()


@test
def a_thread_that_is_damaged_keeps_its_page_and_stops_no_other(site):
    people(site)
    pages = Pages(site)
    site.thread("tim", title="Whole")
    site.thread("tim", title="Other")
    pages.update()

    def damage(checkout):
        edit(record(checkout, 1), ("state=open", "state=ajar"))
        edit(record(checkout, 2), ("Other", "Changed"))

    push(site, damage)
    contains(pages.update().stderr, "thread 1 has no new page")
    contains(pages.read("r/acme/rocket/1.html"), "Whole")
    contains(pages.read("r/acme/rocket/2.html"), "Changed")


@test
def notifications_link_to_pages(site):
    people(site)
    site.set_config("pages", url=URL + "/", directory=os.path.join(site.dir, "pages"))
    pages = Pages(site)
    site.thread("tim", body="@kate?\n")
    site.thread("tim", kind="commit", object="4b825dc642cb6eb9a060e54bf8d69288fbee4904", body="@kate?\n", repository="acme/off")
    comment(site, 1)
    site.metroplex("repository", "set", "acme/off", "--pages", "off")
    site.notifier("--once")
    links = [re.findall(r"https?://\S+", message.get_body(("plain",)).get_content()) for message in site.sent()]
    equal(sorted(sum(links, [])), [URL + "/r/acme/rocket/1.html", URL + "/r/acme/rocket/1.html#comment-1"])
    site.metroplex("pages")
    contains(site.metroplex("pages", "--check"), "those of 1 notification (0 lead elsewhere): 0 faults")
    contains(pages.read("r/acme/rocket/atom.xml"), f'<link rel="self" type="application/atom+xml" href="{URL}/r/acme/rocket/atom.xml"/>')
    site.metroplex("repository", "set", "acme/rocket", "--link", "https://elsewhere.example/{number}")
    contains(site.metroplex("pages", "--check"), "(1 leads elsewhere)")
    site.set_config("pages", url="https://pages.example.org/{number}")
    contains(site.run(METROPLEX, "pages", status=78).stderr, "[pages] url")


@test
def a_link_that_somebody_wrote_is_no_fault_of_the_pages(site):
    people(site)
    site.set_config("pages", url=URL, directory=os.path.join(site.dir, "pages"))
    pages = Pages(site)
    site.thread("tim", body=f"[x]({URL}/nowhere.html) and [y]({URL}/r/acme/rocket/1.html#comment-9), {URL}/ and [a]: <b href=\"z\">\n")
    site.metroplex("pages")
    equal(pages.read("r/acme/rocket/1.html").count(f'href="{URL}'), 3, "links")
    contains(site.metroplex("pages", "--check"), ": 0 faults")
    edit(os.path.join(pages.dir, "r/acme/rocket/1.html"), ('<a href="#comment-0"', '<a href="#comment-1"'))
    contains(site.run(METROPLEX, "pages", "--check", status=65).stdout, "#comment-1 leads nowhere")


@test
def a_feed_is_atom_with_one_entry_a_comment(site):
    people(site)
    pages = Pages(site)
    site.thread("tim", title="A & B <c>", body="**bold** & <i>\u202e `]]>`\n")
    comment(site, 1, "second\n")
    pages.update()
    feed = xml.etree.ElementTree.fromstring(pages.all()["r/acme/rocket/atom.xml"])
    entries = feed.findall(ATOM + "entry")
    equal([entry.find(ATOM + "author").find(ATOM + "name").text for entry in entries], ["kate", "tim"])
    equal([entry.find(ATOM + "link").get("href") for entry in entries], ["1.html#comment-1", "1.html#comment-0"])
    contains(entries[1].find(ATOM + "content").text, "<strong>bold</strong> &amp; &lt;i&gt;\\u{202E} <code>]]&gt;</code>")
    ids = [entry.find(ATOM + "id").text for entry in entries]
    check(len(set(ids)) == 2 and all(re.fullmatch(r"tag:git\.example\.org,\d{4}-\d\d-\d\d:acme/rocket/1-[0-9a-f]{16}/\d-[0-9a-f]{8}", i) for i in ids), f"{ids}")
    equal([link.get("rel") for link in feed.findall(ATOM + "link")], ["alternate"], "a self link needs a URL")


def with_attachments(site, *attached, text="Here.\n"):
    """A comment by mail with files: (name, type, octets)."""
    message = email.message.EmailMessage()
    to = site.address(1, "kate")
    message["From"], message["To"], message["Subject"], message["Message-ID"] = "kate@example.org", to, "Re", f"<{len(site.success)}@mail.example.org>"
    message["Date"] = email.utils.formatdate()
    message.set_content(text)
    for name, kind, octets in attached:
        message.add_attachment(octets, *kind.split("/"), filename=name)
    site.deliver(f"Return-Path: <kate@example.org>\nX-Original-To: {to}\nDelivered-To: {to}\n".encode() + bytes(message))
    site.metroplex("--once")
    equal(site.failure, [], "refused")


@test
def attachments_have_names_of_ours(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    pages.update()
    with_attachments(site, ("photo.png", "image/png", PNG), ("photo.png", "image/png", b"<script>alert(1)</script>"),
                     ("x.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
                     ("page.log", "text/plain", b"<!doctype html><script>alert(1)</script>"), ("..\\..\\\u202egpj.exe", "application/zip", b"PK\3\4"))
    written = [path for path in pages.written()[0] if "/a/" in path]
    equal(written, ["r/acme/rocket/a/1/1-1.png"] + [f"r/acme/rocket/a/1/1-{i}.bin" for i in (2, 3, 4, 5)])
    equal(pages.all()["r/acme/rocket/a/1/1-1.png"], PNG)
    page = pages.read("r/acme/rocket/1.html")
    contains(page, '<img src="a/1/1-1.png" alt="photo.png" loading="lazy">')
    equal(page.count("<img"), 1, "pictures")
    for saved in re.findall(r'download="([^"]*)"', page):
        check(not re.search(r"^\.|[/\\\u202e]", saved), f"{saved!r} is no name to save under")
    with_attachments(site, ("inline.png", "image/png", PNG), text="See ![it](attachments/1.png) and ![that](attachments/2.png).\n")
    pages.update()
    inline = pages.read("r/acme/rocket/1.html").split('id="comment-2"')[1]
    contains(inline, '<img src="a/1/2-1.png" alt="it" loading="lazy">')
    equal(inline.count("<img"), 1, "pictures of the second comment, where the text has it")
    check("Attached: " not in page + inline, "attachments are named twice")
    comment(site, 1)
    equal([path for path in pages.written()[0] if "/a/" in path], [], "written again")
    equal(pages.read("r/acme/rocket/1.html").count("<img"), 2, "pictures")
    comment(site, 1, "Attached: [no](attachments/1.png) (1 kB)\n\nAttached: [neither](attachments/1.png) (2 kB)\n")
    pages.update()
    contains(pages.read("r/acme/rocket/1.html"), "Attached: no (1 kB)")
    contains(pages.read("r/acme/rocket/1.html"), "Attached: neither (2 kB)")
    pages.check()
    push(site, lambda checkout: shutil.rmtree(record(checkout, 1, "comments/1")) or os.rename(record(checkout, 1, "comments/3"), record(checkout, 1, "comments/1")))
    equal(sorted(path for path in pages.written()[1] if "/a/" in path), written, "removed")


@test
def an_attachment_that_is_no_picture_any_more_has_another_name(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    with_attachments(site, ("photo.png", "image/png", PNG))

    def write(octets):
        def change(checkout):
            with open(record(checkout, 1, "comments/1/attachments/1.png"), "wb") as f:
                f.write(octets)
        push(site, change)

    pages.update()
    for options, octets, ending in (([], b"<script>", "bin"), ([], PNG, "png"), (["--all"], b"<script>", "bin"), (["--all"], PNG, "png")):
        write(octets)
        pages.update(*options)
        equal([path for path in pages.all() if "/a/" in path], [f"r/acme/rocket/a/1/1-1.{ending}"], f"{options}")
        contains(pages.read("r/acme/rocket/1.html"), f'href="a/1/1-1.{ending}"')
        pages.check()


@test
def languages_are_the_installations(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    pages.update()
    contains(pages.read("r/acme/rocket/1.html"), '<html lang="en">')
    site.set_config("instance", language="fr")
    pages.update()
    contains(pages.read("r/acme/rocket/1.html"), '<html lang="fr">')
    contains(pages.read("r/acme/rocket/1.html"), "Comment répondre")
    pages.check()


@test
def a_comment_is_dressed_for_a_page(site):
    people(site)
    pages = Pages(site)
    site.thread("tim", body="# One\n\n## Two\n\n#### Four\n\n| a | b |\n|---|--:|\n| c | d |\n\n```\n<h1> <pre>\n```\n\n[x](https://e.example/)\n\n- [x] done\n")
    pages.update()
    page = pages.read("r/acme/rocket/1.html")
    for part in (">One</h3>", ">Two</h4>", ">Four</h6>", '<div class="wide" tabindex="0"><table', 'class="right">d</td>', 'tabindex="0"><code>&lt;h1&gt; &lt;pre&gt;\n',
                 'rel="nofollow ugc noopener noreferrer"', '<li class="task">'):
        contains(page, part)


def a_page_fits_a_telephone_and_its_code_can_be_read(site):
    """No sidewards scrolling at 320 pixels (WCAG 2.2, 1.4.10), or with letters of twice their size (1.4.4); code is as large in a block as in a line."""
    people(site)
    pages = Pages(site)
    site.thread("tim", title="A_very_long_word_" * 8, body="`in line`\n\n```\n" + "a block " * 40 + "\n```\n\n" + "| a |" * 20 + "\n" + "|---|" * 20 + "\n\n" + "f" * 200 + "\n")
    comment(site, 1)
    pages.update()
    style = pages.read("style.css")
    fits = "document.documentElement.scrollWidth<=innerWidth"
    sizes = "...[...document.querySelectorAll('p>code,pre>code')].map(e=>getComputedStyle(e).fontSize)"
    for path in ("index.html", "r/acme/rocket/index.html", "r/acme/rocket/1.html"):
        page = re.sub(r'<meta http-equiv="Content-Sec[^>]*>|<script.*?</script>', "", pages.read(path))
        for width, zoomed, size in ((320, "", "14px"), (640, "html{font-size:200%}", "28px")):
            dressed = re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: f"<style>{style}{zoomed}</style>", page)
            found = browse(site.dir, dressed, f"[{fits},{sizes}]", width).split(",")
            equal(found, ["true"] + ([size, size] if path.endswith("/1.html") else []), f"{path} {zoomed}")


(test if CHROMIUM else skip)(a_page_fits_a_telephone_and_its_code_can_be_read)


@test
def what_a_comment_names_leads_to_its_page(site):
    people(site)
    pages = Pages(site)
    whole, own, short = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98", "fedcba98"
    site.thread("tim")
    site.thread("tim", repository="acme/booster")
    site.thread("tim", repository="acme/secret")
    site.metroplex("repository", "set", "acme/secret", "--pages", "off")
    site.metroplex("repository", "set", "acme/rocket", "--link", "https://git.example.org/{repository}/{kind}/{number}")
    site.thread("tim", kind="commit", object=own)
    comment(site, 1, f"#1 acme/booster#2 acme/rocket#1 acme/rocket#2 acme/secret#3 acme/none#1 #2 #5 @kate {whole} {own[:12]} `#1` https://a.example/#1\n")
    comment(site, 4, f"{short} and 0000000f\n")

    def links(thread):
        return re.findall(r'rel="nofollow ugc[^>]* href="([^"]*)">', pages.read(f"r/acme/rocket/{thread}.html"))

    pages.update()
    expected = ["1.html", "../../acme/booster/2.html", "1.html", f"https://git.example.org/acme/rocket/commit/{whole}", "https://a.example/#1"]
    equal(links(1), expected)
    equal(links(4), [f"https://git.example.org/acme/rocket/commit/{own}"])
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now)  # what was named before it was there leads nowhere; dates have seconds
    site.thread("tim", body="#4 and #6\n")
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now)
    site.thread("tim", body="#5\n")
    comment(site, 1, "#5 by now\n")
    pages.update()
    equal(links(1), [*expected, "5.html"])
    equal(links(5), ["4.html"])
    before = pages.all()
    pages.update("--all")
    equal(sorted(path for path, text in pages.all().items() if before.get(path) != text), [], "anew")
    site.metroplex("repository", "set", "acme/rocket", "--link", "https://elsewhere.example/{repository}/{kind}/{number}")
    pages.update()
    equal(links(4), [f"https://elsewhere.example/acme/rocket/commit/{own}"])
    pages.check()
    site.metroplex("repository", "set", "acme/booster", "--pages", "off")
    pages.update()
    check("../../acme/booster/2.html" not in links(1), "it leads to a page that is gone")
    pages.check()


@test
def a_second_run_leaves_the_first_alone(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    pages.update()
    comment(site, 1)
    with open(os.path.join(pages.dir, ".lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        contains(pages.update().stderr, "another run is at work")
        equal(site.run(METROPLEX, "thread", "comment", "1", "--as", "tim", "-", stdin="not held up\n").stdout, "2\n")
    equal(len(pages.written()[0]), 5)


@test
def pages_follow_the_tracker_for_a_while(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    pages.update()
    run = subprocess.Popen([METROPLEX, "pages", "--config", site.config, "--for", "600", pages.dir], stdout=subprocess.PIPE, text=True)
    try:
        for text in ("followed once", "followed twice"):
            comment(site, 1, text + "\n")
            wait_until(lambda: text in pages.read("r/acme/rocket/1.html"))
        run.terminate()
        contains(run.communicate(timeout=60)[0], "5 files")
        equal(run.returncode, 0, "status")
    finally:
        run.kill()


@test
def a_disk_that_is_nearly_full_is_left_to_mail(site):
    people(site)
    site.thread("tim")
    pages = Pages(site)
    os.makedirs(pages.dir)
    enter = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    script = 'mount -t tmpfs -o size="$1" none "$2" || exit 99; shift 2; "$@"; status=$?; find "$0" -type f ! -name .lock; exit $status'

    def on_a_disk_of(size):
        return subprocess.run([*enter, "sh", "-c", script, pages.dir, size, pages.dir, METROPLEX, "pages", "--config", site.config, pages.dir],
                              capture_output=True, text=True)

    full, empty = on_a_disk_of("20m"), on_a_disk_of("64m")
    if 99 in (full.returncode, empty.returncode) or "unshare" in full.stderr:
        return  # no disk of one's own can be had here
    equal(full.returncode, 75, f"status: {full.stderr}")
    contains(full.stderr, "too little room on the disk: 32 MiB stay free for mail")
    equal([line for line in full.stdout.splitlines() if not line.endswith("/.built")], [], "files")
    equal(empty.returncode, 0, f"status: {empty.stderr}")


@test
def where_nothing_can_be_written_is_told_with_the_directory(site):
    people(site)
    site.thread("tim")
    disk = os.path.join(site.dir, "disk")
    os.makedirs(disk)
    enter = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    script = 'mount -t tmpfs -o size=64k none "$0" || exit 99; head -c 65536 /dev/zero >"$0/fill" 2>/dev/null; exec "$@"'
    done = subprocess.run([*enter, "sh", "-c", script, disk, METROPLEX, "pages", "--config", site.config, os.path.join(disk, "pages")],
                          capture_output=True, text=True)
    if done.returncode == 99 or "unshare" in done.stderr:
        return  # no disk of one's own can be had here
    equal((done.returncode, done.stdout), (75, ""), f"status: {done.stderr}")
    contains(done.stderr, f"metroplex: {disk}/pages: .built.tmp: cannot write: No space left on device\n")


@test
def nothing_of_others_is_touched(site):
    people(site)
    site.thread("tim")
    pages = Pages(site)
    os.makedirs(pages.dir)
    with open(os.path.join(pages.dir, "index.php"), "w") as f:
        f.write("mine")
    contains(pages.update(status=78).stderr, "has files that are no pages of ours")
    equal(list(pages.all()), ["index.php"])
    for place in (site.data, os.path.join(site.data, "pages"), site.dir):
        contains(site.run(METROPLEX, "pages", place, status=78).stderr, "outside of the data directory")
    shutil.rmtree(pages.dir)
    os.makedirs(os.path.join(site.data, "published"))
    os.symlink(os.path.join(site.data, "published"), pages.dir)
    contains(pages.update(status=78).stderr, "outside of the data directory")
    contains(site.run(METROPLEX, "pages", os.path.join(pages.dir, "below"), status=78).stderr, "outside of the data directory")
    equal(os.listdir(os.path.join(site.data, "published")), [], "published")


@test
def nothing_behind_a_symbolic_link_is_touched(site):
    """Neither read as a list, nor written, nor swept away."""
    people(site)
    pages = Pages(site)
    site.thread("tim")
    pages.update()
    aside = os.path.join(site.dir, "aside")
    os.makedirs(os.path.join(aside, "away"))
    for name in ("away/index.html", "7"):
        with open(os.path.join(aside, name), "w") as f:
            f.write("not ours")
    os.symlink(aside, os.path.join(pages.dir, "r/other"))
    os.makedirs(os.path.join(pages.dir, "r/acme/rocket/a"))
    os.symlink(aside, os.path.join(pages.dir, "r/acme/rocket/a/9"))
    pages.update("--all")
    check("other/away" not in pages.read("index.html"), "it is listed")
    for place in ("r/acme/rocket/a/1", "r/acme/rocket/a", "r/acme/rocket", "r/acme", "r", ".new"):
        path = os.path.join(pages.dir, place)
        if os.path.isdir(path):
            shutil.move(path, path + "-moved")
        os.symlink(aside, path)
        with_attachments(site, ("x.png", "image/png", PNG))
        for option in ([], ["--all"]):
            contains(pages.update(*option, status=78).stderr, f"{place} is a symbolic link")
        os.remove(path)
        if os.path.isdir(path + "-moved"):
            shutil.move(path + "-moved", path)
    equal(sorted(os.listdir(aside)), ["7", "away"])
    equal(os.listdir(os.path.join(aside, "away")), ["index.html"])
    pages.update()
    os.remove(os.path.join(pages.dir, "r/other"))
    os.remove(os.path.join(pages.dir, "r/acme/rocket/a/9"))
    pages.check()


@test
def all_anew_removes_what_nobody_needs(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    pages.update()
    with_attachments(site, ("photo.png", "image/png", PNG))
    pages.update()
    ours = pages.all()
    for path in ("r/acme/rocket/99.html", "r/acme/rocket/1-100.html", "r/acme/rocket/01.html", "r/acme/rocket/ids-101.html", "r/acme/rocket/ids-01.html", "r/acme/rocket/-1.html",
                 "r/acme/rocket/18446744073709551617.html", "r/acme/rocket/4294967297.html", "r/acme/rocket/a/7/1-1.bin", "r/acme/rocket/a/1/1-2.png", "r/acme/rocket/a/1/1-1.bin",
                 "r/acme/rocket/a/x/1-1.bin", "r/acme/rocket/x", "r/gone/away/index.html", ".new/7"):
        os.makedirs(os.path.dirname(os.path.join(pages.dir, path)), exist_ok=True)
        with open(os.path.join(pages.dir, path), "w") as f:
            f.write("old")
    done = site.run(METROPLEX, "pages", "--check", pages.dir, status=None)
    pages.update("--all")
    equal(os.listdir(os.path.join(pages.dir, ".new")), [])
    equal(sorted(pages.all()), sorted(ours))
    equal(pages.all(), ours)
    pages.check()
    with open(os.path.join(pages.dir, "r/acme/rocket/evil.php"), "w") as f:
        f.write("<?php")
    edit(os.path.join(pages.dir, "r/acme/rocket/index.html"), ('href="1.html"', 'href="2.html"'))
    done = site.run(METROPLEX, "pages", "--check", pages.dir, status=65).stdout
    contains(done, "r/acme/rocket/evil.php: is no page of ours")
    contains(done, "r/acme/rocket/index.html: 2.html leads nowhere")


def multiply(site, first, last):
    """Threads `first` to `last` that are like the first one, in one commit, as quick as Git does it."""
    comments, record = site.git("rev-parse", "main:threads/000/0/0/0/0/1/comments").strip(), site.git("show", "main:threads/000/0/0/0/0/1/thread")
    lines = ["commit refs/heads/main\ncommitter A <a@b.example> 1700000000 +0000\ndata 0\nfrom refs/heads/main^0\n"]
    for i in range(first, last + 1):
        path, text = f"threads/{path_of_id(i)}", record.replace("title=", f"title={i} ")
        lines.append(f"M 040000 {comments} {path}/comments\nM 100644 inline {path}/thread\ndata {len(text)}\n{text}\nM 100644 inline {path}/comments/0/comment.md\ndata {len(str(i))}\n{i}\n")
    done = subprocess.run(["git", "-C", os.path.join(site.data, "tracker.git"), "fast-import", "--quiet"], input="".join(lines), capture_output=True, text=True)
    equal(done.returncode, 0, done.stderr)


@test
def a_large_tracker_takes_little_memory(site):
    """All of it written, and written anew with what is left over removed; the heap of a hundred threads is some 4 MiB."""
    people(site)
    pages = Pages(site)
    site.thread("tim")
    multiply(site, 2, 10000)
    for options in ([], ["--all"]):
        done = subprocess.run(["prlimit", f"--data={12 * 1024 * 1024}", METROPLEX, "pages", "--config", site.config, *options, pages.dir], capture_output=True, text=True)
        equal(done.returncode, 0, done.stderr)
    check(pages.has("r/acme/rocket/10000.html"), "no page")


@test
def a_list_that_somebody_removed_is_made_again(site):
    people(site)
    pages = Pages(site)
    for _ in range(3):
        site.thread("tim")
    pages.update()
    for name in ("index.html", "ids-1.html", "atom.xml"):
        os.remove(os.path.join(pages.dir, "r/acme/rocket", name))
        comment(site, 1)
        contains(pages.update().stderr, "lists are missing: all pages are written anew")
        pages.check()


@test
def pages_that_somebody_removed_are_made_again(site):
    """All but what is hidden, as rm -r pages/* does; and those of one repository."""
    people(site)
    pages = Pages(site)
    for _ in range(2):
        site.thread("tim")
    pages.update()
    for name in os.listdir(pages.dir):
        path = os.path.join(pages.dir, name)
        if not name.startswith("."):
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    contains(pages.update().stdout, "all anew")
    pages.check()
    shutil.rmtree(os.path.join(pages.dir, "r/acme/rocket"))
    comment(site, 1)
    contains(pages.update().stderr, "lists are missing: all pages are written anew")
    pages.check()
    site.thread("tim", repository="acme/other")
    equal(pages.update().stderr, "", "a repository that is new")


@test
def a_tracker_that_was_set_back_is_followed(site):
    people(site)
    pages = Pages(site)
    site.thread("tim")
    old = site.git("rev-parse", "main").strip()
    comment(site, 1, "canary\n")
    pages.update()
    site.git("update-ref", "refs/heads/main", old)
    pages.update()
    check(b"canary" not in b"".join(pages.all().values()), "what was taken back is still there")
    pages.check()
    comment(site, 1, "again\n")
    pages.update()
    gone = site.git("rev-parse", "main").strip()
    site.git("update-ref", "refs/heads/main", old)
    site.git("reflog", "expire", "--expire=now", "--all")
    site.git("gc", "-q", "--prune=now")
    check(subprocess.run(["git", "-C", os.path.join(site.data, "tracker.git"), "cat-file", "-e", gone], capture_output=True).returncode != 0, "the commit is still there")
    contains(pages.update().stdout, "all anew")
    pages.check()


main()
