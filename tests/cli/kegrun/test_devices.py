# SPDX-License-Identifier: Apache-2.0
"""Device nodes of a container."""
import os

import pytest


def device(**more):
    return {"path": "/dev/foo", "type": "c", "major": 1, "minor": 3, **more}


def devices(*nodes, base=None):
    def change(config):
        config["linux"]["devices"] = list(nodes)
        if base is not None:
            config["linux"]["namespaces"].append({"type": "user"})
            maps = [{"containerID": 0, "hostID": base, "size": 65536}]
            config["linux"].update(uidMappings=maps, gidMappings=maps)
    return change


@pytest.mark.parametrize("base", [None, 200000])
def test_a_device_has_its_owner_and_mode_and_works(root_box, base):
    node = device(uid=10, gid=11, fileMode=0o157)
    bundle = root_box.bundle(["sh", "-c", "stat -c %u:%g:%a:%t:%T /dev/foo; echo x > /dev/foo && echo written"],
                             devices(node, base=base))
    if base is not None:
        os.chown(os.path.join(bundle, "rootfs"), base, base)
    done = root_box.kegrun("run", "-b", bundle, root_box.id)
    assert done.stdout.split() == ["10:11:157:1:3", "written"], done
    assert os.listdir(os.path.join(root_box.state)) == [], "nothing is left of making it"


def test_bound_devices_neither_grant_ids_nor_run(root_box):
    bundle = root_box.bundle(["grep", " /dev/null ", "/proc/self/mounts"], devices(base=200000))
    os.chown(os.path.join(bundle, "rootfs"), 200000, 200000)
    words = root_box.kegrun("run", "-b", bundle, root_box.id).stdout.split()[3].split(",")
    assert {"nosuid", "noexec"} <= set(words)


def test_a_slash_at_the_end_is_no_folder(root_box):
    done = root_box.run(["sh", "-c", "test -c /dev/foo"], devices(device(path="/dev/foo/")))
    assert done.returncode == 0, done


def test_an_owner_that_is_not_mapped_is_refused(root_box):
    bundle = root_box.bundle(["true"], devices(device(uid=70000), base=200000))
    done = root_box.kegrun("run", "-b", bundle, root_box.id)
    assert done.returncode == 1 and "device /dev/foo: id 70000 is not mapped" in done.stderr
