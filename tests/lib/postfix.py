"""A Postfix of a test's own, which delivers into a site; see postfix.sh."""
import os
import smtplib
import subprocess

from harness import HOST, LIB, check

SCRIPT = os.path.join(LIB, "postfix.sh")
OWNER = "nobody"  # virtual(8) delivers for ids from 100 on


class Postfix:
    def __init__(self, site):
        self.dir = os.path.join(site.dir, "postfix")
        out = subprocess.run([SCRIPT, "start", self.dir, HOST, site.data, OWNER], capture_output=True, text=True, timeout=60)
        check(out.returncode == 0, out.stderr)
        self.port = int(out.stdout)

    def send(self, octets, sender, *recipients):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as server:
            return server.sendmail(sender, recipients, octets)

    def stop(self):
        subprocess.run([SCRIPT, "stop", self.dir], timeout=60)

    def log(self):
        with open(os.path.join(self.dir, "log/mail.log"), errors="replace") as f:
            return f.read()


def can_run():
    return os.getuid() == 0 and os.path.exists("/usr/sbin/postfix")
