# SPDX-License-Identifier: Apache-2.0
"""Registries that break off, lie and flood: one line, nothing half made, and a retry succeeds."""
import os
import signal
import time

import pytest

from faulty_registry import deep_json

LAX = "--src-tls-verify=false"
BIG = os.urandom(3 << 20)  # is kept for a retry: above what is not worth a file


def serve(registry):
    registry.image = registry.add_image("app", "1", layers=[{"small": b"x" * 1000}, {"big": BIG}])
    return f"docker://{registry.host}/app:1"


def stall(registry):
    """The big layer stops after a megabyte."""
    registry.fault(registry.image["layers"][1]["digest"], head=1 << 20, wait=60)


def nothing_left(store):
    assert store.images() == [] and store.layers() == [] and store.leftovers() == []


@pytest.mark.parametrize("fault,message", [
    ({"what": "blob", "flip": True}, "did not match its digest"),
    ({"what": "blob", "length": 500}, "bytes"),
    ({"what": "blob", "endless": True}, ""),
    ({"what": "blob", "status": 404}, ""),
    ({"what": "blob", "status": 401}, ""),
    ({"what": "blob", "redirect": "loop", "times": -1}, "redirect"),
    ({"what": "manifest", "status": 200, "body": b"{"}, ""),
    ({"what": "manifest", "status": 200, "body": deep_json(10000)}, ""),
    ({"what": "manifest", "status": 200, "body": b"[" * 5000000}, ""),
    ({"what": "manifest", "status": 404}, "manifest"),
    ({"what": "ping", "status": 500, "times": -1}, ""),
])
def test_a_fault_leaves_nothing_and_a_retry_succeeds(kegcopy, store, faulty_registry, fault, message):
    registry = faulty_registry()
    image = serve(registry)
    fault = dict(fault)
    registry.fault(fault.pop("what"), **fault)
    assert message in kegcopy.fails("copy", LAX, image, store.name("app"))
    nothing_left(store)
    registry.faults.clear()
    kegcopy.copy(image, store.name("app"), LAX)
    assert len(store.layers()) == 2 and store.leftovers() == [] and store.parts() == []


def test_a_connection_that_breaks_is_continued(kegcopy, store, faulty_registry):
    registry = faulty_registry()
    image = serve(registry)
    registry.fault("blob", cut=1 << 20, times=2, skip=2)
    kegcopy.copy(image, store.name("app"), LAX)
    assert len(store.layers()) == 2 and store.parts() == []


def wait_for(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_arrived_before_a_kill_is_not_fetched_again(kegcopy, store, faulty_registry):
    registry = faulty_registry()
    image = serve(registry)
    stall(registry)
    process = kegcopy.start("copy", "-q", LAX, image, store.name("app"))
    wait_for(lambda: any(p.stat().st_size > 500000 for p in store.parts()))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert store.images() == []
    arrived = store.parts()[0].stat().st_size
    registry.faults.clear()
    registry.requests.clear()
    kegcopy.copy(image, store.name("app"), LAX)
    ranges = [headers["Range"] for _, _, headers in registry.requests if "Range" in headers]
    assert ranges == [f"bytes={arrived}-"]
    assert store.parts() == [] and len(store.layers()) == 2


def test_a_partial_blob_that_is_wrong_costs_one_attempt(kegcopy, store, faulty_registry):
    registry = faulty_registry()
    image = serve(registry)
    stall(registry)
    process = kegcopy.start("copy", "-q", LAX, image, store.name("app"))
    wait_for(lambda: any(p.stat().st_size > 500000 for p in store.parts()))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    part = store.parts()[0]
    part.write_bytes(b"\0" * part.stat().st_size)
    registry.faults.clear()
    assert "did not match its digest" in kegcopy.fails("copy", LAX, image, store.name("app"))
    assert store.parts() == []
    kegcopy.copy(image, store.name("app"), LAX)


def test_a_full_disk(kegcopy, store, faulty_registry):
    """The store on a file system of four megabytes, of enough, and of none."""
    registry = faulty_registry()
    image = serve(registry)
    store.root.mkdir()
    done = os.system(f"mount -t tmpfs -o size=4m tmpfs {store.root}")
    if done != 0:
        pytest.skip("no right to mount")
    try:
        message = kegcopy.fails("copy", LAX, image, store.name("app"))
        assert "no space left on device" in message
        nothing_left(store)
        assert os.system(f"mount -o remount,size=64m {store.root}") == 0
        kegcopy.copy(image, store.name("app"), LAX)
        assert len(store.layers()) == 2 and store.leftovers() == []
        assert os.system(f"mount -o remount,ro {store.root}") == 0
        assert "read-only file system" in kegcopy.fails("copy", LAX, image, store.name("other"))
        assert kegcopy.inspect(store.name("app"))["Architecture"] == "amd64"
    finally:
        assert os.system(f"umount {store.root}") == 0
