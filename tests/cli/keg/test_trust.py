# SPDX-License-Identifier: Apache-2.0
"""keg image trust: policy.json shown as the peer shows it, and changed."""
import json
import os
import pathlib
import subprocess

import pytest

from gpg_keys import ACCEPT, REJECT, policy, signed_by

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[3] / "build")


@pytest.fixture
def trust(tmp_path, keys):
    """trust("show", ...) and what it says; trust.file is the policy."""
    file = tmp_path / "policy.json"
    (tmp_path / "registries.d").mkdir()
    (tmp_path / "registries.d/a.yaml").write_text("docker: {q.io: {lookaside: 'file:///signs'}}\n")

    def run(*words, program=BUILD / "keg", code=0):
        more = ["--registrypath", tmp_path / "registries.d"] if words[0] == "show" else []
        done = subprocess.run([program, "image", "trust", *words, "--policypath", file, *more], capture_output=True,
                              text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    run.file = file
    file.write_text(policy(ACCEPT, docker={"q.io/a": signed_by(keys.public("alice")), "r.io": REJECT,
                                           "s.io": [{"type": "sigstoreSigned", "keyPath": "/k.pub"}]},
                           dir={"": REJECT}))
    return run


def test_a_policy_is_shown(trust):
    assert [line.split() for line in trust("show").splitlines()] == [
        ["TRANSPORT", "NAME", "TYPE", "ID", "STORE"], ["all", "default", "accept"], ["dir", "reject"],
        ["repository", "q.io/a", "signed", "alice@example.org", "file:///signs"], ["repository", "r.io", "reject"],
        ["repository", "s.io", "sigstoreSigned", "N/A"]]
    assert "TRANSPORT" not in trust("show", "--noheading", "q.io/a")
    assert trust("show", "--raw") == trust.file.read_text() + "\n"
    assert json.loads(trust("show", "--json"))[2] == {
        "transport": "repository", "name": "q.io/a", "repo_name": "q.io/a", "sigstore": "file:///signs",
        "type": "signed", "gpg_id": "alice@example.org"}


def test_it_is_shown_as_podman_shows_it(trust):
    """But for the people, for whom Debian's podman wants a program that is not there."""
    theirs = json.loads(trust("show", "--json", program="podman"))
    ours = json.loads(trust("show", "--json"))
    for rows in ours, theirs:
        for row in rows:
            row.pop("gpg_id", None)
    assert ours == theirs


def test_a_policy_is_changed(trust, keys):
    trust("set", "-f", keys.public("alice"), "-f", keys.public("bob"), "q.io/new")
    trust("set", "-t", "reject", "default")
    trust("set", "--type=accept", "q.io/a")
    changed = json.loads(trust.file.read_text())
    assert changed["default"] == REJECT
    assert changed["transports"]["docker"]["q.io/a"] == ACCEPT
    assert changed["transports"]["docker"]["q.io/new"] == [*signed_by(keys.public("alice")),
                                                           *signed_by(keys.public("bob"))]
    assert changed["transports"]["docker"]["r.io"] == REJECT and changed["transports"]["dir"] == {"": REJECT}


def test_what_would_be_no_policy_is_not_written(trust, keys):
    before = trust.file.read_text()
    for words, says in [(["-t", "bogus", "q.io"], "invalid choice: bogus"),
                        (["q.io"], "at least one public key must be defined for type 'signedBy'"),
                        (["-t", "accept", "-f", keys.public("bob"), "q.io"], "1 public keys unexpectedly provided"),
                        (["-f", "/missing", "q.io"], "public key /missing")]:
        assert says in trust("set", *words, code=125)
    assert trust.file.read_text() == before
    trust.file.write_text('{"default":[]}')
    assert "must not be empty" in trust("set", "-t", "reject", "q.io", code=125)
    assert "must not be empty" in trust("show", code=125)
    trust.file.unlink()
    assert "Default policy is missing" in trust("set", "-t", "reject", "q.io", code=125)
    trust("set", "-t", "reject", "default")
    assert json.loads(trust.file.read_text()) == {"default": REJECT}
