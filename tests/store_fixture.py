# SPDX-License-Identifier: Apache-2.0
"""A store of its own in which the peers and our store layer (store_probe) work side by side."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import make_images

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[1] / "build")
PROBE = BUILD / "tests" / "store_probe"
POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


class Failed(Exception):
    """A command exited with another status than 0; str() is what it printed."""


def run(*argv, timeout=60, **how):
    """Its stdout; what it said on both as Failed otherwise."""
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, check=False, **how)
    if done.returncode:
        raise Failed((done.stdout + done.stderr).decode(errors="replace"))
    return done.stdout.decode(errors="replace")


class Store:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.root, self.runroot = self.folder / "root", self.folder / "run"
        self.policy = self.folder / "policy.json"
        self.policy.write_text(POLICY)
        self.peer = ["--root", self.root, "--runroot", self.runroot, "--storage-driver", "overlay"]

    def probe(self, *args, **how):
        return run(PROBE, self.root, self.runroot, *args, **how)

    def probe_argv(self, *args):
        return [str(a) for a in (PROBE, self.root, self.runroot, *args)]

    def podman(self, *args, **how):
        return run("podman", *self.peer, *args, **how)

    def buildah(self, *args, **how):
        return run("buildah", *self.peer, *args, **how)

    def reference(self, name):
        return f"containers-storage:[overlay@{self.root}+{self.runroot}]{name}"

    def skopeo(self, source, destination, **how):
        return run("skopeo", "--policy", self.policy, "copy", "-q", source, destination, **how)

    def put(self, layout, name):
        """A peer stores the image."""
        self.skopeo(f"oci:{layout}", self.reference(name))

    def images(self):
        """Ours: name -> id."""
        return {name: id for id, name, _ in (line.split() for line in self.probe("list").splitlines())}

    def records(self, kind):
        path = self.root / f"overlay-{kind}" / f"{kind}.json"
        return json.loads(path.read_text()) if path.exists() else []

    def sent_layers(self, name):
        """Digests of the layers as a peer gives them away: it reads and verifies every byte."""
        with tempfile.TemporaryDirectory(dir=self.folder) as to:
            self.skopeo(self.reference(name), f"dir:{to}")
            return [layer["digest"] for layer in json.loads((pathlib.Path(to) / "manifest.json").read_text())["layers"]]

    def is_empty(self):
        """Nothing of any image is left."""
        left = [p for p in (self.root / "overlay").iterdir() if len(p.name) == 64]
        left += (self.root / "overlay" / "l").iterdir() if (self.root / "overlay" / "l").exists() else []
        left += (self.root / "overlay" / "tempdirs").iterdir() if (self.root / "overlay/tempdirs").exists() else []
        left += [p for p in (self.root / "overlay-images").iterdir() if len(p.name) == 64]
        left += (self.root / "overlay-layers").glob("*.gz")
        return left == [] and self.records("layers") == [] and self.records("images") == []


def diff_ids(layout):
    """What the layers of an OCI layout are when unpacked."""
    layout = pathlib.Path(layout)

    def blob(descriptor):
        return json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())

    manifest = blob(json.loads((layout / "index.json").read_text())["manifests"][0])
    return blob(manifest["config"])["rootfs"]["diff_ids"]


@pytest.fixture(scope="session")
def layouts():
    with tempfile.TemporaryDirectory(prefix="keg-layouts-") as folder:
        names = ["small", "plain", "zstd", "layers61", "oddities"]
        for name in names:
            make_images.make(folder, name)
        yield {name: pathlib.Path(folder) / name for name in names}


@pytest.fixture
def store():
    for program in ["podman", "buildah", "skopeo"]:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    if os.geteuid() != 0:
        pytest.skip("a private store of the peers with all owners needs root")
    folder = tempfile.mkdtemp(prefix="keg-store-")
    made = Store(folder)
    yield made
    run("sh", "-c", f"umount -lq {made.root}/overlay; true")
    shutil.rmtree(folder, ignore_errors=True)
