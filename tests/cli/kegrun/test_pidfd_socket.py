# SPDX-License-Identifier: Apache-2.0
"""A process' pidfd for whoever listens for it."""
import os
import socket
import subprocess
import uuid

import pytest


class Receiver:
    """Listens for one message with descriptors."""

    def __init__(self, box):
        self.path = os.path.join(box.folder, uuid.uuid4().hex[:8])
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self):
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.listen(1)
        self.socket.settimeout(10)
        return self

    def __exit__(self, *_):
        self.socket.close()
        os.unlink(self.path)

    def get(self):
        """The bytes, and what the descriptors beside them are."""
        connection, _ = self.socket.accept()
        with connection:
            message, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 4)
        kinds = [os.readlink(f"/proc/self/fd/{fd}") for fd in descriptors]
        for fd in descriptors:
            os.close(fd)
        return message, kinds


@pytest.mark.parametrize("command", [("create",), ("run", "-d"), ("run",)])
def test_of_a_containers_first_process(box, command):
    with Receiver(box) as receiver:
        box.good(*command, "--pidfd-socket", receiver.path, "-b", box.bundle(["true"]), uuid.uuid4().hex[:8],
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        message, descriptors = receiver.get()
    assert message == b"standard" and "pidfd" in descriptors[0]


def test_of_a_further_process(box):
    name = box.start(["sleep", "60"])
    with Receiver(box) as receiver:
        box.good("exec", "--pidfd-socket", receiver.path, name, "true")
        message, descriptors = receiver.get()
    assert message == b"setns" and "pidfd" in descriptors[0]


def test_without_a_listener_nothing_runs(box):
    done = box.kegrun("run", "--pidfd-socket", "/nosuch/socket", "-b", box.bundle(["echo", "ran"]), uuid.uuid4().hex[:8])
    assert done.returncode == 1 and "pidfd socket: " in done.stderr and done.stdout == ""
    assert not box.kegrun("list", "-q").stdout.split()
