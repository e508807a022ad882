# SPDX-License-Identifier: Apache-2.0
"""Keys, certificates and a log's word for sigstore's signatures, made by openssl."""
import base64
import hashlib
import json
import subprocess

ISSUER_OID = "1.3.6.1.4.1.57264.1.1"
ISSUER, EMAIL, HOSTNAME = "https://issuer.example.org", "somebody@example.org", "builder.example.org"
MEDIA = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE, SET = "dev.cosignproject.cosign/signature", "dev.sigstore.cosign/bundle"
CERTIFICATE, CHAIN = "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain"


class SigstoreParts:
    """All files stand in `folder`; names are without ".key", ".pub" and ".crt"."""

    def __init__(self, folder):
        self.folder = folder

    def openssl(self, *words, data=None):
        return subprocess.run(["openssl", *map(str, words)], cwd=self.folder, input=data, check=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    def key(self, name, kind="P-256"):
        words = {"rsa": ["-algorithm", "RSA"], "ed25519": ["-algorithm", "ED25519"]}.get(
            kind, ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}"])
        self.openssl("genpkey", *words, "-out", f"{name}.key")
        self.openssl("pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pub")
        return self.folder / f"{name}.pub"

    def authority(self, name):
        self.key(name)
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-days", "3650", "-out",
                     f"{name}.crt", "-addext", "keyUsage=critical,keyCertSign")
        return self.folder / f"{name}.crt"

    def certificate(self, name, by, usage="codeSigning", email=EMAIL, issuer=ISSUER, days=2, ca=False):
        """For a new key, by an authority."""
        self.key(name)
        lines = [f"basicConstraints=critical,CA:{str(ca).upper()}"]
        if not ca:
            lines += [f"extendedKeyUsage={usage}", f"subjectAltName=email:{email},DNS:{HOSTNAME}"]
            lines += [f"{ISSUER_OID}=DER:{issuer.encode().hex()}"] if issuer else []
        (self.folder / "extensions").write_text("\n".join(lines) + "\n")
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", "request")
        self.openssl("x509", "-req", "-in", "request", "-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-CAcreateserial",
                     "-days", days, "-extfile", "extensions", "-out", f"{name}.crt")
        return (self.folder / f"{name}.crt").read_text()

    def sign(self, name, data, kind="P-256"):
        (self.folder / "data").write_bytes(data)
        if kind == "ed25519":
            return self.openssl("pkeyutl", "-sign", "-inkey", f"{name}.key", "-rawin", "-in", "data")
        return self.openssl("dgst", "-sha256", "-sign", f"{name}.key", "data")

    def set_of(self, log, signature, payload, pem, when, **change):
        """The log's word for a signature, or with `change` for another."""
        body = {"apiVersion": "0.0.1", "kind": "hashedrekord",
                "spec": {"data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}},
                         "signature": {"content": base64.b64encode(signature).decode(),
                                       "publicKey": {"content": base64.b64encode(pem.encode()).decode()}}}, **change}
        entry = {"body": base64.b64encode(json.dumps(body).encode()).decode(), "integratedTime": when,
                 "logID": "c0ffee", "logIndex": 7}
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        return json.dumps({"SignedEntryTimestamp": base64.b64encode(self.sign(log, canonical)).decode(),
                           "Payload": entry})


def payload_of(digest, reference, **change):
    return json.dumps({"critical": {"type": "cosign container image signature",
                                    "image": {"docker-manifest-digest": digest},
                                    "identity": {"docker-reference": reference}}, "optional": None, **change}).encode()


def blob_of(payload, signature, **annotations):
    """A signature as files keep it."""
    notes = {SIGNATURE: base64.b64encode(signature).decode(), **annotations}
    return b"\0sigstore-json\n" + json.dumps({"mimeType": MEDIA, "payload": base64.b64encode(payload).decode(),
                                              "annotations": notes}).encode()
