# SPDX-License-Identifier: Apache-2.0
"""An ordinary user's Podman with our runtime and our monitor."""
import time

import pytest

from test_podman_parts import Podman

PAIRS = [("kegrun", "kegmon"), ("runc", "kegmon"), ("kegrun", "conmon")]


@pytest.fixture(params=PAIRS, ids="-".join, scope="module")
def podman(request, users_sandbox, users_busybox):
    made = Podman(users_sandbox, users_sandbox.env["PATH"].split(":")[0], *request.param)
    yield made
    made("rm", "-fa", "-t", "0")


def test_run_as_root_inside_gives_output_and_exit_status(podman, users_busybox):
    done = podman("run", "--rm", "--network", "none", users_busybox, "sh", "-c", "id -u; echo err >&2; exit 7", check=False)
    assert (done.stdout, done.returncode) == ("0\n", 7)
    assert done.stderr.endswith("err\n")


def test_a_user_of_the_image_has_a_subordinate_id(podman, users_busybox):
    done = podman("run", "--rm", "--network", "none", "-u", "1000:1000", users_busybox, "sh", "-c", "id -u; id -g; touch /tmp/x")
    assert done.stdout == "1000\n1000\n"


def test_exec_stop_and_remove(podman, users_busybox):
    podman("run", "-d", "--network", "none", "--name", "c1", users_busybox, "sh", "-c",
           "echo started; trap 'exit 3' TERM; while :; do sleep 0.1; done")
    done = podman("exec", "c1", "sh", "-c", "echo out; exit 9", check=False)
    assert (done.stdout, done.returncode) == ("out\n", 9)
    assert podman("exec", "-i", "c1", "cat", stdin=None, input="text").stdout == "text"
    end = time.monotonic() + 20
    while time.monotonic() < end and podman("logs", "c1").stdout != "started\n":
        time.sleep(0.05)
    assert podman("logs", "c1").stdout == "started\n"
    podman("stop", "c1")
    assert podman.inspect("c1")["State"]["ExitCode"] == 3
    podman("rm", "c1")
    assert podman("ps", "-aq").stdout == ""


def test_a_command_that_is_not_there_is_127(podman, users_busybox):
    assert podman("run", "--rm", "--network", "none", users_busybox, "/no/such", check=False).returncode == 127
