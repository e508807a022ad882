#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an OCI runtime: starts BUNDLE/command.sh (or SPEC with exec) and nothing more.

FAKE_FAIL makes it complain and exit 3; FAKE_NO_PID makes it write no pid file. Its arguments go to
BUNDLE/arguments, one a line.
"""
import array
import fcntl
import os
import pty
import socket
import sys
import termios


def main(argv):
    option = {argv[i]: argv[i + 1] for i in range(len(argv) - 1) if argv[i].startswith("--")}
    with open("arguments", "w", encoding="utf-8") as to:
        to.write("\n".join(argv))
    if "FAKE_FAIL" in os.environ:
        sys.stderr.write(os.environ["FAKE_FAIL"])
        return 3
    script = option.get("--process") or os.path.join(option["--bundle"], "command.sh")
    master = slave = -1
    if "--console-socket" in option:
        master, slave = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if slave >= 0:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
        os.closerange(3, 64)
        os.execv("/bin/sh", ["/bin/sh", script])
    if master >= 0:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(option["--console-socket"])
        sock.sendmsg([b"terminal"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [master]))])
    if "FAKE_NO_PID" not in os.environ:
        with open(option["--pid-file"], "w", encoding="utf-8") as to:
            to.write(str(pid))
    return 0


sys.exit(main(sys.argv))
