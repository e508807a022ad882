# SPDX-License-Identifier: Apache-2.0
"""keg manifest: lists that are put together in the store."""
import concurrent.futures
import json
import os
import uuid

import pytest

from kegtool import IMAGE

LAX = "--tls-verify=false"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
SECOND = "localhost/second:list"


@pytest.fixture
def made(keg):
    """An empty list, beside two images."""
    name = f"localhost/list{uuid.uuid4().hex[:8]}:latest"
    keg.import_busybox(SECOND, "--change", "LABEL which=second")
    keg("manifest", "create", name)
    yield name
    keg.attempt("manifest", "rm", "-i", name)
    keg.attempt("rmi", SECOND)


@pytest.fixture
def repository(docker_registry):
    return f"{docker_registry.host}/{uuid.uuid4().hex[:8]}"


def entries(keg, name):
    return keg("manifest", "inspect", name).json()["manifests"]


def test_a_list_is_made_filled_changed_and_removed(keg, made):
    id = keg("manifest", "add", made, IMAGE).out.strip()
    keg("manifest", "add", "--arch=arm64", "--variant=v8", "--os-version=7.7", "--os-features=a,b", "--features=sse4",
        "--annotation=x=y", made, SECOND)
    first, second = entries(keg, made)
    assert first["platform"]["os"] == "linux" and first["mediaType"].endswith("manifest.v1+json")
    assert second["annotations"] == {"x": "y"}
    assert second["platform"] == {"architecture": "arm64", "os": "linux", "variant": "v8", "os.version": "7.7",
                                  "os.features": ["a", "b"], "features": ["sse4"]}
    keg("manifest", "annotate", "--arch=riscv64", made, second["digest"])
    keg("manifest", "annotate", "--annotation=by=name", made, SECOND)
    second = entries(keg, id)[1]
    assert second["platform"]["architecture"] == "riscv64" and second["annotations"] == {"x": "y", "by": "name"}
    keg("manifest", "remove", made, first["digest"])
    assert entries(keg, made) == [second]
    assert keg("manifest", "rm", made).lines == [f"Untagged: {made}", f"Deleted: {id}"]
    assert keg.attempt("manifest", "exists", made).status == 1
    assert keg("image", "exists", IMAGE).status == 0


def test_the_list_itself_is_annotated(keg, made):
    assert keg("manifest", "inspect", made).json()["mediaType"] == DOCKER_LIST
    keg("manifest", "add", made, IMAGE)
    keg("manifest", "annotate", "--index", "--annotation=vendor=me", "--subject", SECOND, made)
    index = keg("manifest", "inspect", made).json()
    assert index["mediaType"] == INDEX and index["annotations"] == {"vendor": "me"}
    assert index["subject"]["digest"] not in (index["manifests"][0]["digest"], None)


def test_create_takes_images_and_amends_where_it_is_told_to(keg, made):
    assert "already in use" in keg.fails("manifest", "create", made).err
    keg("manifest", "create", "--amend", "--annotation=a=b", made, IMAGE, SECOND)
    assert len(entries(keg, made)) == 2
    assert "image is not a manifest list" in keg.fails("manifest", "create", "--amend", IMAGE).err
    assert keg("manifest", "exists", made).out == ""


def test_changes_at_once_lose_nothing(keg, made):
    for n in range(6):
        keg.import_busybox(f"localhost/at-once:{n}", "--change", f"LABEL n={n}")
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: keg("manifest", "add", made, f"localhost/at-once:{n}"), range(6)))
    assert len(entries(keg, made)) == 6
    keg("rmi", *(f"localhost/at-once:{n}" for n in range(6)))


def test_a_list_goes_to_a_registry_with_its_images(keg, made, repository):
    keg("manifest", "add", made, IMAGE, SECOND)
    digestfile = keg.file(f"{uuid.uuid4().hex}.digest")
    keg("manifest", "push", "-q", LAX, "--digestfile", digestfile, made, f"docker://{repository}:1")
    with open(digestfile, encoding="ascii") as file:
        digest = file.read()
    remote = keg("manifest", "inspect", LAX, f"{repository}@{digest}").json()
    assert [entry["platform"] for entry in remote["manifests"]] == [entry["platform"] for entry in entries(keg, made)]
    keg("pull", "-q", LAX, f"{repository}:1")
    keg("rmi", f"{repository}:1")
    # From there into another list: the image for this machine, or each.
    other = made.replace("list", "other")
    keg("manifest", "create", other)
    keg("manifest", "add", LAX, other, f"{repository}:1")
    assert len(entries(keg, other)) == 1
    keg("manifest", "add", LAX, "--all", other, f"docker://{repository}:1")
    assert len(entries(keg, other)) == 2
    keg("manifest", "push", "-q", LAX, "--rm", other, f"{repository}:2")
    assert keg.attempt("manifest", "exists", other).status == 1


def test_the_list_alone_and_other_formats(keg, made, repository):
    keg("manifest", "add", made, IMAGE)
    folder = keg.file(f"{uuid.uuid4().hex}.txt")[:-4]
    keg("manifest", "push", "-q", "--format=v2s2", made, f"dir:{folder}")
    with open(f"{folder}/manifest.json", encoding="utf-8") as file:
        index = json.load(file)
    assert index["mediaType"] == DOCKER_LIST
    assert index["manifests"][0]["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert len([name for name in os.listdir(folder) if name.endswith(".manifest.json")]) == 1
    keg("manifest", "push", "-q", LAX, made, f"{repository}:1")
    there = made.replace("list", "there")
    keg("manifest", "create", LAX, "--all", there, f"{repository}:1")
    keg("manifest", "push", "-q", LAX, "--all=false", there, f"{repository}:alone")
    assert entries(keg, there) == keg("manifest", "inspect", LAX, f"{repository}:alone").json()["manifests"]
    keg("manifest", "rm", there)


def test_push_takes_lists_whole(keg, made):
    keg("manifest", "add", made, IMAGE, SECOND)
    folder = keg.file(f"{uuid.uuid4().hex}.txt")[:-4]
    keg("push", "-q", made, f"dir:{folder}")
    assert len([name for name in os.listdir(folder) if name.endswith(".manifest.json")]) == 2


def test_short_names_are_looked_for_where_the_registries_are_configured(keg, made, faulty_registry):
    registry = faulty_registry()
    registry.add_image("app", "latest", layers=[{"f": b"x"}])
    conf = keg.file("registries.conf", f'unqualified-search-registries = ["{registry.host}"]\n'
                    f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n')
    keg("manifest", "add", made, "app", env={"CONTAINERS_REGISTRIES_CONF": conf})
    assert len(entries(keg, made)) == 1


@pytest.mark.parametrize("words, message", [
    (["add", "nosuch", IMAGE], "image not known"), (["add", IMAGE, IMAGE], "image is not a manifest list"),
    (["add", "LIST", "oci:/nowhere"], "/nowhere"), (["add", "--annotation=x", "LIST", IMAGE], "key=value"),
    (["annotate", "LIST"], "expected an instance digest"), (["annotate", "--index", "LIST", IMAGE], "did not expect"),
    (["annotate", "--index", "--arch=x", "LIST"], "only annotations and the subject"),
    (["annotate", "--subject=x", "LIST", IMAGE], "--subject can only be set together with --index"),
    (["annotate", "LIST", IMAGE], "no instance matching"), (["remove", "LIST", "x"], "invalid image digest"),
    (["remove", "LIST", "sha256:" + 64 * "0"], "no instance matching"), (["rm", "nosuch"], "image not known"),
    (["rm", IMAGE], "image is not a manifest list"), (["exists", IMAGE], "image is not a manifest list"),
    (["add", "--artifact", "LIST", "x"], "--artifact"), (["push", "--add-compression=zstd", "LIST", "dir:/x"], "--add-compression"),
])
def test_bad_input(keg, made, words, message):
    before = keg("manifest", "inspect", made).out
    assert message in keg.fails("manifest", *(made if word == "LIST" else word for word in words)).err
    assert keg("manifest", "inspect", made).out == before
    assert keg("manifest", "rm", "--ignore", "nosuch").out == ""
