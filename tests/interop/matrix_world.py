# SPDX-License-Identifier: Apache-2.0
"""The places that images are copied over, by our program and by Skopeo, and what is in them afterwards."""
import gzip
import hashlib
import json
import subprocess
import tarfile
import urllib.request

PLACES = ["dir", "oci", "oci-archive", "docker-archive", "docker", "store"]
IMAGES_ALONE = ["docker-archive", "store"]  # both programs refuse artifacts there
MANIFESTS = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
             "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
             "application/vnd.docker.distribution.manifest.v1+prettyjws"]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class World:
    """The places of one test; `name` is a place's own for each program."""

    def __init__(self, sandbox, registry, folder):
        self.sandbox, self.registry, self.folder = sandbox, registry, folder

    def name(self, place, name):
        return {"dir": f"dir:{self.folder}/{name}.d", "oci": f"oci:{self.folder}/{name}.o:tag",
                "oci-archive": f"oci-archive:{self.folder}/{name}.oa:tag",
                "docker-archive": f"docker-archive:{self.folder}/{name}.da:app:1",
                "docker": f"docker://{self.registry.host}/{self.folder.name}/{name}:1".lower(),
                "store": f"containers-storage:localhost/{name}:1".lower()}[place]

    def copy(self, program, source, dest, *options, before=(), env=None):
        """What is said when it fails. Without what both remember of other copies: they would send other blobs."""
        for memory in ("blob-info-cache-v1.boltdb", "keg-blobs"):
            (self.sandbox.dir / "lib/cache" / memory).unlink(missing_ok=True)
        options = [*(["--src-tls-verify=false"] if source.startswith("docker://") else []),
                   *(["--dest-tls-verify=false"] if dest.startswith("docker://") else []), *options]
        done = self.sandbox.run(program, *before, "copy", "-q", *options, source, dest, check=False,
                                env={"TZ": "UTC", **(env or {})})
        return "" if done.returncode == 0 else done.stderr

    def look(self, place, name):
        """The manifest's bytes (None where there is none), and a function that gives a blob's."""
        return {"dir": self.look_dir, "oci": self.look_oci, "oci-archive": self.look_oci_archive,
                "docker-archive": self.look_docker_archive, "docker": self.look_registry, "store": self.look_store}[place](name)

    def look_dir(self, name):
        folder = self.folder / f"{name}.d"
        return (folder / "manifest.json").read_bytes(), lambda digest: (folder / digest[7:]).read_bytes()

    def look_oci(self, name):
        folder = self.folder / f"{name}.o"
        return self.of_layout(lambda path: (folder / path).read_bytes())

    def of_layout_at(self, folder):
        return self.of_layout(lambda path: (folder / path).read_bytes(), "latest")

    def look_oci_archive(self, name):
        with tarfile.open(self.folder / f"{name}.oa") as tar:
            files = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
        return self.of_layout(lambda path: files[path])

    @staticmethod
    def of_layout(read, tag="tag"):
        def blob(digest):
            return read("blobs/sha256/" + digest[7:])

        entry, = json.loads(read("index.json"))["manifests"]
        assert entry["annotations"] == {"org.opencontainers.image.ref.name": tag}
        return blob(entry["digest"]), blob

    def look_docker_archive(self, name):
        """As a manifest whose layers are known by their content."""
        with tarfile.open(self.folder / f"{name}.da") as tar:
            files = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
        item, = json.loads(files["manifest.json"])
        assert item["RepoTags"] == ["docker.io/library/app:1"]
        blobs = {sha256(data): data for data in files.values()}
        layers = [{"digest": sha256(files[layer])} for layer in item["Layers"]]
        return json.dumps({"config": {"digest": sha256(files[item["Config"]])}, "layers": layers}).encode(), blobs.get

    def look_registry(self, name):
        base = f"http://{self.registry.host}/v2/{self.folder.name}/{name}".lower()

        def get(path):
            request = urllib.request.Request(base + path, headers={"Accept": ", ".join(MANIFESTS)})
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.read()

        return get("/manifests/1"), lambda digest: get("/blobs/" + digest)

    def look_store(self, name):
        """What the peer says is there: the store keeps layers unpacked."""
        place = self.name("store", name)
        raw = self.sandbox.run("skopeo", "inspect", "--raw", place).stdout.encode()
        config = self.sandbox.run("skopeo", "inspect", "--config", "--raw", place).stdout.encode()
        return raw, {sha256(config): config}.get


def content(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def seen(world, place, name, known):
    """The manifest with the layers that are none of `known` named by their content, and the configuration."""
    raw, blob = world.look(place, name)
    manifest = json.loads(raw)
    changed = False
    for layer in manifest["layers"]:
        if layer["digest"] not in known:
            data = blob(layer["digest"])
            assert data is None or sha256(data) == layer["digest"]
            layer.update({"digest": data and "content " + sha256(content(data)), "size": None})
            changed = True
    return manifest if changed else raw, blob(manifest["config"]["digest"])


def layers_of(raw):
    return {layer["digest"] for layer in json.loads(raw)["layers"]}
