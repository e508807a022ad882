# SPDX-License-Identifier: Apache-2.0
"""systemd as cgroup manager: units with the limits as properties, for root and for an ordinary user."""
import json
import os
import pathlib
import subprocess
import time

import pytest

from conftest import CGROUPS, USER, Runtime, command

SYSTEMD = ("v2",)  # boot systemd for this file
MEGABYTE = 1 << 20
LIMITS = {"memory": {"limit": 64 * MEGABYTE, "reservation": 32 * MEGABYTE, "swap": 96 * MEGABYTE},
          "cpu": {"quota": 3333, "period": 100000, "shares": 512}, "pids": {"limit": 17},
          "unified": {"memory.high": str(48 * MEGABYTE)}}


class Managed(Runtime):
    """kegrun --systemd-cgroup, and what systemd says of the units."""

    def call(self, *words, **options):
        return super().call("--systemd-cgroup", *words, **options)

    def systemctl(self, *words):
        prefix = self.prefix() if self.user else []
        return command([*prefix, "systemctl", *(["--user"] if self.user else []), *words])

    def show(self, unit, *names):
        out = self.systemctl("show", unit, *[f"--property={name}" for name in names]).stdout
        return dict(line.split("=", 1) for line in out.splitlines())

    def bundle(self, argv, path="", notes=None, resources=None):
        """A bundle with that cgroupsPath, in which NAME is its id, and with annotations."""
        bundle, _ = self.spec(argv, cgroup="", resources=resources or {})
        config = json.loads((bundle / "config.json").read_text())
        config["linux"]["cgroupsPath"] = path.replace("NAME", bundle.name)
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"] + [
            {"type": "cgroup"}]
        config["annotations"] = notes or {}
        (bundle / "config.json").write_text(json.dumps(config))
        return bundle

    def begin(self, bundle):
        """The process that runs it in the background."""
        with open(bundle / "log", "wb") as log:
            return subprocess.Popen([*self.prefix(), self.program, "--root", self.folder / "state", "--systemd-cgroup", "run",
                                     "--detach", "--bundle", bundle, bundle.name], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)

    def box(self, argv, path=":kt:NAME", **changes):
        """A running container: its id, its unit and its group."""
        bundle = self.bundle(argv, path, **changes)
        assert self.begin(bundle).wait(timeout=60) == 0, (bundle / "log").read_text()
        unit = f"kt-{bundle.name}.scope"
        group = self.show(unit, "ControlGroup")["ControlGroup"]
        assert group, "systemd knows no such unit"
        return bundle.name, unit, CGROUPS / group.lstrip("/")


def own_manager(folder):
    """An ordinary user's systemd, as a login makes it, but for the session's own services."""
    run = pathlib.Path("/run/user") / str(USER)
    run.mkdir(parents=True)
    os.chown(run, USER, USER)
    done = command(["systemd-run", "--unit=keg-user", f"--uid={USER}", f"--gid={USER}", "--property=Delegate=yes",
                    "--property=Type=notify", "--property=DefaultDependencies=no", f"--setenv=XDG_RUNTIME_DIR={run}",
                    f"--setenv=HOME={folder}", "/lib/systemd/systemd", "--user", "--unit=basic.target"])
    assert done.returncode == 0, done.stderr
    return run


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with open("/etc/passwd", "a", encoding="utf-8") as passwd:
        passwd.write(f"vmuser:x:{USER}:{USER}::/run/disk/home:/bin/sh\n")
    for name in ("/etc/subuid", "/etc/subgid"):
        with open(name, "a", encoding="utf-8") as ids:
            ids.write("vmuser:200000:65536\n")
    return own_manager(tmp_path_factory.mktemp("home"))


def make(tmp_path, rootfs, run):
    """For root, or with the `run` folder of his manager for the user."""
    for parent in (tmp_path, *tmp_path.parents):
        if str(parent).startswith("/run/pytest"):
            parent.chmod(0o755)
    made = Managed(tmp_path / "runtime", rootfs, USER if run else None)
    if run:
        setpriv = made.prefix()
        made.prefix = lambda: ["env", f"XDG_RUNTIME_DIR={run}", *setpriv]
    return made


def clear(made):
    for name in made.call("list", "-q").stdout.split():
        made.call("delete", "--force", name)


def resume_and_end(managed, name):
    """From paused to deleted; the limits are LIMITS."""
    assert managed.call("resume", name).returncode == 0
    stats = json.loads(managed.call("events", "--stats", name).stdout)
    assert stats["data"]["pids"]["limit"] == 17 and stats["data"]["memory"]["usage"]["limit"] == 64 * MEGABYTE
    assert managed.call("kill", "--all", name, "KILL").returncode == 0
    deadline = time.monotonic() + 10
    while json.loads(managed.call("state", name).stdout)["status"] != "stopped" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert managed.call("delete", name).returncode == 0


@pytest.fixture(params=["root", "user"])
def managed(request, tmp_path, rootfs):
    made = make(tmp_path, rootfs, request.getfixturevalue("session") if request.param == "user" else None)
    yield made
    clear(made)


@pytest.fixture
def user_managed(session, tmp_path, rootfs):
    return make(tmp_path, rootfs, session)


def files(group, *names):
    return {name: (group / name).read_text().strip() for name in names}


def is_gone(managed, unit):
    """systemd forgets a unit soon after its last process."""
    deadline = time.monotonic() + 10
    while managed.show(unit, "LoadState") != {"LoadState": "not-found"}:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def check(managed, unit, group, values, properties):
    assert files(group, *values) == values
    assert managed.show(unit, *properties) == properties


def test_a_container_is_a_scope_with_its_limits_as_properties(managed):
    name, unit, group = managed.box(["sleep", "60"], resources=LIMITS)
    check(managed, unit, group,
          {"memory.max": str(64 * MEGABYTE), "memory.low": str(32 * MEGABYTE), "memory.swap.max": str(32 * MEGABYTE),
           "memory.high": str(48 * MEGABYTE), "cpu.max": "4000 100000", "cpu.weight": "59", "pids.max": "17"},
          {"MemoryMax": str(64 * MEGABYTE), "MemoryLow": str(32 * MEGABYTE), "MemorySwapMax": str(32 * MEGABYTE),
           "MemoryHigh": str(48 * MEGABYTE), "CPUQuotaPerSecUSec": "40ms", "CPUWeight": "59", "TasksMax": "17",
           "Slice": "user.slice" if managed.user else "system.slice", "Delegate": "yes", "ActiveState": "active",
           "CollectMode": "inactive-or-failed", "DefaultDependencies": "no"})
    state = json.loads(managed.call("state", name).stdout)
    assert (group / "cgroup.procs").read_text().split() == [str(state["pid"])], "nobody else is left inside"
    assert managed.call("delete", "--force", name).returncode == 0
    assert not group.exists()
    assert is_gone(managed, unit)


def test_update_changes_what_a_reload_of_systemd_keeps(managed):
    name, unit, group = managed.box(["sleep", "60"], resources=LIMITS)
    done = managed.call("update", "--memory", str(80 * MEGABYTE), "--memory-swap", "-1", "--cpu-quota", "-1", "--pids-limit",
                        "-1", "--cpu-share", "1024", name)
    assert done.returncode == 0, done.stderr
    expected = ({"memory.max": str(80 * MEGABYTE), "memory.swap.max": "max", "cpu.max": "max 100000", "pids.max": "max",
                 "cpu.weight": "100", "memory.high": str(48 * MEGABYTE)},
                {"MemoryMax": str(80 * MEGABYTE), "CPUQuotaPerSecUSec": "infinity", "TasksMax": "infinity",
                 "CPUWeight": "100"})
    check(managed, unit, group, *expected)
    assert managed.systemctl("daemon-reload").returncode == 0
    check(managed, unit, group, *expected)


def test_a_pids_limit_of_0_is_1_and_lets_the_first_process_in(managed):
    _, unit, group = managed.box(["sleep", "60"], resources={"pids": {"limit": 0}})
    check(managed, unit, group, {"pids.max": "1", "pids.current": "1"}, {"TasksMax": "1"})


def test_update_of_a_period_keeps_the_quota(managed):
    name, unit, group = managed.box(["sleep", "60"], resources={"cpu": {"quota": 500000, "period": 1000000}})
    assert managed.call("update", "--cpu-period", "900000", name).returncode == 0
    check(managed, unit, group, {"cpu.max": "504000 900000"}, {"CPUQuotaPerSecUSec": "560ms"})
    assert managed.call("update", "--cpu-quota", "90000", name).returncode == 0
    check(managed, unit, group, {"cpu.max": "90000 900000"}, {"CPUQuotaPerSecUSec": "100ms"})


def test_update_of_a_limit_below_the_usage_is_refused_when_asked_to(managed):
    name, unit, group = managed.box(["sleep", "60"], resources=LIMITS)
    want = json.dumps({"memory": {"limit": 4096, "swap": -1, "checkBeforeUpdate": True}})
    (managed.folder / "want.json").write_text(want)
    done = managed.call("update", "-r", managed.folder / "want.json", name)
    assert done.returncode != 0 and "usage" in done.stderr, done
    check(managed, unit, group, {"memory.max": str(64 * MEGABYTE)}, {"MemoryMax": str(64 * MEGABYTE)})


def test_exec_kill_pause_and_events_work_in_the_scope(managed):
    name, _, group = managed.box(["sleep", "60"], resources=LIMITS)
    done = managed.call("exec", name, "cat", "/proc/self/cgroup")
    assert (done.returncode, done.stdout) == (0, "0::/\n"), done.stderr
    # Its streams are ours: a pipe would not end before it.
    assert subprocess.run([*managed.prefix(), managed.program, "--root", managed.folder / "state", "exec", "--detach", name, "sleep",
                           "50"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                          check=False).returncode == 0
    assert len((group / "cgroup.procs").read_text().split()) == 2
    assert managed.call("pause", name).returncode == 0
    assert files(group, "cgroup.freeze") == {"cgroup.freeze": "1"}
    resume_and_end(managed, name)
    assert not group.exists()


def test_memory_max_kills_what_takes_more(managed):
    bundle = managed.bundle(["sh", "-c", "dd if=/dev/zero of=/dev/shm/big bs=1M count=64"],
                            resources={"memory": {"limit": 16 * MEGABYTE, "swap": 16 * MEGABYTE}})
    done = managed.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode == 137, done
    assert is_gone(managed, f"kegrun-{bundle.name}.scope")


def test_the_slice_and_annotations_are_as_asked(managed):
    name, unit, _ = managed.box(["sleep", "60"], "kt-deep.slice:kt:NAME", notes={
        "org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.After": "['basic.target']"})
    shown = managed.show(unit, "Slice", "TimeoutStopUSec", "ControlGroup", "After")
    assert shown["Slice"] == "kt-deep.slice" and shown["TimeoutStopUSec"] == "7s"
    assert shown["ControlGroup"].endswith(f"/kt.slice/kt-deep.slice/kt-{name}.scope")
    assert "basic.target" in shown["After"]


def test_a_property_that_systemd_does_not_know_is_its_error_and_leaves_nothing(managed):
    bundle = managed.bundle(["true"], notes={"org.systemd.property.NoSuchThing": "true"})
    done = managed.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode != 0 and "NoSuchThing" in done.stderr, done
    assert managed.call("state", bundle.name).returncode != 0
    assert is_gone(managed, f"kegrun-{bundle.name}.scope")


def test_two_containers_cannot_be_one_unit(managed):
    name, unit, group = managed.box(["sleep", "60"])
    bundle = managed.bundle(["true"], f":kt:{name}")
    done = managed.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode != 0 and "not empty" in done.stderr and unit in done.stderr, done
    assert len((group / "cgroup.procs").read_text().split()) == 1, "the first was harmed"


def test_subgroup_and_delegated_group_are_below_the_scope(managed):
    name, _, scope = managed.box(["sleep", "60"], resources={"pids": {"limit": 17}}, notes={
        "run.oci.systemd.subgroup": "limited", "run.oci.delegate-cgroup": "governed"})
    assert files(scope / "limited", "pids.max") == {"pids.max": "17"}
    assert len((scope / "limited/governed/cgroup.procs").read_text().split()) == 1
    pid = json.loads(managed.call("state", name).stdout)["pid"]
    assert pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().endswith("/limited/governed")
    done = managed.call("exec", name, "cat", "/proc/self/cgroup")
    assert done.returncode == 0, done.stderr
    assert managed.call("delete", "--force", name).returncode == 0
    assert not scope.exists()


def test_a_runtime_killed_while_it_creates_leaves_no_unit(managed):
    for turn in range(6):
        bundle = managed.bundle(["sleep", "60"])
        process = managed.begin(bundle)
        time.sleep(0.03 * turn)
        process.kill()
        process.wait()
        done = managed.call("delete", "--force", bundle.name)
        assert done.returncode == 0, done.stderr
        assert is_gone(managed, f"kegrun-{bundle.name}.scope")


def test_without_a_user_manager_a_user_gets_one_clear_line(user_managed):
    user_managed.prefix = lambda: ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "env",
                                   "XDG_RUNTIME_DIR=/nonexistent", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"]
    bundle = user_managed.bundle(["true"])
    done = user_managed.call("run", "--bundle", bundle, bundle.name)
    assert done.returncode != 0 and "the user's systemd cannot be reached" in done.stderr, done
