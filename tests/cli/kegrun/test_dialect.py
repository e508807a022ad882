# SPDX-License-Identifier: Apache-2.0
"""Where runc and crun differ: as runc has it, unless the caller shows that he means crun."""
import array
import json
import os
import socket
import stat
import subprocess
import uuid

import pytest

LIMIT = 20


@pytest.fixture(params=["runc", "crun", "called crun"])
def dialect(root_box, request, tmp_path):
    """`run(argv, change)` in a dialect, and whether that is crun's."""
    words = ["--cgroup-manager", "cgroupfs"] if request.param == "crun" else []
    if request.param == "called crun":
        link = tmp_path / "crun"
        link.symlink_to(root_box.program)
        root_box.program = str(link)
    return root_box, words, request.param != "runc"


def start(dialect, argv, change=None):
    box, words, _ = dialect
    name = uuid.uuid4().hex[:8]
    done = box.kegrun(*words, "run", "-d", "-b", box.bundle(argv, change), name, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
    assert done.returncode == 0
    return name


def no_new_privileges(config):
    config["process"]["noNewPrivileges"] = True


def new_privileges_of(box, *words):
    return box.good("exec", *words, "grep", "NoNewPrivs", "/proc/self/status").split()[1]


def test_exec_has_the_containers_no_new_privs_or_its_own(dialect):
    box, _, is_crun = dialect
    name = start(dialect, ["sleep", "60"], no_new_privileges)
    assert new_privileges_of(box, name) == ("0" if is_crun else "1")
    assert new_privileges_of(box, "--no-new-privs", name) == "1"


def test_hooks_start_in_the_root_or_in_the_bundle(dialect):
    box, words, is_crun = dialect
    where = os.path.join(box.folder, "where")
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"pwd -P > {where}; test -e $(pwd)/{'rootfs/' if is_crun else ''}proc/self"]}
    bundle = box.bundle(["true"], lambda config: config.update(hooks={"createContainer": [hook]}))
    box.good(*words, "run", "-b", bundle, uuid.uuid4().hex[:8])
    with open(where, encoding="utf-8") as file:
        assert file.read().strip() == (bundle if is_crun else f"{bundle}/rootfs")


def test_the_streams_group_stays_or_becomes_the_users(dialect):
    box, words, is_crun = dialect

    def change(config):
        config["process"]["user"] = {"uid": 5, "gid": 6}

    path = os.path.join(box.folder, "out")
    with open(path, "w", encoding="utf-8") as out:
        done = box.kegrun(*words, "run", "-b", box.bundle(["echo", "x"], change), uuid.uuid4().hex[:8], stdout=out)
    found = os.stat(path)
    assert done.returncode == 0 and (found.st_uid, found.st_gid) == (5, 6 if is_crun else 0)


def test_a_device_is_the_users_or_everybodys(dialect):
    box, words, is_crun = dialect
    path = os.path.join(box.folder, "zero")
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))

    def change(config):
        config["process"]["user"] = {"uid": 5, "gid": 6}

    with open(path, "wb") as out:
        done = box.kegrun(*words, "run", "-b", box.bundle(["true"], change), uuid.uuid4().hex[:8], stdout=out)
    assert done.returncode == 0 and os.stat(path).st_uid == (0 if is_crun else 5)


def test_the_terminal_is_the_users_in_both(dialect):
    box, _, _ = dialect
    name = start(dialect, ["sleep", "60"])
    out = box.good("exec", "-t", "--user", "5", name, "stat", "-c", "%u", "/proc/self/fd/0", stdin=subprocess.DEVNULL)
    assert out.split() == ["5"]


def test_an_id_may_begin_with_a_dot_or_not(dialect):
    box, words, is_crun = dialect
    done = box.kegrun(*words, "run", "-b", box.bundle(["true"]), f".{uuid.uuid4().hex[:8]}")
    assert (done.returncode == 0) != is_crun
    assert ("invalid container ID format" in done.stderr) == is_crun


def test_the_status_file_is_crun_s_alone(dialect):
    box, _, is_crun = dialect
    name = start(dialect, ["sleep", "60"])
    path = os.path.join(box.state, name, "status")
    assert os.path.exists(path) == is_crun
    if not is_crun:
        return
    with open(path, encoding="utf-8") as file:
        status = json.load(file)
    with open(f"/proc/{status['pid']}/stat", encoding="utf-8") as file:
        started = int(file.read().rpartition(")")[2].split()[19])
    assert status["pid"] == box.pid(name) and status["process-start-time"] == started
    assert status["detached"] and not status["systemd-cgroup"] and status["scope"] == ""
    assert status["rootfs"].startswith(status["bundle"])
    assert f"/{name}" in status["cgroup-path"]
    assert json.loads(status["external_descriptors"])[1:] == ["/dev/null", "/dev/null"]


def listener_message(box, words, path):
    """What a seccomp agent hears of a filter none of whose rules notifies; None: nothing."""
    def change(config):
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path, "listenerMetadata": "x"}

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.bind(path)
        agent.listen(1)
        agent.settimeout(LIMIT)
        done = box.kegrun(*words, "run", "-b", box.bundle(["true"], change), uuid.uuid4().hex[:8])
        assert done.returncode == 0, done
        agent.setblocking(False)
        try:
            connection = agent.accept()[0]
        except BlockingIOError:
            return None
        with connection:
            message, control, _, _ = connection.recvmsg(1 << 16, socket.CMSG_LEN(array.array("i").itemsize))
            for _, _, data in control:
                os.close(array.array("i", data)[0])
            assert len(control) == 1
            return json.loads(message)


def test_the_agent_hears_of_filters_that_notify_or_of_all(dialect, tmp_path):
    box, words, is_crun = dialect
    message = listener_message(box, words, str(tmp_path / "agent"))
    assert (message is not None) == is_crun
    if message:
        assert message["ociVersion"] == "0.2.0" and message["metadata"] == "x"
        assert message["state"]["status"] == "creating"


def test_while_it_is_made_crun_has_no_such_container(dialect):
    box, words, is_crun = dialect
    answer = os.path.join(box.folder, "answer")
    name = uuid.uuid4().hex[:8]
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"{box.program} --root {box.state} state {name} > {answer} 2>&1; true"]}
    box.good(*words, "run", "-b", box.bundle(["true"], lambda config: config.update(hooks={"createRuntime": [hook]})), name)
    with open(answer, encoding="utf-8") as file:
        said = file.read()
    assert ("does not exist" in said) == is_crun and ('"creating"' in said) != is_crun


@pytest.mark.parametrize("words, usage", [
    (["delete"], "delete CONTAINER"), (["exec"], "exec CONTAINER cmd"), (["start"], "start CONTAINER"),
    (["mounts"], "mounts [add|remove] CONTAINER FILE"), (["features"], "features"), ([], "COMMAND")])
def test_help_is_that_of_the_program_which_was_called(root_box, tmp_path, words, usage):
    link = tmp_path / "crun"
    link.symlink_to(root_box.program)
    said = subprocess.run([link, *words, "--help"], capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    assert f"Usage: crun [OPTION...] {usage}\n" in said and "kegrun" not in said
    own = root_box.good(*words, "--help")
    assert "Usage: crun" not in own and f"Usage:\n  {' '.join(['kegrun', *words])} " in own
