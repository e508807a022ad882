# SPDX-License-Identifier: Apache-2.0
"""Who we say we are, and to whom."""
import base64
import json
import os

import pytest
from registry_fixture import EAUTH, ENETWORK

LAX = "--tls-verify=false"


def coded(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(params=["basic", "bearer"])
def registry(request, faulty_registry):
    started = faulty_registry(auth=request.param, users={"u": "pw"})
    started.image = started.add_image("a/b", "1", layers=[{"hello": b"world"}])
    return started


def pull(registry_probe, registry, *options, **how):
    return registry_probe("manifest", registry.host, "a/b", "1", options=[LAX, *options], **how)


def test_credentials_of_the_command_line(registry_probe, registry):
    assert pull(registry_probe, registry, "--user=u", "--password=pw").code == 0


def test_wrong_credentials_are_refused_in_one_line(registry_probe, registry):
    answer = pull(registry_probe, registry, "--user=u", "--password=no")
    assert answer.code == EAUTH
    assert "unauthorized: " in answer.message


def test_no_credentials(registry_probe, registry):
    answer = pull(registry_probe, registry)
    assert answer.code == EAUTH
    assert "unauthorized: " in answer.message


@pytest.mark.parametrize("key", ["{host}", "{host}/a", "{host}/a/b", "https://{host}/v1/"])
def test_credentials_of_an_auth_file(registry_probe, registry, tmp_path, key):
    auths = {key.format(host=registry.host): {"auth": coded("u", "pw")},
             f"{registry.host}/a/bc": {"auth": coded("u", "no")}}
    (tmp_path / "auth.json").write_text(json.dumps({"auths": auths}))
    assert pull(registry_probe, registry, f"--authfile={tmp_path}/auth.json").code == 0


def test_the_longest_key_wins(registry_probe, registry, tmp_path):
    auths = {registry.host: {"auth": coded("u", "no")}, f"{registry.host}/a": {"auth": coded("u", "pw")}}
    (tmp_path / "auth.json").write_text(json.dumps({"auths": auths}))
    assert pull(registry_probe, registry, f"--authfile={tmp_path}/auth.json").code == 0


@pytest.mark.parametrize("place", ["containers/auth.json", ".config/containers/auth.json", ".docker/config.json"])
def test_auth_files_in_their_usual_places(registry_probe, registry, tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": {registry.host: {"auth": coded("u", "pw")}}}))
    assert pull(registry_probe, registry).code == 0


def test_auth_file_of_the_environment(registry_probe, registry, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"auths": {registry.host: {"auth": coded("u", "pw")}}}))
    assert pull(registry_probe, registry, env={"REGISTRY_AUTH_FILE": str(tmp_path / "x.json")}).code == 0


@pytest.mark.parametrize("text", ["{", "[" * 200, '{"auths": {"HOST": {"auth": "!!"}}}'])
def test_malformed_auth_file_is_named(registry_probe, registry, tmp_path, text):
    path = tmp_path / "auth.json"
    path.write_text(text.replace("HOST", registry.host))
    answer = pull(registry_probe, registry, f"--authfile={path}")
    assert answer.code != 0
    assert answer.message.startswith("getting username and password: ")
    assert str(path) in answer.message


def helper(tmp_path, script):
    path = tmp_path / "bin" / "docker-credential-test"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return {"PATH": f"{path.parent}:{os.environ['PATH']}"}


def test_credential_helper(registry_probe, registry, tmp_path):
    env = helper(tmp_path, 'read -r host; [ "$1" = get ] || exit 1\n'
                 'echo "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"u\\",\\"Secret\\":\\"pw\\"}"\n')
    (tmp_path / "auth.json").write_text(json.dumps({"credHelpers": {registry.host: "test"}}))
    assert pull(registry_probe, registry, f"--authfile={tmp_path}/auth.json", env=env).code == 0


def test_credential_helper_that_fails_is_named(registry_probe, registry, tmp_path):
    env = helper(tmp_path, "echo 'the vault is locked'; exit 3\n")
    (tmp_path / "auth.json").write_text(json.dumps({"credHelpers": {registry.host: "test"}}))
    answer = pull(registry_probe, registry, f"--authfile={tmp_path}/auth.json", env=env)
    assert "docker-credential-test: exit status 3: the vault is locked" in answer.message


def test_token_is_fetched_once_and_renewed_when_refused(registry_probe, faulty_registry):
    registry = faulty_registry(auth="bearer", users={"u": "pw"})
    image = registry.add_image("a/b", "1", layers=[{"hello": b"world"}])
    layer = image["layers"][0]
    options = [LAX, "--user=u", "--password=pw"]
    assert registry_probe("blob", registry.host, "a/b", layer["digest"], layer["size"], options=options).code == 0
    assert registry.count("GET", "/token") == 1
    challenge = f'Bearer realm="{registry.url}/token",service="test"'
    registry.fault("blob", status=401, headers={"WWW-Authenticate": challenge})
    assert registry_probe("blob", registry.host, "a/b", layer["digest"], layer["size"], options=options).code == 0


def test_a_given_token_is_sent_as_it_is(registry_probe, faulty_registry):
    registry = faulty_registry(auth="bearer")
    registry.add_image("a/b", "1", layers=[{"hello": b"world"}])
    registry.tokens["secret"] = ("repository:a/b:pull", float("inf"))
    assert pull(registry_probe, registry, "--token=secret").code == 0
    assert pull(registry_probe, registry, "--token=other").code == EAUTH
    assert registry.count("GET", "/token") == 0


@pytest.mark.parametrize("body", [b"{}", b"{", b'{"token": "a\\nX-Evil: 1"}', b'{"token": 7}'])
def test_malformed_token_is_an_error(registry_probe, faulty_registry, body):
    registry = faulty_registry(auth="bearer")
    registry.add_image("a/b", "1", layers=[{"hello": b"world"}])
    registry.fault("token", status=200, body=body)
    answer = pull(registry_probe, registry)
    assert answer.code != 0
    assert "unable to retrieve auth token" in answer.message


def test_credentials_do_not_follow_a_redirect_to_another_host(registry_probe, registry, faulty_registry):
    other = faulty_registry()
    other.add_image("a/b", "1", layers=[{"hello": b"world"}])
    registry.fault("manifest", redirect=f"{other.url}/v2/a/b/manifests/1")
    assert pull(registry_probe, registry, "--user=u", "--password=pw").code == 0
    assert other.requests
    assert not any("Authorization" in headers for _, _, headers in other.requests)


def test_private_ca(registry_probe, faulty_registry, tmp_path):
    registry = faulty_registry(tls=True)
    registry.add_image("a/b", "1", layers=[{"hello": b"world"}])
    answer = registry_probe("manifest", registry.host, "a/b", "1", options=[])
    assert answer.code == ENETWORK
    assert "x509: certificate signed by unknown authority" in answer.message
    assert registry_probe("manifest", registry.host, "a/b", "1", options=[LAX]).code == 0
    assert registry_probe("manifest", registry.host, "a/b", "1", options=[f"--cert-dir={registry.cert_dir}"]).code == 0
    folder = tmp_path / ".config/containers/certs.d"
    folder.mkdir(parents=True)
    (folder / registry.host).symlink_to(registry.cert_dir)
    assert registry_probe("manifest", registry.host, "a/b", "1", options=[]).code == 0


def test_client_certificate_needs_its_key(registry_probe, faulty_registry, tmp_path):
    registry = faulty_registry(tls=True)
    (tmp_path / "client.cert").write_text("x")
    answer = registry_probe("manifest", registry.host, "a/b", "1", options=[f"--cert-dir={tmp_path}"])
    assert "missing key client.key for client certificate client.cert" in answer.message


def test_https_is_not_left_for_http(registry_probe, faulty_registry):
    registry, plain = faulty_registry(tls=True), faulty_registry()
    for server in (registry, plain):
        server.add_image("a/b", "1", layers=[{"hello": b"world"}])
    registry.fault("manifest", redirect=f"{plain.url}/v2/a/b/manifests/1")
    answer = pull(registry_probe, registry, f"--cert-dir={registry.cert_dir}")
    assert answer.code == ENETWORK
    assert "unencrypted http refused" in answer.message


def test_http_only_where_it_is_allowed(registry_probe, faulty_registry):
    registry = faulty_registry()
    answer = registry_probe("manifest", registry.host, "a/b", "1", options=[])
    assert answer.code == ENETWORK
    assert answer.message == (f'pinging container registry {registry.host}: Get "https://{registry.host}/v2/": '
                              "http: server gave HTTP response to HTTPS client")
