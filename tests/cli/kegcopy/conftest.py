# SPDX-License-Identifier: Apache-2.0
"""kegcopy with a home of its own, the images of make_images.py, and a look into places."""
import json
import os
import subprocess

import pytest

import make_images
from registry_fixture import BUILD

TIMEOUT = 60


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr


class Kegcopy:
    def __init__(self, folder):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder),
                    "TMPDIR": str(folder / "tmp"), "KEG_BLOB_CACHE": str(folder / "blobs")}
        (folder / "tmp").mkdir()
        (folder / "policy.json").write_text('{"default":[{"type":"insecureAcceptAnything"}]}')

    def start(self, *words, **how):
        argv = [BUILD / "kegcopy", "--policy", self.folder / "policy.json", *map(str, words)]
        return subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=self.folder, **how)

    def run(self, *words):
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Result(subprocess.CompletedProcess(words, process.returncode, out, err))

    def ok(self, *words):
        result = self.run(*words)
        assert result.code == 0, result.err
        return result.out

    def fails(self, *words, status=1):
        """The one line that it says."""
        result = self.run(*words)
        assert result.code == status
        lines = [line for line in result.err.splitlines() if not line.startswith("hint: ")]
        assert len(lines) == 1 and lines[0].startswith("Error: "), result.err
        assert not list((self.folder / "tmp").iterdir()), "temporary files are left"
        return lines[0]

    def copy(self, source, dest, *options):
        return self.ok("copy", "-q", *options, source, dest)

    def inspect(self, name, *options):
        return json.loads(self.ok("inspect", *options, name))


@pytest.fixture
def kegcopy(tmp_path):
    return Kegcopy(tmp_path)


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """images(name): an OCI layout of make_images.py, made once for the session."""
    folder = tmp_path_factory.mktemp("images")
    return lambda name: make_images.make(folder, name)


class Store:
    """A store of its own below `root`."""

    def __init__(self, folder):
        self.root, self.runroot = folder / "root", folder / "runroot"

    def name(self, image):
        return f"containers-storage:[overlay@{self.root}+{self.runroot}]{image}"

    def images(self):
        path = self.root / "overlay-images/images.json"
        return json.loads(path.read_text()) if path.exists() else []

    def layers(self):
        path = self.root / "overlay-layers/layers.json"
        return json.loads(path.read_text()) if path.exists() else []

    def tree(self, diff_id):
        layer = next(layer for layer in self.layers() if layer["diff-digest"] == diff_id)
        return self.root / "overlay" / layer["id"] / "diff"

    def leftovers(self):
        """What a transfer that failed must not leave."""
        found = [*self.root.glob("overlay/tempdirs/*"), *self.root.glob("keg/staging/*")]
        known = {layer["id"] for layer in self.layers()}
        found += [p for p in self.root.glob("overlay/*")
                  if len(p.name) == 64 and p.name not in known]
        return found

    def parts(self):
        return sorted(self.root.glob("keg/tmp/blobs/*.part"))


@pytest.fixture
def store(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a store with owners and devices wants root")
    made = Store(tmp_path)
    yield made
    # The peers leave the folder of layers bound onto itself, which os.path.ismount() cannot see.
    subprocess.run(["umount", "-l", made.root / "overlay"], stderr=subprocess.DEVNULL, check=False)
