# SPDX-License-Identifier: Apache-2.0
"""sif: a Singularity image as an image of one layer, as Skopeo takes it."""
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile

import pytest

from layout_parts import layout_manifest, sha256
from peer import skopeo

MODIFIED = 1600000000
HEADER, ENTRY = 128, 585
DEFINITION = b"Bootstrap: x\n%environment\nexport A=1\n%post\nfalse\n%runscript\necho $A\n"
PROGRAMS = ("fakeroot", "unsquashfs")


def squashfs(folder, *pseudo):
    """A root file system with what mksquashfs(1) calls pseudo files."""
    (folder / "tree").mkdir()
    words = [word for definition in pseudo for word in ("-p", definition)]
    subprocess.run(["mksquashfs", folder / "tree", folder / "fs", "-all-time", "1500000000", *words],
                   check=True, stdout=subprocess.DEVNULL)
    return (folder / "fs").read_bytes()


def entry(kind, at, data, file_system=0, part=0):
    head = struct.pack("<IBIII", kind, 1, 1, 0, 0) + struct.pack("<QQQ", at, len(data), len(data))
    return (head.ljust(201, b"\0") + struct.pack("<II", file_system, part) + b"02\0").ljust(ENTRY, b"\0")


def sif(definition, rootfs):
    """A file of both (definition: or None)."""
    at, objects, entries = 32768, b"", []
    for data, words in ((definition, (0x4001,)), (rootfs, (0x4004, 1, 2))):
        if data is None:
            continue
        entries.append(entry(words[0], at + len(objects), data, *words[1:]))
        objects += data + b"\0" * (-len(data) % 4096)
    header = (b"#!/usr/bin/env run-singularity\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"02\0" + bytes(range(16)) +
              struct.pack("<QQQQQQQQ", MODIFIED, MODIFIED, 48 - len(entries), 48, 4096, 48 * ENTRY, at, len(objects)))
    return (header.ljust(4096, b"\0") + b"".join(entries)).ljust(at, b"\0") + objects


@pytest.fixture
def image(tmp_path):
    """image(definition=...): the file made, with a file of a user's and a device in it."""
    assert all(shutil.which(program) for program in PROGRAMS)
    rootfs = squashfs(tmp_path, "hello f 640 1234 567 echo hello", "null c 666 0 0 1 3")

    def make(definition=None):
        (tmp_path / "image.sif").write_bytes(sif(definition, rootfs))
        return f"sif:{tmp_path}/image.sif"
    return make


def layer_of(folder):
    manifest, config = layout_manifest(folder)
    data = (folder / "blobs/sha256" / manifest["layers"][0]["digest"][7:]).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        entries = {member.name: member for member in tar}
    assert config["rootfs"]["diff_ids"] == [sha256(tar_bytes(data))]
    return config, entries


def tar_bytes(data):
    return subprocess.run(["gzip", "-dc"], input=data, capture_output=True, check=True).stdout \
        if data[:2] == b"\x1f\x8b" else data


def test_owners_and_devices_survive(kegcopy, image, tmp_path):
    kegcopy.copy(image(), f"oci:{tmp_path}/o")
    config, entries = layer_of(tmp_path / "o")
    assert (entries["./hello"].uid, entries["./hello"].gid, entries["./hello"].mode) == (1234, 567, 0o640)
    assert entries["./null"].ischr() and (entries["./null"].devmajor, entries["./null"].devminor) == (1, 3)
    assert config["config"] == {"Cmd": ["bash"]} and config["architecture"] == "amd64"
    assert config["history"][0]["comment"] == "imported from SIF, uuid: 00010203-0405-0607-0809-0a0b0c0d0e0f"


def test_sections_of_the_definition_become_the_command(kegcopy, image, tmp_path):
    kegcopy.copy(image(DEFINITION), f"oci:{tmp_path}/o")
    config, entries = layer_of(tmp_path / "o")
    assert config["config"] == {"Cmd": ["/podman/runscript"]}
    script = entries["./podman/runscript"]
    assert (script.mode, script.uid, script.mtime) == (0o755, 0, MODIFIED)


def test_the_same_file_makes_the_same_image(kegcopy, image, tmp_path):
    name = image(DEFINITION)
    for target in ("one", "two"):
        kegcopy.copy(name, f"dir:{tmp_path}/{target}")
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


@pytest.mark.parametrize("definition", [None, DEFINITION])
def test_the_peer_makes_the_same_of_it(kegcopy, image, tmp_path, definition):
    """All but the order of the tar and the times in it, of which it takes what the file system gives."""
    name = image(definition)
    kegcopy.copy(name, f"oci:{tmp_path}/ours")
    skopeo("copy", "-q", name, f"oci:{tmp_path}/theirs")
    (ours, our_entries), (theirs, their_entries) = (layer_of(tmp_path / who) for who in ("ours", "theirs"))

    def seen(member):
        return member.mode, member.uid, member.gid, member.type, member.size, member.devmajor, member.devminor
    assert {name: seen(m) for name, m in our_entries.items()} == {name: seen(m) for name, m in their_entries.items()}
    for config in (ours, theirs):
        config.pop("rootfs")
        config["history"][0].pop("created_by")
    assert ours == theirs


def test_what_is_no_such_image_is_said(kegcopy, image, tmp_path):
    image()
    data = (tmp_path / "image.sif").read_bytes()
    broken = tmp_path / "broken.sif"
    for at, put, reason in ((32, b"ELF", "it has no such header"), (32768, b"\0" * 512, "SQUASHFS superblock"),
                            (4096 + 201, b"\2", "is no squashfs"), (4096 + 17, b"\xff" * 8, "is outside of it")):
        broken.write_bytes(data[:at] + put + data[at + len(put):])
        assert reason in kegcopy.fails("copy", f"sif:{broken}", f"dir:{tmp_path}/d")
    broken.write_bytes(data[:100])
    assert "invalid SIF file" in kegcopy.fails("copy", f"sif:{broken}", f"dir:{tmp_path}/d")
    assert "no such file or directory" in kegcopy.fails("copy", f"sif:{tmp_path}/none", f"dir:{tmp_path}/d")
    assert not (tmp_path / "d").exists()


def test_it_is_not_written(kegcopy, image, tmp_path):
    assert "can only be read from, not written to" in kegcopy.fails("copy", image(), f"sif:{tmp_path}/out")
    assert not (tmp_path / "out").exists()


def test_the_programs_that_lack_are_named(kegcopy, image, tmp_path):
    name = image()
    (tmp_path / "bin").mkdir()
    kegcopy.env["PATH"] = str(tmp_path / "bin")
    lacks = kegcopy.run("copy", name, f"dir:{tmp_path}/d")
    assert lacks.code == 1 and "program fakeroot not found" in lacks.err
    assert "hint: install fakeroot and squashfs-tools to read sif: images" in lacks.err
    for folder in os.environ["PATH"].split(":"):
        for program in os.scandir(folder) if os.path.isdir(folder) else ():
            if program.name != "unsquashfs" and not (tmp_path / "bin" / program.name).is_symlink():
                (tmp_path / "bin" / program.name).symlink_to(program.path)
    lacks = kegcopy.run("copy", name, f"dir:{tmp_path}/d")
    assert lacks.code == 1 and "unsquashfs: not found" in lacks.err
    assert "hint: install squashfs-tools to read sif: images" in lacks.err
    assert not list((tmp_path / "tmp").iterdir())


def test_inspect_and_the_manifest_agree(kegcopy, image):
    name = image()
    told = kegcopy.inspect(name)
    assert told["Architecture"] == "amd64" and told["Created"] == "2020-09-13T12:26:40Z"
    manifest = json.loads(kegcopy.ok("inspect", "--raw", name))
    assert told["Layers"] == [manifest["layers"][0]["digest"]]
