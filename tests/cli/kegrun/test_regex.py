# SPDX-License-Identifier: Apache-2.0
"""kill and delete of all containers whose ids match."""
import subprocess

import pytest
from test_runtime_lifecycle import wait_for


@pytest.fixture
def three(box):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for name in ("job-1", "job-2", "other"):
        box.good("run", "-d", "-b", box.bundle(["sleep", "60"]), name, **quiet)
    return box


@pytest.mark.parametrize("option", ["-r", "--regex"])
def test_delete_takes_those_that_match(three, option):
    three.good("delete", option, "--force", "^job-[0-9]$")
    assert three.good("list", "-q").split() == ["other"]


def test_kill_takes_those_that_match(three):
    three.good("kill", "--regex", "job-.*", "KILL")
    wait_for(lambda: [three.status(n) for n in ("job-1", "job-2")] == ["stopped"] * 2, "stopped")
    assert three.status("other") == "running"


def test_one_that_fails_is_said_and_does_not_keep_the_others(three):
    three.good("kill", "job-1", "KILL")
    wait_for(lambda: three.status("job-1") == "stopped", "stopped")
    done = three.kegrun("delete", "-r", "job")
    assert done.returncode == 1 and "job-2 that is not stopped: running" in done.stderr
    assert three.good("list", "-q").split() == ["job-2", "other"]


def test_nothing_that_matches_is_no_error(three):
    three.good("delete", "-r", "nothing")
    three.good("kill", "-r", "nothing")


@pytest.mark.parametrize("command", ["kill", "delete"])
def test_a_bad_expression_is_named(box, command):
    done = box.kegrun(command, "--regex", "(")
    assert done.returncode == 1 and "invalid regular expression (" in done.stderr
