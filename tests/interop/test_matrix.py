# SPDX-License-Identifier: Apache-2.0
"""
Images over every pair of places and back, by our program and by Skopeo: the configuration and the layers'
content stay what they were, and the manifest is the one that Skopeo writes.

Two compressors give different bytes, so a layer that was packed on the way is known by its content.
"""
import json
import os
import re

import pytest

import make_images
from gpg_keys import REJECT, for_name, policy
from matrix_world import IMAGES_ALONE, PLACES, World, content, layers_of, seen, sha256
from registry_fixture import DockerRegistry

PROGRAMS = ["kegcopy", "skopeo"]
INDEX_PLACES = ["dir", "oci", "oci-archive", "docker"]
IMAGES = ["small", "zstd", "plain", "oddities"]


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layouts")
    return lambda name: make_images.make(folder, name)


@pytest.fixture
def world(sandbox, docker_registry, tmp_path):
    yield World(sandbox, docker_registry, tmp_path)
    sandbox.run("podman", "rmi", "-af", check=False)


def files(folder):
    return {at.name: at.read_bytes() for at in folder.iterdir()}


def told(found, untold):
    """What seen() gives, without the members of the manifest that one of the programs does not write."""
    manifest, config = found
    if untold:
        manifest = json.loads(manifest) if isinstance(manifest, bytes) else manifest
        manifest = {name: value for name, value in manifest.items() if name not in untold}
    return manifest, config


def check_copy(world, source, place, known, config, untold=(), **how):
    """From the name by both programs to the same, and then back by ours from what the peer wrote."""
    failed = [world.copy(program, source, world.name(place, program), **how) for program in PROGRAMS]
    writer = "skopeo"
    if "zstd compression is not supported for docker images" in failed[1]:  # ours unpacks the layers
        writer = failed[1] = ""
    assert failed == ["", ""]
    ours = seen(world, place, "kegcopy", known)
    if writer:
        assert told(ours, untold) == told(seen(world, place, "skopeo", known), untold)
    assert json.loads(ours[1]) == json.loads(config)  # Docker's becomes OCI's with its members in another order
    assert world.copy("kegcopy", world.name(place, writer or "kegcopy"), f"dir:{world.folder}/back-{place}.d") == ""
    back, blob = world.look("dir", f"back-{place}")
    assert json.loads(blob(json.loads(back)["config"]["digest"])) == json.loads(config)
    return [sha256(content(blob(layer["digest"]))) for layer in json.loads(back)["layers"]]


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("source", PLACES)
def test_every_pair_of_places(world, layouts, image, source):
    assert world.copy("kegcopy", f"oci:{layouts(image)}", world.name(source, "first")) == ""
    raw, blob = world.look(source, "first")
    config = blob(json.loads(raw)["config"]["digest"])
    for place in PLACES:
        assert check_copy(world, world.name(source, "first"), place, layers_of(raw), config) == \
            json.loads(config)["rootfs"]["diff_ids"]


@pytest.mark.parametrize("source", [place for place in PLACES if place not in IMAGES_ALONE])
def test_an_artifact_stays_what_it_is(world, layouts, source):
    original, blob = world.of_layout_at(layouts("artifact"))
    assert world.copy("kegcopy", f"oci:{layouts('artifact')}", world.name(source, "first")) == ""
    for place in PLACES:
        failed = [world.copy(program, world.name(source, "first"), world.name(place, program))
                  for program in PROGRAMS]
        if place in IMAGES_ALONE:
            assert "" not in failed and "artifact with type" in failed[0]
            continue
        for program in PROGRAMS:
            raw, copied = world.look(place, program)
            assert raw == original
            for entry in (json.loads(raw)["config"], *json.loads(raw)["layers"]):
                assert copied(entry["digest"]) == blob(entry["digest"])


@pytest.mark.parametrize("how", [[], ["--format", "v2s2"], ["--format", "oci"]])
@pytest.mark.parametrize("source", ["dir", "oci", "docker"])
def test_an_index_with_all_its_images(world, layouts, source, how):
    """Every manifest, and the index over them, as the peer writes it."""
    assert world.copy("kegcopy", f"oci:{layouts('multi')}", world.name(source, "first"), "--all") == ""
    for program in PROGRAMS:
        assert world.copy(program, world.name(source, "first"), f"dir:{world.folder}/{program}", "--all", *how) == ""
    assert files(world.folder / "kegcopy") == files(world.folder / "skopeo")
    assert world.copy("kegcopy", f"dir:{world.folder}/skopeo", world.name("oci", "back"), "--all", "--format", "oci") == ""


@pytest.mark.parametrize("arch", ["amd64", "s390x"])
@pytest.mark.parametrize("source", INDEX_PLACES)
def test_one_image_of_an_index(world, layouts, source, arch):
    """The instance for the platform goes everywhere, as any image."""
    assert world.copy("kegcopy", f"oci:{layouts('multi')}", world.name(source, "first"), "--all") == ""
    before = [f"--override-arch={arch}"]
    assert world.copy("skopeo", world.name(source, "first"), f"dir:{world.folder}/one.d", before=before) == ""
    raw, blob = world.look("dir", "one")
    config = blob(json.loads(raw)["config"]["digest"])
    assert json.loads(config)["architecture"] == arch
    for place in PLACES:
        assert check_copy(world, world.name(source, "first"), place, layers_of(raw), config, before=before) == \
            json.loads(config)["rootfs"]["diff_ids"]


@pytest.mark.parametrize("source", INDEX_PLACES)
def test_an_index_goes_where_one_can_be(world, layouts, source):
    """And back, each of its images with the bytes that it had; other places refuse it."""
    assert world.copy("kegcopy", f"oci:{layouts('multi')}", world.name(source, "first"), "--all") == ""
    assert world.copy("kegcopy", f"oci:{layouts('multi')}", f"dir:{world.folder}/original", "--all") == ""
    original = files(world.folder / "original")
    for place in PLACES:
        failed = [world.copy(program, world.name(source, "first"), world.name(place, program), "--all") for program in PROGRAMS]
        if place not in INDEX_PLACES:
            assert "" not in failed
            continue
        assert failed == ["", ""]
        for program in PROGRAMS:
            back = world.folder / f"{place}-{program}"
            assert world.copy("kegcopy", world.name(place, program), f"dir:{back}", "--all") == ""
            assert files(back) == original


@pytest.mark.parametrize("packing", ["none", "gzip"])  # Debian's Skopeo takes zstd for a plain tar
def test_a_tarball_goes_everywhere(world, packing):
    """Debian's Skopeo does not say in the manifest which type it is of, later ones do."""
    tars = [make_images.Layer().add(name, name.encode()).bytes() for name in ("one", "two")]
    for number, tar in enumerate(tars):
        (world.folder / f"{number}.tar").write_bytes(make_images.pack(tar, packing)[0])
        os.utime(world.folder / f"{number}.tar", (1600000000 + number, 1600000000.5))
    source = f"tarball:{world.folder}/0.tar:{world.folder}/1.tar"
    assert world.copy("skopeo", source, f"dir:{world.folder}/one.d") == ""
    raw, blob = world.look("dir", "one")
    config = blob(json.loads(raw)["config"]["digest"])
    assert json.loads(config)["rootfs"]["diff_ids"] == [sha256(tar) for tar in tars]
    for place in PLACES:
        assert check_copy(world, source, place, layers_of(raw), config, untold=["mediaType"]) == \
            [sha256(tar) for tar in tars]


@pytest.fixture(scope="module")
def old_registry():
    """One that takes schema 1 still."""
    registry = DockerRegistry(auth="compatibility: {schema1: {enabled: true}}")
    yield registry
    registry.stop()


def unsigned(raw):
    """A manifest of schema 1 without what each writer makes anew, or another one as it is."""
    manifest = json.loads(raw)
    return {name: value for name, value in manifest.items() if name not in ("signatures", "name", "tag")} \
        if manifest["schemaVersion"] == 1 else raw


@pytest.mark.parametrize("source", ["dir", "docker"])
def test_schema_1_goes_everywhere(sandbox, old_registry, layouts, tmp_path, source):
    """Kept where it can be; what it becomes elsewhere is what the peer makes of it."""
    world = World(sandbox, old_registry, tmp_path)
    assert world.copy("skopeo", f"oci:{layouts('small')}", world.name(source, "first"), "--format", "v2s1") == ""
    diff_ids = None
    for place in PLACES:
        failed = [world.copy(program, world.name(source, "first"), world.name(place, program)) for program in PROGRAMS]
        assert failed == ["", ""]
        (ours, blob), (theirs, _) = (world.look(place, program) for program in PROGRAMS)
        if place in ("dir", "docker", "store"):
            assert json.loads(ours)["schemaVersion"] == 1 and unsigned(ours) == unsigned(theirs)
        else:
            assert seen(world, place, "kegcopy", set()) == seen(world, place, "skopeo", set())
            found = json.loads(blob(json.loads(ours)["config"]["digest"]))["rootfs"]["diff_ids"]
            assert diff_ids in (None, found)
            diff_ids = found
    sandbox.run("podman", "rmi", "-af", check=False)


NAME = "example.com/app:1"


@pytest.fixture
def signing(world, keys):
    """A world with keys and a lookaside."""
    folder = world.sandbox.dir / "etc/registries.d"
    folder.mkdir(exist_ok=True)
    (folder / "tests.yaml").write_text(f"default-docker: {{lookaside: 'file://{world.folder}/signs'}}\n")
    yield world
    (folder / "tests.yaml").unlink()


def complaint(said):
    """The text of a message of either program."""
    found = re.search(r'Can not copy signatures to .*|Would invalidate signatures.*', said.replace('\\"', '"'))
    assert found, said
    return found[0].strip().rstrip('"').split(":")[0]


@pytest.mark.parametrize("signer", PROGRAMS)
@pytest.mark.parametrize("source", ["dir", "docker"])
def test_a_signed_image_goes_where_signatures_are_kept(signing, keys, layouts, source, signer):
    """Elsewhere both programs refuse it in the same words, and take it without its signatures."""
    world, env = signing, {"GNUPGHOME": str(keys.home)}
    assert world.copy(signer, f"oci:{layouts('small')}", world.name(source, "first"), "--sign-by=alice@example.org",
                      *(["--sign-identity", NAME] if source == "dir" else []), env=env) == ""
    raw, blob = world.look(source, "first")
    for place in PLACES:
        failed = [world.copy(program, world.name(source, "first"), world.name(place, program)) for program in PROGRAMS]
        if place in ("oci", "oci-archive", "docker-archive"):
            assert "" not in failed and complaint(failed[0]) == complaint(failed[1])
            failed = [world.copy(program, world.name(source, "first"), world.name(place, program), "--remove-signatures")
                      for program in PROGRAMS]
        assert failed == ["", ""]
        assert seen(world, place, "kegcopy", layers_of(raw)) == seen(world, place, "skopeo", layers_of(raw))
    signature, = world.folder.glob("kegcopy.d/signature-1")
    assert signature.read_bytes() == (world.folder / "skopeo.d/signature-1").read_bytes()
    assert world.look("dir", "kegcopy")[0] == world.look("docker", "kegcopy")[0] == world.look("store", "kegcopy")[0] == raw
    # What the registry has is signed by both; the store's layers are unpacked, so nothing signed leaves it.
    for program in PROGRAMS:
        assert world.copy("kegcopy", world.name("docker", program), f"dir:{world.folder}/back-{program}.d") == ""
        assert (world.folder / f"back-{program}.d/signature-1").read_bytes() == signature.read_bytes()
        assert "Would invalidate signatures" in world.copy(program, world.name("store", program), f"dir:{world.folder}/no.d")


def test_sigstores_signatures_go_where_they_are_kept(signing, layouts):
    """Debian's Skopeo knows none of them: ours alone, in a folder, beside the image on a registry, and in the store."""
    world = signing
    (world.sandbox.dir / "etc/registries.d/tests.yaml").write_text("default-docker: {use-sigstore-attachments: true}\n")
    (world.folder / "passphrase").write_text("secret\n")
    world.sandbox.run("kegcopy", "generate-sigstore-key", f"--output-prefix={world.folder}/key",
                      f"--passphrase-file={world.folder}/passphrase")
    (world.folder / "policy.json").write_text(policy(REJECT, **{transport: {"": [
        {"type": "sigstoreSigned", "keyPath": f"{world.folder}/key.pub", **for_name(NAME)}]}
        for transport in ("dir", "docker")}))
    strict = [f"--policy={world.folder}/policy.json"]
    assert world.copy("kegcopy", f"oci:{layouts('small')}", world.name("dir", "first"), "--sign-identity", NAME,
                      f"--sign-by-sigstore-private-key={world.folder}/key.private",
                      f"--sign-passphrase-file={world.folder}/passphrase") == ""
    raw, _ = world.look("dir", "first")
    for source, place in (("dir", "docker"), ("docker", "dir"), ("docker", "store")):
        name = "first" if source == "dir" else "second"
        assert world.copy("kegcopy", world.name(source, name), world.name(place, "second"), before=strict) == ""
        assert world.look(place, "second")[0] == raw
    assert (world.folder / "first.d/signature-1").read_bytes() == (world.folder / "second.d/signature-1").read_bytes()
    for place in ("oci", "oci-archive", "docker-archive"):
        assert "Can not copy signatures" in world.copy("kegcopy", world.name("docker", "second"), world.name(place, "third"))
        assert world.copy("kegcopy", world.name("docker", "second"), world.name(place, "third"), "--remove-signatures") == ""


@pytest.mark.parametrize("image", ["small", "zstd", "plain"])
def test_dockers_engine_as_a_place(docker, docker_registry, layouts, tmp_path, image):
    """From each place into it, and out of it to each, as the peer does."""
    world = World(docker.sandbox, docker_registry, tmp_path)
    host = f"unix:///run/{docker.name}.sock"
    for source in PLACES:
        assert world.copy("kegcopy", f"oci:{layouts(image)}", world.name(source, "first")) == ""
        assert world.copy("kegcopy", world.name(source, "first"), f"docker-daemon:{image}:{source}",
                          f"--dest-daemon-host={host}") == ""
    ids = {docker.inspect(f"{image}:{source}", ".Id") for source in PLACES}
    layers = json.loads(docker("inspect", f"{image}:dir").stdout)[0]["RootFS"]["Layers"]
    assert len(ids) == 1
    for place in PLACES:
        failed = [world.copy(program, f"docker-daemon:{image}:dir", world.name(place, program), f"--src-daemon-host={host}")
                  for program in PROGRAMS]
        assert failed == ["", ""]
        ours = seen(world, place, "kegcopy", set())
        assert ours == seen(world, place, "skopeo", set())
        assert json.loads(ours[1])["rootfs"]["diff_ids"] == layers
    docker.sandbox.run("podman", "rmi", "-af", check=False)
