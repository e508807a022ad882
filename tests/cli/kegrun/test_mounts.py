# SPDX-License-Identifier: Apache-2.0
"""Mounts that come and go while a container runs."""
import json
import os

import pytest

from test_runtime_lifecycle import wait_for


class Live:
    def __init__(self, box):
        self.box = box
        self.name = box.start(["sleep", "60"])
        self.source = os.path.join(box.folder, "source")
        os.mkdir(self.source)
        with open(os.path.join(self.source, "here"), "w", encoding="utf-8") as file:
            file.write("hello")

    def call(self, what, mounts, check=True):
        path = os.path.join(self.box.folder, "mounts.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(mounts, file)
        return (self.box.good if check else self.box.kegrun)("mounts", what, self.name, path)

    def inside(self, *argv):
        return self.box.kegrun("exec", self.name, *argv)

    def mounted(self, destination):
        return [line.split() for line in self.inside("cat", "/proc/self/mountinfo").stdout.splitlines()
                if line.split()[4] == destination]


@pytest.fixture
def live(root_box):
    return Live(root_box)


def bind(source, destination, *options):
    return {"destination": destination, "source": source, "type": "bind", "options": ["bind", *options]}


def test_a_bind_comes_and_goes(live):
    mounts = [bind(live.source, "/tmp/a/b", "ro")]
    live.call("add", mounts)
    assert live.inside("cat", "/tmp/a/b/here").stdout == "hello"
    assert live.inside("touch", "/tmp/a/b/no").returncode != 0
    live.call("remove", mounts)
    assert live.mounted("/tmp/a/b") == [] and live.inside("cat", "/tmp/a/b/here").returncode != 0


def test_a_file_is_bound_to_a_file(live):
    mounts = [bind(live.source + "/here", "/etc/there")]
    live.call("add", mounts)
    assert live.inside("cat", "/etc/there").stdout == "hello"
    live.call("remove", mounts)
    assert live.inside("cat", "/etc/there").stdout == ""


def test_a_new_file_system_and_one_within_it(live):
    mounts = [{"destination": "/tmp/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "nosuid"]},
              bind(live.source, "/tmp/t/in")]
    live.call("add", mounts)
    assert "nosuid" in live.mounted("/tmp/t")[0][5]
    assert live.inside("cat", "/tmp/t/in/here").stdout == "hello"
    live.call("remove", mounts)
    assert live.mounted("/tmp/t") == []


def test_proc_is_of_the_containers_processes(live):
    live.call("add", [{"destination": "/tmp/p", "type": "proc", "source": "proc"}])
    assert "sleep" in live.inside("cat", "/tmp/p/1/cmdline").stdout


def test_a_link_of_the_container_does_not_lead_out(live):
    outside = os.path.join(live.box.folder, "outside")
    os.mkdir(outside)
    assert live.inside("mkdir", "-p", outside).returncode == 0
    root = json.loads(live.box.good("state", live.name))["rootfs"]
    os.symlink("/../../../../../../.." + outside, os.path.join(root, "tmp/link"))
    live.call("add", [bind(live.source, "/tmp/link")])
    assert os.listdir(outside) == [] and live.inside("cat", outside + "/here").stdout == "hello"


def test_all_or_none(live):
    done = live.call("add", [bind(live.source, "/tmp/first"), bind("/nowhere", "/tmp/second")], check=False)
    assert done.returncode == 1 and "/nowhere" in done.stderr
    done = live.call("add", [bind(live.source, "/tmp/first"),
                             {"destination": "/tmp/second", "type": "nosuchfs"}], check=False)
    assert done.returncode == 1 and "nosuchfs" in done.stderr
    assert live.mounted("/tmp/first") == []


@pytest.mark.parametrize("mounts, why", [
    ({}, "mounts must be an array"),
    ([{"type": "tmpfs"}], "destination"),
    ([{"destination": "tmp", "type": "tmpfs"}], "destination is not absolute"),
    ([{"destination": "/tmp", "type": "cgroup"}], "cannot be added to a running container"),
])
def test_a_bad_list_is_named(live, mounts, why):
    done = live.call("add", mounts, check=False)
    assert done.returncode == 1 and why in done.stderr, done


@pytest.mark.parametrize("destination", ["/tmp", "/tmp/nosuch", "/", "/tmp/.."])
def test_what_is_not_mounted_cannot_be_removed(live, destination):
    done = live.call("remove", [bind("/x", destination)], check=False)
    assert done.returncode == 1 and destination in done.stderr
    assert live.inside("true").returncode == 0


def test_one_that_ended_is_refused(root_box):
    live = Live(root_box)
    root_box.good("kill", live.name, "KILL")
    wait_for(lambda: root_box.status(live.name) == "stopped", "stopped")
    done = live.call("add", [bind(live.source, "/tmp/a")], check=False)
    assert done.returncode == 1 and "container not running" in done.stderr


def test_an_ordinary_user_adds_what_needs_no_source(box):
    live = Live(box)
    live.call("add", [{"destination": "/tmp/t", "type": "tmpfs", "source": "tmpfs"}])
    assert live.mounted("/tmp/t")
    live.call("remove", [{"destination": "/tmp/t"}])
    assert live.mounted("/tmp/t") == []
