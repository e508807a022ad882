# SPDX-License-Identifier: Apache-2.0
"""docker-daemon: against an engine of our own, which keeps what is loaded and may fail to order."""
import http.server
import io
import json
import socketserver
import ssl
import subprocess
import tarfile
import threading
import urllib.parse

import pytest

from layout_parts import layout_manifest


class Engine:
    """Keeps the last archive that was loaded whole; `name` is what it calls it."""

    def __init__(self, server, host):
        self.server, self.host = server, host
        self.archive, self.asked, self.answer = None, [], b'{"stream":"Loaded image: x"}\r\n'
        self.broken = threading.Event()
        server.engine = self
        self.thread = threading.Thread(target=server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"

    def answer(self, status, body, media_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        engine = self.server.engine
        url = urllib.parse.urlparse(self.path)
        engine.asked.append((url.path, urllib.parse.parse_qs(url.query)))
        if engine.archive is None:
            return self.answer(404, b'{"message":"reference does not exist"}')
        return self.answer(200, engine.archive, "application/x-tar")

    def do_POST(self):
        engine = self.server.engine
        engine.asked.append((self.path, {"type": [self.headers["Content-Type"]]}))
        body = bytearray()
        try:
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        except ValueError:  # the sender went away
            engine.broken.set()
            self.close_connection = True
            return
        if b"error" not in engine.answer:
            engine.archive = bytes(body)
        self.answer(200, engine.answer)


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def engine(tmp_path):
    made = Engine(UnixServer(str(tmp_path / "engine.sock"), Handler), f"unix://{tmp_path}/engine.sock")
    yield made
    made.close()


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """Docker's names: ca.pem, cert.pem and key.pem, the latter of a client and of the server alike."""
    folder = tmp_path_factory.mktemp("certs")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, timeout=60, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem",
            "-copy_extensions", "copyall")
    return folder


@pytest.fixture
def tls_engine(certs):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    context.load_verify_locations(certs / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made = Engine(server, f"tcp://127.0.0.1:{server.server_port}")
    yield made
    made.close()


@pytest.mark.parametrize("name", ["small", "oddities", "zstd", "plain"])
def test_an_image_goes_in_and_comes_back(kegcopy, images, engine, tmp_path, name):
    kegcopy.copy(f"oci:{images(name)}", "docker-daemon:app:1", "--dest-daemon-host", engine.host)
    manifest, config = layout_manifest(images(name))
    with tarfile.open(fileobj=io.BytesIO(engine.archive)) as tar:
        item, = json.load(tar.extractfile("manifest.json"))
        names = tar.getnames()
    assert item["RepoTags"] == ["docker.io/library/app:1"]
    assert item["Config"] == manifest["config"]["digest"][7:] + ".json"
    assert set(names) == {"manifest.json", item["Config"], *item["Layers"]}
    if name in ("small", "oddities", "plain"):  # packed or not, as they were
        assert item["Layers"] == [layer["digest"][7:] + ".tar" for layer in manifest["layers"]]
    kegcopy.copy("docker-daemon:app:1", f"oci:{tmp_path}/back", "--src-daemon-host", engine.host)
    assert layout_manifest(tmp_path / "back")[1] == config
    assert engine.asked[-1] == ("/images/get", {"names": ["app:1"]})


def test_the_host_is_found(kegcopy, images, engine):
    kegcopy.env["DOCKER_HOST"] = engine.host
    kegcopy.copy(f"oci:{images('small')}", "docker-daemon:app:1")
    assert kegcopy.inspect("docker-daemon:app:1")["Name"] == "docker.io/library/app"
    digest = layout_manifest(images("small"))[0]["config"]["digest"]
    assert "Name" not in kegcopy.inspect(f"docker-daemon:{digest}")
    assert engine.asked[-1] == ("/images/get", {"names": [digest]})
    kegcopy.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    assert kegcopy.inspect("docker-daemon:app:1", "--daemon-host", engine.host)
    message = kegcopy.fails("inspect", "docker-daemon:app:1")
    assert "cannot connect to the Docker daemon at unix:///nowhere/docker.sock" in message


def test_an_engine_behind_tls(kegcopy, images, tls_engine, certs, tmp_path):
    to = ("--dest-daemon-host", tls_engine.host)
    kegcopy.copy(f"oci:{images('small')}", "docker-daemon:app:1", *to, "--dest-cert-dir", certs)
    kegcopy.env.update(DOCKER_HOST=tls_engine.host, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(certs))
    assert kegcopy.inspect("docker-daemon:app:1")["Os"] == "linux"
    assert "x509: certificate signed by unknown authority" in kegcopy.fails(
        "copy", f"oci:{images('small')}", "docker-daemon:app:1", *to)
    (tmp_path / "empty").mkdir()
    assert "reading CA file" in kegcopy.fails("inspect", "--cert-dir", tmp_path / "empty", "docker-daemon:app:1")
    del kegcopy.env["DOCKER_TLS_VERIFY"], kegcopy.env["DOCKER_CERT_PATH"]  # as `docker` does: then without TLS
    kegcopy.fails("inspect", "docker-daemon:app:1")


def test_what_the_engine_refuses_is_said(kegcopy, images, engine, tmp_path):
    message = kegcopy.fails("inspect", "--daemon-host", engine.host, "docker-daemon:app:1")
    assert message.endswith("loading image from docker engine: Error response from daemon: reference does not exist")
    engine.answer = b'{"stream":"Loading"}\r\n{"errorDetail":{"message":"no space"},"error":"no space"}\r\n'
    message = kegcopy.fails("copy", f"oci:{images('small')}", "docker-daemon:app:1", "--dest-daemon-host", engine.host)
    assert message == 'Error: docker engine reported: "no space"'
    engine.archive, engine.answer = b"no tar at all" * 100, b""
    assert "archive from docker engine" in kegcopy.fails("copy", "docker-daemon:app:1", f"dir:{tmp_path}/d",
                                                          "--src-daemon-host", engine.host)
    assert not (tmp_path / "d").exists()


def test_a_copy_that_fails_loads_nothing(kegcopy, images, engine, faulty_registry):
    registry = faulty_registry()
    registry.add_image("app", "1", layers=[{"a": b"one"}, {"b": b"two"}])
    registry.fault("blob", flip=True, skip=1, times=-1)
    kegcopy.fails("copy", "--src-tls-verify=false", f"docker://{registry.host}/app:1", "docker-daemon:app:1",
                  "--dest-daemon-host", engine.host)
    assert engine.broken.wait(10) and engine.archive is None


@pytest.mark.parametrize("name, message", [
    ("docker-daemon:app", "docker-daemon: reference app has neither a tag nor a digest"),
    ("docker-daemon:sha256:12", "The sha256 repository name is reserved for (non-shortened) digest references"),
    ("docker-daemon:BAD:1", "repository name must be lowercase"),
    (f"docker-daemon:app:1@sha256:{'0' * 64}", "references with both a tag and digest are currently not supported"),
])
def test_a_name_that_is_none(kegcopy, tmp_path, name, message):
    assert message in kegcopy.fails("copy", name, f"dir:{tmp_path}/d")


def test_a_destination_has_a_name(kegcopy, images, engine):
    for name in (f"sha256:{'0' * 64}", f"app@sha256:{'0' * 64}"):
        assert "a destination must be a name:tag" in kegcopy.fails(
            "copy", f"oci:{images('small')}", f"docker-daemon:{name}", "--dest-daemon-host", engine.host)


@pytest.mark.parametrize("host", ["somewhere", "ftp://a", "tcp://", "unix"])
def test_a_host_that_is_none(kegcopy, host):
    assert f"unable to parse docker host `{host}`" in kegcopy.fails("inspect", "--daemon-host", host,
                                                                    "docker-daemon:app:1")
