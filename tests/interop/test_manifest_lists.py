# SPDX-License-Identifier: Apache-2.0
"""Manifest lists in a store that Podman shares: what one made the other reads, changes and pushes."""
import concurrent.futures
import json

import pytest

from store_fixture import BUILD, layouts, run, store  # noqa: F401


@pytest.fixture
def keg(store):
    def call(*words):
        return run(BUILD / "keg", "--root", store.root, "--runroot", store.runroot, *words)
    return call


@pytest.fixture
def images(store, layouts):
    for name in ("small", "layers61"):
        store.put(layouts[name], f"localhost/{name}:1")
    return ["localhost/small:1", "localhost/layers61:1"]


def test_a_list_of_ours_in_podman(store, keg, images):
    keg("manifest", "create", "l", images[0])
    first = json.loads(store.podman("manifest", "inspect", "l"))["manifests"]
    assert first == json.loads(keg("manifest", "inspect", "l"))["manifests"] and len(first) == 1
    store.podman("manifest", "add", "--arch=arm64", "--variant=v8", "--features=sse4", "l", f"containers-storage:{images[1]}")
    ours = json.loads(keg("manifest", "inspect", "l"))
    assert len(ours["manifests"]) == 2
    assert json.loads(store.podman("manifest", "inspect", "l"))["manifests"] == ours["manifests"]
    store.podman("manifest", "remove", "l", ours["manifests"][0]["digest"])
    assert json.loads(keg("manifest", "inspect", "l"))["manifests"] == ours["manifests"][1:]
    store.podman("manifest", "rm", "l")
    assert "localhost/l " not in keg("images")


def test_a_list_of_podmans_in_ours(store, keg, images):
    store.podman("manifest", "create", "l")
    assert not json.loads(keg("manifest", "inspect", "l"))["manifests"]
    store.podman("manifest", "add", "l", f"containers-storage:{images[0]}")
    keg("manifest", "add", "l", images[1])
    keg("manifest", "annotate", "--os-version=1", "l", images[0])
    theirs = json.loads(store.podman("manifest", "inspect", "l"))["manifests"]
    assert len(theirs) == 2 and theirs[0]["platform"]["os.version"] == "1"
    keg("manifest", "rm", "l")
    assert "localhost/l " not in store.podman("images")


def test_both_send_the_same_list(store, keg, images, tmp_path):
    keg("manifest", "create", "l", *images)
    keg("manifest", "push", "-q", "l", f"dir:{tmp_path}/ours")
    store.podman("manifest", "push", "-q", "--all", "l", f"dir:{tmp_path}/theirs")
    assert json.loads((tmp_path / "ours/manifest.json").read_text()) == json.loads((tmp_path / "theirs/manifest.json").read_text())
    names = {path.name for path in (tmp_path / "ours").iterdir()}
    assert names == {path.name for path in (tmp_path / "theirs").iterdir()}


def test_both_at_once_keep_the_store_whole(store, keg, images):
    keg("manifest", "create", "ours")
    store.podman("manifest", "create", "theirs")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        work = [pool.submit(keg, "manifest", "add", "ours", name) for name in images]
        work += [pool.submit(store.podman, "manifest", "add", "theirs", f"containers-storage:{name}") for name in images[:1]]
        for one in work:
            one.result()
    assert len(json.loads(store.podman("manifest", "inspect", "ours"))["manifests"]) == 2
    assert len(json.loads(keg("manifest", "inspect", "theirs"))["manifests"]) == 1
    store.probe("check", "look")
