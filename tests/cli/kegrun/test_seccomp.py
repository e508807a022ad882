# SPDX-License-Identifier: Apache-2.0
"""Filters: their flags, and what the runtime itself may still do under them."""
import os

import pytest

LOG, SPEC_ALLOW = 2, 4


def filtered(**seccomp):
    def change(config):
        config["process"]["noNewPrivileges"] = False
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}], **seccomp}
    return change


@pytest.mark.parametrize("seccomp,number", [
    ({}, SPEC_ALLOW),
    ({"flags": []}, 0),
    ({"flags": ["SECCOMP_FILTER_FLAG_TSYNC"]}, 0),
    ({"flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]}, LOG | SPEC_ALLOW),
])
def test_the_flags_that_the_kernel_is_told(root_box, seccomp, number):
    path = root_box.bundle(["mkdir", "/tmp/a"], filtered(**seccomp))
    done = root_box.kegrun("--debug", "run", "-b", path, os.path.basename(path))
    assert done.returncode == 1 and "Operation not permitted" in done.stderr
    assert f'msg="seccomp filter flags: {number}"' in done.stderr


def test_a_profile_may_forbid_what_only_runtimes_call(root_box):
    names = ["close_range", "fsopen", "fsconfig", "fspick", "openat2", "open_tree", "move_mount", "mount_setattr"]
    change = filtered(syscalls=[{"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": 38}])
    assert root_box.run(["true"], change).returncode == 0
    name = root_box.start(["sleep", "60"], change)
    root_box.good("exec", name, "true")
