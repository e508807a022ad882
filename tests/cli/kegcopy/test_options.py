# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, and those that are refused by name."""
import json
import os
import time

import faulty_registry
import pytest

LAX = "--tls-verify=false"


@pytest.fixture
def registry(request):
    started = request.getfixturevalue("faulty_registry")()
    started.image = started.add_image("app", "1", layers=[{str(i): b"x" * 1000} for i in range(6)])
    return started


@pytest.mark.parametrize("words, faulty", [(["list-tags", LAX, "docker://{host}/app"], "tags"),
                                           (["delete", LAX, "docker://{host}/app:1"], "manifest")])
def test_what_may_pass_is_tried_again(kegcopy, registry, words, faulty):
    words = [word.format(host=registry.host) for word in words]
    registry.fault(faulty, times=2, status=400)
    assert kegcopy.run(*words).code == 1
    kegcopy.ok(*words[:1], "--retry-times=1", "--retry-delay=1ms", *words[1:])


def test_the_wait_before_a_retry(kegcopy, registry):
    def seconds(*options):
        registry.fault("tags", times=1, status=400)
        before = time.monotonic()
        kegcopy.ok("list-tags", LAX, "--retry-times=1", *options, f"docker://{registry.host}/app")
        return time.monotonic() - before

    assert seconds("--retry-delay=10ms") < 0.9
    assert seconds() >= 1
    assert 'invalid --retry-delay "soon"' in kegcopy.fails("list-tags", "--retry-delay=soon", "docker://x/y")


def test_no_retry_when_the_image_is_not_there(kegcopy, registry):
    began = time.monotonic()
    kegcopy.fails("inspect", LAX, "--retry-times=3", f"docker://{registry.host}/app:none")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("what", ["manifest", "layer", "tags"])
def test_a_command_is_over_when_its_time_is(kegcopy, registry, what, tmp_path):
    registry.fault(registry.image["layers"][0]["digest"] if what == "layer" else what, head=10, wait=60, times=-1)
    words = ["list-tags", LAX, f"docker://{registry.host}/app"] if what == "tags" else \
        ["copy", "-q", "--src-tls-verify=false", f"docker://{registry.host}/app:1", f"oci:{tmp_path}/out"]
    began = time.monotonic()
    assert "context deadline exceeded" in kegcopy.fails("--command-timeout=300ms", *words, "--retry-times=5")
    assert 0.3 <= time.monotonic() - began < 2.5
    assert not (tmp_path / "out/index.json").exists()


def test_a_command_that_does_not_look_at_the_time_is_over_too(kegcopy, images):
    os.mkfifo(kegcopy.folder / "pipe")
    began = time.monotonic()
    assert "context deadline exceeded" in kegcopy.fails("--command-timeout=10ms", "manifest-digest", "pipe")
    assert 3 <= time.monotonic() - began < 6
    assert 'invalid --command-timeout "soon"' in kegcopy.fails("--command-timeout=soon", "inspect", "dir:x")
    kegcopy.copy(f"oci:{images('small')}", f"dir:{kegcopy.folder}/out", "--command-timeout=1m")


def test_a_prefix_of_the_user_agent(kegcopy, registry):
    kegcopy.ok("list-tags", LAX, "--user-agent-prefix=mirror/7", f"docker://{registry.host}/app")
    assert all(headers["User-Agent"].startswith("mirror/7 keg/") for _, _, headers in registry.requests)


def test_blobs_one_at_a_time(kegcopy, registry, tmp_path, monkeypatch):
    running, most = [], []
    plain = faulty_registry.Handler.do_GET

    def counted(handler):
        if "/blobs/" in handler.path:
            running.append(handler)
            time.sleep(0.02)
            most.append(len(running))
        plain(handler)
        if handler in running:
            running.remove(handler)

    monkeypatch.setattr(faulty_registry.Handler, "do_GET", counted)
    words = f"docker://{registry.host}/app:1", "--src-tls-verify=false"
    kegcopy.copy(words[0], f"dir:{tmp_path}/one", words[1], "--image-parallel-copies=1")
    assert max(most) == 1
    kegcopy.copy(words[0], f"dir:{tmp_path}/many", words[1])
    assert max(most) > 1


@pytest.mark.parametrize("forced", [False, True])
def test_another_compression_can_be_forced(kegcopy, images, tmp_path, forced):
    kegcopy.copy(f"oci:{images('small')}", f"dir:{tmp_path}/out", "--format=oci", "--dest-compress-format=zstd",
                 *["--dest-force-compress-format"] * forced)
    layers = json.loads((tmp_path / "out/manifest.json").read_text())["layers"]
    assert all(layer["mediaType"].endswith("zstd") for layer in layers) == forced


@pytest.mark.parametrize("command, option", [
    ("copy", "--sign-by-sq-fingerprint=x"), ("copy", "--dest-precompute-digests"), ("copy", "--tls-details=x"),
    ("sync", "--sign-by-sq-fingerprint=x"),
])
def test_what_is_not_built_is_refused_by_name(kegcopy, command, option):
    assert option.partition("=")[0] in kegcopy.fails(command, option, "dir:a", "dir:b")


def test_a_forced_compression_wants_a_format(kegcopy):
    assert "--dest-force-compress-format needs --dest-compress-format" in \
        kegcopy.fails("copy", "--dest-force-compress-format", "dir:a", "dir:b")
