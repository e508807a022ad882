# SPDX-License-Identifier: Apache-2.0
"""The mounts of a config: their options, their order, and where they go."""
import contextlib
import json
import os
import subprocess

import pytest


def mounts(*more):
    return lambda config: config["mounts"].extend(more)


def bind(source, destination, *options):
    return {"destination": destination, "source": source, "type": "bind", "options": ["bind", *options]}


def tmpfs(destination, *options):
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


def user_namespace(config):
    config["linux"]["namespaces"].append({"type": "user"})
    maps = [{"containerID": 0, "hostID": 200000, "size": 65536}]
    config["linux"].update(uidMappings=maps, gidMappings=maps)


def flags(line):
    return set(line.strip().split(","))


SHOW = ["sh", "-c", "while read a b c d e; do [ $b = /mnt ] && echo $d; done < /proc/self/mounts"]


@contextlib.contextmanager
def mounted(place, options, sub=False):
    """A tmpfs of the host whose mount (not its file system) has these options."""
    os.makedirs(place)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "strictatime", "tmpfs", place], check=True)
    try:
        if sub:
            os.mkdir(os.path.join(place, "sub"))
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", os.path.join(place, "sub")], check=True)
        subprocess.run(["mount", "-o", "remount,bind," + options, place], check=True)
        yield
    finally:
        subprocess.run(["umount", "-R", place], check=True)


@pytest.mark.parametrize("host, asked, there, absent", [
    ("ro,noexec,nosymfollow,nodiratime", (), "ro noexec nosymfollow nodiratime", "rw"),
    ("ro,noexec,nosymfollow,nodiratime", ("dev",), "rw nodiratime", "ro noexec nosymfollow"),
    ("ro", ("nosuid", "nodev"), "rw nosuid nodev", "ro"),
    ("noatime", ("atime",), "noatime", "relatime"),
    ("noatime", ("relatime",), "relatime", "noatime"),
    ("noatime", ("nodiratime",), "nodiratime relatime", "noatime"),
    ("noatime", ("nodiratime", "strictatime"), "nodiratime", "noatime relatime"),
])
def test_a_bind_has_the_attributes_asked_for(root_box, host, asked, there, absent):
    place = os.path.join(root_box.folder, "host")
    with mounted(place, host):
        done = root_box.run(SHOW, mounts(bind(place, "/mnt", *asked)))
    assert set(there.split()) <= flags(done.stdout), done
    assert not set(absent.split()) & flags(done.stdout), done


@pytest.mark.parametrize("host, asked, there", [
    ("ro,nosuid,noexec", ("nodev",), "ro nosuid noexec nodev"),
    ("noatime,nosuid", ("ro", "exec"), "ro nosuid noatime"),
    ("noatime", ("atime",), "noatime"),
    ("ro", ("rw",), None),
    ("nosuid", ("suid",), None),
    ("relatime", ("noatime",), None),
    ("strictatime", ("relatime",), None),
])
def test_in_a_user_namespace_what_the_host_restricts_stays(root_box, host, asked, there):
    place = os.path.join(root_box.folder, "host")

    def change(config):
        user_namespace(config)
        config["mounts"].append(bind(place, "/mnt", *asked))
    with mounted(place, host):
        bundle = root_box.bundle(SHOW, change)
        os.chown(os.path.join(bundle, "rootfs"), 200000, 200000)
        done = root_box.kegrun("run", "-b", bundle, root_box.id)
    if there is None:
        assert done.returncode == 1 and "error mounting" in done.stderr and "operation not permitted" in done.stderr
    else:
        assert set(there.split()) <= flags(done.stdout), done


@pytest.mark.parametrize("word, there", [
    ("rro", "ro"), ("rnosuid", "nosuid"), ("rnoatime", "noatime"), ("rrelatime", "relatime"),
    ("rnorelatime", "relatime"), ("rnosymfollow", "nosymfollow"), ("rnoexec", "noexec")])
def test_recursive_words_reach_what_is_mounted_below(root_box, word, there):
    place = os.path.join(root_box.folder, "host")
    with mounted(place, "strictatime", sub=True):
        done = root_box.run(["grep", " /mnt", "/proc/self/mounts"], mounts(bind(place, "/mnt", "rbind", word)))
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done
    assert all(there in flags(line.split()[3]) for line in lines), done


def test_ro_does_not_reach_what_is_mounted_below(root_box):
    place = os.path.join(root_box.folder, "host")
    with mounted(place, "rw", sub=True):
        done = root_box.run(["sh", "-c", "touch /mnt/a; touch /mnt/sub/a && echo below"],
                            mounts(bind(place, "/mnt", "rbind", "ro")))
    assert done.stdout.strip() == "below" and "/mnt/a: Read-only" in done.stderr


@pytest.mark.parametrize("userns", [False, True])
def test_a_source_may_be_what_an_earlier_mount_made(box, userns):
    if userns and not box.is_root:
        pytest.skip("an ordinary user has a user namespace anyhow")
    source = os.path.join(box.folder, "source")
    os.makedirs(os.path.join(source, "inner"))
    with open(os.path.join(source, "inner", "file"), "w", encoding="utf-8") as file:
        file.write("found")
    for path in (source, source + "/inner", file.name):
        box.give(path)
    bundle = box.bundle(["cat", "/last/inner/file"], user_namespace if userns else None)
    root = os.path.join(bundle, "rootfs")
    if userns:
        for folder, names, _ in os.walk(root):
            for name in ("", *names):
                os.chown(os.path.join(folder, name), 200000, 200000, follow_symlinks=False)
        os.chmod(bundle, 0o755)

    def change(config):
        config["mounts"] += [bind(source, "/first"), {**bind(root + "/first", root + "/last"), "options": ["rbind"]}]
    change_config(bundle, change)
    done = box.kegrun("run", "-b", bundle, box.id)
    assert done.stdout == "found", done


def change_config(bundle, change):
    path = os.path.join(bundle, "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    change(config)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)


def test_a_relative_source_is_in_the_bundle(box):
    done = box.run(["cat", "/mnt/config.json"], mounts(bind(".", "/mnt")))
    assert '"ociVersion"' in done.stdout, done


def test_a_destination_may_be_a_link_that_leads_nowhere(box):
    bundle = box.bundle(["cat", "/made/deep/file"], mounts(bind("config.json", "/etc/hosts")))
    root = os.path.join(bundle, "rootfs")
    os.symlink("/made/deep", os.path.join(root, "jump"))
    os.symlink("../jump/file", os.path.join(root, "etc/hosts"))
    done = box.kegrun("run", "-b", bundle, box.id)
    assert '"ociVersion"' in done.stdout, done


def test_the_mode_of_a_tmpfs_is_its_own_the_folders_or_the_kernels(box):
    bundle = box.bundle(["stat", "-c", "%a", "/tmp", "/etc", "/new/folder"],
                        mounts(tmpfs("/tmp", "mode=1500"), tmpfs("/etc"), tmpfs("/new/folder")))
    os.chmod(os.path.join(bundle, "rootfs/etc"), 0o710)
    done = box.kegrun("run", "-b", bundle, box.id)
    assert done.stdout.split() == ["1500", "710", "1777"], done


def test_a_read_only_tmpfs_is_so_when_covered_by_another(box):
    done = box.run(["sh", "-c", "umount /mnt 2>/dev/null; touch /mnt/x && echo upper"],
                   mounts(tmpfs("/mnt", "ro"), tmpfs("/mnt")))
    assert done.stdout.strip() == "upper", done


def test_a_link_is_made_anew_with_copy_symlink(box):
    os.symlink("point-to-nowhere", os.path.join(box.folder, "link"))
    source = os.path.join(box.folder, "link")
    bundle = box.bundle(["readlink", "/a/link"], mounts(bind(source, "/a/link", "copy-symlink")))
    for _ in range(2):
        assert box.kegrun("run", "-b", bundle, box.id).stdout.strip() == "point-to-nowhere"


@pytest.mark.parametrize("words, shown", [(("dest-nofollow", "src-nofollow"), "target"), (("dest-nofollow",), "text")])
def test_links_are_not_followed_where_that_is_asked(box, words, shown):
    with open(os.path.join(box.folder, "target"), "w", encoding="utf-8") as file:
        file.write("text")
    box.give(file.name)
    os.symlink(file.name, os.path.join(box.folder, "link"))
    show = ["readlink", "/there"] if "src-nofollow" in words else ["cat", "/there"]
    bundle = box.bundle(show, mounts(bind(os.path.join(box.folder, "link"), "/there", *words)))
    os.symlink("point-to-nowhere", os.path.join(bundle, "rootfs/there"))
    done = box.kegrun("run", "-b", bundle, box.id)
    assert os.path.basename(done.stdout.strip()) == shown, done


def test_remount_changes_what_is_mounted_and_no_more(box):
    done = box.run(["sh", "-c", "touch /mnt/x; stat -f -c %b /mnt"], mounts(
        tmpfs("/mnt", "size=64k"), {"destination": "/mnt", "options": ["remount", "ro", "size=128k"]}))
    assert "Read-only file system" in done.stderr and done.stdout.strip() == "32", done


def test_remount_of_what_is_no_mount_is_refused(box):
    done = box.run(["true"], mounts({"destination": "/tmp", "options": ["remount", "ro"]}))
    assert done.returncode == 1 and "remount: /tmp is no mount" in done.stderr


@pytest.mark.parametrize("mount, said", [
    (bind("/tmp", "/mnt", "size=1m"), 'bind mounts cannot have any filesystem-specific options applied: "size=1m"'),
    (bind("/tmp", "/mnt", "copy-symlink", "src-nofollow"), "copy-symlink excludes"),
    ({"destination": "/mnt", "type": "proc", "options": ["tmpcopyup"]}, "tmpcopyup is for tmpfs mounts"),
    ({"destination": "/mnt", "options": ["ro"]}, "no file system type"),
    ({"destination": "/mnt", "type": "nosuchfs", "source": "x"}, "no such device"),
])
def test_what_cannot_be_is_refused_by_name(box, mount, said):
    done = box.run(["true"], mounts(mount))
    assert done.returncode == 1 and said in done.stderr, done


def test_few_open_files_are_no_hindrance(box):
    for number in range(20):
        os.mkdir(os.path.join(box.folder, f"source{number}"))
    limit = {"type": "RLIMIT_NOFILE", "soft": 12, "hard": 12}

    def change(config):
        config["process"]["rlimits"] = [limit]
        config["mounts"] += [bind(os.path.join(box.folder, f"source{n}"), f"/mnt/{n}") for n in range(20)]
    done = box.run(["sh", "-c", "ulimit -n; ls /mnt"], change)
    assert done.stdout.split()[0] == "12" and len(done.stdout.split()) == 21, done
