# SPDX-License-Identifier: Apache-2.0
"""A container without a mount namespace of its own: its mounts are the host's, below its root."""
import os
import subprocess

import pytest


def on_host(config):
    os_part = config["linux"]
    os_part["namespaces"] = [ns for ns in os_part["namespaces"] if ns["type"] != "mount"]
    os_part.update(maskedPaths=[], readonlyPaths=[])


@pytest.fixture
def bundle(root_box):
    made = []

    def make(argv, *changes):
        made.append(root_box.bundle(argv, lambda config: [change(config) for change in (on_host, *changes)]))
        return made[-1]
    yield make
    for name in root_box.kegrun("list", "-q").stdout.split():
        root_box.kegrun("delete", "--force", name)
    for path in made:
        subprocess.run(["umount", "-R", "-l", os.path.join(path, "rootfs")], capture_output=True, check=False)


def mounted_below(path):
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return [line.split()[4] for line in file if line.split()[4].startswith(path)]


def test_it_runs_in_its_root(root_box, bundle):
    path = bundle(["sh", "-c", "readlink /proc/self/ns/mnt; ls -d /bin/busybox; ls /root 2>&1"])
    done = root_box.kegrun("run", "-b", path, root_box.id)
    assert done.stdout.split()[:2] == [os.readlink("/proc/self/ns/mnt"), "/bin/busybox"], done
    assert os.path.join(path, "rootfs/proc") in mounted_below(path)


def test_what_is_executed_in_it_is_confined_to_its_root_too(root_box, bundle):
    path = bundle(["sleep", "60"])
    root_box.good("run", "-d", "-b", path, root_box.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    out = root_box.good("exec", root_box.id, "sh", "-c", "ls /; ls -d /usr/bin /../../usr 2>/dev/null; true")
    assert set(out.split()) == {"bin", "dev", "etc", "proc", "sys", "tmp"}, out


def test_nothing_stays_mounted_after_a_failure(root_box, bundle):
    path = bundle(["true"], lambda c: c["mounts"].append({"destination": "/proc/self", "type": "tmpfs", "source": "x"}))
    done = root_box.kegrun("run", "-b", path, root_box.id)
    assert done.returncode == 1 and "inside /proc" in done.stderr
    assert mounted_below(path) == []


def test_masks_for_the_whole_host_are_refused(root_box, bundle):
    path = bundle(["true"], lambda c: c["linux"].update(maskedPaths=["/proc/keys"]))
    done = root_box.kegrun("run", "-b", path, root_box.id)
    assert done.returncode == 1 and "unable to restrict sys entries without a private MNT namespace" in done.stderr
    assert mounted_below(path) == []


def test_an_ordinary_user_has_none(box):
    if box.is_root:
        pytest.skip("root has")
    done = box.run(["true"], on_host)
    assert done.returncode == 1 and "wants a mount namespace of its own" in done.stderr
