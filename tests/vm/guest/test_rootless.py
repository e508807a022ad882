# SPDX-License-Identifier: Apache-2.0
"""kegrun as an ordinary user to whom a cgroup subtree was delegated."""
from conftest import CGROUPS, USER

MEGABYTE = 1 << 20


def test_the_delegated_user_gets_limits(user_runtime):
    base = f"/user.slice/user-{USER}.slice"
    name, group = user_runtime.start(["sleep", "60"], cgroup=f"{base}/box",
                                     resources={"memory": {"limit": 32 * MEGABYTE}, "pids": {"limit": 11}})
    assert group == user_runtime.base / "box"
    assert (group / "memory.max").read_text().strip() == str(32 * MEGABYTE)
    assert (group / "pids.max").read_text().strip() == "11"
    assert len((group / "cgroup.procs").read_text().split()) == 1
    assert user_runtime.call("delete", "--force", name).returncode == 0
    assert not group.exists()


def test_without_a_path_the_group_is_beside_the_callers(user_runtime):
    done = user_runtime.run(["cat", "/proc/self/cgroup"], cgroup="")
    assert done.returncode == 0, done.stderr
    assert not [p for p in user_runtime.base.rglob("cgroup.procs") if p.parent.name not in (
        "session", user_runtime.base.name, "keg")]


def test_outside_the_delegation_it_runs_without_limits(user_runtime):
    done = user_runtime.run(["id", "-u"], cgroup="/not-ours/box")
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert not (CGROUPS / "not-ours").exists()


def test_outside_the_delegation_a_limit_is_refused_with_the_reason(user_runtime):
    done = user_runtime.run(["true"], cgroup="/not-ours/box", resources={"pids": {"limit": 5}})
    assert done.returncode != 0
    assert "pids" in done.stderr and "permission" in done.stderr
