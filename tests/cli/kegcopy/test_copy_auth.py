# SPDX-License-Identifier: Apache-2.0
"""kegcopy's options about credentials and certificates reach the registry."""
import base64
import json
import os
import subprocess

import pytest
from registry_fixture import BUILD


@pytest.fixture
def registry(faulty_registry):
    started = faulty_registry(tls=True, auth="bearer", users={"u": "pw"})
    started.image = started.add_image("team/app", "1", layers=[{"hello": b"world"}])
    return started


@pytest.fixture
def kegcopy(tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
                   "KEG_BLOB_CACHE": str(tmp_path / "blobs")}

    def run(*words, env=None):
        return subprocess.run([BUILD / "kegcopy", "--insecure-policy", *words], env={**environment, **(env or {})},
                              capture_output=True, text=True, timeout=55, check=False)

    return run


def name(registry, tag="1"):
    return f"docker://{registry.host}/team/app:{tag}"


@pytest.mark.parametrize("trust", ["--src-cert-dir={certs}", "--src-tls-verify=false"])
def test_source_credentials_and_certificates(kegcopy, registry, tmp_path, trust):
    done = kegcopy("copy", trust.format(certs=registry.cert_dir), "--src-creds=u:pw", name(registry),
                   f"dir:{tmp_path}/out")
    assert done.returncode == 0, done.stderr


def test_destination_credentials_and_certificates(kegcopy, registry, tmp_path):
    options = [f"--{side}-cert-dir={registry.cert_dir}" for side in ("src", "dest")]
    options += [f"--{side}-creds=u:pw" for side in ("src", "dest")]
    done = kegcopy("copy", *options, name(registry), name(registry, "2"))
    assert done.returncode == 0, done.stderr
    assert registry.manifests["team/app", "2"] == registry.manifests["team/app", "1"]


def test_user_name_and_password_apart(kegcopy, registry):
    done = kegcopy("inspect", "--tls-verify=false", "--username=u", "--password=pw", name(registry))
    assert json.loads(done.stdout)["Digest"] == registry.image["digest"]


@pytest.mark.parametrize("given", ["option", "environment"])
def test_auth_file(kegcopy, registry, tmp_path, given):
    path = tmp_path / "auth.json"
    path.write_text(json.dumps({"auths": {f"{registry.host}/team": {"auth": base64.b64encode(b"u:pw").decode()}}}))
    options, env = (["--authfile", str(path)], {}) if given == "option" else ([], {"REGISTRY_AUTH_FILE": str(path)})
    done = kegcopy("inspect", "--tls-verify=false", *options, name(registry), env=env)
    assert done.returncode == 0, done.stderr
    done = kegcopy("inspect", "--tls-verify=false", "--no-creds", *options, name(registry), env=env)
    assert done.returncode == 1


def test_a_ready_token(kegcopy, registry):
    registry.tokens["secret"] = ("repository:team/app:pull", float("inf"))
    done = kegcopy("inspect", "--tls-verify=false", "--registry-token=secret", name(registry))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("options, message", [
    (["--tls-verify=false"], "unauthorized: "),
    (["--tls-verify=false", "--creds=u:wrong"], "unauthorized: incorrect username or password"),
    (["--creds=u:pw"], "x509: certificate signed by unknown authority"),
    (["--creds="], "credentials can't be empty"),
    (["--creds=:pw"], "username can't be empty"),
])
def test_what_is_wrong_is_said_in_one_line(kegcopy, registry, options, message):
    done = kegcopy("inspect", *options, name(registry))
    assert done.returncode == 1
    assert message in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.startswith("hint: ")]) == 1
