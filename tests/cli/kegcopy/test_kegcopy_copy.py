# SPDX-License-Identifier: Apache-2.0
"""Images between all places, and what must be the same afterwards."""
import filecmp
import gzip
import json
import os
import subprocess
import tarfile

import pytest

from layout_parts import layout_manifest, sha256
from registry_fixture import BUILD

INSECURE = ("--src-tls-verify=false", "--dest-tls-verify=false")
PLACES = ["dir:{0}/d", "oci:{0}/o:tag", "oci-archive:{0}/oa.tar:tag", "docker-archive:{0}/da.tar:app:1",
          "containers-storage:[overlay@{0}/cs+{0}/csr]app:1"]


def same_trees(one, other):
    compared = filecmp.dircmp(one, other)
    assert not compared.left_only and not compared.right_only and not compared.diff_files
    for name in compared.common_dirs:
        same_trees(one / name, other / name)


@pytest.mark.parametrize("transport", ["dir:{}", "oci:{}:latest"])
def test_a_round_trip_through_a_registry_changes_nothing(kegcopy, images, docker_registry, tmp_path, transport):
    remote = f"docker://{docker_registry.host}/{tmp_path.name}:1"
    kegcopy.copy(f"oci:{images('small')}", transport.format(tmp_path / "one"))
    kegcopy.copy(transport.format(tmp_path / "one"), remote, *INSECURE)
    kegcopy.copy(remote, transport.format(tmp_path / "two"), *INSECURE)
    same_trees(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["small", "oddities"])
def test_layers_keep_their_content_through_every_place(kegcopy, images, tmp_path, place, name):
    if place.startswith("containers-storage") and os.geteuid() != 0:
        pytest.skip("a store with owners and devices wants root")
    place = place.format(tmp_path)
    kegcopy.copy(f"oci:{images(name)}", place)
    kegcopy.copy(place, f"oci:{tmp_path}/back")
    manifest, config = layout_manifest(tmp_path / "back")
    assert config["rootfs"] == layout_manifest(images(name))[1]["rootfs"]
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
        packed = (tmp_path / "back/blobs/sha256" / layer["digest"][7:]).read_bytes()
        assert layer["mediaType"].endswith("tar+gzip")
        assert sha256(gzip.decompress(packed)) == diff_id


def test_an_index_gives_the_image_of_the_platform(kegcopy, images, tmp_path):
    source = f"oci:{images('multi')}"
    for arch in ["amd64", "s390x", "arm64"]:
        kegcopy.ok("--override-arch", arch, "copy", "-q", source, f"oci:{tmp_path}/{arch}")
        assert layout_manifest(tmp_path / arch)[1]["architecture"] == arch
    message = kegcopy.fails("--override-os", "plan9", "copy", source, f"dir:{tmp_path}/none")
    assert "no image found in image index for architecture" in message and "plan9" in message


def test_all_images_of_an_index_are_copied(kegcopy, images, tmp_path):
    out = kegcopy.ok("copy", "--all", f"oci:{images('multi')}", f"oci:{tmp_path}/all:latest")
    assert "Copying 3 of 3 images in list" in out and "Storing list signatures" in out
    same_trees(images("multi") / "blobs", tmp_path / "all" / "blobs")


def test_the_index_alone(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('multi')}", f"dir:{tmp_path}/d", "--multi-arch", "index-only")
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["manifest.json", "version"]


def test_formats_are_converted_both_ways(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('multi')}", f"dir:{tmp_path}/d", "--all", "--format", "v2s2")
    index = json.loads((tmp_path / "d/manifest.json").read_text())
    assert index["mediaType"] == "application/vnd.docker.distribution.manifest.list.v2+json"
    for entry in index["manifests"]:
        raw = (tmp_path / "d" / (entry["digest"][7:] + ".manifest.json")).read_bytes()
        assert sha256(raw) == entry["digest"] and len(raw) == entry["size"]
        manifest = json.loads(raw)
        assert manifest["mediaType"] == entry["mediaType"]
        assert manifest["layers"][0]["mediaType"] == "application/vnd.docker.image.rootfs.diff.tar.gzip"
    kegcopy.copy(f"dir:{tmp_path}/d", f"oci:{tmp_path}/o", "--all", "--format", "oci")
    original = json.loads((images("multi") / "index.json").read_text())["manifests"][0]
    back = json.loads((tmp_path / "o/index.json").read_text())["manifests"][0]
    assert back["mediaType"] == original["mediaType"]


def test_digests_are_preserved_or_nothing_is_copied(kegcopy, images, tmp_path):
    message = kegcopy.fails("copy", "--preserve-digests", "--format", "v2s2", f"oci:{images('small')}",
                            f"dir:{tmp_path}/d")
    assert "digests" in message
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("how,magic", [("gzip", b"\x1f\x8b"), ("zstd", b"\x28\xb5\x2f\xfd")])
def test_layers_are_compressed_as_asked(kegcopy, images, tmp_path, how, magic):
    kegcopy.copy(f"oci:{images('plain')}", f"oci:{tmp_path}/o", "--dest-compress", "--dest-compress-format", how)
    manifest, _ = layout_manifest(tmp_path / "o")
    layer = manifest["layers"][0]
    data = (tmp_path / "o/blobs/sha256" / layer["digest"][7:]).read_bytes()
    assert layer["mediaType"].endswith("+" + how) and layer["size"] == len(data)
    assert data.startswith(magic) and sha256(data) == layer["digest"]


def test_layers_are_decompressed_as_asked(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('zstd')}", f"dir:{tmp_path}/d", "--dest-decompress")
    manifest = json.loads((tmp_path / "d/manifest.json").read_text())
    diff_ids = layout_manifest(images("zstd"))[1]["rootfs"]["diff_ids"]
    assert [layer["digest"] for layer in manifest["layers"]] == diff_ids


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_an_image_is_chosen_by_its_number(kegcopy, images, tmp_path, transport):
    for name in ["small", "zstd"]:
        kegcopy.copy(f"oci:{images(name)}", f"oci:{tmp_path}/l:{name}")
    if transport == "oci-archive":
        subprocess.run(["tar", "-C", tmp_path / "l", "-cf", tmp_path / "l.tar", "."], check=True)
    place = f"{transport}:{tmp_path}/l" + (".tar" if transport == "oci-archive" else "")
    for n, name in enumerate(["small", "zstd"]):
        assert kegcopy.inspect(f"{place}:@{n}") == kegcopy.inspect(f"{place}:{name}")
    assert "index 2 is too large, only 2 entries available" in kegcopy.fails("inspect", f"{place}:@2")
    assert "Invalid source index @-1: must not be negative" in kegcopy.fails("inspect", f"{place}:@-1")
    assert "Invalid source index @x: not an integer" in kegcopy.fails("inspect", f"{place}:@x")
    for dest in (f"oci:{tmp_path}/new:@0", f"oci-archive:{tmp_path}/new.tar:@0"):
        assert "Destination reference must not contain a manifest index @0" in kegcopy.fails(
            "copy", f"oci:{images('small')}", dest)


def test_a_layer_with_an_address_stays_there(kegcopy, images, tmp_path):
    """Layers that may not be distributed: layouts and registries take the manifest's word for them."""
    kegcopy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/d")
    manifest = json.loads((tmp_path / "d/manifest.json").read_text())
    manifest["layers"].append({"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                               "digest": "sha256:" + "0" * 64, "size": 7, "urls": ["http://localhost:1/layer"]})
    (tmp_path / "d/manifest.json").write_text(json.dumps(manifest))
    kegcopy.copy(f"dir:{tmp_path}/d", f"oci:{tmp_path}/o")
    assert layout_manifest(tmp_path / "o")[0] == manifest
    kegcopy.fails("copy", f"dir:{tmp_path}/d", f"dir:{tmp_path}/e")


@pytest.mark.parametrize("packed", ["cat", "gzip -c", "zstd -qc", "xz -c"])
@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive"])
def test_an_archive_comes_through_a_pipe(kegcopy, images, tmp_path, transport, packed):
    kegcopy.copy(f"oci:{images('small')}", f"{transport}:{tmp_path}/a.tar")
    process = subprocess.run(f"{packed} {tmp_path}/a.tar | {BUILD}/kegcopy --insecure-policy copy -q "
                             f"{transport}:/dev/stdin oci:{tmp_path}/o", shell=True, env=kegcopy.env, check=False,
                             capture_output=True, text=True)
    if packed.startswith("xz"):  # not known where it cannot be looked at first
        assert process.returncode == 1 and "compression with xz is not supported" in process.stderr
        return
    assert process.returncode == 0, process.stderr
    assert layout_manifest(tmp_path / "o")[1]["rootfs"] == layout_manifest(images("small"))[1]["rootfs"]


def test_layers_are_what_their_bytes_say(kegcopy, images, tmp_path):
    """The peers call the plain layers of an archive packed, and pack them all the same."""
    kegcopy.copy(f"oci:{images('small')}", f"docker-archive:{tmp_path}/a.tar")
    kegcopy.copy(f"docker-archive:{tmp_path}/a.tar", f"dir:{tmp_path}/d")
    layer = json.loads((tmp_path / "d/manifest.json").read_text())["layers"][0]
    assert layer["mediaType"].endswith("diff.tar.gzip")
    assert layer["digest"] == layout_manifest(images("small"))[1]["rootfs"]["diff_ids"][0]
    kegcopy.copy(f"dir:{tmp_path}/d", f"oci:{tmp_path}/o")
    layer = layout_manifest(tmp_path / "o")[0]["layers"][0]
    assert (tmp_path / "o/blobs/sha256" / layer["digest"][7:]).read_bytes()[:2] == b"\x1f\x8b"


def test_zstd_becomes_gzip_where_it_has_no_name(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('zstd')}", f"dir:{tmp_path}/d", "--format", "v2s2")
    for layer in json.loads((tmp_path / "d/manifest.json").read_text())["layers"]:
        assert layer["mediaType"] == "application/vnd.docker.image.rootfs.diff.tar.gzip"
        assert (tmp_path / "d" / layer["digest"][7:]).read_bytes()[:2] == b"\x1f\x8b"
    for place, how in ((f"dir:{tmp_path}/e", ["--format", "v2s2"]), (f"docker-archive:{tmp_path}/e.tar", [])):
        assert "compression using zstd required" in kegcopy.fails(
            "copy", f"oci:{images('small')}", place, "--dest-compress-format", "zstd", *how)


def test_plain_layers_stay_plain_where_that_is_accepted(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('plain')}", f"oci:{tmp_path}/o", "--dest-oci-accept-uncompressed-layers")
    assert layout_manifest(tmp_path / "o")[0] == layout_manifest(images("plain"))[0]


def test_the_digest_is_written_to_a_file(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/d", "--digestfile", tmp_path / "digest")
    assert (tmp_path / "digest").read_text() == sha256((tmp_path / "d/manifest.json").read_bytes())


def test_additional_tags_stand_in_the_archive(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"docker-archive:{tmp_path}/a.tar:one:1", "--additional-tag", "two")
    with tarfile.open(tmp_path / "a.tar") as tar:
        tags = json.load(tar.extractfile("manifest.json"))[0]["RepoTags"]
    assert tags == ["docker.io/library/one:1", "docker.io/library/two:latest"]


def test_an_archive_is_not_changed_once_it_is_there(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"docker-archive:{tmp_path}/a.tar:one")
    before = (tmp_path / "a.tar").read_bytes()
    message = kegcopy.fails("copy", f"oci:{images('small')}", f"docker-archive:{tmp_path}/a.tar:two")
    assert "docker-archive doesn't support modifying existing images" in message
    assert (tmp_path / "a.tar").read_bytes() == before


def test_blobs_are_shared_between_layouts(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"oci:{tmp_path}/one", "--dest-shared-blob-dir", tmp_path / "shared")
    assert not list((tmp_path / "one/blobs").iterdir())
    kegcopy.copy(f"oci:{tmp_path}/one", f"oci:{tmp_path}/two", "--src-shared-blob-dir", tmp_path / "shared")
    same_trees(tmp_path / "shared", tmp_path / "two/blobs")


def test_several_images_live_in_one_layout(kegcopy, images, tmp_path):
    for name in ["small", "zstd", "small"]:
        kegcopy.copy(f"oci:{images(name)}", f"oci:{tmp_path}/o:{name}")
    assert len(json.loads((tmp_path / "o/index.json").read_text())["manifests"]) == 2
    assert "choose an image" in kegcopy.fails("inspect", f"oci:{tmp_path}/o")
    assert kegcopy.inspect(f"oci:{tmp_path}/o:zstd")["Layers"] != kegcopy.inspect(f"oci:{tmp_path}/o:small")["Layers"]


@pytest.mark.parametrize("place", ["dir:{}/d", "oci:{}/d:x"])
def test_a_copy_that_fails_leaves_the_image_before_it(kegcopy, images, faulty_registry, tmp_path, place):
    place = place.format(tmp_path)
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"a": b"one"}])
    registry.fault("blob", flip=True, skip=1, times=-1)
    image = f"docker://{registry.host}/app:1"
    kegcopy.fails("copy", INSECURE[0], image, place)
    assert not (tmp_path / "d").exists()
    kegcopy.copy(f"oci:{images('small')}", place)
    before = kegcopy.ok("inspect", "--raw", place)
    kegcopy.fails("copy", INSECURE[0], image, place)
    assert kegcopy.ok("inspect", "--raw", place) == before
    kegcopy.copy(f"oci:{images('zstd')}", place)
    assert kegcopy.ok("inspect", "--raw", place) != before


def test_a_folder_holds_one_image_and_nothing_of_the_last(kegcopy, images, tmp_path):
    for name in ["oddities", "small"]:
        kegcopy.copy(f"oci:{images(name)}", f"dir:{tmp_path}/d")
    manifest, _ = layout_manifest(images("small"))
    assert {p.name for p in (tmp_path / "d").iterdir()} == {
        "manifest.json", "version", manifest["config"]["digest"][7:], manifest["layers"][0]["digest"][7:]}


def test_another_folder_is_not_overwritten(kegcopy, images, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("precious")
    message = kegcopy.fails("copy", f"oci:{images('small')}", f"dir:{tmp_path}/mine")
    assert "not a containers image directory" in message
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["file"]


def test_an_image_of_the_store_keeps_its_digests_on_a_registry(kegcopy, images, store, docker_registry, tmp_path):
    remote = f"docker://{docker_registry.host}/{tmp_path.name}:1"
    kegcopy.copy(f"oci:{images('oddities')}", store.name("app"))
    kegcopy.copy(store.name("app"), remote, *INSECURE)
    kegcopy.copy(remote, f"dir:{tmp_path}/d", *INSECURE, "--dest-decompress")
    manifest = json.loads((tmp_path / "d/manifest.json").read_text())
    assert [l["digest"] for l in manifest["layers"]] == layout_manifest(images("oddities"))[1]["rootfs"]["diff_ids"]


def test_what_layers_hold_is_in_the_store(kegcopy, images, store):
    kegcopy.copy(f"oci:{images('oddities')}", store.name("app"))
    diff_ids = layout_manifest(images("oddities"))[1]["rootfs"]["diff_ids"]
    first, second, sparse = (store.tree(diff_ids[n]) for n in (1, 2, 4))
    whiteout = os.lstat(second / "d/gone")
    assert (whiteout.st_mode & 0o170000, whiteout.st_rdev) == (0o020000, 0)
    assert os.getxattr(second / "opaque", "trusted.overlay.opaque") == b"y"
    assert os.lstat(first / "file").st_mode & 0o7777 == 0o4755
    assert os.path.samefile(first / "file", first / "hard")
    assert os.readlink(first / "soft") == "/etc/passwd"
    assert os.lstat(first / "dev/null").st_rdev == os.makedev(1, 3)
    assert (os.lstat(first / "owned").st_uid, os.lstat(first / "owned").st_gid) == (100000, 200000)
    assert os.getxattr(first / "caps", "security.capability")[:4] == b"\x01\0\0\x02"
    assert os.getxattr(first / "caps", "user.note") == b"hello"
    assert any(len(str(p.relative_to(first))) > 255 for p in first.rglob("f" * 200))
    assert (first / "no-parent/made/file").exists() and (first / "späße ☃").exists()
    assert os.stat(sparse / "sparse").st_size == (8 << 20) + 3
    assert os.stat(sparse / "sparse").st_blocks < 100


def test_layers_that_are_there_are_not_fetched(kegcopy, store, faulty_registry):
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"a": b"base"}, {"b": b"one"}])
    registry.add_image("app", "2", layers=[{"a": b"base"}, {"b": b"two"}])
    kegcopy.copy(f"docker://{registry.host}/app:1", store.name("one"), *INSECURE[:1])
    before = registry.count("GET", "/blobs/")
    kegcopy.copy(f"docker://{registry.host}/app:2", store.name("two"), *INSECURE[:1])
    assert registry.count("GET", "/blobs/") - before == 2  # its configuration and one layer
    assert len(store.layers()) == 3


def test_progress_is_told_in_the_peers_words(kegcopy, images, tmp_path):
    manifest, _ = layout_manifest(images("small"))
    assert kegcopy.ok("copy", f"oci:{images('small')}", f"dir:{tmp_path}/d").splitlines() == [
        "Getting image source signatures",
        f"Copying blob {manifest['layers'][0]['digest']}",
        f"Copying config {manifest['config']['digest']}",
        "Writing manifest to image destination",
        "Storing signatures",
    ]


def test_quiet_is_quiet(kegcopy, images, tmp_path):
    assert kegcopy.ok("copy", "-q", f"oci:{images('small')}", f"dir:{tmp_path}/d") == ""


@pytest.mark.parametrize("option", [("--sign-by", "x"), ("--dest-precompute-digests",),
                                    ("--dest-compress-format", "bzip2"), ("--nonsense",),
                                    ("--multi-arch", "some")])
def test_an_option_that_is_not_built_is_refused(kegcopy, images, tmp_path, option):
    kegcopy.fails("copy", *option, f"oci:{images('small')}", f"dir:{tmp_path}/d")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("name,message", [
    ("foo", 'Invalid image name "foo", expected colon-separated transport:reference'),
    ("foo:bar", 'unknown transport "foo"'),
    ("ostree:foo", 'transport "ostree" is not built into keg'),
    ("docker:busybox", "does not start with //"),
    ("docker://BAD", "repository name must be lowercase"),
    ("oci:/nowhere/there:x", "lstat /nowhere: no such file or directory"),
    ("dir:/nowhere", "/nowhere/manifest.json: no such file or directory"),
    ("docker-archive:/nowhere", "/nowhere: no such file or directory"),
    ("docker-archive:x:y@", "docker-archive parsing reference: "),
    ("containers-storage:", '"" is an empty reference'),
    ("containers-storage:[bad", "invalid reference"),
    ("containers-storage:@12", '"12" does not look like an image ID or digest'),
])
def test_a_name_that_is_none_says_why(kegcopy, tmp_path, name, message):
    assert message in kegcopy.fails("copy", name, f"dir:{tmp_path}/d")


def test_an_unknown_image_of_the_store(kegcopy, store, tmp_path):
    message = kegcopy.fails("copy", store.name("nope"), f"dir:{tmp_path}/d", status=2)
    assert "docker.io/library/nope:latest\" does not resolve to an image ID: identifier is not an image" in message


def test_a_policy_is_obeyed(kegcopy, images, tmp_path):
    layout = str(images("small"))
    (tmp_path / "policy.json").write_text(json.dumps({
        "default": [{"type": "reject"}],
        "transports": {"oci": {layout: [{"type": "insecureAcceptAnything"}]},
                       "dir": {"": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/x"}]}}}))
    kegcopy.copy(f"oci:{layout}", f"dir:{tmp_path}/d")
    assert "is rejected by policy" in kegcopy.fails("copy", f"oci:{images('zstd')}", f"dir:{tmp_path}/e")
    assert "A signature was required, but no signature exists" in kegcopy.fails("copy", f"dir:{tmp_path}/d",
                                                                                 f"dir:{tmp_path}/e")
    kegcopy.ok("--insecure-policy", "copy", "-q", f"dir:{tmp_path}/d", f"dir:{tmp_path}/e")


@pytest.mark.parametrize("hostile", ["link", "fifo", "parent"])
def test_a_hostile_archive_is_only_read(kegcopy, tmp_path, hostile):
    """Members that are no files are as good as absent, wherever they point."""
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        info = tarfile.TarInfo("../manifest.json" if hostile == "parent" else "manifest.json")
        info.type = {"link": tarfile.SYMTYPE, "fifo": tarfile.FIFOTYPE, "parent": tarfile.SYMTYPE}[hostile]
        info.linkname = "/etc/passwd"
        tar.addfile(info)
    assert 'the archive has no file "manifest.json"' in kegcopy.fails(
        "copy", f"docker-archive:{tmp_path}/a.tar", f"dir:{tmp_path}/d")


def test_the_peers_read_what_we_store(kegcopy, images, store, tmp_path):
    kegcopy.copy(f"oci:{images('oddities')}", store.name("app"))
    done = subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", store.name("app"), f"oci:{tmp_path}/peer"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert layout_manifest(tmp_path / "peer")[1] == layout_manifest(images("oddities"))[1]
