# SPDX-License-Identifier: Apache-2.0
"""A command on a terminal, as a user would have it."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

LIMIT = 30


class Terminal:
    """`start(stdin=, stdout=, stderr=)` gives the process; it runs on a new terminal."""

    def __init__(self, start, rows=33, columns=120):
        self.main, side = pty.openpty()
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.child = start(stdin=side, stdout=side, stderr=side)
        os.close(side)
        self.seen = b""

    def read(self):
        """What comes within half a second, b"" when nothing did, None at the end."""
        if not select.select([self.main], [], [], 0.5)[0]:
            return b""
        try:
            data = os.read(self.main, 4096)
        except OSError:
            return None
        self.seen += data
        return data or None

    def wait_for(self, text):
        end = time.monotonic() + LIMIT
        while text not in self.seen and time.monotonic() < end and self.read() is not None:
            pass
        assert text in self.seen, self.seen

    def wait_quiet(self):
        while self.read():
            pass

    def send(self, text):
        os.write(self.main, text)

    def tell_size(self):
        """As the kernel tells the foreground of a window that was resized."""
        os.kill(self.child.pid, signal.SIGWINCH)

    def end(self):
        """The exit status; all that was written is in `seen` then."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.read() is not None and self.child.poll() is None:
            pass
        status = self.child.wait(timeout=LIMIT)
        while self.read():
            pass
        os.close(self.main)
        return status
