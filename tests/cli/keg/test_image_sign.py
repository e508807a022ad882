# SPDX-License-Identifier: Apache-2.0
"""keg image sign: images on a registry are signed where they are, and a policy takes them then."""
import json
import os
import pathlib
import subprocess

import pytest

import make_images
from gpg_keys import policy, signed_by

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[3] / "build")


@pytest.fixture
def run(tmp_path, keys):
    if os.geteuid() != 0:
        pytest.skip("a store with owners wants root")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
           "GNUPGHOME": str(keys.home)}

    def run(program, *words, code=0):
        done = subprocess.run([BUILD / program, *map(str, words)], env=env, capture_output=True, text=True, timeout=60,
                              check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stderr
        return done.stderr

    run.keg = lambda *words, **how: run("keg", f"--root={tmp_path}/root", f"--runroot={tmp_path}/runroot", *words,
                                        **how)
    return run


@pytest.mark.parametrize("image, options, n", [("small", [], 1), ("multi", [], 1), ("multi", ["--all"], 4)])
def test_images_are_signed_where_they_are(run, docker_registry, keys, tmp_path, image, options, n):
    name = f"{docker_registry.host}/where/{image}{len(options)}:1"
    layout = make_images.make(tmp_path, image)
    (tmp_path / ".config/containers/registries.d").mkdir(parents=True)
    (tmp_path / ".config/containers/registries.d/a.yaml").write_text(
        f"default-docker: {{lookaside: 'file://{tmp_path}/signs'}}\n")
    run("kegcopy", "--insecure-policy", "copy", "-q", "--all", "--dest-tls-verify=false", f"oci:{layout}",
        f"docker://{name}")
    words = "image", "sign", "--tls-verify=false", *options
    run.keg(*words, "--sign-by=alice@example.org", f"docker://{name}")
    run.keg(*words, "--sign-by=bob@example.org", name)
    index = json.loads((layout / "index.json").read_text())["manifests"][0]
    manifests = json.loads((layout / "blobs/sha256" / index["digest"][7:]).read_text()).get("manifests", [])
    assert n == 1 + (len(manifests) if options else 0)
    found = sorted(path.name for path in (tmp_path / "signs").rglob("signature-*"))
    assert found == ["signature-1"] * n + ["signature-2"] * n
    (tmp_path / "policy.json").write_text(policy([*signed_by(keys.public("alice")), *signed_by(keys.public("bob"))]))
    which = ["--all"] if options or image == "small" else ["--multi-arch=index-only"]
    run("kegcopy", "--policy", tmp_path / "policy.json", "copy", "-q", *which, "--src-tls-verify=false",
        f"docker://{name}", f"dir:{tmp_path}/out")


def test_a_folder_may_be_given(run, docker_registry, tmp_path):
    name = f"{docker_registry.host}/where/folder:1"
    run("kegcopy", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false",
        f"oci:{make_images.make(tmp_path, 'small')}", f"docker://{name}")
    words = "image", "sign", "--tls-verify=false", f"--directory={tmp_path}/signs"
    run.keg(*words, "--sign-by=alice@example.org", name)
    assert len(list((tmp_path / "signs/where").glob("folder@sha256=*/signature-1"))) == 1
    assert "no identity provided" in run.keg(*words, name, code=125)
    assert "nobody@example.org" in run.keg(*words, "--sign-by=nobody@example.org", name, code=125)
    assert "only images on registries" in run.keg(*words, "--sign-by=alice@example.org", "dir:/x", code=125)
    assert "manifest unknown" in run.keg(*words, "--sign-by=alice@example.org", f"{name}9", code=125)
