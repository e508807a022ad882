# SPDX-License-Identifier: Apache-2.0
"""keg with the peers' runtimes, with the peer's monitor, and with our own programs executed instead of built in."""
import json
import os
import time

import pytest

from sandbox import Sandbox, busybox_archive
from conftest import BUILD

PARTS = [("runc", None), ("runc", "conmon"), (None, "conmon"), ("kegrun", "kegmon"), ("kegrun", "conmon")]


class Keg:
    def __init__(self, sandbox, runtime, monitor):
        def place(name):
            return str(BUILD / name) if name.startswith("keg") else name
        self.sandbox = sandbox
        self.words = ["keg"]
        if runtime:
            self.words += ["--runtime", place(runtime)]
        if monitor:
            self.words += ["--conmon", place(monitor) if monitor.startswith("keg") else "/usr/bin/" + monitor]

    def __call__(self, *argv, **more):
        return self.sandbox.run(*self.words, *argv, **more)

    def inspect(self, name):
        return json.loads(self("inspect", name).stdout)[0]


@pytest.fixture(params=PARTS, ids=lambda p: f"{p[0] or 'builtin'}-{p[1] or 'own'}", scope="module")
def keg(request, sandbox, busybox):
    made = Keg(sandbox, *request.param)
    yield made
    made("rm", "-f", "-t", "0", "--all")


@pytest.fixture
def name(keg):
    yield "c1"
    keg("rm", "-f", "-i", "-t", "0", "c1")


def soon(condition):
    end = time.monotonic() + 20
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    assert condition()


def test_run_gives_output_and_exit_status(keg, busybox):
    done = keg("run", "--rm", "--network=none", busybox, "sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)
    assert keg("ps", "-aq").stdout == ""


def test_run_reads_its_input(keg, busybox):
    data = "".join(f"{n}\n" for n in range(50000))
    assert keg("run", "--rm", "-i", "--network=none", busybox, "cat", stdin=None, input=data).stdout == data


@pytest.mark.parametrize("command, status", [("/no/such", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_run_has_its_own_status(keg, busybox, command, status):
    done = keg("run", "--rm", "--network=none", busybox, command, check=False)
    assert done.returncode == status, done.stderr
    assert command in done.stderr
    assert keg("ps", "-aq").stdout == ""


def test_a_detached_container_lives_is_entered_and_stops(keg, busybox, name):
    keg("run", "-d", "--network=none", "--name", name, busybox, "sh", "-c",
        "echo started; trap 'exit 3' TERM; while :; do sleep 0.1; done")
    assert keg.inspect(name)["State"]["Status"] == "running"
    soon(lambda: keg("logs", name).stdout == "started\n")
    done = keg("exec", name, "sh", "-c", "echo out; echo err >&2; exit 9", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 9)
    assert keg("exec", "-i", name, "cat", stdin=None, input="text").stdout == "text"
    keg("stop", name)
    state = keg.inspect(name)["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 3)
    keg("start", name)
    assert keg.inspect(name)["State"]["Status"] == "running"
    keg("rm", "-f", "-t", "0", name)
    assert keg("ps", "-aq").stdout == ""


def test_a_detached_exec_runs(keg, busybox, name):
    keg("run", "-d", "--network=none", "--name", name, busybox, "sleep", "1000")
    keg("exec", "-d", name, "sh", "-c", "echo yes >/tmp/made")
    soon(lambda: keg("exec", name, "cat", "/tmp/made", check=False).stdout == "yes\n")


def test_kill_and_wait(keg, busybox, name):
    keg("run", "-d", "--network=none", "--name", name, busybox, "sh", "-c", "trap 'exit 4' USR1; while :; do sleep 0.1; done")
    time.sleep(0.2)
    keg("kill", "-s", "USR1", name)
    assert keg("wait", name).stdout == "4\n"


def test_nothing_is_left_running(keg, busybox):
    keg("run", "--rm", "--network=none", busybox, "true")
    soon(lambda: not keg.sandbox.processes())


def test_crun_runs_where_it_accepts_the_cgroups(tmp_path):
    """crun refuses cgroup v1 and v2 side by side; it is shown v1 alone."""
    if os.geteuid() != 0:
        pytest.skip("a private mount namespace over system folders needs root")
    sandbox = Sandbox(only_v1=True, search=[BUILD])
    try:
        archive = busybox_archive(str(tmp_path / "busybox.tar"))
        sandbox.run("keg", "import", "-q", archive, "localhost/busybox:latest")
        words = ["keg", "--runtime", "/usr/bin/crun"]
        done = sandbox.run(*words, "run", "--rm", "--network=none", "localhost/busybox:latest", "sh", "-c", "echo out; exit 7",
                           check=False)
        assert (done.stdout, done.returncode) == ("out\n", 7), done.stderr
        sandbox.run(*words, "run", "-d", "--network=none", "--name", "c1", "localhost/busybox:latest", "sleep", "1000")
        assert sandbox.run(*words, "exec", "c1", "echo", "in").stdout == "in\n"
        sandbox.run(*words, "stop", "-t", "0", "c1")
        sandbox.run(*words, "rm", "c1")
    finally:
        sandbox.run("keg", "rm", "-f", "-t", "0", "--all", check=False)
        sandbox.close()
