# SPDX-License-Identifier: Apache-2.0
"""
kill -9 at random moments of pulls, copies and removals: no tool ever sees a broken image.

KEG_STRESS=full runs the number that a release promises (50 kills).
"""
import os
import random
import subprocess
import time

import pytest

from store_fixture import BUILD, diff_ids, layouts, run, store  # noqa: F401

KILLS = 50 if os.environ.get("KEG_STRESS") == "full" else 8
IMAGES = ["small", "zstd", "layers61", "oddities"]
LONGEST = 20  # seconds that a command may take when it is left alone


class Tools:
    def __init__(self, store, layouts):
        self.store, self.layouts = store, layouts
        self.keg_argv = [BUILD / "keg", "--root", store.root, "--runroot", store.runroot]

    def keg(self, *args):
        return run(*self.keg_argv, *args)

    def commands(self, image):
        """Ways in and out, each as a command line."""
        layout, name = self.layouts[image], f"localhost/{image}:1"
        return {
            "pull": [*self.keg_argv, "pull", "-q", f"oci:{layout}"],
            "copy": [BUILD / "kegcopy", "--insecure-policy", "copy", "-q", f"oci:{layout}", self.store.reference(name)],
            "rmi": [*self.keg_argv, "rmi", "-a", "-f"],
            "prune": [*self.keg_argv, "system", "prune", "-a", "-f"],
        }

    def strike(self, argv, seconds):
        """Start it and kill it after a while. Returns whether it was still at work."""
        with subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as child:
            time.sleep(seconds)
            at_work = child.poll() is None
            child.kill()
        return at_work

    def duration(self, argv):
        begun = time.monotonic()
        run(*argv, timeout=LONGEST)
        return time.monotonic() - begun

    def images(self):
        return set(self.keg("images", "-a", "-q", "--no-trunc").replace("sha256:", "").split())

    def check_all(self):
        """Every tool lists the same images, and each is whole to the last bit."""
        ours = self.images()
        assert set(self.store.podman("images", "-aq", "--no-trunc").replace("sha256:", "").split()) == ours
        assert set(self.store.buildah("images", "-aq", "--no-trunc").replace("sha256:", "").split()) == ours
        whole = {tuple(diff_ids(layout)) for layout in self.layouts.values()}
        for image in ours:
            assert tuple(self.store.sent_layers("@" + image)) in whole


@pytest.fixture
def tools(store, layouts):  # noqa: F811
    return Tools(store, layouts)


def findings(tools):
    done = subprocess.run([str(w) for w in [*tools.keg_argv, "system", "check"]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.stdout


def test_after_kill_9_at_random_moments_no_tool_sees_a_broken_image(tools):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    choose = random.Random(seed)
    lasts = {(image, way): tools.duration(tools.commands(image)[way]) for image in IMAGES for way in ("pull", "rmi", "copy", "prune")}
    struck = 0
    for turn in range(20 * KILLS):
        image = choose.choice(IMAGES)
        way = choose.choice(["pull", "copy", "rmi", "prune"]) if tools.images() else choose.choice(["pull", "copy"])
        struck += tools.strike(tools.commands(image)[way], choose.uniform(0, lasts[image, way]))
        found = findings(tools)
        assert "damaged" not in found and "missing" not in found, found
        if turn % 4 == 0 or struck == KILLS:
            tools.check_all()
        tools.keg("system", "check", "--repair")
        assert "damage" not in findings(tools)
        if struck == KILLS:
            break
    assert struck == KILLS
    tools.check_all()
    tools.keg("rmi", "-a", "-f")
    tools.keg("system", "check", "--repair")
    assert tools.store.is_empty()


def test_what_a_killed_pull_left_does_not_hinder_the_next(tools):
    for seconds in (0.01, 0.05, 0.1):
        tools.strike(tools.commands("layers61")["pull"], seconds)
        tools.duration(tools.commands("layers61")["pull"])
        tools.check_all()
        tools.keg("rmi", "-a", "-f")
