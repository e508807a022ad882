# SPDX-License-Identifier: Apache-2.0
"""
The machine loses power during pulls and removals; then every tool looks at what is on its disk.

With the storage option sync=filesystem no tool sees a broken image, whatever it does first; without it (as by default,
with us as with the peers) none does after `keg system check --repair`. KEG_STRESS=full cuts the power 20 times each.
"""
import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import pytest

import make_images
import uml
from store_fixture import BUILD, Store, diff_ids, run

CUTS = 20 if os.environ.get("KEG_STRESS") == "full" else 2
DISK_MEGABYTES = 512
BOOT_LIMIT = 120
IMAGES = ["small", "zstd", "layers61", "oddities"]
WORK = """
keg() { "$KEG_BUILD/keg" --root /run/disk/root --runroot /run/keg-run --storage-opt SYNC "$@"; }
keg rmi -a -f
touch /run/job/started
n=0
while :; do
    for image in IMAGES; do
        n=$((n + 1))
        [ $((n % 3)) != 0 ] || keg rmi -a -f || exit 1
        keg pull -q oci:/run/job/layouts/$image || exit 1
        "$KEG_BUILD/kegcopy" --insecure-policy copy -q oci:/run/job/layouts/$image \
            "containers-storage:[overlay@/run/disk/root+/run/keg-run:overlay.SYNC]localhost/$image:1" || exit 1
    done
done
"""


@pytest.fixture(scope="module")
def layouts():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="keg-cut-"))
    for name in IMAGES:
        make_images.make(folder / "layouts", name)
    yield folder / "layouts"
    shutil.rmtree(folder)


@pytest.fixture
def place():
    """A folder with a short name: Podman's run folder has 50 characters at most."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="keg-cut-"))
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def disk_here(image, folder):
    """The guest's disk as it was left, for this machine's tools."""
    place = folder / "disk-mounted"
    place.mkdir(exist_ok=True)
    run("mount", "-o", "loop", image, place)
    try:
        yield place
    finally:
        run("sh", "-c", f"umount -l {place}/root/overlay 2>/dev/null; umount {place}")


def keg(store, *args):
    argv = [BUILD / "keg", "--root", store.root, "--runroot", store.runroot, *args]
    return subprocess.run([str(w) for w in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False)


def no_tool_sees_a_broken_image(store, layouts):
    listed = set(store.podman("images", "-aq", "--no-trunc").replace("sha256:", "").split())
    assert set(store.buildah("images", "-aq", "--no-trunc").replace("sha256:", "").split()) == listed
    assert set(keg(store, "images", "-aq", "--no-trunc").stdout.replace("sha256:", "").split()) == listed
    whole = {tuple(diff_ids(layouts / name)) for name in IMAGES}
    for image in listed:
        assert tuple(store.sent_layers("@" + image)) in whole
    return len(listed)


@pytest.mark.parametrize("sync", ["filesystem", "none"])
def test_after_a_power_cut_no_tool_sees_a_broken_image(layouts, place, sync):
    for tool in ("podman", "buildah", "skopeo"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        pytest.skip("mounting the disk needs root")
    choose = random.Random(sync)
    disk = place / "disk"
    uml.disk(disk, DISK_MEGABYTES)
    work = WORK.replace("SYNC", f"sync={sync}").replace("IMAGES", " ".join(IMAGES))
    survived = 0
    for cut in range(CUTS):
        with uml.Machine(work, image=disk, files=[layouts]) as machine:
            assert machine.wait_for("started", BOOT_LIMIT), machine.story()
            time.sleep(choose.uniform(0.05, 4))
            assert machine.process.poll() is None, f"cut {cut}: the work ended by itself\n" + machine.story()
            machine.power_cut()
        with disk_here(disk, place) as mounted:
            # The same place each time, as the peers insist on it, and empty as after every boot.
            shutil.rmtree(place / "run", ignore_errors=True)
            store = Store(place)
            store.root = store.peer[1] = mounted / "root"
            if sync == "filesystem":
                survived += no_tool_sees_a_broken_image(store, layouts)
                found = keg(store, "system", "check").stdout
                assert "damaged" not in found and "missing" not in found, found
            repaired = keg(store, "system", "check", "--repair")
            assert repaired.returncode == 0, repaired.stdout
            assert keg(store, "system", "check").stdout == ""
            no_tool_sees_a_broken_image(store, layouts)
    print("images that survived", survived)
