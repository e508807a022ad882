#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the images that the tests and the benchmarks move, as OCI layouts, the same each time.

    make_images.py FOLDER [NAME...]     each NAME becomes FOLDER/NAME (an OCI layout)

Nothing but Python's standard library is used, except `zstd` for the images that want it, and
busybox-static where there is one, so that a container can be run from them.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile

BUSYBOX = "/bin/busybox"
APPLETS = ["sh", "ls", "cat", "id", "true", "sleep", "echo", "stat", "readlink"]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class Layer:
    """One tar archive; members get a fixed time so that digests do not change."""

    def __init__(self, format=tarfile.PAX_FORMAT):
        self.raw = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.raw, mode="w", format=format)

    def add(self, name, data=b"", type=tarfile.REGTYPE, mode=0o644, uid=0, gid=0, link="",
            dev=(0, 0), pax=None):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.uid, info.gid = type, mode, uid, gid
        info.mtime, info.linkname, info.size = 1600000000, link, len(data)
        info.devmajor, info.devminor = dev
        info.pax_headers = pax or {}
        self.tar.addfile(info, io.BytesIO(data))
        return self

    def dir(self, name, mode=0o755, **more):
        return self.add(name, type=tarfile.DIRTYPE, mode=mode, **more)

    def bytes(self):
        self.tar.close()
        return self.raw.getvalue()


class Layout:
    """An OCI layout being written."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "blobs/sha256").mkdir(parents=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, media_type, **more):
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data), **more}

    def image(self, layers, compress="gzip", arch="amd64", config=None, **more):
        """`layers` are tar archives; returns the manifest's descriptor."""
        descriptors, diff_ids = [], []
        for raw in layers:
            diff_ids.append("sha256:" + hashlib.sha256(raw).hexdigest())
            packed, suffix = pack(raw, compress)
            descriptors.append(self.blob(packed, LAYER + suffix))
        document = {
            "created": "2020-09-13T12:26:40Z", "architecture": arch, "os": "linux",
            "config": {"Cmd": ["sh"], "Env": ["PATH=/bin:/usr/bin"], "Labels": {"made": "by tests"},
                       **(config or {})},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created": "2020-09-13T12:26:40Z", "created_by": f"layer {n}"}
                        for n in range(len(layers))],
        }
        blob = self.blob(to_json(document), CONFIG)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": blob,
                    "layers": descriptors}
        return self.blob(to_json(manifest), MANIFEST, **more)

    def finish(self, descriptor, name="latest"):
        descriptor = {**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}}
        index = {"schemaVersion": 2, "manifests": [descriptor]}
        (self.folder / "index.json").write_bytes(to_json(index))


def to_json(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def pack(raw, how):
    if how == "gzip":
        return gzip.compress(raw, 6, mtime=0), "+gzip"
    if how == "zstd":
        done = subprocess.run(["zstd", "-q", "-c"], input=raw, stdout=subprocess.PIPE, check=True)
        return done.stdout, "+zstd"
    return raw, ""


def busybox_layer():
    layer = Layer()
    for name in ["bin", "etc", "proc", "sys", "dev", "tmp", "usr", "usr/bin", "root"]:
        layer.dir(name, mode=0o1777 if name == "tmp" else 0o755)
    layer.add("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    layer.add("etc/group", b"root:x:0:\n")
    layer.add("etc/os-release", b'PRETTY_NAME="Keg test image"\nID=kegtest\n')
    if os.path.exists(BUSYBOX):
        layer.add("bin/busybox", pathlib.Path(BUSYBOX).read_bytes(), mode=0o755)
        for applet in APPLETS:
            layer.add("bin/" + applet, type=tarfile.SYMTYPE, link="busybox", mode=0o777)
    return layer.bytes()


def text(rng, size):
    """Bytes that compress about as program files do."""
    word = [rng.randbytes(6) for _ in range(64)]
    out = bytearray()
    while len(out) < size:
        out += rng.choice(word) if rng.random() < 0.7 else rng.randbytes(6)
    return bytes(out[:size])


def small(layout):
    layout.finish(layout.image([busybox_layer()]))


def zstd(layout):
    layout.finish(layout.image([busybox_layer(), Layer().add("zstd", b"yes\n").bytes()], "zstd"))


def plain(layout):
    layout.finish(layout.image([busybox_layer()], "none"))


def layers61(layout):
    rng = random.Random(61)
    layers = [busybox_layer()]
    for n in range(60):
        layer = Layer().dir("opt").dir(f"opt/{n:02}")
        for k in range(12):
            layer.add(f"opt/{n:02}/file{k}", text(rng, 20000))
        layer.add("opt/last", f"{n}\n".encode())
        layers.append(layer.bytes())
    layout.finish(layout.image(layers))


def big300(layout):
    rng = random.Random(300)
    layer = Layer().dir("usr").dir("usr/share")
    pool = text(rng, 4 << 20)
    for n in range(300):
        layer.dir(f"usr/share/{n:03}")
        for k in range(100):
            size = 2000 + (n * 100 + k) * 7919 % 16600
            at = rng.randrange(len(pool) - size)
            layer.add(f"usr/share/{n:03}/file{k:02}", rng.randbytes(32) + pool[at:at + size])
    layout.finish(layout.image([busybox_layer(), layer.bytes()]))


def oddities(layout):
    """What real layers hold beside plain files."""
    first = Layer()
    first.dir("d").add("d/gone", b"1").add("d/stays", b"2")
    first.dir("opaque").add("opaque/hidden", b"3").dir("opaque/sub").add("opaque/sub/x", b"4")
    first.add("file", b"shared\n", mode=0o4755).add("hard", type=tarfile.LNKTYPE, link="file", mode=0o4755)
    first.add("soft", type=tarfile.SYMTYPE, link="/etc/passwd", mode=0o777)
    first.dir("dev").add("dev/null", type=tarfile.CHRTYPE, dev=(1, 3), mode=0o666)
    first.add("dev/loop", type=tarfile.BLKTYPE, dev=(7, 0)).add("pipe", type=tarfile.FIFOTYPE)
    first.add("owned", b"x", uid=100000, gid=200000)
    first.add("caps", b"#!/bin/sh\n", mode=0o755, pax={
        "SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "SCHILY.xattr.user.note": "hello"})
    deep = "/".join(["long" + "n" * 60] * 5)
    first.dir(deep).add(deep + "/" + "f" * 200, b"deep\n")
    first.add("no-parent/made/file", b"parents are implied\n")
    first.add("späße ☃", "unicode\n".encode())
    first.add("empty")
    second = Layer()
    second.dir("d").add("d/.wh.gone").dir("opaque").add("opaque/.wh..wh..opq")
    second.add("opaque/new", b"5").add("d/replaced", b"file")
    second.add("soft", b"now a file\n")
    third = Layer(format=tarfile.GNU_FORMAT)
    third.add("g" * 150, b"gnu long name\n").add("gl", type=tarfile.SYMTYPE, link="t" * 150)
    layout.finish(layout.image([busybox_layer(), first.bytes(), second.bytes(), third.bytes(),
                                sparse_layer()]))


def sparse_layer():
    """GNU tar's pax 1.0 sparse format: 8 MiB with data at both ends."""
    raw = subprocess.run(
        ["sh", "-c", "d=$(mktemp -d) && cd $d && printf begin >sparse && truncate -s 8M sparse && "
         "printf end >>sparse && tar --format=pax --pax-option=delete=atime,delete=ctime "
         "--mtime=@1600000000 --owner=0 --group=0 --numeric-owner -S -cf - sparse; rm -rf $d"],
        stdout=subprocess.PIPE, check=True)
    return raw.stdout


def multi(layout):
    one = [layout.image([busybox_layer(), Layer().add("arch", arch.encode()).bytes()], arch=arch,
                        platform={"architecture": arch, "os": "linux", **more})
           for arch, more in [("s390x", {}), ("amd64", {}), ("arm64", {"variant": "v8"})]]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": one}
    layout.finish(layout.blob(to_json(index), INDEX))


def artifact(layout):
    """No image at all: files under a manifest, about another one."""
    about = layout.blob(to_json({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "config": layout.blob(
        b"{}", "application/vnd.oci.empty.v1+json")}), MANIFEST)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.sbom",
                "config": {**layout.blob(b"{}", "application/vnd.oci.empty.v1+json"), "data": "e30="},
                "layers": [layout.blob(b"a list <of> things\n", "text/plain",
                                       annotations={"org.opencontainers.image.title": "list.txt"}),
                           layout.blob(gzip.compress(b"packed", mtime=0), "application/vnd.example.thing+gzip")],
                "subject": about, "annotations": {"made": "by tests", "empty": ""}}
    layout.finish(layout.blob(to_json(manifest), MANIFEST))


IMAGES = {f.__name__: f for f in [small, zstd, plain, layers61, big300, oddities, multi, artifact]}


def make(folder, name):
    """FOLDER/NAME, made unless it is there; made beside and renamed, so never half there."""
    target = pathlib.Path(folder) / name
    if not target.exists():
        beside = target.with_name(f".{name}.{os.getpid()}")
        IMAGES[name](Layout(beside))
        beside.rename(target)
    return target


if __name__ == "__main__":
    for wanted in sys.argv[2:] or IMAGES:
        print(make(sys.argv[1], wanted))
