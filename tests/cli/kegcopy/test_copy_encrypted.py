# SPDX-License-Identifier: Apache-2.0
"""Encrypted layers: what Skopeo encrypts is decrypted, and the other way round."""
import base64
import json
import os
import subprocess

import pytest

from layout_parts import layout_manifest, sha256
from peer import skopeo


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Two pairs, one of them with a passphrase as well, and one of elliptic curves."""
    folder = tmp_path_factory.mktemp("keys")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, timeout=60, capture_output=True)

    for name in ("one", "two"):
        openssl("genrsa", "-out", f"{name}.pem", "2048")
        openssl("rsa", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub")
    openssl("rsa", "-in", "one.pem", "-outform", "DER", "-out", "one.der")
    openssl("rsa", "-in", "one.pem", "-aes256", "-passout", "pass:secret", "-out", "locked.pem")
    openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "ec.pem")
    openssl("ec", "-in", "ec.pem", "-pubout", "-out", "ec.pub")
    (folder / "passphrase").write_text("secret")
    return folder


def blobs(folder):
    return {at.name: at.read_bytes() for at in (folder / "blobs/sha256").iterdir()}


def layers(folder):
    return layout_manifest(folder)[0]["layers"]


@pytest.mark.parametrize("name", ["small", "zstd", "oddities"])
def test_what_the_peer_encrypts_is_decrypted(kegcopy, images, keys, tmp_path, name):
    skopeo("copy", "-q", "--encryption-key", f"jwe:{keys}/one.pub", f"oci:{images(name)}", f"oci:{tmp_path}/enc")
    kegcopy.copy(f"oci:{tmp_path}/enc", f"oci:{tmp_path}/ours", "--decryption-key", keys / "one.pem")
    skopeo("copy", "-q", "--decryption-key", keys / "one.pem", f"oci:{tmp_path}/enc", f"oci:{tmp_path}/theirs")
    assert blobs(tmp_path / "ours") == blobs(tmp_path / "theirs")
    assert layers(tmp_path / "ours") == layers(images(name))


@pytest.mark.parametrize("name", ["small", "zstd", "plain"])
def test_the_peer_decrypts_what_is_encrypted(kegcopy, images, keys, tmp_path, name):
    kegcopy.copy(f"oci:{images(name)}", f"oci:{tmp_path}/enc", "--encryption-key", f"jwe:{keys}/one.pub",
                 "--dest-oci-accept-uncompressed-layers")
    for encrypted, plain in zip(layers(tmp_path / "enc"), layers(images(name))):
        assert encrypted["mediaType"] == plain["mediaType"] + "+encrypted"
        assert encrypted["digest"] != plain["digest"] and encrypted["size"] == plain["size"]
        assert set(encrypted["annotations"]) == {"org.opencontainers.image.enc.keys.jwe", "org.opencontainers.image.enc.pubopts"}
    skopeo("copy", "-q", "--decryption-key", keys / "one.pem", "--dest-oci-accept-uncompressed-layers", f"oci:{tmp_path}/enc",
           f"oci:{tmp_path}/plain")
    assert layers(tmp_path / "plain") == layers(images(name))


@pytest.mark.parametrize("chosen, expected", [("0", [0]), ("-1", [4]), ("1,-2", [1, 3])])
def test_layers_are_chosen(kegcopy, images, keys, tmp_path, chosen, expected):
    kegcopy.copy(f"oci:{images('oddities')}", f"oci:{tmp_path}/enc", "--encryption-key", f"jwe:{keys}/one.pub",
                 f"--encrypt-layer={chosen}")
    types = [layer["mediaType"] for layer in layers(tmp_path / "enc")]
    assert [n for n, name in enumerate(types) if name.endswith("+encrypted")] == expected
    assert "layer index 9 out of range (5 layers exist)" in kegcopy.fails(
        "copy", "--encryption-key", f"jwe:{keys}/one.pub", "--encrypt-layer=9", f"oci:{images('oddities')}",
        f"oci:{tmp_path}/none")


def test_for_several_readers(kegcopy, images, keys, tmp_path):
    readers = [f"--encryption-key=jwe:{keys}/{name}.pub" for name in ("one", "two")]
    kegcopy.copy(f"oci:{images('small')}", f"oci:{tmp_path}/ours", *readers)
    skopeo("copy", "-q", *readers, f"oci:{images('small')}", f"oci:{tmp_path}/theirs")
    for name in ("one", "two"):
        for who in ("ours", "theirs"):
            kegcopy.copy(f"oci:{tmp_path}/{who}", f"oci:{tmp_path}/{who}-{name}", "--decryption-key", keys / f"{name}.pem")
            assert layers(tmp_path / f"{who}-{name}") == layers(images("small"))
        skopeo("copy", "-q", "--decryption-key", keys / f"{name}.pem", f"oci:{tmp_path}/ours", f"oci:{tmp_path}/peer-{name}")


@pytest.fixture
def encrypted(kegcopy, images, keys, tmp_path):
    kegcopy.copy(f"oci:{images('small')}", f"oci:{tmp_path}/enc", "--encryption-key", f"jwe:{keys}/one.pub")
    return tmp_path / "enc"


@pytest.mark.parametrize("key", ["one.pem", "one.der", "locked.pem:secret", "locked.pem:pass=secret",
                                 "locked.pem:file={}/passphrase"])
def test_forms_of_a_private_key(kegcopy, images, keys, encrypted, tmp_path, key):
    kegcopy.copy(f"oci:{encrypted}", f"oci:{tmp_path}/plain", "--decryption-key", f"{keys}/{key.format(keys)}")
    assert layers(tmp_path / "plain") == layers(images("small"))


def test_an_encrypted_image_stays_what_it_is(kegcopy, encrypted, docker_registry, tmp_path):
    remote = f"docker://{docker_registry.host}/{tmp_path.name}:1".lower()
    kegcopy.copy(f"oci:{encrypted}", remote, "--dest-tls-verify=false")
    kegcopy.copy(remote, f"oci:{tmp_path}/back", "--src-tls-verify=false")
    assert blobs(tmp_path / "back") == blobs(encrypted)
    message = kegcopy.fails("copy", f"oci:{encrypted}", f"docker-archive:{tmp_path}/a.tar")
    assert "+encrypted" in message and "has no form in" in message


def test_the_store_takes_it_with_the_key_alone(kegcopy, keys, encrypted, images, store):
    assert "is encrypted, and no key was given to decrypt it" in kegcopy.fails("copy", f"oci:{encrypted}", store.name("app"))
    kegcopy.copy(f"oci:{encrypted}", store.name("app"), "--decryption-key", keys / "one.pem")
    assert store.layers()[0]["diff-digest"] == layout_manifest(images("small"))[1]["rootfs"]["diff_ids"][0]


@pytest.mark.parametrize("words, message", [
    (["--decryption-key", "{keys}/two.pem"], "JWE: No suitable private key found for decryption"),
    (["--decryption-key", "{keys}/nowhere"], "Invalid decryption keys: Unable to read file: open "),
    (["--decryption-key", "{keys}/one.pub"], "one.pub is no private key, or its password is another"),
    (["--decryption-key", "{keys}/locked.pem"], "locked.pem is no private key, or its password is another"),
    (["--decryption-key", "{keys}/ec.pem"], "keys of type EC are not built, only RSA"),
    (["--decryption-key", "provider:x"], 'protocol "provider" is not built'),
    (["--encryption-key", "pgp:me"], 'protocol "pgp" is not built, only jwe'),
    (["--encryption-key", "{keys}/one.pub"], "Invalid recipient format"),
    (["--encryption-key", "jwe:{keys}/one.pem", "--encrypt-layer=x"], "--encrypt-layer"),
    (["--encryption-key", "jwe:{keys}/passphrase"], "File provided is not a public key"),
    (["--encryption-key", "jwe:{keys}/one.pub", "--format=v2s2"], "encryption required together with format"),
    (["--encryption-key", "jwe:a", "--decryption-key", "b"], "cannot be specified together"),
    (["--encrypt-layer=0"], "can only be used with --encryption-key"),
])
def test_what_is_wrong_is_one_line(kegcopy, keys, encrypted, tmp_path, words, message):
    words = [word.format(keys=keys) for word in words]
    assert message in kegcopy.fails("copy", *words, f"oci:{encrypted}", f"dir:{tmp_path}/d")
    assert not (tmp_path / "d").exists()


def change(layout, edit):
    """Another manifest in place of the layout's."""
    index = json.loads((layout / "index.json").read_text())
    manifest, _ = layout_manifest(layout)
    edit(manifest)
    data = json.dumps(manifest).encode()
    (layout / "blobs/sha256" / sha256(data)[7:]).write_bytes(data)
    index["manifests"][0].update({"digest": sha256(data), "size": len(data)})
    (layout / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize("part, message", [
    ("hmac", "could not properly decrypt byte stream"), ("cipher", "unsupported cipher type: other"),
    ("json", "pubopts is malformed"), ("keys", "could not base64 decode the annotation"), ("none", "no key for it is wrapped by JWE")])
def test_annotations_that_were_changed(kegcopy, keys, encrypted, tmp_path, part, message):
    def edit(manifest):
        annotations = manifest["layers"][0]["annotations"]
        keys_name, options_name = "org.opencontainers.image.enc.keys.jwe", "org.opencontainers.image.enc.pubopts"
        options = json.loads(base64.b64decode(annotations[options_name]))
        options.update({"hmac": {"hmac": base64.b64encode(os.urandom(32)).decode()}, "cipher": {"cipher": "other"}}.get(part, {}))
        annotations[options_name] = "!" if part == "json" else base64.b64encode(json.dumps(options).encode()).decode()
        if part == "keys":
            annotations[keys_name] = "!!"
        if part == "none":
            del annotations[keys_name]

    change(encrypted, edit)
    assert message in kegcopy.fails("copy", "--decryption-key", keys / "one.pem", f"oci:{encrypted}", f"oci:{tmp_path}/d")
    assert not (tmp_path / "d").exists()
