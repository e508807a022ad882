# SPDX-License-Identifier: Apache-2.0
"""The way to a registry: HTTP/2, proxies, servers that are gone for a while, tokens that run out on the way."""
import os
import re
import socket
import threading

import pytest

from cutting_proxy import CuttingProxy
from registry_fixture import DockerRegistry

MEGABYTE = 1 << 20
TO, FROM = "--dest-tls-verify=false", "--src-tls-verify=false"


def test_http_2_is_spoken_where_the_registry_does(kegcopy, images, faulty_registry):
    certificates = faulty_registry(tls=True).directory.name
    tls = f"tls: {{certificate: {certificates}/server.crt, key: {certificates}/server.key}}"
    registry = DockerRegistry(tls=tls, access=True)
    try:
        trust = f"cert-dir={certificates}/certs"
        kegcopy.copy(f"oci:{images('small')}", f"docker://{registry.host}/http2/app:1", f"--dest-{trust}")
        kegcopy.copy(f"docker://{registry.host}/http2/app:1", f"oci:{kegcopy.folder}/back:1", f"--src-{trust}")
        spoken = re.findall(r'"(GET|HEAD|POST|PATCH|PUT) /v2/\S* (HTTP/[\d.]+)"', (registry.directory / "log").read_text())
    finally:
        registry.stop()
    assert {method for method, _ in spoken} == {"GET", "HEAD", "POST", "PATCH", "PUT"}
    assert {version for _, version in spoken} == {"HTTP/2.0"}


def test_a_proxy_of_the_environment_is_asked(kegcopy, faulty_registry):
    """The registry is its own proxy, which gets whole URLs."""
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"file": b"1"}])
    for variable in ("HTTP_PROXY", "http_proxy"):
        kegcopy.env[variable] = registry.url
        kegcopy.inspect("docker://registry.test:5000/app:1", "--tls-verify=false")
        assert registry.requests[-1][1].startswith("http://registry.test:5000/v2/app/")
        del kegcopy.env[variable]


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve_socks(listener, port, asked):
    """Everything asked for is the server on `port`; (the methods offered, the name asked for) go to `asked`."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        methods = client.recv(257)[2:]
        client.sendall(b"\x05\x00")
        request = client.recv(300)
        asked.append((methods, request[5:5 + request[4]].decode()))
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        server = socket.create_connection(("127.0.0.1", port))
        for pair in ((client, server), (server, client)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


def test_a_socks_proxy_gets_the_name_and_no_kerberos(kegcopy, faulty_registry):
    registry, asked = faulty_registry(), []
    registry.add_image("app", "1", layers=[{"file": b"1"}])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve_socks, args=(listener, registry.port, asked), daemon=True).start()
        kegcopy.env["http_proxy"] = f"socks5://localhost:{listener.getsockname()[1]}"
        kegcopy.inspect("docker://registry.test:5000/app:1", "--tls-verify=false")
        listener.shutdown(socket.SHUT_RDWR)
    assert {name for _, name in asked} == {"registry.test"}
    assert all(1 not in methods for methods, _ in asked)


def test_this_machine_is_reached_without_a_proxy(kegcopy, faulty_registry):
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"file": b"1"}])
    kegcopy.env["http_proxy"] = kegcopy.env["ALL_PROXY"] = "http://localhost:9"
    kegcopy.inspect(f"docker://{registry.host}/app:1", "--tls-verify=false")


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_registry_that_is_gone_for_a_while(kegcopy, faulty_registry, direction):
    registry, other = faulty_registry(), faulty_registry()
    at = {"down": registry, "up": other}[direction]
    image = at.add_image("app", "1", layers=[{"file": os.urandom(3 * MEGABYTE)}])
    with CuttingProxy(registry.port, 2 * MEGABYTE, outage=0.5) as proxy:
        ours, theirs = (f"docker://{host}/app:1" for host in (proxy.host, other.host))
        kegcopy.copy(*((ours, theirs) if direction == "down" else (theirs, ours)), FROM, TO)
        assert proxy.cuts == 1 and proxy.passed < image["layers"][0]["size"] + 100_000


def test_a_token_that_runs_out_in_the_middle(kegcopy, faulty_registry):
    registry = faulty_registry(auth="bearer", token_seconds=0.7)
    image = registry.add_image("app", "1", layers=[{"file": os.urandom(MEGABYTE)}])
    layer = image["layers"][0]["digest"]
    registry.fault(layer, cut=500_000)
    registry.fault(layer, status=503, retry_after=1)
    kegcopy.copy(f"docker://{registry.host}/app:1", f"oci:{kegcopy.folder}/layout:1", FROM)
    assert registry.count("GET", "/token") == 2
    assert [h["Range"] for _, _, h in registry.requests if "Range" in h][-1] == "bytes=500000-"


def test_a_token_that_runs_out_while_sending(kegcopy, faulty_registry):
    registry, origin = faulty_registry(auth="bearer", token_seconds=0.7), faulty_registry()
    origin.add_image("app", "1", layers=[{"file": os.urandom(MEGABYTE)}])
    registry.fault("upload", method="PATCH", take=500_000)
    registry.fault("upload", method="GET", status=503, retry_after=1)
    kegcopy.copy(f"docker://{origin.host}/app:1", f"docker://{registry.host}/app:1", FROM, TO)
    assert registry.count("GET", "/token") >= 2 and registry.manifests["app", "1"] == origin.manifests["app", "1"]


@pytest.mark.parametrize("link", ['</v2/app/tags/list?n=1>; rel=next', '<{url}/v2/app/tags/list?n=1>; rel="next"',
                                  '</v2/>; rel="prev", </v2/app/tags/list?n=1>; title="a, b"; rel="last next"'])
def test_pages_of_tags(kegcopy, faulty_registry, link):
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"file": b"1"}])
    registry.fault("tags", status=200, body=b'{"tags": ["0"]}', headers={"Link": link.format(url=registry.url)})
    assert '"0",\n        "1"' in kegcopy.ok("list-tags", "--tls-verify=false", f"docker://{registry.host}/app")
