# SPDX-License-Identifier: Apache-2.0
"""Of an image whose layers are zstd:chunked only those parts are fetched that no layer of the store has."""
import hashlib
import json
import random
import re

import pytest

from cutting_proxy import CuttingProxy
from layout_parts import layout_manifest
from make_images import Layer

CHUNKED = ["--dest-compress", "--dest-compress-format=zstd:chunked"]
FILES = 600
PUSH, PULL = "--dest-tls-verify=false", "--src-tls-verify=false"
POSITION = "io.github.containers.zstd-chunked.manifest-position"
CHECKSUM = "io.github.containers.zstd-chunked.manifest-checksum"


def tar_of(changed):
    """Files that compress badly, each `changed`th of them of that image alone; all kinds of other members."""
    layer = Layer()
    for i in range(FILES):
        name = f"d{i % 7}/file{i}" if i % 3 else f"moved{changed}/file{i}"  # a third stands elsewhere in each image
        rng = random.Random(f"{changed if changed and i % changed == 0 else ''}/{i}")
        layer.add(name, rng.randbytes(rng.randrange(1, 30000)))
    layer.add("empty").add("holes", bytes(300000) + b"x" + bytes(70000)).add("sym", type=b"2", link="empty")
    layer.add("hard", type=b"1", link="d1/file1").add("dev", type=b"3", dev=(1, 3)).add(".wh.gone")
    layer.add("xattr", b"x", pax={"SCHILY.xattr.user.a": "b"}).add("large", random.Random(5).randbytes(500000))
    return layer.bytes()


@pytest.fixture(scope="session")
def tars(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tars")
    for changed in (0, 10):
        (folder / f"{changed}.tar").write_bytes(tar_of(changed))
    return folder


@pytest.fixture
def repository(docker_registry, tmp_path):
    return f"{docker_registry.host}/{re.sub(r'[^a-z0-9]+', '-', tmp_path.name.lower())}"


@pytest.fixture
def pushed(kegcopy, tars, repository):
    """The changed image as zstd:chunked in the registry: its name there, its layer, the digest of its tar."""
    kegcopy.copy(f"tarball:{tars}/10.tar", f"docker://{repository}:1", PUSH, *CHUNKED)
    manifest = json.loads(kegcopy.ok("inspect", "--raw", "--tls-verify=false", f"docker://{repository}:1"))
    return f"docker://{repository}:1", manifest["layers"][0], digest_of(tars / "10.tar")


def digest_of(path):
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def local(kegcopy, store, tars, tmp_path):
    """The other image in the store, of a layer that never was zstd:chunked."""
    kegcopy.copy(f"tarball:{tars}/0.tar", f"oci:{tmp_path}/old")
    kegcopy.copy(f"oci:{tmp_path}/old", store.name("old"))
    return store


UNITS = {"B": 1, "kB": 1e3, "MB": 1e6}


def fetched(kegcopy, source, store):
    """The bytes that were moved and saved, as the last line says."""
    done = kegcopy.run("copy", PULL, source, store.name("new"))
    assert done.code == 0, done.err
    found = re.search(r"Moved (\S+) (\S+), saved (\S+) (\S+)\n$", done.err)
    if not found:
        return None, 0
    words = found.groups()
    return float(words[0]) * UNITS[words[1]], float(words[2]) * UNITS[words[3]]


def assert_right(kegcopy, store, tars, tmp_path, diff_id):
    """What the store has is the tar, bit for bit, and a second look finds nothing wrong."""
    kegcopy.copy(store.name("new"), f"dir:{tmp_path}/back", "--dest-decompress")
    layer = json.loads((tmp_path / "back/manifest.json").read_text())["layers"][0]
    assert layer["digest"] == diff_id
    assert (tmp_path / "back" / diff_id[7:]).read_bytes() == (tars / "10.tar").read_bytes()
    assert not store.leftovers()


def test_what_is_here_is_not_fetched(kegcopy, local, pushed, tars, tmp_path, docker_registry):
    name, layer, diff_id = pushed
    with CuttingProxy(docker_registry.port, 1 << 40) as proxy:
        fetched(kegcopy, name.replace(docker_registry.host, proxy.host), local)
        assert proxy.passed < layer["size"] / 5, f"{proxy.passed} of {layer['size']}"
    assert_right(kegcopy, local, tars, tmp_path, diff_id)
    (record,) = [one for one in local.layers() if one["diff-digest"] == diff_id]
    # Nobody saw all of the blob.
    assert record.get("compressed-diff-digest") in (None, diff_id)


def test_the_line_may_break(kegcopy, local, pushed, tars, tmp_path, docker_registry):
    name, layer, diff_id = pushed
    with CuttingProxy(docker_registry.port, 400000) as proxy:
        fetched(kegcopy, name.replace(docker_registry.host, proxy.host), local)
        assert proxy.cuts >= 2 and proxy.passed < layer["size"] / 4
    assert_right(kegcopy, local, tars, tmp_path, diff_id)


def test_a_local_file_that_was_changed_is_fetched(kegcopy, local, pushed, tars, tmp_path):
    name, _, diff_id = pushed
    tree = local.tree(digest_of(tars / "0.tar"))
    data = bytearray((tree / "large").read_bytes())
    data[1000] ^= 1
    (tree / "large").write_bytes(data)
    moved, saved = fetched(kegcopy, name, local)
    assert 1500000 < moved < saved / 2
    assert_right(kegcopy, local, tars, tmp_path, diff_id)


def test_storage_conf_forbids_it(kegcopy, local, pushed, tars, tmp_path):
    name, _, diff_id = pushed
    conf = tmp_path / "storage.conf"
    conf.write_text('[storage]\ndriver = "overlay"\n[storage.options.pull_options]\nenable_partial_images = "false"\n')
    kegcopy.env["CONTAINERS_STORAGE_CONF"] = str(conf)
    assert fetched(kegcopy, name, local)[1] == 0
    conf.write_text('[storage]\ndriver = "overlay"\n[storage.options.pull_options]\nconvert_images = "true"\n')
    assert "convert_images is not supported" in kegcopy.fails("copy", "-q", PULL, name, local.name("other"))
    del kegcopy.env["CONTAINERS_STORAGE_CONF"]
    assert_right(kegcopy, local, tars, tmp_path, diff_id)


def test_where_nothing_is_the_whole_blob_is_fetched(kegcopy, store, pushed, tars, tmp_path):
    name, layer, diff_id = pushed
    assert fetched(kegcopy, name, store)[1] == 0
    (record,) = store.layers()
    assert record["compressed-diff-digest"] == layer["digest"]
    assert_right(kegcopy, store, tars, tmp_path, diff_id)


def test_a_registry_without_ranges_gives_the_whole(kegcopy, local, tars, tmp_path, faulty_registry):
    registry = faulty_registry()
    name = f"docker://{registry.host}/app:1"
    kegcopy.copy(f"tarball:{tars}/10.tar", name, PUSH, *CHUNKED)
    registry.fault("blob", method="GET", times=-1, ignore_range=True)
    assert fetched(kegcopy, name, local)[1] == 0
    assert_right(kegcopy, local, tars, tmp_path, digest_of(tars / "10.tar"))


@pytest.mark.parametrize("key, value", [
    (CHECKSUM, "sha256:" + 64 * "0"), (CHECKSUM, "sha256:0"), (POSITION, "0:1:1:1"), (POSITION, "99999999999:1:1:1"),
])
def test_a_table_that_is_not_there_is_no_harm(kegcopy, local, pushed, tars, tmp_path, repository, key, value):
    name, _, diff_id = pushed
    kegcopy.copy(name, f"oci:{tmp_path}/o", PULL)
    manifest, _ = layout_manifest(tmp_path / "o")
    manifest["layers"][0]["annotations"][key] = value
    data = json.dumps(manifest).encode()
    digest = hashlib.sha256(data).hexdigest()
    (tmp_path / "o/blobs/sha256" / digest).write_bytes(data)
    index = json.loads((tmp_path / "o/index.json").read_text())
    index["manifests"][0].update(digest="sha256:" + digest, size=len(data))
    (tmp_path / "o/index.json").write_text(json.dumps(index))
    kegcopy.copy(f"oci:{tmp_path}/o", f"docker://{repository}:bad", PUSH)
    assert fetched(kegcopy, f"docker://{repository}:bad", local)[1] == 0
    assert_right(kegcopy, local, tars, tmp_path, diff_id)
