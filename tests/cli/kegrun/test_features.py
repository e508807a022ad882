# SPDX-License-Identifier: Apache-2.0
"""The features document agrees with what configurations may say."""
import json
import os
import pathlib
import re

import pytest


@pytest.fixture
def features(box):
    return json.loads(box.good("features"))


def test_the_document_has_the_specifications_members(features):
    assert (features["ociVersionMin"], features["ociVersionMax"]) == ("1.0.0", "1.3.0")
    assert features["hooks"] == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    linux = features["linux"]
    assert linux["namespaces"] == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
    assert {"CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"} <= set(linux["capabilities"])
    assert linux["cgroup"]["v1"] is True and linux["cgroup"]["v2"] is True
    assert linux["seccomp"]["enabled"] is True and "SCMP_ACT_NOTIFY" in linux["seccomp"]["actions"]
    assert "SCMP_CMP_MASKED_EQ" in linux["seccomp"]["operators"] and "SCMP_ARCH_X86_64" in linux["seccomp"]["archs"]
    assert set(linux["seccomp"]["supportedFlags"]) <= set(linux["seccomp"]["knownFlags"])
    assert linux["mountExtensions"]["idmap"]["enabled"] is True
    assert "MPOL_INTERLEAVE" in linux["memoryPolicy"]["modes"] and "MPOL_F_STATIC_NODES" in linux["memoryPolicy"]["flags"]
    assert features["annotations"]["org.opencontainers.runc.checkpoint.enabled"] == "false"


def test_annotations_that_change_what_is_done_are_named(features):
    """Engines that let others write annotations leave these out: a name, or what it begins with."""
    source = os.path.join(os.path.dirname(__file__), "../../../src")
    named = features["potentiallyUnsafeConfigAnnotations"]
    text = ""
    for folder in ("runtime", "spec"):
        for path in sorted(pathlib.Path(source, folder).glob("*.[ch]")):
            text += path.read_text(encoding="utf-8")
    known = set(re.findall(r'#define \w*ANNOTATION\w* "([^"]+)"', text)) - {"org.opencontainers.image.ref.name"}
    assert sorted(named) == sorted(known) and "run.oci.hooks.stdout" in known


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


@pytest.mark.skipif(os.path.exists("/sys/fs/resctrl/schemata"), reason="this machine can divide caches")
def test_where_caches_cannot_be_divided_who_wants_it_is_told(box):
    done = box.run(["true"], lambda c: c["linux"].update(intelRdt={"l3CacheSchema": "L3:0=f"}))
    assert done.returncode == 1
    assert "intelRdt is specified in config, but Intel RDT is not enabled: no resctrl file system is mounted" in done.stderr
    name = box.start(["sleep", "60"])
    for words in (("--l3-cache-schema", "L3:0=f"), ("--mem-bw-schema", "MB:0=50")):
        done = box.kegrun("update", *words, name)
        assert done.returncode == 1 and "Intel RDT is not enabled" in done.stderr


@pytest.mark.parametrize("rdt, why", [({"closID": ".."}, 'invalid intelRdt.ClosID ".."'), ({"closID": "a/b"}, 'ClosID "a/b"'),
                                      ({"closID": "info"}, 'ClosID "info"'), ({"memBwSchema": "L3:0=f"}, "invalid schema L3:0=f"),
                                      ({"schemata": ["L3:0=f\nMB:0=1"]}, "invalid schema")])
def test_what_cannot_be_a_group_of_caches_is_refused(box, rdt, why):
    done = box.run(["true"], lambda c: c["linux"].update(intelRdt=rdt))
    assert done.returncode == 1 and why in done.stderr
