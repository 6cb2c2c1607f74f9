"""A real OpenDKIM of a test's own, which verifies what keys that are made here sign."""
import base64
import os
import socket
import subprocess
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # python3-dkim, whichever python this is

from harness import HOST, wait_until  # noqa: E402
from postfix import free_port  # noqa: E402

PROGRAM = "/usr/sbin/opendkim"


class OpenDkim:
    """Its configuration is `conf`; it finds the keys of `domains` in a file, and asks no DNS for them."""

    def __init__(self, site, *domains):
        self.dir, self.port = os.path.join(site.dir, "opendkim"), free_port()
        os.makedirs(self.dir)
        self.key, self.conf = os.path.join(self.dir, "key.pem"), os.path.join(self.dir, "opendkim.conf")
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
        with open(os.path.join(self.dir, "dns"), "w") as f:
            f.write("".join(f"s1._domainkey.{domain} {record}\n" for domain in domains))
        with open(self.conf, "w") as f:
            f.write(f"Mode v\nSocket inet:{self.port}@127.0.0.1\nAuthservID {HOST}\nTestDNSData file:{self.dir}/dns\nUserID root\n")
        self.process = subprocess.Popen([PROGRAM, "-f", "-x", self.conf], stdin=subprocess.DEVNULL)
        wait_until(self.listens)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def sign(self, octets, domain, headers=None):
        """The mail as it is sent, with a signature of the domain over these header fields."""
        import dkim
        with open(self.key, "rb") as f:
            key = f.read()
        octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return dkim.sign(octets, b"s1", domain.encode(), key, include_headers=headers) + octets

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
