# SPDX-License-Identifier: Apache-2.0
"""run and create: every option, seen from inside the container."""
import json
import os
import re

import pytest

from kegtool import IMAGE


def shell(keg, *options_and_script, **how):
    """run --rm OPTIONS IMAGE sh -c SCRIPT"""
    *options, script = options_and_script
    return keg("run", "--rm", *options, IMAGE, "sh", "-c", script, **how).out


def test_output_status_and_input_pass_through(keg):
    assert keg("run", "--rm", IMAGE, "echo", "hello").out == "hello\n"
    done = keg.attempt("run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 42")
    assert (done.status, done.out, done.err) == (42, "out\n", "err\n")
    assert keg("run", "--rm", "-i", IMAGE, "cat", stdin="typed").out == "typed"
    assert keg("run", "--rm", IMAGE, "cat", stdin="typed").out == ""
    assert keg.attempt("run", "--rm", IMAGE, "sh", "-c", "sh -c 'kill -9 $$'; exit $?").status == 137


def test_nothing_is_left_after_rm(keg):
    keg("run", "--rm", IMAGE, "true")
    assert keg("ps", "-aq").out == ""
    for folder in (f"{keg.root}/keg/containers", f"{keg.root}/keg/names", f"{keg.runroot}/keg/containers",
                   f"{keg.runroot}/keg/runtime"):
        assert os.listdir(folder) == [], folder


def test_large_output_arrives_whole(keg):
    out = shell(keg, "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done")
    assert len(out) == 20000 * 41


def test_environment(keg):
    path = keg.file("env", "# comment\nFROM_FILE=f i l e\n\nINHERITED\n")
    env = shell(keg, "-e", "A=1", "-e", "A=2", "-e", "INHERITED2", "-e", "PRE*", "--env-file", path, "env",
                env={"INHERITED": "yes", "INHERITED2": "too", "PREFIX": "x"}).splitlines()
    for line in ("A=2", "FROM_FILE=f i l e", "INHERITED=yes", "INHERITED2=too", "PREFIX=x", "container=podman",
                 "HOME=/root", "TERM=xterm"):
        assert line in env
    assert "A=1" not in env
    assert "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" in env
    assert "TERM=xterm" not in shell(keg, "--unsetenv", "TERM", "env").splitlines()
    assert "SECRET=s" in shell(keg, "--env-host", "env", env={"SECRET": "s"}).splitlines()
    assert "http_proxy=p" in shell(keg, "env", env={"http_proxy": "p"}).splitlines()
    assert "http_proxy=p" not in shell(keg, "--http-proxy=false", "env", env={"http_proxy": "p"}).splitlines()


def test_keep_id_is_the_user_himself(keg):
    if keg.is_root:
        keg.fails("run", "--rm", "--userns", "keep-id", IMAGE, "true")
        return
    host = keg.file("mine")
    out = shell(keg, "--userns", "keep-id", "-v", f"{host}:/mine", "id -u; echo x > /mine; stat -c %u /mine").split()
    assert out == [str(keg.identity.uid)] * 2
    assert os.stat(host).st_uid == keg.identity.uid


def test_user_group_and_folder(keg):
    assert shell(keg, "-u", "guest", "id -u; id -g; id -G; pwd; echo $HOME").split() == \
        ["1000", "1000", "1000", "1234", "/", "/home"]
    assert shell(keg, "-u", "1000:0", "id -u; id -g").split() == ["1000", "0"]
    assert shell(keg, "-u", "4321", "id -u; id -g; tail -n 1 /etc/passwd").split("\n")[:2] == ["4321", "0"]
    assert "4321:" in shell(keg, "-u", "4321", "cat /etc/passwd")
    assert "4321:" not in shell(keg, "-u", "4321", "--passwd=false", "cat /etc/passwd")
    assert "1234" in shell(keg, "--group-add", "extra", "--group-add", "77", "id -G").split()
    assert shell(keg, "-w", "/tmp", "pwd") == "/tmp\n"
    assert shell(keg, "--umask", "0077", "umask") == "0077\n"


def test_entrypoint_and_command(keg):
    assert keg("run", "--rm", "--entrypoint", "echo", IMAGE, "a", "b").out == "a b\n"
    assert keg("run", "--rm", "--entrypoint", '["echo", "-n", "x"]', IMAGE, "y").out == "x y"
    keg.fails("run", "--rm", IMAGE)


def test_hostname_hosts_and_resolver(keg):
    out = shell(keg, "--hostname", "inside", "--add-host", "db:10.1.2.3", "--dns", "10.9.8.7", "--dns-search", "corp",
                "--dns-option", "ndots:3", "hostname; cat /etc/hostname /etc/hosts /etc/resolv.conf; echo $HOSTNAME")
    assert out.splitlines()[0] == "inside"
    assert "10.1.2.3\tdb" in out and "nameserver 10.9.8.7" in out
    assert "search corp" in out and "options ndots:3" in out and out.rstrip().endswith("inside")
    assert shell(keg, "--no-hosts", "cat /etc/hosts 2>/dev/null || echo none") == "none\n"


@pytest.mark.parametrize("mode", ["none", "private"])
def test_an_own_network_has_loopback_only(keg, mode):
    assert shell(keg, "--network", mode, "ls /sys/class/net").split() == ["lo"]
    assert "UP" in shell(keg, "--network", mode, "ip link show lo || ifconfig lo")


def test_namespaces_of_the_host_and_of_others(keg):
    ours = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("net", "pid", "ipc", "uts")}
    for option, name in (("--network", "net"), ("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts")):
        assert shell(keg, option, "host", f"readlink /proc/self/ns/{name}").strip() == ours[name]
        assert shell(keg, option, "private", f"readlink /proc/self/ns/{name}").strip() != ours[name]
    keg("run", "-d", "--name", "other", IMAGE, "sleep", "100")
    pid = keg("inspect", "--format", "{{.State.Pid}}", "other").out.strip()
    script = "for n in net pid ipc uts; do readlink /proc/self/ns/$n; done"
    theirs = keg("exec", "other", "sh", "-c", script).out
    joined = shell(keg, "--network", "container:other", "--pid", "container:other", "--ipc", "container:other",
                   "--uts", "container:other", script)
    assert joined == theirs
    if keg.is_root:
        net = keg("exec", "other", "readlink", "/proc/self/ns/net").out
        assert shell(keg, "--network", f"ns:/proc/{pid}/ns/net", "readlink /proc/self/ns/net") == net
    keg("exec", "other", "sh", "-c", "echo shared > /dev/shm/file")
    assert shell(keg, "--ipc", "container:other", "cat /dev/shm/file") == "shared\n"


def test_volumes(keg):
    host = keg.file("shared.txt", "from host\n")
    folder = os.path.dirname(host)
    assert shell(keg, "-v", f"{folder}:/in", "cat /in/shared.txt") == "from host\n"
    assert shell(keg, "-v", f"{host}:/one:ro", "cat /one; echo x > /one || echo refused").endswith("refused\n")
    assert shell(keg, "--mount", f"type=bind,src={folder},dst=/in,ro", "touch /in/x 2>&1 || echo refused").endswith("refused\n")
    shell(keg, "-v", "data:/keep", "echo kept > /keep/file")
    assert shell(keg, "-v", "data:/keep", "cat /keep/file") == "kept\n"
    assert shell(keg, "--mount", "type=volume,source=data,target=/keep,readonly", "cat /keep/file") == "kept\n"
    assert shell(keg, "-v", "filled:/etc", "ls /etc/passwd") == "/etc/passwd\n"
    before = set(os.listdir(f"{keg.root}/volumes"))
    shell(keg, "-v", "/anonymous", "touch /anonymous/x")
    assert set(os.listdir(f"{keg.root}/volumes")) == before, "an anonymous volume goes with --rm"


def test_tmpfs_and_read_only(keg):
    assert shell(keg, "--tmpfs", "/scratch:size=1m,mode=0700", "grep ' /scratch ' /proc/mounts").split()[2] == "tmpfs"
    assert "size=1024k" in shell(keg, "--mount", "type=tmpfs,dst=/t,tmpfs-size=1m", "grep ' /t ' /proc/mounts")
    assert shell(keg, "--tmpfs", "/etc", "ls /etc/passwd") == "/etc/passwd\n", "tmpcopyup"
    assert shell(keg, "--read-only", "touch /x 2>/dev/null || echo refused; touch /tmp/x && echo fine") == "refused\nfine\n"
    assert shell(keg, "--read-only", "--read-only-tmpfs=false", "touch /tmp/x 2>/dev/null || echo refused") == "refused\n"
    assert "size=1024k" in shell(keg, "--shm-size", "1m", "grep ' /dev/shm ' /proc/mounts")


def capabilities(keg, *options):
    return int(re.search(r"CapEff:\s*(\w+)", shell(keg, *options, "cat /proc/self/status")).group(1), 16)


def test_capabilities(keg):
    standard = capabilities(keg)
    assert standard == 0x800405fb
    assert capabilities(keg, "--cap-drop", "all") == 0
    assert capabilities(keg, "--cap-drop", "ALL", "--cap-add", "CHOWN") == 1
    assert capabilities(keg, "--cap-add", "cap_net_raw,NET_ADMIN") == standard | 1 << 13 | 1 << 12
    assert capabilities(keg, "--cap-drop", "chown") == standard & ~1
    assert capabilities(keg, "--privileged") > standard
    assert capabilities(keg, "-u", "guest") == 0
    assert capabilities(keg, "-u", "guest", "--cap-add", "net_raw") == 1 << 13


def test_security_options(keg):
    status = shell(keg, "cat /proc/self/status")
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t0" in status
    assert "Seccomp:\t0" in shell(keg, "--security-opt", "seccomp=unconfined", "cat /proc/self/status")
    assert "NoNewPrivs:\t1" in shell(keg, "--security-opt", "no-new-privileges", "cat /proc/self/status")
    profile = keg.file("profile.json", json.dumps(
        {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}))
    assert shell(keg, "--security-opt", f"seccomp={profile}", "mkdir /x 2>/dev/null || echo refused") == "refused\n"
    assert shell(keg, "wc -c < /proc/keys") == "0\n"
    assert shell(keg, "--security-opt", "mask=/proc/version", "wc -c < /proc/version") == "0\n"
    assert shell(keg, "--security-opt", "unmask=all", "grep -c ' /proc/sys ' /proc/mounts || true") == "0\n"
    assert shell(keg, "--security-opt", "label=disable", "echo fine") == "fine\n"


def test_devices(keg):
    assert shell(keg, "--device", "/dev/null:/dev/other", "echo x > /dev/other && echo fine") == "fine\n"
    assert shell(keg, "ls /dev").split() == ["fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr",
                                            "stdin", "stdout", "tty", "urandom", "zero"]


def test_limits_of_processes(keg):
    assert shell(keg, "--ulimit", "nofile=100:200", "ulimit -n; ulimit -Hn").split() == ["100", "200"]
    assert shell(keg, "--ulimit", "core=0", "ulimit -c") == "0\n"
    assert shell(keg, "--oom-score-adj", "700", "cat /proc/self/oom_score_adj") == "700\n"
    assert shell(keg, "--sysctl", "net.ipv4.ip_default_ttl=77", "cat /proc/sys/net/ipv4/ip_default_ttl") == "77\n"


def test_limits_of_the_control_group(keg):
    if not keg.is_root:
        done = keg("run", "--rm", "-m", "64m", IMAGE, "echo", "runs")
        assert done.out == "runs\n" and "not supported and ignored" in done.err
        return
    keg("run", "-d", "--name", "limited", "-m", "64m", "--pids-limit", "10", "--cpus", "0.5", "--cpu-shares", "100",
        IMAGE, "sleep", "100")
    host = json.loads(keg("inspect", "limited").out)[0]["HostConfig"]
    assert (host["Memory"], host["PidsLimit"], host["CpuQuota"], host["CpuShares"]) == (64 << 20, 10, 50000, 100)
    assert host["MemorySwap"] == 128 << 20
    out = keg("exec", "limited", "sh", "-c",
              "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null | head -n 1").out
    assert out == "10\n"


def test_init_reaps_and_forwards(keg):
    assert "podman-init" in shell(keg, "--init", "cat /proc/1/cmdline | tr '\\0' ' '")


def test_names_cidfile_labels_annotations(keg):
    cid = keg.file("cid")
    os.unlink(cid)
    labels = keg.file("labels", "from=file\n")
    made = keg("create", "--name", "box", "--cidfile", cid, "--label", "a=b", "-l", "c", "--label-file", labels,
               "--annotation", "x=y", "--stop-signal", "HUP", "--stop-timeout", "3", IMAGE, "true").out.strip()
    with open(cid, encoding="utf-8") as f:
        assert f.read() == made
    box = json.loads(keg("inspect", "box").out)[0]
    assert box["Id"] == made and box["Name"] == "box" and box["State"]["Status"] == "created"
    assert box["Config"]["Labels"] == {"a": "b", "c": "", "from": "file"}
    assert box["Config"]["Annotations"]["x"] == "y"
    assert (box["Config"]["StopSignal"], box["Config"]["StopTimeout"]) == (1, 3)
    keg.fails("create", "--name", "box", IMAGE, "true")
    keg.fails("create", "--cidfile", cid, IMAGE, "true")
    replaced = keg("create", "--replace", "--name", "box", IMAGE, "true").out.strip()
    assert replaced != made and keg("ps", "-aq", "--no-trunc").out.strip() == replaced


def test_random_names_and_prefixes_of_ids(keg):
    made = keg("create", IMAGE, "true").out.strip()
    assert re.fullmatch(r"[a-z]+_[a-z]+", keg("inspect", "--format", "{{.Name}}", made[:6]).out.strip())
    assert keg("rm", made[:8]).out.strip() == made[:8]


def test_detached_and_timeout(keg):
    made = keg("run", "-d", "--name", "back", IMAGE, "sleep", "100").out.strip()
    assert re.fullmatch("[0-9a-f]{64}", made)
    assert keg("ps", "--format", "{{.Names}} {{.State}}").out.startswith("back Up ")
    done = keg.attempt("run", "--rm", "--timeout", "1", IMAGE, "sleep", "30")
    assert done.status == 255


def test_log_drivers(keg):
    path = keg.file("own.log")
    keg("run", "--name", "logged", "--log-driver", "k8s-file", "--log-opt", f"path={path}", IMAGE, "echo", "line")
    with open(path, encoding="utf-8") as f:
        assert re.fullmatch(r"\S+ stdout F line\n", f.read())
    keg("run", "--name", "silent", "--log-driver", "none", IMAGE, "echo", "line")
    keg.fails("logs", "silent")


def test_time_zone(keg):
    if not os.path.exists("/usr/share/zoneinfo/Asia/Tokyo"):
        pytest.skip("the machine has no time zones")
    assert shell(keg, "--tz", "Asia/Tokyo", "cat /etc/localtime | tail -n 1") == "JST-9\n"


def test_other_runtimes_and_monitors(keg):
    for runtime in ("kegrun", "runc"):
        path = os.path.join(keg.identity.programs, runtime) if runtime == "kegrun" else "/usr/sbin/runc"
        if not os.path.exists(path) or (runtime == "runc" and not keg.is_root):
            continue
        assert keg("--runtime", path, "run", "--rm", IMAGE, "echo", runtime).out == f"{runtime}\n"
    if os.path.exists("/usr/bin/conmon"):
        done = keg.attempt("--conmon", "/usr/bin/conmon", "run", "--rm", IMAGE, "sh", "-c", "echo there; exit 6")
        assert (done.status, done.out) == (6, "there\n")


def test_hooks_of_a_folder_are_run(keg):
    log = keg.file("hook.log", mode=0o666)
    script = keg.file("hook.sh", f"#!/bin/sh\ncat > /dev/null\necho ran $1 >> {log}\n", mode=0o755)
    folder = os.path.join(os.path.dirname(script), "hooks.d")
    os.makedirs(folder, mode=0o755, exist_ok=True)
    for name, when in (("always", {"always": True}), ("never", {"annotations": {"^wanted$": "^yes$"}}),
                       ("command", {"commands": ["sh$"], "always": True})):
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as to:
            json.dump({"version": "1.0.0", "hook": {"path": script, "args": ["hook.sh", name]}, "when": when,
                       "stages": ["poststop"]}, to)
    keg("--hooks-dir", folder, "run", "--rm", IMAGE, "true")
    with open(log, encoding="utf-8") as f:
        assert f.read() == "ran always\n"
    keg("--hooks-dir", folder, "run", "--rm", "--annotation", "wanted=yes", IMAGE, "sh", "-c", ":")
    with open(log, encoding="utf-8") as f:
        assert f.read().split("\n")[1:4] == ["ran always", "ran command", "ran never"]
    keg.fails("--hooks-dir", "/nosuch", "run", "--rm", IMAGE, "true")
