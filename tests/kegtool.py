# SPDX-License-Identifier: Apache-2.0
"""keg with a store of its own, as root or as an ordinary user, and a first image made without a network."""
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tarfile
import tempfile

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).resolve().parents[1] / "build")
PROGRAMS = ["keg", "kegmon", "kegrun", "kegrun-systemd", "kegcopy", "libkeg-transfer.so"]
BUSYBOX = "/bin/busybox"
IMAGE = "localhost/busybox:test"
TIMEOUT = 60


class Identity:
    """Who runs the commands. An ordinary user is made for the session, with subordinate ids."""

    def __init__(self, name):
        self.name = name
        self.home = tempfile.mkdtemp(prefix=f"keg-{name}-", dir="/tmp")
        os.chmod(self.home, 0o755)
        self.uid = self.gid = 0
        self.made = None
        if name == "user":
            self.made = "keg" + os.urandom(5).hex()
            subprocess.run(["useradd", "-M", "-d", self.home, "-s", "/bin/sh", self.made], check=True)
            entry = pwd.getpwnam(self.made)
            self.uid, self.gid = entry.pw_uid, entry.pw_gid
        for folder in ("run", "files", "config"):
            os.mkdir(os.path.join(self.home, folder), 0o700)
        self.programs = os.path.join(self.home, "bin")
        # Where the sources are, an ordinary user may not look.
        os.mkdir(self.programs)
        for program in PROGRAMS:
            if (BUILD / program).exists():
                shutil.copy(BUILD / program, self.programs)
        if self.made:
            for folder in (self.home, *(os.path.join(self.home, f) for f in ("run", "files", "config"))):
                os.chown(folder, self.uid, self.gid)

    def environment(self):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TERM", "LD_LIBRARY_PATH")}
        env.update(HOME=self.home, XDG_RUNTIME_DIR=os.path.join(self.home, "run"), USER=self.made or "root",
                   XDG_CONFIG_HOME=os.path.join(self.home, "config"), TMPDIR=os.path.join(self.home, "files"),
                   KEG_BLOB_CACHE=os.path.join(self.home, "files", "blob-cache"))
        return env

    def popen(self, argv, **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("cwd", self.home)
        how["env"] = {**self.environment(), **how.pop("env", {})}
        if self.made:
            how.update(user=self.uid, group=self.gid, extra_groups=[])
        return subprocess.Popen([str(word) for word in argv], **how)

    def close(self):
        if self.made:
            subprocess.run(["userdel", self.made], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.home, ignore_errors=True)


class Done:
    """What a command gave."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    @property
    def lines(self):
        return self.out.splitlines()

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"{' '.join(map(str, self.argv))}: status {self.status}\n{self.out}\n{self.err}"


class Keg:
    """The program under test: keg("run", "--rm", IMAGE, "true") fails the test unless it exits 0."""

    def __init__(self, identity, root=None, runroot=None):
        self.identity = identity
        self.root = root or os.path.join(identity.home, "files", "root")
        self.runroot = runroot or os.path.join(identity.home, "run", "runroot")
        self.is_root = identity.uid == 0

    def argv(self, *words):
        return [os.path.join(self.identity.programs, "keg"), "--root", self.root, "--runroot", self.runroot, *words]

    def start(self, *words, **how):
        return self.identity.popen(self.argv(*words), **how)

    def attempt(self, *words, stdin=None, timeout=TIMEOUT, **how):
        """Run to the end; any exit status."""
        argv = self.argv(*words)
        process = self.identity.popen(argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
        try:
            out, err = process.communicate(stdin.encode() if stdin is not None else None, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{' '.join(argv)}: not done after {timeout} s\n{err.decode(errors='replace')}") from None
        return Done(argv, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def __call__(self, *words, **how):
        done = self.attempt(*words, **how)
        assert done.status == 0, done
        return done

    def fails(self, *words, status=125, **how):
        """A failure with the exit status, and one line that says Error, with at most a hint after it."""
        done = self.attempt(*words, **how)
        assert done.status == status, done
        assert done.err.startswith("Error: ") or "\nError: " in done.err, done
        return done

    def file(self, name, text="", mode=0o644):
        """A file in a folder of the identity's own."""
        path = os.path.join(self.identity.home, "files", name)
        with open(path, "w", encoding="utf-8") as to:
            to.write(text)
        os.chmod(path, mode)
        os.chown(path, self.identity.uid, self.identity.gid)
        return path

    def import_busybox(self, name=IMAGE, *options):
        """The first image: busybox and what a root file system needs beside it."""
        with tempfile.TemporaryDirectory() as work:
            rootfs = busybox_rootfs(os.path.join(work, "rootfs"))
            archive = os.path.join(self.identity.home, "files", "busybox.tar")
            with tarfile.open(archive, "w") as tar:
                tar.add(rootfs, ".", filter=as_root)
            os.chmod(archive, 0o644)
        self("import", "-q", *options, archive, name)
        os.unlink(archive)


def as_root(member):
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def busybox_rootfs(path):
    for folder in ("bin", "etc", "tmp", "root", "proc", "sys", "dev", "var", "home"):
        os.makedirs(os.path.join(path, folder))
    os.chmod(os.path.join(path, "tmp"), 0o1777)
    shutil.copy(BUSYBOX, os.path.join(path, "bin", "busybox"))
    for applet in subprocess.run([BUSYBOX, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split():
        if applet != "busybox":
            os.symlink("busybox", os.path.join(path, "bin", applet))
    files = {"passwd": "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/home:/bin/sh\n",
             "group": "root:x:0:\nguest:x:1000:\nextra:x:1234:guest\n"}
    for name, text in files.items():
        with open(os.path.join(path, "etc", name), "w", encoding="utf-8") as to:
            to.write(text)
    return path
