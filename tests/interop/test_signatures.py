# SPDX-License-Identifier: Apache-2.0
"""Signatures between Skopeo, Podman and us, both ways, in each place that keeps them."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import make_images
from gpg_keys import REJECT, for_name, policy, signed_by
from registry_fixture import docker_registry  # noqa: F401

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[2] / "build").resolve()
NAME = "example.com/app:1"
TOOLS = {"kegcopy": str(BUILD / "kegcopy"), "skopeo": "skopeo"}
BOTH_WAYS = pytest.mark.parametrize("signer, verifier", [("kegcopy", "skopeo"), ("skopeo", "kegcopy")])


@pytest.fixture
def run(tmp_path, keys):
    """run(program, ...): with a home of its own, the keys, and alice's signature wanted by strict.json."""
    if os.geteuid() != 0:
        pytest.skip("the peers' stores want root")
    folder = tmp_path / ".config/containers/registries.d"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text(f"default-docker: {{lookaside: 'file://{tmp_path}/signs'}}\n")
    (tmp_path / "strict.json").write_text(policy(REJECT, dir={"": signed_by(keys.public("alice"), **for_name(NAME))},
                                                 docker={"": signed_by(keys.public("alice"))}))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
           "GNUPGHOME": str(keys.home), "KEG_BLOB_CACHE": str(tmp_path / "blobs")}

    def run(program, *words):
        return subprocess.run([TOOLS.get(program, program), *map(str, words)], env=env, capture_output=True, text=True,
                              timeout=60, check=False, stdin=subprocess.DEVNULL)
    return run


@pytest.fixture
def store():
    """Where a store is; Podman wants a short path of it."""
    folder = tempfile.mkdtemp(prefix="sig-", dir="/tmp")
    yield f"{folder}/root", f"{folder}/run"
    for mount in (f"{folder}/root/overlay", f"{folder}/root/overlay-containers"):
        subprocess.run(["umount", "-l", mount], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def ok(done):
    assert done.returncode == 0, done.stderr


def is_rejected(done):
    assert done.returncode != 0 and "Source image rejected" in done.stderr, done.stderr


@BOTH_WAYS
def test_signatures_in_a_folder(run, tmp_path, signer, verifier):
    layout = make_images.make(tmp_path, "small")
    for who in ("alice", "bob"):
        ok(run(signer, "--insecure-policy", "copy", "-q", f"oci:{layout}", f"dir:{tmp_path}/{who}",
               f"--sign-by={who}@example.org", "--sign-identity", NAME))
    strict = "--policy", tmp_path / "strict.json", "copy", "-q"
    ok(run(verifier, *strict, f"dir:{tmp_path}/alice", f"dir:{tmp_path}/out"))
    is_rejected(run(verifier, *strict, f"dir:{tmp_path}/bob", f"dir:{tmp_path}/out2"))


@BOTH_WAYS
def test_signatures_in_a_lookaside(run, docker_registry, tmp_path, signer, verifier):  # noqa: F811
    layout = make_images.make(tmp_path, "small")
    name = f"docker://{docker_registry.host}/signed-by-{signer}:"
    for tag, options in ("signed", ["--sign-by=alice@example.org"]), ("by-bob", ["--sign-by=bob@example.org"]):
        image = layout if tag == "signed" else make_images.make(tmp_path, "plain")
        ok(run(signer, "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"oci:{image}", name + tag, *options))
    strict = "--policy", tmp_path / "strict.json", "copy", "-q", "--src-tls-verify=false"
    ok(run(verifier, *strict, name + "signed", f"dir:{tmp_path}/out"))
    is_rejected(run(verifier, *strict, name + "by-bob", f"dir:{tmp_path}/out2"))


@BOTH_WAYS
def test_signatures_in_files(run, keys, tmp_path, signer, verifier):
    (tmp_path / "manifest.json").write_text('{"schemaVersion":2}')
    ok(run(signer, "standalone-sign", tmp_path / "manifest.json", NAME, "alice@example.org", "-o", tmp_path / "s"))
    words = "standalone-verify", tmp_path / "manifest.json"
    ok(run(verifier, *words, NAME, keys.fingerprints["alice"], tmp_path / "s"))
    assert run(verifier, *words, NAME, keys.fingerprints["bob"], tmp_path / "s").returncode == 1


def test_podman_pulls_what_we_have_signed(run, docker_registry, store, tmp_path):  # noqa: F811
    name = f"{docker_registry.host}/pulled:"
    for tag, image, options in ("signed", "small", ["--sign-by=alice@example.org"]), ("unsigned", "plain", []):
        ok(run("kegcopy", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false",
               f"oci:{make_images.make(tmp_path, image)}", f"docker://{name}{tag}", *options))
    podman = ("podman", f"--root={store[0]}", f"--runroot={store[1]}", "pull", "-q",
              f"--signature-policy={tmp_path}/strict.json", "--tls-verify=false")
    ok(run(*podman, f"{name}signed"))
    is_rejected(run(*podman, f"{name}unsigned"))
    # The signature came along, and so we know that the layers may not change.
    done = run("kegcopy", "--insecure-policy", "copy", f"containers-storage:[overlay@{store[0]}+{store[1]}]{name}signed",
               f"dir:{tmp_path}/out")
    assert "Would invalidate signatures" in done.stderr


def test_a_peer_reads_the_signatures_of_our_store(run, docker_registry, store, tmp_path):  # noqa: F811
    name = f"{docker_registry.host}/stored:1"
    stored = f"containers-storage:[overlay@{store[0]}+{store[1]}]{name}"
    ok(run("kegcopy", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false",
           f"oci:{make_images.make(tmp_path, 'small')}", f"docker://{name}", "--sign-by=alice@example.org"))
    ok(run("kegcopy", "--policy", tmp_path / "strict.json", "copy", "-q", "--src-tls-verify=false",
           f"docker://{name}", stored))
    done = run("skopeo", "--insecure-policy", "copy", stored, f"oci:{tmp_path}/out:1")
    assert "Can not copy signatures to oci:" in done.stderr, done.stderr
