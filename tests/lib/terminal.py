"""A program at a terminal of its own, as somebody sits there."""
import fcntl
import os
import select
import struct
import termios

from harness import check


class Terminal:
    """Of 80 columns."""

    def __init__(self, *command, **env):
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            os.environ.update({"LC_ALL": "C.UTF-8", "TERM": "xterm", **env})
            if "NO_COLOR" not in env:
                os.environ.pop("NO_COLOR", None)
            os.execv(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = ""

    def until(self, text, seconds=20):
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], seconds * int(os.environ.get("PATIENCE", "1")))
            check(ready, f"{text!r} does not come: {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode()

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """All that it printed; its status is then in self.status."""
        try:
            while True:
                octets = os.read(self.fd, 65536)
                if not octets:
                    break
                self.seen += octets.decode(errors="replace")
        except OSError:  # the other end is closed
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return self.seen
