# SPDX-License-Identifier: Apache-2.0
"""sync: which images it finds, where it puts them, and what it says."""
import json
import os
import shutil
import subprocess

import pytest

LAX = ["--src-tls-verify=false", "--dest-tls-verify=false"]


@pytest.fixture
def registry(faulty_registry):
    started = faulty_registry()
    for name, tags in {"team/app": ["1.0.0", "1.1.0", "latest"], "web": ["v2.0.0", "v2.1.0-rc.1", "dev"]}.items():
        for tag in tags:
            started.add_image(name, tag, layers=[{"who": f"{name}:{tag}".encode()}])
    return started


@pytest.fixture
def sync(kegcopy, tmp_path):
    def run(source, transport="docker", to="dir", options=(), dest=None):
        """What stands on stderr."""
        result = kegcopy.run("sync", *LAX, "--src", transport, "--dest", to, *options, source, dest or tmp_path / "out")
        assert result.code == 0, result.err
        return result.err

    return run


def images(folder):
    return sorted(str(path.parent.relative_to(folder)) for path in folder.rglob("manifest.json"))


def test_every_tag_of_a_repository(sync, registry, tmp_path):
    told = sync(f"{registry.host}/team/app")
    assert images(tmp_path / "out") == ["app:1.0.0", "app:1.1.0", "app:latest"]
    assert "Synced 3 images from 1 sources" in told
    assert (tmp_path / "out/app:latest/manifest.json").read_bytes() == registry.manifests["team/app", "latest"][0]


def test_one_tag_with_the_whole_name(sync, registry, tmp_path):
    told = sync(f"{registry.host}/team/app:1.0.0", options=["--scoped"])
    assert images(tmp_path / "out") == [f"{registry.host}/team/app:1.0.0"]
    name = f"{registry.host}/team/app:1.0.0"
    assert f'Copying image ref 1/1 from="docker://{name}" to="dir:{tmp_path}/out/{name}"' in told


def test_a_dry_run_makes_nothing(sync, registry, tmp_path):
    digests = tmp_path / "digests"
    told = sync(f"{registry.host}/web", options=["--dry-run", f"--digestfile={digests}"])
    assert "Would have copied image ref 2/3" in told and "Would have synced 3 images from 1 sources" in told
    assert not (tmp_path / "out").exists() and not digests.exists()


def test_between_registries_and_back_from_folders(sync, registry, docker_registry, kegcopy, tmp_path):
    mirror = f"{docker_registry.host}/{tmp_path.name}"
    sync(f"{registry.host}/team/app", to="docker", options=["--append-suffix=-m"], dest=mirror)
    tags = json.loads(kegcopy.ok("list-tags", "--tls-verify=false", f"docker://{mirror}/app"))["Tags"]
    assert sorted(tags) == ["1.0.0-m", "1.1.0-m", "latest-m"]
    sync(f"{mirror}/app", options=["--scoped"])
    sync(tmp_path / "out", transport="dir", to="docker", dest=f"{mirror}/flat")
    sync(tmp_path / "out" / docker_registry.host, transport="dir", to="docker", options=["--scoped"],
         dest=f"{mirror}/deep")
    sync(tmp_path / "out" / f"{mirror}/app:latest-m", transport="dir", to="docker", dest=f"{mirror}/one")
    for repository, count in {"flat/app": 3, f"deep/{tmp_path.name}/app": 3, "one/app": 1}.items():
        listed = json.loads(kegcopy.ok("list-tags", "--tls-verify=false", f"docker://{mirror}/{repository}"))
        assert len(listed["Tags"]) == count


def test_digests_of_what_was_copied(sync, registry, kegcopy, tmp_path):
    sync(f"{registry.host}/team/app", options=["--digestfile", tmp_path / "digests"])
    lines = (tmp_path / "digests").read_text().splitlines()
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split(" ")
        assert kegcopy.inspect(name)["Digest"] == digest


def test_options_of_the_copy(sync, registry, kegcopy, tmp_path):
    sync(f"{registry.host}/team/app:latest", options=["--format=oci"])
    manifest = json.loads((tmp_path / "out/app:latest/manifest.json").read_text())
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    done = kegcopy.run("sync", *LAX, "-s", "docker", "-d", "dir", "--format=oci", "--preserve-digests",
                       f"{registry.host}/web:dev", tmp_path / "more")
    assert done.code == 1 and "Instructed to preserve digests" in done.err


def test_images_of_a_file(sync, registry, tmp_path):
    digest = registry.add_image("web", "x", layers=[{"x": b"y"}])["digest"]
    (tmp_path / "s.yml").write_text(f"""
{registry.host}:
    images:
        team/app: [1.0.0]
        web:
            - "{digest}"
    images-by-tag-regex:
        team/app: ^l
    images-by-semver:
        web: ">= 2"
    tls-verify: false
""")
    told = sync(tmp_path / "s.yml", transport="yaml")
    assert images(tmp_path / "out") == ["app:1.0.0", "app:latest", "web:v2.0.0", f"web@{digest}"]
    assert "Synced 4 images from 4 sources" in told


def test_all_tags_of_an_entry_without_any(sync, registry, tmp_path):
    (tmp_path / "s.yml").write_text(f"{registry.host}:\n  images:\n    team/app: []\n    web:\n")
    sync(tmp_path / "s.yml", transport="yaml")
    assert len(images(tmp_path / "out")) == 6


def test_credentials_and_certificates_of_a_file(kegcopy, faulty_registry, tmp_path):
    secure = faulty_registry(tls=True, auth="bearer", users={"u": "pw"})
    secure.add_image("a", "1", layers=[{"a": b"b"}])
    (tmp_path / "s.yml").write_text(f"""
{secure.host}:
    images: {{a: ["1"]}}
    credentials: {{username: u, password: pw}}
    tls-verify: true
    cert-dir: {secure.cert_dir}
""")
    kegcopy.ok("sync", "--src=yaml", "--dest=dir", tmp_path / "s.yml", tmp_path / "out")
    assert images(tmp_path / "out") == ["a:1"]


def test_a_repository_that_cannot_be_listed_is_passed_over(sync, registry, tmp_path):
    registry.fault("/v2/web/tags", status=404)
    (tmp_path / "s.yml").write_text(f"{registry.host}:\n  images: {{web: [], BAD: ['1'], team/app: ['1.0.0', '!']}}\n")
    told = sync(tmp_path / "s.yml", transport="yaml")
    assert images(tmp_path / "out") == ["app:1.0.0"]
    for name in ["web", "BAD", "team/app"]:
        assert f"Skipping {registry.host}/{name}: " in told


def test_a_failure_ends_it_unless_it_is_to_go_on(kegcopy, registry, tmp_path):
    words = ["sync", *LAX, "-s", "docker", "-d", "dir", f"--digestfile={tmp_path}/digests"]
    registry.fault("/team/app/manifests/1.1.0", times=-1, status=404)
    done = kegcopy.run(*words, f"{registry.host}/team/app", tmp_path / "out")
    assert done.code == 1 and "Error copying ref" in done.err
    assert len((tmp_path / "digests").read_text().splitlines()) == 1, "what was copied before counts"
    done = kegcopy.run(*words, "--keep-going", f"{registry.host}/team/app", tmp_path / "more")
    assert done.code == 1
    assert done.err.splitlines()[-1] == \
        "Error: Sync failed due to previous reported error(s) for one or more images"
    assert images(tmp_path / "more") == ["app:1.0.0", "app:latest"]


def test_a_folder_that_is_there_is_not_written_into(kegcopy, registry, tmp_path):
    os.makedirs(tmp_path / "out/web:dev")
    done = kegcopy.run("sync", *LAX, "-s", "docker", "-d", "dir", f"{registry.host}/web:dev", tmp_path / "out")
    assert f'Refusing to overwrite destination directory "{tmp_path}/out/web:dev"' in done.err
    assert done.code == 1 and not os.listdir(tmp_path / "out/web:dev")


def test_names_are_those_of_the_peer(sync, registry, tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    for options in [[], ["--scoped"], ["--append-suffix=-x"]]:
        ours, theirs = tmp_path / f"ours{options}", tmp_path / f"theirs{options}"
        sync(f"{registry.host}/team/app", options=options, dest=ours)
        subprocess.run(["skopeo", "--insecure-policy", "sync", "--src-tls-verify=false", "--src=docker", "--dest=dir",
                        *[o for o in options if "suffix" not in o], f"{registry.host}/team/app", theirs],
                       capture_output=True, check=True, timeout=50)
        suffix = "-x" if "--append-suffix=-x" in options else ""
        assert images(ours) == [name + suffix for name in images(theirs)]


@pytest.mark.parametrize("words, message", [
    (["a", "b"], "A source transport must be specified"),
    (["-s", "docker", "a", "b"], "A destination transport must be specified"),
    (["-s", "oci", "-d", "dir", "a", "b"], '"oci" is not a valid source transport'),
    (["-s", "docker", "-d", "yaml", "a", "b"], '"yaml" is not a valid destination transport'),
    (["-s", "dir", "-d", "dir", "a", "b"], "sync from 'dir' to 'dir' not implemented"),
    (["-s", "docker", "-d", "dir", "-f", "v9", "a", "b"], 'unknown format "v9"'),
    (["-s", "docker", "-d", "dir", "A:!", "b"], "Cannot obtain a valid image reference"),
    (["-s", "dir", "-d", "docker", "/not/there", "b"], "Invalid source directory specified"),
    (["-s", "dir", "-d", "docker", ".", "b"], 'No images to sync found in "."'),
    (["-s", "yaml", "-d", "dir", "/not/there", "b"], "no such file or directory"),
    (["-s", "docker", "-d", "dir", "--sign-by-sq-fingerprint=x", "a", "b"], "--sign-by-sq-fingerprint"),
])
def test_what_is_wrong_is_said(kegcopy, words, message):
    assert message in kegcopy.fails("sync", *words)


@pytest.mark.parametrize("text, message", [
    ("a: [", "line 2: "),
    ("a: {b: 1}", 'registry a: unknown member "b"'),
    ("[a]", "the document: not a map"),
    ("a: text", "a: not a map"),
    ("a: {images: [b]}", "images: not a map"),
    ("a: {images: {b: c}}", "b: not a list"),
    ("a: {images-by-semver: {b: new}}", "improper constraint: new"),
    ("a: {images-by-tag-regex: {b: (}}", "regular expression ("),
    ("a: {images: {b: []}, tls-verify: maybe}", "tls-verify: neither true nor false"),
    ("a: {credentials: {user: x}}", 'unknown member "user"'),
    ("a: &x {images: {}}\nb: *x", "line 2: aliases are not supported"),
    ("a: {}\na: {}", "line 2: the same key for the second time"),
    ("? [a]\n: b", "line 1: a key has to be plain text"),
    ("a: {}\n---\nb: {}", "line 2: a second document"),
    ("[" * 100, "line 1: nested too deeply"),
])
def test_a_file_that_is_wrong(kegcopy, tmp_path, text, message):
    (tmp_path / "s.yml").write_text(text + "\n")
    assert message in kegcopy.fails("sync", "-s", "yaml", "-d", "dir", "s.yml", "out")
    assert not (tmp_path / "out").exists()
