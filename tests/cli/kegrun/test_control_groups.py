# SPDX-License-Identifier: Apache-2.0
"""Control groups on the host as it is (v1, v2 or both): limits bite, and no failure leaves a group."""
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
KEGRUN = pathlib.Path(os.environ.get("KEG_BUILD", ROOT / "build")).resolve() / "kegrun"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
MEGABYTE = 1 << 20
LIMIT = 60


def can_make_groups():
    probe = [h for h in hierarchies() if os.access(h, os.W_OK)]
    return os.geteuid() == 0 and bool(probe) and shutil.which("busybox")


def hierarchies():
    if (CGROUPS / "cgroup.procs").exists():
        return [CGROUPS]
    return [h for h in CGROUPS.glob("*") if (h / "cgroup.procs").exists() and not h.is_symlink()]


pytestmark = pytest.mark.skipif(not can_make_groups(), reason="needs root, writable cgroups and busybox-static")


class Box:
    """A bundle factory whose groups all are below one parent of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.parent = f"keg-test-{uuid.uuid4().hex[:8]}"
        rootfs = folder / "rootfs"
        for name in ("bin", "proc", "dev", "sys", "tmp"):
            (rootfs / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", rootfs / "bin")
        for name in ("sh", "sleep", "cat", "true", "seq", "mknod"):
            os.symlink("busybox", rootfs / "bin" / name)

    def bundle(self, argv, resources=None, change=None):
        name = uuid.uuid4().hex[:8]
        path = self.folder / name
        path.mkdir()
        subprocess.run([KEGRUN, "spec"], cwd=path, check=True, timeout=LIMIT)
        config = json.loads((path / "config.json").read_text())
        config["root"] = {"path": str(self.folder / "rootfs")}
        config["process"].update(terminal=False, args=argv)
        config["linux"]["cgroupsPath"] = f"/{self.parent}/{name}"
        config["linux"]["resources"].update(resources or {})
        if change:
            change(config)
        (path / "config.json").write_text(json.dumps(config))
        return path

    def call(self, *words, **options):
        options.setdefault("timeout", LIMIT)
        return subprocess.run([KEGRUN, "--root", self.folder / "state", *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)

    def run(self, argv, resources=None):
        bundle = self.bundle(argv, resources)
        return self.call("run", "--bundle", bundle, bundle.name)

    def start(self, argv, resources=None, change=None):
        bundle = self.bundle(argv, resources, change)
        with open(bundle / "log", "wb") as log:
            subprocess.run([KEGRUN, "--root", self.folder / "state", "run", "--detach", "--bundle", bundle, bundle.name],
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=LIMIT)
        return bundle.name

    def groups(self):
        """All groups that are left below our parent, in every hierarchy."""
        return [g for h in hierarchies() for g in (h / self.parent).glob("*") if g.is_dir()]

    def file(self, name, *choices):
        """The text of the first of these files (v1's name, v2's name) that the container's group has."""
        for h in hierarchies():
            for choice in choices:
                path = h / self.parent / name / choice
                if path.exists():
                    return path.read_text().strip()
        raise AssertionError(f"none of {choices}")

    def close(self):
        for name in self.call("list", "-q").stdout.split():
            self.call("delete", "--force", name)
        for h in hierarchies():
            if (h / self.parent).is_dir():
                os.rmdir(h / self.parent)


@pytest.fixture
def box(tmp_path):
    made = Box(tmp_path)
    yield made
    made.close()


def test_limits_are_what_the_kernel_says(box):
    name = box.start(["sleep", "60"], {"memory": {"limit": 64 * MEGABYTE}, "pids": {"limit": 12}})
    assert box.file(name, "memory.limit_in_bytes", "memory.max") == str(64 * MEGABYTE)
    assert box.file(name, "pids.max") == "12"
    procs = {g / "cgroup.procs": len((g / "cgroup.procs").read_text().split()) for g in box.groups()}
    assert set(procs.values()) == {1}, procs


@pytest.mark.parametrize("limit,said", [(0, "1"), (-1, "max")])
def test_a_pids_limit_of_0_is_1_and_one_below_is_none(box, limit, said):
    name = box.start(["sleep", "60"], {"pids": {"limit": limit}})
    assert box.file(name, "pids.max") == said


def test_a_group_with_processes_is_refused_and_left_alone(box):
    name = box.start(["sleep", "60"])

    def same(config):
        config["linux"]["cgroupsPath"] = f"/{box.parent}/{name}"
    bundle = box.bundle(["true"], change=same)
    done = box.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode != 0 and "container's cgroup is not empty" in done.stderr, done
    assert json.loads(box.call("state", name).stdout)["status"] == "running"


def ended(box, name):
    deadline = time.monotonic() + 10
    while json.loads(box.call("state", name).stdout)["status"] != "stopped" and time.monotonic() < deadline:
        time.sleep(0.02)
    return name


def test_a_group_that_another_container_took_over_is_not_ended_with_the_first(box):
    name = box.start(["sleep", "60"])
    box.call("kill", name, "KILL")
    ended(box, name)
    second = box.start(["sleep", "60"], change=lambda c: c["linux"].update(cgroupsPath=f"/{box.parent}/{name}"))
    assert box.call("kill", "--all", name, "KILL").returncode == 0
    refused = box.call("delete", name)
    assert refused.returncode == 1 and "still has processes" in refused.stderr, refused
    assert json.loads(box.call("state", second).stdout)["status"] == "running"
    assert box.call("delete", "--force", second).returncode == box.call("delete", name).returncode == 0
    assert box.groups() == []


def test_two_of_one_id_below_different_roots_have_nothing_to_do_with_each_other(box):
    bundle = box.bundle(["sleep", "60"], change=lambda c: c["linux"].update(cgroupsPath=""))

    def call(root, *words):
        with open(box.folder / "log", "w+", encoding="utf-8") as log:
            subprocess.run([KEGRUN, "--root", box.folder / root, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True,
                           timeout=LIMIT)
        return (box.folder / "log").read_text()

    def place(root):
        pid = json.loads(call(root, "state", bundle.name))["pid"]
        return {line.split(":", 2)[2] for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()}

    try:
        for root in ("one", "two"):
            call(root, "run", "--detach", "--bundle", str(bundle), bundle.name)
        assert not [p for p in place("one") & place("two") if bundle.name in p]
        call("one", "delete", "--force", bundle.name)
        assert json.loads(call("two", "state", bundle.name))["status"] == "running"
    finally:
        for root in ("one", "two"):
            call(root, "delete", "--force", bundle.name)


def without_pid_namespace(config):
    config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "pid"]


@pytest.mark.parametrize("init_is_gone", [False, True])
def test_kill_leaves_no_process_where_pids_are_the_hosts(box, init_is_gone):
    name = box.start(["sh", "-c", "sleep 60 & sleep 60 & exec sleep 60"], change=without_pid_namespace)
    deadline = time.monotonic() + 10
    while len(box.file(name, "cgroup.procs").split()) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    pids = [int(pid) for pid in box.file(name, "cgroup.procs").split()]
    assert len(pids) == 3
    if init_is_gone:
        os.kill(json.loads(box.call("state", name).stdout)["pid"], signal.SIGKILL)
    done = box.call("kill", name, "KILL")
    assert done.returncode == 0, done.stderr
    while box.file(name, "cgroup.procs") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert box.file(name, "cgroup.procs") == ""
    assert json.loads(box.call("state", name).stdout)["status"] == "stopped"


def test_a_group_in_which_all_were_killed_can_be_used_again(box):
    name = box.start(["sleep", "60"], change=without_pid_namespace)
    assert box.call("kill", name, "KILL").returncode == 0
    ended(box, name)
    second = box.start(["sleep", "60"], change=lambda c: c["linux"].update(cgroupsPath=f"/{box.parent}/{name}"))
    done = box.call("exec", second, "sh", "-c", "echo in")
    assert done.returncode == 0 and done.stdout == "in\n", done


def test_a_container_over_its_pids_limit_cannot_fork(box):
    done = box.run(["sh", "-c", "for i in $(seq 9); do sleep 5 & done; echo all"], {"pids": {"limit": 5}})
    assert done.returncode != 0 and "can't fork" in done.stderr
    assert box.groups() == []


def test_a_container_over_its_memory_limit_is_killed(box):
    done = box.run(["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=64 || /bin/busybox dd if=/dev/zero "
                    "of=/dev/shm/x bs=1M count=64"], {"memory": {"limit": 16 * MEGABYTE}})
    assert done.returncode == 137, done
    assert box.groups() == []


@pytest.mark.parametrize("number, denied", [("1 11", True), ("1 3", False), ("10 200", False)], ids=["kmsg", "null", "tun"])
def test_devices_are_denied_but_for_the_usual_ones(box, number, denied):
    bundle = box.bundle(["sh", "-c", f"mknod /tmp/x c {number}; cat /tmp/x >/dev/null"],
                        {"devices": [{"allow": False, "access": "rwm"}]})
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["capabilities"] = {k: ["CAP_MKNOD"] for k in ("bounding", "effective", "permitted")}
    config["root"]["readonly"] = False
    (bundle / "config.json").write_text(json.dumps(config))
    done = box.call("run", "--bundle", bundle, bundle.name)
    assert ("operation not permitted" in done.stderr.lower()) is denied, done


@pytest.mark.skipif(hierarchies() == [CGROUPS], reason="cgroup v2 alone is one mount")
def test_a_mount_of_them_shows_every_hierarchy_that_a_container_is_in(box):
    bundle = box.bundle(["sh", "-c", "for g in /sys/fs/cgroup/*; do test -e $g/cgroup.procs && echo ${g##*/}; done; true"])
    config = json.loads((bundle / "config.json").read_text())
    config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"]
    config["mounts"] = [m for m in config["mounts"] if m["type"] != "cgroup"]
    config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]})
    (bundle / "config.json").write_text(json.dumps(config))
    done = box.call("run", "--bundle", bundle, bundle.name)
    assert sorted(done.stdout.split()) == sorted(h.name for h in hierarchies()), done


@pytest.mark.parametrize("argv,resources,said", [
    (["/no/such/command"], {}, "/no/such/command"),
    (["true"], {"cpu": {"cpus": "0-4000"}}, "cpuset"),
    (["true"], {"cpu": {"mems": "77"}}, "cpuset"),
    (["true"], {"cpu": {"period": 1, "quota": 5000}}, "cpu."),
    (["true"], {"unified": {"../cgroup.procs": "1"}}, "../cgroup.procs"),
    (["true"], {"devices": [{"allow": True, "type": "z", "access": "r"}]}, "z"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_failed_create_names_the_cause_and_leaves_no_group(box, argv, resources, said):
    done = box.run(argv, resources)
    assert done.returncode != 0
    assert said in done.stderr
    assert box.groups() == []


def test_the_systemd_form_of_a_path_is_refused_with_a_way_out(box):
    bundle = box.bundle(["true"])
    config = json.loads((bundle / "config.json").read_text())
    config["linux"]["cgroupsPath"] = "user.slice:keg:abc"
    (bundle / "config.json").write_text(json.dumps(config))
    done = box.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode != 0 and "systemd" in done.stderr


def test_a_path_cannot_climb_out_of_the_hierarchies(box):
    bundle = box.bundle(["true"])
    config = json.loads((bundle / "config.json").read_text())
    config["linux"]["cgroupsPath"] = f"/../../../..//{box.parent}/./up"
    (bundle / "config.json").write_text(json.dumps(config))
    done = box.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode == 0, done.stderr
    assert not pathlib.Path("/", box.parent).exists()


def test_twenty_at_once_below_a_new_parent_all_start_and_go(box):
    bundles = [box.bundle(["true"], {"pids": {"limit": 9}}) for _ in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda b: box.call("run", "--bundle", b, b.name), bundles))
    assert [r.stderr for r in results if r.returncode] == []
    assert box.groups() == []


def test_processes_that_left_for_sub_groups_are_killed_with_it(box):
    name = box.start(["sleep", "60"])
    held = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL)
    for group in box.groups():
        (group / "below").mkdir()
        if (group / "below" / "cpuset.cpus").exists():
            for file in ("cpuset.cpus", "cpuset.mems"):
                (group / "below" / file).write_text((group / file).read_text())
        (group / "below" / "cgroup.procs").write_text(str(held.pid))
    done = box.call("delete", "--force", name)
    assert held.wait(timeout=10) == -signal.SIGKILL
    assert done.returncode == 0, done.stderr
    assert box.groups() == []


def test_delete_ends_a_process_that_somebody_moved_and_froze(box):
    freezer = CGROUPS / "freezer"
    if not (freezer / "cgroup.procs").exists():
        pytest.skip("there is no v1 freezer; v2 kills what is frozen")
    name = box.start(["sleep", "60"])
    frozen = freezer / box.parent / "frozen"
    frozen.mkdir()
    bystander = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL)
    try:
        for pid in (json.loads(box.call("state", name).stdout)["pid"], bystander.pid):
            (frozen / "cgroup.procs").write_text(str(pid))
        (frozen / "freezer.state").write_text("FROZEN")
        done = box.call("delete", "--force", name)
        assert done.returncode == 0, done.stderr
        assert (frozen / "freezer.state").read_text().strip() == "FROZEN"
        assert (frozen / "cgroup.procs").read_text().split() == [str(bystander.pid)]
    finally:
        (frozen / "freezer.state").write_text("THAWED")
        bystander.kill()
        bystander.wait()
        frozen.rmdir()
    assert box.groups() == []


def test_a_runtime_killed_at_any_moment_leaves_what_delete_removes(box):
    choose = random.Random(7)
    for _ in range(25):
        bundle = box.bundle(["sleep", "60"], {"memory": {"limit": 64 * MEGABYTE}})
        with open(bundle / "log", "wb") as log:
            process = subprocess.Popen([KEGRUN, "--root", box.folder / "state", "run", "--detach", "--bundle", bundle,
                                        bundle.name], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        time.sleep(choose.uniform(0, 0.02))
        process.kill()
        process.wait()
        done = box.call("delete", "--force", bundle.name)
        assert done.returncode == 0, done.stderr
    deadline = time.monotonic() + 5
    while box.groups() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert box.groups() == []
