# SPDX-License-Identifier: Apache-2.0
"""kegrun as root where cgroup v2 is alone: limits bite, devices are denied, nothing is left."""
import json
import os
import time

from conftest import CGROUPS

MEGABYTE = 1 << 20
DENY = {"allow": False, "access": "rwm"}


def events(group, key):
    for line in (group / "memory.events").read_text().splitlines():
        if line.split()[0] == key:
            return int(line.split()[1])
    raise AssertionError(f"no {key} in memory.events")


def test_a_container_runs_in_its_group(runtime):
    done = runtime.run(["cat", "/proc/self/cgroup"], linux={"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}]},
                       cgroup="/keg-vm/here")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0::/keg-vm/here\n"
    assert not (CGROUPS / "keg-vm/here").exists(), "the group outlived its container"


def test_its_cgroup_namespace_hides_where_it_is(runtime):
    done = runtime.run(["cat", "/proc/self/cgroup"], linux={"namespaces": [
        {"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": "cgroup"}]})
    assert (done.returncode, done.stdout) == (0, "0::/\n"), done.stderr


def test_the_limits_are_what_the_files_say(runtime):
    _, group = runtime.start(["sleep", "60"], resources={
        "memory": {"limit": 64 * MEGABYTE, "reservation": 32 * MEGABYTE, "swap": 96 * MEGABYTE},
        "cpu": {"shares": 512, "quota": 20000, "period": 50000},
        "pids": {"limit": 17},
        "unified": {"memory.high": str(48 * MEGABYTE)},
    })
    assert {name: (group / name).read_text().strip() for name in (
        "memory.max", "memory.low", "memory.swap.max", "memory.high", "cpu.weight", "cpu.max", "pids.max")} == {
            "memory.max": str(64 * MEGABYTE), "memory.low": str(32 * MEGABYTE),
            "memory.swap.max": str(32 * MEGABYTE), "memory.high": str(48 * MEGABYTE),
            "cpu.weight": "59", "cpu.max": "20000 50000", "pids.max": "17"}


def test_the_statistics_are_what_the_files_say(runtime):
    name, group = runtime.start(["sleep", "60"], resources={
        "memory": {"limit": 64 * MEGABYTE, "swap": 96 * MEGABYTE}, "pids": {"limit": 17}})
    done = runtime.call("events", "--stats", name)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["pids"] == {"current": 1, "limit": 17}
    usage, swap = data["memory"]["usage"], data["memory"]["swap"]
    assert usage["limit"] == 64 * MEGABYTE and 0 < usage["usage"] <= 64 * MEGABYTE
    assert swap["limit"] == 96 * MEGABYTE and swap["usage"] >= usage["usage"]
    assert data["memory"]["raw"].keys() == {
        line.split()[0] for line in (group / "memory.stat").read_text().splitlines()}
    assert data["cpu"]["usage"]["total"] > 0


def test_update_of_a_period_keeps_the_quota_and_the_other_way_round(runtime):
    name, group = runtime.start(["sleep", "60"], resources={"cpu": {"quota": 20000, "period": 50000}})
    assert runtime.call("update", "--cpu-period", "80000", name).returncode == 0
    assert (group / "cpu.max").read_text().strip() == "20000 80000"
    assert runtime.call("update", "--cpu-quota", "30000", name).returncode == 0
    assert (group / "cpu.max").read_text().strip() == "30000 80000"
    assert runtime.call("update", "--cpu-quota", "-1", name).returncode == 0
    assert (group / "cpu.max").read_text().strip() == "max 80000"


def test_memory_max_kills_what_takes_more(runtime):
    done = runtime.run(["sh", "-c", "dd if=/dev/zero of=/dev/shm/big bs=1M count=64"],
                       resources={"memory": {"limit": 16 * MEGABYTE, "swap": 16 * MEGABYTE}})
    assert done.returncode == 137, (done.returncode, done.stdout, done.stderr)


def test_an_oom_kill_is_counted_in_the_group(runtime):
    _, group = runtime.start(["sh", "-c", "while :; do dd if=/dev/zero of=/dev/shm/big bs=1M count=64; sleep 60; done"],
                             resources={"memory": {"limit": 16 * MEGABYTE, "swap": 16 * MEGABYTE}})
    deadline = time.monotonic() + 20
    while events(group, "oom_kill") == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert events(group, "oom_kill") > 0


def test_pids_max_refuses_one_process_more(runtime):
    done = runtime.run(["sh", "-c", "for i in $(seq 12); do sleep 5 & done; echo all"],
                       resources={"pids": {"limit": 6}})
    assert done.returncode != 0
    assert "all" not in done.stdout
    assert "can't fork" in done.stderr


def test_cpu_max_slows_a_busy_loop(runtime):
    _, group = runtime.start(["sh", "-c", "while :; do :; done"], resources={"cpu": {"quota": 10000, "period": 100000}})
    time.sleep(2)
    stat = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    assert int(stat["nr_throttled"]) >= 5, stat
    assert int(stat["usage_usec"]) < 1000000, stat


def test_io_max_is_set_for_the_device(runtime):
    device = os.stat("/run/disk").st_dev
    major, minor = os.major(device), os.minor(device)
    _, group = runtime.start(["sleep", "60"], resources={"blockIO": {
        "throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": MEGABYTE}],
        "throttleWriteIOPSDevice": [{"major": major, "minor": minor, "rate": 50}]}})
    assert (group / "io.max").read_text().split() == [
        f"{major}:{minor}", f"rbps={MEGABYTE}", "wbps=max", "riops=max", "wiops=50"]


def test_the_device_program_denies_what_no_rule_allows(runtime):
    script = ("mknod /tmp/kmsg c 1 11 && cat /dev/zero | head -c 3 | wc -c; cat /tmp/kmsg >/dev/null 2>/tmp/err; "
              "echo $?; cat /tmp/err")
    caps = ["CAP_MKNOD", "CAP_SYS_ADMIN"]
    done = runtime.run(["sh", "-c", script], resources={"devices": [DENY]},
                       process={"capabilities": {k: caps for k in ("bounding", "effective", "permitted")}})
    assert done.stdout.splitlines()[:2] == ["3", "1"], (done.stdout, done.stderr)
    assert "Operation not permitted" in done.stdout


def test_the_device_program_allows_what_a_rule_names(runtime):
    script = "mknod /tmp/urandom2 c 1 9; mknod /tmp/mem c 1 11; head -c 3 /tmp/urandom2 | wc -c; : </tmp/mem && echo opened"
    caps = ["CAP_MKNOD", "CAP_SYS_ADMIN"]
    rules = [DENY, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"}]
    done = runtime.run(["sh", "-c", script], resources={"devices": rules},
                       process={"capabilities": {k: caps for k in ("bounding", "effective", "permitted")}})
    assert done.stdout.splitlines() == ["3", "opened"], (done.stdout, done.stderr)


def test_kill_all_ends_every_process_and_delete_leaves_no_group(runtime):
    name, group = runtime.start(["sh", "-c", "for i in $(seq 20); do sleep 60 & done; wait"])
    deadline = time.monotonic() + 10
    while len((group / "cgroup.procs").read_text().split()) < 21 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len((group / "cgroup.procs").read_text().split()) == 21
    done = runtime.call("delete", "--force", name)
    assert done.returncode == 0, done.stderr
    assert not group.exists()


def test_pause_stops_and_resume_continues(runtime):
    name, group = runtime.start(["sh", "-c", "while :; do :; done"])
    assert runtime.call("pause", name).returncode == 0
    assert "frozen 1" in (group / "cgroup.events").read_text()
    used = (group / "cpu.stat").read_text().splitlines()[0]
    time.sleep(0.5)
    assert (group / "cpu.stat").read_text().splitlines()[0] == used
    assert '"paused"' in runtime.call("state", name).stdout
    assert runtime.call("resume", name).returncode == 0
    assert "frozen 0" in (group / "cgroup.events").read_text()


def test_a_paused_container_can_be_deleted_by_force(runtime):
    name, group = runtime.start(["sleep", "60"])
    assert runtime.call("pause", name).returncode == 0
    done = runtime.call("delete", "--force", name)
    assert done.returncode == 0, done.stderr
    assert not group.exists()


def test_update_changes_a_running_container(runtime):
    name, group = runtime.start(["sleep", "60"], resources={"memory": {"limit": 32 * MEGABYTE}, "pids": {"limit": 9}})
    done = runtime.call("update", "--memory", str(48 * MEGABYTE), "--pids-limit", "20", name)
    assert done.returncode == 0, done.stderr
    assert (group / "memory.max").read_text().strip() == str(48 * MEGABYTE)
    assert (group / "pids.max").read_text().strip() == "20"


def test_exec_joins_the_group_and_its_limits(runtime):
    name, group = runtime.start(["sleep", "60"], cgroup="/keg-vm/exec", resources={"pids": {"limit": 30}})
    done = runtime.call("exec", name, "sh", "-c", "echo $$; cat /proc/self/cgroup")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] in ("0::/", "0::/keg-vm/exec")
    assert (group / "pids.max").read_text().strip() == "30"


def test_a_controller_that_is_not_there_is_named(runtime):
    done = runtime.run(["true"], resources={"cpu": {"cpus": "0"}}, cgroup="/keg-vm/refused")
    assert done.returncode != 0
    assert "cpuset" in done.stderr
    assert not (CGROUPS / "keg-vm/refused").exists(), "a failed create left its group"


def test_a_value_the_kernel_refuses_is_named_with_its_file(runtime):
    done = runtime.run(["true"], resources={"unified": {"memory.high": "plenty"}}, cgroup="/keg-vm/refused")
    assert done.returncode != 0
    assert "memory.high" in done.stderr and "plenty" in done.stderr
    assert not (CGROUPS / "keg-vm/refused").exists()
