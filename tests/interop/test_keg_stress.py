# SPDX-License-Identifier: Apache-2.0
"""
Many at once, and kill -9 at random: nothing is lost, nothing is left over, no error.

KEG_STRESS=full runs the numbers that a release promises (200 at once, 1,000 in batches of 50, 200 kills).
"""
import json
import os
import random
import signal
import subprocess
import time

import pytest

import make_images
from registry_fixture import DockerRegistry

FULL = os.environ.get("KEG_STRESS") == "full"
AT_ONCE = 200 if FULL else 60
BATCHES = (20, 50) if FULL else (3, 30)
KILLS = 200 if FULL else 24
RUN = ["keg", "run", "--rm", "--network=none"]


@pytest.fixture(scope="module")
def image(sandbox, busybox):
    sandbox.run(*RUN, busybox, "true")
    return busybox


@pytest.fixture(scope="module", params=["root", "user"])
def place(request):
    """A sandbox, and an image in its store that has run once; as root and as an ordinary user."""
    prefix = "" if request.param == "root" else "users_"
    sandbox, image = (request.getfixturevalue(prefix + name) for name in ("sandbox", "busybox"))
    sandbox.run(*RUN, image, "true")
    return sandbox, image


def own_folders(sandbox):
    """Where keg has the containers of whoever runs commands there."""
    run, store = "/run/keg", "/var/lib/containers/storage"
    if sandbox.become:
        run, store = sandbox.env["XDG_RUNTIME_DIR"] + "/keg", sandbox.env["HOME"] + "/.local/share/containers/storage"
    return [f"{run}/containers", f"{run}/runtime", f"{store}/keg/containers", f"{store}/keg/names"]


def run_together(sandbox, image, n, ids):
    """What went wrong; `ids` gets the containers that were seen meanwhile."""
    children = [sandbox.popen(*RUN, image, "echo", str(i), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) for i in range(n)]
    bad = []
    for i, child in enumerate(children):
        ids_so_far(sandbox, ids)
        out, err = child.communicate(timeout=120)
        if (child.returncode, out, err) != (0, f"{i}\n", ""):
            bad.append((child.returncode, out, err))
    return bad


def leftovers(sandbox, ids):
    """What a container may leave: processes, cgroups, mounts and files, each by name."""
    # Podman, which made the image, leaves an ordinary user a process that holds his namespaces.
    found = [f"process {pid}: {cmdline(pid)}" for pid in sandbox.processes() if "catatonit -P" not in cmdline(pid)]
    for folder in own_folders(sandbox):
        path = sandbox.path(folder)
        found += [f"file {folder}/{name}" for name in (os.listdir(path) if path.exists() else [])]
    mounts = sandbox.run("cat", "/proc/self/mountinfo").stdout.splitlines()
    found += [f"mount {line}" for line in mounts if "/keg/" in line or "nsfs" in line]
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        found += [f"cgroup {top}/{name}" for name in folders if any(cid in name for cid in ids)]
    found += [f"container {cid}" for cid in sandbox.run("keg", "ps", "-a", "-q").stdout.split()]
    return found


def ids_so_far(sandbox, seen):
    path = sandbox.path(own_folders(sandbox)[0])
    seen.update(os.listdir(path) if path.exists() else [])
    return seen


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as words:
            return words.read().replace("\0", " ")[:120]
    except OSError:
        return "gone"


def eventually_clean(sandbox, ids):
    """Monitors end after their clients, so what is there is looked at until it is gone."""
    end = time.monotonic() + 15
    while leftovers(sandbox, ids) and time.monotonic() < end:
        time.sleep(0.1)
    return leftovers(sandbox, ids)


def test_many_at_once_all_succeed(place):
    sandbox, image = place
    ids = set()
    assert run_together(sandbox, image, AT_ONCE, ids) == []
    assert ids
    assert eventually_clean(sandbox, ids) == []


def test_batch_after_batch_succeeds(place):
    sandbox, image = place
    rounds, size = BATCHES
    ids = set()
    for _ in range(rounds):
        assert run_together(sandbox, image, size, ids) == []
    assert eventually_clean(sandbox, ids) == []


def test_names_given_at_once_are_given_once(sandbox, image):
    children = [sandbox.popen("keg", "create", "--name", "only", image, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) for _ in range(20)]
    statuses = sorted(child.wait(timeout=60) for child in children)
    for child in children:
        child.stdout.close()
        child.stderr.close()
    assert statuses == [0] + [125] * 19
    sandbox.run("keg", "rm", "only")


class Killer:
    """Starts a command and kills it, a monitor or a container's first process at a random moment."""

    def __init__(self, sandbox, image, seed):
        self.sandbox, self.image, self.random = sandbox, image, random.Random(seed)
        self.ids, self.killed = set(), {"keg": 0, "kegmon": 0, "init": 0}

    def victims(self, kind, child):
        if kind == "keg":
            return [child.pid]
        monitors = [pid for pid in self.sandbox.processes() if "kegmon --api-version" in cmdline(pid)]
        if kind == "kegmon":
            return monitors
        inits = []
        for pid in monitors:
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                    inits += [int(word) for word in children.read().split()]
            except OSError:
                pass
        return inits

    def note_ids(self):
        ids_so_far(self.sandbox, self.ids)

    def strike(self, argv, kind):
        child = self.sandbox.popen(*argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.random.uniform(0, self.random.choice([0.01, 0.02, 0.06])))
        self.note_ids()
        for pid in self.victims(kind, child):
            try:
                os.kill(pid, signal.SIGKILL)
                self.killed[kind] += 1
            except ProcessLookupError:
                pass
        try:
            child.wait(timeout=30)
        finally:
            child.kill()
            child.wait()
        self.note_ids()


def commands(name, image, remote):
    return {
        "run": [*RUN, image, "sleep", "0.05"],
        "run detached": ["keg", "run", "-d", "--name", name, image, "sleep", "1000"],
        "exec": ["keg", "exec", "keeper", "sleep", "0.05"],
        "rm": ["keg", "rm", "-f", "-t", "0", "victim"],
        "pull": ["keg", "pull", "-q", "--tls-verify=false", remote],
    }


@pytest.fixture(scope="module")
def remote(sandbox, tmp_path_factory):
    """An image in a registry, for pulls to be killed."""
    registry = DockerRegistry()
    folder = tmp_path_factory.mktemp("layout")
    make_images.make(folder, "layers61")
    sandbox.run("skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{folder}/layers61", f"docker://{registry.host}/x")
    yield f"{registry.host}/x:latest"
    registry.stop()


def test_after_kill_9_at_random_moments_everything_works_and_nothing_stays(sandbox, image, remote):
    seed = int(os.environ.get("KEG_SEED", time.time_ns() & 0xFFFFFF))
    print(f"KEG_SEED={seed}")
    killer = Killer(sandbox, image, seed)
    sandbox.run("keg", "run", "-d", "--name", "keeper", image, "sleep", "100000")
    keeper = sandbox.run("keg", "inspect", "--format", "{{.Id}}", "keeper").stdout.strip()
    for turn in range(KILLS):
        what = killer.random.choice(sorted(commands("", "", "")))
        kind = ["keg", "kegmon", "init"][turn % 3]
        if what == "rm":
            sandbox.run("keg", "run", "-d", "--replace", "--name", "victim", image, "sleep", "1000")
        if what == "pull":
            sandbox.run("keg", "rmi", "-f", remote, check=False)
        killer.strike(commands(f"c{turn}", image, remote)[what], "keg" if what == "pull" else kind)
        done = sandbox.run(*RUN, image, "echo", "works", check=False)
        assert (done.returncode, done.stdout) == (0, "works\n"), (turn, what, kind, done.stderr)
        if json.loads(sandbox.run("keg", "inspect", "keeper").stdout)[0]["State"]["Status"] != "running":
            sandbox.run("keg", "rm", "-f", "-t", "0", "keeper")
            sandbox.run("keg", "run", "-d", "--name", "keeper", image, "sleep", "100000")
    print(killer.killed)
    assert all(killer.killed.values())
    killer.ids.add(keeper)
    killer.note_ids()
    sandbox.run("keg", "pull", "-q", "--tls-verify=false", remote, timeout=120)
    sandbox.run("keg", "rm", "-f", "-t", "0", "--all", timeout=120)
    sandbox.run("keg", "system", "check", "--repair", check=False, timeout=120)
    assert eventually_clean(sandbox, killer.ids) == []
    done = sandbox.run("keg", "system", "check")
    assert done.returncode == 0
