# SPDX-License-Identifier: Apache-2.0
"""Debian's Docker with our runtime as its default. Where the outcome is in doubt it is runc's."""
import shlex
import subprocess

import pytest

from daemons import Docker, eventually
from kegtool import Identity
from sandbox import busybox_archive
from terminal import Terminal

WAITS = ("sh", "-c", "trap 'exit 4' USR1; trap 'exit 3' TERM; while :; do sleep 0.1; done")


@pytest.fixture
def name(docker):
    """A container's name; it is removed afterwards, and then nothing of it is left."""
    yield "c1"
    docker("rm", "-f", "c1", check=False)
    assert eventually(docker.groups, []) == []
    assert list(docker.sandbox.path("/run/docker").glob("runtime-*/*/*")) == []


def running(docker, name, *options, command=("sleep", "1000")):
    docker("run", "-d", "--name", name, *options, "busybox", *command)


def test_run_gives_output_and_exit_status(docker):
    done = docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)


def test_run_reads_its_input_and_gives_all_output(docker):
    data = "".join(f"{n}\n" for n in range(50000))
    assert docker("run", "--rm", "-i", "busybox", "cat", stdin=None, input=data).stdout == data


def test_a_terminal_has_its_size_and_echoes(docker):
    terminal = Terminal(lambda **io: docker.popen("run", "--rm", "-it", "busybox", "sh", "-c",
                                                  "echo ready; read x; stty size; tty; echo got $x; exit 5", **io))
    terminal.wait_for(b"ready")
    terminal.wait_quiet()  # Docker tells the size soon after the start
    terminal.send(b"word\r")
    assert terminal.end() == 5
    assert b"33 120" in terminal.seen and b"/dev/pts/0" in terminal.seen and b"got word" in terminal.seen, terminal.seen


def test_one_in_the_background_is_attached_to_and_left_again(docker, name):
    docker("run", "-dit", "--name", name, "busybox")
    terminal = Terminal(lambda **io: docker.popen("attach", name, **io))
    terminal.send(b"echo a$((1 + 1))b\r")
    terminal.wait_for(b"a2b")
    terminal.send(b"\x10\x11")
    terminal.end()
    assert b"read escape sequence" in terminal.seen and docker.inspect(name, ".State.Status") == "running"


@pytest.mark.parametrize("command, status, said", [
    ("/no/such", 127, "no such file or directory"), ("nosuch", 127, "executable file not found in $PATH"),
    ("/etc/passwd", 126, "permission denied"), ("/tmp", 126, "permission denied")])
def test_a_command_that_cannot_run_has_its_own_status(docker, name, command, status, said):
    done = docker("run", "--name", name, "busybox", command, check=False)
    assert done.returncode == status and said in done.stderr and command in done.stderr, done
    assert docker.inspect(name, ".State.ExitCode") == str(status)


def test_exec_gives_output_and_exit_status(docker, name):
    running(docker, name)
    done = docker("exec", name, "sh", "-c", "echo out; echo err >&2; exit 9", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 9)
    assert docker("exec", "-i", name, "cat", stdin=None, input="text").stdout == "text"
    done = docker("exec", "-u", "1000:1001", "-w", "/tmp", "-e", "A=b", name, "sh", "-c", "id -u; id -g; pwd; echo $A")
    assert done.stdout.split() == ["1000", "1001", "/tmp", "b"]
    for command in (["nosuch"], ["/no/such"], ["/etc/passwd"], ["-w", "/nowhere", "pwd"]):
        assert docker("exec", *command[:-1], name, command[-1], check=False).returncode == 126  # Docker's one for all


def test_exec_on_a_terminal_and_in_the_background(docker, name):
    running(docker, name)
    terminal = Terminal(lambda **io: docker.popen("exec", "-it", name, "sh", "-c", "echo ready; read x; tty; exit 6", **io))
    terminal.wait_for(b"ready")
    terminal.send(b"x\r")
    assert terminal.end() == 6 and b"/dev/pts/" in terminal.seen
    docker("exec", "-d", name, "sh", "-c", "echo yes >/tmp/made")
    assert eventually(lambda: docker("exec", name, "cat", "/tmp/made", check=False).stdout, "yes\n") == "yes\n"


def test_a_paused_one_does_nothing_until_it_goes_on(docker, name):
    running(docker, name)
    docker("pause", name)
    assert docker.inspect(name, ".State.Status") == "paused"
    assert "is paused" in docker("exec", name, "true", check=False).stderr
    docker("unpause", name)
    docker("exec", name, "true")
    docker("pause", name)
    docker("stop", "-t", "0", name)
    assert docker.inspect(name, ".State.ExitCode") == "137"


def test_limits_are_set_and_changed(docker, name):
    running(docker, name, "-m", "64m", "--cpus", "0.5", "--cpu-shares", "512", "--pids-limit", "50", "--cpuset-cpus", "0")
    pid = docker.inspect(name, ".State.Pid")
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as lines:
        groups = dict(line.rstrip().split(":")[1:] for line in lines)

    def limit(controller, v1, v2):
        at = f"/sys/fs/cgroup/{controller}{groups[controller]}/{v1}" if controller in groups else f"/sys/fs/cgroup{groups['']}/{v2}"
        with open(at, encoding="utf-8") as file:
            return file.read().split()[0]

    def limits():
        return [limit("memory", "memory.limit_in_bytes", "memory.max"), limit("cpu", "cpu.cfs_quota_us", "cpu.max"),
                limit("pids", "pids.max", "pids.max"), limit("cpuset", "cpuset.cpus", "cpuset.cpus")]

    assert limits() == [str(64 << 20), "50000", "50", "0"]
    docker("update", "-m", "128m", "--memory-swap", "256m", "--cpus", "0.7", "--pids-limit", "33", name)
    assert limits() == [str(128 << 20), "70000", "33", "0"]
    assert docker("update", "--cpuset-cpus", "9999", name, check=False).returncode == 1
    docker("update", "--pids-limit", "-1", name)
    assert limits()[2] == "max"


def test_its_processes_and_figures_are_shown(docker, name):
    running(docker, name, command=("sh", "-c", "sleep 1000 & exec sleep 1001"))
    rows = docker("top", name, "-o", "pid,args").stdout.splitlines()
    assert sorted(row.split()[-1] for row in rows[1:]) == ["1000", "1001"]
    assert "sleep 1001" in docker("top", name).stdout
    assert docker("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", name).stdout == "c1 2\n"


def test_signals_stop_restart_and_wait(docker, name):
    running(docker, name, command=WAITS)
    docker("kill", "-s", "USR1", name)
    assert docker("wait", name).stdout == "4\n"
    assert docker("kill", name, check=False).returncode == 1
    docker("start", name)
    docker("stop", name)
    assert docker.inspect(name, ".State.ExitCode") == "3"
    docker("restart", "-t", "0", name)
    assert docker.inspect(name, ".State.Status") == "running"
    docker("kill", name)
    assert docker("wait", name).stdout == "137\n"
    assert docker("exec", name, "true", check=False).returncode == 1
    docker("rm", name)


def test_a_policy_starts_it_again(docker, name):
    running(docker, name, "--restart", "on-failure:2", command=("sh", "-c", "echo run; exit 1"))
    assert eventually(lambda: docker.inspect(name, ".RestartCount}} {{.State.Status"), "2 exited") == "2 exited"
    assert docker("logs", name).stdout == "run\n" * 3


def test_out_of_memory_is_noticed(docker, name):
    done = docker("run", "--name", name, "-m", "20m", "busybox", "sh", "-c", "x=aaaaaaaa; while :; do x=$x$x; done", check=False)
    assert done.returncode == 137
    # The end of the process and the notice reach dockerd in any order.
    assert eventually(lambda: docker.inspect(name, ".State.OOMKilled"), "true") == "true"


def test_health_is_looked_after(docker, name):
    running(docker, name, "--health-cmd", "test -e /tmp/well", "--health-interval", "200ms", "--health-retries", "1")
    assert eventually(lambda: docker.inspect(name, ".State.Health.Status"), "unhealthy") == "unhealthy"
    docker("exec", name, "touch", "/tmp/well")
    assert eventually(lambda: docker.inspect(name, ".State.Health.Status"), "healthy") == "healthy"


def test_containers_share_namespaces(docker, name):
    running(docker, name, "--ipc", "shareable")
    options = [f"--{kind}=container:{name}" for kind in ("pid", "ipc", "network")]
    done = docker("run", "--rm", *options, "busybox", "sh", "-c", "ps | grep -c '[s]leep 1000'; echo x >/dev/shm/file")
    assert done.stdout == "1\n"
    assert docker("exec", name, "cat", "/dev/shm/file").stdout == "x\n"


def test_files_are_copied_in_and_out_and_compared(docker, name):
    running(docker, name)
    docker("cp", "/etc/hosts", f"{name}:/tmp/hosts")
    assert docker("exec", name, "cat", "/tmp/hosts").stdout == docker.sandbox.run("cat", "/etc/hosts").stdout
    assert "A /tmp/hosts" in docker("diff", name).stdout.splitlines()


def test_volumes_and_a_first_process_of_dockers(docker):
    docker("run", "--rm", "-v", "kept:/data", "busybox", "touch", "/data/file")
    done = docker("run", "--rm", "--init", "-v", "kept:/data:ro", "busybox", "sh", "-c",
                  "ls /data; touch /data/x; tr '\\0' ' ' < /proc/1/cmdline", check=False)
    assert done.stdout.startswith("file\n/sbin/docker-init -- sh") and "Read-only file system" in done.stderr, done


SECCOMP = """{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["chmod", "fchmodat", "fchmodat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}"""

# What was asked for, and what tells it inside.
ALIKE = [
    ("", "grep -E 'Cap|NoNew|Secc|Groups|Uid' /proc/self/status; find /dev ! -type d | sort; ls -ld /tmp /dev/shm | cut -c1-10"),
    ("--read-only --tmpfs /run:size=1m,mode=1770", "touch /x; touch /run/x; grep ' /run ' /proc/mounts; stat -c %a /run"),
    ("--mount type=tmpfs,dst=/new -u 1000", "stat -c %a /new; touch /new/x; echo $?"),
    ("-u 1000:1001 --group-add 55 --cap-add SYS_PTRACE", "id; grep Cap /proc/self/status"),
    ("--cap-drop ALL --cap-add CHOWN --security-opt no-new-privileges", "grep -E 'Cap|NoNew' /proc/self/status"),
    ("--security-opt seccomp={seccomp}", "chmod 777 /tmp; echo $?"),
    ("--security-opt seccomp=unconfined --security-opt systempaths=unconfined", "grep Secc /proc/self/status; ls /sys/firmware"),
    ("--ulimit nofile=100:200 --ulimit core=0 --oom-score-adj 500", "ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj"),
    ("--sysctl kernel.msgmax=1234 --hostname here --domainname there", "cat /proc/sys/kernel/msgmax /proc/sys/kernel/domainname; hostname"),
    ("--network host --pid host --ipc host --uts host --cgroupns host", "hostname; test -d /proc/$PPID && readlink /proc/self/ns/ipc"),
    ("--cgroupns private", "grep -E 'memory|pids|systemd' /proc/self/cgroup"),
    ("--device /dev/full:/dev/other:r --device-cgroup-rule='c 42:* rm'",
     "ls -l /dev/other | cut -c1-10; mknod /x c 42 1; cat /x; mknod /y c 43 1; cat /y; sort /sys/fs/cgroup/devices/devices.list"),
    ("--shm-size 3m -w /new/folder -e A=b", "grep /dev/shm /proc/mounts; pwd; env | sort | grep -v HOSTNAME"),
    ("-v /etc/passwd:/etc", "true"),
    ("-v /etc:/etc/passwd", "true"),
    ("-v /etc/passwd:/new/file:ro", "ls -ld /new | cut -c1-10; echo x >>/new/file"),
    ("--cpuset-cpus 9999", "true"),
    ("-t", "tty; ls -l /dev/console | cut -c1-10; exit 3"),
    ("", "kill -9 $$"),
]


@pytest.mark.parametrize("options, script", ALIKE, ids=[f"{o or 'plain'}: {s}"[:60] for o, s in ALIKE])
def test_the_outcome_is_that_of_runc(docker, options, script):
    profile = docker.sandbox.dir / "seccomp.json"
    profile.write_text(SECCOMP)
    words = shlex.split(options.format(seccomp=profile))
    outcomes = []
    for runtime in ("runc", "kegrun"):
        done = docker("run", "--rm", "--runtime", runtime, *words, "busybox", "sh", "-c", script, check=False)
        said = done.stderr if done.returncode < 125 else "mounted a folder onto a file" if "(or vice-versa)" in done.stderr else ""
        outcomes.append((done.returncode, done.stdout, said))
    assert outcomes[1] == outcomes[0]


def test_many_at_once_start_and_go(docker):
    children = [docker.popen("run", "--rm", "busybox", "sh", "-c", f"exit {n}", stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for n in range(12)]
    assert [(child.wait(timeout=60), child.stderr.read()) for child in children] == [(n, b"") for n in range(12)]
    assert eventually(docker.groups, []) == []


@pytest.fixture(scope="module")
def remapped(containerd):
    """Docker whose containers' ids are those that are subordinate to an ordinary user."""
    identity = Identity("user")
    containerd.sandbox.dir.chmod(0o711)
    made = Docker(containerd, "remapped", **{"userns-remap": identity.made})
    made("import", "-c", 'CMD ["sh"]', busybox_archive(str(made.sandbox.dir / "remapped.tar")), "busybox")
    yield made
    made.close()
    identity.close()


def test_ids_are_remapped(remapped):
    remapped("run", "-d", "--name", "c1", "-v", "kept:/data", "busybox", "sleep", "1000")
    done = remapped("exec", "c1", "sh", "-c", "id -u; cat /proc/self/uid_map; echo x >/data/file && stat -c %u /data/file; "
                    "test -c /dev/null && echo null")
    first, inside, outside, _, owner, null = done.stdout.split()
    assert (first, inside, owner, null) == ("0", "0", "0", "null") and int(outside) >= 100000
    remapped("pause", "c1")
    remapped("unpause", "c1")
    remapped("rm", "-f", "c1")
    assert eventually(remapped.groups, []) == []


def test_a_privileged_one_has_all_that_there_is(docker, name):
    """runc fails where dockerd itself lacks a capability."""
    running(docker, name, "--privileged")
    given = int(docker("exec", name, "grep", "CapEff", "/proc/self/status").stdout.split()[1], 16)
    with open(f"/proc/{docker.daemon.process.pid}/status", encoding="ascii") as lines:
        own = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff"))
    assert given & 1 << 21 and given & ~own == 0  # Docker knows fewer than the kernel
    docker("exec", "--privileged", name, "sh", "-c", "mkdir /new && mount -t tmpfs tmpfs /new")
