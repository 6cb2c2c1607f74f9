#!/usr/bin/env python3
"""A bundle of an installation that has had 100,000 mails (or as many as the argument says): how long it takes and how
much memory. The memory is judged, for it must not grow with the logs; the time is shown, for it is the machine's.

The files are written as a run writes them, but by this script: it is about reading them.
"""
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, Site  # noqa: E402

MIB = 1024 * 1024
LIMIT = 64 * MIB


def fill(site, mails):
    """Logs, outcomes and filed mails of so many mails, the last one now."""
    directory = os.path.join(site.dir, "postfix")
    os.mkdir(directory)
    with open(os.path.join(directory, "main.cf"), "w") as f:
        f.write(f"maillog_file = {directory}/mail.log\nmaillog_file_prefixes = {directory}\n")
    os.environ["MAIL_CONFIG"] = directory
    new, begun = os.path.join(site.data, "mail/reply/new"), time.time() - mails / 2
    os.makedirs(os.path.join(site.data, "log"), exist_ok=True)
    with open(os.path.join(site.data, "log/metroplex.log"), "w") as log, open(os.path.join(site.data, "log/notifier.log"), "w") as out, \
            open(site.outcomes_file(), "w") as outcomes, open(os.path.join(directory, "mail.log"), "w") as mail:
        for n in range(mails):
            when = begun + n / 2
            utc, syslog = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)), time.strftime("%b %e %H:%M:%S", time.localtime(when))
            local = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(when))
            name, message_id, sender = f"{int(when)}.V801I{n:x}M{n % 1000000:06d}.mx", f"<{n:x}.{n * 7919:x}@mail{n % 50}.example.org>", f"person{n % 2000}@example.org"
            token, key, queue_id = f"reply+i-{n % 997 + 1}-{n:040x}-{n % 2000}@reply.{HOST}", f"{n * 104729:032x}", f"{n * 31 + 0x10000:X}"
            for level, text in (("INFO", f"metroplex: processing {message_id}"), ("DEBUG", f"Matched {new}/{name}"),
                                ("INFO", f"Posted {new}/{name}: thread {n % 997 + 1}, comment {n // 997 + 1}, by person{n % 2000}"),
                                ("DEBUG", f"Moving {new}/{name} => {site.data}/incoming-mail/success")):
                log.write(f"[{local}.123 {level} (4711) #] {text}\n")
            for text in (f"Announcing {key} of thread {n % 997 + 1} to 1 of 1 recipients",
                         f"notifier: sent <acme/rocket/issues/{n % 997 + 1}-96e0faf6/{n // 997 + 1}-{key[:8]}@{HOST}> to {sender}: 250 2.0.0 Ok", f"Event {key} is done"):
                out.write(f"[{local}.456 INFO (4712) #] {text}\n")
            outcomes.write(f"{utc}.498Z\tsuccess\tposted\t{message_id}\t{name}\t{n % 997 + 1}\t{n // 997 + 1}\t0.498\n")
            for program, text in (("smtpd", f"client=mail{n % 50}.example.org[192.0.2.{n % 250}]"), ("cleanup", f"message-id={message_id}"),
                                  ("qmgr", f"from=<{sender}>, size=3456, nrcpt=1 (queue active)"),
                                  ("virtual", f"to=<{token}>, relay=virtual, delay=0.1, delays=0.05/0.01/0/0.04, dsn=2.0.0, status=sent (delivered to maildir)"),
                                  ("qmgr", "removed")):
                mail.write(f"{syslog} mx postfix/{program}[815]: {queue_id}: {text}\n")
            with open(os.path.join(site.data, "incoming-mail/success", name), "w") as f:
                f.write(f"From: {sender}\nTo: {token}\nMessage-ID: {message_id}\n\nYes.\n")


def measure(site, *options):
    """Seconds, processor seconds, and the most memory, of one bundle and whatever it starts."""
    path = os.path.join(site.dir, "bundle.tgz")
    begun = time.monotonic()
    process = subprocess.Popen([METROPLEX, "bundle", "--config", site.config, "--force", *options, path])
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, status
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, os.path.getsize(path)


def main():
    site = Site()
    mails = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    try:
        fill(site, mails)
        raw = sum(os.path.getsize(os.path.join(site.dir, p)) for p in ("data/log/metroplex.log", "data/log/notifier.log", os.path.relpath(site.outcomes_file(), site.dir), "postfix/mail.log"))
        seconds, processor, memory, packed = measure(site, "--offline", "--days", "3650")
        print(f"{mails:,} mails, {raw / MIB:.0f} MiB of logs: {seconds:.1f} s, {processor:.1f} s of processor, {memory / MIB:.0f} MiB of memory, "
              f"{packed / MIB:.1f} MiB packed; load {os.getloadavg()[0]:.1f}")
        good = memory <= LIMIT
        print(f"{'ok' if good else 'not ok'} a large installation's bundle takes at most {LIMIT // MIB} MiB")
        print(f"{int(good)} passed, {int(not good)} failed")
        return 0 if good else 1
    finally:
        site.remove()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
