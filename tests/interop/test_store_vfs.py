# SPDX-License-Identifier: Apache-2.0
"""The vfs driver: one store of whole trees, written and read by all tools."""
import json
import os
import subprocess

import pytest

from store_fixture import BUILD, Failed, diff_ids, layouts, run, store  # noqa: F401

IMAGES = ["small", "zstd", "oddities"]
CONTENT = "find . -printf '%P %y %m %U %G %l %n ' \\( -type f -printf '%s' -o -true \\) \\( -type d -o -printf '%T@' \\) -printf '\\n' | sort"


@pytest.fixture
def vfs(store):  # noqa: F811
    """The store with this driver for every tool."""
    store.peer[-1] = "vfs"
    store.reference = lambda name: f"containers-storage:[vfs@{store.root}+{store.runroot}]{name}"
    store.keg = lambda *args, **how: run(BUILD / "keg", "--root", store.root, "--runroot", store.runroot, "--storage-driver", "vfs", *args, **how)
    yield store


def records(store, kind):  # noqa: F811
    return json.loads((store.root / f"vfs-{kind}" / f"{kind}.json").read_text())


def trees(store):  # noqa: F811
    """Each layer's tree: members with their attributes, and contents."""
    return {name: run("sh", "-c", f"cd {store.root}/vfs/dir/{name} && {CONTENT} && find . -type f -exec sha256sum {{}} + | sort -k2")
            for name in os.listdir(store.root / "vfs" / "dir")}


@pytest.mark.parametrize("image", IMAGES)
def test_what_we_store_is_what_the_peers_store(vfs, layouts, image):  # noqa: F811
    vfs.keg("pull", "-q", f"oci:{layouts[image]}")
    (ours,) = vfs.keg("images", "-q", "--no-trunc").replace("sha256:", "").split()
    vfs.keg("tag", ours, "localhost/a:1")
    assert vfs.sent_layers("localhost/a:1") == diff_ids(layouts[image])
    our_trees, our_layers = trees(vfs), {layer["id"]: layer for layer in records(vfs, "layers")}
    vfs.podman("rmi", "-f", ours)
    assert records(vfs, "layers") == [] and os.listdir(vfs.root / "vfs" / "dir") == []
    vfs.put(layouts[image], "localhost/a:1")
    assert our_layers.keys() == {layer["id"] for layer in records(vfs, "layers")}
    their_trees = trees(vfs)
    assert our_trees.keys() == their_trees.keys()
    for name, tree in their_trees.items():
        assert our_trees[name] == tree, name


# Not the odd image: Skopeo 1.9 itself cannot read back the sparse file that it stored.
@pytest.mark.parametrize("image", IMAGES[:-1])
def test_what_peers_store_we_give_away_and_remove(vfs, layouts, image, tmp_path):  # noqa: F811
    vfs.put(layouts[image], "localhost/a:1")
    run(BUILD / "kegcopy", "--insecure-policy", "copy", "-q", vfs.reference("localhost/a:1"), f"dir:{tmp_path}")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [layer["digest"] for layer in manifest["layers"]] == diff_ids(layouts[image])
    assert vfs.keg("system", "check") == ""
    vfs.keg("rmi", "localhost/a:1")
    assert records(vfs, "layers") == [] and records(vfs, "images") == [] and os.listdir(vfs.root / "vfs" / "dir") == []


def test_containers_have_a_copy_of_their_own(vfs, layouts):  # noqa: F811
    vfs.keg("pull", "-q", f"oci:{layouts['small']}")
    (image,) = vfs.keg("images", "-q", "--no-trunc").replace("sha256:", "").split()
    before = trees(vfs)
    made = vfs.keg("create", image, "/nothing").strip()
    assert vfs.keg("inspect", "--format", "{{.Driver}} {{.GraphDriver.Name}}", made).strip() == "vfs vfs"
    assert vfs.keg("image", "inspect", "--format", "{{.GraphDriver.Name}}", image).strip() == "vfs"
    failed = subprocess.run([BUILD / "keg", "--root", vfs.root, "--runroot", vfs.runroot, "--storage-driver", "vfs", "start", made],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    assert failed.returncode != 0 and b"/nothing" in failed.stderr
    upper = vfs.root / "keg" / "containers" / made / "diff"
    assert os.listdir(upper)
    assert vfs.keg("ps", "-a", "--size", "--format", "{{.Size}}").startswith("0B ")
    (upper / "new").write_bytes(bytes(1000))
    assert vfs.keg("ps", "-a", "--size", "--format", "{{.Size}}").startswith("1kB ")
    with pytest.raises(Failed, match="in use by a container"):
        vfs.podman("rmi", image)
    vfs.keg("rm", "-f", made)
    assert trees(vfs) == before and vfs.keg("system", "check") == ""


def test_a_store_of_another_driver_is_told(vfs, layouts):  # noqa: F811
    vfs.keg("pull", "-q", f"oci:{layouts['small']}")
    other = subprocess.run([BUILD / "keg", "--root", vfs.root, "--runroot", vfs.runroot, "images", "-q"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=True)
    assert other.stdout == b"" and (b"level=warning" in other.stderr) == (b"storage driver vfs" in other.stderr)
    both = subprocess.run([BUILD / "keg", "--root", vfs.root, "--runroot", vfs.runroot, "images", "-q"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    assert both.returncode == 125 and b"several storage drivers: overlay, vfs" in both.stderr and b"--storage-driver" in both.stderr
