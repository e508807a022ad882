# SPDX-License-Identifier: Apache-2.0
"""A start that is slow, interrupted, or whose monitor dies: keg ends in time and nothing is left."""
import json
import os
import signal
import subprocess
import time

import pytest

from kegtool import IMAGE

PATIENCE = 20


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not in {PATIENCE} s: {what}")


def slow_hook(keg, stage, seconds):
    """A hook that says that it runs, then sleeps. Returns the options, and whether it runs."""
    mark = os.path.join(keg.identity.home, "files", f"mark-{os.urandom(4).hex()}")
    script = keg.file(f"hook-{os.urandom(4).hex()}", f"#!/bin/sh\necho > {mark}\nexec sleep {seconds}\n", 0o755)
    folder = os.path.join(keg.identity.home, "files", f"hooks-{os.urandom(4).hex()}")
    os.mkdir(folder, 0o755)
    with open(os.path.join(folder, "slow.json"), "w", encoding="utf-8") as to:
        json.dump({"version": "1.0.0", "hook": {"path": script}, "when": {"always": True}, "stages": [stage]}, to)
    return ["--hooks-dir", folder], lambda: os.path.exists(mark)


def monitors(keg):
    """[pid] of what keeps this store's containers."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words:
                argv = words.read()
        except OSError:
            continue
        if b"kegmon" in argv.split(b"\0")[0] and keg.runroot.encode() in argv:
            found.append(int(pid))
    return found


def nothing_left(keg):
    until(lambda: not monitors(keg), "end of the monitor")
    assert keg("ps", "-a", "-q").out == ""
    run = os.path.join(keg.runroot, "keg")
    for folder in ("containers", "runtime"):
        path = os.path.join(run, folder)
        assert not os.path.exists(path) or os.listdir(path) == []


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("how", ["attached", "detached"])
def test_a_run_that_is_killed_while_the_container_is_made_leaves_nothing(keg, sig, how):
    options, runs = slow_hook(keg, "createRuntime", 1000)
    words = ["-d"] if how == "detached" else []
    child = keg.start(*options, "run", "--rm", *words, "--network=none", IMAGE, "true", stderr=subprocess.DEVNULL)
    until(runs, "the hook")
    child.send_signal(sig)
    assert child.wait(PATIENCE) == -sig
    nothing_left(keg)


def test_a_slow_creation_is_waited_for(keg):
    options, _ = slow_hook(keg, "createRuntime", 0.3)
    assert keg(*options, "run", "--rm", "--network=none", IMAGE, "echo", "late").out == "late\n"
    nothing_left(keg)


def test_the_death_of_the_monitor_ends_the_waiting(keg):
    options, runs = slow_hook(keg, "createRuntime", 1000)
    child = keg.start(*options, "run", "--rm", "--network=none", IMAGE, "true", stderr=subprocess.PIPE, text=True)
    until(runs, "the hook")
    for pid in monitors(keg):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode in (125, 126) and "the monitor ended early" in err
    nothing_left(keg)


def test_whoever_holds_the_pipe_does_not_keep_us(keg):
    """A monitor that dies while a child of it has the pipe on which it was to report."""
    folder = os.path.join(keg.identity.home, "files", "standin")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    pid = os.path.join(keg.identity.home, "files", "holder")
    script = f"""#!/usr/bin/python3
import os, sys
if os.fork():
    sys.exit(0)
os.close(int(sys.argv[sys.argv.index("--keg-client-fd") + 1]))
with open("{pid}", "w") as to:
    to.write(str(os.getpid()))
os.close(2)
os.execvp("sleep", ["sleep", "1000"])
"""
    name = keg.file("standin/kegmon", script, 0o755)
    try:
        # With the built-in runtime root executes the monitor by its descriptor, which a script cannot bear.
        runtime = os.path.join(keg.identity.programs, "kegrun")
        done = keg.fails("--conmon", name, "--runtime", runtime, "run", "--rm", "--network=none", IMAGE, "true",
                         timeout=PATIENCE)
        assert "the monitor ended early" in done.err
    finally:
        until(lambda: os.path.exists(pid), "the holder")
        with open(pid, encoding="ascii") as number:
            os.kill(int(number.read()), signal.SIGKILL)
    nothing_left(keg)
