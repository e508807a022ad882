# SPDX-License-Identifier: Apache-2.0
"""push, save and pull: images out of the store and back."""
import json
import subprocess
import tarfile
import time
import uuid

import pytest

from kegtool import IMAGE

LAX = "--tls-verify=false"


@pytest.fixture
def repository(docker_registry):
    return f"{docker_registry.host}/{uuid.uuid4().hex[:8]}"


@pytest.fixture
def folder(keg):
    """A place of the user's."""
    return keg.file(f"{uuid.uuid4().hex[:8]}.txt")[:-4]


def config_of(keg, name):
    return keg("image", "inspect", "--format", "{{.Id}}", name).out.strip()


def test_a_pushed_image_is_pulled_again(keg, repository, folder):
    before = config_of(keg, IMAGE)
    digestfile = folder + ".digest"
    keg("push", "-q", LAX, "--digestfile", digestfile, IMAGE, f"{repository}:1")
    with open(digestfile, encoding="ascii") as file:
        digest = file.read()
    assert keg("pull", "-q", LAX, f"{repository}@{digest}").out.strip() == before
    keg("rmi", f"{repository}@{digest}")


def test_the_name_is_the_destination(keg, repository):
    keg("tag", IMAGE, f"{repository}:2")
    keg("push", "-q", LAX, f"{repository}:2")
    keg("rmi", f"{repository}:2")
    keg("pull", "-q", LAX, f"docker://{repository}:2")
    keg("rmi", f"{repository}:2")
    assert "no destination" in keg.fails("push", LAX, config_of(keg, IMAGE)).err
    assert "image not known" in keg.fails("push", LAX, "nosuch", f"{repository}:2").err


@pytest.mark.parametrize("options, media_type, layer", [
    (["--format=oci", "--compression-format=zstd", "--compression-level=1"], "application/vnd.oci.image.manifest.v1+json", "+zstd"),
    (["--format=v2s2"], "application/vnd.docker.distribution.manifest.v2+json", ".gzip"),
])
def test_formats_of_a_push(keg, repository, options, media_type, layer, folder):
    keg("push", "-q", LAX, *options, IMAGE, f"{repository}:1")
    keg("push", "-q", *options, "--compress", IMAGE, f"dir:{folder}")
    with open(f"{folder}/manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    assert manifest["mediaType"] == media_type
    assert all(entry["mediaType"].endswith(layer) for entry in manifest["layers"])


def test_a_push_compresses_as_containers_conf_says(keg, folder):
    conf = keg.file("containers.conf", '[engine]\ncompression_format = "zstd:chunked"\n')
    keg("push", "-q", "--compress", "--format=oci", IMAGE, f"dir:{folder}", env={"CONTAINERS_CONF": conf})
    with open(f"{folder}/manifest.json", encoding="utf-8") as file:
        (layer,) = json.load(file)["layers"]
    assert layer["mediaType"].endswith("+zstd") and "zstd-chunked" in str(layer["annotations"])
    conf = keg.file("containers.conf", '[engine]\ncompression_format = "lzma"\n')
    assert "compression_format in containers.conf" in keg.fails("push", IMAGE, f"dir:{folder}", env={"CONTAINERS_CONF": conf}).err


@pytest.mark.parametrize("option, message", [
    ("--format=x", "unknown format"), ("--compression-format=lzma", "choose gzip, zstd or zstd:chunked"),
    ("--compression-level=99", "invalid --compression-level"), ("--force-compression", "needs --compression-format"),
    ("--retry-delay=soon", "invalid --retry-delay"), ("--encryption-key=x", "--encryption-key"),
])
def test_bad_options_of_a_push(keg, option, message):
    assert message in keg.fails("push", option, IMAGE, "dir:/nowhere").err


def test_an_archive_with_more_names(keg, folder):
    keg("save", "-q", "-o", folder, IMAGE, "other:1", "example.com/third")
    with tarfile.open(folder) as tar:
        (entry,) = json.load(tar.extractfile("manifest.json"))
    assert entry["RepoTags"] == [IMAGE, "localhost/other:1", "example.com/third:latest"]
    loaded = keg("load", "-q", "-i", folder).lines
    assert loaded == [f"Loaded image: {name}" for name in entry["RepoTags"]]
    keg("untag", IMAGE, "other:1", "example.com/third")


def test_an_archive_with_several_images(keg, folder):
    keg.import_busybox("localhost/second:1", "--change", f"LABEL x={uuid.uuid4().hex}")
    keg("save", "-q", "-m", "-o", folder, IMAGE, "second:1")
    with tarfile.open(folder) as tar:
        assert [entry["RepoTags"] for entry in json.load(tar.extractfile("manifest.json"))] == [[IMAGE], ["localhost/second:1"]]
    second = config_of(keg, "second:1")
    keg("rmi", "second:1")
    keg("load", "-q", "-i", folder)
    assert config_of(keg, "second:1") == second
    keg("rmi", "second:1")


@pytest.mark.parametrize("form", ["oci-archive", "oci-dir", "docker-dir", "docker-archive"])
def test_every_format_is_loaded_again(keg, folder, form):
    before = config_of(keg, IMAGE)
    keg("save", "-q", "--format", form, "-o", folder, IMAGE)
    said = keg("load", "-q", "-i", folder).lines
    assert said == [f"Loaded image: sha256:{before}" if form.endswith("dir") else f"Loaded image: {IMAGE}"]


def test_an_archive_to_standard_output(keg):
    saved = keg.start("save", "-q", IMAGE, stdout=subprocess.PIPE)
    out, _ = saved.communicate(timeout=60)
    assert saved.returncode == 0 and b"manifest.json" in out
    keg("save", "-q", "--format=oci-dir", "--uncompressed", "-o", keg.file("layout.txt")[:-4] + uuid.uuid4().hex, IMAGE)


@pytest.mark.parametrize("words, message", [
    (["--compress", IMAGE], "--compress can only be set"), (["--uncompressed", IMAGE], "--uncompressed can only be set"),
    (["--format=oci-archive", IMAGE, "b"], "several images or tags"), (["--format=oci-dir", IMAGE], "wants a folder"),
    (["--format=zip", IMAGE], "unknown format"), (["nosuch"], "image not known"), ([IMAGE, "Not/A:Name!"], "invalid reference format"),
])
def test_bad_options_of_a_save(keg, words, message):
    done = keg.fails("save", *words)
    assert message in done.err and done.out == ""


def test_policies_of_a_pull(keg, repository):
    keg("push", "-q", LAX, IMAGE, f"{repository}:1")
    assert "image not known" in keg.fails("pull", "-q", LAX, "--policy=never", f"{repository}:1").err
    keg("pull", "-q", LAX, "--policy=missing", f"{repository}:1")
    for policy in ("never", "missing", "newer"):
        assert keg("pull", "-q", LAX, f"--policy={policy}", f"{repository}:1").out.strip() == config_of(keg, IMAGE)
    keg("pull", "-q", "--policy=missing", f"{repository}:1")  # nothing is asked for, so it may be http
    assert "unsupported pull policy" in keg.fails("pull", "--policy=x", f"{repository}:1").err
    keg("untag", IMAGE, f"{repository}:1")


def test_pulls_and_pushes_are_tried_again(keg, faulty_registry):
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"f": b"x"}])
    for words in (["pull", "-q", LAX, "--retry=1", "--retry-delay=1ms", f"{registry.host}/app:1"],
                  ["push", "-q", LAX, "--retry=1", "--retry-delay=1ms", IMAGE, f"{registry.host}/new:1"]):
        registry.fault("manifest", status=400, times=1)
        began = time.monotonic()
        keg(*words)
        assert time.monotonic() - began < 30
    assert registry.count("PUT", "/new/manifests/") >= 2
    keg("rmi", f"{registry.host}/app:1")


def test_a_push_and_a_pull_say_what_they_moved(keg, repository):
    assert keg("push", LAX, IMAGE, f"{repository}:1").err.splitlines()[-1].startswith("Moved ")
    assert ", saved " in keg("push", LAX, IMAGE, f"{repository}:2").err.splitlines()[-1]
    assert keg("pull", LAX, f"{repository}:1").err.splitlines()[-1].startswith("Moved ")
    keg("rmi", f"{repository}:1")
