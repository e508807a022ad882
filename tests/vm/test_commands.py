# SPDX-License-Identifier: Apache-2.0
"""kegrun's command tests again, where cgroup v2 is alone: a file of them is one test here, a way of
managing cgroups one boot. Root and an ordinary user, to whom a subtree is delegated."""
import functools
import xml.etree.ElementTree as ET

import pytest

import uml
from test_guest import outcome

BOOT_LIMIT = 400
FILES = ("test_runtime_lifecycle.py", "test_exec.py", "test_control_groups.py")
JOB = """
cd "$KEG_VM_TESTS/../cli/kegrun" || exit
{prepare}
exec /usr/bin/python3 -B -m pytest -q -p no:cacheprovider --basetemp /run/pytest --rootdir "$KEG_VM_TESTS/.." \\
    --junitxml /run/job/junit.xml {files}
"""
MANAGERS = {
    # A subtree as systemd would delegate it; the tests' user gets it, and all commands start in it.
    "cgroupfs": (False, """
base=/sys/fs/cgroup/delegated.slice
mkdir -p $base/session
for group in /sys/fs/cgroup $base; do echo '+cpu +memory +pids +io' >$group/cgroup.subtree_control; done
echo $$ >$base/session/cgroup.procs
export KEG_DELEGATED_CGROUP=$base
"""),
    "systemd": (True, "export KEG_CGROUP_MANAGER=systemd"),
}


@functools.lru_cache(maxsize=None)
def run_files(manager):
    """Boot, run all of FILES, and return {file: [(test, outcome, text)]} and the story."""
    systemd, prepare = MANAGERS[manager]
    job = JOB.format(prepare=prepare, files=" ".join(FILES))
    with uml.Machine(job, disk_megabytes=64, systemd=systemd) as machine:
        status = machine.wait(BOOT_LIMIT)
        report = machine.folder / "junit.xml"
        found = {}
        for case in ET.parse(report).getroot().iter("testcase") if report.exists() else []:
            file = case.get("classname").split(".")[-1] + ".py"
            found.setdefault(file, []).append((case.get("name"), *outcome(case)))
        return found, f"status {status}\n{machine.story()}"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("manager", MANAGERS)
def test_commands(manager, file):
    found, story = run_files(manager)
    cases = found.get(file, [])
    failed = [f"{name}: {text}" for name, kind, text in cases if kind not in ("passed", "skipped")]
    assert not failed, "\n".join(failed)
    assert any(kind == "passed" for _, kind, _ in cases), story
