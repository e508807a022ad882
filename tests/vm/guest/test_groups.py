# SPDX-License-Identifier: Apache-2.0
"""The unit tests that need real control groups, where cgroup v2 is alone."""
from conftest import BUILD, CGROUPS, command


def unit(name):
    done = command([BUILD / "tests" / name], env={"CMOCKA_MESSAGE_OUTPUT": "TAP"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# SKIP" not in done.stdout, "nothing in this machine excuses a skip:\n" + done.stdout


def test_this_machine_has_cgroup_v2_alone():
    assert (CGROUPS / "cgroup.controllers").read_text().split() == ["cpu", "io", "memory", "pids"]


def test_groups_are_made_entered_limited_killed_and_deleted():
    unit("test_cgroup")
    assert not list(CGROUPS.glob("keg-unit*"))


def test_filters_load():
    unit("test_seccomp")
