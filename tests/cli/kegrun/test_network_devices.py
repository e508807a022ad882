# SPDX-License-Identifier: Apache-2.0
"""Network devices of the host that move into a container; the host is a network namespace of the test's."""
import os
import shlex
import subprocess

import pytest

from waiting import wait_for


class Host:
    """A network namespace with the device dev0 in it, from which kegrun is called."""

    def __init__(self, box):
        self.box = box
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "120"])
        link = f"/proc/{self.process.pid}/ns/net"
        wait_for(lambda: os.readlink(link) != os.readlink("/proc/self/ns/net"), "another network")

    def run(self, *words, check=True):
        argv = ["nsenter", "--net", "-t", str(self.process.pid), *words]
        return subprocess.run(argv, check=check, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)

    def container(self, devices, change=None, name="dev0"):
        """What `ip` says of a device in a container that gets them."""
        path = self.box.bundle(["/bin/ip", "address", "show", "dev", name], lambda config: self.change(config, devices, change))
        return self.kegrun(path)

    def change(self, config, devices, more):
        config["linux"]["netDevices"] = devices
        config["process"]["env"] = ["PATH=/bin"]
        if more:
            more(config)

    def kegrun(self, path):
        words = [self.box.program, "--root", self.box.state, "run", "-b", path, os.path.basename(path)]
        return self.run("sh", "-c", "exec " + shlex.join(words), check=False)

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def host(root_box):
    host = Host(root_box)
    if (host.run("ip", "link", "add", "dev0", "type", "dummy", check=False).returncode != 0 and
            host.run("ip", "tuntap", "add", "dev", "dev0", "mode", "tap", check=False).returncode != 0):
        host.close()
        pytest.skip("the kernel has no device of a kind that can be moved")
    yield host
    host.close()


@pytest.fixture
def other(root_box):
    """A network namespace that outlives the container."""
    other = Host(root_box)
    yield other
    other.close()


def joining(other):
    def change(config):
        for space in config["linux"]["namespaces"]:
            if space["type"] == "network":
                space["path"] = f"/proc/{other.process.pid}/ns/net"
    return change


def test_it_is_up_in_the_container_and_gone_from_the_host(host):
    done = host.container({"dev0": {}})
    assert done.returncode == 0 and "dev0:" in done.stdout and ",UP" in done.stdout
    assert host.run("ip", "link", "show", "dev0", check=False).returncode != 0


def test_it_keeps_what_it_was_given(host, other):
    for words in (["link", "set", "mtu", "1789", "dev", "dev0"], ["link", "set", "address", "02:11:22:33:44:55", "dev", "dev0"],
                  ["address", "add", "192.0.2.7/24", "dev", "dev0"],
                  ["address", "add", "2001:db8::7/64", "nodad", "dev", "dev0"],
                  ["address", "add", "127.0.0.33/32", "scope", "host", "dev", "dev0"]):
        host.run("ip", *words)
    done = host.container({"dev0": {"name": "inside"}}, joining(other), "inside")
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, other.run("ip", "address", "show", "dev", "inside").stdout):
        assert "mtu 1789 " in text and "ether 02:11:22:33:44:55 " in text
        assert "inet 192.0.2.7/24 " in text and "inet6 2001:db8::7/64 " in text and "127.0.0.33" not in text


def test_the_kernel_completes_a_name(host):
    done = host.container({"dev0": {"name": "eth%d"}}, name="eth0")
    assert done.returncode == 0, done.stderr


def test_in_a_user_namespace(host):
    def change(config):
        config["linux"]["namespaces"].append({"type": "user"})
        for member in ("uidMappings", "gidMappings"):
            config["linux"][member] = [{"containerID": 0, "hostID": 0, "size": 1000}]

    assert host.container({"dev0": {}}, change).returncode == 0


def test_a_name_that_is_taken_is_refused_and_nothing_moves(host):
    done = host.container({"dev0": {"name": "lo"}})
    assert done.returncode == 1 and "network device dev0: lo exists already in the container" in done.stderr
    host.run("ip", "link", "show", "dev0")


def no_network(config):
    spaces = config["linux"]["namespaces"]
    config["linux"]["namespaces"] = [space for space in spaces if space["type"] != "network"]


@pytest.mark.parametrize("devices,change,problem", [
    ({"nosuch0": {}}, None, "network device nosuch0: there is no such network device"),
    ({"a/b": {}}, None, 'invalid network device name "a/b"'),
    ({"dev0": {"name": "x" * 16}}, None, f'invalid network device name "{"x" * 16}"'),
    ({"dev0": {"name": 1}}, None, "linux.netDevices: dev0: name: not a string"),
    ({"dev0": []}, None, "linux.netDevices: dev0: not an object"),
    ({"dev0": {}}, no_network, "unable to move network devices without a NET namespace"),
])
def test_what_cannot_be_moved_is_named(root_box, devices, change, problem):
    def both(config):
        config["linux"]["netDevices"] = devices
        if change:
            change(config)

    done = root_box.run(["true"], both)
    assert done.returncode == 1 and problem in done.stderr
    assert not root_box.kegrun("list", "-q").stdout


def test_an_ordinary_user_is_refused(box):
    if box.is_root:
        pytest.skip("root may")
    done = box.run(["true"], lambda config: config["linux"].update(netDevices={"dev0": {}}))
    assert done.returncode == 1 and "network devices are not supported for rootless containers" in done.stderr
