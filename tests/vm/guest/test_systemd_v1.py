# SPDX-License-Identifier: Apache-2.0
"""systemd as cgroup manager where the controllers are cgroup v1's: for root, as nothing is delegated to users there."""
import json
import pathlib
import time

import pytest

from conftest import CGROUPS
from test_systemd import LIMITS, MEGABYTE, clear, files, is_gone, make, resume_and_end

SYSTEMD = ("v1", "hybrid")
V1 = {name: LIMITS[name] for name in ("memory", "cpu", "pids")}


@pytest.fixture
def managed(tmp_path, rootfs):
    made = make(tmp_path, rootfs, None)
    yield made
    clear(made)


def groups(managed, name):
    """The running container's group in each hierarchy by the controllers' names; "" is v2's."""
    pid = json.loads(managed.call("state", name).stdout)["pid"]
    lines = pathlib.Path(f"/proc/{pid}/cgroup").read_text().split()
    return {controllers: CGROUPS / (controllers.removeprefix("name=") or "unified") / path.lstrip("/")
            for _, controllers, path in (line.split(":", 2) for line in lines)}


def box(managed, argv, **changes):
    name, unit, _ = managed.box(argv, **changes)
    return name, unit, groups(managed, name)


def group_of(found, controller):
    return next(path for names, path in found.items() if controller in names.split(","))


def test_the_scope_is_in_every_hierarchy_with_its_limits(managed):
    name, unit, found = box(managed, ["sleep", "60"], resources=V1)
    assert files(group_of(found, "memory"), "memory.limit_in_bytes", "memory.soft_limit_in_bytes") == {
        "memory.limit_in_bytes": str(64 * MEGABYTE), "memory.soft_limit_in_bytes": str(32 * MEGABYTE)}
    assert files(group_of(found, "cpu"), "cpu.shares", "cpu.cfs_period_us") == {
        "cpu.shares": "512", "cpu.cfs_period_us": "100000"}
    assert files(group_of(found, "pids"), "pids.max") == {"pids.max": "17"}
    shown = managed.show(unit, "MemoryLimit", "CPUShares", "TasksMax", "Slice", "Delegate", "ActiveState")
    assert shown == {"MemoryLimit": str(64 * MEGABYTE), "CPUShares": "512", "TasksMax": "17", "Slice": "system.slice",
                     "Delegate": "yes", "ActiveState": "active"}
    assert all(unit in str(path) for path in found.values()), found
    assert managed.call("delete", "--force", name).returncode == 0
    assert [path for path in found.values() if path.exists()] == []
    assert is_gone(managed, unit)


def test_update_changes_what_a_reload_of_systemd_keeps(managed):
    name, unit, found = box(managed, ["sleep", "60"], resources=V1)
    done = managed.call("update", "--memory", str(80 * MEGABYTE), "--memory-swap", str(96 * MEGABYTE), "--pids-limit", "21",
                        "--cpu-share", "1024", name)
    assert done.returncode == 0, done.stderr
    for _ in range(2):
        assert files(group_of(found, "memory"), "memory.limit_in_bytes") == {"memory.limit_in_bytes": str(80 * MEGABYTE)}
        assert files(group_of(found, "cpu"), "cpu.shares") == {"cpu.shares": "1024"}
        assert files(group_of(found, "pids"), "pids.max") == {"pids.max": "21"}
        assert managed.show(unit, "MemoryLimit", "TasksMax") == {"MemoryLimit": str(80 * MEGABYTE), "TasksMax": "21"}
        assert managed.systemctl("daemon-reload").returncode == 0


def test_exec_pause_events_and_kill_work_in_the_scope(managed):
    name, _, found = box(managed, ["sleep", "60"], resources=V1)
    done = managed.call("exec", name, "sh", "-c", "cat /proc/self/cgroup")
    assert done.returncode == 0, done.stderr
    assert {line.split(":", 2)[2] for line in done.stdout.split()} == {"/"}, done.stdout
    assert managed.call("pause", name).returncode == 0
    assert files(group_of(found, "freezer"), "freezer.state") == {"freezer.state": "FROZEN"}
    resume_and_end(managed, name)
    assert [path for path in found.values() if path.exists()] == []


def test_a_runtime_killed_while_it_creates_leaves_no_unit(managed):
    for turn in range(6):
        bundle = managed.bundle(["sleep", "60"], resources=V1)
        process = managed.begin(bundle)
        time.sleep(0.03 * turn)
        process.kill()
        process.wait()
        done = managed.call("delete", "--force", bundle.name)
        assert done.returncode == 0, done.stderr
        assert is_gone(managed, f"kegrun-{bundle.name}.scope")
        left = [path for path in CGROUPS.glob(f"*/system.slice/kegrun-{bundle.name}.scope")]
        assert left == []
