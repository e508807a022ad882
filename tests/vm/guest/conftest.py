# SPDX-License-Identifier: Apache-2.0
"""What the tests inside the virtual machine share: bundles, the runtime, a delegated user."""
import json
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

BUILD = pathlib.Path(os.environ["KEG_BUILD"])
CGROUPS = pathlib.Path("/sys/fs/cgroup")
DISK = pathlib.Path("/run/disk")
USER = 1000
LIMIT = 60  # seconds for any one command


def command(argv, **options):
    return subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False, **options)


@pytest.fixture(scope="session")
def rootfs():
    """A root file system of one static program."""
    path = DISK / "rootfs"
    for folder in ("bin", "proc", "dev", "sys", "tmp", "etc"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", path / "bin")
    for name in ("sh", "cat", "sleep", "dd", "true", "id", "mknod", "echo", "head", "wc", "seq", "mkdir", "rmdir", "ls"):
        if not (path / "bin" / name).exists():
            os.symlink("busybox", path / "bin" / name)
    return path


class Runtime:
    """kegrun with its own state folder, as root or as an ordinary user."""

    def __init__(self, folder, rootfs, user=None):
        self.folder, self.rootfs, self.user = folder, rootfs, user
        self.program = BUILD / "kegrun"
        folder.mkdir()
        self.own(folder)

    def own(self, path):
        if self.user:
            os.chown(path, self.user, self.user)

    def prefix(self):
        if not self.user:
            return []
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]

    def call(self, *words, **options):
        return command([*self.prefix(), self.program, "--root", self.folder / "state", *words], **options)

    def spec(self, argv, **changes):
        """The default config.json with `argv`, changed by dotted names: resources__memory={...}."""
        bundle = self.folder / uuid.uuid4().hex[:8]
        bundle.mkdir()
        self.own(bundle)
        made = command([*self.prefix(), self.program, "spec", *(["--rootless"] if self.user else [])], cwd=bundle)
        assert made.returncode == 0, made.stderr
        path = bundle / "config.json"
        config = json.loads(path.read_text())
        config["root"] = {"path": str(self.rootfs), "readonly": False}
        config["process"]["terminal"] = False
        config["process"]["args"] = list(argv)
        config["linux"]["cgroupsPath"] = changes.pop("cgroup", f"/keg-vm/{bundle.name}")
        resources = config["linux"].setdefault("resources", {})
        resources.update(changes.pop("resources", {}))
        config["process"].update(changes.pop("process", {}))
        config["linux"].update(changes.pop("linux", {}))
        assert not changes, changes
        path.write_text(json.dumps(config))
        return bundle, config["linux"]["cgroupsPath"]

    def run(self, argv, **changes):
        """In the foreground; the result with .stdout, .stderr, .returncode."""
        bundle, _ = self.spec(argv, **changes)
        return self.call("run", "--bundle", bundle, bundle.name)

    def start(self, argv, **changes):
        """In the background: the container's id and the path of its cgroup."""
        bundle, path = self.spec(argv, **changes)
        # Its streams must not keep ours open.
        with open(bundle / "log", "wb") as log:
            done = subprocess.run([*self.prefix(), self.program, "--root", self.folder / "state", "run", "--detach",
                                   "--bundle", bundle, bundle.name], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  timeout=LIMIT, check=False)
        assert done.returncode == 0, (bundle / "log").read_text()
        return bundle.name, CGROUPS / path.lstrip("/")


@pytest.fixture
def runtime(tmp_path, rootfs):
    made = Runtime(tmp_path / "runtime", rootfs)
    yield made
    for name in made.call("list", "-q").stdout.split():
        made.call("delete", "--force", name)


@pytest.fixture(scope="session")
def delegated():
    """A cgroup subtree that belongs to an ordinary user, as systemd's delegation makes it."""
    base = CGROUPS / "user.slice" / f"user-{USER}.slice"
    base.mkdir(parents=True)
    for group in (CGROUPS, base.parent):
        (group / "cgroup.subtree_control").write_text("+cpu +memory +pids +io")
    session = base / "session"
    session.mkdir()
    for path in (base, session):
        for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
            os.chown(path / name, USER, USER)
    with open("/etc/passwd", "a", encoding="utf-8") as passwd:
        passwd.write(f"vmuser:x:{USER}:{USER}::/run/disk/home:/bin/sh\n")
    for name in ("/etc/subuid", "/etc/subgid"):
        with open(name, "a", encoding="utf-8") as ids:
            ids.write("vmuser:200000:65536\n")
    return base


@pytest.fixture
def user_runtime(tmp_path, rootfs, delegated):
    """The runtime of that user, called from within the session's cgroup."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if str(parent).startswith("/run/pytest"):
            parent.chmod(0o755)
    made = Runtime(tmp_path / "runtime", rootfs, USER)
    made.base = delegated
    made.prefix = lambda: ["sh", "-c", f'echo $$ > {delegated}/session/cgroup.procs; exec "$@"', "sh",
                           "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    yield made
    for name in made.call("list", "-q").stdout.split():
        made.call("delete", "--force", name)
