# SPDX-License-Identifier: Apache-2.0
"""Places that are full, read-only or change while an image is copied: one line, nothing half made, a retry completes."""
import os
import pathlib
import subprocess
import tarfile
import time

import pytest

from make_images import Layer, Layout

PLACES = ["dir:{}/d", "oci:{}/o:tag", "oci-archive:{}/oa:tag", "docker-archive:{}/da:app:tag"]
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """Layers of three megabytes each that do not compress."""
    layout = Layout(tmp_path_factory.mktemp("big") / "layout")
    layout.finish(layout.image([Layer().add(name, os.urandom(3 * MEGABYTE)).bytes() for name in "abc"]))
    return layout.folder


@pytest.fixture
def disk(tmp_path):
    """disk(size, options): a file system in memory, or the same with another size or read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options):
        how = ["remount"] if os.path.ismount(folder) else []
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join([*how, *options]), "tmpfs", folder], check=False,
                              stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            pytest.skip("no right to mount")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", folder], check=True)


def contents(folder):
    """Every file below with its bytes."""
    return {str(at.relative_to(folder)): at.is_file() and at.read_bytes() for at in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("place", PLACES)
def test_a_disk_that_fills_up(kegcopy, images, big, disk, place):
    folder = disk("size=5m")
    name = place.format(folder)
    says = kegcopy.fails("copy", f"oci:{big}", name)
    assert "no space left on device" in says
    assert contents(folder) == {}
    disk("size=64m")
    kegcopy.copy(f"oci:{big}", name)
    assert len(kegcopy.inspect(name)["Layers"]) == 3


@pytest.mark.parametrize("place", PLACES[:2])
def test_a_disk_that_fills_up_keeps_the_image_before(kegcopy, images, big, disk, place):
    folder = disk("size=8m")
    name = place.format(folder)
    kegcopy.copy(f"oci:{images('small')}", name)
    before = contents(folder)
    assert "no space left on device" in kegcopy.fails("copy", f"oci:{big}", name)
    assert contents(folder) == before
    disk("size=64m")
    kegcopy.copy(f"oci:{big}", name)
    assert len(kegcopy.inspect(name)["Layers"]) == 3


@pytest.mark.parametrize("place", PLACES)
def test_a_target_that_is_read_only(kegcopy, images, disk, place):
    folder = disk("ro")
    name = place.format(folder)
    says = kegcopy.fails("copy", f"oci:{images('small')}", name)
    assert "read-only file system" in says and str(folder) in says
    disk("rw")
    kegcopy.copy(f"oci:{images('small')}", name)
    assert kegcopy.inspect(name)["Architecture"] == "amd64"


def test_copies_into_one_layout_at_once_are_all_there(kegcopy, images, tmp_path):
    """Skopeo loses names: who writes the index last wins."""
    started = [kegcopy.start("copy", "-q", f"oci:{images('small')}", f"oci:{tmp_path}/o:{n}") for n in range(12)]
    for process in started:
        assert process.communicate(timeout=55)[1] == ""
    for n in range(12):
        assert kegcopy.inspect(f"oci:{tmp_path}/o:{n}")["Architecture"] == "amd64"


def test_a_copy_that_fails_takes_nothing_from_others(kegcopy, images, faulty_registry, tmp_path):
    """One that made the folder stalls and fails when another has put an image into it."""
    registry = faulty_registry()
    image = registry.add_image("app", "1", layers=[{"a": b"one"}])
    registry.fault(image["layers"][0]["digest"], head=1, wait=2, flip=True, times=-1)
    process = kegcopy.start("copy", "-q", "--src-tls-verify=false", f"docker://{registry.host}/app:1", f"oci:{tmp_path}/o:bad")
    until = time.monotonic() + 20
    while not (tmp_path / "o/blobs/sha256").exists():
        assert time.monotonic() < until
    kegcopy.copy(f"oci:{images('small')}", f"oci:{tmp_path}/o:good")
    assert "did not match its digest" in process.communicate(timeout=55)[1]
    assert kegcopy.inspect(f"oci:{tmp_path}/o:good")["Architecture"] == "amd64"
    kegcopy.copy(f"oci:{tmp_path}/o:good", f"dir:{tmp_path}/d")


def test_a_full_disk_for_what_is_put_aside(kegcopy, images, big, disk, tmp_path):
    """An archive is put together in the folder for temporary files."""
    folder = disk("size=5m")
    kegcopy.env["TMPDIR"] = str(folder)
    says = kegcopy.fails("copy", f"oci:{big}", f"oci-archive:{tmp_path}/oa:tag")
    assert "no space left on device" in says
    assert contents(folder) == {} and not (tmp_path / "oa").exists()
    kegcopy.copy(f"oci:{big}", f"oci-archive:{tmp_path}/oa:tag", "--tmpdir", tmp_path / "tmp")


class Source:
    """An image of large layers whose files change once it is being read."""

    def __init__(self, kegcopy, layout, place):
        self.name = place
        kegcopy.copy(f"oci:{layout}", place)
        path = pathlib.Path(place.split(":")[1])
        self.changes = []  # (file, offset of some byte in a layer)
        if path.is_dir():
            self.changes = [(at, 2 * MEGABYTE) for at in path.rglob("*") if at.is_file() and at.stat().st_size > MEGABYTE]
        else:
            with tarfile.open(path) as tar:
                self.changes = [(path, member.offset_data + 2 * MEGABYTE) for member in tar if member.size > MEGABYTE]
        assert len(self.changes) == 3

    def turn_over(self):
        """Twice is not at all."""
        for path, offset in self.changes:
            with open(path, "r+b") as file:
                file.seek(offset)
                byte = file.read(1)
                file.seek(offset)
                file.write(bytes([byte[0] ^ 0xFF]))


@pytest.mark.parametrize("place", PLACES)
def test_a_source_that_changes_while_it_is_read(kegcopy, big, faulty_registry, tmp_path, place):
    registry = faulty_registry()
    source = Source(kegcopy, big, place.format(tmp_path))
    push = ("copy", "--dest-tls-verify=false", source.name, f"docker://{registry.host}/app:1")
    registry.fault("upload", method="POST", call=source.turn_over)
    says = kegcopy.fails(*push)
    assert "did not match" in says and "sha256:" in says
    assert ("app", "1") not in registry.manifests
    source.turn_over()
    kegcopy.ok(*push)
    assert ("app", "1") in registry.manifests


@pytest.mark.parametrize("place", PLACES)
def test_a_tag_that_moves_is_the_image_it_was(kegcopy, faulty_registry, tmp_path, place):
    registry = faulty_registry()
    name = f"docker://{registry.host}/app:1"
    registry.add_image("app", "1", layers=[{"a": b"one"}, {"b": b"two"}])
    registry.fault("blob", call=lambda: registry.add_image("app", "1", layers=[{"a": b"other"}]))
    kegcopy.copy(name, place.format(tmp_path), "--src-tls-verify=false")
    assert len(kegcopy.inspect(place.format(tmp_path))["Layers"]) == 2
    assert len(kegcopy.inspect(name, "--tls-verify=false")["Layers"]) == 1


def test_a_tag_that_moves_and_takes_its_blobs_along(kegcopy, faulty_registry, tmp_path):
    """The registry has no more of the image than its manifest, which was read already."""
    registry = faulty_registry()
    first = registry.add_image("app", "1", layers=[{"a": b"one"}, {"b": b"two"}])

    def move():
        registry.blobs.clear()
        registry.add_image("app", "1", layers=[{"a": b"other"}])
    registry.fault("blob", call=move)
    pull = ("copy", "--src-tls-verify=false", f"docker://{registry.host}/app:1", f"dir:{tmp_path}/d")
    kegcopy.fails(*pull)
    assert not (tmp_path / "d").exists()
    kegcopy.ok(*pull)
    assert kegcopy.inspect(f"dir:{tmp_path}/d")["Digest"] != first["digest"]


def test_an_expired_certificate(kegcopy, faulty_registry, tmp_path):
    registry = faulty_registry(tls=True, days=-1)
    registry.add_image("app", "1", layers=[{"a": b"one"}])
    name = f"docker://{registry.host}/app:1"
    for words in (("inspect", "--cert-dir", registry.cert_dir, name),
                  ("copy", "--src-cert-dir", registry.cert_dir, name, f"dir:{tmp_path}/d")):
        says = kegcopy.fails(*words)
        assert registry.host in says and "expired" in says
    assert not (tmp_path / "d").exists()
    kegcopy.ok("copy", "--src-tls-verify=false", name, f"dir:{tmp_path}/d")
