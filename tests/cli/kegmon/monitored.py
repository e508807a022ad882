# SPDX-License-Identifier: Apache-2.0
"""A monitor under test: a bundle of its own, a stand-in runtime, and the pipes of the protocol."""
import json
import os
import pathlib
import re
import select
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).parents[3]
KEGMON = os.path.join(os.environ.get("KEG_BUILD", ROOT / "build"), "kegmon")
RUNTIME = str(pathlib.Path(__file__).with_name("runtime.py"))
PATIENCE = 20
STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d (stdout|stderr) ([FP]) ")


def until(condition, what):
    """Wait for an event that has no descriptor here."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not in {PATIENCE} s: {what}")


class Monitor:
    cid = "c0ffee" * 4

    def __init__(self, folder):
        self.dir = folder
        self.bundle = folder / "bundle"
        self.exits = folder / "exits"
        self.persist = folder / "persist"
        self.log = folder / "log"
        for path in (self.bundle, self.exits, self.persist):
            path.mkdir()
        self.placing = ["--full-attach"]
        self.sync = self.start_pipe = self.told = None

    def arguments(self, *more, runtime=RUNTIME, log=None):
        return ["--api-version", "1", "-c", self.cid, "-u", self.cid, "-r", runtime, "-b", str(self.bundle),
                "-p", str(self.dir / "pid"), "-P", str(self.dir / "monitor-pid"), "-l", log or f"k8s-file:{self.log}",
                "--exit-dir", str(self.exits), "--persist-dir", str(self.persist), *self.placing, *more]

    def run(self, command, *more, env=None, fds=(), start_pipe=False, **options):
        """Start a monitor for a shell command; its first process has ended when this returns."""
        (self.bundle / "command.sh").write_text(command)
        self.told = None
        self.sync, theirs = os.pipe()
        env = dict(os.environ, _OCI_SYNCPIPE=str(theirs), **(env or {}))
        fds = [theirs, *fds]
        if start_pipe:
            start, self.start_pipe = os.pipe()
            env["_OCI_STARTPIPE"] = str(start)
            fds.append(start)
        child = subprocess.Popen([KEGMON, *self.arguments(*more, **options)], cwd=self.bundle, env=env, pass_fds=fds,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.close(theirs)
        if start_pipe:
            os.close(start)
            return child
        output, _ = child.communicate(timeout=PATIENCE)
        assert child.returncode == 0, output
        return child

    def report(self):
        """The next line of the sync pipe, None at its end."""
        text = b""
        while not text.endswith(b"\n"):
            assert select.select([self.sync], [], [], PATIENCE)[0], f"no report after {text}"
            byte = os.read(self.sync, 1)
            if not byte:
                return None
            text += byte
        return json.loads(text)

    def pid(self):
        """The monitor's own pid."""
        return int(until(lambda: (self.dir / "monitor-pid").exists() and
                         (self.dir / "monitor-pid").read_text(), "pid file"))

    def exit_status(self):
        """Wait for the exit file, and for the monitor to be gone."""
        path = self.exits / self.cid
        text = until(lambda: path.exists() and path.read_text(), "exit file")
        until(lambda: not alive(self.pid()), "end of the monitor")
        assert (self.persist / "exit").read_text() == text
        return int(text)

    def created(self):
        """The first report, waited for once."""
        if not self.told:
            self.told = self.report()
        return self.told

    def attach(self, at=None, ready=True):
        """A client; an exec session that waits for one is not `ready` by then."""
        if ready:
            self.created()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.settimeout(PATIENCE)
        here = os.open(at or self.bundle, os.O_PATH)
        sock.connect(f"/proc/self/fd/{here}/attach")
        os.close(here)
        return sock

    def lines(self, path=None):
        """[(stream, tag, text)] of the log."""
        found = []
        for line in (path or self.log).read_bytes().split(b"\n")[:-1]:
            match = STAMP.match(line)
            assert match, line
            found.append((match.group(1).decode(), match.group(2).decode(), line[match.end():]))
        return found

    def logged(self, stream="stdout", path=None):
        """What the container wrote, put together again."""
        return b"".join(text + (b"\n" if tag == "F" else b"") for s, tag, text in self.lines(path) if s == stream)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def read_all(sock):
    """Packets until the end, as {stream byte: bytes}."""
    got = {2: b"", 3: b""}
    while True:
        packet = sock.recv(65536)
        if not packet:
            return got
        got[packet[0]] += packet[1:]
