# SPDX-License-Identifier: Apache-2.0
"""The cases that move images: kegcopy beside Skopeo, keg beside Podman, and docker-registry on the loopback interface."""
import contextlib
import pathlib
import shutil
import statistics
import sys

import measure
from measure import Row

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
from make_images import make  # noqa: E402
from registry_fixture import DockerRegistry  # noqa: E402

SKOPEO = "/usr/bin/skopeo"


class Hub:
    """A registry with one of the images of make_images.py, and a folder to copy into."""

    def __init__(self, stage, name):
        self.stage = stage
        self.registry = DockerRegistry()
        self.folder = stage.sandbox.dir / "hub"
        self.folder.mkdir()
        self.layout = make(self.folder, name)
        self.image = f"{self.registry.host}/{name}:latest"
        self.kegcopy = str(stage.build / "kegcopy")
        self.fill()

    def fill(self):
        self.stage.call(SKOPEO, "copy", "--dest-tls-verify=false", f"oci:{self.layout}", f"docker://{self.image}")

    def pull(self):
        self.stage.call(*self.stage.keg, "pull", "-q", "--tls-verify=false", self.image)

    def empty(self):
        """docker-registry keeps nothing in memory: what is not in its folder is not there."""
        shutil.rmtree(self.registry.directory / "data", ignore_errors=True)

    def remove_copy(self, _name=None):
        shutil.rmtree(self.folder / "copy", ignore_errors=True)

    def remove_image(self, _name=None):
        self.stage.call(*self.stage.podman, "rmi", "-f", self.image, check=False)

    def inspect(self):
        words = ["inspect", "--tls-verify=false", f"docker://{self.image}"]
        return {"ours": [self.kegcopy, *words], "peer": [SKOPEO, *words]}

    def copy(self):
        words = ["copy", "--src-tls-verify=false", f"docker://{self.image}", f"oci:{self.folder}/copy"]
        return {"ours": [self.kegcopy, *words], "peer": [SKOPEO, *words]}

    def push(self):
        to = ["--dest-tls-verify=false", f"containers-storage:{self.image}", f"docker://{self.image}"]
        return {"ours": [self.kegcopy, "copy", *to],
                "peer": [*self.stage.podman, "push", "-q", "--tls-verify=false", self.image, self.image]}

    def pulling(self):
        words = ["pull", "-q", "--tls-verify=false", self.image]
        return {"ours": [*self.stage.keg, *words], "peer": [*self.stage.podman, *words]}

    def close(self):
        self.remove_image()
        self.registry.stop()
        shutil.rmtree(self.folder)


def hub(stage, name):
    return contextlib.closing(Hub(stage, name))


def row(got, target):
    return Row("ms", got["ours"] * 1000, got["peer"] * 1000, target)


def inspect(stage):
    """kegcopy inspect of an image on a registry"""
    with hub(stage, "small") as at:
        return row(measure.alternate(at.inspect(), stage.env, stage.rounds(25)), 1 / 4)


def moved(stage, name, rounds, target, commands, before):
    """`commands` and `before` are functions of Hub."""
    with hub(stage, name) as at:
        return row(measure.alternate(commands(at), stage.env, stage.rounds(rounds), lambda side: before(at, side)), target)


def copy(stage, name, rounds, target):
    return moved(stage, name, rounds, target, Hub.copy, Hub.remove_copy)


def copy1(stage):
    """kegcopy copy docker: oci: of an image of 1 MB"""
    return copy(stage, "small", 15, 1 / 5)


def copy61(stage):
    """the same of an image of 61 layers"""
    return copy(stage, "layers61", 7, 1 / 4)


def copy300(stage):
    """the same of an image of 300 MB"""
    return copy(stage, "big300", 5, 1 / 1.5)


def push300(stage):
    """push of an image of 300 MB from the store to an empty registry"""
    with hub(stage, "big300") as at:
        at.pull()
        return row(measure.alternate(at.push(), stage.env, stage.rounds(5), lambda _: at.empty()), 1 / 3)


def pull(stage, name, rounds, target):
    return moved(stage, name, rounds, target, Hub.pulling, Hub.remove_image)


def pull61(stage):
    """pull of an image of 61 layers"""
    return pull(stage, "layers61", 7, 1 / 8)


def pull300(stage):
    """pull of an image of 300 MB"""
    return pull(stage, "big300", 5, 1 / 3)


def peaks(stage, at, peak, moves):
    """The peak of each side's command, the median of some rounds: {command: {side: KiB}}."""
    got = {}
    for name, (commands, before) in moves.items():
        seen = {side: [] for side in commands}
        for _ in range(stage.rounds(5)):
            for side, argv in commands.items():
                before(side)
                seen[side].append(int(stage.call(peak, shutil.which(argv[0]), *argv[1:]).split("\n")[-1]))
        got[name] = {side: statistics.median(values) for side, values in seen.items()}
    return got


def memory(stage):
    """the largest process of all of these"""
    peak = str(stage.sandbox.dir / "peak")
    stage.call("cc", "-O2", "-static", "-o", peak, str(HERE / "peak.c"))
    largest = {"ours": {}, "peer": {}}
    for image in ("small", "layers61", "big300"):
        with hub(stage, image) as at:
            moves = {"inspect": (at.inspect(), at.remove_copy), "copy": (at.copy(), at.remove_copy),
                     "pull": (at.pulling(), at.remove_image), "push": (at.push(), lambda _, at=at: at.empty())}
            for name, sides in peaks(stage, at, peak, moves).items():
                for side, kib in sides.items():
                    largest[side][f"{name} {image}"] = kib
    worst = max(largest["ours"], key=largest["ours"].get)
    return Row("KiB", largest["ours"][worst], max(largest["peer"].values()), 24 * 1024, True, worst)


CASES = {"inspect": inspect, "copy1": copy1, "copy61": copy61, "copy300": copy300, "push300": push300, "pull61": pull61,
         "pull300": pull300, "copy-memory": memory}
