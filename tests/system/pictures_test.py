#!/usr/bin/env python3
"""Attachments and inline images: linked where they stood, named where they are not stored."""
import base64
import binascii
import email.message
import email.utils
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import check, contains, equal, main, test  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
LOGO = b"\x89PNG\r\n\x1a\nlogo" + bytes(100)
WROTE = "On Tue, Feb 4, 2025 at 11:03 AM Ada Example <ada@example.org> wrote:"


def part(content, type="image/png", name=None, cid=None, disposition="inline"):
    piece = email.message.EmailMessage()
    main_type, sub_type = type.split("/")
    piece.set_content(content, main_type, sub_type, disposition=disposition, filename=name, cid=f"<{cid}>" if cid else None)
    del piece["MIME-Version"]
    return piece


def text(content, type="plain"):
    piece = email.message.EmailMessage()
    piece.set_content(content, subtype=type)
    del piece["MIME-Version"]
    return piece


def multipart(kind, *parts):
    piece = email.message.Message()
    piece["Content-Type"] = f"multipart/{kind}"
    for child in parts:
        piece.attach(child)
    return piece


def post(site, thread, body, headers=()):
    """Delivers a mail with this body, and returns the comment that became of it, or None."""
    before = len(site.show(thread)["comments"])
    site.count += 1
    for name, value in (("From", "tim@example.org"), ("To", site.address(thread, "tim")), ("Subject", "Re: Rocket"),
                        ("Date", email.utils.formatdate()), ("Message-ID", email.utils.make_msgid(domain="mail.example.org")),
                        ("MIME-Version", "1.0"), *headers):
        body[name] = value
    site.deliver(body.as_bytes())
    site.metroplex("--once")
    comments = site.show(thread)["comments"]
    return comments[-1] if len(comments) > before else None


def start(site):
    site.user("tim")
    return site.thread("tim")


def names(comment):
    return [attachment["name"] for attachment in comment["attachments"]]


@test
def an_image_of_the_html_is_linked_where_it_stood(site):
    html = '<p>It looks like this:</p><p><img src="cid:a@x" alt="screen"></p><p>Is that right?</p>'
    comment = post(site, start(site), multipart("related", text(html, "html"), part(PNG, name="shot 1.png", cid="a@x")))
    equal(comment["body"].strip(), "It looks like this:\n\n![shot 1.png](attachments/1.png)\n\nIs that right?", "body")
    equal(names(comment), ["shot 1.png"], "stored")


@test
def a_mark_in_the_plain_text_is_linked_where_it_stood(site):
    thread = start(site)
    for mark in ("[image: shot.png]", "[cid:a@x]", "[shot.png]", "<shot.png>", "[cid:a%40x]"):
        comment = post(site, thread, multipart("related", text(f"Before\n\n{mark}\n\nbehind {mark[1:-1]}."), part(PNG, name="shot.png", cid="a@x")))
        equal(comment["body"].strip(), f"Before\n\n![shot.png](attachments/1.png)\n\nbehind {mark[1:-1]}.", mark)
        equal(names(comment), ["shot.png"], mark)


@test
def a_picture_between_two_texts_keeps_its_place(site):
    comment = post(site, start(site), multipart("mixed", text("Before\n"), part(PNG, name="shot.png"), text("behind\n")))
    equal(comment["body"].strip(), "Before\n![shot.png](attachments/1.png)\nbehind", "body")


@test
def what_no_text_refers_to_is_named_below(site):
    comment = post(site, start(site), multipart("mixed", text("See below.\n"), part(PNG, name="a.png", disposition="attachment"),
                                                part(b"log\n", "text/x-log", "b[1].log", disposition="attachment")))
    equal(comment["body"].strip(), "See below.\n\nAttached: ![a.png](attachments/1.png) (208 bytes)\n"
          "Attached: [b\\[1\\].log](attachments/2.log) (4 bytes)", "body")
    equal(names(comment), ["a.png", "b[1].log"], "stored")


@test
def pictures_of_the_quote_and_of_the_signature_are_not_stored_again(site):
    thread = start(site)
    html = ('<div>Yes: <img src="cid:new@x"></div>-- <div class="gmail_signature">Tim<img src="cid:logo@x"></div>'
            f'<div class="gmail_quote">{WROTE.replace("<", "&lt;")}<blockquote><img src="cid:old@x">Is it?</blockquote></div>')
    images = [part(PNG, name="new.png", cid="new@x"), part(LOGO, name="logo.png", cid="logo@x"), part(PNG + b"old", name="old.png", cid="old@x")]
    comment = post(site, thread, multipart("related", text(html, "html"), *images))
    equal(comment["body"].strip(), "Yes: ![new.png](attachments/1.png)", "body")
    equal(names(comment), ["new.png"], "stored of the HTML")
    # where the plain text is read, which names no picture, the HTML still tells where they stood
    plain = f"Yes:\n\n-- \nTim\n\n{WROTE}\n\n> Is it?\n"
    comment = post(site, thread, multipart("related", multipart("alternative", text(plain), text(html, "html")), *images))
    equal(comment["body"].strip(), "Yes:\n\nAttached: ![new.png](attachments/1.png) (208 bytes)", "body")
    equal(names(comment), ["new.png"], "stored of the plain text")


@test
def a_file_attached_by_hand_is_no_picture_of_the_quote(site):
    comment = post(site, start(site), multipart("mixed", text(f"Here.\n\n{WROTE}\n\n> [image: shot.png]\n"),
                                                part(PNG, name="shot.png", disposition="attachment")))
    equal(names(comment), ["shot.png"], "stored")


@test
def what_is_refused_is_named_with_size_and_reason(site):
    thread = start(site)
    site.set_config("limits", attachment_size=1024)
    html = '<p>See <img src="cid:big@x"> and this.</p>'
    comment = post(site, thread, multipart("mixed", multipart("related", text(html, "html"), part(bytes(5000), name="big.png", cid="big@x")),
                                           part(b"MZ", "application/x-msdownload", "run.exe", disposition="attachment")))
    contains(comment["body"], "See [Not stored: big.png (5.0\u00a0kB): larger than 1024 bytes] and this.")
    contains(comment["body"], "Not stored: run.exe (2 bytes): its type is not allowed")
    equal(names(comment), [], "stored")


@test
def what_octets_may_be_stored_may_be_under_any_of_its_names(site):
    thread = start(site)
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    files = [(PNG, "image/jpg", "a.jpg"), (b"\0\0\0\x18ftypheic", "image/heic", "b.heic"), (b"PK\3\4", office, "c.docx"), (b"PK\3\4", "application/x-zip-compressed", "d.zip"),
             (PNG, "application/x-strange", "e.png"), (b"MZ", "application/x-msdownload", "f.exe")]
    body = multipart("mixed", text("See.\n"), *[part(content, type, name, disposition="attachment") for content, type, name in files])
    comment = post(site, thread, body)
    equal(names(comment), ["a.jpg", "b.heic", "c.docx", "d.zip", "e.png"])
    contains(comment["body"], "Not stored: f.exe")


def uuencoded(content, name="data.bin", end="`\nend\n"):
    lines = [binascii.b2a_uu(content[i:i + 45], backtick=True).decode() for i in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(lines)}{end}"


@test
def a_uuencoded_file_in_the_text_is_an_attachment(site):
    thread = start(site)
    shown = "See this:\n\nAnd this.\n\nAttached: ![a b.png](attachments/1.png) (208 bytes)\nAttached: [x.bin](attachments/2) (256 bytes)"
    everything = bytes(range(256))
    comment = post(site, thread, text(f"See this:\n\n{uuencoded(PNG, 'a b.png')}{uuencoded(everything, '../x.bin')}And this.\n"))
    equal(comment["body"].strip(), shown, "body")
    equal(names(comment), ["a b.png", "x.bin"])
    blob = subprocess.run(["git", "hash-object", "--stdin"], input=everything, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    contains(site.git("cat-file", "--batch-check", "--batch-all-objects"), f"{blob} blob 256")
    # blanks for zeros, cut at the ends of lines as some programs do; another way to write it; nothing in it
    zeros = "\n".join(line.replace("`", " ").rstrip() for line in uuencoded(bytes(100), "zeros.bin").split("\n"))
    modern = f"begin-base64 644 y.txt\n{base64.b64encode(b'some text').decode()}\n====\n"
    comment = post(site, thread, text(f"Two.\n{zeros}{modern}{uuencoded(b'', 'empty.txt')}"))
    equal([(a["name"], a["size"]) for a in comment["attachments"]], [("zeros.bin", 100), ("y.txt", 9), ("empty.txt", 0)])
    contains(comment["body"], "Two.\n\nAttached: [zeros.bin]")


@test
def a_uuencoded_file_without_its_end_is_named_and_not_stored(site):
    comment = post(site, start(site), text(f"See.\n\n{uuencoded(bytes(100), 'cut.bin', end='')}\nBye, Tim\n"))
    equal(comment["body"].strip(), "See.\n\nBye, Tim\n\nNot stored: cut.bin (100 bytes): its end is missing", "body")
    equal(names(comment), [])


@test
def what_only_begins_like_a_uuencoded_file_is_text(site):
    thread = start(site)
    for said in ("begin 644 test.txt\nand so on, until the\nend", "begin 644 x", "begin the day\nend", "begin-base64 644 x\nno base64\n==== it was",
                 "begin 644\n#0V%T\n`\nend", f"```\n{uuencoded(b'Cat')}```"):
        comment = post(site, thread, text(f"Look:\n\n{said}\n"))
        equal(comment["body"].strip(), f"Look:\n\n{said}", said)
        equal(names(comment), [], said)


@test
def an_image_that_is_not_in_the_mail_is_shown_to_be_missing(site):
    comment = post(site, start(site), text('<p>See <img src="cid:gone@x" alt="a cat"> there.</p>', "html"))
    equal(comment["body"].strip(), "See [image: a cat] there.", "body")


@test
def an_image_can_be_all_there_is(site):
    comment = post(site, start(site), multipart("related", text('<div><img src="cid:a@x"></div>', "html"), part(PNG, cid="a@x")))
    equal(comment["body"].strip(), "![image.png](attachments/1.png)", "body")


@test
def refused_files_alone_are_no_comment(site):
    equal(post(site, start(site), multipart("mixed", text(""), part(b"MZ", "application/x-msdownload", "run.exe", disposition="attachment"))), None, "comment")


@test
def files_are_numbered_and_twins_are_stored_once(site):
    comment = post(site, start(site), multipart("mixed", text("Two files.\n"), part(PNG, name="../.git/a.png", disposition="attachment"),
                                                part(LOGO, name="a.png", disposition="attachment"), part(PNG, name="a.png", disposition="attachment")))
    equal(names(comment), ["a.png", "a.png"], "stored")
    equal([attachment["file"] for attachment in comment["attachments"]], ["1.png", "2.png"], "files")
    equal(comment["body"].count("attachments/1.png"), 2, "links to the first")


@test
def the_same_picture_is_one_blob_of_the_thread(site):
    thread = start(site)
    for _ in range(3):
        post(site, thread, multipart("mixed", text("Again.\n"), part(PNG, name="a.png", disposition="attachment")))
    tree = "".join(site.git("ls-tree", "-r", ref) for ref in site.git("for-each-ref", "--format=%(refname)").split())
    blobs = {line.split()[2] for line in tree.splitlines() if line.endswith("/1.png")}
    equal(len(blobs), 1, "blobs of 1.png")


@test
def explain_says_what_becomes_of_each(site):
    thread = start(site)
    mail = multipart("mixed", text(f"Here.\n\n[image: a.png]\n\n{WROTE}\n\n> [image: old.png]\n"), part(PNG, name="a.png"), part(LOGO, name="old.png"),
                     part(b"MZ", "application/x-msdownload", "run.exe", disposition="attachment"))
    mail["From"], mail["To"] = "tim@example.org", site.address(thread, "tim")
    path = f"{site.dir}/mail"
    with open(path, "wb") as file:
        file.write(mail.as_bytes())
    told = site.metroplex("explain", path)
    contains(told, "a.png, image/png, 208 bytes: stored as 1.png, linked in the text")
    contains(told, "old.png, image/png, 112 bytes: not stored: only the text that was cut refers to it")
    contains(told, "run.exe, application/x-msdownload, 2 bytes: not stored: its type is not allowed")


main()
