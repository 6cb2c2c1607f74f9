"""A DNS server of a test's own, over UDP and TCP: it says what its zone says, and is broken where it is told to.

A zone is a dict: name to records, {"mx.example.org": {"A": ["192.0.2.1"], "MX": ["10 mx.example.org"]}}, or to a way to
fail: "SERVFAIL", "REFUSED", "SILENT", "GARBAGE", "LOOP". "*.example.org" is a wildcard. A name without records of the
type asked for is NODATA; one that is not there, NXDOMAIN.
"""
import ipaddress
import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NUMBERS = {number: name for name, number in TYPES.items()}
RCODES = {"SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}
UDP_SIZE = 512


def pack_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1


def pack_value(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        preference, target = value.split(" ")
        return struct.pack(">H", int(preference)) + pack_name(target)
    if kind == "TXT":
        octets = value.encode()
        return b"".join(bytes([len(part)]) + part for part in (octets[i:i + 255] for i in range(0, len(octets), 255)))
    return pack_name(value)


class DnsServer:
    def __init__(self, zone, port=0):
        self.zone = {name.lower(): records for name, records in zone.items()}
        self.asked = []  # (name, type, "udp" or "tcp")
        server = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                answer = server.answer(self.request[0], "udp")
                if answer is not None:
                    self.request[1].sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                length = self.rfile.read(2)
                if len(length) == 2:
                    answer = server.answer(self.rfile.read(struct.unpack(">H", length)[0]), "tcp")
                    if answer is not None:
                        self.wfile.write(struct.pack(">H", len(answer)) + answer)

        while True:  # one port for both
            self.udp = socketserver.ThreadingUDPServer(("127.0.0.1", port), Udp)
            self.port = self.udp.server_address[1]
            try:
                self.tcp = socketserver.ThreadingTCPServer(("127.0.0.1", self.port), Tcp)
                break
            except OSError:
                self.udp.server_close()
                if port != 0:
                    raise
        for one in (self.udp, self.tcp):
            one.daemon_threads = True
            threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def name(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        for one in (self.udp, self.tcp):
            one.shutdown()
            one.server_close()

    def records(self, name):
        """Those of a name, its wildcard's, or None."""
        if name in self.zone:
            return self.zone[name]
        below = any(other.endswith("." + name) for other in self.zone)  # an empty name in between is there
        parts = name.split(".")
        for i in range(1, len(parts)):
            wildcard = ".".join(["*", *parts[i:]])
            if not below and wildcard in self.zone:
                return self.zone[wildcard]
            if ".".join(parts[i:]) in self.zone:
                break
        return {} if below else None

    def resolve(self, name, kind):
        """The code, and what to answer: (owner, type, value)."""
        answers = []
        for _ in range(8):
            records = self.records(name)
            if isinstance(records, str):
                return records, answers
            if records is None:
                return "NXDOMAIN", answers
            if "CNAME" not in records or kind == "CNAME":
                return "NOERROR", answers + [(name, kind, value) for value in records.get(kind, [])]
            answers.append((name, "CNAME", records["CNAME"][0]))
            name = records["CNAME"][0].lower()
        return "SERVFAIL", answers

    def answer(self, packet, how):
        name, at = read_name(packet, 12)
        kind = NUMBERS.get(struct.unpack(">H", packet[at:at + 2])[0], "?")
        question = packet[12:at + 4]
        self.asked.append((name, kind, how))
        code, answers = self.resolve(name, kind)
        if code == "SILENT":
            return None
        if code == "GARBAGE":  # an answer that says more than it has
            return packet[:2] + struct.pack(">HHHHH", 0x8180, 1, 200, 0, 0) + question + b"\xc0\x0c\0"
        if code == "LOOP":  # a name that points to itself
            at = 12 + len(question)
            return packet[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question + struct.pack(">H", 0xc000 | at) + b"\0" * 10
        body = b"".join(pack_name(owner) + struct.pack(">HHIH", TYPES[of], 1, 60, len(value)) + value
                        for owner, of, value in ((owner, of, pack_value(of, text)) for owner, of, text in answers))
        flags, count = 0x8180 | RCODES.get(code, 0), len(answers)
        if how == "udp" and 12 + len(question) + len(body) > UDP_SIZE:
            flags, count, body = flags | 0x0200, 0, b""
        return packet[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + question + body
