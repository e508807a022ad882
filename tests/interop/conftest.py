# SPDX-License-Identifier: Apache-2.0
"""What the interop tests share: the peers and our programs in a sandbox, with an image in its store."""
import os
import pathlib

import pytest

from sandbox import Sandbox, busybox_archive

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[2] / "build").resolve()


@pytest.fixture(scope="module")
def sandbox():
    """Podman, Buildah, Skopeo and our programs over one private store; all run as root."""
    if os.geteuid() != 0:
        pytest.skip("a private mount namespace over system folders needs root")
    made = Sandbox(search=[BUILD])
    yield made
    made.run("podman", "rm", "-fa", "-t", "0", check=False)
    made.close()


@pytest.fixture(scope="module")
def busybox(sandbox):
    """The name of a small image that Podman has put into the store."""
    archive = busybox_archive(str(sandbox.dir / "busybox.tar"))
    sandbox.run("podman", "import", "-q", "-c", "CMD [\"sh\"]", archive, "localhost/busybox:latest")
    return "localhost/busybox:latest"


@pytest.fixture
def build():
    """The folder of our programs."""
    return BUILD
