# SPDX-License-Identifier: Apache-2.0
"""A registry with faults to order, for tests against hostile and broken servers.

It speaks enough of the distribution protocol to be pulled from and pushed to, on 127.0.0.1
and a free port, http or https with a CA of its own. A fault says which requests it meets and
what happens to them:

    with FaultyRegistry() as registry:
        image = registry.add_image("app", "1", layers=[{"hello": b"world"}])
        registry.fault("blob", cut=1000, times=1)
        ... pull registry.host + "/app:1" ...
        assert registry.count("GET", "/blobs/") == 3

WHAT of a fault is one of ping, manifest, blob, tags, token, upload, or any part of a path.
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import pathlib
import re
import ssl
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.parse
import uuid

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"

PATTERNS = {
    "ping": r"^/v2/$", "manifest": r"/manifests/", "blob": r"/blobs/sha256:", "tags": r"/tags/list",
    "token": r"^/token", "upload": r"/blobs/uploads/",
}
MOST_SECONDS = 60  # what never ends by itself ends then


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_layer(files):
    """{path: bytes} as (gzipped tar, digest of the tar)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o755
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0), digest(raw.getvalue())


def deep_json(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


class Fault:
    """What happens to the next `times` matching requests (-1: to all), after `skip` good ones.

    status, headers, body   answer this instead
    retry_after             a Retry-After header, seconds or a date
    cut                     break the connection after so many bytes of the body
    length                  announce this Content-Length (bytes are cut or padded to what is there)
    endless                 never stop sending
    drip                    bytes per second
    head, wait              send so many bytes, and the rest so many seconds later
    hang                    do not answer at all
    flip                    turn over the bits of one byte of the body
    redirect                a Location to answer 307 with; "loop" is the same URL with a counter
    ignore_range            answer a Range request with all of it
    forget_answer           take the blob that an upload ends with, and break the connection instead of saying so
    take                    of the request's body so many bytes, which are kept, and break the connection
    drop_headers            names of headers to leave out
    call                    a function to call before the answer is made
    """

    def __init__(self, what, times=1, skip=0, method=None, **how):
        self.pattern = re.compile(PATTERNS.get(what, re.escape(what)))
        self.times, self.skip, self.method, self.how = times, skip, method, how

    def __getattr__(self, name):
        return self.how.get(name)

    def meets(self, method, path):
        if (self.method and self.method != method) or not self.pattern.search(path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times == 0:
            return False
        self.times -= self.times > 0
        return True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that break off are what the tests are about."""


class FaultyRegistry:
    def __init__(self, tls=False, auth=None, users=None, token_seconds=300, resumes=True, chunk_least=None, mounts=True,
                 shared=True, keeps_signatures=False, days=2, lies=False, referrers=False):
        """auth: None, "basic" or "bearer"; users: {name: password}, else anybody gets a token.

        resumes: an upload that was cut goes on; mounts: blobs of other repositories can be linked;
        shared: what one repository has all others have;
        chunk_least: what OCI-Chunk-Min-Length says, and what a chunk before the last must have;
        days: how long its certificate is valid;
        lies: says of each blob that it has it, and takes no manifest whose blobs are not there; referrers: keeps
        the list of who refers to a manifest.
        With keeps_signatures it has OpenShift's extension for them; `files` are given as they are, by path.
        """
        self.keeps_signatures, self.signatures, self.files = keeps_signatures, {}, {}
        self.auth, self.users, self.token_seconds = auth, users or {}, token_seconds
        self.resumes, self.mounts, self.chunk_least, self.shared = resumes, mounts, chunk_least, shared
        self.lies, self.referrers = lies, referrers
        self.linked = set()  # (repository, digest), of uploads and mounts
        self.received = 0  # bytes of uploads
        self.blobs, self.manifests, self.uploads, self.tokens = {}, {}, {}, {}
        self.faults, self.requests = [], []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.tls, self.days = tls, days
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.registry = self
        self.port = self.server.server_address[1]
        self.host = f"localhost:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        self.directory = tempfile.TemporaryDirectory(prefix="faulty-registry-")
        if tls:
            self._make_certificates()
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.directory.cleanup()

    def _openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, cwd=self.directory.name, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _make_certificates(self):
        """A CA and a certificate for localhost; certs/ca.crt is what a client is to trust."""
        top = pathlib.Path(self.directory.name)
        (top / "certs").mkdir()
        (top / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-days", "2", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "certs/ca.crt")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "certs/ca.crt", "-CAkey", "ca.key",
                      "-CAcreateserial", "-days", str(self.days), "-extfile", "names", "-out", "server.crt")
        self.cert_dir = str(top / "certs")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(top / "server.crt", top / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)

    def fault(self, what, **how):
        fault = Fault(what, **how)
        self.faults.append(fault)
        return fault

    def add_blob(self, data):
        self.blobs[digest(data)] = data
        return digest(data)

    def add_manifest(self, repository, reference, data, media_type=DOCKER_MANIFEST):
        for key in (reference, digest(data)):
            self.manifests[repository, key] = (data, media_type)
        return digest(data)

    def add_image(self, repository, tag, layers, config=None):
        """Layers are {path: bytes}; returns the manifest as a dict, with its own digest."""
        made = [make_layer(files) for files in layers]
        document = {"architecture": "amd64", "os": "linux", "config": config or {},
                    "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in made]}}
        raw = json.dumps(document).encode()
        manifest = {
            "schemaVersion": 2, "mediaType": DOCKER_MANIFEST,
            "config": {"mediaType": DOCKER_CONFIG, "size": len(raw), "digest": self.add_blob(raw)},
            "layers": [{"mediaType": DOCKER_LAYER, "size": len(blob), "digest": self.add_blob(blob)}
                       for blob, _ in made],
        }
        name = self.add_manifest(repository, tag, json.dumps(manifest).encode())
        return {**manifest, "digest": name}

    def has(self, repository, name):
        if self.shared or (repository, name) in self.linked:
            return True
        return any(name.encode() in data for (other, _), (data, _) in self.manifests.items() if other == repository)

    def count(self, method, part):
        return sum(1 for seen, path, _ in self.requests if seen == method and part in path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = MOST_SECONDS

    def log_message(self, *_):
        pass

    def _run(self):
        registry = self.server.registry
        with registry.lock:
            registry.requests.append((self.command, self.path, dict(self.headers)))
            self.fault = next((f for f in registry.faults if f.meets(self.command, self.path)), None)
        self.cut = False
        body = self._read_body()
        if self.fault and self.fault.call:
            self.fault.call()
        if self.fault and self.fault.hang:
            self._wait(MOST_SECONDS)
            return self._break_off()
        if self.fault and self.fault.redirect:
            return self._redirect(self.fault.redirect)
        if self.fault and self.fault.status:
            headers = dict(self.fault.headers or {})
            if self.fault.retry_after is not None:
                headers["Retry-After"] = str(self.fault.retry_after)
            return self._answer(self.fault.status, self.fault.body or b"", headers)
        path = urllib.parse.urlsplit(self.path).path
        if path == "/token":
            return self._token()
        if not self._authorized(path):
            return self._challenge()
        return self._route(path, body)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _run

    def _read_body(self):
        """The body, or what came of it until the connection broke (then self.cut is True)."""
        data = io.BytesIO()
        most = self.fault.take if self.fault and self.fault.take is not None else None
        try:
            for size in self._body_parts():
                while size > 0:
                    room = min(size, 65536) if most is None else min(size, 65536, most - data.tell())
                    got = self.rfile.read1(room) if room else b""
                    self.cut = not got
                    if self.cut:
                        return data.getvalue()
                    data.write(got)
                    size -= len(got)
        except (OSError, ValueError):
            self.cut = True
        return data.getvalue()

    def _body_parts(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            yield int(self.headers.get("Content-Length", 0))
            return
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            yield size
            self.rfile.readline()
            if size == 0:
                return

    def _redirect(self, target):
        if target == "loop":
            target = f"{urllib.parse.urlsplit(self.path).path}?n={uuid.uuid4().hex}"
        self._answer(307, b"", {"Location": target})

    # authorization

    def _user(self):
        """The name from a valid basic header, "" without one, None when it is wrong."""
        kind, _, coded = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return ""
        name, _, password = base64.b64decode(coded).decode().partition(":")
        return name if self.server.registry.users.get(name) == password else None

    def _authorized(self, path):
        registry = self.server.registry
        if registry.auth is None:
            return True
        if registry.auth == "basic":
            return bool(self._user())
        scope, until = registry.tokens.get(self.headers.get("Authorization", "").partition(" ")[2], ("", 0))
        if time.monotonic() > until:
            return False
        found = re.match(r"^/v2/(.+?)/(manifests|blobs|tags)/", path)
        return not found or f"repository:{found.group(1)}:" in scope

    def _challenge(self):
        registry = self.server.registry
        wanted = 'Basic realm="test"'
        if registry.auth == "bearer":
            wanted = f'Bearer realm="{registry.url}/token",service="test"'
        self._error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": wanted})

    def _token(self):
        registry = self.server.registry
        user = self._user()
        if user is None or (registry.users and not user):
            return self._error(401, "UNAUTHORIZED", "incorrect username or password")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        token = uuid.uuid4().hex
        registry.tokens[token] = (" ".join(query.get("scope", [])), time.monotonic() + registry.token_seconds)
        return self._answer(200, json.dumps({"token": token, "expires_in": 300}).encode(),
                            {"Content-Type": "application/json"})

    # the protocol

    def _route(self, path, body):
        if path == "/v2/":
            extension = {"X-Registry-Supports-Signatures": "1"} if self.server.registry.keeps_signatures else {}
            return self._answer(200, b"{}", {"Content-Type": "application/json", **extension})
        if path in self.server.registry.files:
            return self._answer(200, self.server.registry.files[path])
        for pattern, serve in ROUTES:
            found = re.match(pattern, path)
            if found:
                return serve(self, body, *found.groups())
        return self._error(404, "UNSUPPORTED", "no such endpoint")

    def _tags(self, _body, repository):
        registry = self.server.registry
        tags = sorted(key for name, key in registry.manifests if name == repository and ":" not in key)
        if not tags:
            return self._error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return self._answer(200, json.dumps({"name": repository, "tags": tags}).encode(),
                            {"Content-Type": "application/json"})

    def _signatures(self, body, repository, name):
        registry = self.server.registry
        if not registry.keeps_signatures:
            return self._error(404, "UNSUPPORTED", "no such endpoint")
        kept = registry.signatures.setdefault((repository, name), [])
        if self.command == "PUT":
            kept.append(json.loads(body))
            return self._answer(201, b"")
        return self._answer(200, json.dumps({"signatures": kept}).encode(), {"Content-Type": "application/json"})

    def _manifest(self, body, repository, reference):
        registry = self.server.registry
        if self.command == "PUT":
            document = json.loads(body)
            blobs = [document.get("config"), *document.get("layers", [])]
            if registry.lies and not all(blob["digest"] in registry.blobs for blob in blobs if blob):
                return self._error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
            registry.add_manifest(repository, reference, body, self.headers.get("Content-Type"))
            listed = {"OCI-Subject": document["subject"]["digest"]} if registry.referrers and "subject" in document else {}
            return self._answer(201, b"", {"Docker-Content-Digest": digest(body), **listed})
        if (repository, reference) not in registry.manifests:
            return self._error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        if self.command == "DELETE":
            del registry.manifests[repository, reference]
            return self._answer(202, b"")
        data, media_type = registry.manifests[repository, reference]
        return self._answer(200, data, {"Content-Type": media_type, "Docker-Content-Digest": digest(data)})

    def _blob(self, _body, repository, name):
        data = self.server.registry.blobs.get(name)
        if self.command == "HEAD" and self.server.registry.lies:
            return self._answer(200, data or b"")
        if data is None or not self.server.registry.has(repository, name):
            return self._error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": name}
        found = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        if not found or (self.fault and self.fault.ignore_range):
            return self._answer(200, data, headers)
        start = int(found.group(1))
        if start >= len(data):
            return self._answer(416, b"", headers)
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return self._answer(206, data[start:], headers)

    def _upload(self, body, repository, name):
        registry = self.server.registry
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        if self.command == "POST":
            if registry.mounts and query.get("mount", [""])[0] in registry.blobs:
                registry.linked.add((repository, query["mount"][0]))
                return self._answer(201, b"")
            name = uuid.uuid4().hex
            registry.uploads[name] = b""
        if name not in registry.uploads:
            return self._error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        if self.command == "DELETE":
            del registry.uploads[name]
            return self._answer(204, b"")
        headers = {"Location": f"/v2/{repository}/blobs/uploads/{name}"}
        if self.command == "GET":
            headers["Range"] = f"0-{max(len(registry.uploads[name]) - 1, 0)}"
            return self._answer(204, b"", headers)
        found = re.match(r"(\d+)-(\d+)$", self.headers.get("Content-Range", ""))
        if found and int(found.group(1)) != len(registry.uploads[name]):
            return self._answer(416, b"", headers)
        registry.received += len(body)
        if self.cut and not registry.resumes:
            del registry.uploads[name]
            return self._break_off()
        registry.uploads[name] += body
        if self.cut:
            return self._break_off()
        if registry.chunk_least and self.command == "PATCH":
            if not found or int(found.group(2)) - int(found.group(1)) + 1 != len(body):
                return self._error(400, "BLOB_UPLOAD_INVALID", "a chunk names its range")
        if self.command != "PUT":
            if registry.chunk_least:
                headers["OCI-Chunk-Min-Length"] = str(registry.chunk_least)
            return self._answer(202, b"", headers)
        data = registry.uploads.pop(name)
        if digest(data) != query["digest"][0]:
            return self._error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        registry.linked.add((repository, registry.add_blob(data)))
        if self.fault and self.fault.forget_answer:
            return self._break_off()
        return self._answer(201, b"", {"Docker-Content-Digest": digest(data)})

    # answers, with what the fault does to them

    def _error(self, status, code, message, headers=None):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _answer(self, status, body, headers=None):
        fault = self.fault
        if fault and fault.flip and body:
            body = bytes([body[0] ^ 0xFF]) + body[1:]
        length = fault.length if fault and fault.length is not None else len(body)
        self.send_response(status)
        for name, value in (headers or {}).items():
            if not (fault and name in (fault.drop_headers or ())):
                self.send_header(name, value)
        if fault and fault.endless:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self._send(body[:length] + b"\0" * (length - len(body)), fault)

    def _send(self, body, fault):
        try:
            if fault and fault.endless:
                self._send_endlessly(body)
            elif fault and fault.drip:
                self._send_slowly(body, fault.drip)
            elif fault and fault.head:
                self.wfile.write(body[:fault.head])
                self.wfile.flush()
                self._wait(fault.wait)
                self.wfile.write(body[fault.head:])
            elif fault and fault.cut is not None:
                self.wfile.write(body[:fault.cut])
                self.wfile.flush()
                self._break_off()
            else:
                self.wfile.write(body)
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    def _wait(self, seconds):
        return self.server.registry.stopping.wait(seconds)

    def _send_endlessly(self, body):
        until = time.monotonic() + MOST_SECONDS
        self.wfile.write(body)
        while time.monotonic() < until and not self._wait(0):
            self.wfile.write(b"\0" * 65536)

    def _send_slowly(self, body, rate):
        until = time.monotonic() + MOST_SECONDS
        for at in range(len(body)):
            self.wfile.write(body[at:at + 1])
            self.wfile.flush()
            if self._wait(1 / rate) or time.monotonic() > until:
                return self._break_off()
        return None

    def _break_off(self):
        self.close_connection = True
        try:
            self.connection.shutdown(2)
        except OSError:
            pass


ROUTES = [
    (r"^/extensions/v2/(.+)/signatures/([^/]+)$", Handler._signatures),
    (r"^/v2/(.+)/tags/list$", Handler._tags),
    (r"^/v2/(.+)/manifests/([^/]+)$", Handler._manifest),
    (r"^/v2/(.+)/blobs/(sha256:[0-9a-f]{64})$", Handler._blob),
    (r"^/v2/(.+)/blobs/uploads/([^/]*)$", Handler._upload),
]
