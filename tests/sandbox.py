# SPDX-License-Identifier: Apache-2.0
"""A mount namespace in which containers' tools have a store, settings and a /run of their own.

All tools find everything at their default places, so they share one store as on a real machine, and
nothing of the machine's own is touched. What is left running inside is ended with it. Used by the
interop tests and by the benchmarks; needs root.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from kegtool import busybox_rootfs

MARK = "KEG_SANDBOX"  # in the environment of all that is started inside

SETTINGS = {
    # ulimits: a hard limit above the caller's needs CAP_SYS_RESOURCE, which containers of CI lack.
    "containers.conf": """[containers]
default_ulimits = []
log_driver = "k8s-file"
[engine]
events_logger = "file"
cgroup_manager = "cgroupfs"
[network]
""",
    "storage.conf": """[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
""",
    "policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    "registries.conf": "unqualified-search-registries = []\n",
}

PRIVATE = r"""
set -e
mount --bind "$1/lib" /var/lib/containers
mount --bind "$1/etc" /etc/containers
mount -t tmpfs -o mode=755 keg-tests /run
mount -t tmpfs keg-tests /dev/shm
mkdir -p /run/lock
"""

# A machine with cgroup v1 alone, from one that has v1 and v2 side by side: crun refuses a cgroup2
# mount beside v1 that holds controllers, Podman wants a folder for every controller, and containerd a
# mount of every hierarchy.
ONLY_V1 = r"""
view=$1/cgroup
mkdir "$view"
mount -t tmpfs -o mode=755 keg-tests "$view"
for name in $(awk '!/^#/ { print $1 }' /proc/cgroups) systemd; do
	mkdir "$view/$name"
	if mountpoint -q "/sys/fs/cgroup/$name"; then
		mount --bind "/sys/fs/cgroup/$name" "$view/$name"
	elif grep -q ":$name:" /proc/self/cgroup; then
		mount -t cgroup -o "$name" "$name" "$view/$name" # a hierarchy of its own, mounted nowhere now
	elif [ "$name" != systemd ]; then
		mount --bind /sys/fs/cgroup/devices "$view/$name"
	fi
done
umount -R -l /sys/fs/cgroup
mount --rbind "$view" /sys/fs/cgroup
"""

HOLD = "echo ready; exec sleep infinity\n"


class Sandbox:
    def __init__(self, only_v1=False, search=(), identity=None):
        """`search`: folders that come first in PATH. `identity`: an ordinary user (kegtool.py) who runs commands."""
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="keg-sandbox-", dir="/var/tmp"))
        (self.dir / "lib").mkdir()
        (self.dir / "etc").mkdir()
        (self.dir / "tmp").mkdir()
        for name, text in SETTINGS.items():
            (self.dir / "etc" / name).write_text(text)
        for path in ("/var/lib/containers", "/etc/containers"):
            os.makedirs(path, exist_ok=True)
        script = PRIVATE + (ONLY_V1 if only_v1 else "") + HOLD
        self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "slave", "sh", "-c", script, "sh", str(self.dir)],
                                       stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.env = {"PATH": ":".join([*map(str, search), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]), "HOME": "/root",
                    "TERM": "dumb", "LC_ALL": "C.UTF-8", "TMPDIR": str(self.dir / "tmp"),
                    MARK: str(self.dir)}
        self.become = []
        if identity:
            self.env.update(identity.environment(), PATH=self.env["PATH"])
            self.become = ["-S", str(identity.uid), "-G", str(identity.gid), f"--wd={identity.home}"]
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError("no private mount namespace could be set up")

    def command(self, *argv):
        """The words that run a program inside."""
        return ["nsenter", "-t", str(self.holder.pid), "-m", *self.become, "--", *map(str, argv)]

    def run(self, *argv, check=True, timeout=60, text=True, **more):
        done = subprocess.run(self.command(*argv), env={**self.env, **more.pop("env", {})}, timeout=timeout, text=text,
                              check=False, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                              "stderr": subprocess.PIPE, **more})
        if check:
            assert done.returncode == 0, f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def popen(self, *argv, **more):
        return subprocess.Popen(self.command(*argv), env={**self.env, **more.pop("env", {})}, **more)

    def path(self, name):
        """An absolute path inside, as seen from outside."""
        return pathlib.Path(f"/proc/{self.holder.pid}/root", name.lstrip("/"))

    def processes(self):
        """
        The pids of all that runs inside, but not of the namespace's holder. What a container executed is found
        while its first process has not left our environment, and dies with that.
        """
        inside = os.stat(f"/proc/{self.holder.pid}/ns/mnt").st_ino
        mark = f"{MARK}={self.dir}".encode()
        found = []
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            try:
                if pid != self.holder.pid and (os.stat(f"/proc/{pid}/ns/mnt").st_ino == inside or
                                               mark in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")):
                    found.append(pid)
            except OSError:
                pass
        return found

    def close(self):
        """End what runs inside (a container that left its monitor behind: remove it first)."""
        end = time.monotonic() + 10
        while time.monotonic() < end and self.processes():
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def busybox_archive(path):
    """A root file system that `podman import` and `keg import` take."""
    with tempfile.TemporaryDirectory() as folder:
        top = busybox_rootfs(os.path.join(folder, "rootfs"))
        subprocess.run(["tar", "-C", top, "--owner=0", "--group=0", "--numeric-owner", "-cf", path, "."], check=True)
    return path
