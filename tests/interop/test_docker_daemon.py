# SPDX-License-Identifier: Apache-2.0
"""Images into Debian's Docker and out of it again, beside what Skopeo does there."""
import json

import pytest

import make_images


@pytest.fixture(scope="module")
def layouts(docker):
    folder = docker.sandbox.dir / "layouts"
    folder.mkdir()
    return lambda name: make_images.make(folder, name)


@pytest.fixture
def host(docker):
    return f"unix:///run/{docker.name}.sock"


def config_of(layout):
    def blob(digest):
        return (layout / "blobs/sha256" / digest[7:]).read_bytes()

    manifest = json.loads(blob(json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]))
    return manifest["config"]["digest"], json.loads(blob(manifest["config"]["digest"]))


@pytest.mark.parametrize("name", ["small", "zstd", "plain"])
def test_an_image_goes_into_docker_and_comes_back(docker, layouts, host, tmp_path, name):
    run = docker.sandbox.run
    run("kegcopy", "copy", "-q", "--dest-daemon-host", host, f"oci:{layouts(name)}", f"docker-daemon:{name}:1")
    digest, config = config_of(layouts(name))
    found = json.loads(docker("inspect", f"{name}:1").stdout)[0]
    assert found["Id"] == digest and f"{name}:1" in found["RepoTags"]
    assert found["RootFS"]["Layers"] == config["rootfs"]["diff_ids"]
    for program, options in (("kegcopy", []), ("skopeo", ["--insecure-policy"])):
        run(program, *options, "copy", "-q", "--src-daemon-host", host, f"docker-daemon:{name}:1",
            f"dir:{tmp_path}/{program}")
    # Docker 20.10 writes its layers anew: both have the same from it, under the same configuration.
    ours, theirs = ({at.name: at.read_bytes() for at in (tmp_path / program).iterdir()} for program in ("kegcopy", "skopeo"))
    assert ours == theirs and digest[7:] in ours


def test_an_image_is_named_by_its_id(docker, layouts, host):
    docker.sandbox.run("kegcopy", "copy", "-q", "--dest-daemon-host", host, f"oci:{layouts('small')}", "docker-daemon:id:1")
    digest, config = config_of(layouts("small"))
    shown = json.loads(docker.sandbox.run("kegcopy", "inspect", "--daemon-host", host, f"docker-daemon:{digest}").stdout)
    assert shown["Layers"] == config["rootfs"]["diff_ids"] and "Name" not in shown
    shown = json.loads(docker.sandbox.run("kegcopy", "inspect", "docker-daemon:id:1", env={"DOCKER_HOST": host}).stdout)
    assert shown["Name"] == "docker.io/library/id"


def test_what_docker_refuses_is_said(docker, layouts, host, tmp_path):
    run = docker.sandbox.run
    done = run("kegcopy", "inspect", "--daemon-host", host, "docker-daemon:no/such:1", check=False)
    assert done.returncode == 1 and "Error response from daemon: reference does not exist" in done.stderr
    layout = layouts("small")
    digest = config_of(layout)[1]["rootfs"]["diff_ids"][0]
    # An archive whose layer is another than its configuration says: the engine finds that at the end.
    work = tmp_path / "wrong"
    run("cp", "-a", layout, work)
    layer = json.loads((work / "blobs/sha256" / config_manifest(work)).read_text())["layers"][0]["digest"]
    blob = work / "blobs/sha256" / layer[7:]
    assert digest != layer and blob.exists()
    blob.write_bytes(blob.read_bytes()[:-9] + b"123456789")
    done = run("kegcopy", "copy", "--dest-daemon-host", host, f"oci:{work}", "docker-daemon:wrong:1", check=False)
    assert done.returncode == 1 and "did not match its digest" in done.stderr
    assert docker("inspect", "wrong:1", check=False).returncode != 0


def config_manifest(layout):
    return json.loads((layout / "index.json").read_text())["manifests"][0]["digest"][7:]
