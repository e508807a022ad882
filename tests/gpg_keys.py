# SPDX-License-Identifier: Apache-2.0
"""Keys of gpg for tests, in a home of their own."""
import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest

PASSPHRASE = "correct horse"
LONG_AGO = "20200101T000000"


class GpgKeys:
    """alice and bob sign at once, carol wants a passphrase, dan's key has expired."""

    def __init__(self):
        # The agent's socket wants a short path.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="gpg-", dir="/tmp"))
        self.home.chmod(0o700)
        self.fingerprints = {}
        for name in ("alice", "bob"):
            self._make(name, "")
        self._make("carol", PASSPHRASE)
        self._make("dan", "", "--faked-system-time", LONG_AGO, expires="1d")
        (self.home / "passphrase").write_text(PASSPHRASE + "\nand more\n")
        (self.home / "wrong").write_text("incorrect\n")

    def _make(self, name, passphrase, *options, expires="never"):
        self.gpg("--pinentry-mode=loopback", "--passphrase", passphrase, *options, "--quick-gen-key",
                 f"{name}@example.org", "ed25519", "sign", expires)
        listing = self.gpg("--list-keys", "--with-colons", f"{name}@example.org").decode()
        self.fingerprints[name] = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
        (self.home / f"{name}.pub").write_bytes(self.gpg("--export", f"{name}@example.org"))
        (self.home / f"{name}.asc").write_bytes(self.gpg("--armor", "--export", f"{name}@example.org"))

    def gpg(self, *words, data=b""):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--quiet", "--no-permission-warning", *words],
                              input=data, check=True, timeout=60, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE).stdout

    def public(self, name):
        return str(self.home / f"{name}.asc")

    def sign(self, name, digest, reference, *options, **change):
        """A signature as a peer might have made it, or as none would."""
        payload = {"critical": {"type": "atomic container signature", "image": {"docker-manifest-digest": digest},
                                "identity": {"docker-reference": reference}},
                   "optional": {"creator": "tests", "timestamp": 1600000000}, **change}
        return self.gpg(*options, "--local-user", f"{name}@example.org", "--sign", data=json.dumps(payload).encode())

    def forget(self):
        """What the agent remembers of passphrases."""
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "gpg-agent"], check=False, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        self.forget()
        shutil.rmtree(self.home, ignore_errors=True)


def policy(default, **transports):
    """policy(reject, docker={"q.io": [signed_by(...)]})"""
    return json.dumps({"default": default, "transports": transports})


ACCEPT, REJECT = [{"type": "insecureAcceptAnything"}], [{"type": "reject"}]


def signed_by(path, **more):
    return [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": str(path), **more}]


def for_name(reference):
    """A signedIdentity for places whose images have no names."""
    return {"signedIdentity": {"type": "exactReference", "dockerReference": reference}}


@pytest.fixture(scope="module")
def keys():
    """The keys, for the tests of a file."""
    made = GpgKeys()
    yield made
    made.close()
