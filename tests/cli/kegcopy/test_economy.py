# SPDX-License-Identifier: Apache-2.0
"""Nothing is sent or fetched that the other side has, and what a broken connection moved is not moved again."""
import hashlib
import os
import re

import pytest

from cutting_proxy import CuttingProxy

FULL = os.environ.get("KEG_STRESS") == "full"
MEGABYTE = 1 << 20
SIZE, EVERY = (1024 * MEGABYTE, 50 * MEGABYTE) if FULL else (48 * MEGABYTE, 5 * MEGABYTE)
TO, FROM = "--dest-tls-verify=false", "--src-tls-verify=false"


def noise(size):
    """Bytes that do not compress, made faster than random ones."""
    out = hashlib.shake_128(b"noise").digest(MEGABYTE)
    return b"".join(n.to_bytes(8, "big") + out[8:] for n in range(size // MEGABYTE))


def puts(registry):
    """How many blobs were sent whole."""
    return sum(1 for method, path, _ in registry.requests if method == "PUT" and "/blobs/uploads/" in path)


def forget(registry):
    with registry.lock:
        registry.requests.clear()


@pytest.fixture
def stored(kegcopy, store, faulty_registry):
    """An image of three layers that was pulled into the store, and forgotten by everybody else."""
    origin = faulty_registry()
    image = origin.add_image("app", "1", layers=[{f"file{n}": os.urandom(100_000)} for n in range(3)])
    kegcopy.copy(f"docker://{origin.host}/app:1", store.name("app"), FROM)
    (kegcopy.folder / "blobs").unlink()
    return image


def test_a_second_push_sends_no_layer(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry()
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/a/one:1", TO)
    assert puts(registry) == 4
    first = registry.manifests["a/one", "1"]
    forget(registry)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/a/one:2", TO)
    assert puts(registry) == 0
    assert registry.manifests["a/one", "2"] == first


def test_a_push_to_another_repository_mounts(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry(shared=False)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/a/one:1", TO)
    forget(registry)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/b/two:1", TO)
    assert registry.count("POST", "mount=") == 4 and puts(registry) == 0
    assert registry.manifests["b/two", "1"] == registry.manifests["a/one", "1"]


def test_a_registry_that_does_not_mount_gets_the_layers(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry(shared=False, mounts=False)
    for name in ("a/one:1", "b/two:1"):
        forget(registry)
        kegcopy.copy(store.name("app"), f"docker://{registry.host}/{name}", TO)
        assert puts(registry) == 4


def test_a_copy_within_a_registry_moves_no_layer(kegcopy, faulty_registry):
    registry = faulty_registry(shared=False)
    registry.add_image("app", "1", layers=[{"file": os.urandom(1000)}])
    kegcopy.copy(f"docker://{registry.host}/app:1", f"docker://{registry.host}/other:1", TO, FROM)
    assert puts(registry) == 0 and registry.count("GET", "/blobs/") == 1
    assert registry.manifests["other", "1"] == registry.manifests["app", "1"]


def test_what_was_pulled_goes_back_bit_for_bit(kegcopy, store, faulty_registry):
    registry = faulty_registry(shared=False)
    registry.add_image("app", "1", layers=[{"file": os.urandom(1000)}])
    kegcopy.copy(f"docker://{registry.host}/app:1", store.name("app"), FROM)
    forget(registry)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/other:1", TO)
    assert puts(registry) == 1, "the configuration"
    assert registry.manifests["other", "1"] == registry.manifests["app", "1"]


def test_a_hint_that_is_wrong_costs_a_question(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry()
    plain = store.layers()[0]["diff-digest"]
    lines = [f"as {plain} sha256:{'0' * 64} gzip", f"at {stored['layers'][0]['digest']} {registry.host}/none",
             "at nonsense", "as", "", "x" * 5000, f"at {plain} {registry.host}"]
    (kegcopy.folder / "blobs").write_text("\n".join(lines))
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/app:1", TO)
    assert puts(registry) == 4


def test_the_hints_are_bounded(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry()
    hints = kegcopy.folder / "blobs"
    hints.write_text("".join(f"at sha256:{n:064x} example.com/app\n" for n in range(6000)))
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/app:1", TO)
    assert hints.stat().st_size < 300_000
    assert f"{5999:064x}" in hints.read_text() and registry.host in hints.read_text()


@pytest.mark.parametrize("source", ["oci", "store"])
def test_an_upload_goes_on_where_it_broke(kegcopy, store, faulty_registry, source):
    registry = faulty_registry()
    blob = os.urandom(3 * MEGABYTE)
    origin = faulty_registry()
    origin.add_image("app", "1", layers=[{"file": blob}])
    name = store.name("app") if source == "store" else f"oci:{kegcopy.folder}/layout:1"
    kegcopy.copy(f"docker://{origin.host}/app:1", name, FROM)
    registry.fault("upload", method="PATCH", take=MEGABYTE, times=2)
    kegcopy.copy(name, f"docker://{registry.host}/app:1", TO)
    assert registry.received < len(blob) + 100_000
    assert puts(registry) == 2


@pytest.mark.parametrize("source", ["oci", "store"])
def test_an_upload_that_is_lost_begins_again(kegcopy, store, faulty_registry, source):
    registry = faulty_registry(resumes=False)
    origin = faulty_registry()
    origin.add_image("app", "1", layers=[{"file": os.urandom(3 * MEGABYTE)}])
    name = store.name("app") if source == "store" else f"oci:{kegcopy.folder}/layout:1"
    kegcopy.copy(f"docker://{origin.host}/app:1", name, FROM)
    registry.fault("upload", method="PATCH", take=MEGABYTE, times=1)
    kegcopy.copy(name, f"docker://{registry.host}/app:1", TO)
    assert puts(registry) == 2


def test_a_layer_beyond_what_is_kept_is_read_again(kegcopy, faulty_registry):
    """More than the 64 MiB of an upload that can be turned back."""
    registry, origin = faulty_registry(resumes=False), faulty_registry()
    origin.add_image("app", "1", layers=[{"file": noise(90 * MEGABYTE)}])
    registry.fault("upload", method="PATCH", take=85 * MEGABYTE, times=1)
    kegcopy.copy(f"docker://{origin.host}/app:1", f"docker://{registry.host}/app:1", FROM, TO)
    assert registry.manifests["app", "1"] == origin.manifests["app", "1"]


def test_a_registry_that_wants_chunks_gets_them(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry(chunk_least=1000)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/app:1", TO)
    assert all(re.match(r"\d+-\d+$", headers.get("Content-Range", ""))
               for method, _, headers in registry.requests if method == "PATCH")


@pytest.mark.parametrize("status", [411, 413])
def test_a_body_that_is_refused_is_sent_in_pieces(kegcopy, store, stored, faulty_registry, status):
    registry = faulty_registry()
    registry.fault("upload", method="PATCH", status=status)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/app:1", TO)
    assert puts(registry) == 4


def test_an_answer_that_was_lost_is_found_out(kegcopy, faulty_registry):
    registry, origin = faulty_registry(), faulty_registry()
    image = origin.add_image("app", "1", layers=[{"file": b"1"}])
    registry.blobs = {}
    registry.fault("upload", method="PUT", forget_answer=True)
    kegcopy.copy(f"docker://{origin.host}/app:1", f"docker://{registry.host}/app:1", FROM, TO)
    assert image["layers"][0]["digest"] in registry.blobs


def test_a_download_over_a_line_that_is_cut(kegcopy, faulty_registry):
    registry = faulty_registry()
    image = registry.add_image("app", "1", layers=[{"file": noise(SIZE)}])
    with CuttingProxy(registry.port, EVERY) as proxy:
        kegcopy.copy(f"docker://{proxy.host}/app:1", f"oci:{kegcopy.folder}/layout:1", FROM)
        size = image["layers"][0]["size"]
        assert proxy.cuts >= SIZE // EVERY - 1
        assert proxy.passed < size * 1.01


def test_an_upload_over_a_line_that_is_cut(kegcopy, faulty_registry):
    registry, origin = faulty_registry(), faulty_registry()
    image = origin.add_image("app", "1", layers=[{"file": noise(SIZE)}])
    with CuttingProxy(registry.port, EVERY) as proxy:
        kegcopy.copy(f"docker://{origin.host}/app:1", f"docker://{proxy.host}/app:1", FROM, TO)
        size = image["layers"][0]["size"]
        assert proxy.cuts >= SIZE // EVERY - 1
        assert registry.received < size * 1.01
    assert registry.manifests["app", "1"] == origin.manifests["app", "1"]


def test_a_line_says_what_was_moved_and_what_was_saved(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry()
    target = f"docker://{registry.host}/app:1"
    first = kegcopy.run("copy", TO, store.name("app"), target)
    second = kegcopy.run("copy", TO, store.name("app"), target)
    assert re.fullmatch(r"Moved \d+(\.\d+)? kB\n", first.err), first.err
    assert re.fullmatch(r"Moved 0 B, saved \d+(\.\d+)? kB\n", second.err), second.err
    assert kegcopy.run("copy", "-q", TO, store.name("app"), target).err == ""


def test_a_registry_that_lies_about_its_blobs_gets_them(kegcopy, store, stored, faulty_registry):
    registry = faulty_registry(lies=True)
    kegcopy.copy(store.name("app"), f"docker://{registry.host}/app:1", TO)
    assert puts(registry) == 4 and ("app", "1") in registry.manifests
    origin = faulty_registry()
    origin.add_image("other", "1", layers=[{"file": b"1"}])
    kegcopy.copy(f"docker://{origin.host}/other:1", f"docker://{registry.host}/other:1", FROM, TO)
    assert registry.manifests["other", "1"] == origin.manifests["other", "1"]
