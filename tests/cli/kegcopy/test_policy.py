# SPDX-License-Identifier: Apache-2.0
"""policy.json: which of its scopes holds, what is wrong with it, and what happens where there is none."""
import json

import pytest

from gpg_keys import ACCEPT, REJECT, policy

REJECTED = "is rejected by policy"


@pytest.fixture
def copy(kegcopy):
    kegcopy.policy = lambda text: (kegcopy.folder / "policy.json").write_text(text)
    return kegcopy


@pytest.mark.parametrize("text, says", [
    ("{", "malformed JSON"),
    ("{}", "Default policy is missing"),
    (json.dumps({"default": ACCEPT, "defaults": ACCEPT}), 'Unknown key "defaults"'),
    ('{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}', 'Duplicate key "default"'),
    (policy([{"type": "signedby"}]), 'Unknown policy requirement type "signedby"'),
    (policy(ACCEPT, dir={"relative": ACCEPT}), 'Unknown key "relative"'),
    (policy([{"type": "insecureAcceptAnything", "keyPath": "/k"}]), 'Unknown key "keyPath"'),
])
def test_what_is_wrong_with_a_policy_is_said(copy, images, tmp_path, text, says):
    copy.policy(text)
    message = copy.fails("copy", f"oci:{images('small')}", f"dir:{tmp_path}/out")
    assert message.startswith(f'Error: Error loading trust policy: invalid policy in "{tmp_path}/policy.json": ')
    assert says in message


def test_a_policy_that_is_named_has_to_be_there(copy, images, tmp_path):
    (tmp_path / "policy.json").unlink()
    message = copy.fails("copy", f"oci:{images('small')}", f"dir:{tmp_path}/out")
    assert "Error loading trust policy: " in message and "no such file" in message


def test_the_narrowest_scope_holds(copy, images, tmp_path):
    layout = images("small")
    for scopes, accepted in [({str(layout): ACCEPT}, True), ({str(layout.parent): ACCEPT}, True),
                             ({str(layout): REJECT, str(layout.parent): ACCEPT}, False), ({"": ACCEPT}, True),
                             ({f"{layout}x": ACCEPT}, False), ({"": ACCEPT, "/": ACCEPT}, None)]:
        copy.policy(policy(REJECT, oci=scopes))
        done = copy.run("copy", "-q", f"oci:{layout}", f"dir:{tmp_path}/out")
        assert (done.code == 0) == bool(accepted), scopes
        assert accepted is not False or REJECTED in done.err


@pytest.mark.parametrize("scope, accepted", [
    ("{host}/team/app:1", True), ("{host}/team/app", True), ("{host}/team", True), ("{host}", True),
    ("{host}/team/app:2", False), ("{host}/tea", False), ("*.localhost", False), ("", True),
])
def test_scopes_of_registries(copy, docker_registry, images, tmp_path, scope, accepted):
    name = f"docker://{docker_registry.host}/team/app:1"
    copy.copy(f"oci:{images('small')}", name, "--dest-tls-verify=false")
    copy.policy(policy(REJECT, docker={scope.format(host=docker_registry.host): ACCEPT}))
    done = copy.run("copy", "-q", "--src-tls-verify=false", name, f"dir:{tmp_path}/out")
    assert (done.code == 0) == accepted and (accepted or REJECTED in done.err)


def test_a_wildcard_stands_for_what_is_left_of_it(copy, tmp_path):
    """The name does not exist; what is said of it shows whether it was asked for."""
    copy.policy(policy(REJECT, docker={"*.example.invalid": ACCEPT}))
    assert REJECTED in copy.fails("copy", "docker://example.invalid/a:1", f"dir:{tmp_path}/out")
    assert REJECTED in copy.fails("copy", "docker://a.other.invalid/a:1", f"dir:{tmp_path}/out")
    assert "pinging container registry a.b.example.invalid" in copy.fails(
        "copy", "docker://a.b.example.invalid/a:1", f"dir:{tmp_path}/out")


def test_scopes_of_the_store(copy, images, store, tmp_path):
    name = store.name("localhost/team/app:1")
    copy.copy(f"oci:{images('small')}", name)
    for scope, accepted in [(f"[overlay@{store.root}]localhost/team/app:1", True),
                            (f"[overlay@{store.root}]localhost/team", True), (f"[overlay@{store.root}]", True),
                            (f"[{store.root}]", True), (f"[overlay@{tmp_path}]", False),
                            (f"[overlay@{store.root}]localhost/team/app:2", False)]:
        copy.policy(policy(REJECT, **{"containers-storage": {scope: ACCEPT}}))
        done = copy.run("copy", "-q", name, f"dir:{tmp_path}/out")
        assert (done.code == 0) == accepted and (accepted or REJECTED in done.err), scope


def test_every_image_of_a_sync_is_asked_about(copy, docker_registry, images, tmp_path):
    for tag in ("1", "2"):
        copy.copy(f"oci:{images('small')}", f"docker://{docker_registry.host}/asked/app:{tag}",
                  "--dest-tls-verify=false")
    copy.policy(policy(ACCEPT, docker={f"{docker_registry.host}/asked/app:2": REJECT}))
    done = copy.run("sync", "--src-tls-verify=false", "--keep-going", "-s", "docker", "-d", "dir",
                    f"{docker_registry.host}/asked/app", tmp_path / "out")
    assert done.code == 1 and REJECTED in done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["app:1"]


def test_a_signature_may_be_required_of_the_policy(copy, images, tmp_path):
    message = copy.fails("copy", "--require-signed", f"oci:{images('small')}", f"dir:{tmp_path}/out")
    assert "Source image rejected: No signature verification policy found for image oci:" in message
    assert "mutually exclusive" in copy.fails("--insecure-policy", "copy", "--require-signed",
                                              f"oci:{images('small')}", f"dir:{tmp_path}/out")


def test_what_nobody_has_built_lets_nothing_through(copy, images, tmp_path):
    for rule, says in [({"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}}, "signedBaseLayer"),
                       ({"type": "signedBy", "keyType": "X509Certificates", "keyPath": "/k"}, "")]:
        copy.policy(policy([rule]))
        message = copy.fails("copy", f"oci:{images('small')}", f"dir:{tmp_path}/out")
        assert "Source image rejected: " in message and says in message
