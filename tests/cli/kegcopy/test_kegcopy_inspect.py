# SPDX-License-Identifier: Apache-2.0
"""inspect, list-tags and delete, beside the peer where it is installed."""
import hashlib
import json
import shutil
import subprocess

import pytest

from layout_parts import layout_manifest, sha256
from peer import skopeo
from registry_fixture import BUILD

LAX = "--tls-verify=false"


@pytest.mark.parametrize("name", ["small", "multi", "zstd", "oddities"])
@pytest.mark.parametrize("options", [(), ("--raw",), ("--config",), ("--config", "--raw")])
def test_inspect_prints_what_the_peer_prints(kegcopy, images, name, options):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    image = f"oci:{images(name)}"
    ours = kegcopy.ok("inspect", *options, image)
    if not options:  # the peer's newer versions print this
        told = json.loads(ours)
        data = told.pop("LayersData")
        assert [layer["Digest"] for layer in data] == told["Layers"]
        if name != "multi":
            assert data == [{"MIMEType": layer["mediaType"], "Digest": layer["digest"], "Size": layer["size"],
                             "Annotations": None} for layer in layout_manifest(images(name))[0]["layers"]]
        ours = json.dumps(told, indent=4) + "\n"
    assert ours == skopeo("inspect", *options, image)


def test_inspect_of_a_registry(kegcopy, images, docker_registry, tmp_path):
    repository = f"{docker_registry.host}/{tmp_path.name}"
    for tag in ["one", "two"]:
        kegcopy.copy(f"oci:{images('small')}", f"docker://{repository}:{tag}", "--dest-tls-verify=false")
    told = kegcopy.inspect(f"docker://{repository}:one", LAX)
    assert told["Name"] == repository and told["RepoTags"] == ["one", "two"]
    assert told["Digest"] == sha256(kegcopy.ok("inspect", "--raw", LAX, f"docker://{repository}:one").encode())
    assert kegcopy.inspect(f"docker://{repository}:one", LAX, "--no-tags")["RepoTags"] == []
    by_digest = f"docker://{repository}@{told['Digest']}"
    assert kegcopy.inspect(by_digest, LAX)["Layers"] == told["Layers"]


def test_templates(kegcopy, images):
    image = f"oci:{images('small')}"
    layers = layout_manifest(images("small"))[0]["layers"]
    assert kegcopy.ok("inspect", "--format", "{{.Architecture}} {{.Os}}{{.Name}} {{index .Layers 0}}", image) == \
        f"amd64 linux {layers[0]['digest']}\n"
    assert kegcopy.ok("inspect", "--config", "--format", "{{.Config.Env}} {{.RootFS.Type}}", image) == \
        "[PATH=/bin:/usr/bin] layers\n"
    assert kegcopy.ok("inspect", "--format", "{{range .LayersData}}{{.MIMEType}} {{.Size}} {{.Annotations}}{{end}}[{{.Tag}}]",
                      image) == "".join(f"{layer['mediaType']} {layer['size']} map[]" for layer in layers) + "[]\n"
    assert "Nope" in kegcopy.fails("inspect", "--format", "{{.Nope}}", image)


def test_raw_output_takes_no_template(kegcopy, images):
    assert "raw output does not support format option" in \
        kegcopy.fails("inspect", "--raw", "--format={{.Name}}", f"oci:{images('small')}")


def test_the_digest_of_a_manifest_by_another_sum(kegcopy, images):
    image = f"oci:{images('small')}"
    raw = kegcopy.ok("inspect", "--raw", image).encode()
    assert kegcopy.inspect(image, "--manifest-digest=sha512")["Digest"] == "sha512:" + hashlib.sha512(raw).hexdigest()
    assert kegcopy.inspect(image, "--manifest-digest=sha256")["Digest"] == sha256(raw)
    assert 'digest algorithm "md5" is not available' in kegcopy.fails("inspect", "--manifest-digest=md5", image)


def test_no_such_image_has_a_status_of_its_own(kegcopy, images, store):
    kegcopy.copy(f"oci:{images('small')}", f"oci:{kegcopy.folder}/layout:a")
    for missing in [store.name("nothing"), f"oci:{kegcopy.folder}/layout:b"]:
        assert kegcopy.run("inspect", missing).code == 2
        assert kegcopy.run("copy", missing, f"dir:{kegcopy.folder}/out").code == 2
    kegcopy.fails("inspect", f"oci:{kegcopy.folder}/nowhere:b")


def test_layers_of_the_store_are_what_it_gives(kegcopy, images, store):
    kegcopy.copy(f"oci:{images('small')}", store.name("app:1"))
    told = kegcopy.inspect(store.name("app:1"))
    assert told["Name"] == "docker.io/library/app"
    assert told["Layers"] == layout_manifest(images("small"))[1]["rootfs"]["diff_ids"]


def test_tags_of_a_repository(kegcopy, images, docker_registry, tmp_path):
    repository = f"{docker_registry.host}/{tmp_path.name}"
    for tag in ["b", "a"]:
        kegcopy.copy(f"oci:{images('small')}", f"docker://{repository}:{tag}", "--dest-tls-verify=false")
    told = json.loads(kegcopy.ok("list-tags", LAX, f"docker://{repository}"))
    assert told["Repository"] == repository and sorted(told["Tags"]) == ["a", "b"]
    assert "Unsupported transport 'oci' for tag listing" in kegcopy.fails("list-tags", f"oci:{images('small')}")


def test_tags_of_an_archive(kegcopy, images, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"docker-archive:{tmp_path}/a.tar:x/y:1")
    assert json.loads(kegcopy.ok("list-tags", f"docker-archive:{tmp_path}/a.tar")) == {
        "Tags": ["docker.io/x/y:1"]}


def test_an_image_is_deleted(kegcopy, images, docker_registry, store, tmp_path):
    remote = f"docker://{docker_registry.host}/{tmp_path.name}:1"
    kegcopy.copy(f"oci:{images('small')}", remote, "--dest-tls-verify=false")
    kegcopy.ok("delete", LAX, remote)
    assert "manifest unknown" in kegcopy.fails("inspect", LAX, remote)
    kegcopy.copy(f"oci:{images('small')}", store.name("app"))
    kegcopy.ok("delete", store.name("app"))
    assert store.images() == [] and store.layers() == []
    assert "not implemented" in kegcopy.fails("delete", f"oci:{images('small')}")


def test_the_version_names_the_peer_whose_command_line_this_is():
    done = subprocess.run([BUILD / "kegcopy", "--version"], capture_output=True, text=True, check=True)
    assert "skopeo version 1." in done.stdout
