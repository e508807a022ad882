# SPDX-License-Identifier: Apache-2.0
"""Where errors go, and in which form: engines read them there."""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

MISSING = "container does not exist: nosuch"

# A listener at a datagram socket's name, hidden from the host by a mount; then the command; then what it was sent.
LISTEN = """
import os, socket, subprocess, sys
name, hidden, *argv = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", hidden], check=True)
os.makedirs(os.path.dirname(name), exist_ok=True)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(name)
done = subprocess.run(argv, stdin=0, stdout=1, stderr=2)
listener.settimeout(10)
sys.stdout.write(listener.recv(65536).decode())
sys.exit(done.returncode)
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("prefix", ["", "file:"])
def test_an_error_is_a_json_line_in_the_log_and_plain_on_stderr(box, prefix):
    path = os.path.join(box.folder, "log.json")
    done = box.kegrun("--log", prefix + path, "--log-format", "json", "state", "nosuch")
    assert done.returncode == 1 and done.stderr.splitlines() == [MISSING]
    line = json.loads(read(path))
    assert list(line) == ["level", "msg", "time"]
    assert (line["level"], line["msg"]) == ("error", MISSING)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])


def test_an_error_is_a_text_line_on_stderr(box):
    done = box.kegrun("state", "nosuch")
    assert re.fullmatch(r'time="[^"]+" level=error msg="%s"\n' % MISSING, done.stderr)


def test_a_colon_is_a_part_of_a_path(box):
    path = os.path.join(box.folder, "a:b")
    box.kegrun("--log", path, "state", "nosuch")
    assert MISSING in read(path)


def test_the_log_is_there_when_nothing_was_said(box):
    path = os.path.join(box.folder, "log")
    box.good("--log", path, "spec")
    assert read(path) == ""


def test_a_log_that_cannot_be_written_is_an_error(box):
    done = box.kegrun("--log", "/nowhere/log", "spec")
    assert done.returncode == 1 and "open /nowhere/log: " in done.stderr
    assert not os.path.exists(os.path.join(box.folder, "config.json"))


def warned(box, *options):
    bundle = box.bundle(["true"], lambda c: c["mounts"].append(
        {"destination": "tmp", "type": "tmpfs", "source": "tmpfs"}))
    done = box.kegrun(*options, "run", "-b", bundle, box.id)
    assert done.returncode == 0, done
    return done.stderr


def test_the_level_says_what_is_written(box):
    assert "level=warning" in warned(box) and "level=debug" not in warned(box)
    assert warned(box, "--log-level=error") == ""
    assert "level=debug" in warned(box, "--log-level=debug") and "level=debug" in warned(box, "--debug")


@pytest.mark.parametrize("words, why", [
    (["--log-level", "loud"], "unknown log level: loud"),
    (["--log-format", "xml"], "invalid log-format: xml"),
    (["--rootless", "perhaps"], "invalid --rootless: perhaps"),
    (["--cgroup-manager", "none"], "invalid --cgroup-manager: none"),
    (["--root", "/"], "--root argument should not be set to /"),
    (["--root", ""], "--root argument should not be set to /"),
])
def test_a_bad_word_is_named(box, words, why):
    done = box.kegrun(*words, "list")
    assert done.returncode == 1 and why in done.stderr and not done.stdout


@pytest.mark.parametrize("where, name, hidden, want", [
    ("syslog:mine", "/dev/log", "/dev", r"<11>.* mine\[\d+\]: container does not exist: nosuch"),
    ("journald:mine", "/run/systemd/journal/socket", "/run",
     r"PRIORITY=3\nSYSLOG_IDENTIFIER=mine\nMESSAGE=container does not exist: nosuch\n"),
])
def test_the_systems_logs_get_the_message_under_the_name_that_was_given(root_box, where, name, hidden, want):
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    done = subprocess.run(["unshare", "-m", sys.executable, "-c", LISTEN, name, hidden, root_box.program, "--log", where,
                           "state", "nosuch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                          check=False, cwd=root_box.folder)
    assert not os.path.exists(os.path.join(root_box.folder, where))
    assert done.returncode == 1, done
    assert re.search(want, done.stdout), done
