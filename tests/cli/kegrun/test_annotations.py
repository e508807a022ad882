# SPDX-License-Identifier: Apache-2.0
"""What crun's users ask for by annotations."""
import os

import pytest

from test_pidfd_socket import Receiver


def annotated(**annotations):
    return lambda config: config.update(annotations={key.replace("__", "."): value for key, value in annotations.items()})


@pytest.mark.parametrize("name,value", [("run.oci.handler", "krun"), ("run.oci.handler", "wasm"),
                                        ("run.oci.seccomp.plugins", "a.so"), ("run.oci.seccomp_bpf_data", "AAA="),
                                        ("run.oci.systemd.force_cgroup_v1", "/sys/fs/cgroup")])
def test_what_is_not_built_is_refused_by_name(box, name, value):
    done = box.run(["true"], lambda config: config.update(annotations={name: value}))
    assert done.returncode == 1 and f"annotation {name}={value} is not supported" in done.stderr


@pytest.mark.parametrize("value,kept", [("1", True), ("0", False)])
def test_the_callers_groups_are_kept(root_box, value, kept):
    before = os.getgroups()
    os.setgroups([2001, 2002])
    try:
        groups = ["sed", "-n", "s/^Groups:.//p", "/proc/self/status"]
        change = annotated(run__oci__keep_original_groups=value)
        name = root_box.start(["sleep", "60"], change)
        for done in (root_box.run(groups, change).stdout, root_box.good("exec", name, *groups)):
            assert done.split() == (["2001", "2002"] if kept else [])
    finally:
        os.setgroups(before)


def test_the_pidfd_goes_to_its_receiver(box):
    with Receiver(box) as receiver:
        done = box.run(["true"], annotated(run__oci__pidfd_receiver=receiver.path))
        assert done.returncode == 0 and receiver.get()[0] == b"standard"


def test_a_system_call_that_is_unknown_fails_when_that_is_asked_for(box):
    def change(config):
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}]}

    def strict(config):
        change(config)
        config["annotations"] = {"run.oci.seccomp_fail_unknown_syscall": "1"}

    assert box.run(["true"], change).returncode == 0
    done = box.run(["true"], strict)
    assert done.returncode == 1 and "unknown system call no_such_call" in done.stderr


def test_the_seccomp_listener_goes_to_its_receiver(root_box):
    def change(config):
        config["annotations"] = {"run.oci.seccomp.receiver": receiver.path}
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["acct"], "action": "SCMP_ACT_NOTIFY"}]}

    with Receiver(root_box) as receiver:
        assert root_box.run(["true"], change).returncode == 0
        message, descriptors = receiver.get()
        assert b'"seccompFd"' in message and descriptors == ["anon_inode:seccomp notify"]


@pytest.mark.parametrize("kind,good", [("context", True), ("fscontext", True), ("defcontext", True), ("rootcontext", True),
                                       ("seclabel", False)])
def test_the_option_of_a_mounts_label_is_one_of_selinux(box, kind, good):
    done = box.run(["true"], annotated(run__oci__mount_context_type=kind))
    assert done.returncode == (0 if good else 1)
    assert good or f"invalid mount context type {kind}" in done.stderr
