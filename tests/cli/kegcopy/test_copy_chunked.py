# SPDX-License-Identifier: Apache-2.0
"""zstd:chunked: written so that the peers read it, and find the same parts in it."""
import hashlib
import json
import random
import subprocess
import tarfile

import pytest

from layout_parts import layout_manifest
from make_images import Layer
from peer import skopeo

PREFIX = "io.github.containers.zstd-chunked."
CHUNKED = ["--dest-compress", "--dest-compress-format=zstd:chunked"]


def unzstd(data):
    return subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout


def blob(layout, descriptor):
    return (layout / "blobs/sha256" / descriptor["digest"][7:]).read_bytes()


def table(layout, layer):
    """The rows of a layer's table of contents, without what depends on the compressor."""
    (where,) = (value for key, value in layer["annotations"].items() if key.endswith("manifest-position"))
    at, length, plain, _ = map(int, where.split(":"))
    packed = blob(layout, layer)[at:at + length]
    (checksum,) = (value for key, value in layer["annotations"].items() if key.endswith("manifest-checksum"))
    assert checksum == "sha256:" + hashlib.sha256(packed).hexdigest()
    text = unzstd(packed)
    assert len(text) == plain
    no_time = "0001-01-01T00:00:00Z"  # what older writers say where the tar says nothing
    return [{key: value for key, value in row.items() if key not in ("offset", "endOffset") and value != no_time}
            for row in json.loads(text)["entries"]]


@pytest.mark.parametrize("name", ["small", "plain", "zstd"])
def test_a_layer_of_files_that_can_be_fetched_alone(kegcopy, images, tmp_path, name):
    kegcopy.copy(f"oci:{images(name)}", f"oci:{tmp_path}/o", "--dest-force-compress-format", *CHUNKED)
    manifest, config = layout_manifest(tmp_path / "o")
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
        assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+zstd"
        assert {key for key in layer["annotations"] if key.startswith(PREFIX)} == {
            PREFIX + key for key in ("manifest-checksum", "manifest-position", "tarsplit-position")}
        data = blob(tmp_path / "o", layer)
        assert "sha256:" + hashlib.sha256(unzstd(data)).hexdigest() == diff_id
        assert data.endswith(b"GNUlInUx") and table(tmp_path / "o", layer)


def tar_of_all_kinds():
    rng = random.Random(1)
    layer = Layer()
    layer.dir("d/").add("d/empty").add("d/small", b"small", mode=0o4755, uid=1000, gid=70000)
    layer.add("d/large", rng.randbytes(1000000)).add("d/holes", rng.randbytes(3000) + bytes(200000) + b"x" + bytes(1024))
    layer.add("d/sym", type=tarfile.SYMTYPE, link="large").add("d/hard", type=tarfile.LNKTYPE, link="d/large")
    layer.add("d/dev", type=tarfile.CHRTYPE, dev=(1, 3)).add("d/fifo", type=tarfile.FIFOTYPE)
    layer.add("d/xattr", b"x", pax={"SCHILY.xattr.user.a": "b", "mtime": "1600000000.25", "atime": "1600000001"})
    layer.add("d/" + 20 * "long/" + 150 * "n", b"<&>").add(".wh.gone").add("d/\u00fcml", b"u")
    return layer.bytes()


def test_it_is_the_table_that_skopeo_writes(kegcopy, tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_of_all_kinds())
    kegcopy.copy(f"tarball:{tmp_path}/a.tar", f"dir:{tmp_path}/plain")
    skopeo("copy", "-q", *CHUNKED, f"dir:{tmp_path}/plain", f"oci:{tmp_path}/theirs")
    kegcopy.copy(f"dir:{tmp_path}/plain", f"oci:{tmp_path}/ours", *CHUNKED)
    theirs, ours = (layout_manifest(tmp_path / name)[0]["layers"] for name in ("theirs", "ours"))
    assert len(theirs) == len(ours)
    for their, our in zip(theirs, ours):
        assert table(tmp_path / "theirs", their) == table(tmp_path / "ours", our)


def test_skopeo_reads_it_as_zstd(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"oci:{tmp_path}/o", "--dest-force-compress-format", *CHUNKED)
    skopeo("copy", "-q", "--dest-decompress", f"oci:{tmp_path}/o", f"dir:{tmp_path}/d")
    diff_ids = layout_manifest(images("small"))[1]["rootfs"]["diff_ids"]
    layers = json.loads((tmp_path / "d/manifest.json").read_text())["layers"]
    assert [layer["digest"] for layer in layers] == diff_ids


def test_what_is_chunked_stays_as_it_is(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"oci:{tmp_path}/o", "--dest-force-compress-format", *CHUNKED)
    kegcopy.copy(f"oci:{tmp_path}/o", f"oci:{tmp_path}/again", "--dest-force-compress-format", *CHUNKED)
    assert layout_manifest(tmp_path / "again")[0] == layout_manifest(tmp_path / "o")[0]


@pytest.mark.parametrize("writer", ["ours", "theirs"])
@pytest.mark.parametrize("how", [["--dest-decompress"], ["--dest-compress", "--dest-compress-format=gzip", "--dest-force-compress-format"]])
def test_a_layer_that_becomes_another_says_nothing_of_the_old(kegcopy, images, tmp_path, how, writer):
    kegcopy.copy(f"oci:{images('plain')}", f"dir:{tmp_path}/plain", "--dest-decompress")
    source, dest = f"dir:{tmp_path}/plain", f"oci:{tmp_path}/o"
    if writer == "theirs":
        skopeo("copy", "-q", *CHUNKED, source, dest)
    else:
        kegcopy.copy(source, dest, *CHUNKED)
    assert "manifest-position" in str(layout_manifest(tmp_path / "o")[0])
    kegcopy.copy(dest, f"dir:{tmp_path}/d", *how)
    assert "zstd-chunked" not in (tmp_path / "d/manifest.json").read_text()


def test_only_ocis_format_has_words_for_it(kegcopy, images, tmp_path):
    assert "compression using zstd required" in kegcopy.fails(
        "copy", *CHUNKED, "--format=v2s2", f"oci:{images('small')}", f"dir:{tmp_path}/d")
