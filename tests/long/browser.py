#!/usr/bin/env python3
"""Pages of what hostile people wrote, under each web server that the manual tells how to set up, opened in Chromium.

  tests/long/browser.py [WORD…]

No script of theirs runs, nothing is asked for elsewhere, nothing stands outside of its comment, at 360 pixels in both
schemes; and axe-core finds nothing that keeps people out. What the servers are told is read from metroplex(7).
Needs chromium, nginx, apache2, busybox and, for axe-core, npm with a registry; and root, or a user namespace.
"""
import glob
import http.client
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
import hostile  # noqa: E402
from harness import METROPLEX, TOP, check, contains, enter_namespace, equal, main, test, wait_until  # noqa: E402

AXE = "4.10.3"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def axe_core():
    """The source of axe-core, fetched once, before there is no network."""
    directory = os.path.join(TOP, "build/npm")
    path = os.path.join(directory, "node_modules/axe-core/axe.min.js")
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(path) or f'"version": "{AXE}"' not in read(os.path.join(os.path.dirname(path), "package.json")):
        subprocess.run(["npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", directory, f"axe-core@{AXE}"], check=True)
    return read(path)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


# --- Web servers --------------------------------------------------------------------------------------


def recipes():
    """The displays of the manual's section on pages, in their order: nginx, Apache, BusyBox, cgit."""
    section = read(os.path.join(TOP, "man/metroplex.7")).split(".Sh PAGES ON THE WEB\n")[1].split("\n.Sh ")[0]
    displays = re.findall(r"^\.Bd .*\n((?:.*\n)*?)\.Ed$", section, re.M)
    return [text.replace("\\&", "").replace("\\e", "\\") for text in displays]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx(home, pages, port):
    mapping, location = recipes()[0].replace("/var/lib/metroplex/pages", pages).split("\n\n", 1)
    scratch = "".join(f"  {name}_temp_path {home}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = (f"user www-data;\npid {home}/pid;\nerror_log {home}/log;\ndaemon off;\nevents {{}}\nhttp {{\n  include /etc/nginx/mime.types;\n  default_type application/octet-stream;\n"
              f"  access_log off;\n{scratch}{mapping}\n  server {{ listen 127.0.0.1:{port};\n{location}\n}}\n}}\n")
    return ["nginx", "-e", f"{home}/log", "-c", write(home, "nginx.conf", config)], "/threads"


def apache(home, pages, port):
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in ("mpm_event", "authz_core", "dir", "mime", "alias", "headers", "include", "negotiation", "autoindex"))
    config = (f"ServerRoot {home}\nServerName localhost\nPidFile {home}/pid\nErrorLog {home}/log\nDefaultRuntimeDir {home}\nMutex file:{home}\n{modules}User www-data\nGroup www-data\n"
              f"Listen 127.0.0.1:{port}\nInclude /etc/apache2/mods-available/mime.conf\n{recipes()[1].replace('/var/lib/metroplex/pages', pages)}")
    return ["apache2", "-D", "FOREGROUND", "-f", write(home, "apache.conf", config)], "/threads"


def busybox(home, pages, port):
    text, command = re.fullmatch(r"# cat >\S+ <<'E'\n(.*?)E\n# (busybox httpd .*)", recipes()[2], re.S).groups()
    words = command.replace("\\\n", " ").split()
    values = {"-p": f"127.0.0.1:{port}", "-h": pages, "-c": write(home, "httpd.conf", text)}
    for option, value in values.items():
        words[words.index(option) + 1] = value
    return [*words, "-f"], ""


def write(home, name, text):
    path = os.path.join(home, name)
    with open(path, "w") as f:
        f.write(text)
    return path


SERVERS = {"nginx": nginx, "apache": apache, "busybox": busybox}


class Server:
    def __init__(self, make, pages):
        self.home = tempfile.mkdtemp(prefix="metroplex-web-")
        os.chmod(self.home, 0o755)
        self.port = free_port()
        command, self.path = make(self.home, pages, self.port)
        self.base = f"http://127.0.0.1:{self.port}{self.path}/"
        self.program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        wait_until(lambda: self.program.poll() is None and self.listens())
        return self

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path):
        """Status and header fields of a path below the pages, as it is written."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", f"{self.path}/{path}")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}

    def __exit__(self, *_):
        self.program.terminate()
        self.program.wait()
        shutil.rmtree(self.home)


# --- The browser --------------------------------------------------------------------------------------


class Browser:
    """Headless Chromium, driven by its protocol over a pipe."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="metroplex-chromium-")
        theirs, self.out = os.pipe()
        self.inward, back = os.pipe()
        wiring = f"exec 3<&{theirs} 4>&{back}; exec \"$@\""
        self.program = subprocess.Popen(["bash", "-c", wiring, "bash", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                                         "--disable-component-update", "--no-proxy-server", "--remote-debugging-pipe", f"--user-data-dir={self.home}"],
                                        pass_fds=(theirs, back), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs)
        os.close(back)
        self.count, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.setDownloadBehavior", behavior="deny")
        self.call("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=True)

    def message(self):
        while b"\0" not in self.rest:
            check(select.select([self.inward], [], [], 60)[0], "Chromium says nothing")
            octets = os.read(self.inward, 1 << 20)
            check(octets, "Chromium has ended")
            self.rest += octets
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters, **({"sessionId": self.session} if self.session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                check("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]
            self.note(answer)

    def note(self, event):
        self.events.append(event)

    def open(self, url):
        """False for what is no page, but saved."""
        self.events = []
        if self.call("Page.navigate", url=url).get("errorText"):
            return False
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.note(self.message())
        return True

    def say(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        check("exceptionDetails" not in result, f"{result.get('exceptionDetails')}")
        return result["result"].get("value")

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def asked(self):
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]

    def dialogs(self):
        return [event for event in self.events if event["method"] == "Page.javascriptDialogOpening"]

    def close(self):
        self.program.kill()
        self.program.wait()
        shutil.rmtree(self.home, ignore_errors=True)


# What a visitor does: unfolds, touches, puts the focus everywhere, and follows what leads nowhere else.
TOUCH = """
for (const d of document.querySelectorAll('details')) d.open = true;
for (const e of document.querySelectorAll('.body *, .attached *, .title')) {
  for (const kind of ['mouseover', 'mouseenter', 'pointerdown']) e.dispatchEvent(new MouseEvent(kind, {bubbles: true}));
  if (e.focus) e.focus();
}
for (const a of document.querySelectorAll('.body a')) if (!/^(https?:|mailto:)/.test(a.getAttribute('href'))) a.click();
"""

# What stands outside of its place: wider than the window, over what comes behind, or drawn beyond a box that does not clip.
PLACES = """(() => {
  const wrong = [], main = document.querySelector('main'), articles = [...document.querySelectorAll('main > article')];
  if (document.title.startsWith('PWNED')) wrong.push('a script ran');
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window: ' + document.documentElement.scrollWidth);
  const how = document.querySelector('main > .how');
  for (const article of articles) {
    const box = article.getBoundingClientRect();
    if (how && box.bottom > how.getBoundingClientRect().top + 1) wrong.push('a comment over the end of the page');
    for (const e of article.querySelectorAll('*')) {
      const style = getComputedStyle(e);
      if (['fixed', 'absolute', 'sticky'].includes(style.position)) wrong.push(e.tagName + ' is ' + style.position);
    }
  }
  const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (!/\\p{M}{20}/u.test(texts.currentNode.data)) continue;
    let e = texts.currentNode.parentElement;
    while (e && e !== main && getComputedStyle(e).overflowY === 'visible') e = e.parentElement;
    if (e === main) wrong.push('marks are piled up beyond ' + texts.currentNode.parentElement.outerHTML.slice(0, 60));
  }
  if ([...document.scripts].some(s => !/\\/(search|titles)\\.js$/.test(s.src))) wrong.push('a script of others');
  return wrong;
})()"""


class Canary:
    """Whoever asks here was made to by a page."""

    def __init__(self):
        self.asked = 0
        self.socket = socket.create_server(("127.0.0.1", 19999))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.asked += 1

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept(2)
        self.socket.close()


def pages_of(site, **settings):
    """Pages of the corpus, where a web server's user may read them."""
    site.user("tim")
    hostile.change(site, site.thread("tim"))
    hostile.plant(site, hostile.everything())
    site.set_config("instance", **settings)
    directory = tempfile.mkdtemp(prefix="metroplex-pages-")
    os.chmod(directory, 0o755)
    site.run(METROPLEX, "pages", directory)
    return directory


def files_of(directory):
    return sorted(os.path.relpath(path, directory) for path in glob.glob(os.path.join(directory, "**"), recursive=True) if os.path.isfile(path))


ICON = re.compile(r"http://127\.0\.0\.1:[0-9]+/favicon\.ico")  # asked for beside what is no page, sometimes late


def visit(browser, base, directory):
    """Opens every file; lines on what is wrong, and how many were asked for."""
    wrong, asked = [], 0
    for name in files_of(directory):
        is_page = browser.open(base + name)
        found = []
        if is_page and name.endswith(".html"):
            browser.say(TOUCH)
            found = browser.say(PLACES)
        elif is_page and str(browser.say("document.title")).startswith("PWNED"):
            found = ["a script ran"]
        urls = browser.asked()
        asked += len(urls)
        found += [f"asked for {url[:100]}" for url in urls if not url.startswith((base, "data:")) and not ICON.fullmatch(url)]
        found += ["a dialog"] * len(browser.dialogs())
        wrong += [f"{name}: {line}" for line in found]
    return wrong, asked


TYPES = {"html": "text/html", "css": "text/css", "js": "(text|application)/javascript", "xml": "(application|text)/([a-z]+[+])?xml", "gif": "image/gif", "bin": "application/octet-stream"}


def look_at_header_fields(name, server, directory):
    """Each file has the type that it is, and what is attached is shut in; what is hidden is closed."""
    wrong = []
    for path in files_of(directory):
        status, fields = server.get(path)
        kind = fields.get("content-type", "").split(";")[0]
        is_attached = "/a/" in path
        if status != 200 or not re.fullmatch(TYPES[path.rsplit(".", 1)[1]], kind):
            wrong.append(f"{path}: {status}, {kind}")
        if name != "busybox" and fields.get("x-content-type-options") != "nosniff":
            wrong.append(f"{path}: no nosniff")
        if name != "busybox" and fields.get("content-security-policy") != ("sandbox" if is_attached else None):
            wrong.append(f"{path}: {fields.get('content-security-policy')}")
    for path in (".built", ".lock", ".new/", "r/acme/rocket/a/", "../../../../etc/passwd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "..%2f..%2f..%2fetc/passwd"):
        if server.get(path)[0] < 400:
            wrong.append(f"{path} is given out")
    equal(wrong[:20], [], name)


@test
def nothing_of_strangers_runs_or_leaves_under_any_web_server(site):
    directory, canary, browser = pages_of(site), Canary(), Browser()
    try:
        for name, make in SERVERS.items():
            with Server(make, directory) as server:
                look_at_header_fields(name, server, directory)
                wrong, asked = visit(browser, server.base, directory)
                equal(wrong[:20], [], name)
                print(f"# {name}: {len(files_of(directory))} files, {asked} requests, none elsewhere")
        wrong, asked = visit(browser, f"file://{directory}/", directory)
        equal(wrong[:20], [], "files")
        equal(canary.asked, 0, "the canary was asked")
        print(f"# plain files: {len(files_of(directory))} files, {asked} requests, none elsewhere")
    finally:
        browser.close()
        canary.close()
        shutil.rmtree(directory)


@test
def a_script_that_does_run_is_seen(site):
    """What the other test would see: the canary, the title, the box that does not clip."""
    directory, canary, browser = tempfile.mkdtemp(prefix="metroplex-pages-"), Canary(), Browser()
    try:
        write(directory, "1.html", f"<!doctype html><main><article><p>e{chr(0x301) * 99}</p></article></main><script>{hostile.RUN}</script>")
        wrong, _ = visit(browser, f"file://{directory}/", directory)
        for line in ("a script ran", "marks are piled up", "asked for", "a script of others"):
            contains("\n".join(wrong), line)
        wait_until(lambda: canary.asked)
    finally:
        browser.close()
        canary.close()
        shutil.rmtree(directory)


def violations(browser, standards):
    """Of the page that is open: each as one line."""
    options = {"runOnly": standards, "resultTypes": ["violations"]}
    browser.say(SOURCE + ";0")
    return browser.say(f"axe.run(document, {json.dumps(options)}).then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 100)))")


@test
def axe_finds_nothing_that_keeps_people_out(site):
    """In the dark only the colours are others. Of the pages that are long for the sake of it, it would take minutes."""
    directory, browser = pages_of(site, language="fr"), Browser()
    pages = [name for name in files_of(directory) if name.endswith(".html") and os.stat(os.path.join(directory, name)).st_size < 30000 or name.endswith("index.html")]
    try:
        wrong, n_requests = [], {}
        for scheme, standards in (("light", STANDARDS), ("dark", ["color-contrast"])):
            browser.scheme(scheme)
            for name in pages:
                browser.open(f"file://{directory}/{name}")
                browser.say("for (const d of document.querySelectorAll('details')) d.open = true")
                n_requests[name] = len([url for url in browser.asked() if url.startswith("file:")])
                wrong += [f"{name} ({scheme}): {line}" for line in violations(browser, standards)]
        equal(wrong[:20], [], "violations")
        first = "r/acme/rocket/1.html"
        octets = [os.stat(os.path.join(directory, name)).st_size for name in (first, "style.css")]
        print(f"# axe-core {AXE}: {len(pages)} pages in two schemes; a thread's page: {n_requests[first]} requests, {octets[0]} octets and {octets[1]} of its style")
        equal(n_requests[first], 2, "a page and its style")
        browser.open(f"file://{directory}/{first}")
        browser.say("document.querySelector('h1').style.color = document.body.style.background = '#777'; document.documentElement.lang = ''; 0")
        contains("\n".join(violations(browser, STANDARDS)), "html-has-lang")
    finally:
        browser.close()
        shutil.rmtree(directory)


SOURCE = axe_core()
enter_namespace()
main()
