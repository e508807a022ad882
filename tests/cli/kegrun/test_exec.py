# SPDX-License-Identifier: Apache-2.0
"""Further processes in a running container."""
import json
import os
import pty
import subprocess
import time

import pytest

from waiting import wait_for


def test_it_runs_inside_and_gives_its_status(box):
    name = box.start(["sleep", "60"])
    done = box.kegrun("exec", name, "sh", "-c", "hostname; echo $$; exit 9")
    assert done.returncode == 9
    host, pid = done.stdout.split()
    assert host == "keg" and int(pid) > 1


def test_it_is_in_every_namespace_of_the_container(box):
    name = box.start(["sleep", "60"])
    pid = json.loads(box.good("state", name))["pid"]
    kinds = ("ipc", "mnt", "net", "pid", "uts", "user", "cgroup")
    out = box.good("exec", name, "sh", "-c", "for n in %s; do readlink /proc/self/ns/$n; done" % " ".join(kinds))
    assert out.split() == [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds]


def test_environment_folder_and_home(box):
    name = box.start(["sleep", "60"])
    out = box.good("exec", "-e", "A=b c", "--cwd", "/tmp", name, "sh", "-c", 'echo "$A"; pwd; echo $HOME')
    assert out.splitlines() == ["b c", "/tmp", "/"]


def test_another_user_and_groups(root_box):
    name = root_box.start(["sleep", "60"])
    out = root_box.good("exec", "-u", "1000:1001", "-g", "7", "-g", "8", name, "sh", "-c", "id -u; id -g; id -G")
    assert out.splitlines() == ["1000", "1001", "1001 7 8"]


def capabilities(box, name, *options):
    out = box.good("exec", *options, name, "grep", "^Cap", "/proc/self/status")
    return {line.split()[0][3:-1]: int(line.split()[1], 16) for line in out.splitlines()}


def test_capabilities_are_none_and_some_more(box):
    name = box.start(["sleep", "60"], lambda config: config["process"].update(capabilities={}))
    assert set(capabilities(box, name).values()) == {0}
    kill = 1 << 5
    assert capabilities(box, name, "--cap", "CAP_KILL") == {"Inh": 0, "Prm": kill, "Eff": kill, "Bnd": kill, "Amb": 0}


def test_a_capability_more_is_ambient_where_some_are_inheritable(box):
    def change(config):
        config["process"]["capabilities"] = {
            "inheritable": ["CAP_CHOWN", "CAP_SYSLOG"], "permitted": ["CAP_KILL", "CAP_CHOWN"],
            "effective": ["CAP_KILL"], "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_SYSLOG"], "ambient": ["CAP_CHOWN"]}

    name = box.start(["sleep", "60"], change)
    assert capabilities(box, name)["Amb"] == 1
    more = 1 << 34 | 1
    assert capabilities(box, name, "--cap", "CAP_SYSLOG") == {"Inh": more, "Prm": more | 1 << 5, "Eff": more | 1 << 5,
                                                              "Bnd": more | 1 << 5, "Amb": more}


def test_an_ambient_capability_that_cannot_be_had_is_warned_of(box):
    def change(config):
        config["process"]["capabilities"].update(inheritable=["CAP_KILL"], ambient=["CAP_KILL", "CAP_CHOWN"])

    done = box.run(["grep", "^CapAmb", "/proc/self/status"], change)
    assert int(done.stdout.split()[1], 16) == 1 << 5
    assert "can't raise ambient capability CAP_CHOWN: " in done.stderr and "CAP_KILL" not in done.stderr


def test_no_new_privileges_are_an_option(box):
    name = box.start(["sleep", "60"], lambda config: config["process"].update(noNewPrivileges=False))
    show = ["grep", "^NoNewPrivs", "/proc/self/status"]
    assert box.good("exec", name, *show).split()[1] == "0"
    assert box.good("exec", "--no-new-privs", name, *show).split()[1] == "1"


def test_a_command_that_is_not_there_gives_255_in_runcs_words(box):
    name = box.start(["sleep", "60"])
    done = box.kegrun("exec", name, "nosuch")
    assert done.returncode == 255
    assert 'exec: "nosuch": executable file not found in $PATH' in done.stderr


def test_a_terminal_of_its_own(box):
    name = box.start(["sleep", "60"])
    ours, theirs = pty.openpty()
    process = box.identity.popen([box.program, "--root", box.state, "exec", "-t", name, "tty"], stdin=theirs,
                                 stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=20)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0 and out.strip() == b"/dev/pts/0"


def test_detached_with_a_pid_file(box):
    name = box.start(["sleep", "60"])
    path = os.path.join(box.folder, "pid")
    box.good("exec", "-d", "--pid-file", path, name, "sleep", "60", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as file:
        pid = int(file.read())
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        assert file.read().startswith(b"sleep\x0060")


def test_the_process_from_a_file(box):
    name = box.start(["sleep", "60"])
    path = os.path.join(box.folder, "process.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"args": ["sh", "-c", "echo $X; pwd"], "cwd": "/etc", "env": ["X=y", "PATH=/bin"],
                   "user": {"uid": 0, "gid": 0}}, file)
    assert box.good("exec", "-p", path, name).split() == ["y", "/etc"]


def test_descriptors_reach_it_only_when_asked_for(box):
    name = box.start(["sleep", "60"])
    path = os.path.join(box.folder, "kept")
    with open(path, "w", encoding="utf-8") as file:
        file.write("hello")
    os.chmod(path, 0o644)
    count = ["sh", "-c", "ls /proc/self/fd | wc -l"]
    plain = int(box.good("exec", name, *count, with_fd=(3, path)))
    kept = int(box.good("exec", "--preserve-fds", "1", name, *count, with_fd=(3, path)))
    assert kept == plain + 1
    assert box.good("exec", "--preserve-fds", "1", name, "cat", "/proc/self/fd/3", with_fd=(3, path)) == "hello"


def test_descriptors_that_are_not_open_are_warned_of(box):
    path = os.path.join(box.folder, "kept")
    with open(path, "w", encoding="utf-8") as file:
        file.write("hello")
    os.chmod(path, 0o644)
    show = ["sh", "-c", "cat /proc/self/fd/7; ls /proc/self/fd | wc -l"]
    none = int(box.run(["sh", "-c", "ls /proc/self/fd | wc -l"]).stdout)
    done = box.kegrun("run", "--preserve-fds", "100", "-b", box.bundle(show), os.path.basename(box.folder), with_fd=(7, path))
    assert done.returncode == 0 and done.stdout == f"hello{none + 1}\n"
    assert "of 100 descriptors to preserve from 3 on 99 are not open" in done.stderr


def test_a_stopped_container_is_refused(box):
    name = box.start(["true"])
    for _ in range(200):
        if box.status(name) == "stopped":
            break
    done = box.kegrun("exec", name, "true")
    assert done.returncode == 255 and "cannot exec in a stopped container" in done.stderr


def test_a_paused_container_is_killed_without_being_resumed(root_box):
    name = root_box.start(["sleep", "60"])
    root_box.good("pause", name)
    root_box.good("kill", name, "KILL")
    end = time.monotonic() + 10
    while root_box.status(name) != "stopped" and time.monotonic() < end:
        time.sleep(0.02)
    assert root_box.status(name) == "stopped"


def test_what_is_in_a_paused_container_waits(root_box):
    name = root_box.start(["sleep", "60"])
    root_box.good("pause", name)
    assert root_box.status(name) == "paused"
    done = root_box.kegrun("exec", name, "true")
    assert done.returncode == 255 and "cannot exec in a paused container" in done.stderr
    root_box.good("resume", name)
    root_box.good("exec", name, "true")


def test_in_a_paused_container_it_waits_when_told_so_and_says_so(root_box):
    name = root_box.start(["sleep", "60"])
    root_box.good("pause", name)
    log = os.path.join(root_box.folder, "log")
    waiting = root_box.identity.popen([root_box.program, "--root", root_box.state, "--debug", "--log", log, "exec", "--ignore-paused", "-d", name,
                                       "touch", "/tmp/done"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def said():
        with open(log, encoding="utf-8") as text:
            return "begins when it is resumed" in text.read()
    wait_for(lambda: os.path.exists(log) and said(), "the warning")
    assert waiting.poll() is None
    root_box.good("resume", name)
    assert waiting.wait(timeout=30) == 0
    wait_for(lambda: root_box.kegrun("exec", name, "ls", "/tmp/done").returncode == 0, "the process has run")


def test_each_controller_is_seen_in_its_own_folder(root_box):
    if not os.path.isdir("/sys/fs/cgroup/cpu"):
        pytest.skip("cgroup v1's cpu controller is not mounted here")
    out = root_box.run(["sh", "-c", "ls /sys/fs/cgroup/cpu /sys/fs/cgroup/memory"]).stdout.split()
    assert "cpu.shares" in out and "memory.limit_in_bytes" in out


def test_a_process_in_a_group_below(root_box):
    name = root_box.start(["sleep", "60"])
    refused = root_box.kegrun("exec", "--cgroup", "..", name, "true")
    assert refused.returncode == 255 and ".. is not a sub cgroup path" in refused.stderr
    absent = root_box.kegrun("exec", "--cgroup", "nosuch", name, "true")
    assert absent.returncode == 255 and "/nosuch/cgroup.procs: no such file" in absent.stderr
    root_box.good("exec", "--cgroup", "/", name, "true")
    for out in ("./../x", "x/..", "x/../../y", "pids:x/.."):
        refused = root_box.kegrun("exec", "--cgroup", out, name, "true")
        assert refused.returncode == 255 and out.rpartition(":")[2] in refused.stderr
        assert "`..` components are not allowed" in refused.stderr


def test_a_group_below_is_entered_in_the_hierarchies_that_have_it(root_box):
    name = root_box.start(["sleep", "60"])
    with open(f"/proc/{root_box.pid(name)}/cgroup", encoding="utf-8") as file:
        places = [line.rstrip("\n").split(":", 2) for line in file]
    place = next((place for _, controllers, place in places if controllers == "memory"), None)
    if place is None:
        pytest.skip("cgroup v1's memory controller is not mounted here")
    below = f"/sys/fs/cgroup/memory{place}/below"
    os.mkdir(below)
    try:
        out = root_box.good("exec", "--cgroup", "below", name, "cat", "/proc/self/cgroup")
        assert [line for line in out.splitlines() if line.endswith("/below")] == \
            [line for line in out.splitlines() if ":memory:" in line]
        named = root_box.kegrun("exec", "--cgroup", "pids:below", name, "true")
        assert named.returncode == 255 and "/below/cgroup.procs: no such file" in named.stderr
    finally:
        os.rmdir(below)


@pytest.mark.parametrize("command", ["run", "exec"])
def test_sockets_of_systemd_are_passed_and_announced(box, command):
    path = os.path.join(box.folder, "file")
    with open(path, "w", encoding="utf-8") as file:
        file.write("hello")
    show = ["sh", "-c", "cat /proc/self/fd/3; echo $LISTEN_FDS $LISTEN_PID $TERM"]
    name = os.path.basename(box.folder)
    words = ["run", "-b", box.bundle(show), name] if command == "run" else ["exec", box.start(["sleep", "60"]), *show]
    done = box.kegrun(*words, with_fd=(3, path), env={**os.environ, "LISTEN_FDS": "1"})
    assert done.stdout == "hello1 1 xterm\n", done
