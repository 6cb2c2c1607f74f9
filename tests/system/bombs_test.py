#!/usr/bin/env python3
"""Fifty mails made to explode. Each is refused or posted within the limits, and the next is unharmed.

A quarter of them by default; BOMBS=all for all, BOMBS=NAME for one.
"""
import base64
import os
import random
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, check, equal, main, test  # noqa: E402

MIB = 1024 * 1024
CPU = 2.0  # seconds: of the worker, and what the rest of the run takes is far less
# MiB beyond the mail's size, of the larger of the two processes; a sanitizer keeps as much again for itself.
MEMORY = 64 * int(os.environ.get("ROOM", "1"))
BOMBS = []


def bomb(function):
    BOMBS.append(function)
    return function


def head(address, *fields):
    lines = ["Return-Path: <kate@example.org>", f"X-Original-To: {address}", "From: kate@example.org", f"To: {address}",
             "Subject: Re: Rocket", "MIME-Version: 1.0", *fields]
    return "\n".join(lines) + "\n"


def text_mail(address, text, kind="plain", charset="utf-8"):
    body = text if isinstance(text, bytes) else text.encode()
    return head(address, f"Content-Type: text/{kind}; charset={charset}").encode() + b"\n" + body


def html_mail(address, html):
    return text_mail(address, html, "html")


# --- Nesting and parts


@bomb
def multiparts_within_each_other(a):
    out = [head(a, "Content-Type: multipart/mixed; boundary=b0")]
    for i in range(1, 20000):
        out.append(f"--b{i - 1}\nContent-Type: multipart/mixed; boundary=b{i}\n")
    return "\n".join(out).encode()


@bomb
def messages_within_each_other(a):
    return (head(a, "Content-Type: message/rfc822") + "\n" + "Content-Type: message/rfc822\n\n" * 100000).encode()


@bomb
def a_million_parts(a):
    return (head(a, "Content-Type: multipart/mixed; boundary=b") + "\n" + "--b\n\nx\n" * 1000000).encode()


@bomb
def as_many_parts_as_are_allowed(a):
    return (head(a, "Content-Type: multipart/mixed; boundary=b") + "\n" + "--b\n\nx\n" * 990 + "--b--\n").encode()


@bomb
def a_digest_of_many(a):
    return (head(a, "Content-Type: multipart/digest; boundary=b") + "\n" + "--b\n\nSubject: x\n\ny\n" * 200000).encode()


@bomb
def alternatives_without_end(a):
    part = "--b\nContent-Type: text/html\n\n<b>x</b>\n"
    return (head(a, "Content-Type: multipart/alternative; boundary=b") + "\n" + part * 999).encode()


@bomb
def the_deepest_that_is_allowed(a):
    out = [head(a, "Content-Type: multipart/mixed; boundary=b0")]
    out += [f"--b{i - 1}\nContent-Type: multipart/mixed; boundary=b{i}\n" for i in range(1, 99)]
    return ("\n".join(out) + "\n--b98\n\nHello\n").encode()


# --- Boundaries


@bomb
def boundaries_that_begin_each_other(a):
    longest = "b" * 60
    fields = [f"--{longest[:i]}\nContent-Type: multipart/mixed; boundary={longest[:i + 1]}\n" for i in range(1, 59)]
    return (head(a, "Content-Type: multipart/mixed; boundary=b") + "\n" + "\n".join(fields) + ("\n--" + longest) * 100000).encode()


@bomb
def a_boundary_of_nothing(a):
    return (head(a, 'Content-Type: multipart/mixed; boundary=""') + "\n" + "--\n" * 500000).encode()


@bomb
def a_boundary_in_pieces(a):
    return (head(a, 'Content-Type: multipart/mixed; boundary*0="b"; boundary*1="c"') + "\n" + "--bc\n\nx\n" * 300000).encode()


@bomb
def a_boundary_as_long_as_a_field(a):
    long = "b" * 60000
    return (head(a, f"Content-Type: multipart/mixed; boundary={long}") + "\n" + f"--{long}\n\nx\n" * 300).encode()


@bomb
def lines_that_nearly_are_boundaries(a):
    return (head(a, "Content-Type: multipart/mixed; boundary=bbbb") + "\n--bbbb\n\n" + "--bbb\n" * 2000000).encode()


@bomb
def many_boundary_parameters(a):
    return (head(a, "Content-Type: multipart/mixed" + "; boundary=b" * 5000) + "\n--b\n\nx\n").encode()


# --- Headers


@bomb
def a_million_header_fields(a):
    return (head(a) + "X-A: b\n" * 1000000 + "\nHello\n").encode()


@bomb
def one_header_field_of_megabytes(a):
    return (head(a) + "X-A: " + "b " * 5000000 + "\n\nHello\n").encode()


@bomb
def a_field_folded_half_a_million_times(a):
    return (head(a) + "X-A: b" + "\n b" * 500000 + "\n\nHello\n").encode()


@bomb
def references_that_never_end(a):
    return (head(a) + "References: " + "<a@b> " * 10000 + "\n\nHello\n").encode()


@bomb
def a_header_without_a_body(a):
    return (head(a) + "X-" + "a" * 20 * MIB).encode()


@bomb
def thousands_of_results(a):
    return (head(a) + f"Authentication-Results: mx.example.org; {'dkim=pass header.d=x; ' * 2000}\n" * 15 + "\nHello\n").encode()


@bomb
def comments_within_comments_of_results(a):
    return (head(a) + "Authentication-Results: mx.example.org; dmarc=pass " + "(" * 30000 + "\n\nHello\n").encode()


# --- Addresses and encoded words


@bomb
def fifty_thousand_groups_within_each_other(a):
    return (head(a) + "Cc: " + "g:" * 30000 + "\n\nHello\n").encode()


@bomb
def a_hundred_thousand_addresses(a):
    return (head(a) + "Cc: " + ",\n ".join(["a@b.example"] * 100000) + "\n\nHello\n").encode()


@bomb
def as_many_addresses_as_are_allowed(a):
    return (head(a) + ("Cc: " + ",".join(["a@b.example"] * 990) + "\n") * 80 + "\nHello\n").encode()


@bomb
def comments_in_an_address(a):
    return (head(a) + "Cc: " + "(" * 30000 + ")" * 30000 + " a@b.example\n\nHello\n").encode()


@bomb
def quotes_that_never_close(a):
    return (head(a) + 'Cc: "' + '\\"' * 30000 + "\n\nHello\n").encode()


@bomb
def encoded_words_by_the_thousand(a):
    return (head(a) + ("Subject: " + "=?utf-8?q?=C3=A9?= " * 3000 + "\n") * 15 + "\nHello\n").encode()


@bomb
def encoded_words_that_never_end(a):
    return (head(a) + ("X-A: " + "=?utf-8?b?" * 6000 + "\n") * 15 + "\nHello\n").encode()


@bomb
def encoded_words_of_an_odd_charset(a):
    return (head(a) + ("X-A: " + "=?utf-7?q?+ADw-?= =?iso-2022-jp?b?GyRCJCI=?= " * 1400 + "\n") * 15 + "\nHello\n").encode()


@bomb
def parameters_in_a_hundred_thousand_pieces(a):
    return (head(a, "Content-Type: text/plain" + "".join(f'; name*{i}="x"' for i in range(4000))) + "\nHello\n").encode()


# --- Encodings


@bomb
def base64_of_nothing(a):
    return (head(a, "Content-Type: text/plain", "Content-Transfer-Encoding: base64") + "\n" + "=\n" * 10 * MIB).encode()


@bomb
def base64_of_one_letter(a):
    text = base64.b64encode(b"a" * 17 * MIB)
    return head(a, "Content-Type: text/plain", "Content-Transfer-Encoding: base64").encode() + b"\n" + text


@bomb
def quoted_printable_of_soft_breaks(a):
    return (head(a, "Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable") + "\n" + "=\n" * 10 * MIB).encode()


@bomb
def uuencoded_files_in_the_text(a):
    return text_mail(a, "begin 644 x\n`\nend\n" * 200000)


@bomb
def a_uuencoded_file_that_is_all_the_text(a):
    return text_mail(a, "begin 644 x\n" + ("M" + "!" * 60 + "\n") * 30000 + "begin 644 x\n" * 50000)


@bomb
def uuencode_without_end(a):
    return (head(a, "Content-Type: text/plain", "Content-Transfer-Encoding: x-uuencode") + "\nbegin 644 x\n" + ("M" + "!" * 60 + "\n") * 300000).encode()


@bomb
def a_charset_that_grows(a):
    return text_mail(a, b"+" + b"AAA" * 700000 + b"-", charset="utf-7")


@bomb
def a_charset_that_shifts_all_the_time(a):
    return text_mail(a, b"\x1b$B$\"\x1b(B" * 400000, charset="iso-2022-jp")


@bomb
def random_octets_as_gb18030(a):
    return text_mail(a, random.Random(1).randbytes(3 * MIB), charset="gb18030")


# --- Text and HTML


@bomb
def one_line_of_25_mib(a):
    return text_mail(a, "a" * (25 * MIB - 1000))


@bomb
def quotes_within_quotes(a):
    return text_mail(a, "\n".join(">" * (i % 3000) + " x" for i in range(2600)))


@bomb
def a_line_that_nearly_is_an_attribution(a):
    return text_mail(a, ("On " + "a, " * 5000 + "\n") * 250)


@bomb
def half_a_million_blank_lines(a):
    return text_mail(a, "\n" * 3 * MIB + "x")


@bomb
def html_of_a_hundred_thousand_levels(a):
    return html_mail(a, "<div>" * 100000 + "x")


@bomb
def html_of_tables_that_are_wrong(a):
    return html_mail(a, "<table><b><tr><td><i>" * 40000)


@bomb
def html_formatting_adopted_again_and_again(a):
    return html_mail(a, "<b><i><u><s><a href=x><p>" * 20000 + "</b></i>" * 2000)


@bomb
def html_entities_by_the_million(a):
    return html_mail(a, "&amp;&#x202e;&NotEqualTilde;&" * 130000)


@bomb
def html_attributes_by_the_hundred_thousand(a):
    return html_mail(a, "<p " + " ".join(f"a{i}=x" for i in range(180000)) + ">x</p>")


@bomb
def html_lists_of_quotes(a):
    return html_mail(a, "<blockquote><ul><li>" * 3000 + ("x<br>" * 1000))


@bomb
def a_zip_of_zeroes_as_many_pictures(a):
    part = "--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(bytes(40000)).decode() + "\n"
    return (head(a, "Content-Type: multipart/mixed; boundary=b") + "\n" + part * 400).encode()


@bomb
def only_nul(a):
    return head(a).encode() + b"\n" + b"\0" * 4 * MIB


# --- The test


def chosen():
    wish = os.environ.get("BOMBS", "")
    if wish == "all":
        return BOMBS
    return [b for b in BOMBS if b.__name__ == wish] if wish else BOMBS[::4]


def deliver(site, make, address):
    """By a child of its own: what a program's parent took counts as the program's memory."""
    name = f"1.{make.__name__}.mx"
    child = os.fork()
    if child == 0:
        site.deliver(make(address), name)
        os._exit(0)
    equal(os.waitpid(child, 0)[1], 0, make.__name__)
    return name, os.stat(os.path.join(site.data, "mail/reply/new", name)).st_size / MIB


def run_once(site):
    """CPU seconds and the greatest memory in MiB, of metroplex with its worker."""
    process = subprocess.Popen([METROPLEX, "--config", site.config, "--once"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = process.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    process.stdout.close()
    equal(status, 0, out)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


@test
def every_bomb_is_refused_or_posted_and_the_next_mail_unharmed(site):
    check(len(BOMBS) >= 40, f"{len(BOMBS)} bombs")
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    site.set_config("address", authserv_id="mx.example.org", unauthenticated="accept")
    site.deliver(site.mail("kate@example.org", address, "Before\n"))
    base_cpu, base = run_once(site)
    print(f"# without a bomb: {base_cpu:.2f} s, {base:.0f} MiB")
    worst_cpu = worst_memory = 0
    reasons, wrong = {}, []
    for make in chosen():
        name, size = deliver(site, make, address)
        after = site.deliver(site.mail("kate@example.org", address, f"After {make.__name__}\n"))
        cpu, memory = run_once(site)
        found = site.reasons()
        beyond = memory - base - size
        print(f"# {make.__name__:44} {size:5.1f} MiB {cpu:5.2f} s {beyond:6.1f} MiB beyond  {found.get(name)}")
        worst_cpu, worst_memory = max(worst_cpu, cpu), max(worst_memory, beyond)
        reasons[found.get(name)] = reasons.get(found.get(name), 0) + 1
        if found.get(name) is None or found.get(after) != "posted":
            wrong.append(f"{make.__name__}: {found.get(name)}, the next {found.get(after)}")
        if cpu > CPU + base_cpu + 0.5 or beyond > MEMORY:
            wrong.append(f"{make.__name__}: {cpu:.2f} s, {beyond:.1f} MiB beyond its size")
        for place in ("success", "failure"):  # 25 MiB each
            path = os.path.join(site.data, "incoming-mail", place, name)
            if os.path.exists(path):
                os.unlink(path)
    print(f"# {len(chosen())} bombs: at most {worst_cpu:.2f} s and {worst_memory:.1f} MiB beyond the mail; {reasons}")
    equal(wrong, [])
    equal(site.new, [])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
