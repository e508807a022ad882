# SPDX-License-Identifier: Apache-2.0
"""A service in a container that says it is ready (sd_notify(3)), and who hears of it."""
import array
import os
import re
import socket
import stat
import subprocess
import threading
import time

import pytest

from conftest import compiled

LIMIT = 30


@pytest.fixture(scope="module")
def notifier(tmp_path_factory):
    """Sends each of its arguments to NOTIFY_SOCKET: notify.c."""
    return compiled(tmp_path_factory.mktemp("notify"), "notify")


class Manager:
    """The service manager of the host: hears datagrams, and closes what comes with them."""

    def __init__(self, box, name):
        self.path = name if name.startswith("@") else os.path.join(box.folder, name)
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path.replace("@", "\0"))
        if not name.startswith("@"):
            os.chmod(self.path, 0o777)
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        while True:
            text, ancillary, _, _ = self.socket.recvmsg(1000, 100)
            for _, _, numbers in ancillary:
                for number in array.array("i", numbers):
                    os.close(number)
            if not text:
                return
            self.heard.append(text.decode())

    def close(self):
        """All that it heard."""
        if self.thread.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"", self.path.replace("@", "\0"))
            self.thread.join(LIMIT)
            self.socket.close()
        return self.heard


@pytest.fixture
def manager(box):
    host = Manager(box, "host.sock")
    yield host
    host.close()


@pytest.fixture
def service(box, notifier):
    """The configuration of a service with the program, and whom it is to tell in the environment of kegrun."""
    class Service:
        # Of its own: a group is named by it.
        name = os.path.basename(box.folder)

        @staticmethod
        def bundle(script, change=None):
            path = box.bundle(["sh", "-c", script], change)
            target = os.path.join(path, "rootfs", "bin", "notify")
            with open(notifier, "rb") as program, open(target, "wb") as copy:
                copy.write(program.read())
            os.chmod(target, 0o755)
            return path

        @staticmethod
        def kegrun(address, *words, **how):
            return box.kegrun(*words, env={**os.environ, "NOTIFY_SOCKET": address}, **how)

    return Service


QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def test_start_returns_when_the_service_is_ready(box, service, manager):
    bundle = service.bundle("notify STATUS=soon; sleep 0.5; notify 'STATUS=now\nREADY=1\nMAINPID=1'; sleep 100")
    assert service.kegrun(manager.path, "create", "-b", bundle, service.name, **QUIET).returncode == 0
    begin = time.monotonic()
    done = service.kegrun(manager.path, "start", service.name)
    assert done.returncode == 0, done
    assert time.monotonic() - begin > 0.4
    assert manager.close() == ["READY=1", f"MAINPID={box.pid(service.name)}", "BARRIER=1"]


def test_run_in_the_background_returns_when_the_service_is_ready(box, service, manager):
    bundle = service.bundle("sleep 0.3; notify READY=1; sleep 100")
    assert service.kegrun(manager.path, "run", "-d", "-b", bundle, service.name, **QUIET).returncode == 0
    assert manager.close() == ["READY=1", f"MAINPID={box.pid(service.name)}", "BARRIER=1"]


def test_run_in_the_foreground_is_the_main_process_itself(service, manager):
    bundle = service.bundle("notify WATCHDOG=1 READY=1 READY=1 STATUS=x; sleep 0.3; exit 7")
    assert service.kegrun(manager.path, "run", "-b", bundle, service.name).returncode == 7
    heard = manager.close()
    assert heard[0] == "READY=1" and len(heard) == 2
    assert re.fullmatch(r"MAINPID=\d+", heard[1]) and heard[1] != "MAINPID=1"


def test_a_service_that_ends_is_not_waited_for(box, service, manager):
    bundle = service.bundle("notify STATUS=READY=1; exit 3")
    assert service.kegrun(manager.path, "create", "-b", bundle, service.name, **QUIET).returncode == 0
    assert service.kegrun(manager.path, "start", service.name).returncode == 0
    assert box.status(service.name) == "stopped"
    assert manager.close() == []


def test_a_service_that_is_never_ready_can_be_deleted(box, service, manager):
    bundle = service.bundle("sleep 100")
    assert service.kegrun(manager.path, "create", "-b", bundle, service.name, **QUIET).returncode == 0
    waits = threading.Thread(target=service.kegrun, args=(manager.path, "start", service.name))
    waits.start()
    end = time.monotonic() + LIMIT
    while box.status(service.name) != "running" and time.monotonic() < end:
        time.sleep(0.01)
    box.good("delete", "--force", service.name)
    waits.join(LIMIT)
    assert not waits.is_alive()


def test_any_user_of_the_container_may_write_to_the_socket_and_nobody_to_its_folder(box, service, manager):
    change = lambda config: config["process"].update(user={"uid": 1000 if box.is_root else 0, "gid": 0})  # noqa: E731
    script = "notify READY=1; touch ${NOTIFY_SOCKET%/*}/x && exit 1; stat -c %a $NOTIFY_SOCKET; echo $NOTIFY_SOCKET"
    done = service.kegrun(manager.path, "run", "-b", service.bundle(script, change), service.name)
    assert done.stdout.split() == ["777", manager.path + "/notify"], done
    assert manager.close()[0] == "READY=1"


def test_the_mask_of_the_caller_does_not_shut_the_folder(root_box, service, manager):
    change = lambda config: config["process"].update(user={"uid": 1000, "gid": 1000})  # noqa: E731
    bundle = service.bundle("notify READY=1; sleep 0.2", change)
    before = os.umask(0o077)
    try:
        service.kegrun(manager.path, "run", "-b", bundle, service.name)
    finally:
        os.umask(before)
    assert root_box and manager.close()[0] == "READY=1"


def test_root_of_a_user_namespace_may_tell(root_box, service, manager):
    def change(config):
        config["linux"]["namespaces"].append({"type": "user"})
        for kind in ("uidMappings", "gidMappings"):
            config["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 1000}]

    bundle = service.bundle("notify READY=1; sleep 0.2", change)
    for folder, _, _ in os.walk(os.path.join(bundle, "rootfs")):
        os.chown(folder, 100000, 100000)
    assert service.kegrun(manager.path, "run", "-b", bundle, service.name).returncode == 0
    assert root_box and manager.close()[0] == "READY=1"


@pytest.mark.parametrize("name", ["@", "systemd/notify"])
def test_beside_a_managers_own_socket_the_place_is_that_of_runc(box, service, name):
    if name == "@":
        name += os.path.basename(box.folder)
    else:
        os.mkdir(os.path.join(box.folder, "systemd"))
    host = Manager(box, name)
    bundle = service.bundle("notify READY=1; sleep 0.2; sed -n 's:.* /run/notify [^ ]* ::p' /proc/mounts;"
                            "echo $NOTIFY_SOCKET",
                            lambda config: config["process"]["env"].append("NOTIFY_SOCKET=/gone"))
    done = service.kegrun(host.path, "run", "-b", bundle, service.name)
    heard = host.close()
    options, where = done.stdout.splitlines()
    assert options.startswith("ro,nosuid,nodev,noexec") and where == "/run/notify/notify.sock", done
    assert heard[0] == "READY=1"


def test_without_a_manager_there_is_nothing_in_the_container(box, service):
    done = box.kegrun("run", "-b", box.bundle(["sh", "-c", "env; cat /proc/mounts"]), service.name)
    assert done.returncode == 0 and "notify" not in done.stdout.lower()


def test_a_manager_that_came_after_the_container_is_not_waited_for(box, service, manager):
    bundle = service.bundle("sleep 100")
    assert box.kegrun("create", "-b", bundle, service.name, **QUIET).returncode == 0
    assert service.kegrun(manager.path, "start", service.name).returncode == 0
    assert manager.close() == []


def test_a_manager_that_is_gone_is_an_error_of_start_but_not_of_run(box, service):
    gone = os.path.join(box.folder, "gone")
    bundle = service.bundle("notify READY=1; sleep 0.3")
    assert service.kegrun(gone, "create", "-b", bundle, service.name, **QUIET).returncode == 0
    done = service.kegrun(gone, "start", service.name)
    assert done.returncode == 1 and f"the container is ready: notify {gone}" in done.stderr
    done = service.kegrun(gone, "run", "-b", bundle, service.name + "-again")
    assert done.returncode == 0 and "the container is ready" in done.stderr


@pytest.mark.parametrize("address", ["vsock:2:1234", "relative", "/", "/" + 200 * "x"])
def test_an_address_that_is_none_is_refused(box, service, address):
    done = service.kegrun(address, "create", "-b", service.bundle("true"), service.name)
    assert done.returncode == 1 and "NOTIFY_SOCKET: " + address in done.stderr
    assert not os.path.exists(box.state)


def test_the_folder_goes_with_the_container(box, service, manager):
    bundle = service.bundle("notify READY=1; sleep 0.2")
    service.kegrun(manager.path, "run", "--keep", "-b", bundle, service.name)
    assert stat.S_ISSOCK(os.stat(os.path.join(box.state, service.name, "notify", "notify")).st_mode)
    box.good("delete", service.name)
    assert not os.path.exists(os.path.join(box.state, service.name))
