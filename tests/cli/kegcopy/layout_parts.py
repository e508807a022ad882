# SPDX-License-Identifier: Apache-2.0
"""What is in an OCI layout."""
import hashlib
import json
import pathlib


def layout_manifest(folder):
    """The only image of an OCI layout: its manifest, and its configuration."""
    folder = pathlib.Path(folder)

    def blob(digest):
        return json.loads((folder / "blobs/sha256" / digest[7:]).read_bytes())

    manifest = blob(json.loads((folder / "index.json").read_text())["manifests"][0]["digest"])
    return manifest, blob(manifest["config"]["digest"])


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()
