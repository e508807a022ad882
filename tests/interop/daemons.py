# SPDX-License-Identifier: Apache-2.0
"""
containerd and dockerd in a sandbox, with our runtime as theirs. They keep everything below the sandbox's
own folders, make no networks, and put their containers' groups below one parent that is removed at the end.
"""
import json
import os
import pathlib
import shutil
import subprocess
import time
import uuid

import pytest

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[2] / "build").resolve()
PATIENCE = 20

CONTAINERD = """version = 2
root = "{folder}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd-opt"
"""


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def eventually(look, wanted):
    """What look() gives once it is `wanted`, or at last."""
    end = time.monotonic() + PATIENCE
    seen = look()
    while seen != wanted and time.monotonic() < end:
        time.sleep(0.05)
        seen = look()
    return seen


class Daemon:
    """A program in the sandbox, away from the host's network, that is ready when `ask` succeeds."""

    def __init__(self, sandbox, words, ask):
        self.name = words[0]
        self.log = sandbox.dir / f"{self.name}-{uuid.uuid4().hex[:4]}.log"
        with open(self.log, "wb") as log:
            self.process = sandbox.popen("unshare", "-n", "--", *words, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while sandbox.run(*ask, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{self.name} does not start: {self.log.read_text()[-1000:]}")
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Containerd:
    """Its daemon; calling it runs ctr."""

    def __init__(self, sandbox):
        need("containerd", "ctr")
        self.sandbox = sandbox
        config = sandbox.dir / "containerd.toml"
        config.write_text(CONTAINERD.format(folder=sandbox.dir))
        self.daemon = Daemon(sandbox, ["containerd", "-c", config, "-l", "warn"], ["ctr", "version"])

    def __call__(self, *argv, **more):
        return self.sandbox.run("ctr", *argv, **more)

    def popen(self, *argv, **more):
        return self.sandbox.popen("ctr", *argv, **more)

    def close(self):
        for namespace in self("namespaces", "ls", "-q").stdout.split():
            for task in self("-n", namespace, "tasks", "ls", "-q").stdout.split():
                self("-n", namespace, "tasks", "rm", "-f", task, check=False)
        self.daemon.stop()


class Docker:
    """dockerd over a containerd; calling it runs docker. Its runtimes are kegrun, the default, and runc."""

    def __init__(self, containerd, name="docker", **settings):
        need("dockerd", "docker")
        self.sandbox, self.name = containerd.sandbox, name
        self.parent = f"keg-interop-{uuid.uuid4().hex[:8]}"
        folder = self.sandbox.dir
        self.words = ["/usr/bin/docker", "-H", f"unix:///run/{name}.sock"]
        config = folder / f"{name}.json"
        config.write_text(json.dumps({
            "bridge": "none", "iptables": False, "ip6tables": False, "ip-forward": False, "ip-masq": False,
            "data-root": f"{folder}/{name}", "exec-root": f"/run/{name}", "pidfile": f"/run/{name}.pid",
            "hosts": [f"unix:///run/{name}.sock"], "cgroup-parent": self.parent, "log-level": "warn",
            "containerd": "/run/containerd/containerd.sock",
            "runtimes": {"kegrun": {"path": str(BUILD / "kegrun")}}, "default-runtime": "kegrun", **settings}))
        self.daemon = Daemon(self.sandbox, ["dockerd", "--config-file", config, "--containerd-namespace", name,
                                            "--containerd-plugins-namespace", f"{name}-plugins"], [*self.words, "version"])

    def __call__(self, *argv, **more):
        return self.sandbox.run(*self.words, *argv, **more)

    def popen(self, *argv, **more):
        return self.sandbox.popen(*self.words, *argv, **more)

    def inspect(self, name, what):
        return self("inspect", "-f", "{{%s}}" % what, name).stdout.strip()

    def parents(self):
        """The parent of the containers' groups in each hierarchy, or in the one of v2."""
        return [at for below in ("", "*/") for at in pathlib.Path("/sys/fs/cgroup").glob(below + self.parent)]

    def groups(self):
        """The containers' groups that there are."""
        return [at for parent in self.parents() for at in parent.iterdir() if at.is_dir()]

    def close(self):
        left = self("ps", "-aq").stdout.split()
        if left:
            self("rm", "-f", *left, check=False)
        self.daemon.stop()
        for at in self.parents():
            at.rmdir()
