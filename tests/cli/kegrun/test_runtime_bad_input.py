# SPDX-License-Identifier: Apache-2.0
"""Configurations, bundles, ids and state files that are not as they should be: one line, exit 1, nothing left."""
import json
import os
import subprocess
import time

import pytest

HUGE = 9 << 20  # beyond what a config.json may have


def config_of(bundle):
    with open(os.path.join(bundle, "config.json"), encoding="utf-8") as file:
        return json.load(file)


def write(bundle, text):
    with open(os.path.join(bundle, "config.json"), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def refused(box, bundle, *words):
    """One line with the words, exit 1, and not a trace."""
    name = "bad-" + os.path.basename(bundle)
    done = box.kegrun("run", "-b", bundle, name)
    assert done.returncode == 1 and done.stdout == "", done
    errors = [line for line in done.stderr.splitlines() if "level=warning" not in line]
    assert len(errors) == 1 and all(word in errors[0] for word in words), done
    assert not os.path.exists(os.path.join(box.state, name))
    assert subprocess.run(["find", "/sys/fs/cgroup", "-maxdepth", "4", "-name", name], capture_output=True, text=True,
                          check=False).stdout == ""


def test_a_config_cut_off_anywhere_is_refused(box):
    bundle = box.bundle(["true"])
    text = json.dumps(config_of(bundle))
    for length in [*range(0, 64), *range(64, len(text) - 1, 97)]:
        write(bundle, text[:length])
        refused(box, bundle, "config.json")


@pytest.mark.parametrize("text, word", [
    (b"\xff\xfe{}", "config.json"), (b'{"ociVersion": "\xff"}', "config.json"), (b"{}{}", "config.json"), (b"null", "config.json"),
    (b'{"a":' * 5000, "config.json"), (b"[" * 3_000_000, "config.json"), (b" " * HUGE, "config.json"), (b'"' + b"x" * HUGE, "config.json"),
    (b"\0", "config.json"), (b'{"ociVersion": "1.0.0"} x', "config.json"), (b'{"ociVersion": "1.0.0" "root": 1}', "config.json")],
    ids=["bad UTF-8 around", "bad UTF-8 in a text", "two", "null", "deep objects", "deep lists", "blanks", "a long text", "a zero byte",
         "more after it", "no comma"])
def test_what_is_no_json_of_a_fair_size_is_refused(box, text, word):
    bundle = box.bundle(["true"])
    write(bundle, text)
    refused(box, bundle, word)


WRONG = [("process", []), ("process", 5), ("process.args", "sh"), ("process.args", [1]), ("process.args", []), ("process.env", {}),
         ("process.cwd", ""), ("process.cwd", "relative"), ("process.cwd", None), ("process.user", "root"), ("process.user.uid", -1),
         ("process.user.uid", 1 << 32), ("process.user.uid", "0"), ("process.user.additionalGids", ["x"]), ("process.terminal", "yes"),
         ("process.rlimits", [{"type": "RLIMIT_NOSUCH", "hard": 1, "soft": 1}]), ("process.rlimits", [{"hard": 1}]),
         ("process.oomScoreAdj", "1"), ("process.capabilities", []), ("root", "rootfs"), ("root.path", 5), ("root.path", ""),
         ("root.readonly", 1), ("mounts", {}), ("mounts", [{"type": "tmpfs"}]), ("mounts", [5]), ("hostname", 7),
         ("linux", "x"), ("linux.namespaces", [{"type": "nosuch"}]), ("linux.namespaces", [{"type": "mount"}, {"type": "mount"}]),
         ("linux.namespaces", [{"type": "mount"}, {"type": "network", "path": "/nosuch"}]),
         ("linux.namespaces", [{"type": "mount"}, {"type": "network", "path": "/proc/self/ns/uts"}]),
         ("linux.maskedPaths", "x"), ("linux.sysctl", {"a": 1}), ("linux.seccomp", {"defaultAction": "SCMP_ACT_NOSUCH"}),
         ("linux.resources", 5), ("hooks", {"prestart": [{"args": ["x"]}]}), ("hooks", {"createRuntime": {}}), ("ociVersion", 1),
         ("ociVersion", ""), ("ociVersion", "3.0"), ("annotations", {"a": 1}), ("linux.rootfsPropagation", "sideways"),
         ("linux.devices", [{"path": "/dev/x"}]), ("linux.devices", [{"path": "/dev/x", "type": "q"}]),
         ("linux.uidMappings", [{"containerID": -1, "hostID": 0, "size": 1}])]


@pytest.mark.parametrize("field, value", WRONG, ids=[f"{field}={json.dumps(value)[:40]}" for field, value in WRONG])
def test_a_field_that_is_wrong_is_refused(box, field, value):
    def change(config):
        *above, last = field.split(".")
        at = config
        for name in above:
            at = at[name]
        at[last] = value
    bundle = box.bundle(["true"], change)
    refused(box, bundle)


def test_unknown_fields_are_passed_over_and_of_two_alike_the_last_counts(box):
    bundle = box.bundle(["false"], lambda c: c.update(nosuch={"deep": [1]}, ociVersion="1.99.0"))
    text = json.dumps(config_of(bundle))
    write(bundle, text.replace('"args": ["false"]', '"args": ["false"], "args": ["echo", "last"]'))
    done = box.kegrun("run", "-b", bundle, os.path.basename(bundle))
    assert (done.returncode, done.stdout) == (0, "last\n"), done


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "../x", "a\nb", "a b", "\x01", "x" * 4096, "x" * 1025, "é"])
def test_a_bad_id_is_refused_by_every_command(box, name):
    bundle = box.bundle(["true"])
    for words in (["create", "-b", bundle], ["run", "-b", bundle], ["start"], ["state"], ["kill"], ["delete"], ["pause"]):
        done = box.kegrun(*words, "--", name)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, (words, done)
    assert not os.path.exists(box.state) or os.listdir(box.state) == []


@pytest.mark.parametrize("kind", ["absent", "file", "link to nothing", "link to a file", "link to the host's root", "loop"])
def test_a_root_that_is_none_is_refused(box, kind):
    bundle = box.bundle(["true"], lambda c: c["root"].update(path="root"))
    path = os.path.join(bundle, "root")
    if kind == "file":
        with open(path, "w", encoding="utf-8"):
            pass
    elif kind != "absent":
        os.symlink({"link to nothing": "nosuch", "link to a file": "config.json", "link to the host's root": "/", "loop": "root"}[kind], path)
    refused(box, bundle, "rootfs")


def test_a_root_that_is_a_link_to_a_folder_is_followed(box):
    bundle = box.bundle(["echo", "in"], lambda c: c["root"].update(path="root"))
    os.symlink("rootfs", os.path.join(bundle, "root"))
    assert box.kegrun("run", "-b", bundle, os.path.basename(bundle)).stdout == "in\n"


@pytest.mark.parametrize("kind", ["absent", "file", "no config", "config is a folder", "config is a pipe"])
def test_a_bundle_that_is_none_is_refused(box, kind):
    bundle = os.path.join(box.folder, "bundle")
    if kind == "file":
        with open(bundle, "w", encoding="utf-8"):
            pass
    elif kind != "absent":
        os.mkdir(bundle)
        box.give(bundle)
    if kind == "config is a folder":
        os.mkdir(os.path.join(bundle, "config.json"))
    if kind == "config is a pipe":
        os.mkfifo(os.path.join(bundle, "config.json"), 0o666)
    refused(box, bundle)


STATES = [b"", b"{", b"[]", b"null", b"\xff", b'{"pid": "x"}', b'{"pid": -5, "config": 7}', b'{"pid": 1, "start": 1, "config": {"process": 5}}',
          b"{}" * 1000, b" " * (20 << 20)]


@pytest.mark.parametrize("text", STATES, ids=[f"{text[:24]!r} of {len(text)}" for text in STATES])
def test_a_corrupt_state_is_said_and_never_acted_on(box, text):
    name = box.start(["sleep", "60"])
    path = os.path.join(box.state, name, "state.json")
    with open(path, "rb") as file:
        before = file.read()
    with open(path, "wb") as file:
        file.write(text)
    for words in (["state"], ["kill"], ["exec"], ["start"], ["pause"]):
        done = box.kegrun(*words, name, *(["true"] if words == ["exec"] else []))
        assert done.returncode in (1, 255) and len(done.stderr.splitlines()) == 1, (words, done)
    assert box.kegrun("list").returncode == 0
    with open(path, "wb") as file:
        file.write(before)
    assert box.status(name) == "running"


def test_a_state_cut_off_anywhere_is_said(box):
    name = box.start(["sleep", "60"])
    path = os.path.join(box.state, name, "state.json")
    with open(path, "rb") as file:
        before = file.read()
    for length in range(0, len(before) - 1, 61):
        with open(path, "wb") as file:
            file.write(before[:length])
        done = box.kegrun("kill", name, "KILL")
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, (length, done)
    with open(path, "wb") as file:
        file.write(before)


def test_a_folder_or_a_link_in_the_place_of_the_state_is_said(box):
    name = box.start(["sleep", "60"])
    path = os.path.join(box.state, name, "state.json")
    os.rename(path, path + ".kept")
    os.mkdir(path)
    assert box.kegrun("state", name).returncode == 1
    os.rmdir(path)
    os.rename(path + ".kept", path)
    os.symlink("/etc", os.path.join(box.state, "linked"))
    assert box.kegrun("state", "linked").returncode == 1
    done = box.kegrun("delete", "--force", "linked")
    assert os.path.isdir("/etc") and done.returncode in (0, 1)
    os.unlink(os.path.join(box.state, "linked"))


def test_a_number_that_is_somebody_else_now_is_neither_killed_nor_entered(box):
    """The container's process is gone and its number was given to another."""
    name = box.start(["sleep", "60"])
    path = os.path.join(box.state, name, "state.json")
    real = box.pid(name)
    time.sleep(0.03)  # a number is given again long after: the kernel tells a start to the hundredth of a second
    victim = box.identity.popen(["sleep", "60"])
    try:
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**state, "pid": victim.pid}, file)
        assert box.status(name) == "stopped"
        assert "not running" in box.kegrun("kill", name, "KILL").stderr
        assert box.kegrun("exec", name, "true").returncode == 255
        # Who is in the group of a container that has stopped is spared, and delete refuses.
        os.kill(real, 9)
        for _ in range(500):
            if not os.path.exists(f"/proc/{real}"):
                break
            time.sleep(0.01)
        box.good("delete", "--force", name)
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()
        try:
            os.kill(real, 9)
        except ProcessLookupError:
            pass
