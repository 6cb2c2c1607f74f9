#!/usr/bin/env python3
"""Notifications as their readers have them: read strictly, signed, rendered by a browser and by mutt, every link followed.

A browser (chromium) is no package of `make deps`: where it is missing, its tests say so and are skipped. PICTURES=DIR has
every kept mail drawn there, on a telephone and a desk, in light and dark, for somebody to look at.
"""
import base64
import email
import email.policy
import email.utils
import html.parser
import os
import re
import shutil
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
sys.path.append("/usr/lib/python3/dist-packages")  # python3-dkim, whichever python this is
from browser import CHROMIUM, browse  # noqa: E402
from harness import TOP, check, contains, equal, main, skip, test, wait_until  # noqa: E402
from terminal import Terminal  # noqa: E402

FIXTURES = os.path.join(TOP, "tests/fixtures/notify")
MUTT = shutil.which("mutt")
VOID = {"meta", "br", "hr", "img"}


def needs(program, name):
    return test if program else lambda function: print(f"# {name} is not installed: {function.__name__} is skipped") or skip(function)


def goldens():
    for name in sorted(os.listdir(FIXTURES)):
        if name.endswith(".eml"):
            with open(os.path.join(FIXTURES, name), "rb") as file:
                yield name, file.read()


class Strict(html.parser.HTMLParser):
    """Every element is closed where it was opened; what it refers to is kept."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.pictures, self.seen = [], [], [], []
        self.feed(text)
        self.close()
        equal(self.open, [], "elements left open")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.seen.append((tag, attrs))
        check(not any(name.startswith("on") for name in attrs), f"{tag} {attrs}")
        check(tag not in ("script", "iframe", "object", "form", "link", "base"), tag)
        if tag == "a":
            check("a" not in self.open, "a link in a link")
            self.links.append(attrs["href"])
        if tag == "img":
            self.pictures.append(attrs["src"])
            check("alt" in attrs, "a picture that says nothing to the blind")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        equal(tag, self.open.pop(), "closed")


def read(octets):
    """The message, after all that RFC 5322 and MIME ask for was checked."""
    head, _, body = octets.partition(b"\r\n\r\n")
    check(b"\n" not in octets.replace(b"\r\n", b"") and b"\r" not in octets.replace(b"\r\n", b""), "a bare CR or LF")
    check(all(len(line) <= 998 for line in octets.split(b"\r\n")), "a line over 998 octets")
    check(all(c < 0x7f for c in octets), "an octet over 126: the content is encoded")
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    equal(len(names), len(set(names)), f"no field twice: {names}")
    message = email.message_from_bytes(octets, policy=email.policy.strict)
    for part in message.walk():
        equal(part.defects, [], part.get_content_type())
        equal([d for value in part.values() for d in getattr(value, "defects", ())], [], f"fields of {part.get_content_type()}")
        if part.get_content_maintype() == "text":
            equal(part.get_content_charset(), "utf-8", part.get_content_type())
            part.get_payload(decode=True).decode("utf-8")
    return message


def html_of(message):
    part = message.get_body(("html",))
    return part.get_content() if part else None


def tree(part):
    """multipart/mixed(text/plain image/png)"""
    inner = f"({' '.join(tree(p) for p in part.iter_parts())})" if part.is_multipart() else ""
    return part.get_content_type() + inner


@test
def every_kind_of_mail_is_read_by_a_strict_parser(_):
    kinds = set()
    for name, octets in goldens():
        message = read(octets)
        kinds.add(name.split(".")[0])
        for field in ("Date", "From", "To", "Message-ID", "Subject", "Auto-Submitted"):
            equal(len(message.get_all(field, [])), 1, f"{name}: {field}")
        check(email.utils.parsedate_to_datetime(message["Date"]), name)
        check(message.get_body(("plain",)) is not None, f"{name}: has text")
        if html_of(message) is None:
            continue
        parsed = Strict(html_of(message))
        equal(parsed.seen[0], ("html", {"lang": "fr" if ".fr." in name else "en"}), name)
        sent = {part["Content-ID"].strip("<>") for part in message.walk() if part["Content-ID"]}
        equal({url.removeprefix("cid:") for url in parsed.pictures}, sent, f"{name}: pictures")
        for link in parsed.links:
            check(urllib.parse.urlsplit(link).scheme in ("http", "https", "mailto"), link)
    wanted = {"issue-opened", "issue-mention", "issue-closed", "issue-reopened", "issue-text-only", "pull-opened", "pull-comment",
              "commit-comment", "answer", "test", "everything"}
    check(wanted <= kinds, f"missing: {wanted - kinds}")


@test
def every_kind_of_mail_can_be_signed_and_verified(site):
    try:
        import dkim
    except ImportError:
        raise AssertionError("package python3-dkim is missing: make deps-check")
    key, public = os.path.join(site.dir, "dkim.pem"), os.path.join(site.dir, "dkim.pub")
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER", "-out", public], check=True, capture_output=True)
    with open(key, "rb") as private, open(public, "rb") as shown:
        secret, record = private.read(), b"v=DKIM1; k=rsa; p=" + base64.b64encode(shown.read())
    signed = 0
    for name, octets in goldens():
        for way in ((b"relaxed", b"relaxed"), (b"simple", b"simple")):
            field = dkim.sign(octets, b"test", b"git.example.org", secret, canonicalize=way,
                              include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"list-unsubscribe"])
            look_up = lambda name, timeout=5: record  # noqa: E731
            check(dkim.verify(field + octets, dnsfunc=look_up), f"{name}: {way}")
            check(not dkim.verify(field + octets.replace(b"Subject: ", b"Subject: x", 1), dnsfunc=look_up), f"{name}: another Subject")
            signed += 1
    print(f"# {signed} signatures made and verified")


# --- In a browser -------------------------------------------------------------------------------


def as_page(message):
    """The HTML with its pictures in it, as a mail program shows it."""
    text = html_of(message)
    for part in message.walk():
        if part["Content-ID"]:
            octets = base64.b64encode(part.get_payload(decode=True)).decode()
            text = text.replace("cid:" + part["Content-ID"].strip("<>"), f"data:{part.get_content_type()};base64,{octets}")
    return text


def draw(site, page, path, width, dark):
    with open(os.path.join(site.dir, "page.html"), "w") as file:
        file.write(page)
    subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={site.dir}/browser",
                    f"--window-size={width},1000", f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--screenshot={path}",
                    f"file://{site.dir}/page.html"], check=True, capture_output=True, timeout=180)


@needs(CHROMIUM, "chromium")
def a_mail_fits_a_telephone_and_can_be_read_in_the_dark(site):
    """Nothing is wider than the screen, however wide its code and tables; letters stand out from what is behind them."""
    fits = "document.documentElement.scrollWidth<=innerWidth"
    contrast = ("(()=>{const n=c=>c.match(/[0-9.]+/g).slice(0,3).map(v=>{v/=255;return v<=.03928?v/12.92:((v+.055)/1.055)**2.4}),"
                "l=c=>{const[r,g,b]=n(c);return .2126*r+.7152*g+.0722*b},s=e=>getComputedStyle(e),"
                "dark=matchMedia('(prefers-color-scheme:dark)').matches,back=l(dark?s(document.body).backgroundColor:'rgb(255,255,255)');"
                "return [dark,Math.min(...[...document.querySelectorAll('p,td,code,a,li')].map(e=>{const f=l(s(e).color);"
                "return (Math.max(f,back)+.05)/(Math.min(f,back)+.05)}))]})()")
    for name in ("everything.eml", "answer.fr.eml"):
        with open(os.path.join(FIXTURES, name), "rb") as file:
            page = as_page(read(file.read()))
        for width in (360, 1280):
            for dark in (False, True):
                found = browse(site.dir, page, f"[innerWidth,{fits},...{contrast}]", width, dark).split(",")
                equal(found[:3], [str(width), "true", "true" if dark else "false"], f"{name} at {width}")
                check(float(found[3]) >= 4.5, f"{name}: contrast {found[3]}")  # WCAG 2, 1.4.3


def every_mail_is_drawn(site):
    for name, octets in goldens():
        message = read(octets)
        for width in (360, 1280) if html_of(message) else ():
            for dark in (False, True):
                draw(site, as_page(message), os.path.join(os.environ["PICTURES"], f"{name}-{width}-{'dark' if dark else 'light'}.png"), width, dark)


if os.environ.get("PICTURES"):
    test(every_mail_is_drawn)


# --- A photo ------------------------------------------------------------------------------------


def telephone_mail(site, to, text="Look at this"):
    """As an iPhone sends a photo: between two texts, of which the second is its signature."""
    with open(os.path.join(FIXTURES, "photo.jpg"), "rb") as file:
        photo = base64.encodebytes(file.read()).decode()
    return (f"Return-Path: <tim@example.org>\nDelivered-To: {to}\n"
            f"Content-Type: multipart/mixed; boundary=Apple-Mail-B9C1\nContent-Transfer-Encoding: 7bit\nMime-Version: 1.0 (1.0)\n"
            f"From: Tim Example <tim@example.org>\nSubject: Re: Rocket\nDate: {email.utils.formatdate()}\n"
            f"Message-Id: <4A1B@example.org>\nTo: {to}\nX-Mailer: iPhone Mail (21F90)\n\n"
            f"--Apple-Mail-B9C1\nContent-Type: text/plain;\n\tcharset=us-ascii\nContent-Transfer-Encoding: 7bit\n\n{text}\n\n"
            f"--Apple-Mail-B9C1\nContent-Type: image/jpeg;\n\tname=IMG_0042.jpeg;\n\tx-apple-part-url=7E\nContent-Disposition: inline;\n"
            f"\tfilename=IMG_0042.jpeg\nContent-Transfer-Encoding: base64\n\n{photo}\n"
            f"--Apple-Mail-B9C1\nContent-Type: text/plain;\n\tcharset=us-ascii\nContent-Transfer-Encoding: 7bit\n\n\n\nSent from my iPhone\n"
            f"--Apple-Mail-B9C1--\n").encode()


def told_of_a_photo(site):
    """The notification of a photo, as kate has it."""
    site.user("tim")
    site.user("kate")
    site.set_config("smtp", transport="maildir", maildir=f"{site.data}/sent")
    thread = site.thread("kate")
    site.notifier("--once")
    site.deliver(telephone_mail(site, site.address(thread, "tim")))
    site.metroplex("--once")
    site.notifier("--once")
    found = [path for path in (os.path.join(site.data, "sent/new", n) for n in site.listed("sent/new"))
             if b"X-GitHub-Recipient: kate" in open(path, "rb").read()]
    equal(len(found), 1, "mails to kate")
    return found[0]


def read_file(path):
    """Without the two fields that the Maildir has for the envelope."""
    with open(path, "rb") as file:
        octets = file.read()
    octets = re.sub(rb"\A(?:(?:Return-Path|Delivered-To): .*\r?\n)+", b"", octets)
    return read(octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n"))


@test
def a_photo_from_a_telephone_travels_to_the_others(site):
    message = read_file(told_of_a_photo(site))
    shown = tree(message)
    print(f"# {shown}")
    equal(shown, "multipart/related(multipart/alternative(text/plain text/html) image/jpeg)")
    text, photo = message.get_body(("plain",)).get_content().replace("\r\n", "\n"), [p for p in message.walk() if p.get_content_type() == "image/jpeg"][0]
    contains(text, "Look at this\n[image: IMG_0042.jpeg]\n")
    check("iPhone" not in text, "its signature is cut")
    equal(photo.get_filename(), "IMG_0042.jpeg")
    equal(photo.get_content_disposition(), "inline")
    with open(os.path.join(FIXTURES, "photo.jpg"), "rb") as file:
        equal(photo.get_payload(decode=True), file.read(), "the photo")
    equal(Strict(html_of(message)).pictures, ["cid:" + photo["Content-ID"].strip("<>")], "pictures of the HTML")


@needs(CHROMIUM, "chromium")
def a_photo_from_a_telephone_is_seen_in_a_browser(site):
    page = as_page(read_file(told_of_a_photo(site)))
    equal(browse(site.dir, page, "[...document.images].map(i=>i.naturalWidth+'x'+i.naturalHeight+' '+(i.width<=innerWidth))"), "360x220 true")


@needs(MUTT, "mutt")
def a_photo_from_a_telephone_is_seen_in_mutt(site):
    path = told_of_a_photo(site)
    saved, rc = os.path.join(site.dir, "saved.jpeg"), os.path.join(site.dir, "muttrc")
    with open(os.path.join(site.dir, "mailcap"), "w") as file:
        file.write(f"image/*; cp %s {saved}\ntext/html; cat %s; copiousoutput\n")
    with open(rc, "w") as file:
        file.write(f"set mailcap_path={site.dir}/mailcap\nset header_cache=\nset record=\nalternative_order text/plain\nset wait_key=no\n"
                   f"set mbox_type=Maildir\nset folder={site.data}\nset mail_check=0\nignore *\nunignore from: subject:\n")
    mutt = Terminal(MUTT, "-n", "-F", rc, "-R", "-f", os.path.dirname(os.path.dirname(path)), HOME=site.dir)
    mutt.until("Rocket")
    mutt.type("*\r")  # the last message, opened
    mutt.until("[image: IMG_0042.jpeg]")
    mutt.type("v")
    mutt.until("IMG_0042.jpeg")
    listed = re.sub(r"\x1b[^a-zA-Z]*[a-zA-Z]", " ", mutt.seen)
    check("image/jpeg" in listed or "jpeg, base64" in listed, listed)
    mutt.type("*\r")  # the last part, by the program for pictures
    wait_until(lambda: os.path.exists(saved) and os.path.getsize(saved) > 0)
    with open(saved, "rb") as one, open(os.path.join(FIXTURES, "photo.jpg"), "rb") as two:
        equal(one.read(), two.read(), "the photo that mutt gave to its viewer")
    mutt.type("qqx")
    mutt.end()


# --- Links --------------------------------------------------------------------------------------

COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
SAID = ["See #1, #2, #77 and acme/rocket#2, acme/other#2, @kate and @nobody.", f"Since {COMMIT}, or 1a2b3c4, or 7654321.",
        "[guide](docs/guide.md), [top](/), ![plan](plan.png), [bad](javascript:alert(1)).", "https://example.net/a?b=1#c and <https://example.net/d>.",
        "![beacon](https://example.net/beacon.gif)", "[gone](attachments/9.png) ![gone](attachments/8.png)", "`#1 @kate` and mail@example.net",
        "[mail](mailto:x@example.net) [](docs/) [ref][1]\n\n[1]: https://example.net/ref"]
WRITTEN = {"https://example.net/a?b=1#c", "https://example.net/d", "https://example.net/beacon.gif", "https://example.net/ref"}


def a_hundred_notifications(site):
    """Of comments that name all there is, and much that there is not."""
    site.user("tim")
    site.user("kate")
    site.set_config("smtp", transport="maildir", maildir=f"{site.data}/sent")
    threads = [site.thread("kate"), site.thread("kate", kind="commit", object=COMMIT)]
    for n in range(98):
        site.metroplex("thread", "comment", str(threads[n % 2]), "--as", "tim", "-", stdin=f"Number {n}. {SAID[n % len(SAID)]}\n")
    site.metroplex("thread", "close", str(threads[0]), "--as", "tim")
    site.metroplex("thread", "reopen", str(threads[0]), "--as", "tim")
    site.notifier("--once")
    mails = [read_file(os.path.join(site.data, "sent/new", name)) for name in site.listed("sent/new")]
    mails = [m for m in mails if m["X-GitHub-Recipient"] == "kate"]
    equal(len(mails), 100, "notifications")
    return threads, mails


def links_of(message):
    """Wherever a reader can click, in the header, the text and the HTML."""
    found = set(re.findall("<(https?://[^>]+)>", " ".join(str(v) for v in message.values())))
    for line in message.get_body(("plain",)).get_content().splitlines():
        found |= {url.rstrip(".,") for url in re.findall(r"https?://[^\s<>()]+", line)}
    found |= {link for link in Strict(html_of(message)).links if not link.startswith("mailto:")}
    return found


def expect_pages(mails, base, exists):
    """Each link is one that a person wrote, or leads to a page; how many do."""
    ours = set()
    for message in mails:
        for link in links_of(message) - WRITTEN:
            check(base and link.startswith(base), f"{link} leads nowhere")
            path, _, fragment = link[len(base):].partition("#")
            check(exists(path, fragment), f"{link} leads nowhere")
            ours.add(link)
    print(f"# {len(ours)} different links of {len(mails)} notifications lead to {base or 'nothing of ours'}")
    return ours


@test
def every_link_of_a_hundred_notifications_leads_to_a_page(site):
    site.set_config("instance", url="https://forge.example.org/git")
    threads, mails = a_hundred_notifications(site)
    pages = {"/acme/rocket": set(), "/kate": set(), "/acme/rocket/docs/guide.md": set(), "/acme/rocket/docs/": set(),
             "/acme/rocket/plan.png": set()}
    pages[f"/acme/rocket/issues/{threads[0]}"] = pages[f"/acme/rocket/commit/{COMMIT}"] = {f"comment-{n}" for n in range(1, 50)}
    ours = expect_pages(mails, "https://forge.example.org", lambda path, fragment: path == "/" or (
        path.removeprefix("/git") in pages and (not fragment or fragment in pages[path.removeprefix("/git")])))
    for wanted in ("/kate", f"/acme/rocket/issues/{threads[0]}", f"/acme/rocket/commit/{COMMIT}", "/acme/rocket/docs/guide.md"):
        check("https://forge.example.org/git" + wanted in ours, f"nothing links to {wanted}")


@test
def without_pages_a_hundred_notifications_link_to_none(site):
    threads, mails = a_hundred_notifications(site)
    equal(expect_pages(mails, "", None), set(), "links of ours")


@test
def every_link_of_a_hundred_notifications_leads_to_one_of_our_own_pages(site):
    site.set_config("pages", url="https://pages.example.org/threads", directory=f"{site.dir}/pages")
    threads, mails = a_hundred_notifications(site)
    site.metroplex("pages", f"{site.dir}/pages")

    def exists(path, fragment):
        file = f"{site.dir}/pages{path}"
        file = os.path.join(file, "index.html") if os.path.isdir(file) else file
        if not os.path.isfile(file):
            return False
        with open(file) as page:
            return not fragment or re.search(rf"\bid=['\"]?{re.escape(fragment)}\b", page.read())

    check(expect_pages(mails, "https://pages.example.org/threads", exists), "nothing links to our pages")


@test
def what_has_no_page_of_ours_is_no_link(site):
    """Pages of which repositories, accounts and commits have none, and threads of a repository that is left out."""
    for login in ("tim", "kate"):
        site.user(login)
    site.set_config("smtp", transport="maildir", maildir=f"{site.data}/sent")
    site.set_config("pages", url="https://pages.example.org/threads", directory=f"{site.dir}/pages")
    site.metroplex("repository", "set", "acme/secret", "--member", "tim", "--watch", "kate")
    secret, shown = site.thread("tim", repository="acme/secret"), site.thread("tim")
    said = f"acme/secret#{secret}, acme/rocket#{secret}, #{secret}, #{shown}, acme/secret#{shown}, #77, {COMMIT}, @tim and @kate.\n"
    in_rocket, in_secret = site.thread("tim", body=said), site.thread("tim", repository="acme/secret", body=said)
    site.metroplex("repository", "set", "acme/secret", "--pages", "off")
    site.notifier("--once")
    base, told = "https://pages.example.org/threads/r/acme/rocket", {}
    for name in site.listed("sent/new"):
        mail = read_file(os.path.join(site.data, "sent/new", name))
        if mail["X-GitHub-Recipient"] == "kate":
            told[int(re.search(r"#(\d+)\)$", mail["Subject"])[1])] = {link.partition("#")[0] for link in links_of(mail)}
    equal(told, {secret: set(), in_secret: set(), in_rocket: {base, f"{base}/{shown}.html", f"{base}/{in_rocket}.html"}})


if __name__ == "__main__":
    main()
