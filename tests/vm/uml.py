# SPDX-License-Identifier: Apache-2.0
"""A virtual machine without KVM: Debian's user-mode-linux over the host's root, in two seconds.

The guest has cgroup v2 alone, user namespaces, seccomp, eBPF device programs and overlayfs.
Its kernel is an ordinary process of ours: killing it is a power cut.
"""
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("KEG_BUILD", ROOT / "build")).resolve()
KERNEL = shutil.which("linux.uml") or shutil.which("linux")
MODULES = pathlib.Path("/usr/lib/uml/modules")
XSTATE = BUILD / "tests" / "libuml_xstate.so"


def unavailable():
    """Why this machine cannot run the guest, or None."""
    if not KERNEL or not MODULES.is_dir():
        return "user-mode-linux is not installed"
    if not XSTATE.exists():
        return f"{XSTATE} is not built (not an x86-64 machine?)"
    if not os.path.exists("/lib/systemd/systemd") or not shutil.which("dbus-daemon"):
        return "systemd and dbus are not installed"
    return None


def disk(path, megabytes):
    """A new ext4 file system in a sparse file, which the guest mounts at /run/disk."""
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", path],
                   check=True, timeout=60)


# What systemd reads of the kernel's command line, for each layout of cgroups that it knows.
CGROUPS = {
    "v2": [],
    "hybrid": ["systemd.unified_cgroup_hierarchy=0", "systemd.legacy_systemd_cgroup_controller=0"],
    "v1": ["systemd.unified_cgroup_hierarchy=0", "systemd.legacy_systemd_cgroup_controller=1"],
}


def group_lives(group):
    """Is there a process of this group that is more than a zombie?"""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state not in "ZX":
            return True
    return False


class Machine:
    """One boot. `script` is run by the guest's shell as root; then the guest powers off.

    /run/job in the guest is `folder` here, the way in and out; `files` and folders are there from the start. /run/tree and
    /run/build are the checkout and the programs, wherever they are: of the host's /tmp the guest sees nothing. /run/disk
    is `image`, which outlives the machine, or a new file system of `disk_megabytes`. With `systemd` the first process is
    the distribution's, and the job one of its services; only then `cgroups` can be another of CGROUPS.
    """

    def __init__(self, script, memory=768, image=None, disk_megabytes=0, files=(), systemd=False, cgroups="v2"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keg-vm-"))
        if disk_megabytes:
            image = self.folder / "disk"
            disk(image, disk_megabytes)
        (self.folder / "run.sh").write_text(
            f"export KEG_BUILD=/run/build KEG_VM_TESTS='/run/tree/{HERE.relative_to(ROOT)}'\n" + script, encoding="utf-8")
        (self.folder / "places").write_text(f"tree={shlex.quote(str(ROOT))} build={shlex.quote(str(BUILD))}\n",
                                            encoding="utf-8")
        # Beside the job, since a kernel's command line cannot quote a path with spaces.
        for file in (HERE / "init.sh", HERE / "systemd.sh", *files):
            if file.is_dir():
                shutil.copytree(file, self.folder / file.name, symlinks=True)
            else:
                shutil.copy(file, self.folder)
        argv = [KERNEL, f"mem={memory}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
                f"init={self.folder / 'init.sh'}", "con0=null,fd:1", "con=null", "quiet", f"KEG_JOB={self.folder}"]
        if systemd:
            argv += ["KEG_INIT=systemd", "selinux=0", f"KEG_CGROUPS={cgroups}", *CGROUPS[cgroups]]
        if image:
            argv.append(f"ubd0={image}")
        # Its own session, so that all of the guest's host processes can be ended together; its own
        # HOME, as the kernel keeps a folder of its own there.
        with open(self.folder / "console", "wb") as console:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                env=dict(os.environ, LD_PRELOAD=str(XSTATE), HOME=str(self.folder), TMPDIR=self.scratch()))

    def scratch(self):
        """Where the guest's memory is a file: on tmpfs when there is one with room."""
        return "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"

    def wait(self, timeout):
        """The job's exit status, or None when the machine did not end in time (then it is cut off)."""
        try:
            self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.power_cut()
            return None
        self.power_cut()  # helpers of the kernel that outlived it
        status = self.folder / "status"
        return int(status.read_text(encoding="utf-8")) if status.exists() else -1

    def wait_for(self, name, timeout):
        """Until the job has written a file of that name into its folder. False: it never did."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            if (self.folder / name).exists():
                return True
            time.sleep(0.01)
        return (self.folder / name).exists()

    def power_cut(self):
        """End it at this instruction."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        # Those that write to its disk may be in the middle of it: a disk that changes under who mounts it next is torn.
        end = time.monotonic() + 10
        while group_lives(self.process.pid) and time.monotonic() < end:
            time.sleep(0.01)

    def text(self, name="output"):
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def story(self):
        """What is worth reading after a failure."""
        return f"console:\n{self.text('console')[-2000:]}\noutput:\n{self.text()[-4000:]}"

    def close(self):
        self.power_cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
