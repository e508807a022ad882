# SPDX-License-Identifier: Apache-2.0
"""A container from create to delete, and what goes wrong on the way."""
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from waiting import wait_for


def test_the_exit_status_is_the_commands(box):
    done = box.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_a_killed_command_gives_128_and_the_signal(root_box):
    # The first process of a pid namespace cannot kill itself.
    done = root_box.run(["sh", "-c", "kill -9 $$"], lambda c: c["linux"].update(
        namespaces=[n for n in c["linux"]["namespaces"] if n["type"] != "pid"]))
    assert done.returncode == 128 + signal.SIGKILL, done


def test_created_then_started_then_stopped(box):
    bundle = box.bundle(["sleep", "60"])
    box.good("create", "-b", bundle, box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert box.status(box.id) == "created"
    box.good("start", box.id)
    assert box.status(box.id) == "running"
    again = box.kegrun("start", box.id)
    assert again.returncode == 1 and "cannot start an already running container" in again.stderr
    refused = box.kegrun("delete", box.id)
    assert refused.returncode == 1 and "is not stopped: running" in refused.stderr
    box.good("kill", box.id, "KILL")
    wait_for(lambda: box.status(box.id) == "stopped", "stopped")
    box.good("delete", box.id)
    gone = box.kegrun("state", box.id)
    assert gone.returncode == 1 and "container does not exist" in gone.stderr


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_what_waits_for_its_start_ends_by_a_signal(box, name):
    path = box.bundle(["true"])
    waiting = os.path.basename(path)
    box.good("create", "-b", path, waiting, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    box.good("kill", waiting, name)
    wait_for(lambda: box.status(waiting) == "stopped", "stopped")


def test_a_start_fails_when_the_process_ends_before_it_was_started(box):
    path = box.bundle(["true"])
    box.good("create", "-b", path, box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = box.pid(box.id)
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: process_state(pid) == "T", "stopped")
    start = box.identity.popen([box.program, "--root", box.state, "start", box.id], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
    wait_for(lambda: connected(start.pid), "connected")
    os.kill(pid, signal.SIGKILL)
    _, said = start.communicate(timeout=30)
    assert start.returncode == 1 and "ended before it was started" in said
    assert box.status(box.id) == "stopped"


def process_state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def connected(pid):
    """Does the process sleep, with a socket open?"""
    try:
        ends = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except FileNotFoundError:  # it closed one meanwhile
        return False
    return any(end.startswith("socket:") for end in ends) and process_state(pid) == "S"


def test_the_state_names_what_runc_names(box):
    name = box.start(["sleep", "60"], lambda c: c.update(annotations={"a": "b"}))
    state = json.loads(box.good("state", name))
    assert {"ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner"} <= set(state)
    assert state["id"] == name and state["annotations"] == {"a": "b"}
    os.kill(state["pid"], 0)


def test_the_list_has_each_container_once(box):
    names = sorted([box.start(["sleep", "60"]), box.start(["sleep", "60"])])
    assert box.good("list", "-q").split() == names
    assert sorted(c["id"] for c in json.loads(box.good("list", "-f", "json"))) == names
    head = box.good("list").splitlines()[0].split()
    assert head == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]


def test_an_id_is_taken_once(box):
    name = box.start(["sleep", "60"])
    again = box.kegrun("run", "-b", box.bundle(["true"]), name)
    assert again.returncode == 1 and "container with given ID already exists" in again.stderr
    assert box.status(name) == "running"


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a b", "x" * 4096, ""])
def test_a_bad_id_is_refused(box, name):
    done = box.kegrun("run", "-b", box.bundle(["true"]), name)
    assert done.returncode == 1
    assert "container id cannot be empty" in done.stderr or "invalid container ID format" in done.stderr


@pytest.mark.parametrize("argv, words", [
    (["nosuch"], 'exec: "nosuch": executable file not found in $PATH'),
    (["/nosuch"], 'exec: "/nosuch": stat /nosuch: no such file or directory'),
    (["/etc"], "permission denied"),
    (["/etc/plain"], 'exec: "/etc/plain": permission denied'),
])
def test_a_command_that_cannot_run_is_said_at_create_and_nothing_is_left(box, argv, words):
    bundle = box.bundle(argv)
    with open(os.path.join(bundle, "rootfs/etc/plain"), "w", encoding="utf-8"):
        pass
    done = box.kegrun("create", "-b", bundle, box.id)
    assert done.returncode == 1 and words in done.stderr, done
    assert box.good("list", "-q") == ""


def test_an_exec_that_fails_after_start_is_said_by_start(box):
    bundle = box.bundle(["/etc/script"])
    script = os.path.join(bundle, "rootfs/etc/script")
    with open(script, "w", encoding="utf-8") as file:
        file.write("#!/nosuch/interpreter\n")
    os.chmod(script, 0o755)
    box.good("create", "-b", bundle, box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = box.kegrun("start", box.id)
    assert done.returncode == 1 and "no such file or directory" in done.stderr


@pytest.mark.parametrize("text, words", [
    ("", "early end"),
    ("{", "early end"),
    ("[]", "not an object"),
    ("{}", "ociVersion: missing"),
    ("[" * 100000, "malformed JSON"),
    ('{"ociVersion": 3}', "ociVersion: not a string"),
    ('{"ociVersion": "1.0.0", "process": {"args": "sh"}}', "args: not a list of strings"),
    ('{"ociVersion": "1.0.0"}', "process is missing"),
    ('{"ociVersion": "2.0.0", "process": {"args": ["x"], "cwd": "/"}, "root": {"path": "x"}}', "ociVersion"),
])
def test_a_bad_config_is_one_line_that_names_the_field(box, text, words):
    bundle = box.bundle(["true"])
    with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
        file.write(text)
    done = box.kegrun("run", "-b", bundle, box.id)
    assert done.returncode == 1 and words in done.stderr, done
    assert len(done.stderr.splitlines()) == 1
    assert not os.path.exists(box.state)


def test_a_bundle_that_is_not_there_is_named(box):
    done = box.kegrun("run", "-b", "/nosuch/bundle", box.id)
    assert done.returncode == 1 and "/nosuch/bundle" in done.stderr


def test_errors_go_to_the_log_as_json(box):
    log = os.path.join(box.folder, "log")
    done = box.kegrun("--log", log, "--log-format", "json", "state", "nosuch")
    assert done.returncode == 1 and "does not exist" in done.stderr
    with open(log, encoding="utf-8") as file:
        line = json.loads(file.read())
    assert line["level"] == "error" and "does not exist" in line["msg"]


def test_the_pid_file_names_the_process(box):
    path = os.path.join(box.folder, "pid")
    bundle = box.bundle(["sleep", "60"])
    box.good("run", "-d", "--pid-file", path, "-b", bundle, box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as file:
        assert int(file.read()) == json.loads(box.good("state", box.id))["pid"]


def test_the_terminal_comes_through_the_console_socket(box):
    path = os.path.join(box.folder, "console")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        box.give(path)
        server.listen()
        bundle = box.bundle(["sh", "-c", "tty; stty size; test -c /dev/console && echo console"],
                            lambda c: c["process"].update(terminal=True, consoleSize={"height": 11, "width": 22}))
        box.good("run", "-d", "--console-socket", path, "-b", bundle, box.id)
        peer, _ = server.accept()
        with peer:
            _, fds, _, _ = socket.recv_fds(peer, 64, 1)
    said = b""
    try:
        while chunk := os.read(fds[0], 4096):
            said += chunk
    except OSError:
        pass  # EIO: its other side is closed
    os.close(fds[0])
    assert said.split() == [b"/dev/pts/0", b"11", b"22", b"console"]


def test_force_deletes_what_runs_and_ignores_what_is_not_there(box):
    name = box.start(["sleep", "60"])
    pid = json.loads(box.good("state", name))["pid"]
    box.good("delete", "--force", name)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the process ended")
    box.good("delete", "--force", name)


def test_a_runtime_killed_while_creating_leaves_what_force_collects(box):
    hook = {"path": "/bin/sleep", "args": ["sleep", "10"]}
    bundle = box.bundle(["true"], lambda c: c.update(hooks={"createRuntime": [hook]}))
    runtime = box.identity.popen([box.program, "--root", box.state, "create", "-b", bundle, box.id])
    wait_for(lambda: box.kegrun("state", box.id).returncode == 0, "the container is there")
    runtime.kill()
    runtime.wait()
    box.good("delete", "--force", box.id)
    assert box.good("list", "-q") == ""


def test_what_waits_for_its_start_holds_nothing_of_the_host(box):
    secret = os.path.join(box.folder, "secret")
    with open(secret, "w", encoding="utf-8"):
        pass
    box.give(secret)
    box.good("create", "-b", box.bundle(["sleep", "60"]), box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
             with_fd=(7, secret))
    folder = f"/proc/{json.loads(box.good('state', box.id))['pid']}/fd"
    held = {os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)}
    assert {name for name in held if not name.startswith(("socket:", "pipe:"))} <= {"/dev/null"}


def test_a_run_that_ends_spares_another_container_of_its_name(box):
    """Somebody deletes it and takes the name: what the first run cleans up is its own."""
    first = box.identity.popen([box.program, "--root", box.state, "run", "-b", box.bundle(["sleep", "60"]), box.id])
    try:
        wait_for(lambda: '"running"' in box.kegrun("state", box.id).stdout, "running")
        first.send_signal(signal.SIGSTOP)
        box.good("delete", "--force", box.id)
        # Its streams are ours: a pipe would never end.
        box.good("run", "-d", "-b", box.bundle(["sleep", "60"]), box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=10) == 128 + signal.SIGKILL
        assert box.status(box.id) == "running"
    finally:
        first.kill()
        first.wait()


def test_it_is_being_created_until_that_is_done_and_start_waits_for_it(root_box):
    gate = os.path.join(root_box.folder, "gate")
    os.mkfifo(gate)
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"read line < {gate}"]}
    bundle = root_box.bundle(["sleep", "60"], lambda config: config.update(hooks={"createRuntime": [hook]}))
    name = os.path.basename(bundle)
    creator = root_box.identity.popen([root_box.program, "--root", root_box.state, "create", "-b", bundle, name],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: root_box.kegrun("state", name).returncode == 0 and root_box.status(name) == "creating", "creating")
    starter = root_box.identity.popen([root_box.program, "--root", root_box.state, "start", name])
    with open(gate, "w", encoding="ascii") as line:
        line.write("go\n")
    assert (creator.wait(timeout=30), starter.wait(timeout=30)) == (0, 0)
    assert root_box.status(name) == "running"


def test_it_has_stopped_when_who_created_it_was_killed(root_box):
    hook = {"path": "/bin/sleep", "args": ["sleep", "10"]}
    bundle = root_box.bundle(["true"], lambda config: config.update(hooks={"createRuntime": [hook]}))
    name = os.path.basename(bundle)
    creator = root_box.identity.popen([root_box.program, "--root", root_box.state, "create", "-b", bundle, name],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: root_box.kegrun("state", name).returncode == 0 and root_box.status(name) == "creating", "creating")
    creator.kill()
    creator.wait()
    assert root_box.status(name) == "stopped"
    assert root_box.kegrun("start", name).returncode == 1


def group_of(pid):
    """The last component of its place in each hierarchy in which it is not where we are."""
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as theirs, open("/proc/self/cgroup", encoding="utf-8") as ours:
        found = set(theirs) - set(ours)
    return {line.rstrip("\n").rpartition("/")[2] for line in found}


def test_one_id_below_two_roots_is_two_groups_that_end_in_it(root_box):
    other = os.path.join(root_box.folder, "other")
    bundle = root_box.bundle(["sleep", "60"])
    name = os.path.basename(bundle)
    pids = []
    try:
        for words in ([], ["--root", other]):
            done = root_box.kegrun(*words, "run", "-d", "-b", bundle, name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            assert done.returncode == 0
            pids.append(json.loads(root_box.good(*words, "state", name))["pid"])
        first, second = map(group_of, pids)
        if not first:
            pytest.skip("no control groups can be made here")
        assert not first & second
        assert all(re.fullmatch(rf"(kegrun-)?([0-9a-f]{{8}}-)?{name}(\.scope)?", group) for group in first | second)
    finally:
        root_box.kegrun("--root", other, "delete", "--force", name)
    assert root_box.status(name) == "running"
