# SPDX-License-Identifier: Apache-2.0
"""Mounts that show the owners of files as id maps have them."""
import json
import os
import subprocess

import pytest

IDS = {"containerID": 0, "hostID": 100000, "size": 65536}
OWN = [{"containerID": 10, "hostID": 1000, "size": 5}]


def user_namespace(config, path=None):
    config["linux"]["namespaces"].append({"type": "user", **({"path": path} if path else {})})
    if not path:
        config["linux"].update(uidMappings=[IDS], gidMappings=[IDS])


@pytest.fixture
def source(root_box):
    """A folder with a file of user 12 and group 14."""
    path = os.path.join(root_box.folder, "source")
    os.mkdir(path)
    with open(os.path.join(path, "file"), "w", encoding="utf-8"):
        pass
    os.chown(os.path.join(path, "file"), 12, 14)
    return path


def give(bundle, owner):
    for folder, names, _ in os.walk(os.path.join(bundle, "rootfs")):
        for name in ("", *names):
            os.chown(os.path.join(folder, name), owner, owner, follow_symlinks=False)


def owner(box, userns, mount):
    def change(config):
        if userns:
            user_namespace(config, userns if isinstance(userns, str) else None)
        config["mounts"].append(mount)
    bundle = box.bundle(["stat", "-c", "%u:%g", "/mnt/file"], change)
    give(bundle, 100000 if userns else 0)
    done = box.kegrun("run", "-b", bundle, box.id)
    return done.stdout.strip() or done.stderr


def mount(source, *options, own=None):
    maps = {"uidMappings": own, "gidMappings": own} if own else {}
    return {"destination": "/mnt", "source": source, "options": ["bind", *options], **maps}


@pytest.mark.parametrize("word", [(), ("idmap",), ("ridmap",)])
def test_a_mount_shows_its_own_maps(root_box, source, word):
    assert owner(root_box, False, mount(source, *word, own=OWN)) == "1002:1004"


def test_a_mount_shows_its_own_maps_in_a_user_namespace(root_box, source):
    own = [{"containerID": 10, "hostID": 100200, "size": 5}]
    assert owner(root_box, True, mount(source, own=own)) == "202:204"


def test_without_maps_those_of_the_container_are_shown(root_box, source):
    assert owner(root_box, True, mount(source, "idmap")) == "12:14"
    assert owner(root_box, True, mount(source)) == "65534:65534"


def test_a_user_namespace_that_is_joined_gives_its_maps(root_box, source):
    bundle = root_box.bundle(["sleep", "60"], user_namespace)
    give(bundle, 100000)
    root_box.good("run", "-d", "-b", bundle, "other", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = json.loads(root_box.good("state", "other"))["pid"]
    assert owner(root_box, f"/proc/{pid}/ns/user", mount(source, "idmap")) == "12:14"


@pytest.mark.parametrize("word", ["idmap", "ridmap"])
def test_maps_may_be_written_as_crun_has_them(root_box, source, word):
    text = word + "=uids=0-1-1#12-3000-1;gids=14-4000-1"
    assert owner(root_box, False, mount(source, text)) == "3000:4000"
    # "@": an id of the container's user namespace
    assert owner(root_box, True, mount(source, word + "=uids=@12-7-1;gids=@14-8-1")) == "7:8"


def test_a_source_inside_the_root_is_mapped_too(root_box, source):
    def change(config):
        user_namespace(config)
    bundle = root_box.bundle(["stat", "-c", "%u", "/last/file"], change)
    root = os.path.join(bundle, "rootfs")
    path = os.path.join(bundle, "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    config["mounts"] += [{**mount(source), "destination": "/mnt"},
                         {**mount(root + "/mnt", "idmap"), "destination": "/last"}]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    give(bundle, 100000)
    done = root_box.kegrun("run", "-b", bundle, root_box.id)
    assert done.stdout.strip() == "12", done


def test_no_process_is_left_of_making_the_maps(root_box, source):
    own = [{"containerID": 10, "hostID": 54321, "size": 5}]
    assert owner(root_box, False, mount(source, own=own)) == "54323:54325"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/uid_map", encoding="utf-8") as file:
                assert file.read().split() != ["10", "54321", "5"], pid
        except OSError:
            continue


@pytest.mark.parametrize("change, said", [
    (dict(options=["bind", "idmap"]), "must have both uid and gid mappings"),
    (dict(options=["bind"], uidMappings=OWN), "must have both uid and gid mappings"),
    (dict(options=["idmap"], type="tmpfs"), "only supported for bind-mounts"),
    (dict(options=["bind", "idmap=uids=0-0"]), 'invalid id map "0-0"'),
    (dict(options=["bind", "idmap=users=0-0-1"]), "invalid id maps"),
])
def test_maps_that_cannot_be_are_refused(root_box, source, change, said):
    assert said in owner(root_box, False, {"destination": "/mnt", "source": source, **change})


def test_an_ordinary_user_has_none(box):
    if box.is_root:
        pytest.skip("root has")
    done = box.run(["true"], lambda c: c["mounts"].append(mount("/tmp", own=OWN)))
    assert done.returncode == 1 and "id-mapped mounts are not supported for rootless containers" in done.stderr


def test_a_user_namespace_without_maps_has_who_made_it(box):
    def change(config):
        config["linux"]["namespaces"] = [ns for ns in config["linux"]["namespaces"] if ns["type"] != "user"] + [
            {"type": "user"}]
        for name in ("uidMappings", "gidMappings"):
            config["linux"].pop(name, None)
        # Group 5 of the terminals is not mapped.
        config["mounts"] = [m for m in config["mounts"] if m["destination"] != "/dev/pts"]
    done = box.run(["sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map; id -u"], change)
    who = box.identity
    assert done.stdout.split() == ["0", str(who.uid), "1", "0", str(who.gid), "1", "0"], done
