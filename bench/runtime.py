# SPDX-License-Identifier: Apache-2.0
"""The cases that measure the OCI runtime alone: kegrun beside crun, both given one and the same configuration."""
import contextlib
import os
import pathlib
import shutil
import statistics
import sys

import bundle
import measure
from measure import Row

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
from kegtool import busybox_rootfs  # noqa: E402

CRUN = os.environ.get("KEG_BENCH_CRUN", "/usr/bin/crun")
FILTERS = {"ours": "/run/kegrun-cache", "peer": "/run/crun/.cache"}
AT_ONCE = 20


class Pair:
    """Both runtimes, and a place for their bundles."""

    def __init__(self, stage):
        self.stage = stage
        self.programs = {"ours": str(stage.build / "kegrun"), "peer": CRUN}
        self.folder = stage.sandbox.dir / "runtime"
        self.folder.mkdir()
        self.rootfs = self.folder / "rootfs"
        busybox_rootfs(str(self.rootfs))

    def run(self, name, container, command, *options):
        """The words that run a container of a bundle of its own; the folder's name is the container's."""
        folder = self.folder / f"{name}-{container}"
        if not folder.exists():
            bundle.make(folder, self.rootfs, command)
        return [self.programs[name], "run", *options, "--bundle", str(folder), folder.name]

    def start(self, name, container="sleep"):
        # Not through a pipe, which the container would hold open.
        measure.once(self.run(name, container, ["sleep", "100000"], "--detach"), self.stage.env)

    def delete(self, name, container="sleep"):
        return [self.programs[name], "delete", "--force", f"{name}-{container}"]

    def forget_filter(self, name):
        shutil.rmtree(FILTERS[name], ignore_errors=True)

    def compile(self, source, *flags):
        program = self.folder / pathlib.Path(source).stem
        self.stage.call("cc", "-O2", *flags, "-o", str(program), str(HERE / source))
        return str(program)

    def close(self):
        for name in self.programs:
            self.stage.call(*self.delete(name), check=False)
        shutil.rmtree(self.folder)
        bundle.remove_groups()


@contextlib.contextmanager
def pair_of(stage):
    pair = Pair(stage)
    try:
        yield pair
    finally:
        pair.close()


def row(got, target):
    return Row("ms", got["ours"] * 1000, got["peer"] * 1000, target)


def run(stage):
    """kegrun run of `true`, its filter compiled before"""
    with pair_of(stage) as pair:
        commands = {name: pair.run(name, "true", ["true"]) for name in pair.programs}
        return row(measure.alternate(commands, stage.env, stage.rounds(100)), 0.45)


def run_cold(stage):
    """the same, the filter compiled in each run"""
    with pair_of(stage) as pair:
        commands = {name: pair.run(name, "true", ["true"]) for name in pair.programs}
        return row(measure.alternate(commands, stage.env, stage.rounds(100), pair.forget_filter), 0.6)


def exec_(stage):
    """kegrun exec of `true`"""
    with pair_of(stage) as pair:
        for name in pair.programs:
            pair.start(name)
        commands = {name: [program, "exec", f"{name}-sleep", "true"] for name, program in pair.programs.items()}
        return row(measure.alternate(commands, stage.env, stage.rounds(100)), 0.4)


def delete(stage):
    """kegrun delete --force of a running container"""
    with pair_of(stage) as pair:
        commands = {name: pair.delete(name) for name in pair.programs}
        return row(measure.alternate(commands, stage.env, stage.rounds(100), pair.start), 0.5)


def many(stage):
    """20 of kegrun run at once, from the first's start to the last's end"""
    with pair_of(stage) as pair:
        commands = {name: [pair.run(name, f"true-{n}", ["true"]) for n in range(AT_ONCE)] for name in pair.programs}
        return row(measure.alternate(commands, stage.env, stage.rounds(25), how=measure.together), 0.5)


def memory(stage):
    """the largest process of kegrun run, exec and delete --force; see bench/README.md"""
    with pair_of(stage) as pair:
        peak = pair.compile("peak.c", "-static")

        def largest(name):
            pair.start(name)
            words = [pair.run(name, "true", ["true"]), [pair.programs[name], "exec", f"{name}-sleep", "true"], pair.delete(name)]
            return max(int(stage.call(peak, *command)) for command in words)

        got = {name: statistics.median(largest(name) for _ in range(stage.rounds(15))) for name in pair.programs}
    return Row("KiB", got["ours"], got["peer"], 2000, True)


def bare(stage):
    """kegrun run beside bench/bare.c, which only does clone3, pivot_root and exec"""
    with pair_of(stage) as pair:
        commands = {"ours": pair.run("ours", "true", ["true"]),
                    "peer": [pair.compile("bare.c"), str(pair.rootfs), "/bin/true"]}
        return row(measure.alternate(commands, stage.env, stage.rounds(100)), 2.5)


CASES = {"runtime-run": run, "runtime-run-cold": run_cold, "runtime-exec": exec_, "runtime-delete": delete,
         "runtime-20": many, "runtime-memory": memory, "runtime-bare": bare}
