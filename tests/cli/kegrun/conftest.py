# SPDX-License-Identifier: Apache-2.0
"""kegrun over bundles made from busybox, as root and as an ordinary user."""
import json
import os
import shutil
import subprocess
import uuid

import pytest

from kegtool import Identity

APPLETS = ("sh", "cat", "echo", "env", "false", "grep", "hostname", "id", "ip", "kill", "ls", "mount", "mkdir", "pwd", "readlink",
           "sleep", "sed", "stat", "taskset", "head", "stty", "touch", "true", "tty", "ulimit", "umount", "uname", "wc", "dd")
LIMIT = 30
# As the vm lane has it: who makes the cgroups, and a subtree that the ordinary user may govern.
MANAGER = os.environ.get("KEG_CGROUP_MANAGER", "cgroupfs")
DELEGATED = os.environ.get("KEG_DELEGATED_CGROUP")


class Bundles:
    """Makes bundles and runs kegrun on them; whatever is left at the end is deleted."""

    def __init__(self, identity):
        self.identity = identity
        self.folder = os.path.join(identity.home, "files", uuid.uuid4().hex[:8])
        self.program = os.path.join(identity.programs, "kegrun")
        self.state = os.path.join(self.folder, "state")
        # For tests of one container: its control group has this name whatever the state folder is.
        self.id = uuid.uuid4().hex[:12]
        self.is_root = identity.uid == 0
        os.mkdir(self.folder)
        self.give(self.folder)

    def give(self, path):
        os.chown(path, self.identity.uid, self.identity.gid, follow_symlinks=False)

    def kegrun(self, *words, cwd=None, with_fd=None, **how):
        """`with_fd` (number, path): a file that kegrun inherits under that number."""
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **how}
        manager = ["--systemd-cgroup"] if MANAGER == "systemd" else []
        argv = [self.program, "--root", self.state, *manager, *words]
        if with_fd:
            argv = ["sh", "-c", 'exec "$@" %d<%s' % with_fd, "sh", *argv]
            how["close_fds"] = True
        process = self.identity.popen(argv, cwd=cwd or self.folder, **how)
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        # The log quotes as Go's does; the tests want the words.
        return subprocess.CompletedProcess(words, process.returncode, out, err and err.replace('\\"', '"'))

    def good(self, *words, **how):
        done = self.kegrun(*words, **how)
        assert done.returncode == 0, done
        return done.stdout

    def bundle(self, argv, change=None):
        path = os.path.join(self.folder, uuid.uuid4().hex[:8])
        root = os.path.join(path, "rootfs")
        for name in ("", "rootfs", "rootfs/bin", "rootfs/etc", "rootfs/tmp"):
            os.mkdir(os.path.join(path, name))
            self.give(os.path.join(path, name))
        shutil.copy("/bin/busybox", os.path.join(root, "bin"))
        for name in APPLETS:
            os.symlink("busybox", os.path.join(root, "bin", name))
        self.good("spec", *([] if self.is_root else ["--rootless"]), cwd=path)
        config_path = os.path.join(path, "config.json")
        with open(config_path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"].update(terminal=False, args=argv)
        config["root"]["readonly"] = False
        if change:
            change(config)
        with open(config_path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def run(self, argv, change=None, **how):
        return self.kegrun("run", "-b", self.bundle(argv, change), uuid.uuid4().hex[:8], **how)

    def start(self, argv, change=None):
        """A container that runs in the background; its id."""
        name = uuid.uuid4().hex[:8]
        # Its streams are ours: a pipe would never end.
        done = self.kegrun("run", "-d", "-b", self.bundle(argv, change), name, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        assert done.returncode == 0
        return name

    def pid(self, name):
        return json.loads(self.good("state", name))["pid"]

    def status(self, name):
        return json.loads(self.good("state", name))["status"]

    def close(self):
        for name in self.kegrun("list", "-q").stdout.split():
            self.kegrun("delete", "--force", name)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_user_manager(who):
    """The ordinary user's own systemd, as his login would start it, without what a boot does first: its unit."""
    unit = f"keg-user-{who.uid}.service"
    env = who.environment()
    subprocess.run(["systemd-run", f"--unit={unit}", f"--uid={who.uid}", f"--gid={who.gid}", "--property=Delegate=yes",
                    "--property=Type=notify", "--property=DefaultDependencies=no",
                    f"--setenv=XDG_RUNTIME_DIR={env['XDG_RUNTIME_DIR']}", f"--setenv=HOME={who.home}",
                    "/lib/systemd/systemd", "--user", "--unit=basic.target"], check=True, timeout=4 * LIMIT)
    return unit


@pytest.fixture(scope="session", params=["root", "user"])
def identity(request):
    if os.geteuid() != 0:
        pytest.skip("making users needs root")
    if not os.path.exists("/bin/busybox"):
        pytest.skip("busybox-static is not installed")
    who = Identity(request.param)
    unit = None
    if DELEGATED:
        for path in (DELEGATED, os.path.join(DELEGATED, "session")):
            for name in (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
                os.chown(os.path.join(path, name), who.uid, who.gid)
    elif MANAGER == "systemd" and who.uid:
        unit = start_user_manager(who)
    yield who
    if unit:
        subprocess.run(["systemctl", "stop", unit], check=False, timeout=LIMIT)
    who.close()


def compiled(folder, name, sources=os.path.dirname(__file__)):
    """A C program, linked so that it runs in any container."""
    program = str(folder / name)
    source = os.path.join(sources, name + ".c")
    subprocess.run(["cc", "-O1", "-static", "-D_GNU_SOURCE", "-o", program, source], check=True)
    return program


@pytest.fixture(scope="session")
def watcher(tmp_path_factory):
    """A hostile process: watch.c."""
    return compiled(tmp_path_factory.mktemp("watch"), "watch")


@pytest.fixture
def box(identity):
    bundles = Bundles(identity)
    yield bundles
    bundles.close()


@pytest.fixture
def root_box(box):
    if not box.is_root:
        pytest.skip("what is tested needs privileges on the host")
    return box
