# SPDX-License-Identifier: Apache-2.0
"""
Cycle after cycle, many at once, and kill -9 of the runtime at random: nothing is left.

KEG_STRESS=full runs the numbers that a release promises: 10,000 cycles, 200 in parallel, 1,000 kills.
"""
import glob
import os
import random
import subprocess
import time

import pytest

from waiting import wait_for

FULL = os.environ.get("KEG_STRESS") == "full"
CYCLES = 10_000 if FULL else 200
PARALLEL = 200 if FULL else 40
KILLS = 1_000 if FULL else 60
MARK = "87654"


def leftovers(box, prefix):
    """What containers of ours may leave: state, control groups, mounts, processes."""
    found = os.listdir(box.state) if os.path.isdir(box.state) else []
    found += glob.glob(f"/sys/fs/cgroup/*/keg/{prefix}*") + glob.glob(f"/sys/fs/cgroup/keg/{prefix}*")
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        found += [line for line in lines if box.folder in line]
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
            with open(path.replace("cmdline", "stat"), encoding="utf-8") as file:
                zombie = file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            continue
        if not zombie and (MARK.encode() in words or box.state.encode() in words):
            found.append(f"{path} {words}")
    return found


def clean(box, prefix):
    wait_for(lambda: leftovers(box, prefix) == [], "nothing left", 20)


def quiet(box, *words):
    return box.identity.popen([box.program, "--root", box.state, *words], cwd=box.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)


def test_cycles_of_create_start_and_delete_leave_nothing(box):
    prefix = "cycle-" + os.path.basename(box.folder)
    bundle = box.bundle(["true"])
    before = len(os.listdir("/proc/self/fd"))
    for i in range(CYCLES):
        name = f"{prefix}-{i}"
        assert quiet(box, "create", "-b", bundle, name).wait(timeout=30) == 0, i
        assert quiet(box, "start", name).wait(timeout=30) == 0, i
        assert quiet(box, "delete", "--force", name).wait(timeout=30) == 0, i
    assert len(os.listdir("/proc/self/fd")) == before
    clean(box, prefix)


def test_many_at_once_all_live_and_leave_nothing(box):
    prefix = "many-" + os.path.basename(box.folder)
    bundle = box.bundle(["sleep", MARK])
    names = [f"{prefix}-{i}" for i in range(PARALLEL)]
    for words in (["create", "-b", bundle], ["start"]):
        children = [quiet(box, *words, name) for name in names]
        assert [child.wait(timeout=120) for child in children] == [0] * PARALLEL, words
    assert sorted(box.good("list", "-q").split()) == sorted(names)
    children = [quiet(box, "exec", name, "true") for name in names]
    assert [child.wait(timeout=120) for child in children] == [0] * PARALLEL
    children = [quiet(box, "delete", "--force", name) for name in names]
    assert [child.wait(timeout=120) for child in children] == [0] * PARALLEL
    clean(box, prefix)


@pytest.mark.parametrize("operation", ["create", "run", "start", "exec", "delete"])
def test_after_kill_9_at_a_random_moment_delete_leaves_nothing(box, operation):
    seed = int(os.environ.get("KEG_SEED", time.time_ns() & 0xFFFFFF))
    print(f"KEG_SEED={seed}")
    chance = random.Random(seed)
    prefix = "killed-" + os.path.basename(box.folder)
    bundle = box.bundle(["sleep", MARK])
    words = {"create": ["create", "-b", bundle], "run": ["run", "-d", "-b", bundle], "start": ["start"], "exec": ["exec"],
             "delete": ["delete", "--force"]}[operation]
    killed = 0
    # What an exec left is reaped by the machine's first process, which may take its time.
    for turn in range(KILLS // (20 if operation == "exec" else 5)):
        name = f"{prefix}-{turn}"
        if operation in ("start", "exec", "delete"):
            assert quiet(box, "create", "-b", bundle, name).wait(timeout=30) == 0
        if operation in ("exec", "delete"):
            assert quiet(box, "start", name).wait(timeout=30) == 0
        child = quiet(box, *words, name, *(["sleep", MARK] if operation == "exec" else []))
        time.sleep(chance.uniform(0, chance.choice([0.001, 0.003, 0.008, 0.02])))
        killed += child.poll() is None
        child.kill()
        child.wait()
        done = box.kegrun("delete", "--force", name)
        assert done.returncode == 0, (turn, done)
        clean(box, prefix)
    assert killed > 0 or not FULL  # a dozen starts may all be faster
    assert box.run(["echo", "works"]).stdout == "works\n"
