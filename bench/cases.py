# SPDX-License-Identifier: Apache-2.0
"""What is measured. A case takes a Stage and returns a Row; its docstring is its line in --help."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import images as moving
import measure
import runtime
from measure import Row

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from sandbox import busybox_archive  # noqa: E402

IMAGE = "localhost/bench:latest"
OURS = ["keg", "kegcopy", "kegrun", "kegmon", "libkeg-transfer.so"]
PEERS = ["podman", "buildah", "skopeo", "runc", "crun", "conmon"]
MANY = 500


class Stage:
    """The sandbox, with the image in its store, and the tools' words."""

    def __init__(self, sandbox, build, quick):
        self.sandbox, self.build, self.quick = sandbox, build, quick
        self.keg = [str(build / "keg")]
        self.podman = ["/usr/bin/podman", "--runtime", "/usr/bin/crun"]
        self.env = sandbox.env
        archive = busybox_archive(str(sandbox.dir / "busybox.tar"))
        self.call(*self.podman, "import", "-q", archive, IMAGE)

    def rounds(self, n):
        return max(3, n // 5) if self.quick else n

    def call(self, *argv, check=True):
        done = subprocess.run(argv, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
                              check=False)
        if check and done.returncode:
            raise measure.Failed(f"{' '.join(argv)}: {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def compare(self, words, rounds, before=None):
        return measure.alternate({"ours": [*self.keg, *words], "peer": [*self.podman, *words]}, self.env,
                                 self.rounds(rounds), before)

    def ours(self, words, rounds):
        return measure.alternate({"ours": [*self.keg, *words]}, self.env, self.rounds(rounds))["ours"]


def run(stage):
    """run --rm --network=none IMAGE true"""
    got = stage.compare(["run", "--rm", "--network=none", IMAGE, "true"], 25)
    return Row("ms", got["ours"] * 1000, got["peer"] * 1000, 1 / 10)


def exec_(stage):
    """exec CONTAINER true"""
    commands = {}
    for name, words in (("ours", stage.keg), ("peer", stage.podman)):
        stage.call(*words, "run", "-d", "--network=none", "--name", f"bench-{name}", IMAGE, "sleep", "100000")
        commands[name] = [*words, "exec", f"bench-{name}", "true"]
    try:
        got = measure.alternate(commands, stage.env, stage.rounds(25))
    finally:
        for name, words in (("ours", stage.keg), ("peer", stage.podman)):
            stage.call(*words, "rm", "-f", "-t", "0", f"bench-{name}", check=False)
    return Row("ms", got["ours"] * 1000, got["peer"] * 1000, 1 / 10)


def ps(stage):
    """ps -a with 500 containers, above the same with none"""
    none = stage.ours(["ps", "-a"], 25)
    names = [f"many-{n}" for n in range(MANY)]
    try:
        for name in names:
            stage.call(*stage.keg, "create", "--network=none", "--name", name, IMAGE, "true")
        many = stage.ours(["ps", "-a"], 25)
    finally:
        stage.call(*stage.keg, "rm", "-f", *names, check=False)
    return Row("ms", (many - none) * 1000, None, 20, True, f"{none * 1000:.1f} with none")


def images(stage):
    """images with 500 images, above the same with one"""
    few = stage.ours(["images"], 25)
    with tempfile.TemporaryDirectory() as folder:
        for n in range(MANY):
            pathlib.Path(folder, "number").write_text(str(n), encoding="ascii")
            archive = os.path.join(folder, "archive.tar")
            stage.call("tar", "-C", folder, "-cf", archive, "number")
            stage.call(*stage.keg, "import", "-q", archive, f"localhost/many:{n}")
    try:
        many = stage.ours(["images"], 25)
        got = stage.compare(["images"], 5)
    finally:
        stage.call(*stage.keg, "rmi", "-f", *(f"localhost/many:{n}" for n in range(MANY)), check=False)
    return Row("ms", (many - few) * 1000, got["peer"] * 1000, 20, True, f"{few * 1000:.1f} with one; peer: all of it")


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return sum(int(line.split()[1]) for line in rollup if line.startswith(("Private_Clean", "Private_Dirty")))


def memory(stage):
    """private memory of a detached container's monitor"""
    got = {}
    for name, words in (("ours", stage.keg), ("peer", stage.podman)):
        cid = stage.call(*words, "run", "-d", "--network=none", IMAGE, "sleep", "100000")
        time.sleep(1)
        monitors = [pid for pid in stage.sandbox.processes() if cid in arguments(pid)[2:]]
        if len(monitors) != 1:
            raise measure.Failed(f"{len(monitors)} processes name {cid}")
        got[name] = private_kib(monitors[0])
        stage.call(*words, "rm", "-f", "-t", "0", cid)
    return Row("KiB", got["ours"], got["peer"], 150, True)


def arguments(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as words:
            return words.read().split("\0")
    except OSError:
        return []


def size(stage):
    """all installed programs and libraries together, stripped"""
    with tempfile.TemporaryDirectory() as folder:
        ours = 0
        for name in OURS:
            stripped = os.path.join(folder, name)
            stage.call("strip", "-o", stripped, str(stage.build / name))
            ours += os.stat(stripped).st_size
    peers = sum(os.stat(os.path.realpath(shutil.which(name, path=stage.env["PATH"]))).st_size for name in PEERS)
    return Row("MB", ours / 1e6, peers / 1e6, 4, True)


CASES = {"run": run, "exec": exec_, "ps": ps, "images": images, **moving.CASES, "memory": memory,
         "size": size, **runtime.CASES}


def as_json(rows):
    return json.dumps({name: dataclasses.asdict(row) for name, row in rows.items()}, indent=1)
