# SPDX-License-Identifier: Apache-2.0
"""Docker's schema 1: read, written and converted, each time as Skopeo does it."""
import json

import pytest

from layout_parts import layout_manifest, sha256
from make_images import CONFIG, LAYER, MANIFEST, Layer, Layout, pack, to_json
from peer import skopeo
from registry_fixture import DockerRegistry

EMPTY = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"


@pytest.fixture(scope="session")
def historic(tmp_path_factory):
    """An image with history entries that are no layers, and with members that not all formats have."""
    folder = tmp_path_factory.mktemp("historic") / "image"
    layout = Layout(folder)
    tars = [Layer().add("one", b"1").bytes(), Layer().add("two", b"2").bytes()]
    history = [{"created": "2020-01-01T00:00:00.5Z", "created_by": "/bin/sh -c #(nop) ADD one <&>", "author": "me"},
               {"created": "2020-01-02T00:00:00Z", "created_by": "ENV a=b", "empty_layer": True, "comment": "none"},
               {"created": "2020-01-03T00:00:00Z", "created_by": "ADD two"},
               {"created": "2020-01-04T00:00:00Z", "created_by": "CMD x", "empty_layer": True}]
    config = {"created": "2020-01-04T00:00:00Z", "architecture": "amd64", "os": "linux", "docker_version": "20.10.7",
              "container_config": {"Hostname": "h"}, "history": history,
              "config": {"Cmd": ["x"], "Env": ["a=b"], "Labels": {"z": "1", "a": "<2>"}, "Hostname": "h"},
              "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]}}
    layers = [layout.blob(pack(tar, "gzip")[0], LAYER + "+gzip") for tar in tars]
    layout.finish(layout.blob(to_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.blob(to_json(config), CONFIG),
                                       "layers": layers}), MANIFEST))
    return folder


def files(folder):
    return {at.name: at.read_bytes() for at in folder.iterdir()}


def unsigned(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest.pop("signatures")[0]["header"]["alg"] == "ES256"
    return json.dumps(manifest)


@pytest.fixture
def old(historic, tmp_path):
    """The image in schema 1, written by the peer."""
    skopeo("copy", "-q", "--format", "v2s1", f"oci:{historic}", f"dir:{tmp_path}/old")
    return tmp_path / "old"


def test_it_is_written_as_the_peer_writes_it(kegcopy, historic, old, tmp_path):
    kegcopy.copy(f"oci:{historic}", f"dir:{tmp_path}/ours", "--format", "v2s1")
    assert unsigned(tmp_path / "ours") == unsigned(old)
    assert set(files(tmp_path / "ours")) == set(files(old)) and EMPTY[7:] in files(old)
    # The digest is that of what was signed, which both find.
    ours = kegcopy.ok("manifest-digest", tmp_path / "ours/manifest.json")
    assert ours == kegcopy.ok("manifest-digest", old / "manifest.json") == skopeo("manifest-digest", old / "manifest.json")


@pytest.mark.parametrize("how", [["--format", "oci"], ["--format", "v2s2"], []])
def test_it_is_converted_as_the_peer_converts_it(kegcopy, old, tmp_path, how):
    kegcopy.copy(f"dir:{old}", f"dir:{tmp_path}/ours", *how)
    skopeo("copy", "-q", *how, f"dir:{old}", f"dir:{tmp_path}/theirs")
    theirs = files(tmp_path / "theirs")
    if how:
        del theirs[EMPTY[7:]]  # left there, though nothing names it any more
    assert files(tmp_path / "ours") == theirs
    assert (files(tmp_path / "ours") == files(old)) == (how == [])


@pytest.mark.parametrize("place", ["oci:{}/o", "oci-archive:{}/o.tar", "docker-archive:{}/d.tar"])
def test_it_goes_where_there_is_no_schema_1(kegcopy, old, historic, tmp_path, place):
    place = place.format(tmp_path)
    kegcopy.copy(f"dir:{old}", place)
    kegcopy.copy(place, f"oci:{tmp_path}/back")
    assert layout_manifest(tmp_path / "back")[1]["rootfs"] == layout_manifest(historic)[1]["rootfs"]


def test_the_store_takes_it(kegcopy, old, historic, store):
    kegcopy.copy(f"dir:{old}", store.name("app"))
    assert [layer["diff-digest"] for layer in store.layers()] == layout_manifest(historic)[1]["rootfs"]["diff_ids"]


def without_data(shown):
    """Debian's Skopeo tells less of the layers."""
    assert all(layer == {"MIMEType": "", "Digest": digest, "Size": -1, "Annotations": None}
               for layer, digest in zip(shown.pop("LayersData"), shown["Layers"]))
    return shown


@pytest.mark.parametrize("options", [["--config"], ["--raw"], ["--config", "--raw"]])
def test_it_is_inspected(kegcopy, old, options):
    assert kegcopy.ok("inspect", *options, f"dir:{old}") == skopeo("inspect", *options, f"dir:{old}")


def test_it_is_described(kegcopy, old):
    assert without_data(kegcopy.inspect(f"dir:{old}")) == json.loads(skopeo("inspect", f"dir:{old}"))


def test_a_registry_holds_it_to_its_name(kegcopy, old, tmp_path):
    """It verifies the signature too: renamed, the manifest is signed anew."""
    registry = DockerRegistry(auth="compatibility: {schema1: {enabled: true}}")
    try:
        remote = f"docker://{registry.host}/some/app:1"
        kegcopy.copy(f"dir:{old}", remote, "--dest-tls-verify=false")
        shown = kegcopy.inspect(remote, "--tls-verify=false")
        assert without_data(shown) == json.loads(skopeo("inspect", "--tls-verify=false", remote))
        by_digest = f"docker://{registry.host}/some/app@{shown['Digest']}"
        kegcopy.copy(by_digest, f"dir:{tmp_path}/back", "--src-tls-verify=false")
        manifest = json.loads((tmp_path / "back/manifest.json").read_text())
        assert (manifest["name"], manifest["tag"]) == ("some/app", "1")
        assert "without changing it" in kegcopy.fails(
            "copy", "--preserve-digests", "--dest-tls-verify=false", f"dir:{old}", f"docker://{registry.host}/b:1")
    finally:
        registry.stop()


def test_what_breaks_the_format_is_said(kegcopy, old, tmp_path):
    manifest = json.loads((old / "manifest.json").read_text())
    del manifest["signatures"]
    (old / "manifest.json").write_text(json.dumps({**manifest, "history": manifest["history"][1:]}))
    assert "length of history not equal to number of layers" in kegcopy.fails("copy", f"dir:{old}", f"oci:{tmp_path}/o")
    manifest["fsLayers"][1]["blobSum"] = "sha256:" + "0" * 64
    (old / "manifest.json").write_text(json.dumps(manifest))
    kegcopy.fails("copy", f"dir:{old}", f"oci:{tmp_path}/o")
    assert not (tmp_path / "o").exists()


def test_a_layer_that_is_another_is_refused(kegcopy, old, tmp_path):
    layer = next(entry["blobSum"] for entry in json.loads((old / "manifest.json").read_text())["fsLayers"]
                 if entry["blobSum"] != EMPTY)
    (old / layer[7:]).write_bytes(pack(b"another", "gzip")[0])
    for place in (f"oci:{tmp_path}/o", f"dir:{tmp_path}/d"):
        assert "did not match its digest" in kegcopy.fails("copy", f"dir:{old}", place)


@pytest.mark.parametrize("name, how, message", [
    ("artifact", [], "Cannot convert an image with 0 history entries"),
    ("small", ["--dest-compress-format", "zstd"], "compression using zstd required")])
def test_what_cannot_be_schema_1(kegcopy, images, tmp_path, name, how, message):
    assert message in kegcopy.fails("copy", "--format", "v2s1", *how, f"oci:{images(name)}", f"dir:{tmp_path}/d")
    assert "cannot write manifests of type" in kegcopy.fails("copy", "--format", "v2s1", f"oci:{images('small')}",
                                                             f"oci:{tmp_path}/o")
