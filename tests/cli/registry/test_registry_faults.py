# SPDX-License-Identifier: Apache-2.0
"""Broken and hostile servers: one clear error, bounded time, and what can be saved is saved."""
import time

import pytest
from registry_fixture import EAUTH, ECORRUPT, ENETWORK, ENOTFOUND
from faulty_registry import deep_json, digest

MEGABYTE = bytes(range(256)) * 4096


@pytest.fixture
def registry(faulty_registry):
    started = faulty_registry()
    started.image = started.add_image("app", "1", layers=[{"hello": b"world"}])
    started.big = started.add_blob(MEGABYTE)
    return started


def get_blob(registry_probe, registry, **how):
    return registry_probe("blob", registry.host, "app", registry.big, len(MEGABYTE), **how)


def good(registry):
    return f"{len(MEGABYTE)} {registry.big}"


def test_manifest_has_the_digest_of_its_bytes(registry_probe, registry):
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.out.split()[0] == registry.image["digest"]


def test_unknown_manifest_is_not_found(registry_probe, registry):
    answer = registry_probe("manifest", registry.host, "app", "2")
    assert answer.code == ENOTFOUND
    assert answer.message == f"reading manifest 2 in {registry.host}/app: manifest unknown: manifest unknown"


def test_404_without_a_text_names_the_status(registry_probe, registry):
    registry.fault("tags", status=404)
    answer = registry_probe("tags", registry.host, "app")
    assert answer.code == ENOTFOUND
    assert answer.message == "fetching tags list: invalid status code from registry 404 (Not Found)"


def test_manifest_with_another_digest_than_asked_for_is_corrupt(registry_probe, registry):
    registry.fault("manifest", flip=True)
    answer = registry_probe("manifest", registry.host, "app", registry.image["digest"])
    assert answer.code == ECORRUPT
    assert "does not match its digest" in answer.message


def test_manifest_by_tag_must_match_the_digest_the_registry_names(registry_probe, registry):
    registry.fault("manifest", status=200, body=b"{}", headers={"Docker-Content-Digest": digest(b"other")})
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ECORRUPT


def test_endless_manifest_is_cut(registry_probe, registry):
    registry.fault("manifest", endless=True)
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ECORRUPT
    assert "exceeds 4194304 bytes" in answer.message


def test_endless_blob_is_cut_at_its_size(registry_probe, registry):
    registry.fault("blob", endless=True)
    answer = get_blob(registry_probe, registry)
    assert answer.code == ECORRUPT
    assert int(answer.out.split()[0]) <= len(MEGABYTE)


@pytest.mark.parametrize("wrong", [-1, 1])
def test_blob_of_another_length_is_refused_before_its_bytes(registry_probe, registry, wrong):
    registry.fault("blob", length=len(MEGABYTE) + wrong)
    answer = get_blob(registry_probe, registry)
    assert answer.code == ECORRUPT
    assert answer.out.split()[0] == "0"
    assert f"the manifest says {len(MEGABYTE)}" in answer.message


def test_broken_blob_is_resumed_where_it_broke(registry_probe, registry):
    registry.fault("blob", cut=700_000)
    assert get_blob(registry_probe, registry).out == good(registry)
    assert [headers.get("Range") for method, path, headers in registry.requests if "/blobs/" in path] == \
        [None, "bytes=700000-"]


def test_blob_that_breaks_every_time_is_still_finished_when_there_is_progress(registry_probe, registry):
    registry.fault("blob", cut=150_000, times=-1)
    assert get_blob(registry_probe, registry).out == good(registry)


def test_blob_without_progress_is_given_up(registry_probe, registry):
    registry.fault("blob", cut=0, times=-1)
    answer = get_blob(registry_probe, registry)
    assert answer.code == ENETWORK
    assert 2 < registry.count("GET", "/blobs/") < 10


def test_resumes_at_a_server_without_ranges(registry_probe, registry):
    registry.fault("blob", cut=500_000)
    registry.fault("blob", ignore_range=True)
    assert get_blob(registry_probe, registry).out == good(registry)


def test_blob_whose_end_was_not_announced_is_resumed(registry_probe, registry):
    registry.fault("blob", cut=300_000, drop_headers=["Content-Length"])
    assert get_blob(registry_probe, registry).out == good(registry)


def test_stalled_transfer_is_broken_off_and_resumed(registry_probe, registry):
    registry.fault("blob", drip=2)
    started = time.monotonic()
    assert get_blob(registry_probe, registry, options=["--tls-verify=false", "--stall=2"]).out == good(registry)
    assert time.monotonic() - started < 20


def test_a_busy_reader_is_no_stall(registry_probe, registry):
    registry.fault("blob", head=1, wait=3.4)
    options = ["--tls-verify=false", "--stall=1", "--pause=3"]
    assert get_blob(registry_probe, registry, options=options).out == good(registry)
    assert registry.count("GET", "/blobs/") == 1


def test_a_server_that_never_answers_is_given_up(registry_probe, registry):
    registry.fault("manifest", times=-1, hang=True)
    answer = registry_probe("manifest", registry.host, "app", "1", options=["--tls-verify=false", "--stall=1"])
    assert answer.code == ENETWORK
    assert "no progress for 1 seconds" in answer.message
    assert registry.count("GET", "/manifests/") == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("what", ["ping", "manifest"])
def test_passing_trouble_is_waited_out(registry_probe, registry, status, what):
    registry.fault(what, status=status, times=2)
    assert registry_probe("manifest", registry.host, "app", "1").code == 0


def test_retry_after_is_honoured(registry_probe, registry):
    registry.fault("blob", status=429, retry_after=2)
    started = time.monotonic()
    assert get_blob(registry_probe, registry).out == good(registry)
    assert time.monotonic() - started >= 2


def test_retry_after_an_hour_is_not_waited_for(registry_probe, registry):
    registry.fault("blob", status=429, retry_after=3600, times=-1)
    answer = get_blob(registry_probe, registry)
    assert answer.code == ENETWORK
    assert "429 (Too Many Requests)" in answer.message


def test_trouble_that_stays_is_an_error(registry_probe, registry):
    registry.fault("manifest", status=503, times=-1)
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ENETWORK
    assert "503 (Service Unavailable)" in answer.message
    assert registry.count("GET", "/manifests/") < 10


def test_redirect_loop_ends(registry_probe, registry):
    registry.fault("manifest", redirect="loop", times=-1)
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ENETWORK
    assert "stopped after 10 redirects" in answer.message


def test_redirect_to_another_scheme_is_refused(registry_probe, registry):
    registry.fault("manifest", redirect="file:///etc/passwd")
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ENETWORK
    assert "unusable URL" in answer.message


def test_blob_is_fetched_from_where_a_redirect_leads(registry_probe, registry, faulty_registry):
    store = faulty_registry()
    store.add_blob(MEGABYTE)
    registry.fault("blob", redirect=f"{store.url}/v2/x/blobs/{registry.big}")
    assert get_blob(registry_probe, registry).out == good(registry)


def test_headers_without_end_are_refused(registry_probe, registry):
    registry.fault("manifest", status=200, body=b"{}", headers={f"X-{n}": "y" * 60000 for n in range(10)})
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ENETWORK


def test_error_text_of_a_server_cannot_reach_the_terminal(registry_probe, registry):
    registry.fault("manifest", status=403,
                   body=b'{"errors":[{"code":"DENIED","message":"\\u001b[31mred\\nnext line"}]}')
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == EAUTH
    assert answer.message.endswith("denied:  [31mred next line")


def test_endless_error_text_does_not_hide_the_status(registry_probe, registry):
    registry.fault("manifest", status=404, endless=True, body=b"x")
    answer = registry_probe("manifest", registry.host, "app", "1")
    assert answer.code == ENOTFOUND


@pytest.mark.parametrize("body", [b"", b"{", b'{"tags": 7}', b'{"tags": [7]}', deep_json(10000)],
                         ids=["empty", "cut", "unbalanced", "unclosed", "deep"])
def test_malformed_tags_are_an_error(registry_probe, registry, body):
    registry.fault("tags", status=200, body=body)
    answer = registry_probe("tags", registry.host, "app")
    assert answer.code == ECORRUPT


def test_pages_of_tags_are_followed_and_bounded(registry_probe, registry):
    registry.fault("tags", status=200, body=b'{"tags": ["a"]}', headers={"Link": '</v2/app/tags/list?n=1>; rel="next"'})
    assert registry_probe("tags", registry.host, "app").out.split() == ["a", "1"]
    registry.fault("tags", status=200, body=b'{"tags": ["a"]}', times=-1,
                   headers={"Link": '</v2/app/tags/list?n=1>; rel="next"'})
    answer = registry_probe("tags", registry.host, "app")
    assert answer.code == ECORRUPT
    assert "do not end" in answer.message


def test_nobody_listening_is_said(registry_probe):
    answer = registry_probe("manifest", "localhost:9", "app", "1")
    assert answer.code == ENETWORK
    assert answer.message.startswith('pinging container registry localhost:9: Get "http://localhost:9/v2/": dial tcp ')
    assert answer.message.endswith("connect: connection refused")
