# SPDX-License-Identifier: Apache-2.0
"""Registries as pytest fixtures: Debian's docker-registry, and ours with faults to order; and the client alone."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from faulty_registry import FaultyRegistry

CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: {quiet}}}}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
{auth}
http: {{addr: "127.0.0.1:{port}", {tls}}}
"""
START_SECONDS = 20

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[1] / "build")

# enum keg_code of src/base/err.h: what the probe exits with.
ENOTFOUND, ECORRUPT, EBUSY, ENETWORK, EAUTH = 2, 6, 8, 9, 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DockerRegistry:
    """`host` is what goes before the slash in a reference; `auth` and `tls` are lines of its configuration. With `access`
    its log names each request."""

    def __init__(self, auth="", tls="", access=False):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="docker-registry-"))
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        config = self.directory / "config.yml"
        config.write_text(CONFIG.format(root=self.directory / "data", port=self.port, auth=auth, tls=tls,
                                        quiet=str(not access).lower()))
        self.log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        self._wait()

    def _wait(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("docker-registry did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory)


@pytest.fixture(scope="session")
def docker_registry():
    """A real registry, empty at first, shared by the tests of a worker: use names of your own."""
    registry = DockerRegistry()
    yield registry
    registry.stop()


@pytest.fixture
def faulty_registry():
    """A function that starts FaultyRegistry(...); all are stopped after the test."""
    started = []

    def start(**options):
        registry = FaultyRegistry(**options)
        started.append(registry)
        return registry.__enter__()

    yield start
    for registry in started:
        registry.__exit__()


class Answer:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.strip()
        self.message = done.stderr.strip().partition(" ")[2]
        assert done.stderr.count("\n") <= 1, "an error is one line"


@pytest.fixture
def registry_probe(tmp_path):
    """registry_probe(command, host, path, *args, options=[...]): the client with an empty home."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    def run(*words, options=("--tls-verify=false",), timeout=50, env=None):
        return Answer(subprocess.run([BUILD / "tests" / "registry_probe", *options, *map(str, words)],
                                     env={**environment, **(env or {})}, capture_output=True, text=True,
                                     stdin=subprocess.DEVNULL, timeout=timeout, check=False))

    return run
