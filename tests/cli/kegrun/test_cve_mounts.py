# SPDX-License-Identifier: Apache-2.0
"""
Published attacks on how a container's root is put together: by links in the image, and by another process
that exchanges folders and links in what is shared while the runtime is at work.

CVE-2025-24965 (crun's krun handler writes a file into the image's root) and CVE-2025-54867's and others' parts
that are about virtual machines have no test: there is no such handler here.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from conftest import compiled

RACES = 60  # runs for an attack that needs luck
CVE_PROC_LINKS = ["CVE-2019-19921", "CVE-2023-27561", "CVE-2023-28642", "CVE-2025-54867"]


@pytest.fixture(scope="session")
def exchanger(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("exchange"), "exchange")


@contextlib.contextmanager
def exchanging(program, first, second):
    process = subprocess.Popen([program, first, second], stdin=subprocess.PIPE)
    try:
        yield
        assert process.poll() is None, "the attacker failed"
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def folder(box, *names):
    """Folders of the host that belong to who runs the container, one below another."""
    path = os.path.join(box.folder, *names)
    for depth in range(len(names)):
        at = os.path.join(box.folder, *names[:depth + 1])
        if not os.path.isdir(at):
            os.mkdir(at)
            box.give(at)
    return path


def link(box, target, path):
    os.symlink(target, path)
    box.give(path)


def mounts(*change):
    return lambda config: config["mounts"].extend(change)


def tmpfs(place):
    return {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}


def bind(source, place, *options):
    return {"destination": place, "type": "bind", "source": source, "options": ["rbind", *options]}


def run(box, bundle, **how):
    return box.kegrun("run", "-b", bundle, os.path.basename(bundle), **how)


def start(box, bundle):
    """In the background; its streams are not ours, the log is."""
    log = os.path.join(bundle, "log")
    done = box.kegrun("--log", log, "run", "-d", "-b", bundle, os.path.basename(bundle), stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
    assert done.returncode == 0, pathlib.Path(log).read_text(encoding="utf-8")


def one_line(done):
    return done.returncode == 1 and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", ["/proc/self", "/proc/sys/kernel", "/proc/1/attr", "/proc/self/attr/exec", "/proc/sysrq-trigger"])
def test_CVE_2019_16884_nothing_is_mounted_into_proc(box, place):
    done = box.run(["true"], mounts(tmpfs(place)))
    assert done.returncode == 1 and "/proc" in done.stderr, done


def test_CVE_2019_16884_nor_through_a_link_of_the_image(box):
    bundle = box.bundle(["true"], mounts(bind("/dev/null", "/link/attr/exec")))
    link(box, "/proc/self", os.path.join(bundle, "rootfs/link"))
    done = run(box, bundle)
    assert one_line(done) and "inside /proc" in done.stderr, done


@pytest.mark.parametrize("cve", CVE_PROC_LINKS)
@pytest.mark.parametrize("name", ["proc", "sys"])
def test_a_link_for_proc_or_sys_is_refused(box, cve, name):
    bundle = box.bundle(["true"], lambda c: c.update(mounts=[
        m if m["destination"] != "/sys" else {"destination": "/sys", "type": "sysfs", "source": "sysfs"} for m in c["mounts"]]))
    outside = folder(box, "outside")
    for target in ("/tmp", outside, "../../outside", "nosuch/below"):
        link(box, target, os.path.join(bundle, "rootfs", name))
        done = run(box, bundle)
        assert done.returncode == 1 and "must be mounted on ordinary directory" in done.stderr, (cve, target, done)
        os.unlink(os.path.join(bundle, "rootfs", name))
    assert os.listdir(outside) == []


def test_CVE_2023_27561_nor_is_one_that_is_exchanged_for_the_folder_followed(box, exchanger):
    outside = folder(box, "outside")
    bundle = box.bundle(["true"])
    root = os.path.join(bundle, "rootfs")
    folder(box, os.path.basename(bundle), "rootfs", "proc")
    folder(box, os.path.basename(bundle), "rootfs", "other")
    link(box, "/other", os.path.join(root, "link"))
    with exchanging(exchanger, os.path.join(root, "proc"), os.path.join(root, "link")):
        for _ in range(RACES):
            done = run(box, bundle)
            assert done.returncode == 0 or "must be mounted on ordinary directory" in done.stderr or \
                len(done.stderr.splitlines()) == 1, done
    assert os.listdir(outside) == []


@pytest.mark.parametrize("cve", ["CVE-2021-30465", "CVE-2019-18837"])
def test_a_link_as_mount_target_stays_in_the_root(box, cve):
    outside = folder(box, "outside")
    for target in (outside, "../../../../../../../.." + outside, "/../../../.." + outside):
        for kind in ("tmpfs", "file"):
            bundle = box.bundle(["true"], mounts(tmpfs("/link/inner") if kind == "tmpfs" else bind("/etc/hostname", "/link/inner")))
            link(box, target, os.path.join(bundle, "rootfs/link"))
            run(box, bundle)
            assert os.listdir(outside) == [], (cve, target, kind)


@pytest.mark.parametrize("cve, kind", [("CVE-2021-30465", "folder"), ("CVE-2024-45310", "folder"), ("CVE-2024-45310", "file")])
def test_a_shared_volume_that_changes_meanwhile_leads_nowhere_else(box, exchanger, cve, kind):
    """A mount below a volume of which another container exchanges a folder for a link to the host's."""
    outside = folder(box, "outside")
    volume = folder(box, "volume")
    folder(box, "volume", "a")
    link(box, "../" * 12 + outside.lstrip("/"), os.path.join(volume, "evil"))
    inner = tmpfs("/volume/a/inner/deep") if kind == "folder" else bind("/etc/hostname", "/volume/a/inner/file")
    bundle = box.bundle(["true"], mounts(bind(volume, "/volume"), inner))
    good = 0
    with exchanging(exchanger, os.path.join(volume, "a"), os.path.join(volume, "evil")):
        for _ in range(RACES):
            good += run(box, bundle).returncode == 0
            for at in ("a", "evil"):
                shutil.rmtree(os.path.join(volume, at, "inner"), ignore_errors=True)
            assert os.listdir(outside) == [], cve
    assert good > 0


def test_CVE_2021_30465_two_containers_that_share_a_volume(box):
    """The attacker is a container too, with what a container has."""
    outside = folder(box, "outside")
    volume = folder(box, "volume")
    link_to = "../" * 12 + outside.lstrip("/")
    name = box.start(["sh", "-c", f"cd /volume; mkdir a; ln -s {link_to} evil; while :; do mv a b; mv evil a; mv a evil; mv b a; done"],
                     mounts(bind(volume, "/volume")))
    bundle = box.bundle(["true"], mounts(bind(volume, "/volume"), tmpfs("/volume/a/inner")))
    for _ in range(RACES // 2):
        run(box, bundle)
        assert os.listdir(outside) == []
    box.good("delete", "--force", name)


@pytest.mark.parametrize("cve", ["CVE-2026-41579", "CVE-2026-47766"])
def test_a_link_for_dev_makes_no_devices_or_links_outside(box, cve):
    outside = folder(box, "outside")
    with open(os.path.join(outside, "ptmx"), "w", encoding="utf-8"):
        pass
    for target in (outside, "../../outside", "../" * 12 + outside.lstrip("/")):
        bundle = box.bundle(["true"], lambda c: c.update(mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]))
        link(box, target, os.path.join(bundle, "rootfs/dev"))
        assert "/dev of the root file system is a symbolic link" in run(box, bundle).stderr
        assert os.listdir(outside) == ["ptmx"], (cve, target)


@contextlib.contextmanager
def console(box):
    path = os.path.join(box.folder, "console")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        box.give(path)
        server.listen()
        yield path


@pytest.mark.parametrize("cve, name, target", [
    ("CVE-2025-52565", "console", "/proc/sysrq-trigger"), ("CVE-2025-52565", "pts", "/proc/sys/kernel"),
    ("CVE-2025-52565", "ptmx", "/proc/sysrq-trigger"), ("CVE-2026-88264", "console", "OUTSIDE/file"),
    ("CVE-2026-88264", "console", "/etc/passwd"), ("CVE-2025-52565", "pts/ptmx", "OUTSIDE/file")])
def test_no_link_in_dev_leads_the_terminal_elsewhere(box, cve, name, target):
    """An image with a /dev of its own, over which nothing is mounted."""
    outside = folder(box, "outside")
    with open(os.path.join(outside, "file"), "w", encoding="utf-8") as file:
        file.write("kept")
    box.give(file.name)

    def change(config):
        config["process"]["terminal"] = True
        config["mounts"] = [m for m in config["mounts"] if not m["destination"].startswith("/dev")]
    bundle = box.bundle(["sh", "-c", "echo x > /proc/sysrq-trigger; wc -c < /proc/keys"], change)
    for at in ("dev", "dev/pts"):
        os.mkdir(os.path.join(bundle, "rootfs", at))
        box.give(os.path.join(bundle, "rootfs", at))
    if name == "pts":
        os.rmdir(os.path.join(bundle, "rootfs/dev/pts"))
    link(box, target.replace("OUTSIDE", "../" * 12 + outside.lstrip("/")), os.path.join(bundle, "rootfs/dev", name))
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as pattern:
        before = pattern.read()
    with console(box) as path:
        box.kegrun("run", "-d", "--console-socket", path, "-b", bundle, os.path.basename(bundle))
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as pattern:
        assert pattern.read() == before, cve
    assert os.listdir(outside) == ["file"]
    assert os.stat(file.name).st_uid == box.identity.uid
    with open(file.name, encoding="utf-8") as kept:
        assert kept.read() == "kept"


@pytest.mark.parametrize("cve", ["CVE-2025-31133", "CVE-2025-62161", "CVE-2026-88265"])
@pytest.mark.parametrize("false_one", ["link", "file", "outside"])
def test_a_false_null_device_masks_nothing_else(box, cve, false_one):
    outside = folder(box, "outside")
    kept = os.path.join(outside, "file")
    pathlib.Path(kept).write_text("kept", encoding="utf-8")
    os.chmod(kept, 0o600)
    bundle = box.bundle(["sh", "-c", "cat /proc/keys; echo x > /proc/keys; true"], lambda c: c.update(
        mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]))
    dev = os.path.join(bundle, "rootfs/dev")
    os.mkdir(dev)
    box.give(dev)
    if false_one == "file":
        pathlib.Path(dev, "null").write_text("false\n", encoding="utf-8")
    else:
        link(box, "/proc/sys/kernel/core_pattern" if false_one == "link" else "../" * 12 + kept.lstrip("/"), os.path.join(dev, "null"))
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as pattern:
        before = pattern.read()
    done = run(box, bundle)
    assert done.stdout == "", (cve, done)
    assert done.returncode == 0 or one_line(done)
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as pattern:
        assert pattern.read() == before
    assert pathlib.Path(kept).read_text(encoding="utf-8") == "kept" and os.stat(kept).st_uid == os.getuid()


FAKES = {"sys/net/ipv4/ip_unprivileged_port_start": "5", "self/oom_score_adj": "5", "self/attr/exec": "5", "thread-self/attr/exec": "5",
         "self/setgroups": "deny", "self/attr/apparmor/exec": "5", "cpuinfo": "5"}


def fake_proc(box):
    top = folder(box, "fake")
    for name, text in FAKES.items():
        path = pathlib.Path(top, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    subprocess.run(["chown", "-R", f"{box.identity.uid}:{box.identity.gid}", top], check=True)
    return top


def port_start(pid):
    return subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"],
                          capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("cve", ["CVE-2025-52881", "CVE-2025-62596", "CVE-2019-19921"])
@pytest.mark.parametrize("kind", ["bind", "image"])
def test_a_false_proc_swallows_no_write(box, cve, kind):
    """A folder in the place of /proc, of a volume or of the image itself."""
    fake = fake_proc(box)

    def change(config):
        config["mounts"] = [m for m in config["mounts"] if m["destination"] != "/proc"]
        if kind == "bind":
            config["mounts"].append(bind(fake, "/proc"))
        names = {n["type"] for n in config["linux"]["namespaces"]}
        config["linux"]["namespaces"] += [] if "network" in names else [{"type": "network"}]
        config["linux"].update(sysctl={"net.ipv4.ip_unprivileged_port_start": "77"}, maskedPaths=[], readonlyPaths=[])
        config["process"]["oomScoreAdj"] = 555
    bundle = box.bundle(["sleep", "60"], change)
    if kind == "image":
        shutil.move(fake, os.path.join(bundle, "rootfs/proc"))
        fake = os.path.join(bundle, "rootfs/proc")
    name = os.path.basename(bundle)
    start(box, bundle)
    pid = box.pid(name)
    assert port_start(pid) == "77", cve
    with open(f"/proc/{pid}/oom_score_adj", encoding="utf-8") as file:
        assert file.read() == "555\n"
    assert box.kegrun("exec", name, "true").returncode == 0
    for path, text in FAKES.items():
        assert pathlib.Path(fake, path).read_text(encoding="utf-8") == text, path


def test_CVE_2025_52881_a_pipe_as_a_file_of_proc_holds_nothing_up(box):
    """What an exec reads of the container's is never waited for."""
    fake = fake_proc(box)
    for name in ("self/setgroups", "self/attr/exec", "self/oom_score_adj"):
        os.unlink(os.path.join(fake, name))
        os.mkfifo(os.path.join(fake, name), 0o666)
        os.chmod(os.path.join(fake, name), 0o666)
    bundle = box.bundle(["sleep", "60"], lambda c: (c["mounts"].append(bind(fake, "/proc")), c["linux"].update(
        maskedPaths=[], readonlyPaths=[])))
    os.mkfifo(os.path.join(bundle, "rootfs/etc/passwd"))
    os.mkfifo(os.path.join(bundle, "rootfs/etc/group"))
    name = os.path.basename(bundle)
    start(box, bundle)
    assert box.kegrun("exec", name, "true").returncode == 0


@pytest.mark.parametrize("cve", ["CVE-2019-16884", "CVE-2025-52881"])
@pytest.mark.parametrize("covered", ["file", "folder", "root"])
def test_a_covered_proc_of_the_host_is_not_written(root_box, cve, covered):
    """Whoever could mount over the host's /proc before the runtime looks gains no write by it either."""
    fake = fake_proc(root_box)
    what = {"file": "sys/net/ipv4/ip_unprivileged_port_start", "folder": "sys/net", "root": ""}[covered]
    bundle = root_box.bundle(["sleep", "60"], lambda c: c["linux"].update(sysctl={"net.ipv4.ip_unprivileged_port_start": "77"}))
    name = os.path.basename(bundle)
    script = 'mount --bind "$1" "/proc/$2" || exit 9; shift 2; exec "$@"'
    log = os.path.join(root_box.folder, "log")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", os.path.join(fake, what), what, root_box.program, "--log", log,
                           "--root", root_box.state, "run", "-d", "-b", bundle, name], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=30, check=False)
    for path, text in FAKES.items():
        assert pathlib.Path(fake, path).read_text(encoding="utf-8") == text, path
    if done.returncode == 0:  # the file of another network namespace is another file
        assert covered == "file" and port_start(root_box.pid(name)) == "77", cve
    else:
        assert done.returncode == 1 and not os.path.exists(os.path.join(root_box.state, name))


@pytest.mark.parametrize("options", [["ro"], ["rw"]])
def test_CVE_2023_25809_control_groups_of_an_ordinary_user_are_not_written_without_a_namespace(box, options):
    """The cgroup mount of a container in the host's cgroup namespace, where the user owns a group."""
    top = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
    if box.is_root:
        pytest.skip("root without a user namespace may write all groups")
    mine = os.path.join(top, "kegtest-" + os.path.basename(box.folder))
    os.mkdir(mine)
    box.give(mine)
    try:
        def change(config):
            config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"]
            for mount in config["mounts"]:
                if mount["destination"] == "/sys/fs/cgroup":
                    mount["options"] = ["nosuid", "noexec", "nodev", *options]
        script = f"for d in $(ls -d /sys/fs/cgroup/kegtest-* /sys/fs/cgroup/*/kegtest-* {mine} 2>/dev/null); do mkdir $d/made; done"
        box.run(["sh", "-c", script], change)
        assert [e for e in os.listdir(mine) if os.path.isdir(os.path.join(mine, e))] == []
    finally:
        for made in [e for e in os.listdir(mine) if os.path.isdir(os.path.join(mine, e))]:
            os.rmdir(os.path.join(mine, made))
        os.rmdir(mine)


def test_CVE_2015_3631_volumes_do_not_stand_in_for_what_is_masked(box):
    """A volume below /proc is refused, and one over /sys/firmware is masked all the same."""
    source = folder(box, "volume")
    pathlib.Path(source, "seen").write_text("", encoding="utf-8")
    assert box.run(["true"], mounts(bind(source, "/proc/acpi"))).returncode == 1
    if os.path.isdir("/sys/firmware"):
        done = box.run(["ls", "/sys/firmware"], mounts(bind(source, "/sys/firmware")))
        assert done.stdout == "", done
