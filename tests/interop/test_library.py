# SPDX-License-Identifier: Apache-2.0
"""libkeg as another program has it: from an installed tree, by pkg-config, with threads."""
import concurrent.futures
import ctypes
import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

import pytest

import make_images
from kegtool import BUILD, Identity, Keg, busybox_rootfs

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "interop"
PREFIX = "usr/local"


def must(*argv, timeout=120, **how):
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **how)
    assert done.returncode == 0, (argv, done.stdout)
    return done.stdout


class Installed:
    """What `meson install` gives, and programs compiled against that alone."""

    def __init__(self, folder):
        self.folder = folder
        must("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", env={**os.environ, "DESTDIR": str(folder)})
        (self.pc,) = folder.glob("**/pkgconfig/libkeg.pc")
        self.libdir = self.pc.parents[1]
        folder.chmod(0o755)

    def flags(self):
        env = {**os.environ, "PKG_CONFIG_LIBDIR": str(self.pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(self.folder)}
        return must("pkg-config", "--cflags", "--libs", "libkeg", env=env).split()

    def compile(self, source, name, *options):
        to = self.folder / name
        must("cc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-o", to, source, *self.flags(),
             *options, "-lpthread")
        return to


class Embedder:
    """The test program, run by somebody with a bundle of his."""

    def __init__(self, identity, installed, program):
        self.identity, self.installed, self.program = identity, installed, program
        self.folder = pathlib.Path(identity.home, "files", uuid.uuid4().hex[:8])
        self.folder.mkdir()
        os.chown(self.folder, identity.uid, identity.gid)
        self.kegrun = os.path.join(identity.programs, "kegrun")

    def bundle(self, *args):
        path = self.folder / uuid.uuid4().hex[:8]
        path.mkdir()
        busybox_rootfs(str(path / "rootfs"))
        must("chown", "-R", f"{self.identity.uid}:{self.identity.gid}", path)
        spec = self.identity.popen([self.kegrun, "spec", *(["--rootless"] if self.identity.uid else [])], cwd=path)
        assert spec.wait(20) == 0
        config = json.loads((path / "config.json").read_text())
        config["process"].update(terminal=False, args=list(args))
        (path / "config.json").write_text(json.dumps(config))
        return path

    def run(self, mode, bundle, timeout=120, program=None, **env):
        env = {"LD_LIBRARY_PATH": str(self.installed.libdir), **env}
        process = self.identity.popen([program or self.program, mode, self.kegrun, self.folder / "state", bundle],
                                      cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, said.decode(errors="replace")


@pytest.fixture(scope="module")
def installed():
    # Not pytest's own folder: an ordinary user may not enter that.
    with tempfile.TemporaryDirectory(prefix="keg-installed-", dir="/tmp") as folder:
        yield Installed(pathlib.Path(folder))


@pytest.fixture(scope="module", params=["root", "user"])
def embedder(request, installed):
    if os.geteuid() != 0:
        pytest.skip("making users needs root")
    who = Identity(request.param)
    yield Embedder(who, installed, installed.compile(HERE / "embed.c", "embed-" + request.param))
    who.close()


def test_every_function_does_what_the_header_says(embedder):
    status, said = embedder.run("life", embedder.bundle("sleep", "100"))
    assert (status, said) == (0, "")


def test_a_run_gives_the_exit_status_and_leaves_nothing(embedder):
    status, said = embedder.run("run", embedder.bundle("sh", "-c", "echo hello; exit 7"))
    assert (status, said) == (7, "hello\n")
    assert not os.listdir(embedder.folder / "state")


def test_a_command_that_is_not_there_is_an_error_and_leaves_nothing(embedder):
    status, said = embedder.run("run", embedder.bundle("/none"))
    assert status == 125 and "no such file or directory" in said
    assert not os.listdir(embedder.folder / "state")


def test_without_systemd_its_cgroups_are_refused_with_the_reason(embedder):
    if os.path.exists("/run/systemd/system"):
        pytest.skip("systemd runs here")
    status, said = embedder.run("systemd", embedder.bundle("true"))
    assert status == 125 and "systemd" in said and said.count("\n") == 1


def test_eight_threads_run_twenty_containers_each(embedder):
    status, said = embedder.run("threads", embedder.bundle("sh", "-c", "exit 7"))
    assert (status, said) == (0, "")
    assert not os.listdir(embedder.folder / "state")


def test_the_thread_sanitizer_sees_no_race(embedder, tmp_path):
    """With a libkeg that is instrumented as well; what kegrun does, it does in one thread."""
    if embedder.identity.uid:
        pytest.skip("races do not depend on who runs it")
    must("meson", "setup", tmp_path, ROOT, "-Db_sanitize=thread", "-Dtests=false")
    must("ninja", "-C", tmp_path, (embedder.installed.libdir / "libkeg.so").resolve().name, timeout=300)
    program = embedder.installed.compile(HERE / "embed.c", "embed-tsan", "-fsanitize=thread")
    status, said = embedder.run("threads", embedder.bundle("sh", "-c", "exit 7"), timeout=300, program=program,
                                LD_LIBRARY_PATH=str(tmp_path))
    assert (status, said) == (0, "")


def test_CVE_2019_5736_the_embedding_program_is_out_of_reach(embedder):
    """The command is whatever executed it, which says that it is kegrun; and that cannot be written."""
    before = {path: hashlib.sha256(pathlib.Path(path).read_bytes()).digest()
              for path in (embedder.program, embedder.kegrun)}
    bundle = embedder.bundle("/self", "--version")
    os.symlink("/proc/self/exe", bundle / "rootfs" / "self")
    shutil.copytree("/lib64", bundle / "rootfs" / "lib64", dirs_exist_ok=True)
    libc = pathlib.Path("/lib/x86_64-linux-gnu/libc.so.6")
    if libc.exists():
        (bundle / "rootfs" / "lib" / "x86_64-linux-gnu").mkdir(parents=True)
        shutil.copy(libc, bundle / "rootfs" / "lib" / "x86_64-linux-gnu")
    status, said = embedder.run("run", bundle)
    assert status != 0 or "kegrun version" in said
    again = embedder.bundle("sh", "-c", "for p in /proc/[0-9]*; do echo x >> $p/exe; done; exit 3")
    assert embedder.run("run", again)[0] == 3
    assert before == {path: hashlib.sha256(pathlib.Path(path).read_bytes()).digest() for path in before}


def test_the_example_runs_a_bundle(installed):
    if os.geteuid() != 0:
        pytest.skip("mounting the installed tree at its place needs root")
    who = Identity("root")
    try:
        embedder = Embedder(who, installed, None)
        example = installed.compile(ROOT / "examples" / "run_bundle.c", "run_bundle")
        bundle = embedder.bundle("sh", "-c", "echo hello; exit 9")
        done = subprocess.run(["unshare", "-m", "sh", "-c", f'mount --bind {installed.folder}/{PREFIX} /{PREFIX} && exec "$@"', "sh",
                               str(example), str(bundle), "example" + uuid.uuid4().hex[:6]],
                              env={**os.environ, "LD_LIBRARY_PATH": f"/{installed.libdir.relative_to(installed.folder)}"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (9, "hello\n")
    finally:
        who.close()


@pytest.mark.parametrize("name", ["root", "user"])
def test_the_example_lists_a_store(installed, name):
    if os.geteuid() != 0:
        pytest.skip("making users needs root")
    who = Identity(name)
    try:
        keg = Keg(who)
        keg.import_busybox("localhost/one:1")
        keg("tag", "localhost/one:1", "localhost/two:2")
        layers = keg("image", "inspect", "--format", "{{range .RootFS.Layers}}  {{.}}\n{{end}}", "localhost/one:1").out.rstrip()
        example = installed.compile(ROOT / "examples" / "list_store.c", "list_store")
        listed = who.popen([example, keg.root], env={"LD_LIBRARY_PATH": str(installed.libdir)}, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        text = listed.communicate(timeout=60)[0].decode()
        size = keg("images", "--format", "json").json()[0]["Size"]
        assert (listed.returncode, text.rstrip()) == (0, f"localhost/one:1 {size} bytes\n{layers}")
    finally:
        who.close()


def test_the_example_copies_an_image(installed, tmp_path):
    layout = make_images.make(tmp_path, "small")
    example = installed.compile(ROOT / "examples" / "copy_image.c", "copy_image")
    run = functools.partial(subprocess.run, env={**os.environ, "LD_LIBRARY_PATH": str(installed.libdir)},
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    done = run([example, f"oci:{layout}", f"dir:{tmp_path}/copy"])
    assert done.returncode == 0, done.stderr
    manifest = (tmp_path / "copy" / "manifest.json").read_bytes()
    assert done.stdout == "sha256:" + hashlib.sha256(manifest).hexdigest() + "\n"
    assert "Copying blob sha256:" in done.stderr and "Writing manifest to image destination" in done.stderr
    done = run([example, f"oci:{layout}:nothing", f"dir:{tmp_path}/none"])
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("copy_image: ")


class Access(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), *[(name, ctypes.c_char_p) for name in (
        "authfile", "username", "password", "registry_token", "cert_dir", "os", "arch", "variant", "policy", "root", "runroot")],
                ("retries", ctypes.c_uint), ("timeout_ms", ctypes.c_uint), ("flags", ctypes.c_uint),
                ("reserved", ctypes.c_void_p * 6)]

    def __init__(self, **fields):
        super().__init__(size=ctypes.sizeof(Access), **fields)


def test_images_from_many_threads(installed, tmp_path):
    """Each call is whole by itself, whatever the others do; errors are each one's own."""
    library = ctypes.CDLL(str(installed.libdir / "libkeg.so.0"))
    library.keg_runtime_error_message.restype = ctypes.c_char_p
    layout = f"oci:{make_images.make(tmp_path, 'small')}".encode()

    def inspected(name, flags, access=None):
        text, length, error = ctypes.c_char_p(), ctypes.c_size_t(), ctypes.c_void_p()
        status = library.keg_image_inspect(name, access and ctypes.byref(access), flags, ctypes.byref(text),
                                           ctypes.byref(length), ctypes.byref(error))
        return (0, text.value[:length.value]) if status == 0 else (status, library.keg_runtime_error_message(error))

    def work(number):
        copy = f"dir:{tmp_path}/copy{number}".encode()
        assert library.keg_image_copy(layout, copy, None, None, None) == 0
        assert inspected(copy, 1) == inspected(layout, 1)
        status, message = inspected(layout + b":none", 0)
        assert status == -14 and b"none" in message

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    told = json.loads(inspected(layout, 0)[1])
    assert told["Os"] == "linux" and len(told["LayersData"]) == len(told["Layers"])
    assert inspected(layout, 64)[0] == -5
    assert inspected(b"nowhere:x", 0)[0] == -1
    status, message = inspected(b"docker://localhost:1/x", 4, Access(flags=2, timeout_ms=5000))
    assert status == -9 and b"refused" in message


def test_what_is_installed_is_complete(installed):
    tree = installed.folder / PREFIX
    found = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file() or path.is_symlink()}
    for name in ("bin/keg", "bin/kegrun", "bin/kegmon", "bin/kegcopy", "include/keg/image.h", "include/keg/runtime.h", "include/keg/store.h", "share/man/man1/kegrun.1", "share/man/man3/libkeg.3",
                 "share/bash-completion/completions/keg"):
        assert any(path == name or path == name + ".gz" for path in found), name
    libdir = installed.libdir.relative_to(installed.folder / PREFIX)
    for name in ("libkeg.so", "libkeg.so.0", "pkgconfig/libkeg.pc", "keg/libkeg-transfer.so"):
        assert str(libdir / name) in found, name


def test_the_library_shows_its_functions_alone(installed):
    names = must("nm", "-D", "--defined-only", installed.libdir / "libkeg.so.0").split("\n")
    shown = {line.split()[-1].split("@")[0] for line in names if line and " A " not in line}
    text = "".join(header.read_text() for header in (ROOT / "include" / "keg").glob("*.h"))
    assert shown and all(name.startswith("keg_") and name + "(" in text for name in shown)
    assert "(SONAME)" in must("readelf", "-d", installed.libdir / "libkeg.so.0")
    assert [line for line in must("readelf", "-d", installed.libdir / "libkeg.so.0").splitlines() if "[libkeg.so.0]" in line]
