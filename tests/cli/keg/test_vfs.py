# SPDX-License-Identifier: Apache-2.0
"""Containers with the vfs driver: each has a copy of its image's tree."""
import os

import pytest

from kegtool import Keg


class Vfs(Keg):
    """keg with this driver for every command."""

    def argv(self, *words):
        return [*super().argv(), "--storage-driver", "vfs", *words]


@pytest.fixture
def vfs(fresh):
    keg = Vfs(fresh.identity, fresh.root, fresh.runroot)
    yield keg
    keg.attempt("rm", "-f", "-a", "-t", "0")
    keg.attempt("rmi", "-f", "-a")


def test_containers_run_and_keep_what_they_write(vfs):
    vfs.import_busybox("localhost/a:1")
    assert vfs("run", "--rm", "--network=none", "localhost/a:1", "sh", "-c", "id -u; touch /made; stat -c %u /made").out == "0\n0\n"
    vfs("run", "--name", "box", "--network=none", "localhost/a:1", "sh", "-c", "cat /kept; echo again >>/kept")
    assert vfs("start", "-a", "box").out == "again\n"
    assert vfs("run", "--rm", "--network=none", "localhost/a:1", "ls", "/").out.count("kept") == 0
    assert "in use by a container" in vfs.fails("rmi", "localhost/a:1", status=2).err
    vfs("rm", "box")
    assert vfs("system", "check").out == ""
    assert os.listdir(os.path.join(vfs.root, "keg", "containers")) == []


def test_a_read_only_container_changes_nothing(vfs):
    vfs.import_busybox("localhost/a:1")
    assert "Read-only" in vfs("run", "--rm", "--read-only", "--network=none", "localhost/a:1", "sh", "-c", "touch /made 2>&1; true").out


def test_options_of_overlay_are_not_taken(vfs):
    assert "the vfs driver has no such option" in vfs.fails("--storage-opt", "vfs.mountopt=nodev", "images").err


def test_a_user_stays_with_the_driver_of_his_images(fresh, vfs):
    vfs.import_busybox("localhost/a:1")
    if fresh.identity.uid == 0:
        told = fresh("images", "-q")
        assert told.out == "" and "storage driver vfs: its images are not seen with overlay" in told.err
        assert "several storage drivers: overlay, vfs" in fresh.fails("images", "-q").err
    else:
        assert fresh("images", "-q").out == vfs("images", "-q").out
