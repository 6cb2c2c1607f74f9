"""Microseconds a query of `metroplex policy`: one after the other as Postfix asks, and many ahead."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, Site  # noqa: E402

COUNT = int(os.environ.get("COUNT", "20000"))


def ask(site, recipient, ahead):
    query = ("request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nhelo_name=mail.example.org\nqueue_id=\n"
             "sender=kate@example.org\nclient_address=192.0.2.1\nclient_name=mail.example.org\ninstance=1.2.3\n"
             f"recipient={recipient}\n\n").encode()
    process = subprocess.Popen([METROPLEX, "policy", "--config", site.config], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    out = process.stdout

    def one_round(n):
        os.write(process.stdin.fileno(), query * n)
        seen = 0
        while seen < n:
            seen += os.read(out.fileno(), 65536).count(b"\n\n")

    one_round(1)
    start = time.monotonic()
    for _ in range(COUNT // ahead):
        one_round(ahead)
    seconds = time.monotonic() - start
    process.stdin.close()
    process.wait()
    return 1e6 * seconds / COUNT


def measure():
    """(what is asked, µs one by one with this client's part, µs of 50 ahead), for three kinds."""
    site = Site()
    try:
        site.user("tim")
        good = site.address(site.thread("tim"), "tim")
        mac = good.split("-")[2]
        site.set_config("instance", log_level="warn")  # a refusal is one line of the log besides
        for name, recipient in (("good", good), ("forged", good.replace(mac, mac[::-1])), ("another domain's", "kate@example.net")):
            yield name, ask(site, recipient, 1), ask(site, recipient, 50)
    finally:
        site.remove()
