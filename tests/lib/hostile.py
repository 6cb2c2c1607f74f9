"""What strangers may write to get out of a page: text, titles, names and contents of files.

Each input says where a script of its would be seen: it sets the title of the document to PWNED, or asks CANARY.
"""
import glob
import os
import re
import shutil
import subprocess

from harness import check, path_of_id

CANARY = "http://127.0.0.1:19999/canary"
RUN = "document.title='PWNED';fetch('" + CANARY + "')"

TAGS = [
    "<script>{run}</script>", "<img src=x onerror=\"{run}\">", "<svg onload=\"{run}\">", "<iframe srcdoc=\"<script>{run}</script>\"></iframe>",
    "<body onload=\"{run}\">", "<details open ontoggle=\"{run}\">", "<a href=\"javascript:{run}\">x</a>", "<form action=\"{canary}\"><input autofocus onfocus=\"{run}\"></form>",
    "<meta http-equiv=refresh content=\"0;url={canary}\">", "<base href=\"{canary}/\">", "<link rel=stylesheet href=\"{canary}\">", "<style>@import '{canary}';</style>",
    "<object data=\"{canary}\"></object>", "<embed src=\"{canary}\">", "<video src=\"{canary}\" autoplay></video>", "<math><mi xlink:href=\"javascript:{run}\">x</mi></math>",
    "</article></main><script>{run}</script>", "</title><script>{run}</script>", "</pre></details></article><script>{run}</script>", "--><script>{run}</script><!--",
    "<!--", "<![CDATA[<script>{run}</script>]]>", "</script><script>{run}</script>", "]]><script>{run}</script>", "<template><script>{run}</script></template>",
    "\"><script>{run}</script>", "'><script>{run}</script>", "\" autofocus onfocus=\"{run}", "' onmouseover='{run}' x='", "` onerror=`{run}`",
    "&lt;script&gt;{run}&lt;/script&gt;", "&#60;script&#62;{run}&#60;/script&#62;", "\\<script>{run}\\</script>", "<scr\x00ipt>{run}</scr\x00ipt>", "<\u200bscript>{run}</script>",
    "\uff1cscript\uff1e{run}\uff1c/script\uff1e", "<script\n>{run}</script\n>", "<SCRIPT/SRC={canary}></SCRIPT>", "<plaintext>", "<textarea>", "<noscript><p title=\"</noscript><script>{run}</script>\">",
    "</body></html><script>{run}</script>", "<tr id=\"t1\" data-at=\"9\">", "<entry xml:id=\"e1-1\">", "<portal src=\"{canary}\">", "<input type=image src=\"{canary}\">",
]
MARKDOWN = [
    "[x](javascript:{run})", "[x](JaVaScRiPt:{run})", "[x](java\nscript:{run})", "[x](&#106;avascript:{run})", "[x](javascript&colon;{run})", "[x](data:text/html,<script>{run}</script>)",
    "[x](vbscript:{run})", "[x](file:///etc/passwd)", "[x](//127.0.0.1:19999/canary)", "[x](<javascript:{run}>)", "<javascript:{run}>", "<data:text/html;base64,PHNjcmlwdD4=>",
    "![x]({canary})", "![x]({canary} \"y\\\" onerror=\\\"{run}\")", "![\" onerror=\"{run}]({canary})", "[![x]({canary})](javascript:{run})", "[x][y]\n\n[y]: javascript:{run} \"t\"",
    "[x](http://a.example/\"onmouseover=\"{run})", "[x](http://a.example/'><script>{run}</script>)", "http://a.example/<script>{run}</script>", "http://a.example/\"onclick={run}",
    "```html\n<script>{run}</script>\n```", "```\" onload=\"{run}\n</code></pre><script>{run}</script>\n```", "~~~</pre>\n</pre><script>{run}</script>\n~~~", "`</code><script>{run}</script>`",
    "    </pre><script>{run}</script>", "| <script>{run}</script> | a |\n|---|---|\n| </td></table><script>{run}</script> | b |", "# </h1><script>{run}</script>", "> </blockquote></article><script>{run}</script>",
    "1. </ol></article>\n2. <script>{run}</script>", "* * *\n</hr><script>{run}</script>", "~~</del><script>{run}</script>~~", "**</strong><b onclick={run}>**", "www.a.example/\"><script>{run}</script>",
    "a@b.example\"><script>{run}</script>", "[x](mailto:a@b.example?subject=\"><script>{run}</script>)", "[](javascript:{run})", "[x](   javascript:{run})", "[x](\x01javascript:{run})",
    "[x](https://a.example/#\"><img src=x onerror={run}>)", "[id]: <javascript:{run}>\n[id]", "[comment-1](#comment-1)", "<a id=comment-0>", "[x](../../../../etc/passwd)", "[x](attachments/1.png\"onerror=\"{run})",
    "![x](attachments/../../../x.png)", "&NewLine;javascript&colon;{run}", "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A{run})",
]
SHAPES = [
    "\u200b \u3000\u200d",
    "\u202e" + "reversed" + "\u202c", "\u2066\u2067\u2068" * 50, "\u202e" * 500, "e" + "\u0301" * 2000, "\u200f\u200e\u061c", "\ufeff\u2028\u2029", "\x01\x02\x07\x1b[2J\x7f\x9b", "\ufffe\uffff\ufdd0",
    "a" * 60000, "a " * 30000, ("[" * 2000), (">" * 1000) + " x", "* " * 500, "\n".join("  " * i + "* x" for i in range(150)), "**" * 5000, "`" * 3001, "|" * 3000 + "\n" + "|-" * 1500 + "|",
    "\n".join(f"{i}. x" for i in range(1, 3000)), "<" * 20000, "&" * 20000, "![" * 5000, "\n" * 5000 + "x", "# " * 1000, "\u0e01\u0e49" * 3000, "\U0001f468\u200d\U0001f469\u200d" * 500, "- [x] a\n" * 2000, "```\n" * 999,
]


def fill(text):
    return text.replace("{run}", RUN).replace("{canary}", CANARY)


TEXTS = [fill(text) for text in TAGS + MARKDOWN] + SHAPES

FILES = [  # name, type, content
    ("x.html", "text/html", fill("<!doctype html><script>{run}</script>")), ("x.svg", "image/svg+xml", fill("<svg xmlns='http://www.w3.org/2000/svg' onload=\"{run}\"><script>{run}</script></svg>")),
    ("x.png", "image/png", fill("<script>{run}</script>")), ("x.xhtml", "application/xhtml+xml", fill("<html xmlns='http://www.w3.org/1999/xhtml'><script>{run}</script></html>")),
    ("x.xml", "text/xml", fill("<?xml-stylesheet href='{canary}'?><a/>")), ("x.js", "text/javascript", RUN), ("x.php", "application/x-php", "<?php phpinfo();"), (".htaccess", "text/plain", "Options +ExecCGI\n"),
    ("index.html", "text/html", fill("<script>{run}</script>")), ("../../../index.html", "text/html", "x"), ("/etc/passwd", "text/plain", "x"), ("..", "text/plain", "x"), ("", "text/plain", "x"), ("\u200b\u3000\u200d.", "text/plain", "x"), ("e" + "\u0301" * 200, "text/plain", "x"), ("\u200b \u3000", "image/png", "GIF89a"), ("a" * 255, "text/plain", "x"),
    ("x\u202egnp.exe", "application/x-dosexec", "MZ"), (fill("\"><script>{run}</script>.png"), "image/png", "x"), (fill("' onerror='{run}.png"), "image/png", "x"), ("a\tb\\c/d.txt", "text/plain", "x"), ("con.txt", "text/plain", "x"),
    ("x.pdf", "application/pdf", "%PDF-1.4"), ("x.shtml", "text/html", "<!--#exec cmd='id'-->"), ("x.cgi", "application/x-sh", "#!/bin/sh\nid\n"), ("x.swf", "application/x-shockwave-flash", "FWS"),
    ("x.wasm", "application/wasm", "\0asm"), ("x.mhtml", "message/rfc822", fill("Content-Type: text/html\n\n<script>{run}</script>")), ("gif.html", "text/html", fill("GIF89a/*<script>{run}</script>")),
]


def value_of(text):
    """As a key file has it."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").replace(" ", "\\s").replace("\0", "").replace(";", "\\;")


# Labels that a thread may have: of letters that are written the other way, of marks, of signs, as long as may be.
LABELS = ["bug", "x&y=!?%", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\U00020000" * 50, "a" * 50]


def change(site, thread):
    """All that may become of a thread, once; plant() has strangers write what of it is text."""
    site.metroplex("thread", "label", str(thread), *LABELS, "--as", "tim")
    site.metroplex("thread", "assign", str(thread), "tim", "--as", "tim")
    for word in (("title", "Another"), ("close",), ("reopen",), ("lock",), ("unlock",), ("unlabel", "bug"), ("unassign", "tim"), ("assign", "tim")):
        site.metroplex("thread", word[0], str(thread), *word[1:], "--as", "tim")


def plant(site, threads):
    """Pushes a thread for each (title, body, cut, [(name, type, octets)]), with the events of the first."""
    checkout = os.path.join(site.dir, "checkout")
    env = dict(os.environ, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")

    def git(*args):
        done = subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.example", *args], capture_output=True, text=True, env=env, cwd=checkout if os.path.isdir(checkout) else site.dir)
        check(done.returncode == 0, f"git {args}: {done.stderr}")

    git("clone", "-q", os.path.join(site.data, "tracker.git"), checkout)
    first = os.path.join(checkout, "threads/000/0/0/0/0/1")
    with open(os.path.join(first, "thread"), encoding="utf-8") as f:
        record = f.read()
    for i, (title, body, cut, files) in enumerate(threads, 2):
        to = os.path.join(checkout, f"threads/{path_of_id(i)}")
        shutil.copytree(first, to)
        for name, text in (("thread", re.sub("title=.*", lambda m: "title=" + value_of(title), record)),
                           ("comments/0/comment.md", body), ("comments/0/elided.txt", cut)):
            with open(os.path.join(to, name), "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write(text)
        for path in glob.glob(os.path.join(to, "events/*")):
            with open(path, encoding="utf-8") as f:
                event = f.read()
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write(re.sub("^(was|title|login)=.*", lambda m: f"{m[1]}={value_of(title)}", event, flags=re.M))
        if files:
            os.makedirs(os.path.join(to, "comments/0/attachments"))
            with open(os.path.join(to, "comments/0/mail"), "a", encoding="utf-8") as f:
                f.write("\n[attachments]\n" + "".join(f"{n}.png={value_of(kind)};{value_of(name)};\n" for n, (name, kind, _) in enumerate(files, 1)))
            for n, (_, _, octets) in enumerate(files, 1):
                with open(os.path.join(to, f"comments/0/attachments/{n}.png"), "w", encoding="utf-8") as f:
                    f.write(octets)
    git("add", "-A", "-f")
    git("commit", "-q", "-m", "hostile")
    git("push", "-q", "origin", "HEAD:main")
    shutil.rmtree(checkout)


def everything():
    """A thread for each text; each stands in title, body and what was cut; all files in one."""
    threads = [(" ".join(text.split("\n"))[:2000], text, text, []) for text in TEXTS]
    return threads + [("files", "files\n", "", FILES)]
