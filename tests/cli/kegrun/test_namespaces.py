# SPDX-License-Identifier: Apache-2.0
"""Namespaces: time with its offsets, and those of other containers."""
import json
import os
import subprocess

import pytest

from waiting import wait_for

OFFSETS = {"monotonic": {"secs": 7881, "nanosecs": 2718281}, "boottime": {"secs": 1337, "nanosecs": 3141519}}
SHOWN = [["monotonic", "7881", "2718281"], ["boottime", "1337", "3141519"]]
FILES = {"network": "net", "mount": "mnt"}


def add_time(config):
    config["linux"]["namespaces"].append({"type": "time"})
    config["linux"]["timeOffsets"] = OFFSETS


def add_user(config):
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 100}]
    config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 200000, "size": 200}]


def rows(text):
    return [line.split() for line in text.splitlines()]


def shift(path):
    """Give a root file system to the users that add_user() maps."""
    for folder, names, files in os.walk(path):
        for name in [*names, *files, "."]:
            os.chown(os.path.join(folder, name), 100000, 200000, follow_symlinks=False)


def start(box, argv, change):
    path = box.bundle(argv, change)
    shift(os.path.join(path, "rootfs"))
    name = os.path.basename(path)
    box.good("run", "-d", "-b", path, name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return name


def test_a_time_namespace_without_offsets(box):
    out = box.run(["cat", "/proc/self/timens_offsets"],
                  lambda config: config["linux"]["namespaces"].append({"type": "time"})).stdout
    assert rows(out) == [["monotonic", "0", "0"], ["boottime", "0", "0"]]


def test_offsets_hold_for_run_and_exec(box):
    name = box.start(["sleep", "60"], add_time)
    assert rows(box.run(["cat", "/proc/self/timens_offsets"], add_time).stdout) == SHOWN
    assert rows(box.good("exec", name, "cat", "/proc/self/timens_offsets")) == SHOWN


def test_offsets_need_the_namespace(box):
    done = box.run(["true"], lambda config: config["linux"].update(timeOffsets=OFFSETS))
    assert done.returncode == 1 and "time namespace isn't enabled in the config" in done.stderr


def test_another_containers_namespaces_are_joined(root_box):
    def first(config):
        add_user(config)
        add_time(config)

    name = start(root_box, ["sleep", "60"], first)
    pid = json.loads(root_box.good("state", name))["pid"]

    def second(config):
        for space in config["linux"]["namespaces"]:
            if space["type"] != "mount":
                space["path"] = f"/proc/{pid}/ns/{FILES.get(space['type'], space['type'])}"

    kinds = ("cgroup", "ipc", "net", "pid", "time", "user", "uts")

    def both(config):
        first(config)
        second(config)
        for member in ("uidMappings", "gidMappings", "timeOffsets"):
            del config["linux"][member]

    path = root_box.bundle(["sh", "-c", "for n in %s; do readlink /proc/self/ns/$n; done; cat /proc/self/timens_offsets"
                            % " ".join(kinds)], both)
    shift(os.path.join(path, "rootfs"))
    lines = root_box.good("run", "-b", path, os.path.basename(path)).splitlines()
    assert lines[:len(kinds)] == [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds]
    assert rows("\n".join(lines[len(kinds):])) == SHOWN


def test_scheduling_reaches_into_a_joined_user_namespace(root_box):
    name = start(root_box, ["sleep", "60"], add_user)
    pid = json.loads(root_box.good("state", name))["pid"]

    def change(config):
        config["linux"]["namespaces"].append({"type": "user", "path": f"/proc/{pid}/ns/user"})
        config["process"]["scheduler"] = {"policy": "SCHED_BATCH", "nice": -3}

    path = root_box.bundle(["cat", "/proc/self/stat"], change)
    shift(os.path.join(path, "rootfs"))
    assert root_box.good("run", "-b", path, os.path.basename(path)).rpartition(")")[2].split()[16] == "-3"


@pytest.mark.parametrize("kind", ["user", "pid", "network", "ipc", "uts", "cgroup", "time"])
def test_a_namespace_that_is_not_there_is_named(box, kind):
    def change(config):
        spaces = [space for space in config["linux"]["namespaces"] if space["type"] != kind]
        config["linux"]["namespaces"] = [*spaces, {"type": kind, "path": "/proc/self/nosuch"}]
        for member in ("uidMappings", "gidMappings"):
            config["linux"].pop(member, None)

    done = box.run(["true"], change)
    assert done.returncode == 1 and f"{kind} namespace: open /proc/self/nosuch: " in done.stderr


def test_a_network_that_the_new_user_namespace_does_not_own_is_joined(root_box):
    holder = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    try:
        link = f"/proc/{holder.pid}/ns/net"
        wait_for(lambda: os.readlink(link) != os.readlink("/proc/self/ns/net"), "another network")

        def change(config):
            add_user(config)
            config["mounts"] = [mount for mount in config["mounts"] if mount["type"] != "sysfs"]
            for space in config["linux"]["namespaces"]:
                if space["type"] == "network":
                    space["path"] = link

        name = start(root_box, ["sleep", "60"], change)
        assert root_box.good("exec", name, "readlink", "/proc/self/ns/net").strip() == os.readlink(link)
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.parametrize("change,problem", [
    (lambda config: config["linux"].update(sysctl={"kernel.hostname": "a"}), "conflicts with the OCI hostname field"),
    (lambda config: config.update(domainname="b", linux={**config["linux"], "sysctl": {"kernel.domainname": "a"}}),
     "conflicts with the OCI domainname field"),
])
def test_names_are_not_set_in_two_ways(box, change, problem):
    done = box.run(["true"], change)
    assert done.returncode == 1 and problem in done.stderr
