# SPDX-License-Identifier: Apache-2.0
"""systemd as cgroup manager, as far as it can be seen without one; the vm lane has the rest."""
import os

import pytest


def no_systemd():
    if os.path.exists("/run/systemd/private"):
        pytest.skip("systemd runs here; this is about hosts without it")


@pytest.mark.parametrize("flag", [["--systemd-cgroup"], ["--cgroup-manager", "systemd"]])
def test_without_systemd_a_run_says_so_in_one_line_and_leaves_nothing(box, flag):
    no_systemd()
    bundle = box.bundle(["true"], lambda c: c["linux"].update(cgroupsPath="machine.slice:keg:box"))
    done = box.kegrun(*flag, "run", "-b", bundle, "box")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if "hint" not in line]
    assert len(lines) == 1 and "systemd cannot manage the cgroup" in lines[0], done.stderr
    assert not os.path.exists(os.path.join(box.state, "box"))


@pytest.mark.parametrize("path", ["/plain/path", "a.slice:b", "a.slice:b:c:d", "noslice:b:c", "a--b.slice:b:c"])
def test_a_path_that_names_no_unit_is_refused(box, path):
    bundle = box.bundle(["true"], lambda c: c["linux"].update(cgroupsPath=path))
    done = box.kegrun("--systemd-cgroup", "run", "-b", bundle, "box")
    assert done.returncode == 1
    assert "slice" in done.stderr and path.split(":")[0] in done.stderr, done.stderr


@pytest.mark.parametrize("key,value", [("No", "true"), ("Bad-Name", "true"), ("TasksMax", "uint64 -4"),
                                       ("CollectMode", "'open"), ("TimeoutStopSec", "'x'")])
def test_an_annotation_that_is_no_property_is_refused_by_name(box, key, value):
    bundle = box.bundle(["true"], lambda c: c.update(annotations={"org.systemd.property." + key: value}) or
                        c["linux"].update(cgroupsPath=""))
    done = box.kegrun("--systemd-cgroup", "run", "-b", bundle, "box")
    assert done.returncode == 1
    assert key in done.stderr and "systemd property" in done.stderr, done.stderr


@pytest.mark.parametrize("notes,said", [
    ({"run.oci.delegate-cgroup": "inner"}, "run.oci.systemd.subgroup"),
    ({"run.oci.systemd.subgroup": "../up"}, "../up"),
    ({"run.oci.systemd.subgroup": "one", "run.oci.delegate-cgroup": ".."}, ".."),
])
def test_a_subgroup_that_is_no_name_is_refused(box, notes, said):
    bundle = box.bundle(["true"], lambda c: c.update(annotations=notes) or c["linux"].update(cgroupsPath=""))
    done = box.kegrun("--systemd-cgroup", "run", "-b", bundle, "box")
    assert done.returncode == 1 and said in done.stderr, done.stderr
