# SPDX-License-Identifier: Apache-2.0
"""The machine loses power while images and containers are made; the next boot finds order."""
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import pytest

import uml

CUTS = 4
DISK_MEGABYTES = 512
BOOT_LIMIT = 120
ENGINE = 'keg() { "$KEG_BUILD/keg" --root /run/disk/root --runroot /run/keg-run "$@"; }\n'
WORK = ENGINE + """
touch /run/job/started
while :; do
    for i in 1 2 3; do
        keg import -q /run/job/image.tar localhost/cut:$i || exit 1
        keg create --name box$i localhost/cut:$i true || exit 1
        keg run --name kept$i localhost/cut:$i sh -c 'echo written >/tmp/kept' || exit 1
    done
    for i in 1 2 3; do
        keg rm -f box$i kept$i || exit 1
        keg rmi -f localhost/cut:$i || exit 1
    done
done
"""
LOOK = ENGINE + """
set -e
keg system check --repair >/run/job/repaired 2>&1
keg system check >/run/job/checked 2>&1
keg ps -a --format '{{.Names}}' >/run/job/containers
keg images -q >/run/job/images
for name in $(cat /run/job/containers); do keg rm -f $name >/dev/null; done
keg import -q /run/job/image.tar localhost/after:1
test "$(keg run --rm localhost/after:1 sh -c 'echo alive')" = alive
keg rmi -f localhost/after:1
"""


@pytest.fixture(scope="module")
def bench():
    """An image's archive, and a disk that outlives the machines."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="keg-cut-"))
    rootfs = folder / "rootfs"
    (rootfs / "bin").mkdir(parents=True)
    for name in ("tmp", "proc", "dev", "sys"):
        (rootfs / name).mkdir()
    shutil.copy("/bin/busybox", rootfs / "bin" / "busybox")
    for name in ("sh", "true", "echo"):
        (rootfs / "bin" / name).symlink_to("busybox")
    subprocess.run(["tar", "-C", rootfs, "-cf", folder / "image.tar", "."], check=True, timeout=60)
    uml.disk(folder / "disk", DISK_MEGABYTES)
    yield folder
    shutil.rmtree(folder)


def boot(bench, script):
    return uml.Machine(script, image=bench / "disk", files=[bench / "image.tar"])


@pytest.mark.parametrize("cut", range(CUTS))
def test_after_a_power_cut_everything_is_clean_and_works(bench, cut):
    choose = random.Random(cut)
    with boot(bench, WORK) as machine:
        assert machine.wait_for("started", BOOT_LIMIT), machine.story()
        time.sleep(choose.uniform(0.05, 4))
        assert machine.process.poll() is None, "the work ended by itself\n" + machine.story()
        machine.power_cut()
    with boot(bench, LOOK) as machine:
        status = machine.wait(BOOT_LIMIT)
        assert status == 0, "\n".join([machine.text("repaired"), machine.text("checked"), machine.story()])
