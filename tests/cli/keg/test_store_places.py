# SPDX-License-Identifier: Apache-2.0
"""Images apart from containers (--imagestore), and in additional stores, which nobody changes."""
import os

import pytest

from kegtool import Keg


class Split(Keg):
    """keg with images in a folder of their own, for every command."""

    def __init__(self, keg):
        super().__init__(keg.identity, keg.root, keg.runroot)
        self.images = os.path.join(os.path.dirname(keg.root), "images")

    def argv(self, *words):
        return [*super().argv(), "--imagestore", self.images, *words]


@pytest.fixture
def split(fresh):
    keg = Split(fresh)
    yield keg
    keg.attempt("rm", "-f", "-a", "-t", "0")


def layers_in(root):
    overlay = os.path.join(root, "overlay")
    return [name for name in os.listdir(overlay) if len(name) == 64] if os.path.isdir(overlay) else []


def test_images_are_kept_there_and_containers_are_not(fresh, split):
    split.import_busybox("localhost/a:1")
    assert len(layers_in(split.images)) == 1 and layers_in(split.root) == []
    assert fresh("images", "-q").out == ""
    split("run", "--name", "box", "--network=none", "localhost/a:1", "sh", "-c", "echo kept >/tmp/file")
    assert split("inspect", "--format", "{{.State.ExitCode}}", "box").out == "0\n"
    assert os.listdir(os.path.join(split.root, "keg", "containers")) and not os.path.exists(os.path.join(split.images, "keg", "containers"))
    assert "in use by a container" in split.fails("rmi", "localhost/a:1", status=2).err
    split("rm", "box")
    split("tag", "localhost/a:1", "localhost/b:1")
    assert split("system", "check").out == ""
    split("rmi", "-f", split("images", "-q").lines[0])
    assert layers_in(split.images) == []


def test_images_beside_the_containers_are_found_too(fresh, split):
    fresh.import_busybox("localhost/old:1")
    split.import_busybox("localhost/new:1", "--change", "LABEL x=y")
    rows = split("images", "--format", "{{.Repository}} {{.ReadOnly}}").lines
    assert sorted(rows) == ["localhost/new false", "localhost/old true"]
    for image in ("localhost/old:1", "localhost/new:1"):
        assert split("run", "--rm", "--network=none", image, "echo", image).out == image + "\n"
    assert "read-only image" in split.fails("rmi", "localhost/old:1").err


def test_the_setting_does_what_the_option_does(fresh, split):
    conf = fresh.file("imagestore.conf", f'[storage]\ndriver = "overlay"\nimagestore = "{split.images}"\n')
    split.import_busybox("localhost/a:1")
    env = {"CONTAINERS_STORAGE_CONF": conf}
    assert fresh("images", "--format", "{{.Repository}} {{.ReadOnly}}", env=env).lines == ["localhost/a false"]
    fresh("untag", "localhost/a:1", env=env)
    assert split("images", "--format", "{{.Repository}}").lines == ["<none>"]


def test_an_additional_store_is_read_and_not_written(fresh, split):
    split.import_busybox("localhost/a:1")
    before = sorted(os.walk(split.images))
    for option in ("additionalimagestore", "overlay.imagestore"):
        words = ["--storage-opt", f"{option}={split.images}"]
        assert fresh(*words, "images", "--format", "{{.Repository}} {{.ReadOnly}}").lines == ["localhost/a true"]
        assert fresh(*words, "images", "-q", "--filter", "readonly=true").out
        assert fresh(*words, "run", "--rm", "--network=none", "localhost/a:1", "echo", "runs").out == "runs\n"
        fresh(*words, "create", "--name", "box", "localhost/a:1", "true")
        fresh(*words, "rm", "box")
        for change in (["rmi", "localhost/a:1"], ["rmi", "-f", "localhost/a:1"], ["tag", "localhost/a:1", "b"], ["untag", "localhost/a:1"]):
            fresh.fails(*words, *change)
        assert fresh(*words, "image", "prune", "-a", "-f").out == ""
        assert fresh(*words, "system", "check").out == ""
    assert sorted(os.walk(split.images)) == before
    assert "layerstore" in fresh.fails("--storage-opt", "additionallayerstore=/x", "images").err
