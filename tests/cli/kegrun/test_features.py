# SPDX-License-Identifier: Apache-2.0
"""The features document agrees with what configurations may say."""
import json

import pytest


@pytest.fixture
def features(box):
    return json.loads(box.good("features"))


def test_the_document_has_the_specifications_members(features):
    assert (features["ociVersionMin"], features["ociVersionMax"]) == ("1.0.0", "1.3.0")
    assert features["hooks"] == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    os = features["linux"]
    assert os["namespaces"] == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
    assert {"CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"} <= set(os["capabilities"])
    assert os["cgroup"]["v1"] is True and os["cgroup"]["v2"] is True
    assert os["seccomp"]["enabled"] is True and "SCMP_ACT_NOTIFY" in os["seccomp"]["actions"]
    assert "SCMP_CMP_MASKED_EQ" in os["seccomp"]["operators"] and "SCMP_ARCH_X86_64" in os["seccomp"]["archs"]
    assert set(os["seccomp"]["supportedFlags"]) <= set(os["seccomp"]["knownFlags"])
    assert os["mountExtensions"]["idmap"]["enabled"] is True
    assert "MPOL_INTERLEAVE" in os["memoryPolicy"]["modes"] and "MPOL_F_STATIC_NODES" in os["memoryPolicy"]["flags"]
    assert features["annotations"]["org.opencontainers.runc.checkpoint.enabled"] == "false"


def test_each_mount_option_is_taken(box, features):
    """But those that make sense for other kinds of mounts than a tmpfs."""
    other = {"bind", "rbind", "idmap", "ridmap", "mand", "iversion", "remount", "copy-symlink", "src-nofollow"}
    names = [name for name in features["mountOptions"] if name not in other]
    assert "ro" in names and "rslave" in names and len(names) > 40

    def change(config):
        config["mounts"] += [{"destination": f"/tmp/{name}", "type": "tmpfs", "source": "tmpfs", "options": [name]}
                             for name in names]

    done = box.run(["true"], change)
    assert done.returncode == 0, done


@pytest.mark.parametrize("member, value", [("intelRdt", {"closID": "x"}), ("netDevices", {"none0": {}})])
def test_what_is_not_enabled_is_refused_and_what_is_enabled_is_not(box, features, member, value):
    done = box.run(["true"], lambda c: c["linux"].update({member: value}))
    refused = f"linux.{member} is not supported" in done.stderr
    assert refused is not features["linux"][member]["enabled"]
