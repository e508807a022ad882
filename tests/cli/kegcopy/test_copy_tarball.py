# SPDX-License-Identifier: Apache-2.0
"""tarball: tars as layers, as Skopeo takes them."""
import gzip
import json
import os
import subprocess

import pytest

from layout_parts import layout_manifest, sha256
from make_images import Layer, pack
from registry_fixture import BUILD

TIMES = (1600000000.25, 1500000000)


@pytest.fixture
def tars(tmp_path):
    """A plain tar and a packed one that is older."""
    one, two = Layer().add("one", b"1").bytes(), Layer().add("two", b"2").bytes()
    for name, data, changed in (("one.tar", one, TIMES[0]), ("two.tgz", gzip.compress(two), TIMES[1])):
        (tmp_path / name).write_bytes(data)
        os.utime(tmp_path / name, (changed, changed))
    return one, two


def test_tars_become_layers(kegcopy, tars, tmp_path):
    names = f"tarball:{tmp_path}/one.tar:{tmp_path}/two.tgz"
    kegcopy.copy(names, f"oci:{tmp_path}/o", "--dest-oci-accept-uncompressed-layers")
    manifest, config = layout_manifest(tmp_path / "o")
    assert [layer["mediaType"].rpartition(".")[2] for layer in manifest["layers"]] == ["tar", "tar+gzip"]
    assert manifest["layers"][1]["digest"] == sha256((tmp_path / "two.tgz").read_bytes())
    assert config["rootfs"]["diff_ids"] == [sha256(tar) for tar in tars]
    assert config["created"] == config["history"][0]["created"] == "2020-09-13T12:26:40.25Z"
    assert config["history"][1] == {"created": "2017-07-14T02:40:00Z", "comment": "imported from tarball",
                                    "created_by": f"/bin/sh -c #(nop) ADD file:{sha256(tars[1])[7:]} in /"}


def test_the_peer_makes_the_same_configuration(kegcopy, tars, tmp_path):
    names = f"tarball:{tmp_path}/one.tar:{tmp_path}/two.tgz"
    kegcopy.copy(names, f"dir:{tmp_path}/ours")
    done = subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", names, f"dir:{tmp_path}/theirs"], text=True,
                          capture_output=True, check=False, env={**os.environ, "TZ": "UTC"})
    assert done.returncode == 0, done.stderr
    ours, theirs = (json.loads((tmp_path / who / "manifest.json").read_text()) for who in ("ours", "theirs"))
    assert ours["config"] == theirs["config"] and ours["layers"] == theirs["layers"]


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_a_tar_comes_from_standard_input(kegcopy, tars, tmp_path, packing):
    packed, suffix = pack(tars[0], packing)
    (tmp_path / "in").write_bytes(packed)
    with open(tmp_path / "in", "rb") as source:
        process = subprocess.run([BUILD / "kegcopy", "--insecure-policy", "copy", "-q",
                                  "tarball:-", f"dir:{tmp_path}/d"], stdin=source, env=kegcopy.env, check=False,
                                 capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    layer, = json.loads((tmp_path / "d/manifest.json").read_text())["layers"]
    assert layer["mediaType"].endswith(".tar" + suffix) and layer["digest"] == sha256(packed)


def test_what_cannot_be_a_layer_is_said(kegcopy, tars, tmp_path):
    message = kegcopy.fails("copy", f"tarball:{tmp_path}/one.tar:{tmp_path}/nowhere", f"dir:{tmp_path}/d")
    assert f'error opening "{tmp_path}/nowhere": ' in message and "no such file or directory" in message
    (tmp_path / "broken.tgz").write_bytes((tmp_path / "two.tgz").read_bytes()[:-20])
    assert "error reading" in kegcopy.fails("copy", f"tarball:{tmp_path}/broken.tgz", f"dir:{tmp_path}/d")
    (tmp_path / "x.xz").write_bytes(b"\xfd7zXZ\0rest")
    assert "xz" in kegcopy.fails("copy", f"tarball:{tmp_path}/x.xz", f"dir:{tmp_path}/d")
    assert "can only be read from, not written to" in kegcopy.fails("copy", f"tarball:{tmp_path}/one.tar",
                                                                   f"tarball:{tmp_path}/one.tar")
    kegcopy.fails("copy", "tarball:", f"dir:{tmp_path}/d")
