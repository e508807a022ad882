# SPDX-License-Identifier: Apache-2.0
"""Simple signatures: made, kept in each place that keeps them, and asked for by a policy."""
import base64
import hashlib
import json

import pytest

from gpg_keys import ACCEPT, LONG_AGO, REJECT, for_name, policy, signed_by

NAME = "example.com/app:1"
LAX = "--dest-tls-verify=false", "--src-tls-verify=false"


@pytest.fixture
def copy(kegcopy, keys):
    """kegcopy with the keys, and a policy that takes what alice has signed."""
    kegcopy.env["GNUPGHOME"] = str(keys.home)
    kegcopy.policy = lambda text: (kegcopy.folder / "policy.json").write_text(text)
    kegcopy.strict = lambda name="alice": kegcopy.policy(policy(
        REJECT, dir={"": signed_by(keys.public(name), **for_name(NAME))},
        docker={"": signed_by(keys.public(name))}, **{"containers-storage": {"": signed_by(keys.public(name))}}))
    return kegcopy


@pytest.fixture
def signed(copy, images, tmp_path):
    """A folder with an image that alice has signed."""
    copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/signed", "--sign-by=alice@example.org", "--sign-identity", NAME)
    return tmp_path / "signed"


@pytest.fixture
def lookaside(copy, tmp_path):
    """registries.d in the home, so that it is found without an option; and where signatures go."""
    folder = tmp_path / ".config/containers/registries.d"
    folder.mkdir(parents=True)
    (folder / "test.yaml").write_text(f"default-docker: {{lookaside: 'file://{tmp_path}/lookaside'}}\n")
    return tmp_path / "lookaside"


def digest_of(folder):
    return "sha256:" + hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def test_what_is_signed_is_verified_and_goes_along(copy, keys, signed, tmp_path):
    said = json.loads(keys.gpg("--decrypt", str(signed / "signature-1")))
    assert said["critical"] == {"type": "atomic container signature", "identity": {"docker-reference": NAME},
                                "image": {"docker-manifest-digest": digest_of(signed)}}
    assert said["optional"]["creator"].startswith("keg ")
    copy.strict()
    copy.copy(f"dir:{signed}", f"dir:{tmp_path}/out")
    assert (tmp_path / "out/signature-1").read_bytes() == (signed / "signature-1").read_bytes()


def test_signatures_stay_behind_when_told(copy, signed, tmp_path):
    copy.strict()
    copy.copy(f"dir:{signed}", f"dir:{tmp_path}/out", "--remove-signatures")
    assert not list((tmp_path / "out").glob("*signature*"))


@pytest.mark.parametrize("by, says", [("bob", "Invalid GPG signature"), (None, "A signature was required, but no")])
def test_another_key_or_none_is_rejected(copy, images, tmp_path, by, says):
    options = [f"--sign-by={by}@example.org", "--sign-identity", NAME] if by else []
    copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/in", *options)
    copy.strict()
    assert f"Source image rejected: {says}" in copy.fails("copy", f"dir:{tmp_path}/in", f"dir:{tmp_path}/out")
    assert not (tmp_path / "out").exists()


def test_one_good_signature_of_several_is_enough(copy, signed, tmp_path):
    copy.copy(f"dir:{signed}", f"dir:{tmp_path}/two", "--sign-by=bob@example.org", "--sign-identity", NAME)
    assert sorted(path.name for path in (tmp_path / "two").glob("signature*")) == ["signature-1", "signature-2"]
    for name in ("alice", "bob"):
        copy.strict(name)
        copy.copy(f"dir:{tmp_path}/two", f"dir:{tmp_path}/{name}")
    copy.strict("carol")
    assert "None of the signatures were accepted, reasons: Invalid GPG signature" in copy.fails(
        "copy", f"dir:{tmp_path}/two", f"dir:{tmp_path}/out")


def test_all_requirements_must_agree(copy, keys, signed, tmp_path):
    rules = [*signed_by(keys.public("alice"), **for_name(NAME)), *signed_by(keys.public("bob"), **for_name(NAME))]
    copy.policy(policy(rules))
    assert "Source image rejected: Invalid GPG" in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out")
    copy.ok("--insecure-policy", "copy", "-q", f"dir:{signed}", f"dir:{tmp_path}/two", "--sign-by=bob@example.org",
            "--sign-identity", NAME)
    copy.copy(f"dir:{tmp_path}/two", f"dir:{tmp_path}/out")


@pytest.mark.parametrize("damage, says", [
    (lambda b: b[:len(b) // 2], "Invalid GPG signature"),
    (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "Invalid GPG signature"),
    (lambda b: b"", "empty signature blob"),
    (lambda b: b"hello", "unrecognized signature format"),
], ids=["truncated", "changed", "empty", "text"])
def test_damaged_signatures_are_rejected(copy, signed, tmp_path, damage, says):
    file = signed / "signature-1"
    file.write_bytes(damage(file.read_bytes()))
    copy.strict()
    assert says in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out")


def test_a_signature_for_another_image_or_name_is_rejected(copy, keys, signed, tmp_path):
    copy.strict()
    for digest, name, says in [("sha256:" + "0" * 64, NAME, "Signature for digest sha256:0000"),
                               (digest_of(signed), "example.com/app:2",
                                'Signature for identity example.com/app:2 is not accepted')]:
        (signed / "signature-1").write_bytes(keys.sign("alice", digest, name))
        assert says in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out")


def test_a_payload_that_says_more_is_rejected(copy, keys, signed, tmp_path):
    copy.strict()
    (signed / "signature-1").write_bytes(keys.sign("alice", digest_of(signed), NAME, more=1))
    assert 'Unknown key "more"' in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out")


def test_an_expired_key_is_rejected(copy, keys, signed, tmp_path):
    copy.strict("dan")
    (signed / "signature-1").write_bytes(keys.sign("dan", digest_of(signed), NAME, "--faked-system-time", LONG_AGO))
    assert "the key has expired" in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out")


def test_the_users_own_keys_and_settings_decide_nothing(copy, keys, signed, tmp_path):
    (keys.home / "gpg.conf").write_text("no-such-option\n")
    try:
        copy.strict()
        copy.copy(f"dir:{signed}", f"dir:{tmp_path}/out")
        copy.policy(policy(signed_by(tmp_path / "missing.gpg", **for_name(NAME))))
        assert "missing.gpg: no such file" in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out2")
        (tmp_path / "missing.gpg").write_text("no key\n")
        assert "No public keys imported" in copy.fails("copy", f"dir:{signed}", f"dir:{tmp_path}/out2")
    finally:
        (keys.home / "gpg.conf").unlink()


def test_keys_may_be_several_or_in_the_policy(copy, keys, signed, tmp_path):
    data = base64.b64encode((keys.home / "alice.pub").read_bytes()).decode()
    for source in ({"keyData": data}, {"keyPaths": [keys.public("bob"), keys.public("alice")]}):
        rule = {"type": "signedBy", "keyType": "GPGKeys", **source, **for_name(NAME)}
        copy.policy(policy([rule]))
        copy.copy(f"dir:{signed}", f"dir:{tmp_path}/out")


def test_a_passphrase_is_read_from_a_file(copy, keys, images, tmp_path):
    words = [f"oci:{images('small')}", f"dir:{tmp_path}/out", "--sign-by=carol@example.org", "--sign-identity", NAME]
    keys.forget()
    message = copy.fails("copy", *words, "--sign-passphrase-file", keys.home / "wrong")
    assert "creating signature: " in message and "Bad passphrase" in message
    assert not (tmp_path / "out").exists()
    keys.forget()
    copy.copy(*words, "--sign-passphrase-file", keys.home / "passphrase")
    copy.strict("carol")
    copy.copy(f"dir:{tmp_path}/out", f"dir:{tmp_path}/again")


@pytest.mark.parametrize("options, says", [
    (["--sign-by=nobody@example.org", "--sign-identity", NAME], "nobody@example.org: "),
    (["--sign-by=alice@example.org"], "Cannot determine canonical Docker reference for destination dir:"),
    (["--sign-by=alice@example.org", "--sign-identity=app:1"], "repository name must be canonical"),
    (["--sign-by=alice@example.org", "--sign-identity=example.com/app"], "must be a fully specified reference"),
    (["--sign-passphrase-file=/dev/null"], "--sign-passphrase-file needs --sign-by"),
    (["--sign-by=a", "--sign-by-sq-fingerprint=b"], "--sign-by-sq-fingerprint"),
], ids=["no key", "no name", "short name", "no tag", "no signer", "sequoia"])
def test_what_cannot_be_signed_is_not_copied(copy, images, tmp_path, options, says):
    assert says in copy.fails("copy", f"oci:{images('small')}", f"dir:{tmp_path}/out", *options)
    assert not (tmp_path / "out").exists()


def test_places_without_signatures_say_so(copy, signed, tmp_path):
    for dest in (f"oci:{tmp_path}/o:x", f"oci-archive:{tmp_path}/o.tar", f"docker-archive:{tmp_path}/d.tar:a:1"):
        assert f"Can not copy signatures to {dest}" in copy.fails("copy", f"dir:{signed}", dest)
        copy.copy(f"dir:{signed}", dest, "--remove-signatures")


def test_a_signed_manifest_is_not_changed(copy, signed, tmp_path):
    assert "Would invalidate signatures" in copy.fails("copy", "--format=v2s2", f"dir:{signed}", f"dir:{tmp_path}/out")
    copy.copy(f"dir:{signed}", f"dir:{tmp_path}/out", "--format=v2s2", "--remove-signatures")


def test_each_image_of_an_index_and_the_index_are_signed(copy, keys, images, tmp_path):
    copy.copy(f"oci:{images('multi')}", f"dir:{tmp_path}/all", "--all", "--sign-by=alice@example.org",
              "--sign-identity", NAME)
    index = json.loads((tmp_path / "all/manifest.json").read_text())
    for entry in index["manifests"]:
        assert (tmp_path / "all" / f"{entry['digest'][7:]}.signature-1").exists()
    copy.strict()
    copy.copy(f"dir:{tmp_path}/all", f"dir:{tmp_path}/out", "--all")
    assert len(list((tmp_path / "out").glob("*signature-1"))) == len(index["manifests"]) + 1
    copy.copy(f"dir:{tmp_path}/all", f"dir:{tmp_path}/one")
    (tmp_path / "all" / f"{index['manifests'][0]['digest'][7:]}.signature-1").unlink()
    assert "A signature was required" in copy.fails("copy", "--all", f"dir:{tmp_path}/all", f"dir:{tmp_path}/out2")


def test_the_store_keeps_signatures(copy, keys, images, store, docker_registry, lookaside, tmp_path):
    name = f"docker://{docker_registry.host}/signed/store:1"
    copy.copy(f"oci:{images('small')}", name, *LAX, "--sign-by=alice@example.org")
    copy.strict()
    copy.copy(name, store.name(f"{docker_registry.host}/signed/store:1"), *LAX)
    record, = store.images()
    assert "signatures" in record["big-data-names"]
    sizes = json.loads(record["metadata"])
    assert list(sizes["signatures-sizes"].values()) == [sizes["signature-sizes"]]
    # Layers in the store are unpacked, so what would leave it is another manifest.
    assert "Would invalidate signatures" in copy.fails(
        "copy", store.name(f"{docker_registry.host}/signed/store:1"), f"dir:{tmp_path}/out")
    # Put again without one, it has none.
    copy.copy(name, store.name(f"{docker_registry.host}/signed/store:1"), *LAX, "--remove-signatures")
    record, = store.images()
    assert json.loads(record["metadata"]) == {}


def test_the_lookaside_of_a_registry(copy, keys, images, docker_registry, lookaside, tmp_path):
    name = f"docker://{docker_registry.host}/signed/app"
    copy.copy(f"oci:{images('small')}", f"{name}:1", *LAX, "--sign-by=alice@example.org")
    copy.copy(f"oci:{images('multi')}", f"{name}:plain", *LAX)
    file, = lookaside.glob("signed/app@sha256=*/signature-1")
    copy.strict()
    copy.copy(f"{name}:1", f"dir:{tmp_path}/out", *LAX)
    assert (tmp_path / "out/signature-1").read_bytes() == file.read_bytes()
    digest = digest_of(tmp_path / "out")
    copy.copy(f"{name}@{digest}", f"dir:{tmp_path}/pinned", *LAX)
    assert "A signature was required, but no signature exists" in copy.fails(
        "copy", *LAX, f"{name}:plain", f"dir:{tmp_path}/out2")
    # The same image under a name that was not signed.
    copy.ok("--insecure-policy", "copy", "-q", *LAX, f"{name}:1", f"{name}:2", "--remove-signatures")
    assert f"Signature for identity {docker_registry.host}/signed/app:1 is not accepted" in copy.fails(
        "copy", *LAX, f"{name}:2", f"dir:{tmp_path}/out3")


def test_what_is_signed_again_replaces_what_was(copy, keys, images, docker_registry, lookaside, tmp_path):
    name = f"docker://{docker_registry.host}/signed/again:1"
    for n in (1, 2, 1):
        copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/{n}", "--sign-by=alice@example.org",
                  "--sign-identity", NAME)
        if n == 2:
            copy.copy(f"dir:{tmp_path}/2", f"dir:{tmp_path}/2b", "--sign-by=bob@example.org", "--sign-identity", NAME)
        copy.copy(f"dir:{tmp_path}/{'2b' if n == 2 else n}", name, *LAX)
        assert len(list(lookaside.glob("signed/again@*/*"))) == n


def test_a_lookaside_on_a_web_server_is_read_and_not_written(copy, keys, signed, faulty_registry, tmp_path):
    registry = faulty_registry()
    made = registry.add_image("app", "1", layers=[{"a": b"b"}])
    folder = tmp_path / "registries.d"
    folder.mkdir()
    (folder / "a.yaml").write_text(f"docker:\n  {registry.host}: {{lookaside: 'http://{registry.host}/signs'}}\n")
    path = f"/signs/app@{made['digest'].replace(':', '=')}/signature-1"
    registry.files[path] = keys.sign("alice", made["digest"], f"{registry.host}/app:1")
    copy.strict()
    words = "--registries.d", folder, "copy", "-q", *LAX
    copy.ok(*words, f"docker://{registry.host}/app:1", f"dir:{tmp_path}/out")
    assert (tmp_path / "out/signature-1").read_bytes() == registry.files[path]
    assert "Configure a lookaside-staging: location" in copy.fails(
        "--insecure-policy", *words, f"dir:{signed}", f"docker://{registry.host}/app:2")
    registry.fault(path, status=403)
    assert "403" in copy.fails(*words, f"docker://{registry.host}/app:1", f"dir:{tmp_path}/out2")


def test_a_registry_that_keeps_signatures_itself(copy, keys, images, faulty_registry, tmp_path):
    registry = faulty_registry(keeps_signatures=True)
    name = f"docker://{registry.host}/app:1"
    for by in ("alice", "bob"):
        copy.copy(f"oci:{images('small')}", name, *LAX, f"--sign-by={by}@example.org")
    kept, = registry.signatures.values()
    assert [one["type"] for one in kept] == ["atomic", "atomic"] and kept[0]["schemaVersion"] == 2
    copy.strict()
    copy.copy(name, f"dir:{tmp_path}/out", *LAX)
    assert (tmp_path / "out/signature-2").read_bytes() == base64.b64decode(kept[1]["content"])


def test_endless_signatures_end(copy, keys, faulty_registry, tmp_path):
    registry = faulty_registry(keeps_signatures=True)
    made = registry.add_image("app", "1", layers=[{"a": b"b"}])
    one = {"schemaVersion": 2, "type": "atomic", "name": "x", "content": base64.b64encode(b"\x90").decode()}
    registry.signatures["app", made["digest"]] = [one] * 129
    assert "more than 128 signatures" in copy.fails("copy", *LAX, f"docker://{registry.host}/app:1",
                                                    f"dir:{tmp_path}/out")


def test_synced_images_are_signed(copy, keys, images, docker_registry, lookaside, tmp_path):
    copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/in/app:1")
    copy.ok("sync", "--dest-tls-verify=false", "-s", "dir", "-d", "docker", f"{tmp_path}/in",
            f"{docker_registry.host}/synced", "--sign-by=alice@example.org")
    copy.strict()
    copy.copy(f"docker://{docker_registry.host}/synced/app:1", f"dir:{tmp_path}/out", *LAX)


# standalone


def test_signatures_in_files(copy, keys, signed, tmp_path):
    manifest, file = signed / "manifest.json", tmp_path / "signature"
    fingerprint = keys.fingerprints["alice"]
    copy.ok("standalone-sign", manifest, NAME, "alice@example.org", "-o", file)
    assert copy.ok("standalone-verify", manifest, NAME, fingerprint, file) == \
        f"Signature verified, digest {digest_of(signed)}\n"
    said = f"Signature verified using fingerprint {fingerprint}, digest {digest_of(signed)}\n"
    for options, who in ([], f"{'0' * 40},{fingerprint}"), (["--public-key-file", keys.public("alice")], "any"):
        assert copy.ok("standalone-verify", *options, manifest, NAME, who, file) == said


@pytest.mark.parametrize("words, says", [
    (["{manifest}", "example.com/other:1", "{alice}"], 'Docker reference "example.com/app:1" does not match'),
    (["{manifest}", NAME, "{bob}"], "is not accepted"),
    (["/dev/null", NAME, "{alice}"], "Signature for docker digest"),
    (["{manifest}", NAME, "any"], "Cannot use any fingerprint without a public key file"),
    (["--public-key-file={home}/bob.asc", "{manifest}", NAME, "any"], "Invalid GPG signature"),
    (["--public-key-file=/dev/null", "{manifest}", NAME, "any"], "Invalid GPG signature"),
    (["/missing", NAME, "{alice}"], "Error reading manifest from /missing"),
])
def test_signatures_in_files_that_will_not_do(copy, keys, signed, words, says):
    values = {**keys.fingerprints, "manifest": signed / "manifest.json", "home": keys.home}
    words = [word.format(**values) for word in words]
    assert says in copy.fails("standalone-verify", *words, signed / "signature-1")


def test_a_signature_wants_a_place_and_a_key(copy, keys, signed, tmp_path):
    manifest = signed / "manifest.json"
    assert "--output" in copy.fails("standalone-sign", manifest, NAME, "alice@example.org")
    assert "Error creating signature: " in copy.fails("standalone-sign", manifest, NAME, "x@y", "-o", tmp_path / "s")
    assert "Error reading /missing" in copy.fails("standalone-sign", "/missing", NAME, "x@y", "-o", tmp_path / "s")
    keys.forget()
    assert "Bad passphrase" in copy.fails("standalone-sign", "--passphrase-file", keys.home / "wrong", manifest, NAME,
                                          "carol@example.org", "-o", tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_accepting_anything_asks_nothing(copy, signed, tmp_path):
    (signed / "signature-1").write_bytes(b"\x90nonsense")
    copy.policy(policy(ACCEPT))
    copy.copy(f"dir:{signed}", f"dir:{tmp_path}/out")
