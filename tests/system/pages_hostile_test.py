#!/usr/bin/env python3
"""Pages of what hostile people wrote, and of an installation with something to hide.

Bodies, titles, what was cut, names, types and contents of files come from tests/lib/hostile.py, pushed into
the tracker, so that no gate of mail stands before them.
"""
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, TOP, check, contains, equal, main, skip, test  # noqa: E402
import hostile  # noqa: E402

LINK = re.compile(r"(https?://|mailto:|\.\./\.\./\.\./(index\.html|style\.css|search\.js)$|(\.\./\.\./[\w.-]+/[\w.-]+/)?[a-z0-9-]+\.(html|xml|js)(#[a-z0-9-]+)?$|#[a-z0-9-]+$|style\.css$|data:,$|"
                  r"r/[\w.-]+/[\w.-]+/index\.html$|a/\d+/\d+-\d+\.(png|jpg|gif|webp|bin)$)", re.I)
VOID = {"meta", "link", "br", "hr", "img", "input"}
OURS = VOID - {"input"} | set("html head title body a nav ol ul li main h1 h2 h3 h4 h5 h6 p span code pre article header div details summary section table thead tbody tr th td "
                              "bdi time small em strong del ins blockquote script b i s u".split())
ATTRIBUTES = set("lang charset http-equiv content name rel href type title class id aria-label aria-labelledby aria-current role datetime dir tabindex src alt loading download "
                 "start data-at data-label data-none hidden defer style colspan".split())


class Page(html.parser.HTMLParser):
    """Every tag is one of ours, closed in the order it was opened; every link leads where one may."""

    def __init__(self, name, text):
        super().__init__()
        self.name, self.open, self.articles, self.wrong, self.outside, self.said = name, [], [], [], [], ""
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append(f"{self.open} stays open")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in OURS:
            self.wrong.append(f"<{tag}>")
        if tag == "script" and not (self.open == ["html", "head"] and values.get("src") in ("../../../search.js", "titles.js")):
            self.wrong.append(f"a script: {attributes}")
        if tag == "article":
            self.articles.append(values.get("id"))
            if self.open != ["html", "body", "main"]:
                self.wrong.append(f"{values.get('id')} stands in {self.open}")
        for name, value in attributes:
            if name not in ATTRIBUTES or name == "style" and re.search("url|expression|position|@", value):
                self.wrong.append(f"{tag} {name}={value!r}")
            if name in ("href", "src") and not LINK.match(value or ""):
                self.wrong.append(f"{tag} leads to {value!r}")
            if name == "src" and tag == "img" and not re.fullmatch(r"a/\d+/\d+-\d+\.(png|jpg|gif|webp)", value):
                self.wrong.append(f"a picture of {value!r}")
        if tag == "a" and re.match("https?:", values.get("href", "")) and not {"nofollow", "ugc", "noopener"} <= set(values.get("rel", "").split()):
            self.wrong.append(f"a link of ours: {attributes}")
        self.said = values.get("aria-label", "") if tag == "a" else self.said + values.get("alt", "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> ends another element")
        if tag == "a" and not any(unicodedata.category(c)[0] not in "CZ" for c in self.said):
            self.wrong.append(f"a link says nothing: {self.said!r}")

    def handle_data(self, data):
        self.said += data
        if "article" not in self.open:
            self.outside.append(data)

    def handle_comment(self, data):
        self.wrong.append(f"a comment: {data!r}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def files_of(directory):
    return {os.path.relpath(os.path.join(folder, name), directory): os.path.join(folder, name) for folder, _, names in os.walk(directory) for name in names}


@test
def what_hostile_people_wrote_is_text(site):
    site.user("tim")
    hostile.change(site, site.thread("tim"))
    threads = hostile.everything()
    check(len(hostile.TEXTS) * 3 + len(hostile.FILES) * 3 >= 150, "the corpus is small")
    hostile.plant(site, threads)
    directory = os.path.join(site.dir, "pages")
    done = site.run(METROPLEX, "pages", directory)
    check("no new page" not in done.stderr, done.stderr)
    site.run(METROPLEX, "pages", "--check", directory)
    files = files_of(directory)
    equal(len([path for path in files if re.fullmatch(r"r/acme/rocket/\d+\.html", path)]), len(threads) + 1, "pages")
    wrong = []
    for path, where in files.items():
        if path.endswith(".html"):
            text = read(where)
            page = Page(path, text)
            wrong += [f"{path}: {line}" for line in page.wrong[:3]]
            if re.fullmatch(r"r/acme/rocket/\d+\.html", path) and page.articles != ["comment-0"]:
                wrong.append(f"{path}: articles are {page.articles}")
            if re.fullmatch(r"r/acme/rocket/\d+\.html", path) and "How to answer" not in page.outside:
                wrong.append(f"{path}: the end of the page stands in a comment")
            wrong += [f"{path}: U+{ord(c):04X}" for c in set(text) if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
                      or unicodedata.category(c) == "Cc" and c not in "\n\t" or ord(c) & 0xfffe == 0xfffe]
    equal(wrong[:20], [], "pages")
    xml.etree.ElementTree.parse(files["r/acme/rocket/atom.xml"])
    titles = read(files["r/acme/rocket/titles.js"])
    contains(titles, "metroplexTitles([\n")
    equal(len(json.loads(titles[len("metroplexTitles("):-len(");\n")].replace(",\n]", "]"))), len(threads) + 1, "titles")
    check("<" not in titles, "titles.js has a bracket")
    check(all(re.search(r"\S", title) for _, title in json.loads(titles[len("metroplexTitles("):-len(");\n")].replace(",\n]", "]"))), "a title says nothing")
    equal(sorted(path for path in files if "/a/" in path),
          sorted(f"r/acme/rocket/a/{len(threads) + 1}/0-{n}." + ("gif" if octets.startswith("GIF89a") else "bin") for n, (_, _, octets) in enumerate(hostile.FILES, 1)))


STRICT = """
import html5lib, sys
for path in sys.stdin.read().split("\\n"):
    parser = html5lib.HTMLParser()
    parser.parse(open(path, encoding="utf-8").read())
    for place, code, _ in parser.errors[:3]:
        print(path, place, code)
"""


def has(*command):
    return shutil.which(command[0]) and subprocess.run(command, capture_output=True).returncode == 0


@(test if has("/usr/bin/python3", "-c", "import html5lib") and has("xmllint", "--version") else skip)
def pages_are_html_and_feeds_are_atom_by_others_parsers(site):
    site.user("tim")
    hostile.change(site, site.thread("tim"))
    hostile.plant(site, hostile.everything())
    directory = os.path.join(site.dir, "pages")
    site.set_config("pages", url="https://pages.example.org/")
    site.set_config("instance", language="fr")
    site.run(METROPLEX, "pages", directory)
    pages = [path for name, path in files_of(directory).items() if name.endswith(".html")]
    check(len(pages) > 100, f"{len(pages)} pages")
    done = subprocess.run(["/usr/bin/python3", "-c", STRICT], input="\n".join(pages), capture_output=True, text=True)
    equal((done.returncode, done.stdout), (0, ""), done.stderr)
    done = subprocess.run(["xmllint", "--noout", "--relaxng", os.path.join(TOP, "tests/fixtures/pages/atom.rng"), os.path.join(directory, "r/acme/rocket/atom.xml")],
                          capture_output=True, text=True)
    equal(done.returncode, 0, done.stderr)


@test
def what_is_private_is_in_no_page(site):
    """Each mail address, MAC and fact of an account, and a repository that is left out."""
    site.metroplex("user", "add", "tim", "--name", "Canary Realname", "--email", "canary.first@example.org", "--email", "canary.second@example.net")
    site.metroplex("user", "add", "kate", "--name", "Canary Other", "--email", "canary.third@example.org")
    site.metroplex("repository", "set", "acme/canarysecret", "--pages", "off", "--member", "tim", "--watch", "kate")
    public = site.thread("tim", body="@kate?\n")
    site.thread("tim", repository="acme/canarysecret", title="canarytitle", body="canarybody\n")
    address = site.address(public, "kate")
    quoted = f"I wrote to canary.first@example.org and {address}.\n\nOn Monday, Tim <canary.second@example.net> wrote:\n> To: {address}\n> canary.third@example.org\n"
    site.deliver(site.mail("canary.third@example.org", address, quoted, message_id="<canaryid@mail.example.org>"))
    site.metroplex("--once")
    equal(site.failure, [], "refused")
    directory = os.path.join(site.dir, "pages")
    site.set_config("pages", url="https://pages.example.org/")
    site.metroplex("pages", directory)
    mac = re.search(r"-([0-9a-f]{40})-", address)[1]
    epochs = re.findall(r"epoch=(\d+)", site.git("grep", "-h", "epoch=", "main", repository="accounts.git"))
    with open(os.path.join(site.dir, "etc/address-keys")) as f:
        keys = f.read().split()
    private = ["canary", "Canary", mac, *epochs, *keys, "@example", "@mail.example", site.data]
    check(len(epochs) == 2 and len(private) > 8, f"{private}")
    for path, where in files_of(directory).items():
        with open(where, "rb") as f:
            octets = path.encode() + f.read()
        for fact in private:
            check(fact.encode() not in octets, f"{path} has {fact}")
    contains(read(os.path.join(directory, "r/acme/rocket/1.html")), "***@***")


main()
