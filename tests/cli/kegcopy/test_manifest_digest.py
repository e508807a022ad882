# SPDX-License-Identifier: Apache-2.0
"""manifest-digest, beside the peer where it is installed."""
import base64
import hashlib
import json
import shutil
import subprocess

import pytest


def url64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# A point of the curve: the peer looks whether the key could be one.
POINT = {"x": url64(bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")),
         "y": url64(bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"))}


def signature(payload, length, **changes):
    protected = {"formatLength": length, "formatTail": url64(payload[length:]), "time": "2020-01-01T00:00:00Z"}
    header = {"jwk": {"crv": "P-256", "kty": "EC", **POINT}, "alg": "ES256"}
    return {"header": header, "signature": url64(b"never verified"),
            "protected": url64(json.dumps({**protected, **changes}).encode())}


def signed(*signatures):
    """(payload, what stands in the file): the signatures go in before the last brace."""
    payload = json.dumps({"schemaVersion": 1, "name": "a/b", "tag": "1", "architecture": "amd64", "fsLayers": [],
                          "history": []}, indent=3).encode()
    length = len(payload) - 2
    made = [signature(payload, length, **changes) for changes in signatures]
    return payload, payload[:length] + b',\n   "signatures": ' + json.dumps(made).encode() + b"\n}"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("content", [b'{"schemaVersion": 2}', b"", b"no JSON\n", b'{"schemaVersion": 1}',
                                     b'{"schemaVersion": 2, "signatures": [{}]}'])
def test_of_bytes(kegcopy, tmp_path, content):
    (tmp_path / "m").write_bytes(content)
    assert kegcopy.ok("manifest-digest", "m") == sha256(content) + "\n"


@pytest.mark.parametrize("signatures", [1, 2])
def test_signatures_within_do_not_count(kegcopy, tmp_path, signatures):
    payload, content = signed(*[{}] * signatures)
    (tmp_path / "m").write_bytes(content)
    assert kegcopy.ok("manifest-digest", "m") == sha256(payload) + "\n"
    if shutil.which("skopeo"):
        peer = subprocess.run(["skopeo", "manifest-digest", tmp_path / "m"], capture_output=True, text=True, check=True)
        assert peer.stdout == sha256(payload) + "\n"


@pytest.mark.parametrize("signatures, message", [
    ([{"formatLength": 1 << 40}], "formatLength: not within the manifest"),
    ([{"formatLength": -1}], "formatLength: not within the manifest"),
    ([{"formatTail": "!"}], "formatTail: "),
    ([{}, {"formatLength": 3}], "they sign different contents"),
    ([], "no signatures"),
])
def test_signatures_that_do_not_fit(kegcopy, tmp_path, signatures, message):
    (tmp_path / "m").write_bytes(signed(*signatures)[1])
    assert f"Error computing digest: signatures of the manifest: {message}" in kegcopy.fails("manifest-digest", "m")


def test_a_file_that_is_not_there(kegcopy):
    assert "Error reading manifest from nowhere" in kegcopy.fails("manifest-digest", "nowhere")
