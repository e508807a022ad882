# SPDX-License-Identifier: Apache-2.0
"""policy.json holds on every way into the store, and what is in it may leave."""
import os
import pathlib
import subprocess

import pytest

import make_images
from gpg_keys import ACCEPT, REJECT, policy

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[3] / "build")


@pytest.fixture
def keg(tmp_path, docker_registry):
    """keg(...): what it says on failure, or ""; an image is on the registry, in a layout and in an archive."""
    if os.geteuid() != 0:
        pytest.skip("a store with owners wants root")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    (tmp_path / ".config/containers").mkdir(parents=True)

    def run(program, *words):
        done = subprocess.run([BUILD / program, *map(str, words)], env=env, capture_output=True, text=True, timeout=60,
                              check=False, stdin=subprocess.DEVNULL)
        return done.stderr if done.returncode else ""

    def keg(*words):
        return run("keg", f"--root={tmp_path}/root", f"--runroot={tmp_path}/runroot", *words)

    keg.policy = lambda text: (tmp_path / ".config/containers/policy.json").write_text(text)
    keg.layout = make_images.make(tmp_path, "small")
    keg.name = f"{docker_registry.host}/asked:1"
    for dest in f"docker://{keg.name}", f"docker-archive:{tmp_path}/a.tar:localhost/a:1":
        assert run("kegcopy", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"oci:{keg.layout}",
                   dest) == ""
    return keg


def test_nothing_comes_in_that_is_rejected(keg, tmp_path):
    keg.policy(policy(REJECT))
    (tmp_path / "root.tar").write_bytes(b"\0" * 10240)
    for words in (["pull", "--tls-verify=false", keg.name], ["pull", f"oci:{keg.layout}"],
                  ["pull", f"docker-archive:{tmp_path}/a.tar"], ["load", "-i", tmp_path / "a.tar"],
                  ["load", "-i", keg.layout], ["import", tmp_path / "root.tar", "made"],
                  ["run", "--rm", "--tls-verify=false", keg.name, "true"],
                  ["create", "--tls-verify=false", keg.name, "true"]):
        assert "Source image rejected: Running image " in keg(*words), words
    assert "image not known" in keg("inspect", keg.name) or "no such" in keg("inspect", keg.name)


def test_what_is_accepted_comes_in_and_may_leave(keg, tmp_path):
    keg.policy(policy(REJECT, docker={keg.name: ACCEPT}))
    assert keg("pull", "-q", "--tls-verify=false", keg.name) == ""
    assert keg("push", "-q", keg.name, f"oci:{tmp_path}/out:1") == ""
    assert keg("save", "-q", "-o", tmp_path / "out.tar", keg.name) == ""
