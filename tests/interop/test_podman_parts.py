# SPDX-License-Identifier: Apache-2.0
"""Debian's Podman with our runtime, with our monitor, and with both."""
import json
import os
import pathlib
import subprocess
import time

import pytest

from sandbox import SETTINGS
from terminal import Terminal

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[2] / "build").resolve()
PAIRS = [("kegrun", "kegmon"), ("runc", "kegmon"), ("kegrun", "conmon")]


class Podman:
    def __init__(self, sandbox, programs, runtime, monitor):
        def ours(name):
            return str(pathlib.Path(programs) / name) if name.startswith("keg") else name
        self.sandbox, self.monitor = sandbox, monitor
        self.words = ["podman", "--runtime", ours(runtime)]
        if monitor == "kegmon":
            self.words += ["--conmon", ours(monitor)]

    def __call__(self, *argv, **more):
        return self.sandbox.run(*self.words, *argv, **more)

    def popen(self, *argv, **more):
        return self.sandbox.popen(*self.words, *argv, **more)

    def inspect(self, name):
        return json.loads(self("inspect", name).stdout)[0]


@pytest.fixture(params=PAIRS, ids="-".join, scope="module")
def podman(request, sandbox, busybox):
    made = Podman(sandbox, BUILD, *request.param)
    yield made
    made("rm", "-fa", "-t", "0")


@pytest.fixture
def name(podman):
    """A container's name; it is removed afterwards."""
    yield "c1"
    podman("rm", "-f", "-t", "0", "-i", "c1")


def running(podman, name, busybox, *options, command=("sleep", "1000")):
    podman("run", "-d", "--network", "none", "--name", name, *options, busybox, *command)


def test_run_gives_output_and_exit_status(podman, busybox):
    done = podman("run", "--rm", "--network", "none", busybox, "sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)


def test_run_reads_its_input(podman, busybox):
    data = "".join(f"{n}\n" for n in range(50000))
    done = podman("run", "--rm", "-i", "--network", "none", busybox, "cat", stdin=None, input=data)
    assert done.stdout == data


def test_large_output_is_complete(podman, busybox):
    done = podman("run", "--rm", "--network", "none", busybox, "seq", "1", "300000")
    assert done.stdout == "".join(f"{n}\n" for n in range(1, 300001))


@pytest.mark.parametrize("command, status", [("/no/such", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_run_has_its_own_status(podman, busybox, command, status):
    done = podman("run", "--rm", "--network", "none", busybox, command, check=False)
    assert done.returncode == status, done.stderr


def test_exec_gives_output_and_exit_status(podman, busybox, name):
    running(podman, name, busybox)
    done = podman("exec", name, "sh", "-c", "echo out; echo err >&2; exit 9", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 9)
    assert podman("exec", "-i", name, "cat", stdin=None, input="text").stdout == "text"
    assert podman("exec", "-e", "A=b", "-w", "/tmp", name, "sh", "-c", "echo $A $PWD").stdout == "b /tmp\n"


def test_a_detached_exec_runs(podman, busybox, name):
    running(podman, name, busybox)
    podman("exec", "-d", name, "sh", "-c", "echo yes >/tmp/made")
    end = time.monotonic() + 20
    while time.monotonic() < end and podman("exec", name, "cat", "/tmp/made", check=False).stdout != "yes\n":
        time.sleep(0.05)
    assert podman("exec", name, "cat", "/tmp/made").stdout == "yes\n"


def test_a_started_container_stops_and_is_gone(podman, busybox, name):
    running(podman, name, busybox, command=("sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"))
    assert podman.inspect(name)["State"]["Status"] == "running"
    podman("stop", name)
    state = podman.inspect(name)["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 3)
    podman("rm", name)
    assert podman("ps", "-aq").stdout == ""


def test_one_that_does_not_stop_is_killed(podman, busybox, name):
    running(podman, name, busybox)
    podman("stop", "-t", "0", name)
    assert podman.inspect(name)["State"]["ExitCode"] == 137


def test_it_starts_again_and_the_log_goes_on(podman, busybox, name):
    running(podman, name, busybox, command=("sh", "-c", "echo hello; sleep 1000"))
    podman("restart", "-t", "0", name)
    end = time.monotonic() + 20
    while time.monotonic() < end and podman("logs", name).stdout != "hello\nhello\n":
        time.sleep(0.05)
    assert podman("logs", name).stdout == "hello\nhello\n"


def test_wait_and_attach_see_the_end(podman, busybox, name):
    podman("create", "--network", "none", "--name", name, busybox, "sh", "-c", "echo hi; exit 5")
    done = podman("start", "-a", name, check=False)
    assert (done.stdout, done.returncode) == ("hi\n", 5)
    assert podman("wait", name).stdout == "5\n"


def test_kill_sends_the_signal(podman, busybox, name):
    running(podman, name, busybox, command=("sh", "-c", "trap 'exit 4' USR1; while :; do sleep 0.1; done"))
    podman("kill", "-s", "USR1", name)
    assert podman("wait", name).stdout == "4\n"


def test_pause_and_unpause(podman, busybox, name):
    running(podman, name, busybox)
    podman("pause", name)
    assert podman.inspect(name)["State"]["Status"] == "paused"
    podman("unpause", name)
    assert podman.inspect(name)["State"]["Status"] == "running"


def test_out_of_memory_is_noticed(podman, busybox, name):
    """Debian's conmon leaves its mark in the folder where Podman was started, where nobody looks."""
    done = podman("run", "--network", "none", "--name", name, "-m", "20m", busybox, "sh", "-c",
                  "x=aaaaaaaa; while :; do x=$x$x; done", check=False)
    assert done.returncode == 137
    assert podman.inspect(name)["State"]["OOMKilled"] is (podman.monitor == "kegmon")


def test_a_terminal_has_its_size_and_echoes(podman, busybox):
    terminal = Terminal(lambda **io: podman.popen("run", "--rm", "-it", "--network", "none", busybox, "sh", "-c",
                                                  "read x; stty size; tty; echo got $x", **io))
    terminal.wait_quiet()
    terminal.tell_size()
    terminal.send(b"word\r")
    assert terminal.end() == 0
    assert b"33 120" in terminal.seen and b"/dev/pts/0" in terminal.seen and b"got word" in terminal.seen, terminal.seen


def test_exec_on_a_terminal_as_another_user(podman, busybox, name):
    running(podman, name, busybox)
    terminal = Terminal(lambda **io: podman.popen("exec", "-it", "-u", "1000:1001", name, "sh", "-c", "id -u; tty; exit 6", **io))
    assert terminal.end() == 6 and b"1000\r\n/dev/pts/" in terminal.seen
    for command, status in (("nosuch", 127), ("/etc/passwd", 126)):
        assert podman("exec", name, command, check=False).returncode == status


def test_one_on_a_terminal_is_attached_to_and_left_again(podman, busybox, name):
    podman("run", "-dit", "--network", "none", "--name", name, busybox)
    terminal = Terminal(lambda **io: podman.popen("attach", name, **io))
    terminal.send(b"echo a$((1 + 1))b\r")
    terminal.wait_for(b"a2b")
    terminal.wait_quiet()
    terminal.send(b"\x10")
    terminal.wait_quiet()  # Podman does not know the keys when it reads them together
    terminal.send(b"\x11")
    assert terminal.end() == 0 and podman.inspect(name)["State"]["Status"] == "running"


def test_limits_are_changed_and_figures_shown(podman, busybox, name):
    running(podman, name, busybox, "-m", "64m", "--pids-limit", "50")
    podman("update", "-m", "96m", "--cpus", "0.5", name)
    folder = "/sys/fs/cgroup" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "/sys/fs/cgroup/memory"
    file = "memory.max" if folder == "/sys/fs/cgroup" else "memory.limit_in_bytes"
    pid = podman.inspect(name)["State"]["Pid"]
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as lines:
        groups = dict(line.rstrip().split(":")[1:] for line in lines)
    group = groups.get("memory", groups.get(""))
    assert pathlib.Path(f"{folder}{group}/{file}").read_text() == f"{96 << 20}\n"
    assert "sleep 1000" in podman("top", name, "args").stdout


def test_removed_by_force_paused_or_not(podman, busybox, name):
    running(podman, name, busybox)
    podman("rm", "-f", "-t", "0", name)
    running(podman, name, busybox)
    podman("pause", name)
    podman("rm", "-f", "-t", "0", name)
    assert podman("ps", "-aq").stdout == ""


def test_a_health_check_is_run_inside(podman, busybox, name):
    running(podman, name, busybox, "--health-cmd", "test -e /tmp/well", "--health-interval", "disable")
    assert podman("healthcheck", "run", name, check=False).returncode == 1
    podman("exec", name, "touch", "/tmp/well")
    podman("healthcheck", "run", name)


def test_its_events_are_told(podman, busybox, name):
    running(podman, name, busybox, command=("sh", "-c", "exit 0"))
    podman("wait", name)
    told = podman("events", "--stream=false", "--since", "1m", "--filter", f"container={name}", "--format", "{{.Status}}").stdout
    assert {"create", "start", "died"} <= set(told.split())


@pytest.mark.parametrize("options, script, out", [
    (["--init"], "tr '\\0' ' ' </proc/1/cmdline | cut -d' ' -f1", "/run/podman-init\n"),
    (["--read-only"], "touch /x 2>/dev/null; echo $?; touch /tmp/x; echo $?", "1\n0\n"),
    (["--cap-drop", "all", "--cap-add", "chown"], "grep CapEff /proc/self/status", "CapEff:\t0000000000000001\n"),
    (["--security-opt", "no-new-privileges"], "grep NoNew /proc/self/status", "NoNewPrivs:\t1\n"),
    (["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status", "Seccomp:\t0\n"),
    (["--privileged"], "mkdir /new && mount -t tmpfs tmpfs /new && echo mounted", "mounted\n"),
    (["--uidmap", "0:200000:1000"], "cat /proc/self/uid_map | tr -s ' '", " 0 200000 1000\n"),
])
def test_what_is_asked_for_is_given(podman, busybox, options, script, out):
    if podman.words[2] == "runc":
        pytest.skip("the runtime is what is tested")
    assert podman("run", "--rm", "--network", "none", *options, busybox, "sh", "-c", script).stdout == out


def test_named_in_the_settings_it_may_do_without_groups_and_tells_errors_plainly(podman, busybox):
    if podman.words[2] == "runc":
        pytest.skip("the runtime is what is tested")
    file = podman.sandbox.dir / "named.conf"
    file.write_text(SETTINGS["containers.conf"].replace("[network]", f"""runtime_supports_json = ["kegrun"]
runtime_supports_nocgroup = ["kegrun"]
[engine.runtimes]
kegrun = ["{BUILD}/kegrun"]
[network]"""))

    def run(*words):
        return podman.sandbox.run("podman", "--runtime", "kegrun", *podman.words[3:], "run", "--rm", "--network", "none", *words,
                                  check=False, env={"CONTAINERS_CONF": str(file)})
    done = run("--cgroups", "disabled", busybox, "echo", "ran")
    assert done.stdout == "ran\n", done
    assert run(busybox, "nosuch").stderr == (
        'Error: kegrun: unable to start container process: exec: "nosuch": executable file not found in $PATH: '
        "OCI runtime attempted to invoke a command that was not found\n")


def test_nothing_is_left_running(podman, busybox):
    podman("run", "--rm", "--network", "none", busybox, "true")
    end = time.monotonic() + 20
    while time.monotonic() < end and podman.sandbox.processes():
        time.sleep(0.05)
    left = [pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() for pid in podman.sandbox.processes()]
    assert left == []


def test_several_run_at_once(podman, busybox):
    children = [podman.popen("run", "--rm", "--network", "none", busybox, "sh", "-c", f"exit {n}",
                             stdin=subprocess.DEVNULL) for n in range(8)]
    assert [child.wait(timeout=60) for child in children] == list(range(8))
