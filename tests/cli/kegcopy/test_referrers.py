# SPDX-License-Identifier: Apache-2.0
"""Manifests that refer to another: where the registry does not list them, the client does."""
import json

import pytest

from faulty_registry import OCI_MANIFEST, digest

TO, FROM = "--dest-tls-verify=false", "--src-tls-verify=false"
SUBJECT = {"mediaType": OCI_MANIFEST, "size": 7, "digest": "sha256:" + "5" * 64}
LIST = ("app", SUBJECT["digest"].replace(":", "-"))


def artifact(registry, tag, **members):
    """In the repository "app"; returns its bytes."""
    config = {"mediaType": "application/vnd.example+json", "size": 2, "digest": registry.add_blob(b"{}")}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [], "subject": SUBJECT, **members}
    registry.add_manifest("app", tag, json.dumps(manifest).encode(), OCI_MANIFEST)
    return json.dumps(manifest).encode()


@pytest.fixture
def copy(kegcopy, faulty_registry):
    """A function that makes an artifact and copies it; returns its bytes."""
    origin = faulty_registry()

    def run(registry, tag, **members):
        made = artifact(origin, tag, **members)
        kegcopy.copy(f"docker://{origin.host}/app:{tag}", f"docker://{registry.host}/app:{tag}", FROM, TO)
        return made
    return run


def test_who_refers_to_a_manifest_is_listed(copy, faulty_registry):
    registry = faulty_registry()
    first = copy(registry, "1", annotations={"a": "b"})
    second = copy(registry, "2", artifactType="application/vnd.example.sbom")
    copy(registry, "2", artifactType="application/vnd.example.sbom")
    assert registry.manifests["app", "1"][0] == first
    index = json.loads(registry.manifests[LIST][0])
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert index["manifests"] == [
        {"mediaType": OCI_MANIFEST, "digest": digest(first), "size": len(first),
         "artifactType": "application/vnd.example+json", "annotations": {"a": "b"}},
        {"mediaType": OCI_MANIFEST, "digest": digest(second), "size": len(second),
         "artifactType": "application/vnd.example.sbom"}]


def test_what_others_wrote_into_the_list_stays(copy, faulty_registry):
    registry = faulty_registry()
    theirs = {"mediaType": OCI_MANIFEST, "digest": "sha256:" + "7" * 64, "size": 9, "org.example": [1]}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [theirs], "x": 1.5}
    registry.add_manifest(*LIST, json.dumps(index).encode(), index["mediaType"])
    copy(registry, "1")
    now = json.loads(registry.manifests[LIST][0])
    assert now["manifests"][0] == theirs and len(now["manifests"]) == 2 and now["x"] == 1.5


def test_a_registry_that_lists_them_itself_is_left_to_it(copy, faulty_registry):
    registry = faulty_registry(referrers=True)
    copy(registry, "1")
    assert LIST not in registry.manifests and ("app", "1") in registry.manifests


@pytest.mark.parametrize("body", [b"{}", b"[]", b"{", b'{"manifests": 7}', b'{"manifests": [7, {}]}'])
def test_a_list_that_is_none(kegcopy, faulty_registry, body):
    registry, origin = faulty_registry(), faulty_registry()
    artifact(origin, "1")
    registry.add_manifest(*LIST, body, "application/vnd.oci.image.index.v1+json")
    words = ("copy", FROM, TO, f"docker://{origin.host}/app:1", f"docker://{registry.host}/app:1")
    if body.endswith(b"{}]}"):
        kegcopy.ok(*words)
    else:
        assert f"to the referrers of {SUBJECT['digest']}: " in kegcopy.fails(*words)
