# SPDX-License-Identifier: Apache-2.0
"""Sigstore's signatures: by keys of our own and by certificates, kept in places, asked for by a policy."""
import base64
import hashlib
import json
import stat
import time

import pytest

from gpg_keys import REJECT, for_name, policy
from sigstore_parts import (CERTIFICATE, CHAIN, EMAIL, HOSTNAME, ISSUER, SET, SIGNATURE, SigstoreParts, blob_of,
                            payload_of)

NAME = "example.com/app:1"
LAX = "--dest-tls-verify=false", "--src-tls-verify=false"


@pytest.fixture
def copy(kegcopy, tmp_path):
    kegcopy.policy = lambda rule, **more: (kegcopy.folder / "policy.json").write_text(policy(
        REJECT, dir={"": [{"type": "sigstoreSigned", **for_name(NAME), **rule}]}, **more))
    (tmp_path / "passphrase").write_text("secret\n")
    return kegcopy


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return SigstoreParts(tmp_path_factory.mktemp("sigstore"))


@pytest.fixture
def ours(copy, tmp_path):
    """Options to sign with a new key, whose public half is ours.pub."""
    copy.ok("generate-sigstore-key", f"--output-prefix={tmp_path}/ours", f"--passphrase-file={tmp_path}/passphrase")
    return f"--sign-by-sigstore-private-key={tmp_path}/ours.private", f"--sign-passphrase-file={tmp_path}/passphrase"


@pytest.fixture
def image(kegcopy, images, tmp_path):
    """A folder with an image, and its digest."""
    kegcopy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/image")
    data = (tmp_path / "image/manifest.json").read_bytes()
    return tmp_path / "image", "sha256:" + hashlib.sha256(data).hexdigest()


def try_signature(copy, image, blob, tmp_path):
    """What is said of an image with the signature; "" when it is accepted."""
    (image[0] / "signature-1").write_bytes(blob)
    done = copy.run("copy", "-q", f"dir:{image[0]}", f"dir:{tmp_path}/out")
    assert (done.code == 0) == (done.err == "")
    return done.err


def test_a_pair_of_keys(copy, ours, tmp_path):
    assert stat.S_IMODE((tmp_path / "ours.private").stat().st_mode) == 0o600
    text = (tmp_path / "ours.private").read_text()
    assert text.startswith("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    box = json.loads(base64.b64decode("".join(text.splitlines()[1:-1])))
    assert box["kdf"]["name"] == "scrypt" and box["cipher"]["name"] == "nacl/secretbox"
    assert (tmp_path / "ours.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----\n")
    words = "generate-sigstore-key", f"--passphrase-file={tmp_path}/passphrase"
    assert "Refusing to overwrite existing" in copy.fails(*words, f"--output-prefix={tmp_path}/ours")
    assert "--output-prefix" in copy.fails(*words)
    assert "standard input is not a TTY" in copy.fails("generate-sigstore-key", f"--output-prefix={tmp_path}/new")
    assert not (tmp_path / "new.pub").exists() and not (tmp_path / "new.private").exists()


def test_what_is_signed_is_verified_by_us_and_by_openssl(copy, ours, parts, images, tmp_path):
    copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/in", *ours, "--sign-identity", NAME)
    name, _, rest = (tmp_path / "in/signature-1").read_bytes().partition(b"\n")
    made = json.loads(rest)
    assert name == b"\0sigstore-json"
    (tmp_path / "payload").write_bytes(base64.b64decode(made["payload"]))
    (tmp_path / "bytes").write_bytes(base64.b64decode(made["annotations"][SIGNATURE]))
    parts.openssl("dgst", "-sha256", "-verify", tmp_path / "ours.pub", "-signature", tmp_path / "bytes",
                  tmp_path / "payload")
    copy.policy({"keyPath": f"{tmp_path}/ours.pub"})
    copy.copy(f"dir:{tmp_path}/in", f"dir:{tmp_path}/out")
    assert (tmp_path / "out/signature-1").read_bytes() == (tmp_path / "in/signature-1").read_bytes()


def test_what_cosign_called_it_once_is_read(copy, ours, images, tmp_path):
    key = tmp_path / "ours.private"
    key.write_text(key.read_text().replace(" SIGSTORE ", " COSIGN "))
    copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/in", *ours, "--sign-identity", NAME)


@pytest.mark.parametrize("change, says", [
    (lambda key, _: key.write_text("no key\n"), "invalid pem block"),
    (lambda key, _: key.write_text(key.read_text().replace(" SIGSTORE ", " ")), "unsupported pem type"),
    (lambda key, _: key.unlink(), "reading private key from"),
    (lambda _, passphrase: passphrase.write_text("other\n"), "wrong passphrase?"),
    (lambda key, _: key.write_bytes(pem({"kdf": {"name": "scrypt", "params": {"N": 1 << 30, "r": 8, "p": 1}, "salt":
                                                 ""}, "cipher": {"name": "nacl/secretbox", "nonce": ""},
                                         "ciphertext": ""})), "unsupported scrypt parameters"),
    (lambda key, _: key.write_bytes(pem({"kdf": {}})), "missing"),
], ids=["no pem", "type", "missing", "passphrase", "costly", "malformed"])
def test_keys_that_will_not_do(copy, ours, images, tmp_path, change, says):
    change(tmp_path / "ours.private", tmp_path / "passphrase")
    assert says in copy.fails("copy", f"oci:{images('small')}", f"dir:{tmp_path}/in", *ours, "--sign-identity", NAME)
    assert not (tmp_path / "in").exists()


def pem(document):
    return (b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n" + base64.encodebytes(json.dumps(document).encode()) +
            b"-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n")


def test_parameters_in_a_file(copy, ours, images, tmp_path):
    params = tmp_path / "params.yaml"
    words = f"oci:{images('small')}", f"dir:{tmp_path}/in", f"--sign-by-sigstore={params}", "--sign-identity", NAME
    params.write_text(f"privateKeyFile: {tmp_path}/ours.private\nprivateKeyPassphraseFile: {tmp_path}/passphrase\n")
    copy.copy(*words)
    assert (tmp_path / "in/signature-1").exists()
    for text, says in [("fulcio: {fulcioURL: 'https://f'}", "keyless signing is not built"),
                       ("rekorURL: https://r", "rekorURL: "), ("privateKey: x", 'Unknown key "privateKey"'),
                       (f"privateKeyFile: {tmp_path}/ours.private", "no privateKeyPassphraseFile"),
                       ("{}", "no private key source provided")]:
        params.write_text(text + "\n")
        assert says in copy.fails("copy", *words)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "rsa", "ed25519"])
def test_each_kind_of_key(copy, parts, image, tmp_path, kind):
    public = parts.key(kind, kind)
    payload = payload_of(image[1], NAME)
    blob = blob_of(payload, parts.sign(kind, payload, kind))
    copy.policy({"keyData": base64.b64encode(public.read_bytes()).decode()})
    assert try_signature(copy, image, blob, tmp_path) == ""
    copy.policy({"keyPaths": [str(parts.key("unused")), str(public)]})
    assert try_signature(copy, image, blob, tmp_path) == ""
    copy.policy({"keyPath": str(parts.key("another"))})
    assert "cryptographic signature verification failed" in try_signature(copy, image, blob, tmp_path)


def test_signatures_that_will_not_do(copy, parts, image, tmp_path):
    copy.policy({"keyPath": str(parts.key("k"))})
    good = payload_of(image[1], NAME)
    for payload, signed, says in [
            (payload_of("sha256:" + "0" * 64, NAME), None, "Signature for digest sha256:0000"),
            (payload_of(image[1], "example.com/app:2"), None, 'identity example.com/app:2 is not accepted'),
            (payload_of(image[1], NAME, more=1), None, 'Unknown key "more"'),
            (good, b"other", "cryptographic signature verification failed")]:
        blob = blob_of(payload, parts.sign("k", signed or payload))
        assert says in try_signature(copy, image, blob, tmp_path)
    truncated = blob_of(good, parts.sign("k", good)[:20])
    assert "verification failed" in try_signature(copy, image, truncated, tmp_path)
    assert "malformed JSON" in try_signature(copy, image, b"\0sigstore-json\n{", tmp_path)
    other = blob_of(good, parts.sign("k", good)).replace(b"simplesigning", b"attestation")
    assert "no signature exists (1 of another kind)" in try_signature(copy, image, other, tmp_path)


def test_a_policy_whose_key_is_none(copy, parts, image, tmp_path):
    parts.key("k")
    payload = payload_of(image[1], NAME)
    (tmp_path / "none.pub").write_text("no key\n")
    copy.policy({"keyPaths": [str(parts.folder / "k.pub"), f"{tmp_path}/none.pub"]})
    assert "parsing public key" in try_signature(copy, image, blob_of(payload, parts.sign("k", payload)), tmp_path)


def test_a_log_may_be_asked_for(copy, parts, image, tmp_path):
    for name in ("k", "log", "another-log"):
        parts.key(name)
    payload, pub = payload_of(image[1], NAME), (parts.folder / "k.pub").read_text()
    signature = parts.sign("k", payload)
    copy.policy({"keyPath": str(parts.folder / "k.pub"), "rekorPublicKeyPath": str(parts.folder / "log.pub")})
    now = int(time.time())
    word = parts.set_of("log", signature, payload, pub, now)
    assert try_signature(copy, image, blob_of(payload, signature, **{SET: word}), tmp_path) == ""
    for word, says in [
            (None, f"missing {SET} annotation"),
            (parts.set_of("another-log", signature, payload, pub, now), "verification of Rekor SET failed"),
            (word.replace('"logIndex": 7', '"logIndex": 8'), "verification of Rekor SET failed"),
            (parts.set_of("log", b"other", payload, pub, now), "signature in Rekor SET does not match"),
            (parts.set_of("log", signature, b"other", pub, now), "payload in Rekor SET does not match"),
            (parts.set_of("log", signature, payload, (parts.folder / "log.pub").read_text(), now),
             "publicKey in Rekor SET does not match"),
            (parts.set_of("log", signature, payload, pub, now, kind="other"), "unsupported Rekor SET"),
            ("{}", "Rekor SET: "), (word[:-1] + ',"more":1}', 'Unknown key "more"')]:
        notes = {SET: word} if word else {}
        assert says in try_signature(copy, image, blob_of(payload, signature, **notes), tmp_path)


class Keyless:
    """An image signed by who had a certificate for a while, as Fulcio gives them."""

    def __init__(self, parts, image):
        self.parts, self.payload, self.when = parts, payload_of(image[1], NAME), int(time.time()) + 60
        self.ca = parts.authority("ca")
        parts.key("log")

    def blob(self, cert, name="leaf", when=None, **notes):
        signature = self.parts.sign(name, self.payload)
        word = self.parts.set_of("log", signature, self.payload, cert, when or self.when)
        return blob_of(self.payload, signature, **{CERTIFICATE: cert, SET: word, **notes})

    def rule(self, **change):
        fulcio = {"caPath": str(self.ca), "oidcIssuer": ISSUER, "subjectEmail": EMAIL, **change}
        return {"fulcio": fulcio, "rekorPublicKeyPath": str(self.parts.folder / "log.pub")}


def test_certificates_of_fulcio(copy, parts, image, tmp_path):
    keyless = Keyless(parts, image)
    copy.policy(keyless.rule())
    cert = parts.certificate("leaf", "ca")
    assert try_signature(copy, image, keyless.blob(cert), tmp_path) == ""
    copy.policy({**keyless.rule(), "rekorPublicKeyPath": str(parts.key("another-log"))})
    assert "Rekor SET failed" in try_signature(copy, image, keyless.blob(cert), tmp_path)
    copy.policy(keyless.rule())
    late = keyless.blob(cert, when=keyless.when + 10 * 86400)
    assert "certificate has expired" in try_signature(copy, image, late, tmp_path)
    early = keyless.blob(cert, when=keyless.when - 86400)
    assert "not yet valid" in try_signature(copy, image, early, tmp_path)
    for change, says in [({"email": "other@example.org"}, f'Required email "{EMAIL}" not found'),
                         ({"issuer": "https://other"}, 'Unexpected Fulcio OIDC issuer "https://other"'),
                         ({"issuer": None}, "missing the issuer extension"),
                         ({"usage": "serverAuth"}, "not for signing code")]:
        blob = keyless.blob(parts.certificate("leaf", "ca", **change))
        assert says in try_signature(copy, image, blob, tmp_path)
    parts.authority("other-ca")
    blob = keyless.blob(parts.certificate("leaf", "other-ca"))
    assert "verifying leaf certificate failed" in try_signature(copy, image, blob, tmp_path)


def test_certificates_by_way_of_another(copy, parts, image, tmp_path):
    keyless = Keyless(parts, image)
    copy.policy(keyless.rule())
    between = parts.certificate("between", "ca", ca=True)
    cert = parts.certificate("leaf", "between")
    assert "verifying leaf certificate failed" in try_signature(copy, image, keyless.blob(cert), tmp_path)
    chain = between + keyless.ca.read_text()
    assert try_signature(copy, image, keyless.blob(cert, **{CHAIN: chain}), tmp_path) == ""
    two = keyless.blob(cert + between)
    assert "Rekor SET is not in PEM" in try_signature(copy, image, two, tmp_path)


def test_certificates_of_an_authority_of_ones_own(copy, parts, image, tmp_path):
    keyless = Keyless(parts, image)
    between = parts.certificate("between", "ca", ca=True)
    cert = parts.certificate("leaf", "between", issuer=None)
    blob = blob_of(keyless.payload, parts.sign("leaf", keyless.payload), **{CERTIFICATE: cert})
    own = {"caRootsPath": str(keyless.ca), "caIntermediatesData": base64.b64encode(between.encode()).decode()}
    for names, says in [({"subjectEmail": EMAIL}, ""), ({"subjectHostname": HOSTNAME}, ""),
                        ({"subjectEmail": EMAIL, "subjectHostname": HOSTNAME}, ""),
                        ({"subjectEmail": "x@y"}, 'Required email "x@y"'),
                        ({"subjectEmail": EMAIL, "subjectHostname": "other.org"}, "Unexpected subject hostname")]:
        copy.policy({"pki": {**own, **names}})
        said = try_signature(copy, image, blob, tmp_path)
        assert says in said and (says or not said)
    copy.policy({"pki": {"caRootsPath": str(keyless.ca), "subjectEmail": EMAIL}})
    assert "verifying leaf certificate failed" in try_signature(copy, image, blob, tmp_path)


def test_attachments_in_a_registry(copy, ours, images, docker_registry, tmp_path):
    host, folder = docker_registry.host, tmp_path / "registries.d"
    folder.mkdir()
    name = f"docker://{host}/sigstore/app:1"
    words = "--registries.d", folder, "copy", "-q", *LAX
    rule = [{"type": "sigstoreSigned", "keyPath": f"{tmp_path}/ours.pub"}]
    message = copy.fails(*words, *ours, f"oci:{images('small')}", name)
    assert "writing sigstore attachments is disabled by configuration" in message
    (folder / "a.yaml").write_text(f"docker:\n  {host}:\n    use-sigstore-attachments: true\n")
    for _ in range(2):
        copy.ok(*words, *ours, f"oci:{images('small')}", name)
    digest = copy.inspect(name, "--tls-verify=false")["Digest"]
    tag = digest.replace(":", "-") + ".sig"
    made = json.loads(copy.ok("inspect", "--raw", "--tls-verify=false", f"docker://{host}/sigstore/app:{tag}"))
    assert all(SIGNATURE in layer["annotations"] for layer in made["layers"]) and len(made["layers"]) == 2
    copy.policy({"keyPath": f"{tmp_path}/ours.pub"}, docker={"": rule})
    copy.ok(*words, name, f"dir:{tmp_path}/out")
    assert (tmp_path / "out/signature-2").exists()
    # What is there already is not put there again.
    (tmp_path / "policy.json").write_text(policy([{"type": "insecureAcceptAnything"}]))
    copy.ok(*words, f"dir:{tmp_path}/out", name)
    again = json.loads(copy.ok("inspect", "--raw", "--tls-verify=false", f"docker://{host}/sigstore/app:{tag}"))
    assert again == made
    # Nobody looks for them where that is not asked for.
    copy.policy({"keyPath": f"{tmp_path}/ours.pub"}, docker={"": rule})
    assert "A signature was required, but no signature exists" in copy.fails("copy", "-q", *LAX, name,
                                                                             f"dir:{tmp_path}/out2")


def test_the_store_keeps_them(copy, ours, images, store, tmp_path):
    copy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/in", *ours, "--sign-identity", NAME)
    copy.copy(f"dir:{tmp_path}/in", store.name(NAME))
    record, = store.images()
    size = (tmp_path / "in/signature-1").stat().st_size
    assert json.loads(record["metadata"])["signature-sizes"] == [size]
