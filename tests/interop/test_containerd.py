# SPDX-License-Identifier: Apache-2.0
"""Debian's containerd with our runtime as the binary of its runc shim."""
import json
import subprocess

import pytest

from daemons import BUILD, eventually
from terminal import Terminal

IMAGE = "localhost/busybox:latest"


class Ctr:
    def __init__(self, containerd):
        self.containerd, self.sandbox = containerd, containerd.sandbox

    def __call__(self, *argv, **more):
        return self.containerd(*argv, **more)

    @staticmethod
    def run_words(*options, runtime=BUILD / "kegrun"):
        return ["run", "--runtime", "io.containerd.runc.v2", "--runc-binary", runtime, *options]

    def run(self, *words, options=(), name="c1", **more):
        runtime = {"runtime": more.pop("runtime")} if "runtime" in more else {}
        return self(*self.run_words("--rm", *options, **runtime), IMAGE, name, *words, **more)

    def status(self, name):
        rows = [line.split() for line in self("tasks", "ls").stdout.splitlines()]
        return next((row[2] for row in rows if row[0] == name), None)


@pytest.fixture(scope="module")
def ctr(containerd, busybox, sandbox):
    """With an image that Podman made, imported from its archive."""
    archive = containerd.sandbox.dir / "image.tar"
    sandbox.run("podman", "save", "-q", "--format", "oci-archive", "-o", archive, busybox)
    made = Ctr(containerd)
    made("image", "import", archive)
    return made


@pytest.fixture
def name(ctr):
    yield "c1"
    ctr("tasks", "rm", "-f", "c1", check=False)
    ctr("containers", "rm", "c1", check=False)
    assert list(ctr.sandbox.path("/run/containerd/runc/default").glob("*")) == []


def running(ctr, name, *command):
    ctr(*ctr.run_words("-d", "--null-io"), IMAGE, name, *(command or ("sleep", "1000")))


def execute(ctr, *words, **more):
    execute.number = getattr(execute, "number", 0) + 1
    return ctr("tasks", "exec", "--exec-id", f"e{execute.number}", *words, **more)


def test_run_gives_output_and_exit_status(ctr):
    done = ctr.run("sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)


def test_a_terminal_has_its_size_and_echoes(ctr):
    terminal = Terminal(lambda **io: ctr.containerd.popen(
        *ctr.run_words("--rm", "-t"), IMAGE, "c1", "sh", "-c", "echo ready; read x; stty size; tty; exit 5", **io))
    terminal.wait_for(b"ready")
    terminal.wait_quiet()
    terminal.send(b"word\r")
    assert terminal.end() == 5
    assert b"33 120" in terminal.seen and b"/dev/pts/0" in terminal.seen, terminal.seen


@pytest.mark.parametrize("command, said", [
    ("nosuch", "executable file not found in $PATH"), ("/no/such", "no such file or directory"),
    ("/etc/passwd", "permission denied")])
def test_a_command_that_cannot_run_is_told_with_its_reason(ctr, name, command, said):
    done = ctr.run(command, name=name, check=False)
    assert done.returncode == 1 and f'OCI runtime create failed: unable to start container process: exec: "{command}"' in done.stderr
    assert said in done.stderr


def test_exec_gives_output_and_exit_status(ctr, name):
    running(ctr, name)
    done = execute(ctr, name, "sh", "-c", "echo out; echo err >&2; exit 9", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 9)
    assert execute(ctr, "--user", "1000:1001", "--cwd", "/tmp", name, "sh", "-c", "id -u; id -g; pwd").stdout.split() == \
        ["1000", "1001", "/tmp"]
    assert 'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch"' in \
        execute(ctr, name, "nosuch", check=False).stderr
    terminal = Terminal(lambda **io: ctr.containerd.popen("tasks", "exec", "-t", "--exec-id", "t", name, "sh", "-c", "tty; exit 6", **io))
    assert terminal.end() == 6 and b"/dev/pts/" in terminal.seen


def test_processes_that_were_added_are_listed_and_killed(ctr, name):
    running(ctr, name)
    ctr("tasks", "exec", "-d", "--exec-id", "more", name, "sleep", "1001")
    assert "ExecID:more" in ctr("tasks", "ps", name).stdout
    ctr("tasks", "kill", "--exec-id", "more", "-s", "KILL", name)
    assert eventually(lambda: "ExecID:more" in ctr("tasks", "ps", name).stdout, False) is False
    ctr("tasks", "kill", "-a", "-s", "KILL", name)
    assert eventually(lambda: ctr.status(name), "STOPPED") == "STOPPED"


def test_a_paused_one_is_killed_all_the_same(ctr, name):
    running(ctr, name)
    ctr("tasks", "pause", name)
    assert ctr.status(name) == "PAUSED"
    assert execute(ctr, name, "true", check=False).returncode == 1
    ctr("tasks", "resume", name)
    assert execute(ctr, name, "true").returncode == 0
    ctr("tasks", "pause", name)
    ctr("tasks", "kill", "-s", "KILL", name)
    assert eventually(lambda: ctr.status(name), "STOPPED") == "STOPPED"


def test_signals_arrive_and_one_that_is_gone_is_told(ctr, name):
    running(ctr, name, "sh", "-c", "trap 'exit 4' USR1; while :; do sleep 0.1; done")
    ctr("tasks", "kill", "-s", "USR1", name)
    assert eventually(lambda: ctr.status(name), "STOPPED") == "STOPPED"
    assert "not found" in ctr("tasks", "kill", name, check=False).stderr
    assert "exit code 4" in ctr("tasks", "rm", name).stderr
    assert "not found" in ctr("tasks", "rm", name, check=False).stderr


def test_its_figures_are_there(ctr, name):
    running(ctr, name)
    figures = json.loads(ctr("tasks", "metrics", "--format", "json", name).stdout)
    assert figures["pids"]["current"] == 1


# What was asked for, and what tells it inside.
ALIKE = [
    ([], "grep -E 'Cap|NoNew|Secc' /proc/self/status; id"),
    (["--seccomp", "--read-only"], "grep Secc /proc/self/status; touch /x"),
    (["--allow-new-privs", "--cap-add", "CAP_NET_ADMIN", "--cap-drop", "CAP_CHOWN"], "grep -E 'Cap|NoNew' /proc/self/status"),
    (["--uidmap", "0:200000:65536", "--gidmap", "0:200000:65536"], "cat /proc/self/uid_map; touch /x; ls -ln /x | cut -c1-30"),
    (["--mount", "type=bind,src=/etc,dst=/host,options=rbind:ro"], "touch /host/x; ls /host/hostname"),
    (["--device", "/dev/full"], "ls -l /dev/full | cut -c1-10"),
    (["--net-host", "--env", "A=b", "--cwd", "/tmp"], "readlink /proc/self/ns/ipc >/dev/null; pwd; echo $A"),
    (["--cwd", "/no/such/place"], "pwd"),
    (["--no-pivot"], "ls /"),
    (["--memory-limit", "20000000"], "x=aaaaaaaa; while :; do x=$x$x; done"),
]


@pytest.mark.parametrize("options, script", ALIKE, ids=[" ".join(o)[:50] or "plain" for o, _ in ALIKE])
def test_the_outcome_is_that_of_runc(ctr, options, script):
    outcomes = []
    for runtime in ("/usr/sbin/runc", BUILD / "kegrun"):
        done = ctr.run("sh", "-c", script, options=options, runtime=runtime, check=False)
        outcomes.append((done.returncode, done.stdout, done.stderr))
    assert outcomes[1] == outcomes[0]


def test_several_at_once_start_and_go(ctr):
    children = [ctr.containerd.popen(*ctr.run_words("--rm"), IMAGE, f"many{n}", "sh", "-c", f"exit {n}",
                                     stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) for n in range(8)]
    assert [(child.wait(timeout=60), child.stderr.read()) for child in children] == [(n, b"") for n in range(8)]
