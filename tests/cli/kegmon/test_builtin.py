# SPDX-License-Identifier: Apache-2.0
"""The runtime that is built in: --keg-runtime-root and what belongs to it."""
import ctypes
import json
import os
import shutil
import subprocess
import time

import pytest

from monitored import KEGMON, Monitor, read_all, until

KEGRUN = os.path.join(os.path.dirname(KEGMON), "kegrun")
ENOCOMMAND, EBADCOMMAND = 12, 13
OPEN_TREE, OPEN_TREE_CLONE, AT_RECURSIVE = 428, 1, 0x8000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a container without an engine needs root")


class Builtin(Monitor):
    """A monitor for a real container, made by our own runtime."""

    def __init__(self, folder):
        super().__init__(folder)
        self.cid = "keg-test-" + os.urandom(4).hex()
        self.state = folder / "state"
        rootfs = self.bundle / "rootfs"
        for name in ("bin", "proc", "sys", "dev", "etc", "tmp"):
            (rootfs / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", rootfs / "bin/busybox")
        for applet in ("sh", "cat", "echo", "sleep", "stty", "seq"):
            (rootfs / "bin" / applet).symlink_to("busybox")
        (rootfs / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")

    def arguments(self, *more, runtime=None, log=None):
        words = super().arguments("--keg-runtime-root", str(self.state), *more, log=log)
        at = words.index("-r")
        return words[:at] + words[at + 2:]

    def configure(self, *command, terminal=False):
        subprocess.run([KEGRUN, "spec", "--bundle", str(self.bundle)], check=True)
        path = self.bundle / "config.json"
        config = json.loads(path.read_text())
        config["process"].update(args=list(command), terminal=terminal)
        config["root"]["readonly"] = False
        path.write_text(json.dumps(config))

    def kegrun(self, *words):
        return subprocess.run([KEGRUN, "--root", str(self.state), *words], capture_output=True, text=True, timeout=20,
                              check=False)

    def start(self):
        done = self.kegrun("start", self.cid)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def monitor(tmp_path):
    made = Builtin(tmp_path)
    yield made
    made.kegrun("delete", "-f", made.cid)


def test_it_creates_and_the_engine_starts(monitor):
    monitor.configure("sh", "-c", "echo out; echo err >&2; exit 7")
    monitor.run("")
    assert monitor.created() == {"data": int((monitor.dir / "pid").read_text())}
    assert json.loads(monitor.kegrun("state", monitor.cid).stdout)["status"] == "created"
    with monitor.attach() as sock:
        monitor.start()
        assert read_all(sock) == {2: b"out\n", 3: b"err\n"}
    assert monitor.exit_status() == 7
    assert monitor.logged() == b"out\n"


def test_a_created_container_holds_no_descriptor_of_the_monitor(monitor):
    monitor.configure("sleep", "1000")
    monitor.run("")
    monitor.created()
    assert monitor.report() is None
    folder = f"/proc/{(monitor.dir / 'pid').read_text()}/fd"

    def names():
        for fd in os.listdir(folder):
            try:
                if int(fd) > 2:
                    yield os.readlink(os.path.join(folder, fd))
            except FileNotFoundError:
                pass
    ours = [name for name in names() if "event" in name or name.startswith((str(monitor.bundle), str(monitor.log)))]
    assert not ours


@pytest.mark.parametrize("command, code", [("/no/such", ENOCOMMAND), ("/etc/passwd", EBADCOMMAND)])
def test_a_failure_is_reported_with_its_code(monitor, command, code):
    monitor.configure(command)
    monitor.run("")
    report = monitor.report()
    assert report["data"] == -1 and report["code"] == code and command in report["message"]
    assert monitor.kegrun("state", monitor.cid).returncode != 0


def test_a_terminal_comes_through(monitor):
    monitor.configure("sh", "-c", "read x; stty size; echo got $x", terminal=True)
    monitor.run("", "-t", "-i")
    with monitor.attach() as sock:
        monitor.start()
        with open(monitor.bundle / "ctl", "w", encoding="utf-8") as ctl:
            ctl.write("1 33 120\n")
        time.sleep(0.2)
        sock.send(b"word\n")
        seen = read_all(sock)[2]
    assert b"33 120" in seen and b"got word" in seen


def test_exec_runs_beside_the_first_process(monitor, tmp_path):
    monitor.configure("sleep", "1000")
    monitor.run("")
    monitor.created()
    monitor.start()
    other = Builtin(tmp_path / "other") if (tmp_path / "other").mkdir() is None else None
    other.cid, other.state = monitor.cid, monitor.state
    (other.dir / "process.json").write_text(json.dumps(
        {"args": ["sh", "-c", "echo inside; exit 5"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin"]}))
    other.run("", "-e", "--exec-process-spec", str(other.dir / "process.json"))
    assert other.report()["data"] > 0
    assert other.report() == {"data": 5}
    assert other.logged() == b"inside\n"


def test_a_mount_that_is_handed_over_becomes_the_root(monitor):
    elsewhere = monitor.dir / "elsewhere"
    shutil.copytree(monitor.bundle / "rootfs", elsewhere, symlinks=True)
    (elsewhere / "etc/mark").write_text("mark\n")
    tree = ctypes.CDLL(None).syscall(OPEN_TREE, -100, os.fsencode(elsewhere), OPEN_TREE_CLONE)
    assert tree > 0
    monitor.configure("cat", "/etc/mark")
    monitor.run("", "--keg-rootfs-fd", str(tree), fds=[tree])
    os.close(tree)
    monitor.created()
    monitor.start()
    assert monitor.exit_status() == 0
    assert monitor.logged() == b"mark\n"


def test_a_sleeping_monitor_is_small(monitor):
    monitor.configure("sleep", "1000")
    monitor.run("")
    monitor.created()
    monitor.start()

    def private():
        with open(f"/proc/{monitor.pid()}/smaps_rollup", encoding="utf-8") as rollup:
            return sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    until(lambda: private() <= 150, "150 KiB of private memory at most")


def test_arguments_for_another_runtime_are_refused(monitor):
    done = subprocess.run([KEGMON, *monitor.arguments("--runtime-arg", "x")], capture_output=True, text=True, timeout=10,
                          check=False)
    assert done.returncode == 1 and "--keg-runtime-root" in done.stderr
