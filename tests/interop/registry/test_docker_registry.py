# SPDX-License-Identifier: Apache-2.0
"""The client and Debian's docker-registry, with what the peers pushed there and the other way round."""
import hashlib
import json
import subprocess

import pytest
from faulty_registry import FaultyRegistry, digest
from registry_fixture import EAUTH, ENOTFOUND, DockerRegistry


@pytest.fixture
def layout(tmp_path):
    """A dir: image of one layer, made without any of our code."""
    source = FaultyRegistry()
    image = source.add_image("x", "1", layers=[{"file": bytes(range(256)) * 8192}])
    source.server.server_close()
    source.directory.cleanup()
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    (folder / "manifest.json").write_bytes(source.manifests["x", "1"][0])
    for name, data in source.blobs.items():
        (folder / name.partition(":")[2]).write_bytes(data)
    return folder, image


def skopeo(*words):
    subprocess.run(["skopeo", "--insecure-policy", *words], check=True, timeout=60, capture_output=True)


def blob_file(folder, descriptor):
    return folder / descriptor["digest"].partition(":")[2]


def test_what_skopeo_pushed_is_read(registry_probe, docker_registry, layout):
    folder, image = layout
    layer = image["layers"][0]
    host = docker_registry.host
    skopeo("copy", "--dest-tls-verify=false", f"dir:{folder}", f"docker://{host}/read/app:1")
    assert registry_probe("manifest", host, "read/app", "1").out.split()[0] == image["digest"]
    assert registry_probe("digest", host, "read/app", "1").out == image["digest"]
    assert registry_probe("tags", host, "read/app").out == "1"
    assert registry_probe("stat", host, "read/app", layer["digest"]).out == f"1 {layer['size']}"
    assert registry_probe("stat", host, "read/app", digest(b"other")).out == "0 -1"
    assert registry_probe("blob", host, "read/app", layer["digest"], layer["size"]).out == \
        f"{layer['size']} {layer['digest']}"


def test_many_threads_share_a_client(registry_probe, docker_registry, layout):
    folder, image = layout
    layer = image["layers"][0]
    host = docker_registry.host
    skopeo("copy", "--dest-tls-verify=false", f"dir:{folder}", f"docker://{host}/threads/app:1")
    answer = registry_probe("parallel", host, "threads/app", layer["digest"], layer["size"], 16)
    assert answer.out.split("\n") == [f"{layer['size']} {layer['digest']}"] * 16


def test_what_we_push_is_read_by_skopeo(registry_probe, docker_registry, layout, tmp_path):
    folder, image = layout
    host = docker_registry.host
    for descriptor in (image["config"], image["layers"][0]):
        assert registry_probe("put-blob", host, "write/app", blob_file(folder, descriptor)).out == descriptor["digest"]
    manifest = folder / "manifest.json"
    assert registry_probe("put-manifest", host, "write/app", "1", image["mediaType"], manifest).code == 0
    skopeo("copy", "--src-tls-verify=false", f"docker://{host}/write/app:1", f"dir:{tmp_path}/back")
    assert json.loads((tmp_path / "back" / "manifest.json").read_bytes())["layers"] == image["layers"]


def test_a_blob_of_another_repository_is_linked(registry_probe, docker_registry, layout):
    folder, image = layout
    host, name = docker_registry.host, image["config"]["digest"]
    registry_probe("put-blob", host, "mount/from", blob_file(folder, image["config"]))
    assert registry_probe("stat", host, "mount/to", name).out == "0 -1"
    assert registry_probe("mount-blob", host, "mount/to", name, "mount/from").out == "1"
    assert registry_probe("stat", host, "mount/to", name).out == f"1 {image['config']['size']}"
    assert registry_probe("mount-blob", host, "mount/to", digest(b"other"), "mount/from").out == "0"


def test_deleted_means_gone(registry_probe, docker_registry, layout):
    folder, image = layout
    host = docker_registry.host
    skopeo("copy", "--dest-tls-verify=false", f"dir:{folder}", f"docker://{host}/delete/app:1")
    assert registry_probe("delete", host, "delete/app", "1").code == 0
    assert registry_probe("manifest", host, "delete/app", image["digest"]).code == ENOTFOUND
    assert registry_probe("delete", host, "delete/app", "1").code == ENOTFOUND


@pytest.fixture
def locked_registry(tmp_path):
    """With htpasswd and TLS, where Go's server offers HTTP/2."""
    certificates = FaultyRegistry(tls=True)
    top = certificates.directory.name
    done = subprocess.run(["htpasswd", "-Bbn", "u", "pw"], check=True, capture_output=True, text=True, timeout=20)
    (tmp_path / "htpasswd").write_text(done.stdout.strip() + "\n")
    registry = DockerRegistry(auth=f"auth: {{htpasswd: {{realm: test, path: {tmp_path}/htpasswd}}}}",
                              tls=f"tls: {{certificate: {top}/server.crt, key: {top}/server.key}}")
    registry.options = ["--tls-verify=true", f"--cert-dir={certificates.cert_dir}"]
    yield registry
    registry.stop()
    certificates.server.server_close()
    certificates.directory.cleanup()


def test_password_tls_and_http2(registry_probe, locked_registry, tmp_path):
    host = locked_registry.host
    options = [*locked_registry.options, "--user=u", "--password=pw"]
    data = bytes(range(256)) * 40000
    (tmp_path / "blob").write_bytes(data)
    name = "sha256:" + hashlib.sha256(data).hexdigest()
    assert registry_probe("put-blob", host, "a", tmp_path / "blob", options=options).out == name
    answer = registry_probe("parallel", host, "a", name, len(data), 4, options=options)
    assert answer.out.split("\n") == [f"{len(data)} {name}"] * 4


def test_wrong_password(registry_probe, locked_registry):
    answer = registry_probe("manifest", locked_registry.host, "a", "1",
                            options=[*locked_registry.options, "--user=u", "--password=no"])
    assert answer.code == EAUTH
    assert answer.message == f"reading manifest 1 in {locked_registry.host}/a: unauthorized: authentication required"
