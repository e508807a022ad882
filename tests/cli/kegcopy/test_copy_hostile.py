# SPDX-License-Identifier: Apache-2.0
"""kegcopy and registries that lie or break: one line, nothing half made, and a retry succeeds."""
import json
import os
import subprocess

import pytest
from faulty_registry import DOCKER_MANIFEST, deep_json, digest
from registry_fixture import BUILD

BIG = os.urandom(3_000_000)


@pytest.fixture
def registry(faulty_registry):
    started = faulty_registry()
    started.image = started.add_image("app", "1", layers=[{"big": BIG}, {"hello": b"world"}])
    return started


@pytest.fixture
def kegcopy(tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
                   "TMPDIR": str(tmp_path), "KEG_BLOB_CACHE": str(tmp_path / "blobs")}

    def run(*words, env=None):
        return subprocess.run([BUILD / "kegcopy", "--insecure-policy", *words], env={**environment, **(env or {})},
                              capture_output=True, text=True, timeout=55, check=False)

    return run


def pull(kegcopy, registry, target, reference=":1"):
    return kegcopy("copy", "--src-tls-verify=false", f"docker://{registry.host}/app{reference}", f"dir:{target}")


def assert_refused(done, *parts):
    """One clear line that holds all of `parts`."""
    errors = [line for line in done.stderr.splitlines() if not line.startswith("hint: ")]
    assert done.returncode == 1
    assert len(errors) == 1, done.stderr
    for part in parts:
        assert part in errors[0]


def assert_pulled(done, registry, target):
    assert done.returncode == 0, done.stderr
    for descriptor in [registry.image["config"], *registry.image["layers"]]:
        assert digest((target / descriptor["digest"].partition(":")[2]).read_bytes()) == descriptor["digest"]
    assert digest((target / "manifest.json").read_bytes()) == registry.image["digest"]


@pytest.mark.parametrize("how", [
    {"flip": True}, {"length": 17}, {"length": 10_000_000}, {"status": 404}, {"status": 403},
    {"redirect": "loop", "times": -1}, {"redirect": "ftp://x/y"}, {"endless": True},
], ids=str)
def test_a_bad_layer_leaves_nothing_and_a_retry_succeeds(kegcopy, registry, tmp_path, how):
    layer = registry.image["layers"][0]["digest"]
    fault = registry.fault(layer, **how)
    target = tmp_path / "out"
    done = pull(kegcopy, registry, target)
    assert_refused(done, layer)
    assert not (target / "manifest.json").exists()
    assert not (target / layer.partition(":")[2]).exists()
    registry.faults.remove(fault)
    assert_pulled(pull(kegcopy, registry, target), registry, target)


@pytest.mark.parametrize("how", [
    {"cut": 0}, {"cut": 1_500_000}, {"status": 503, "times": 2}, {"status": 429, "retry_after": 1},
], ids=str)
def test_passing_trouble_is_not_noticed(kegcopy, registry, tmp_path, how):
    registry.fault("blob", **how)
    assert_pulled(pull(kegcopy, registry, tmp_path / "out"), registry, tmp_path / "out")


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"text"', b'{"schemaVersion": 2}', deep_json(100_000),
    b'{"schemaVersion":2,"config":{},"layers":[]}', b"\xff\xfe",
], ids=lambda body: repr(body[:12]))
def test_a_malformed_manifest_is_refused(kegcopy, registry, tmp_path, body):
    registry.fault("manifest", status=200, body=body, headers={"Content-Type": DOCKER_MANIFEST}, times=-1)
    assert_refused(pull(kegcopy, registry, tmp_path / "out"), registry.host)


@pytest.mark.parametrize("change", [
    {"digest": "sha256:../../../etc/passwd"}, {"digest": "sha256:" + "0" * 63}, {"digest": "md5:" + "0" * 32},
    {"digest": ""}, {"size": -1}, {"size": 1 << 62}, {"size": "7"},
], ids=str)
def test_a_hostile_descriptor_is_refused(kegcopy, registry, tmp_path, change):
    manifest = {key: value for key, value in registry.image.items() if key != "digest"}
    manifest["layers"] = [{**manifest["layers"][0], **change}]
    registry.add_manifest("app", "1", json.dumps(manifest).encode())
    assert_refused(pull(kegcopy, registry, tmp_path / "out"))
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_manifest_other_than_asked_for_is_refused(kegcopy, registry, tmp_path):
    registry.fault("manifest", flip=True)
    done = pull(kegcopy, registry, tmp_path / "out", "@" + registry.image["digest"])
    assert_refused(done, "does not match its digest")


@pytest.mark.parametrize("reference, message", [
    (":nope", "manifest unknown"), ("@sha256:" + "0" * 64, "manifest unknown"),
])
def test_an_unknown_image_is_said(kegcopy, registry, tmp_path, reference, message):
    assert_refused(pull(kegcopy, registry, tmp_path / "out", reference), message, registry.host)


def test_mirrors_are_tried_in_order(kegcopy, registry, tmp_path):
    (tmp_path / "r.conf").write_text(f"""
[[registry]]
prefix = "example.invalid"
location = "localhost:9"
insecure = true
[[registry.mirror]]
location = "localhost:9/none"
insecure = true
[[registry.mirror]]
location = "{registry.host}"
insecure = true
""")
    env = {"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "r.conf")}
    done = kegcopy("copy", "docker://example.invalid/app:1", f"dir:{tmp_path}/out", env=env)
    assert_pulled(done, registry, tmp_path / "out")
    done = kegcopy("copy", "docker://example.invalid/none:1", f"dir:{tmp_path}/none", env=env)
    assert_refused(done, "Mirrors also failed: [localhost:9/none/none:1: pinging container registry localhost:9",
                   f"{registry.host}/none:1: reading manifest 1 in {registry.host}/none: manifest unknown",
                   "localhost:9/none:1: pinging container registry localhost:9")


def test_a_blocked_registry_is_not_asked(kegcopy, registry, tmp_path):
    (tmp_path / "r.conf").write_text(f'[[registry]]\nlocation = "{registry.host}"\nblocked = true\n')
    done = kegcopy("copy", "--src-tls-verify=false", f"docker://{registry.host}/app:1", f"dir:{tmp_path}/out",
                   env={"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "r.conf")})
    assert_refused(done, f"registry {registry.host} is blocked in {tmp_path}/r.conf")
    assert not registry.requests


def test_an_upload_that_breaks_leaves_no_tag(kegcopy, registry, tmp_path):
    assert_pulled(pull(kegcopy, registry, tmp_path / "out"), registry, tmp_path / "out")
    registry.blobs.clear()
    registry.fault("upload", method="PATCH", status=507)
    push = ("copy", "--dest-tls-verify=false", f"dir:{tmp_path}/out", f"docker://{registry.host}/pushed:1")
    assert_refused(kegcopy(*push), "507 (Insufficient Storage)")
    assert ("pushed", "1") not in registry.manifests
    assert kegcopy(*push).returncode == 0
    assert registry.manifests["pushed", "1"][0] == (tmp_path / "out" / "manifest.json").read_bytes()
